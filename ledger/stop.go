package ledger

import (
	"context"
	"math"
	"time"

	"github.com/mallbridge/mallbridge/order"
)

// stopAsked is what acks.ok holds between a stop request and its answer.
const stopAsked = -1

// ToStop calls each for the instructions of a warehouse that are in a delivered
// file and serve an order that is held for one of the reasons, and that no stop
// request has named yet. An instruction comes once, with the first of the reasons
// that holds for it.
func (l *Ledger) ToStop(ctx context.Context, warehouse int64, reasons []order.Reason, each func(*order.Instruction, order.Reason) error) error {
	came := map[int64]bool{}
	for _, why := range reasons {
		err := l.eachInstruction(ctx, math.MaxInt64, func(in *order.Instruction) error {
			if came[in.ID] {
				return nil
			}
			came[in.ID] = true
			return each(in, why)
		}, `SELECT i.id, d.doc FROM instructions i JOIN instruction_docs d ON d.instruction_id = i.id
		WHERE i.warehouse_id = $1 AND i.id > $2 AND i.state = 1
		AND i.id IN (SELECT x.instruction_id FROM instruction_lines x JOIN holds h ON h.order_id = x.order_id WHERE h.reason = $4)
		AND EXISTS (SELECT 1 FROM batch_items t JOIN batches b ON b.id = t.batch_id WHERE t.instruction_id = i.id AND b.state = 'delivered')
		AND NOT EXISTS (SELECT 1 FROM acks a WHERE a.instruction_id = i.id AND a.stop = 1)
		ORDER BY i.id LIMIT $3`, warehouse, string(why))
		if err != nil {
			return err
		}
	}
	return nil
}

// Asked records that stop requests for instructions are at the drop, in the file
// of that name. Until the answer comes their orders stay on hold.
func (l *Ledger) Asked(ctx context.Context, instructions []int64, file string, now time.Time) error {
	return l.write(ctx, "record stop requests", func(t tx) error {
		for _, id := range instructions {
			if _, err := t.exec(ctx, `INSERT INTO acks (instruction_id, stop, ok, message, file_id, at) VALUES ($1, 1, $2, $3, 0, $4)
				ON CONFLICT (instruction_id, stop) DO NOTHING`, id, int64(stopAsked), file, instant(now)); err != nil {
				return err
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
				if err := t.event(ctx, Event{Kind: "stop.asked", OrderID: o, InstructionID: id, Detail: file}, now); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
