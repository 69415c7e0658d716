package format

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"slices"
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
	// Codes says what the sheet's values of a field become; "*" stands for all others
	// but the empty one. An order with a value that is not in its table is refused.
	Codes map[record.Field]map[string]string
	// Set gives values to fields that are empty then. With any of the sender's fields
	// the sender is no longer the buyer.
	Set map[record.Field]string
	// Prefix numbers the instructions in their order, with six digits behind it.
	// Where it is empty an instruction has the order's number, with the package's
	// key behind a hyphen where there are several packages.
	Prefix string
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
	serial    int64   // of the last instruction
	copies    []fill
	codes     []codeFill
	sets      []fill
	collect   [3]int16 // slots of instruction.collect, instruction.payment and order.total
	jobs      chan *job
	pool      sync.Pool
	mu        sync.Mutex // of the caller's Refuse
}

// A fill is what a field that is empty takes over: the value of another, or a text.
type fill struct {
	to, from int16
	text     string
}

// A codeFill replaces the values of a field.
type codeFill struct {
	field record.Field
	slot  int16
	table map[string]string
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
	if err := c.wanted(wants); err != nil {
		return err
	}
	var copies [][2]record.Field
	for _, f := range wants {
		ro.Select = append(ro.Select, f)
		if other, ok := instructionOf[f]; ok && c.split && c.from.producer[f] < 0 && f != record.InstructionNumber {
			ro.Select = append(ro.Select, other)
			copies = append(copies, [2]record.Field{f, other})
		}
	}
	if c.split {
		ro.Select = append(ro.Select, record.PackageKey, record.OrderTotal)
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
	if c.o.SKU == nil {
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
	c.filling(copies)
	c.number = c.plan.slots[record.InstructionNumber]
	if c.from.producer[record.InstructionNumber] >= 0 {
		c.number = -1
	}
	return nil
}

// wanted refuses values for fields that the written format does not have.
func (c *converter) wanted(wants []record.Field) error {
	for _, f := range append(slices.Collect(maps.Keys(c.o.Set)), slices.Collect(maps.Keys(c.o.Codes))...) {
		if !slices.Contains(wants, f) {
			return order.Errorf(order.Invalid, `"format show `+c.to.Name()+`" lists its fields`, "format %s does not use %s", c.to.Name(), f)
		}
	}
	return nil
}

// filling compiles what is done to the rows of a group once it is complete: rows of
// an order may have taken over values from each other.
func (c *converter) filling(copies [][2]record.Field) {
	slots := &c.plan.slots
	isSender := func(f record.Field) bool { return strings.HasPrefix(f.String(), "from.") }
	own := slices.ContainsFunc(slices.Collect(maps.Keys(c.o.Set)), isSender)
	for _, p := range copies {
		if to, from := slots[p[0]], slots[p[1]]; to >= 0 && from >= 0 && !(own && isSender(p[0])) {
			c.copies = append(c.copies, fill{to: to, from: from})
		}
	}
	for _, f := range slices.Sorted(maps.Keys(c.o.Set)) {
		if slots[f] >= 0 {
			c.sets = append(c.sets, fill{to: slots[f], text: c.o.Set[f]})
		}
	}
	for _, f := range slices.Sorted(maps.Keys(c.o.Codes)) {
		if slots[f] >= 0 {
			c.codes = append(c.codes, codeFill{f, slots[f], c.o.Codes[f]})
		}
	}
	c.collect = [3]int16{slots[record.InstructionCollect], slots[record.InstructionPayment], slots[record.OrderTotal]}
	if !c.split || slices.Contains(c.collect[:], -1) {
		c.collect[0] = -1
	}
}

// complete fills the rows of one instruction. nth is that of its package, 0 where the
// order has only one: then the whole total of the order may be collected with it.
func (c *converter) complete(rows [][]string, nth int) *order.Hold {
	for _, vals := range rows {
		for _, f := range c.copies {
			if vals[f.to] == "" {
				vals[f.to] = vals[f.from]
			}
		}
		for _, x := range c.codes {
			v := vals[x.slot]
			to, ok := x.table[v]
			if !ok && v != "" {
				to, ok = x.table["*"]
			}
			if !ok && v != "" {
				return &order.Hold{Reason: order.HoldCode, Value: v, Detail: "the table of " + x.field.String() + " lacks it"}
			}
			if ok {
				vals[x.slot] = to
			}
		}
		for _, f := range c.sets {
			if vals[f.to] == "" {
				vals[f.to] = f.text
			}
		}
		if i := c.collect; i[0] >= 0 && nth == 0 && vals[i[0]] == "" && vals[i[1]] == "cod" {
			vals[i[0]] = vals[i[2]]
		}
	}
	return nil
}

// A job is some groups on their way to be written.
type job struct {
	rows   []rowRef
	groups []jobGroup
	serial int64 // of the instruction before its first
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
			j.serial = c.serial
		}
		for _, r := range g.rows {
			r.block.refs.Add(1)
		}
		c.addGroup(j, g)
		c.serial = j.serial + int64(len(j.groups))
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
			if hold := c.encodeGroup(e, j, rows, nth, j.serial+int64(at+k)+1); hold != nil {
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

func (c *converter) encodeGroup(e *encoder, j *job, rows []rowRef, nth int, serial int64) *order.Hold {
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
	if hold := c.complete(e.rows, nth); hold != nil {
		return hold
	}
	if c.number >= 0 {
		n := c.numberOf(e.rows[0], nth, serial)
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
func (c *converter) numberOf(vals []string, nth int, serial int64) string {
	if c.o.Prefix != "" {
		return fmt.Sprintf("%s%06d", c.o.Prefix, serial)
	}
	number, pack := "", ""
	if i := c.plan.slots[record.OrderNumber]; i >= 0 {
		number = vals[i]
	}
	if i := c.plan.packing; i >= 0 {
		pack = vals[i]
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
	check := c.to.newEncoder(c.o.Write.Charset, c.o.Write.Replacements, c.o.Write.Batch, &c.plan.slots)
	held := int64(0)
	j := &job{}
	stats, err := c.plan.read(c.ctx, func(g *group) error {
		for _, r := range g.rows {
			r.block.refs.Add(1)
		}
		j.serial = c.serial
		c.addGroup(j, g)
		c.serial += int64(len(j.groups))
		err := c.bookGroups(wr, check, j)
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

// bookGroups writes the packages of one order, or holds them all.
func (c *converter) bookGroups(wr *Writer, check *encoder, j *job) error {
	var all [][]record.Record
	var counted []sums
	from := 0
	hold := func(h order.Hold) {
		j.held = append(j.held, heldGroup{0, len(j.rows), h})
	}
	for k, g := range j.groups {
		nth := 0
		if len(j.groups) > 1 {
			nth = k + 1
		}
		rows := make([][]string, 0, g.end-from)
		var s sums
		for _, r := range j.rows[from:g.end] {
			vals := r.values()
			rows = append(rows, vals)
			q := count(vals, c.plan.qty)
			s.lines, s.quantity, s.amount = s.lines+1, s.quantity+q, s.amount+q*count(vals, c.plan.price)
		}
		if h := c.complete(rows, nth); h != nil {
			hold(*h)
			return nil
		}
		records := make([]record.Record, len(rows))
		number := ""
		if c.number >= 0 {
			number = c.numberOf(rows[0], nth, j.serial+int64(k)+1)
		}
		for i, vals := range rows {
			if c.number >= 0 {
				vals[c.number] = number
			}
			records[i] = vals
		}
		if check.appendGroup(nil, rows, &s); len(check.holds) > 0 {
			hold(check.holds[0])
			return nil
		}
		all, counted, from = append(all, records), append(counted, s), g.end
	}
	for i, records := range all {
		wr.e.row.sums = &counted[i]
		if err := wr.WriteGroup(records); err != nil {
			return err
		}
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
