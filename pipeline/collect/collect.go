// Package collect fetches a warehouse's files (answers to our files, results,
// stock), keeps them, stores what they say, and only then puts them away at the
// drop.
package collect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/connectors/drop"
	"github.com/mallbridge/mallbridge/internal/fault"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/mappers/format"
	"github.com/mallbridge/mallbridge/mappers/record"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/files"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

var (
	atKept   = fault.Point("collect.kept")
	atStored = fault.Point("collect.stored")
	atDone   = fault.Point("collect.finished")
	atMoved  = fault.Point("collect.moved")
)

// kinds in the order in which they are fetched: answers end doubts before
// results arrive.
var kinds = []string{ledger.FileAcks, ledger.FileResults, ledger.FileStock}

// chunk is how many records are stored in one transaction.
const chunk = 2000

// Run fetches everything that is complete at the warehouse's drop.
func Run(ctx context.Context, env *stage.Env, target string) (stage.Report, error) {
	var rep stage.Report
	w, ok := env.Workspace.Warehouse(target)
	if !ok {
		return rep, order.Errorf(order.NotFound, "look into warehouses/", "no warehouse %s", target)
	}
	pickups := w.Pickups()
	if !w.Enabled || len(pickups) == 0 {
		return rep, nil
	}
	id, err := env.Ledger.Warehouse(ctx, w.Name)
	if err != nil {
		return rep, err
	}
	c := &collector{env: env, w: w, id: id, rep: &rep}
	d, err := files.OpenDrop(ctx, env, w)
	if err != nil {
		return rep, fmt.Errorf("collect: %s: %w", w.Name, coded(err))
	}
	defer d.Close()
	c.drop = d
	var errs []error
	for _, kind := range kinds {
		p := pickups[kind]
		if p == nil {
			continue
		}
		if err := c.folder(ctx, kind, p); err != nil {
			errs = append(errs, fmt.Errorf("collect: %s: %s: %w", w.Name, kind, coded(err)))
			if ctx.Err() != nil {
				break
			}
		}
	}
	if len(errs) == 0 {
		if err := c.resume(ctx); err != nil {
			errs = append(errs, fmt.Errorf("collect: %s: %w", w.Name, err))
		}
	}
	return rep, errors.Join(errs...)
}

func coded(err error) error {
	var known *order.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	switch {
	case drop.Retryable(err):
		return &order.Error{Code: order.Retry, Hint: drop.Hint(err), Err: err}
	case drop.NeedsPerson(err):
		return &order.Error{Code: order.Denied, Hint: drop.Hint(err), Err: err}
	}
	return err
}

type collector struct {
	env  *stage.Env
	w    *configs.Warehouse
	id   int64
	rep  *stage.Report
	drop drop.Drop
}

// resume reads files that were kept but not finished when a run was cut off, and
// that are gone from the drop since. A file that is still there was read again
// from there, with its own time: stock that seems newer than it is would keep out
// what came after it.
func (c *collector) resume(ctx context.Context) error {
	for _, kind := range kinds {
		open, err := c.env.Ledger.OpenFiles(ctx, kind, c.w.Name)
		if err != nil {
			return err
		}
		for _, f := range open {
			if _, err := c.read(ctx, f, f.ReceivedAt); err != nil && !rejected(err) {
				return err
			}
		}
	}
	return nil
}

func rejected(err error) bool {
	var bad *format.FileError
	return errors.As(err, &bad)
}

// folder takes every complete file of one kind, by name.
func (c *collector) folder(ctx context.Context, kind string, p *configs.Pickup) error {
	found, err := c.complete(ctx, p)
	if err != nil {
		return err
	}
	var errs []error
	for i, info := range found {
		c.env.At(kind+" files", "", int64(i+1), int64(len(found)))
		if err := c.take(ctx, kind, p, info); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", info.Name, err))
			if ctx.Err() != nil || drop.Retryable(err) {
				break
			}
		}
	}
	return errors.Join(errs...)
}

func (c *collector) complete(ctx context.Context, p *configs.Pickup) ([]drop.Info, error) {
	list := func() ([]drop.Info, error) {
		found, err := c.drop.List(ctx, p.Folder)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return found, err
	}
	first, err := list()
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, f := range first {
		names[f.Name] = true
	}
	mark := func(name string) string { return strings.ReplaceAll(p.DoneMark, "{name}", name) }
	marks := map[string]bool{}
	var out []drop.Info
	if p.DoneMark != "" {
		for _, f := range first {
			marks[mark(f.Name)] = true
		}
	}
	for _, f := range first {
		if files.Ignored(f.Name) || !files.Matches(p.Pattern, f.Name) || marks[f.Name] {
			continue
		}
		if p.DoneMark != "" && !names[mark(f.Name)] {
			continue
		}
		out = append(out, f)
	}
	if p.DoneMark != "" || len(out) == 0 {
		return out, nil
	}
	for range p.Looks - 1 {
		if err := c.env.Sleep(ctx, p.LookEvery.Std()); err != nil {
			return nil, err
		}
		next, err := list()
		if err != nil {
			return nil, err
		}
		is := map[string]drop.Info{}
		for _, f := range next {
			is[f.Name] = f
		}
		same := out[:0]
		for _, f := range out {
			if n, ok := is[f.Name]; ok && n.Size == f.Size && n.ModTime.Equal(f.ModTime) {
				same = append(same, f)
			}
		}
		out = same
	}
	return out, nil
}

// take downloads, keeps, reads and stores one file and puts it away.
func (c *collector) take(ctx context.Context, kind string, p *configs.Pickup, info drop.Info) error {
	pr, pw := io.Pipe()
	go func() {
		_, err := c.drop.Read(ctx, info.Path, pw, files.MaxSize)
		pw.CloseWithError(err)
	}()
	f, err := files.Keep(ctx, c.env, kind, c.w.Name, info.Name, time.Time{}, pr)
	pr.CloseWithError(err)
	if err != nil {
		return err
	}
	fault.At(atKept)
	if f.DuplicateOf != 0 {
		c.rep.Add("repeated files", 1)
		c.rep.Notef("%s: %s has the same content as a file that was read before; nothing was changed", c.w.Name, f.Name)
		return c.away(ctx, p, info, f)
	}
	_, err = c.read(ctx, f, info.ModTime)
	if err != nil && !rejected(err) {
		return err
	}
	if err != nil {
		c.rep.Add("rejected files", 1)
		c.rep.Waiting++
		c.rep.Notef("%s: %v", c.w.Name, err)
		if hint := order.HintOf(err); hint != "" {
			c.rep.Notef("→ %s", hint)
		}
		if e := files.Explain(ctx, c.env, c.w.Name, f.Name, err); e != nil {
			return e
		}
	}
	fault.At(atDone)
	return c.away(ctx, p, info, f)
}

// away moves or deletes a file at the drop. A name that is taken in the done
// folder gets the time before it.
func (c *collector) away(ctx context.Context, p *configs.Pickup, info drop.Info, f ledger.File) error {
	var err error
	switch p.After {
	case "keep":
		return nil
	case "delete":
		err = c.drop.Remove(ctx, info.Path)
	default:
		if err := c.drop.Mkdir(ctx, p.Done); err != nil {
			return err
		}
		err = c.drop.Rename(ctx, info.Path, path.Join(p.Done, info.Name))
		if errors.Is(err, drop.ErrExists) {
			err = c.drop.Rename(ctx, info.Path, path.Join(p.Done, fmt.Sprintf("%s-%d_%s", files.Stamp(c.env.Now()), f.ID, info.Name)))
		}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if p.DoneMark != "" {
		m := path.Join(p.Folder, strings.ReplaceAll(p.DoneMark, "{name}", info.Name))
		if err := c.drop.Remove(ctx, m); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	fault.At(atMoved)
	return nil
}

// read stores the records of a kept file and finishes it in the ledger. It may be
// called again after a crash.
func (c *collector) read(ctx context.Context, f ledger.File, modified time.Time) (ledger.File, error) {
	p := c.w.Pickups()[f.Kind]
	if p == nil {
		return f, fmt.Errorf("%s: the warehouse has no %s any more", f.Name, f.Kind)
	}
	s := &sink{c: c, ctx: ctx, file: f, at: modified}
	r := files.Reading{Env: c.env, File: f, Formats: []string{p.Format}, Take: s.take}
	res, err := r.Run(ctx)
	if errors.Is(err, format.ErrEmpty) {
		err = nil // quiet days
	}
	if err == nil {
		err = s.close()
	}
	if rejected(err) {
		f.State, f.Message = ledger.FileRefused, err.Error()
		return f, errors.Join(err, c.env.Ledger.FinishFile(ctx, f, c.env.Now()))
	}
	if err != nil {
		return f, err
	}
	f.State, f.Format = ledger.FileDone, p.Format
	f.Rows, f.Filtered = res.Stats.Rows, res.Stats.Filtered
	f.Refused = res.Stats.Refused + int64(len(s.refused))
	f.Taken = res.Stats.Taken - int64(len(s.refused))
	f.RefusedPath = res.RefusedPath
	if len(s.refused) > 0 {
		f.Message = strings.Join(s.refused, "\n")
	}
	c.rep.Add(f.Kind+" files", 1)
	c.rep.Add(f.Kind, s.stored)
	c.rep.Add(f.Kind+" known before", s.already)
	if f.Refused > 0 {
		c.rep.Add("refused rows", f.Refused)
		c.rep.Waiting += f.Refused
		for _, line := range s.refused {
			c.rep.Notef("%s: %s: %s", c.w.Name, f.Name, line)
		}
		if f.RefusedPath != "" {
			c.rep.Notef("%s: refused rows of %s are in %s", c.w.Name, f.Name, f.RefusedPath)
		}
	}
	return f, c.env.Ledger.FinishFile(ctx, f, c.env.Now())
}

// A sink stores the records of one file in chunks.
type sink struct {
	c       *collector
	ctx     context.Context
	file    ledger.File
	at      time.Time
	ships   []order.Shipment
	acks    []order.Ack
	stock   []order.Stock
	lines   []int64 // of the records in the chunk
	stored  int64
	already int64
	refused []string
}

func (s *sink) take(g format.Group) error {
	for i, r := range g.Records {
		line := g.Rows[i].Line
		var err error
		switch s.file.Kind {
		case ledger.FileResults:
			var ships []order.Shipment
			if ships, err = record.Shipment(r); err == nil {
				for range ships {
					s.lines = append(s.lines, line)
				}
				s.ships = append(s.ships, ships...)
			}
		case ledger.FileAcks:
			var a order.Ack
			if a, err = record.Ack(r); err == nil {
				s.acks, s.lines = append(s.acks, a), append(s.lines, line)
			}
		case ledger.FileStock:
			var st order.Stock
			if st, err = record.StockRow(r, s.c.w.Name, s.at); err == nil {
				s.stock = append(s.stock, st)
			}
		}
		if err != nil {
			s.refuse(line, err.Error())
		}
	}
	if len(s.lines) < chunk {
		return nil
	}
	return s.flush()
}

func (s *sink) refuse(line int64, why string) {
	s.refused = append(s.refused, fmt.Sprintf("line %d: %s", line, why))
}

func (s *sink) flush() error {
	var out []ledger.Outcome
	var err error
	key := func(int) string { return "" }
	switch {
	case len(s.ships) > 0:
		out, err = s.c.env.Ledger.PutShipments(s.ctx, s.c.id, s.file.ID, s.ships, s.c.env.Now())
		key = func(i int) string { return s.ships[i].Instruction }
	case len(s.acks) > 0:
		out, err = s.c.env.Ledger.PutAcks(s.ctx, s.c.id, s.file.ID, s.acks, s.c.env.Now())
		key = func(i int) string { return s.acks[i].Instruction }
	}
	if err != nil {
		return err
	}
	for i, o := range out {
		switch o {
		case ledger.Done:
			s.stored++
			if len(s.acks) > 0 && !s.acks[i].OK {
				s.declined(&s.acks[i])
			}
		case ledger.Already:
			s.already++
		default:
			s.refuse(s.lines[i], fmt.Sprintf("%s: no instruction %q was ever given to %s", order.RefusedUnknown, key(i), s.c.w.Name))
		}
	}
	s.ships, s.acks, s.lines = s.ships[:0], s.acks[:0], s.lines[:0]
	fault.At(atStored)
	return nil
}

// declined tells of an instruction that the warehouse refused, or could not stop.
func (s *sink) declined(a *order.Ack) {
	what := "the warehouse refused"
	if a.Stop {
		what = "it is too late to stop"
	}
	s.c.rep.Waiting++
	s.c.rep.Notef("%s: %s: %s instruction %s: %s", s.c.w.Name, s.file.Name, what, a.Instruction, a.Message)
}

// close stores what is left. Stock is stored as a whole: a snapshot counts all or
// nothing.
func (s *sink) close() error {
	if s.file.Kind == ledger.FileStock && len(s.stock) > 0 {
		full := s.c.w.Stock != nil && s.c.w.Stock.ZeroMissing
		n, err := s.c.env.Ledger.PutStock(s.ctx, s.c.id, s.file.ID, record.Stocks(s.stock), full, s.c.env.Now())
		s.stored += n
		if n == 0 && err == nil {
			s.c.rep.Notef("%s: %s is older than the stock that is known; nothing was changed", s.c.w.Name, s.file.Name)
		}
		fault.At(atStored)
		return err
	}
	return s.flush()
}
