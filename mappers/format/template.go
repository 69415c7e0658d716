package format

import (
	"io"
	"strings"

	"github.com/mallbridge/mallbridge/mappers/record"
	"github.com/mallbridge/mallbridge/mappers/workbook"
	"github.com/mallbridge/mallbridge/order"
)

// Template writes an empty file of the format for people to fill in: its header,
// and in a spreadsheet a note for each column, with codes as text so that zeros
// stay. Notes are in the language of the format's country, or in all. CSV comes in UTF-8 with a byte
// order mark, which spreadsheet programs need to show it right.
func (f *Format) Template(w io.Writer) error { return f.TemplateWith(w, TemplateOptions{}) }

// TemplateOptions are what a workspace adds to a template.
type TemplateOptions struct {
	// Lists are the values that people may choose from, by field. They go before
	// those of the format's own tables.
	Lists map[record.Field][]string
	// Workbook makes a spreadsheet of a format whose files are text, which its
	// reader does not take: it has to be saved as the format says.
	Workbook bool
}

// TemplateWith is [Format.Template] with drop-down lists.
func (f *Format) TemplateWith(w io.Writer, o TemplateOptions) error {
	if f.Spec.File.Header != "names" {
		return order.Errorf(order.Invalid, "", "format %s: files of it have no header to fill in under", f.Name())
	}
	if !f.workbook() && !o.Workbook {
		e := f.newEncoder(utf8Charset(), nil, Batch{}, identity)
		b := append([]byte(nil), utf8BOM...)
		for i := range f.Spec.Columns {
			if i > 0 {
				b = append(b, f.delimiter)
			}
			c := &outColumn{spec: &f.Spec.Columns[i]}
			b = e.quoted(b, []byte(c.spec.Name), c, c.spec.Name)
		}
		b = append(b, '\r', '\n')
		if row := f.examples(); row != nil {
			for i, s := range row {
				if i > 0 {
					b = append(b, f.delimiter)
				}
				b = e.quoted(b, []byte(s), &outColumn{}, s)
			}
			b = append(b, '\r', '\n')
		}
		_, err := w.Write(b)
		return err
	}
	wo := workbook.WriteOptions{Sheet: f.Spec.File.Sheet, Freeze: true, Neutralise: true}
	for i := range f.Spec.Columns {
		c := f.templateColumn(i)
		if list := f.choices(i, o.Lists); len(list) > 0 {
			c.List = list
		}
		wo.Columns = append(wo.Columns, c)
	}
	wb, err := workbook.NewWriter(w, wo)
	if err != nil {
		return err
	}
	if row := f.examples(); row != nil {
		cells := make([]workbook.Value, len(row))
		for i, s := range row {
			cells[i] = workbook.Str(s)
		}
		if err := wb.WriteRow(cells); err != nil {
			return err
		}
	}
	return wb.Close()
}

// choices returns what may be chosen in a column.
func (f *Format) choices(i int, lists map[record.Field][]string) []string {
	if s := f.columnStep(i); s != nil {
		return lists[s.field]
	}
	if i < len(f.out) && f.out[i].from == fromField {
		return lists[f.out[i].field]
	}
	return nil
}

// examples returns the columns' examples, nil where none has one. A row of them
// would be read as an order, so they are given only where the format marks them
// by a leading #.
func (f *Format) examples() []string {
	var out []string
	for i := range f.Spec.Columns {
		s := f.Spec.Columns[i].Example
		if i == 0 && !strings.HasPrefix(s, "#") {
			return nil
		}
		out = append(out, s)
	}
	return out
}

func (f *Format) templateColumn(i int) workbook.Column {
	c := &f.Spec.Columns[i]
	typ := f.columnType(i)
	out := workbook.Column{Title: c.Name, Code: typ != typeInt && typ != typeMoney && typ != typeQuantity}
	langs := []string{"en", "ja", "ko"}
	if l := map[string]string{"JP": "ja", "KR": "ko"}[f.Spec.Country]; l != "" {
		langs = []string{l}
	}
	var notes []string
	if c.Note != "" {
		notes = append(notes, c.Note)
	}
	for _, l := range langs {
		note := []string{typeNotes[typ][l]}
		if f.columnRequired(i) {
			note = append(note, map[string]string{"ja": "必須", "ko": "필수", "en": "required"}[l])
		}
		notes = append(notes, strings.Join(clean(note), ", "))
	}
	if c.Example != "" {
		notes = append(notes, c.Example)
	}
	out.Note = cutChars(strings.Join(clean(notes), "\n"), 255)
	if t := f.Spec.Tables[c.Table]; t != nil && len(t.order) <= 20 {
		out.List = append(out.List, t.order...)
	}
	return out
}

func clean(list []string) []string {
	var out []string
	for _, s := range list {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

func (f *Format) columnStep(i int) *step {
	for _, s := range f.steps {
		if len(s.columns) == 1 && s.columns[0] == i {
			return s
		}
	}
	return nil
}

func (f *Format) columnType(i int) valueType {
	if s := f.columnStep(i); s != nil {
		return s.rule.typ
	}
	return typeText
}

func (f *Format) columnRequired(i int) bool {
	s := f.columnStep(i)
	return s != nil && s.required
}

var typeNotes = map[valueType]map[string]string{
	typeCode:     {"ja": "コード(文字列)", "ko": "코드(문자열)", "en": "a code, as text"},
	typeDigits:   {"ja": "数字(文字列)", "ko": "숫자(문자열)", "en": "digits, as text"},
	typeInt:      {"ja": "整数", "ko": "정수", "en": "a whole number"},
	typeMoney:    {"ja": "金額", "ko": "금액", "en": "an amount"},
	typeQuantity: {"ja": "1以上の整数", "ko": "1 이상의 정수", "en": "a whole number from 1"},
	typeDate:     {"ja": "日付 2026-11-22", "ko": "날짜 2026-11-22", "en": "a date such as 2026-11-22"},
	typeDateTime: {"ja": "日時 2026-11-22 09:05", "ko": "일시 2026-11-22 09:05", "en": "date and time such as 2026-11-22 09:05"},
	typeFlag:     {"ja": "1 または空", "ko": "1 또는 공란", "en": "1 or empty"},
}
