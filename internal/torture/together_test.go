package torture_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/internal/torture"
)

// TestTogether starts several runs on one workspace at once, on a new ledger and
// in the middle of a day, and kills one of them.
func TestTogether(t *testing.T) {
	for _, n := range []int{2, 4, 8} {
		t.Run(fmt.Sprintf("%d on a new ledger", n), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, torture.Settings{Batch: 3}, uint64(n))
			ok(t, w.Drop(torture.Shape{Orders: 6}))
			together(t, w, n, 300*time.Millisecond)
			settle(t, w)
		})
		t.Run(fmt.Sprintf("%d in the middle", n), func(t *testing.T) {
			t.Parallel()
			b := loaded(t, archives)
			w := b.fork(t, torture.PlaceOf(server))
			together(t, w, n, b.took)
			finish(t, w)
		})
	}
}

func together(t *testing.T, w *torture.World, n int, within time.Duration) {
	t.Helper()
	ps := make([]*torture.Process, n)
	for i := range ps {
		var err error
		ps[i], err = w.Start(t.Context(), []string{"run"})
		ok(t, err)
	}
	victim := ps[rand.IntN(n)]
	timer := time.NewTimer(rand.N(within))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-victim.Done():
	}
	victim.Kill()
	for _, p := range ps {
		r, err := w.Wait(p)
		ok(t, err)
		switch {
		case r.Killed && p == victim, r.Code == 0, r.Code == 3:
		case r.Code == 1 && strings.Contains(r.Stderr, "is being run by") && strings.Contains(r.Stderr, "hint: wait until it has finished"):
		default:
			t.Errorf("beside others: %s", r)
		}
	}
}
