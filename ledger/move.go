package ledger

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"os"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/mallbridge/mallbridge/order"
)

// moved refuses a ledger that was moved elsewhere: what it does not know was done
// since, it would do once more.
func (l *Ledger) moved(ctx context.Context) error {
	var place string
	var at int64
	err := l.r.QueryRowContext(ctx, `SELECT place, moved_at FROM moves ORDER BY moved_at DESC LIMIT 1`).Scan(&place, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return explain("look whether it was moved", err)
	}
	return order.Errorf(order.Conflict, "write the new address to ledger: in mallbridge.yaml", "ledger: it was moved to %s on %s", place, timeOf(at).Format(time.DateOnly))
}

// A MovedTable is a table whose rows are the same in both ledgers.
type MovedTable struct {
	Table  string `json:"table"`
	Rows   int64  `json:"rows"`
	SHA256 string `json:"sha256"` // over every value of every row, by primary key
}

// Running lists the leases that have not ended at now: who runs a stage, or
// serves.
func (l *Ledger) Running(ctx context.Context, now time.Time) ([]Lease, error) {
	return running(ctx, l.r, now)
}

type queryer interface {
	QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
}

func running(ctx context.Context, q queryer, now time.Time) ([]Lease, error) {
	rows, err := q.QueryContext(ctx, `SELECT name, owner, token, expires_at FROM leases WHERE expires_at > $1 ORDER BY name`, instant(now))
	if err != nil {
		return nil, explain("read leases", err)
	}
	defer rows.Close()
	var out []Lease
	for rows.Next() {
		var l Lease
		var expires int64
		if err := rows.Scan(&l.Name, &l.Owner, &l.Token, &expires); err != nil {
			return nil, explain("read leases", err)
		}
		l.Expires = timeOf(expires)
		out = append(out, l)
	}
	return out, explain("read leases", rows.Err())
}

// Move copies every row of a SQLite ledger into an empty one on PostgreSQL, reads
// both and compares them value by value. Then it calls proven, and marks the SQLite
// ledger as moved to place, so that nobody opens it any more. Nobody can write to
// it meanwhile; Move fails while idle says that one of its leases is in use. After
// any error the SQLite ledger is as it was.
func (l *Ledger) Move(ctx context.Context, to *Ledger, place string, now time.Time, idle func(Lease) error, proven func() error) ([]MovedTable, error) {
	if l.dialect != "sqlite" || to.dialect != "postgres" {
		return nil, order.Errorf(order.Invalid, "name a postgres:// address with --to; the ledger of the workspace must be a file", "ledger: it moves from a file to PostgreSQL only")
	}
	var moved []MovedTable
	err := l.write(ctx, "move", func(t tx) error {
		leases, err := running(ctx, t, now)
		if err != nil {
			return err
		}
		for _, x := range leases {
			if err := idle(x); err != nil {
				return err
			}
		}
		if moved, err = copyAll(ctx, t, to); err != nil {
			return err
		}
		if err := proven(); err != nil {
			return err
		}
		_, err = t.exec(ctx, `INSERT INTO moves (place, moved_at) VALUES ($1, $2)`, place, instant(now))
		return err
	})
	return moved, err
}

// CopyTo copies every row of a SQLite ledger into an empty one on PostgreSQL, reads both
// and compares them value by value. Nothing is there after an error.
func (l *Ledger) CopyTo(ctx context.Context, to *Ledger) (copied []MovedTable, err error) {
	if l.dialect != "sqlite" || to.dialect != "postgres" {
		return nil, order.Errorf(order.Invalid, "name a postgres:// address", "ledger: it is copied from a file to PostgreSQL only")
	}
	err = l.write(ctx, "copy", func(t tx) (err error) {
		copied, err = copyAll(ctx, t, to)
		return err
	})
	return copied, err
}

// backupPostgres copies all tables, as they were at one moment, into a new SQLite ledger
// in one transaction, reads that back, and compares value by value.
func (l *Ledger) backupPostgres(ctx context.Context, path string) (err error) {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s is there already", path)
	}
	to, err := Open(ctx, path)
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, to.Close()); err != nil {
			os.Remove(path)
		}
	}()
	conn, err := l.r.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	return conn.Raw(func(c any) error {
		from, err := c.(*stdlib.Conn).Conn().BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
		if err != nil {
			return err
		}
		err = to.write(ctx, "copy", func(t tx) error {
			tables, err := tablesOf(ctx, t)
			if err != nil {
				return err
			}
			for _, x := range tables {
				if err := x.save(ctx, from, t); err != nil {
					return fmt.Errorf("table %s: %w", x.name, err)
				}
			}
			return nil
		})
		return errors.Join(err, from.Rollback(context.WithoutCancel(ctx)))
	})
}

// save copies a table from PostgreSQL.
func (x *table) save(ctx context.Context, from pgx.Tx, to tx) error {
	m := MovedTable{Table: x.name}
	rows, err := from.Query(ctx, x.selected(` COLLATE "C"`))
	if err != nil {
		return err
	}
	defer rows.Close()
	was := sha256.New()
	head := `INSERT INTO "` + x.name + `" ("` + strings.Join(x.columns, `", "`) + `") VALUES `
	item := "(" + strings.TrimSuffix(strings.Repeat("?, ", len(x.columns)), ", ") + ")"
	var args []any
	put := func() error {
		_, err := to.bulk(ctx, head, item, "", args)
		args = args[:0]
		return err
	}
	for ; rows.Next(); m.Rows++ {
		values, err := x.scan(rows.Scan)
		if err != nil {
			return err
		}
		digest(was, values)
		if args = append(args, values...); len(args) >= bulkRows*len(x.columns) {
			if err := put(); err != nil {
				return err
			}
		}
	}
	if err := errors.Join(rows.Err(), put()); err != nil {
		return err
	}
	m.SHA256 = hex.EncodeToString(was.Sum(nil))
	back, err := to.QueryContext(ctx, x.selected(""))
	if err != nil {
		return err
	}
	defer back.Close()
	return x.compare(back, m)
}

// copyAll copies all tables in one transaction of the new ledger.
func copyAll(ctx context.Context, from tx, to *Ledger) (moved []MovedTable, err error) {
	tables, err := tablesOf(ctx, from)
	if err != nil {
		return nil, err
	}
	conn, err := to.w.Conn(ctx)
	if err != nil {
		return nil, explain("connect", err)
	}
	defer conn.Close()
	err = conn.Raw(func(c any) error {
		t, err := c.(*stdlib.Conn).Conn().Begin(ctx)
		if err != nil {
			return err
		}
		for _, table := range tables {
			m, err := table.copy(ctx, from, t)
			if err != nil {
				return errors.Join(fmt.Errorf("table %s: %w", table.name, err), t.Rollback(ctx))
			}
			moved = append(moved, m)
		}
		return t.Commit(ctx)
	})
	return moved, explain("copy", err)
}

// A table as the schema has it.
type table struct {
	name    string
	columns []string
	texts   []bool   // which of them are text
	keys    []string // the primary key, in order
	parents []string // tables that its rows refer to
}

// tablesOf lists the tables so that each comes after those it refers to.
func tablesOf(ctx context.Context, t tx) ([]table, error) {
	rows, err := t.QueryContext(ctx, `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'goose_%' ORDER BY name`)
	if err != nil {
		return nil, err
	}
	names, err := column[string](rows)
	if err != nil {
		return nil, err
	}
	var left []table
	for _, n := range names {
		x, err := tableOf(ctx, t, n)
		if err != nil {
			return nil, err
		}
		left = append(left, x)
	}
	var out []table
	for len(left) > 0 {
		i := slices.IndexFunc(left, func(x table) bool {
			return !slices.ContainsFunc(left, func(y table) bool { return y.name != x.name && slices.Contains(x.parents, y.name) })
		})
		if i < 0 {
			return nil, errors.New("tables refer to each other in a circle")
		}
		out = append(out, left[i])
		left = slices.Delete(left, i, i+1)
	}
	return out, nil
}

func tableOf(ctx context.Context, t tx, name string) (table, error) {
	x := table{name: name}
	rows, err := t.QueryContext(ctx, `SELECT name, type, pk FROM pragma_table_info($1) ORDER BY cid`, name)
	if err != nil {
		return x, err
	}
	defer rows.Close()
	keys := map[int]string{}
	for rows.Next() {
		var column, kind string
		var key int
		if err := rows.Scan(&column, &kind, &key); err != nil {
			return x, err
		}
		x.columns, x.texts = append(x.columns, column), append(x.texts, strings.EqualFold(kind, "TEXT"))
		keys[key] = column
	}
	if err := rows.Err(); err != nil {
		return x, err
	}
	for i := 1; keys[i] != ""; i++ {
		x.keys = append(x.keys, keys[i])
	}
	if len(x.keys) == 0 {
		x.keys = x.columns
	}
	parents, err := t.QueryContext(ctx, `SELECT "table" FROM pragma_foreign_key_list($1)`, name)
	if err != nil {
		return x, err
	}
	x.parents, err = column[string](parents)
	return x, err
}

// selected is the text that reads all rows in one order for both databases, which
// else sort texts each in its own way.
func (x *table) selected(binary string) string {
	var names, keys []string
	for _, c := range x.columns {
		names = append(names, `"`+c+`"`)
	}
	for _, k := range x.keys {
		by := `"` + k + `"`
		if x.texts[slices.Index(x.columns, k)] {
			by += binary
		}
		keys = append(keys, by)
	}
	return `SELECT ` + strings.Join(names, ", ") + ` FROM "` + x.name + `" ORDER BY ` + strings.Join(keys, ", ")
}

func (x *table) copy(ctx context.Context, from tx, to pgx.Tx) (MovedTable, error) {
	m := MovedTable{Table: x.name}
	var there int64
	if err := to.QueryRow(ctx, `SELECT count(*) FROM "`+x.name+`"`).Scan(&there); err != nil {
		return m, err
	}
	if there > 0 {
		return m, order.Errorf(order.Conflict, "name a database that is empty", "the new ledger has %d rows already", there)
	}
	rows, err := from.QueryContext(ctx, x.selected(""))
	if err != nil {
		return m, err
	}
	defer rows.Close()
	was := sha256.New()
	n, err := to.CopyFrom(ctx, pgx.Identifier{x.name}, x.columns, pgx.CopyFromFunc(func() ([]any, error) {
		if !rows.Next() {
			return nil, rows.Err()
		}
		values, err := x.scan(rows.Scan)
		if err == nil {
			err = x.fit(values)
		}
		digest(was, values)
		return values, err
	}))
	if err != nil {
		return m, err
	}
	m.Rows, m.SHA256 = n, hex.EncodeToString(was.Sum(nil))
	back, err := to.Query(ctx, x.selected(` COLLATE "C"`))
	if err != nil {
		return m, err
	}
	defer back.Close()
	return m, x.compare(back, m)
}

// compare compares what was read back with what was written.
func (x *table) compare(rows interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
}, m MovedTable,
) error {
	is, n := sha256.New(), int64(0)
	for ; rows.Next(); n++ {
		values, err := x.scan(rows.Scan)
		if err != nil {
			return err
		}
		digest(is, values)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if sum := hex.EncodeToString(is.Sum(nil)); n != m.Rows || sum != m.SHA256 {
		return order.Errorf(order.Internal, "nothing was copied; please report this", "%d rows with checksum %s were written, %d with %s are there", m.Rows, m.SHA256, n, sum)
	}
	return nil
}

// scan reads a row: numbers as int64, texts as string, documents as bytes.
func (x *table) scan(scan func(...any) error) ([]any, error) {
	values := make([]any, len(x.columns))
	to := make([]any, len(values))
	for i := range values {
		to[i] = &values[i]
	}
	if err := scan(to...); err != nil {
		return nil, err
	}
	for i, v := range values {
		switch v := v.(type) {
		case []byte:
			if x.texts[i] {
				values[i] = string(v)
			} else {
				values[i] = bytes.Clone(v)
			}
		case string:
			if !x.texts[i] {
				values[i] = []byte(v)
			}
		}
	}
	return values, nil
}

// fit fails for what PostgreSQL cannot hold, with the row.
func (x *table) fit(values []any) error {
	for i, v := range values {
		if s, ok := v.(string); ok && (!utf8.ValidString(s) || strings.ContainsRune(s, 0)) {
			return order.Errorf(order.Invalid, "PostgreSQL holds only UTF-8 without NUL; please report this", "row %v, column %s: the text %q", values[0], x.columns[i], s)
		}
	}
	return nil
}

// digest adds a row to a checksum, each value with its kind and length.
func digest(h hash.Hash, values []any) {
	put := func(kind byte, data []byte) {
		h.Write(binary.AppendUvarint([]byte{kind}, uint64(len(data))))
		h.Write(data)
	}
	for _, v := range values {
		switch v := v.(type) {
		case nil:
			put('0', nil)
		case int64:
			put('i', binary.BigEndian.AppendUint64(nil, uint64(v)))
		case string:
			put('t', []byte(v))
		case []byte:
			put('b', v)
		default:
			put('?', fmt.Append(nil, v))
		}
	}
}
