package ledger

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/order"
)

// A Coverage is what was read of an account's orders, over all time.
type Coverage struct {
	Account string
	Until   time.Time     // up to which orders were read
	At      time.Time     // when they were read last
	Gaps    int           // spans between windows that nobody has read yet
	Missing time.Duration // their length together
	Lost    int           // spans that the mall no longer tells
}

// Coverages tells of every account that reads windows what was read. Windows that
// touch are one, so this is a row or two for each account.
func (l *Ledger) Coverages(ctx context.Context) ([]Coverage, error) {
	rows, err := l.r.QueryContext(ctx, `SELECT a.name, w.from_at, w.to_at, w.state, w.read_at FROM windows w JOIN accounts a ON a.id = w.account_id
		WHERE w.feed = 'orders' ORDER BY a.name, w.from_at`)
	if err != nil {
		return nil, explain("read windows", err)
	}
	defer rows.Close()
	var out []Coverage
	var until int64 // what was read or lost up to here
	for rows.Next() {
		var name, state string
		var from, to, at int64
		if err := rows.Scan(&name, &from, &to, &state, &at); err != nil {
			return nil, explain("read windows", err)
		}
		if len(out) == 0 || out[len(out)-1].Account != name {
			out, until = append(out, Coverage{Account: name}), from
		}
		c := &out[len(out)-1]
		if from > until {
			c.Gaps++
			c.Missing += time.Duration(from-until) * time.Millisecond
		}
		until = max(until, to)
		if state == WindowLost {
			c.Lost++
			continue
		}
		c.Until = later(c.Until, timeOf(to))
		c.At = later(c.At, timeOf(at))
	}
	return out, explain("read windows", rows.Err())
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// An AlertCount says how many alerts of a kind are open for an account or warehouse.
type AlertCount struct {
	Kind   order.Alert
	Target string
	Open   int64
}

// AlertCounts counts the open alerts by kind and target.
func (l *Ledger) AlertCounts(ctx context.Context) ([]AlertCount, error) {
	rows, err := l.r.QueryContext(ctx, `SELECT kind, target, count(*) FROM alerts WHERE ended_at = 0 GROUP BY kind, target ORDER BY kind, target`)
	if err != nil {
		return nil, explain("count alerts", err)
	}
	defer rows.Close()
	var out []AlertCount
	for rows.Next() {
		var c AlertCount
		if err := rows.Scan(&c.Kind, &c.Target, &c.Open); err != nil {
			return nil, explain("count alerts", err)
		}
		out = append(out, c)
	}
	return out, explain("count alerts", rows.Err())
}

// An InstructionCount says how many instructions of a warehouse are not shipped.
type InstructionCount struct {
	Warehouse string
	State     int64 // InstructionReady, InstructionClaimed or InstructionRefused
	Count     int64
	Oldest    time.Time // when the first of them was made
}

// instructionCounts reads two indexes, each of which holds just these rows. CROSS JOIN
// has SQLite go from the warehouses, and a state at a time is what it finds in them;
// else it reads every instruction there is.
var instructionCounts = func() string {
	var parts []string
	for _, state := range []int64{InstructionReady, InstructionClaimed, InstructionRefused, InstructionStopped} {
		parts = append(parts, fmt.Sprintf(`SELECT w.name, %[1]d AS state, count(*), min(i.created_at) FROM warehouses w CROSS JOIN instructions i
			WHERE i.warehouse_id = w.id AND i.state = %[1]d GROUP BY w.name`, state))
	}
	return strings.Join(parts, " UNION ALL ") + " ORDER BY 1, 2"
}()

// InstructionCounts counts the instructions that are not shipped, by warehouse and
// state.
func (l *Ledger) InstructionCounts(ctx context.Context) ([]InstructionCount, error) {
	rows, err := l.r.QueryContext(ctx, instructionCounts)
	if err != nil {
		return nil, explain("count instructions", err)
	}
	defer rows.Close()
	var out []InstructionCount
	for rows.Next() {
		var c InstructionCount
		var oldest int64
		if err := rows.Scan(&c.Warehouse, &c.State, &c.Count, &oldest); err != nil {
			return nil, explain("count instructions", err)
		}
		c.Oldest = timeOf(oldest)
		out = append(out, c)
	}
	return out, explain("count instructions", rows.Err())
}

// Size returns the bytes that the ledger takes: SQLite's files, or the database of
// PostgreSQL with everything in it.
func (l *Ledger) Size(ctx context.Context) (n int64, err error) {
	if l.dialect == "sqlite" {
		for _, end := range []string{"", "-wal"} {
			if info, err := os.Stat(l.file + end); err == nil {
				n += info.Size()
			}
		}
		return n, nil
	}
	err = l.r.QueryRowContext(ctx, `SELECT pg_database_size(current_database())`).Scan(&n)
	return n, explain("measure the ledger", err)
}
