package torture_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	_ "github.com/mallbridge/mallbridge/internal/cli" // declares every fault point of the program
	"github.com/mallbridge/mallbridge/internal/fault"
	"github.com/mallbridge/mallbridge/internal/sshtest"
	"github.com/mallbridge/mallbridge/internal/torture"
)

func splitLines(s string) []string { return strings.Fields(s) }

// reached counts how often a run that nothing disturbs comes to each point.
func reached(t *testing.T, v variant) map[string]int {
	t.Helper()
	w := loaded(t, v).fork(t, torture.PlaceOf(server))
	r, err := w.Call(t.Context(), []string{"run"}, torture.Env("MALLBRIDGE_FAULT_LOG="+logFile(w)))
	ok(t, err)
	if r.Code != 3 {
		t.Fatalf("not what the base is made for: %s", r)
	}
	if n := finish(t, w); n != 0 {
		t.Errorf("%d batches in doubt although nothing happened", n)
	}
	return lines(t, logFile(w))
}

// elsewhere reports whether the program is ended at a point by other tests: nothing in
// the worlds here is old enough to be purged, no quantity waits for a person, and the
// full list of stock was compared in the base. The tests of pipeline/purge and the
// random walk do it there.
func elsewhere(point string) bool {
	return strings.HasPrefix(point, "purge.") || point == "stock.waits-kept" || point == "stock.compared"
}

// TestKillAtEveryPoint kills the program each time it comes to each point, and
// lets it go on.
func TestKillAtEveryPoint(t *testing.T) {
	points := map[string]map[string]int{}
	everywhere := map[string]bool{}
	for _, v := range variants {
		points[v.name] = reached(t, v)
		for p := range points[v.name] {
			everywhere[p] = true
		}
	}
	for _, p := range fault.Points() {
		if !everywhere[p] && !elsewhere(p) {
			t.Errorf("no run comes to the point %s", p)
		}
	}
	for _, v := range variants {
		for _, p := range slices.Sorted(maps.Keys(points[v.name])) {
			for n := 1; n <= points[v.name][p]; n++ {
				if !worthwhile(points, v, p, n) {
					continue
				}
				t.Run(fmt.Sprintf("%s/%s:%d", v.name, p, n), func(t *testing.T) {
					t.Parallel()
					killAt(t, v, p, n)
				})
			}
		}
	}
}

// worthwhile reports whether a kill tells something that others do not: worlds
// differ from the first in what happens at the drop, and in what only they have.
// TestKillWhileCollecting does all of collect.
func worthwhile(points map[string]map[string]int, v variant, p string, n int) bool {
	edge := n == 1 || n == points[v.name][p]
	switch {
	case points[archives.name][p] == 0:
		return true
	case v.name == archives.name:
		return !strings.HasPrefix(p, "collect.")
	case v.name == calls.name: // asking a mall takes its time
		return p == "instruct.malls-asked" && edge
	}
	return edge && strings.HasPrefix(p, "instruct.")
}

func killAt(t *testing.T, v variant, point string, n int) {
	w := loaded(t, v).fork(t, torture.PlaceOf(server))
	r, err := w.Call(t.Context(), []string{"run"}, torture.KillAt(point, n))
	ok(t, err)
	if !r.Killed {
		t.Fatalf("it was not killed at %s:%d: %s", point, n, r)
	}
	doubts := finish(t, w)
	// Only a file that was renamed, taken and not recorded leaves a doubt.
	want := 0
	if v.settings.Delete && point == "instruct.renamed" {
		want = 1
	}
	if doubts != want {
		t.Errorf("%d batches were in doubt, not %d", doubts, want)
	}
}

// TestKillAtRandom kills up to three times in a row: at a moment, at a byte of
// the upload, or at a point.
func TestKillAtRandom(t *testing.T) {
	n := *rounds
	if *seed != 0 {
		n = 1
	}
	for i := range n {
		s := *seed
		if s == 0 {
			s = rand.Uint64N(1<<32) | 1
		}
		v := byFiles[s%uint64(len(byFiles))]
		t.Run(fmt.Sprintf("%d", i+1), func(t *testing.T) {
			t.Parallel()
			defer func() {
				if t.Failed() {
					t.Logf("repeat it with -torture.seed=%d", s)
				}
			}()
			randomRound(t, v, s)
		})
	}
}

func randomRound(t *testing.T, v variant, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 1))
	b := loaded(t, v)
	proxy := sshtest.StartProxy(t, server.Addr)
	place := torture.PlaceOf(server)
	place.Addr = proxy.Addr
	w := b.fork(t, place)
	w.Gen = torture.NewGenerator(seed)
	w.Gen.Skip(1000)
	size := torture.Shape{Orders: 1 + rng.IntN(10)}
	if rng.IntN(6) == 0 { // one large file, in small slices
		size.Orders, w.Settings.Batch = 100+rng.IntN(100), 0
		ok(t, w.Configure())
		proxy.Slice(500 + rng.IntN(1500))
	}
	ok(t, w.Drop(size))
	for kill := range 1 + rng.IntN(3) {
		if kill > 0 && rng.IntN(3) == 0 {
			ok(t, w.Drop(torture.Shape{Orders: 1 + rng.IntN(4)}))
		}
		if rng.IntN(4) == 0 {
			sheet := w.Truth.Sheets[rng.IntN(len(w.Truth.Sheets))]
			ok(t, w.DropAgain(sheet, fmt.Sprintf("again-%d-%s", kill, sheet.Name)))
		}
		disturb(t, w, b, proxy, rng)
	}
	finish(t, w)
}

// disturb runs the program once and kills it somewhere.
func disturb(t *testing.T, w *torture.World, b *base, proxy *sshtest.Proxy, rng *rand.Rand) {
	args := []string{"run"}
	if rng.IntN(6) == 0 {
		args = append(args, "collect")
	}
	switch rng.IntN(3) {
	case 0:
		points := fault.Points()
		_, err := w.Call(t.Context(), args, torture.KillAt(points[rng.IntN(len(points))], 1+rng.IntN(4)))
		ok(t, err)
	case 1:
		// A connection takes about 4 kB until the first file is written.
		at := proxy.Moved(sshtest.Up) + rng.Int64N(40_000)
		p, err := w.Start(t.Context(), args)
		ok(t, err)
		go func() {
			if proxy.Await(sshtest.Up, at) {
				p.Kill()
			}
		}()
		_, err = w.Wait(p)
		ok(t, err)
	default:
		p, err := w.Start(t.Context(), args)
		ok(t, err)
		timer := time.NewTimer(time.Duration(rng.Int64N(int64(b.took) * 5 / 4)))
		defer timer.Stop()
		select {
		case <-timer.C:
			p.Kill()
		case <-p.Done():
		}
		_, err = w.Wait(p)
		ok(t, err)
	}
}
