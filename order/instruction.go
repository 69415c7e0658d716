package order

import "time"

// An Instruction is one parcel's worth of work for a warehouse. It is made from
// one package, from part of one (split by warehouse or temperature), or from
// several (merged). Its lines say from which mall line each piece comes.
type Instruction struct {
	ID          int64  // the ledger's
	Number      string // the warehouse's key of it: short, unique, letters and digits only
	Warehouse   string
	Account     string // of its first line
	To          Party
	From        Party  // who is printed as sender
	Service     string // our delivery service code, masters/delivery-services.csv
	Carrier     string // carrier code: yamato, sagawa, japanpost, cj …
	Temperature Temperature
	TimeBand    string // our time band code: am, 1416 …
	DeliverOn   Date
	ShipOn      Date   // the warehouse's working day that it is meant for
	NotBefore   Date   // not to be shipped earlier
	Payment     string // our payment code: prepaid, cod …
	Collect     int64  // cash to collect on delivery; 0 unless Payment is cod
	CollectTax  int64  // tax inside Collect
	Currency    string
	Note        string // delivery message printed on the label
	CustomsID   string
	Parcels     int64
	Lines       []InstructionLine
}

// An InstructionLine is one SKU in a quantity, with the mall line it serves. A
// set makes several of them from one mall line.
type InstructionLine struct {
	OrderID  int64 // the ledger's
	Account  string
	Order    string // order number
	Package  string // package key
	Line     string // line key; empty for what a rule adds to the parcel
	SKU      string
	Name     string // what to print: the SKU's name, or the listing's
	Option   string
	Quantity int64
	Price    int64
	Weight   int64 // grams each, 0 if unknown
	Listing  string
	Ordered  string // order date as the mall wrote it
}

// Quantity sums the pieces of all lines.
func (in *Instruction) Quantity() int64 {
	var n int64
	for i := range in.Lines {
		n += in.Lines[i].Quantity
	}
	return n
}

// Amount sums price times quantity of all lines.
func (in *Instruction) Amount() int64 {
	var n int64
	for i := range in.Lines {
		n += in.Lines[i].Quantity * in.Lines[i].Price
	}
	return n
}

// Temperature is the class in which a parcel travels.
type Temperature string

// The three classes that carriers of both countries know.
const (
	Normal  Temperature = "normal"
	Chilled Temperature = "chilled"
	Frozen  Temperature = "frozen"
)

// A Shipment is one parcel that a warehouse says it shipped.
type Shipment struct {
	Instruction string // the warehouse's key, as the result file gives it
	Carrier     string // carrier code
	Tracking    string // digits without hyphens; RawTracking keeps the file's text
	RawTracking string
	ShippedOn   Date
	Parcels     int64
	Cancelled   bool // the label was withdrawn; an earlier number of it no longer counts
	Lines       []ShippedLine
}

// A ShippedLine tells how much of a SKU a parcel carried. A result file without
// lines ships the whole instruction.
type ShippedLine struct {
	SKU      string
	Quantity int64
}

// Stock is what a warehouse says it has of one SKU.
type Stock struct {
	Warehouse string
	SKU       string
	OnHand    int64
	Allocated int64
	Sellable  int64 // the warehouse's own figure, or OnHand - Allocated
	At        time.Time
}

// An Ack is a warehouse's answer to one instruction of a batch.
type Ack struct {
	Batch       string // our batch number or file name, if the file gives it
	Instruction string
	OK          bool
	Message     string
	Stop        bool // it answers a stop request: OK means the parcel was stopped
}
