// Package ledger is the memory of Mallbridge: orders as the malls gave them,
// what was planned, claimed, sent and answered, and why anything stands still.
//
// One SQL text serves SQLite (WAL) and PostgreSQL. What others rely on is durable when
// it is written; what is done again from what is kept becomes durable with the next such
// write. The promises are in the schema: one row for each order number of an account,
// one instruction for each piece of a line, one batch for each instruction, one reading
// of each file content. Instants are kept as milliseconds since 1970 UTC; every method
// that needs the time takes it as an argument.
package ledger

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"modernc.org/sqlite"

	"github.com/mallbridge/mallbridge/internal/postgres"
	"github.com/mallbridge/mallbridge/order"
)

//go:embed migrations
var migrations embed.FS

// A Ledger is open on one database. It is safe for concurrent use; on SQLite
// writes take turns.
type Ledger struct {
	// w writes; on SQLite it is one connection. r reads. On SQLite each
	// connection has a page cache of its own, which a commit of another one
	// empties: what the stages read in bulk between their writes is read on w,
	// in pieces that do not keep it long.
	w, r     *sql.DB
	dialect  string
	file     string          // of a SQLite ledger
	incoming *incoming       // its writer's
	settling *sync.WaitGroup // see settle
	under    *Lease          // every write of it needs this lease; nil for none
}

// Open opens the ledger at dsn, which is a file name (SQLite) or begins with
// postgres://, and brings its schema up to date. A ledger that a newer program
// wrote is refused.
func Open(ctx context.Context, dsn string) (*Ledger, error) {
	l := &Ledger{settling: &sync.WaitGroup{}}
	var err error
	if IsPostgres(dsn) {
		l.dialect = "postgres"
		cfg, err := postgres.Config(dsn)
		if err != nil {
			return nil, fmt.Errorf("ledger: %w", err)
		}
		l.w = stdlib.OpenDB(*cfg)
		// One connection for each drop that is being written ([Ledger.While]), and some
		// for the rest.
		l.w.SetMaxOpenConns(24)
		l.w.SetMaxIdleConns(8)
		l.w.SetConnMaxIdleTime(5 * time.Minute)
		l.r = l.w
	} else {
		l.dialect, l.file = "sqlite", dsn
		if err := os.MkdirAll(filepath.Dir(dsn), 0o755); err != nil {
			return nil, order.Errorf(order.Denied, hintFolder, "ledger: open %s: %w", dsn, err)
		}
		l.incoming = &incoming{}
		if l.w, err = l.incoming.open(sqliteDSN(dsn, "immediate", writerCache)); err != nil {
			return nil, fmt.Errorf("ledger: %w", err)
		}
		l.w.SetMaxOpenConns(1)
		if l.r, err = sql.Open("sqlite", sqliteDSN(dsn, "deferred", readerCache)); err != nil {
			return nil, fmt.Errorf("ledger: %w", err)
		}
		l.r.SetMaxOpenConns(4)
	}
	if err := l.migrate(ctx); err != nil {
		err = explain("open "+place(dsn), err)
		if order.CodeOf(err) == order.Internal && l.damaged(ctx) {
			err = order.Errorf(order.Invalid, hintDamaged, "%w", err)
		}
		l.Close()
		return nil, err
	}
	if err := l.moved(ctx); err != nil {
		return nil, errors.Join(err, l.Close())
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

// The page caches, in KiB. A reader gains nothing from a large one: every commit of the
// writer empties it, page by page. A writer's of 16 MiB saves one part in fifty of the time
// in which orders are planned and takes 100 MiB of memory.
const (
	writerCache = 4 << 10
	readerCache = 1 << 10
)

func sqliteDSN(file, lock string, cache int) string {
	q := url.Values{
		"_txlock": {lock}, "_busy_timeout": {"10000"}, "_foreign_keys": {"1"}, "_synchronous": {"FULL"},
		// The driver sets the page size before what has a name of its own. In a
		// list of pragmas, which it sorts, WAL would come first and fix the size.
		"_journal_mode": {"WAL"},
		"_pragma":       {"page_size(16384)", "secure_delete(ON)", "wal_autocheckpoint(4000)", "temp_store(MEMORY)", fmt.Sprintf("cache_size(-%d)", cache)},
	}
	return "file:" + (&url.URL{Path: file}).EscapedPath() + "?" + q.Encode()
}

// migrate brings the schema up to date. Of several programs that start on a new
// ledger at once, one makes the tables; the others fail, without the wait that
// SQLite else grants, look again, and find them.
func (l *Ledger) migrate(ctx context.Context) error {
	const tries = 5
	for try := 1; ; try++ {
		err := l.upgrade(ctx)
		var known *order.Error
		if err == nil || errors.As(err, &known) || try == tries {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(time.Duration(try) * 50 * time.Millisecond):
		}
	}
}

func (l *Ledger) upgrade(ctx context.Context) error {
	sub, err := fs.Sub(migrations, "migrations/"+l.dialect)
	if err != nil {
		return err
	}
	dialect := goose.DialectSQLite3
	var options []goose.ProviderOption
	if l.dialect == "postgres" {
		dialect = goose.DialectPostgres
		// Of several machines one makes the tables; the others wait, a second at a time.
		one, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 600))
		if err != nil {
			return err
		}
		options = append(options, goose.WithSessionLocker(one))
	}
	p, err := goose.NewProvider(dialect, l.w, sub, options...)
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
	if current > 0 && current < target && l.dialect == "sqlite" {
		if err := l.keepOld(ctx, current); err != nil {
			return err
		}
	}
	if current == target {
		return nil
	}
	_, err = p.Up(ctx)
	return err
}

// keepOld copies a ledger before its schema changes, for whoever must go back to the
// older program: the file's name with .schema-N. A copy that a failed upgrade left
// stays: it is of the same schema.
func (l *Ledger) keepOld(ctx context.Context, schema int64) error {
	to := fmt.Sprintf("%s%s%d", l.file, oldCopy, schema)
	if _, err := os.Stat(to); err == nil {
		return nil
	}
	// Nothing is lost of a ledger that another program is just making.
	var accounts int
	if err := l.w.QueryRowContext(ctx, `SELECT count(*) FROM accounts`).Scan(&accounts); err != nil || accounts == 0 {
		return err
	}
	part := fmt.Sprintf("%s.part-%d", to, os.Getpid())
	if err := os.Remove(part); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := l.Backup(ctx, part); err != nil {
		return errors.Join(err, os.Remove(part))
	}
	return os.Rename(part, to)
}

// oldCopy stands between the name of a SQLite ledger and the schema of a copy that an
// upgrade made.
const oldCopy = ".schema-"

// OldCopies are the files with copies that upgrades made of the ledger, and what is left
// of one that was cut off.
func (l *Ledger) OldCopies() ([]string, error) {
	if l.file == "" {
		return nil, nil
	}
	dir, name := filepath.Split(l.file)
	entries, err := os.ReadDir(filepath.Clean(dir))
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		if e.Type().IsRegular() && strings.HasPrefix(e.Name(), name+oldCopy) {
			out = append(out, filepath.Join(dir, e.Name()))
		}
	}
	return out, nil
}

// damaged reports whether SQLite finds its own structures broken.
func (l *Ledger) damaged(ctx context.Context) bool {
	if l.dialect != "sqlite" {
		return false
	}
	var said string
	err := l.w.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&said)
	return err != nil || said != "ok"
}

// settle begins to bring into SQLite's file what its log has, beside other work, and does
// not wait for it: there is less to do then for who commits or closes next. Those do what
// is left, and are told what goes wrong.
func (l *Ledger) settle() {
	if l.dialect != "sqlite" {
		return
	}
	l.settling.Go(func() {
		_, _ = l.r.ExecContext(context.Background(), `PRAGMA wal_checkpoint(PASSIVE)`)
	})
}

// Close closes the database.
func (l *Ledger) Close() error {
	l.settling.Wait()
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
	dialect  string
	stmts    map[string]*sql.Stmt
	incoming *incoming // SQLite's
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
	return explain(what, l.transact(ctx, l.w, f))
}

// transact is write on the writer's connection, whoever holds it.
func (l *Ledger) transact(ctx context.Context, on interface {
	BeginTx(context.Context, *sql.TxOptions) (*sql.Tx, error)
}, f func(tx) error,
) error {
	t, err := on.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = t.Rollback() }() // of one that panics: every other is over by then
	x := tx{t, l.dialect, map[string]*sql.Stmt{}, l.incoming}
	err = x.holds(ctx, l.under)
	if err == nil {
		err = f(x)
	}
	if err != nil {
		err = errors.Join(err, ignoreDone(t.Rollback()))
		if ctx.Err() != nil {
			err = errors.Join(ctx.Err(), err)
		}
		return err
	}
	return t.Commit()
}

// jot is write for what does no harm when a crash of the database loses it: the record
// of a run, that a lease is free. The database then does not wait for the disk before it
// says that it is done, and PostgreSQL lets go of what others wait for. It never loses a
// jot and keeps a later write: both are in one log, and a write waits until the disk has
// all of it.
func (l *Ledger) jot(ctx context.Context, what string, f func(tx) error) error {
	if l.dialect == "sqlite" {
		return explain(what, l.lax(ctx, f))
	}
	return l.write(ctx, what, func(t tx) error {
		if _, err := t.ExecContext(ctx, `SET LOCAL synchronous_commit = off`); err != nil {
			return err
		}
		return f(t)
	})
}

// part is write for a part of what is done again from its beginning unless its end was
// written: an order of a kept file, a page of a plan. SQLite then waits for the disk once,
// at the end: whoever goes on is lost with what did not reach the disk. PostgreSQL may
// come back without it while the program goes on, and so waits for every part.
func (l *Ledger) part(ctx context.Context, what string, f func(tx) error) error {
	if l.dialect == "sqlite" {
		return explain(what, l.lax(ctx, f))
	}
	return l.write(ctx, what, f)
}

// lax is transact on SQLite without a wait for the disk.
func (l *Ledger) lax(ctx context.Context, f func(tx) error) error {
	c, err := l.w.Conn(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := c.ExecContext(ctx, `PRAGMA synchronous = NORMAL`); err != nil {
		return err
	}
	defer func() {
		if _, err := c.ExecContext(context.WithoutCancel(ctx), `PRAGMA synchronous = FULL`); err != nil {
			// Nobody may write on a connection that perhaps still does not wait.
			_ = c.Raw(func(any) error { return driver.ErrBadConn })
		}
	}()
	return l.transact(ctx, c, f)
}

func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}

// update begins an update of many rows. A transaction with an error is rolled back as a
// whole, so that SQLite need not keep what a page held before the statement.
func (t tx) update() string {
	if t.dialect == "sqlite" {
		return `UPDATE OR FAIL `
	}
	return `UPDATE `
}

// exec runs one of a bounded number of texts. On SQLite they are prepared once
// for the transaction; pgx remembers them by itself.
func (t tx) exec(ctx context.Context, text string, args ...any) (int64, error) {
	var res sql.Result
	var err error
	if t.dialect == "sqlite" {
		var s *sql.Stmt
		if s, err = t.prepared(ctx, text); err == nil {
			res, err = s.ExecContext(ctx, args...)
		}
	} else {
		res, err = t.ExecContext(ctx, text, args...)
	}
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

// number takes the next number of a counter outside of any transaction, so that on
// PostgreSQL others wait for it no longer than the server needs for one statement. A
// number whose row is then not written is missing, which does no harm.
func (l *Ledger) number(ctx context.Context, counter string) (n int64, err error) {
	if l.dialect != "postgres" {
		err = l.write(ctx, "take a number", func(t tx) error {
			n, err = t.ids(ctx, counter, 1)
			return err
		})
		return n, err
	}
	err = l.w.QueryRowContext(ctx, `WITH s AS (SELECT set_config('synchronous_commit', 'off', true) AS off),
		c AS (INSERT INTO counters (name, value) VALUES ($1, 1) ON CONFLICT (name) DO UPDATE SET value = counters.value + 1 RETURNING value)
		SELECT c.value FROM c, s WHERE s.off = 'off'`, counter).Scan(&n)
	return n, err
}

// bulkRows is how many items a statement of PostgreSQL takes at most, and how many rows
// those who make them one after the other keep for a statement.
const bulkRows = 500

// bulk runs head, a list of items joined by commas, and tail, with as few
// statements as the databases allow, and returns how many rows were affected.
// In item each ? stands for one argument; args holds the items' arguments one
// after another. Values that all items share stand in item as literals. Items with
// brackets are rows to insert, and head ends with VALUES; one ? alone is a value of a
// list that head opens.
func (t tx) bulk(ctx context.Context, head, item, tail string, args []any) (affected int64, err error) {
	if t.dialect == "sqlite" {
		return t.bulkLite(ctx, head, item, tail, args)
	}
	width := strings.Count(item, "?")
	var text string
	for rows := 0; len(args) > 0; {
		if n := min(bulkRows, len(args)/width); n != rows {
			rows, text = n, repeat(head, item, tail, n)
		}
		res, err := t.ExecContext(ctx, text, args[:rows*width]...)
		if err != nil {
			return affected, err
		}
		n, err := res.RowsAffected()
		if err != nil {
			return affected, err
		}
		affected += n
		args = args[rows*width:]
	}
	return affected, nil
}

// repeat writes the text for n items, with numbered parameters for each ?.
func repeat(head, item, tail string, n int) string {
	var b strings.Builder
	b.WriteString(head)
	parts := strings.Split(item, "?")
	k := 0
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		for j, p := range parts {
			if j > 0 {
				k++
				b.WriteByte('$')
				b.WriteString(strconv.Itoa(k))
			}
			b.WriteString(p)
		}
	}
	b.WriteString(tail)
	return b.String()
}

// literal writes a text of ours into a statement; there must be no ? in it.
func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// column reads rows of one column to their end and closes them.
func column[T any](rows *sql.Rows) ([]T, error) {
	defer rows.Close()
	var out []T
	for rows.Next() {
		var v T
		if err := rows.Scan(&v); err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
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
	if errors.As(err, &known) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("ledger: %s: %w", what, err)
	}
	code, hint := order.Internal, ""
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		switch lite.Code() & 0xff {
		case 19: // SQLITE_CONSTRAINT
			if lite.Code() == 2067 || lite.Code() == 1555 { // UNIQUE, PRIMARYKEY
				code, hint = order.Conflict, hintTaken
			}
		case 5, 6: // SQLITE_BUSY, SQLITE_LOCKED
			code, hint = order.Retry, "another program holds the ledger; run again when it has finished"
		case 8: // SQLITE_READONLY
			code, hint = order.Denied, "make the folder and the ledger file writable for this user"
		case 13: // SQLITE_FULL
			code, hint = order.Retry, "the disk is full; free room and run again"
		case 10: // SQLITE_IOERR
			code, hint = order.Retry, "the disk reports an error; check it before running again"
		case 11, 26: // SQLITE_CORRUPT, SQLITE_NOTADB
			code, hint = order.Invalid, hintDamaged
		case 14: // SQLITE_CANTOPEN
			code, hint = order.Denied, hintFolder
		}
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch class := pg.Code[:min(2, len(pg.Code))]; {
		case pg.Code == "23505": // unique_violation
			code, hint = order.Conflict, hintTaken
		case class == "40", class == "55", class == "57", class == "08", pg.Code == "25P03": // rolled back, locked, shut down, connection
			code, hint = order.Retry, "the database was busy or went away; run again"
		case class == "53": // no memory, disk or connection left
			code, hint = order.Retry, "the database server has no room left; free some and run again"
		case class == "28", pg.Code == "42501":
			code, hint = order.Denied, "check user, password and rights of the ledger's address"
		case pg.Code == "3D000":
			code, hint = order.NotFound, "create the database first"
		}
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok && code == order.Internal {
		code, hint = order.Retry, "check that the database server runs and can be reached, then run again"
	}
	if code == order.Internal && (errors.Is(err, io.ErrUnexpectedEOF) || pgconn.SafeToRetry(err) || pgconn.Timeout(err)) {
		code, hint = order.Retry, "the connection to the database broke; run again"
	}
	if _, ok := errors.AsType[*net.OpError](err); ok && code == order.Internal {
		code, hint = order.Retry, "the connection to the database broke; run again"
	}
	return order.Errorf(code, hint, "ledger: %s: %w", what, err)
}

const (
	hintTaken   = "something else stored the same first; run again"
	hintFolder  = "check that the folder exists and is writable for this user"
	hintDamaged = "the ledger file is damaged; restore the last backup, then run reconcile before anything is sent"
)

// ErrChanged means that something changed between reading and writing; read
// again.
var ErrChanged = errors.New("changed meanwhile")
