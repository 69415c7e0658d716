package ledger

import (
	"bufio"
	"io"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/internal/pgtest"
	"github.com/mallbridge/mallbridge/order"
)

// TestTwoProcessesAtOnce lets two processes store overlapping orders, plan and
// claim on one database.
func TestTwoProcessesAtOnce(t *testing.T) {
	for name, dsn := range map[string]string{"sqlite": filepath.Join(t.TempDir(), "ledger.db"), "postgres": ""} {
		t.Run(name, func(t *testing.T) {
			if name == "postgres" {
				dsn = pgtest.Database(t)
			}
			l := openAt(t, dsn)
			account(t, l, "rakuten-main")
			warehouse(t, l, "tokyo")
			var children []*exec.Cmd
			var said []*bufio.Scanner
			for _, first := range []int{0, childShare / 2} {
				cmd, out := startChild(t, "work", dsn, first)
				children, said = append(children, cmd), append(said, bufio.NewScanner(out))
			}
			steps := make([]int, len(children))
			for i, cmd := range children {
				for said[i].Scan() {
					steps[i]++
				}
				if err := cmd.Wait(); err != nil {
					t.Fatalf("process %d: %v", i, err)
				}
			}
			const all = childShare + childShare/2
			// What one of them left when the other had gone home.
			if err := work(t.Context(), l, 0, io.Discard); err != nil {
				t.Fatal(err)
			}
			checkWhole(t, l)
			tally, err := l.Tally(t.Context(), "")
			ok(t, err)
			if tally.Orders != all || tally.Planned != all-tally.Held[order.HoldSKU] || tally.Seen != 0 {
				t.Errorf("of %d orders: %+v", all, tally)
			}
			batches, err := l.Batches(t.Context(), "", 1000)
			ok(t, err)
			claimed := map[int64]bool{}
			for _, b := range batches {
				ok(t, l.Instructions(t.Context(), b.ID, func(in *order.Instruction) error {
					if claimed[in.ID] {
						t.Errorf("instruction %d is in two batches", in.ID)
					}
					claimed[in.ID] = true
					return nil
				}))
			}
			if int64(len(claimed)) != tally.Planned {
				t.Errorf("%d of %d orders were claimed", len(claimed), tally.Planned)
			}
			t.Logf("%v steps, %d batches", steps, len(batches))
		})
	}
}

// TestKilledAnywhere kills a process that stores, plans and claims, again and
// again at another moment, and looks at what it left.
func TestKilledAnywhere(t *testing.T) {
	const rounds = 20
	file := filepath.Join(t.TempDir(), "ledger.db")
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	first, sure := 0, 0
	for round := range rounds {
		cmd, out := startChild(t, "work", file, first)
		said := bufio.NewScanner(out)
		// The child tells each step it is sure of; the kill comes somewhere in
		// a later one.
		for range r.IntN(12) {
			if !said.Scan() {
				break
			}
			if n, found := strings.CutPrefix(said.Text(), "put "); found {
				sure = max(sure, must[int](t)(strconv.Atoi(n)))
			}
		}
		spin(r.IntN(3_000_000))
		ok(t, cmd.Process.Kill())
		for said.Scan() {
			if n, found := strings.CutPrefix(said.Text(), "put "); found {
				sure = max(sure, must[int](t)(strconv.Atoi(n)))
			}
		}
		_ = cmd.Wait()
		l, err := Open(t.Context(), file)
		ok(t, err)
		checkWhole(t, l)
		tally, err := l.Tally(t.Context(), "")
		ok(t, err)
		if tally.Orders < int64(sure) || tally.Orders > int64(sure+childStep) {
			t.Errorf("round %d: it was sure of %d orders, and %d are there", round, sure, tally.Orders)
		}
		if int(tally.Orders)%childStep != 0 {
			t.Errorf("round %d: a part of a transaction is there: %d orders", round, tally.Orders)
		}
		ok(t, l.Close())
		first = int(tally.Orders)
		if t.Failed() {
			t.Fatalf("round %d, seed %d", round, seed)
		}
	}
	l := openAt(t, file)
	ok(t, work(t.Context(), l, first, io.Discard))
	checkWhole(t, l)
	t.Logf("%d orders at the end", first+childShare)
}

// spin passes a little time without sleeping, so that the kill falls anywhere.
func spin(n int) {
	x := uint64(1)
	for range n {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	sink = x
}

var sink uint64
