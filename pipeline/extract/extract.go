// Package extract takes an account's orders into the ledger, from sheets in its
// watch folder and from its mall's API. It waits until a sheet is complete, keeps
// its bytes, reads it, stores its orders, and only then puts it away. From an API it
// reads windows of time: the replies are kept, then read, then stored, and only then
// does a window count as read and is an order confirmed.
package extract

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sort"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/internal/fault"
	"github.com/mallbridge/mallbridge/internal/folders"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/mappers/format"
	"github.com/mallbridge/mallbridge/mappers/record"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/files"
	"github.com/mallbridge/mallbridge/pipeline/intake"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

var (
	atKept   = fault.Point("extract.kept")
	atStored = fault.Point("extract.chunk-stored")
	atRead   = fault.Point("extract.read")
	atDone   = fault.Point("extract.finished")
	atMoved  = fault.Point("extract.moved")
)

// Run looks into the account's watch folder and takes what is complete; then it asks
// the mall, if the account has its API.
func Run(ctx context.Context, env *stage.Env, target string) (stage.Report, error) {
	var rep stage.Report
	a, ok := env.Workspace.Account(target)
	if !ok {
		return rep, order.Errorf(order.NotFound, "look into accounts/", "no account %s", target)
	}
	if !a.Enabled {
		return rep, nil
	}
	x, err := open(ctx, env, a, &rep)
	if err != nil {
		return rep, err
	}
	if err := x.resume(ctx); err != nil {
		return rep, fmt.Errorf("extract: %s: %w", a.Name, err)
	}
	if !a.AutoOrderIntake {
		return rep, nil
	}
	found, err := x.complete(ctx)
	if err != nil {
		return rep, fmt.Errorf("extract: %s: %w", a.Name, err)
	}
	sheets, err := x.sheets(ctx, found)
	if err != nil {
		return rep, fmt.Errorf("extract: %s: %w", a.Name, err)
	}
	var errs []error
	for _, s := range sheets {
		if err := x.take(ctx, s, true); err != nil {
			errs = append(errs, fmt.Errorf("extract: %s: %s: %w", a.Name, s.name(), err))
			if ctx.Err() != nil {
				break
			}
		}
	}
	if a.UsesAPI() && env.Malls != nil && ctx.Err() == nil {
		if err := x.ask(ctx); err != nil {
			errs = append(errs, fmt.Errorf("extract: %s: %w", a.Name, err))
		}
	}
	return rep, errors.Join(errs...)
}

// Ingest takes one sheet for an account, wherever its files lie (see [Sheets]), and
// leaves them there. formats, if any, are tried instead of the account's; password
// instead of the account's secret.
func Ingest(ctx context.Context, env *stage.Env, target string, paths []string, password string, formats []string) (stage.Report, error) {
	var rep stage.Report
	a, ok := env.Workspace.Account(target)
	if !ok {
		return rep, order.Errorf(order.NotFound, "look into accounts/", "no account %s", target)
	}
	x, err := open(ctx, env, a, &rep)
	if err != nil {
		return rep, err
	}
	x.password, x.formats = password, formats
	sheets, alone, err := x.pairUp(ctx, local(paths))
	if err != nil {
		return rep, err
	}
	if len(alone) > 0 {
		return rep, alone[0].refuse(a)
	}
	for _, s := range sheets {
		if err := x.take(ctx, s, false); err != nil {
			return rep, err
		}
	}
	return rep, nil
}

type extractor struct {
	env      *stage.Env
	account  *configs.Account
	id       int64
	rep      *stage.Report
	password string
	formats  []string
}

func open(ctx context.Context, env *stage.Env, a *configs.Account, rep *stage.Report) (*extractor, error) {
	id, _, err := env.Ledger.Account(ctx, a.Name, env.Now())
	return &extractor{env: env, account: a, id: id, rep: rep}, err
}

// resume reads files that were kept but not finished when a run was cut off.
func (x *extractor) resume(ctx context.Context) error {
	open, err := x.env.Ledger.OpenFiles(ctx, ledger.FileOrders, x.account.Name)
	if err != nil {
		return err
	}
	for _, f := range open {
		if _, err := x.read(ctx, f); err != nil {
			var bad *format.FileError
			if errors.As(err, &bad) {
				continue // recorded; the file itself is still in the folder and goes its way
			}
			return err
		}
	}
	return x.resumePages(ctx)
}

// resumePages stores replies that were kept but not stored when a run was cut off.
func (x *extractor) resumePages(ctx context.Context) error {
	open, err := x.env.Ledger.OpenFiles(ctx, ledger.FilePages, x.account.Name)
	if err != nil || len(open) == 0 || !x.account.UsesAPI() || x.env.Malls == nil {
		return err
	}
	a, err := x.asker(ctx)
	if errors.Is(err, stage.ErrRefused) {
		return nil
	}
	if err != nil {
		return err
	}
	a.Note = a.list
	for _, f := range open {
		if _, err := a.Pages(ctx, f); err != nil {
			x.rep.Notef("%s: %s: %v", x.account.Name, f.Name, err)
		}
	}
	return nil
}

// complete lists the sheets that may be taken, by time and name: those with a
// done mark, or those that did not change between looks.
func (x *extractor) complete(ctx context.Context) ([]file, error) {
	in := &x.account.Intake
	dir := x.env.Folder(in.Folder)
	first, err := look(ctx, dir, in)
	if err != nil || len(first) == 0 {
		return nil, err
	}
	if in.DoneMark == "" && !dir.Atomic() {
		for range in.Looks - 1 {
			if err := x.env.Sleep(ctx, in.LookEvery.Std()); err != nil {
				return nil, err
			}
			next, err := look(ctx, dir, in)
			if err != nil {
				return nil, err
			}
			for name, was := range first {
				if is, ok := next[name]; !ok || is.size != was.size || is.time != was.time {
					delete(first, name)
				}
			}
		}
	}
	names := make([]string, 0, len(first))
	for name := range first {
		names = append(names, name)
	}
	sort.Slice(names, func(i, j int) bool {
		a, b := first[names[i]], first[names[j]]
		if a.time != b.time {
			return a.time < b.time
		}
		return names[i] < names[j]
	})
	out := make([]file, len(names))
	for i, name := range names {
		out[i] = file{dir, name}
	}
	return out, nil
}

type seen struct{ size, time int64 }

func look(ctx context.Context, dir *folders.Folder, in *configs.Intake) (map[string]seen, error) {
	entries, err := dir.All(ctx)
	if err == nil && len(entries) == 0 {
		return nil, dir.Make()
	}
	var known *order.Error
	if err != nil && !errors.As(err, &known) {
		err = order.Errorf(order.Denied, "let the program's user read and write the folder", "%w", err)
	}
	if err != nil {
		return nil, err
	}
	marks := map[string]bool{}
	for _, e := range entries {
		marks[e.Name] = true
	}
	out := map[string]seen{}
	for _, e := range entries {
		if e.Dir || files.Ignored(e.Name) || !files.Matches(in.Pattern, e.Name) {
			continue
		}
		if in.DoneMark != "" && !marks[e.Name+in.DoneMark] {
			continue
		}
		out[e.Name] = seen{e.Size, e.ModTime.UnixNano()}
	}
	return out, nil
}

// take keeps, reads and stores one sheet and, if put is set, puts it away.
func (x *extractor) take(ctx context.Context, s sheet, put bool) error {
	in, err := s.open(ctx)
	if err != nil {
		return err
	}
	f, err := files.Keep(ctx, x.env, ledger.FileOrders, x.account.Name, s.name(), time.Time{}, in)
	in.Close()
	var bad *format.FileError
	if errors.As(err, &bad) {
		return x.mine(ctx, func() error { return x.reject(ctx, s, put, bad) })
	}
	if err != nil {
		return err
	}
	fault.At(atKept)
	if f.DuplicateOf != 0 {
		x.rep.Add("repeated files", 1)
		x.rep.Notef("%s: %s has the same content as a file that was read before; nothing was changed", x.account.Name, f.Name)
		return x.mine(ctx, func() error { return x.away(ctx, s, put) })
	}
	f, err = x.read(ctx, f)
	if errors.As(err, &bad) {
		return x.mine(ctx, func() error { return x.reject(ctx, s, put, bad) })
	}
	if err != nil {
		return err
	}
	fault.At(atDone)
	return x.mine(ctx, func() error { return x.away(ctx, s, put) })
}

// mine moves files of the watch folder while nobody else does: once the account is
// another node's, a file of that name may be a new one.
func (x *extractor) mine(ctx context.Context, move func() error) error {
	return x.env.Ledger.While(ctx, x.env.LeaseTime(), x.env.Now, func(context.Context) error { return move() })
}

// reject puts a sheet that nobody can read aside, with the reason.
func (x *extractor) reject(ctx context.Context, s sheet, put bool, bad *format.FileError) error {
	x.rep.Add("rejected files", int64(len(s.files)))
	x.rep.Waiting++
	if !put {
		return bad
	}
	x.rep.Notef("%s: %v", x.account.Name, bad)
	if hint := order.HintOf(bad); hint != "" {
		x.rep.Notef("→ %s", hint)
	}
	for _, f := range s.files {
		at, err := files.Reject(ctx, x.env, x.account.Name, f.dir, f.name, bad)
		if err != nil {
			return err
		}
		x.rep.Notef("→ it lies in %s", files.Rel(x.env, at))
	}
	return nil
}

// away puts a sheet that was read away.
func (x *extractor) away(ctx context.Context, s sheet, put bool) error {
	if !put {
		return nil
	}
	for _, f := range s.files {
		if err := x.done(ctx, f); err != nil {
			return err
		}
	}
	fault.At(atMoved)
	return nil
}

func (x *extractor) done(ctx context.Context, f file) error {
	to := x.env.Folder(x.env.Workspace.Settings.Done, x.account.Name)
	if _, err := f.dir.Move(ctx, f.name, to, files.Stamp(x.env.Now())+"_"+f.name); err != nil {
		if errors.Is(err, fs.ErrPermission) {
			return order.Errorf(order.Denied, "it is read and stored; let the program's user move files out of the watch folder and into "+x.env.Workspace.Settings.Done, "%w", err)
		}
		return err
	}
	if m := x.account.Intake.DoneMark; m != "" {
		if err := f.dir.Remove(ctx, f.name+m); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// read stores the orders of a kept file and finishes its record. It may be
// called again after a crash: orders that are stored already are the same.
func (x *extractor) read(ctx context.Context, f ledger.File) (ledger.File, error) {
	password := x.password
	if password == "" && x.account.Intake.Password != "" {
		s, err := x.env.Secrets.Resolve(x.account.Intake.Password)
		if err != nil {
			return f, err
		}
		password = s.Reveal()
	}
	st := intake.NewStore(ctx, x.env, x.id, f)
	var refused []ledger.Refusal
	var shown []string
	r := files.Reading{
		Env: x.env, File: f, Formats: x.intakeFormats(), Charset: x.account.Intake.Charset, Password: password, Take: x.taker(st),
		Place: format.Place{Country: x.account.Country, Currency: x.account.Currency, Zone: x.account.Location},
		Refuse: func(r format.Refusal) {
			if len(refused) < intake.MaxRefusals {
				detail := r.Detail
				if r.Address != "" {
					detail = "cell " + r.Address + ": " + detail
				}
				refused = append(refused, ledger.Refusal{Line: r.Line, Order: r.Group, Field: r.Column, Value: r.Value, Reason: r.Reason, Detail: detail})
			}
			if len(shown) < intake.MaxShown && r.Reason != order.RefusedSibling {
				shown = append(shown, r.String())
			}
		},
	}
	res, err := r.Run(ctx)
	counts, stored := st.Close()
	err = errors.Join(err, stored)
	var bad *format.FileError
	if errors.As(err, &bad) {
		f.State, f.Message = ledger.FileRefused, bad.Error()
		return f, errors.Join(err, x.env.Ledger.FinishFile(ctx, f, x.env.Now()))
	}
	if err != nil {
		return f, err
	}
	if err := x.env.Ledger.PutRefusals(ctx, f.ID, refused); err != nil {
		return f, err
	}
	fault.At(atRead)
	f.State, f.Format = ledger.FileDone, res.Format
	f.Rows, f.Taken, f.Filtered, f.Refused = res.Stats.Rows, res.Stats.Taken, res.Stats.Filtered, res.Stats.Refused
	f.OrdersRefused, f.RefusedPath = int64(len(res.Groups)), res.RefusedPath
	x.rep.Add("files", 1)
	x.rep.Add("rows", f.Rows)
	x.rep.Add("new orders", counts.New)
	x.rep.Add("changed orders", counts.Changed)
	x.rep.Add("known orders", counts.Same)
	if f.Refused > 0 {
		x.rep.Add("refused rows", f.Refused)
		x.rep.Waiting += f.OrdersRefused
		x.rep.Notef("%s: %d rows of %s were refused; mend %s and drop it again", x.account.Name, f.Refused, f.Name, f.RefusedPath)
		for _, s := range shown {
			x.rep.Notef("→ %s", s)
		}
	}
	return f, x.env.Ledger.FinishFile(ctx, f, x.env.Now())
}

// tellOrders is how many orders of a sheet are read before it is told how many.
const tellOrders = 100

// taker returns what reads one order of a sheet and stores it.
func (x *extractor) taker(s *intake.Store) func(format.Group) error {
	n := int64(0)
	return func(g format.Group) error {
		if n++; n%tellOrders == 1 {
			x.env.At("orders read", "", n, 0)
		}
		o, err := record.Order(x.account.Name, g.Records)
		if err != nil {
			return fmt.Errorf("line %d: %w", g.Rows[0].Line, err)
		}
		if o.Currency == "" {
			o.Currency = x.account.Currency
		}
		return s.Add(o, g.Rows[0].Ordinal)
	}
}
