package ledger

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/mallbridge/mallbridge/order"
)

// A Want is how many pieces of a SKU an order needs that has no instruction yet.
type Want struct {
	SKU      string // empty: no SKU is linked to the listing
	Code     string // of the listing, where no SKU is linked
	Quantity int64
}

// A storedWant is a want with its order.
type storedWant struct {
	id int64
	Want
}

func compareWants(a, b storedWant) int {
	return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(a.SKU, b.SKU), cmp.Compare(a.Code, b.Code))
}

// wanted reports whether the wants of an order count: its goods are neither
// instructed nor let go of.
func (d *Disposition) wanted() bool {
	return d.State == Held || d.State == Outside && d.Reason == order.OutUnshipped
}

// want keeps the demand table in step with what a plan made of orders.
func (t tx) want(ctx context.Context, ds []Disposition) error {
	var now []storedWant
	known := map[int64]bool{}
	from, to := int64(1)<<62, int64(0)
	for i := range ds {
		d := &ds[i]
		if d.Was != Seen || d.Version > 1 {
			known[d.ID] = true
			from, to = min(from, d.ID), max(to, d.ID)
		}
		if d.wanted() {
			now = append(now, wantsOf(d)...)
		}
	}
	slices.SortFunc(now, compareWants)
	var was []storedWant
	if len(known) > 0 {
		rows, err := t.QueryContext(ctx, `SELECT order_id, sku, code, quantity FROM demand WHERE order_id BETWEEN $1 AND $2`, from, to)
		if err != nil {
			return err
		}
		if was, err = scanWants(rows, known); err != nil {
			return err
		}
	}
	slices.SortFunc(was, compareWants)
	added, stale := diffWants(was, now)
	for _, id := range stale {
		if _, err := t.exec(ctx, `DELETE FROM demand WHERE order_id = $1`, id); err != nil {
			return err
		}
	}
	args := make([]any, 0, 4*len(added))
	for _, w := range added {
		args = append(args, w.id, w.SKU, w.Code, w.Quantity)
	}
	_, err := t.bulk(ctx, `INSERT INTO demand (order_id, sku, code, quantity) VALUES `, `(?,?,?,?)`, ``, args)
	return err
}

// wantsOf sums the wants of an order by SKU and code.
func wantsOf(d *Disposition) []storedWant {
	var out []storedWant
	for _, w := range d.Wants {
		if w.SKU != "" {
			w.Code = ""
		}
		at := slices.IndexFunc(out, func(x storedWant) bool { return x.SKU == w.SKU && x.Code == w.Code })
		if at < 0 {
			out = append(out, storedWant{d.ID, w})
			continue
		}
		out[at].Quantity += w.Quantity
	}
	return out
}

func scanWants(rows *sql.Rows, of map[int64]bool) ([]storedWant, error) {
	defer rows.Close()
	var out []storedWant
	for rows.Next() {
		var w storedWant
		if err := rows.Scan(&w.id, &w.SKU, &w.Code, &w.Quantity); err != nil {
			return nil, err
		}
		if of[w.id] {
			out = append(out, w)
		}
	}
	return out, rows.Err()
}

// diffWants compares two sorted lists order by order: an order whose wants differ
// is stale, and all its wants are added.
func diffWants(was, now []storedWant) (added []storedWant, stale []int64) {
	part := func(ws *[]storedWant, id int64) []storedWant {
		n := 0
		for n < len(*ws) && (*ws)[n].id == id {
			n++
		}
		head := (*ws)[:n]
		*ws = (*ws)[n:]
		return head
	}
	for len(was) > 0 || len(now) > 0 {
		id := int64(1) << 62
		if len(was) > 0 {
			id = was[0].id
		}
		if len(now) > 0 {
			id = min(id, now[0].id)
		}
		a, b := part(&was, id), part(&now, id)
		if slices.Equal(a, b) {
			continue
		}
		if len(a) > 0 {
			stale = append(stale, id)
		}
		added = append(added, b...)
	}
	return added, stale
}

// Relink makes the orders of an account that wait before their target status be
// judged again if the SKU links are not those of mark, so that their demand is
// that of the links in effect. It reports whether they are others.
func (l *Ledger) Relink(ctx context.Context, account int64, mark string, now time.Time) (bool, error) {
	was, _, err := l.Mark(ctx, account, markLinks)
	if err != nil || was == mark {
		return false, err
	}
	return true, l.write(ctx, "judge demand again", func(t tx) error {
		// Before the first mark there may be orders without wants.
		which := `id IN (SELECT order_id FROM demand) AND `
		if was == "" {
			which = ``
		}
		if _, err := t.exec(ctx, `UPDATE orders SET state = 0, reason = '' WHERE `+which+`account_id = $1 AND state = 2 AND reason = $2`, account, string(order.OutUnshipped)); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `DELETE FROM demand WHERE EXISTS (SELECT 1 FROM orders o WHERE o.id = demand.order_id AND o.account_id = $1 AND o.state = 0)`, account); err != nil {
			return err
		}
		return t.setAccountMark(ctx, account, markLinks, mark, now)
	})
}

// The names of marks.
const (
	markLinks       = "links"
	MarkStockFull   = "stock.full"       // when the full list was pushed last
	MarkCatalogFrom = "catalog.since"    // the day from which products are read next
	MarkCatalogAt   = "catalog.position" // where a reading that was cut off goes on
	MarkCatalogDone = "catalog.read"     // the last reading that came to its end
)

// Mark returns what was noted of an account under a name, and when; both are
// empty if nothing was.
func (l *Ledger) Mark(ctx context.Context, account int64, name string) (value string, at time.Time, err error) {
	var ms int64
	err = l.r.QueryRowContext(ctx, `SELECT value, at FROM account_marks WHERE account_id = $1 AND name = $2`, account, name).Scan(&value, &ms)
	if err == sql.ErrNoRows {
		return "", time.Time{}, nil
	}
	return value, timeOf(ms), explain("read mark "+name, err)
}

// SetMark notes something of an account.
func (l *Ledger) SetMark(ctx context.Context, account int64, name, value string, now time.Time) error {
	return l.write(ctx, "note "+name, func(t tx) error { return t.setAccountMark(ctx, account, name, value, now) })
}

func (t tx) setAccountMark(ctx context.Context, account int64, name, value string, now time.Time) error {
	_, err := t.exec(ctx, `INSERT INTO account_marks (account_id, name, value, at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (account_id, name) DO UPDATE SET value = excluded.value, at = excluded.at`, account, name, value, instant(now))
	return err
}

// A Demand is how many pieces of a SKU the orders of an account want that have no
// instruction yet.
type Demand struct {
	AccountID int64
	SKU       string // empty: no SKU is linked to the listing
	Code      string // of the listing, where no SKU is linked
	Unshipped bool   // before the target status; else in it and on hold
	Quantity  int64
	Orders    int64
}

// Demands sums what orders want that have no instruction yet, of every account.
// Orders that were not judged since they came or changed are not among them; see
// [Ledger.Unjudged].
func (l *Ledger) Demands(ctx context.Context) ([]Demand, error) {
	rows, err := l.r.QueryContext(ctx, `SELECT o.account_id, d.sku, d.code, o.state, CAST(sum(d.quantity) AS BIGINT), count(*) FROM demand d JOIN orders o ON o.id = d.order_id
		WHERE o.state IN (1, 2) GROUP BY o.account_id, d.sku, d.code, o.state ORDER BY o.account_id, d.sku, d.code, o.state`)
	if err != nil {
		return nil, explain("sum demand", err)
	}
	defer rows.Close()
	var out []Demand
	for rows.Next() {
		var d Demand
		var s State
		if err := rows.Scan(&d.AccountID, &d.SKU, &d.Code, &s, &d.Quantity, &d.Orders); err != nil {
			return nil, explain("sum demand", err)
		}
		d.Unshipped = s == Outside
		out = append(out, d)
	}
	return out, explain("sum demand", rows.Err())
}

// Unjudged returns up to limit orders of an account with ids above after whose
// wants are not known: those that were not planned since they came or changed.
func (l *Ledger) Unjudged(ctx context.Context, account, after int64, limit int) ([]Row, error) {
	out, err := l.pending(ctx, account, `o.account_id = $1 AND o.state IN (0, 1, 4) AND o.id > $2
		AND (o.state = 0 OR o.state = 1 AND NOT EXISTS (SELECT 1 FROM demand x WHERE x.order_id = o.id)) ORDER BY o.id LIMIT $3`, account, after, limit)
	return out, explain("read orders that were not judged", err)
}

// An Instructed is how many pieces of a SKU the instructions of an account want
// of a warehouse.
type Instructed struct {
	AccountID int64
	SKU       string
	Quantity  int64
}

// A StockRule says what the figures of a warehouse's stock file mean.
type StockRule struct {
	// Physical figures hold goods until they have left. Others leave out what the
	// warehouse has been instructed to ship.
	Physical bool
	// TakesIn is how long before its stock file a warehouse must have got a file of
	// instructions to have reckoned with it, if it did not answer.
	TakesIn time.Duration
	// Oldest is the time before which figures are not used.
	Oldest time.Time
	// NoResults means that the warehouse does not say what it shipped: with
	// Physical figures an instruction then counts as shipped after its day.
	NoResults bool
	Zone      *time.Location
}

// Instructed sums the pieces of a warehouse's instructions that its stock figures
// still hold, by account and SKU. Each SKU is reckoned at the time of its own
// figure.
func (l *Ledger) Instructed(ctx context.Context, warehouse int64, r StockRule) ([]Instructed, error) {
	if r.Physical {
		return l.physical(ctx, warehouse, r)
	}
	// A parcel that the warehouse was asked to stop, and has not answered for, may be
	// back on its shelf in the figure. Its goods count until the answer, unless the
	// order was cancelled: who changed it still wants them.
	return l.instructed(ctx, `SELECT i.account_id, x.sku, CAST(sum(x.quantity) AS BIGINT) FROM (
		SELECT id AS instruction_id, 0 AS delivered_at FROM instructions WHERE warehouse_id = $1 AND state = 0
		UNION ALL SELECT id, 0 FROM instructions WHERE warehouse_id = $1 AND (state = 1 OR state = 3 OR state = 4) AND state IN (3, 4)
		UNION ALL SELECT t.instruction_id, b.delivered_at FROM batches b JOIN batch_items t ON t.batch_id = b.id JOIN instructions c ON c.id = t.instruction_id
			WHERE b.warehouse_id = $1 AND (b.delivered_at = 0 OR b.delivered_at > $2) AND c.state IN (1, 5)
		UNION ALL SELECT c.id, -b.delivered_at FROM instructions c JOIN acks k ON k.instruction_id = c.id JOIN batch_items t ON t.instruction_id = c.id JOIN batches b ON b.id = t.batch_id
			WHERE c.warehouse_id = $1 AND (c.state = 1 OR c.state = 3 OR c.state = 4) AND c.state = 1 AND k.stop = 1 AND k.ok = $4 AND b.delivered_at > 0
		) y JOIN instructions i ON i.id = y.instruction_id JOIN instruction_lines x ON x.instruction_id = i.id
		LEFT JOIN stock s ON s.warehouse_id = $1 AND s.sku = x.sku LEFT JOIN acks a ON a.instruction_id = i.id AND a.stop = 0 AND a.ok = 1
		WHERE (y.delivered_at = 0 OR y.delivered_at > 0 AND y.delivered_at > COALESCE(s.at, 0) - $3 AND (a.at IS NULL OR a.at > COALESCE(s.at, 0))
			OR y.delivered_at < 0 AND (-y.delivered_at <= COALESCE(s.at, 0) - $3 OR a.at <= COALESCE(s.at, 0))
				AND NOT EXISTS (SELECT 1 FROM holds h WHERE h.order_id = x.order_id AND h.reason = 'cancelled_after_instruction'))`+live+`
		GROUP BY i.account_id, x.sku ORDER BY x.sku, i.account_id`, warehouse, instant(r.Oldest.Add(-r.TakesIn)), r.TakesIn.Milliseconds(), int64(stopAsked))
}

// physical counts what has not left the warehouse, or left it after the figure
// was taken: it left before the result came, but nobody knows how long before.
func (l *Ledger) physical(ctx context.Context, warehouse int64, r StockRule) ([]Instructed, error) {
	gone := order.Date("")
	if r.NoResults {
		var first int64
		err := l.r.QueryRowContext(ctx, `SELECT COALESCE(min(at), 0) FROM stock WHERE warehouse_id = $1 AND at >= $2`, warehouse, instant(r.Oldest)).Scan(&first)
		if err != nil {
			return nil, explain("sum instructions", err)
		}
		gone = order.DateOf(timeOf(first).In(r.Zone))
	}
	return l.instructed(ctx, `SELECT i.account_id, x.sku, CAST(sum(x.quantity) AS BIGINT) FROM (
		SELECT id AS instruction_id, 0 AS left_at FROM instructions WHERE warehouse_id = $1 AND state = 0
		UNION ALL SELECT id, 0 FROM instructions WHERE warehouse_id = $1 AND (state = 1 OR state = 3 OR state = 4) AND (state IN (3, 4) OR ship_on >= $3)
		UNION ALL SELECT h.instruction_id, min(h.at) FROM shipments h JOIN instructions c ON c.id = h.instruction_id
			WHERE h.at > $2 AND c.warehouse_id = $1 AND c.state = 5 GROUP BY h.instruction_id
		) y JOIN instructions i ON i.id = y.instruction_id JOIN instruction_lines x ON x.instruction_id = i.id
		LEFT JOIN stock s ON s.warehouse_id = $1 AND s.sku = x.sku
		WHERE (y.left_at = 0 OR y.left_at > COALESCE(s.at, 0))`+live+`
		GROUP BY i.account_id, x.sku ORDER BY x.sku, i.account_id`, warehouse, instant(r.Oldest), string(gone))
}

// live leaves out stopped parcels of orders that were cancelled. One that travelled
// with a cancelled order is still to be served.
const live = ` AND (i.state <> 4 OR EXISTS (SELECT 1 FROM orders o WHERE o.id = x.order_id AND o.state IN (3, 4))
		AND NOT EXISTS (SELECT 1 FROM holds h WHERE h.order_id = x.order_id AND h.reason = 'cancelled_after_instruction'))`

// AtWarehouses sums the pieces of all instructions that have not left, by account
// and SKU, whatever the stock files say.
func (l *Ledger) AtWarehouses(ctx context.Context) ([]Instructed, error) {
	return l.instructed(ctx, `SELECT i.account_id, x.sku, CAST(sum(x.quantity) AS BIGINT) FROM instructions i JOIN instruction_lines x ON x.instruction_id = i.id
		WHERE i.state = 0 OR i.state IN (1, 3) GROUP BY i.account_id, x.sku ORDER BY x.sku, i.account_id`)
}

func (l *Ledger) instructed(ctx context.Context, text string, args ...any) ([]Instructed, error) {
	rows, err := l.r.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, explain("sum instructions", err)
	}
	defer rows.Close()
	var out []Instructed
	for rows.Next() {
		var n Instructed
		if err := rows.Scan(&n.AccountID, &n.SKU, &n.Quantity); err != nil {
			return nil, explain("sum instructions", err)
		}
		out = append(out, n)
	}
	return out, explain("sum instructions", rows.Err())
}
