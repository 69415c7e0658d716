package ledger

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
)

// Large statements stay prepared from one transaction to the next, whoever writes
// meanwhile, and only so many of them.
func TestKeptStatements(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		write := func(ctx context.Context, name string, rows int) error {
			args := make([]any, rows)
			for i := range args {
				args[i] = int64(i)
			}
			return s.write(ctx, "test", func(t tx) error {
				_, err := t.bulk(ctx, `INSERT INTO counters (value, name) VALUES `, fmt.Sprintf(`(?,'%s')`, name),
					` ON CONFLICT (name) DO NOTHING`, args)
				return err
			})
		}
		var wg sync.WaitGroup
		for n := range 4 {
			wg.Go(func() {
				for i := range 3 * maxKept {
					if err := write(t.Context(), strings.Repeat("x", n)+fmt.Sprint(i/3), bulkRows); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if s.kept == nil {
			return // PostgreSQL's driver keeps them
		}
		if n := len(s.kept.kept); n == 0 || n > maxKept {
			t.Errorf("%d statements are kept, want 1 to %d", n, maxKept)
		}
	})
}

// A claim marks its instructions in steps of their ids; here these lie far apart.
func TestClaimInSteps(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		s.put(numbered("1", "2", "3")...)
		for _, n := range []string{"1", "2", "3"} {
			s.planned(n)
			if _, err := s.w.ExecContext(t.Context(), `UPDATE counters SET value = value + 70000 WHERE name = 'instructions'`); err != nil {
				t.Fatal(err)
			}
		}
		if b := s.claim(); b.Instructions != 3 {
			t.Errorf("the batch has %d instructions, want 3", b.Instructions)
		}
		for _, n := range []string{"1", "2", "3"} {
			if p := s.places(n); len(p) != 1 || p[0].State != InstructionClaimed {
				t.Errorf("order %s: %+v", n, p)
			}
		}
	})
}
