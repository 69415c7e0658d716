package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/mallbridge/mallbridge/internal/pgtest"
	"github.com/mallbridge/mallbridge/order"
)

// wantFault checks the code, that the message names the thing, and that there
// is something to do about it.
func wantFault(t testing.TB, err error, code order.Code, thing, hint string) {
	t.Helper()
	wantCode(t, err, code)
	if !strings.HasPrefix(err.Error(), "ledger: ") || !strings.Contains(err.Error(), thing) {
		t.Errorf("message %q does not name %q", err, thing)
	}
	if !strings.Contains(order.HintOf(err), hint) {
		t.Errorf("hint %q does not say %q", order.HintOf(err), hint)
	}
}

func filled(t testing.TB) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "ledger.db")
	l, err := Open(t.Context(), file)
	ok(t, err)
	s := newShop(t, l)
	s.put(samples(0, 500)...)
	ok(t, l.Close())
	return file
}

func TestDamagedFile(t *testing.T) {
	for name, damage := range map[string]func([]byte) []byte{
		"not a database": func([]byte) []byte { return []byte(strings.Repeat("this was a ledger once. ", 100)) },
		"header lost":    func(b []byte) []byte { clear(b[:100]); return b },
		"cut in half":    func(b []byte) []byte { return b[:len(b)/2] },
		"pages lost":     func(b []byte) []byte { clear(b[16384 : len(b)-16384]); return b },
	} {
		t.Run(name, func(t *testing.T) {
			file := filled(t)
			b, err := os.ReadFile(file)
			ok(t, err)
			ok(t, os.WriteFile(file, damage(b), 0o600))
			l, err := Open(t.Context(), file)
			if err == nil {
				defer l.Close()
				_, err = l.Orders(t.Context(), OrderList{Limit: 1000})
			}
			wantFault(t, err, order.Invalid, "", "restore the last backup")
		})
	}
}

func TestReadOnly(t *testing.T) {
	file := filled(t)
	// As root the rights of a folder stop nobody, so the file is opened so that
	// it cannot be written.
	db, err := sql.Open("sqlite", sqliteDSN(file, "immediate", readerCache)+"&mode=ro")
	ok(t, err)
	defer db.Close()
	l := &Ledger{w: db, r: db, dialect: "sqlite", settling: &sync.WaitGroup{}}
	_, err = l.PutOrders(t.Context(), 1, 1, samples(1000, 1), noon)
	wantFault(t, err, order.Denied, "store orders", "writable")
	if rows, err := l.Orders(t.Context(), OrderList{Limit: 3}); err != nil || len(rows) != 3 {
		t.Errorf("reading: %d orders, %v", len(rows), err)
	}
}

func TestFolderThatCannotBeWritten(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may write everywhere; TestReadOnly covers the message")
	}
	dir := t.TempDir()
	ok(t, os.Chmod(dir, 0o500))
	t.Cleanup(func() { os.Chmod(dir, 0o700) })
	_, err := Open(t.Context(), filepath.Join(dir, "ledger.db"))
	wantFault(t, err, order.Denied, dir, "writable")
	if _, err := Open(t.Context(), filepath.Join(dir, "deeper", "ledger.db")); err == nil {
		t.Error("made a folder in a folder that cannot be written")
	}
}

func TestFolderIsAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a")
	ok(t, os.WriteFile(file, nil, 0o600))
	_, err := Open(t.Context(), filepath.Join(file, "ledger.db"))
	wantFault(t, err, order.Denied, file, "folder")
	dir := t.TempDir()
	_, err = Open(t.Context(), dir)
	wantFault(t, err, order.Denied, dir, "folder")
}

func TestLockedDatabase(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ledger.db")
	l := openAt(t, file)
	s := newShop(t, l)
	_, err := l.w.ExecContext(t.Context(), `PRAGMA busy_timeout = 1`)
	ok(t, err)
	other := openAt(t, file)
	tx, err := other.w.BeginTx(t.Context(), nil)
	ok(t, err)
	_, err = l.PutOrders(t.Context(), s.acc, 1, samples(0, 1), noon)
	wantFault(t, err, order.Retry, "store orders", "another program")
	if rows, err := l.Orders(t.Context(), OrderList{}); err != nil || len(rows) != 0 {
		t.Errorf("reading beside a writer: %v", err)
	}
	ok(t, tx.Rollback())
	if c := s.put(samples(0, 1)...); c.New != 1 {
		t.Errorf("afterwards %+v", c)
	}
}

// TestFullDisk limits the number of pages, which SQLite reports as it reports a
// full disk.
func TestFullDisk(t *testing.T) {
	l := openAt(t, filepath.Join(t.TempDir(), "ledger.db"))
	s := newShop(t, l)
	s.put(samples(0, 100)...)
	var pages int64
	ok(t, l.w.QueryRowContext(t.Context(), `PRAGMA page_count`).Scan(&pages))
	limit := func(n int64) {
		t.Helper()
		_, err := l.w.ExecContext(t.Context(), fmt.Sprintf(`PRAGMA max_page_count = %d`, n))
		ok(t, err)
	}
	limit(pages + 3)
	_, err := l.PutOrders(t.Context(), s.acc, 2, samples(100, 5000), noon)
	wantFault(t, err, order.Retry, "store orders", "disk is full")
	checkWhole(t, l)
	if tally, err := l.Tally(t.Context(), ""); err != nil || tally.Orders != 100 {
		t.Errorf("%+v, %v", tally, err)
	}
	limit(1 << 30)
	if c := s.put(samples(100, 5000)...); c.New != 5000 {
		t.Errorf("with room again %+v", c)
	}
}

func TestCancelledCall(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := s.PutOrders(ctx, s.acc, 1, samples(0, 10), noon); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled before: %v", err)
		}
		ctx, cancel = context.WithCancel(t.Context())
		err := s.write(ctx, "test", func(tx tx) error {
			if _, err := tx.exec(ctx, `INSERT INTO counters (name, value) VALUES ('test', 1)`); err != nil {
				return err
			}
			cancel()
			_, err := tx.bulk(ctx, `INSERT INTO counters (name, value) VALUES `, `(?,?)`, ``, []any{"other", int64(1)})
			return err
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled inside: %v", err)
		}
		var n int
		ok(t, s.r.QueryRowContext(t.Context(), `SELECT count(*) FROM counters WHERE name IN ('test', 'other')`).Scan(&n))
		if n != 0 {
			t.Error("a cancelled transaction was kept")
		}
		if c := s.put(samples(0, 10)...); c.New != 10 {
			t.Errorf("afterwards %+v", c)
		}
	})
}

func TestPostgresFaults(t *testing.T) {
	dsn := pgtest.Database(t)
	_, err := Open(t.Context(), strings.Replace(dsn, "/test", "/missing", 1))
	wantFault(t, err, order.NotFound, "postgres://", "create the database")
	_, err = Open(t.Context(), "postgres://mika:secret@127.0.0.1:1/ledger?sslmode=disable&connect_timeout=1")
	wantFault(t, err, order.Retry, "127.0.0.1:1", "can be reached")
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("the password is in the message: %v", err)
	}
	_, err = Open(t.Context(), "postgres://mika:secret@%zz/ledger")
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("message %v", err)
	}
}
