package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/internal/folders"
	"github.com/mallbridge/mallbridge/mappers/format"
	"github.com/mallbridge/mallbridge/mappers/record"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

// An Out renders instruction files of one warehouse. Its methods may be used by
// several goroutines.
type Out struct {
	format *format.Format
	o      format.WriteOptions
	batch  record.Batch
	values map[record.Field]string
	pool   sync.Pool // of *checker
}

type checker struct {
	c    *format.Checker
	recs []record.Record
}

// NewOut prepares the format of a warehouse's instruction files with its charset,
// replacements and texts, for the batch of that number made at at.
func NewOut(env *stage.Env, w *configs.Warehouse, number string, at time.Time) (*Out, error) {
	return newOut(env, w, w.Instructions.Format, number, at)
}

// NewStops prepares the format of a warehouse's stop requests.
func NewStops(env *stage.Env, w *configs.Warehouse, number string, at time.Time) (*Out, error) {
	return newOut(env, w, w.Stops.Format, number, at)
}

func newOut(env *stage.Env, w *configs.Warehouse, name, number string, at time.Time) (*Out, error) {
	f, err := Format(env, name)
	if err != nil {
		return nil, fmt.Errorf("warehouse %s: %w", w.Name, err)
	}
	o := &Out{format: f, batch: record.Batch{Number: number, Time: at.In(w.Location)}.Prepared(), values: map[record.Field]string{}}
	o.o.Batch = format.Batch{Number: number, Warehouse: w.Name, Time: at, Zone: w.Location}
	if o.o.Charset, o.o.Replacements, err = w.Encoding(f); err != nil {
		return nil, fmt.Errorf("warehouse %s: %w", w.Name, err)
	}
	for name, text := range w.Values {
		field, ok := record.Value(name)
		if !ok {
			return nil, order.Errorf(order.Invalid, "use billing_code, freight_code … or extra.1 to extra.9", "warehouse %s: values: no text is called %q", w.Name, name)
		}
		o.values[field] = text
	}
	o.pool.New = func() any { return &checker{c: f.NewChecker(o.o)} }
	return o, nil
}

// FileName is the name of a file that we give to a warehouse: by the warehouse's
// template if it has one, else by the format's.
func FileName(env *stage.Env, w *configs.Warehouse, formatName, template, number string, at time.Time) (string, error) {
	f, err := Format(env, formatName)
	if err != nil {
		return "", err
	}
	return configs.FileName(template, f, format.Batch{Number: number, Warehouse: w.Name, Time: at, Zone: w.Location})
}

func (o *Out) records(dst []record.Record, in *order.Instruction) []record.Record {
	dst = record.FromInstruction(dst, in, o.batch, false)
	for f, text := range o.values {
		for _, r := range dst {
			r[f] = text
		}
	}
	return dst
}

// Check tells what keeps an instruction from being written.
func (o *Out) Check(in *order.Instruction) []order.Hold {
	c := o.pool.Get().(*checker)
	defer o.pool.Put(c)
	if in.Number == "" {
		// The number comes with the plan; every number has the same form and width.
		numbered := *in
		numbered.Number = strconv.Itoa(1)
		in = &numbered
	}
	c.recs = o.records(c.recs, in)
	return c.c.Check(c.recs)
}

// A Written file's figures.
type Written struct {
	format.Summary
	Instructions int64
}

// A Misfit is an instruction that cannot be written, and why.
type Misfit struct {
	Instruction *order.Instruction
	Holds       []order.Hold
}

func (m Misfit) String() string {
	return fmt.Sprintf("%s: %s", m.Holds[0].Reason, m.Holds[0].Detail)
}

// To writes the instructions that each yields. Those that do not fit are left
// out and returned.
func (o *Out) To(w io.Writer, each func(func(*order.Instruction) error) error) (Written, []Misfit, error) {
	var out Written
	var misfits []Misfit
	fw, err := o.format.NewWriter(w, o.o)
	if err != nil {
		return out, nil, err
	}
	next, stop := ahead(each)
	// each ends with the context of whoever reads.
	err = format.WriteAll(context.Background(), fw, next, o.records, func(in *order.Instruction, holds []order.Hold) {
		misfits = append(misfits, Misfit{in, holds})
	})
	stop()
	if err != nil {
		return out, nil, err
	}
	out.Summary, err = fw.Close()
	out.Instructions = out.Groups
	return out, misfits, err
}

// ahead reads what each yields in a goroutine of its own. next returns it some at a
// time, and io.EOF or the error of each at the end. stop ends the reading.
func ahead(each func(func(*order.Instruction) error) error) (next func() ([]*order.Instruction, error), stop func()) {
	const many = 256
	batches := make(chan []*order.Instruction, 4)
	stopped := make(chan struct{})
	var readErr error
	go func() {
		defer close(batches)
		var batch []*order.Instruction
		pass := func() error {
			select {
			case batches <- batch:
				batch = make([]*order.Instruction, 0, many)
				return nil
			case <-stopped:
				return errStopped
			}
		}
		readErr = each(func(in *order.Instruction) error {
			if batch = append(batch, in); len(batch) < many {
				return nil
			}
			return pass()
		})
		if readErr == nil && len(batch) > 0 {
			readErr = pass()
		}
	}()
	next = func() ([]*order.Instruction, error) {
		batch, ok := <-batches
		switch {
		case ok:
			return batch, nil
		case readErr != nil:
			return nil, readErr
		}
		return nil, io.EOF
	}
	return next, func() {
		close(stopped)
		for range batches { // until the reader has seen it
		}
	}
}

var errStopped = errors.New("the writer stopped")

// File writes the instructions to a file of the folder, durably, and reads the bytes
// back to see that they say what was meant. With misfits there is no file.
func (o *Out) File(ctx context.Context, to *folders.Folder, name string, each func(func(*order.Instruction) error) error) (Written, []Misfit, error) {
	var out Written
	var misfits []Misfit
	err := to.Write(ctx, name, func(w io.Writer) (err error) {
		out, misfits, err = o.To(w, each)
		if err == nil && len(misfits) > 0 {
			err = errMisfits
		}
		return err
	})
	if errors.Is(err, errMisfits) {
		return out, misfits, nil
	}
	if err != nil {
		return out, nil, disk(err)
	}
	return out, nil, o.verify(ctx, to, name, &out)
}

var errMisfits = errors.New("instructions do not fit")

func (o *Out) verify(ctx context.Context, at *folders.Folder, name string, out *Written) error {
	f, err := at.Open(ctx, name)
	if err != nil {
		return err
	}
	defer f.Close()
	return o.format.Verify(f, o.o, out.Summary)
}
