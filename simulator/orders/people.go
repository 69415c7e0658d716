package orders

import (
	"fmt"
	"math/rand/v2"
	"strconv"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

type place struct{ prefecture, city, postal string }

// The cities are invented; the prefectures are not, since programs look them up.
var (
	familiesJP = [][2]string{{"見本", "ミホン"}, {"例田", "レイダ"}, {"架空", "カクウ"}, {"試野", "タメシノ"}, {"仮山", "カリヤマ"}, {"想川", "ソウカワ"}, {"空木", "ウツギ"}, {"夢原", "ユメハラ"}}
	givensJP   = [][2]string{{"太郎", "タロウ"}, {"花子", "ハナコ"}, {"一郎", "イチロウ"}, {"さくら", "サクラ"}, {"健", "ケン"}, {"美咲", "ミサキ"}, {"翔", "ショウ"}, {"結衣", "ユイ"}}
	hardJP     = [][2]string{{"髙橋", "タカハシ"}, {"山﨑", "ヤマザキ"}, {"表能", "ヒョウノウ"}, {"ソ予", "ソヨ"}, {"德永", "トクナガ"}, {"濵﨑", "ハマサキ"}, {"十文字", "ジュウモンジ"}}
	placesJP   = []place{
		{"東京都", "見本区", "100"},
		{"大阪府", "例示市架空区", "530"},
		{"愛知県", "想像市", "460"},
		{"北海道", "仮空市", "060"},
		{"福岡県", "見本市", "810"},
		{"宮城県", "夢見市", "980"},
		{"京都府", "架空市例町", "600"},
		{"広島県", "例田市", "730"},
		{"神奈川県", "試浜市", "220"},
	}
	townsJP     = []string{"例町", "見本台", "架空ヶ丘", "夢が原", "字仮山", "試町大字想"}
	buildingsJP = []string{"", "", "", "サンプルハイツ 102号", "メゾン・エグザンプル３０５", "第①見本ビル 4F", "見本荘Ｂ－２０１"}

	familiesKR = []string{"견", "윤", "나", "표", "하", "새", "봄", "별"}
	givensKR   = []string{"본이", "새별", "가람", "다온", "라임", "한별", "누리", "똠방"}
	placesKR   = []place{
		{"서울특별시", "견본구", "04"}, {"부산광역시", "예시구", "48"}, {"경기도", "가상시 보기구", "13"}, {"대전광역시", "나래구", "34"}, {"광주광역시", "표본구", "61"},
	}
	streetsKR   = []string{"새솔로", "견본대로", "보기길", "가상로12번길", "나래로"}
	buildingsKR = []string{"", "3동 402호", "견본아파트 101동 1203호", "예시빌딩 5층", "지하 1층"}
)

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// personJP invents somebody in Japan. n makes the phone number and mail address
// of every person another.
func personJP(r *rand.Rand, n int) Person {
	family, given, at := pick(r, familiesJP), pick(r, givensJP), pick(r, placesJP)
	return Person{
		Family: family[0], Given: given[0], FamilyKana: family[1], GivenKana: given[1], Country: "JP",
		Postal: fmt.Sprintf("%s%04d", at.postal, 1+r.IntN(9998)), Prefecture: at.prefecture, City: at.city,
		Street:   fmt.Sprintf("%s%d-%d-%d", pick(r, townsJP), 1+r.IntN(9), 1+r.IntN(30), 1+r.IntN(20)),
		Building: pick(r, buildingsJP), Phone: fmt.Sprintf("090-0000-%04d", n%10_000), Mail: fmt.Sprintf("buyer%05d@shop.example", n),
	}
}

// personKR invents somebody in Korea.
func personKR(r *rand.Rand, n int) Person {
	at := pick(r, placesKR)
	return Person{
		Family: pick(r, familiesKR), Given: pick(r, givensKR), Country: "KR",
		Postal: fmt.Sprintf("%s%03d", at.postal, 1+r.IntN(998)), Prefecture: at.prefecture, City: at.city,
		Street:   fmt.Sprintf("%s %d", pick(r, streetsKR), 1+r.IntN(200)),
		Building: pick(r, buildingsKR), Phone: fmt.Sprintf("010-0000-%04d", n%10_000), Mail: fmt.Sprintf("buyer%05d@shop.example", n),
	}
}
