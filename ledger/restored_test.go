package ledger

import (
	"path/filepath"
	"testing"
	"time"
)

func TestRestoredLedgerIsComparedFirst(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		ctx := t.Context()
		if !must[bool](t)(s.Compared(ctx, "warehouse/tokyo")) {
			t.Error("a ledger that was never restored wants to be compared")
		}
		copied, back := noon, noon.Add(time.Hour)
		ok(t, s.Restored(ctx, copied, back))
		if got := must[Restore](t)(s.LastRestore(ctx)); got != (Restore{copied, back}) {
			t.Errorf("last restore: %+v", got)
		}
		for _, what := range []string{"warehouse/tokyo", "account/rakuten-main"} {
			if must[bool](t)(s.Compared(ctx, what)) {
				t.Errorf("%s needs no comparison after a restore", what)
			}
			ok(t, s.SetCompared(ctx, what, "", "", back))
			if !must[bool](t)(s.Compared(ctx, what)) {
				t.Errorf("%s was compared and wants it again", what)
			}
		}
		ok(t, s.Restored(ctx, copied, back.Add(time.Hour)))
		if must[bool](t)(s.Compared(ctx, "warehouse/tokyo")) {
			t.Error("a second restore needs no comparison")
		}
	})
}

func TestRestoredNumbersGoOnFarther(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		s.put(numbered("1", "2")...)
		s.planned("1")
		first := s.claim()
		ok(t, s.Restored(t.Context(), noon, noon.Add(10*time.Minute)))
		s.planned("2")
		second := s.claim()
		if d := second.ID - first.ID; d != 1_000+10+1 {
			t.Errorf("the next batch has a number that is %d higher", d)
		}
		ids, err := s.items(t.Context(), second.ID)
		ok(t, err)
		if len(ids) != 1 || ids[0] < 110_000 {
			t.Errorf("the next instruction is %v", ids)
		}
	})
}

func TestDoubtSendsNothingAgain(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		ctx := t.Context()
		state := map[string]string{"1": BatchClaimed, "2": BatchBuilt, "3": BatchUploaded, "4": BatchDelivered}
		ids := map[string]int64{}
		for _, number := range []string{"1", "2", "3", "4"} {
			s.put(numbered(number)...)
			s.planned(number)
			b := s.claim()
			ids[number] = b.ID
			s.advance(b.ID, state[number])
		}
		s.put(numbered("5")...)
		s.planned("5")
		ok(t, s.Restored(ctx, noon, after(60)))
		warehouse := must[int64](t)(s.Warehouse(ctx, "tokyo"))
		ok(t, s.Doubt(ctx, warehouse, "tokyo", "asked", "suzuki", after(61)))
		for number, want := range map[string]string{"1": "dropped", "2": BatchInDoubt, "3": BatchInDoubt, "4": BatchDelivered} {
			if got := must[*Batch](t)(s.Batch(ctx, ids[number])).State; got != want {
				t.Errorf("the batch that was %s is %s, want %s", state[number], got, want)
			}
		}
		for number, want := range map[string]State{"1": Seen, "5": Seen, "4": Planned} {
			if got := s.row(number).State; got != want {
				t.Errorf("order %s is %v, want %v", number, got, want)
			}
		}
		if at := must[time.Time](t)(s.MaybeSent(ctx, "tokyo")); !at.Equal(after(60)) {
			t.Errorf("orders before %v are in doubt", at)
		}
		if !must[bool](t)(s.Compared(ctx, "warehouse/tokyo")) {
			t.Error("a person has compared, and it is asked again")
		}
		if at := must[time.Time](t)(s.MaybeSent(ctx, "osaka")); !at.IsZero() {
			t.Errorf("osaka is in doubt since %v", at)
		}
	})
}

func TestCopyThatTakesThePlaceOfTheLedger(t *testing.T) {
	s := newShop(t, openAt(t, filepath.Join(t.TempDir(), "ledger.db")))
	ctx := t.Context()
	s.put(numbered("1", "2")...)
	s.planned("1")
	sent := s.claim()
	ok(t, s.SetCompared(ctx, "account/rakuten-main", "", "", noon))
	if _, placed, err := s.Placed(ctx, noon); err != nil || placed {
		t.Errorf("a ledger of its own is taken for a copy: %v", err)
	}
	copied := filepath.Join(t.TempDir(), "copy.db")
	ok(t, s.Backup(ctx, copied))
	if _, placed, err := s.Placed(ctx, noon); err != nil || placed {
		t.Errorf("after a copy was made of it, a ledger is taken for one: %v", err)
	}

	c := newShop(t, openAt(t, copied))
	now := noon.Add(72 * time.Hour)
	r, placed, err := c.Placed(ctx, now)
	ok(t, err)
	if want := (Restore{noon, now}); !placed || r != want {
		t.Errorf("a copy says of itself %t %+v, not %+v", placed, r, want)
	}
	if must[bool](t)(c.Compared(ctx, "warehouse/tokyo")) {
		t.Error("a copy needs no comparison")
	}
	c.planned("2")
	if next := c.claim(); next.ID < sent.ID+1_000 {
		t.Errorf("a copy gives a batch the number %d after %d", next.ID, sent.ID)
	}
	if _, placed, err := c.Placed(ctx, now.Add(time.Hour)); err != nil || placed {
		t.Errorf("a copy is noted as one twice: %v", err)
	}
}

// TestCopyOfAnEmptyLedger: what came since is not in it either.
func TestCopyOfAnEmptyLedger(t *testing.T) {
	l := openAt(t, filepath.Join(t.TempDir(), "ledger.db"))
	copied := filepath.Join(t.TempDir(), "copy.db")
	ok(t, l.Backup(t.Context(), copied))
	if _, placed, err := openAt(t, copied).Placed(t.Context(), noon); err != nil || !placed {
		t.Errorf("it is not taken for a copy: %v", err)
	}
}
