package order

import (
	"strconv"
	"strings"
)

// An Alert is a kind of thing that somebody should know of while it lasts. The
// ledger keeps which are open.
type Alert string

// An AlertClass sorts alerts by what they are about.
type AlertClass string

// Classes of alerts.
const (
	Difference AlertClass = "difference" // mall, ledger and warehouse do not say the same
	Overdue    AlertClass = "overdue"    // something that should have come has not
	Coverage   AlertClass = "coverage"   // a span of time that was not read
	Key        AlertClass = "key"        // a key or login that ends, or is refused
	Brake      AlertClass = "brake"      // a run far from usual waits for approval
	Guard      AlertClass = "guard"      // a cancel or change that may not reach the warehouse
	StockLevel AlertClass = "stock"      // stock that runs low
)

// Differences between mall, ledger and warehouse.
const (
	AlertNotHere        Alert = "order_not_here"
	AlertNotAtMall      Alert = "order_not_at_mall"
	AlertShippedAtMall  Alert = "shipped_at_mall"
	AlertContentDiffers Alert = "order_differs"
	AlertTracking       Alert = "tracking_differs"
	AlertCancelShipped  Alert = "cancelled_but_shipped"
	AlertFileDiffers    Alert = "batch_file_differs"
	AlertLinesDiffer    Alert = "batch_lines_differ"
	AlertUnknownResult  Alert = "result_unknown"
)

// What is overdue.
const (
	AlertNoOrders   Alert = "no_orders"
	AlertNoAck      Alert = "no_ack"
	AlertNoResult   Alert = "no_result"
	AlertCutOff     Alert = "cut_off_near"
	AlertStopLate   Alert = "stop_unanswered"
	AlertInDoubt    Alert = "batch_in_doubt"
	AlertWindowGap  Alert = "window_gap"
	AlertWindowLost Alert = "window_lost"
	AlertWindowEnds Alert = "window_ends"
	AlertLate       Alert = "late_arrivals"
	AlertRestored   Alert = "restored"
	AlertStrange    Alert = "file_not_in_ledger"
)

// Keys, brakes, guards, stock.
const (
	AlertKeyEnds    Alert = "key_ends"
	AlertKeyReissue Alert = "key_reissue"
	AlertNextKey    Alert = "next_key_used"
	AlertReauth     Alert = "needs_reauth"
	AlertFunction   Alert = "function_refused"
	AlertMany       Alert = "volume_high"
	AlertNone       Alert = "volume_none"
	AlertRepeat     Alert = "volume_repeat"
	AlertHeld       Alert = "volume_holds"
	AlertUnguarded  Alert = "sent_unasked"
	AlertAsking     Alert = "mall_silent"
	AlertStop       Alert = "cancel_at_risk"
	AlertLowStock   Alert = "low_stock"
	AlertNotices    Alert = "notices_failing"
)

// AlertInfo describes a kind of alert for people.
type AlertInfo struct {
	Alert Alert
	Class AlertClass
	Red   bool // parcels or orders may go wrong if nobody acts; else it is a warning
	Who   Who
	// Text by language: ja, ko, en. {target}, {subject}, {1}, {2} … stand for the
	// values of an alert; {span1}, {span2} … for values that are a length of time.
	Text map[string]string
	Do   map[string]string
}

// Alerts lists every kind, in the order in which lists show them.
var Alerts = []AlertInfo{
	{
		AlertCancelShipped, Difference, true, Operator,
		texts("受注 {subject} はモールでキャンセル済みですが、倉庫が出荷しました(出荷指示 {1})", "주문 {subject}은(는) 쇼핑몰에서 취소되었지만 창고가 출고했습니다(출고지시 {1})", "order {subject} was cancelled at the mall and the warehouse shipped it (instruction {1})"),
		texts("購入者へ連絡し、荷物の回収または受取拒否を手配してください", "구매자에게 연락하고 상품 회수를 준비하세요", "speak to the buyer and have the parcel returned"),
	},
	{
		AlertStop, Guard, true, Warehouse,
		texts("受注 {subject} は出荷指示 {1} の送信後にキャンセル・変更されました。出荷止めの回答待ちです", "주문 {subject}은(는) 출고지시 {1} 전송 후 취소·변경되었습니다. 출고중지 회신을 기다립니다", "order {subject} was cancelled or changed after instruction {1} was sent; the warehouse has not said that it stopped it"),
		texts("倉庫に出荷を止めたか確認してください", "창고에 출고를 중지했는지 확인하세요", "ask the warehouse whether it stopped the parcel"),
	},
	{
		AlertStopLate, Overdue, true, Warehouse,
		texts("出荷指示 {subject} の出荷止め依頼に {1} から回答がありません(期限 {2})", "출고지시 {subject}의 출고중지 요청에 {1}부터 회신이 없습니다(기한 {2})", "the stop request for instruction {subject} of {1} has no answer; it was due at {2}"),
		texts("倉庫に電話で確認してください", "창고에 전화로 확인하세요", "call the warehouse"),
	},
	{
		AlertUnguarded, Guard, true, Operator,
		texts("ファイル {subject} は、モール {1} のキャンセル確認ができないまま送信されました(受注 {2} 件)", "파일 {subject}은(는) 쇼핑몰 {1}의 취소 확인 없이 전송되었습니다(주문 {2}건)", "file {subject} was sent although {1} did not say whether {2} of its orders were cancelled"),
		texts("モールの管理画面でキャンセルの有無を確認し、あれば倉庫に連絡してください", "쇼핑몰 관리자 화면에서 취소 여부를 확인하고 있으면 창고에 연락하세요", "look for cancels in the mall's back office and tell the warehouse of any"),
	},
	{
		AlertAsking, Guard, false, Engineer,
		texts("ファイル {subject} は、{1} が受注の最新状態を返すまで待っています(最長 {2})", "파일 {subject}은(는) {1}이(가) 주문의 최신 상태를 답할 때까지 기다립니다(최대 {2})", "file {subject} waits until {1} says whether its orders were cancelled, at most until {2}"),
		texts("モールの障害情報と接続テスト(account test)を確認してください", "쇼핑몰 장애 공지와 연결 테스트(account test)를 확인하세요", "look at the mall's notices and run account test"),
	},
	{
		AlertInDoubt, Overdue, true, Operator,
		texts("ファイル {subject} が倉庫に届いたか確認できません({1} から)", "파일 {subject}이(가) 창고에 도착했는지 확인할 수 없습니다({1}부터)", "nobody can say whether file {subject} arrived, since {1}"),
		texts("倉庫に受領を確認し、batches resolve で結果を入力してください", "창고에 수신 여부를 확인하고 batches resolve로 입력하세요", "ask the warehouse whether it has the file, then run batches resolve"),
	},
	{
		AlertRestored, Difference, true, Operator,
		texts("台帳がバックアップ({1} 時点)から復元されました。{subject} との照合が終わるまで出荷指示は送信されません:{2}", "원장이 백업({1} 시점)에서 복원되었습니다. {subject}와(과) 대조가 끝날 때까지 출고지시를 전송하지 않습니다: {2}", "the ledger was restored from a copy of {1}; nothing is dropped until {subject} is compared with it: {2}"),
		texts("倉庫・モールの記録と照らし合わせ、restore settle で照合済みとしてください", "창고·쇼핑몰 기록과 대조한 뒤 restore settle로 대조 완료를 입력하세요", "compare with what the warehouse or mall has, then run restore settle"),
	},
	{
		AlertStrange, Difference, true, Operator,
		texts("倉庫の受け渡しフォルダに台帳にないファイル {subject} があります(更新 {1})", "창고 교환 폴더에 원장에 없는 파일 {subject}이(가) 있습니다(갱신 {1})", "the drop holds file {subject} of {1}, of which the restored ledger knows nothing"),
		texts("そのファイルの受注を保留と照らし合わせ、送信済みのものは出荷しないでください", "그 파일의 주문을 보류와 대조하고 이미 전송된 것은 다시 보내지 마세요", "compare its orders with those on hold; what it holds was sent"),
	},
	{
		AlertCutOff, Overdue, true, Operator,
		texts("締切 {1} が近づいていますが、未送信の出荷指示が {2} 件あります", "마감 {1}이 다가오지만 전송되지 않은 출고지시가 {2}건 있습니다", "the cut-off at {1} is near and {2} instructions are not at the warehouse"),
		texts("runs で止まっている処理を確認してください", "runs에서 멈춘 처리를 확인하세요", "look at runs for the stage that is late, and at batches that wait"),
	},
	{
		AlertNoOrders, Overdue, false, Operator,
		texts("{1} から新しい受注がありません(通常はこの時間に約 {2} 件)", "{1}부터 신규 주문이 없습니다(평소 이 시간대 약 {2}건)", "no order has come since {1}; usually there are about {2} by now"),
		texts("モールの管理画面に受注があるか確認してください", "쇼핑몰 관리자 화면에 주문이 있는지 확인하세요", "look whether the mall's back office has orders"),
	},
	{
		AlertNoAck, Overdue, true, Warehouse,
		texts("ファイル {subject} の受領連絡がありません({1} に送信)", "파일 {subject}의 수신 확인이 없습니다({1} 전송)", "file {subject}, sent at {1}, has no ack"),
		texts("倉庫に受領を確認してください", "창고에 수신 여부를 확인하세요", "ask the warehouse whether it took the file"),
	},
	{
		AlertNoResult, Overdue, true, Warehouse,
		texts("ファイル {subject} の出荷指示 {1} 件に出荷実績がありません({2} に送信)", "파일 {subject}의 출고지시 {1}건에 출고실적이 없습니다({2} 전송)", "{1} instructions of file {subject}, sent at {2}, have no result"),
		texts("倉庫に出荷状況を確認してください", "창고에 출고 상황을 확인하세요", "ask the warehouse where they are"),
	},
	{
		AlertNotHere, Difference, true, Operator,
		texts("受注 {subject} がモールにありますが、取り込まれていません({1})", "주문 {subject}이(가) 쇼핑몰에 있지만 수집되지 않았습니다({1})", "the mall has order {subject} and the ledger has not ({1})"),
		texts("次の取得で入ります。続く場合は why で理由を確認してください", "다음 수집에서 들어옵니다. 계속되면 why로 이유를 확인하세요", "it is taken now; if it stays, run why with its number"),
	},
	{
		AlertNotAtMall, Difference, true, Operator,
		texts("受注 {subject} は出荷予定ですが、モールにありません", "주문 {subject}은(는) 출고 예정이지만 쇼핑몰에 없습니다", "order {subject} is to be shipped and the mall does not have it"),
		texts("モールの管理画面でキャンセルされていないか確認してください", "쇼핑몰 관리자 화면에서 취소 여부를 확인하세요", "look in the mall's back office whether it was cancelled"),
	},
	{
		AlertShippedAtMall, Difference, true, Operator,
		texts("受注 {subject} はモールで出荷済み({1})ですが、倉庫の出荷実績がありません", "주문 {subject}은(는) 쇼핑몰에서 발송 처리({1})되었지만 창고 출고실적이 없습니다", "the mall shows order {subject} as {1}, and no warehouse has shipped it"),
		texts("誰が出荷したか確認し、二重出荷を止めてください", "누가 출고했는지 확인하고 이중 출고를 막으세요", "find out who shipped it, and stop the parcel if it would go twice"),
	},
	{
		AlertContentDiffers, Difference, true, Operator,
		texts("受注 {subject} の内容がモールと異なります({1})", "주문 {subject}의 내용이 쇼핑몰과 다릅니다({1})", "order {subject} is not what the mall has ({1})"),
		texts("最新の内容を取り込みました。holds を確認してください", "최신 내용을 수집했습니다. holds를 확인하세요", "the mall's state was taken; look at holds"),
	},
	{
		AlertTracking, Difference, true, Operator,
		texts("受注 {subject} の送り状番号がモールと異なります(モール: {1}、出荷: {2})", "주문 {subject}의 송장번호가 쇼핑몰과 다릅니다(쇼핑몰: {1}, 출고: {2})", "the mall has another tracking number of order {subject} (mall: {1}, shipped: {2})"),
		texts("モールの管理画面で番号を確認し、正しい番号に直してください", "쇼핑몰 관리자 화면에서 번호를 확인하고 바로잡으세요", "look into the mall's back office and correct the number there"),
	},
	{
		AlertFileDiffers, Difference, true, Engineer,
		texts("ファイル {subject} の控えが記録と一致しません({1})", "파일 {subject}의 보관본이 기록과 다릅니다({1})", "our copy of file {subject} is not what was recorded ({1})"),
		texts("outbox をバックアップから復元してください", "outbox를 백업에서 복원하세요", "restore the outbox from a backup"),
	},
	{
		AlertLinesDiffer, Difference, true, Engineer,
		texts("ファイル {subject} の明細数が一致しません(指示 {1}、ファイル {2}、受領 {3})", "파일 {subject}의 행 수가 맞지 않습니다(지시 {1}, 파일 {2}, 수신 {3})", "file {subject} does not balance: {1} lines claimed, {2} in the file, {3} answered"),
		texts("prove で詳細を確認してください", "prove로 자세히 확인하세요", "run prove for the day of the file"),
	},
	{
		AlertUnknownResult, Difference, true, Warehouse,
		texts("倉庫のファイル {subject} に使えない行が {1} 行あります", "창고 파일 {subject}에 사용할 수 없는 행이 {1}행 있습니다", "file {subject} of the warehouse has {1} rows that fit no instruction"),
		texts("rejected の理由を確認し、倉庫に問い合わせてください", "rejected의 사유를 확인하고 창고에 문의하세요", "look at the reasons below rejected/ and ask the warehouse what they are"),
	},
	{
		AlertWindowGap, Coverage, true, Engineer,
		texts("{1} から {2} までの受注が読み取られていません", "{1}부터 {2}까지의 주문을 읽지 못했습니다", "orders between {1} and {2} were not read"),
		texts("画面「取得した期間」か account windows --from --to で読み直してください。続く場合は接続を確認してください", "화면의 '수집한 기간' 또는 account windows --from --to 로 다시 읽으세요. 계속되면 연결을 확인하세요", "have it read again, on the page of windows or with account windows --from --to; if it stays, run account test"),
	},
	{
		AlertWindowLost, Coverage, true, Operator,
		texts("{1} から {2} までの受注は、モールから取得できなくなりました", "{1}부터 {2}까지의 주문은 쇼핑몰에서 더 이상 조회할 수 없습니다", "the mall no longer tells of orders between {1} and {2}"),
		texts("管理画面から受注CSVを取得し、取り込んでください", "관리자 화면에서 주문 파일을 받아 수집하세요", "take the sheet from the mall's back office and ingest it"),
	},
	{
		AlertWindowEnds, Coverage, true, Engineer,
		texts("{1} 以降が未取得です。あと {span2} でモールから取得できなくなります", "{1} 이후를 읽지 못했습니다. {span2} 후 쇼핑몰에서 조회할 수 없게 됩니다", "nothing after {1} was read; in {span2} the mall will no longer tell of it"),
		texts("接続を直してください(account test)", "연결을 복구하세요(account test)", "make the connection work again (account test)"),
	},
	{
		AlertLate, Coverage, false, Nobody,
		texts("{1} 件の受注が、読取済みの期間に後から現れました", "주문 {1}건이 이미 읽은 기간에 늦게 나타났습니다", "{1} orders came late, into windows that had been read"),
		texts("対応は不要です。続く場合はモールの遅延設定を見直してください", "조치가 필요 없습니다. 계속되면 지연 설정을 검토하세요", "nothing; they were taken"),
	},
	{
		AlertReauth, Key, true, Engineer,
		texts("モールが認証を拒否しています({1})", "쇼핑몰이 인증을 거부합니다({1})", "the mall refuses the login ({1})"),
		texts("キーを更新し、account test を実行してください", "키를 갱신하고 account test를 실행하세요", "renew the keys, then run account test"),
	},
	{
		AlertFunction, Key, true, Engineer,
		texts("接続テストの項目 {subject} が失敗しています({1})", "연결 테스트 항목 {subject}이(가) 실패했습니다({1})", "the check {subject} of the account fails ({1})"),
		texts("account test で内容を確認し、モールの管理画面で設定してください", "account test로 내용을 확인하고 쇼핑몰 관리자 화면에서 설정하세요", "run account test: it says what to switch on in the mall's back office"),
	},
	{
		AlertKeyEnds, Key, false, Engineer,
		texts("APIキーの期限まで {1} 日です({2}、{3})", "API 키 만료까지 {1}일 남았습니다({2}, {3})", "the keys end in {1} days, on {2} ({3})"),
		texts("モールで再発行し、account test を実行してください", "쇼핑몰에서 재발급하고 account test를 실행하세요", "have new ones issued at the mall, put them in, and run account test"),
	},
	{
		AlertKeyReissue, Key, false, Engineer,
		texts("APIキーを再発行できます(期限 {1})", "API 키를 재발급할 수 있습니다(만료 {1})", "the mall issues new keys now; these end on {1}"),
		texts("再発行し、新しいキーを api.next に登録してください", "재발급하여 새 키를 api.next에 등록하세요", "have them issued and put the new ones into api.next"),
	},
	{
		AlertNextKey, Key, false, Engineer,
		texts("古いキーが拒否され、次のキーを使っています", "이전 키가 거부되어 다음 키를 사용합니다", "the old keys are refused and the next ones are in use"),
		texts("api.next のキーを api.secrets に移してください", "api.next의 키를 api.secrets로 옮기세요", "move the keys of api.next into api.secrets"),
	},
	{
		AlertMany, Brake, true, Operator,
		texts("ファイル {subject} の出荷指示 {1} 件は通常({2} 件)より大幅に多いです", "파일 {subject}의 출고지시 {1}건은 평소({2}건)보다 매우 많습니다", "file {subject} has {1} instructions, usual are {2}"),
		texts("内容を確認し、batches approve で承認してください", "내용을 확인하고 batches approve로 승인하세요", "look at the file, then run batches approve"),
	},
	{
		AlertNone, Brake, false, Operator,
		texts("通常この時間に約 {1} 件ある出荷指示がありません", "평소 이 시간에 약 {1}건 있던 출고지시가 없습니다", "there is nothing to instruct; usually there are about {1} by now"),
		texts("extract と plan の結果を確認してください", "extract와 plan의 결과를 확인하세요", "look at the runs of extract and plan"),
	},
	{
		AlertRepeat, Brake, true, Operator,
		texts("ファイル {subject} は {1} とほぼ同じ内容です({2} %)", "파일 {subject}은(는) {1}과 거의 같습니다({2}%)", "file {subject} repeats {1}: {2}% of its parcels go to the same people with the same goods"),
		texts("二重取込でないか確認し、batches approve で承認してください", "이중 수집인지 확인하고 batches approve로 승인하세요", "make sure that nothing was taken twice, then run batches approve"),
	},
	{
		AlertHeld, Brake, true, Operator,
		texts("保留の割合が {1} % で、通常({2} %)より高いです", "보류 비율이 {1}%로 평소({2}%)보다 높습니다", "{1}% of the orders are on hold, usual are {2}%"),
		texts("holds を確認し、問題なければ batches approve で承認してください", "holds를 확인하고 문제가 없으면 batches approve로 승인하세요", "look at holds, then run batches approve"),
	},
	{
		AlertNotices, Overdue, false, Engineer,
		texts("通知先 {subject} に送信できません({1} 回失敗: {2})", "알림 채널 {subject}에 보낼 수 없습니다({1}회 실패: {2})", "notices cannot be sent on channel {subject}: {1} failures, the last: {2}"),
		texts("alerts test で確認し、mallbridge.yaml の設定を直してください", "alerts test로 확인하고 mallbridge.yaml 설정을 고치세요", "run alerts test and mend the channel in mallbridge.yaml"),
	},
	{
		AlertLowStock, StockLevel, false, Operator,
		texts("SKU {subject} の在庫が残り {1} です(基準 {2})", "SKU {subject}의 재고가 {1}개 남았습니다(기준 {2})", "{1} of SKU {subject} are left; the notice is set at {2}"),
		texts("補充してください", "보충하세요", "order more of it"),
	},
}

// Info returns the description of a kind; of an unknown one only its code.
func (a Alert) Info() AlertInfo {
	for _, i := range Alerts {
		if i.Alert == a {
			return i
		}
	}
	return AlertInfo{Alert: a, Who: Operator}
}

// Say writes an alert in a language: ja, ko, else English.
func (a Alert) Say(lang, target, subject string, args ...string) string {
	text := a.Info().Text
	said, ok := text[lang]
	if !ok {
		said = text["en"]
	}
	if said == "" {
		return string(a)
	}
	pairs := []string{"{target}", target, "{subject}", subject}
	for i, v := range args {
		n := strconv.Itoa(i + 1)
		pairs = append(pairs, "{"+n+"}", v, "{span"+n+"}", Span(lang, v))
	}
	return Particles(strings.NewReplacer(pairs...).Replace(said))
}
