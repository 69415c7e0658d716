package instruct

import (
	"bytes"
	"context"
	"strings"

	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/files"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

// A Next is the file that the next run would make for a warehouse.
type Next struct {
	Number, Name string
	Format       string
	Written      files.Written
	Bytes        []byte
	Misfits      []files.Misfit
	Last         *ledger.Batch     // the file before it; nil if there is none
	Against      *files.Comparison // with Last
}

// Preview makes the next file of a warehouse without claiming anything. Malls are not
// asked: what they cancel until the file leaves is in it.
func Preview(ctx context.Context, env *stage.Env, target string) (*Next, error) {
	w, ok := env.Workspace.Warehouse(target)
	if !ok {
		return nil, order.Errorf(order.NotFound, "look into warehouses/", "no warehouse %s", target)
	}
	id, err := env.Ledger.Warehouse(ctx, w.Name)
	if err != nil {
		return nil, err
	}
	r := &runner{env: env, w: w, id: id, cal: w.Days}
	return r.preview(ctx)
}

func (r *runner) preview(ctx context.Context) (*Next, error) {
	now := r.env.Now()
	id, err := r.env.Ledger.NextBatch(ctx)
	if err != nil {
		return nil, err
	}
	n := &Next{Format: r.w.Instructions.Format}
	if n.Number, n.Name, err = r.name(id, now); err != nil {
		return nil, err
	}
	out, err := files.NewOut(r.env, r.w, n.Number, now)
	if err != nil {
		return nil, err
	}
	var file bytes.Buffer
	ready := func(each func(*order.Instruction) error) error {
		return r.env.Ledger.Ready(ctx, r.id, r.cal.NextShipDay(now), r.w.Instructions.MaxInstructions, each)
	}
	if n.Written, n.Misfits, err = out.To(&file, ready); err != nil {
		return nil, err
	}
	n.Bytes = file.Bytes()
	if n.Written.Instructions == 0 {
		return n, nil
	}
	n.Last, n.Against, err = Against(ctx, r.env, out, r.w.Name, id, ready)
	return n, err
}

// Against compares the instructions of a file with the warehouse's last one before the
// batch of that id, in the warehouse's layout of today. Last is nil if there is none.
func Against(ctx context.Context, env *stage.Env, out *files.Out, warehouse string, id int64, is files.Each) (last *ledger.Batch, c *files.Comparison, err error) {
	last, err = env.Ledger.BatchBefore(ctx, warehouse, id)
	if err != nil || last == nil {
		return nil, nil, err
	}
	c, err = out.Compare(func(each func(*order.Instruction) error) error { return env.Ledger.Instructions(ctx, last.ID, each) }, is)
	return last, c, err
}

// dryRun writes the bytes that the next batch would have, and says how it differs from
// the last one. It changes nothing.
func (r *runner) dryRun(ctx context.Context) error {
	n, err := r.preview(ctx)
	if err != nil {
		return err
	}
	for _, m := range n.Misfits {
		r.rep.Notef("%s: %s would leave the batch: %s", r.w.Name, m.Instruction.Number, m.String())
	}
	sum := n.Written
	if sum.Instructions == 0 {
		return nil
	}
	r.rep.Add("would instruct", sum.Instructions)
	r.rep.Notef("%s: %s, %d rows, %d bytes, SHA-256 %s", r.w.Name, n.Name, sum.Rows, sum.Bytes, sum.SHA256)
	if c := n.Against; c != nil {
		r.rep.Notef("%s: against %s: %d orders and %d lines new, %d orders and %d lines not in this one, %d parcels once more, %d of them changed",
			r.w.Name, n.Last.Name, c.NewOrders, c.NewLines, c.GoneOrders, c.GoneLines, c.Again, c.ChangedParcels)
		for _, x := range c.Changed {
			r.rep.Notef("%s: %s of %s, before %s: %s", r.w.Name, x.Is, x.Order, x.Was, strings.Join(x.Columns(), ", "))
		}
	}
	_, err = r.env.DryRun.Write(n.Bytes)
	return err
}
