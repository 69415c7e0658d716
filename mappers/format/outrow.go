package format

import (
	"strconv"

	"github.com/mallbridge/mallbridge/mappers/record"
)

// slots tells where a field stands in a row's values; -1 where it does not.
type slots [record.Count]int16

var identity = func() *slots {
	var s slots
	for i := range s {
		s[i] = int16(i)
	}
	return &s
}()

// An outRow is one record as columns see it, with what follows from it and from
// its group.
type outRow struct {
	vals  []string
	slots *slots
	first []string // values of the group's first record
	batch Batch
	sums  *sums // nil where records carry their own totals
	line  int   // number in the group, from 1
	items string
}

// sums are the totals of a group.
type sums struct {
	lines, quantity, amount int64
}

func (o *outRow) raw(f record.Field) string {
	if i := o.slots[f]; i >= 0 {
		return o.vals[i]
	}
	return ""
}

// asFirst reports whether the record has the value of its group's first one.
func (o *outRow) asFirst(f record.Field) bool {
	i := o.slots[f]
	return i >= 0 && o.vals[i] != "" && o.vals[i] == o.first[i]
}

// fieldValue returns a field, made from others where the record lacks it.
func (o *outRow) fieldValue(f record.Field) string {
	if f == record.InstructionItems && o.items != "" {
		return o.items
	}
	if s := o.raw(f); s != "" {
		return s
	}
	switch f {
	case record.ToAddress:
		return o.address(record.ToCountry, record.ToPrefecture)
	case record.BuyerAddress:
		return o.address(record.BuyerCountry, record.BuyerPrefecture)
	case record.FromAddress:
		return o.joined(record.FromPrefecture, "")
	case record.BatchNumber:
		return o.batch.Number
	case record.BatchDate, record.BatchTime:
		return o.batch.field(f)
	}
	if n, ok := o.number(f); ok {
		return strconv.FormatInt(n, 10)
	}
	return ""
}

func (o *outRow) number(f record.Field) (int64, bool) {
	if o.sums == nil {
		return 0, false
	}
	switch f {
	case record.LineNo:
		return int64(o.line), true
	case record.OrderLines:
		return o.sums.lines, true
	case record.OrderQuantity:
		return o.sums.quantity, true
	case record.OrderAmount:
		return o.sums.amount, true
	}
	return 0, false
}

func (o *outRow) address(country, prefecture record.Field) string {
	sep := ""
	if o.raw(country) == "KR" {
		sep = " "
	}
	return o.joined(prefecture, sep)
}

// joined joins the four parts of an address, which follow each other in record.
func (o *outRow) joined(prefecture record.Field, sep string) string {
	out := ""
	for f := prefecture; f < prefecture+4; f++ {
		s := o.raw(f)
		if s == "" {
			continue
		}
		if out != "" {
			out += sep
		}
		out += s
	}
	return out
}

func (o *outRow) columnValue(int) string { return "" }
