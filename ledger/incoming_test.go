package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
)

// Many rows reach the table as they are, on both databases, also those of types that
// database/sql would first have to convert; a number that is there already is left.
func TestBulk(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		const many = 25_000
		text := func(i int) string { return fmt.Sprintf("髙\x00%d", i)[3*(i%2):] }
		if s.dialect == "postgres" { // has no U+0000
			text = func(i int) string { return fmt.Sprintf("髙%d", i) }
		}
		var args []any
		for i := range many {
			args = append(args, int64(i), text(i))
		}
		insert := func(ctx context.Context, args []any) (n int64, err error) {
			err = s.write(ctx, "test", func(t tx) error {
				n, err = t.bulk(ctx, `INSERT INTO counters (value, name) VALUES `, `(?,?)`, ` ON CONFLICT (name) DO NOTHING`, args)
				return err
			})
			return n, err
		}
		before := count(t, s.w, "counters")
		for _, want := range []int64{many, 0} {
			if n, err := insert(t.Context(), args); err != nil || n != want {
				t.Fatalf("%d rows, %v; want %d", n, err, want)
			}
		}
		rows, err := s.r.QueryContext(t.Context(), `SELECT name FROM counters WHERE name LIKE '%髙%' OR value > 0 ORDER BY value`)
		ok(t, err)
		names, err := column[string](rows)
		ok(t, err)
		for _, i := range []int{1, 2, 4999, 5000, 9999, 10_000, 10_001, many - 1} {
			if !slices.Contains(names, text(i)) {
				t.Errorf("no row %q", text(i))
			}
		}

		type number int
		type word string
		if n, err := insert(t.Context(), []any{number(7), word("seven")}); err != nil || n != 1 {
			t.Errorf("named types: %d rows, %v", n, err)
		}
		if _, err := insert(t.Context(), []any{int64(1), struct{}{}}); err == nil {
			t.Error("a value that no column takes is stored")
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := insert(ctx, []any{int64(1), "never"}); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
		if got := count(t, s.w, "counters"); got != before+many+1 {
			t.Errorf("%d rows, want %d", got, before+many+1)
		}

		ok(t, s.write(t.Context(), "test", func(x tx) error {
			n, err := x.bulk(t.Context(), `DELETE FROM counters WHERE name IN (`, `?`, `)`, []any{text(3), text(5), "nobody", text(many - 1)})
			if n != 3 {
				t.Errorf("%d rows deleted, want 3", n)
			}
			return err
		}))
		ok(t, s.write(t.Context(), "test", func(x tx) error {
			return x.listed([]any{text(4), text(5), text(6)}, func(list string, args ...any) error {
				rows, err := x.QueryContext(t.Context(), `SELECT value FROM counters WHERE name IN (`+list+`) ORDER BY value`, args...)
				if err != nil {
					return err
				}
				found, err := column[int64](rows)
				if !slices.Equal(found, []int64{4, 6}) {
					t.Errorf("found %v", found)
				}
				return err
			})
		}))
		if n, err := insert(t.Context(), nil); err != nil || n != 0 {
			t.Errorf("no rows: %d, %v", n, err)
		}
	})
}

// What a statement is given is gone when it has ended, also by an error: nothing of it
// comes into the next one.
func TestIncomingIsEmptyAgain(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		if s.incoming == nil {
			return // PostgreSQL takes parameters
		}
		err := s.write(t.Context(), "test", func(x tx) error {
			_, err := x.bulk(t.Context(), `INSERT INTO counters (value, name) VALUES `, `(?,?)`, ``, []any{int64(1), "a", int64(2), "a"})
			return err
		})
		if err == nil {
			t.Error("the same name twice is stored")
		}
		var n int
		ok(t, s.w.QueryRowContext(t.Context(), `SELECT count(*) FROM temp.incoming`).Scan(&n))
		if n != 0 || s.incoming.rows != nil {
			t.Errorf("%d rows are left", n)
		}
	})
}
