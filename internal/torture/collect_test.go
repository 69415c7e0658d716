package torture_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mallbridge/mallbridge/internal/torture"
)

// TestKillWhileCollecting kills while answers to several files, stock among
// them, are fetched: nothing that comes later hides what was lost.
func TestKillWhileCollecting(t *testing.T) {
	w := newWorld(t, torture.Settings{Batch: 4}, 11)
	w.Warehouse.SetSilent(true)
	ok(t, w.Drop(torture.Shape{Orders: 4, Clean: true}))
	_, err := w.Rest(t.Context())
	ok(t, err)
	w.Warehouse.Close()
	w.Warehouse.Answer()
	log := clone(t, w, torture.PlaceOf(server))
	r, err := log.Call(t.Context(), []string{"run", "collect"}, torture.Env("MALLBRIDGE_FAULT_LOG="+logFile(log)))
	ok(t, err)
	if r.Code != 0 {
		t.Fatal(r)
	}
	settle(t, log)
	for p, k := range lines(t, logFile(log)) {
		if !strings.HasPrefix(p, "collect.") {
			t.Errorf("collect comes to %s", p)
		}
		for n := 1; n <= k; n++ {
			t.Run(fmt.Sprintf("%s:%d", p, n), func(t *testing.T) {
				t.Parallel()
				w := clone(t, w, torture.PlaceOf(server))
				r, err := w.Call(t.Context(), []string{"run", "collect"}, torture.KillAt(p, n))
				ok(t, err)
				if !r.Killed {
					t.Fatal(r)
				}
				settle(t, w)
			})
		}
	}
}
