package ledger

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/internal/pgtest"
	"github.com/mallbridge/mallbridge/order"
)

func nobody(Lease) error { return nil }

func proven() error { return nil }

// full is a ledger with rows in every table.
func full(t *testing.T, path string) *Ledger {
	t.Helper()
	l := openAt(t, path)
	for _, table := range tables(t, l) {
		if table != "moves" {
			twoRows(t, l, table)
		}
	}
	return l
}

func TestMoveTakesEverything(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	l, next := full(t, path), openAt(t, pgtest.Database(t))
	_, err := l.w.ExecContext(t.Context(), `INSERT INTO events (id, at, kind, order_id, instruction_id, batch_id, file_id, reason, actor, detail)
		VALUES (9000000000, -1, '', 0, 0, 0, 0, '', '山田 𠮷乃', 'a 	tab, a "quote", a backslash \ and a
new line')`)
	ok(t, err)
	asked := 0
	moved, err := l.Move(t.Context(), next, "postgres://db.example/books", noon, nobody, func() error { asked++; return nil })
	ok(t, err)
	if asked != 1 {
		t.Errorf("proven %d times", asked)
	}
	var names []string
	for _, m := range moved {
		names = append(names, m.Table)
		want := int64(2)
		switch m.Table {
		case "moves":
			want = 0
		case "events":
			want = 3
		}
		if m.Rows != want || int64(count(t, next.r, m.Table)) != want || len(m.SHA256) != 64 {
			t.Errorf("%+v, there are %d", m, count(t, next.r, m.Table))
		}
	}
	slices.Sort(names)
	all := tables(t, next)
	slices.Sort(all)
	if !slices.Equal(names, all) {
		t.Errorf("moved %v of %v", names, all)
	}
	var actor, detail string
	ok(t, next.r.QueryRowContext(t.Context(), `SELECT actor, detail FROM events WHERE id = 9000000000`).Scan(&actor, &detail))
	if actor != "山田 𠮷乃" || !strings.Contains(detail, "\\ and a\nnew line") {
		t.Errorf("%q, %q", actor, detail)
	}

	_, err = Open(t.Context(), path)
	wantCode(t, err, order.Conflict)
	if !strings.Contains(err.Error(), "postgres://db.example/books on 2026-11-22") {
		t.Errorf("the old file says %v", err)
	}
}

func TestMoveIsRefused(t *testing.T) {
	busy := errors.New("at work")
	for _, c := range []struct {
		name   string
		before func(t *testing.T, l, next *Ledger)
		idle   func(Lease) error
		proven func() error
		want   string
	}{
		{
			"somebody is at work",
			func(t *testing.T, l, _ *Ledger) {
				_, _, err := l.Acquire(t.Context(), "plan/shop", "other/1/run", time.Minute, noon)
				ok(t, err)
			},
			func(x Lease) error {
				if x.Name != "plan/shop" || x.Owner != "other/1/run" {
					t.Errorf("asked for %+v", x)
				}
				return busy
			},
			proven, "at work",
		},
		{
			"the database is in use",
			func(t *testing.T, _, next *Ledger) { account(t, next, "shop") },
			nobody, proven, "has 1 rows already",
		},
		{"the proof differs", func(*testing.T, *Ledger, *Ledger) {}, nobody, func() error { return busy }, "at work"},
		{
			"a text that PostgreSQL cannot hold",
			func(t *testing.T, l, _ *Ledger) {
				_, err := l.w.ExecContext(context.Background(), `UPDATE warehouses SET name = 'a' || char(0) || 'b' WHERE id = 1`)
				ok(t, err)
			},
			nobody, proven, `row 1, column name: the text "a\x00b"`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "ledger.db")
			l, next := full(t, path), openAt(t, pgtest.Database(t))
			// Long gone.
			_, err := l.w.ExecContext(t.Context(), `UPDATE leases SET expires_at = 0`)
			ok(t, err)
			c.before(t, l, next)
			_, err = l.Move(t.Context(), next, "postgres://db.example/books", noon, c.idle, c.proven)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("moved: %v", err)
			}
			again, err := Open(t.Context(), path)
			ok(t, err) // it was not moved
			ok(t, again.Close())
		})
	}
	l := full(t, filepath.Join(t.TempDir(), "ledger.db"))
	_, err := l.Move(t.Context(), l, "x", noon, nobody, proven)
	wantCode(t, err, order.Invalid)
}
