package ledger

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mallbridge/mallbridge/order"
)

func TestClaim(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		if b := s.claim(); b != nil {
			t.Fatalf("claimed nothing, got %+v", b)
		}
		s.put(numbered("1", "2", "3", "4")...)
		ids := s.planned("1", "2", "3", "4")
		if n, err := s.NextBatch(t.Context()); err != nil || n != 1 {
			t.Errorf("next batch %d, %v", n, err)
		}
		early := Claim{WarehouseID: s.wh, Format: "plain", ShipOn: "2026-11-22", Name: batchName}
		if b, err := s.Claim(t.Context(), early, noon); err != nil || b != nil {
			t.Errorf("a day early: %+v, %v", b, err)
		}
		elsewhere := Claim{WarehouseID: warehouse(t, s.Ledger, "osaka"), ShipOn: "2026-11-23", Name: batchName}
		if b, err := s.Claim(t.Context(), elsewhere, noon); err != nil || b != nil {
			t.Errorf("another warehouse: %+v, %v", b, err)
		}
		b, err := s.Claim(t.Context(), Claim{WarehouseID: s.wh, Format: "plain", ShipOn: "2026-11-24", Limit: 3, Name: batchName}, noon)
		ok(t, err)
		lines := int64(0)
		for _, n := range []string{"1", "2", "3"} {
			lines += int64(s.row(n).Order.Lines())
		}
		want := &Batch{
			ID: 1, WarehouseID: s.wh, Warehouse: "tokyo", Number: "B000001", State: BatchClaimed, Format: "plain", Name: "order_000001.csv",
			Instructions: 3, Lines: lines, ClaimedAt: noon,
		}
		if d := cmp.Diff(want, b); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
		var got []int64
		ok(t, s.Instructions(t.Context(), b.ID, func(in *order.Instruction) error {
			got = append(got, in.ID)
			if in.Number != instructionNumber(in.ID) || in.To.Name == "" || len(in.Lines) == 0 {
				t.Errorf("instruction %+v", in)
			}
			return nil
		}))
		if !slices.Equal(got, ids[:3]) {
			t.Errorf("batch of %v", got)
		}
		stop := errors.New("stop")
		if err := s.Instructions(t.Context(), b.ID, func(*order.Instruction) error { return stop }); !errors.Is(err, stop) {
			t.Errorf("got %v", err)
		}
		if r := readyIDs(t, s); !slices.Equal(r, ids[3:]) {
			t.Errorf("ready %v", r)
		}
		places, err := s.PlacesOf(t.Context(), s.row("2").ID)
		ok(t, err)
		if len(places) != 1 || places[0].Batch == nil || places[0].Batch.ID != 1 || places[0].State != InstructionClaimed {
			t.Errorf("places %+v", places)
		}
		second := s.claim()
		if second.ID != 2 || second.Instructions != 1 {
			t.Errorf("second batch %+v", second)
		}
	})
}

func TestClaimWithABadNameChangesNothing(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		s.put(numbered("1", "2")...)
		s.planned("1", "2")
		bad := errors.New("the layout has no name")
		_, err := s.Claim(t.Context(), Claim{WarehouseID: s.wh, ShipOn: "2026-11-23", Name: func(int64) (string, string, error) { return "", "", bad }}, noon)
		if !errors.Is(err, bad) {
			t.Fatalf("got %v", err)
		}
		same := func(int64) (string, string, error) { return "B1", "a.csv", nil }
		if _, err := s.Claim(t.Context(), Claim{WarehouseID: s.wh, ShipOn: "2026-11-23", Limit: 1, Name: same}, noon); err != nil {
			t.Fatal(err)
		}
		_, err = s.Claim(t.Context(), Claim{WarehouseID: s.wh, ShipOn: "2026-11-23", Name: same}, noon)
		wantCode(t, err, order.Conflict)
		if n := len(readyIDs(t, s)); n != 1 {
			t.Errorf("%d are ready", n)
		}
		if n, err := s.NextBatch(t.Context()); err != nil || n != 2 {
			t.Errorf("next batch %d, %v: a refused claim must not use up a number", n, err)
		}
	})
}

// TestBatchSteps tries every step from every state.
func TestBatchSteps(t *testing.T) {
	steps := []struct {
		name string
		from []string
		to   string
		do   func(*shop, int64) error
	}{
		{"built", []string{BatchClaimed}, BatchBuilt, func(s *shop, id int64) error {
			return s.Built(s.t.Context(), id, "outbox/b.csv", "def", 20, 2, after(9))
		}},
		{"uploaded", []string{BatchBuilt}, BatchUploaded, func(s *shop, id int64) error { return s.Uploaded(s.t.Context(), id, after(9)) }},
		{"delivered", []string{BatchUploaded, BatchInDoubt}, BatchDelivered, func(s *shop, id int64) error {
			return s.Delivered(s.t.Context(), id, "asked", "mika", after(9))
		}},
		{"in doubt", []string{BatchUploaded}, BatchInDoubt, func(s *shop, id int64) error { return s.InDoubt(s.t.Context(), id, "no answer", after(9)) }},
		{"again", []string{BatchInDoubt}, BatchBuilt, func(s *shop, id int64) error {
			return s.Again(s.t.Context(), id, "they have not got it", "mika", after(9))
		}},
		{"rebuild", []string{BatchBuilt, BatchUploaded}, BatchClaimed, func(s *shop, id int64) error {
			return s.Rebuild(s.t.Context(), id, "the file is gone", after(9))
		}},
		{"leave", []string{BatchClaimed, BatchBuilt, BatchUploaded}, BatchDropped, func(s *shop, id int64) error {
			var ids []int64
			ok(s.t, s.Instructions(s.t.Context(), id, func(in *order.Instruction) error { ids = append(ids, in.ID); return nil }))
			return s.Leave(s.t.Context(), id, ids, "cancelled", after(9))
		}},
	}
	states := []string{BatchClaimed, BatchBuilt, BatchUploaded, BatchInDoubt, BatchDelivered, BatchDropped}
	eachShop(t, func(t *testing.T, s *shop) {
		n := 0
		for _, state := range states {
			for _, step := range steps {
				n++
				number := string(rune('A' + n))
				s.put(numbered(number)...)
				ids := s.planned(number)
				b := s.claim()
				if state == BatchDropped {
					ok(t, s.Leave(t.Context(), b.ID, ids, "test", noon))
				} else {
					s.advance(b.ID, state)
				}
				err := step.do(s, b.ID)
				got := s.batch(b.ID).State
				if slices.Contains(step.from, state) {
					if err != nil || got != step.to {
						t.Errorf("%s from %s: %s, %v", step.name, state, got, err)
					}
				} else {
					if err == nil || got != state {
						t.Errorf("%s from %s is allowed: %s, %v", step.name, state, got, err)
					} else if order.CodeOf(err) != order.Conflict {
						t.Errorf("%s from %s: %v", step.name, state, err)
					}
				}
			}
		}
	})
}

func TestBatchKeepsWhatHappened(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		b, _ := s.sent("1")
		want := &Batch{
			ID: 1, WarehouseID: s.wh, Warehouse: "tokyo", Number: "B000001", State: BatchDelivered, Format: "plain", Name: "order_000001.csv",
			Path: "outbox/a.csv", SHA256: "abc", Size: 10, Rows: 1, Instructions: 1, Lines: b.Lines,
			ClaimedAt: noon, BuiltAt: after(1), UploadedAt: after(2), DeliveredAt: after(3),
		}
		if d := cmp.Diff(want, b); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
		if k := s.kinds(0, 1); !slices.Equal(k, []string{"batch.delivered"}) {
			t.Errorf("events %v", k)
		}
		for _, name := range []string{"B000001", "order_000001.csv"} {
			if got, err := s.BatchByNumber(t.Context(), "", name); err != nil || got.ID != 1 {
				t.Errorf("%s: %v, %v", name, got, err)
			}
		}
		_, err := s.BatchByNumber(t.Context(), "osaka", "B000001")
		wantCode(t, err, order.NotFound)
		_, err = s.Batch(t.Context(), 4711)
		wantCode(t, err, order.NotFound)
	})
}

func TestBatchLists(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		var last []int64 // instructions of the last batch
		for i, state := range []string{BatchDelivered, BatchUploaded, BatchInDoubt, BatchClaimed} {
			n := string(rune('1' + i))
			s.put(numbered(n)...)
			last = s.planned(n)
			s.advance(s.claim().ID, state)
		}
		ids := func(bs []Batch, err error) (out []int64) {
			t.Helper()
			ok(t, err)
			for _, b := range bs {
				out = append(out, b.ID)
			}
			return out
		}
		if got := ids(s.OpenBatches(t.Context(), s.wh)); !slices.Equal(got, []int64{2, 3, 4}) {
			t.Errorf("open %v", got)
		}
		if got := ids(s.Batches(t.Context(), "", 2)); !slices.Equal(got, []int64{4, 3}) {
			t.Errorf("newest two %v", got)
		}
		if got := ids(s.Batches(t.Context(), "osaka", 2)); got != nil {
			t.Errorf("osaka has %v", got)
		}
		before := func(id int64) int64 {
			t.Helper()
			b, err := s.BatchBefore(t.Context(), "tokyo", id)
			ok(t, err)
			if b == nil {
				return 0
			}
			return b.ID
		}
		if a, b, c := before(1), before(4), before(99); a != 0 || b != 3 || c != 4 {
			t.Errorf("before the first %d, the fourth %d, the next %d", a, b, c)
		}
		ok(t, s.Leave(t.Context(), 4, last, "cancelled", noon))
		if n := before(99); n != 3 {
			t.Errorf("what was dropped counts: %d", n)
		}
		ok(t, s.Attempt(t.Context(), 2, "connection refused", noon))
		ok(t, s.Attempt(t.Context(), 2, "still refused", noon))
		if b := s.batch(2); b.Attempts != 2 || b.Message != "still refused" {
			t.Errorf("attempts %d, %q", b.Attempts, b.Message)
		}
	})
}

func TestDoubtEndsByAPersonsWord(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		s.put(numbered("1")...)
		s.planned("1")
		b := s.claim()
		s.advance(b.ID, BatchInDoubt)
		if got := s.batch(b.ID); got.Message != "no answer to the rename" || !got.UploadedAt.Equal(after(2)) {
			t.Errorf("%+v", got)
		}
		ok(t, s.Again(t.Context(), b.ID, "they looked", "mika", after(5)))
		if got := s.batch(b.ID); got.State != BatchBuilt || !got.UploadedAt.IsZero() || got.SHA256 != "abc" || got.Message != "" {
			t.Errorf("%+v", got)
		}
		es, err := s.Events(t.Context(), 0, b.ID)
		ok(t, err)
		if len(es) != 2 || es[0].Kind != "batch.in_doubt" || es[1].Kind != "batch.built" || es[1].Actor != "mika" || es[1].Detail != "they looked" {
			t.Errorf("events %+v", es)
		}
	})
}

func TestLeave(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		s.put(numbered("1", "2", "3")...)
		ids := s.planned("1", "2", "3")
		b := s.claim()
		s.advance(b.ID, BatchUploaded)
		ok(t, s.Leave(t.Context(), b.ID, ids[:1], "the buyer cancelled", after(9)))
		got := s.batch(b.ID)
		if got.State != BatchClaimed || got.Instructions != 2 || got.Lines != b.Lines-int64(s.row("1").Order.Lines()) || !got.BuiltAt.IsZero() {
			t.Errorf("%+v", got)
		}
		if r := s.row("1"); r.State != Seen {
			t.Errorf("order 1 is %v", r.State)
		}
		if places, err := s.PlacesOf(t.Context(), s.row("1").ID); err != nil || len(places) != 0 {
			t.Errorf("order 1 is at %v, %v", places, err)
		}
		if err := s.Leave(t.Context(), b.ID, ids[:1], "again", after(9)); !errors.Is(err, ErrChanged) {
			t.Errorf("left twice: %v", err)
		}
		s.planned("1") // it can be instructed anew
		ok(t, s.Leave(t.Context(), b.ID, ids[1:], "all gone", after(9)))
		if got := s.batch(b.ID); got.State != BatchDropped || got.Instructions != 0 {
			t.Errorf("%+v", got)
		}
		if bs, err := s.OpenBatches(t.Context(), s.wh); err != nil || len(bs) != 0 {
			t.Errorf("open %v, %v", bs, err)
		}
	})
}

func TestChangedInBatch(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		s.put(numbered("1", "2")...)
		ids := s.planned("1", "2")
		b := s.claim()
		if got, err := s.ChangedInBatch(t.Context(), b.ID); err != nil || len(got) != 0 {
			t.Errorf("changed %v, %v", got, err)
		}
		now := numbered("1", "2")
		now[1].Order.SubStatus = "cancelled"
		s.put(now...)
		if got, err := s.ChangedInBatch(t.Context(), b.ID); err != nil || !slices.Equal(got, ids[1:]) {
			t.Errorf("changed %v, %v", got, err)
		}
	})
}

func TestApprovalIsForTheBytes(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		s.put(numbered("1")...)
		s.planned("1")
		b := s.claim()
		wantCode(t, s.Approve(t.Context(), b.ID, "abc", "looked", "mika", noon), order.Conflict)
		s.advance(b.ID, BatchBuilt)
		wantCode(t, s.Approve(t.Context(), b.ID, "def", "looked", "mika", noon), order.Conflict)
		if yes, err := s.Approved(t.Context(), b.ID, "abc"); err != nil || yes {
			t.Errorf("approved by nobody, %v", err)
		}
		ok(t, s.Approve(t.Context(), b.ID, "abc", "looked", "mika", noon))
		if yes, err := s.Approved(t.Context(), b.ID, "abc"); err != nil || !yes {
			t.Errorf("not approved, %v", err)
		}
		if yes, err := s.Approved(t.Context(), b.ID, "def"); err != nil || yes {
			t.Errorf("other bytes approved, %v", err)
		}
	})
}

// A claim marks its instructions also where their ids lie far apart.
func TestClaimOfScatteredInstructions(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		s.put(numbered("1", "2", "3")...)
		for _, n := range []string{"1", "2", "3"} {
			s.planned(n)
			if _, err := s.w.ExecContext(t.Context(), `UPDATE counters SET value = value + 70000 WHERE name = 'instructions'`); err != nil {
				t.Fatal(err)
			}
		}
		if b := s.claim(); b.Instructions != 3 {
			t.Errorf("the batch has %d instructions, want 3", b.Instructions)
		}
		for _, n := range []string{"1", "2", "3"} {
			if p := s.places(n); len(p) != 1 || p[0].State != InstructionClaimed {
				t.Errorf("order %s: %+v", n, p)
			}
		}
	})
}
