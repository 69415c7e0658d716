package ledger

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mallbridge/mallbridge/order"
)

func TestCounts(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		if got := must[[]Count](t)(s.Counts(t.Context())); len(got) != 0 {
			t.Errorf("an empty ledger counts %v", got)
		}
		s.put(numbered("1", "2", "3", "4")...)
		s.hold("2", order.Hold{Reason: order.HoldSKU})
		s.hold("3", order.Hold{Reason: order.HoldSKU})
		s.planned("4")
		want := []Count{
			{"rakuten-main", Seen, "", 1, noon},
			{"rakuten-main", Held, order.HoldSKU, 2, noon},
			{"rakuten-main", Planned, "", 1, noon},
		}
		if d := cmp.Diff(want, must[[]Count](t)(s.Counts(t.Context()))); d != "" {
			t.Error(d)
		}
	})
}

func TestBatchStates(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		for number, to := range map[string]string{"1": BatchClaimed, "2": BatchUploaded, "3": BatchInDoubt, "4": BatchDelivered} {
			s.put(numbered(number)...)
			s.planned(number)
			s.advance(s.claim().ID, to)
		}
		open, doubt, err := s.BatchStates(t.Context())
		ok(t, err)
		if d := cmp.Diff(map[string]int64{"tokyo": 2}, open); d != "" {
			t.Errorf("open: %s", d)
		}
		if d := cmp.Diff(map[string]int64{"tokyo": 1}, doubt); d != "" {
			t.Errorf("in doubt: %s", d)
		}
	})
}

func TestRefusedRows(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		for name, refused := range map[string]int64{"a.csv": 2, "b.csv": 3} {
			f := must[File](t)(s.AddFile(t.Context(), s.file(name, name), noon))
			f.State, f.Refused = FileDone, refused
			ok(t, s.FinishFile(t.Context(), f, after(1)))
		}
		if d := cmp.Diff(map[string]int64{"rakuten-main": 5}, must[map[string]int64](t)(s.RefusedRows(t.Context()))); d != "" {
			t.Error(d)
		}
	})
}
