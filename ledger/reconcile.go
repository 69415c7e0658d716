package ledger

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/order"
)

// A Member is an order that a batch carries, whole or in part.
type Member struct{ Account, Number string }

// OrdersInBatch lists the orders that the instructions of a batch serve, by account
// and number: each member of a merged parcel, and each order that was split. Only
// those of the named accounts are looked for.
func (l *Ledger) OrdersInBatch(ctx context.Context, batch int64, accounts ...string) ([]Member, error) {
	if len(accounts) == 0 {
		return nil, nil
	}
	args := []any{batch}
	marks := make([]string, len(accounts))
	for i, name := range accounts {
		args = append(args, name)
		marks[i] = fmt.Sprintf("$%d", i+2)
	}
	rows, err := l.r.QueryContext(ctx, `SELECT DISTINCT a.name, o.number FROM batch_items b JOIN instruction_lines x ON x.instruction_id = b.instruction_id
		JOIN orders o ON o.id = x.order_id JOIN accounts a ON a.id = o.account_id WHERE b.batch_id = $1 AND a.name IN (`+strings.Join(marks, ",")+`) ORDER BY a.name, o.number`, args...)
	if err != nil {
		return nil, explain("list the orders of a batch", err)
	}
	defer rows.Close()
	var out []Member
	for rows.Next() {
		var m Member
		if err := rows.Scan(&m.Account, &m.Number); err != nil {
			return nil, explain("list the orders of a batch", err)
		}
		out = append(out, m)
	}
	return out, explain("list the orders of a batch", rows.Err())
}

// A Risk is an order that was cancelled or changed after a warehouse got an
// instruction for it, and that nothing has settled yet.
type Risk struct {
	Account     string
	Number      string
	Instruction string
	Reason      order.Reason // cancelled_after_instruction or changed_after_instruction
	Since       time.Time
	Shipped     bool      // the warehouse reported that it shipped
	Asked       time.Time // when it was asked to stop; zero if it was not
	Refused     bool      // it said that it is too late
	Message     string    // its words
}

// AtRisk lists the risks at a warehouse, oldest first, one for each order and
// instruction. A person ends one by releasing the hold.
func (l *Ledger) AtRisk(ctx context.Context, warehouse int64) ([]Risk, error) {
	// CROSS JOIN makes SQLite begin with the few holds.
	rows, err := l.r.QueryContext(ctx, `SELECT DISTINCT a.name, o.number, i.number, h.reason, h.since, i.state, COALESCE(k.ok, 9), COALESCE(k.at, 0), COALESCE(k.message, '')
		FROM holds h CROSS JOIN orders o CROSS JOIN accounts a CROSS JOIN instruction_lines x CROSS JOIN instructions i CROSS JOIN batch_items t CROSS JOIN batches b
		LEFT JOIN acks k ON k.instruction_id = i.id AND k.stop = 1
		WHERE o.id = h.order_id AND a.id = o.account_id AND x.order_id = h.order_id AND i.id = x.instruction_id AND t.instruction_id = i.id AND b.id = t.batch_id AND h.reason IN ($2, $3) AND i.warehouse_id = $1 AND i.state IN (1, 5) AND b.state IN ('delivered', 'in_doubt') ORDER BY h.since, a.name, o.number, i.number`,
		warehouse, string(order.HoldCancelled), string(order.HoldChanged))
	if err != nil {
		return nil, explain("look for cancels at risk", err)
	}
	defer rows.Close()
	var out []Risk
	for rows.Next() {
		var r Risk
		var since, state, answer, at int64
		if err := rows.Scan(&r.Account, &r.Number, &r.Instruction, &r.Reason, &since, &state, &answer, &at, &r.Message); err != nil {
			return nil, explain("look for cancels at risk", err)
		}
		r.Since, r.Shipped, r.Refused = timeOf(since), state == InstructionShipped, answer == 0
		if answer == stopAsked {
			r.Asked, r.Message = timeOf(at), ""
		}
		out = append(out, r)
	}
	return out, explain("look for cancels at risk", rows.Err())
}

// A Late is a file of which something has not come yet.
type Late struct {
	Batch
	Missing int64 // instructions without the answer
}

// WithoutAck lists batches delivered in [from, to) with instructions that the
// warehouse has neither acknowledged nor shipped, oldest first.
func (l *Ledger) WithoutAck(ctx context.Context, warehouse int64, from, to time.Time) ([]Late, error) {
	return l.late(ctx, `i.state = 1 AND NOT EXISTS (SELECT 1 FROM acks k WHERE k.instruction_id = i.id AND k.stop = 0)
		AND NOT EXISTS (SELECT 1 FROM shipments s WHERE s.instruction_id = i.id)`, warehouse, from, to)
}

// WithoutResult lists batches delivered in [from, to) with instructions of which no
// result has come, oldest first.
func (l *Ledger) WithoutResult(ctx context.Context, warehouse int64, from, to time.Time) ([]Late, error) {
	return l.late(ctx, `i.state = 1 AND NOT EXISTS (SELECT 1 FROM shipments s WHERE s.instruction_id = i.id)`, warehouse, from, to)
}

func (l *Ledger) late(ctx context.Context, missing string, warehouse int64, from, to time.Time) ([]Late, error) {
	ids, err := l.counts(ctx, "look for late answers", `SELECT t.batch_id, count(*) FROM batches b JOIN batch_items t ON t.batch_id = b.id JOIN instructions i ON i.id = t.instruction_id
		WHERE b.warehouse_id = $1 AND b.state = 'delivered' AND b.delivered_at >= $2 AND b.delivered_at < $3 AND `+missing+` GROUP BY t.batch_id ORDER BY t.batch_id`,
		warehouse, instant(from), instant(to))
	if err != nil {
		return nil, err
	}
	var out []Late
	for _, x := range ids {
		b, err := l.Batch(ctx, x[0])
		if err != nil {
			return nil, err
		}
		out = append(out, Late{*b, x[1]})
	}
	return out, nil
}

// counts reads rows of two numbers.
func (l *Ledger) counts(ctx context.Context, what, text string, args ...any) ([][2]int64, error) {
	rows, err := l.r.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, explain(what, err)
	}
	defer rows.Close()
	var out [][2]int64
	for rows.Next() {
		var x [2]int64
		if err := rows.Scan(&x[0], &x[1]); err != nil {
			return nil, explain(what, err)
		}
		out = append(out, x)
	}
	return out, explain(what, rows.Err())
}

// NotSent counts the instructions of a warehouse for that day or earlier that were
// made before an instant and are not at the drop.
func (l *Ledger) NotSent(ctx context.Context, warehouse int64, day order.Date, before time.Time) (n int64, err error) {
	err = l.r.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM instructions WHERE warehouse_id = $1 AND state = 0 AND ship_on <= $2 AND created_at < $3)
		+ (SELECT COALESCE(CAST(sum(instructions) AS BIGINT), 0) FROM batches WHERE warehouse_id = $1 AND state IN ('claimed', 'built', 'uploaded') AND claimed_at < $3)`,
		warehouse, string(day), instant(before)).Scan(&n)
	return n, explain("count what is not sent", err)
}

// UnknownRows lists the files of results and acks of a warehouse that came since
// then and have refused rows.
func (l *Ledger) UnknownRows(ctx context.Context, warehouse string, since time.Time) ([]File, error) {
	return l.files(ctx, `WHERE owner = $1 AND kind IN ('results', 'acks') AND received_at >= $2 AND refused > 0 ORDER BY id`, warehouse, instant(since))
}

// BatchesSince lists the batches of a warehouse that were claimed since then and
// not dropped, oldest first.
func (l *Ledger) BatchesSince(ctx context.Context, warehouse int64, since time.Time) ([]Batch, error) {
	return l.batches(ctx, `WHERE b.warehouse_id = $1 AND b.claimed_at >= $2 AND b.state <> 'dropped' ORDER BY b.id`, warehouse, instant(since))
}

// CountHours brings the counts of orders by hour up to date, for every account.
func (l *Ledger) CountHours(ctx context.Context) error {
	return l.write(ctx, "count orders by hour", func(t tx) error {
		for _, c := range []struct{ mark, count, column string }{
			{hoursOrders, `SELECT account_id, seen_at / 3600000, count(*), max(id) FROM orders WHERE id > $1 GROUP BY account_id, seen_at / 3600000`, "orders"},
			{"hours.held", `SELECT o.account_id, o.seen_at / 3600000, count(DISTINCT o.id), max(e.id) FROM events e JOIN orders o ON o.id = e.order_id
				WHERE e.id > $1 AND e.kind = 'order.held' AND e.reason NOT IN ('merge_wait', 'not_before', 'auto_instruction_off') GROUP BY o.account_id, o.seen_at / 3600000`, "held"},
		} {
			if err := t.countHours(ctx, c.mark, c.count, c.column); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t tx) countHours(ctx context.Context, mark, count, column string) error {
	last, err := t.mark(ctx, mark)
	if err != nil {
		return err
	}
	rows, err := t.QueryContext(ctx, count, last)
	if err != nil {
		return err
	}
	defer rows.Close()
	var args []any
	most := last
	for rows.Next() {
		var account, hour, n, id int64
		if err := rows.Scan(&account, &hour, &n, &id); err != nil {
			return err
		}
		most = max(most, id)
		if column == "orders" {
			args = append(args, account, hour, n, int64(0))
		} else {
			args = append(args, account, hour, int64(0), n)
		}
	}
	if err := rows.Err(); err != nil || len(args) == 0 {
		return err
	}
	if err := t.addHours(ctx, args); err != nil {
		return err
	}
	return t.setMark(ctx, mark, most)
}

// hoursOrders is the mark of the last order that is counted by the hour.
const hoursOrders = "hours.orders"

// addHours adds rows of account, hour, orders and held ones to the counts.
func (t tx) addHours(ctx context.Context, args []any) error {
	_, err := t.bulk(ctx, `INSERT INTO hours (account_id, hour, orders, held) VALUES `, `(?,?,?,?)`,
		` ON CONFLICT (account_id, hour) DO UPDATE SET orders = hours.orders + excluded.orders, held = hours.held + excluded.held`, args)
	return err
}

func (t tx) mark(ctx context.Context, name string) (value int64, err error) {
	err = t.QueryRowContext(ctx, `SELECT COALESCE(max(value), 0) FROM marks WHERE name = $1`, name).Scan(&value)
	return value, err
}

func (t tx) setMark(ctx context.Context, name string, value int64) error {
	_, err := t.exec(ctx, `INSERT INTO marks (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value)
	return err
}

// BackedUp is the name under which [Ledger.SetDone] notes the last backup.
const BackedUp = "backup"

// DoneAt returns when a thing was done last, as [Ledger.SetDone] noted it; zero if
// it never was.
func (l *Ledger) DoneAt(ctx context.Context, name string) (time.Time, error) {
	var ms int64
	err := l.r.QueryRowContext(ctx, `SELECT COALESCE(max(value), 0) FROM marks WHERE name = $1`, "done."+name).Scan(&ms)
	return timeOf(ms), explain("look when "+name+" was done", err)
}

// SetDone notes that a thing was done.
func (l *Ledger) SetDone(ctx context.Context, name string, now time.Time) error {
	return l.write(ctx, "note that "+name+" was done", func(t tx) error { return t.setMark(ctx, "done."+name, instant(now)) })
}

// An Hour is what came to an account in an hour of UTC.
type Hour struct {
	At     time.Time // its beginning
	Orders int64     // that were first seen
	Held   int64     // those of them that were put on hold, then or later
}

// Hours lists the hours of an account from the one of from to the one of to, without
// those in which nothing came. Account 0 means all together. [Ledger.CountHours]
// brings them up to date.
func (l *Ledger) Hours(ctx context.Context, account int64, from, to time.Time) ([]Hour, error) {
	rows, err := l.r.QueryContext(ctx, `SELECT hour, CAST(sum(orders) AS BIGINT), CAST(sum(held) AS BIGINT) FROM hours
		WHERE ($1 = 0 OR account_id = $1) AND hour >= $2 AND hour <= $3 GROUP BY hour ORDER BY hour`, account, instant(from)/3600000, instant(to)/3600000)
	if err != nil {
		return nil, explain("read counts by hour", err)
	}
	defer rows.Close()
	var out []Hour
	for rows.Next() {
		var h Hour
		var at int64
		if err := rows.Scan(&at, &h.Orders, &h.Held); err != nil {
			return nil, explain("read counts by hour", err)
		}
		h.At = timeOf(at * 3600000)
		out = append(out, h)
	}
	return out, explain("read counts by hour", rows.Err())
}

// LastSeen returns when the youngest order of an account was first seen; zero if it
// has none.
func (l *Ledger) LastSeen(ctx context.Context, account int64) (time.Time, error) {
	var hour int64
	if err := l.r.QueryRowContext(ctx, `SELECT COALESCE(max(hour), 0) FROM hours WHERE account_id = $1 AND orders > 0`, account).Scan(&hour); err != nil || hour == 0 {
		return time.Time{}, explain("look for the last order", err)
	}
	return timeOf(hour * 3600000), nil
}

// LastEvent returns the id of the youngest event.
func (l *Ledger) LastEvent(ctx context.Context) (id int64, err error) {
	err = l.r.QueryRowContext(ctx, `SELECT COALESCE(max(id), 0) FROM events`).Scan(&id)
	return id, explain("look at the last event", err)
}

// A Change is an order that the mall changed.
type Change struct {
	Row
	Detail string // what changed: content; status 300 → 900
	File   int64  // that told it; 0 if the mall no longer has the order
}

// ChangesSince lists the orders of an account that changed after an event by one of
// the files, each with its last change. File 0 stands for what the mall no longer has.
func (l *Ledger) ChangesSince(ctx context.Context, account, event int64, files map[int64]bool) ([]Change, error) {
	rows, err := l.r.QueryContext(ctx, `SELECT o.id, e.detail, e.file_id FROM events e JOIN orders o ON o.id = e.order_id
		WHERE e.id > $1 AND e.kind = 'order.changed' AND o.account_id = $2 ORDER BY e.id`, event, account)
	if err != nil {
		return nil, explain("read changes", err)
	}
	defer rows.Close()
	last := map[int64]Change{}
	var ids []int64
	for rows.Next() {
		var id int64
		var c Change
		if err := rows.Scan(&id, &c.Detail, &c.File); err != nil {
			return nil, explain("read changes", err)
		}
		if !files[c.File] {
			continue
		}
		if _, ok := last[id]; !ok {
			ids = append(ids, id)
		}
		last[id] = c
	}
	if err := rows.Err(); err != nil {
		return nil, explain("read changes", err)
	}
	var out []Change
	for _, id := range ids {
		found, err := scanOrders(l.r.QueryContext(ctx, `SELECT `+orderColumns+` WHERE o.id = $1`, id))
		if err != nil {
			return nil, explain("read changes", err)
		}
		for i := range found {
			c := last[id]
			c.Row = found[i]
			out = append(out, c)
		}
	}
	return out, nil
}

// LastOrder returns the id of the youngest order.
func (l *Ledger) LastOrder(ctx context.Context) (id int64, err error) {
	err = l.r.QueryRowContext(ctx, `SELECT COALESCE(max(id), 0) FROM orders`).Scan(&id)
	return id, explain("look at the last order", err)
}

// OrdersAfter lists the orders of an account with an id above that one.
func (l *Ledger) OrdersAfter(ctx context.Context, account, id int64) ([]Row, error) {
	out, err := scanOrders(l.r.QueryContext(ctx, `SELECT `+orderColumns+` WHERE o.id > $1 AND o.account_id = $2 ORDER BY o.id`, id, account))
	return out, explain("read new orders", err)
}

// Open lists the orders of an account that are still to go: seen, held, to be judged
// again, or planned with an instruction that no warehouse has shipped, by number.
func (l *Ledger) Open(ctx context.Context, account int64) ([]string, error) {
	rows, err := l.r.QueryContext(ctx, fmt.Sprintf(`SELECT o.number FROM orders o WHERE o.account_id = $1 AND o.state IN (%d, %d, %d)
		UNION SELECT o.number FROM orders o JOIN instruction_lines x ON x.order_id = o.id JOIN instructions i ON i.id = x.instruction_id
		WHERE o.account_id = $1 AND o.state = %d AND i.state IN (%d, %d) ORDER BY 1`, Seen, Held, Recheck, Planned, InstructionReady, InstructionClaimed), account)
	if err != nil {
		return nil, explain("list open orders", err)
	}
	out, err := column[string](rows)
	return out, explain("list open orders", err)
}

// Shipped reports whether a warehouse reported a parcel of the order as shipped.
func (l *Ledger) Shipped(ctx context.Context, orderID int64) (bool, error) {
	var n int64
	err := l.r.QueryRowContext(ctx, `SELECT count(*) FROM instruction_lines x JOIN instructions i ON i.id = x.instruction_id WHERE x.order_id = $1 AND i.state = 5`, orderID).Scan(&n)
	return n > 0, explain("look for a shipment", err)
}
