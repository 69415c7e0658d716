package ledger

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mallbridge/mallbridge/order"
)

// found are the numbers of the orders that a search finds.
func (s *shop) found(q Search) []string {
	s.t.Helper()
	rows, err := s.Search(s.t.Context(), q)
	ok(s.t, err)
	out := []string{}
	for i := range rows {
		out = append(out, rows[i].Order.Number)
	}
	return out
}

func (s *shop) index() {
	s.t.Helper()
	for {
		n, err := s.Index(s.t.Context(), 2)
		ok(s.t, err)
		if n == 0 {
			return
		}
	}
}

func TestOrdersAreFoundByWhatPeopleKnow(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		in := numbered("A-1", "A-2", "B-1")
		in[0].Order.Buyer = order.Party{Name: "山田　花子", Kana: "ヤマダ ハナコ", Phone: "090-0000-0001", Country: "JP"}
		in[0].Order.Packages[0].To = order.Party{Name: "髙橋一郎", Company: "見本商店", Phone: "+81 3-0000-0002", Country: "JP"}
		in[1].Order.Buyer = order.Party{Name: "Kim Minji", Phone: "010-0000-0003", Country: "KR"}
		in[1].Order.Packages[0].To = in[1].Order.Buyer
		in[1].Order.Packages[0].Lines[0].Codes = order.Codes{ItemCode: "ITEM-７"}
		in[2].Order.Buyer.Kana, in[2].Order.Packages[0].To = "", order.Party{Name: "佐藤", Country: "JP"}
		s.put(in...)
		if got := s.found(Search{Text: "山田"}); len(got) != 0 {
			t.Errorf("found before it was indexed: %v", got)
		}
		if got := s.found(Search{Text: "A-"}); !slices.Equal(got, []string{"A-2", "A-1"}) {
			t.Errorf("by the beginning of the number: %v", got)
		}
		s.index()
		_, err := s.SyncLinks(t.Context(), []Link{{Code: "item-7", SKU: "TEE", Quantity: 1}}, noon)
		ok(t, err)
		for text, want := range map[string][]string{
			"山田花子": {"A-1"}, "花子": {"A-1"}, "ﾔﾏﾀﾞ": {"A-1"}, "髙橋": {"A-1"}, "見本商店": {"A-1"}, "kim minji": {"A-2"}, "minji": {"A-2"},
			"09000000001": {"A-1"}, "03-0000-0002": {"A-1"}, "item-7": {"A-2"}, "TEE": {"A-2"}, "佐藤": {"B-1"}, "B-1": {"B-1"}, "nobody": {}, "0000": {}, `%`: {},
		} {
			if d := cmp.Diff(want, s.found(Search{Text: text})); d != "" {
				t.Errorf("%s: %s", text, d)
			}
		}
		// What changed is found by what it is now.
		in[2].Order.Packages[0].To.Name = "鈴木"
		s.put(in[2])
		s.index()
		if got := s.found(Search{Text: "佐藤"}); len(got) != 0 {
			t.Errorf("found by what it was: %v", got)
		}
		if got := s.found(Search{Text: "鈴木", From: noon, To: after(1)}); !slices.Equal(got, []string{"B-1"}) {
			t.Errorf("by what it is: %v", got)
		}
		if got := s.found(Search{From: after(1)}); len(got) != 0 {
			t.Errorf("of another time: %v", got)
		}
		if got := s.found(Search{State: "seen", Account: "rakuten-main", Limit: 2}); !slices.Equal(got, []string{"B-1", "A-2"}) {
			t.Errorf("by state: %v", got)
		}
	})
}

// Keys that tell of a person go with the person's data, those of goods stay.
func TestPurgeTakesTheKeys(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		in := numbered("A-1")
		in[0].Order.Buyer.Name = "山田 花子"
		in[0].Order.Packages[0].Lines[0].Codes.ItemCode = "TOWEL-1"
		s.put(in...)
		s.index()
		r := s.row("A-1")
		ok(t, s.Apply(t.Context(), &Plan{Orders: []Disposition{{ID: r.ID, Version: r.Version, Was: Seen, State: Outside, Reason: order.OutDone}}}, noon))
		ss, err := s.Settled(t.Context(), s.acc, after(10), 0, 10)
		ok(t, err)
		_, _, _, err = s.PurgeOrders(t.Context(), ss, after(20))
		ok(t, err)
		if got := s.found(Search{Text: "山田"}); len(got) != 0 {
			t.Errorf("still found by name: %v", got)
		}
		if got := s.found(Search{Text: "towel-1"}); len(got) != 1 {
			t.Errorf("not found by its goods: %v", got)
		}
		var n int
		ok(t, s.r.QueryRowContext(t.Context(), `SELECT count(*) FROM search_keys WHERE personal = 1`).Scan(&n))
		if n != 0 {
			t.Errorf("%d personal keys are left", n)
		}
	})
}

func TestCorrection(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		ctx := t.Context()
		in := numbered("1")
		s.put(in...)
		s.hold("1", order.Hold{Reason: order.HoldPostal, Detail: "postal code"})
		id := s.row("1").ID
		ok(t, s.Release(ctx, id, []order.Reason{order.HoldRemark}, "read it", "mika", after(1)))
		fix := func(o *order.Order) ([]string, error) {
			o.Packages[0].To.Postal = "100-0001"
			return []string{"postal"}, nil
		}
		wantCode(t, s.Correct(ctx, id, fix, " ", "mika", after(2)), order.Invalid)
		ok(t, s.Correct(ctx, id, func(*order.Order) ([]string, error) { return nil, nil }, "nothing", "mika", after(2)))
		if r := s.row("1"); r.State != Held || r.Version != 1 {
			t.Errorf("a correction of nothing: %+v", r)
		}
		ok(t, s.Correct(ctx, id, fix, "the buyer called", "mika", after(3)))
		rows, err := s.Pending(ctx, s.acc, Seen, 0, 10)
		ok(t, err)
		if len(rows) != 1 || rows[0].Order.Packages[0].To.Postal != "100-0001" || rows[0].Version != 2 || !slices.Equal(rows[0].Released, []order.Reason{order.HoldRemark}) {
			t.Fatalf("after the correction: %+v", rows)
		}
		// The mall says the same: the correction stays. Another status does not end it.
		if c := s.put(in...); c.Same != 1 {
			t.Errorf("%+v", c)
		}
		in[0].Order.SubStatus = "発送待ち2"
		if c := s.put(in...); c.Changed != 1 {
			t.Errorf("%+v", c)
		}
		if r := s.row("1"); r.Order.Packages[0].To.Postal != "100-0001" || r.Order.SubStatus != "発送待ち2" || r.State != Seen {
			t.Errorf("after another status: %+v %+v", r, r.Order)
		}
		// What the mall changes counts, and somebody must look.
		in[0].Order.Packages[0].To.Street = "架空町9-9"
		s.put(in...)
		if r := s.row("1"); r.Order.Packages[0].To.Postal == "100-0001" || r.State != Held || r.Reason != order.HoldPerson {
			t.Errorf("after another address: %+v", r)
		}
		ok(t, s.Release(ctx, id, []order.Reason{order.HoldPerson}, "right now", "mika", after(5)))
		in[0].Order.Packages[0].To.Street = "架空町9-8"
		s.put(in...)
		if r := s.row("1"); r.State != Seen {
			t.Errorf("a correction that ended holds again: %+v", r)
		}
		s.planned("1")
		ok(t, s.Correct(ctx, id, fix, "in time", "mika", after(6)))
		if r := s.row("1"); r.State != Seen || len(readyIDs(t, s)) != 0 {
			t.Errorf("a planned order that was corrected: %+v", r)
		}
		s.planned("1")
		s.claim()
		wantCode(t, s.Correct(ctx, id, fix, "late", "mika", after(6)), order.Conflict)
		wantCode(t, s.Correct(ctx, 4711, fix, "none", "mika", after(6)), order.NotFound)
		if kinds := s.kinds(id, 0); !slices.Contains(kinds, "order.corrected") {
			t.Errorf("events: %v", kinds)
		}
	})
}

func TestWishes(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		ctx := t.Context()
		s.put(numbered("1", "2", "3")...)
		s.planned("1")
		one, two := s.row("1").ID, s.row("2").ID
		w := Wish{Warehouse: "osaka", Split: "line", Apart: true}
		wantCode(t, s.SetWish(ctx, one, w, "", "mika", after(1)), order.Invalid)
		ok(t, s.SetWish(ctx, one, w, "it is there", "mika", after(1)))
		rows, err := s.Pending(ctx, s.acc, Recheck, 0, 10)
		ok(t, err)
		if len(rows) != 1 || rows[0].Wish != w {
			t.Fatalf("to be judged again: %+v", rows)
		}
		ok(t, s.SetWish(ctx, two, Wish{Cancelled: true}, "the buyer called", "mika", after(1)))
		r := s.row("2")
		ok(t, s.Apply(ctx, &Plan{Orders: []Disposition{{ID: r.ID, Version: r.Version, Was: Seen, State: Outside, Reason: order.OutPerson}}}, after(2)))
		// It stays so, whatever the mall says, until it is taken back.
		got, err := s.WishOf(ctx, two)
		ok(t, err)
		if !got.Cancelled {
			t.Error("the cancel is gone")
		}
		ok(t, s.SetWish(ctx, two, Wish{}, "a mistake", "mika", after(3)))
		if r := s.row("2"); r.State != Seen {
			t.Errorf("taken back: %+v", r)
		}
		three := s.row("3")
		ok(t, s.Apply(ctx, &Plan{Orders: []Disposition{{ID: three.ID, Version: 1, Was: Seen, State: Outside, Reason: order.OutDone}}}, after(2)))
		wantCode(t, s.SetWish(ctx, three.ID, w, "x", "mika", after(3)), order.Conflict)
		s.sent("4")
		wantCode(t, s.SetWish(ctx, s.row("4").ID, w, "x", "mika", after(3)), order.Conflict)
		wantCode(t, s.SetWish(ctx, 4711, w, "x", "mika", after(3)), order.NotFound)
		if w := (Wish{Cancelled: true, Service: "cool"}); w.String() != "cancelled, service cool" || (Wish{}).String() != "as ever" {
			t.Error(w.String())
		}
	})
}

func TestFilters(t *testing.T) {
	each(t, func(t *testing.T, l *Ledger) {
		ctx := t.Context()
		ok(t, l.SetFilter(ctx, "mika", Filter{"held", "state=held"}))
		ok(t, l.SetFilter(ctx, "mika", Filter{"all", "q=1"}))
		ok(t, l.SetFilter(ctx, "mika", Filter{"held", "state=held&account=a"}))
		ok(t, l.SetFilter(ctx, "jun", Filter{"held", "q=2"}))
		if d := cmp.Diff([]Filter{{"all", "q=1"}, {"held", "state=held&account=a"}}, must[[]Filter](t)(l.Filters(ctx, "mika"))); d != "" {
			t.Error(d)
		}
		ok(t, l.SetFilter(ctx, "mika", Filter{Name: "held"}))
		if fs := must[[]Filter](t)(l.Filters(ctx, "mika")); len(fs) != 1 {
			t.Errorf("%v", fs)
		}
	})
}

func TestSecondFactor(t *testing.T) {
	each(t, func(t *testing.T, l *Ledger) {
		ctx := t.Context()
		if f := must[SecondFactor](t)(l.SecondFactor(ctx, "mika")); f != (SecondFactor{}) {
			t.Errorf("%+v", f)
		}
		ok(t, l.SetSecondFactor(ctx, "mika", SecondFactor{Secret: "ABC"}, "mika", noon))
		ok(t, l.SetSecondFactor(ctx, "mika", SecondFactor{Secret: "ABC", Confirmed: true, Last: 10}, "mika", noon))
		for _, x := range []struct {
			step int64
			want bool
		}{{10, false}, {11, true}, {11, false}, {9, false}, {12, true}} {
			if got := must[bool](t)(l.TakeCode(ctx, "mika", x.step)); got != x.want {
				t.Errorf("step %d: %t", x.step, got)
			}
		}
		if f := must[SecondFactor](t)(l.SecondFactor(ctx, "mika")); f != (SecondFactor{"ABC", true, 12}) {
			t.Errorf("%+v", f)
		}
		ok(t, l.SetSecondFactor(ctx, "mika", SecondFactor{}, "admin", noon))
		if f := must[SecondFactor](t)(l.SecondFactor(ctx, "mika")); f.Secret != "" {
			t.Errorf("%+v", f)
		}
	})
}

// Orders go in one parcel by a person's word, all that belong together, until it is taken
// back or they are in a file.
func TestMerge(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		ctx := t.Context()
		s.put(numbered("1", "2", "3", "4")...)
		s.planned("1")
		one, two, three := s.row("1").ID, s.row("2").ID, s.row("3").ID
		wantCode(t, s.Merge(ctx, []int64{one, two}, " ", "mika", after(1)), order.Invalid)
		wantCode(t, s.Merge(ctx, []int64{one}, "x", "mika", after(1)), order.Invalid)
		wantCode(t, s.Merge(ctx, []int64{one, 4711}, "x", "mika", after(1)), order.NotFound)
		ok(t, s.Merge(ctx, []int64{two, one}, "one box", "mika", after(1)))
		if r := s.row("1"); r.State != Seen || r.Version != 2 {
			t.Errorf("order 1 is %v in version %d", r.State, r.Version)
		}
		if places, err := s.PlacesOf(ctx, one); err != nil || len(places) != 0 {
			t.Errorf("order 1 is still at %v, %v", places, err)
		}
		ok(t, s.Merge(ctx, []int64{three, two}, "this one too", "mika", after(2)))
		rows, err := s.Fellows(ctx, one)
		ok(t, err)
		if len(rows) != 3 || rows[2].Order.Number != "3" {
			t.Errorf("%d orders go together", len(rows))
		}
		if w, err := s.WishOf(ctx, three); err != nil || w.Together != one || w.String() != "in one parcel with others" {
			t.Errorf("wish %+v, %v", w, err)
		}
		// Another wish of one of them keeps them together.
		ok(t, s.SetWish(ctx, two, Wish{Service: "cool"}, "x", "mika", after(3)))
		if rows, err := s.Fellows(ctx, two); err != nil || len(rows) != 3 {
			t.Errorf("%d orders go together: %v", len(rows), err)
		}
		wantCode(t, s.Unmerge(ctx, one, "", "mika", after(4)), order.Invalid)
		ok(t, s.Unmerge(ctx, three, "two boxes", "mika", after(4)))
		if rows, err := s.Fellows(ctx, one); err != nil || len(rows) != 0 {
			t.Errorf("%d orders go together: %v", len(rows), err)
		}
		wantCode(t, s.Unmerge(ctx, one, "again", "mika", after(4)), order.Conflict)
		s.planned("4")
		s.claim()
		wantCode(t, s.Merge(ctx, []int64{one, s.row("4").ID}, "x", "mika", after(5)), order.Conflict)
		if n := len(s.kinds(one, 0)); n == 0 {
			t.Error("the events know nothing of it")
		}
	})
}
