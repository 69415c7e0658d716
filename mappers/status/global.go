package status

import "github.com/mallbridge/mallbridge/order"

// amazon: fulfillmentStatus of the SP-API Orders API 2026-01-01 with OrderStatus of its
// version 0. The report of unshipped orders has no status: it lists what is to be
// dispatched. An order that was shipped in part is to be shipped for the rest, which
// that report and the API tell by quantity.
func amazon() Table {
	return Table{
		Mall: "amazon", Sureness: Confirmed, Suggest: "UNSHIPPED", Missing: "UNSHIPPED",
		States: []State{
			chain(Unshipped, "PENDING", "保留中（支払い未確定）", "결제 대기", "pending, payment not authorised"),
			chain(Instructed, "UNSHIPPED", "未出荷", "미출고", "unshipped"),
			chain(Done, "SHIPPED", "出荷済み", "출고 완료", "shipped"),
			state(Instructed, "PARTIALLY_SHIPPED", "一部出荷済み", "일부 출고", "shipped in part", "PartiallyShipped"),
			state(Hold, "PENDING_AVAILABILITY", "予約商品（未発売）", "예약 상품", "pre-order, not released yet", "PendingAvailability"),
			state(Hold, "INVOICE_UNCONFIRMED", "請求書未確認", "인보이스 미확인", "invoice unconfirmed", "InvoiceUnconfirmed"),
			state(Cancelled, "CANCELLED", "キャンセル", "취소", "cancelled", "Canceled"),
			state(Outside, "UNFULFILLABLE", "Amazonが出荷できない注文", "아마존 출고 불가", "unfulfillable, shipped by Amazon", "Unfulfillable"),
		},
	}
}

// shopify: OrderDisplayFinancialStatus and OrderDisplayFulfillmentStatus of the Admin
// API, in the small letters of the orders export. The payment decides for orders that
// are not fulfilled. A shop that captures payments when it ships, or collects cash, adds
// targets for those payments: {cod: pending} or {…: authorized}.
func shopify() Table {
	return Table{
		Mall: "shopify", Sureness: Confirmed, Suggest: "paid",
		States: []State{
			state(Unshipped, "pending", "支払い待ち", "결제 대기", "payment pending"),
			state(Unshipped, "authorized", "オーソリ済み", "결제 승인", "payment authorized"),
			state(Unshipped, "partially_paid", "一部支払い済み", "일부 결제", "partially paid"),
			state(Instructed, "paid", "支払い済み", "결제 완료", "paid"),
			state(Done, "fulfilled", "発送済み", "출고 완료", "fulfilled"),
			state(Hold, "partially_refunded", "一部返金済み", "일부 환불", "partially refunded"),
			state(Hold, "on_hold", "フルフィルメント保留", "출고 보류", "fulfillment on hold"),
			state(Hold, "scheduled", "発送予約済み", "출고 예약", "scheduled"),
			state(Hold, "request_declined", "フルフィルメント依頼却下", "출고 요청 거절", "fulfillment request declined"),
			state(Hold, "in_progress", "フルフィルメント処理中", "출고 처리 중", "fulfillment in progress elsewhere"),
			state(Cancelled, "refunded", "返金済み", "환불 완료", "refunded"),
			state(Cancelled, "voided", "無効", "결제 무효", "voided"),
			state(Cancelled, "expired", "オーソリ期限切れ", "승인 만료", "authorization expired"),
			state(Cancelled, "restocked", "在庫戻し済み", "재입고", "restocked"),
			state(Cancelled, "cancelled", "キャンセル", "취소", "cancelled"),
			// The API tells them; the export does not.
			state(Outside, "test", "テスト注文", "테스트 주문", "test order"),
			state(Outside, "no_shipping", "配送するものなし（店舗受取など）", "배송할 것 없음(매장 수령 등)", "nothing to ship (pick-up, local delivery, digital goods)"),
		},
	}
}

// ebay: orderPaymentStatus of the Fulfillment API, and FULFILLED of its
// orderFulfillmentStatus. The orders report tells them by its dates: an order without
// Paid On Date has no status and waits for payment. A cancel goes before both, and what
// is no parcel (fulfillmentInstructionsType) before the payment.
func ebay() Table {
	return Table{
		Mall: "ebay", Sureness: Confirmed, Suggest: "PAID", Missing: "PENDING",
		States: []State{
			chain(Unshipped, "PENDING", "支払い待ち", "결제 대기", "awaiting payment"),
			chain(Instructed, "PAID", "支払い済み", "결제 완료", "paid"),
			chain(Done, "FULFILLED", "発送済み", "출고 완료", "shipped"),
			state(Unshipped, "FAILED", "支払い失敗", "결제 실패", "payment failed"),
			state(Hold, "PARTIALLY_REFUNDED", "一部返金済み", "일부 환불", "partially refunded"),
			state(Hold, "PREPARE_FOR_PICKUP", "店頭受取", "매장 수령", "picked up at a shop"),
			state(Outside, "DIGITAL", "デジタル商品", "디지털 상품", "digital goods"),
			because(order.HoldClaim, state(Hold, "CANCEL_REQUESTED", "キャンセル申請中", "취소 요청", "cancel requested")),
			state(Cancelled, "FULLY_REFUNDED", "全額返金済み", "전액 환불", "fully refunded"),
			state(Cancelled, "CANCELED", "キャンセル", "취소", "cancelled"),
		},
	}
}

// yahoo: OrderStatus of the order file of Store Creator Pro, the number of the order API
// of Yahoo! Shopping, which serves stores of Yahoo! Auctions too. What was paid and
// shipped stands in other columns, which the format joins to it: 2/unpaid, 2/shipped.
// A store that is paid by its own bank account tells it by PayStatus only; without that
// column it is not known whether such an order was paid.
func yahoo(mall string) Table {
	return Table{
		Mall: mall, Sureness: Confirmed, Suggest: "2",
		States: []State{
			chain(Unshipped, "0", "未入力", "미입력", "not entered"),
			chain(Unshipped, "1", "予約中", "예약 중", "reserved"),
			chain(Instructed, "2", "処理中", "처리 중", "in progress"),
			chain(Done, "5", "完了", "완료", "completed"),
			state(Unshipped, "2/unpaid", "処理中・入金待ち", "처리 중·입금 대기", "in progress, awaiting payment"),
			state(Unshipped, "2/not_allowed", "処理中・出荷不可", "처리 중·출고 불가", "in progress, shipping not allowed yet"),
			state(Done, "2/shipped", "処理中・出荷済み", "처리 중·출고 완료", "in progress, shipped"),
			state(Hold, "2/payment_unknown", "処理中・入金状況不明", "처리 중·입금 확인 불가", "in progress, not known whether it was paid"),
			state(Hold, "2/payment_failed", "処理中・決済エラー", "처리 중·결제 오류", "in progress, payment failed or refunded"),
			state(Hold, "3", "保留", "보류", "on hold"),
			state(Hold, "8", "同意待ち", "동의 대기", "awaiting agreement"),
			state(Cancelled, "4", "キャンセル", "취소", "cancelled"),
			state(Cancelled, "2/split", "分割元の注文", "분할된 원 주문", "split into two orders"),
		},
	}
}

// shopserve has no states that are public: the names that a store's own template writes
// into 受注状態 are for its account to list. A sheet without that column holds what the
// store chose to download, so that an empty status is to be shipped.
func shopserve() Table {
	return Table{
		Mall: "shopserve", Sureness: Inferred, Suggest: "exported", Missing: "exported",
		States: []State{
			chain(Instructed, "exported", "出力済み（状態の列なし）", "내보냄(상태 열 없음)", "exported, no column for the status"),
			chain(Done, "shipped", "出荷済み", "출고 완료", "shipped", "出荷済", "発送済", "発送済み"),
			state(Unshipped, "unpaid", "入金待ち", "입금 대기", "awaiting payment", "未入金"),
			state(Cancelled, "cancelled", "キャンセル", "취소", "cancelled"),
		},
	}
}
