package ledger

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestLaxOnce goes through every way in which a transaction ends that does not wait for
// the disk: whoever writes next waits.
func TestLaxOnce(t *testing.T) {
	const full, normal = 2, 1
	l := openAt(t, filepath.Join(t.TempDir(), "ledger.db"))
	at := func(t *testing.T, x tx, want int64) {
		var level int64
		if err := x.QueryRowContext(t.Context(), `PRAGMA synchronous`).Scan(&level); err != nil || level != want {
			t.Errorf("written at level %d, %v, want %d", level, err, want)
		}
	}
	broken := errors.New("broken")
	for name, end := range map[string]func(cancel func()) error{
		"done":      func(func()) error { return nil },
		"failed":    func(func()) error { return broken },
		"cancelled": func(cancel func()) error { cancel(); return nil },
		"panicked":  func(func()) error { panic(broken) },
	} {
		t.Run(name, func(t *testing.T) {
			for _, lax := range []func(context.Context, string, func(tx) error) error{l.jot, l.part} {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				func() {
					defer func() { _ = recover() }()
					_ = lax(ctx, "lax", func(x tx) error {
						at(t, x, normal)
						return end(cancel)
					})
				}()
				ok(t, l.write(t.Context(), "write", func(x tx) error {
					at(t, x, full)
					return nil
				}))
			}
		})
	}
}

// TestPowerFails cuts SQLite's log where the disk may have it: anywhere behind what was
// waited for. What was written before is there, and the file is read again.
func TestPowerFails(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "ledger.db")
	s := newShop(t, openAt(t, path))
	f, err := s.AddFile(t.Context(), File{Kind: FileOrders, Owner: "rakuten-main", Name: "a.csv", SHA256: "a"}, noon)
	ok(t, err)
	sheet := samples(0, 4000)
	waited := int64(len(must[[]byte](t)(os.ReadFile(path + "-wal"))))
	for part := range slices.Chunk(sheet, 1000) {
		_, err := s.PutOrders(t.Context(), s.acc, f.ID, part, noon)
		ok(t, err)
	}
	book, log := must[[]byte](t)(os.ReadFile(path)), must[[]byte](t)(os.ReadFile(path+"-wal"))
	ended := int64(len(log))
	if ended <= waited {
		t.Fatalf("the log has %d bytes, before the orders %d", ended, waited)
	}
	for i := range int64(9) {
		copied := filepath.Join(t.TempDir(), "ledger.db")
		ok(t, os.WriteFile(copied, book, 0o600))
		ok(t, os.WriteFile(copied+"-wal", log[:waited+(ended-waited)*i/8], 0o600))
		after := openAt(t, copied)
		checkWhole(t, after)
		open, err := after.OpenFiles(t.Context(), FileOrders, "rakuten-main")
		if err != nil || len(open) != 1 || open[0].ID != f.ID {
			t.Fatalf("cut at %d of 8: open files %+v, %v", i, open, err)
		}
		had := must[Tally](t)(after.Tally(t.Context(), "")).Orders
		c, err := after.PutOrders(t.Context(), s.acc, f.ID, sheet, noon)
		if err != nil || c.Same != had || c.New != int64(len(sheet))-had {
			t.Errorf("cut at %d of 8 with %d orders: %+v, %v", i, had, c, err)
		}
	}
}
