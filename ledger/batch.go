package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"time"

	"github.com/mallbridge/mallbridge/order"
)

// The states of an instruction.
const (
	InstructionReady     int64 = 0 // waits for a batch
	InstructionClaimed   int64 = 1 // in a batch
	InstructionWithdrawn int64 = 2 // taken back before any batch claimed it
	InstructionRefused   int64 = 3 // the warehouse refused it
	InstructionStopped   int64 = 4 // the warehouse stopped it on request
	InstructionShipped   int64 = 5
)

// The states of a batch, in the order in which it goes through them.
const (
	BatchClaimed   = "claimed"   // its instructions belong to it and no other
	BatchBuilt     = "built"     // the bytes are on our disk
	BatchUploaded  = "uploaded"  // the bytes are at the drop under the temporary name
	BatchDelivered = "delivered" // the file has its final name
	BatchInDoubt   = "in_doubt"  // the rename may have happened; only an ack or a person can tell
	BatchDropped   = "dropped"   // every instruction left it before the rename
)

// A Batch is one file of instructions.
type Batch struct {
	ID           int64     `json:"id"`
	WarehouseID  int64     `json:"-"`
	Warehouse    string    `json:"warehouse"`
	Number       string    `json:"number"`
	State        string    `json:"state"`
	Format       string    `json:"format"`
	Name         string    `json:"name"` // final file name
	Path         string    `json:"path"` // local copy, relative to the workspace
	SHA256       string    `json:"sha256"`
	Size         int64     `json:"size"`
	Rows         int64     `json:"rows"`
	Instructions int64     `json:"instructions"`
	Lines        int64     `json:"lines"` // pieces of order lines
	Attempts     int64     `json:"attempts"`
	Message      string    `json:"message,omitempty"`
	ClaimedAt    time.Time `json:"claimed_at"`
	BuiltAt      time.Time `json:"built_at,omitzero"`
	UploadedAt   time.Time `json:"uploaded_at,omitzero"`
	DeliveredAt  time.Time `json:"delivered_at,omitzero"`
	AckedAt      time.Time `json:"acked_at,omitzero"`
	PurgedAt     time.Time `json:"purged_at,omitzero"` // since when personal data of its instructions is gone
}

// A Claim describes the batch to make.
type Claim struct {
	WarehouseID int64
	Format      string
	ShipOn      order.Date // instructions meant for this day or earlier
	Limit       int        // at most so many instructions; 0 means no limit
	// Name gives batch number and final file name from the ledger's running
	// number of the batch. It must be deterministic.
	Name func(id int64) (number, file string, err error)
}

// Claim puts the ready instructions of a warehouse into a new batch, in one
// transaction. It returns nil when there are none.
func (l *Ledger) Claim(ctx context.Context, c Claim, now time.Time) (*Batch, error) {
	var id int64
	err := l.write(ctx, "claim instructions", func(t tx) error {
		id = 0
		var ready int64
		if err := t.QueryRowContext(ctx, `SELECT count(*) FROM (SELECT 1 FROM instructions WHERE warehouse_id = $1 AND state = 0 AND ship_on <= $2 LIMIT 1) x`,
			c.WarehouseID, string(c.ShipOn)).Scan(&ready); err != nil || ready == 0 {
			return err
		}
		next, err := t.ids(ctx, "batches", 1)
		if err != nil {
			return err
		}
		number, file, err := c.Name(next)
		if err != nil {
			return err
		}
		if _, err := t.exec(ctx, `INSERT INTO batches (id, warehouse_id, number, state, format, name, claimed_at) VALUES ($1, $2, $3, 'claimed', $4, $5, $6)`,
			next, c.WarehouseID, number, c.Format, file, instant(now)); err != nil {
			return fmt.Errorf("batch %s: %w", number, err)
		}
		limit := int64(c.Limit)
		if limit <= 0 {
			limit = 1 << 40
		}
		n, err := t.exec(ctx, `INSERT INTO batch_items (instruction_id, batch_id) SELECT id, CAST($1 AS BIGINT) FROM instructions
			WHERE warehouse_id = $2 AND state = 0 AND ship_on <= $3 ORDER BY id LIMIT $4`, next, c.WarehouseID, string(c.ShipOn), limit)
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrChanged
		}
		m, err := t.claimed(ctx, next, c, n)
		if err != nil {
			return err
		}
		if m != n { // one was withdrawn between the two statements
			return ErrChanged
		}
		id = next
		return t.recount(ctx, id)
	})
	if err != nil || id == 0 {
		return nil, err
	}
	l.settle()
	return l.Batch(ctx, id)
}

// claimed marks the count instructions of a new batch: those that were ready when it
// took them. Their ids become visible in order, so that none can have come between
// them since.
func (t tx) claimed(ctx context.Context, batch int64, c Claim, count int64) (int64, error) {
	var first, last int64
	if err := t.QueryRowContext(ctx, `SELECT min(instruction_id), max(instruction_id) FROM batch_items WHERE batch_id = $1`, batch).Scan(&first, &last); err != nil {
		return 0, err
	}
	// Of the index that tells which are ready SQLite makes a list before it changes
	// any. Where most are, it goes through the rows themselves, as the signs make it.
	text := t.update() + `instructions SET state = 1 WHERE warehouse_id = $1 AND state = 0 AND ship_on <= $2 AND id BETWEEN $3 AND $4`
	if last-first < 2*count {
		text = t.update() + `instructions SET state = 1 WHERE +warehouse_id = $1 AND +state = 0 AND ship_on <= $2 AND id BETWEEN $3 AND $4`
	}
	return t.exec(ctx, text, c.WarehouseID, string(c.ShipOn), first, last)
}

func (t tx) recount(ctx context.Context, batch int64) error {
	_, err := t.exec(ctx, `UPDATE batches SET
		instructions = (SELECT count(*) FROM batch_items WHERE batch_id = $1),
		line_count = (SELECT COALESCE(sum(i.line_count), 0) FROM batch_items b JOIN instructions i ON i.id = b.instruction_id WHERE b.batch_id = $1)
		WHERE id = $1`, batch)
	return err
}

const batchColumns = `b.id, b.warehouse_id, w.name, b.number, b.state, b.format, b.name, b.path, b.sha256, b.size, b.file_rows, b.instructions, b.line_count,
	b.attempts, b.message, b.claimed_at, b.built_at, b.uploaded_at, b.delivered_at, b.acked_at, b.purged_at FROM batches b JOIN warehouses w ON w.id = b.warehouse_id `

func (l *Ledger) batches(ctx context.Context, where string, args ...any) ([]Batch, error) {
	rows, err := l.r.QueryContext(ctx, `SELECT `+batchColumns+where, args...)
	if err != nil {
		return nil, explain("read batches", err)
	}
	defer rows.Close()
	var out []Batch
	for rows.Next() {
		var b Batch
		var claimed, built, uploaded, delivered, acked, purged int64
		if err := rows.Scan(&b.ID, &b.WarehouseID, &b.Warehouse, &b.Number, &b.State, &b.Format, &b.Name, &b.Path, &b.SHA256, &b.Size, &b.Rows,
			&b.Instructions, &b.Lines, &b.Attempts, &b.Message, &claimed, &built, &uploaded, &delivered, &acked, &purged); err != nil {
			return nil, explain("read batches", err)
		}
		b.ClaimedAt, b.BuiltAt, b.UploadedAt, b.DeliveredAt, b.AckedAt = timeOf(claimed), timeOf(built), timeOf(uploaded), timeOf(delivered), timeOf(acked)
		b.PurgedAt = timeOf(purged)
		out = append(out, b)
	}
	return out, explain("read batches", rows.Err())
}

// Batch returns one batch.
func (l *Ledger) Batch(ctx context.Context, id int64) (*Batch, error) {
	bs, err := l.batches(ctx, `WHERE b.id = $1`, id)
	if err != nil {
		return nil, err
	}
	if len(bs) == 0 {
		return nil, order.Errorf(order.NotFound, "", "no batch %d", id)
	}
	return &bs[0], nil
}

// OpenBatches returns the batches of a warehouse that are neither delivered nor
// dropped, oldest first.
func (l *Ledger) OpenBatches(ctx context.Context, warehouse int64) ([]Batch, error) {
	return l.batches(ctx, `WHERE b.warehouse_id = $1 AND b.state IN ('claimed', 'built', 'uploaded', 'in_doubt') ORDER BY b.id`, warehouse)
}

// Batches lists batches, newest first; an empty warehouse means every warehouse.
func (l *Ledger) Batches(ctx context.Context, warehouse string, limit int) ([]Batch, error) {
	return l.batches(ctx, `WHERE ($1 = '' OR w.name = $1) ORDER BY b.id DESC LIMIT $2`, warehouse, limit)
}

// BatchBefore returns the last batch of a warehouse with an id below before that was not
// dropped; nil if there is none.
func (l *Ledger) BatchBefore(ctx context.Context, warehouse string, before int64) (*Batch, error) {
	bs, err := l.batches(ctx, `WHERE w.name = $1 AND b.id < $2 AND b.state <> 'dropped' ORDER BY b.id DESC LIMIT 1`, warehouse, before)
	if err != nil || len(bs) == 0 {
		return nil, err
	}
	return &bs[0], nil
}

// BatchByNumber finds a batch by its number or its file name.
func (l *Ledger) BatchByNumber(ctx context.Context, warehouse, number string) (*Batch, error) {
	bs, err := l.batches(ctx, `WHERE ($1 = '' OR w.name = $1) AND (b.number = $2 OR b.name = $2) ORDER BY b.id DESC`, warehouse, number)
	if err != nil {
		return nil, err
	}
	if len(bs) == 0 {
		return nil, order.Errorf(order.NotFound, `list them with "batches"`, "no batch %s", number)
	}
	return &bs[0], nil
}

// Instructions calls each for the instructions of a batch, by id. each may use
// the ledger.
func (l *Ledger) Instructions(ctx context.Context, batch int64, each func(*order.Instruction) error) error {
	return l.eachInstruction(ctx, math.MaxInt64, each, `SELECT b.instruction_id, d.doc FROM batch_items b JOIN instruction_docs d ON d.instruction_id = b.instruction_id
		WHERE b.batch_id = $1 AND b.instruction_id > $2 ORDER BY b.instruction_id LIMIT $3`, batch)
}

// Ready calls each for the instructions of a warehouse that a claim would take
// now, by id. each may use the ledger.
func (l *Ledger) Ready(ctx context.Context, warehouse int64, shipOn order.Date, limit int, each func(*order.Instruction) error) error {
	if limit <= 0 {
		limit = math.MaxInt64
	}
	return l.eachInstruction(ctx, limit, each, `SELECT i.id, d.doc FROM instructions i JOIN instruction_docs d ON d.instruction_id = i.id
		WHERE i.warehouse_id = $1 AND i.state = 0 AND i.id > $2 AND i.ship_on <= $4 ORDER BY i.id LIMIT $3`, warehouse, string(shipOn))
}

// eachInstruction reads pages of a text whose second parameter is the id after
// which a page begins and the third its length.
func (l *Ledger) eachInstruction(ctx context.Context, limit int, each func(*order.Instruction) error, text string, key any, more ...any) error {
	const page = 2000
	for last := int64(0); limit > 0; {
		n := min(page, limit)
		ins, err := scanInstructions(l.w.QueryContext(ctx, text, append([]any{key, last, n}, more...)...))
		if err != nil {
			return explain("read instructions", err)
		}
		for _, in := range ins {
			if err := each(in); err != nil {
				return err
			}
			last = in.ID
		}
		if len(ins) < n {
			return nil
		}
		limit -= n
	}
	return nil
}

func scanInstructions(rows *sql.Rows, err error) ([]*order.Instruction, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []*order.Instruction
	for rows.Next() {
		var id int64
		var doc sql.RawBytes
		if err := rows.Scan(&id, &doc); err != nil {
			return nil, err
		}
		in, err := unpackInstruction(doc)
		if err != nil {
			return nil, fmt.Errorf("instruction %d: %w", id, err)
		}
		in.ID = id
		out = append(out, in)
	}
	return out, rows.Err()
}

// Built records the file of a claimed batch. A batch that was built before must
// give the same bytes, unless instructions left it since.
func (l *Ledger) Built(ctx context.Context, id int64, path, sha256 string, size, rows int64, now time.Time) error {
	return l.advance(ctx, id, BatchBuilt, `UPDATE batches SET state = 'built', path = $3, sha256 = $4, size = $5, file_rows = $6, built_at = $2, message = ''
		WHERE id = $1 AND state = 'claimed'`, now, path, sha256, size, rows)
}

// Uploaded records that the bytes are at the drop under the temporary name.
func (l *Ledger) Uploaded(ctx context.Context, id int64, now time.Time) error {
	return l.advance(ctx, id, BatchUploaded, `UPDATE batches SET state = 'uploaded', uploaded_at = $2, message = '' WHERE id = $1 AND state = 'built'`, now)
}

// Delivered records that the file has its final name. From in_doubt it takes
// the word of an ack or a person, which detail and actor name.
func (l *Ledger) Delivered(ctx context.Context, id int64, detail, actor string, now time.Time) error {
	return l.move(ctx, id, BatchDelivered, detail, actor, `UPDATE batches SET state = 'delivered', delivered_at = $2, message = '' WHERE id = $1 AND state IN ('uploaded', 'in_doubt')`, now)
}

// InDoubt records that nobody can say whether the file arrived.
func (l *Ledger) InDoubt(ctx context.Context, id int64, why string, now time.Time) error {
	return l.move(ctx, id, BatchInDoubt, why, "", `UPDATE batches SET state = 'in_doubt', message = $3, uploaded_at = CASE WHEN uploaded_at = 0 THEN $2 ELSE uploaded_at END
		WHERE id = $1 AND state = 'uploaded'`, now, why)
}

// Again lets a person send a batch in doubt once more: the warehouse was asked
// and has not got it. It goes back to built.
func (l *Ledger) Again(ctx context.Context, id int64, why, actor string, now time.Time) error {
	return l.move(ctx, id, BatchBuilt, why, actor, `UPDATE batches SET state = 'built', uploaded_at = 0 * CAST($2 AS BIGINT), message = '' WHERE id = $1 AND state = 'in_doubt'`, now)
}

// Rebuild takes a batch whose local file is gone or whose instructions changed
// back to claimed. The rename must not have been tried.
func (l *Ledger) Rebuild(ctx context.Context, id int64, why string, now time.Time) error {
	return l.move(ctx, id, BatchClaimed, why, "", `UPDATE batches SET state = 'claimed', built_at = 0 * CAST($2 AS BIGINT), uploaded_at = 0, message = $3
		WHERE id = $1 AND state IN ('built', 'uploaded')`, now, why)
}

func (l *Ledger) move(ctx context.Context, id int64, to, detail, actor, text string, now time.Time, args ...any) error {
	return l.write(ctx, fmt.Sprintf("batch %d to %s", id, to), func(t tx) error {
		n, err := t.exec(ctx, text, append([]any{id, instant(now)}, args...)...)
		if err != nil {
			return err
		}
		if n != 1 {
			return order.Errorf(order.Conflict, "look at it with \"batches\"", "the batch is not in a state from which it can become %s", to)
		}
		return t.event(ctx, Event{Kind: "batch." + to, BatchID: id, Detail: detail, Actor: actor}, now)
	})
}

func (l *Ledger) advance(ctx context.Context, id int64, to, text string, now time.Time, args ...any) error {
	return l.write(ctx, fmt.Sprintf("batch %d to %s", id, to), func(t tx) error {
		n, err := t.exec(ctx, text, append([]any{id, instant(now)}, args...)...)
		if err == nil && n != 1 {
			err = order.Errorf(order.Conflict, "another run may be at work; run again", "the batch is not in a state from which it can become %s", to)
		}
		return err
	})
}

// Attempt counts a try to deliver and keeps the last message.
func (l *Ledger) Attempt(ctx context.Context, id int64, message string, now time.Time) error {
	return l.write(ctx, "count attempt", func(t tx) error {
		_, err := t.exec(ctx, `UPDATE batches SET attempts = attempts + 1, message = $2 WHERE id = $1`, id, message)
		return err
	})
}

// Leave takes instructions out of a batch that has not been renamed yet: they
// are withdrawn, their orders planned again, and the batch goes back to claimed
// to be rebuilt. A batch that becomes empty is dropped.
func (l *Ledger) Leave(ctx context.Context, batch int64, instructions []int64, why string, now time.Time) error {
	return l.write(ctx, fmt.Sprintf("leave batch %d", batch), func(t tx) error {
		n, err := t.exec(ctx, `UPDATE batches SET state = 'claimed', built_at = 0, uploaded_at = 0 WHERE id = $1 AND state IN ('claimed', 'built', 'uploaded')`, batch)
		if err != nil {
			return err
		}
		if n != 1 {
			return order.Errorf(order.Conflict, "", "the batch was delivered meanwhile")
		}
		for _, id := range instructions {
			if n, err := t.exec(ctx, `DELETE FROM batch_items WHERE instruction_id = $1 AND batch_id = $2`, id, batch); err != nil {
				return err
			} else if n != 1 {
				return fmt.Errorf("instruction %d: %w", id, ErrChanged)
			}
			if _, err := t.exec(ctx, `UPDATE instructions SET state = 2 WHERE id = $1`, id); err != nil {
				return err
			}
			if err := t.free(ctx, id); err != nil {
				return err
			}
			if err := t.event(ctx, Event{Kind: "batch.left", BatchID: batch, InstructionID: id, Detail: why}, now); err != nil {
				return err
			}
		}
		if err := t.recount(ctx, batch); err != nil {
			return err
		}
		_, err = t.exec(ctx, `UPDATE batches SET state = 'dropped', message = $2 WHERE id = $1 AND instructions = 0`, batch, why)
		return err
	})
}

// Place says where an instruction of an order stands.
type Place struct {
	InstructionID int64
	Number        string
	Warehouse     string
	State         int64
	ShipOn        order.Date
	CreatedAt     time.Time
	Batch         *Batch // nil while it waits
}

// PlacesOf returns the instructions made from an order.
func (l *Ledger) PlacesOf(ctx context.Context, orderID int64) ([]Place, error) {
	rows, err := l.r.QueryContext(ctx, `SELECT DISTINCT i.id, i.number, w.name, i.state, i.ship_on, i.created_at, COALESCE(b.batch_id, 0)
		FROM instruction_lines x JOIN instructions i ON i.id = x.instruction_id JOIN warehouses w ON w.id = i.warehouse_id
		LEFT JOIN batch_items b ON b.instruction_id = i.id WHERE x.order_id = $1 ORDER BY i.id`, orderID)
	if err != nil {
		return nil, explain("find instructions", err)
	}
	defer rows.Close()
	var out []Place
	var batches []int64
	for rows.Next() {
		var p Place
		var at, batch int64
		if err := rows.Scan(&p.InstructionID, &p.Number, &p.Warehouse, &p.State, &p.ShipOn, &at, &batch); err != nil {
			return nil, explain("find instructions", err)
		}
		p.CreatedAt = timeOf(at)
		out = append(out, p)
		batches = append(batches, batch)
	}
	if err := rows.Err(); err != nil {
		return nil, explain("find instructions", err)
	}
	for i, id := range batches {
		if id != 0 {
			if out[i].Batch, err = l.Batch(ctx, id); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// InstructionsOf returns the instructions made from an order, whole.
func (l *Ledger) InstructionsOf(ctx context.Context, orderID int64) ([]*order.Instruction, error) {
	out, err := scanInstructions(l.r.QueryContext(ctx, `SELECT d.instruction_id, d.doc FROM instruction_docs d WHERE d.instruction_id IN
		(SELECT instruction_id FROM instruction_lines WHERE order_id = $1) ORDER BY d.instruction_id`, orderID))
	return out, explain("read instructions", err)
}

// OrdersOf returns the ids of the orders that an instruction serves.
func (l *Ledger) OrdersOf(ctx context.Context, instruction int64) ([]int64, error) {
	rows, err := l.r.QueryContext(ctx, `SELECT DISTINCT order_id FROM instruction_lines WHERE instruction_id = $1 ORDER BY order_id`, instruction)
	if err != nil {
		return nil, explain("find orders", err)
	}
	defer rows.Close()
	var out []int64
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, explain("find orders", err)
		}
		out = append(out, id)
	}
	return out, explain("find orders", rows.Err())
}

// ChangedInBatch returns the instructions of a batch with an order that changed
// or was put on hold since it was planned.
func (l *Ledger) ChangedInBatch(ctx context.Context, batch int64) ([]int64, error) {
	// From the few orders that are open to their instructions: SQLite keeps the
	// order of a cross join.
	rows, err := l.r.QueryContext(ctx, `SELECT DISTINCT x.instruction_id FROM orders o CROSS JOIN instruction_lines x CROSS JOIN batch_items b
		WHERE (o.state = 0 OR o.state = 1 OR o.state = 4) AND x.order_id = o.id AND b.instruction_id = x.instruction_id AND b.batch_id = $1 ORDER BY x.instruction_id`, batch)
	if err != nil {
		return nil, explain("look for changes", err)
	}
	defer rows.Close()
	var out []int64
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, explain("look for changes", err)
		}
		out = append(out, id)
	}
	return out, explain("look for changes", rows.Err())
}

// NextBatch returns the id that the next batch will get.
func (l *Ledger) NextBatch(ctx context.Context) (id int64, err error) {
	err = l.r.QueryRowContext(ctx, `SELECT COALESCE(max(value), 0) + 1 FROM counters WHERE name = 'batches'`).Scan(&id)
	return id, explain("look at the next batch", err)
}

// Approve records a person's consent to drop a built batch with exactly the
// bytes of that hash.
func (l *Ledger) Approve(ctx context.Context, id int64, sha256, note, actor string, now time.Time) error {
	return l.write(ctx, fmt.Sprintf("approve batch %d", id), func(t tx) error {
		var n int64
		if err := t.QueryRowContext(ctx, `SELECT count(*) FROM batches WHERE id = $1 AND state = 'built' AND sha256 = $2`, id, sha256).Scan(&n); err != nil {
			return err
		}
		if n == 0 {
			return order.Errorf(order.Conflict, "look at it again", "the batch is not built with these bytes")
		}
		return t.event(ctx, Event{Kind: "batch.approved", BatchID: id, Detail: sha256, Actor: actor}, now)
	})
}

// Approved reports whether a person approved the batch with those bytes.
func (l *Ledger) Approved(ctx context.Context, id int64, sha256 string) (bool, error) {
	var n int64
	err := l.r.QueryRowContext(ctx, `SELECT count(*) FROM events WHERE batch_id = $1 AND batch_id <> 0 AND kind = 'batch.approved' AND detail = $2`, id, sha256).Scan(&n)
	return n > 0, explain("look for an approval", err)
}
