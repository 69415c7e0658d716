// Package proof balances what was claimed with what is in the files and with
// what the warehouses answered, for the batches of a span of time.
package proof

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/files"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

// A Proof is the balance of a span of time.
type Proof struct {
	From        time.Time    `json:"from"`
	To          time.Time    `json:"to"` // not included
	Claimed     int64        `json:"lines_claimed"`
	InFiles     int64        `json:"lines_in_files"`
	Accepted    int64        `json:"lines_accepted"` // of instructions that the warehouse acknowledged or shipped
	Refused     int64        `json:"lines_refused"`  // of instructions that it refused
	Unanswered  int64        `json:"lines_unanswered"`
	Batches     []Batch      `json:"batches"`
	Orders      ledger.Tally `json:"orders"` // of all time
	Rows        Rows         `json:"rows"`   // of the order sheets that came in the span
	Told        ledger.Told  `json:"told"`   // of parcels that came in the span: what malls were told and show
	Differences []string     `json:"differences"`
	Balanced    bool         `json:"balanced"`
}

// A Batch is the balance of one file.
type Batch struct {
	Number     string `json:"number"`
	Warehouse  string `json:"warehouse"`
	State      string `json:"state"`
	File       string `json:"file"`
	SHA256     string `json:"sha256"`
	Claimed    int64  `json:"lines_claimed"`
	InFile     int64  `json:"lines_in_file"`
	Accepted   int64  `json:"lines_accepted"`
	Refused    int64  `json:"lines_refused"`
	Unanswered int64  `json:"lines_unanswered"`
	// Purged is when personal data was taken out of its instructions. From then on
	// InFile is what was recorded when the file was built.
	Purged time.Time `json:"purged,omitzero"`
}

// Rows balances the rows of order sheets: Read = Taken + Filtered + Refused.
type Rows struct {
	Files      int64 `json:"files"`
	Purged     int64 `json:"purged_files"` // of these, whose bytes were removed since
	Repeated   int64 `json:"repeated_files"`
	Unreadable int64 `json:"unreadable_files"`
	Read       int64 `json:"read"`
	Taken      int64 `json:"taken"`
	Filtered   int64 `json:"filtered"`
	Refused    int64 `json:"refused"`
}

// Span proves the batches claimed in [from, to).
//
// Lines in a file are counted by rendering it again from the ledger and
// comparing every byte with the hash that was recorded when it was built, and
// that hash with the local copy if there still is one. Of a batch whose personal
// data was purged, what was recorded when it was built has to do.
func Span(ctx context.Context, env *stage.Env, from, to time.Time) (Proof, error) {
	p := Proof{From: from, To: to, Batches: []Batch{}, Differences: []string{}}
	balances, err := env.Ledger.Balances(ctx, from, to)
	if err != nil {
		return p, err
	}
	for i := range balances {
		if err := p.batch(ctx, env, &balances[i]); err != nil {
			return p, err
		}
	}
	if p.Orders, err = env.Ledger.Tally(ctx, ""); err != nil {
		return p, err
	}
	p.orders()
	if n, err := env.Ledger.Unclaimed(ctx); err != nil {
		return p, err
	} else if n > 0 {
		p.differ("%d planned orders have no instruction", n)
	}
	if err := p.sheets(ctx, env); err != nil {
		return p, err
	}
	if p.Told, err = env.Ledger.ReportsBetween(ctx, from, to); err != nil {
		return p, err
	}
	p.Balanced = len(p.Differences) == 0
	return p, nil
}

func (p *Proof) differ(format string, args ...any) {
	p.Differences = append(p.Differences, fmt.Sprintf(format, args...))
}

func (p *Proof) batch(ctx context.Context, env *stage.Env, b *ledger.Balance) error {
	if b.Batch.State == ledger.BatchDropped {
		return nil
	}
	x := Batch{
		Number: b.Batch.Number, Warehouse: b.Batch.Warehouse, State: b.Batch.State, File: b.Batch.Name, SHA256: b.Batch.SHA256,
		Claimed: b.Claimed, Accepted: b.AcceptedLines, Refused: b.RefusedLines, Purged: b.Batch.PurgedAt,
	}
	x.Unanswered = x.Claimed - x.Accepted - x.Refused
	if x.State != ledger.BatchDelivered {
		p.differ("batch %s of %s is %s", x.Number, x.Warehouse, x.State)
	}
	if x.State != ledger.BatchClaimed {
		var err error
		if x.InFile, err = p.file(ctx, env, b); err != nil {
			return err
		}
		if x.InFile != x.Claimed {
			p.differ("batch %s of %s: %d lines are claimed and %d are in the file", x.Number, x.Warehouse, x.Claimed, x.InFile)
		}
	}
	if w, ok := env.Workspace.Warehouse(x.Warehouse); ok && w.Acks != nil && w.Acks.Expect && x.Unanswered > 0 &&
		!b.Batch.DeliveredAt.IsZero() && env.Now().After(b.Batch.DeliveredAt.Add(w.Acks.Within.Std())) {
		p.differ("batch %s of %s: %d lines have no answer, expected within %s", x.Number, x.Warehouse, x.Unanswered, w.Acks.Within)
	}
	p.Claimed += x.Claimed
	p.InFiles += x.InFile
	p.Accepted += x.Accepted
	p.Refused += x.Refused
	p.Unanswered += x.Unanswered
	p.Batches = append(p.Batches, x)
	return nil
}

// file counts the lines that the batch's file holds.
func (p *Proof) file(ctx context.Context, env *stage.Env, b *ledger.Balance) (int64, error) {
	sha, size, err := files.Sum(ctx, env, b.Batch.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		// Removed by retention; the drop keeps its own.
	case err != nil:
		return 0, err
	case sha != b.Batch.SHA256 || size != b.Batch.Size:
		p.differ("batch %s of %s: the local file %s is not the one that was built", b.Batch.Number, b.Batch.Warehouse, b.Batch.Path)
	}
	w, ok := env.Workspace.Warehouse(b.Batch.Warehouse)
	if !b.Batch.PurgedAt.IsZero() || !ok || w.Instructions.Format != b.Batch.Format {
		return b.Batch.Lines, nil // what is in it is gone, or its layout is no longer configured: what was recorded has to do
	}
	out, err := files.NewOut(env, w, b.Batch.Number, b.Batch.ClaimedAt)
	if err != nil {
		return 0, err
	}
	var lines int64
	sum, misfits, err := out.To(io.Discard, func(each func(*order.Instruction) error) error {
		return env.Ledger.Instructions(ctx, b.Batch.ID, func(in *order.Instruction) error {
			for i := range in.Lines {
				if in.Lines[i].Line != "" {
					lines++
				}
			}
			return each(in)
		})
	})
	if err != nil {
		return 0, err
	}
	if len(misfits) > 0 || sum.SHA256 != b.Batch.SHA256 {
		p.differ("batch %s of %s: rendered again it has other bytes; was its format or the warehouse's settings changed since?", b.Batch.Number, b.Batch.Warehouse)
	}
	return lines, nil
}

func (p *Proof) orders() {
	t := &p.Orders
	sum := t.Seen + t.Planned
	for _, n := range t.Held {
		sum += n
	}
	for _, n := range t.Outside {
		sum += n
	}
	if sum != t.Orders {
		p.differ("%d orders are stored and %d have a state", t.Orders, sum)
	}
}

func (p *Proof) sheets(ctx context.Context, env *stage.Env) error {
	all, err := env.Ledger.FilesBetween(ctx, ledger.FileOrders, p.From, p.To)
	if err != nil {
		return err
	}
	for i := range all {
		f := &all[i]
		switch {
		case f.DuplicateOf != 0:
			p.Rows.Repeated++
			continue
		case f.State == ledger.FileRefused:
			p.Rows.Unreadable++
			continue
		case f.State != ledger.FileDone:
			p.differ("sheet %s of %s is not read to its end yet", f.Name, f.Owner)
		}
		p.Rows.Files++
		if !f.PurgedAt.IsZero() {
			p.Rows.Purged++
		}
		p.Rows.Read += f.Rows
		p.Rows.Taken += f.Taken
		p.Rows.Filtered += f.Filtered
		p.Rows.Refused += f.Refused
		if f.Rows != f.Taken+f.Filtered+f.Refused {
			p.differ("sheet %s of %s: %d rows were read, %d taken, %d filtered and %d refused", f.Name, f.Owner, f.Rows, f.Taken, f.Filtered, f.Refused)
		}
	}
	return nil
}
