package status

import "github.com/mallbridge/mallbridge/order"

// Tables of order systems, whose sheets carry the orders of many malls.

// nextEngine: 受注状態区分 of the Next Engine API with the texts that 受注状態 has in
// files. キャンセル stands for a キャンセル区分 other than 0. The layout 汎用受注 has no
// status: its orders are to be shipped.
func nextEngine() Table {
	return Table{
		Mall: "next-engine", Sureness: Confirmed, Suggest: "20", Missing: "20",
		States: []State{
			chain(Unshipped, "0", "取込情報不足", "수집 정보 부족", "information missing"),
			chain(Unshipped, "1", "受注メール取込済", "주문 메일 수집 완료", "order mail read"),
			chain(Unshipped, "2", "起票済(CSV/手入力)", "전표 작성 완료", "slip made"),
			chain(Instructed, "20", "納品書印刷待ち", "납품서 인쇄 대기", "awaiting the print of the slip"),
			chain(Done, "30", "納品書印刷中", "납품서 인쇄 중", "slip being printed"),
			chain(Done, "40", "納品書印刷済", "납품서 인쇄 완료", "slip printed", "納品書印刷済み"),
			chain(Done, "50", "出荷確定済（完了）", "출고 확정 완료", "shipped", "出荷確定済"),
			state(Cancelled, "キャンセル", "キャンセル済", "취소", "cancelled"),
		},
	}
}

// exported is the table of a system whose file has no status, or one in words of
// the shop's own: what is exported is meant to be shipped, and other words hold
// the order until the account lists them.
func exported(mall string) Table {
	return Table{
		Mall: mall, Sureness: Inferred, Suggest: "ready", Missing: "ready",
		States: []State{
			chain(Unshipped, "new", "未確認", "미확인", "not checked"),
			chain(Instructed, "ready", "出荷待ち", "출고대기", "ready to ship"),
			chain(Done, "shipped", "出荷済み", "출고완료", "shipped", "出荷済"),
			because(order.HoldPerson, state(Hold, "hold", "保留", "보류", "on hold")),
			state(Cancelled, "cancelled", "キャンセル", "취소", "cancelled"),
		},
	}
}

// sabangnet: ORDER_STATUS of the Sabangnet XML API. Tracking numbers are taken in
// 주문확인, and move the order to 출고대기. The order sheet has no status; what is
// exported counts as 주문확인. The parcel of an exchange (021) is a person's work.
func sabangnet() Table {
	return Table{
		Mall: "sabangnet", Sureness: Confirmed, Suggest: "002", Missing: "002",
		States: []State{
			chain(Unshipped, "001", "新規注文", "신규주문", "new order"),
			chain(Instructed, "002", "注文確認", "주문확인", "order confirmed"),
			chain(Done, "003", "出庫待ち", "출고대기", "tracking number registered"),
			chain(Done, "004", "出庫完了", "출고완료", "shipped"),
			state(Hold, "006", "配送保留", "배송보류", "delivery on hold"),
			because(order.HoldClaim, state(Hold, "007", "キャンセル受付", "취소접수", "cancel requested")),
			because(order.HoldClaim, state(Hold, "008", "交換受付", "교환접수", "exchange requested")),
			because(order.HoldClaim, state(Hold, "009", "返品受付", "반품접수", "return requested")),
			state(Cancelled, "010", "キャンセル完了", "취소완료", "cancelled"),
			state(Done, "011", "交換完了", "교환완료", "exchanged"),
			state(Cancelled, "012", "返品完了", "반품완료", "returned"),
			because(order.HoldClaim, state(Hold, "021", "交換発送準備", "교환발송준비", "exchange, parcel to be sent")),
			state(Done, "022", "交換発送完了", "교환발송완료", "exchange, parcel sent"),
			because(order.HoldClaim, state(Hold, "023", "交換回収準備", "교환회수준비", "exchange, to be collected")),
			because(order.HoldClaim, state(Hold, "024", "交換回収完了", "교환회수완료", "exchange, collected")),
			because(order.HoldClaim, state(Hold, "025", "返品回収準備", "반품회수준비", "return, to be collected")),
			because(order.HoldClaim, state(Hold, "026", "返品回収完了", "반품회수완료", "return, collected")),
			state(Cancelled, "999", "廃棄", "폐기", "discarded"),
		},
	}
}

// ezadmin: status of the EZAdmin API (1, 7, 8) with the texts of 확장주문검색. 송장 has a
// label, 배송 has left. 발주 has no number on record.
func ezadmin() Table {
	return Table{
		Mall: "ezadmin", Sureness: Inferred, Suggest: "1", Missing: "1",
		States: []State{
			chain(Unshipped, "발주", "発注", "발주", "ordered"),
			chain(Instructed, "1", "受付", "접수", "accepted"),
			chain(Done, "7", "送り状", "송장", "label made"),
			chain(Done, "8", "配送", "배송", "shipped", "배송완료"),
		},
	}
}

// playauto: order states of the PlayAuto 2.0 API. 신규주문 moves to 출고대기 when
// the shop orders the shipment (출고지시). Its Excel has no status; what is exported
// counts as 출고대기.
func playauto() Table {
	return Table{
		Mall: "playauto", Sureness: Inferred, Suggest: "출고대기", Missing: "출고대기",
		States: []State{
			chain(Unshipped, "결제완료", "決済完了", "결제완료", "paid"),
			chain(Unshipped, "신규주문", "新規注文", "신규주문", "new, confirmed at the mall"),
			chain(Instructed, "출고대기", "出庫待ち", "출고대기", "awaiting shipment"),
			chain(Done, "운송장출력", "送り状出力", "운송장출력", "label printed"),
			chain(Done, "출고완료", "出庫完了", "출고완료", "shipped"),
			chain(Done, "배송중", "配送中", "배송중", "in delivery"),
			chain(Done, "배송완료", "配送完了", "배송완료", "delivered"),
			chain(Done, "구매결정", "購入決定", "구매결정", "purchase decided"),
			state(Hold, "출고보류", "出庫保留", "출고보류", "shipment on hold"),
			state(Hold, "주문재확인", "注文再確認", "주문재확인", "to be checked again"),
			because(order.HoldClaim, state(Hold, "취소요청", "キャンセル申請", "취소요청", "cancel requested")),
			because(order.HoldClaim, state(Hold, "반품요청", "返品申請", "반품요청", "return requested", "반품교환요청")),
			because(order.HoldClaim, state(Hold, "교환요청", "交換申請", "교환요청", "exchange requested", "맞교환요청")),
			state(Cancelled, "취소완료", "キャンセル完了", "취소완료", "cancelled"),
			state(Cancelled, "반품완료", "返品完了", "반품완료", "returned"),
			state(Done, "교환완료", "交換完了", "교환완료", "exchanged", "맞교환완료"),
		},
	}
}
