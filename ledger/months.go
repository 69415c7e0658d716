package ledger

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// PostgreSQL keeps the logs of runs in a table for each month of UTC, named
// run_lines_2026_11, and what no month was made for in run_lines_rest. A month that is
// missing stops nobody.
const (
	monthPrefix = "run_lines_"
	monthLayout = "2006_01"
	restOfLines = "run_lines_rest"
)

// monthsAhead are made beside the present one.
const monthsAhead = 2

// MakeMonths makes the tables of this month and the next ones, as far as they are
// missing, and moves into them what lies in the rest. On SQLite it does nothing.
// Several machines may do it at once: who comes second finds them there.
func (l *Ledger) MakeMonths(ctx context.Context, now time.Time) error {
	if l.dialect != "postgres" {
		return nil
	}
	have, err := l.months(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for n := range monthsAhead + 1 {
		m := firstOf(now).AddDate(0, n, 0)
		if !have[m] {
			errs = append(errs, l.makeMonth(ctx, m))
		}
	}
	return errors.Join(errs...)
}

func firstOf(t time.Time) time.Time {
	t = t.UTC()
	return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
}

// months lists the months that have a table.
func (l *Ledger) months(ctx context.Context) (map[time.Time]bool, error) {
	rows, err := l.r.QueryContext(ctx, `SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = to_regclass('run_lines')`)
	if err != nil {
		return nil, explain("read months", err)
	}
	names, err := column[string](rows)
	out := map[time.Time]bool{}
	for _, name := range names {
		if m, err := time.Parse(monthLayout, strings.TrimPrefix(name, monthPrefix)); err == nil {
			out[m] = true
		}
	}
	return out, explain("read months", err)
}

func (l *Ledger) makeMonth(ctx context.Context, m time.Time) error {
	name, from, to := monthPrefix+m.Format(monthLayout), instant(m), instant(m.AddDate(0, 1, 0))
	return l.write(ctx, "make month "+m.Format("2006-01"), func(t tx) error {
		if err := t.hasty(ctx); err != nil {
			return err
		}
		// One machine makes it; the texts hold only names and numbers of our own.
		if _, err := t.ExecContext(ctx, `SELECT pg_advisory_xact_lock(hashtext('run_lines'))`); err != nil {
			return err
		}
		var there bool
		if err := t.QueryRowContext(ctx, `SELECT to_regclass('`+name+`') IS NOT NULL`).Scan(&there); err != nil || there {
			return err
		}
		for _, text := range []string{
			`CREATE TABLE ` + name + ` (LIKE run_lines INCLUDING DEFAULTS)`,
			// Nobody adds to the rest until the month is there.
			`LOCK TABLE ` + restOfLines + ` IN ACCESS EXCLUSIVE MODE`,
			fmt.Sprintf(`INSERT INTO %s SELECT * FROM %s WHERE at >= %d AND at < %d`, name, restOfLines, from, to),
			fmt.Sprintf(`DELETE FROM %s WHERE at >= %d AND at < %d`, restOfLines, from, to),
			fmt.Sprintf(`ALTER TABLE run_lines ATTACH PARTITION %s FOR VALUES FROM (%d) TO (%d)`, name, from, to),
		} {
			if _, err := t.ExecContext(ctx, text); err != nil {
				return err
			}
		}
		return nil
	})
}

// dropMonths removes the tables of months that were over before an instant.
func (l *Ledger) dropMonths(ctx context.Context, before time.Time) error {
	if l.dialect != "postgres" {
		return nil
	}
	have, err := l.months(ctx)
	if err != nil {
		return err
	}
	for m := range have {
		if m.AddDate(0, 1, 0).After(before) {
			continue
		}
		if err := l.write(ctx, "remove month "+m.Format("2006-01"), func(t tx) error {
			if err := t.hasty(ctx); err != nil {
				return err
			}
			_, err := t.ExecContext(ctx, `DROP TABLE IF EXISTS `+monthPrefix+m.Format(monthLayout))
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}
