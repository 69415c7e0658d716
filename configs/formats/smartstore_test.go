package formats_test

import (
	"slices"
	"time"
)

var (
	smartstore72 = split("상품주문번호 | 주문번호 | 배송속성 | 풀필먼트사(주문 기준) | 택배사(주문 기준) | 배송방법(구매자 요청) | 배송방법 | 택배사 | 송장번호 | 발송일 | 판매채널 | 구매자명 | 구매자ID | 수취인명 | 주문상태 | 주문세부상태 | 수량클레임 여부 | 결제위치 | 결제일 | 상품번호 | 상품명 | 상품종류 | 반품안심케어 | 멤버십N배송 | 옵션정보 | 옵션관리코드 | 수량 | 옵션가격 | 상품가격 | 최종 상품별 할인액 | 최초 상품별 할인액 | 판매자 부담 할인액 | 최종 상품별 총 주문금액 | 최초 상품별 총 주문금액 | 사은품 | 발주확인일 | 발송기한 | 발송처리일 | 송장출력일 | 배송비 형태 | 배송비 묶음번호 | 배송비 유형 | 배송비 합계 | 제주/도서 추가배송비 | 배송비 할인액 | 판매자 상품코드 | 판매자 내부코드1 | 판매자 내부코드2 | 수취인연락처1 | 수취인연락처2 | 통합배송지 | 기본배송지 | 상세배송지 | 구매자연락처 | 우편번호 | 배송메세지 | 출고지 | 결제수단 | 네이버페이 주문관리 수수료 | 매출연동 수수료 | 정산예정금액 | 개인통관고유부호 | 주문일시 | 배송희망일 | 구독신청회차 | 구독진행회차 | 구독배송희망일 | 배송태그 유형 | 출입방법 유형 | 출입방법 내용 | 수령위치 유형 | 수령위치 내용")
	smartstore56 = split("상품주문번호 | 주문번호 | 배송방법 | 택배사 | 송장번호 | 발송일 | 판매채널 | 구매자명 | 구매자ID | 수취인명 | 주문상태 | 주문세부상태 | 결제위치 | 결제일 | 상품번호 | 상품명 | 상품종류 | 옵션정보 | 옵션관리코드 | 수량 | 옵션가격 | 상품가격 | 상품별 할인액 | 판매자 부담 할인액 | 상품별 총 주문금액 | 사은품 | 발주확인일 | 발송기한 | 발송처리일 | 송장출력일 | 배송비 형태 | 배송비 묶음번호 | 배송비 유형 | 배송비 합계 | 제주/도서 추가배송비 | 배송비 할인액 | 판매자 상품코드 | 판매자 내부코드1 | 판매자 내부코드2 | 수취인연락처1 | 수취인연락처2 | 배송지 | 구매자연락처 | 우편번호 | 배송메세지 | 출고지 | 결제수단 | 수수료 과금구분 | 수수료결제방식 | 결제수수료 | 네이버 쇼핑 매출연동 수수료 | 정산예정금액 | 유입경로 | 구매자 주민등록번호 | 개인통관고유부호 | 주문일시")
	smartstore57 = slices.Insert(slices.Clone(smartstore56), 2, "배송방법(구매자 요청)")

	smartstoreNotice = []string{"◈ 다운로드 받은 파일로 '엑셀 일괄발송' 처리하는 방법\n1. 이 행(1행)을 삭제하세요.\n2. 택배사와 송장번호를 입력하세요. 상품주문번호, 수취인명은 수정하지 마세요."}

	smartstoreRow = map[string]any{
		"상품주문번호": "2026071500000011", "주문번호": "2026071500000010", "배송속성": "일반배송", "배송방법(구매자 요청)": "택배,등기,소포", "배송방법": "택배,등기,소포",
		"판매채널": "스마트스토어", "구매자명": "윤새별", "구매자ID": "yoon****", "수취인명": "윤새별", "주문상태": "발송대기", "주문세부상태": "발주확인", "결제위치": "모바일",
		"결제일": "2026-07-15 09:01", "상품번호": "7000000001", "상품명": "들꽃 면 손수건", "상품종류": "조합형옵션상품", "옵션정보": "색상: 파랑", "옵션관리코드": "HK-BL-01",
		"수량": "3", "옵션가격": "0", "상품가격": "4500", "최초 상품별 총 주문금액": "13500", "발주확인일": "2026-07-15 10:00", "발송기한": "2026-07-17 23:59",
		"배송비 형태": "선결제", "배송비 묶음번호": "70000001", "배송비 유형": "조건부무료", "배송비 합계": "3000", "제주/도서 추가배송비": "0", "판매자 상품코드": "HK-01",
		"판매자 내부코드1": "W-0001", "수취인연락처1": "0503-0000-0201", "통합배송지": "대전광역시 나래구 새솔로 78 3동 402호", "배송지": "대전광역시 나래구 새솔로 78 3동 402호",
		"기본배송지": "대전광역시 나래구 새솔로 78", "상세배송지": "3동 402호", "구매자연락처": "010-0000-0201", "우편번호": "34999", "배송메세지": "문 앞에 놓아 주세요",
		"결제수단": "신용카드", "주문일시": "2026-07-15 09:00",
	}
)

func smartstoreInputs() []input {
	extra := with(smartstoreRow, "상품주문번호", "2026071500000012", "상품명", "선물 상자", "상품종류", "추가구성상품", "옵션정보", "크기: 중", "옵션관리코드", "BX-M", "수량", "1",
		"상품가격", "1,200", "옵션가격", "-200", "판매자 내부코드1", "", "사은품", "엽서")
	sheet := func(name, about string, header []string, rows ...map[string]any) input {
		return input{
			format: "smartstore-orders", name: name, about: about, file: "input.xlsx", sheet: "발주발송관리",
			above: [][]string{smartstoreNotice}, header: header, rows: rows,
		}
	}
	ordinary := sheet("ordinary", "72 columns below the notice, opened with a password; two lines of one parcel", smartstore72, smartstoreRow, extra)
	ordinary.password = "1111"
	older := sheet("columns-56", "56 columns without a notice row, one address column", smartstore56, smartstoreRow, extra)
	older.above = nil
	short := sheet("columns-few", "a grid with few columns in another order", []string{"수취인명", "수취인연락처1", "우편번호", "통합배송지", "상품명", "옵션정보", "수량", "주문번호", "상품주문번호", "판매자 상품코드"}, smartstoreRow)
	hard := sheet("hard", "two bundles, numbers for text, dates as dates, line breaks, rare syllables, a mall's warehouse, a claim", smartstore72,
		with(smartstoreRow, "우편번호", 6236, "수취인연락처1", 1012345678, "구매자연락처", 1012345678, "수량", 2, "상품가격", 4500, "주문일시", time.Date(2026, 7, 15, 9, 0, 0, 0, time.UTC),
			"발송기한", time.Date(2026, 7, 17, 0, 0, 0, 0, time.UTC), "배송메세지", "문 앞에\n놓아 주세요 똠뷁", "제주/도서 추가배송비", "3,000", "옵션정보", "색상: 파랑 / 크기: M", "판매자 내부코드1", "00123"),
		with(extra, "배송비 묶음번호", "70000002", "우편번호", 6236, "수취인연락처1", 1012345678, "구매자연락처", 1012345678, "수량클레임 여부", "Y", "제주/도서 추가배송비", "3,000",
			"배송메세지", "문 앞에\n놓아 주세요 똠뷁", "발송기한", "2026/07/16 09:00", "주문일시", "2026/07/15 09:00", "개인통관고유부호", "P000000000001"),
		with(smartstoreRow, "상품주문번호", "2026071500000021", "주문번호", "2026071500000020", "풀필먼트사(주문 기준)", "풀필먼트", "멤버십N배송", "Y", "옵션관리코드", "0010"),
		with(smartstoreRow, "상품주문번호", `="2026071500000031"`, "주문번호", "'2026071500000030", "수취인명", "샘플 \"별\"", "우편번호", `="06236"`))
	password := sheet("refused-password", "another password than the seller chose", smartstore72, smartstoreRow)
	password.password, password.open = "1111", "1234"
	tabs := sheet("text-cp949", "a copy saved as text: cp949 with tabs", smartstore57, with(smartstoreRow, "수취인연락처2", "02-000-0201"), with(extra, "수취인연락처2", "02-000-0201"))
	tabs.file, tabs.charset, tabs.comma, tabs.above, tabs.bare = "input.csv", cp949, "\t", nil, true
	bom := sheet("text-utf-8", "a copy saved as CSV UTF-8 with numbers wrapped against Excel", smartstore72, with(smartstoreRow, "상품주문번호", `="2026071500000011"`, "우편번호", "6236"))
	bom.file, bom.edit = "input.csv", func(b []byte) []byte { return append([]byte("\xEF\xBB\xBF"), b...) }
	// A grid that a program made has no notice and the raw values of the seller centre.
	grid := sheet("grid-raw", "a grid of 56 columns that a program made: no notice, raw values", smartstore56,
		with(smartstoreRow, "주문상태", "WAITING_DISPATCH", "주문세부상태", "PLACE_ORDER", "상품종류", "SINGLE", "판매채널", "SHOPN", "결제위치", "PC", "배송비 유형", "FREE"),
		with(extra, "주문번호", "2026071500000020", "주문상태", "WAITING_DISPATCH", "주문세부상태", "PLACE_ORDER_WAITING", "상품종류", "PRICING_OPTIONAL"),
		with(smartstoreRow, "상품주문번호", "2026071500000031", "주문번호", "2026071500000030", "주문상태", "DELIVERING", "주문세부상태", ""))
	grid.above = nil
	saved := sheet("saved-xls", "saved again as a workbook of Excel 97, with the notice", smartstore72, smartstoreRow, extra)
	saved.file = "input.xls"
	sealed := sheet("password-standard", "protected with the older encryption (AES-128, SHA-1)", smartstore72, smartstoreRow, extra)
	sealed.password, sealed.standard = "1111", true
	login := sheet("refused-login-page", "a page saved in place of the workbook, because the session had ended", smartstore72)
	login.file, login.html, login.edit = "input.xls", true, func([]byte) []byte {
		return []byte("<!DOCTYPE html>\r\n<html><head><meta charset=\"utf-8\"></head><body><form><input type=\"password\"></form></body></html>\r\n")
	}
	return []input{
		ordinary, older, short, hard, password, tabs, bom, grid, saved, sealed, login,
		sheet("columns-57", "57 columns of 2021", smartstore57, smartstoreRow, extra),
		sheet("refused-rows", "numbers that lost digits, quantities, a moved value, a missing recipient", smartstore72,
			with(smartstoreRow, "상품주문번호", int64(2026071500000011), "주문번호", int64(2026071500000010)),
			with(smartstoreRow, "주문번호", "2.0260715E+15"),
			with(smartstoreRow, "상품주문번호", "2026071500000013", "주문번호", "2026071500000040", "수량", 0),
			with(smartstoreRow, "상품주문번호", "2026071500000014", "주문번호", "2026071500000050", "수량", -1),
			with(smartstoreRow, "상품주문번호", "2026071500000015", "주문번호", "2026071500000060", "수취인명", ""),
			with(smartstoreRow, "상품주문번호", "2026071500000016", "주문번호", "2026071500000070", "우편번호", "대전"),
			with(smartstoreRow, "상품주문번호", "2026071500000017", "주문번호", "2026071500000080", "옵션관리코드", time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)),
			with(smartstoreRow, "상품주문번호", "2026071500000018", "주문번호", "2026071500000090", "수량", "세 개"),
			with(smartstoreRow, "상품주문번호", "2026071500000019", "주문번호", "2026071500000100")),
		sheet("refused-missing-column", "a grid without 수취인명 is refused", without(smartstore72, "수취인명"), smartstoreRow),
		sheet("refused-doubled-column", "a grid with 수량 twice is refused", append(slices.Clone(smartstore72), "수량"), smartstoreRow),
		sheet("refused-other-sheet", "the sheet for the upload of tracking numbers is no order sheet", []string{"상품주문번호", "배송방법", "택배사", "송장번호"}, smartstoreRow),
	}
}

var (
	coupang40 = split("번호 | 묶음배송번호 | 주문번호 | 택배사 | 운송장번호 | 분리배송 Y/N | 분리배송 출고예정일 | 주문시 출고예정일 | 출고일(발송일) | 주문일 | 등록상품명 | 등록옵션명 | 노출상품명(옵션명) | 노출상품ID | 옵션ID | 최초등록등록상품명/옵션명 | 업체상품코드 | 바코드 | 결제액 | 배송비구분 | 배송비 | 도서산간 추가배송비 | 구매수(수량) | 옵션판매가(판매단가) | 구매자 | 구매자전화번호 | 수취인이름 | 수취인전화번호 | 우편번호 | 수취인 주소 | 배송메세지 | 상품별 추가메시지 | 주문자 추가메시지 | 배송완료일 | 구매확정일자 | 개인통관번호(PCCC) | 통관용수취인전화번호 | 기타 | 결제위치 | 배송유형")
	coupang39 = split("번호 | 묶음배송번호 | 주문번호 | 택배사 | 운송장번호 | 분리배송 Y/N | 분리배송 출고예정일 | 주문시 출고예정일 | 출고일(발송일) | 주문일 | 등록상품명 | 등록옵션명 | 노출상품명(옵션명) | 노출상품ID | 옵션ID | 최초등록옵션명 | 업체상품코드 | 바코드 | 결제액 | 배송비구분 | 배송비 | 도서산간 추가배송비 | 구매수(수량) | 옵션판매가(판매단가) | 구매자 | 구매자전화번호 | 수취인이름 | 수취인전화번호 | 우편번호 | 수취인 주소 | 배송메세지 | 상품별 추가메시지 | 주문자 추가메시지 | 배송완료일 | 구매확정일자 | 개인통관번호(PCCC) | 통관용구매자전화번호 | 기타 | 결제위치")

	coupangRow = map[string]any{
		"번호": 1, "묶음배송번호": "640000000000000101", "주문번호": "24000000000101", "분리배송 Y/N": "N", "주문시 출고예정일": "2026-07-16", "주문일": "2026-07-15 09:00:12",
		"등록상품명": "들꽃 머그컵", "등록옵션명": "흰색 300ml", "노출상품명(옵션명)": "들꽃 머그컵, 흰색, 300ml", "노출상품ID": "8000000001", "옵션ID": "90000000001",
		"최초등록등록상품명/옵션명": "들꽃 머그컵,흰색 300ml", "최초등록옵션명": "흰색 300ml", "업체상품코드": "MUG-WH", "바코드": "8800000000013", "결제액": "12000",
		"배송비구분": "무료배송", "배송비": "0", "도서산간 추가배송비": "0", "구매수(수량)": "1", "옵션판매가(판매단가)": "12000", "구매자": "한가온", "구매자전화번호": "0502-0000-0101",
		"수취인이름": "한가온", "수취인전화번호": "0502-0000-0101", "우편번호": "04999", "수취인 주소": "서울특별시 나래구 새솔로 12 101동 202호", "배송메세지": "경비실에 맡겨 주세요",
		"결제위치": "안드로이드앱", "배송유형": "판매자배송",
	}
)

func coupangInputs() []input {
	second := with(coupangRow, "번호", 2, "등록옵션명", "파란색 300ml", "노출상품명(옵션명)", "들꽃 머그컵, 파란색, 300ml", "옵션ID", "90000000002", "업체상품코드", "MUG-BL", "바코드", "8800000000020", "구매수(수량)", "2")
	otherBox := with(coupangRow, "번호", 3, "묶음배송번호", "640000000000000102", "옵션ID", "90000000003", "업체상품코드", "00077", "분리배송 Y/N", "Y", "주문시 출고예정일", "2026-07-18")
	sheet := func(name, about string, header []string, rows ...map[string]any) input {
		return input{format: "coupang-orders", name: name, about: about, file: "input.xlsx", sheet: "Delivery", header: header, rows: rows}
	}
	filled := sheet("filled", "a list that was filled in for the upload and dropped again: nothing is left of it but the row that was not", coupang40,
		with(coupangRow, "택배사", "CJ대한통운", "운송장번호", "690000000101"), with(second, "택배사", "CJ대한통운", "운송장번호", "690000000101"),
		with(coupangRow, "번호", 3, "묶음배송번호", "640000000000000301", "주문번호", "24000000000301", "운송장번호", " "))
	filled.sheet = "배송관리"
	oldest := slices.Insert(slices.Clone(coupang39), slices.Index(coupang39, "구매자")+1, "구매자이메일")
	return []input{
		sheet("ordinary", "40 columns of 2026; an order in two bundles and one alone", coupang40, coupangRow, second, otherBox,
			with(coupangRow, "번호", 4, "묶음배송번호", "640000000000000201", "주문번호", "24000000000201", "주문자 추가메시지", "선물입니다")),
		sheet("columns-39", "the generation before, 39 columns", coupang39, coupangRow, second),
		sheet("columns-more", "columns moved and added, as after the next change of the list", append([]string{"새 항목"}, append(slices.Clone(coupang40[20:]), coupang40[:20]...)...), coupangRow, second),
		filled,
		sheet("columns-oldest", "the oldest generation with 구매자이메일, and 번호 missing", without(oldest, "번호"), with(coupangRow, "구매자이메일", "gaon@example.com")),
		sheet("hard", "split bundle, island, numbers for text, a row already dispatched, customs number, line breaks", coupang40,
			with(coupangRow, "구매수(수량)", 2, "우편번호", 4999, "수취인전화번호", 1012345678, "도서산간 추가배송비", "3,000", "옵션ID", 90000000001, "주문번호", 24000000000101,
				"주문일", time.Date(2026, 7, 15, 9, 0, 12, 0, time.UTC), "배송메세지", "경비실에\n맡겨 주세요 펲", "개인통관번호(PCCC)", "P000000000001", "업체상품코드", "00077"),
			with(second, "주문번호", 24000000000101, "우편번호", 4999, "수취인전화번호", 1012345678, "묶음배송번호", "640000000000000109", "택배사", "CJ대한통운", "운송장번호", "690000000101"),
			with(otherBox, "주문번호", "24000000000301", "배송유형", "CGF LITE", "분리배송 Y/N", "분리배송 불가")),
		sheet("refused-rows", "numbers that lost digits, quantities, missing values", coupang40,
			with(coupangRow, "묶음배송번호", int64(640000000000000101)),
			with(coupangRow, "주문번호", "24000000000102", "묶음배송번호", "6.4E+17"),
			with(coupangRow, "주문번호", "24000000000103", "구매수(수량)", "0"),
			with(coupangRow, "주문번호", "24000000000104", "구매수(수량)", "-1"),
			with(coupangRow, "주문번호", "24000000000105", "수취인 주소", ""),
			with(coupangRow, "주문번호", "24000000000106", "바코드", "8.8E+12"),
			with(coupangRow, "주문번호", "24000000000107"),
			with(coupangRow, "주문번호", "24000000000107", "옵션ID", "90000000002", "묶음배송번호", ""),
			with(coupangRow, "주문번호", "24000000000108", "수취인이름", "다른이름"),
			with(coupangRow, "주문번호", "24000000000108", "옵션ID", "90000000002"),
			with(coupangRow, "주문번호", "24000000000109")),
		sheet("refused-missing-column", "a list without 묶음배송번호 is refused", without(coupang40, "묶음배송번호"), coupangRow),
		sheet("refused-doubled-column", "a list with 우편번호 twice is refused", append(slices.Clone(coupang40), "우편번호"), coupangRow),
	}
}
