package ledger

import (
	"context"
	"fmt"
	"time"
)

// The states of what a mall was told.
const (
	ToldSending  = "sending"  // it may have arrived: it is told again
	ToldDone     = "told"     // the mall said yes
	ToldRejected = "rejected" // the mall refused it; the same is not told again
	ToldRetry    = "retry"    // it did not arrive; it is told again
)

// A StockTold is what a mall was told that may be sold of one product.
type StockTold struct {
	Product  string // see [Product.Key]
	Quantity int64
	Own      int64 // pieces that the account's own open orders wanted when it was told
	State    string
	Tries    int64 // in a row without an answer that counts
	Code     string
	Detail   string
	At       time.Time
	Shown    int64 // what the mall showed when it was asked; -1 before
	ShownAt  time.Time
}

// StockTold returns what an account's mall was told, by product.
func (l *Ledger) StockTold(ctx context.Context, account int64) (map[string]StockTold, error) {
	rows, err := l.r.QueryContext(ctx, `SELECT product, quantity, own, state, tries, code, detail, at, shown, shown_at FROM stock_told WHERE account_id = $1`, account)
	if err != nil {
		return nil, explain("read what the mall was told", err)
	}
	defer rows.Close()
	out := map[string]StockTold{}
	for rows.Next() {
		var x StockTold
		var at, shown int64
		if err := rows.Scan(&x.Product, &x.Quantity, &x.Own, &x.State, &x.Tries, &x.Code, &x.Detail, &at, &x.Shown, &shown); err != nil {
			return nil, explain("read what the mall was told", err)
		}
		x.At, x.ShownAt = timeOf(at), timeOf(shown)
		out[x.Product] = x
	}
	return out, explain("read what the mall was told", rows.Err())
}

// SendingStock records quantities that the mall is about to be told. Until [Ledger.SetStockTold]
// says what became of them they may have arrived or not.
func (l *Ledger) SendingStock(ctx context.Context, account int64, ts []StockTold, now time.Time) error {
	return l.write(ctx, "record what the mall is told", func(t tx) error {
		args := make([]any, 0, 3*len(ts))
		for _, x := range ts {
			args = append(args, x.Product, x.Quantity, x.Own)
		}
		_, err := t.bulk(ctx, `INSERT INTO stock_told (product, quantity, own, account_id, state, tries, code, detail, at, shown, shown_at) VALUES `,
			fmt.Sprintf(`(?,?,?,%d,'sending',0,'','',%d,-1,0)`, account, instant(now)), ` ON CONFLICT (account_id, product) DO UPDATE SET quantity = excluded.quantity,
			own = excluded.own, state = 'sending', at = excluded.at`, args)
		return err
	})
}

// SetStockTold records what became of quantities: state, code and detail of each. What
// was told ends its wait for a person.
func (l *Ledger) SetStockTold(ctx context.Context, account int64, ts []StockTold, now time.Time) error {
	return l.write(ctx, "record what the mall answered", func(t tx) error {
		for _, x := range ts {
			if _, err := t.exec(ctx, `UPDATE stock_told SET state = $3, code = $4, detail = $5, at = $6, tries = CASE WHEN $3 IN ('told', 'rejected') THEN 0 ELSE tries + 1 END
				WHERE account_id = $1 AND product = $2`, account, x.Product, x.State, x.Code, x.Detail, instant(now)); err != nil {
				return err
			}
			if x.State != ToldDone {
				continue
			}
			if _, err := t.exec(ctx, `DELETE FROM stock_waits WHERE account_id = $1 AND product = $2`, account, x.Product); err != nil {
				return err
			}
		}
		return nil
	})
}

// SetShown records what the mall shows of products that it was told of before.
func (l *Ledger) SetShown(ctx context.Context, account int64, shown map[string]int64, now time.Time) error {
	return l.write(ctx, "record what the mall shows", func(t tx) error {
		for product, n := range shown {
			if _, err := t.exec(ctx, `UPDATE stock_told SET shown = $3, shown_at = $4 WHERE account_id = $1 AND product = $2`, account, product, n, instant(now)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Kinds of changes that wait for a person.
const (
	WaitZero = "zero" // many products would be sold out at once
	WaitJump = "jump" // many quantities would change by more than half
)

// A Wait is a change of a quantity that waits for a person.
type Wait struct {
	Product  string
	Kind     string
	Was      int64 // -1 if the mall was told nothing before
	Wanted   int64
	Since    time.Time
	Approved string // who said yes; empty while it waits
}

// Waits returns the changes of an account that wait or were approved.
func (l *Ledger) Waits(ctx context.Context, account int64) ([]Wait, error) {
	rows, err := l.r.QueryContext(ctx, `SELECT product, kind, was, wanted, since, approved FROM stock_waits WHERE account_id = $1 ORDER BY product`, account)
	if err != nil {
		return nil, explain("read what waits", err)
	}
	defer rows.Close()
	var out []Wait
	for rows.Next() {
		var w Wait
		var at int64
		if err := rows.Scan(&w.Product, &w.Kind, &w.Was, &w.Wanted, &at, &w.Approved); err != nil {
			return nil, explain("read what waits", err)
		}
		w.Since = timeOf(at)
		out = append(out, w)
	}
	return out, explain("read what waits", rows.Err())
}

// SetWaits makes the changes of an account that wait exactly these. One that
// waited for the same kind of change keeps its time and its approval.
func (l *Ledger) SetWaits(ctx context.Context, account int64, ws []Wait, now time.Time) error {
	return l.write(ctx, "record what waits", func(t tx) error {
		rows, err := t.QueryContext(ctx, `SELECT product FROM stock_waits WHERE account_id = $1`, account)
		if err != nil {
			return err
		}
		known, err := column[string](rows)
		if err != nil {
			return err
		}
		stay := map[string]bool{}
		args := make([]any, 0, 4*len(ws))
		for _, w := range ws {
			stay[w.Product] = true
			args = append(args, w.Product, w.Kind, w.Was, w.Wanted)
		}
		for _, p := range known {
			if stay[p] {
				continue
			}
			if _, err := t.exec(ctx, `DELETE FROM stock_waits WHERE account_id = $1 AND product = $2`, account, p); err != nil {
				return err
			}
		}
		_, err = t.bulk(ctx, `INSERT INTO stock_waits (product, kind, was, wanted, account_id, since, approved) VALUES `,
			fmt.Sprintf(`(?,?,?,?,%d,%d,'')`, account, instant(now)), ` ON CONFLICT (account_id, product) DO UPDATE SET was = excluded.was, wanted = excluded.wanted,
			since = CASE WHEN stock_waits.kind = excluded.kind THEN stock_waits.since ELSE excluded.since END,
			approved = CASE WHEN stock_waits.kind = excluded.kind THEN stock_waits.approved ELSE '' END, kind = excluded.kind`, args)
		return err
	})
}

// ApproveStock lets the changes of an account that wait now be pushed, and returns
// how many those are.
func (l *Ledger) ApproveStock(ctx context.Context, account int64, name, note, actor string, now time.Time) (n int64, err error) {
	err = l.write(ctx, "approve stock of "+name, func(t tx) error {
		if n, err = t.exec(ctx, `UPDATE stock_waits SET approved = $2 WHERE account_id = $1 AND approved = ''`, account, actor); err != nil || n == 0 {
			return err
		}
		detail := fmt.Sprintf("%s: %d quantities", name, n)
		if note != "" {
			detail += "; " + note
		}
		return t.event(ctx, Event{Kind: "stock.approved", Detail: detail, Actor: actor}, now)
	})
	return n, err
}
