package format

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mallbridge/mallbridge/mappers/charset"
	"github.com/mallbridge/mallbridge/mappers/record"
	"github.com/mallbridge/mallbridge/mappers/sheet"
	"github.com/mallbridge/mallbridge/order"
)

// A Batch is what a file as a whole is called.
type Batch struct {
	Number    string
	Warehouse string
	Account   string
	Seq       int
	Time      time.Time // shown in the format's zone, or in Zone
	Zone      *time.Location
}

func (b Batch) field(f record.Field) string {
	switch {
	case b.Time.IsZero():
		return ""
	case f == record.BatchDate:
		return b.Time.Format(time.DateOnly)
	}
	return b.Time.Format(time.RFC3339)
}

// An encoder makes rows of a file from records. It is not safe for use by several
// goroutines.
type encoder struct {
	f       *Format
	cs      *charset.Charset
	replace *charset.Replacements
	run     *runner
	row     outRow
	header  [][]byte // encoded constants, by column
	slow    bool     // no column may be written directly
	dry     bool     // rows are checked, and their bytes are not wanted

	parts   [][]string // of the split groups, for the present row
	items   []string   // texts of the group's items
	scratch []byte
	coding  string // the text whose bytes scratch holds
	isCoded bool
	holds   []order.Hold
	rows    [][]string
	made    map[string]int // replacements made, by "from→to"
	remade  int            // how many replacements were made
	last    []written      // by column
	texts   *textSum       // of what is written, nil where nobody asks
}

func (f *Format) newEncoder(cs *charset.Charset, replace *charset.Replacements, b Batch, s *slots) *encoder {
	if cs == nil {
		cs = f.cs
	}
	if b.Zone == nil {
		b.Zone = f.zone
	}
	if !b.Time.IsZero() {
		b.Time = b.Time.In(b.Zone)
	}
	e := &encoder{f: f, cs: cs, replace: replace, run: newRunner(f), row: outRow{slots: s, batch: b}, parts: make([][]string, len(f.splits)), made: map[string]int{}}
	e.slow = replace != nil || f.replace != nil || f.workbook() || f.Spec.File.Kind == "fixed" || f.Spec.File.Neutralise ||
		f.Spec.File.NewlineIn != "space" || f.Spec.File.CommaIn != "keep"
	e.last = make([]written, len(f.out))
	e.header = make([][]byte, len(f.out))
	for i, c := range f.out {
		if c.direct == directConst {
			b, err := cs.Encode(c.konst)
			if err != nil {
				e.slow = true
			}
			e.header[i] = e.quoted(nil, b, c, c.konst)
		}
	}
	return e
}

// directKind tells how a value needs no look before it is written.
type directKind uint8

const (
	directNo directKind = iota
	directConst
	directField
	directDate
	directText
	directNumber
	directProduct
	directEmpty
)

func (c *outColumn) directKind(f *Format) directKind {
	s := c.spec
	if c.hasTable || c.folds != nil || c.replace != nil || c.when.set() || s.Default != "" || s.Forbid != "" || c.padTo > 0 {
		return directNo
	}
	if (c.wanted() || c.limited()) && (c.from != fromField || c.typ == typeMoney || c.layout != nil && c.limited()) {
		return directNo
	}
	switch c.from {
	case fromNothing:
		return directEmpty
	case fromConst:
		return directConst
	case fromField:
		switch {
		case c.layout != nil:
			return directDate
		case c.typ == typeMoney && order.Decimals(f.Spec.Currency) != 0:
			return directNo
		case c.wanted() || c.limited():
			return directField
		case c.field == record.LineNo || c.field == record.OrderLines || c.field == record.OrderQuantity || c.field == record.OrderAmount:
			return directNumber
		}
		return directField
	case fromProgram:
		if c.prog != nil && c.prog.code == nil {
			return directText
		}
	case fromProduct:
		return directProduct
	}
	return directNo
}

// wanted reports whether a column must not be empty, or not always.
func (c *outColumn) wanted() bool { return c.required || c.ifSet.set() }

// limited reports whether a column holds some values only.
func (c *outColumn) limited() bool {
	return c.chars > 0 || c.bytes > 0 || c.pattern != nil || c.min != nil || c.max != nil
}

// fits reports whether a text that takes size bytes is within all that its column
// wants. What is not is looked at again, for the hold.
func (c *outColumn) fits(s string, size int) bool {
	if s == "" {
		return !c.wanted()
	}
	if c.bytes > 0 && size > c.bytes || c.chars > 0 && len(s) > c.chars && utf8.RuneCountInString(s) > c.chars {
		return false
	}
	if c.min != nil || c.max != nil {
		n, ok := parseInt(s)
		if !ok || c.min != nil && n < *c.min || c.max != nil && n > *c.max {
			return false
		}
	}
	return c.pattern == nil || c.pattern.MatchString(s)
}

// maybeBlank reports whether an empty value of a field may always stay empty.
func (c *outColumn) maybeBlank() bool {
	return !c.wanted() && !c.hasTable && c.spec.Default == "" && c.padTo == 0
}

// appendGroup appends the rows of one group of records. On holds nothing of the
// group is to be kept.
func (e *encoder) appendGroup(dst []byte, records [][]string, s *sums) ([]byte, int) {
	e.holds = e.holds[:0]
	e.row.sums = s
	e.row.first = records[0]
	if e.f.itemText != nil {
		e.foldItems(records)
	}
	if e.f.Spec.Rows != record.PerLine {
		records = records[:1]
	}
	for i, r := range records {
		e.row.vals, e.row.line = r, i+1
		dst = e.appendRow(dst)
	}
	return dst, len(records)
}

func (e *encoder) foldItems(records [][]string) {
	e.items = e.items[:0]
	for i, r := range records {
		e.row.vals, e.row.line = r, i+1
		e.items = append(e.items, e.f.itemText.fill(&e.row, 0))
	}
	e.row.items = strings.Join(e.items, e.f.Spec.Items.Join)
}

func (e *encoder) appendRow(dst []byte) []byte {
	e.startRow()
	fixed := e.f.Spec.File.Kind == "fixed"
	passed := e.dry && e.row.line > 1 && len(e.holds) == 0
	for i, c := range e.f.out {
		if passed && c.repeats && e.row.asFirst(c.field) {
			continue
		}
		if i > 0 && !fixed {
			dst = append(dst, e.f.delimiter)
		}
		at := len(dst)
		if c.repeats {
			dst = e.appendAgain(dst, c)
		} else {
			dst = e.appendValue(dst, c)
		}
		if e.dry {
			dst = dst[:at]
		}
	}
	if e.texts != nil {
		e.texts.endRow()
	}
	return e.newline(dst)
}

func (e *encoder) newline(dst []byte) []byte {
	if e.f.Spec.File.Newline == "lf" {
		return append(dst, '\n')
	}
	return append(dst, '\r', '\n')
}

// startRow forgets what was worked out for the row before.
func (e *encoder) startRow() {
	for i := range e.parts {
		e.parts[i] = nil
	}
}

// appendValue appends a value, without a look at what its column cannot break.
func (e *encoder) appendValue(dst []byte, c *outColumn) []byte {
	if c.direct != directNo && !e.slow {
		var ok bool
		if dst, ok = e.appendDirect(dst, c); ok {
			return dst
		}
	}
	return e.appendChecked(dst, c)
}

// appendDirect appends a value that is written as it is. It reports false,
// with dst as it was, when the value needs a look after all.
func (e *encoder) appendDirect(dst []byte, c *outColumn) ([]byte, bool) {
	switch c.direct {
	case directEmpty:
		e.sum("")
		return e.quoted(dst, nil, c, ""), true
	case directConst:
		e.sum(c.konst)
		return append(dst, e.header[c.index]...), true
	case directField:
		return e.appendText(dst, e.row.fieldValue(c.field), c)
	case directNumber:
		if e.row.raw(c.field) != "" {
			return e.appendText(dst, e.row.raw(c.field), c)
		}
		n, ok := e.row.number(c.field)
		if !ok {
			e.sum("")
			return e.quoted(dst, nil, c, ""), true
		}
		e.scratch = strconv.AppendInt(e.scratch[:0], n, 10)
		e.sumBytes(e.scratch)
		return e.quoted(dst, e.scratch, c, "1"), true
	case directProduct:
		n, ok := e.product(c)
		if !ok {
			return dst, false
		}
		e.scratch = strconv.AppendInt(e.scratch[:0], n, 10)
		e.sumBytes(e.scratch)
		return e.quoted(dst, e.scratch, c, "1"), true
	case directDate:
		s := e.row.fieldValue(c.field)
		if s == "" {
			if c.wanted() {
				return dst, false
			}
			e.sum("")
			return e.quoted(dst, nil, c, ""), true
		}
		b, ok := c.layout.append(e.scratch[:0], s, e.row.batch.Zone)
		e.scratch = b
		if !ok {
			return dst, false
		}
		for _, x := range b {
			if x >= utf8.RuneSelf || x == e.f.delimiter || x == '"' {
				return dst, false
			}
		}
		e.sumBytes(b)
		return e.quoted(dst, b, c, "-"), true
	case directText:
		if (c.quote == quoteNeeded || c.quote == quoteNever) && e.texts == nil {
			return e.appendParts(dst, c)
		}
	}
	return dst, false
}

func (e *encoder) appendParts(dst []byte, c *outColumn) ([]byte, bool) {
	start := len(dst)
	for i := range c.prog.parts {
		p := &c.prog.parts[i]
		s := p.text
		if !p.isText {
			s = e.row.fieldValue(p.field)
		}
		if sheet.NeedsQuotes(s, e.f.delimiter) {
			return dst[:start], false
		}
		var err error
		if dst, err = e.cs.AppendEncode(dst, s); err != nil {
			return dst[:start], false
		}
	}
	return dst, true
}

// appendText appends s where it needs nothing but quotes.
func (e *encoder) appendText(dst []byte, s string, c *outColumn) ([]byte, bool) {
	start := len(dst)
	if c.quote == quoteNeeded {
		if !sheet.NeedsQuotes(s, e.f.delimiter) {
			dst, err := e.cs.AppendEncode(dst, s)
			if err != nil || !c.fits(s, len(dst)-start) {
				return dst[:start], false
			}
			e.sum(s)
			return dst, true
		}
	}
	if hasBreak(s) {
		s = lineBreaks.Replace(s)
	}
	b, err := e.cs.AppendEncode(e.scratch[:0], s)
	e.scratch = b
	if err != nil || c.quote == quoteNever && sheet.NeedsQuotes(b, e.f.delimiter) || !c.fits(s, len(b)) {
		return dst[:start], false
	}
	e.sum(s)
	return e.quoted(dst, b, c, s), true
}

func (e *encoder) sum(s string) {
	if e.texts != nil {
		e.texts.add(s)
	}
}

func (e *encoder) sumBytes(b []byte) {
	if e.texts != nil {
		e.texts.addBytes(b)
	}
}

// quoted appends an encoded value with the quotes that the column asks for.
func (e *encoder) quoted(dst, b []byte, c *outColumn, s string) []byte {
	switch {
	case c.quote == quoteAlways,
		c.quote == quoteText && s != "" && !c.numeric(),
		c.quote != quoteNever && sheet.NeedsQuotes(b, e.f.delimiter):
		return sheet.AppendQuoted(dst, b)
	}
	return append(dst, b...)
}

func (c *outColumn) numeric() bool {
	return c.typ == typeInt || c.typ == typeMoney || c.typ == typeQuantity
}

// A written value is what a column had last, with the text and the bytes that
// stand in the file for it. It has its own copies: a record's texts may lie in
// memory that is used again.
type written struct{ value, text, file []byte }

// oftenSame reports whether a column's text depends on one field alone that
// neighbouring rows share: what a parcel or a sender has, not what a line has.
func (c *outColumn) oftenSame(f *Format) bool {
	return c.from == fromField && !strings.HasPrefix(c.field.String(), "line.") && !c.when.set() && c.typ != typeMoney && f.Spec.File.Kind != "fixed"
}

// appendAgain appends a value as the row before had it, if it is the same.
func (e *encoder) appendAgain(dst []byte, c *outColumn) []byte {
	s := e.row.fieldValue(c.field)
	if s == "" && c.blank {
		e.sum("")
		return e.quoted(dst, nil, c, "")
	}
	w := &e.last[c.index]
	if s != "" && string(w.value) == s {
		e.sumBytes(w.text)
		return append(dst, w.file...)
	}
	held, remade, start, summed := len(e.holds), e.remade, len(dst), 0
	if e.texts != nil {
		summed = len(e.texts.row)
	}
	dst = e.appendValue(dst, c)
	w.value = w.value[:0]
	if s == "" || len(e.holds) > held || e.remade > remade {
		return dst
	}
	w.value, w.file = append(w.value, s...), append(w.file[:0], dst[start:]...)
	if e.texts != nil {
		w.text = append(w.text[:0], e.texts.since(summed)...)
	}
	return dst
}

// appendChecked appends a value after every check, adding holds for what does not
// pass.
func (e *encoder) appendChecked(dst []byte, c *outColumn) []byte {
	s := e.checked(c)
	if e.dry {
		return dst
	}
	if e.texts != nil && c.padTo > 0 && e.f.Spec.File.Kind == "fixed" {
		e.sumBytes(c.unpadded([]byte(s)))
	} else {
		e.sum(s)
	}
	b, err := e.encoded(s)
	if err != nil {
		return dst // the hold is there already
	}
	if c.padTo > 0 && e.f.Spec.File.Kind == "fixed" {
		return e.padded(dst, b, c)
	}
	return e.quoted(dst, b, c, s)
}

// encoded returns the bytes of s, valid until the next value. A value's limits and
// its place in the file ask for the same ones.
func (e *encoder) encoded(s string) ([]byte, error) {
	if e.isCoded && e.coding == s {
		return e.scratch, nil
	}
	b, err := e.cs.AppendEncode(e.scratch[:0], s)
	e.scratch, e.coding, e.isCoded = b, s, err == nil
	return b, err
}

func (e *encoder) padded(dst, b []byte, c *outColumn) []byte {
	n := c.padTo - len(b)
	if c.padLeft {
		for range n {
			dst = append(dst, c.padWith)
		}
	}
	dst = append(dst, b...)
	if !c.padLeft {
		for range n {
			dst = append(dst, c.padWith)
		}
	}
	return dst
}

// checked returns the text of a column, and adds a hold for each rule that the
// value breaks.
func (e *encoder) checked(c *outColumn) string {
	e.isCoded = false
	s := ""
	if !c.when.set() || e.met(&c.when, c) {
		s = e.sourceText(c)
	}
	if s == "" {
		s = c.spec.Default
	}
	if c.hasTable {
		held := len(e.holds)
		if s = e.coded(c, s); len(e.holds) > held {
			return ""
		}
	}
	if s != "" {
		s = e.shaped(c, s)
	}
	if s == "" {
		if c.required || c.ifSet.set() && e.met(&c.ifSet, c) {
			e.hold(order.HoldRequired, c, "", "a value is required")
		}
		return e.pad(c, s)
	}
	e.limits(c, s)
	return e.pad(c, s)
}

func (e *encoder) met(cond *condition, c *outColumn) bool {
	ok, err := cond.met(&e.row, e.run)
	if err != nil {
		e.hold(order.HoldRule, c, "", err.Error())
	}
	return ok
}

func (e *encoder) hold(r order.Reason, c *outColumn, value, detail string) {
	field := ""
	switch {
	case c.from == fromField:
		field = c.field.String()
	case len(c.fields) > 0:
		field = c.fields[0].String()
	case c.from == fromSplit:
		field = e.f.splits[c.split].fields[0].String()
	case c.from == fromItem:
		field = record.InstructionItems.String()
	case c.prog != nil && len(c.prog.fields) > 0:
		field = c.prog.fields[0].String()
	}
	e.holds = append(e.holds, order.Hold{Reason: r, Field: field, Value: value, Detail: c.label + ": " + detail})
}

// sourceText returns the value before tables, layouts and limits.
func (e *encoder) sourceText(c *outColumn) string {
	switch c.from {
	case fromConst:
		return c.konst
	case fromField:
		return e.row.fieldValue(c.field)
	case fromJoin:
		var b strings.Builder
		for _, f := range c.fields {
			s := e.row.fieldValue(f)
			if s == "" {
				continue
			}
			if b.Len() > 0 {
				b.WriteString(c.sep)
			}
			b.WriteString(s)
		}
		return b.String()
	case fromProgram:
		s, err := e.run.text(c.prog, &e.row)
		if err != nil {
			e.hold(order.HoldRule, c, "", err.Error())
		}
		return s
	case fromProduct:
		if n, ok := e.product(c); ok {
			return strconv.FormatInt(n, 10)
		}
		return ""
	case fromSplit:
		return e.splitText(c)
	case fromItem:
		return e.itemText(c)
	}
	return ""
}

// product multiplies whole numbers; without one of them there is none.
func (e *encoder) product(c *outColumn) (int64, bool) {
	n := int64(1)
	for _, f := range c.fields {
		v, ok := parseInt(e.row.fieldValue(f))
		if !ok {
			return 0, false
		}
		n *= v
	}
	return n, true
}

func (e *encoder) coded(c *outColumn, s string) string {
	code, ok := c.table[s]
	if !ok {
		if code, ok = c.table["*"]; ok {
			return code
		}
		if s == "" {
			return ""
		}
		if _, only := c.table[""]; only && len(c.table) == 1 {
			e.hold(order.HoldCode, c, s, fmt.Sprintf("the layout has no place for %q", s))
			return ""
		}
		e.hold(order.HoldCode, c, s, fmt.Sprintf("table %s has no code for %q", c.spec.Table, s))
		return ""
	}
	return code
}

// shaped applies layout, folds, replacements and the rules for line breaks and
// delimiters.
func (e *encoder) shaped(c *outColumn, s string) string {
	if c.layout != nil {
		b, ok := c.layout.append(nil, s, e.row.batch.Zone)
		if !ok {
			e.hold(order.HoldRequired, c, s, "the value is not a date")
			return ""
		}
		s = string(b)
	}
	if c.typ == typeMoney && c.from == fromField {
		s = e.money(s)
	}
	for _, f := range c.folds {
		s = f(s)
	}
	s = e.replaced(c.replace, s)
	s = e.replaced(e.replace, s)
	s = e.replaced(e.f.replace, s)
	s = e.breaks(c, s)
	if e.f.Spec.File.Neutralise {
		s = neutralise(s)
	}
	return s
}

func (e *encoder) money(s string) string {
	cur := e.row.raw(record.OrderCurrency)
	if cur == "" {
		cur = e.f.Spec.Currency
	}
	if order.Decimals(cur) == 0 {
		return s
	}
	n, ok := parseInt(s)
	if !ok {
		return s
	}
	return order.Money{Units: n, Currency: cur}.Decimal()
}

func (e *encoder) replaced(r *charset.Replacements, s string) string {
	if r == nil {
		return s
	}
	s, made := r.Apply(s)
	for _, m := range made {
		e.made[m.From+"→"+m.To] += m.Count
		e.remade++
	}
	return s
}

func (e *encoder) breaks(c *outColumn, s string) string {
	file := &e.f.Spec.File
	if hasBreak(s) {
		switch {
		case file.NewlineIn == "space":
			s = lineBreaks.Replace(s)
		case file.NewlineIn == "hold", c.quote == quoteNever, file.Kind == "fixed":
			e.hold(order.HoldCharacter, c, s, "a line break cannot be written")
		}
	}
	if e.f.workbook() || file.Kind == "fixed" {
		return s
	}
	if strings.IndexByte(s, e.f.delimiter) >= 0 {
		d := string(rune(e.f.delimiter))
		switch {
		case file.CommaIn == "space":
			s = strings.ReplaceAll(s, d, " ")
		case file.CommaIn == "wide":
			s = strings.ReplaceAll(s, d, foldWide(d))
		case file.CommaIn == "hold", c.quote == quoteNever:
			e.hold(order.HoldCharacter, c, s, fmt.Sprintf("the delimiter %q cannot be written", d))
		}
	}
	if c.quote == quoteNever && strings.Contains(s, `"`) {
		e.hold(order.HoldCharacter, c, s, "a quote cannot be written")
	}
	return s
}

// neutralise keeps a spreadsheet program from taking the value for a formula.
func neutralise(s string) string {
	switch s[0] {
	case '=', '+', '-', '@', '\t', 0:
		if n, ok := parseInt(s); ok && n < 0 {
			return s
		}
		return "'" + s
	}
	return s
}

// limits checks a value that is complete.
func (e *encoder) limits(c *outColumn, s string) {
	if c.chars > 0 {
		if n := utf8.RuneCountInString(s); n > c.chars {
			e.hold(order.HoldLength, c, s, fmt.Sprintf("%d characters, at most %d", n, c.chars))
		}
	}
	limit := c.bytes
	if limit == 0 || c.width > 0 && c.width < limit {
		limit = c.width
	}
	b, err := e.encoded(s)
	switch {
	case err != nil:
		e.unmappable(c, s)
	case limit > 0 && len(b) > limit:
		e.hold(order.HoldLength, c, s, fmt.Sprintf("%d bytes in %s, at most %d", len(b), e.cs.Name(), limit))
	}
	if c.spec.Forbid != "" {
		if i := strings.IndexAny(s, c.spec.Forbid); i >= 0 {
			r, _ := utf8.DecodeRuneInString(s[i:])
			e.hold(order.HoldCharacter, c, s, fmt.Sprintf("%c %U must not stand here", r, r))
		}
	}
	if c.pattern != nil && !c.pattern.MatchString(s) {
		e.hold(order.HoldRequired, c, s, fmt.Sprintf("%q does not have the form %s", s, c.spec.Pattern))
	}
	if c.min != nil || c.max != nil {
		e.between(c, s)
	}
}

func (e *encoder) between(c *outColumn, s string) {
	n, ok := parseInt(s)
	switch {
	case !ok:
		e.hold(order.HoldLength, c, s, fmt.Sprintf("%q is not a whole number", s))
	case c.min != nil && n < *c.min:
		e.hold(order.HoldLength, c, s, fmt.Sprintf("%d is less than %d", n, *c.min))
	case c.max != nil && n > *c.max:
		e.hold(order.HoldLength, c, s, fmt.Sprintf("%d is more than %d", n, *c.max))
	}
}

func (e *encoder) unmappable(c *outColumn, s string) {
	for _, r := range e.cs.Unmappable(s) {
		hint := "no replacement is agreed"
		if to := suggestedFor(r, e.cs); to != "" {
			hint = fmt.Sprintf("usual replacement: %s", to)
		}
		e.hold(order.HoldCharacter, c, s, fmt.Sprintf("%c %U has no code in %s; %s", r, r, e.cs.Name(), hint))
	}
}

func (e *encoder) pad(c *outColumn, s string) string {
	if c.padTo == 0 || e.f.Spec.File.Kind == "fixed" {
		return s
	}
	n := utf8.RuneCountInString(s)
	if c.bytes > 0 {
		var ok bool
		if n, ok = e.cs.Len(s); !ok {
			return s
		}
	}
	fill := strings.Repeat(string(rune(c.padWith)), max(c.padTo-n, 0))
	if c.padLeft {
		return fill + s
	}
	return s + fill
}

// itemText returns what stands in the n-th item column.
func (e *encoder) itemText(c *outColumn) string {
	n := c.spec.Item - 1
	if n >= len(e.items) {
		return ""
	}
	if left := len(e.items) - n; left > 1 && n == len(e.f.items)-1 {
		if e.f.moreText == nil {
			e.hold(order.HoldLength, c, strings.Join(e.items, " / "), fmt.Sprintf("%d items, at most %d", len(e.items), len(e.f.items)))
			return ""
		}
		return e.f.moreText.fill(&e.row, left)
	}
	s := e.items[n]
	if e.f.Spec.Items.Cut || c.spec.Cut {
		s = e.cut(c, s)
	}
	return s
}

// cut shortens s to the column's limits, whole characters only.
func (e *encoder) cut(c *outColumn, s string) string {
	for _, f := range c.folds {
		s = f(s)
	}
	w := widthLimit{chars: c.chars, bytes: max(c.bytes, c.width)}
	return s[:w.prefix(s, e.cs)]
}

// suggestedFor returns what is usually written for a character that cs lacks.
func suggestedFor(r rune, cs *charset.Charset) string {
	for _, p := range charset.Suggested(cs) {
		if p.From == string(r) {
			return p.To
		}
	}
	return ""
}
