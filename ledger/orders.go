package ledger

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/order"
)

// A State is where an order stands.
type State int64

// The states of an order.
const (
	Seen    State = 0 // stored, not planned yet
	Held    State = 1
	Outside State = 2
	Planned State = 3 // has instructions
	Recheck State = 4 // has instructions, and the mall changed it since
)

func (s State) String() string {
	switch s {
	case Seen:
		return "seen"
	case Held:
		return "held"
	case Outside:
		return "outside"
	case Planned:
		return "planned"
	case Recheck:
		return "recheck"
	}
	return fmt.Sprintf("state %d", int64(s))
}

// Account returns the id of the account and when it was first used; it is
// registered at now if it is new.
func (l *Ledger) Account(ctx context.Context, name string, now time.Time) (id int64, registered time.Time, err error) {
	var ms int64
	err = l.r.QueryRowContext(ctx, `SELECT id, registered_at FROM accounts WHERE name = $1`, name).Scan(&id, &ms)
	if err == nil {
		return id, timeOf(ms), nil
	}
	if err != sql.ErrNoRows {
		return 0, time.Time{}, explain("account "+name, err)
	}
	first, err := l.number(ctx, "accounts")
	if err != nil {
		return 0, time.Time{}, explain("register account "+name, err)
	}
	err = l.write(ctx, "register account "+name, func(t tx) error {
		return t.QueryRowContext(ctx, `INSERT INTO accounts (id, name, registered_at) VALUES ($1, $2, $3)
			ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING id, registered_at`, first, name, instant(now)).Scan(&id, &ms)
	})
	return id, timeOf(ms), err
}

// Warehouse returns the id of the warehouse, registering it if it is new.
func (l *Ledger) Warehouse(ctx context.Context, name string) (id int64, err error) {
	err = l.r.QueryRowContext(ctx, `SELECT id FROM warehouses WHERE name = $1`, name).Scan(&id)
	if err == nil {
		return id, nil
	}
	if err != sql.ErrNoRows {
		return 0, explain("warehouse "+name, err)
	}
	err = l.write(ctx, "register warehouse "+name, func(t tx) error {
		first, err := t.ids(ctx, "warehouses", 1)
		if err != nil {
			return err
		}
		return t.QueryRowContext(ctx, `INSERT INTO warehouses (id, name) VALUES ($1, $2)
			ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING id`, first, name).Scan(&id)
	})
	return id, err
}

// Warehouses returns the ids of the warehouses that are registered, by name.
func (l *Ledger) Warehouses(ctx context.Context) (map[string]int64, error) {
	rows, err := l.r.QueryContext(ctx, `SELECT name, id FROM warehouses`)
	if err != nil {
		return nil, explain("read warehouses", err)
	}
	defer rows.Close()
	out := map[string]int64{}
	for rows.Next() {
		var name string
		var id int64
		if err := rows.Scan(&name, &id); err != nil {
			return nil, explain("read warehouses", err)
		}
		out[name] = id
	}
	return out, explain("read warehouses", rows.Err())
}

// A Row is an order with what the ledger knows of it.
type Row struct {
	ID        int64
	AccountID int64
	Account   string
	State     State
	Reason    order.Reason
	Version   int64
	Hash      []byte
	SeenAt    time.Time
	ChangedAt time.Time
	FileID    int64
	FileRow   int64
	Recipient int64
	Order     *order.Order
	Released  []order.Reason // reasons that a person released for this version
	PurgedAt  time.Time      // since when its personal data is gone
	Wish      Wish           // of a person; only with pending orders
}

const orderColumns = `o.id, o.account_id, a.name, o.state, o.reason, o.version, o.hash, o.seen_at, o.changed_at, o.file_id, o.file_row, o.recipient, o.purged_at, d.doc
	FROM orders o JOIN accounts a ON a.id = o.account_id JOIN order_docs d ON d.order_id = o.id`

func scanOrders(rows *sql.Rows, err error) ([]Row, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Row
	for rows.Next() {
		var r Row
		var seen, changed, purged int64
		var doc sql.RawBytes
		if err := rows.Scan(&r.ID, &r.AccountID, &r.Account, &r.State, &r.Reason, &r.Version, &r.Hash, &seen, &changed, &r.FileID, &r.FileRow, &r.Recipient, &purged, &doc); err != nil {
			return nil, err
		}
		r.SeenAt, r.ChangedAt, r.PurgedAt = timeOf(seen), timeOf(changed), timeOf(purged)
		if r.Order, err = unpackOrder(doc); err != nil {
			return nil, fmt.Errorf("order %d: %w", r.ID, err)
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

// Pending returns up to limit orders of the account in state s with ids above
// after, by id, with their releases. Of hash, file and time of the last change they
// know nothing.
func (l *Ledger) Pending(ctx context.Context, account int64, s State, after int64, limit int) ([]Row, error) {
	// The states stand in the text, as in the partial index, so that it is used.
	out, err := l.pending(ctx, account, `o.account_id = $1 AND o.state = $2 AND (o.state = 0 OR o.state = 1 OR o.state = 4) AND o.id > $3 ORDER BY o.id LIMIT $4`, account, int64(s), after, limit)
	if err == nil && len(out) > 0 {
		err = l.released(ctx, out, `BETWEEN $1 AND $2`, out[0].ID, out[len(out)-1].ID)
	}
	return out, explain("read pending orders", err)
}

// PendingOf returns those of the account's orders with these ids that are Seen or
// Held, by id, with their releases. There may be as many ids as a page has orders.
func (l *Ledger) PendingOf(ctx context.Context, account int64, ids []int64) ([]Row, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = strconv.FormatInt(id, 10)
	}
	in := ` IN (` + strings.Join(list, ",") + `)`
	// The signs keep SQLite from taking an index that has every order of the account.
	out, err := l.pending(ctx, account, `+o.account_id = $1 AND +o.state IN (0, 1) AND o.id`+in+` ORDER BY o.id`, account)
	if err == nil && len(out) > 0 {
		err = l.released(ctx, out, in)
	}
	return out, explain("read pending orders", err)
}

// released fills in the releases and wishes of orders that stand by id.
func (l *Ledger) released(ctx context.Context, out []Row, which string, args ...any) error {
	wishes, err := l.wishes(ctx, which, args...)
	if err != nil {
		return err
	}
	if len(wishes) > 0 {
		for i := range out {
			out[i].Wish = wishes[out[i].ID]
		}
	}
	rows, err := l.r.QueryContext(ctx, `SELECT order_id, version, reason FROM releases WHERE order_id `+which, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id, version int64
		var r order.Reason
		if err := rows.Scan(&id, &version, &r); err != nil {
			return err
		}
		i, ok := slices.BinarySearchFunc(out, id, func(r Row, id int64) int { return cmp.Compare(r.ID, id) })
		if ok && out[i].Version == version {
			out[i].Released = append(out[i].Released, r)
		}
	}
	return rows.Err()
}

// pending is the query by which every order comes to the plan stage: it reads no
// column that the caller knows or that planning does not need.
func (l *Ledger) pending(ctx context.Context, account int64, where string, args ...any) ([]Row, error) {
	var name string
	if err := l.r.QueryRowContext(ctx, `SELECT name FROM accounts WHERE id = $1`, account).Scan(&name); err == sql.ErrNoRows {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	rows, err := l.r.QueryContext(ctx, `SELECT o.id, o.state, o.reason, o.version, o.seen_at, o.recipient, d.doc
		FROM orders o JOIN order_docs d ON d.order_id = o.id WHERE `+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Row
	for rows.Next() {
		if out == nil {
			out = make([]Row, 0, 1<<11)
		}
		out = append(out, Row{AccountID: account, Account: name})
		r := &out[len(out)-1]
		// Into plain types: for others the driver's values go through text.
		var state, seen int64
		var reason string
		var doc sql.RawBytes
		if err := rows.Scan(&r.ID, &state, &reason, &r.Version, &seen, &r.Recipient, &doc); err != nil {
			return nil, err
		}
		r.State, r.Reason, r.SeenAt = State(state), order.Reason(reason), timeOf(seen)
		if r.Order, err = unpackOrder(doc); err != nil {
			return nil, fmt.Errorf("order %d: %w", r.ID, err)
		}
	}
	return out, rows.Err()
}

// Twins returns the recipients that more than one order of the account that is
// not planned yet has.
func (l *Ledger) Twins(ctx context.Context, account int64) (map[int64]bool, error) {
	// The comparisons are those of the index.
	rows, err := l.w.QueryContext(ctx, `SELECT recipient FROM orders WHERE account_id = $1 AND state IN (0, 1) AND (state = 0 OR state = 1 OR state = 4) AND recipient <> 0 GROUP BY recipient HAVING count(*) > 1`, account)
	if err != nil {
		return nil, explain("look for orders to merge", err)
	}
	defer rows.Close()
	out := map[int64]bool{}
	for rows.Next() {
		var r int64
		if err := rows.Scan(&r); err != nil {
			return nil, explain("look for orders to merge", err)
		}
		out[r] = true
	}
	return out, explain("look for orders to merge", rows.Err())
}

// OrdersByNumber returns the orders of that number, of every account unless one
// is named.
func (l *Ledger) OrdersByNumber(ctx context.Context, number, account string) ([]Row, error) {
	out, err := scanOrders(l.r.QueryContext(ctx, `SELECT `+orderColumns+` WHERE o.number = $1 AND ($2 = '' OR a.name = $2) ORDER BY a.name`, number, account))
	return out, explain("find order "+number, err)
}

// OrderList filters [Ledger.Orders]. Zero fields do not filter.
type OrderList struct {
	Account string
	State   string // seen, held, outside, planned
	Reason  order.Reason
	After   int64 // only ids above it
	Limit   int
}

func stateOf(name string) (State, error) {
	for s := Seen; s <= Recheck; s++ {
		if s.String() == name {
			return s, nil
		}
	}
	return 0, order.Errorf(order.Invalid, "use seen, held, outside, planned or recheck", "no such state: %s", name)
}

// Orders lists orders by id.
func (l *Ledger) Orders(ctx context.Context, q OrderList) ([]Row, error) {
	state := int64(-1)
	if q.State != "" {
		st, err := stateOf(q.State)
		if err != nil {
			return nil, err
		}
		state = int64(st)
	}
	if q.Limit <= 0 {
		q.Limit = 100
	}
	out, err := scanOrders(l.r.QueryContext(ctx, `SELECT `+orderColumns+` WHERE o.id > $1 AND ($2 = '' OR a.name = $2) AND ($3 < 0 OR o.state = $3)
		AND ($4 = '' OR o.reason = $4) ORDER BY o.id LIMIT $5`, q.After, q.Account, state, string(q.Reason), q.Limit))
	return out, explain("list orders", err)
}
