package ledger

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/internal/pgtest"
	"github.com/mallbridge/mallbridge/order"
)

func TestWritesNeedTheirLease(t *testing.T) {
	each(t, func(t *testing.T, l *Ledger) {
		lease, _, err := l.Acquire(t.Context(), "instruct/tokyo", "a", time.Minute, noon)
		ok(t, err)
		under := l.Under(lease)
		if l.Bound() || !under.Bound() {
			t.Error("the wrong ledger is bound")
		}
		id := account(t, under, "shop-1")
		ok(t, under.Covered(t.Context(), id, "orders", noon, after(1), noon))

		// It expired, but nobody has taken it: what is written is still right.
		ok(t, under.Covered(t.Context(), id, "orders", after(1), after(2), after(10)))

		taken, mine, err := l.Acquire(t.Context(), "instruct/tokyo", "b", time.Minute, after(10))
		ok(t, err)
		if !mine || taken.Token != lease.Token+1 {
			t.Fatalf("%+v, %v", taken, mine)
		}
		err = under.Covered(t.Context(), id, "orders", after(2), after(3), after(11))
		if !errors.Is(err, ErrLost) || order.CodeOf(err) != order.Retry {
			t.Errorf("the late owner wrote: %v", err)
		}
		ok(t, l.Under(taken).Covered(t.Context(), id, "orders", after(2), after(4), after(11)))
		if until, _, err := l.ReadUntil(t.Context(), id, "orders"); err != nil || !until.Equal(after(4)) {
			t.Errorf("read until %s, %v", until, err)
		}
		if renewed, err := l.Renew(t.Context(), lease, time.Minute, after(11)); renewed || err != nil {
			t.Errorf("the late owner renewed it: %v, %v", renewed, err)
		}
		if renewed, err := l.Renew(t.Context(), taken, time.Minute, after(11)); !renewed || err != nil {
			t.Errorf("its owner could not renew it: %v, %v", renewed, err)
		}
		// Given back and taken by the same owner: its token is another one.
		ok(t, l.Drop(t.Context(), "instruct/tokyo", "b"))
		if _, mine, err := l.Acquire(t.Context(), "instruct/tokyo", "c", time.Minute, after(11)); !mine || err != nil {
			t.Errorf("%v, %v", mine, err)
		}
		if err := l.Under(taken).Covered(t.Context(), id, "orders", after(4), after(5), after(11)); !errors.Is(err, ErrLost) {
			t.Errorf("%v", err)
		}
	})
}

func TestWhile(t *testing.T) {
	each(t, func(t *testing.T, l *Ledger) {
		now := func() time.Time { return after(5) }
		did := 0
		do := func(context.Context) error { did++; return nil }
		ok(t, l.While(t.Context(), time.Minute, now, do)) // no lease, no question
		lease, _, err := l.Acquire(t.Context(), "instruct/tokyo", "a", time.Minute, noon)
		ok(t, err)
		under := l.Under(lease)
		ok(t, under.While(t.Context(), time.Minute, now, do))
		if b, mine, err := l.Acquire(t.Context(), "instruct/tokyo", "b", time.Minute, after(5)); mine || err != nil || !b.Expires.Equal(after(6)) {
			t.Errorf("it was not renewed: %+v, %v, %v", b, mine, err)
		}
		broke := errors.New("no answer")
		if err := under.While(t.Context(), time.Minute, now, func(context.Context) error { return broke }); !errors.Is(err, broke) {
			t.Errorf("%v", err)
		}
		if _, mine, err := l.Acquire(t.Context(), "instruct/tokyo", "b", time.Minute, after(7)); !mine || err != nil {
			t.Fatalf("%v, %v", mine, err)
		}
		if err := under.While(t.Context(), time.Minute, now, do); !errors.Is(err, ErrLost) || did != 2 {
			t.Errorf("%v; done %d times", err, did)
		}
	})
}

// On PostgreSQL nobody takes a lease over while its holder changes a drop, however
// long that takes, nor while a write of its holder is not finished.
func TestNobodyTakesALeaseInTheMiddle(t *testing.T) {
	l := openAt(t, pgtest.Database(t))
	lease, _, err := l.Acquire(t.Context(), "instruct/tokyo", "a", time.Minute, noon)
	ok(t, err)
	other := func() (Lease, bool) {
		got, mine, err := l.Acquire(t.Context(), "instruct/tokyo", "b", time.Minute, after(10))
		ok(t, err)
		return got, mine
	}
	ok(t, l.Under(lease).While(t.Context(), time.Minute, func() time.Time { return after(10) }, func(context.Context) error {
		if got, mine := other(); mine || got.Owner != "a" {
			t.Errorf("it was taken in the middle of a drop: %+v", got)
		}
		return nil
	}))
	if _, mine := other(); mine {
		t.Error("the drop did not renew it")
	}
	ok(t, l.Under(lease).write(t.Context(), "write", func(tx) error {
		if got, mine, err := l.Acquire(t.Context(), "instruct/tokyo", "b", time.Minute, after(20)); mine || err != nil {
			t.Errorf("it was taken in the middle of a write: %+v, %v", got, err)
		}
		return nil
	}))
	if _, mine, err := l.Acquire(t.Context(), "instruct/tokyo", "b", time.Minute, after(20)); !mine || err != nil {
		t.Errorf("afterwards: %v, %v", mine, err)
	}
}

func TestSeats(t *testing.T) {
	each(t, func(t *testing.T, l *Ledger) {
		take := func(kind, owner string, minute int) bool {
			t.Helper()
			got, err := l.Seat(t.Context(), kind, owner, 2, 2*time.Minute, after(minute))
			ok(t, err)
			return got
		}
		for _, c := range []struct {
			kind, owner string
			minute      int
			want        bool
		}{
			{"mall rakuten", "a", 0, true},
			{"mall rakuten", "b", 0, true},
			{"mall rakuten", "c", 0, false},
			{"mall qoo10", "c", 0, true},
			{"mall rakuten", "a", 1, true}, // renewed
			{"mall rakuten", "c", 2, true}, // b's has ended
			{"mall rakuten", "b", 2, false},
		} {
			if got := take(c.kind, c.owner, c.minute); got != c.want {
				t.Errorf("%s for %s in minute %d: %v", c.kind, c.owner, c.minute, got)
			}
		}
		ok(t, l.Stand(t.Context(), "a"))
		if !take("mall rakuten", "b", 2) {
			t.Error("a seat that was given back is not free")
		}
		ok(t, l.Stand(t.Context(), "nobody"))
	})
}

func TestLivesAndForget(t *testing.T) {
	each(t, func(t *testing.T, l *Ledger) {
		for i, name := range []string{"node/a", "node/b", "plan/shop"} {
			_, _, err := l.Acquire(t.Context(), name, name, time.Duration(i+1)*time.Minute, noon)
			ok(t, err)
		}
		got, err := l.Lives(t.Context(), "node/", after(1))
		ok(t, err)
		if len(got) != 1 || !got["node/b"] {
			t.Errorf("alive %v", got)
		}
		ok(t, l.Forget(t.Context(), "node/", after(10)))
		if _, _, err := l.Acquire(t.Context(), "plan/shop", "next", time.Minute, after(10)); err != nil {
			t.Error(err)
		}
		if lease, _, err := l.Acquire(t.Context(), "node/b", "node/b", time.Minute, after(10)); err != nil || lease.Token != 1 {
			t.Errorf("a forgotten lease: %+v, %v", lease, err)
		}
	})
}

func TestRest(t *testing.T) {
	each(t, func(t *testing.T, l *Ledger) {
		rested := func(minute int) bool {
			t.Helper()
			got, err := l.Rested(t.Context(), "orders shop-1", 10*time.Minute, after(minute))
			ok(t, err)
			return got
		}
		if !rested(0) {
			t.Error("what was never done has to rest")
		}
		ok(t, l.Rest(t.Context(), "orders shop-1", after(0)))
		if rested(9) || !rested(10) {
			t.Error("the pace is not kept")
		}
		ok(t, l.Rest(t.Context(), "orders shop-1", after(10)))
		if rested(19) || !rested(20) {
			t.Error("the pace is not kept the second time")
		}
	})
}
