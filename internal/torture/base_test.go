package torture_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/internal/torture"
)

// A variant is a kind of warehouse.
type variant struct {
	name     string
	settings torture.Settings
	cancel   bool // an order is cancelled after the drop, and a sheet cannot be read
}

var (
	archives = variant{name: "archives", settings: torture.Settings{Batch: 4}}
	deletes  = variant{name: "deletes", settings: torture.Settings{Batch: 4, Habits: torture.Habits{Delete: true}}}
	// both deletes and waits for marks, which vanish as soon as they are written
	marks = variant{name: "marks", settings: torture.Settings{Batch: 4, Habits: torture.Habits{Marks: true, Delete: true}, Verify: "hash"}, cancel: true}

	// calls has an account that sells by API
	calls = variant{name: "calls", settings: torture.Settings{Batch: 4, API: true}}

	byFiles  = []variant{archives, deletes, marks}
	variants = append(byFiles[:3:3], calls)
)

// A base is a world in the middle of its day: sheets wait in the watch folders,
// and answers to the first files wait at the drop. Tests work on copies.
type base struct {
	once  sync.Once
	world *torture.World
	took  time.Duration // of a run
	err   error
}

var bases = map[string]*base{archives.name: {}, deletes.name: {}, marks.name: {}, calls.name: {}}

func loaded(t testing.TB, v variant) *base {
	t.Helper()
	needServer(t)
	b := bases[v.name]
	b.once.Do(func() { b.err = b.load(t, v) })
	ok(t, b.err)
	return b
}

func (b *base) load(t testing.TB, v variant) error {
	w, err := torture.NewWorld(work, "base-"+v.name, program, torture.PlaceOf(server), v.settings, 7)
	if err != nil {
		return err
	}
	b.world = w
	w.Warehouse.SetSilent(true)
	w.Warehouse.Open()
	defer w.Warehouse.Close()
	if err := w.Drop(torture.Shape{Orders: 4}); err != nil {
		return err
	}
	gone := w.Truth.Alone(torture.Hand)
	if v.cancel {
		w.Warehouse.HoldBack(gone.Number)
	}
	if w.Mall != nil {
		if r, err := w.Call(t.Context(), []string{"run", "catalog", "--account", torture.Calls}); err != nil || r.Code != 0 {
			return fmt.Errorf("catalog: %w: %s", err, r)
		}
		if err := w.Sell(3); err != nil {
			return err
		}
	}
	start := time.Now()
	if _, err := w.Rest(t.Context()); err != nil {
		return err
	}
	b.took = time.Since(start) / 2
	w.Warehouse.Close()
	w.Warehouse.Answer()
	if v.cancel {
		if err := errors.Join(w.Cancel(gone), w.DropBroken(torture.Rakuten, "broken.csv")); err != nil {
			return err
		}
	}
	if w.Mall != nil {
		if err := w.Sell(2); err != nil {
			return err
		}
	}
	return w.Drop(torture.Shape{Orders: 8, Common: true})
}

// fork copies the base. Its warehouse does not answer yet.
func (b *base) fork(t testing.TB, place torture.Place) *torture.World {
	t.Helper()
	w := clone(t, b.world, place)
	w.Warehouse.SetSilent(true)
	return w
}

// finish brings a world that was hurt to its end and checks it. It returns how
// many batches were in doubt until the warehouse answered.
func finish(t testing.TB, w *torture.World, allowed ...int) (doubts int) {
	t.Helper()
	if !w.Settings.Delete {
		w.Warehouse.SetSilent(false)
		w.Warehouse.Answer()
		settle(t, w, allowed...)
		return 0
	}
	r, err := w.Call(t.Context(), []string{"run"})
	ok(t, err)
	if r.Code != 0 && r.Code != 3 && !slices.Contains(allowed, r.Code) {
		t.Errorf("a run that nothing disturbs fails: %s", r)
	}
	w.Warehouse.Look()
	states, err := w.States(t.Context())
	ok(t, err)
	if doubts = states["in_doubt"]; doubts > 1 {
		t.Errorf("%d batches in doubt: one was sent before the doubt about another ended", doubts)
	}
	w.Warehouse.SetSilent(false)
	w.Warehouse.Answer()
	settle(t, w, allowed...)
	return doubts
}

func logFile(w *torture.World) string { return filepath.Join(filepath.Dir(w.Dir), w.Name+".points") }

func lines(t testing.TB, path string) map[string]int {
	t.Helper()
	data, err := os.ReadFile(path)
	ok(t, err)
	out := map[string]int{}
	for _, l := range splitLines(string(data)) {
		out[l]++
	}
	return out
}
