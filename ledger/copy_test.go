package ledger

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/internal/pgtest"
	"github.com/mallbridge/mallbridge/order"
)

// A copy of a PostgreSQL ledger is a SQLite ledger with the same rows, and goes back
// into an empty database as it was.
func TestBackupOfPostgres(t *testing.T) {
	l := full(t, pgtest.Database(t))
	_, err := l.w.ExecContext(t.Context(), `INSERT INTO events (id, at, kind, order_id, instruction_id, batch_id, file_id, reason, actor, detail)
		VALUES (9000000000, -1, '', 0, 0, 0, 0, '', '山田 𠮷乃', $1)`, "a\ttab, a \"quote\", 'two', a backslash \\ and a\nnew line?")
	ok(t, err)
	path := filepath.Join(t.TempDir(), "copy.db")
	ok(t, l.Backup(t.Context(), path))
	wantCode(t, l.Backup(t.Context(), path), order.Internal) // never over another ledger
	l.checkSame(t, path)

	again := openAt(t, pgtest.Database(t))
	copied := openAt(t, path)
	tables, err := copied.CopyTo(t.Context(), again)
	ok(t, err)
	if len(tables) < 30 {
		t.Errorf("only %d tables", len(tables))
	}
	_, err = copied.CopyTo(t.Context(), again)
	wantCode(t, err, order.Conflict) // it is in use now
	second := filepath.Join(t.TempDir(), "second.db")
	ok(t, again.Backup(t.Context(), second))
	l.checkSame(t, second)
	_, err = l.CopyTo(t.Context(), copied)
	wantCode(t, err, order.Invalid)
}

// checkSame compares the rows of a copy with the ledger, table by table. That it is a
// copy is one row more.
func (l *Ledger) checkSame(t *testing.T, path string) {
	t.Helper()
	marked, err := sql.Open("sqlite", path)
	ok(t, err)
	res, err := marked.ExecContext(t.Context(), `DELETE FROM marks WHERE name = $1`, copyMark)
	ok(t, err)
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		t.Errorf("it does not know that it is a copy: %d rows, %v", n, err)
	}
	ok(t, marked.Close())
	c := openAt(t, path)
	was, is := tables(t, l), tables(t, c)
	slices.Sort(was)
	slices.Sort(is)
	if !slices.Equal(was, is) {
		t.Errorf("tables %v, in the copy %v", was, is)
	}
	for _, name := range was {
		if a, b := count(t, l.r, name), count(t, c.r, name); a != b || a == 0 && name != "moves" {
			t.Errorf("%s: %d rows, in the copy %d", name, a, b)
		}
	}
	var detail string
	ok(t, c.r.QueryRowContext(t.Context(), `SELECT detail FROM events WHERE id = 9000000000`).Scan(&detail))
	if detail != "a\ttab, a \"quote\", 'two', a backslash \\ and a\nnew line?" {
		t.Errorf("the copy says %q", detail)
	}
}

// A copy is of one moment, however long it takes and whatever is written meanwhile.
func TestBackupOfPostgresIsOfOneMoment(t *testing.T) {
	l := openAt(t, pgtest.Database(t))
	stop, stopped := make(chan struct{}), make(chan error, 1)
	began := make(chan struct{})
	go func() {
		for n := 0; ; n++ {
			select {
			case <-stop:
				stopped <- nil
				return
			default:
			}
			// One transaction: the mark is written in a table that is copied late, the event in
			// one that is copied early, or the other way round.
			if err := l.write(t.Context(), "test", func(x tx) error {
				if err := x.event(t.Context(), Event{Kind: "test"}, noon); err != nil {
					return err
				}
				return x.setMark(t.Context(), fmt.Sprint("test ", n), 1)
			}); err != nil {
				stopped <- err
				return
			}
			if n == 5 {
				close(began)
			}
		}
	}()
	<-began
	path := filepath.Join(t.TempDir(), "copy.db")
	err := l.Backup(t.Context(), path)
	close(stop)
	ok(t, err)
	ok(t, <-stopped)
	c := openAt(t, path)
	if events, marks := count(t, c.r, "events"), count(t, c.r, "marks")-1; events != marks || events < 6 {
		t.Errorf("%d events, %d marks", events, marks)
	}
}

// A copy that cannot be finished is not there.
func TestBackupOfPostgresFails(t *testing.T) {
	l := openAt(t, pgtest.Database(t))
	account(t, l, "shop")
	_, err := l.w.ExecContext(t.Context(), `ALTER TABLE windows RENAME TO elsewhere`)
	ok(t, err)
	path := filepath.Join(t.TempDir(), "copy.db")
	if err := l.Backup(t.Context(), path); err == nil {
		t.Error("a copy without a table")
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("half a copy is there")
	}
}

// What a restored ledger holds back, it holds back in PostgreSQL too.
func TestRestoredIntoPostgres(t *testing.T) {
	l := openAt(t, filepath.Join(t.TempDir(), "ledger.db"))
	account(t, l, "shop")
	before := noon.Add(-time.Hour)
	ok(t, l.Restored(t.Context(), before, noon))
	next := openAt(t, pgtest.Database(t))
	_, err := l.CopyTo(t.Context(), next)
	ok(t, err)
	r, err := next.LastRestore(t.Context())
	ok(t, err)
	if !r.Copied.Equal(before) || !r.At.Equal(noon) {
		t.Errorf("%+v", r)
	}
	if compared, err := next.Compared(t.Context(), "warehouse/tokyo"); compared || err != nil {
		t.Errorf("compared: %v, %v", compared, err)
	}
}
