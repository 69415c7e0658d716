package ledger

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/mallbridge/mallbridge/order"
)

// An Intake is an order as it was read, with the place of its first row.
type Intake struct {
	Order *order.Order
	Row   int64 // ordinal of its first row in the file, from 1
	// Recipient is a hash by which orders that may be merged find each other; 0
	// for an order that never merges.
	Recipient int64

	doc  []byte // of one that was packed
	hash [16]byte
}

// A Packer makes orders ready for the tables, so that [Ledger.PutOrders] need not.
type Packer struct{ arena []byte }

// Pack packs an order, which must not change any more.
func (p *Packer) Pack(in *Intake) { in.doc, in.hash = p.pack(in.Order) }

func (p *Packer) pack(o *order.Order) (doc []byte, hash [16]byte) {
	p.arena = room(p.arena)
	start := len(p.arena)
	var content int
	p.arena, content = packOrder(p.arena, o)
	sum := sha256.Sum256(p.arena[content:])
	return p.arena[start:len(p.arena):len(p.arena)], [16]byte(sum[:16])
}

// PutCounts says what became of the orders of one [Ledger.PutOrders] or
// [Ledger.PutReplies].
type PutCounts struct {
	New, Same, Changed int64
	Newer              int64 // known, by a reading that was asked for later
}

// Asked says when a mall was asked for what it says, and when that is stored.
type Asked struct{ At, Now time.Time }

// before reports whether another reading, of that instant, was asked for later. One
// that lies ahead is of a clock that was wrong, and no reason to leave anything.
func (a Asked) before(other int64) bool {
	return !a.At.IsZero() && instant(a.At) < other && other <= instant(a.Now)
}

// PutOrders stores orders of one account from one file in one transaction. A new
// order is Seen. An order that is known with the same content and status is left
// alone. A changed one gets the new content and is planned again: it becomes
// Seen, or Recheck if it has instructions, also such as were stopped. One that was
// shipped and purged is closed: what comes of it later is not stored. Orders should
// not repeat inside one call; a repeated number is compared with the one before it.
func (l *Ledger) PutOrders(ctx context.Context, account, file int64, in []Intake, now time.Time) (PutCounts, error) {
	return l.put(ctx, account, file, in, Asked{}, now)
}

// PutReplies is [Ledger.PutOrders] for what a mall said. Stages ask the mall for the
// same order side by side: of two readings the one that was asked for later counts,
// whichever is stored first, for it has all that the other could know. seen is when
// the orders count as seen.
func (l *Ledger) PutReplies(ctx context.Context, account, file int64, in []Intake, asked Asked, seen time.Time) (PutCounts, error) {
	return l.put(ctx, account, file, in, asked, seen)
}

func (l *Ledger) put(ctx context.Context, account, file int64, in []Intake, asked Asked, now time.Time) (PutCounts, error) {
	if len(in) == 0 {
		return PutCounts{}, nil
	}
	packed := pack(in)
	var p put
	store := l.write
	if file != 0 { // it is read again until it is finished
		store = l.part
	}
	err := store(ctx, "store orders", func(t tx) error {
		p = put{tx: t, account: account, file: file, asked: asked, now: now}
		for rest := packed; len(rest) > 0; {
			var firsts []packedOrder
			firsts, rest = split(rest)
			if err := p.store(ctx, firsts); err != nil {
				return err
			}
		}
		if p.counts.New >= manyNew {
			if err := p.countHour(ctx); err != nil {
				return err
			}
		}
		return t.record(ctx, p.events, now)
	})
	return p.counts, err
}

// A packedOrder is an order ready for the tables.
type packedOrder struct {
	*Intake
	id   int64 // that it gets if it is new; before that its place among the given ones
	doc  []byte
	hash [16]byte
}

// pack returns the orders by number; the same number stays in the given order.
func pack(in []Intake) []packedOrder {
	out := make([]packedOrder, len(in))
	var p Packer
	for i := range in {
		out[i] = packedOrder{Intake: &in[i], id: int64(i), doc: in[i].doc, hash: in[i].hash}
		if out[i].doc == nil {
			out[i].doc, out[i].hash = p.pack(in[i].Order)
		}
	}
	slices.SortFunc(out, func(a, b packedOrder) int {
		return cmp.Or(cmp.Compare(a.Order.Number, b.Order.Number), cmp.Compare(a.id, b.id))
	})
	return out
}

// split separates the first order of each number from the repeats after it.
func split(sorted []packedOrder) (firsts, repeats []packedOrder) {
	for i := range sorted {
		switch {
		case i > 0 && sorted[i].Order.Number == sorted[i-1].Order.Number:
			if repeats == nil {
				firsts = slices.Clone(sorted[:i])
			}
			repeats = append(repeats, sorted[i])
		case repeats != nil:
			firsts = append(firsts, sorted[i])
		}
	}
	if repeats == nil {
		return sorted, nil
	}
	return firsts, repeats
}

// A put is the state of one PutOrders.
type put struct {
	tx
	account, file int64
	asked         Asked // of a mall's replies
	now           time.Time
	counts        PutCounts
	events        []Event
	again         bool  // most orders of the last part were known
	scattered     bool  // between the orders of a part are many others
	args          []any // for bulk, used again
	first, last   int64 // ids that new orders could get
}

// A knownOrder is what the ledger has under a number.
type knownOrder struct {
	id     int64
	number string
	status string
	hash   [16]byte
	asked  int64
}

// store stores orders that stand by number, each number once.
func (p *put) store(ctx context.Context, sorted []packedOrder) error {
	first, err := p.ids(ctx, "orders", len(sorted))
	if err != nil {
		return err
	}
	for i := range sorted {
		sorted[i].id = first + int64(i)
	}
	if p.first == 0 {
		p.first = first
	}
	p.last = first + int64(len(sorted)) - 1
	for part := range slices.Chunk(sorted, bulkRows) {
		fresh := part
		if p.again {
			// A sheet that comes again: look first.
			if fresh, err = p.sift(ctx, part); err != nil {
				return err
			}
		}
		n, err := p.insert(ctx, fresh)
		if err != nil {
			return err
		}
		if n < int64(len(fresh)) {
			if fresh, err = p.sift(ctx, part); err != nil {
				return err
			}
		}
		p.again = 2*len(fresh) < len(part)
		p.counts.New += int64(len(fresh))
		p.args = p.args[:0]
		for i := range fresh {
			p.args = append(p.args, fresh[i].id, fresh[i].doc)
		}
		if _, err = p.bulk(ctx, `INSERT INTO order_docs (order_id, doc) VALUES `, `(?,?)`, ``, p.args); err != nil {
			return err
		}
	}
	return nil
}

// manyNew is how many new orders are counted by the hour when they are stored:
// [Ledger.CountHours] has to read each of them again.
const manyNew = 1000

// countHour counts the new orders, unless there are some before them that are not
// counted yet.
func (p *put) countHour(ctx context.Context) error {
	counted, err := p.mark(ctx, hoursOrders)
	if err != nil {
		return err
	}
	var before int64
	if err := p.QueryRowContext(ctx, `SELECT COALESCE(max(id), 0) FROM orders WHERE id < $1`, p.first).Scan(&before); err != nil || before > counted {
		return err
	}
	if err := p.addHours(ctx, []any{p.account, instant(p.now) / 3600000, p.counts.New, int64(0)}); err != nil {
		return err
	}
	return p.setMark(ctx, hoursOrders, p.last)
}

// insert stores orders whose numbers are not known and returns how many that
// were.
func (p *put) insert(ctx context.Context, part []packedOrder) (int64, error) {
	p.args = p.args[:0]
	for i := range part {
		o := &part[i]
		p.args = append(p.args, o.id, o.Order.Number, statusOf(o.Order), o.hash[:], int64(o.Order.Lines()), o.Recipient, instant(o.Order.Ordered.UTC), o.Row)
	}
	// In the order of the table's columns SQLite need not move the values.
	return p.bulk(ctx, `INSERT INTO orders (id, account_id, number, state, reason, status, version, hash, line_count, recipient, ordered_at, seen_at, changed_at, file_id, file_row, asked_at) VALUES `,
		fmt.Sprintf(`(?,%d,?,%d,'',?,1,?,?,?,?,%d,%[3]d,%d,?,%d)`, p.account, Seen, instant(p.now), p.file, instant(p.asked.At)), ` ON CONFLICT (account_id, number) DO NOTHING`, p.args)
}

// sift compares the orders that are known under another id with what is known
// of them, and returns the others.
func (p *put) sift(ctx context.Context, part []packedOrder) (fresh []packedOrder, err error) {
	known, err := p.known(ctx, part)
	if err != nil {
		return nil, err
	}
	for i := range part {
		o := &part[i]
		for len(known) > 0 && known[0].number < o.Order.Number {
			known = known[1:]
		}
		if len(known) == 0 || known[0].number != o.Order.Number || known[0].id == o.id {
			fresh = append(fresh, *o)
		} else if err := p.compare(ctx, o, &known[0]); err != nil {
			return nil, err
		}
	}
	return fresh, nil
}

// known returns the known orders among sorted by number, and perhaps others
// between them.
func (p *put) known(ctx context.Context, sorted []packedOrder) (out []knownOrder, err error) {
	// A sheet that comes again is one stretch of the index. The list is for
	// sheets that pick here and there.
	if !p.scattered {
		most := 2 * len(sorted)
		out, err = p.look(ctx, `SELECT id, number, status, hash, asked_at FROM orders WHERE account_id = $1 AND number BETWEEN $2 AND $3 ORDER BY number LIMIT $4`,
			p.account, sorted[0].Order.Number, sorted[len(sorted)-1].Order.Number, most)
		if err != nil || len(out) < most {
			return out, err
		}
		p.scattered = true
	}
	numbers := make([]any, len(sorted))
	for i := range sorted {
		numbers[i] = sorted[i].Order.Number
	}
	err = p.listed(numbers, func(list string, args ...any) error {
		out, err = p.look(ctx, fmt.Sprintf(`SELECT id, number, status, hash, asked_at FROM orders WHERE account_id = %d AND number IN (%s) ORDER BY number`, p.account, list), args...)
		return err
	})
	return out, err
}

func (p *put) look(ctx context.Context, text string, args ...any) ([]knownOrder, error) {
	s, err := p.prepared(ctx, text)
	if err != nil {
		return nil, err
	}
	rows, err := s.QueryContext(ctx, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := make([]knownOrder, 0, bulkRows)
	for rows.Next() {
		out = append(out, knownOrder{})
		k := &out[len(out)-1]
		var hash sql.RawBytes
		if err := rows.Scan(&k.id, &k.number, &k.status, &hash, &k.asked); err != nil {
			return nil, err
		}
		copy(k.hash[:], hash)
	}
	return out, rows.Err()
}

// compare stores o over what is known of it if it changed.
func (p *put) compare(ctx context.Context, o *packedOrder, was *knownOrder) error {
	status := statusOf(o.Order)
	if was.status == status && was.hash == o.hash {
		p.counts.Same++
		return nil
	}
	if p.asked.before(was.asked) {
		p.counts.Newer++
		return nil
	}
	n, err := p.exec(ctx, `UPDATE orders SET state = CASE WHEN state IN (3, 4)
		OR state = 2 AND EXISTS (SELECT 1 FROM instruction_lines x WHERE x.order_id = orders.id) THEN 4 ELSE 0 END, reason = '', version = version + 1, status = $2, hash = $3,
		line_count = $4, ordered_at = $5, changed_at = $6, file_id = $7, file_row = $8, recipient = $9, asked_at = $10, purged_at = 0
		WHERE id = $1 AND (purged_at = 0 OR NOT EXISTS (SELECT 1 FROM instruction_lines x WHERE x.order_id = orders.id))`, was.id, status, o.hash[:], int64(o.Order.Lines()),
		instant(o.Order.Ordered.UTC), instant(p.now), p.file, o.Row, o.Recipient, max(was.asked, instant(p.asked.At)))
	if err != nil {
		return err
	}
	if n == 0 { // shipped, and purged since
		p.counts.Same++
		return nil
	}
	p.counts.Changed++
	if err := p.content(ctx, o, was); err != nil {
		return err
	}
	what := ""
	if was.hash != o.hash {
		what = "content"
	}
	if was.status != status {
		if what != "" {
			what += "; "
		}
		what += "status " + was.status + " → " + status
	}
	p.events = append(p.events, Event{Kind: "order.changed", OrderID: was.id, FileID: p.file, Detail: what})
	return nil
}

// content stores what an order holds now. A person's correction of what the mall says
// still stays.
func (p *put) content(ctx context.Context, o *packedOrder, was *knownOrder) error {
	corrected, err := p.corrected(ctx, was.id)
	if err != nil {
		return err
	}
	if corrected && was.hash == o.hash {
		return p.restate(ctx, was.id, o.Order.Status, o.Order.SubStatus)
	}
	if _, err := p.exec(ctx, `UPDATE order_docs SET doc = $2 WHERE order_id = $1`, was.id, o.doc); err != nil {
		return err
	}
	if err := p.forget(ctx, was.id); err != nil || !corrected {
		return err
	}
	return p.overruled(ctx, was.id, p.now)
}

// statusOf is the text under which a change of status is noticed.
func statusOf(o *order.Order) string {
	if o.SubStatus == "" {
		return o.Status
	}
	return o.Status + "/" + o.SubStatus
}
