package format

import (
	"context"
	"crypto/sha256"
	"io"
	"strconv"
	"strings"
	"sync"

	"github.com/mallbridge/mallbridge/mappers/record"
	"github.com/mallbridge/mallbridge/order"
)

// A SKU is what a listing is in the warehouse.
type SKU struct {
	Code        string
	Name        string
	Weight      string // grams each
	Temperature string
}

// ConvertOptions tell how one format becomes another. The zero value is fine.
type ConvertOptions struct {
	Read  ReadOptions
	Write WriteOptions

	// SKU looks a listing up and fills line.sku, line.weight, line.temperature and,
	// where the SKU has one, line.name. It must be safe for concurrent use. Nil
	// leaves them as they were read.
	SKU func(listing string) (SKU, bool)
	// Listing is the field that holds the listing's code; line.item_code where 0.
	Listing record.Field
	// SkipUnmapped leaves only the line out whose listing has no SKU. Otherwise its
	// whole order is refused.
	SkipUnmapped bool
	// Number makes the number of an instruction from its order and package. Nil
	// takes the order's number, with the package's key behind a hyphen where there
	// are several packages.
	Number func(order, pack string) string
}

// ConvertStats tell what became of a file's rows. What cannot be written counts as
// refused.
type ConvertStats struct {
	Stats
	Summary
}

// Convert writes the rows of src, a file of format from, to w as a file of format
// to. Orders become instructions, one for each package, when that is what to
// holds; other kinds stay what they are. Rows that cannot be written are refused
// with the reason why they would be held, as are all others of their order.
//
// It uses all processors, keeps the order of the groups, and holds only the groups
// that are not complete in memory.
func Convert(ctx context.Context, from, to *Format, src Source, w io.Writer, o ConvertOptions) (ConvertStats, error) {
	c := &converter{from: from, to: to, o: &o, ctx: ctx}
	if err := c.check(); err != nil {
		return ConvertStats{}, err
	}
	return c.run(src, w)
}

type converter struct {
	from, to  *Format
	o         *ConvertOptions
	ctx       context.Context
	split     bool // orders into instructions
	plan      *plan
	recipient []int16 // slots of what is said of a package
	number    int16   // slot of instruction.number, -1 where nobody asks
	jobs      chan *job
	pool      sync.Pool
	mu        sync.Mutex // of the caller's Refuse
}

func (c *converter) check() error {
	if !c.to.Writes() {
		return order.Errorf(order.Invalid, "", "format %s: files of it are read, not written", c.to.Name())
	}
	if c.from.kind != c.to.kind && (c.from.kind != record.Orders || c.to.kind != record.Instructions) {
		return order.Errorf(order.Invalid, "choose two formats of the same kind, or orders and instructions", "%s (%s) cannot become %s (%s)", c.from.Name(), c.from.kind, c.to.Name(), c.to.kind)
	}
	return nil
}

// Wants lists the fields that writing reads.
func (f *Format) Wants() []record.Field {
	seen := map[record.Field]bool{}
	var out []record.Field
	var add func(fields ...record.Field)
	add = func(fields ...record.Field) {
		for _, x := range fields {
			if seen[x] {
				continue
			}
			seen[x] = true
			out = append(out, x)
			switch x {
			case record.ToAddress:
				add(record.ToCountry, record.ToPrefecture, record.ToCity, record.ToStreet, record.ToBuilding)
			case record.BuyerAddress:
				add(record.BuyerCountry, record.BuyerPrefecture, record.BuyerCity, record.BuyerStreet, record.BuyerBuilding)
			case record.FromAddress:
				add(record.FromPrefecture, record.FromCity, record.FromStreet, record.FromBuilding)
			case record.OrderQuantity:
				add(record.LineQuantity)
			case record.OrderAmount:
				add(record.LineQuantity, record.LinePrice)
			}
		}
	}
	for _, c := range f.out {
		switch c.from {
		case fromField:
			add(c.field)
		case fromJoin, fromProduct:
			add(c.fields...)
		case fromProgram:
			add(c.prog.fields...)
		case fromSplit:
			add(f.splits[c.split].fields...)
			add(record.ToCountry)
		}
		for _, cond := range []*condition{&c.ifSet, &c.when} {
			fields, _ := cond.uses()
			add(fields...)
		}
	}
	for _, p := range []*program{f.itemText, f.moreText} {
		if p != nil {
			add(p.fields...)
		}
	}
	return out
}

// instructionOf maps fields of instructions to those of the order sheet that they
// come from without a plan.
var instructionOf = map[record.Field]record.Field{
	record.InstructionNumber:    record.OrderNumber,
	record.InstructionPayment:   record.OrderPayment,
	record.InstructionService:   record.OrderDelivery,
	record.InstructionDeliverOn: record.PackageDeliverOn,
	record.InstructionTimeBand:  record.PackageTimeBand,
	record.InstructionNote:      record.PackageNote,
	record.FromName:             record.BuyerName,
	record.FromKana:             record.BuyerKana,
	record.FromCompany:          record.BuyerCompany,
	record.FromPhone:            record.BuyerPhone,
	record.FromPostal:           record.BuyerPostal,
	record.FromPrefecture:       record.BuyerPrefecture,
	record.FromCity:             record.BuyerCity,
	record.FromStreet:           record.BuyerStreet,
	record.FromBuilding:         record.BuyerBuilding,
}

// prepare chooses what is read and how a row becomes one to write.
func (c *converter) prepare(src Source) error {
	c.split = c.from.kind == record.Orders && c.to.kind == record.Instructions
	ro := &c.o.Read
	wants := c.to.Wants()
	ro.Select, ro.need = nil, wants
	var copies [][2]record.Field
	for _, f := range wants {
		ro.Select = append(ro.Select, f)
		if other, ok := instructionOf[f]; ok && c.split && c.from.producer[f] < 0 && f != record.InstructionNumber {
			ro.Select = append(ro.Select, other)
			copies = append(copies, [2]record.Field{f, other})
		}
	}
	if c.split {
		ro.Select = append(ro.Select, record.PackageKey)
	}
	listing := c.o.Listing
	if listing == 0 {
		listing = record.LineItemCode
	}
	if c.o.SKU != nil {
		ro.Select = append(ro.Select, listing)
		ro.alone = c.o.SkipUnmapped
	}
	ro.derive = func(v *rowView) *fault {
		for _, p := range copies {
			if v.fieldValue(p[0]) == "" {
				v.set(p[0], v.fieldValue(p[1]))
			}
		}
		if c.o.SKU == nil {
			return nil
		}
		code := v.fieldValue(listing)
		sku, ok := c.o.SKU(code)
		if !ok {
			return &fault{order.HoldSKU, "listing " + strconv.Quote(code)}
		}
		v.set(record.LineSKU, sku.Code)
		v.set(record.LineWeight, sku.Weight)
		v.set(record.LineTemperature, sku.Temperature)
		if sku.Name != "" {
			v.set(record.LineName, sku.Name)
		}
		return nil
	}
	if len(copies) == 0 && c.o.SKU == nil {
		ro.derive = nil
	}
	if tell := ro.Refuse; tell != nil { // reading and writing both refuse
		ro.Refuse = func(r Refusal) {
			c.mu.Lock()
			defer c.mu.Unlock()
			tell(r)
		}
	}
	var err error
	c.plan, err = c.from.plan(src, ro)
	if err != nil {
		return err
	}
	for f, slot := range c.plan.slots {
		if f := record.Field(f); slot >= 0 && f.Level() == record.LevelPackage {
			c.recipient = append(c.recipient, slot)
		}
	}
	c.number = c.plan.slots[record.InstructionNumber]
	if c.from.producer[record.InstructionNumber] >= 0 {
		c.number = -1
	}
	return nil
}

// A job is some groups on their way to be written.
type job struct {
	rows   []rowRef
	groups []jobGroup
	out    []byte
	lines  int64
	done   int64 // groups
	held   []heldGroup
}

type jobGroup struct {
	end  int // in rows
	read int // of the reading's groups it is a part of
}

type heldGroup struct {
	from, to int
	hold     order.Hold
}

// jobRows is about how many rows a job has.
const jobRows = 2048

func (c *converter) run(src Source, w io.Writer) (ConvertStats, error) {
	if err := c.prepare(src); err != nil {
		return ConvertStats{}, err
	}
	if c.to.workbook() {
		return c.oneByOne(w)
	}
	workers := c.plan.workers
	encoders := make([]*encoder, workers)
	for i := range encoders {
		wo := &c.o.Write
		encoders[i] = c.to.newEncoder(wo.Charset, wo.Replacements, wo.Batch, &c.plan.slots)
	}
	head, err := encoders[0].head()
	if err != nil {
		return ConvertStats{}, err
	}
	sink := &Writer{f: c.to, e: encoders[0], w: w, sum: sha256.New()}
	sink.buf = head
	sink.flush()
	ctx, cancel := context.WithCancel(c.ctx)
	defer cancel()
	c.jobs = make(chan *job, 1)
	written := make(chan error, 1)
	held := int64(0)
	go func() {
		err := ordered(ctx, workers, func() (*job, error) {
			select {
			case j, ok := <-c.jobs:
				if !ok {
					return nil, io.EOF
				}
				return j, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}, func(worker int, j *job) (*job, error) {
			c.encode(encoders[worker], j)
			return j, nil
		}, func(j *job) error {
			sink.s.Rows += j.lines
			sink.s.Groups += j.done
			held += c.refuseHeld(j)
			_, err := (&countWriter{sink}).Write(j.out)
			c.recycle(j)
			return err
		}, nil)
		if err != nil {
			cancel()
		}
		written <- err
	}()
	var j *job
	stats, err := c.plan.read(ctx, func(g *group) error {
		if j == nil {
			j = c.newJob()
		}
		for _, r := range g.rows {
			r.block.refs.Add(1)
		}
		c.addGroup(j, g)
		if len(j.rows) < jobRows {
			return nil
		}
		full := j
		j = nil
		return c.pass(ctx, full)
	})
	if err == nil && j != nil {
		err = c.pass(ctx, j)
	}
	if err != nil {
		cancel()
	}
	close(c.jobs)
	if werr := <-written; werr != nil && c.ctx.Err() == nil && (err == nil || ctxError(err)) {
		err = werr
	}
	stats.Taken -= held
	stats.Refused += held
	sum, cerr := sink.Close()
	for _, e := range encoders[1:] {
		for k, n := range e.made {
			sum.Changed[k] += n
		}
	}
	if err == nil {
		err = cerr
	}
	return ConvertStats{stats, sum}, err
}

func ctxError(err error) bool { return err == context.Canceled || err == context.DeadlineExceeded }

func (c *converter) pass(ctx context.Context, j *job) error {
	select {
	case c.jobs <- j:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *converter) newJob() *job {
	if j, ok := c.pool.Get().(*job); ok {
		return j
	}
	return &job{}
}

func (c *converter) recycle(j *job) {
	clear(j.rows)
	*j = job{rows: j.rows[:0], groups: j.groups[:0], out: j.out[:0], held: j.held[:0]}
	c.pool.Put(j)
}

// addGroup adds an order to the job: as it is, or package by package.
func (c *converter) addGroup(j *job, g *group) {
	n := len(j.groups)
	if !c.split || c.onePackage(g.rows) {
		j.rows = append(j.rows, g.rows...)
		j.groups = append(j.groups, jobGroup{len(j.rows), n})
		return
	}
	rest := append([]rowRef(nil), g.rows...)
	for len(rest) > 0 {
		first := rest[0].values()
		later := rest[:0]
		for _, r := range rest {
			if c.samePackage(first, r.values()) {
				j.rows = append(j.rows, r)
			} else {
				later = append(later, r)
			}
		}
		rest = later
		j.groups = append(j.groups, jobGroup{len(j.rows), n})
	}
}

func (c *converter) onePackage(rows []rowRef) bool {
	for _, r := range rows[1:] {
		if !c.samePackage(rows[0].values(), r.values()) {
			return false
		}
	}
	return true
}

// samePackage reports whether two rows of an order go to one recipient: by the
// package's key, or where the sheet has none by all that it says of the recipient.
func (c *converter) samePackage(a, b []string) bool {
	if i := c.plan.packing; i >= 0 && (a[i] != "" || b[i] != "") {
		return a[i] == b[i]
	}
	for _, i := range c.recipient {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// encode writes the groups of a job into its buffer. Where one package of an order
// is held all of them are.
func (c *converter) encode(e *encoder, j *job) {
	for at := 0; at < len(j.groups); {
		next := at + 1
		for next < len(j.groups) && j.groups[next].read == j.groups[at].read {
			next++
		}
		start, lines := len(j.out), j.lines
		from := 0
		if at > 0 {
			from = j.groups[at-1].end
		}
		first := from
		for k, g := range j.groups[at:next] {
			rows := j.rows[first:g.end]
			nth := 0
			if next-at > 1 {
				nth = k + 1
			}
			if hold := c.encodeGroup(e, j, rows, nth); hold != nil {
				j.out, j.lines = j.out[:start], lines
				j.held = append(j.held, heldGroup{from, j.groups[next-1].end, *hold})
				break
			}
			first = g.end
		}
		if first == j.groups[next-1].end {
			j.done += int64(next - at)
		}
		at = next
	}
}

func (c *converter) encodeGroup(e *encoder, j *job, rows []rowRef, nth int) *order.Hold {
	e.rows = e.rows[:0]
	var s sums
	for _, r := range rows {
		vals := r.values()
		e.rows = append(e.rows, vals)
		s.lines++
		q := count(vals, c.plan.qty)
		s.quantity += q
		s.amount += q * count(vals, c.plan.price)
	}
	if c.number >= 0 {
		n := c.numberOf(e.rows[0], nth)
		for _, vals := range e.rows {
			vals[c.number] = n
		}
	}
	var n int
	j.out, n = e.appendGroup(j.out, e.rows, &s)
	if len(e.holds) > 0 {
		return &e.holds[0]
	}
	j.lines += int64(n)
	return nil
}

func count(vals []string, slot int16) int64 {
	if slot < 0 {
		return 0
	}
	n, _ := parseInt(vals[slot])
	return n
}

// numberOf makes the number of an instruction; nth is that of the package, 0 where
// the order has only one.
func (c *converter) numberOf(vals []string, nth int) string {
	number, pack := "", ""
	if i := c.plan.slots[record.OrderNumber]; i >= 0 {
		number = vals[i]
	}
	if i := c.plan.packing; i >= 0 {
		pack = vals[i]
	}
	if c.o.Number != nil {
		return c.o.Number(number, pack)
	}
	if nth > 0 {
		if pack == "" {
			pack = strconv.Itoa(nth)
		}
		return number + "-" + pack
	}
	return number
}

// refuseHeld reports the rows of a job that could not be written, and gives up all
// of its rows.
func (c *converter) refuseHeld(j *job) int64 {
	n := int64(0)
	s := &sorter{p: c.plan}
	for _, h := range j.held {
		for _, r := range j.rows[h.from:h.to] {
			n++
			if c.o.Read.Refuse == nil {
				continue
			}
			ref := Refusal{Reason: h.hold.Reason, Value: h.hold.Value, Detail: h.hold.Detail}
			var key []string
			for _, slot := range c.plan.group {
				key = append(key, r.values()[slot])
			}
			ref.Group = strings.Join(key, " ")
			s.fill(&ref, r)
			c.o.Read.Refuse(ref)
		}
	}
	for _, r := range j.rows {
		r.block.release()
	}
	return n
}

// oneByOne writes a spreadsheet, which has to be written in one piece.
func (c *converter) oneByOne(w io.Writer) (ConvertStats, error) {
	wr, err := c.to.NewWriter(w, c.o.Write)
	if err != nil {
		return ConvertStats{}, err
	}
	wr.e.row.slots = &c.plan.slots
	held := int64(0)
	j := &job{}
	stats, err := c.plan.read(c.ctx, func(g *group) error {
		for _, r := range g.rows {
			r.block.refs.Add(1)
		}
		c.addGroup(j, g)
		err := c.bookGroups(wr, j)
		held += c.refuseHeld(j)
		*j = job{rows: j.rows[:0], groups: j.groups[:0]}
		return err
	})
	if err != nil {
		return ConvertStats{Stats: stats}, err
	}
	stats.Taken -= held
	stats.Refused += held
	sum, err := wr.Close()
	return ConvertStats{stats, sum}, err
}

func (c *converter) bookGroups(wr *Writer, j *job) error {
	from := 0
	for k, g := range j.groups {
		nth := 0
		if len(j.groups) > 1 {
			nth = k + 1
		}
		records := make([]record.Record, 0, g.end-from)
		var s sums
		for _, r := range j.rows[from:g.end] {
			vals := r.values()
			records = append(records, vals)
			q := count(vals, c.plan.qty)
			s.lines, s.quantity, s.amount = s.lines+1, s.quantity+q, s.amount+q*count(vals, c.plan.price)
		}
		if c.number >= 0 {
			n := c.numberOf(records[0], nth)
			for _, vals := range records {
				vals[c.number] = n
			}
		}
		wr.e.row.sums = &s
		err := wr.WriteGroup(records)
		if held, ok := err.(*HeldError); ok {
			j.held = append(j.held, heldGroup{from, g.end, held.Holds[0]})
		} else if err != nil {
			return err
		}
		from = g.end
	}
	return nil
}

// SKUs makes a lookup of SKUs from a table by listing.
func SKUs(table map[string]SKU) func(string) (SKU, bool) {
	return func(listing string) (SKU, bool) {
		s, ok := table[listing]
		return s, ok
	}
}
