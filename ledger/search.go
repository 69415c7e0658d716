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
	// Text is an order number or its beginning, a whole tracking number, a name or its
	// beginning, a phone number, a code of a listing, or a SKU. What was not made
	// searchable yet is found by its numbers only; see [Ledger.Index].
	Text     string
	Account  string
	State    string // seen, held, outside, planned, recheck
	Reason   order.Reason
	From, To time.Time // first seen in [From, To)
	Before   int64     // only ids below it, to page on
	Limit    int
}

// A condition collects the parts of a WHERE.
type condition struct {
	where []string
	args  []any
}

// add takes a part in which each ? stands for arg.
func (c *condition) add(cond string, arg any) {
	c.args = append(c.args, arg)
	c.where = append(c.where, strings.ReplaceAll(cond, "?", "$"+strconv.Itoa(len(c.args))))
}

// arg adds an argument and returns its place.
func (c *condition) arg(v any) string {
	c.args = append(c.args, v)
	return "$" + strconv.Itoa(len(c.args))
}

// Search lists orders, the newest first.
func (l *Ledger) Search(ctx context.Context, q Search) ([]Row, error) {
	c := &condition{where: []string{`1 = 1`}}
	if q.Before > 0 {
		c.add(`o.id < ?`, q.Before)
	}
	if q.Account != "" {
		c.add(`o.account_id = (SELECT id FROM accounts WHERE name = ?)`, q.Account)
	}
	if q.State != "" {
		state, err := stateOf(q.State)
		if err != nil {
			return nil, err
		}
		// In words, as in the indexes of few states.
		c.where = append(c.where, `o.state = `+strconv.Itoa(int(state)))
		if state != Outside && state != Planned {
			// Few are open; the comparisons are those of the index.
			c.where = append(c.where, `o.id IN (SELECT n.id FROM accounts b JOIN orders n ON n.account_id = b.id WHERE (n.state = 0 OR n.state = 1 OR n.state = 4) AND n.state = `+strconv.Itoa(int(state))+`)`)
		}
	}
	if q.Reason != "" {
		c.add(`o.reason = ?`, string(q.Reason))
		if q.Reason.Info().Class == order.Held {
			c.where = append(c.where, `o.id IN (SELECT order_id FROM holds)`)
		}
	}
	if err := l.seenIn(ctx, c, q.From, q.To); err != nil {
		return nil, err
	}
	if q.Text != "" {
		if err := l.text(ctx, c, q.Text); err != nil {
			return nil, explain("search orders", err)
		}
	}
	if q.Limit <= 0 {
		q.Limit = 50
	}
	text := `SELECT ` + orderColumns + ` WHERE o.id IN (SELECT o.id FROM orders o WHERE ` + strings.Join(c.where, " AND ") + ` ORDER BY o.id DESC LIMIT ` + c.arg(q.Limit) + `) ORDER BY o.id DESC`
	out, err := scanOrders(l.r.QueryContext(ctx, text, c.args...))
	return out, explain("search orders", err)
}

// text adds the part that asks for what a person typed.
func (l *Ledger) text(ctx context.Context, c *condition, text string) error {
	keys, err := l.sought(ctx, text)
	if err != nil {
		return err
	}
	// The accounts come first (CROSS JOIN says so to SQLite): by account and number there
	// is an index. Numbers stand by bytes: what begins with a text stands between it and the last
	// text that begins so.
	from, to, whole := c.arg(text), c.arg(text+"\U0010ffff"), c.arg(text)
	c.where = append(c.where, `o.id IN (SELECT order_id FROM search_keys WHERE search_key IN (`+numbersOf(keys)+`)
		UNION SELECT n.id FROM accounts b CROSS JOIN orders n WHERE n.account_id = b.id AND n.number >= `+from+` AND n.number <= `+to+`
		UNION SELECT x.order_id FROM shipments s JOIN instruction_lines x ON x.instruction_id = s.instruction_id WHERE s.tracking = `+whole+`)`)
	return nil
}

// seenIn adds the part that asks for a time. Ids are given in the order in which orders
// come, but for what several programs store at once.
func (l *Ledger) seenIn(ctx context.Context, c *condition, from, to time.Time) error {
	const apart = time.Hour
	if !from.IsZero() {
		first, err := l.firstSeen(ctx, from.Add(-apart))
		if err != nil {
			return explain("search orders", err)
		}
		c.add(`o.id >= ?`, first)
		c.add(`o.seen_at >= ?`, instant(from))
	}
	if !to.IsZero() {
		last, err := l.firstSeen(ctx, to.Add(apart))
		if err != nil {
			return explain("search orders", err)
		}
		c.add(`o.id < ?`, last)
		c.add(`o.seen_at < ?`, instant(to))
	}
	return nil
}

// firstSeen is about the least id of the orders that came at a moment or later: what
// came within the same hour may have a lesser one.
func (l *Ledger) firstSeen(ctx context.Context, at time.Time) (int64, error) {
	var last int64
	if err := l.r.QueryRowContext(ctx, `SELECT COALESCE(max(id), 0) FROM orders`).Scan(&last); err != nil {
		return 0, err
	}
	low, high := int64(1), last+1
	for low < high {
		middle := low + (high-low)/2
		var id, seen int64
		// There is one: high is above middle, and above high is the end.
		if err := l.r.QueryRowContext(ctx, `SELECT id, seen_at FROM orders WHERE id >= $1 ORDER BY id LIMIT 1`, middle).Scan(&id, &seen); err != nil {
			return 0, err
		}
		if seen < instant(at) {
			low = id + 1
		} else {
			high = middle
		}
	}
	return low, nil
}

// A Point counts what happened in the hour that begins at At.
type Point struct {
	At      time.Time
	Orders  int64 // seen for the first time
	Shipped int64 // tracking numbers that came
}

// Flow counts by hour since a moment, without hours in which nothing happened.
func (l *Ledger) Flow(ctx context.Context, since time.Time) ([]Point, error) {
	const hour = 3_600_000
	first, err := l.firstSeen(ctx, since.Add(-time.Hour))
	if err != nil {
		return nil, explain("count by hour", err)
	}
	rows, err := l.r.QueryContext(ctx, `SELECT h, CAST(sum(orders) AS BIGINT), CAST(sum(shipped) AS BIGINT) FROM (
		SELECT seen_at / 3600000 AS h, count(*) AS orders, 0 AS shipped FROM orders WHERE id >= $2 AND seen_at >= $1 GROUP BY seen_at / 3600000
		UNION ALL SELECT at / 3600000, 0, count(*) FROM shipments WHERE at >= $1 AND cancelled = 0 AND tracking <> '' GROUP BY at / 3600000) y GROUP BY h ORDER BY h`, instant(since), first)
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
