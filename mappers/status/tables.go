package status

import (
	"slices"

	"github.com/mallbridge/mallbridge/order"
)

// Builtin returns the table of a mall, or false for a mall whose statuses each
// account must list.
func Builtin(mall string) (Table, bool) {
	switch mall {
	case "rakuten":
		return rakuten(), true
	case "smartstore":
		return smartstore(), true
	case "coupang":
		return coupang(), true
	case "elevenst":
		return elevenst(), true
	case "yahoo-shopping", "yahoo-auction":
		return yahoo(mall), true
	case "amazon":
		return amazon(), true
	case "shopify":
		return shopify(), true
	case "ebay":
		return ebay(), true
	case "shopserve":
		return shopserve(), true
	case "next-engine":
		return nextEngine(), true
	case "goq", "tempostar":
		return exported(mall), true
	case "sabangnet":
		return sabangnet(), true
	case "ezadmin":
		return ezadmin(), true
	case "playauto":
		return playauto(), true
	case "plain":
		return plain(), true
	}
	return Table{}, false
}

// Malls lists the malls that [Builtin] knows.
func Malls() []string {
	return []string{
		"rakuten", "yahoo-shopping", "yahoo-auction", "amazon", "shopserve", "shopify", "ebay",
		"smartstore", "coupang", "elevenst",
		"next-engine", "goq", "tempostar", "sabangnet", "ezadmin", "playauto",
		"plain",
	}
}

func state(class Class, code, ja, ko, en string, aliases ...string) State {
	return State{
		Code: code, Class: class, Aliases: slices.Clip(aliases),
		Name: map[string]string{"ja": ja, "ko": ko, "en": en},
	}
}

func chain(class Class, code, ja, ko, en string, aliases ...string) State {
	s := state(class, code, ja, ko, en, aliases...)
	s.Chain = true
	return s
}

func because(r order.Reason, s State) State {
	s.Reason = r
	return s
}

// rakuten follows orderProgress of the RMS order API; the order CSV carries the
// same numbers in ステータス. サブステータス is the shop's own text and decides
// only where an account lists "300/保留" among its statuses.
func rakuten() Table {
	return Table{
		Mall: "rakuten", Sureness: Confirmed, Suggest: "300",
		States: []State{
			chain(Unshipped, "100", "注文確認待ち", "주문 확인 대기", "awaiting order confirmation"),
			chain(Unshipped, "200", "楽天処理中", "라쿠텐 처리 중", "Rakuten processing"),
			chain(Instructed, "300", "発送待ち", "발송 대기", "awaiting shipment"),
			chain(Done, "500", "発送済", "발송 완료", "shipped", "発送済み"),
			chain(Done, "600", "支払手続き中", "지급 처리 중", "payment procedure under way"),
			chain(Done, "700", "支払手続き済", "지급 처리 완료", "payment procedure finished", "支払手続き済み"),
			state(Hold, "400", "変更確定待ち", "변경 확정 대기", "change awaiting settlement"),
			state(Hold, "800", "キャンセル確定待ち", "취소 확정 대기", "cancel awaiting settlement"),
			state(Cancelled, "900", "キャンセル確定", "취소 확정", "cancelled"),
		},
	}
}

// smartstore: 주문상태 and 주문세부상태 of the 발주발송관리 sheet, and the raw values of
// the seller centre's grid and of the Commerce API (productOrderStatus,
// placeOrderStatus, claimStatus). The Korean texts of the sheet are inferred.
func smartstore() Table {
	return Table{
		Mall: "smartstore", Sureness: Inferred, Suggest: "발주확인", Refine: true,
		States: []State{
			chain(Unshipped, "결제대기", "入金待ち", "입금대기", "awaiting payment", "PAYMENT_WAITING"),
			chain(Unshipped, "신규주문", "新規注文（発注未確認）", "발주 미확인", "new, order not confirmed",
				"신규주문(발주 전)", "신규주문(발주전)", "발주전", "발주확인 전", "결제완료", "PAYED", "NOT_YET", "PLACE_ORDER_WAITING",
				"PAYED/NOT_YET"),
			chain(Instructed, "발주확인", "発注確認済み・発送待ち", "발송대기", "order confirmed, awaiting dispatch",
				"발주 확인 완료", "신규주문(발주 후)", "신규주문(발주후)", "발주후", "배송준비", "배송준비중", "WAITING_DISPATCH", "PLACE_ORDER",
				"OK", "PAYED/OK", "결제완료/발주확인", "WAITING_DISPATCH/PLACE_ORDER"),
			chain(Done, "배송중", "配送中", "배송중", "in delivery", "발송처리", "발송완료", "DELIVERING", "DISPATCHED"),
			chain(Done, "배송완료", "配送完了", "배송완료", "delivered", "DELIVERED"),
			chain(Done, "구매확정", "購入確定", "구매확정", "purchase decided", "PURCHASE_DECIDED"),
			because(order.HoldClaim, state(Hold, "취소요청", "キャンセル申請", "취소요청", "cancel requested",
				"취소처리중", "취소중", "CANCEL_REQUEST", "CANCELING", "ADMIN_CANCELING")),
			because(order.HoldClaim, state(Hold, "교환요청", "交換申請", "교환요청", "exchange requested",
				"EXCHANGE_REQUEST", "교환수거중", "교환재배송중", "EXCHANGE_REDELIVERING")),
			because(order.HoldClaim, state(Hold, "반품요청", "返品申請", "반품요청", "return requested",
				"RETURN_REQUEST", "반품수거중", "COLLECTING", "수거중", "수거완료", "COLLECT_DONE")),
			state(Hold, "발송지연", "発送遅延", "발송지연", "dispatch delayed", "DELAYED", "DELAYED_DISPATCH"),
			state(Cancelled, "취소완료", "キャンセル完了", "취소완료", "cancelled",
				"취소", "주문취소", "직권취소", "미결제취소", "CANCELED", "CANCEL_DONE", "ADMIN_CANCEL_DONE", "CANCELED_BY_NOPAYMENT"),
			state(Cancelled, "반품완료", "返品完了", "반품완료", "returned", "반품", "RETURNED", "RETURN_DONE"),
			state(Done, "교환완료", "交換完了", "교환완료", "exchanged", "교환", "EXCHANGED", "EXCHANGE_DONE"),
		},
	}
}

// coupang: status of the WING ordersheets API. The DeliveryList sheet has no
// status column; it is exported from the 상품준비중 list, so an empty status
// stands for that.
func coupang() Table {
	return Table{
		Mall: "coupang", Sureness: Confirmed, Suggest: "INSTRUCT", Missing: "INSTRUCT",
		States: []State{
			chain(Unshipped, "ACCEPT", "決済完了", "결제완료", "paid"),
			chain(Instructed, "INSTRUCT", "商品準備中", "상품준비중", "being prepared"),
			chain(Done, "DEPARTURE", "配送指示", "배송지시", "dispatched"),
			chain(Done, "DELIVERING", "配送中", "배송중", "in delivery"),
			chain(Done, "FINAL_DELIVERY", "配送完了", "배송완료", "delivered"),
			state(Done, "NONE_TRACKING", "業者直接配送", "업체 직접 배송", "delivered by the seller, no tracking"),
			because(order.HoldClaim, state(Hold, "RELEASE_STOP_UNCHECKED", "出荷停止依頼", "출고중지요청", "stop-shipment request")),
			state(Cancelled, "CANCEL", "キャンセル", "취소", "cancelled", "CANCELLED", "취소완료", "결제취소"),
		},
	}
}

// elevenst: ordPrdStat and ordPrdStatNm of the 11st Open API (states of the seller
// guide, claimservice/orderlistall). The sheet 발송준비중내역 is the list of orders that
// wait for dispatch, so that an empty status stands for that. Which texts its
// 주문상태 has is inferred, as are the texts of claims, for which the guide has one
// state (601).
func elevenst() Table {
	return Table{
		Mall: "elevenst", Sureness: Inferred, Suggest: "301", Missing: "301",
		States: []State{
			chain(Unshipped, "101", "注文完了", "주문완료", "ordered"),
			chain(Unshipped, "102", "入金待ち", "입금대기", "awaiting payment", "입금대기중"),
			chain(Unshipped, "103", "予約待ち", "예약대기", "reservation waiting"),
			chain(Unshipped, "200", "配送先入力待ち（ギフト）", "배송지입력대기", "gift, awaiting the address"),
			chain(Unshipped, "201", "予約決済完了", "예약결제완료", "reservation paid"),
			chain(Unshipped, "202", "決済完了", "결제완료", "paid"),
			chain(Instructed, "301", "配送準備中", "배송준비중", "confirmed, being prepared", "발주확인", "발송준비중"),
			chain(Done, "401", "配送中", "배송중", "in delivery", "발송완료"),
			chain(Done, "501", "配送完了", "배송완료", "delivered"),
			chain(Done, "901", "購入確定", "구매확정", "purchase decided", "수취확인"),
			because(order.HoldClaim, state(Hold, "601", "クレーム進行中", "클레임진행중", "claim under way")),
			because(order.HoldClaim, state(Hold, "701", "キャンセル処理中", "취소처리중", "cancel under way",
				"취소신청", "취소요청", "취소진행중")),
			because(order.HoldClaim, state(Hold, "교환신청", "交換申請", "교환신청", "exchange requested", "교환요청", "교환진행중")),
			because(order.HoldClaim, state(Hold, "반품신청", "返品申請", "반품신청", "return requested", "반품요청", "반품진행중")),
			state(Hold, "801", "再承認待ち", "재승인대기중", "awaiting another approval"),
			state(Cancelled, "A01", "返品完了", "반품완료", "returned"),
			state(Cancelled, "B01", "注文キャンセル", "주문취소", "cancelled", "취소완료"),
			state(Cancelled, "C01", "受取確認後のキャンセル", "수취확인후주문취소", "cancelled after purchase decision"),
			state(Done, "교환완료", "交換完了", "교환완료", "exchanged"),
		},
	}
}

// plain is the table of the sheet for orders entered by hand. A row without a
// status is meant to be shipped.
func plain() Table {
	return Table{
		Mall: "plain", Sureness: Confirmed, Suggest: "ready", Missing: "ready",
		States: []State{
			chain(Unshipped, "new", "新規", "신규", "new", "未確認"),
			chain(Instructed, "ready", "出荷待ち", "출고대기", "ready to ship", "出荷指示", "출고지시", "ok"),
			chain(Done, "shipped", "出荷済み", "출고완료", "shipped", "出荷済", "done"),
			because(order.HoldPerson, state(Hold, "hold", "保留", "보류", "on hold")),
			state(Cancelled, "cancelled", "キャンセル", "취소", "cancelled", "canceled", "cancel", "取消"),
		},
	}
}
