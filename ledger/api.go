package ledger

import (
	"context"
	"time"

	"github.com/mallbridge/mallbridge/order"
)

// FilePages are replies of a mall's API, several in one file.
const FilePages = "pages"

// WantConfirm notes that orders are to be confirmed at the mall. Those that were
// noted before keep what is known of them.
func (l *Ledger) WantConfirm(ctx context.Context, account int64, numbers []string, now time.Time) error {
	if len(numbers) == 0 {
		return nil
	}
	return l.write(ctx, "note orders to confirm", func(t tx) error {
		for _, n := range numbers {
			if _, err := t.exec(ctx, `INSERT INTO confirms (order_id, account_id, state, tries, code, detail, at)
				SELECT id, account_id, 'waiting', 0, '', '', $3 FROM orders WHERE account_id = $1 AND number = $2
				ON CONFLICT (order_id) DO NOTHING`, account, n, instant(now)); err != nil {
				return err
			}
		}
		return nil
	})
}

// A Confirm is an order that is to be confirmed at its mall.
type Confirm struct {
	Row
	Tries int64 // without a clear answer
}

// Confirms lists orders of an account that wait for their confirmation, oldest
// first, after the order with that id.
func (l *Ledger) Confirms(ctx context.Context, account, after int64, limit int) ([]Confirm, error) {
	tries := map[int64]int64{}
	rows, err := l.r.QueryContext(ctx, `SELECT order_id, tries FROM confirms WHERE account_id = $1 AND state = 'waiting' AND order_id > $2 ORDER BY order_id LIMIT $3`,
		account, after, limit)
	if err != nil {
		return nil, explain("read confirmations", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, n int64
		if err := rows.Scan(&id, &n); err != nil {
			return nil, explain("read confirmations", err)
		}
		tries[id] = n
	}
	if err := rows.Err(); err != nil || len(tries) == 0 {
		return nil, explain("read confirmations", err)
	}
	found, err := scanOrders(l.r.QueryContext(ctx, `SELECT `+orderColumns+` WHERE o.id IN (SELECT order_id FROM confirms
		WHERE account_id = $1 AND state = 'waiting' AND order_id > $2 ORDER BY order_id LIMIT $3) ORDER BY o.id`, account, after, limit))
	if err != nil {
		return nil, explain("read confirmations", err)
	}
	out := make([]Confirm, len(found))
	for i := range found {
		out[i] = Confirm{found[i], tries[found[i].ID]}
	}
	return out, nil
}

// The ends of a confirmation, and waiting for one.
const (
	ConfirmWaiting = "waiting"
	ConfirmDone    = "done"
	ConfirmRefused = "refused"
)

// A Confirmed is what became of one try to confirm an order.
type Confirmed struct {
	OrderID      int64
	State        string
	Code, Detail string // the mall's
}

// PutConfirmed records what became of confirmations, with an event for each that
// came to an end.
func (l *Ledger) PutConfirmed(ctx context.Context, cs []Confirmed, now time.Time) error {
	if len(cs) == 0 {
		return nil
	}
	return l.write(ctx, "record confirmations", func(t tx) error {
		var events []Event
		for _, c := range cs {
			if _, err := t.exec(ctx, `UPDATE confirms SET state = $2, tries = tries + 1, code = $3, detail = $4, at = $5 WHERE order_id = $1`,
				c.OrderID, c.State, c.Code, c.Detail, instant(now)); err != nil {
				return err
			}
			switch c.State {
			case ConfirmDone:
				events = append(events, Event{Kind: "order.confirmed", OrderID: c.OrderID, Detail: c.Detail})
			case ConfirmRefused:
				events = append(events, Event{Kind: "order.not_confirmed", OrderID: c.OrderID, Detail: join(c.Code, c.Detail)})
			}
		}
		return t.record(ctx, events, now)
	})
}

func join(code, detail string) string {
	if code == "" || detail == "" {
		return code + detail
	}
	return code + ": " + detail
}

// A BuyerClaim is a request to cancel, stop, return or exchange, as the mall knows
// it.
type BuyerClaim struct {
	Key      string    `json:"claim"`
	Kind     string    `json:"kind"`
	State    string    `json:"state"`
	Order    string    `json:"order"`
	Package  string    `json:"package,omitempty"`
	Line     string    `json:"line,omitempty"`
	Quantity int64     `json:"quantity,omitempty"`
	Reason   string    `json:"reason,omitempty"`
	At       time.Time `json:"at"`
}

// PutClaims stores claims of an account and returns the numbers of known orders
// whose claims are new or changed. As with [Ledger.PutReplies], what was asked for
// later stays.
func (l *Ledger) PutClaims(ctx context.Context, account int64, cs []BuyerClaim, asked Asked) (touched []string, err error) {
	if len(cs) == 0 {
		return nil, nil
	}
	err = l.write(ctx, "store claims", func(t tx) error {
		touched = nil
		var events []Event
		for i := range cs {
			c := &cs[i]
			n, err := t.exec(ctx, `INSERT INTO claims (account_id, claim, kind, state, order_number, package, line, quantity, reason, claimed_at, changed_at, asked_at)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
				ON CONFLICT (account_id, claim) DO UPDATE SET kind = excluded.kind, state = excluded.state, quantity = excluded.quantity, reason = excluded.reason,
				changed_at = excluded.changed_at, asked_at = excluded.asked_at
				WHERE (claims.kind <> excluded.kind OR claims.state <> excluded.state OR claims.quantity <> excluded.quantity)
				AND (claims.asked_at <= excluded.asked_at OR claims.asked_at > excluded.changed_at)`,
				account, c.Key, c.Kind, c.State, c.Order, c.Package, c.Line, c.Quantity, c.Reason, instant(c.At), instant(asked.Now), instant(asked.At))
			if err != nil {
				return err
			}
			if n == 0 {
				continue
			}
			id, err := t.orderID(ctx, account, c.Order)
			if err != nil {
				return err
			}
			if id == 0 {
				continue
			}
			touched = append(touched, c.Order)
			events = append(events, Event{Kind: "claim." + c.State, OrderID: id, Detail: join(c.Kind+" "+c.Key, c.Reason)})
		}
		return t.record(ctx, events, asked.Now)
	})
	return touched, err
}

func (t tx) orderID(ctx context.Context, account int64, number string) (id int64, err error) {
	err = t.QueryRowContext(ctx, `SELECT COALESCE(max(id), 0) FROM orders WHERE account_id = $1 AND number = $2`, account, number).Scan(&id)
	return id, err
}

// OpenClaims returns the order numbers of an account with a claim that is asked for
// and not settled.
func (l *Ledger) OpenClaims(ctx context.Context, account int64) (map[string]bool, error) {
	return l.numbers(ctx, `SELECT DISTINCT order_number FROM claims WHERE account_id = $1 AND state = 'requested' AND kind IN ('cancel', 'stop')`, account)
}

// Listed returns the order numbers that the mall listed as still to be shipped when
// it was last asked.
func (l *Ledger) Listed(ctx context.Context, account int64) (map[string]bool, error) {
	return l.numbers(ctx, `SELECT order_number FROM listed WHERE account_id = $1`, account)
}

func (l *Ledger) numbers(ctx context.Context, text string, account int64) (map[string]bool, error) {
	rows, err := l.r.QueryContext(ctx, text, account)
	if err != nil {
		return nil, explain("read order numbers", err)
	}
	defer rows.Close()
	out := map[string]bool{}
	for rows.Next() {
		var n string
		if err := rows.Scan(&n); err != nil {
			return nil, explain("read order numbers", err)
		}
		out[n] = true
	}
	return out, explain("read order numbers", rows.Err())
}

// Relist adds numbers to those that [Ledger.Listed] returns, and removes some.
func (l *Ledger) Relist(ctx context.Context, account int64, add, remove []string) error {
	if len(add)+len(remove) == 0 {
		return nil
	}
	return l.write(ctx, "remember what the mall lists", func(t tx) error {
		for _, n := range add {
			if _, err := t.exec(ctx, `INSERT INTO listed (account_id, order_number) VALUES ($1, $2) ON CONFLICT (account_id, order_number) DO NOTHING`, account, n); err != nil {
				return err
			}
		}
		for _, n := range remove {
			if _, err := t.exec(ctx, `DELETE FROM listed WHERE account_id = $1 AND order_number = $2`, account, n); err != nil {
				return err
			}
		}
		return nil
	})
}

// RefusedBefore returns the order numbers (or, without one, the details) that were
// refused in earlier replies of an account's mall, so that each counts once.
func (l *Ledger) RefusedBefore(ctx context.Context, owner string, file int64) (map[string]bool, error) {
	rows, err := l.r.QueryContext(ctx, `SELECT DISTINCT CASE WHEN r.order_number = '' THEN r.detail ELSE r.order_number END FROM files f JOIN refusals r ON r.file_id = f.id
		WHERE f.kind = $1 AND f.owner = $2 AND f.orders_refused > 0 AND f.id <> $3`, FilePages, owner, file)
	if err != nil {
		return nil, explain("read refused orders", err)
	}
	defer rows.Close()
	out := map[string]bool{}
	for rows.Next() {
		var n string
		if err := rows.Scan(&n); err != nil {
			return nil, explain("read refused orders", err)
		}
		out[n] = true
	}
	return out, explain("read refused orders", rows.Err())
}

// Known returns those of the numbers that are orders of the account.
func (l *Ledger) Known(ctx context.Context, account string, numbers []string) ([]*order.Order, error) {
	var out []*order.Order
	for _, n := range numbers {
		rows, err := l.OrdersByNumber(ctx, n, account)
		if err != nil {
			return nil, err
		}
		for i := range rows {
			out = append(out, rows[i].Order)
		}
	}
	return out, nil
}
