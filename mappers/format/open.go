package format

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/mallbridge/mallbridge/mappers/charset"
	"github.com/mallbridge/mallbridge/mappers/sheet"
	"github.com/mallbridge/mallbridge/mappers/workbook"
	"github.com/mallbridge/mallbridge/order"
)

// A Source is a file to read. R must give the same bytes each time: it is read
// more than once.
type Source struct {
	Name string // for messages
	R    io.ReaderAt
	Size int64
}

// Bytes makes a Source of bytes in memory.
func Bytes(name string, b []byte) Source {
	return Source{Name: name, R: bytes.NewReader(b), Size: int64(len(b))}
}

// opened is a file whose beginning was looked at.
type opened struct {
	f         *Format
	src       Source
	cs        *charset.Charset
	delimiter byte
	header    []string // texts of the header row, nil without one
	mended    bool     // it is a file of refused rows, dropped again
	pos       []int    // by column of the format: its place in the file, or -1
	width     int      // columns that a row must have
	start     int64    // offset of the first data row
	line      int64    // its line
	exact     bool     // see sheet.ErrIrregular
	book      *book    // rows of a spreadsheet, nil for text
}

func (o *opened) fail(r order.Reason, do, format string, args ...any) *FileError {
	return &FileError{File: o.src.Name, Reason: r, Do: do, Detail: fmt.Sprintf(format, args...)}
}

func (o *opened) dialect() sheet.Dialect {
	return sheet.Dialect{Delimiter: o.delimiter, NoQuotes: o.f.Spec.File.Quote == "never" && o.f.Spec.Direction == "in"}
}

// open looks at the file's first bytes and finds the columns.
func (f *Format) open(src Source, o *ReadOptions) (*opened, error) {
	if !f.Reads() {
		return nil, order.Errorf(order.Invalid, "", "format %s: files of it are written, not read", f.Name())
	}
	op := &opened{f: f, src: src, cs: f.cs, delimiter: f.delimiter}
	if o.Charset != nil {
		op.cs = o.Charset
	}
	if src.Size == 0 {
		e := op.fail(order.RefusedFile, "ask for the file again", "the file has no bytes")
		e.Err = ErrEmpty
		return nil, e
	}
	head := make([]byte, min(src.Size, 64<<10))
	if _, err := src.R.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %w", src.Name, err)
	}
	kind := workbook.Sniff(head)
	if kind == workbook.XLSX || kind == workbook.EncryptedXLSX || kind == workbook.XLS || kind == workbook.HTML && f.workbook() ||
		kind == workbook.Zip || kind == workbook.Compound || kind == workbook.XLSB || kind == workbook.SpreadsheetXML {
		if !f.workbook() {
			return nil, op.otherKind("drop the file as it was downloaded, without saving it in Excel", "the file is %s, a text file (%s) is expected", kind, f.Spec.File.Kind)
		}
		return op, op.openBook(o, f.cs)
	}
	if f.Spec.File.Kind == "xlsx" && kind != workbook.Text {
		return nil, op.otherKind("drop the workbook as it was downloaded", "the file is %s, a workbook is expected", kind)
	}
	return op, op.openText(head)
}

func (o *opened) otherKind(do, format string, args ...any) *FileError {
	e := o.fail(order.RefusedFile, do, format, args...)
	e.Err = errKind
	return e
}

var utf8BOM = []byte("\xEF\xBB\xBF")

func (o *opened) openText(head []byte) error {
	if bytes.HasPrefix(head, []byte{0xFF, 0xFE}) || bytes.HasPrefix(head, []byte{0xFE, 0xFF}) {
		return o.fail(order.RefusedCharset, "save it as CSV UTF-8", "the file is in UTF-16, %s is expected", o.cs.Name())
	}
	if bytes.HasPrefix(head, utf8BOM) {
		// The mark leaves no doubt, whatever the format says.
		o.start = int64(len(utf8BOM))
		o.cs = utf8Charset()
		head = head[len(utf8BOM):]
	}
	if len(bytes.Trim(head, " \r\n\t\x1A")) == 0 && int64(len(head))+o.start == o.src.Size {
		e := o.fail(order.RefusedFile, "ask for the file again", "the file has only empty lines")
		e.Err = ErrEmpty
		return e
	}
	if !o.cs.ASCIITransparent() {
		if err := o.transcode(); err != nil {
			return err
		}
	}
	if bytes.IndexByte(head, 0) >= 0 {
		return o.fail(order.RefusedFile, "drop the file as it was downloaded", "the file is not text")
	}
	if o.f.workbook() && o.f.Spec.File.Delimiter == "" && o.delimiter == ',' {
		// A mall's ".xls" that is text may be separated by tabs.
		line, _, _ := bytes.Cut(head, []byte{'\n'})
		if bytes.Count(line, []byte{'\t'}) > bytes.Count(line, []byte{','}) {
			o.delimiter = '\t'
		}
	}
	if len(o.f.others) > 0 && o.cs == o.f.cs {
		if err := o.chooseCharset(); err != nil {
			return err
		}
	}
	if err := o.checkCharset(head); err != nil {
		return err
	}
	return o.findHeader()
}

// maxTranscode bounds files in charsets that must be decoded as a whole.
const maxTranscode = 64 << 20

func (o *opened) transcode() error {
	if o.src.Size > maxTranscode {
		return o.fail(order.RefusedFile, "ask for the file in another charset", "a file in %s may have %d bytes", o.cs.Name(), maxTranscode)
	}
	raw := make([]byte, o.src.Size)
	if _, err := o.src.R.ReadAt(raw, 0); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: %w", o.src.Name, err)
	}
	text, err := o.cs.AppendDecode(nil, raw)
	if err != nil {
		return o.badBytes(raw, err)
	}
	o.src = Bytes(o.src.Name, text)
	o.cs = utf8Charset()
	return nil
}

// chooseCharset takes another charset of the format where the whole file is in it and
// not in the format's first one. UTF-8 goes first: text of another charset is hardly
// ever valid UTF-8 by chance, the reverse is common.
func (o *opened) chooseCharset() error {
	for _, cs := range append([]*charset.Charset{o.cs}, o.f.others...) {
		if !strings.HasPrefix(cs.Name(), "utf-8") {
			continue
		}
		valid, plain, err := o.isUTF8()
		if err != nil {
			return err
		}
		if valid && !plain {
			o.cs = cs
			return nil
		}
		break
	}
	for _, cs := range append([]*charset.Charset{o.cs}, o.f.others...) {
		if !strings.HasPrefix(cs.Name(), "utf-8") {
			o.cs = cs
			break
		}
	}
	return nil
}

// isUTF8 reports whether the file is UTF-8, and whether it is ASCII only.
func (o *opened) isUTF8() (valid, plain bool, err error) {
	buf := make([]byte, 256<<10)
	plain = true
	kept := 0
	for at := o.start; at < o.src.Size; {
		n, err := o.src.R.ReadAt(buf[kept:], at)
		if err != nil && !errors.Is(err, io.EOF) || n == 0 {
			return false, false, fmt.Errorf("%s: %w", o.src.Name, err)
		}
		at += int64(n)
		b := buf[:kept+n]
		plain = plain && ascii(string(b))
		kept = 0
		if at < o.src.Size {
			kept = partial(b)
		}
		if !utf8.Valid(b[:len(b)-kept]) {
			return false, false, nil
		}
		copy(buf, b[len(b)-kept:])
	}
	return true, plain, nil
}

// partial is how many bytes at the end of b may be the beginning of a character.
func partial(b []byte) int {
	for i := 1; i < utf8.UTFMax && i <= len(b); i++ {
		if utf8.RuneStart(b[len(b)-i]) {
			if !utf8.FullRune(b[len(b)-i:]) {
				return i
			}
			break
		}
	}
	return 0
}

func (o *opened) badBytes(b []byte, err error) error {
	e := o.fail(order.RefusedCharset, "check the charset of the format, or ask for the file again", "%v", err)
	var de *charset.DecodeError
	if errors.As(err, &de) {
		e.Line = 1 + bytes.Count(b[:de.Offset], []byte{'\n'})
	}
	e.Err = err
	return e
}

// checkCharset refuses a file whose beginning is in another charset, and says in
// which.
func (o *opened) checkCharset(head []byte) error {
	if int64(len(head)) < o.src.Size {
		if i := bytes.LastIndexByte(head, '\n'); i >= 0 {
			head = head[:i]
		}
	}
	_, err := o.cs.AppendDecode(nil, head)
	isUTF8 := utf8.Valid(head) && !ascii(string(head))
	if err == nil && (!isUTF8 || strings.HasPrefix(o.cs.Name(), "utf-8")) {
		return nil
	}
	looks := ""
	switch {
	case isUTF8 && !strings.HasPrefix(o.cs.Name(), "utf-8"):
		if err == nil && !o.moreLikely(head) {
			return nil
		}
		looks = "utf-8"
	case err != nil:
		for _, name := range []string{"cp932", "cp949", "iso-2022-jp"} {
			if cs, lookupErr := charset.Lookup(name); lookupErr == nil && name != o.cs.Name() {
				if _, e := cs.AppendDecode(nil, head); e == nil {
					looks = name
					break
				}
			}
		}
		if looks == "" {
			return nil // single bad bytes are refused row by row
		}
		if bad := o.badShare(head); bad < 0.2 {
			return nil
		}
	}
	e := o.fail(order.RefusedCharset, "set the charset of the account or format to "+looks+", or drop the file as it was downloaded", "the file is not in %s; it looks like %s", o.cs.Name(), looks)
	e.Line, e.looks = 1, looks
	if err != nil {
		var de *charset.DecodeError
		if errors.As(err, &de) {
			e.Line = 1 + bytes.Count(head[:de.Offset], []byte{'\n'})
			e.Value = fmt.Sprintf("% X", de.Bytes)
		}
	}
	e.Err = err
	return e
}

// moreLikely reports whether head, valid in both, is more likely UTF-8: hardly any
// text of another charset is valid UTF-8 by chance.
func (o *opened) moreLikely(head []byte) bool {
	n := 0
	for _, r := range string(head) {
		if r >= 0x800 {
			n++
		}
	}
	return n >= 4
}

// badShare is the share of lines that cannot be decoded.
func (o *opened) badShare(head []byte) float64 {
	lines, bad := 0, 0
	for line := range bytes.Lines(head) {
		if ascii(string(line)) {
			continue
		}
		lines++
		if _, err := o.cs.AppendDecode(nil, line); err != nil {
			bad++
		}
	}
	if lines == 0 {
		return 0
	}
	return float64(bad) / float64(lines)
}

// findHeader reads the first rows and finds the columns.
func (o *opened) findHeader() error {
	file := &o.f.Spec.File
	if file.Kind == "fixed" {
		o.fixedColumns()
	}
	chunks := o.chunks(0)
	ch, err := chunks.Next()
	if err != nil {
		return o.readError(err)
	}
	defer ch.Release()
	var b sheet.Block
	o.split(&b, ch.Data)
	if b.Irregular || b.Open && !ch.Last {
		o.exact = true
	}
	row := -1
	switch {
	case file.Header == "none":
		o.byPosition()
		o.line = 1
	case file.Header == "skip":
		o.byPosition()
		row = o.skipRows(&b)
	default:
		if row, err = o.nameRow(&b); err != nil {
			return err
		}
	}
	first := row + 1
	if row >= 0 {
		first += file.SkipAfter
	}
	o.line = 1 + int64(b.LinesBefore(min(first, b.Rows())))
	o.start += int64(b.Offset(first))
	if file.Header == "none" && o.width == 0 && b.Rows() > 0 {
		o.width = len(b.Row(0))
	}

	return o.checkWidth()
}

func (o *opened) skipRows(b *sheet.Block) int {
	row := min(o.f.Spec.File.HeaderWithin, b.Rows()) - 1
	if row >= 0 && o.width == 0 {
		o.width = len(b.Row(row))
	}
	return row
}

func (o *opened) fixedColumns() {
	for i := range o.f.Spec.Columns {
		o.pos = append(o.pos, i)
	}
	o.width = len(o.pos)
}

// byPosition takes the columns in the order of the format.
func (o *opened) byPosition() {
	o.pos = make([]int, len(o.f.Spec.Columns))
	next := 0
	for i := range o.f.Spec.Columns {
		if at := o.f.Spec.Columns[i].At; at > 0 {
			next = at - 1
		}
		o.pos[i] = next
		next++
	}
	if o.f.Spec.File.ColumnsExact {
		o.width = next
	}
}

func (o *opened) checkWidth() error {
	for i, p := range o.pos {
		if p < 0 || p < o.width || o.f.Spec.Columns[i].Optional || !o.f.columnUsed(i) {
			continue
		}
		return o.fail(order.RefusedColumns, "compare the file with the format "+o.f.Name(), "rows have %d columns, column %d (%s) is expected", o.width, p+1, o.f.Spec.Columns[i].label(i))
	}
	return nil
}

// nameRow finds the row with the columns' names: the first that has all that are
// needed, or else the one that has most of them.
func (o *opened) nameRow(b *sheet.Block) (int, error) {
	var best *FileError
	least := int(^uint(0) >> 1)
	for i := range min(b.Rows(), o.f.Spec.File.HeaderWithin) {
		if len(b.Row(i)) > sheet.MaxColumns {
			return 0, o.fail(order.RefusedColumns, "", "the header has %d columns, the limit is %d", len(b.Row(i)), sheet.MaxColumns)
		}
		cells, err := o.cells(b, i)
		if err != nil {
			if best == nil {
				best = o.fail(order.RefusedCharset, "check the charset of the format", "the header is not in %s: %v", o.cs.Name(), err)
				best.Line = rowLine(b, i)
			}
			continue
		}
		missing, problem := o.match(cells)
		if problem == nil {
			return i, nil
		}
		problem.Line = rowLine(b, i)
		if missing < least {
			least, best = missing, problem
		}
	}
	if best == nil {
		best = o.fail(order.RefusedColumns, "", "there is no header")
	}
	return 0, best
}

// rowLine is the number of a row of the file's first block.
func rowLine(b *sheet.Block, i int) int {
	if b.Numbers != nil {
		return int(b.Numbers[i])
	}
	return 1 + b.LinesBefore(i)
}

// cells decodes a row.
func (o *opened) cells(b *sheet.Block, i int) ([]string, error) {
	row := b.Row(i)
	out := make([]string, len(row))
	var buf, text []byte
	for j, s := range row {
		buf = s.Append(buf[:0], b.Data)
		var err error
		if text, err = o.cs.AppendDecode(text[:0], buf); err != nil {
			return nil, err
		}
		out[j] = string(text)
	}
	return out, nil
}

// match finds the columns by the texts of a header row. It returns how many are
// missing, and why the row cannot be the header.
func (o *opened) match(cells []string) (int, *FileError) {
	places := map[string][]int{}
	for i, c := range withoutReasons(cells) {
		k := key(c)
		places[k] = append(places[k], i)
	}
	pos := make([]int, len(o.f.Spec.Columns))
	var missing, doubled []string
	needed := 0
	for i := range o.f.Spec.Columns {
		col := &o.f.Spec.Columns[i]
		pos[i] = -1
		used := o.f.columnUsed(i)
		for _, name := range append([]string{col.Name}, col.Aliases...) {
			at := places[key(name)]
			n := max(col.Nth, 1)
			if len(at) < n {
				continue
			}
			if col.Nth == 0 && len(at) > 1 && used {
				doubled = append(doubled, col.Name)
			}
			pos[i] = at[n-1]
			break
		}
		if used && !col.Optional {
			needed++
			if pos[i] < 0 {
				missing = append(missing, col.Name)
			}
		}
	}
	if len(missing) > 0 {
		for _, other := range o.f.Spec.Refuse {
			if len(places[key(other[0])]) > 0 {
				e := o.fail(order.RefusedColumns, "download the file that the format "+o.f.Name()+" names", "%s", other[1])
				e.Column = other[0]
				e.missing, e.needed = len(missing), needed
				return 0, e
			}
		}
		e := o.fail(order.RefusedColumns, o.missingHint(missing, cells), "the file lacks the column %s", strings.Join(quoteAll(missing), ", "))
		e.Column, e.missing, e.needed, e.known = missing[0], len(missing), needed, known(pos)
		return len(missing), e
	}
	if len(doubled) > 0 {
		e := o.fail(order.RefusedColumns, "remove the second column, or say nth in the format", "the file has the column %s more than once", strings.Join(quoteAll(doubled), ", "))
		e.Column, e.needed, e.known = doubled[0], needed, known(pos)
		return 0, e
	}
	if o.f.Spec.File.ColumnsExact && len(withoutReasons(cells)) != len(o.f.Spec.Columns) {
		return 0, o.fail(order.RefusedColumns, "", "the header has %d columns, %d are expected", len(cells), len(o.f.Spec.Columns))
	}
	o.header, o.pos, o.width = cells, pos, len(cells)
	o.mended = len(withoutReasons(cells)) < len(cells)
	return 0, nil
}

// known is how many columns are there.
func known(pos []int) int {
	n := 0
	for _, p := range pos {
		if p >= 0 {
			n++
		}
	}
	return n
}

func quoteAll(names []string) []string {
	out := make([]string, 0, min(len(names), 8))
	for i, n := range names {
		if i == 8 {
			return append(out, fmt.Sprintf("and %d more", len(names)-8))
		}
		out = append(out, "「"+n+"」")
	}
	return out
}

func (o *opened) missingHint(missing, cells []string) string {
	if len(missing) > len(o.f.Spec.Columns)/2 {
		return "this is not a file of format " + o.f.Name() + ", or its header is not where the format says"
	}
	best, least := "", 3
	for _, c := range cells {
		if d := distance(key(missing[0]), key(c)); d < least*3 && c != "" && !slices.Contains(missing, c) {
			if _, known := o.f.columns[key(c)]; !known {
				best, least = c, d/3
			}
		}
	}
	if best != "" {
		return "if 「" + best + "」 is that column, add it to its aliases"
	}
	return "download the file with all columns"
}

// columnUsed reports whether reading needs the column.
func (f *Format) columnUsed(i int) bool {
	for _, s := range f.steps {
		if slices.Contains(s.columns, i) || s.prog != nil && slices.Contains(s.prog.columns, i) {
			return true
		}
	}
	_, cols := f.where.uses()
	if slices.Contains(cols, i) {
		return true
	}
	for j := range f.flags {
		if _, cols := f.flags[j].cond.uses(); slices.Contains(cols, i) {
			return true
		}
	}
	return false
}

func (o *opened) chunks(size int) *sheet.Chunks {
	return sheet.NewChunks(o.src.R, o.src.Size, sheet.ChunkOptions{
		Dialect: o.dialect(), Start: o.start, Line: o.line, Exact: o.exact, Size: size,
		Plain: o.f.Spec.File.Kind == "fixed", Record: o.f.Spec.File.RecordBytes,
	})
}

func (o *opened) split(b *sheet.Block, data []byte) {
	if o.f.Spec.File.Kind == "fixed" {
		b.SplitFixed(data, o.f.widths(), o.f.Spec.File.RecordBytes)
		return
	}
	b.Split(data, o.dialect())
}

func (f *Format) widths() []int {
	out := make([]int, len(f.Spec.Columns))
	for i := range out {
		out[i] = f.Spec.Columns[i].Width
	}
	return out
}

// readError turns an error of reading chunks into one about the file.
func (o *opened) readError(err error) error {
	var le *sheet.LimitError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		e := o.fail(order.RefusedFile, "wait until it is complete and drop it again", "%v", err)
		e.Err = err
		return e
	case errors.As(err, &le):
		e := o.fail(order.RefusedFile, "ask for the file again", "%s, the limit is %d", le.What, le.Limit)
		e.Line, e.Err = le.Line, err
		return e
	}
	return fmt.Errorf("%s: %w", o.src.Name, err)
}

// address names a cell of a spreadsheet.
func (o *opened) address(row int64, column string) string {
	if c := o.columnPos(column); c >= 0 {
		return workbook.Address(int(row), c+1)
	}
	return ""
}

func utf8Charset() *charset.Charset {
	cs, _ := charset.Lookup("utf-8")
	return cs
}
