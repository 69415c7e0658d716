package record

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/mappers/tracking"
	"github.com/mallbridge/mallbridge/order"
)

// Shipment reads one row of a result file. Several tracking numbers in one cell
// (separated by comma, slash, space or line break) give several shipments.
func Shipment(r Record) ([]order.Shipment, error) {
	s := order.Shipment{
		Instruction: r[InstructionNumber], Carrier: r[ShipmentCarrier], ShippedOn: order.Date(r[ShipmentShippedOn]), Parcels: 1,
		Cancelled: r[ShipmentCancelled] != "" && r[ShipmentCancelled] != "0",
	}
	if s.Instruction == "" {
		return nil, &ValueError{Field: InstructionNumber, Reason: order.RefusedMissing, Err: fmt.Errorf("the row names no instruction")}
	}
	var err error
	if p := r[ShipmentParcels]; p != "" {
		if s.Parcels, err = quantity(p); err != nil {
			return nil, &ValueError{Field: ShipmentParcels, Value: p, Reason: order.RefusedType, Err: err}
		}
	}
	if sku := r[LineSKU]; sku != "" && r[ShipmentQuantity] != "" {
		q, err := quantity(r[ShipmentQuantity])
		if err != nil {
			return nil, &ValueError{Field: ShipmentQuantity, Value: r[ShipmentQuantity], Reason: order.RefusedType, Err: err}
		}
		s.Lines = []order.ShippedLine{{SKU: sku, Quantity: q}}
	}
	numbers := tracking.Split(r[ShipmentTracking])
	if len(numbers) == 0 {
		return nil, &ValueError{Field: ShipmentTracking, Reason: order.RefusedTracking, Err: fmt.Errorf("the row has no tracking number")}
	}
	out := make([]order.Shipment, len(numbers))
	for i, n := range numbers {
		out[i] = s
		out[i].RawTracking = n
		if out[i].Tracking, err = tracking.Normalise(n); err != nil {
			return nil, &ValueError{Field: ShipmentTracking, Value: n, Reason: order.RefusedTracking, Err: err}
		}
	}
	return out, nil
}

// quantity reads a whole number that may be written with zero decimals, "1.00".
func quantity(s string) (int64, error) {
	w, frac, _ := strings.Cut(strings.ReplaceAll(s, ",", ""), ".")
	if strings.Trim(frac, "0") != "" {
		return 0, fmt.Errorf("a whole number is wanted")
	}
	n, err := strconv.ParseInt(w, 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("a whole number is wanted")
	}
	return n, nil
}

// Ack reads one row of an acknowledgement file. ack.result is ok, error, stopped
// or too_late; formats map the warehouse's words to these by a table.
func Ack(r Record) (order.Ack, error) {
	a := order.Ack{Batch: r[BatchNumber], Instruction: r[InstructionNumber], Message: r[AckMessage]}
	if a.Instruction == "" {
		return a, &ValueError{Field: InstructionNumber, Reason: order.RefusedMissing, Err: fmt.Errorf("the row names no instruction")}
	}
	switch r[AckResult] {
	case "ok":
		a.OK = true
	case "error":
	case "stopped":
		a.Stop, a.OK = true, true
	case "too_late":
		a.Stop = true
	default:
		return a, &ValueError{Field: AckResult, Value: r[AckResult], Reason: order.RefusedType, Err: fmt.Errorf("ok, error, stopped or too_late is wanted")}
	}
	return a, nil
}

// StockRow reads one row of a stock file. at is the time of the file, used where
// the row has none. Rows whose status column says damaged or reserved are left
// out by the format (where), not here.
func StockRow(r Record, warehouse string, at time.Time) (order.Stock, error) {
	s := order.Stock{Warehouse: warehouse, SKU: r[StockSKU], At: at}
	if s.SKU == "" {
		return s, &ValueError{Field: StockSKU, Reason: order.RefusedMissing, Err: fmt.Errorf("the row names no SKU")}
	}
	for _, x := range [...]struct {
		f  Field
		to *int64
	}{{StockOnHand, &s.OnHand}, {StockAllocated, &s.Allocated}, {StockSellable, &s.Sellable}} {
		if r[x.f] == "" {
			continue
		}
		n, err := quantity(r[x.f])
		if err != nil {
			return s, &ValueError{Field: x.f, Value: r[x.f], Reason: order.RefusedType, Err: err}
		}
		*x.to = n
	}
	if r[StockSellable] == "" {
		s.Sellable = max(s.OnHand-s.Allocated, 0)
	}
	if r[StockOnHand] == "" {
		s.OnHand = s.Sellable + s.Allocated
	}
	if text := r[StockAt]; text != "" {
		t, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return s, &ValueError{Field: StockAt, Value: text, Reason: order.RefusedType, Err: err}
		}
		s.At = t
	}
	return s, nil
}

// Stocks sums rows of the same SKU (locations, lots) in the order in which SKUs
// first appear.
func Stocks(rows []order.Stock) []order.Stock {
	at := map[string]int{}
	var out []order.Stock
	for _, s := range rows {
		i, ok := at[s.SKU]
		if !ok {
			at[s.SKU] = len(out)
			out = append(out, s)
			continue
		}
		out[i].OnHand += s.OnHand
		out[i].Allocated += s.Allocated
		out[i].Sellable += s.Sellable
	}
	return out
}
