package format

import (
	"context"
	"errors"
	"io"
	"runtime"

	"github.com/mallbridge/mallbridge/mappers/charset"
	"github.com/mallbridge/mallbridge/mappers/record"
	"github.com/mallbridge/mallbridge/mappers/sheet"
	"github.com/mallbridge/mallbridge/mappers/workbook"
	"github.com/mallbridge/mallbridge/order"
)

// ReadOptions change how a file is read. The zero value is fine.
type ReadOptions struct {
	Password string           // of an encrypted workbook
	Charset  *charset.Charset // instead of the format's
	Limits   workbook.Limits  // of workbooks
	Place    Place            // of the account, for a format that names no country
	Refuse   func(Refusal)    // is told of every refused row, in the order in which they are known
	Cells    bool             // refusals carry the row's cells, as RefusedWriter needs them
	Select   []record.Field   // fields that are wanted; all where nil. Others may be left empty
	Workers  int              // goroutines; as many as processors where 0
	chunk    int              // bytes a chunk, for tests
	window   int              // rows that may wait for an earlier group, for tests
	derive   func(*rowView) *fault
	need     []record.Field // further slots, not read
	alone    bool           // a row refused by derive takes nothing else with it
}

// Stats count the data rows of a file: Rows = Taken + Filtered + Refused. Blank
// rows are not among them.
type Stats struct {
	Rows     int64
	Taken    int64
	Filtered int64 // left out by the format's where
	Refused  int64
	Blank    int64
	Groups   int64 // of taken rows
}

// A Group is all taken rows of one order, in the order of the file; with a format
// that does not group it is one row.
type Group struct {
	Records []record.Record // valid until the function that got them returns; their texts are valid for good
	Rows    []Row
}

// A Row tells where a record stands in its file.
type Row struct {
	Ordinal int64 // of the data row, from 1
	Line    int64 // physical line or sheet row, from 1
}

// Read reads the file and calls emit for every group, in the order of their first
// rows. A group whose rows lie further apart than about 20,000 rows comes when it
// is complete. Only open groups are held in memory.
//
// If one row of a group is refused all of them are, so that half an order never
// ships. An error of type *[FileError] means that nothing of the file was taken,
// unless it says that the file changed while it was read; errors of emit are
// returned as they are.
func (f *Format) Read(ctx context.Context, src Source, o ReadOptions, emit func(Group) error) (Stats, error) {
	p, err := f.plan(src, &o)
	if err != nil {
		return Stats{}, err
	}
	var out Group
	var slab []string
	return p.read(ctx, func(g *group) error {
		out.Records, out.Rows = out.Records[:0], out.Rows[:0]
		if n := len(g.rows) * int(record.Count); cap(slab) < n {
			slab = make([]string, n+n/2)
		}
		for i, r := range g.rows {
			rec := slab[i*int(record.Count) : (i+1)*int(record.Count) : (i+1)*int(record.Count)]
			clear(rec)
			vals := r.values()
			for slot, field := range p.fields {
				rec[field] = vals[slot]
			}
			out.Records = append(out.Records, rec)
			out.Rows = append(out.Rows, Row{Ordinal: r.block.base + int64(r.block.rows[r.i]) + 1, Line: r.block.lines[r.i]})
		}
		return emit(out)
	})
}

// ReadAll reads a file of moderate size into memory. Refused rows are returned
// beside the groups.
func (f *Format) ReadAll(ctx context.Context, src Source, o ReadOptions) (groups []Group, refused []Refusal, s Stats, err error) {
	tell := o.Refuse
	o.Refuse = func(r Refusal) {
		refused = append(refused, r)
		if tell != nil {
			tell(r)
		}
	}
	s, err = f.Read(ctx, src, o, func(g Group) error {
		c := Group{Rows: append([]Row(nil), g.Rows...)}
		for _, r := range g.Records {
			c.Records = append(c.Records, append(record.Record(nil), r...))
		}
		groups = append(groups, c)
		return nil
	})
	return groups, refused, s, err
}

// A plan is what is done to the rows of one file.
type plan struct {
	*opened
	o        *ReadOptions
	steps    []*step // those that the filter needs first
	filter   int     // how many those are
	slots    slots
	place    Place
	fields   []record.Field // by slot
	group    []int16        // slots of the group's key
	agree    []agreement
	carried  []agreement // fields that rows take over from each other
	packing  int16       // slot of package.key, or -1
	qty      int16
	price    int16
	flags    int16
	hashMask uint64
	workers  int
}

// An agreement is a field that the rows of an order, or of a package, must share.
type agreement struct {
	field record.Field
	slot  int16
	level record.Level
}

func (f *Format) plan(src Source, o *ReadOptions) (*plan, error) {
	op, err := f.open(src, o)
	if err != nil {
		return nil, err
	}
	p := &plan{opened: op, o: o, hashMask: hashMask(op.src.Size), workers: o.Workers}
	if p.workers <= 0 {
		p.workers = runtime.GOMAXPROCS(0)
	}
	for i := range p.slots {
		p.slots[i] = -1
	}
	p.choose()
	if p.place = f.place(o.Place); f.Spec.Country == "" {
		p.steps = placed(p.steps, p.place)
	}
	for _, g := range f.group {
		p.group = append(p.group, p.slots[g])
	}
	if len(p.group) > 0 {
		for _, s := range f.steps {
			if slot := p.slots[s.field]; slot >= 0 && s.field.Level() != record.LevelLine && !f.mayDiffer[s.field] && f.kind == record.Orders {
				p.agree = append(p.agree, agreement{s.field, slot, s.field.Level()})
			}
			if slot := p.slots[s.field]; f.carry && slot >= 0 && s.field.Level() != record.LevelLine {
				p.carried = append(p.carried, agreement{s.field, slot, s.field.Level()})
			}
		}
	}
	p.packing = p.slots[record.PackageKey]
	p.qty, p.price = p.slots[record.LineQuantity], p.slots[record.LinePrice]
	return p, nil
}

// choose orders the steps: those that the filter needs, then the others that are
// wanted.
func (p *plan) choose() {
	done := map[*step]bool{}
	var take func(field record.Field)
	take = func(field record.Field) {
		i := p.f.producer[field]
		if i < 0 || done[p.f.steps[i]] {
			return
		}
		s := p.f.steps[i]
		done[s] = true
		if s.prog != nil {
			for _, need := range s.prog.fields {
				take(need)
			}
		}
		p.steps = append(p.steps, s)
		p.slot(field)
	}
	fields, _ := p.f.where.uses()
	for _, f := range fields {
		take(f)
	}
	p.filter = len(p.steps)
	for _, f := range p.f.group {
		take(f)
	}
	all := p.o.Select == nil
	for _, f := range p.o.Select {
		take(f)
	}
	for i := range p.f.flags {
		fields, _ := p.f.flags[i].cond.uses()
		for _, f := range fields {
			take(f)
		}
	}
	for _, s := range p.f.steps {
		if all || s.required || p.f.kind == record.Orders && s.field.Level() == record.LevelLine && s.rule.typ == typeQuantity {
			take(s.field)
		}
	}
	p.flags = -1
	if len(p.f.flags) > 0 && (all || p.wanted(record.OrderFlags)) {
		p.flags = p.slot(record.OrderFlags)
	}
	if all || p.wanted(record.OrderCurrency) {
		p.slot(record.OrderCurrency)
	}
	for _, f := range p.o.need {
		p.slot(f)
	}
	if p.f.carry && p.f.producer[record.LineKey] < 0 && (all || p.wanted(record.LineKey)) {
		p.slot(record.LineKey)
	}
	if p.f.kind == record.Orders {
		for _, f := range [...]record.Field{record.ToCountry, record.BuyerCountry} {
			if all || p.wanted(f) {
				p.slot(f)
			}
		}
	}
}

func (p *plan) wanted(f record.Field) bool {
	for _, s := range p.o.Select {
		if s == f {
			return true
		}
	}
	return false
}

func (p *plan) slot(f record.Field) int16 {
	if p.slots[f] < 0 {
		p.slots[f] = int16(len(p.fields))
		p.fields = append(p.fields, f)
	}
	return p.slots[f]
}

// A piece is a run of rows on its way to a worker.
type piece struct {
	chunk *sheet.Chunk // text
	block *sheet.Block // spreadsheet
	index int
	base  int64
}

// errChanged is the cause of a FileError for a file that did not stay the same.
var errChanged = errors.New("the file changed while it was read")

func (p *plan) read(ctx context.Context, emit func(*group) error) (Stats, error) {
	sv, err := p.survey(ctx)
	if err != nil {
		return Stats{}, err
	}
	s := newSorter(p, sv, emit)
	mappers := make([]*mapper, p.workers)
	next, stop, err := p.pieces(sv)
	if err != nil {
		return Stats{}, err
	}
	defer stop()
	err = ordered(ctx, p.workers, next, func(w int, in piece) (*rowBlock, error) {
		if mappers[w] == nil {
			mappers[w] = newMapper(p, sv)
		}
		return mappers[w].block(in)
	}, s.add, nil)
	if err == nil {
		err = s.finish()
	}
	if err == nil && s.stats.Rows+s.stats.Blank != sv.rows {
		e := p.fail(order.RefusedFile, "drop it again when nobody writes to it", "%v", errChanged)
		e.Err = errChanged
		err = e
	}
	return s.stats, err
}

// pieces returns a function that yields the file's pieces in order.
func (p *plan) pieces(sv *survey) (next func() (piece, error), stop func(), err error) {
	n, base := 0, int64(0)
	give := func(c piece) piece {
		c.index, c.base = n, base
		if n < len(sv.pieces) {
			base += int64(sv.pieces[n])
		}
		n++
		return c
	}
	if p.book == nil {
		chunks := p.chunks(p.o.chunk)
		return func() (piece, error) {
			ch, err := chunks.Next()
			if err != nil {
				if !errors.Is(err, io.EOF) {
					err = p.readError(err)
				}
				return piece{}, err
			}
			return give(piece{chunk: ch}), nil
		}, func() {}, nil
	}
	if sv.kept != nil {
		return func() (piece, error) {
			if n == len(sv.kept) {
				return piece{}, io.EOF
			}
			b := sv.kept[n]
			sv.kept[n] = nil
			return give(piece{block: b}), nil
		}, func() {}, nil
	}
	r, err := p.book.open()
	if err != nil {
		return nil, nil, err
	}
	return func() (piece, error) {
		b := &sheet.Block{}
		got, err := p.book.fill(b, r, bookRows, p.book.first)
		if got == 0 || err != nil && !errors.Is(err, io.EOF) {
			return piece{}, err
		}
		return give(piece{block: b}), nil
	}, func() { _ = r.Close() }, nil
}
