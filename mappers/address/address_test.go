package address

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mallbridge/mallbridge/order"
)

func TestNormalizePostal(t *testing.T) {
	tests := []struct {
		country, in, want string
		ok                bool
	}{
		{"JP", "105-0011", "1050011", true},
		{"JP", "0600001", "0600001", true},
		{"JP", "〒060-0001", "0600001", true},
		{"JP", " １０５－００１１ ", "1050011", true},
		{"JP", "105ー0011", "1050011", true},
		{"JP", "105 0011", "1050011", true},
		{"JP", "600001", "600001", false}, // Excel took the zero: not guessed
		{"JP", "105-00111", "10500111", false},
		{"JP", "0000000", "0000000", false},
		{"JP", "105-001A", "105001", false},
		{"JP", "", "", false},
		{"KR", "06236", "06236", true},
		{"KR", "０６２３６", "06236", true},
		{"KR", "6236", "6236", false},
		{"KR", "135-080", "135080", false}, // the six digits in use until 2015
		{"US", " 10001-1234 ", "10001-1234", true},
		{"US", "", "", false},
	}
	for _, tt := range tests {
		if got, ok := NormalizePostal(tt.country, tt.in); got != tt.want || ok != tt.ok {
			t.Errorf("%s %q: got %q %v", tt.country, tt.in, got, ok)
		}
	}
}

func TestNormalizePhone(t *testing.T) {
	tests := []struct {
		country, in, want string
		ok                bool
	}{
		{"JP", "03-1234-5678", "0312345678", true},
		{"JP", "０３（１２３４）５６７８", "0312345678", true},
		{"JP", "090-1234-5678", "09012345678", true},
		{"JP", "+81-90-1234-5678", "09012345678", true},
		{"JP", "+81 (0)3-1234-5678", "0312345678", true},
		{"JP", "０９０ー１２３４ー５６７８", "09012345678", true},
		{"JP", "050-1234-5678", "05012345678", true},
		{"JP", "0120-123-456", "0120123456", true},
		{"JP", "0800-123-4567", "08001234567", true},
		{"JP", "0996-12-3456", "0996123456", true},
		{"JP", "9012345678", "9012345678", false},
		{"JP", "090-1234-567", "0901234567", false},
		{"JP", "03-1234-56789", "03123456789", false},
		{"JP", "000-0000-0000", "00000000000", false},
		{"JP", "090-****-5678", "0905678", false},
		{"JP", "+1 212 555 0100", "12125550100", false},
		{"JP", "", "", false},
		{"KR", "010-1234-5678", "01012345678", true},
		{"KR", "+82 10-1234-5678", "01012345678", true},
		{"KR", "02-123-4567", "021234567", true},
		{"KR", "02-1234-5678", "0212345678", true},
		{"KR", "031-123-4567", "0311234567", true},
		{"KR", "0504-1234-5678", "050412345678", true},
		{"KR", "0507-123-4567", "05071234567", true},
		{"KR", "1588-1234", "15881234", true},
		{"KR", "1012345678", "1012345678", false},
		{"KR", "010-12*4-5678", "0101245678", false},
		{"KR", "010-1234-56789", "010123456789", false},
		{"US", "+1 (212) 555-0100", "12125550100", true},
		{"US", "212.555.0100", "2125550100", true},
		{"US", "12", "12", false},
	}
	for _, tt := range tests {
		got, ok := NormalizePhone(tt.country, tt.in)
		if got != tt.want || ok != tt.ok {
			t.Errorf("%s %q: got %q %v", tt.country, tt.in, got, ok)
		}
	}
}

func TestPrefectures(t *testing.T) {
	if n := len(Prefectures("JP")); n != 47 {
		t.Errorf("%d prefectures of Japan", n)
	}
	if len(Prefectures("US")) != 0 {
		t.Error("prefectures of another country")
	}
	codes := map[string]string{}
	for _, country := range []string{"JP", "KR"} {
		for _, p := range Prefectures(country) {
			if o := codes[country+p.Code]; o != "" {
				t.Errorf("%s and %s have code %s", o, p.Name, p.Code)
			}
			codes[country+p.Code] = p.Name
			for _, n := range p.names() {
				if got, ok := FindPrefecture(country, n); !ok || got.Name != p.Name {
					t.Errorf("%s %q: got %q", p.Name, n, got.Name)
				}
			}
		}
	}
	for text, want := range map[string]string{
		"TOKYO": "東京都", "tokyo-to": "東京都", "Tōkyō": "東京都", "Hokkaidō": "北海道", "京都": "京都府", "Osaka Prefecture": "大阪府",
		"神奈川": "神奈川県", "Kyōto-fu": "京都府", "東": "", "": "", "서울": "",
	} {
		if got, _ := FindPrefecture("JP", text); got.Name != want {
			t.Errorf("%q: got %q, want %q", text, got.Name, want)
		}
	}
	for text, want := range map[string]string{
		"서울": "서울특별시", "강원도": "강원특별자치도", "전라북도": "전북특별자치도", "제주도": "제주특별자치도", "경기": "경기도", "Seoul": "서울특별시", "광주시": "",
	} {
		if got, _ := FindPrefecture("KR", text); got.Name != want {
			t.Errorf("%q: got %q, want %q", text, got.Name, want)
		}
	}
}

func TestSplitPrefectureCity(t *testing.T) {
	tests := []struct{ country, in, prefecture, city, rest string }{
		{"JP", "東京都港区芝公園4-2-8", "東京都", "港区", "芝公園4-2-8"},
		{"JP", "東京都北区王子1-1", "東京都", "北区", "王子1-1"},
		{"JP", "東京都千代田区有楽町1-1", "東京都", "千代田区", "有楽町1-1"},
		{"JP", "東京都町田市森野2-2-22", "東京都", "町田市", "森野2-2-22"},
		{"JP", "東京都東村山市本町1-2-3", "東京都", "東村山市", "本町1-2-3"},
		{"JP", "東京都武蔵村山市本町1-1-1", "東京都", "武蔵村山市", "本町1-1-1"},
		{"JP", "東京都羽村市緑ヶ丘5-2-1", "東京都", "羽村市", "緑ヶ丘5-2-1"},
		{"JP", "東京都西多摩郡瑞穂町箱根ケ崎2335", "東京都", "西多摩郡瑞穂町", "箱根ケ崎2335"},
		{"JP", "東京都八丈島八丈町大賀郷2551", "東京都", "八丈島八丈町", "大賀郷2551"},
		{"JP", "三重県四日市市諏訪町1-5", "三重県", "四日市市", "諏訪町1-5"},
		{"JP", "広島県廿日市市下平良1-11-1", "広島県", "廿日市市", "下平良1-11-1"},
		{"JP", "石川県野々市市三納1-1", "石川県", "野々市市", "三納1-1"},
		{"JP", "奈良県大和郡山市北郡山町248-4", "奈良県", "大和郡山市", "北郡山町248-4"},
		{"JP", "福島県郡山市朝日1-23-7", "福島県", "郡山市", "朝日1-23-7"},
		{"JP", "福島県田村市船引町船引字畑添76-2", "福島県", "田村市", "船引町船引字畑添76-2"},
		{"JP", "福島県田村郡三春町字大町1-2", "福島県", "田村郡三春町", "字大町1-2"},
		{"JP", "福岡県小郡市小郡255-1", "福岡県", "小郡市", "小郡255-1"},
		{"JP", "愛知県蒲郡市旭町17-1", "愛知県", "蒲郡市", "旭町17-1"},
		{"JP", "岐阜県郡上市八幡町島谷228", "岐阜県", "郡上市", "八幡町島谷228"},
		{"JP", "北海道余市郡余市町朝日町26", "北海道", "余市郡余市町", "朝日町26"},
		{"JP", "北海道余市郡赤井川村字赤井川74-2", "北海道", "余市郡赤井川村", "字赤井川74-2"},
		{"JP", "群馬県佐波郡玉村町下新田201", "群馬県", "佐波郡玉村町", "下新田201"},
		{"JP", "新潟県十日町市千歳町3-3", "新潟県", "十日町市", "千歳町3-3"},
		{"JP", "新潟県村上市三之町1-1", "新潟県", "村上市", "三之町1-1"},
		{"JP", "長野県大町市大町3887", "長野県", "大町市", "大町3887"},
		{"JP", "佐賀県杵島郡大町町大町5017", "佐賀県", "杵島郡大町町", "大町5017"},
		{"JP", "千葉県市川市八幡1-1-1", "千葉県", "市川市", "八幡1-1-1"},
		{"JP", "千葉県市原市国分寺台中央1-1-1", "千葉県", "市原市", "国分寺台中央1-1-1"},
		{"JP", "山梨県西八代郡市川三郷町市川大門1790-3", "山梨県", "西八代郡市川三郷町", "市川大門1790-3"},
		{"JP", "栃木県芳賀郡市貝町市塙1280", "栃木県", "芳賀郡市貝町", "市塙1280"},
		{"JP", "富山県中新川郡上市町法音寺1", "富山県", "中新川郡上市町", "法音寺1"},
		{"JP", "兵庫県赤穂郡上郡町大持278", "兵庫県", "赤穂郡上郡町", "大持278"},
		{"JP", "宮城県柴田郡村田町大字村田字迫6", "宮城県", "柴田郡村田町", "大字村田字迫6"},
		{"JP", "山形県村山市中央1-3-6", "山形県", "村山市", "中央1-3-6"},
		{"JP", "山形県東村山郡山辺町緑ヶ丘5", "山形県", "東村山郡山辺町", "緑ヶ丘5"},
		{"JP", "奈良県高市郡明日香村岡55", "奈良県", "高市郡明日香村", "岡55"},
		{"JP", "福岡県京都郡苅田町富久町1-19-1", "福岡県", "京都郡苅田町", "富久町1-19-1"},
		{"JP", "神奈川県中郡大磯町東小磯183", "神奈川県", "中郡大磯町", "東小磯183"},
		{"JP", "沖縄県国頭郡東村字平良804", "沖縄県", "国頭郡東村", "字平良804"},
		{"JP", "神奈川県横浜市中区日本大通1", "神奈川県", "横浜市中区", "日本大通1"},
		{"JP", "大阪府大阪市東住吉区駒川1-1", "大阪府", "大阪市東住吉区", "駒川1-1"},
		{"JP", "京都府京都市左京区下鴨半木町1-5", "京都府", "京都市左京区", "下鴨半木町1-5"},
		{"JP", "静岡県浜松市中央区元城町103-2", "静岡県", "浜松市中央区", "元城町103-2"},
		{"JP", "神奈川県横浜市港北区", "神奈川県", "横浜市港北区", ""},
		{"JP", "東京都 港区 芝公園4-2-8", "東京都", "港区", "芝公園4-2-8"},
		{"JP", "東京都　府中市宮西町2-24", "東京都", "府中市", "宮西町2-24"},
		{"JP", "愛知県名古屋市中村区名駅1-1-4", "愛知県", "名古屋市中村区", "名駅1-1-4"},
		{"JP", "長崎県大村市玖島1-25", "長崎県", "大村市", "玖島1-25"},
		{"KR", "서울특별시 강남구 테헤란로 123, 4층", "서울특별시", "강남구", "테헤란로 123, 4층"},
		{"KR", "서울 강남구 테헤란로 123", "서울특별시", "강남구", "테헤란로 123"},
		{"KR", "서울시 중구 세종대로 110", "서울특별시", "중구", "세종대로 110"},
		{"KR", "서울특별시강남구 테헤란로 123", "서울특별시", "강남구", "테헤란로 123"},
		{"KR", "경기도 성남시 분당구 불정로 6", "경기도", "성남시 분당구", "불정로 6"},
		{"KR", "경기 광주시 행정타운로 50", "경기도", "광주시", "행정타운로 50"},
		{"KR", "강원도 춘천시 중앙로 1", "강원특별자치도", "춘천시", "중앙로 1"},
		{"KR", "전라북도 전주시 완산구 효자로 225", "전북특별자치도", "전주시 완산구", "효자로 225"},
		{"KR", "인천광역시 강화군 강화읍 강화대로 394", "인천광역시", "강화군", "강화읍 강화대로 394"},
		{"KR", "세종특별자치시 한누리대로 2130", "세종특별자치시", "", "한누리대로 2130"},
		{"KR", "전남광주통합특별시 순천시 장명로 30", "전남광주통합특별시", "순천시", "장명로 30"},
		{"KR", "전남 순천시 장명로 30", "전라남도", "순천시", "장명로 30"},
		{"KR", "제주특별자치도 서귀포시 중앙로 105", "제주특별자치도", "서귀포시", "중앙로 105"},
	}
	for _, tt := range tests {
		p, c, r, ok := SplitPrefectureCity(tt.country, tt.in)
		if p != tt.prefecture || c != tt.city || r != tt.rest || !ok {
			t.Errorf("%s:\ngot  %q %q %q %v\nwant %q %q %q", tt.in, p, c, r, ok, tt.prefecture, tt.city, tt.rest)
		}
	}

	missing := []struct{ country, in, prefecture, city, rest string }{
		{"JP", "港区芝公園4-2-8", "", "", "港区芝公園4-2-8"},
		{"JP", "横浜市中区日本大通1", "", "横浜市中区", "日本大通1"},
		{"JP", "東京タワー", "", "", "東京タワー"},
		{"JP", "東京都芝公園4-2-8町", "東京都", "", "芝公園4-2-8町"},
		{"JP", "京都市左京区1", "", "京都市左京区", "1"},
		{"JP", "", "", "", ""},
		{"KR", "테헤란로 123", "", "", "테헤란로 123"},
		{"KR", "서울특별시", "서울특별시", "", ""},
		{"US", "1 Main St", "", "", "1 Main St"},
	}
	for _, tt := range missing {
		p, c, r, ok := SplitPrefectureCity(tt.country, tt.in)
		if p != tt.prefecture || c != tt.city || r != tt.rest || ok {
			t.Errorf("%s: got %q %q %q %v", tt.in, p, c, r, ok)
		}
	}
}

func TestSplit(t *testing.T) {
	sixteen := []Width{{Chars: 16}, {Chars: 16}, {Chars: 16}}
	tests := []struct {
		name, in string
		widths   []Width
		parts    []string
		rest     string
	}{
		{"fits", "東京都港区芝公園4-2-8", sixteen, []string{"東京都港区芝公園4-2-8", "", ""}, ""},
		{"number goes along", "東京都港区芝公園四丁目いろは4-2-8", sixteen, []string{"東京都港区芝公園四丁目いろは", "4-2-8", ""}, ""},
		{"and what counts it", "東京都港区芝公園いろはにほ12丁目3番", []Width{{Chars: 15}, {Chars: 16}}, []string{"東京都港区芝公園いろはにほ", "12丁目3番"}, ""},
		{"full-width digits and long vowel marks", "東京都港区芝公園あいうえ４ー２ー８", []Width{{Chars: 14}, {Chars: 10}}, []string{"東京都港区芝公園あいうえ", "４ー２ー８"}, ""},
		{"words with a long vowel mark", "東京都港区芝公園タワービル", []Width{{Chars: 10}, {Chars: 10}}, []string{"東京都港区芝公園タワ", "ービル"}, ""},
		{"building behind a blank", "東京都港区芝公園4-2-8 東京タワー3F", []Width{{Chars: 18}, {Chars: 16}}, []string{"東京都港区芝公園4-2-8 ", "東京タワー3F"}, ""},
		{"Korean words", "서울특별시 강남구 테헤란로 123 삼성빌딩", []Width{{Chars: 14}, {Chars: 14}}, []string{"서울특별시 강남구 ", "테헤란로 123 삼성빌딩"}, ""},
		{"too long", "あいうえおかきくけこ", []Width{{Chars: 3}, {Chars: 3}}, []string{"あいう", "えおか"}, "きくけこ"},
		{"a number that fits nowhere", "123456789", []Width{{Chars: 4}, {Chars: 4}}, []string{"", ""}, "123456789"},
		{"a number for the second field", "あ123456", []Width{{Chars: 4}, {Chars: 6}}, []string{"あ", "123456"}, ""},
		{"bytes", "あいう1234", []Width{{Bytes: 7}, {Bytes: 4}}, []string{"あいう", "1234"}, ""},
		{"half-width kana is one byte", "ｱｲｳｴ", []Width{{Bytes: 4}}, []string{"ｱｲｳｴ"}, ""},
		{"voiced mark stays", "ｱｲｶﾞｴ", []Width{{Chars: 3}, {Chars: 9}}, []string{"ｱｲ", "ｶﾞｴ"}, ""},
		{"combining mark stays", "あいか\u3099え", []Width{{Chars: 3}, {Chars: 9}}, []string{"あい", "か\u3099え"}, ""},
		{"bytes of another charset", "あい", []Width{{Bytes: 5, Size: func(s string) int { return len(s) }}, {Bytes: 5}}, []string{"あ", "い"}, ""},
		{"both limits", "abかきくけ", []Width{{Chars: 4, Bytes: 4}, {}}, []string{"abか", "きくけ"}, ""},
		{"no limit", "東京都", []Width{{}}, []string{"東京都"}, ""},
		{"no fields", "東京都", nil, []string{}, "東京都"},
		{"empty", "", sixteen, []string{"", "", ""}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			parts, rest := Split(tt.in, tt.widths)
			if diff := cmp.Diff(tt.parts, parts); diff != "" || rest != tt.rest {
				t.Errorf("rest %q, want %q\n%s", rest, tt.rest, diff)
			}
		})
	}
}

// No letter is lost or moved, no field overflows and no number is cut.
func TestSplitProperty(t *testing.T) {
	alphabet := []rune("東京都港区あカー−-4２0AＺz 　가길번號\u3099ﾞ🗼")
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.SampledFrom(alphabet), 0, 40, -1).Draw(t, "text")
		widths := make([]Width, rapid.IntRange(0, 4).Draw(t, "fields"))
		for i := range widths {
			widths[i] = Width{Chars: rapid.IntRange(0, 20).Draw(t, "chars"), Bytes: rapid.IntRange(0, 30).Draw(t, "bytes")}
		}
		parts, rest := Split(text, widths)
		if got := strings.Join(parts, "") + rest; got != text {
			t.Fatalf("%q became %q", text, got)
		}
		if len(parts) != len(widths) {
			t.Fatalf("%d parts for %d fields", len(parts), len(widths))
		}
		for i, p := range parts {
			if !widths[i].fits(p) {
				t.Fatalf("part %d %q overflows %+v", i, p, widths[i])
			}
		}
		at := 0
		for _, p := range parts {
			at += len(p)
			if at == 0 || at == len(text) {
				continue
			}
			prev, _ := utf8.DecodeLastRuneInString(text[:at])
			next, _ := utf8.DecodeRuneInString(text[at:])
			if inRun(prev) && inRun(next) {
				t.Fatalf("%q is cut between %q and %q", text, prev, next)
			}
		}
	})
}

func FuzzSplit(f *testing.F) {
	f.Add("東京都港区芝公園4-2-8 東京タワー", 16, 32)
	f.Add("\xff1\xe3\x81", 1, 1)
	f.Fuzz(func(t *testing.T, text string, chars, bytes int) {
		parts, rest := Split(text, []Width{{Chars: chars, Bytes: bytes}, {Chars: chars}})
		if got := strings.Join(parts, "") + rest; got != text {
			t.Errorf("%q became %q", text, got)
		}
	})
}

func TestKey(t *testing.T) {
	base := order.Party{
		Name: "山田 太郎", Country: "JP", Postal: "105-0011", Phone: "090-1234-5678",
		Prefecture: "東京都", City: "港区", Street: "芝公園4-2-8", Building: "東京タワー 3F",
	}
	key := Key(&base)
	if len(key) != 32 {
		t.Fatalf("key %q", key)
	}
	same := map[string]func(*order.Party){
		"blank in the name": func(p *order.Party) { p.Name = "山田　太郎" },
		"width of digits":   func(p *order.Party) { p.Street = "芝公園４－２－８" },
		"another hyphen":    func(p *order.Party) { p.Street = "芝公園4ー2‐8" },
		"one field": func(p *order.Party) {
			*p = order.Party{Name: p.Name, Country: "JP", Postal: "1050011", Phone: "+819012345678", Street: p.Address()}
		},
		"case":                  func(p *order.Party) { p.Building = "東京タワー3f" },
		"postal code and phone": func(p *order.Party) { p.Postal, p.Phone = "１０５００１１", "09012345678" },
		"e-mail and kana":       func(p *order.Party) { p.Email, p.Kana = "a@example.com", "ヤマダ" },
	}
	for name, change := range same {
		p := base
		change(&p)
		if Key(&p) != key {
			t.Errorf("%s makes another key", name)
		}
	}
	other := map[string]func(*order.Party){
		"name":            func(p *order.Party) { p.Name = "山田 次郎" },
		"company":         func(p *order.Party) { p.Company = "例示商事" },
		"moved hyphen":    func(p *order.Party) { p.Street = "芝公園42-8" },
		"dropped hyphen":  func(p *order.Party) { p.Street = "芝公園428" },
		"floor":           func(p *order.Party) { p.Building = "東京タワー 4F" },
		"phone":           func(p *order.Party) { p.Phone = "090-1234-5679" },
		"postal code":     func(p *order.Party) { p.Postal = "105-0012" },
		"country":         func(p *order.Party) { p.Country = "KR" },
		"blank in number": func(p *order.Party) { p.Building = "東京タワー 3 F" },
		"long vowel mark": func(p *order.Party) { p.Building = "東京タワ 3F" },
	}
	for name, change := range other {
		p := base
		change(&p)
		if Key(&p) == key {
			t.Errorf("another %s keeps the key", name)
		}
	}
	seoul := order.Party{Name: "홍길동", Country: "KR", Street: "서울특별시 강남구 테헤란로 12 3층"}
	short := seoul
	short.Street = "서울 강남구 테헤란로 12 3층"
	far := seoul
	far.Street = "서울 강남구 테헤란로 123층"
	if Key(&seoul) != Key(&short) {
		t.Error("서울 and 서울특별시 differ")
	}
	if Key(&seoul) == Key(&far) {
		t.Error("12 3층 is taken for 123층")
	}
	gwangju, merged := seoul, seoul
	gwangju.Street, merged.Street = "광주 북구 용봉로 77", "전남광주통합특별시 북구 용봉로 77"
	if Key(&gwangju) != Key(&merged) {
		t.Error("an address from before the merger of 광주 and 전남 differs")
	}
	for _, p := range []order.Party{{}, {Name: "山田"}, {Street: "芝公園"}} {
		if Key(&p) != "" {
			t.Errorf("%+v has a key", p)
		}
	}
}
