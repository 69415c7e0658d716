package console

import (
	"regexp"
	"strings"
	"sync"

	"github.com/mallbridge/mallbridge/internal/phrase"
)

// refusals are what pages say when they do not do what a form asks, and what to do about
// it: English, Japanese, Korean. %s stands for any text, which comes back as $1, $2.
var refusals = [][3]string{
	{`"%s" is no character`, "「$1」は文字ではありません", "「$1」은(는) 문자가 아닙니다"},
	{"%s does not run on %s", "$1は$2では実行できません", "$1은(는) $2에서 실행할 수 없습니다"},
	{"%s has no connector", "$1はAPIに対応していません", "$1은(는) API를 지원하지 않습니다"},
	{`%s has no setting "%s"`, "$1に設定「$2」はありません", "$1에 설정 「$2」이(가) 없습니다"},
	{`%s has no status "%s"`, "$1にステータス「$2」はありません", "$1에 상태 「$2」이(가) 없습니다"},
	{"%s is not asked by API", "$1はAPIで取得していません", "$1은(는) API로 수집하지 않습니다"},
	{"%s needs no consent", "$1に同意の手続きは不要です", "$1에는 동의 절차가 필요 없습니다"},
	{`no account "?%s"? takes orders`, "注文を受け付けるアカウント$1はありません", "주문을 받는 계정 $1이(가) 없습니다"},
	{"no account %s", "アカウント$1はありません", "계정 $1이(가) 없습니다"},
	{"%s has no order %s", "$1に注文$2はありません", "$1에 주문 $2이(가) 없습니다"},
	{"look at its number", "注文番号を確認してください", "주문번호를 확인하세요"},
	{"a merge needs a reason", "同梱には理由が必要です", "합포장에는 사유가 필요합니다"},
	{"name another order", "別の注文を指定してください", "다른 주문을 지정하세요"},
	{"a parcel of one order is no merge", "1件の注文だけでは同梱になりません", "주문 한 건만으로는 합포장이 아닙니다"},
	{"only orders of one account go in one parcel", "同梱できるのは同じ店舗アカウントの注文だけです", "같은 스토어 계정의 주문만 합포장할 수 있습니다"},
	{"order %s is outside", "注文$1は対象外です", "주문 $1은(는) 대상 외입니다"},
	{"it needs a reason", "理由が必要です", "사유가 필요합니다"},
	{"nobody asked for one parcel with other orders", "同梱は指定されていません", "합포장이 지정되지 않았습니다"},
	{"no order %s", "注文$1はありません", "주문 $1이(가) 없습니다"},
	{"no mall %s", "モール$1はありません", "쇼핑몰 $1이(가) 없습니다"},
	{"no warehouse %s", "倉庫$1はありません", "창고 $1이(가) 없습니다"},
	{"there is no run %s", "実行$1はありません", "실행 $1이(가) 없습니다"},
	{"there is no report %s", "報告$1はありません", "보고 $1이(가) 없습니다"},
	{"list them with runs; one that found nothing to do is not kept", "runs で一覧できます。何もすることがなかった実行は保存されません", "runs 로 볼 수 있습니다. 할 일이 없던 실행은 보관하지 않습니다"},
	{"begin again on the page of the account, in the same browser", "アカウントの画面から、同じブラウザでやり直してください", "계정 화면에서 같은 브라우저로 다시 시작하세요"},
	{"no second factor is being set up", "設定中の二段階認証はありません", "설정 중인 2단계 인증이 없습니다"},
	{"choose fewer jobs", "ジョブを減らしてください", "작업을 줄여 선택하세요"},
	{`"%s" is no day`, "「$1」は日付ではありません", "「$1」은(는) 날짜가 아닙니다"},
	{"write it as 2026-11-30T09:00", "2026-11-30T09:00 の形で書いてください", "2026-11-30T09:00 형식으로 쓰세요"},
	{"write it as 2026-11-30", "2026-11-30 の形で書いてください", "2026-11-30 형식으로 쓰세요"},
	{`"%s" is no time`, "「$1」は日時ではありません", "「$1」은(는) 일시가 아닙니다"},
	{"%s is no enabled account that is asked by API", "$1はAPIで取得している有効なアカウントではありません", "$1은(는) API로 수집하는 사용 중인 계정이 아닙니다"},
	{"only what comes by API is read by spans of time", "期間で読み直せるのはAPIで取得するものだけです", "기간으로 다시 읽을 수 있는 것은 API로 수집하는 것뿐입니다"},
	{"the span must end after it begins", "終了は開始より後にしてください", "끝은 시작보다 뒤여야 합니다"},
	{"31 days at most, of the past", "過去の期間を最大31日で指定してください", "과거 기간을 최대 31일로 지정하세요"},
	{"the mall tells of the last %s days only", "モールが返すのは直近$1日分だけです", "쇼핑몰은 최근 $1일분만 알려 줍니다"},
	{"take the sheet from the mall's back office and give it to ingest, or upload it", "管理画面から注文ファイルを取得し、アップロードしてください", "관리자 화면에서 주문 파일을 받아 업로드하세요"},
	{"no such stage: %s", "処理$1はありません", "처리 $1이(가) 없습니다"},
	{"no such split: %s", "荷物分け$1はありません", "분할 $1이(가) 없습니다"},
	{"no such role: %s", "権限$1はありません", "권한 $1이(가) 없습니다"},
	{"no row of %s was refused", "$1に読めない行はありません", "$1에 읽을 수 없는 행이 없습니다"},
	{"say whether the warehouse has it", "倉庫に届いているかどうかを選んでください", "창고에 있는지 선택하세요"},
	{"there is no master %s", "マスタ$1はありません", "마스터 $1이(가) 없습니다"},
	{"%sthere is no such order", "$1注文がありません", "$1주문이 없습니다"},
	{"%sthere is no such order, or its personal data is gone", "$1注文がないか、個人情報が削除されています", "$1주문이 없거나 개인정보가 삭제되었습니다"},
	{"there is no such page", "ページがありません", "페이지가 없습니다"},
	{"this is no search", "検索条件ではありません", "검색 조건이 아닙니다"},
	{"ask somebody who administers the users", "利用者の管理者に依頼してください", "사용자 관리자에게 요청하세요"},
	{"this needs the role %s", "権限「$1」が必要です", "권한 「$1」이(가) 필요합니다"},
	{"begin again and use the newest link", "最初からやり直し、新しいリンクを使ってください", "처음부터 다시 하고 새 링크를 사용하세요"},
	{"this is the answer to another consent", "別の同意手続きの結果です", "다른 동의 절차의 결과입니다"},
	{"begin again", "最初からやり直してください", "처음부터 다시 하세요"},
	{"no consent was asked for", "同意の手続きが始まっていません", "동의 절차가 시작되지 않았습니다"},
	{"change a field first", "項目を変更してください", "항목을 변경하세요"},
	{"%snothing was changed", "$1変更はありません", "$1변경된 내용이 없습니다"},
	{"choose a CSV or Excel file", "CSVまたはExcelファイルを選んでください", "CSV 또는 Excel 파일을 선택하세요"},
	{"no file came", "ファイルがありません", "파일이 없습니다"},
	{"choose one of the list", "一覧から選んでください", "목록에서 선택하세요"},
	{"the master has no delivery service %s", "マスタに配送サービス$1がありません", "마스터에 배송 서비스 $1이(가) 없습니다"},
	{"correct it at the mall, and tell the warehouse", "モールで修正し、倉庫に連絡してください", "쇼핑몰에서 수정하고 창고에 연락하세요"},
	{"give it a short name", "短い名前を付けてください", "짧은 이름을 붙이세요"},
	{"the search has no name", "検索の名前がありません", "검색 이름이 없습니다"},
	{"it is built in the next run", "次の処理で作成されます", "다음 처리에서 작성됩니다"},
	{"%s is not built yet", "$1はまだ作成されていません", "$1은(는) 아직 작성되지 않았습니다"},
	{"it is written in the next run", "次の処理で書き出されます", "다음 처리에서 작성됩니다"},
	{"%s is not written yet", "$1はまだ書き出されていません", "$1은(는) 아직 작성되지 않았습니다"},
	{"it may have been put away", "移動または削除された可能性があります", "이동되었거나 삭제되었을 수 있습니다"},
	{"%s is not there any more", "$1はもうありません", "$1은(는) 더 이상 없습니다"},
	{"its page says why", "注文のページで理由を確認してください", "주문 페이지에서 사유를 확인하세요"},
	{"%sthe order is outside", "$1対象外の注文です", "$1대상 외 주문입니다"},
	{"let another admin do it", "ほかの管理者に依頼してください", "다른 관리자에게 요청하세요"},
	{"nobody shuts out themselves", "自分自身は停止できません", "자기 자신은 정지할 수 없습니다"},
	{"look at it again", "もう一度内容を確認してください", "내용을 다시 확인하세요"},
	{"the file was built again since you looked at it", "確認後にファイルが作り直されました", "확인한 뒤 파일이 다시 작성되었습니다"},
	{"look at the app again; its clock must be right", "アプリをもう一度確認してください。時計が正しい必要があります", "앱을 다시 확인하세요. 시계가 맞아야 합니다"},
	{"this is not the code", "コードが違います", "코드가 다릅니다"},
	{"look for less", "検索する文字を短くしてください", "검색어를 짧게 하세요"},
	{"the text is too long", "文字が長すぎます", "문자가 너무 깁니다"},
	{"mend the rows and upload the table again", "行を修正して、もう一度アップロードしてください", "행을 고쳐서 다시 업로드하세요"},
	{"%s has errors; nothing was taken", "$1に誤りがあるため、取り込みませんでした", "$1에 오류가 있어 가져오지 않았습니다"},
	{"put it into the watch folder instead", "監視フォルダに入れてください", "감시 폴더에 넣으세요"},
	{"the file has more than %s MiB", "ファイルが$1MiBを超えています", "파일이 $1MiB를 넘습니다"},
	{"remove it first", "先に解除してください", "먼저 해제하세요"},
	{"there is a second factor already", "二段階認証はすでに設定されています", "2단계 인증이 이미 설정되어 있습니다"},
	{"shorten it", "短くしてください", "짧게 하세요"},
	{"sign in again", "もう一度ログインしてください", "다시 로그인하세요"},
	{"nobody is about to sign in", "ログインの途中ではありません", "로그인 중이 아닙니다"},
	{"somebody else may have approved it", "ほかの人が承認した可能性があります", "다른 사람이 승인했을 수 있습니다"},
	{"nothing of %s waits", "$1に承認待ちはありません", "$1에 승인 대기가 없습니다"},
	{"speak to the warehouse; a cancel at the mall makes a stop request", "倉庫に連絡してください。モールでキャンセルすると出荷停止を依頼します", "창고에 연락하세요. 쇼핑몰에서 취소하면 출고 중지를 요청합니다"},
	{"%sthe order is in a file for the warehouse already", "$1すでに倉庫へのファイルに入っています", "$1이미 창고 파일에 들어 있습니다"},
	{"take another name", "別の名前にしてください", "다른 이름을 쓰세요"},
	{"there is an account %s", "アカウント$1はすでにあります", "계정 $1이(가) 이미 있습니다"},
	{"take or drop one of them first", "先に待っているものを取り込むか取り消してください", "먼저 대기 중인 것을 가져오거나 취소하세요"},
	{"%s uploads wait already", "確認待ちのアップロードが$1件あります", "확인 대기 업로드가 $1건 있습니다"},
	{"the audit trail keeps it", "操作履歴に残ります", "작업 이력에 남습니다"},
	{"%s is too long", "$1が長すぎます", "$1이(가) 너무 깁니다"},
	{"%sa correction needs a reason", "$1修正の理由を入力してください", "$1수정 사유를 입력하세요"},
	{"%sa wish needs a reason", "$1指定の理由を入力してください", "$1지정 사유를 입력하세요"},
	{"say why", "理由を入力してください", "사유를 입력하세요"},
	{"the order's page says what to repair", "注文のページで直す点を確認してください", "주문 페이지에서 고칠 점을 확인하세요"},
	{"order %s has no reason that can be released", "注文$1に解除できる理由はありません", "주문 $1에 해제할 수 있는 사유가 없습니다"},
	{"tick the orders first", "注文を選択してください", "주문을 선택하세요"},
	{"no order was chosen", "注文が選択されていません", "선택된 주문이 없습니다"},
	{"type the password with which you sign in", "ログインに使うパスワードを入力してください", "로그인에 쓰는 비밀번호를 입력하세요"},
	{"the password is wrong", "パスワードが違います", "비밀번호가 다릅니다"},
	{"upload it again", "もう一度アップロードしてください", "다시 업로드하세요"},
	{"the upload is not there any more", "アップロードはもうありません", "업로드가 더 이상 없습니다"},
	{"use letters a-z, digits and hyphens", "英小文字・数字・ハイフンで入力してください", "영소문자·숫자·하이픈으로 입력하세요"},
	{`"%s" cannot be a name`, "「$1」は名前に使えません", "「$1」은(는) 이름으로 쓸 수 없습니다"},
	{"use letters, digits, dot, hyphen and underscore, 40 at most", "文字・数字・ドット・ハイフン・下線で40文字以内にしてください", "문자·숫자·점·하이픈·밑줄로 40자 이내로 하세요"},
	{`"%s" is no name of a user`, "「$1」は利用者名に使えません", "「$1」은(는) 사용자 이름으로 쓸 수 없습니다"},
	{"nothing was changed", "変更は保存されていません", "변경되지 않았습니다"},
	{"use the form of the page", "ページのフォームを使ってください", "페이지의 양식을 사용하세요"},
	{"use viewer, operator or admin", "viewer・operator・adminから選んでください", "viewer·operator·admin 중에서 선택하세요"},
	{"wait a minute", "1分お待ちください", "1분 기다리세요"},
	{"too many attempts", "試行回数が多すぎます", "시도가 너무 많습니다"},
	{"write a day, 2026-11-01", "日付は2026-11-01の形で入力してください", "날짜는 2026-11-01 형식으로 입력하세요"},
	{`"%s" is no day`, "「$1」は日付ではありません", "「$1」은(는) 날짜가 아닙니다"},
	{"write the address that is registered at the mall", "モールに登録したアドレスを入力してください", "쇼핑몰에 등록한 주소를 입력하세요"},
	{`"%s" is no address of a page`, "「$1」はページのアドレスではありません", "「$1」은(는) 페이지 주소가 아닙니다"},
	{"write the warehouse's code", "倉庫のコードを入力してください", "창고 코드를 입력하세요"},
	{"the SKU is empty", "SKUが空です", "SKU가 비어 있습니다"},
	{"write what the warehouse shall get", "倉庫に渡す文字を入力してください", "창고에 전달할 문자를 입력하세요"},
	{"no replacement for %s", "$1の置換後の文字がありません", "$1을(를) 바꿀 문자가 없습니다"},
	{"the link was used or has ended", "リンクは使用済みか期限切れです", "링크가 이미 사용되었거나 만료되었습니다"},
	{"ask for a new link", "新しいリンクを依頼してください", "새 링크를 요청하세요"},
	{"%s needs a repair, not a release", "「$1」は解除ではなく修正が必要です", "「$1」은(는) 해제가 아니라 수정이 필요합니다"},
	{"something went wrong; the program's log says what", "エラーが発生しました。詳細はプログラムのログにあります", "오류가 발생했습니다. 자세한 내용은 프로그램 로그에 있습니다"},
}

type refusal struct {
	re *regexp.Regexp
	to [2]string
}

var compiledRefusals = sync.OnceValue(func() []refusal {
	var out []refusal
	for _, r := range refusals {
		var b strings.Builder
		for i, part := range strings.Split(r[0], "%s") {
			if i > 0 {
				b.WriteString("(.*?)")
			}
			b.WriteString(strings.ReplaceAll(regexp.QuoteMeta(part), `"\?`, `"?`))
		}
		out = append(out, refusal{regexp.MustCompile("^(?s:" + b.String() + ")$"), [2]string{braced(r[1]), braced(r[2])}})
	}
	return out
})

var dollar = regexp.MustCompile(`\$(\d)`)

// braced ends the numbers of $1: a letter may follow.
func braced(to string) string { return dollar.ReplaceAllString(to, `$${${1}}`) }

// sayRefusal puts an error or a hint into the reader's language.
func sayRefusal(lang, text string) string {
	at := map[string]int{"ja": 0, "ko": 1}
	i, ok := at[lang]
	if !ok {
		return text
	}
	for _, r := range compiledRefusals() {
		if r.re.MatchString(text) {
			return phrase.Say(lang, r.re.ReplaceAllString(text, r.to[i]))
		}
	}
	lines := strings.Split(text, "\n")
	for n, line := range lines {
		switch m := found.FindStringSubmatch(line); {
		case m != nil:
			lines[n] = phrase.Say(lang, m[1]) + m[2] + phrase.Finding(lang, m[3])
		case strings.HasPrefix(line, foundHint):
			lines[n] = "→ " + phrase.Finding(lang, strings.TrimPrefix(line, foundHint))
		default:
			lines[n] = phrase.Say(lang, line)
		}
	}
	return strings.Join(lines, "\n")
}

// found is what a check of the workspace found, in an error that says so.
var found = regexp.MustCompile(`^((?:the workspace has \d+ errors: )?)([a-z][^ :]*\.(?:yaml|csv|xlsx|xls)(?::\d+){0,2}: )(.+)$`)

const foundHint = "\thint: "
