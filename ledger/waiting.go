package ledger

import (
	"context"
	"time"

	"github.com/mallbridge/mallbridge/order"
)

// A Count says how many orders of an account are in a state for a reason.
type Count struct {
	Account string
	State   State
	Reason  order.Reason
	Orders  int64
	Oldest  time.Time // when the first of them was seen
}

// Counts counts all orders by account, state and first reason.
func (l *Ledger) Counts(ctx context.Context) ([]Count, error) {
	rows, err := l.r.QueryContext(ctx, `SELECT a.name, o.state, o.reason, count(*), min(o.seen_at) FROM orders o JOIN accounts a ON a.id = o.account_id
		GROUP BY a.name, o.state, o.reason ORDER BY a.name, o.state, o.reason`)
	if err != nil {
		return nil, explain("count orders", err)
	}
	defer rows.Close()
	var out []Count
	for rows.Next() {
		var c Count
		var oldest int64
		if err := rows.Scan(&c.Account, &c.State, &c.Reason, &c.Orders, &oldest); err != nil {
			return nil, explain("count orders", err)
		}
		c.Oldest = timeOf(oldest)
		out = append(out, c)
	}
	return out, explain("count orders", rows.Err())
}

// RefusedRows counts the refused rows of all files that were read, by the account
// or warehouse they came from.
func (l *Ledger) RefusedRows(ctx context.Context) (map[string]int64, error) {
	return l.counted(ctx, "count refused rows", `SELECT owner, CAST(COALESCE(sum(refused), 0) AS BIGINT) FROM files GROUP BY owner`)
}

// BatchStates counts the batches of each warehouse that are on their way, and those
// that are in doubt.
func (l *Ledger) BatchStates(ctx context.Context) (open, inDoubt map[string]int64, err error) {
	open, err = l.counted(ctx, "count open batches", `SELECT w.name, count(*) FROM batches b JOIN warehouses w ON w.id = b.warehouse_id
		WHERE b.state IN ('claimed', 'built', 'uploaded') GROUP BY w.name`)
	if err != nil {
		return nil, nil, err
	}
	inDoubt, err = l.counted(ctx, "count batches in doubt", `SELECT w.name, count(*) FROM batches b JOIN warehouses w ON w.id = b.warehouse_id
		WHERE b.state = 'in_doubt' GROUP BY w.name`)
	return open, inDoubt, err
}

func (l *Ledger) counted(ctx context.Context, what, text string) (map[string]int64, error) {
	rows, err := l.r.QueryContext(ctx, text)
	if err != nil {
		return nil, explain(what, err)
	}
	defer rows.Close()
	out := map[string]int64{}
	for rows.Next() {
		var name string
		var n int64
		if err := rows.Scan(&name, &n); err != nil {
			return nil, explain(what, err)
		}
		out[name] = n
	}
	return out, explain(what, rows.Err())
}
