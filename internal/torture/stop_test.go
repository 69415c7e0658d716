package torture_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/mallbridge/mallbridge/internal/torture"
)

// TestStoppedParcelOfTwo cancels one of two orders that travel together: the
// parcel is stopped, and the other order waits for a person instead of being
// forgotten, and goes again on their word.
func TestStoppedParcelOfTwo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, torture.Settings{}, 71)
	w.Warehouse.SetSilent(true)
	ok(t, w.Drop(torture.Shape{Orders: 20, Clean: true}))
	run(t, w, 0)
	gone, stays := w.Truth.Together(torture.Hand)
	if gone == nil {
		t.Fatal("no two orders travel together")
	}
	w.Warehouse.HoldBack(gone.Number)
	w.Warehouse.Answer()
	w.Warehouse.SetSilent(false)
	ok(t, w.Cancel(gone))
	code, err := w.Rest(t.Context())
	ok(t, err)
	if code != 3 {
		t.Errorf("exit code %d although an order waits", code)
	}
	if got := holds(t, w); !slices.Equal(got, []string{stays.Number + " warehouse_refused"}) {
		t.Errorf("holds: %q", got)
	}
	first := arrivals(w, stays.Number)
	r, err := w.Call(t.Context(), []string{"holds", "release", stays.Number, "--note", "it goes alone"})
	ok(t, err)
	if r.Code != 0 {
		t.Fatal(r)
	}
	code, err = w.Rest(t.Context())
	ok(t, err)
	if again := arrivals(w, stays.Number); code != 0 || first != len(stays.Lines) || again != 2*first {
		t.Errorf("exit code %d; lines of the order that stays were at the warehouse %d times, then %d", code, first, again)
	}
	var proof struct {
		Balanced    bool
		Differences []string
	}
	r, err = w.Call(t.Context(), []string{"prove", "--json"})
	ok(t, err)
	ok(t, json.Unmarshal(r.Stdout, &proof))
	if !proof.Balanced {
		t.Errorf("the proof does not balance: %s", strings.Join(proof.Differences, "; "))
	}
}

// arrivals counts the rows of an order at the warehouse that are no part of a set.
func arrivals(w *torture.World, number string) (n int) {
	for _, f := range w.Warehouse.Taken() {
		for _, p := range f.Picks {
			if p.Order == number {
				n++
			}
		}
	}
	return n
}

func holds(t testing.TB, w *torture.World) []string {
	t.Helper()
	r, err := w.Call(t.Context(), []string{"holds", "--json"})
	ok(t, err)
	var hs []map[string]any
	ok(t, json.Unmarshal(r.Stdout, &hs))
	var out []string
	for _, h := range hs {
		out = append(out, text(h, "number")+" "+text(h, "reason"))
	}
	return out
}

func text(h map[string]any, key string) string {
	for k, v := range h {
		if strings.EqualFold(k, key) || strings.EqualFold(k, "order") && key == "number" {
			s, _ := v.(string)
			return s
		}
	}
	return ""
}
