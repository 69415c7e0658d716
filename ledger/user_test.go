package ledger

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mallbridge/mallbridge/order"
)

func TestInvitationIsGoodOnce(t *testing.T) {
	each(t, func(t *testing.T, l *Ledger) {
		ctx := t.Context()
		old := must[string](t)(l.Invite(ctx, "hanako", Operator, after(60), "admin", noon))
		token := must[string](t)(l.Invite(ctx, "hanako", Admin, after(60), "admin", noon))
		if _, err := l.Invited(ctx, old, noon); order.CodeOf(err) != order.NotFound {
			t.Errorf("an earlier link still works: %v", err)
		}
		if _, err := l.Invited(ctx, token, after(60)); order.CodeOf(err) != order.NotFound {
			t.Errorf("a link works at its end: %v", err)
		}
		u := must[User](t)(l.Invited(ctx, token, after(59)))
		if u.Name != "hanako" || u.Role != Admin || u.Hash != "" {
			t.Errorf("invited: %+v", u)
		}
		ok(t, l.SetPassword(ctx, token, "argon", after(1)))
		wantCode(t, l.SetPassword(ctx, token, "other", after(2)), order.NotFound)
		u = must[User](t)(l.User(ctx, "hanako"))
		if u.Hash != "argon" {
			t.Errorf("the second password counts: %+v", u)
		}
		ok(t, l.Disable(ctx, "hanako", true, "admin", after(3)))
		if u = must[User](t)(l.User(ctx, "hanako")); !u.Disabled {
			t.Error("not disabled")
		}
		ok(t, l.SignedIn(ctx, "hanako", after(4)))
		var kinds []string
		for _, e := range must[[]Event](t)(l.Acts(ctx, 10)) {
			kinds = append(kinds, e.Kind+" "+e.Actor)
		}
		want := []string{"user.signed_in hanako", "user.disabled admin", "user.password hanako", "user.invited admin", "user.invited admin"}
		if d := cmp.Diff(want, kinds); d != "" {
			t.Error(d)
		}
		if _, err := l.User(ctx, "taro"); order.CodeOf(err) != order.NotFound {
			t.Errorf("a user who is not there: %v", err)
		}
	})
}

func TestSessions(t *testing.T) {
	each(t, func(t *testing.T, l *Ledger) {
		ctx := t.Context()
		ok(t, l.PutSession(ctx, "a", []byte("1"), after(10)))
		ok(t, l.PutSession(ctx, "a", []byte{0, 2}, after(20)))
		ok(t, l.PutSession(ctx, "b", []byte("3"), after(5)))
		for _, c := range []struct {
			token string
			at    time.Time
			want  string
			found bool
		}{{"a", after(15), "\x00\x02", true}, {"a", after(20), "", false}, {"b", after(4), "3", true}, {"c", noon, "", false}} {
			data, found, err := l.Session(ctx, c.token, c.at)
			if err != nil || found != c.found || string(data) != c.want {
				t.Errorf("%s at %v: %q %t %v", c.token, c.at, data, found, err)
			}
		}
		ok(t, l.DropSession(ctx, "a", after(6)))
		for _, token := range []string{"a", "b"} {
			if _, found, _ := l.Session(ctx, token, noon); found {
				t.Errorf("%s is still there", token)
			}
		}
	})
}

func TestSearch(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		s.put(numbered("100-1", "100-2", "1%0", "200-1")...)
		s.hold("100-2", order.Hold{Reason: order.HoldSKU})
		s.planned("200-1")
		b := s.claim()
		var number string
		ok(t, s.Instructions(t.Context(), b.ID, func(in *order.Instruction) error { number = in.Number; return nil }))
		must[[]Outcome](t)(s.PutShipments(t.Context(), s.wh, 1, []order.Shipment{{Instruction: number, Carrier: "yamato", Tracking: "123456789012"}}, after(90)))
		for _, c := range []struct {
			name string
			q    Search
			want []string
		}{
			{"everything, newest first", Search{}, []string{"200-1", "100-2", "100-1", "1%0"}},
			{"the beginning of a number", Search{Text: "100"}, []string{"100-2", "100-1"}},
			{"a sign that databases know", Search{Text: "1%"}, []string{"1%0"}},
			{"a tracking number", Search{Text: "123456789012"}, []string{"200-1"}},
			{"half a tracking number", Search{Text: "12345"}, nil},
			{"a state and a reason", Search{State: "held", Reason: order.HoldSKU}, []string{"100-2"}},
			{"another account", Search{Account: "coupang-main"}, nil},
			{"the next page", Search{Before: s.row("100-2").ID, Limit: 1}, []string{"100-1"}},
		} {
			var got []string
			for _, r := range must[[]Row](t)(s.Search(t.Context(), c.q)) {
				got = append(got, r.Order.Number)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("%s: %s", c.name, d)
			}
		}
		if _, err := s.Search(t.Context(), Search{State: "lost"}); order.CodeOf(err) != order.Invalid {
			t.Errorf("a state that is none: %v", err)
		}
		want := []Point{{noon, 4, 0}, {noon.Add(time.Hour), 0, 1}}
		if d := cmp.Diff(want, must[[]Point](t)(s.Flow(t.Context(), noon))); d != "" {
			t.Error(d)
		}
	})
}
