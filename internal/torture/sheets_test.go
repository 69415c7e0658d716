package torture_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/internal/torture"
)

func run(t testing.TB, w *torture.World, codes ...int) torture.Result {
	t.Helper()
	r, err := w.Call(t.Context(), []string{"run"})
	ok(t, err)
	for _, c := range codes {
		if r.Code == c {
			return r
		}
	}
	t.Fatalf("want exit code %v: %s", codes, r)
	return r
}

// TestSameSheetAgain drops what was read before, under the same name and under
// another, before and after it was instructed.
func TestSameSheetAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, torture.Settings{}, 21)
	ok(t, w.Drop(torture.Shape{Orders: 5}))
	first := w.Truth.Sheets[0]
	ok(t, w.DropAgain(first, "copy.csv"))
	settle(t, w)
	ok(t, w.DropAgain(first, first.Name))
	ok(t, w.DropAgain(w.Truth.Sheets[1], "copy.csv"))
	settle(t, w)
}

// TestGrowingSheet looks at a sheet while another program still writes it.
func TestGrowingSheet(t *testing.T) {
	t.Parallel()
	const looks = time.Second
	for {
		w := newWorld(t, torture.Settings{Looks: looks}, 22)
		ok(t, w.Drop(torture.Shape{Orders: 6, Clean: true}))
		at := filepath.Join(w.Inbox(torture.Hand), w.Truth.Sheets[0].Name)
		whole, err := os.ReadFile(at)
		ok(t, err)
		r, rest := growing(t, w, at, whole)
		_, err = os.Stat(at)
		if err != nil && rest >= looks {
			continue // the writer came too late: the sheet did not grow while it was looked at
		}
		if r.Code != 0 || err != nil {
			t.Errorf("a sheet that grew was taken (%v): %s", err, r)
		}
		ok(t, os.WriteFile(at, whole, 0o666))
		settle(t, w)
		return
	}
}

// growing writes the sheet at a path again and again while extract runs, and returns the
// longest rest between two writes.
func growing(t *testing.T, w *torture.World, at string, whole []byte) (torture.Result, time.Duration) {
	t.Helper()
	last, rest := time.Now(), time.Duration(0)
	ok(t, os.WriteFile(at, whole[:1], 0o666))
	p, err := w.Start(t.Context(), []string{"run", "extract"})
	ok(t, err)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	f, err := os.OpenFile(at, os.O_WRONLY, 0)
	ok(t, err)
	defer f.Close()
	for n, busy := 2, true; busy; n++ {
		now := last
		select {
		case <-p.Done():
			busy = false
		case <-tick.C:
			now = time.Now()
			ok(t, f.Truncate(0))
			_, err := f.WriteAt(whole[:n%len(whole)], 0)
			ok(t, err)
		}
		rest = max(rest, time.Since(last))
		last = now
	}
	r, err := w.Wait(p)
	ok(t, err)
	return r, rest
}

// TestSheetWithoutItsMark waits for the done mark, however long the sheet stays
// the same.
func TestSheetWithoutItsMark(t *testing.T) {
	t.Parallel()
	w := newWorld(t, torture.Settings{DoneMark: true}, 23)
	ok(t, w.Drop(torture.Shape{Orders: 4, Clean: true}))
	at := filepath.Join(w.Inbox(torture.Rakuten), w.Truth.Sheets[1].Name)
	whole, err := os.ReadFile(at)
	ok(t, err)
	ok(t, os.Remove(at+".done"))
	ok(t, os.WriteFile(at, whole[:len(whole)/2], 0o666))
	// 3: what the other sheet's orders shipped by waits to be uploaded at its mall.
	run(t, w, 0, 3)
	run(t, w, 0, 3)
	ok(t, os.WriteFile(at, whole, 0o666))
	ok(t, os.WriteFile(at+".done", nil, 0o666))
	settle(t, w)
}

// TestCutSheet: one that ends in the middle of a row refuses nothing silently,
// and the whole one makes up for it.
func TestCutSheet(t *testing.T) {
	t.Parallel()
	w := newWorld(t, torture.Settings{}, 24)
	ok(t, w.Drop(torture.Shape{Orders: 4, Clean: true}))
	sheet := w.Truth.Sheets[1]
	at := filepath.Join(w.Inbox(sheet.Account), sheet.Name)
	whole, err := os.ReadFile(at)
	ok(t, err)
	ok(t, os.WriteFile(at, whole[:len(whole)-3], 0o666)) // inside the last quotes
	run(t, w, 3)
	ok(t, os.WriteFile(at, whole, 0o666))
	code, err := w.Rest(t.Context())
	ok(t, err)
	if code != 0 {
		t.Errorf("exit code %d after the whole sheet came", code)
	}
}
