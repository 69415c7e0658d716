package configs

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/width"

	"github.com/mallbridge/mallbridge/mappers/status"
	"github.com/mallbridge/mallbridge/order"
)

// Explain writes what a workspace will do, for people: what runs when, for each
// account which of the mall's statuses count as unshipped, instructed or
// outside by payment method, the warehouses with their cut-offs, and the
// masters. lang is ja, ko or en. A workspace with findings is explained as far
// as it was read.
func Explain(w io.Writer, ws *Workspace, lang string) error {
	e := &explainer{w: bufio.NewWriter(w), ws: ws, lang: lang}
	e.workspace()
	e.schedules()
	for _, a := range ws.Accounts {
		e.account(a)
	}
	for _, h := range ws.Warehouses {
		e.warehouse(h)
	}
	e.masters()
	e.rules()
	return e.w.Flush()
}

type explainer struct {
	w    *bufio.Writer
	ws   *Workspace
	lang string
}

// say returns a phrase of explainTexts in the reader's language.
func (e *explainer) say(key string) string {
	t := explainTexts[key]
	switch e.lang {
	case "ja":
		return t[0]
	case "ko":
		return t[1]
	}
	return t[2]
}

func (e *explainer) line(format string, args ...any) { fmt.Fprintf(e.w, format+"\n", args...) }

// item writes one indented line: a label, then what it is. Empty values are left
// out.
func (e *explainer) item(key, value string) {
	if value != "" {
		e.line("  %s%s", pad(e.say(key)+":", 22), value)
	}
}

func (e *explainer) workspace() {
	s := e.ws.Settings
	e.line("%s %s", e.say("workspace"), e.ws.Dir)
	e.item("timezone", s.Timezone)
	e.item("ledger", s.Ledger)
	e.item("folders", strings.Join([]string{s.Inbox, s.Archive, s.Outbox, s.Uploads, s.Done, s.Rejected}, ", "))
	e.item("configuration", e.ws.Hash[:min(12, len(e.ws.Hash))])
}

func (e *explainer) schedules() {
	e.line("")
	e.line("%s", e.say("serve"))
	var rows [][]string
	for _, a := range e.ws.Accounts {
		if !a.Enabled {
			continue
		}
		extract := a.Schedules.Extract
		if !a.AutoOrderIntake {
			extract = Schedule{Off: true}
		}
		rows = append(rows, []string{"extract", a.Name, e.when(extract)}, []string{"plan", a.Name, e.when(a.Schedules.Plan)},
			[]string{"report", a.Name, e.when(a.Schedules.Report)}, []string{"reconcile", a.Name, e.when(a.Schedules.Reconcile)})
		if a.UsesAPI() {
			stock := e.when(a.Schedules.Stock)
			if !a.AutoStockSync {
				stock = e.say("off") + " (" + e.say("stock_off") + ")"
			}
			rows = append(rows, []string{"stock", a.Name, stock}, []string{"catalog", a.Name, e.when(a.Schedules.Catalog)})
		}
	}
	for _, h := range e.ws.Warehouses {
		if h.Enabled {
			rows = append(rows, []string{"instruct", h.Name, e.when(h.Schedules.Instruct)}, []string{"collect", h.Name, e.when(h.Schedules.Collect)}, []string{"watch", h.Name, e.when(h.Schedules.Watch)})
		}
	}
	rows = append(rows, []string{"purge", "", e.when(e.ws.Settings.Schedules.Purge)})
	slices.SortStableFunc(rows, func(a, b []string) int { return stageRank(a[0]) - stageRank(b[0]) })
	e.table("  ", rows)
}

func stageRank(stage string) int {
	return slices.Index([]string{"extract", "plan", "instruct", "collect", "report", "stock", "catalog", "watch", "reconcile", "purge"}, stage)
}

func (e *explainer) when(s Schedule) string {
	switch {
	case s.Off:
		return e.say("off")
	case s.Every > 0:
		return fmt.Sprintf(e.say("every"), e.span(Duration(s.Every)))
	}
	return s.String()
}

func (e *explainer) account(a *Account) {
	e.line("")
	mall, _ := LookupMall(a.Mall)
	title := mall.Title[e.lang]
	if title == "" {
		title = mall.Title["en"]
	}
	e.line("%s %s  %s  %s%s", e.say("account"), a.Name, a.Title, title, e.disabled(a.Enabled))
	e.item("place", strings.Join([]string{a.Country, a.Currency, a.Timezone}, ", "))
	e.item("reads", fmt.Sprintf("%s (%s)", a.Intake.Folder, strings.Join(a.Intake.Formats, ", ")))
	e.item("reports", e.reports(a))
	e.item("complete", e.complete(a.Intake.DoneMark, a.Intake.Looks))
	e.item("since", e.since(a))
	e.item("automatic", e.automatic(a))
	e.item("sku_from", strings.Join(a.SKUFrom, " → "))
	e.item("route", a.Warehouse)
	e.item("remarks", e.say("remarks_"+a.Remarks.Hold))
	e.item("merge", e.merge(a.Merge))
	e.item("retention", e.retention(a.Retention.PersonalData))
	for _, action := range []string{FlagHold, FlagOutside, FlagTake} {
		e.item("flags_"+action, strings.Join(flagsWith(a, action), ", "))
	}
	if a.Status != nil {
		e.statuses(a)
	}
}

func (e *explainer) retention(d Duration) string {
	if d == 0 {
		return e.say("for_ever")
	}
	return fmt.Sprintf(e.say("after_end"), e.span(d))
}

func (e *explainer) span(d Duration) string { return order.Span(e.lang, d.String()) }

func (e *explainer) disabled(enabled bool) string {
	if enabled {
		return ""
	}
	return "  [" + e.say("disabled") + "]"
}

func (e *explainer) complete(mark string, looks int) string {
	if mark != "" {
		return fmt.Sprintf(e.say("by_mark"), mark)
	}
	return fmt.Sprintf(e.say("by_looks"), looks)
}

func (e *explainer) since(a *Account) string {
	since := e.say("first_run")
	if a.NotBefore != "" {
		since = string(a.NotBefore)
	}
	if a.LookbackDays > 0 {
		since += ", " + fmt.Sprintf(e.say("lookback"), a.LookbackDays)
	}
	return since
}

func (e *explainer) automatic(a *Account) string {
	var parts []string
	for _, p := range []struct {
		key string
		on  bool
	}{{"intake", a.AutoOrderIntake}, {"confirmation", a.AutoConfirmation}, {"instruction", a.AutoInstruction}, {"reporting", a.AutoReport}, {"stock_sync", a.AutoStockSync}} {
		state := e.say("off")
		if p.on {
			state = e.say("on")
		}
		parts = append(parts, e.say(p.key)+" "+state)
	}
	return strings.Join(parts, ", ")
}

// reports says how the mall is told of parcels: by what, when, and which.
func (e *explainer) reports(a *Account) string {
	by, rule := a.Report.Format, a.ShipRule()
	if a.TellsByAPI() {
		by = "API"
	}
	which := "parcels_" + a.Report.Parcels
	if a.Report.Parcels == ParcelsEach {
		switch {
		case rule.Most == 1:
			which = "parcels_all"
		case rule.ByLine:
			which = "parcels_lines"
		}
	}
	text := e.say(which)
	if strings.Contains(text, "%d") {
		text = fmt.Sprintf(text, rule.Most)
	}
	return by + ", " + e.say("when_"+a.Report.When) + "; " + text
}

func (e *explainer) merge(m Merge) string {
	switch {
	case m.Never:
		return e.say("merge_never")
	case m.Within > 0:
		return fmt.Sprintf(e.say("merge_within"), e.span(m.Within))
	}
	return e.say("merge_now")
}

func flagsWith(a *Account, action string) []string {
	var out []string
	for _, d := range flagDefaults {
		if a.FlagAction(d.flag) == action {
			out = append(out, d.flag)
		}
	}
	return out
}

// statuses writes a table with a row for each status of the mall and a column
// for each payment method that the account names.
func (e *explainer) statuses(a *Account) {
	all := a.Status.Explain()
	head := []string{e.say("status"), e.say("default")}
	for _, x := range all[1:] {
		head = append(head, x.Payment)
	}
	rows := [][]string{head}
	for _, s := range statesOf(all[0]) {
		row := []string{stateLabel(s, e.lang)}
		for _, x := range all {
			row = append(row, e.say("class_"+classIn(x, s.Code)))
		}
		rows = append(rows, row)
	}
	missing := []string{e.say("no_status")}
	for range all {
		missing = append(missing, e.say("without_"+a.WithoutStatus))
	}
	rows = append(rows, missing)
	e.line("")
	e.table("    ", rows)
}

func statesOf(x status.Explanation) []status.State {
	return slices.Concat(x.Unshipped, x.Instructed, x.Held, x.Outside)
}

func stateLabel(s status.State, lang string) string {
	if label := s.Label(lang); label != s.Code {
		return s.Code + " " + label
	}
	return s.Code
}

func classIn(x status.Explanation, code string) string {
	has := func(list []status.State) bool {
		return slices.ContainsFunc(list, func(s status.State) bool { return s.Code == code })
	}
	switch {
	case has(x.Unshipped):
		return "unshipped"
	case has(x.Instructed):
		return "instructed"
	case has(x.Held):
		return "hold"
	}
	return "outside"
}

func (e *explainer) warehouse(h *Warehouse) {
	e.line("")
	e.line("%s %s  %s%s", e.say("warehouse"), h.Name, h.Title, e.disabled(h.Enabled))
	e.item("place", strings.Join([]string{h.Country, h.Timezone}, ", "))
	e.item("drop", dropText(h.Drop))
	e.item("instructions", h.Instructions.Format+" → "+folderText(h.Instructions.Folder))
	for _, kind := range slices.Sorted(maps.Keys(h.Pickups())) {
		pk := h.Pickups()[kind]
		e.item(kind, fmt.Sprintf("%s ← %s, %s", pk.Format, folderText(pk.Folder)+pk.Pattern, e.complete(pk.DoneMark, pk.Looks)))
	}
	if h.Stops != nil {
		e.item("stops", h.Stops.Format+" → "+folderText(h.Stops.Folder))
	}
	e.item("approval", e.say("approval_"+h.Instructions.Approval))
	e.item("works", e.calendar(h))
	e.item("cut_offs", e.cutOffs(h))
	e.item("temperatures", e.temperatures(h))
}

func dropText(d Drop) string {
	if d.Kind == "sftp" {
		return fmt.Sprintf("sftp://%s@%s:%d/%s", d.User, d.Host, d.Port, strings.TrimPrefix(d.Root, "/"))
	}
	return d.Root
}

func folderText(folder string) string { return strings.TrimSuffix(folder, "/") + "/" }

func (e *explainer) calendar(h *Warehouse) string {
	text := joinAny(h.Calendar.WorkingDays)
	if h.Days == nil {
		return text
	}
	if until := h.Days.KnownUntil(); until != "" {
		text += "; " + fmt.Sprintf(e.say("holidays"), strings.Join(h.Calendar.Holidays, ", "), until)
	} else {
		text += "; " + e.say("no_holidays")
	}
	if h.Calendar.LeadDays > 0 {
		text += "; " + fmt.Sprintf(e.say("lead"), h.Calendar.LeadDays)
	}
	return text
}

func (e *explainer) cutOffs(h *Warehouse) string {
	text := joinAny(h.Calendar.CutOffs)
	if text == "" {
		text = e.say("all_day")
	}
	for d := range time.Weekday(7) {
		if times, ok := h.Calendar.CutOffsOn[Weekday(d).String()]; ok {
			text += fmt.Sprintf("; %s %s", Weekday(d), joinAny(times))
		}
	}
	return text
}

func (e *explainer) temperatures(h *Warehouse) string {
	parts := make([]string, len(h.Temperatures))
	for i, t := range h.Temperatures {
		parts[i] = string(t)
	}
	text := strings.Join(parts, ", ")
	if h.Split.Temperature && len(parts) > 1 {
		text += "; " + e.say("split")
	}
	return text
}

func joinAny[T fmt.Stringer](list []T) string {
	parts := make([]string, len(list))
	for i, v := range list {
		parts[i] = v.String()
	}
	return strings.Join(parts, ", ")
}

func (e *explainer) masters() {
	e.line("")
	e.line("%s", e.say("masters"))
	var rows [][]string
	for _, m := range e.ws.Tables {
		if m.File == "" {
			rows = append(rows, []string{m.Name, e.say("none"), ""})
			continue
		}
		rows = append(rows, []string{m.Name, m.File, fmt.Sprintf(e.say("rows"), m.Rows)})
	}
	e.table("  ", rows)
}

func (e *explainer) rules() {
	e.line("")
	if e.ws.Rules == nil || len(e.ws.Rules.Rules()) == 0 {
		e.line("%s  %s", e.say("rules"), e.say("none"))
		return
	}
	e.line("%s  "+e.say("cases"), e.say("rules"), e.ws.RuleCases)
	var rows [][]string
	for i, r := range e.ws.Rules.Rules() {
		rows = append(rows, []string{fmt.Sprintf("%d.", i+1), r.Name, string(r.Effect), r.When})
	}
	e.table("  ", rows)
}

// table aligns columns by the width that terminals give to letters.
func (e *explainer) table(indent string, rows [][]string) {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], cells(cell))
		}
	}
	for _, row := range rows {
		var b strings.Builder
		for i, cell := range row {
			b.WriteString(pad(cell, widths[i]+2))
		}
		e.line("%s%s", indent, strings.TrimRight(b.String(), " "))
	}
}

func pad(s string, n int) string { return s + strings.Repeat(" ", max(n-cells(s), 1)) }

// cells counts the columns of a terminal that a text takes.
func cells(s string) int {
	n := 0
	for _, r := range s {
		switch width.LookupRune(r).Kind() {
		case width.EastAsianWide, width.EastAsianFullwidth:
			n += 2
		default:
			n++
		}
	}
	return n
}

// explainTexts are the phrases of Explain: Japanese, Korean, English.
var explainTexts = map[string][3]string{
	"workspace":            {"ワークスペース", "작업공간", "Workspace"},
	"timezone":             {"タイムゾーン", "시간대", "time zone"},
	"ledger":               {"台帳", "원장", "ledger"},
	"folders":              {"フォルダ", "폴더", "folders"},
	"configuration":        {"設定の識別値", "설정 식별값", "configuration"},
	"serve":                {"serveで動く処理", "serve에서 실행되는 작업", "What serve runs"},
	"off":                  {"オフ", "꺼짐", "off"},
	"on":                   {"オン", "켜짐", "on"},
	"every":                {"%sごと", "%s마다", "every %s"},
	"account":              {"店舗アカウント", "스토어 계정", "Account"},
	"disabled":             {"無効", "사용 안 함", "not enabled"},
	"place":                {"国・時刻", "국가·시각", "place"},
	"reads":                {"読み込み元", "읽는 곳", "reads"},
	"reports":              {"発送報告ファイル", "발송처리 파일", "reports by"},
	"complete":             {"完了の判定", "완료 판정", "a file is complete"},
	"by_mark":              {"完了マーク %s", "완료 표시 %s", "with its done mark %s"},
	"by_looks":             {"%d回続けて同じサイズ", "%d회 연속 같은 크기", "after %d equal looks"},
	"since":                {"取得開始", "수집 시작", "orders from"},
	"first_run":            {"最初に実行した日", "처음 실행한 날", "the day of the first run"},
	"lookback":             {"過去%d日まで", "과거 %d일까지", "at most %d days back"},
	"automatic":            {"自動処理", "자동 처리", "automatic"},
	"intake":               {"取込", "수집", "intake"},
	"confirmation":         {"受注確認", "발주확인", "confirmation"},
	"instruction":          {"出荷指示", "출고지시", "instruction"},
	"reporting":            {"発送報告", "발송처리", "reports"},
	"when_shipped":         {"出荷日に報告", "출고일에 보고", "told on the day of shipment"},
	"when_labelled":        {"送り状番号が分かり次第報告", "송장번호가 나오는 대로 보고", "told as soon as there is a number"},
	"when_accepted":        {"倉庫が受け付けて番号が分かり次第報告", "창고가 접수하고 번호가 나오면 보고", "told once the warehouse has accepted the parcel and there is a number"},
	"parcels_each":         {"荷物ごとの番号、送付先ごとに%d件まで", "상자마다 번호, 배송지마다 %d개까지", "the number of each parcel, at most %d for a package"},
	"parcels_lines":        {"荷物ごとの番号、送付先ごとに%d件まで、明細ごとに1件", "상자마다 번호, 배송지마다 %d개까지, 상품 한 줄에 하나", "the number of each parcel, at most %d for a package and one for a line"},
	"parcels_all":          {"すべて出荷後、最初の荷物の番号のみ", "모두 출고된 뒤 첫 상자의 번호만", "the number of the first parcel, once all of the package have shipped"},
	"parcels_first":        {"最初の荷物の番号のみ", "첫 상자의 번호만", "the number of the first parcel"},
	"stock_sync":           {"在庫連携", "재고연동", "stock"},
	"stock_off":            {"auto_stock_sync が false", "auto_stock_sync가 false", "auto_stock_sync is false"},
	"sku_from":             {"SKUの決め方", "SKU 결정", "SKU from"},
	"route":                {"出荷倉庫", "출고 창고", "warehouse"},
	"remarks":              {"備考", "비고", "remarks"},
	"remarks_true":         {"担当者が読むまで保留", "담당자가 읽을 때까지 보류", "held until a person has read them"},
	"remarks_false":        {"保留しない", "보류하지 않음", "not held"},
	"remarks_unless_known": {"既知の文以外は保留", "등록된 문구 외에는 보류", "held unless known"},
	"retention":            {"個人情報", "개인정보", "personal data"},
	"for_ever":             {"消去しない", "삭제하지 않음", "never removed"},
	"after_end":            {"完了から%s後に消去", "완료 %s 후 삭제", "removed %s after the order's end"},
	"merge":                {"同梱", "합포장", "merging"},
	"merge_never":          {"しない", "하지 않음", "never"},
	"merge_within":         {"%s待って同梱", "%s 기다려 합포장", "waits %s for the same recipient"},
	"merge_now":            {"同時に計画した注文のみ", "동시에 계획된 주문만", "what is planned together"},
	"flags_hold":           {"保留する印", "보류하는 표시", "flags held"},
	"flags_outside":        {"対象外の印", "대상 외 표시", "flags outside"},
	"flags_take":           {"通す印", "통과하는 표시", "flags taken"},
	"status":               {"ステータス", "상태", "status"},
	"default":              {"既定", "기본", "default"},
	"no_status":            {"（ステータスなし）", "(상태 없음)", "(no status)"},
	"without_take":         {"出荷指示", "출고지시", "instructed"},
	"without_hold":         {"保留", "보류", "held"},
	"class_unshipped":      {"未出荷", "미출고", "unshipped"},
	"class_instructed":     {"出荷指示", "출고지시", "instructed"},
	"class_hold":           {"保留", "보류", "held"},
	"class_outside":        {"対象外", "대상 외", "outside"},
	"warehouse":            {"倉庫", "창고", "Warehouse"},
	"drop":                 {"連携フォルダ", "연계폴더", "drop"},
	"instructions":         {"出荷指示", "출고지시", "instructions"},
	"results":              {"出荷実績", "출고실적", "results"},
	"acks":                 {"受付結果", "접수결과", "acks"},
	"stock":                {"在庫", "재고", "stock"},
	"stops":                {"出荷停止依頼", "출고중지 요청", "stop requests"},
	"approval":             {"承認", "승인", "approval"},
	"approval_never":       {"不要", "불필요", "never"},
	"approval_always":      {"毎回必要", "매번 필요", "each file, by a person"},
	"works":                {"稼働日", "영업일", "works"},
	"holidays":             {"休日 %s（%sまで登録済み）", "휴일 %s(%s까지 등록)", "holidays %s, known until %s"},
	"no_holidays":          {"休日の登録なし", "휴일 등록 없음", "no holidays"},
	"lead":                 {"出荷まで%d営業日", "출고까지 %d영업일", "%d working days to ship"},
	"cut_offs":             {"締め時刻", "마감 시각", "cut-offs"},
	"all_day":              {"なし（終日）", "없음(종일)", "none, all day"},
	"temperatures":         {"温度帯", "온도대", "temperatures"},
	"split":                {"温度帯ごとに分割", "온도대별 분할", "split by class"},
	"masters":              {"マスタ", "마스터", "Masters"},
	"none":                 {"なし", "없음", "none"},
	"rules":                {"ルール", "규칙", "Rules"},
	"cases":                {"テストケース%d件", "테스트 케이스 %d건", "%d cases"},
	"rows":                 {"%d行", "%d행", "%d rows"},
}
