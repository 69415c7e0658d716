package record

import (
	"strconv"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/order"
)

// A Batch is what instruction rows say of the file they are in.
type Batch struct {
	Number string
	Time   time.Time // in the warehouse's zone

	date, instant string // of Time, where prepared
}

// Prepared is b for many instructions: its texts are worked out once.
func (b Batch) Prepared() Batch {
	if !b.Time.IsZero() {
		b.date, b.instant = b.Time.Format(time.DateOnly), b.Time.Format(time.RFC3339)
	}
	return b
}

// FromInstruction writes records of in into dst and returns it: one
// record for each line, or, if parcel is set, one record that stands for all
// lines and carries the first one's fields. Records that dst has room for are reused.
func FromInstruction(dst []Record, in *order.Instruction, b Batch, parcel bool) []Record {
	n := len(in.Lines)
	if parcel {
		n = min(n, 1)
	}
	dst = dst[:0]
	for i := range n {
		if i < cap(dst) {
			dst = dst[:i+1]
		} else {
			dst = append(dst, nil)
		}
		if dst[i] == nil {
			dst[i] = New()
		}
	}
	for i, r := range dst {
		if i == 0 {
			clear(r)
			header(r, in, b)
		} else {
			copy(r, dst[0])
		}
	}
	for i, r := range dst {
		l := &in.Lines[i]
		r[OrderNumber], r[PackageKey], r[LineKey] = l.Order, l.Package, l.Line
		r[OrderedAt] = l.Ordered
		r[LineNo] = strconv.Itoa(i + 1)
		r[LineSKU], r[LineName], r[LineOption], r[LineListing] = l.SKU, l.Name, l.Option, l.Listing
		r[LineQuantity] = strconv.FormatInt(l.Quantity, 10)
		r[LinePrice] = strconv.FormatInt(l.Price, 10)
		r[LineWeight] = strconv.FormatInt(l.Weight, 10)
	}
	return dst
}

func header(r Record, in *order.Instruction, b Batch) {
	r[InstructionNumber], r[InstructionWarehouse], r[InstructionService], r[InstructionCarrier] = in.Number, in.Warehouse, in.Service, in.Carrier
	r[InstructionTemperature], r[InstructionTimeBand] = string(in.Temperature), in.TimeBand
	r[LineTemperature] = string(in.Temperature)
	r[InstructionDeliverOn], r[InstructionShipOn], r[InstructionNotBefore] = string(in.DeliverOn), string(in.ShipOn), string(in.NotBefore)
	r[InstructionPayment] = in.Payment
	if in.Collect != 0 {
		r[InstructionCollect] = strconv.FormatInt(in.Collect, 10)
		r[InstructionCollectTax] = strconv.FormatInt(in.CollectTax, 10)
	}
	r[InstructionNote] = in.Note
	r[InstructionInserts] = items(in, true)
	r[InstructionParcels] = strconv.FormatInt(max(in.Parcels, 1), 10)
	r[InstructionItems] = items(in, false)
	r[PackageCustomsID] = in.CustomsID
	r[OrderCurrency] = in.Currency
	r[OrderLines] = strconv.Itoa(len(in.Lines))
	r[OrderQuantity] = strconv.FormatInt(in.Quantity(), 10)
	r[OrderAmount] = strconv.FormatInt(in.Amount(), 10)
	if b.date == "" {
		b = b.Prepared()
	}
	r[BatchDate], r[BatchTime] = b.date, b.instant
	r[BatchNumber] = b.Number
	to, from := &in.To, &in.From
	r[ToName], r[ToKana], r[ToCompany], r[ToPhone], r[ToPhone2], r[ToEmail], r[ToCountry] = to.Name, to.Kana, to.Company, to.Phone, to.Phone2, to.Email, to.Country
	r[ToPostal], r[ToPrefecture], r[ToCity], r[ToStreet], r[ToBuilding] = to.Postal, to.Prefecture, to.City, to.Street, to.Building
	r[ToAddress] = to.Address()
	r[FromName], r[FromKana], r[FromCompany], r[FromPhone] = from.Name, from.Kana, from.Company, from.Phone
	r[FromPostal], r[FromPrefecture], r[FromCity], r[FromStreet], r[FromBuilding] = from.Postal, from.Prefecture, from.City, from.Street, from.Building
	r[FromAddress] = from.Address()
}

// items folds lines into one text: SKU×quantity, separated by spaces; either all
// lines, or only those that rules added.
func items(in *order.Instruction, inserted bool) string {
	var b strings.Builder
	if !inserted {
		b.Grow(len(in.Lines) * 16)
	}
	for i := range in.Lines {
		l := &in.Lines[i]
		if inserted && l.Line != "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(l.SKU)
		if l.Quantity != 1 {
			b.WriteString("×")
			b.WriteString(strconv.FormatInt(l.Quantity, 10))
		}
	}
	return b.String()
}
