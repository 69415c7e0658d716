package formats_test

import (
	"slices"
	"time"
)

var (
	elevenst16 = split("번호 | 주문상태 | 주문번호 | 배송번호 | 주문일시 | 결제일시 | 상품명 | 옵션 | 수량 | 수취인 | 휴대폰번호 | 전화번호 | 우편번호 | 주소 | 배송메시지 | 상품번호")
	elevenst50 = split("주문번호 | 주문순번 | 결제일시 | 배송번호 | 상품명 | 옵션 | 수량 | 주문금액 | 수취인 | 배송비결제방식 | 배송비 | 도서산간 배송비 | 휴대폰번호 | 전화번호 | 우편번호 | 주소 | 배송메시지 | 구매자 | 구매자ID | 상품번호 | 판매단가 | 추가구성여부 | 추가구성원상품번호 | 희망배송일자 | 폐가전수거여부 | 희망일배송모델코드 | 묶음배송일련번호 | 묶음배송유무 | 고객등급 | 전세계배송여부 | 판매자할인금액-각상품별 | 11번가할인금액-각상품별 | 주문자기본주소 | 주문일시 | 구매자상세주소 | 구매자우편번호 | 주문상품옵션결제금액 | 결제금액 | 구매자휴대폰번호 | 주문자전화번호 | 발주확인일시 | 주문상품옵션코드 | 배송지우편번호순번 | 원클릭체크아웃주문코드 | 판매자할인금액 | 판매자상품번호 | 판매자재고번호 | 11번가할인금액 | 주소유형 | 건물관리번호")

	// The texts of the two rows above the header are ours, but for the title's word.
	elevenstAbove = [][]string{{"발송처리 전에 주문상태를 확인해 주세요."}, {"발송준비중내역"}}

	elevenstRow = map[string]any{
		"번호": "1", "주문상태": "배송준비중", "주문번호": "20260715000000011", "주문순번": "1", "배송번호": "1500000001", "주문일시": "2026-07-15 08:58:01", "결제일시": "2026-07-15 08:58:44",
		"상품명": "들꽃 면 손수건", "옵션": "색상:파랑-3개", "수량": "3", "수취인": "윤새별", "휴대폰번호": "010-0000-0112", "전화번호": "--", "우편번호": "49999",
		"주소": "부산광역시 가람구 물결로 56 7동 1203호", "배송메시지": "문 앞에 놓아 주세요", "상품번호": "5000000001", "주문금액": "13500", "배송비결제방식": "01", "배송비": "3000", "도서산간 배송비": "0",
		"구매자": "한가람", "구매자ID": "hang***", "판매단가": "4500", "추가구성여부": "N", "추가구성원상품번호": "0", "묶음배송일련번호": "90000001", "묶음배송유무": "Y", "고객등급": "우수고객",
		"전세계배송여부": "N", "구매자휴대폰번호": "010-0000-0111", "주문자전화번호": "02--", "발주확인일시": "2026-07-15 09:10:00", "주문상품옵션코드": "20000000001",
		"판매자상품번호": "HK-01", "판매자재고번호": "HK-BL-01",
	}
)

func elevenstInputs() []input {
	second := with(elevenstRow, "번호", "2", "주문순번", "2", "옵션", "색상:노랑-1개", "수량", "1", "주문상품옵션코드", "20000000002", "판매자재고번호", "HK-YE-01")
	sheet := func(name, about, file string, header []string, rows ...map[string]any) input {
		return input{format: "elevenst-orders", name: name, about: about, file: file, sheet: "발송준비중내역", above: elevenstAbove, header: header, rows: rows}
	}
	web := sheet("html", "a table in HTML under the name .xls, EUC-KR, with entities and line breaks", "input.xls", elevenst16, elevenstRow, second,
		with(elevenstRow, "번호", "3", "주문번호", "20260715000000031", "배송번호", "1500000003", "주문상태", "취소신청", "상품명", "손수건 & 상자 <선물>", "배송메시지", "경비실에\n맡겨 주세요 똠뷁"))
	web.html, web.charset = true, cp949
	utf := sheet("html-utf-8", "the same in UTF-8", "input.xls", elevenst16, elevenstRow)
	utf.html = true
	text := sheet("text-cp949", "a copy saved as CSV in CP949, without the rows above the header", "input.csv", elevenst16, elevenstRow, second)
	text.charset, text.above, text.bare = cp949, nil, true
	text8 := sheet("text-utf-8", "a copy saved as CSV UTF-8 with numbers wrapped against Excel", "input.csv", elevenst16, with(elevenstRow, "주문번호", `="20260715000000011"`, "우편번호", "6236"))
	text8.above, text8.edit = nil, func(b []byte) []byte { return append([]byte("\xEF\xBB\xBF"), b...) }
	return []input{
		sheet("ordinary", "a BIFF workbook as the Seller Office names it: notice, title, header in row 3; two lines of one parcel, and one order alone", "input.xls", elevenst16,
			elevenstRow, second, with(elevenstRow, "번호", "3", "주문번호", "20260715000000021", "배송번호", "1500000002", "수취인", "강보람", "옵션", "", "배송메시지", "null")),
		sheet("columns-50", "the titles of the wider set: codes of the seller, lines by number, the buyer", "input.xlsx", elevenst50, elevenstRow, second,
			with(elevenstRow, "주문번호", "20260715000000021", "배송번호", "1500000001", "주문순번", "1", "판매자재고번호", "", "판매자상품번호", "")),
		sheet("hard", "numbers for text, dates as dates, an island, an order to be sent abroad, a status that nobody knows, one order in two parcels", "input.xls", elevenst50,
			with(elevenstRow, "수량", 2, "우편번호", 4999, "휴대폰번호", 1012345678, "구매자휴대폰번호", 1087654321, "도서산간 배송비", "3,000", "판매단가", 4500, "주문상품옵션코드", 20000000001,
				"결제일시", time.Date(2026, 7, 15, 8, 58, 44, 0, time.UTC), "주문일시", time.Date(2026, 7, 15, 8, 58, 1, 0, time.UTC), "배송메시지", "경비실에\n맡겨 주세요 펲"),
			with(second, "수량", 1, "우편번호", 4999, "휴대폰번호", 1012345678, "구매자휴대폰번호", 1087654321, "도서산간 배송비", "3,000", "배송번호", "1500000009", "판매자재고번호", "00123",
				"결제일시", time.Date(2026, 7, 15, 8, 58, 44, 0, time.UTC), "주문일시", time.Date(2026, 7, 15, 8, 58, 1, 0, time.UTC), "배송메시지", "경비실에\n맡겨 주세요 펲"),
			with(elevenstRow, "주문번호", "20260715000000041", "배송번호", "1500000004", "전세계배송여부", "Y", "희망배송일자", "2026-07-20", "휴대폰번호", "--", "전화번호", "051-000-0112"),
			with(elevenstRow, "주문번호", "20260715000000051", "배송번호", "1500000005", "전화번호", "051-000-0112", "희망배송일자", "null")),
		web, utf, text, text8,
		sheet("refused-rows", "numbers that lost digits, quantities, missing values", "input.xls", elevenst16,
			with(elevenstRow, "주문번호", int64(20260715000000011)),
			with(elevenstRow, "주문번호", "2.02607E+16"),
			with(elevenstRow, "주문번호", "20260715000000013", "수량", 0),
			with(elevenstRow, "주문번호", "20260715000000014", "수량", "세 개"),
			with(elevenstRow, "주문번호", "20260715000000015", "수취인", ""),
			with(elevenstRow, "주문번호", "20260715000000016", "우편번호", "부산"),
			with(elevenstRow, "주문번호", "20260715000000017"),
			with(elevenstRow, "주문번호", "20260715000000017", "배송번호", ""),
			with(elevenstRow, "주문번호", "20260715000000018"),
			with(elevenstRow, "주문번호", "20260715000000018", "옵션", "색상:노랑-1개", "수취인", "다른이름"),
			with(elevenstRow, "주문번호", "20260715000000019")),
		sheet("refused-missing-column", "a list without 배송번호 is refused", "input.xlsx", without(elevenst16, "배송번호"), elevenstRow),
		sheet("refused-doubled-column", "a list with 수량 twice is refused", "input.xlsx", append(slices.Clone(elevenst16), "수량"), elevenstRow),
		sheet("refused-upload", "the sheet for the upload of tracking numbers is no order sheet", "input.xlsx",
			split("번호 | 주문일시 | 결제완료일 | 주문번호 | 주문상태 | 배송번호 | 택배사코드 | 송장/등기번호 | 배송방법 | 상품번호"), elevenstRow),
	}
}
