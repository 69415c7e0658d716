package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/mallbridge/mallbridge/order"
)

// An Event is one thing that happened and that no column tells. Events are only
// ever added.
type Event struct {
	ID            int64
	At            time.Time
	Kind          string // order.changed, order.held, hold.released, rule.applied, batch.delivered …
	OrderID       int64
	InstructionID int64
	BatchID       int64
	FileID        int64
	Reason        order.Reason
	Detail        string
	Actor         string // a person's name, or empty for the program
}

func (t tx) event(ctx context.Context, e Event, now time.Time) error {
	return t.record(ctx, []Event{e}, now)
}

// record adds events; the time of each is now.
func (t tx) record(ctx context.Context, es []Event, now time.Time) error {
	if len(es) == 0 {
		return nil
	}
	id, err := t.ids(ctx, "events", len(es))
	if err != nil {
		return err
	}
	args := make([]any, 0, 9*len(es))
	for i := range es {
		e := &es[i]
		args = append(args, id+int64(i), e.Kind, e.OrderID, e.InstructionID, e.BatchID, e.FileID, string(e.Reason), e.Detail, e.Actor)
	}
	_, err = t.bulk(ctx, `INSERT INTO events (id, kind, order_id, instruction_id, batch_id, file_id, reason, detail, actor, at) VALUES `,
		fmt.Sprintf(`(?,?,?,?,?,?,?,?,?,%d)`, instant(now)), ``, args)
	return err
}

// Record adds events.
func (l *Ledger) Record(ctx context.Context, now time.Time, es ...Event) error {
	return l.write(ctx, "record event", func(t tx) error { return t.record(ctx, es, now) })
}

// Events returns the events of an order (or, with order 0, of a batch), oldest first.
func (l *Ledger) Events(ctx context.Context, orderID, batchID int64) ([]Event, error) {
	rows, err := l.r.QueryContext(ctx, `SELECT id, at, kind, order_id, instruction_id, batch_id, file_id, reason, detail, actor FROM events
		WHERE (order_id = $1 AND order_id <> 0) OR (batch_id = $2 AND batch_id <> 0) ORDER BY id`, orderID, batchID)
	return scanEvents(rows, err)
}

func scanEvents(rows *sql.Rows, err error) ([]Event, error) {
	if err != nil {
		return nil, explain("read events", err)
	}
	defer rows.Close()
	var out []Event
	for rows.Next() {
		var e Event
		var at int64
		if err := rows.Scan(&e.ID, &at, &e.Kind, &e.OrderID, &e.InstructionID, &e.BatchID, &e.FileID, &e.Reason, &e.Detail, &e.Actor); err != nil {
			return nil, explain("read events", err)
		}
		e.At = timeOf(at)
		out = append(out, e)
	}
	return out, explain("read events", rows.Err())
}

// EventCount counts the events of a kind.
func (l *Ledger) EventCount(ctx context.Context, kind string) (n int64, err error) {
	err = l.r.QueryRowContext(ctx, `SELECT count(*) FROM events WHERE kind = $1`, kind).Scan(&n)
	return n, explain("count events", err)
}
