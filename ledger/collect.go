package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/mallbridge/mallbridge/order"
)

// The kinds of files that come in.
const (
	FileOrders  = "orders"
	FileResults = "results"
	FileStock   = "stock"
	FileAcks    = "acks"
)

// The states of a file.
const (
	FileTaken   = "taken"   // its bytes are safe with us
	FileDone    = "done"    // every row has its end
	FileRefused = "refused" // it could not be read; nothing of it was used
)

// A File is one file that came in.
type File struct {
	ID            int64     `json:"id"`
	Kind          string    `json:"kind"`
	Owner         string    `json:"owner"` // account or warehouse
	Name          string    `json:"name"`
	SHA256        string    `json:"sha256"`
	Size          int64     `json:"size"`
	Path          string    `json:"path"` // of our copy, relative to the workspace
	Format        string    `json:"format"`
	State         string    `json:"state"`
	AskedAt       time.Time `json:"asked_at,omitzero"` // when a mall was asked for these replies, before the first call
	ReceivedAt    time.Time `json:"received_at"`
	FinishedAt    time.Time `json:"finished_at,omitzero"`
	DuplicateOf   int64     `json:"duplicate_of,omitempty"`
	Rows          int64     `json:"rows"`
	Taken         int64     `json:"taken"`
	Filtered      int64     `json:"filtered"`
	Refused       int64     `json:"refused"`
	OrdersRefused int64     `json:"orders_refused"`
	RefusedPath   string    `json:"refused_path,omitempty"`
	Message       string    `json:"message,omitempty"`
	PurgedAt      time.Time `json:"purged_at,omitzero"` // since when its bytes are gone
}

// AddFile records a file whose bytes are safe. The same content for the same
// kind and owner counts once: a copy is recorded with DuplicateOf set, and state
// done. A first copy that was refused, or not finished, does not make duplicates:
// it is returned to be read (again).
func (l *Ledger) AddFile(ctx context.Context, f File, now time.Time) (File, error) {
	f.ReceivedAt, f.State = now, FileTaken
	err := l.write(ctx, "record file "+f.Name, func(t tx) error {
		var first int64
		var state string
		err := t.QueryRowContext(ctx, `SELECT id, state FROM files WHERE kind = $1 AND owner = $2 AND sha256 = $3 AND duplicate_of IS NULL`,
			f.Kind, f.Owner, f.SHA256).Scan(&first, &state)
		switch {
		case err == sql.ErrNoRows:
			f.DuplicateOf = 0
		case err != nil:
			return err
		case state != FileDone:
			f.ID = first
			_, err := t.exec(ctx, `UPDATE files SET state = 'taken', name = $2, asked_at = $3, received_at = $4, path = $5, purged_at = 0 WHERE id = $1`, first, f.Name, instant(f.AskedAt), instant(now), f.Path)
			return err
		default:
			f.DuplicateOf, f.State = first, FileDone
		}
		if f.ID, err = t.ids(ctx, "files", 1); err != nil {
			return err
		}
		var dup any
		var finished int64
		if f.DuplicateOf != 0 {
			dup, finished = f.DuplicateOf, instant(now)
		}
		_, err = t.exec(ctx, `INSERT INTO files (id, kind, owner, name, sha256, size, path, state, asked_at, received_at, finished_at, duplicate_of)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`, f.ID, f.Kind, f.Owner, f.Name, f.SHA256, f.Size, f.Path, f.State, instant(f.AskedAt), instant(now), finished, dup)
		return err
	})
	return f, err
}

// FinishFile records what became of a file.
func (l *Ledger) FinishFile(ctx context.Context, f File, now time.Time) error {
	return l.write(ctx, "finish file "+f.Name, func(t tx) error {
		_, err := t.exec(ctx, `UPDATE files SET state = $2, finished_at = $3, format = $4, rows_read = $5, taken = $6, filtered = $7, refused = $8,
			orders_refused = $9, refused_path = $10, message = $11 WHERE id = $1`, f.ID, f.State, instant(now), f.Format, f.Rows, f.Taken, f.Filtered,
			f.Refused, f.OrdersRefused, f.RefusedPath, f.Message)
		return err
	})
}

const fileColumns = `SELECT id, kind, owner, name, sha256, size, path, format, state, asked_at, received_at, finished_at, COALESCE(duplicate_of, 0), rows_read, taken, filtered,
	refused, orders_refused, refused_path, message, purged_at FROM files `

// OpenFiles returns the files of that kind and owner that are taken but not
// finished, oldest first.
func (l *Ledger) OpenFiles(ctx context.Context, kind, owner string) ([]File, error) {
	return l.files(ctx, `WHERE kind = $1 AND owner = $2 AND state = 'taken' ORDER BY id`, kind, owner)
}

// Files lists files, newest first; empty kind and owner mean every one.
func (l *Ledger) Files(ctx context.Context, kind, owner string, limit int) ([]File, error) {
	return l.files(ctx, `WHERE ($1 = '' OR kind = $1) AND ($2 = '' OR owner = $2) ORDER BY id DESC LIMIT $3`, kind, owner, limit)
}

// FileByID returns one file.
func (l *Ledger) FileByID(ctx context.Context, id int64) (File, error) {
	fs, err := l.files(ctx, `WHERE id = $1`, id)
	if err == nil && len(fs) == 0 {
		err = order.Errorf(order.NotFound, "", "no file %d", id)
	}
	if err != nil {
		return File{}, err
	}
	return fs[0], nil
}

func (l *Ledger) files(ctx context.Context, where string, args ...any) ([]File, error) {
	rows, err := l.r.QueryContext(ctx, fileColumns+where, args...)
	if err != nil {
		return nil, explain("read files", err)
	}
	defer rows.Close()
	var out []File
	for rows.Next() {
		var f File
		var asked, at, done, purged int64
		if err := rows.Scan(&f.ID, &f.Kind, &f.Owner, &f.Name, &f.SHA256, &f.Size, &f.Path, &f.Format, &f.State, &asked, &at, &done, &f.DuplicateOf, &f.Rows,
			&f.Taken, &f.Filtered, &f.Refused, &f.OrdersRefused, &f.RefusedPath, &f.Message, &purged); err != nil {
			return nil, explain("read files", err)
		}
		f.AskedAt, f.ReceivedAt, f.FinishedAt, f.PurgedAt = timeOf(asked), timeOf(at), timeOf(done), timeOf(purged)
		out = append(out, f)
	}
	return out, explain("read files", rows.Err())
}

// An Outcome says what became of one record of a warehouse's file.
type Outcome int

// Outcomes.
const (
	UnknownKey Outcome = iota // no instruction of the warehouse has this number
	Done
	Already // known before with the same content
)

// PutShipments stores results of one warehouse from one file, in one
// transaction, and returns an outcome for each. A result also proves that the
// batch arrived.
func (l *Ledger) PutShipments(ctx context.Context, warehouse, file int64, ss []order.Shipment, now time.Time) ([]Outcome, error) {
	out := make([]Outcome, len(ss))
	err := l.write(ctx, "store results", func(t tx) error {
		clear(out)
		next, err := t.ids(ctx, "shipments", len(ss))
		if err != nil {
			return err
		}
		mark, err := t.ids(ctx, "report_todo", 1)
		if err != nil {
			return err
		}
		arrived := map[int64]bool{}
		for i := range ss {
			s := &ss[i]
			id, batch, err := t.instruction(ctx, warehouse, s.Instruction)
			if err != nil {
				return err
			}
			if id == 0 {
				continue
			}
			if !arrived[batch] {
				arrived[batch] = true
				if err := t.arrived(ctx, batch, now); err != nil {
					return err
				}
			}
			if out[i], err = t.shipment(ctx, next+int64(i), id, file, s, now); err != nil {
				return err
			}
			if out[i] != Done {
				continue
			}
			if err := t.todo(ctx, id, mark); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

func (t tx) shipment(ctx context.Context, id, instruction, file int64, s *order.Shipment, now time.Time) (Outcome, error) {
	var skus []byte
	for _, l := range s.Lines {
		skus = fmt.Appendf(skus, "%s×%d\n", l.SKU, l.Quantity)
	}
	n, err := t.exec(ctx, `INSERT INTO shipments (id, instruction_id, carrier, tracking, raw_tracking, shipped_on, parcels, cancelled, skus, file_id, at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT (instruction_id, carrier, tracking) DO UPDATE SET shipped_on = excluded.shipped_on, parcels = excluded.parcels,
		cancelled = excluded.cancelled, skus = excluded.skus, raw_tracking = excluded.raw_tracking, file_id = excluded.file_id
		WHERE shipments.shipped_on <> excluded.shipped_on OR shipments.cancelled <> excluded.cancelled OR shipments.parcels <> excluded.parcels`,
		id, instruction, s.Carrier, s.Tracking, s.RawTracking, string(s.ShippedOn), s.Parcels, bit(s.Cancelled), string(skus), file, instant(now))
	if err != nil {
		return UnknownKey, err
	}
	if n == 0 {
		return Already, nil
	}
	_, err = t.exec(ctx, `UPDATE instructions SET state = CASE WHEN EXISTS
		(SELECT 1 FROM shipments s WHERE s.instruction_id = $1 AND s.cancelled = 0 AND s.tracking <> '') THEN 5 ELSE 1 END
		WHERE id = $1 AND state IN (1, 5)`, instruction)
	return Done, err
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// instruction returns the ids of the instruction with that number at a warehouse
// and of the batch that claimed it, zeros if there is none.
func (t tx) instruction(ctx context.Context, warehouse int64, number string) (id, batch int64, err error) {
	s, err := t.prepared(ctx, `SELECT i.id, b.batch_id FROM instructions i JOIN batch_items b ON b.instruction_id = i.id WHERE i.warehouse_id = $1 AND i.number = $2`)
	if err != nil {
		return 0, 0, err
	}
	err = s.QueryRowContext(ctx, warehouse, number).Scan(&id, &batch)
	if err == sql.ErrNoRows {
		return 0, 0, nil
	}
	return id, batch, err
}

// arrived ends a doubt about a batch: the warehouse knows its instructions. A
// batch that a person sends again because it seemed lost is not sent.
func (t tx) arrived(ctx context.Context, batch int64, now time.Time) error {
	n, err := t.exec(ctx, `UPDATE batches SET state = 'delivered', delivered_at = $2, message = '' WHERE id = $1 AND (state IN ('uploaded', 'in_doubt')
		OR state = 'built' AND EXISTS (SELECT 1 FROM events e WHERE e.batch_id = $1 AND e.batch_id <> 0 AND e.kind = 'batch.in_doubt'))`, batch, instant(now))
	if err != nil || n == 0 {
		return err
	}
	return t.event(ctx, Event{Kind: "batch.delivered", BatchID: batch, Detail: "the warehouse answered"}, now)
}

// PutAcks stores the warehouse's answers. A refused instruction puts its orders
// on hold with the warehouse's message; any answer proves that the batch arrived.
func (l *Ledger) PutAcks(ctx context.Context, warehouse, file int64, as []order.Ack, now time.Time) ([]Outcome, error) {
	out := make([]Outcome, len(as))
	err := l.write(ctx, "store acks", func(t tx) error {
		clear(out)
		acked := map[int64]bool{}
		for i := range as {
			a := &as[i]
			id, batch, err := t.instruction(ctx, warehouse, a.Instruction)
			if err != nil {
				return err
			}
			if id == 0 {
				continue
			}
			n, err := t.exec(ctx, `INSERT INTO acks (instruction_id, stop, ok, message, file_id, at) VALUES ($1, $2, $3, $4, $5, $6)
				ON CONFLICT (instruction_id, stop) DO UPDATE SET ok = excluded.ok, message = excluded.message, file_id = excluded.file_id, at = excluded.at
				WHERE acks.ok <> excluded.ok OR acks.message <> excluded.message`, id, bit(a.Stop), bit(a.OK), a.Message, file, instant(now))
			if err != nil {
				return err
			}
			out[i] = Already
			if n == 0 {
				continue
			}
			out[i] = Done
			if !acked[batch] {
				acked[batch] = true
				if err := t.arrived(ctx, batch, now); err != nil {
					return err
				}
				if _, err := t.exec(ctx, `UPDATE batches SET acked_at = $2 WHERE id = $1 AND acked_at = 0`, batch, instant(now)); err != nil {
					return err
				}
			}
			if err := t.acked(ctx, id, batch, a, now); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// acked does what follows from an answer that is new.
func (t tx) acked(ctx context.Context, id, batch int64, a *order.Ack, now time.Time) error {
	to, kind := int64(0), ""
	switch {
	case a.Stop && a.OK:
		to, kind = InstructionStopped, "instruction.stopped"
	case a.Stop:
		kind = "stop.refused"
	case !a.OK:
		to, kind = InstructionRefused, "instruction.refused"
	default:
		return nil
	}
	if to != 0 {
		if _, err := t.exec(ctx, `UPDATE instructions SET state = $2 WHERE id = $1 AND state = 1`, id, to); err != nil {
			return err
		}
	}
	rows, err := t.QueryContext(ctx, `SELECT DISTINCT order_id FROM instruction_lines WHERE instruction_id = $1 ORDER BY order_id`, id)
	if err != nil {
		return err
	}
	orders, err := column[int64](rows)
	if err != nil {
		return err
	}
	for _, o := range orders {
		if err := t.event(ctx, Event{Kind: kind, OrderID: o, InstructionID: id, BatchID: batch, Detail: a.Message}, now); err != nil {
			return err
		}
		if to == InstructionStopped {
			// Planning ends the hold once every parcel of the order is stopped.
			if _, err := t.exec(ctx, `UPDATE orders SET state = 4 WHERE id = $1 AND state = 3`, o); err != nil {
				return err
			}
		}
		if to == InstructionRefused {
			if _, err := t.exec(ctx, `INSERT INTO holds (order_id, reason, detail, field, value, since) VALUES ($1, $2, $3, '', '', $4)
				ON CONFLICT (order_id, reason, detail) DO NOTHING`, o, string(order.HoldWarehouseRefuse), a.Message, instant(now)); err != nil {
				return err
			}
		}
	}
	return nil
}

// PutStock stores stock of one warehouse, keeping the newer figure of a SKU. A
// full snapshot sets SKUs that it leaves out to zero, unless what is known of
// them is newer than all of it. It returns how many figures were taken.
func (l *Ledger) PutStock(ctx context.Context, warehouse, file int64, ss []order.Stock, full bool, now time.Time) (stored int64, err error) {
	newest := map[string]*order.Stock{} // of a SKU that repeats
	var at time.Time
	for i := range ss {
		s := &ss[i]
		if known, ok := newest[s.SKU]; !ok || !s.At.Before(known.At) {
			newest[s.SKU] = s
		}
		if s.At.After(at) {
			at = s.At
		}
	}
	skus := slices.Sorted(maps.Keys(newest))
	err = l.write(ctx, "store stock", func(t tx) error {
		args := make([]any, 0, 5*len(skus))
		for _, sku := range skus {
			s := newest[sku]
			args = append(args, s.SKU, s.OnHand, s.Allocated, s.Sellable, instant(s.At))
		}
		var err error
		stored, err = t.bulk(ctx, `INSERT INTO stock (sku, on_hand, allocated, sellable, at, warehouse_id, file_id) VALUES `, fmt.Sprintf(`(?,?,?,?,?,%d,%d)`, warehouse, file),
			` ON CONFLICT (warehouse_id, sku) DO UPDATE SET on_hand = excluded.on_hand, allocated = excluded.allocated, sellable = excluded.sellable,
			at = excluded.at, file_id = excluded.file_id WHERE stock.at <= excluded.at`, args)
		if err != nil || !full || len(ss) == 0 {
			return err
		}
		rows, err := t.QueryContext(ctx, `SELECT sku FROM stock WHERE warehouse_id = $1 AND at <= $2 ORDER BY sku`, warehouse, instant(at))
		if err != nil {
			return err
		}
		known, err := column[string](rows)
		if err != nil {
			return err
		}
		var gone []any
		for _, sku := range known {
			if newest[sku] == nil {
				gone = append(gone, sku)
			}
		}
		_, err = t.bulk(ctx, fmt.Sprintf(`UPDATE stock SET on_hand = 0, allocated = 0, sellable = 0, at = %d, file_id = %d WHERE warehouse_id = %d AND sku IN (`,
			instant(at), file, warehouse), `?`, `)`, gone)
		return err
	})
	return stored, err
}

// StockOf lists the stock of a warehouse by SKU.
func (l *Ledger) StockOf(ctx context.Context, warehouse int64) ([]order.Stock, error) {
	rows, err := l.r.QueryContext(ctx, `SELECT w.name, s.sku, s.on_hand, s.allocated, s.sellable, s.at FROM stock s JOIN warehouses w ON w.id = s.warehouse_id
		WHERE s.warehouse_id = $1 ORDER BY s.sku`, warehouse)
	if err != nil {
		return nil, explain("read stock", err)
	}
	defer rows.Close()
	var out []order.Stock
	for rows.Next() {
		var s order.Stock
		var at int64
		if err := rows.Scan(&s.Warehouse, &s.SKU, &s.OnHand, &s.Allocated, &s.Sellable, &at); err != nil {
			return nil, explain("read stock", err)
		}
		s.At = timeOf(at)
		out = append(out, s)
	}
	return out, explain("read stock", rows.Err())
}

// ShipmentsOf returns the shipments of an instruction, oldest first.
func (l *Ledger) ShipmentsOf(ctx context.Context, instruction int64) ([]order.Shipment, error) {
	rows, err := l.r.QueryContext(ctx, `SELECT i.number, s.carrier, s.tracking, s.raw_tracking, s.shipped_on, s.parcels, s.cancelled
		FROM shipments s JOIN instructions i ON i.id = s.instruction_id WHERE s.instruction_id = $1 ORDER BY s.id`, instruction)
	if err != nil {
		return nil, explain("read shipments", err)
	}
	defer rows.Close()
	var out []order.Shipment
	for rows.Next() {
		var s order.Shipment
		var cancelled int64
		if err := rows.Scan(&s.Instruction, &s.Carrier, &s.Tracking, &s.RawTracking, &s.ShippedOn, &s.Parcels, &cancelled); err != nil {
			return nil, explain("read shipments", err)
		}
		s.Cancelled = cancelled != 0
		out = append(out, s)
	}
	return out, explain("read shipments", rows.Err())
}
