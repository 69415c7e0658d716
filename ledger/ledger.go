// Package ledger is the memory of Mallbridge: orders as the malls gave them,
// what was planned, claimed, sent and answered, and why anything stands still.
//
// One SQL text serves SQLite (WAL, every commit durable) and PostgreSQL. The
// promises are in the schema: one row for each order number of an account, one
// instruction for each piece of a line, one batch for each instruction, one
// reading of each file content. Instants are kept as milliseconds since 1970 UTC;
// every method that needs the time takes it as an argument.
package ledger

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"

	"github.com/mallbridge/mallbridge/order"
)

//go:embed migrations
var migrations embed.FS

// A Ledger is open on one database. It is safe for concurrent use; on SQLite
// writes take turns.
type Ledger struct {
	w, r    *sql.DB // writer (one connection on SQLite) and readers
	dialect string
}

// Open opens the ledger at dsn, which is a file name (SQLite) or begins with
// postgres://, and brings its schema up to date. A ledger that a newer program
// wrote is refused.
func Open(ctx context.Context, dsn string) (*Ledger, error) {
	l := &Ledger{}
	var err error
	if IsPostgres(dsn) {
		l.dialect = "postgres"
		if l.w, err = sql.Open("pgx", dsn); err != nil {
			return nil, fmt.Errorf("ledger: %w", err)
		}
		l.w.SetMaxOpenConns(8)
		l.r = l.w
	} else {
		l.dialect = "sqlite"
		if err := os.MkdirAll(filepath.Dir(dsn), 0o755); err != nil {
			return nil, fmt.Errorf("ledger: %w", err)
		}
		if l.w, err = sql.Open("sqlite", sqliteDSN(dsn, "immediate")); err != nil {
			return nil, fmt.Errorf("ledger: %w", err)
		}
		l.w.SetMaxOpenConns(1)
		if l.r, err = sql.Open("sqlite", sqliteDSN(dsn, "deferred")); err != nil {
			return nil, fmt.Errorf("ledger: %w", err)
		}
		l.r.SetMaxOpenConns(4)
	}
	if err := l.migrate(ctx); err != nil {
		l.Close()
		return nil, explain("open "+place(dsn), err)
	}
	return l, nil
}

// IsPostgres tells whether dsn names a PostgreSQL database rather than a file.
func IsPostgres(dsn string) bool {
	return strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://")
}

// place names the database without its password.
func place(dsn string) string {
	if u, err := url.Parse(dsn); err == nil && IsPostgres(dsn) {
		return u.Redacted()
	}
	if IsPostgres(dsn) {
		return "postgres"
	}
	return dsn
}

func sqliteDSN(file, lock string) string {
	q := url.Values{}
	for _, p := range []string{
		"page_size(16384)", "journal_mode(WAL)", "synchronous(FULL)", "busy_timeout(10000)", "foreign_keys(1)",
		"cache_size(-65536)", "wal_autocheckpoint(4000)", "temp_store(MEMORY)",
	} {
		q.Add("_pragma", p)
	}
	q.Set("_txlock", lock)
	return "file:" + (&url.URL{Path: file}).EscapedPath() + "?" + q.Encode()
}

func (l *Ledger) migrate(ctx context.Context) error {
	sub, err := fs.Sub(migrations, "migrations/"+l.dialect)
	if err != nil {
		return err
	}
	dialect := goose.DialectSQLite3
	if l.dialect == "postgres" {
		dialect = goose.DialectPostgres
	}
	p, err := goose.NewProvider(dialect, l.w, sub)
	if err != nil {
		return err
	}
	current, target, err := p.GetVersions(ctx)
	if err != nil {
		return err
	}
	if current > target {
		return order.Errorf(order.Conflict, "install the newer program again, or restore the backup made before the upgrade",
			"the ledger has schema %d and this program knows only %d", current, target)
	}
	_, err = p.Up(ctx)
	return err
}

// Close closes the database.
func (l *Ledger) Close() error {
	err := l.w.Close()
	if l.r != l.w && l.r != nil {
		err = errors.Join(err, l.r.Close())
	}
	return err
}

// Dialect is "sqlite" or "postgres".
func (l *Ledger) Dialect() string { return l.dialect }

// A tx is one write transaction.
type tx struct {
	*sql.Tx
	stmts map[string]*sql.Stmt
}

// prepared returns the text prepared for this transaction.
func (t tx) prepared(ctx context.Context, text string) (*sql.Stmt, error) {
	if s, ok := t.stmts[text]; ok {
		return s, nil
	}
	s, err := t.PrepareContext(ctx, text)
	if err == nil {
		t.stmts[text] = s
	}
	return s, err
}

// write runs f in one transaction, which commits when f returns nil.
func (l *Ledger) write(ctx context.Context, what string, f func(tx) error) error {
	t, err := l.w.BeginTx(ctx, nil)
	if err != nil {
		return explain(what, err)
	}
	if err := f(tx{t, map[string]*sql.Stmt{}}); err != nil {
		return explain(what, errors.Join(err, ignoreDone(t.Rollback())))
	}
	return explain(what, t.Commit())
}

func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}

// exec runs a text whose number of parameters is bounded and repeats.
func (t tx) exec(ctx context.Context, text string, args ...any) (int64, error) {
	res, err := t.ExecContext(ctx, text, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// ids takes n consecutive numbers of a counter and returns the first. The row
// stays locked until the transaction ends, so numbers become visible in order.
func (t tx) ids(ctx context.Context, counter string, n int) (int64, error) {
	var last int64
	err := t.QueryRowContext(ctx, `INSERT INTO counters (name, value) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET value = counters.value + excluded.value RETURNING value`, counter, int64(n)).Scan(&last)
	return last - int64(n) + 1, err
}

// bulk inserts rows with as few statements as the databases allow. width is the
// number of columns; args holds the rows one after another. It returns how many
// rows were inserted by each statement.
func (t tx) bulk(ctx context.Context, head, tail string, width int, args []any, each func(first, rows int, affected int64) error) error {
	const most = 64
	rows := len(args) / width
	for first := 0; first < rows; {
		n := min(most, rows-first)
		var res sql.Result
		var err error
		part := args[first*width : (first+n)*width]
		if n == most {
			var s *sql.Stmt
			if s, err = t.prepared(ctx, head+values(width, n)+tail); err == nil {
				res, err = s.ExecContext(ctx, part...)
			}
		} else {
			res, err = t.ExecContext(ctx, head+values(width, n)+tail, part...)
		}
		if err != nil {
			return err
		}
		if each != nil {
			a, err := res.RowsAffected()
			if err != nil {
				return err
			}
			if err := each(first, n, a); err != nil {
				return err
			}
		}
		first += n
	}
	return nil
}

// values writes " VALUES ($1,$2),($3,$4)…".
func values(width, rows int) string {
	var b strings.Builder
	b.WriteString(" VALUES ")
	k := 0
	for i := range rows {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('(')
		for j := range width {
			if j > 0 {
				b.WriteByte(',')
			}
			k++
			fmt.Fprintf(&b, "$%d", k)
		}
		b.WriteByte(')')
	}
	return b.String()
}

// list writes "$from,$from+1,…" for n parameters.
func list(from, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "$%d", from+i)
	}
	return b.String()
}

func instant(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func timeOf(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// explain turns database errors into ours: what was being done, whether running
// again is safe, what to do.
func explain(what string, err error) error {
	if err == nil {
		return nil
	}
	var known *order.Error
	if errors.As(err, &known) || errors.Is(err, context.Canceled) {
		return fmt.Errorf("ledger: %s: %w", what, err)
	}
	code, hint := order.Internal, ""
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		switch lite.Code() & 0xff {
		case 5, 6: // SQLITE_BUSY, SQLITE_LOCKED
			code, hint = order.Retry, "another program holds the ledger; run again when it has finished"
		case 8: // SQLITE_READONLY
			code, hint = order.Denied, "make the folder and the ledger file writable for this user"
		case 13: // SQLITE_FULL
			code, hint = order.Retry, "the disk is full; free room and run again"
		case 10: // SQLITE_IOERR
			code, hint = order.Retry, "the disk reports an error; check it before running again"
		case 11, 26: // SQLITE_CORRUPT, SQLITE_NOTADB
			code, hint = order.Invalid, "the ledger file is damaged; restore the last backup, then run reconcile before anything is sent"
		case 14: // SQLITE_CANTOPEN
			code, hint = order.Denied, "check that the folder exists and is writable for this user"
		}
	}
	return order.Errorf(code, hint, "ledger: %s: %w", what, err)
}

// ErrChanged means that something changed between reading and writing; read
// again.
var ErrChanged = errors.New("changed meanwhile")
