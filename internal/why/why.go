// Package why answers why an order has not shipped: where it stands, for which
// reasons, since when, and who must act.
package why

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/mallbridge/mallbridge/internal/phrase"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

// An Answer says where an order stands, why, and who must act.
type Answer struct {
	Account      string           `json:"account"`
	Order        string           `json:"order"`
	State        string           `json:"state"` // refused, seen, held, outside, planned, recheck, instructed, refused by the warehouse, shipped
	Status       string           `json:"mall_status,omitempty"`
	Reasons      []Cause          `json:"reasons"`
	Wish         string           `json:"wish,omitempty"` // of a person, against masters and rules
	Seen         string           `json:"seen,omitempty"`
	Purged       string           `json:"purged,omitempty"` // since when its personal data is gone
	File         string           `json:"file,omitempty"`
	Row          int64            `json:"row,omitempty"`
	Instructions []Place          `json:"instructions,omitempty"`
	Reports      []Told           `json:"reports,omitempty"`
	Timeline     []string         `json:"timeline,omitempty"`
	Refusals     []ledger.Refusal `json:"refusals,omitempty"`
}

// A Cause is one reason, in the reader's language.
type Cause struct {
	Code   order.Reason `json:"code"`
	Text   string       `json:"text"`
	Detail string       `json:"detail,omitempty"`
	Since  string       `json:"since,omitempty"`
	Who    order.Who    `json:"who"`
	Do     string       `json:"do,omitempty"`
}

// A Place is an instruction of an order, and how far it has come.
type Place struct {
	Number    string   `json:"number"`
	Warehouse string   `json:"warehouse"`
	State     string   `json:"state"`
	ShipOn    string   `json:"ship_on"`
	Batch     string   `json:"batch,omitempty"`
	File      string   `json:"file,omitempty"`
	Delivered string   `json:"delivered,omitempty"`
	Tracking  []string `json:"tracking,omitempty"`
}

// Told is what the mall was told of a parcel, and whether it shows it.
type Told struct {
	Package  string `json:"package"`
	Carrier  string `json:"carrier"`
	Tracking string `json:"tracking"`
	State    string `json:"state"`
	Since    string `json:"since"`
	Text     string `json:"text"` // in the reader's language
	Tries    int64  `json:"tries,omitempty"`
}

// Of answers for the orders of that number, of every account unless one is named,
// in lang (ja, ko, en). An order that was never seen is an error with code
// not found.
func Of(ctx context.Context, env *stage.Env, number, account, lang string) ([]Answer, error) {
	rows, err := env.Ledger.OrdersByNumber(ctx, number, account)
	if err != nil {
		return nil, err
	}
	refused, err := env.Ledger.RefusalsOf(ctx, number, 0)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 && len(refused) == 0 {
		return nil, order.Errorf(order.NotFound, "check the number, and whether its sheet was dropped (files)", "no order %s was ever seen", number)
	}
	var out []Answer
	taken := map[string]int64{} // by account: the file from which the order was read last
	for i := range rows {
		w, err := answer(ctx, env, &rows[i], lang)
		if err != nil {
			return nil, err
		}
		taken[rows[i].Account] = rows[i].FileID
		out = append(out, w)
	}
	return append(out, refusals(env, number, account, refused, taken, lang)...), nil
}

// refusals answers for the accounts whose last sheet with this order was refused.
// What was mended since is no longer a reason.
func refusals(env *stage.Env, number, account string, refused []ledger.Refusal, taken map[string]int64, lang string) []Answer {
	last := map[string]int64{}
	for _, r := range refused {
		last[r.Owner] = max(last[r.Owner], r.FileID)
	}
	var out []Answer
	for _, r := range refused {
		if r.FileID != last[r.Owner] || r.FileID < taken[r.Owner] || account != "" && r.Owner != account {
			continue
		}
		at := env.Workspace.Local(r.At)
		if n := len(out); n == 0 || out[n-1].Account != r.Owner {
			out = append(out, Answer{Account: r.Owner, Order: number, State: "refused", File: r.File, Seen: at})
		}
		w := &out[len(out)-1]
		detail := fmt.Sprintf("%s, line %d", r.File, r.Line)
		if r.Field != "" {
			detail += fmt.Sprintf(", column %s: %q", r.Field, r.Value)
		}
		if r.Detail != "" {
			detail += ": " + r.Detail
		}
		c := causeOf(r.Reason, lang, detail, at)
		if r.Path != "" {
			c.Do += " (" + r.Path + ")"
		}
		w.Reasons, w.Refusals = append(w.Reasons, c), append(w.Refusals, r)
	}
	return out
}

func causeOf(r order.Reason, lang, detail, since string) Cause {
	in := r.Info()
	return Cause{Code: r, Text: r.Text(lang), Detail: phrase.Say(lang, detail), Since: since, Who: in.Who, Do: in.Do[lang]}
}

func answer(ctx context.Context, env *stage.Env, row *ledger.Row, lang string) (Answer, error) {
	ws := env.Workspace
	w := Answer{
		Reasons: []Cause{}, Account: row.Account, Order: row.Order.Number, State: row.State.String(), Status: row.Order.Status, Seen: ws.Local(row.SeenAt), Row: row.FileRow,
	}
	if !row.PurgedAt.IsZero() {
		w.Purged = ws.Local(row.PurgedAt)
	}
	wish, err := env.Ledger.WishOf(ctx, row.ID)
	if err != nil {
		return w, err
	}
	if wish != (ledger.Wish{}) {
		w.Wish = phrase.Say(lang, wish.String())
	}
	if f, err := env.Ledger.FileByID(ctx, row.FileID); err == nil {
		w.File = f.Name
	}
	holds, err := env.Ledger.HoldsOf(ctx, row.ID)
	if err != nil {
		return w, err
	}
	for _, h := range holds {
		w.Reasons = append(w.Reasons, causeOf(h.Reason, lang, h.Detail, ws.Local(h.Since)))
	}
	if row.State == ledger.Outside {
		w.Reasons = append(w.Reasons, causeOf(row.Reason, lang, "the mall says "+row.Order.Status, ws.Local(row.ChangedAt)))
	}
	if row.State == ledger.Seen {
		w.Reasons = append(w.Reasons, Cause{Code: "not_planned", Text: text(lang, "it waits for the next plan run"), Who: order.Nobody})
	}
	if row.State == ledger.Recheck {
		w.Reasons = append(w.Reasons, Cause{Code: "changed", Text: text(lang, "it changed at the mall, and is judged again at the next run"), Who: order.Nobody})
	}
	places, err := env.Ledger.PlacesOf(ctx, row.ID)
	if err != nil {
		return w, err
	}
	shipped, delivered, refused := len(places) > 0, len(places) > 0, false
	for _, p := range places {
		x := Place{Number: p.Number, Warehouse: p.Warehouse, ShipOn: string(p.ShipOn), State: placeState(p)}
		if p.Batch != nil {
			x.Batch, x.File = p.Batch.Number, p.Batch.Name
			if !p.Batch.DeliveredAt.IsZero() {
				x.Delivered = ws.Local(p.Batch.DeliveredAt)
			}
		}
		ships, err := env.Ledger.ShipmentsOf(ctx, p.InstructionID)
		if err != nil {
			return w, err
		}
		for _, s := range ships {
			if !s.Cancelled {
				x.Tracking = append(x.Tracking, strings.TrimSpace(s.Carrier+" "+s.Tracking))
			}
		}
		shipped = shipped && p.State == ledger.InstructionShipped
		delivered = delivered && p.Batch != nil && p.Batch.State == ledger.BatchDelivered
		refused = refused || p.State == ledger.InstructionRefused
		w.Instructions = append(w.Instructions, x)
		causes, err := placeCauses(ctx, env, lang, p)
		if err != nil {
			return w, err
		}
		w.Reasons = append(w.Reasons, causes...)
	}
	if row.State == ledger.Planned || row.State == ledger.Recheck {
		switch {
		case refused:
			w.State = "refused by the warehouse"
		case shipped:
			w.State = "shipped"
		case delivered:
			w.State = "instructed"
		}
	}
	if err := w.told(ctx, env, row.ID, lang); err != nil {
		return w, err
	}
	if err := w.alerts(ctx, env, lang); err != nil {
		return w, err
	}
	w.Timeline, err = timeline(ctx, env, row.ID, places)
	return w, err
}

// told says what became of the parcels of which the mall has to know. Those that
// stand still are reasons.
func (w *Answer) told(ctx context.Context, env *stage.Env, id int64, lang string) error {
	rs, err := env.Ledger.ReportsOf(ctx, id)
	if err != nil {
		return err
	}
	for i := range rs {
		r := &rs[i]
		since := r.ChangedAt
		if r.State == ledger.ReportSeen {
			since = r.SeenAt
		}
		t := Told{Package: r.Package, Carrier: r.Carrier, Tracking: r.Tracking, State: r.State, Since: env.Workspace.Local(since), Text: text(lang, reportTexts[r.State]), Tries: r.Tries}
		w.Reports = append(w.Reports, t)
		detail := strings.TrimSpace(r.Carrier + " " + r.Tracking)
		for _, s := range []string{r.Code, phrase.Say(lang, r.Detail)} {
			if s != "" {
				detail += ": " + s
			}
		}
		switch {
		case r.State == ledger.ReportHeld:
			w.Reasons = append(w.Reasons, causeOf(r.Reason, lang, detail, t.Since))
		case r.State == ledger.ReportRejected || r.State == ledger.ReportRevoked:
			w.Reasons = append(w.Reasons, Cause{Code: order.Reason("report_" + r.State), Text: t.Text, Detail: detail, Since: t.Since, Who: order.Operator, Do: "reports retry " + w.Order + " --note …, reports drop " + w.Order + " --note …"})
		case r.State == ledger.ReportUpload && r.Upload != "":
			w.Reasons = append(w.Reasons, Cause{Code: "report_upload", Text: t.Text, Detail: r.Upload, Since: t.Since, Who: order.Operator, Do: "uploads done " + r.Upload})
		case r.Late:
			w.Reasons = append(w.Reasons, Cause{Code: "report_late", Text: text(lang, "the mall takes longer than it may with a tracking number"), Detail: detail, Since: env.Workspace.Local(r.CreatedAt), Who: order.Operator, Do: "reports --order " + w.Order})
		}
	}
	return nil
}

// alerts adds what is open about the order, its instructions and their files: a
// cancel at risk, a file that waits for a mall, a brake.
func (w *Answer) alerts(ctx context.Context, env *stage.Env, lang string) error {
	all, err := env.Ledger.Alerts(ctx, ledger.AlertList{})
	if err != nil {
		return err
	}
	for _, a := range all {
		ours := a.Target == w.Account && a.Subject == w.Order || a.Subject == w.Account+"/"+w.Order ||
			slices.ContainsFunc(w.Instructions, func(p Place) bool {
				return a.Target == p.Warehouse && a.Subject != "" && (a.Subject == p.Number || a.Subject == p.File)
			})
		if !ours {
			continue
		}
		in := a.Kind.Info()
		w.Reasons = append(w.Reasons, Cause{
			Code: order.Reason(a.Kind), Text: phrase.Alert(lang, a.Kind, a.Target, a.Subject, a.Args...), Since: env.Workspace.Local(a.Since), Who: in.Who, Do: in.Do[lang],
		})
	}
	return nil
}

// reportTexts say what the states of reports mean.
var reportTexts = map[string]string{
	ledger.ReportWaiting:  "the mall will be told of it",
	ledger.ReportHeld:     "the mall is not told of it",
	ledger.ReportSent:     "the mall was told of it and works on it",
	ledger.ReportUnknown:  "the mall was told of it and did not answer; it is asked",
	ledger.ReportAccepted: "the mall says that it has it and does not show it yet",
	ledger.ReportSeen:     "the mall shows it",
	ledger.ReportRejected: "the mall refuses it",
	ledger.ReportUpload:   "a sheet with it is to be uploaded at the mall",
	ledger.ReportUploaded: "a person uploaded it; the mall does not show it yet",
	ledger.ReportExtra:    "the mall has no place for a further number",
	ledger.ReportRevoked:  "the mall was told of it, and the warehouse took it back",
	ledger.ReportDropped:  "the mall is not told of it any more",
}

// timeline tells what happened to an order and to the files that it is in.
func timeline(ctx context.Context, env *stage.Env, id int64, places []ledger.Place) ([]string, error) {
	events, err := env.Ledger.Events(ctx, id, 0)
	if err != nil {
		return nil, err
	}
	batches := map[int64]string{}
	for _, p := range places {
		if p.Batch == nil || batches[p.Batch.ID] != "" {
			continue
		}
		batches[p.Batch.ID] = p.Batch.Number
		more, err := env.Ledger.Events(ctx, 0, p.Batch.ID)
		if err != nil {
			return nil, err
		}
		for _, e := range more {
			ours := slices.ContainsFunc(places, func(p ledger.Place) bool { return p.InstructionID == e.InstructionID })
			if e.OrderID == 0 && (e.InstructionID == 0 || ours) {
				events = append(events, e)
			}
		}
	}
	slices.SortFunc(events, func(a, b ledger.Event) int { return cmp.Compare(a.ID, b.ID) })
	var out []string
	for _, e := range slices.CompactFunc(events, func(a, b ledger.Event) bool { return a.ID == b.ID }) {
		line := env.Workspace.Local(e.At) + " " + e.Kind
		for _, s := range []string{batches[e.BatchID], string(e.Reason), e.Detail, e.Actor} {
			if s != "" {
				line += " · " + s
			}
		}
		out = append(out, line)
	}
	return out, nil
}

func placeState(p ledger.Place) string {
	switch p.State {
	case ledger.InstructionShipped:
		return "shipped"
	case ledger.InstructionRefused:
		return "refused"
	case ledger.InstructionStopped:
		return "stopped"
	case ledger.InstructionWithdrawn:
		return "withdrawn"
	}
	if p.Batch == nil {
		return "waiting"
	}
	return p.Batch.State
}

// placeCauses is placeCause, and what keeps the warehouse's files back.
func placeCauses(ctx context.Context, env *stage.Env, lang string, p ledger.Place) ([]Cause, error) {
	cs := placeCause(lang, p)
	wh, ok := env.Workspace.Warehouse(p.Warehouse)
	if len(cs) == 0 || cs[0].Code != "next_file" || !ok {
		return cs, nil
	}
	left, err := stage.Uncompared(ctx, env, wh)
	if err != nil || len(left) == 0 {
		return cs, err
	}
	return []Cause{{Code: "restored", Text: text(lang, "the ledger was restored, and nothing is dropped until it is compared"), Detail: strings.Join(left, ", "), Who: order.Operator, Do: "run watch, run reconcile, or restore settle"}}, nil
}

// placeCause says what an instruction waits for.
func placeCause(lang string, p ledger.Place) []Cause {
	switch placeState(p) {
	case "waiting":
		return []Cause{{Code: "next_file", Text: text(lang, "it waits for the warehouse's next file"), Detail: fmt.Sprintf("%s, %s", p.Warehouse, p.ShipOn), Who: order.Nobody}}
	case ledger.BatchClaimed, ledger.BatchBuilt, ledger.BatchUploaded:
		return []Cause{{Code: "on_its_way", Text: text(lang, "its file is on its way to the warehouse"), Detail: strings.TrimSpace(p.Batch.Name + " " + p.Batch.Message), Who: order.Nobody}}
	case ledger.BatchInDoubt:
		return []Cause{{Code: "in_doubt", Text: text(lang, "nobody can say whether its file arrived"), Detail: p.Batch.Name, Who: order.Operator, Do: "batches resolve " + p.Batch.Number}}
	case ledger.BatchDelivered:
		return []Cause{{Code: "at_the_warehouse", Text: text(lang, "the warehouse has it and has not reported a shipment yet"), Detail: p.Warehouse, Who: order.Warehouse}}
	}
	return nil
}

// text says an English message in another language.
func text(lang, en string) string {
	if t, ok := texts[en]; ok {
		switch lang {
		case "ja":
			return t[0]
		case "ko":
			return t[1]
		}
	}
	return en
}

// texts are messages in Japanese and Korean.
var texts = map[string][2]string{
	"the ledger was restored, and nothing is dropped until it is compared": {"台帳が復元されたため、照合が終わるまで送信しません", "원장이 복원되어 대조가 끝날 때까지 전송하지 않습니다"},
	"it changed at the mall, and is judged again at the next run":          {"モールで変更されました。次の処理で判定し直します", "쇼핑몰에서 변경되었습니다. 다음 처리에서 다시 판단합니다"},
	"the mall will be told of it":                                          {"モールに報告します", "쇼핑몰에 보고합니다"},
	"the mall is not told of it":                                           {"モールに報告していません", "쇼핑몰에 보고하지 않았습니다"},
	"the mall was told of it and works on it":                              {"モールに報告済み、処理中です", "쇼핑몰에 보고했고 처리 중입니다"},
	"the mall was told of it and did not answer; it is asked":              {"モールに報告しましたが応答がありません。照会します", "쇼핑몰에 보고했지만 응답이 없습니다. 확인합니다"},
	"the mall says that it has it and does not show it yet":                {"モールが受け付けましたが、まだ表示されていません", "쇼핑몰이 접수했지만 아직 표시되지 않습니다"},
	"the mall shows it":                                                    {"モールに表示されています", "쇼핑몰에 표시됩니다"},
	"the mall refuses it":                                                  {"モールが受け付けません", "쇼핑몰이 거부합니다"},
	"a sheet with it is to be uploaded at the mall":                        {"モールへのファイルのアップロード待ちです", "쇼핑몰에 파일 업로드 대기 중입니다"},
	"a person uploaded it; the mall does not show it yet":                  {"アップロード済み、モールの表示はまだです", "업로드했고 쇼핑몰 표시는 아직입니다"},
	"the mall has no place for a further number":                           {"モールは追加の番号を受け付けません", "쇼핑몰이 추가 번호를 받지 않습니다"},
	"the mall was told of it, and the warehouse took it back":              {"モールに報告した後、倉庫が取り消しました", "쇼핑몰에 보고한 뒤 창고가 취소했습니다"},
	"the mall is not told of it any more":                                  {"モールへの報告を取りやめました", "쇼핑몰 보고를 그만두었습니다"},
	"the mall takes longer than it may with a tracking number":             {"モールの処理が時間内に終わっていません", "쇼핑몰 처리가 제한 시간을 넘었습니다"},
	"it waits for the next plan run":                                       {"次の計画処理を待っています", "다음 계획 처리를 기다리고 있습니다"},
	"it waits for the warehouse's next file":                               {"次の出荷指示ファイルを待っています", "다음 출고지시 파일을 기다리고 있습니다"},
	"its file is on its way to the warehouse":                              {"出荷指示ファイルを送信中です", "출고지시 파일을 전송 중입니다"},
	"nobody can say whether its file arrived":                              {"ファイルが届いたか確認できません", "파일이 도착했는지 확인할 수 없습니다"},
	"the warehouse has it and has not reported a shipment yet":             {"倉庫に届いています。出荷実績はまだです", "창고에 전달되었습니다. 출고실적은 아직 없습니다"},
}
