package ledger

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/mallbridge/mallbridge/order"
)

func TestAccountsAndWarehousesKeepTheirIDs(t *testing.T) {
	each(t, func(t *testing.T, l *Ledger) {
		a, at, err := l.Account(t.Context(), "a", noon)
		ok(t, err)
		b, _, err := l.Account(t.Context(), "b", after(1))
		ok(t, err)
		again, first, err := l.Account(t.Context(), "a", after(2))
		ok(t, err)
		if a == b || a != again || !at.Equal(noon) || !first.Equal(noon) {
			t.Errorf("a %d then %d, b %d, registered %v then %v", a, again, b, at, first)
		}
		w, err := l.Warehouse(t.Context(), "a")
		ok(t, err)
		if v, err := l.Warehouse(t.Context(), "a"); err != nil || v != w {
			t.Errorf("warehouse %d, then %d, %v", w, v, err)
		}
	})
}

func TestPutOrders(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		in := samples(0, 700)
		for i := range in {
			in[i].Recipient = int64(i % 3)
		}
		in[0], in[699] = in[699], in[0] // not in the order of the numbers
		if c := s.put(in...); c != (PutCounts{New: 700}) {
			t.Fatalf("first time %+v", c)
		}
		if c := s.put(in...); c != (PutCounts{Same: 700}) {
			t.Fatalf("second time %+v", c)
		}
		rows, err := s.Pending(t.Context(), s.acc, Seen, 0, 1000)
		ok(t, err)
		if len(rows) != 700 {
			t.Fatalf("%d orders are pending", len(rows))
		}
		all, err := s.Orders(t.Context(), OrderList{Limit: 1000})
		ok(t, err)
		want := map[string]Intake{}
		for _, x := range in {
			want[x.Order.Number] = x
		}
		for i := range rows {
			r := &rows[i]
			w := want[r.Order.Number]
			if d := cmp.Diff(w.Order, r.Order, cmpopts.EquateEmpty()); d != "" {
				t.Fatalf("order %d (-put +got):\n%s", r.ID, d)
			}
			if d := cmp.Diff(all[i].Order, r.Order); d != "" || all[i].ID != r.ID || all[i].Recipient != r.Recipient {
				t.Fatalf("order %d is %+v where it is pending, %+v in the list:\n%s", i, r, all[i], d)
			}
			r = &all[i]
			if r.FileRow != w.Row || r.Recipient != w.Recipient || r.FileID != 7 || r.Version != 1 || r.State != Seen || r.Account != "rakuten-main" ||
				r.AccountID != s.acc || !r.SeenAt.Equal(noon) || !r.ChangedAt.Equal(noon) || len(r.Hash) != 16 {
				t.Fatalf("row %+v, want row %d recipient %d", r, w.Row, w.Recipient)
			}
			if i > 0 && rows[i-1].ID >= r.ID {
				t.Fatalf("ids %d, %d", rows[i-1].ID, r.ID)
			}
		}
		if c := s.put(); c != (PutCounts{}) {
			t.Errorf("nothing gave %+v", c)
		}
	})
}

// TestKnownOrdersBetweenNewOnes makes both ways of looking for known orders
// work: one stretch of numbers, and a few numbers far apart.
func TestKnownOrdersBetweenNewOnes(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		var old, both, apart []Intake
		for i := range 1200 {
			x := numbered(fmt.Sprintf("%06d", i))[0]
			if i%2 == 0 {
				old = append(old, x)
			}
			both = append(both, x)
			if i%100 == 0 || i == 1199 {
				apart = append(apart, x)
			}
		}
		if c := s.put(old...); c.New != 600 {
			t.Fatalf("%+v", c)
		}
		if c := s.put(apart...); c != (PutCounts{New: 1, Same: 12}) {
			t.Fatalf("far apart %+v", c)
		}
		if c := s.put(both...); c != (PutCounts{New: 599, Same: 601}) {
			t.Fatalf("all %+v", c)
		}
	})
}

func TestChangedOrders(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		s.put(numbered("1", "2", "3", "4")...)
		s.planned("2")
		s.hold("3", order.Hold{Reason: order.HoldSKU, Detail: "item-1"})
		now := numbered("1", "2", "3", "4")
		now[0].Order.Note = "please hurry"
		now[1].Order.SubStatus = "cancelled"
		now[2].Order.Packages[0].Lines[0].Quantity++
		now[2].Order.Status = "400"
		now[2].Recipient = 99
		c, err := s.PutOrders(t.Context(), s.acc, 8, now, after(5))
		ok(t, err)
		if c != (PutCounts{Same: 1, Changed: 3}) {
			t.Fatalf("got %+v", c)
		}
		for i, w := range []struct {
			state   State
			version int64
			file    int64
			events  []string
			detail  string
		}{
			{Seen, 2, 8, []string{"order.changed"}, "content"},
			{Recheck, 2, 8, []string{"order.changed"}, "status 300/発送待ち → 300/cancelled"},
			{Seen, 2, 8, []string{"order.held", "order.changed"}, "content; status 300/発送待ち → 400/発送待ち"},
			{Seen, 1, 7, nil, ""},
		} {
			number := fmt.Sprint(i + 1)
			r := s.row(number)
			if r.State != w.state || r.Version != w.version || r.FileID != w.file {
				t.Errorf("order %s: state %v, version %d, file %d", number, r.State, r.Version, r.FileID)
			}
			if d := cmp.Diff(now[i].Order, r.Order, cmpopts.EquateEmpty()); d != "" {
				t.Errorf("order %s (-put +got):\n%s", number, d)
			}
			if got := s.kinds(r.ID, 0); !slices.Equal(got, w.events) {
				t.Errorf("order %s: events %v", number, got)
			} else if len(got) > 0 {
				es, _ := s.Events(t.Context(), r.ID, 0)
				if e := es[len(es)-1]; e.Detail != w.detail || e.FileID != 8 || !e.At.Equal(after(5)) {
					t.Errorf("order %s: event %+v", number, e)
				}
			}
		}
		if r := s.row("3"); r.Recipient != 99 || r.Reason != "" {
			t.Errorf("order 3: recipient %d, reason %q", r.Recipient, r.Reason)
		}
		// A recheck that changes once more stays one.
		now[1].Order.SubStatus = "back again"
		s.put(now[1])
		if r := s.row("2"); r.State != Recheck || r.Version != 3 {
			t.Errorf("order 2: %v version %d", r.State, r.Version)
		}
	})
}

func TestRepeatsInsideOneCall(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		in := numbered("1", "2", "1", "1", "3")
		in[2].Order = in[0].Order
		in[3].Order.Note = "the last word"
		if c := s.put(in...); c != (PutCounts{New: 3, Same: 1, Changed: 1}) {
			t.Errorf("got %+v", c)
		}
		if r := s.row("1"); r.Order.Note != "the last word" || r.Version != 2 {
			t.Errorf("got version %d, %q", r.Version, r.Order.Note)
		}
	})
}

func TestPending(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		other := account(t, s.Ledger, "other")
		_, err := s.PutOrders(t.Context(), other, 1, numbered("x"), noon)
		ok(t, err)
		s.put(numbered("1", "2", "3", "4", "5", "6")...)
		s.hold("2", order.Hold{Reason: order.HoldSKU, Detail: "a"})
		s.planned("3")
		r := s.row("4")
		ok(t, s.Apply(t.Context(), &Plan{Orders: []Disposition{{ID: r.ID, Version: 1, Was: Seen, State: Outside, Reason: order.OutDone}}}, noon))
		s.planned("5")
		changed := numbered("5")
		changed[0].Order.Note = "new"
		s.put(changed...)
		for _, w := range []struct {
			state State
			want  []string
		}{{Seen, []string{"1", "6"}}, {Held, []string{"2"}}, {Recheck, []string{"5"}}, {Outside, nil}, {Planned, nil}} {
			rows, err := s.Pending(t.Context(), s.acc, w.state, 0, 10)
			ok(t, err)
			var got []string
			for _, r := range rows {
				got = append(got, r.Order.Number)
			}
			if !slices.Equal(got, w.want) {
				t.Errorf("%v: %v, want %v", w.state, got, w.want)
			}
		}
		first, err := s.Pending(t.Context(), s.acc, Seen, 0, 1)
		ok(t, err)
		rest, err := s.Pending(t.Context(), s.acc, Seen, first[0].ID, 10)
		ok(t, err)
		if len(first) != 1 || len(rest) != 1 || rest[0].Order.Number != "6" {
			t.Errorf("pages of %d and %d", len(first), len(rest))
		}
	})
}

func TestOrderList(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		s.put(numbered("1", "2", "3")...)
		s.hold("2", order.Hold{Reason: order.HoldSKU, Detail: "a"})
		s.planned("3")
		for _, c := range []struct {
			name string
			list OrderList
			want []string
		}{
			{"all", OrderList{}, []string{"1", "2", "3"}},
			{"two", OrderList{Limit: 2}, []string{"1", "2"}},
			{"held", OrderList{State: "held"}, []string{"2"}},
			{"reason", OrderList{Reason: order.HoldSKU}, []string{"2"}},
			{"seen", OrderList{State: "seen"}, []string{"1"}},
			{"account", OrderList{Account: "rakuten-main", State: "planned"}, []string{"3"}},
			{"other account", OrderList{Account: "other"}, nil},
			{"after", OrderList{After: s.row("2").ID}, []string{"3"}},
		} {
			rows, err := s.Orders(t.Context(), c.list)
			ok(t, err)
			var got []string
			for _, r := range rows {
				got = append(got, r.Order.Number)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%s: %v, want %v", c.name, got, c.want)
			}
		}
		_, err := s.Orders(t.Context(), OrderList{State: "lost"})
		wantCode(t, err, order.Invalid)
	})
}

func TestTwins(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		in := numbered("1", "2", "3", "4", "5", "6")
		for i, r := range []int64{5, 5, 6, 0, 0, 6} {
			in[i].Recipient = r
		}
		s.put(in...)
		s.planned("6")
		got, err := s.Twins(t.Context(), s.acc)
		ok(t, err)
		if d := cmp.Diff(map[int64]bool{5: true}, got); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	})
}

func TestStateNames(t *testing.T) {
	for s, want := range map[State]string{Seen: "seen", Held: "held", Outside: "outside", Planned: "planned", Recheck: "recheck", 9: "state 9"} {
		if s.String() != want {
			t.Errorf("%d is %q", int64(s), s)
		}
	}
}

// TestAStoppedOrderComesBack cancels an order whose parcel was stopped, and then
// takes the cancel back: the stopped parcel still has its pieces.
func TestAStoppedOrderComesBack(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		s.sent("1")
		change := func(status string) {
			t.Helper()
			in := numbered("1")
			in[0].Order.Status = status
			s.put(in...)
		}
		change("900")
		r := s.row("1")
		ok(t, s.Apply(t.Context(), &Plan{Orders: []Disposition{{ID: r.ID, Version: r.Version, Was: r.State, State: Outside, Reason: order.OutCancelled}}}, noon))
		change("300")
		if r := s.row("1"); r.State != Recheck {
			t.Errorf("it is %s", r.State)
		}
	})
}

// TestTheReadingAskedForLaterCounts: stages ask a mall for the same order side by side
// and store what it said in any order.
func TestTheReadingAskedForLaterCounts(t *testing.T) {
	const sheet = -1
	eachShop(t, func(t *testing.T, s *shop) {
		for i, step := range []struct {
			status     string
			asked, now int
			want       string
			counts     PutCounts
		}{
			{"paid", 10, 11, "paid", PutCounts{New: 1}},
			{"preparing", 14, 15, "preparing", PutCounts{Changed: 1}},
			{"paid", 12, 16, "preparing", PutCounts{Newer: 1}}, // asked for before, stored after
			{"preparing", 12, 16, "preparing", PutCounts{Same: 1}},
			{"cancelled", 14, 17, "cancelled", PutCounts{Changed: 1}},
			// A person's sheet is taken as it comes, and tells nothing of when the mall was asked.
			{"on hold", sheet, 18, "on hold", PutCounts{Changed: 1}},
			{"paid", 13, 18, "on hold", PutCounts{Newer: 1}},
			{"paid", 15, 18, "paid", PutCounts{Changed: 1}},
			// A clock was ahead: until it is passed, what comes is taken.
			{"shipped", 90, 91, "shipped", PutCounts{Changed: 1}},
			{"returned", 20, 21, "returned", PutCounts{Changed: 1}},
			{"settled", 22, 95, "returned", PutCounts{Newer: 1}},
			{"settled", 92, 95, "settled", PutCounts{Changed: 1}},
		} {
			in := numbered("1")
			in[0].Order.Status = step.status
			var got PutCounts
			var err error
			if step.asked == sheet {
				got, err = s.PutOrders(t.Context(), s.acc, 7, in, after(step.now))
			} else {
				got, err = s.PutReplies(t.Context(), s.acc, 7, in, Asked{after(step.asked), after(step.now)}, after(step.now))
			}
			ok(t, err)
			if is := s.row("1").Order.Status; got != step.counts || is != step.want {
				t.Fatalf("step %d: %+v and %q, want %+v and %q", i, got, is, step.counts, step.want)
			}
		}
	})
}
