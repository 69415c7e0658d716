// Package instruct drops instruction files at a warehouse, each exactly once.
//
// A batch goes through claimed, built, uploaded, delivered, and each state is in
// the ledger before the next step starts. Whatever was left by a crash is
// finished before anything new is claimed, by looking at what is true: our disk
// and the drop.
package instruct

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/connectors/drop"
	"github.com/mallbridge/mallbridge/internal/fault"
	"github.com/mallbridge/mallbridge/internal/folders"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/mappers/calendar"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/files"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

var (
	atClaimed   = fault.Point("instruct.claimed")
	atBuilding  = fault.Point("instruct.file-on-disk")
	atBuilt     = fault.Point("instruct.built")
	atSent      = fault.Point("instruct.temporary-at-drop")
	atUploaded  = fault.Point("instruct.uploaded")
	atAsked     = fault.Point("instruct.malls-asked")
	atRenamed   = fault.Point("instruct.renamed")
	atDelivered = fault.Point("instruct.delivered")
	atStops     = fault.Point("instruct.stops-at-drop")
)

// Run finishes open batches of a warehouse and makes new ones of what is ready.
func Run(ctx context.Context, env *stage.Env, target string) (stage.Report, error) {
	var rep stage.Report
	w, ok := env.Workspace.Warehouse(target)
	if !ok {
		return rep, order.Errorf(order.NotFound, "look into warehouses/", "no warehouse %s", target)
	}
	if !w.Enabled {
		return rep, nil
	}
	id, err := env.Ledger.Warehouse(ctx, w.Name)
	if err != nil {
		return rep, err
	}
	r := &runner{
		env: env, w: w, id: id, cal: w.Days, rep: &rep,
		asked: map[ledger.Member]time.Time{}, mute: map[string]error{}, unasked: map[int64]ledger.Alert{}, built: map[int64]bool{},
	}
	defer r.close()
	if env.DryRun != nil {
		return rep, r.dryRun(ctx)
	}
	if left, err := stage.Uncompared(ctx, env, w); err != nil || len(left) > 0 {
		if err == nil {
			rep.Waiting++
			rep.Notef("%s: the ledger was restored, and nothing is dropped until it is compared with %s (run watch %s, run reconcile, or restore settle)", w.Name, strings.Join(left, ", "), w.Name)
		}
		return rep, err
	}
	return rep, r.run(ctx)
}

type runner struct {
	env  *stage.Env
	w    *configs.Warehouse
	id   int64
	cal  *calendar.Calendar
	rep  *stage.Report
	drop drop.Drop

	asking  sync.Mutex                  // guards asked, mute and rep while malls are asked
	asked   map[ledger.Member]time.Time // orders whose state the mall told in this run
	mute    map[string]error            // accounts whose mall did not answer in this run
	unasked map[int64]ledger.Alert      // batches that leave although a mall is silent
	built   map[int64]bool              // batches whose file this run has built
}

func (r *runner) run(ctx context.Context) error {
	open, err := r.env.Ledger.OpenBatches(ctx, r.id)
	if err != nil {
		return err
	}
	for i := range open {
		if err := r.finish(ctx, &open[i]); err != nil {
			return err
		}
	}
	if err := r.makeUp(ctx); err != nil {
		return fmt.Errorf("instruct: %s: %w", r.w.Name, err)
	}
	if err := r.stops(ctx); err != nil {
		return fmt.Errorf("instruct: %s: stop requests: %w", r.w.Name, dropError(err))
	}
	for {
		b, err := r.claim(ctx)
		if err != nil || b == nil {
			return err
		}
		fault.At(atClaimed)
		if err := r.finish(ctx, b); err != nil {
			return err
		}
	}
}

func (r *runner) claim(ctx context.Context) (*ledger.Batch, error) {
	now := r.env.Now()
	r.env.At("claiming instructions", "", 0, 0)
	return r.env.Ledger.Claim(ctx, ledger.Claim{
		WarehouseID: r.id, Format: r.w.Instructions.Format, ShipOn: r.cal.NextShipDay(now), Limit: r.w.Instructions.MaxInstructions,
		Name: func(id int64) (number, file string, err error) { return r.name(id, now) },
	}, now)
}

// name gives a batch its number and file name. Both hold the running number, so
// that no two batches of a warehouse share a name.
func (r *runner) name(id int64, now time.Time) (number, file string, err error) {
	number = fmt.Sprintf("%s%06d", r.w.Number.Prefix, id)
	file, err = files.FileName(r.env, r.w, r.w.Instructions.Format, r.w.Instructions.Name, number, now)
	return number, file, err
}

// finish takes a batch as far as it can go. A batch that has to wait (approval,
// in doubt) is no error.
func (r *runner) finish(ctx context.Context, b *ledger.Batch) error {
	// Each turn brings the batch one state further, or back to claimed when
	// instructions leave it; each return to claimed makes it smaller.
	for turn := 0; ; turn++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		var err error
		switch b.State {
		case ledger.BatchClaimed:
			err = r.build(ctx, b)
		case ledger.BatchBuilt:
			var wait bool
			if wait, err = r.upload(ctx, b); wait {
				return err
			}
		case ledger.BatchUploaded:
			err = r.commit(ctx, b)
		case ledger.BatchInDoubt:
			var wait bool
			if wait, err = r.ask(ctx, b); wait {
				return err
			}
		case ledger.BatchDelivered:
			r.rep.Add("batches", 1)
			r.rep.Add("instructions", b.Instructions)
			return r.unbrake(ctx, b)
		default:
			return r.unbrake(ctx, b)
		}
		if err != nil {
			if e := r.env.Ledger.Attempt(context.WithoutCancel(ctx), b.ID, err.Error(), r.env.Now()); e != nil {
				err = errors.Join(err, e)
			}
			return fmt.Errorf("instruct: %s: batch %s: %w", r.w.Name, b.Number, dropError(err))
		}
		if b, err = r.env.Ledger.Batch(ctx, b.ID); err != nil {
			return err
		}
	}
}

// dropError gives errors of the drop the codes and hints that commands act on.
func dropError(err error) error {
	var known *order.Error
	if errors.As(err, &known) {
		return err
	}
	code, hint := order.Internal, drop.Hint(err)
	switch {
	case drop.Retryable(err):
		code = order.Retry
	case errors.Is(err, drop.ErrUnknown):
		code = order.Unknown
	case errors.Is(err, drop.ErrForeign):
		code = order.Conflict
		if hint == "" {
			hint = "another file lies under this name at the drop; ask the warehouse whose it is before anything is sent"
		}
	case drop.NeedsPerson(err):
		code = order.Denied
	}
	return &order.Error{Code: code, Hint: hint, Err: err}
}

// outbox holds the warehouse's files, each under the name of its batch.
func (r *runner) outbox() *folders.Folder {
	return r.env.Folder(r.env.Workspace.Settings.Outbox, r.w.Name)
}

// tellInstructions is how many instructions are written before it is told how many.
const tellInstructions = 100

// build renders the file from the ledger. What does not fit leaves the batch.
func (r *runner) build(ctx context.Context, b *ledger.Batch) error {
	out, err := files.NewOut(r.env, r.w, b.Number, b.ClaimedAt)
	if err != nil {
		return err
	}
	sum, misfits, err := out.File(ctx, r.outbox(), b.Name, func(each func(*order.Instruction) error) error {
		n := int64(0)
		return r.env.Ledger.Instructions(ctx, b.ID, func(in *order.Instruction) error {
			if n++; n%tellInstructions == 1 {
				r.env.At("instructions written", b.Number, n, b.Instructions)
			}
			return each(in)
		})
	})
	if err != nil {
		return err
	}
	if len(misfits) > 0 {
		ids := make([]int64, len(misfits))
		for i, m := range misfits {
			ids[i] = m.Instruction.ID
		}
		r.rep.Add("left", int64(len(ids)))
		for _, m := range misfits {
			r.rep.Notef("batch %s of %s: %s left it: %s", b.Number, r.w.Name, m.Instruction.Number, m.String())
		}
		return r.env.Ledger.Leave(ctx, b.ID, ids, "does not fit the file: "+misfits[0].String(), r.env.Now())
	}
	fault.At(atBuilding)
	at := r.outbox().Path(b.Name)
	rel, err := filepath.Rel(r.env.Workspace.Dir, at)
	if err != nil {
		rel = at
	}
	if err := r.env.Ledger.Built(ctx, b.ID, filepath.ToSlash(rel), sum.SHA256, sum.Bytes, sum.Rows, r.env.Now()); err != nil {
		return err
	}
	fault.At(atBuilt)
	r.built[b.ID] = true
	return nil
}

func (r *runner) upload(ctx context.Context, b *ledger.Batch) (wait bool, err error) {
	if left, err := r.guard(ctx, b); left || err != nil {
		return false, err
	}
	if ok, err := r.approved(ctx, b); !ok || err != nil {
		return true, err
	}
	if !r.built[b.ID] { // else it was read back just now, and is hashed while it is sent
		if err := r.checkFile(ctx, b); err != nil {
			if order.CodeOf(err) == order.Retry || order.CodeOf(err) == order.Denied {
				return false, err // the outbox cannot be reached
			}
			r.env.Log.Warn("the local file of a batch is not the recorded one; it is built again", "batch", b.Number, "err", err)
			return false, r.env.Ledger.Rebuild(ctx, b.ID, err.Error(), r.env.Now())
		}
	}
	if wait, err := r.present(ctx, b); wait || err != nil {
		return wait, err
	}
	if left, err := r.guard(ctx, b); left || err != nil {
		return false, err
	}
	d, err := r.open(ctx)
	if err != nil {
		return false, err
	}
	v := r.delivery(b)
	found, err := drop.Inspect(ctx, d, v)
	if err != nil {
		return false, err
	}
	switch found {
	case drop.Foreign:
		return false, fmt.Errorf("%s: %w", b.Name, drop.ErrForeign)
	case drop.Final, drop.Taken:
		// The ledger knows less than the drop: it was restored from an older copy.
		if err := r.env.Ledger.Uploaded(ctx, b.ID, r.env.Now()); err != nil {
			return false, err
		}
		return false, r.arrived(ctx, d, b, found)
	}
	r.env.At("bytes sent", r.w.Name, 0, b.Size)
	if err := drop.Upload(ctx, d, v, func() (io.ReadSeekCloser, error) {
		f, err := r.outbox().Open(ctx, b.Name)
		return &told{f, r, b.Size, 0}, err
	}); err != nil {
		return false, err
	}
	fault.At(atSent)
	if err := r.env.Ledger.Uploaded(ctx, b.ID, r.env.Now()); err != nil {
		return false, err
	}
	fault.At(atUploaded)
	return false, nil
}

// told is a file whose reader tells how far it is.
type told struct {
	*folders.File
	r          *runner
	size, read int64
}

// Read implements io.Reader.
func (f *told) Read(p []byte) (int, error) {
	n, err := f.File.Read(p)
	f.read += int64(n)
	f.r.env.At("bytes sent", f.r.w.Name, min(f.read, f.size), f.size)
	return n, err
}

// Seek implements io.Seeker.
func (f *told) Seek(offset int64, whence int) (int64, error) {
	at, err := f.File.Seek(offset, whence)
	f.read = at
	return at, err
}

func (r *runner) checkFile(ctx context.Context, b *ledger.Batch) error {
	sha, size, err := r.outbox().Sum(ctx, b.Name)
	if err != nil {
		return err
	}
	if sha != b.SHA256 || size != b.Size {
		return fmt.Errorf("%s: it has %d bytes with SHA-256 %s; recorded are %d bytes with %s", r.outbox().Path(b.Name), size, sha, b.Size, b.SHA256)
	}
	return nil
}

func (r *runner) commit(ctx context.Context, b *ledger.Batch) error {
	d, err := r.open(ctx)
	if err != nil {
		return err
	}
	v := r.delivery(b)
	found, err := drop.Inspect(ctx, d, v)
	if err != nil {
		return err
	}
	if found == drop.Temporary {
		wait, err := r.present(ctx, b)
		if err != nil {
			return err
		}
		if wait {
			// It may take hours; the file is uploaded anew when it can leave.
			return r.env.Ledger.Rebuild(ctx, b.ID, "a mall does not say whether orders were cancelled", r.env.Now())
		}
		if left, err := r.guard(ctx, b); left || err != nil {
			return err
		}
	}
	if err := r.tell(ctx, b); err != nil {
		return err
	}
	fault.At(atAsked)
	err = drop.Commit(ctx, d, v)
	switch {
	case errors.Is(err, drop.ErrIncomplete):
		// Only what still has its temporary name may be sent again.
		if found, e := drop.Inspect(ctx, d, v); e != nil || found != drop.Temporary {
			return errors.Join(err, e)
		}
		return r.env.Ledger.Rebuild(ctx, b.ID, err.Error(), r.env.Now())
	case errors.Is(err, drop.ErrUnknown):
		if found, e := drop.Inspect(ctx, d, v); e == nil && found == drop.Nothing {
			return r.env.Ledger.InDoubt(ctx, b.ID, "the file is neither under its temporary nor under its final name, nor in an archive folder", r.env.Now())
		}
		return err
	case err != nil:
		return err
	}
	fault.At(atRenamed)
	if err := r.env.Ledger.Delivered(ctx, b.ID, "", "", r.env.Now()); err != nil {
		return err
	}
	fault.At(atDelivered)
	return nil
}

// ask looks once more for a batch in doubt. An ack ends the doubt in collect.
func (r *runner) ask(ctx context.Context, b *ledger.Batch) (wait bool, err error) {
	d, err := r.open(ctx)
	if err != nil {
		return false, err
	}
	found, err := drop.Inspect(ctx, d, r.delivery(b))
	if err != nil {
		return false, err
	}
	if found == drop.Final || found == drop.Taken {
		return false, r.arrived(ctx, d, b, found)
	}
	r.rep.Waiting++
	r.rep.Add("in doubt", 1)
	r.rep.Notef("batch %s of %s is in doubt: ask the warehouse whether it has %s, then batches resolve %s", b.Number, r.w.Name, b.Name, b.Number)
	return true, nil
}

// arrived records a file that was found at the drop under its final name, with
// its done mark, or in an archive folder.
func (r *runner) arrived(ctx context.Context, d drop.Drop, b *ledger.Batch, found drop.Found) error {
	if found == drop.Final {
		if err := drop.Mark(ctx, d, r.delivery(b)); err != nil {
			return err
		}
	}
	return r.env.Ledger.Delivered(ctx, b.ID, "found at the drop: "+found.String(), "", r.env.Now())
}

func (r *runner) open(ctx context.Context) (drop.Drop, error) {
	if r.drop != nil {
		return r.drop, nil
	}
	d, err := files.OpenDrop(ctx, r.env, r.w)
	r.drop = d
	return d, err
}

func (r *runner) close() {
	if r.drop != nil {
		if err := r.drop.Close(); err != nil {
			r.env.Log.Debug("close drop", "warehouse", r.w.Name, "err", err)
		}
	}
}

func (r *runner) delivery(b *ledger.Batch) drop.Delivery {
	in := &r.w.Instructions
	named := func(template string) string { return strings.ReplaceAll(template, "{name}", b.Name) }
	return drop.Delivery{
		Dir: in.Folder, Name: b.Name, TempName: named(in.Temporary), DoneMark: named(in.DoneMark), ArchiveDirs: in.Archive,
		Size: b.Size, SHA256: b.SHA256, Readable: in.Readable, Verify: in.Verify == "hash",
	}
}
