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
	Seen         string           `json:"seen,omitempty"`
	File         string           `json:"file,omitempty"`
	Row          int64            `json:"row,omitempty"`
	Instructions []Place          `json:"instructions,omitempty"`
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
		w.Reasons = append(w.Reasons, placeCause(lang, p)...)
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
	if err := w.alerts(ctx, env, lang); err != nil {
		return w, err
	}
	w.Timeline, err = timeline(ctx, env, row.ID, places)
	return w, err
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
			Code: order.Reason(a.Kind), Text: a.Kind.Say(lang, a.Target, a.Subject, a.Args...), Since: env.Workspace.Local(a.Since), Who: in.Who, Do: in.Do[lang],
		})
	}
	return nil
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
	"it changed at the mall, and is judged again at the next run": {"モールで変更されました。次の処理で判定し直します", "쇼핑몰에서 변경되었습니다. 다음 처리에서 다시 판단합니다"},
	"it waits for the next plan run":                              {"次の計画処理を待っています", "다음 계획 처리를 기다리고 있습니다"},
	"it waits for the warehouse's next file":                      {"次の出荷指示ファイルを待っています", "다음 출고지시 파일을 기다리고 있습니다"},
	"its file is on its way to the warehouse":                     {"出荷指示ファイルを送信中です", "출고지시 파일을 전송 중입니다"},
	"nobody can say whether its file arrived":                     {"ファイルが届いたか確認できません", "파일이 도착했는지 확인할 수 없습니다"},
	"the warehouse has it and has not reported a shipment yet":    {"倉庫に届いています。出荷実績はまだです", "창고에 전달되었습니다. 출고실적은 아직 없습니다"},
}
