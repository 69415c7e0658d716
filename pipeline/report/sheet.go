package report

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/internal/fault"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/mappers/format"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/files"
)

var (
	atClaimed = fault.Point("report.sheet-claimed")
	atFile    = fault.Point("report.sheet-on-disk")
	atBuilt   = fault.Point("report.sheet-built")
)

// sheetParcels is how many parcels a sheet has at most: malls take a few thousand
// rows, and a parcel may have several.
const sheetParcels = 1000

// sheets writes what people have to upload, and looks whether what they uploaded
// has come to pass.
func (r *reporter) sheets(ctx context.Context) error {
	open, err := r.env.Ledger.OpenUploads(ctx, r.id)
	if err != nil {
		return err
	}
	for i := range open {
		if err := r.build(ctx, &open[i]); err != nil {
			return err
		}
	}
	for r.gathered(ctx) {
		now := r.env.Now()
		u, err := r.env.Ledger.ClaimUpload(ctx, r.id, r.account.Report.Format, sheetParcels, func(id int64) (string, error) { return r.sheetName(id, now) }, now)
		if err != nil || u == nil {
			return errors.Join(err, r.uploaded(ctx))
		}
		fault.At(atClaimed)
		if err := r.build(ctx, u); err != nil {
			return err
		}
	}
	return r.uploaded(ctx)
}

// gathered reports whether it is time for a new sheet. Serve gathers parcels for a
// while, so that people are not given a file for each.
func (r *reporter) gathered(ctx context.Context) bool {
	if r.env.Malls == nil || !r.env.Malls.Paced {
		return true
	}
	before := r.env.Now().Add(-r.account.Report.Gather.Std())
	due, err := r.env.Ledger.DueReports(ctx, r.id, ledger.ReportUpload, 0, page, r.env.Now())
	return err != nil || slices.ContainsFunc(due, func(x ledger.Report) bool { return x.UploadID == 0 && !x.CreatedAt.After(before) })
}

func batch(id int64, at time.Time) format.Batch {
	return format.Batch{Number: fmt.Sprintf("U%06d", id), Seq: int(id), Time: at}
}

// sheetName holds the sheet's number, so that no two of an account share a name.
func (r *reporter) sheetName(id int64, at time.Time) (string, error) {
	f, err := files.Format(r.env, r.account.Report.Format)
	if err != nil {
		return "", err
	}
	b := batch(id, at)
	o, err := r.account.TrackingOptions(b)
	if err != nil {
		return "", err
	}
	name, err := f.FileName(o.Batch)
	if err == nil && !strings.Contains(name, b.Number) {
		name = b.Number + "_" + name
	}
	return name, err
}

// build writes the file of a sheet, unless it is there as it was recorded. What
// cannot be written is held, with the reason, and leaves the sheet.
func (r *reporter) build(ctx context.Context, u *ledger.Upload) error {
	if u.State == ledger.UploadBuilt {
		sum, _, err := files.Sum(ctx, r.env, u.Path)
		if err == nil && sum == u.SHA256 {
			return nil
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	f, err := files.Format(r.env, u.Format)
	if err != nil {
		return err
	}
	for {
		list, of, err := r.rows(ctx, u)
		if err != nil {
			return err
		}
		held, err := r.writeSheet(ctx, u, f, list, of)
		if err != nil {
			return fmt.Errorf("sheet %s: %w", u.Name, err)
		}
		if len(held) == 0 {
			break
		}
		if err := r.env.Ledger.ChangeReports(ctx, held, r.env.Now()); err != nil {
			return err
		}
	}
	fault.At(atFile)
	if err := r.env.Ledger.UploadBuilt(ctx, u, r.env.Now()); err != nil {
		return err
	}
	fault.At(atBuilt)
	if u.State == ledger.UploadBuilt {
		r.rep.Add("sheets to upload", 1)
		r.person("%s with %d parcels is to be uploaded at the mall", u.Path, u.Parcels)
	}
	return nil
}

// rows are what the mall is to be told by a sheet, with the report of each.
func (r *reporter) rows(ctx context.Context, u *ledger.Upload) (list []order.Tracking, of []ledger.Report, err error) {
	reports, err := r.env.Ledger.UploadReports(ctx, u.ID)
	if err != nil {
		return nil, nil, err
	}
	return r.rowsOf(ctx, reports)
}

func (r *reporter) rowsOf(ctx context.Context, reports []ledger.Report) (list []order.Tracking, of []ledger.Report, err error) {
	for part := range slices.Chunk(reports, page) {
		var orders, instructions []int64
		for _, x := range part {
			orders, instructions = append(orders, x.OrderID), append(instructions, x.Instruction)
		}
		rows, err := r.env.Ledger.OrdersByID(ctx, orders)
		if err != nil {
			return nil, nil, err
		}
		ins, err := r.env.Ledger.InstructionsByID(ctx, instructions)
		if err != nil {
			return nil, nil, err
		}
		for _, x := range part {
			o := rows[slices.IndexFunc(rows, func(o ledger.Row) bool { return o.ID == x.OrderID })].Order
			in := ins[slices.IndexFunc(ins, func(in *order.Instruction) bool { return in.ID == x.Instruction })]
			for _, t := range r.trackings(&x, o, in) {
				list, of = append(list, t), append(of, x)
			}
		}
	}
	return list, of, nil
}

// trackings makes one row for each line that a report stands for. A package that is
// no longer in the order as it was instructed is told by the instruction.
func (r *reporter) trackings(x *ledger.Report, o *order.Order, in *order.Instruction) []order.Tracking {
	t := order.Tracking{
		Account: r.account.Name, Order: o.Number, Package: x.Package, Currency: o.Currency, Status: o.Status, Ordered: o.Ordered, Note: o.Note, Delivery: o.Delivery,
		Carrier: x.Carrier, Service: in.Service, Number: x.Tracking, RawNumber: x.Tracking, ShippedOn: x.ShippedOn, Temperature: in.Temperature, Payment: in.Payment,
		Correct: x.Was != "", To: in.To, Buyer: o.Buyer, Message: in.Note, Customs: in.CustomsID,
	}
	var out []order.Tracking
	wanted := func(key string) bool { return len(x.Lines) == 0 || slices.Contains(x.Lines, key) }
	for i := range o.Packages {
		p := &o.Packages[i]
		if p.Key != x.Package {
			continue
		}
		t.To, t.ShipBy, t.Message, t.Customs = p.To, p.ShipBy, p.Note, p.CustomsID
		if p.Delivery != "" {
			t.Delivery = p.Delivery
		}
		for j := range p.Lines {
			if l := &p.Lines[j]; wanted(l.Key) {
				t.Line, t.Codes, t.Name, t.Option, t.Price, t.Quantity, t.LineNote = l.Key, l.Codes, l.Name, l.Option, l.Price, l.Quantity, l.Note
				out = append(out, t)
			}
		}
	}
	if len(out) > 0 {
		return out
	}
	for i := range in.Lines {
		l := &in.Lines[i]
		if l.OrderID == x.OrderID && l.Package == x.Package && l.Line != "" && wanted(l.Line) &&
			!slices.ContainsFunc(out, func(have order.Tracking) bool { return have.Line == l.Line }) {
			t.Line, t.Name, t.Option, t.Price, t.Quantity = l.Line, l.Name, l.Option, l.Price, l.Quantity
			out = append(out, t)
		}
	}
	return out
}

// writeSheet writes the file, or returns the reports that cannot be in it.
func (r *reporter) writeSheet(ctx context.Context, u *ledger.Upload, f *format.Format, list []order.Tracking, of []ledger.Report) (held []ledger.ReportChange, err error) {
	o, err := r.account.TrackingOptions(batch(u.ID, u.ClaimedAt))
	if err != nil {
		return nil, err
	}
	u.Path = configs.Within(r.env.Workspace.Settings.Uploads, r.account.Name, u.Name)
	parcels := map[int64]bool{}
	for i := range of {
		parcels[of[i].ID] = true
	}
	if u.Parcels = int64(len(parcels)); u.Parcels == 0 {
		return nil, nil
	}
	sum := sha256.New()
	u.Size = 0
	dir, name := r.env.File(u.Path)
	err = dir.Write(ctx, name, func(w io.Writer) error {
		wr, err := f.NewWriter(io.MultiWriter(w, sum, counter{&u.Size}), o)
		if err != nil {
			return err
		}
		for _, g := range r.account.TrackingGroups(f, list) {
			err := wr.WriteGroup(g.Records)
			var misfit *format.HeldError
			if errors.As(err, &misfit) {
				held = append(held, r.misfits(u, g.Of, of, misfit.Holds)...)
				continue
			}
			if err != nil {
				return err
			}
		}
		if _, err := wr.Close(); err != nil {
			return err
		}
		if len(held) > 0 {
			return errMisfits
		}
		return nil
	})
	if errors.Is(err, errMisfits) {
		return held, nil
	}
	u.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return nil, err
}

var errMisfits = errors.New("parcels do not fit the sheet")

type counter struct{ n *int64 }

func (c counter) Write(b []byte) (int, error) { *c.n += int64(len(b)); return len(b), nil }

// misfits takes the parcels of a group that cannot be written out of a sheet.
func (r *reporter) misfits(u *ledger.Upload, rows []int, of []ledger.Report, holds []order.Hold) []ledger.ReportChange {
	var out []ledger.ReportChange
	for _, i := range rows {
		x := of[i]
		if slices.ContainsFunc(out, func(c ledger.ReportChange) bool { return c.ID == x.ID }) {
			continue
		}
		x.State, x.Reason, x.UploadID, x.Freed = ledger.ReportHeld, order.ReportSheet, 0, false
		x.Detail, x.NextAt = why(holds), r.env.Now().Add(longest)
		out = append(out, ledger.ReportChange{Report: x, Event: "report.held"})
		r.person("order %s: %s %s cannot be written into %s: %s", x.Order, x.Carrier, x.Tracking, u.Name, x.Detail)
	}
	return out
}

// fits judges a parcel again that could not be written into a sheet.
func (r *reporter) fits(ctx context.Context, x ledger.Report) (order.Reason, string, error) {
	f, err := files.Format(r.env, r.account.Report.Format)
	if err != nil {
		return "", "", err
	}
	o, err := r.account.TrackingOptions(batch(0, r.env.Now()))
	if err != nil {
		return "", "", err
	}
	list, _, err := r.rowsOf(ctx, []ledger.Report{x})
	if err != nil {
		return "", "", err
	}
	c := f.NewChecker(o)
	for _, g := range r.account.TrackingGroups(f, list) {
		if holds := c.Check(g.Records); len(holds) > 0 {
			return order.ReportSheet, why(holds), nil
		}
	}
	return "", "", nil
}

func why(holds []order.Hold) string { return fmt.Sprintf("%s: %s", holds[0].Reason, holds[0].Detail) }

// uploaded looks at the orders of sheets that people say they uploaded: a later
// order sheet that has them as shipped is the proof.
func (r *reporter) uploaded(ctx context.Context) error {
	now := r.env.Now()
	return r.eachDue(ctx, ledger.ReportUploaded, func(due []ledger.Report) error {
		ids := make([]int64, len(due))
		for i := range due {
			ids[i] = due[i].OrderID
		}
		rows, err := r.env.Ledger.OrdersByID(ctx, ids)
		if err != nil {
			return err
		}
		var cs []ledger.ReportChange
		for _, x := range due {
			o := rows[slices.IndexFunc(rows, func(o ledger.Row) bool { return o.ID == x.OrderID })].Order
			v := r.account.Status.Resolve(o.Status, o.SubStatus)
			if v.Reason != order.OutDone {
				continue
			}
			x.State, x.SeenAt, x.Detail = ledger.ReportSeen, now, "the mall's sheet has the order as "+o.Status
			cs = append(cs, ledger.ReportChange{Report: x, Event: "report.seen"})
		}
		r.rep.Add("parcels proven", int64(len(cs)))
		return r.env.Ledger.ChangeReports(ctx, cs, now)
	})
}
