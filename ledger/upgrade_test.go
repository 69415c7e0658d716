package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pressly/goose/v3"

	"github.com/mallbridge/mallbridge/internal/pgtest"
)

// TestEveryOldSchemaComesForward makes a ledger of each schema there ever was, with
// rows in every table, opens it with the program of today, and finds the rows again,
// in the tables that a new ledger has.
func TestEveryOldSchemaComesForward(t *testing.T) {
	for _, dialect := range []string{"sqlite", "postgres"} {
		fresh := openAt(t, newDSN(t, dialect))
		want := shape(t, fresh)
		for _, v := range schemas(t, dialect) {
			t.Run(fmt.Sprintf("%s/%d", dialect, v), func(t *testing.T) {
				dsn := newDSN(t, dialect)
				old := openOld(t, dialect, dsn, v)
				before := map[string]int{}
				for _, table := range tables(t, old) {
					if table == "moves" {
						continue // a ledger that was moved is not opened
					}
					twoRows(t, old, table)
					before[table] = count(t, old.r, table)
				}
				if before["orders"] == 0 || before["events"] == 0 {
					t.Fatalf("nothing to carry: %v", before)
				}
				ok(t, old.Close())

				l, err := Open(t.Context(), dsn)
				ok(t, err)
				t.Cleanup(func() { ok(t, l.Close()) })
				if d := cmp.Diff(want, shape(t, l)); d != "" {
					t.Errorf("it is not what a new ledger is:\n%s", d)
				}
				if v < 18 && before["marks"] > 0 {
					before["marks"]++ // behind the last order; they all stand in search_todo as they did
					var last, mark int64
					ok(t, l.r.QueryRowContext(t.Context(), `SELECT (SELECT max(id) FROM orders), (SELECT value FROM marks WHERE name = $1)`, searchMark).Scan(&last, &mark))
					if mark != last {
						t.Errorf("new orders are looked for behind %d, not %d", mark, last)
					}
				}
				for table, n := range before {
					if got := count(t, l.r, table); got != n {
						t.Errorf("%s: %d rows of %d", table, got, n)
					}
				}
				if dialect == "postgres" {
					return
				}
				var broken int
				ok(t, l.r.QueryRowContext(t.Context(), `SELECT count(*) FROM pragma_foreign_key_check`).Scan(&broken))
				if broken > 0 {
					t.Errorf("%d rows refer to nothing", broken)
				}
				kept, err := sql.Open("sqlite", fmt.Sprintf("%s.schema-%d", dsn, v))
				ok(t, err)
				defer kept.Close()
				if got := count(t, kept, "orders"); got != before["orders"] {
					t.Errorf("the copy of before has %d orders", got)
				}
				var marks, marked int
				ok(t, kept.QueryRowContext(t.Context(), `SELECT count(*) FROM sqlite_master WHERE name = 'marks'`).Scan(&marks))
				if marks > 0 {
					ok(t, kept.QueryRowContext(t.Context(), `SELECT count(*) FROM marks WHERE name = $1`, copyMark).Scan(&marked))
				}
				if marked != marks {
					t.Error("the copy of before does not know that it is a copy")
				}
				if left, err := filepath.Glob(dsn + ".schema-*"); err != nil || len(left) != 1 {
					t.Errorf("beside the ledger lie %v, %v", left, err)
				}
			})
		}
	}
}

func newDSN(t *testing.T, dialect string) string {
	if dialect == "postgres" {
		return pgtest.Database(t)
	}
	return filepath.Join(t.TempDir(), "ledger.db")
}

// schemas are all but the last.
func schemas(t *testing.T, dialect string) []int64 {
	t.Helper()
	names, err := fs.Glob(migrations, "migrations/"+dialect+"/*.sql")
	ok(t, err)
	var out []int64
	for _, n := range names {
		v, err := goose.NumericComponent(n)
		ok(t, err)
		out = append(out, v)
	}
	slices.Sort(out)
	return out[:len(out)-1]
}

// openOld makes a ledger of schema v.
func openOld(t *testing.T, dialect, dsn string, v int64) *Ledger {
	t.Helper()
	sub, err := fs.Sub(migrations, "migrations/"+dialect)
	ok(t, err)
	driver, kind, name := "sqlite", goose.DialectSQLite3, dsn
	if dialect == "postgres" {
		driver, kind = "pgx", goose.DialectPostgres
	} else {
		name = sqliteDSN(dsn, "immediate", writerCache)
	}
	db, err := sql.Open(driver, name)
	ok(t, err)
	p, err := goose.NewProvider(kind, db, sub)
	ok(t, err)
	_, err = p.UpTo(t.Context(), v)
	ok(t, err)
	return &Ledger{w: db, r: db, dialect: dialect, settling: &sync.WaitGroup{}}
}

// tables of a ledger, those that others refer to first.
func tables(t *testing.T, l *Ledger) []string {
	t.Helper()
	text := `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'goose%' ORDER BY name`
	if l.dialect == "postgres" {
		text = `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_name NOT LIKE 'goose%' AND NOT EXISTS (SELECT 1 FROM pg_class c WHERE c.relname = table_name AND c.relispartition) ORDER BY table_name`
	}
	rows, err := l.r.QueryContext(t.Context(), text)
	ok(t, err)
	all, err := column[string](rows)
	ok(t, err)
	first := func(name string) int { return slices.Index([]string{"batches", "accounts", "warehouses"}, name) }
	slices.SortStableFunc(all, func(a, b string) int { return first(b) - first(a) })
	return all
}

// columns of a table with their types, text, bigint or bytes.
func columns(t *testing.T, l *Ledger, table string) (names, types []string) {
	t.Helper()
	text := `SELECT name || ' ' || lower(type) FROM pragma_table_info('` + table + `') ORDER BY name`
	if l.dialect == "postgres" {
		text = `SELECT column_name || ' ' || data_type FROM information_schema.columns WHERE table_schema = 'public' AND table_name = '` + table + `' ORDER BY column_name`
	}
	rows, err := l.r.QueryContext(t.Context(), text)
	ok(t, err)
	all, err := column[string](rows)
	ok(t, err)
	for _, c := range all {
		name, kind, _ := strings.Cut(c, " ")
		kind = map[string]string{"text": "text", "blob": "bytes", "bytea": "bytes"}[kind]
		names, types = append(names, name), append(types, kind)
	}
	return names, types
}

// twoRows puts two rows into a table.
func twoRows(t *testing.T, l *Ledger, table string) {
	t.Helper()
	names, types := columns(t, l, table)
	for n := 1; n <= 2; n++ {
		values := make([]string, len(names))
		for i, kind := range types {
			switch {
			case kind == "text":
				values[i] = fmt.Sprintf("'%s %d'", names[i], n)
			case kind == "bytes" && l.dialect == "postgres":
				values[i] = fmt.Sprintf(`'\x0%d'`, n)
			case kind == "bytes":
				values[i] = fmt.Sprintf("x'0%d'", n)
			default:
				values[i] = fmt.Sprint(n)
			}
		}
		_, err := l.w.ExecContext(t.Context(), fmt.Sprintf(`INSERT INTO %s (%s) VALUES (%s)`, table, strings.Join(names, ", "), strings.Join(values, ", ")))
		ok(t, err)
	}
}

func count(t *testing.T, db *sql.DB, table string) (n int) {
	t.Helper()
	ok(t, db.QueryRowContext(context.WithoutCancel(t.Context()), `SELECT count(*) FROM `+table).Scan(&n))
	return n
}

// shape is the tables of a ledger with their columns.
func shape(t *testing.T, l *Ledger) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for _, table := range tables(t, l) {
		out[table], _ = columns(t, l, table)
	}
	return out
}
