package ledger

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/order"
)

// A Search asks for orders as people do. Zero fields do not filter.
type Search struct {
	Text    string // an order number or its beginning, or a whole tracking number
	Account string
	State   string // seen, held, outside, planned, recheck
	Reason  order.Reason
	Before  int64 // only ids below it, to page on
	Limit   int
}

// Search lists orders, the newest first.
func (l *Ledger) Search(ctx context.Context, q Search) ([]Row, error) {
	where, args := []string{`1 = 1`}, []any{}
	add := func(cond string, arg any) {
		args = append(args, arg)
		where = append(where, strings.ReplaceAll(cond, "?", "$"+strconv.Itoa(len(args))))
	}
	if q.Before > 0 {
		add(`o.id < ?`, q.Before)
	}
	if q.Account != "" {
		add(`o.account_id = (SELECT id FROM accounts WHERE name = ?)`, q.Account)
	}
	if q.State != "" {
		state, err := stateOf(q.State)
		if err != nil {
			return nil, err
		}
		add(`o.state = ?`, int64(state))
	}
	if q.Reason != "" {
		add(`o.reason = ?`, string(q.Reason))
	}
	if q.Text != "" {
		args = append(args, like.Replace(q.Text)+"%", q.Text)
		n := len(args)
		where = append(where, `(o.number LIKE $`+strconv.Itoa(n-1)+` ESCAPE '\' OR o.id IN (SELECT x.order_id FROM shipments s JOIN instruction_lines x
			ON x.instruction_id = s.instruction_id WHERE s.tracking = $`+strconv.Itoa(n)+`))`)
	}
	if q.Limit <= 0 {
		q.Limit = 50
	}
	args = append(args, q.Limit)
	out, err := scanOrders(l.r.QueryContext(ctx, `SELECT `+orderColumns+` WHERE `+strings.Join(where, " AND ")+` ORDER BY o.id DESC LIMIT $`+strconv.Itoa(len(args)), args...))
	return out, explain("search orders", err)
}

var like = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// A Point counts what happened in the hour that begins at At.
type Point struct {
	At      time.Time
	Orders  int64 // seen for the first time
	Shipped int64 // tracking numbers that came
}

// Flow counts by hour since a moment, without hours in which nothing happened.
func (l *Ledger) Flow(ctx context.Context, since time.Time) ([]Point, error) {
	const hour = 3_600_000
	rows, err := l.r.QueryContext(ctx, `SELECT h, CAST(sum(orders) AS BIGINT), CAST(sum(shipped) AS BIGINT) FROM (
		SELECT seen_at / 3600000 AS h, count(*) AS orders, 0 AS shipped FROM orders WHERE seen_at >= $1 GROUP BY seen_at / 3600000
		UNION ALL SELECT at / 3600000, 0, count(*) FROM shipments WHERE at >= $1 AND cancelled = 0 AND tracking <> '' GROUP BY at / 3600000) y GROUP BY h ORDER BY h`, instant(since))
	if err != nil {
		return nil, explain("count by hour", err)
	}
	defer rows.Close()
	var out []Point
	for rows.Next() {
		var p Point
		var h int64
		if err := rows.Scan(&h, &p.Orders, &p.Shipped); err != nil {
			return nil, explain("count by hour", err)
		}
		p.At = timeOf(h * hour)
		out = append(out, p)
	}
	return out, explain("count by hour", rows.Err())
}

// ReadyCount counts the instructions of a warehouse that a claim would take now.
func (l *Ledger) ReadyCount(ctx context.Context, warehouse int64, shipOn order.Date) (n int64, err error) {
	err = l.r.QueryRowContext(ctx, `SELECT count(*) FROM instructions WHERE warehouse_id = $1 AND state = 0 AND ship_on <= $2`, warehouse, string(shipOn)).Scan(&n)
	return n, explain("count instructions", err)
}
