package console

import (
	"regexp"
	"strings"

	"github.com/mallbridge/mallbridge/order"
)

// hints are what to do about reasons and alerts whose own remedy names a command: where
// it is done on the pages. Texts of the pages stand in brackets.
var hints = map[string][3]string{
	string(order.HoldSKU):             {"link the listing to its SKU at [Links]", "[Links]で商品コードをSKUに紐付けてください", "[Links]에서 상품코드를 SKU에 연결하세요"},
	string(order.HoldPayment):         {"add it to the table at [payments]", "[payments]に追加してください", "[payments]에 추가하세요"},
	string(order.HoldDelivery):        {"add it to the table at [delivery-services]", "[delivery-services]に追加してください", "[delivery-services]에 추가하세요"},
	string(order.HoldTimeBand):        {"add it to the table at [time-bands]", "[time-bands]に追加してください", "[time-bands]에 추가하세요"},
	string(order.HoldRule):            {"look at it and press [Release]", "内容を確認し、[Release]を押してください", "내용을 확인하고 [Release]을(를) 누르세요"},
	string(order.HoldPerson):          {"press [Release]", "[Release]を押してください", "[Release]을(를) 누르세요"},
	string(order.HoldRemark):          {"read it and press [Release]", "備考を確認し、[Release]を押してください", "비고를 확인하고 [Release]을(를) 누르세요"},
	string(order.ReportManual):        {"press [Send it again], or set auto_report: true", "[Send it again]を押すか、auto_reportをオンにしてください", "[Send it again]을(를) 누르거나 auto_report를 켜세요"},
	string(order.ReportCarrier):       {"look at the carrier in the warehouse's result; the mall's page lists those it takes. Enter the number in the mall's back office and press [Do not tell the mall]", "出荷実績の配送会社を確認してください。モールの管理画面で番号を登録し、[Do not tell the mall]を押します", "출고실적의 택배사를 확인하세요. 쇼핑몰 관리자 화면에 번호를 등록하고 [Do not tell the mall]을(를) 누르세요"},
	string(order.ReportNumber):        {"ask the warehouse for the right number; if it is right, press [Send it again]", "倉庫に正しい番号を確認してください。この番号で正しければ[Send it again]を押します", "창고에 올바른 번호를 확인하세요. 이 번호가 맞다면 [Send it again]을(를) 누르세요"},
	string(order.AlertAsking):         {"look at the mall's notices and press [Test the connection] at [Accounts]", "モールの障害情報を確認し、[Accounts]の画面で[Test the connection]を押してください", "쇼핑몰 장애 공지를 확인하고 [Accounts] 화면에서 [Test the connection]을(를) 누르세요"},
	string(order.AlertInDoubt):        {"ask the warehouse whether it has the file, then press [The warehouse has it] or [It has not: send it once more]", "倉庫に受領を確認し、[The warehouse has it]か[It has not: send it once more]を押してください", "창고에 수신 여부를 확인하고 [The warehouse has it] 또는 [It has not: send it once more]을(를) 누르세요"},
	string(order.AlertCutOff):         {"look at [Runs] for the stage that is late, and at [Files] for those that wait", "[Runs]で止まっている処理を、[Files]で承認待ちのファイルを確認してください", "[Runs]에서 멈춘 처리를, [Files]에서 승인 대기 파일을 확인하세요"},
	string(order.AlertNotHere):        {"it is taken now; if it stays, look for its number at [Orders]", "次の取得で入ります。続く場合は[Orders]で番号を検索してください", "다음 수집에서 들어옵니다. 계속되면 [Orders]에서 번호를 검색하세요"},
	string(order.AlertContentDiffers): {"the mall's state was taken; look at [Holds]", "最新の内容を取り込みました。[Holds]を確認してください", "최신 내용을 수집했습니다. [Holds]을(를) 확인하세요"},
	string(order.AlertWindowGap):      {"press [Read again] at [Windows that were read]; if it stays, press [Test the connection] at [Accounts]", "[Windows that were read]の画面で[Read again]を押してください。続く場合は[Accounts]の画面で[Test the connection]を押してください", "[Windows that were read] 화면에서 [Read again]을(를) 누르세요. 계속되면 [Accounts] 화면에서 [Test the connection]을(를) 누르세요"},
	string(order.AlertWindowEnds):     {"make the connection work again: [Test the connection] at [Accounts] says what is wrong", "接続を直してください。[Accounts]の画面の[Test the connection]で原因が分かります", "연결을 복구하세요. [Accounts] 화면의 [Test the connection](으)로 원인을 알 수 있습니다"},
	string(order.AlertReauth):         {"have the keys renewed, then press [Test the connection] at [Accounts]", "キーを更新し、[Accounts]の画面で[Test the connection]を押してください", "키를 갱신하고 [Accounts] 화면에서 [Test the connection]을(를) 누르세요"},
	string(order.AlertFunction):       {"press [Test the connection] at [Accounts]: it says what to switch on in the mall's back office", "[Accounts]の画面で[Test the connection]を押すと、モールの管理画面で有効にする機能が分かります", "[Accounts] 화면에서 [Test the connection]을(를) 누르면 쇼핑몰 관리자 화면에서 켤 기능을 알 수 있습니다"},
	string(order.AlertKeyEnds):        {"have new ones issued at the mall and put in, then press [Test the connection] at [Accounts]", "モールで再発行して差し替え、[Accounts]の画面で[Test the connection]を押してください", "쇼핑몰에서 재발급하여 바꾸고 [Accounts] 화면에서 [Test the connection]을(를) 누르세요"},
	string(order.AlertMany):           {"look at the file, then press [Approve]", "内容を確認し、[Approve]を押してください", "내용을 확인하고 [Approve]을(를) 누르세요"},
	string(order.AlertNone):           {"look at the latest of extract and plan at [Runs]", "[Runs]で取得と計画の結果を確認してください", "[Runs]에서 수집과 계획의 결과를 확인하세요"},
	string(order.AlertRepeat):         {"make sure that nothing was taken twice, then press [Approve]", "二重取込でないか確認し、[Approve]を押してください", "이중 수집인지 확인하고 [Approve]을(를) 누르세요"},
	string(order.AlertHeld):           {"look at [Holds]; if they are right, press [Approve] at the file", "[Holds]を確認し、問題なければファイルの画面で[Approve]を押してください", "[Holds]을(를) 확인하고 문제가 없으면 파일 화면에서 [Approve]을(를) 누르세요"},
}

var shownName = regexp.MustCompile(`\[([^\]]+)\]`)

// here is a remedy as it is done on the pages: do, which is that of a reason or an alert,
// with its command replaced.
func here(lang, code, do string) string {
	h, ok := hints[code]
	if !ok {
		return do
	}
	own := order.Reason(code).Info().Do[lang]
	if own == "" {
		own = order.Alert(code).Info().Do[lang]
	}
	at := map[string]int{"ja": 1, "ko": 2}[lang]
	named := shownName.ReplaceAllStringFunc(h[at], func(name string) string { return quoted(lang, say(lang, name[1:len(name)-1])) })
	if lang == "ko" {
		named = order.Particles(named)
	}
	return strings.Replace(do, own, named, 1)
}

// quoted sets off the name of a page or a button.
func quoted(lang, name string) string {
	switch lang {
	case "ja", "ko":
		return "「" + name + "」"
	}
	return "[" + name + "]"
}
