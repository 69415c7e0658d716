package instruct

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"github.com/mallbridge/mallbridge/connectors/drop"
	"github.com/mallbridge/mallbridge/internal/fault"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/files"
)

// stops asks the warehouse not to ship what was cancelled after the drop, or changed
// if it is set so. A
// request that is repeated after a crash does no harm; one that is forgotten
// would: it counts as made once its file has its final name.
func (r *runner) stops(ctx context.Context) error {
	if r.w.Stops == nil {
		return nil
	}
	now := r.env.Now()
	reasons := []order.Reason{order.HoldCancelled}
	if r.w.Stops.Changes {
		reasons = append(reasons, order.HoldChanged)
	}
	var wanted []*order.Instruction
	if err := r.env.Ledger.ToStop(ctx, r.id, reasons, func(in *order.Instruction, why order.Reason) error {
		in.Note = why.Text(tongues[r.w.Country])
		wanted = append(wanted, in)
		return nil
	}); err != nil || len(wanted) == 0 {
		return err
	}
	number := fmt.Sprintf("%s%s-%d", r.w.Number.Prefix, now.In(r.w.Location).Format("20060102150405"), wanted[0].ID)
	out, err := files.NewStops(r.env, r.w, number, now)
	if err != nil {
		return err
	}
	name, err := files.FileName(r.env, r.w, r.w.Stops.Format, r.w.Stops.Name, number, now)
	if err != nil {
		return err
	}
	var body bytes.Buffer
	if _, misfits, err := out.To(&body, func(each func(*order.Instruction) error) error {
		for _, in := range wanted {
			if err := each(in); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	} else if len(misfits) > 0 {
		return order.Errorf(order.Invalid, "mend the format of stop requests", "%s: %s", misfits[0].Instruction.Number, misfits[0].String())
	}
	d, err := r.open(ctx)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body.Bytes())
	v := drop.Delivery{
		// The name has the time in it. Under one temporary name for all, what a
		// crash left is found and removed by the next try.
		Dir: r.w.Stops.Folder, Name: name, TempName: strings.ReplaceAll(r.w.Instructions.Temporary, "{name}", "stop_"+r.w.Name), Size: int64(body.Len()),
		SHA256: hex.EncodeToString(sum[:]), Readable: r.w.Instructions.Readable,
	}
	if err := drop.Upload(ctx, d, v, func() (io.ReadSeekCloser, error) { return seeker{bytes.NewReader(body.Bytes())}, nil }); err != nil {
		return err
	}
	if err := drop.Commit(ctx, d, v); err != nil {
		return err
	}
	fault.At(atStops)
	ids := make([]int64, len(wanted))
	for i, in := range wanted {
		ids[i] = in.ID
	}
	r.rep.Add("stop requests", int64(len(ids)))
	r.rep.Waiting += int64(len(ids))
	r.rep.Notef("%s: %d parcels were asked to be stopped (%s)", r.w.Name, len(ids), name)
	return r.env.Ledger.Asked(ctx, ids, name, now)
}

// tongues are the languages in which warehouses are written to, by country: what
// we speak may have letters that their charset lacks. Others get English.
var tongues = map[string]string{"JP": "ja", "KR": "ko"}

// A seeker is bytes in memory as a file.
type seeker struct{ *bytes.Reader }

func (seeker) Close() error { return nil }
