package ledger

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mallbridge/mallbridge/internal/pgtest"
	"github.com/mallbridge/mallbridge/order"
)

// TestPromisesAreInTheSchema writes into the tables past every method.
func TestPromisesAreInTheSchema(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		s.put(numbered("100", "200")...)
		ids := s.planned("100")
		b := s.claim()
		f, err := s.AddFile(t.Context(), s.file("a.csv", "aaa"), noon)
		ok(t, err)
		r := s.row("100")
		cases := []struct{ name, text string }{
			{"a second row for an order number", `INSERT INTO orders SELECT id + 1000, account_id, number, state, reason, status, version, hash, line_count, recipient,
				ordered_at, seen_at, changed_at, file_id, file_row, purged_at, asked_at FROM orders WHERE number = '100'`},
			{"a second instruction for a piece", `INSERT INTO instruction_lines SELECT order_id, package_no, line_no, part, instruction_id + 1000, quantity, sku FROM instruction_lines`},
			{"a second batch for an instruction", `INSERT INTO batch_items SELECT instruction_id, batch_id + 0 FROM batch_items`},
			{"a batch that is not there", `UPDATE batch_items SET batch_id = 4711`},
			{"the same instruction number again", `INSERT INTO instructions SELECT id + 1000, warehouse_id, account_id, number, state, ship_on, not_before, line_count, created_at, purged_at FROM instructions`},
			{"the same batch number again", `INSERT INTO batches (id, warehouse_id, number, state, format, name, claimed_at) SELECT id + 1000, warehouse_id, number, state, format, 'x', 0 FROM batches`},
			{"the same file name again", `INSERT INTO batches (id, warehouse_id, number, state, format, name, claimed_at) SELECT id + 1000, warehouse_id, 'x', state, format, name, 0 FROM batches`},
			{"the same content read twice", `INSERT INTO files (id, kind, owner, name, sha256, size, path, state, received_at) SELECT id + 1000, kind, owner, 'b', sha256, size, path, state, 0 FROM files`},
			{"an order of no account", `UPDATE orders SET account_id = 4711`},
			{"an instruction for no warehouse", `UPDATE instructions SET warehouse_id = 4711`},
			{"an event rewritten", `UPDATE events SET detail = 'x'`},
			{"an event rewritten while it is emptied", `UPDATE events SET detail = '', actor = 'x'`},
			{"an event removed", `DELETE FROM events`},
		}
		ok(t, s.Record(t.Context(), noon, Event{Kind: "test", OrderID: r.ID}))
		for _, c := range cases {
			if _, err := s.w.ExecContext(t.Context(), c.text); err == nil {
				t.Errorf("%s: the schema allows it", c.name)
			} else if !strings.Contains(strings.ToLower(err.Error()), "constraint") && !strings.Contains(err.Error(), "append-only") {
				t.Errorf("%s: %v", c.name, err)
			}
		}
		if len(ids) != 1 || b == nil || f.ID == 0 {
			t.Fatal("the rows to copy were not there")
		}
	})
}

func TestSameNumberInTwoAccounts(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		other := account(t, s.Ledger, "coupang-main")
		s.put(numbered("100")...)
		c, err := s.PutOrders(t.Context(), other, 8, numbered("100"), noon)
		ok(t, err)
		if c.New != 1 {
			t.Errorf("got %+v, want one new order", c)
		}
		rows, err := s.OrdersByNumber(t.Context(), "100", "")
		ok(t, err)
		if len(rows) != 2 || rows[0].Account != "coupang-main" || rows[1].Account != "rakuten-main" {
			t.Errorf("found %d orders", len(rows))
		}
		rows, err = s.OrdersByNumber(t.Context(), "100", "coupang-main")
		ok(t, err)
		if len(rows) != 1 || rows[0].AccountID != other {
			t.Errorf("with an account named, found %d orders", len(rows))
		}
	})
}

// TestDialectsAgree compares tables, columns, nullability and indexes of the
// two databases.
func TestDialectsAgree(t *testing.T) {
	lite, pg := openAt(t, filepath.Join(t.TempDir(), "ledger.db")), openAt(t, pgtest.Database(t))
	read := func(l *Ledger, text string) []string {
		rows, err := l.r.QueryContext(t.Context(), text)
		ok(t, err)
		defer rows.Close()
		var out []string
		for rows.Next() {
			var s string
			ok(t, rows.Scan(&s))
			if !strings.HasPrefix(s, "goose") {
				out = append(out, s)
			}
		}
		ok(t, rows.Err())
		slices.Sort(out)
		return out
	}
	for _, c := range []struct{ name, sqlite, postgres string }{
		{
			"columns",
			`SELECT m.name || '.' || c.name || ' ' || CASE c.type WHEN 'INTEGER' THEN 'bigint' WHEN 'BLOB' THEN 'bytea' ELSE lower(c.type) END
				|| CASE WHEN c."notnull" = 1 OR c.pk > 0 THEN ' not null' ELSE '' END || CASE WHEN c.dflt_value IS NULL THEN '' ELSE ' default ' || c.dflt_value END
				FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%'`,
			`SELECT table_name || '.' || column_name || ' ' || data_type || CASE is_nullable WHEN 'NO' THEN ' not null' ELSE '' END
				|| CASE WHEN column_default IS NULL THEN '' ELSE ' default ' || replace(replace(column_default, '::text', ''), '::bigint', '') END
				FROM information_schema.columns WHERE table_schema = 'public' AND NOT EXISTS (SELECT 1 FROM pg_class c WHERE c.relname = table_name AND c.relispartition)`,
		},
		{
			"unique columns",
			`SELECT m.name || ': ' || (SELECT group_concat(name, ', ') FROM pragma_index_info(i.name)) FROM sqlite_master m JOIN pragma_index_list(m.name) i
				WHERE m.type = 'table' AND i."unique" = 1 AND m.name NOT LIKE 'sqlite%'
			UNION SELECT m.name || ': ' || c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND c.pk = 1
				AND NOT EXISTS (SELECT 1 FROM pragma_table_info(m.name) d WHERE d.pk = 2) AND m.name NOT LIKE 'sqlite%'`,
			`SELECT t.relname || ': ' || (SELECT string_agg(a.attname, ', ' ORDER BY k.n) FROM unnest(i.indkey) WITH ORDINALITY k(att, n)
				JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.att) FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
				JOIN pg_namespace s ON s.oid = t.relnamespace WHERE i.indisunique AND s.nspname = 'public' AND NOT t.relispartition`,
		},
		{
			"indexes",
			`SELECT name || ' on ' || tbl_name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL`,
			`SELECT i.indexname || ' on ' || i.tablename FROM pg_indexes i WHERE schemaname = 'public'
				AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conname = i.indexname)`,
		},
	} {
		a, b := read(lite, c.sqlite), read(pg, c.postgres)
		if len(a) == 0 {
			t.Errorf("%s: none found", c.name)
		}
		if d := cmp.Diff(a, b); d != "" {
			t.Errorf("%s differ (-sqlite +postgres):\n%s", c.name, d)
		}
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	for name, dsn := range map[string]string{"sqlite": filepath.Join(t.TempDir(), "ledger.db"), "postgres": ""} {
		t.Run(name, func(t *testing.T) {
			if name == "postgres" {
				dsn = pgtest.Database(t)
			}
			l, err := Open(t.Context(), dsn)
			ok(t, err)
			_, err = l.w.ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, TRUE)`)
			ok(t, err)
			ok(t, l.Close())
			_, err = Open(t.Context(), dsn)
			wantCode(t, err, order.Conflict)
			if !strings.Contains(err.Error(), "schema 99") || order.HintOf(err) == "" {
				t.Errorf("message %q, hint %q", err, order.HintOf(err))
			}
		})
	}
}

func TestOpenAgainKeepsEverything(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a folder", "ledger %20#&=.db")
	l, err := Open(t.Context(), file)
	ok(t, err)
	s := newShop(t, l)
	s.put(numbered("100")...)
	ok(t, l.Close())
	s = newShop(t, openAt(t, file))
	if r := s.row("100"); r.Order.Number != "100" || s.Dialect() != "sqlite" {
		t.Errorf("got %+v", r)
	}
	if got, err := filepath.Glob(filepath.Join(filepath.Dir(file), "ledger*.db")); err != nil || len(got) != 1 {
		t.Errorf("the file is not where it was asked for: %v", got)
	}
}
