package ledger

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestWindowsGrowTogether(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		ctx := t.Context()
		span := func(from, to int) {
			t.Helper()
			ok(t, s.Covered(ctx, s.acc, "orders", after(from), after(to), after(to)))
		}
		if until, at, err := s.ReadUntil(ctx, s.acc, "orders"); err != nil || !until.IsZero() || !at.IsZero() {
			t.Fatalf("before the first: %v %v %v", until, at, err)
		}
		span(0, 10)
		span(10, 20) // touches
		span(15, 30) // overlaps
		span(5, 8)   // again, inside
		span(40, 50) // leaves a gap
		ok(t, s.Covered(ctx, s.acc, "claims", after(0), after(5), after(5)))
		for i, want := range []bool{true, false, true} {
			fresh, err := s.Lost(ctx, s.acc, "orders", after(30), after(40+max(0, i-1)), after(60))
			ok(t, err)
			if fresh != want {
				t.Errorf("loss %d: fresh is %v", i, fresh)
			}
		}
		ws, err := s.Windows(ctx, s.acc)
		ok(t, err)
		var got []string
		for _, w := range ws {
			got = append(got, w.Feed+" "+w.State+" "+w.From.Format("15:04")+" "+w.To.Format("15:04"))
		}
		want := []string{
			"claims read " + after(0).Format("15:04") + " " + after(5).Format("15:04"),
			"orders read " + after(0).Format("15:04") + " " + after(30).Format("15:04"),
			"orders lost " + after(30).Format("15:04") + " " + after(41).Format("15:04"),
			"orders read " + after(40).Format("15:04") + " " + after(50).Format("15:04"),
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
		if until, at, err := s.ReadUntil(ctx, s.acc, "orders"); err != nil || !until.Equal(after(50)) || at.Before(after(50)) {
			t.Errorf("read until %v at %v: %v", until, at, err)
		}
		other := account(t, s.Ledger, "another")
		if until, _, err := s.ReadUntil(ctx, other, "orders"); err != nil || !until.IsZero() {
			t.Errorf("another account: %v %v", until, err)
		}
	})
}

func TestConfirmations(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		ctx := t.Context()
		s.put(numbered("1", "2", "3")...)
		ok(t, s.WantConfirm(ctx, s.acc, []string{"1", "2", "3", "unknown"}, after(1)))
		first, err := s.Confirms(ctx, s.acc, 0, 2)
		ok(t, err)
		rest, err := s.Confirms(ctx, s.acc, first[1].ID, 2)
		ok(t, err)
		if len(first) != 2 || len(rest) != 1 || rest[0].Order.Number != "3" {
			t.Fatalf("%v, %v", first, rest)
		}
		ok(t, s.PutConfirmed(ctx, []Confirmed{
			{OrderID: first[0].ID, State: ConfirmDone},
			{OrderID: first[1].ID, State: ConfirmRefused, Code: "E1", Detail: "too late"},
			{OrderID: rest[0].ID, State: ConfirmWaiting, Detail: "no answer"},
		}, after(2)))
		ok(t, s.WantConfirm(ctx, s.acc, []string{"1", "2", "3"}, after(3)))
		left, err := s.Confirms(ctx, s.acc, 0, 9)
		ok(t, err)
		if len(left) != 1 || left[0].Order.Number != "3" || left[0].Tries != 1 {
			t.Fatalf("%+v", left)
		}
		if k := s.kinds(first[1].ID, 0); !slices.Equal(k, []string{"order.not_confirmed"}) {
			t.Errorf("%v", k)
		}
		if k := s.kinds(rest[0].ID, 0); len(k) != 0 {
			t.Errorf("an unclear answer left %v", k)
		}
	})
}

func TestClaimsOfBuyers(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		ctx := t.Context()
		s.put(numbered("1", "2")...)
		claim := func(key, kind, state, order string) BuyerClaim {
			return BuyerClaim{Key: key, Kind: kind, State: state, Order: order, Quantity: 1, At: after(1)}
		}
		touch := func(want []string, cs ...BuyerClaim) {
			t.Helper()
			got, err := s.PutClaims(ctx, s.acc, cs, Asked{after(1), after(2)})
			ok(t, err)
			if !slices.Equal(got, want) {
				t.Errorf("touched %v, want %v", got, want)
			}
		}
		open := func(want ...string) {
			t.Helper()
			got, err := s.OpenClaims(ctx, s.acc)
			ok(t, err)
			if len(got) != len(want) || slices.ContainsFunc(want, func(n string) bool { return !got[n] }) {
				t.Errorf("open %v, want %v", got, want)
			}
		}
		touch([]string{"1", "2"}, claim("c1", "cancel", "requested", "1"), claim("c2", "return", "requested", "2"), claim("c3", "stop", "requested", "99"))
		touch(nil, claim("c1", "cancel", "requested", "1"))
		open("1", "99")
		touch([]string{"1"}, claim("c1", "cancel", "withdrawn", "1"))
		open("99")
		// What was asked for before says nothing over what was asked for later.
		old, err := s.PutClaims(ctx, s.acc, []BuyerClaim{claim("c1", "cancel", "requested", "1")}, Asked{after(0), after(3)})
		ok(t, err)
		if len(old) != 0 {
			t.Errorf("touched %v by an older reading", old)
		}
		open("99")
		if k := s.kinds(s.row("1").ID, 0); !slices.Equal(k, []string{"claim.requested", "claim.withdrawn"}) {
			t.Errorf("%v", k)
		}
	})
}

func TestListed(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		ctx := t.Context()
		ok(t, s.Relist(ctx, s.acc, []string{"1", "2", "2"}, nil))
		ok(t, s.Relist(ctx, s.acc, []string{"3"}, []string{"1"}))
		got, err := s.Listed(ctx, s.acc)
		ok(t, err)
		if len(got) != 2 || !got["2"] || !got["3"] {
			t.Errorf("%v", got)
		}
	})
}

func TestRefusedOrdersOfRepliesCountOnce(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		ctx := t.Context()
		f := s.file("a.pages", "aaa")
		f.Kind = FilePages
		f, err := s.AddFile(ctx, f, noon)
		ok(t, err)
		ok(t, s.PutRefusals(ctx, f.ID, []Refusal{{Line: 1, Order: "7", Detail: "x"}, {Line: 2, Detail: "no number"}}))
		f.State, f.OrdersRefused = FileDone, 2
		ok(t, s.FinishFile(ctx, f, noon.Add(time.Minute)))
		before, err := s.RefusedBefore(ctx, f.Owner, f.ID+1)
		ok(t, err)
		if len(before) != 2 || !before["7"] || !before["no number"] {
			t.Errorf("%v", before)
		}
		if own, err := s.RefusedBefore(ctx, f.Owner, f.ID); err != nil || len(own) != 0 {
			t.Errorf("its own: %v %v", own, err)
		}
		if n, err := s.Tally(ctx, ""); err != nil || n.Refused != 2 {
			t.Errorf("%+v %v", n, err)
		}
	})
}
