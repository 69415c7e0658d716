package ledger

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/mallbridge/mallbridge/order"
)

// A Disposition is what planning decided for one order.
type Disposition struct {
	ID      int64
	Version int64 // of the order that was read
	State   State // Held, Outside or Planned
	Reason  order.Reason
	Holds   []order.Hold
	Was     State // the state it was read in
	// Wants is what an order without instructions will need of the warehouses. It
	// counts for one that is Held, or Outside for being unshipped.
	Wants []Want
}

// A Piece is the claim of an instruction on a part of an order line.
type Piece struct {
	OrderID  int64
	Package  int64 // position in the order, from 0
	Line     int64 // position in the package, from 0
	Part     int64 // position in the set that the listing stands for, from 0
	Quantity int64
	SKU      string
}

// A NewInstruction is an instruction with the pieces it claims. Its number is
// given by the ledger: prefix and running number, at least width digits.
type NewInstruction struct {
	Instruction *order.Instruction
	WarehouseID int64
	AccountID   int64
	Prefix      string
	Width       int
	Pieces      []Piece
}

// A Plan is what one planning step decided, stored as a whole or not at all.
type Plan struct {
	Orders       []Disposition
	Instructions []NewInstruction
	Withdraw     []int64 // instructions to take back: not claimed by a batch, or refused or stopped by the warehouse
	Events       []Event
}

// Apply stores a plan in one transaction. It fails with [ErrChanged] when an
// order changed or was planned since it was read, or an instruction to withdraw
// was claimed; the schema refuses a piece that is already in an instruction.
func (l *Ledger) Apply(ctx context.Context, p *Plan, now time.Time) error {
	return l.part(ctx, "store plan", func(t tx) error {
		for _, id := range p.Withdraw {
			if err := t.withdraw(ctx, id); err != nil {
				return err
			}
		}
		if err := t.dispose(ctx, p.Orders, now); err != nil {
			return err
		}
		if err := t.want(ctx, p.Orders); err != nil {
			return err
		}
		if err := t.instructions(ctx, p.Instructions, now); err != nil {
			return err
		}
		return t.record(ctx, p.Events, now)
	})
}

func (t tx) withdraw(ctx context.Context, id int64) error {
	n, err := t.exec(ctx, `UPDATE instructions SET state = 2 WHERE id = $1 AND (state IN (3, 4) OR state = 0
		AND NOT EXISTS (SELECT 1 FROM batch_items b WHERE b.instruction_id = $1))`, id)
	if err != nil {
		return err
	}
	if n != 1 {
		return fmt.Errorf("instruction %d: %w", id, ErrChanged)
	}
	return t.free(ctx, id)
}

// free lets go of the pieces of an instruction. Every order that it served is
// planned again; one that has other instructions is judged beside them.
func (t tx) free(ctx context.Context, instruction int64) error {
	if _, err := t.exec(ctx, `UPDATE orders SET state = CASE WHEN EXISTS (SELECT 1 FROM instruction_lines y WHERE y.order_id = orders.id AND y.instruction_id <> $1) THEN 4 ELSE 0 END
		WHERE state IN (3, 4) AND id IN (SELECT order_id FROM instruction_lines WHERE instruction_id = $1)`, instruction); err != nil {
		return err
	}
	_, err := t.exec(ctx, `DELETE FROM instruction_lines WHERE instruction_id = $1`, instruction)
	return err
}

// dispose moves orders to where the plan puts them, with their holds.
func (t tx) dispose(ctx context.Context, ds []Disposition, now time.Time) error {
	type outcome struct {
		was, state State
		reason     order.Reason
		version    int64
	}
	groups := map[outcome][]int64{}
	for i := range ds {
		d := &ds[i]
		k := outcome{d.Was, d.State, d.Reason, d.Version}
		groups[k] = append(groups[k], d.ID)
	}
	for k, ids := range groups {
		// An order whose instruction was just withdrawn is Seen again.
		n, err := t.each(ctx, fmt.Sprintf(t.update()+`orders SET state = %d, reason = %s WHERE version = %d AND (state = %d OR state = %d) AND id `,
			k.state, literal(string(k.reason)), k.version, Seen, k.was), ids)
		if err != nil {
			return err
		}
		if n != int64(len(ids)) {
			return ErrChanged
		}
	}
	var args []any
	var events []Event
	for i := range ds {
		d := &ds[i]
		// An order that came once was never held. One that changed while it was held
		// is Seen again, with the holds of its last version.
		if d.Was == Seen && d.Version == 1 && len(d.Holds) == 0 {
			continue
		}
		since, err := t.heldSince(ctx, d.ID)
		if err != nil {
			return err
		}
		if len(since) > 0 {
			if _, err := t.exec(ctx, `DELETE FROM holds WHERE order_id = $1`, d.ID); err != nil {
				return err
			}
		}
		seen := map[[2]string]bool{}
		for _, h := range d.Holds {
			key := [2]string{string(h.Reason), h.Detail}
			if seen[key] {
				continue
			}
			seen[key] = true
			at, ok := since[key]
			if !ok {
				at = instant(now)
				events = append(events, Event{Kind: "order.held", OrderID: d.ID, Reason: h.Reason, Detail: h.Detail})
			}
			delete(since, key)
			args = append(args, d.ID, string(h.Reason), h.Detail, h.Field, h.Value, at)
		}
		for _, key := range slices.SortedFunc(maps.Keys(since), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
			events = append(events, Event{Kind: "hold.ended", OrderID: d.ID, Reason: order.Reason(key[0]), Detail: key[1]})
		}
	}
	if _, err := t.bulk(ctx, `INSERT INTO holds (order_id, reason, detail, field, value, since) VALUES `, `(?,?,?,?,?,?)`, ``, args); err != nil {
		return err
	}
	return t.record(ctx, events, now)
}

// each runs an update, whose text ends where the ids are to follow, for rows of
// these ids. Ids that follow each other without a gap are one range, in which there
// can be no other row: to find it costs a fraction of a list.
func (t tx) each(ctx context.Context, update string, ids []int64) (affected int64, err error) {
	const long = 16
	slices.Sort(ids)
	var rest []any
	for len(ids) > 0 {
		n := 1
		for n < len(ids) && ids[n] == ids[0]+int64(n) {
			n++
		}
		if n < long {
			for _, id := range ids[:n] {
				rest = append(rest, id)
			}
		} else {
			m, err := t.exec(ctx, update+`BETWEEN $1 AND $2`, ids[0], ids[n-1])
			if err != nil {
				return affected, err
			}
			affected += m
		}
		ids = ids[n:]
	}
	n, err := t.bulk(ctx, update+`IN (`, `?`, `)`, rest)
	return affected + n, err
}

func (t tx) heldSince(ctx context.Context, id int64) (map[[2]string]int64, error) {
	s, err := t.prepared(ctx, `SELECT reason, detail, since FROM holds WHERE order_id = $1`)
	if err != nil {
		return nil, err
	}
	rows, err := s.QueryContext(ctx, id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	m := map[[2]string]int64{}
	for rows.Next() {
		var r, d string
		var at int64
		if err := rows.Scan(&r, &d, &at); err != nil {
			return nil, err
		}
		m[[2]string{r, d}] = at
	}
	return m, rows.Err()
}

func (t tx) instructions(ctx context.Context, ins []NewInstruction, now time.Time) error {
	if len(ins) == 0 {
		return nil
	}
	first, err := t.ids(ctx, "instructions", len(ins))
	if err != nil {
		return err
	}
	// What all of them share is written into the statements.
	same, plain := &ins[0], true
	for i := range ins {
		n := &ins[i]
		if n.WarehouseID != same.WarehouseID || n.AccountID != same.AccountID || n.Instruction.ShipOn != same.Instruction.ShipOn || n.Instruction.NotBefore != same.Instruction.NotBefore {
			same = nil
			break
		}
	}
	args := make([]any, 0, 7*len(ins))
	lines := 0
	for i := range ins {
		n := &ins[i]
		in := n.Instruction
		in.ID = first + int64(i)
		in.Number = padded(n.Prefix, n.Width, in.ID)
		if same == nil {
			args = append(args, in.ID, n.WarehouseID, n.AccountID, in.Number, string(in.ShipOn), string(in.NotBefore), int64(len(n.Pieces)))
		} else {
			args = append(args, in.ID, in.Number, int64(len(n.Pieces)))
		}
		lines += len(n.Pieces)
		for _, p := range n.Pieces {
			plain = plain && p.Package == 0 && p.Part == 0
		}
	}
	var docs, pieces []any
	var wg sync.WaitGroup
	wg.Go(func() { docs, pieces = contents(ins, lines, plain) })
	item := fmt.Sprintf(`(?,?,?,?,%d,?,?,?,%d)`, InstructionReady, instant(now))
	if same != nil {
		item = fmt.Sprintf(`(?,%d,%d,?,%d,%s,%s,?,%d)`, same.WarehouseID, same.AccountID, InstructionReady,
			literal(string(same.Instruction.ShipOn)), literal(string(same.Instruction.NotBefore)), instant(now))
	}
	_, err = t.bulk(ctx, `INSERT INTO instructions (id, warehouse_id, account_id, number, state, ship_on, not_before, line_count, created_at) VALUES `, item, ``, args)
	wg.Wait()
	if err != nil {
		return err
	}
	if _, err := t.bulk(ctx, `INSERT INTO instruction_docs (instruction_id, doc) VALUES `, `(?,?)`, ``, docs); err != nil {
		return err
	}
	item = `(?,?,?,?,?,?,?)`
	if plain {
		item = `(?,0,?,0,?,?,?)`
	}
	_, err = t.bulk(ctx, `INSERT INTO instruction_lines (order_id, package_no, line_no, part, instruction_id, quantity, sku) VALUES `, item, ``, pieces)
	return err
}

// contents returns the documents of instructions and their pieces, as rows of
// instruction_docs and instruction_lines.
func contents(ins []NewInstruction, lines int, plain bool) (docs, pieces []any) {
	docs, pieces = make([]any, 0, 2*len(ins)), make([]any, 0, 7*lines)
	var arena, doc []byte
	for i := range ins {
		arena, doc = packInstruction(room(arena), ins[i].Instruction)
		id := any(ins[i].Instruction.ID)
		docs = append(docs, id, doc)
		for _, p := range ins[i].Pieces {
			if plain {
				pieces = append(pieces, p.OrderID, p.Line, id, p.Quantity, p.SKU)
			} else {
				pieces = append(pieces, p.OrderID, p.Package, p.Line, p.Part, id, p.Quantity, p.SKU)
			}
		}
	}
	return docs, pieces
}

// padded writes a number of at least width digits behind a prefix.
func padded(prefix string, width int, n int64) string {
	digits := strconv.FormatInt(n, 10)
	return prefix + strings.Repeat("0", max(width-len(digits), 0)) + digits
}

// AnyPending reports whether an account has orders that are not planned, on hold, or
// to be judged again.
func (l *Ledger) AnyPending(ctx context.Context, account int64) (some bool, err error) {
	err = l.r.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM orders WHERE account_id = $1 AND (state = 0 OR state = 1 OR state = 4))`, account).Scan(&some)
	return some, explain("look for pending orders", err)
}

// ReadyOf returns, by warehouse, the first day on which instructions of an account
// that no batch has claimed may be shipped.
func (l *Ledger) ReadyOf(ctx context.Context, account string) (map[string]order.Date, error) {
	rows, err := l.r.QueryContext(ctx, `SELECT w.name, min(i.ship_on) FROM instructions i JOIN warehouses w ON w.id = i.warehouse_id JOIN accounts a ON a.id = i.account_id
		WHERE i.state = 0 AND a.name = $1 GROUP BY w.name`, account)
	if err != nil {
		return nil, explain("look for instructions", err)
	}
	defer rows.Close()
	out := map[string]order.Date{}
	for rows.Next() {
		var name string
		var day order.Date
		if err := rows.Scan(&name, &day); err != nil {
			return nil, explain("look for instructions", err)
		}
		out[name] = day
	}
	return out, explain("look for instructions", rows.Err())
}

// Release records a person's word that reasons no longer hold an order, and lets
// it be planned again. An empty reasons releases every hold it has now.
func (l *Ledger) Release(ctx context.Context, orderID int64, reasons []order.Reason, note, actor string, now time.Time) error {
	if strings.TrimSpace(note) == "" {
		return order.Errorf(order.Invalid, "say why with --note", "a release needs a reason")
	}
	return l.write(ctx, "release order", func(t tx) error {
		if len(reasons) == 0 {
			since, err := t.heldSince(ctx, orderID)
			if err != nil {
				return err
			}
			for k := range since {
				reasons = append(reasons, order.Reason(k[0]))
			}
		}
		if len(reasons) == 0 {
			return order.Errorf(order.Conflict, "", "the order is not held")
		}
		for _, r := range reasons {
			if _, err := t.exec(ctx, `INSERT INTO releases (order_id, version, reason, note, actor, at)
				SELECT id, version, $2, $3, $4, $5 FROM orders WHERE id = $1
				ON CONFLICT (order_id, version, reason) DO UPDATE SET note = excluded.note, actor = excluded.actor, at = excluded.at`,
				orderID, string(r), note, actor, instant(now)); err != nil {
				return err
			}
			if err := t.event(ctx, Event{Kind: "hold.released", OrderID: orderID, Reason: r, Detail: note, Actor: actor}, now); err != nil {
				return err
			}
		}
		// An order that has instructions is judged again with the release.
		_, err := t.exec(ctx, `UPDATE orders SET state = 4 WHERE id = $1 AND state = 3`, orderID)
		return err
	})
}

// Hold puts an order that is in no file for a warehouse yet on hold by a person's word.
func (l *Ledger) Hold(ctx context.Context, orderID int64, note, actor string, now time.Time) error {
	return l.write(ctx, "hold order", func(t tx) error {
		if err := t.unclaimed(ctx, orderID); err != nil {
			return err
		}
		if err := t.takeBack(ctx, orderID); err != nil {
			return err
		}
		n, err := t.exec(ctx, `UPDATE orders SET state = 1, reason = $2 WHERE id = $1 AND state IN (0, 1)`, orderID, string(order.HoldPerson))
		if err != nil {
			return err
		}
		if n == 0 {
			return order.Errorf(order.Conflict, "", "the order is outside")
		}
		if _, err := t.exec(ctx, `DELETE FROM releases WHERE order_id = $1 AND reason = $2`, orderID, string(order.HoldPerson)); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `INSERT INTO holds (order_id, reason, detail, field, value, since) VALUES ($1, $2, $3, '', '', $4)
			ON CONFLICT (order_id, reason, detail) DO NOTHING`, orderID, string(order.HoldPerson), note, instant(now)); err != nil {
			return err
		}
		return t.event(ctx, Event{Kind: "order.held", OrderID: orderID, Reason: order.HoldPerson, Detail: note, Actor: actor}, now)
	})
}

// HoldsOf returns the holds of an order with the time since when each stands.
func (l *Ledger) HoldsOf(ctx context.Context, orderID int64) ([]HeldFor, error) {
	return l.holds(ctx, `WHERE h.order_id = $1`, orderID)
}

// HeldFor is a hold with its order.
type HeldFor struct {
	order.Hold
	OrderID int64
	Account string
	Number  string
	Since   time.Time
}

// Holds lists holds, oldest first; an empty account means every account.
func (l *Ledger) Holds(ctx context.Context, account string, limit int) ([]HeldFor, error) {
	return l.holds(ctx, `WHERE ($1 = '' OR a.name = $1) ORDER BY h.since, h.order_id LIMIT $2`, account, limit)
}

func (l *Ledger) holds(ctx context.Context, where string, args ...any) ([]HeldFor, error) {
	rows, err := l.r.QueryContext(ctx, `SELECT h.order_id, a.name, o.number, h.reason, h.detail, h.field, h.value, h.since
		FROM holds h JOIN orders o ON o.id = h.order_id JOIN accounts a ON a.id = o.account_id `+where, args...)
	if err != nil {
		return nil, explain("read holds", err)
	}
	defer rows.Close()
	var out []HeldFor
	for rows.Next() {
		var h HeldFor
		var at int64
		if err := rows.Scan(&h.OrderID, &h.Account, &h.Number, &h.Reason, &h.Detail, &h.Field, &h.Value, &at); err != nil {
			return nil, explain("read holds", err)
		}
		h.Since = timeOf(at)
		out = append(out, h)
	}
	return out, explain("read holds", rows.Err())
}

// PutListings remembers listings and whether a SKU is linked to each.
func (l *Ledger) PutListings(ctx context.Context, account int64, ls []Listing, now time.Time) error {
	if len(ls) == 0 {
		return nil
	}
	return l.write(ctx, "store listings", func(t tx) error {
		args := make([]any, 0, 5*len(ls))
		seen := map[string]bool{}
		for _, x := range slices.Backward(ls) { // of a code that repeats the last word counts
			if seen[x.Code] {
				continue
			}
			seen[x.Code] = true
			args = append(args, x.Code, x.Name, x.Option, x.Barcode, bit(x.Linked))
		}
		_, err := t.bulk(ctx, `INSERT INTO listings (code, name, option, barcode, linked, account_id, seen_at) VALUES `,
			fmt.Sprintf(`(?,?,?,?,?,%d,%d)`, account, instant(now)), ` ON CONFLICT (account_id, code) DO UPDATE SET name = excluded.name, option = excluded.option, barcode = excluded.barcode, linked = excluded.linked, seen_at = excluded.seen_at`, args)
		return err
	})
}

// A Listing is the mall's code of what was sold.
type Listing struct {
	Account, Code, Name, Option, Barcode string
	Linked                               bool
	SeenAt                               time.Time
}

// Unlinked lists listings without a SKU.
func (l *Ledger) Unlinked(ctx context.Context, account string) ([]Listing, error) {
	rows, err := l.r.QueryContext(ctx, `SELECT a.name, x.code, x.name, x.option, x.barcode, x.seen_at FROM listings x JOIN accounts a ON a.id = x.account_id
		WHERE x.linked = 0 AND ($1 = '' OR a.name = $1) ORDER BY a.name, x.code`, account)
	if err != nil {
		return nil, explain("read listings", err)
	}
	defer rows.Close()
	var out []Listing
	for rows.Next() {
		var x Listing
		var at int64
		if err := rows.Scan(&x.Account, &x.Code, &x.Name, &x.Option, &x.Barcode, &at); err != nil {
			return nil, explain("read listings", err)
		}
		x.SeenAt = timeOf(at)
		out = append(out, x)
	}
	return out, explain("read listings", rows.Err())
}
