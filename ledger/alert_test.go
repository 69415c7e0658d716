package ledger

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/mallbridge/mallbridge/order"
)

func (s *shop) alerts(q AlertList) []Alert {
	s.t.Helper()
	return must[[]Alert](s.t)(s.Alerts(s.t.Context(), q))
}

func TestAlerts(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		if got := s.alerts(AlertList{}); len(got) != 0 {
			t.Fatalf("an empty ledger has %v", got)
		}
		key := Alert{Kind: order.AlertKeyEnds, Target: "rakuten-main", Step: 30, Args: []string{"30", "2026-12-30"}}
		none := Alert{Kind: order.AlertNoOrders, Target: "rakuten-main"}
		fresh := must[[]Alert](t)(s.Raise(t.Context(), noon, key, none))
		if len(fresh) != 2 || fresh[0].ID == 0 || fresh[0].ID == fresh[1].ID {
			t.Fatalf("fresh: %+v", fresh)
		}
		fresh = must[[]Alert](t)(s.Raise(t.Context(), after(1), none))
		if len(fresh) != 0 {
			t.Errorf("raised twice, new twice: %+v", fresh)
		}
		key.Step, key.Args = 14, []string{"14", "2026-12-30"}
		must[[]Alert](t)(s.Raise(t.Context(), after(2), key))
		want := []Alert{
			{Kind: order.AlertKeyEnds, Target: "rakuten-main", Step: 14, Args: key.Args, Since: noon, Stepped: after(2), Seen: after(2)},
			{Kind: order.AlertNoOrders, Target: "rakuten-main", Since: noon, Stepped: noon, Seen: after(1)},
		}
		same := cmpopts.IgnoreFields(Alert{}, "ID")
		if d := cmp.Diff(want, s.alerts(AlertList{}), same); d != "" {
			t.Error(d)
		}

		id, ended, err := s.LastAlert(t.Context())
		if err != nil || id == 0 || ended != 0 {
			t.Errorf("the last alert: %d, %d, %v", id, ended, err)
		}
		ok(t, s.EndAlert(t.Context(), order.AlertNoOrders, "rakuten-main", "", after(3)))
		if again, ended, err := s.LastAlert(t.Context()); err != nil || again != id || ended != instant(after(3)) {
			t.Errorf("the last alert that ended: %d, %d, %v", again, ended, err)
		}
		ok(t, s.EndAlert(t.Context(), order.AlertNoOrders, "coupang-main", "", after(3)))
		if got := s.alerts(AlertList{Kind: order.AlertNoOrders}); len(got) != 0 {
			t.Errorf("an ended one is listed: %+v", got)
		}
		if got := s.alerts(AlertList{Kind: order.AlertNoOrders, Ended: after(3)}); len(got) != 1 || !got[0].Ended.Equal(after(3)) {
			t.Errorf("what ended: %+v", got)
		}
		if fresh = must[[]Alert](t)(s.Raise(t.Context(), after(4), none)); len(fresh) != 1 {
			t.Errorf("one that came again is no new one: %+v", fresh)
		}
		if got := s.alerts(AlertList{Kind: order.AlertNoOrders, Ended: noon}); len(got) != 2 {
			t.Errorf("%d of two times", len(got))
		}
	})
}

func TestSettle(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		settle := func(minutes int, subjects ...string) []Alert {
			t.Helper()
			as := make([]Alert, len(subjects))
			for i, subject := range subjects {
				as[i].Subject = subject
			}
			return must[[]Alert](t)(s.Settle(t.Context(), order.AlertNotHere, "rakuten-main", after(minutes), as...))
		}
		must[[]Alert](t)(s.Raise(t.Context(), noon, Alert{Kind: order.AlertNotHere, Target: "coupang-main", Subject: "1"}, Alert{Kind: order.AlertNoOrders, Target: "rakuten-main", Subject: "1"}))
		settle(0, "1", "2")
		if fresh := settle(1, "2", "3"); len(fresh) != 1 || fresh[0].Subject != "3" {
			t.Errorf("fresh: %+v", fresh)
		}
		var got []string
		for _, a := range s.alerts(AlertList{Kind: order.AlertNotHere, Target: "rakuten-main"}) {
			got = append(got, a.Subject)
		}
		if d := cmp.Diff([]string{"2", "3"}, got); d != "" {
			t.Error(d)
		}
		settle(2)
		if got := s.alerts(AlertList{}); len(got) != 2 || got[0].Target == got[1].Target {
			t.Errorf("of other kinds and targets are left %+v", got)
		}
	})
}
