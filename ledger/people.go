package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/order"
)

// revise makes an order be planned again although its mall said nothing new: as a new
// version, so that no plan that is being made now is stored over it. Releases go with
// it.
func (t tx) revise(ctx context.Context, orderID int64, now time.Time) error {
	if _, err := t.exec(ctx, `INSERT INTO releases (order_id, version, reason, note, actor, at) SELECT r.order_id, r.version + 1, r.reason, r.note, r.actor, r.at
		FROM releases r JOIN orders o ON o.id = r.order_id AND o.version = r.version WHERE o.id = $1`, orderID); err != nil {
		return err
	}
	_, err := t.exec(ctx, `UPDATE orders SET state = CASE WHEN state IN (3, 4) THEN 4 ELSE 0 END, reason = '', version = version + 1, changed_at = $2 WHERE id = $1`, orderID, instant(now))
	return err
}

// Correct changes the content of an order that is in no file for a warehouse yet, by a
// person's word, and lets it be planned again with it. edit changes the order it is given and
// names the fields that it changed; without one nothing is stored. While the mall says
// the same of the content, the correction stays; once it says something else, that
// counts, and the order is held until a person has looked at it.
func (l *Ledger) Correct(ctx context.Context, orderID int64, edit func(*order.Order) (fields []string, err error), note, actor string, now time.Time) error {
	if strings.TrimSpace(note) == "" {
		return order.Errorf(order.Invalid, "the audit trail keeps it", "a correction needs a reason")
	}
	return l.write(ctx, "correct order", func(t tx) error {
		var doc []byte
		var state State
		err := t.QueryRowContext(ctx, `SELECT o.state, d.doc FROM orders o JOIN order_docs d ON d.order_id = o.id WHERE o.id = $1 AND o.purged_at = 0`, orderID).Scan(&state, &doc)
		if err == sql.ErrNoRows {
			return order.Errorf(order.NotFound, "", "there is no such order, or its personal data is gone")
		}
		if err != nil {
			return err
		}
		if state == Outside {
			return order.Errorf(order.Conflict, "", "the order is outside")
		}
		if err := t.unclaimed(ctx, orderID); err != nil {
			return err
		}
		o, err := unpackOrder(doc)
		if err != nil {
			return err
		}
		fields, err := edit(o)
		if err != nil || len(fields) == 0 {
			return err
		}
		if err := t.takeBack(ctx, orderID); err != nil {
			return err
		}
		if err := t.putDoc(ctx, orderID, o); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `INSERT INTO corrections (order_id, actor, at) VALUES ($1, $2, $3) ON CONFLICT (order_id) DO UPDATE SET actor = excluded.actor, at = excluded.at`,
			orderID, actor, instant(now)); err != nil {
			return err
		}
		if err := t.revise(ctx, orderID, now); err != nil {
			return err
		}
		// By what it is merged is known of the old recipient only.
		if _, err := t.exec(ctx, `UPDATE orders SET recipient = 0 WHERE id = $1`, orderID); err != nil {
			return err
		}
		return t.event(ctx, Event{Kind: "order.corrected", OrderID: orderID, Detail: strings.Join(fields, ", ") + ": " + note, Actor: actor}, now)
	})
}

func (t tx) putDoc(ctx context.Context, orderID int64, o *order.Order) error {
	doc, _ := packOrder(nil, o)
	if _, err := t.exec(ctx, `UPDATE order_docs SET doc = $2 WHERE order_id = $1`, orderID, doc); err != nil {
		return err
	}
	return t.forget(ctx, orderID)
}

// corrected reports whether an order's content is a person's rather than its mall's.
func (t tx) corrected(ctx context.Context, orderID int64) (bool, error) {
	s, err := t.prepared(ctx, `SELECT count(*) FROM corrections WHERE order_id = $1`)
	if err != nil {
		return false, err
	}
	var n int64
	err = s.QueryRowContext(ctx, orderID).Scan(&n)
	return n > 0, err
}

// restate gives a corrected order the statuses that its mall says now.
func (t tx) restate(ctx context.Context, orderID int64, status, sub string) error {
	var doc []byte
	if err := t.QueryRowContext(ctx, `SELECT doc FROM order_docs WHERE order_id = $1`, orderID).Scan(&doc); err != nil {
		return err
	}
	o, err := unpackOrder(doc)
	if err != nil {
		return err
	}
	o.Status, o.SubStatus = status, sub
	return t.putDoc(ctx, orderID, o)
}

// overruled holds an order whose correction went because its mall changed the content.
func (t tx) overruled(ctx context.Context, orderID int64, now time.Time) error {
	if _, err := t.exec(ctx, `DELETE FROM corrections WHERE order_id = $1`, orderID); err != nil {
		return err
	}
	n, err := t.exec(ctx, `UPDATE orders SET state = 1, reason = $2 WHERE id = $1 AND state = 0`, orderID, string(order.HoldPerson))
	if err != nil || n == 0 {
		return err
	}
	const detail = "the mall changed the order after it was corrected here; correct it again, or release it"
	if _, err := t.exec(ctx, `INSERT INTO holds (order_id, reason, detail, field, value, since) VALUES ($1, $2, $3, '', '', $4)
		ON CONFLICT (order_id, reason, detail) DO NOTHING`, orderID, string(order.HoldPerson), detail, instant(now)); err != nil {
		return err
	}
	return t.event(ctx, Event{Kind: "order.held", OrderID: orderID, Reason: order.HoldPerson, Detail: detail}, now)
}

// A Wish is how a person wants an order to be planned, against what masters and rules
// would make of it. It stays when the mall changes the order.
type Wish struct {
	Cancelled bool   // not to be shipped
	Warehouse string // that ships it; empty: as ever
	Service   string // delivery service; empty: as ever
	Split     string // line, piece: a parcel for each; empty: as ever
	Apart     bool   // not merged with other orders
	// Together is the id of the first of the orders that go in one parcel with this
	// one; 0 for none. [Ledger.Merge] sets it.
	Together int64
}

// SetWish stores a person's wish for an order and lets it be planned again. What is in
// a file for a warehouse already is past wishing: the error's code is conflict.
func (l *Ledger) SetWish(ctx context.Context, orderID int64, w Wish, note, actor string, now time.Time) error {
	if strings.TrimSpace(note) == "" {
		return order.Errorf(order.Invalid, "the audit trail keeps it", "a wish needs a reason")
	}
	return l.write(ctx, "store wish", func(t tx) error {
		var state State
		var reason order.Reason
		err := t.QueryRowContext(ctx, `SELECT state, reason FROM orders WHERE id = $1`, orderID).Scan(&state, &reason)
		if err == sql.ErrNoRows {
			return order.Errorf(order.NotFound, "", "there is no such order")
		}
		if err != nil {
			return err
		}
		if state == Outside && reason != order.OutPerson {
			return order.Errorf(order.Conflict, "its page says why", "the order is outside")
		}
		if err := t.unclaimed(ctx, orderID); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `INSERT INTO wishes (order_id, cancelled, warehouse, service, split, apart) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (order_id) DO UPDATE SET cancelled = excluded.cancelled, warehouse = excluded.warehouse, service = excluded.service, split = excluded.split, apart = excluded.apart`,
			orderID, bit(w.Cancelled), w.Warehouse, w.Service, w.Split, bit(w.Apart)); err != nil {
			return err
		}
		if err := t.revise(ctx, orderID, now); err != nil {
			return err
		}
		return t.event(ctx, Event{Kind: "order.wished", OrderID: orderID, Detail: w.String() + ": " + note, Actor: actor}, now)
	})
}

// unclaimed finds out whether an order is in a file for a warehouse.
func (t tx) unclaimed(ctx context.Context, orderID int64) error {
	var claimed int64
	if err := t.QueryRowContext(ctx, `SELECT count(*) FROM instruction_lines x JOIN batch_items b ON b.instruction_id = x.instruction_id WHERE x.order_id = $1`, orderID).Scan(&claimed); err != nil {
		return err
	}
	if claimed > 0 {
		return order.Errorf(order.Conflict, "speak to the warehouse; a cancel at the mall makes a stop request", "the order is in a file for the warehouse already")
	}
	return nil
}

// Merge lets orders of one account travel in one parcel, by a person's word, and lets
// them be planned again; orders that travel with one of them already do so with all.
// Whether they can is for the planner to say. What is in a file for a warehouse already,
// or outside, cannot: the error's code is conflict.
func (l *Ledger) Merge(ctx context.Context, ids []int64, note, actor string, now time.Time) error {
	if strings.TrimSpace(note) == "" {
		return order.Errorf(order.Invalid, "the audit trail keeps it", "a merge needs a reason")
	}
	return l.write(ctx, "merge orders", func(t tx) error {
		all, err := t.fellows(ctx, ids)
		if err != nil {
			return err
		}
		if len(all) < 2 {
			return order.Errorf(order.Invalid, "name another order", "a parcel of one order is no merge")
		}
		var account int64
		numbers := make([]string, len(all))
		for i, id := range all {
			var of int64
			var state State
			err := t.QueryRowContext(ctx, `SELECT account_id, state, number FROM orders WHERE id = $1`, id).Scan(&of, &state, &numbers[i])
			switch {
			case err == sql.ErrNoRows:
				return order.Errorf(order.NotFound, "", "there is no such order")
			case err != nil:
				return err
			case i > 0 && of != account:
				return order.Errorf(order.Conflict, "only orders of one account go in one parcel", "order %s is of another account", numbers[i])
			case state == Outside:
				return order.Errorf(order.Conflict, "its page says why", "order %s is outside", numbers[i])
			}
			account = of
			if err := t.unclaimed(ctx, id); err != nil {
				return fmt.Errorf("order %s: %w", numbers[i], err)
			}
		}
		for i, id := range all {
			if _, err := t.exec(ctx, `INSERT INTO wishes (order_id, cancelled, warehouse, service, split, apart, together) VALUES ($1, 0, '', '', '', 0, $2)
				ON CONFLICT (order_id) DO UPDATE SET apart = 0, split = '', together = excluded.together`, id, all[0]); err != nil {
				return err
			}
			others := slices.Delete(slices.Clone(numbers), i, i+1)
			if err := t.event(ctx, Event{Kind: "order.wished", OrderID: id, Detail: "one parcel with order " + strings.Join(others, ", ") + ": " + note, Actor: actor}, now); err != nil {
				return err
			}
		}
		return t.replan(ctx, all, now)
	})
}

// Unmerge takes back that an order travels with others: all of them are planned again as
// masters and rules say.
func (l *Ledger) Unmerge(ctx context.Context, orderID int64, note, actor string, now time.Time) error {
	if strings.TrimSpace(note) == "" {
		return order.Errorf(order.Invalid, "the audit trail keeps it", "it needs a reason")
	}
	return l.write(ctx, "take merge back", func(t tx) error {
		all, err := t.fellows(ctx, []int64{orderID})
		if err != nil {
			return err
		}
		if len(all) < 2 {
			return order.Errorf(order.Conflict, "", "nobody asked for one parcel with other orders")
		}
		for _, id := range all {
			if err := t.unclaimed(ctx, id); err != nil {
				return err
			}
			if _, err := t.exec(ctx, `UPDATE wishes SET together = 0 WHERE order_id = $1`, id); err != nil {
				return err
			}
			if err := t.event(ctx, Event{Kind: "order.wished", OrderID: id, Detail: "no longer one parcel with others: " + note, Actor: actor}, now); err != nil {
				return err
			}
		}
		return t.replan(ctx, all, now)
	})
}

// replan takes back the instructions of orders, none of which a batch has claimed, and
// lets them be planned anew.
func (t tx) replan(ctx context.Context, ids []int64, now time.Time) error {
	for _, id := range ids {
		if err := t.takeBack(ctx, id); err != nil {
			return err
		}
		if err := t.revise(ctx, id, now); err != nil {
			return err
		}
	}
	return nil
}

// takeBack takes back the instructions of an order that no batch has claimed. Orders
// that were to travel with it are planned again.
func (t tx) takeBack(ctx context.Context, orderID int64) error {
	ready, err := rowsOf(t.QueryContext(ctx, `SELECT DISTINCT i.id FROM instruction_lines x JOIN instructions i ON i.id = x.instruction_id WHERE x.order_id = $1 AND i.state = 0`, orderID))
	if err != nil {
		return err
	}
	for _, id := range ready {
		if err := t.withdraw(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// fellows are orders with those that go in one parcel with them, by id.
func (t tx) fellows(ctx context.Context, ids []int64) ([]int64, error) {
	out := slices.Clone(ids)
	for _, id := range ids {
		rows, err := t.QueryContext(ctx, `SELECT b.order_id FROM wishes a JOIN wishes b ON b.together = a.together WHERE a.order_id = $1 AND a.together <> 0`, id)
		if err != nil {
			return nil, err
		}
		for rows.Next() {
			var other int64
			if err := rows.Scan(&other); err != nil {
				return nil, errors.Join(err, rows.Close())
			}
			out = append(out, other)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return nil, err
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// Fellows returns the orders that by a person's word go in one parcel with an order, it
// among them, by id; nothing if there are none.
func (l *Ledger) Fellows(ctx context.Context, orderID int64) ([]Row, error) {
	out, err := scanOrders(l.r.QueryContext(ctx, `SELECT `+orderColumns+` JOIN wishes w ON w.order_id = o.id JOIN wishes x ON x.together = w.together
		WHERE x.order_id = $1 AND x.together <> 0 ORDER BY o.id`, orderID))
	return out, explain("read orders of one parcel", err)
}

// String names what the wish is.
func (w Wish) String() string {
	var out []string
	for _, x := range []struct {
		is   bool
		text string
	}{
		{w.Cancelled, "cancelled"},
		{w.Warehouse != "", "warehouse " + w.Warehouse},
		{w.Service != "", "service " + w.Service},
		{w.Split != "", "split by " + w.Split},
		{w.Apart, "kept apart"},
		{w.Together != 0, "in one parcel with others"},
	} {
		if x.is {
			out = append(out, x.text)
		}
	}
	if len(out) == 0 {
		return "as ever"
	}
	return strings.Join(out, ", ")
}

// WishOf returns what a person wishes for an order; nothing is the zero Wish.
func (l *Ledger) WishOf(ctx context.Context, orderID int64) (Wish, error) {
	all, err := l.wishes(ctx, `= $1`, orderID)
	return all[orderID], explain("read wish", err)
}

func (l *Ledger) wishes(ctx context.Context, which string, args ...any) (map[int64]Wish, error) {
	rows, err := l.r.QueryContext(ctx, `SELECT order_id, cancelled, warehouse, service, split, apart, together FROM wishes WHERE order_id `+which, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out map[int64]Wish
	for rows.Next() {
		var w Wish
		var id, cancelled, apart int64
		if err := rows.Scan(&id, &cancelled, &w.Warehouse, &w.Service, &w.Split, &apart, &w.Together); err != nil {
			return nil, err
		}
		if out == nil {
			out = map[int64]Wish{}
		}
		w.Cancelled, w.Apart = cancelled != 0, apart != 0
		out[id] = w
	}
	return out, rows.Err()
}

// A Filter is a search that a person has kept.
type Filter struct{ Name, Query string }

// Filters lists what a person has kept, by name.
func (l *Ledger) Filters(ctx context.Context, user string) ([]Filter, error) {
	rows, err := l.r.QueryContext(ctx, `SELECT name, query FROM filters WHERE user_name = $1 ORDER BY name`, user)
	if err != nil {
		return nil, explain("read filters", err)
	}
	defer rows.Close()
	var out []Filter
	for rows.Next() {
		var f Filter
		if err := rows.Scan(&f.Name, &f.Query); err != nil {
			return nil, explain("read filters", err)
		}
		out = append(out, f)
	}
	return out, explain("read filters", rows.Err())
}

// SetFilter keeps a search under a name; an empty query forgets it.
func (l *Ledger) SetFilter(ctx context.Context, user string, f Filter) error {
	return l.write(ctx, "keep filter", func(t tx) error {
		if f.Query == "" {
			_, err := t.exec(ctx, `DELETE FROM filters WHERE user_name = $1 AND name = $2`, user, f.Name)
			return err
		}
		_, err := t.exec(ctx, `INSERT INTO filters (user_name, name, query) VALUES ($1, $2, $3) ON CONFLICT (user_name, name) DO UPDATE SET query = excluded.query`, user, f.Name, f.Query)
		return err
	})
}

// A SecondFactor is the secret by which a person's codes are made.
type SecondFactor struct {
	Secret    string // base32
	Confirmed bool   // the person has shown a code of it: it is asked for from then on
	Last      int64  // the step of the last code that was taken
}

// SecondFactor returns the second factor of a user; the zero value if there is none.
func (l *Ledger) SecondFactor(ctx context.Context, user string) (f SecondFactor, err error) {
	var confirmed int64
	err = l.r.QueryRowContext(ctx, `SELECT secret, confirmed, last_step FROM second_factors WHERE user_name = $1`, user).Scan(&f.Secret, &confirmed, &f.Last)
	if err == sql.ErrNoRows {
		return SecondFactor{}, nil
	}
	f.Confirmed = confirmed != 0
	return f, explain("read second factor", err)
}

// SetSecondFactor stores the second factor of a user; without a secret there is none
// from then on.
func (l *Ledger) SetSecondFactor(ctx context.Context, user string, f SecondFactor, actor string, now time.Time) error {
	return l.write(ctx, "store second factor", func(t tx) error {
		if f.Secret == "" {
			n, err := t.exec(ctx, `DELETE FROM second_factors WHERE user_name = $1`, user)
			if err != nil || n == 0 {
				return err
			}
			return t.event(ctx, Event{Kind: "user.factor_removed", Detail: user, Actor: actor}, now)
		}
		if _, err := t.exec(ctx, `INSERT INTO second_factors (user_name, secret, confirmed, last_step) VALUES ($1, $2, $3, $4)
			ON CONFLICT (user_name) DO UPDATE SET secret = excluded.secret, confirmed = excluded.confirmed, last_step = excluded.last_step`,
			user, f.Secret, bit(f.Confirmed), f.Last); err != nil {
			return err
		}
		if !f.Confirmed {
			return nil
		}
		return t.event(ctx, Event{Kind: "user.factor_set", Detail: user, Actor: actor}, now)
	})
}

// TakeCode records the step of a code that a user has shown. ok is false if a code of
// that step or a later one was taken before: each is good once.
func (l *Ledger) TakeCode(ctx context.Context, user string, step int64) (ok bool, err error) {
	err = l.write(ctx, "take code", func(t tx) error {
		n, err := t.exec(ctx, `UPDATE second_factors SET last_step = $2 WHERE user_name = $1 AND last_step < $2`, user, step)
		ok = n == 1
		return err
	})
	return ok, err
}
