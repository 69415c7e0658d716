package ledger

import (
	"strings"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/order"
)

// settledOf returns the settled orders by number.
func (s *shop) settledOf(before time.Time) map[string]Settled {
	s.t.Helper()
	ss, err := s.Settled(s.t.Context(), s.acc, before, 0, 100)
	ok(s.t, err)
	out := map[string]Settled{}
	for _, x := range ss {
		out[x.Order.Number] = x
	}
	return out
}

func TestPurgeTakesWhatIsPersonal(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		ctx := t.Context()
		b, ids := s.sent("1", "2")
		s.put(numbered("3", "4")...)
		s.hold("3", order.Hold{Reason: order.HoldRemark, Detail: "the buyer wrote 山田"})
		three := s.row("4")
		ok(t, s.Apply(ctx, &Plan{Orders: []Disposition{{ID: three.ID, Version: 1, Was: Seen, State: Outside, Reason: order.OutUnshipped}}}, noon))
		_, err := s.PutShipments(ctx, s.wh, 9, []order.Shipment{{Instruction: instructionNumber(ids[0]), Carrier: "yamato", Tracking: "000011112222", ShippedOn: "2026-11-23"}}, after(60))
		ok(t, err)
		ok(t, s.Record(ctx, after(61), Event{Kind: "rule.applied", OrderID: s.row("1").ID, Detail: "to.name 山田"}, Event{Kind: "order.changed", OrderID: s.row("1").ID, Detail: "content"}))

		found := s.settledOf(after(100))
		if len(found) != 2 || len(found["1"].Parcels) != 1 || found["1"].Parcels[0].Batch != BatchDelivered || !found["1"].Parcels[0].ShippedAt.Equal(after(60)) ||
			!found["2"].Parcels[0].ShippedAt.IsZero() || len(found["1"].Parcels[0].Orders) != 1 {
			t.Fatalf("settled: %+v", found)
		}
		if n, err := s.StillOpen(ctx, s.acc, after(100)); err != nil || n != 2 {
			t.Errorf("%d open, %v", n, err)
		}
		was := found["1"]
		stale := found["2"]
		stale.Version++ // read before it changed
		orders, instructions, batches, err := s.PurgeOrders(ctx, []Settled{was, stale}, after(200))
		ok(t, err)
		if orders != 1 || instructions != 1 || batches != 1 {
			t.Errorf("purged %d orders, %d instructions, %d batches", orders, instructions, batches)
		}
		r := s.row("1")
		if r.PurgedAt.IsZero() || r.Order.Buyer.Name+r.Order.Buyer.Phone+r.Order.Buyer.Street+r.Order.Note+r.Order.Packages[0].To.Name+r.Order.Packages[0].Lines[0].Option != "" ||
			r.Order.Buyer.Prefecture == "" || r.Order.Packages[0].Lines[0].Quantity != was.Order.Packages[0].Lines[0].Quantity {
			t.Errorf("left: %+v", r.Order)
		}
		if s.row("2").Order.Buyer.Name == "" || s.row("3").Order.Buyer.Name == "" {
			t.Error("another order lost its data")
		}
		ins, err := s.InstructionsOf(ctx, r.ID)
		ok(t, err)
		if ins[0].To.Name != "" || ins[0].Lines[0].SKU == "" || ins[0].Number == "" {
			t.Errorf("instruction: %+v", ins[0])
		}
		events, err := s.Events(ctx, r.ID, 0)
		ok(t, err)
		if len(events) != 2 || events[0].Detail != "" || events[1].Detail != "content" {
			t.Errorf("events: %+v", events)
		}
		if got := s.batch(b.ID); got.PurgedAt.IsZero() || got.SHA256 != b.SHA256 || got.Lines != b.Lines {
			t.Errorf("batch: %+v", got)
		}
		if _, ok := s.settledOf(after(300))["1"]; ok {
			t.Error("it is to be purged again")
		}
		// It comes again, as it was and changed: it stays closed.
		again := numbered("1")
		if c := s.put(again...); c.Same != 1 {
			t.Errorf("the same again: %+v", c)
		}
		again[0].Order.Note = "changed"
		if c := s.put(again...); c.Same != 1 || s.row("1").Order.Note != "" || s.row("1").State != Planned {
			t.Errorf("changed: %+v, %+v", c, s.row("1").Order)
		}
	})
}

func TestWhatOrdersWaitFor(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		ctx := t.Context()
		s.sent("1", "2", "3")
		ok(t, s.WantConfirm(ctx, s.acc, []string{"1"}, noon))
		_, err := s.PutClaims(ctx, s.acc, []BuyerClaim{{Key: "c1", Kind: "return", State: "requested", Order: "2", Reason: "山田 says it is broken", At: noon}}, Asked{noon, noon})
		ok(t, err)
		r := s.row("3")
		ok(t, s.Apply(ctx, &Plan{Orders: []Disposition{{ID: r.ID, Version: r.Version, Was: Planned, State: Planned, Holds: []order.Hold{{Reason: order.HoldChanged, Detail: "changed"}}}}}, noon))
		found := s.settledOf(after(1))
		for number, want := range map[string]string{"1": "confirmation", "2": "claim", "3": "hold"} {
			if got := found[number].Wants; len(got) != 1 || got[0] != want {
				t.Errorf("order %s waits for %v, want %s", number, got, want)
			}
		}
		one, err := s.SettledByID(ctx, []int64{r.ID})
		ok(t, err)
		if len(one) != 1 || one[0].ID != r.ID {
			t.Errorf("by id: %+v", one)
		}
		ok(t, s.PurgeWords(ctx, "rakuten-main", after(60)))
		claims := func() (reason string) {
			ok(t, s.r.QueryRowContext(ctx, `SELECT reason FROM claims`).Scan(&reason))
			return reason
		}
		if claims() == "" {
			t.Error("an open claim lost its reason")
		}
		_, err = s.PutClaims(ctx, s.acc, []BuyerClaim{{Key: "c1", Kind: "return", State: "done", Order: "2", Reason: "山田 says it is broken", At: noon}}, Asked{noon, noon})
		ok(t, err)
		ok(t, s.PurgeWords(ctx, "rakuten-main", after(60)))
		if claims() != "" {
			t.Error("a settled claim kept its reason")
		}
	})
}

func TestPurgeWithdrawnRunsAndNotes(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		ctx := t.Context()
		s.put(numbered("1")...)
		ids := s.planned("1")
		ok(t, s.Apply(ctx, &Plan{Withdraw: ids}, after(1)))
		if n, err := s.Withdrawn(ctx, s.acc, after(5)); err != nil || n != 1 {
			t.Errorf("%d withdrawn, %v", n, err)
		}
		for _, want := range []int64{1, 0} {
			if n, err := s.PurgeWithdrawn(ctx, s.acc, after(5), after(6)); err != nil || n != want {
				t.Errorf("%d purged, %v; want %d", n, err, want)
			}
		}
		var doc []byte
		ok(t, s.r.QueryRowContext(ctx, `SELECT doc FROM instruction_docs WHERE instruction_id = $1`, ids[0]).Scan(&doc))
		if strings.Contains(string(doc), "山田") {
			t.Errorf("left: %q", doc)
		}

		for i, summary := range []string{"1 rows\nline 3: 山田", "山田 was refused"} {
			id, err := s.StartRun(ctx, "extract", "rakuten-main", "me", noon)
			ok(t, err)
			ok(t, s.EndRun(ctx, id, []string{"waiting", "failed"}[i], summary, noon))
		}
		ok(t, s.PurgeRuns(ctx, "rakuten-main", after(1)))
		runs, err := s.Runs(ctx, "", "", 10)
		ok(t, err)
		if runs[0].Summary != "" || runs[1].Summary != "1 rows" {
			t.Errorf("runs: %q, %q", runs[0].Summary, runs[1].Summary)
		}

		ok(t, s.Record(ctx, noon, Event{Kind: "batch.left", BatchID: 5, Detail: "山田 does not fit"}, Event{Kind: "batch.approved", BatchID: 5, Detail: "abc"}))
		ok(t, s.PurgeWords(ctx, "", after(1)))
		events, err := s.Events(ctx, 0, 5)
		ok(t, err)
		if events[0].Detail != "" || events[1].Detail != "abc" {
			t.Errorf("events: %+v", events)
		}
		ok(t, s.Shrink(ctx, 0))
	})
}

func TestPurgeFiles(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		ctx := t.Context()
		add := func(name, sha, kind string) File {
			t.Helper()
			f := s.file(name, sha)
			f.Kind = kind
			f, err := s.AddFile(ctx, f, noon)
			ok(t, err)
			return f
		}
		f := add("a.csv", "aaa", FileOrders)
		add("open.csv", "bbb", FileOrders)
		stock := add("stock.csv", "ccc", FileStock)
		for _, x := range []File{f, stock} {
			x.State, x.Rows, x.Message, x.RefusedPath = FileDone, 3, "山田", "rejected/x.csv"
			ok(t, s.FinishFile(ctx, x, noon))
		}
		ok(t, s.PutRefusals(ctx, f.ID, []Refusal{{Line: 2, Order: "7", Field: "name", Value: "山田", Reason: order.RefusedFile, Detail: "山田 is bad"}}))
		if owners, err := s.FileOwners(ctx); err != nil || len(owners) != 1 || owners[0] != "rakuten-main" {
			t.Errorf("owners: %v, %v", owners, err)
		}
		if names, err := s.Accounts(ctx); err != nil || len(names) != 1 {
			t.Errorf("accounts: %v, %v", names, err)
		}
		old, err := s.FilesToPurge(ctx, "rakuten-main", []string{FileStock}, after(1))
		ok(t, err)
		if len(old) != 1 || old[0].ID != f.ID {
			t.Fatalf("to purge: %+v", old)
		}
		ok(t, s.PurgeFile(ctx, f.ID, after(9)))
		got, err := s.FileByID(ctx, f.ID)
		ok(t, err)
		if !got.PurgedAt.Equal(after(9)) || got.Rows != 3 || got.SHA256 != "aaa" || got.Message+got.RefusedPath != "" {
			t.Errorf("file: %+v", got)
		}
		rs, err := s.RefusalsOf(ctx, "7", 0)
		ok(t, err)
		if len(rs) != 1 || rs[0].Value+rs[0].Detail != "" || rs[0].Reason != order.RefusedFile {
			t.Errorf("refusals: %+v", rs)
		}
		kept, err := s.KeptPaths(ctx)
		ok(t, err)
		if kept[f.Path] != 0 || kept["archive/open.csv"] != 1 {
			t.Errorf("kept: %v", kept)
		}
		b, _ := s.sent("1")
		for name, want := range map[string]bool{b.Name: true, "other": false} {
			if got, err := s.BatchOfFile(ctx, "tokyo", name); err != nil || (got != nil) != want {
				t.Errorf("%s: %+v, %v", name, got, err)
			}
		}
		p := Purge{At: after(9), Actor: "me", Orders: 1, Instructions: 2, Batches: 3, Files: 4, Bytes: 5, StillOpen: 6}
		ok(t, s.PutPurge(ctx, p))
		all, err := s.Purges(ctx, 5)
		ok(t, err)
		p.ID = all[0].ID
		if len(all) != 1 || all[0] != p {
			t.Errorf("purges: %+v", all)
		}
	})
}
