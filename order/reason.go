package order

// A Reason is the stated cause why an order, a package or a row stands where it
// stands. Every order that is not on its way has one.
type Reason string

// A Hold is a stated reason why a thing does not move. It ends when its cause is
// repaired, never by time.
type Hold struct {
	Reason Reason
	Detail string // what exactly: the listing, the character, the field and its length
	Field  string // field of the record, or empty
	Value  string // the offending value, or empty
}

// Who must act before a held thing moves on.
type Who string

// Those who act.
const (
	Operator  Who = "operator"
	Engineer  Who = "engineer"
	Mall      Who = "mall"
	Warehouse Who = "warehouse"
	Nobody    Who = "nobody"
)

// A Class sorts reasons by what they mean for the order.
type Class string

// Classes of reasons.
const (
	Held    Class = "held"    // waits for a repair or a person
	Outside Class = "outside" // not ours to ship, now or ever
	Refused Class = "refused" // a row or file that could not be read
)

// Reasons to hold.
const (
	HoldSKU             Reason = "sku_unmapped"
	HoldPayment         Reason = "payment_unmapped"
	HoldDelivery        Reason = "delivery_unmapped"
	HoldTimeBand        Reason = "timeband_unmapped"
	HoldStatus          Reason = "status_unknown"
	HoldMallStatus      Reason = "status_hold"
	HoldMallCheck       Reason = "mall_check"
	HoldAmount          Reason = "amount_open"
	HoldClaim           Reason = "claim_open"
	HoldAddress         Reason = "address_incomplete"
	HoldPostal          Reason = "postal_code"
	HoldPhone           Reason = "phone"
	HoldCharacter       Reason = "character"
	HoldLength          Reason = "too_long"
	HoldRequired        Reason = "field_missing"
	HoldCode            Reason = "code_unmapped"
	HoldQuantity        Reason = "quantity"
	HoldCollect         Reason = "collect_amount"
	HoldWarehouse       Reason = "no_warehouse"
	HoldRule            Reason = "rule"
	HoldPerson          Reason = "person"
	HoldRemark          Reason = "remark"
	HoldNotBefore       Reason = "not_before"
	HoldMergeWait       Reason = "merge_wait"
	HoldMerge           Reason = "merge_impossible"
	HoldDeliveryDate    Reason = "delivery_date"
	HoldChanged         Reason = "changed_after_instruction"
	HoldCancelled       Reason = "cancelled_after_instruction"
	HoldWarehouseRefuse Reason = "warehouse_refused"
	HoldAutoOff         Reason = "auto_instruction_off"
	HoldMaybeSent       Reason = "maybe_sent"
)

// Reasons to hold a report, what the mall is to be told of a parcel.
const (
	ReportManual  Reason = "auto_report_off"
	ReportCarrier Reason = "carrier_unknown_to_mall"
	ReportNumber  Reason = "carrier_number"
	ReportSheet   Reason = "tracking_sheet"
)

// Reasons to leave an order outside.
const (
	OutUnshipped   Reason = "status_unshipped"
	OutDone        Reason = "status_done"
	OutCancelled   Reason = "status_cancelled"
	OutBeforeStart Reason = "before_start"
	OutMallFulfils Reason = "mall_fulfils"
	OutRule        Reason = "rule_outside"
	OutPerson      Reason = "cancelled_by_person"
)

// Reasons to refuse a row or a file.
const (
	RefusedType     Reason = "not_the_type"
	RefusedMissing  Reason = "value_missing"
	RefusedDamaged  Reason = "damaged_by_excel"
	RefusedCharset  Reason = "bad_character"
	RefusedColumns  Reason = "column_count"
	RefusedQuantity Reason = "quantity_not_positive"
	RefusedSibling  Reason = "other_row_refused"
	RefusedConflict Reason = "rows_disagree"
	RefusedUnknown  Reason = "unknown_key"
	RefusedFile     Reason = "file_unreadable"
	RefusedTracking Reason = "tracking_number"
	RefusedGone     Reason = "gone_at_mall"
)

// Info describes one reason for people.
type Info struct {
	Reason Reason
	Class  Class
	Who    Who
	Text   map[string]string // by language: ja, ko, en
	Do     map[string]string // what to do, by language
}

// Reasons lists every reason, in the order in which lists show them.
var Reasons = []Info{
	{
		HoldSKU, Held, Operator,
		texts("SKUが紐付いていません", "SKU가 연결되지 않았습니다", "no SKU is linked to the listing"),
		texts("SKU紐付け表に商品コードを追加してください", "SKU 연결표에 상품코드를 추가하세요", "add the listing to masters/sku-links.csv (sku unmapped lists what is missing)"),
	},
	{
		HoldPayment, Held, Operator,
		texts("支払方法が登録されていません", "결제수단이 등록되지 않았습니다", "the payment method is not in the master"),
		texts("支払方法マスタに追加してください", "결제수단 마스터에 추가하세요", "add it to masters/payments.csv"),
	},
	{
		HoldDelivery, Held, Operator,
		texts("配送サービスが登録されていません", "배송서비스가 등록되지 않았습니다", "the delivery method is not in the master"),
		texts("配送サービスマスタに追加してください", "배송서비스 마스터에 추가하세요", "add it to masters/delivery-services.csv"),
	},
	{
		HoldTimeBand, Held, Operator,
		texts("時間帯が登録されていません", "시간대가 등록되지 않았습니다", "the wished time is not in the master"),
		texts("時間帯マスタに追加してください", "시간대 마스터에 추가하세요", "add it to masters/time-bands.csv"),
	},
	{
		HoldStatus, Held, Engineer,
		texts("未知のステータスです", "알 수 없는 주문상태입니다", "the mall's status is not known"),
		texts("アカウント設定のstatusesに追加してください", "계정 설정의 statuses에 추가하세요", "add the status to the account's statuses"),
	},
	{
		HoldMallStatus, Held, Mall,
		texts("モール側で変更・キャンセルの確認待ちです", "쇼핑몰에서 변경·취소 확인 대기 중입니다", "a change or cancel is pending at the mall"),
		texts("モールの管理画面で処理してください", "쇼핑몰 관리자 화면에서 처리하세요", "settle it in the mall's back office"),
	},
	{
		HoldMallCheck, Held, Mall,
		texts("モールが確認中です", "쇼핑몰이 확인 중입니다", "the mall is still checking the order"),
		texts("モールの確認完了を待ってください", "쇼핑몰의 확인 완료를 기다리세요", "wait until the mall has finished; the next sheet releases it"),
	},
	{
		HoldAmount, Held, Operator,
		texts("金額が未確定です", "금액이 확정되지 않았습니다", "an amount is not fixed yet"),
		texts("モールの管理画面で金額を確定してください", "쇼핑몰 관리자 화면에서 금액을 확정하세요", "fix the amount in the mall's back office"),
	},
	{
		HoldClaim, Held, Operator,
		texts("キャンセル・変更の申請があります", "취소·변경 요청이 있습니다", "a claim is open"),
		texts("モールの管理画面で申請を処理してください", "쇼핑몰 관리자 화면에서 요청을 처리하세요", "settle the claim at the mall"),
	},
	{
		HoldAddress, Held, Operator,
		texts("住所が不完全です", "주소가 불완전합니다", "the address is incomplete"),
		texts("住所を修正してください", "주소를 수정하세요", "correct the address at the mall or by a mended sheet"),
	},
	{
		HoldPostal, Held, Operator,
		texts("郵便番号が正しくありません", "우편번호가 올바르지 않습니다", "the postal code is wrong"),
		texts("郵便番号を修正してください", "우편번호를 수정하세요", "correct the postal code"),
	},
	{
		HoldPhone, Held, Operator,
		texts("電話番号が正しくありません", "전화번호가 올바르지 않습니다", "the phone number is wrong"),
		texts("電話番号を修正してください", "전화번호를 수정하세요", "correct the phone number"),
	},
	{
		HoldCharacter, Held, Operator,
		texts("倉庫ファイルで使えない文字があります", "창고 파일에 쓸 수 없는 문자가 있습니다", "a character cannot be written in the warehouse's charset"),
		texts("倉庫設定のreplacementsに置換を登録するか、文字を修正してください", "창고 설정 replacements에 치환을 등록하거나 문자를 수정하세요", "agree a replacement in the warehouse's replacements, or correct the text"),
	},
	{
		HoldLength, Held, Operator,
		texts("項目が長すぎます", "항목이 너무 깁니다", "a field is too long"),
		texts("項目を短く修正してください", "항목을 짧게 수정하세요", "shorten the field"),
	},
	{
		HoldRequired, Held, Operator,
		texts("必須項目がありません", "필수 항목이 없습니다", "a required field is empty"),
		texts("項目を入力してください", "항목을 입력하세요", "fill the field in"),
	},
	{
		HoldCode, Held, Engineer,
		texts("倉庫のコードに変換できません", "창고 코드로 변환할 수 없습니다", "a value has no code at the warehouse"),
		texts("レイアウトのコード表に追加してください", "양식의 코드표에 추가하세요", "add it to the format's code table"),
	},
	{
		HoldQuantity, Held, Operator,
		texts("数量が正しくありません", "수량이 올바르지 않습니다", "the quantity is not positive"),
		texts("数量を確認してください", "수량을 확인하세요", "check the quantity"),
	},
	{
		HoldCollect, Held, Operator,
		texts("代引金額が一致しません", "착불 금액이 맞지 않습니다", "the amount to collect does not add up"),
		texts("金額を確認してください", "금액을 확인하세요", "check the amounts of the order"),
	},
	{
		HoldWarehouse, Held, Engineer,
		texts("出荷倉庫が決まりません", "출고 창고가 정해지지 않았습니다", "no warehouse takes the order"),
		texts("アカウントのwarehouseかrules.yamlを設定してください", "계정의 warehouse 또는 rules.yaml을 설정하세요", "set the account's warehouse or a route rule"),
	},
	{
		HoldRule, Held, Operator,
		texts("ルールにより保留しました", "규칙에 따라 보류했습니다", "a rule holds it"),
		texts("内容を確認し、解除してください", "내용을 확인하고 해제하세요", "look at it and release it (holds release)"),
	},
	{
		HoldPerson, Held, Operator,
		texts("担当者が保留しました", "담당자가 보류했습니다", "a person holds it"),
		texts("解除してください", "해제하세요", "release it (holds release)"),
	},
	{
		HoldRemark, Held, Operator,
		texts("備考の確認が必要です", "비고 확인이 필요합니다", "the remark must be read by a person"),
		texts("備考を確認し、解除してください", "비고를 확인하고 해제하세요", "read it and release the order (holds release)"),
	},
	{
		HoldNotBefore, Held, Nobody,
		texts("出荷可能日前です", "출고 가능일 전입니다", "it must not ship before a date"),
		texts("日付が来れば自動で進みます", "날짜가 되면 자동으로 진행됩니다", "it moves by itself on that date"),
	},
	{
		HoldMergeWait, Held, Nobody,
		texts("同梱待ちです", "합포장 대기 중입니다", "it waits for orders to merge with"),
		texts("同梱待ち時間が過ぎれば自動で進みます", "합포장 대기 시간이 지나면 자동으로 진행됩니다", "it moves by itself when the merge window ends"),
	},
	{
		HoldMerge, Held, Operator,
		texts("指定された同梱ができません", "지정한 합포장을 할 수 없습니다", "the orders cannot go in one parcel as a person asked"),
		texts("違いをなくすか、同梱の指定を取り消してください", "차이를 없애거나 합포장 지정을 취소하세요", "mend what differs, or take the merge back"),
	},
	{
		HoldDeliveryDate, Held, Operator,
		texts("お届け希望日に間に合いません", "희망 배송일에 맞출 수 없습니다", "the wished delivery date cannot be met"),
		texts("お届け日を確認し、解除してください", "배송일을 확인하고 해제하세요", "agree a new date or release it"),
	},
	{
		HoldChanged, Held, Operator,
		texts("出荷指示後に内容が変わりました", "출고지시 후 내용이 변경되었습니다", "it changed after it was instructed"),
		texts("倉庫に連絡し、結果を記録してください", "창고에 연락하고 결과를 기록하세요", "tell the warehouse, then release with a reason"),
	},
	{
		HoldCancelled, Held, Operator,
		texts("出荷指示後にキャンセルされました", "출고지시 후 취소되었습니다", "it was cancelled after it was instructed"),
		texts("倉庫に出荷停止を依頼してください", "창고에 출고 중지를 요청하세요", "ask the warehouse to stop the parcel"),
	},
	{
		HoldWarehouseRefuse, Held, Operator,
		texts("倉庫が出荷指示を受け付けませんでした", "창고가 출고지시를 거부했습니다", "the warehouse refused the instruction"),
		texts("倉庫の理由を確認してください", "창고의 사유를 확인하세요", "read the warehouse's reason"),
	},
	{
		HoldAutoOff, Held, Operator,
		texts("自動出荷指示がオフです", "자동 출고지시가 꺼져 있습니다", "automatic instruction is off for the account"),
		texts("手動で出荷指示するか、auto_instructionをオンにしてください", "수동으로 출고지시하거나 auto_instruction을 켜세요", "release it, or set auto_instruction: true"),
	},
	{
		HoldMaybeSent, Held, Operator,
		texts("台帳の復元前の受注で、すでに倉庫に送信された可能性があります", "원장 복원 전 주문으로 이미 창고에 전송되었을 수 있습니다", "it was placed before the ledger was restored, and the warehouse may have it already"),
		texts("倉庫に確認し、送信されていなければ保留を解除してください。送信済みなら保留のままにし、モールで発送を登録してください", "창고에 확인하고 전송되지 않았으면 보류를 해제하세요. 전송되었으면 보류로 두고 쇼핑몰에서 발송 처리하세요", "ask the warehouse: release it if it was not sent; if it was, leave it and enter the parcel at the mall"),
	},
	{
		ReportManual, Held, Operator,
		texts("自動発送報告がオフです", "자동 발송처리가 꺼져 있습니다", "automatic reporting is off for the account"),
		texts("reports retryで報告するか、auto_reportをオンにしてください", "reports retry로 보고하거나 auto_report를 켜세요", "send it (reports retry), or set auto_report: true"),
	},
	{
		ReportCarrier, Held, Operator,
		texts("モールに報告できる配送会社がありません", "쇼핑몰에 보고할 수 있는 택배사가 아닙니다", "the mall has no code for the carrier"),
		texts("出荷実績の配送会社を確認してください。モールの文書に対応コードの一覧があります", "출고실적의 택배사를 확인하세요. 쇼핑몰 문서에 코드 목록이 있습니다", "look at the carrier in the warehouse's result; the mall's page lists those it takes. Enter the number in the mall's back office and drop the report (reports drop)"),
	},
	{
		ReportNumber, Held, Warehouse,
		texts("送り状番号がその配送会社のものではありません", "해당 택배사의 송장번호가 아닙니다", "the number cannot be one of the carrier's"),
		texts("倉庫に正しい番号を確認してください。正しければreports retryで送れます", "창고에 올바른 번호를 확인하세요. 맞다면 reports retry로 보냅니다", "ask the warehouse for the right number; if it is right, send it all the same (reports retry)"),
	},
	{
		ReportSheet, Held, Engineer,
		texts("発送報告ファイルに書けません", "발송처리 파일에 쓸 수 없습니다", "it cannot be written into the mall's tracking sheet"),
		texts("理由を見て、注文データか書式の設定を直してください", "사유를 보고 주문 데이터나 양식 설정을 고치세요", "read why, and mend the order's data or the account's report settings"),
	},

	{
		OutUnshipped, Outside, Mall,
		texts("出荷指示対象ステータスの前です（未出荷）", "출고지시 대상 상태 이전입니다(미출고)", "its status is before the target status (unshipped)"),
		texts("モールのステータスが進むのを待ってください", "쇼핑몰의 상태가 진행되기를 기다리세요", "wait for the mall's status; the next sheet takes it"),
	},
	{
		OutDone, Outside, Nobody,
		texts("出荷済み以降のステータスです", "출고 이후 상태입니다", "its status is after the target status"), texts("", "", ""),
	},
	{
		OutCancelled, Outside, Nobody,
		texts("キャンセルされています", "취소된 주문입니다", "it is cancelled"), texts("", "", ""),
	},
	{
		OutBeforeStart, Outside, Nobody,
		texts("取得開始日より前の注文です", "수집 시작일 이전 주문입니다", "it is older than the account's start"),
		texts("必要ならnot_beforeを変更してください", "필요하면 not_before를 변경하세요", "change not_before if it should be taken"),
	},
	{
		OutMallFulfils, Outside, Nobody,
		texts("モールの倉庫が出荷します", "쇼핑몰 창고에서 출고합니다", "the mall's own warehouse ships it"), texts("", "", ""),
	},
	{
		OutRule, Outside, Nobody,
		texts("ルールにより対象外です", "규칙에 따라 대상이 아닙니다", "a rule leaves it outside"), texts("", "", ""),
	},
	{
		OutPerson, Outside, Nobody,
		texts("担当者が出荷を取り消しました", "담당자가 출고를 취소했습니다", "a person cancelled it here"),
		texts("出荷する場合は取り消しを解除してください", "출고하려면 취소를 해제하세요", "take the cancel back if it shall ship"),
	},

	{RefusedType, Refused, Operator, texts("値の形式が違います", "값의 형식이 다릅니다", "the value is not of the column's type"), mend},
	{RefusedMissing, Refused, Operator, texts("必須の値がありません", "필수 값이 없습니다", "a required value is missing"), mend},
	{
		RefusedDamaged, Refused, Operator, texts("Excelで壊れた値です", "Excel에서 손상된 값입니다", "Excel has damaged the value"),
		texts("モールから再ダウンロードし、Excelで保存せずに入れてください", "쇼핑몰에서 다시 내려받아 Excel로 저장하지 말고 넣으세요", "download the sheet again and drop it without saving it in Excel"),
	},
	{RefusedCharset, Refused, Operator, texts("文字コードが違うか、壊れた文字があります", "문자 코드가 다르거나 깨진 문자가 있습니다", "bytes do not fit the charset"), mend},
	{RefusedColumns, Refused, Operator, texts("列数が違います", "열 수가 다릅니다", "the row has another number of columns"), mend},
	{RefusedQuantity, Refused, Operator, texts("数量が1以上ではありません", "수량이 1 이상이 아닙니다", "the quantity is not 1 or more"), mend},
	{RefusedSibling, Refused, Operator, texts("同じ注文の別の行が読めません", "같은 주문의 다른 행을 읽을 수 없습니다", "another row of the same order was refused"), mend},
	{RefusedConflict, Refused, Operator, texts("同じ注文の行が食い違っています", "같은 주문의 행이 서로 다릅니다", "rows of one order disagree"), mend},
	{
		RefusedUnknown, Refused, Warehouse, texts("該当する出荷指示がありません", "해당하는 출고지시가 없습니다", "no instruction has this key"),
		texts("倉庫に管理番号を確認してください", "창고에 관리번호를 확인하세요", "ask the warehouse which order it belongs to"),
	},
	{RefusedFile, Refused, Operator, texts("ファイルを読めません", "파일을 읽을 수 없습니다", "the file cannot be read"), mend},
	{
		RefusedGone, Refused, Mall,
		texts("モールの一覧にある注文を取得できません", "쇼핑몰 목록에 있는 주문을 가져올 수 없습니다", "the mall lists the order and does not give it"),
		texts("モールの管理画面で注文を確認してください", "쇼핑몰 관리자 화면에서 주문을 확인하세요", "look at the order in the mall's back office; if it is there, drop it as a sheet"),
	},
	{RefusedTracking, Refused, Warehouse, texts("送り状番号が正しくありません", "송장번호가 올바르지 않습니다", "the tracking number is wrong"), mend},
}

var mend = texts("理由列を見て直し、もう一度入れてください", "사유 열을 보고 고쳐 다시 넣으세요", "mend the row in the file of refused rows and drop that file again")

func texts(ja, ko, en string) map[string]string {
	return map[string]string{"ja": ja, "ko": ko, "en": en}
}

var reasons = func() map[Reason]*Info {
	m := make(map[Reason]*Info, len(Reasons))
	for i := range Reasons {
		m[Reasons[i].Reason] = &Reasons[i]
	}
	return m
}()

// Info returns the description of r. A reason that is not in [Reasons] describes
// itself by its code.
func (r Reason) Info() Info {
	if in, ok := reasons[r]; ok {
		return *in
	}
	return Info{Reason: r, Class: Held, Who: Operator, Text: texts(string(r), string(r), string(r)), Do: texts("", "", "")}
}

// Text describes r in lang: ja, ko or en.
func (r Reason) Text(lang string) string {
	in := r.Info()
	if s, ok := in.Text[lang]; ok {
		return s
	}
	return in.Text["en"]
}
