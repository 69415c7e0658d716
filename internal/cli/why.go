package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mallbridge/mallbridge/internal/phrase"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

// An answer says where an order stands, why, and who must act.
type answer struct {
	Account      string           `json:"account"`
	Order        string           `json:"order"`
	State        string           `json:"state"` // refused, seen, held, outside, planned, recheck, instructed, refused by the warehouse, shipped
	Status       string           `json:"mall_status,omitempty"`
	Reasons      []cause          `json:"reasons"`
	Seen         string           `json:"seen,omitempty"`
	File         string           `json:"file,omitempty"`
	Row          int64            `json:"row,omitempty"`
	Instructions []place          `json:"instructions,omitempty"`
	Timeline     []string         `json:"timeline,omitempty"`
	Refusals     []ledger.Refusal `json:"refusals,omitempty"`
}

type cause struct {
	Code   order.Reason `json:"code"`
	Text   string       `json:"text"`
	Detail string       `json:"detail,omitempty"`
	Since  string       `json:"since,omitempty"`
	Who    order.Who    `json:"who"`
	Do     string       `json:"do,omitempty"`
}

type place struct {
	Number    string   `json:"number"`
	Warehouse string   `json:"warehouse"`
	State     string   `json:"state"`
	ShipOn    string   `json:"ship_on"`
	Batch     string   `json:"batch,omitempty"`
	File      string   `json:"file,omitempty"`
	Delivered string   `json:"delivered,omitempty"`
	Tracking  []string `json:"tracking,omitempty"`
}

func (a *app) whyCmd() *cobra.Command {
	var account string
	c := &cobra.Command{
		Use:   "why ORDER",
		Short: "Say why an order has not shipped, since when, and who must act",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			env, err := a.open(c.Context())
			if err != nil {
				return err
			}
			defer env.Ledger.Close()
			all, err := a.why(c.Context(), env, args[0], account)
			if err != nil {
				return err
			}
			if a.json {
				return a.print(all)
			}
			for _, w := range all {
				a.explain(w)
			}
			return nil
		},
	}
	c.Flags().StringVar(&account, "account", "", "only this account")
	return a.jsonFlag(c)
}

func (a *app) why(ctx context.Context, env *stage.Env, number, account string) ([]answer, error) {
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
	lang := a.language(env.Workspace)
	var out []answer
	taken := map[string]int64{} // by account: the file from which the order was read last
	for i := range rows {
		w, err := a.answer(ctx, env, &rows[i], lang)
		if err != nil {
			return nil, err
		}
		taken[rows[i].Account] = rows[i].FileID
		out = append(out, w)
	}
	return append(out, a.refusals(env, number, account, refused, taken, lang)...), nil
}

// refusals answers for the accounts whose last sheet with this order was refused.
// What was mended since is no longer a reason.
func (a *app) refusals(env *stage.Env, number, account string, refused []ledger.Refusal, taken map[string]int64, lang string) []answer {
	last := map[string]int64{}
	for _, r := range refused {
		last[r.Owner] = max(last[r.Owner], r.FileID)
	}
	var out []answer
	for _, r := range refused {
		if r.FileID != last[r.Owner] || r.FileID < taken[r.Owner] || account != "" && r.Owner != account {
			continue
		}
		at := local(env.Workspace, r.At)
		if n := len(out); n == 0 || out[n-1].Account != r.Owner {
			out = append(out, answer{Account: r.Owner, Order: number, State: "refused", File: r.File, Seen: at})
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

func causeOf(r order.Reason, lang, detail, since string) cause {
	in := r.Info()
	return cause{Code: r, Text: r.Text(lang), Detail: phrase.Say(lang, detail), Since: since, Who: in.Who, Do: in.Do[lang]}
}

func (a *app) answer(ctx context.Context, env *stage.Env, row *ledger.Row, lang string) (answer, error) {
	ws := env.Workspace
	w := answer{
		Reasons: []cause{}, Account: row.Account, Order: row.Order.Number, State: row.State.String(), Status: row.Order.Status, Seen: local(ws, row.SeenAt), Row: row.FileRow,
	}
	if f, err := env.Ledger.FileByID(ctx, row.FileID); err == nil {
		w.File = f.Name
	}
	holds, err := env.Ledger.HoldsOf(ctx, row.ID)
	if err != nil {
		return w, err
	}
	for _, h := range holds {
		w.Reasons = append(w.Reasons, causeOf(h.Reason, lang, h.Detail, local(ws, h.Since)))
	}
	if row.State == ledger.Outside {
		w.Reasons = append(w.Reasons, causeOf(row.Reason, lang, "the mall says "+row.Order.Status, local(ws, row.ChangedAt)))
	}
	if row.State == ledger.Seen {
		w.Reasons = append(w.Reasons, cause{Code: "not_planned", Text: a.text(lang, "it waits for the next plan run"), Who: order.Nobody})
	}
	if row.State == ledger.Recheck {
		w.Reasons = append(w.Reasons, cause{Code: "changed", Text: a.text(lang, "it changed at the mall, and is judged again at the next run"), Who: order.Nobody})
	}
	places, err := env.Ledger.PlacesOf(ctx, row.ID)
	if err != nil {
		return w, err
	}
	shipped, delivered, refused := len(places) > 0, len(places) > 0, false
	for _, p := range places {
		x := place{Number: p.Number, Warehouse: p.Warehouse, ShipOn: string(p.ShipOn), State: placeState(p)}
		if p.Batch != nil {
			x.Batch, x.File = p.Batch.Number, p.Batch.Name
			if !p.Batch.DeliveredAt.IsZero() {
				x.Delivered = local(ws, p.Batch.DeliveredAt)
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
		w.Reasons = append(w.Reasons, a.placeCause(lang, p)...)
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
	w.Timeline, err = timeline(ctx, env, row.ID, places)
	return w, err
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
		line := local(env.Workspace, e.At) + " " + e.Kind
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
func (a *app) placeCause(lang string, p ledger.Place) []cause {
	switch placeState(p) {
	case "waiting":
		return []cause{{Code: "next_file", Text: a.text(lang, "it waits for the warehouse's next file"), Detail: fmt.Sprintf("%s, %s", p.Warehouse, p.ShipOn), Who: order.Nobody}}
	case ledger.BatchClaimed, ledger.BatchBuilt, ledger.BatchUploaded:
		return []cause{{Code: "on_its_way", Text: a.text(lang, "its file is on its way to the warehouse"), Detail: strings.TrimSpace(p.Batch.Name + " " + p.Batch.Message), Who: order.Nobody}}
	case ledger.BatchInDoubt:
		return []cause{{Code: "in_doubt", Text: a.text(lang, "nobody can say whether its file arrived"), Detail: p.Batch.Name, Who: order.Operator, Do: "batches resolve " + p.Batch.Number}}
	case ledger.BatchDelivered:
		return []cause{{Code: "at_the_warehouse", Text: a.text(lang, "the warehouse has it and has not reported a shipment yet"), Detail: p.Warehouse, Who: order.Warehouse}}
	}
	return nil
}

// line prints a line in the reader's language.
func (a *app) line(format string, args ...any) {
	fmt.Fprintln(a.out, phrase.Say(a.said, fmt.Sprintf(format, args...)))
}

func (a *app) explain(w answer) {
	fmt.Fprintf(a.out, "%s  %s  %s\n", w.Order, w.Account, w.State)
	if w.Status != "" {
		a.line("  mall status %s; first seen %s; last read from %s, row %d", w.Status, w.Seen, w.File, w.Row)
	}
	for _, r := range w.Reasons {
		fmt.Fprintf(a.out, "  %s: %s\n", r.Code, r.Text)
		if r.Detail != "" {
			fmt.Fprintf(a.out, "    %s\n", r.Detail)
		}
		if r.Since != "" {
			a.line("    since %s; to act: %s", r.Since, r.Who)
		}
		if r.Do != "" {
			fmt.Fprintf(a.out, "    → %s\n", r.Do)
		}
	}
	for _, p := range w.Instructions {
		line := fmt.Sprintf("  %s %s: %s, ships on %s", p.Warehouse, p.Number, p.State, p.ShipOn)
		if p.File != "" {
			line += ", file " + p.File
		}
		if p.Delivered != "" {
			line += " delivered " + p.Delivered
		}
		a.line("%s", line)
		for _, t := range p.Tracking {
			fmt.Fprintf(a.out, "    %s\n", t)
		}
	}
	for _, e := range w.Timeline {
		fmt.Fprintf(a.out, "  %s\n", e)
	}
}
