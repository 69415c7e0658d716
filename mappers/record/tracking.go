package record

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/mappers/tracking"
	"github.com/mallbridge/mallbridge/order"
)

// What one row of an upload file stands for: the values of a format's rows.
const (
	PerLine   = "line"
	PerParcel = "parcel"
	PerOrder  = "order"
)

// A TrackingGroup is what is written whole or not at all: the lines of a package, of
// a parcel or of an order, by what a row of the file stands for.
type TrackingGroup struct {
	Of      []int // where its rows stand in the list that was grouped
	Records []Record
}

// TrackingGroups makes the records of an upload file from what a mall is to be
// told. rows is what the format's rows stand for: with [PerLine] the lines of a
// package are a group and each is written, with [PerParcel] the lines under one
// number of a package, with [PerOrder] those of an order; of the latter two the
// format writes the first. Groups and rows keep the order of the list.
//
// shipment.further has the other numbers of what a row stands for: of the line, or
// of the order; one of another carrier has that before it, sagawa:490012345675. Layouts
// that have no place for them hold what has them.
func TrackingGroups(list []order.Tracking, rows string) []TrackingGroup {
	at := map[string]int{}
	var groups []TrackingGroup
	parcels := map[string][]*order.Tracking{}
	for i := range list {
		t := &list[i]
		k := t.Account + "\x00" + t.Order
		switch rows {
		case PerOrder:
		case PerParcel:
			k += "\x00" + t.Package + "\x00" + t.Carrier + "\x00" + t.Number
		default:
			k += "\x00" + t.Package
		}
		g, ok := at[k]
		if !ok {
			g = len(groups)
			at[k] = g
			groups = append(groups, TrackingGroup{})
		}
		groups[g].Of = append(groups[g].Of, i)
		if u := unit(t, rows); !contains(parcels[u], t) {
			parcels[u] = append(parcels[u], t)
		}
	}
	for g := range groups {
		groups[g].Records = trackingRecords(list, groups[g].Of, rows, parcels)
	}
	return groups
}

// unit names what one row stands for.
func unit(t *order.Tracking, rows string) string {
	switch rows {
	case PerOrder:
		return t.Account + "\x00" + t.Order
	case PerParcel:
		return t.Account + "\x00" + t.Order + "\x00" + t.Package + "\x00" + t.Carrier + "\x00" + t.Number
	}
	return t.Account + "\x00" + t.Order + "\x00" + t.Package + "\x00" + t.Line
}

// contains reports whether list has the parcel of t.
func contains(list []*order.Tracking, t *order.Tracking) bool {
	return slices.ContainsFunc(list, func(x *order.Tracking) bool { return x.Number == t.Number && x.Carrier == t.Carrier })
}

func trackingRecords(list []order.Tracking, of []int, rows string, parcels map[string][]*order.Tracking) []Record {
	out := make([]Record, len(of))
	var quantity, amount int64
	for n, i := range of {
		t := &list[i]
		quantity += t.Quantity
		amount += t.Quantity * t.Price
		out[n] = fromTracking(t)
		out[n][LineNo] = strconv.Itoa(n + 1)
		var further []string
		for _, x := range parcels[unit(t, rows)] {
			switch {
			case x.Carrier != t.Carrier:
				further = append(further, x.Carrier+":"+x.Number)
			case x.Number != t.Number:
				further = append(further, x.Number)
			}
		}
		out[n][ShipmentFurther] = strings.Join(further, " ")
	}
	for _, r := range out {
		r[OrderLines] = strconv.Itoa(len(of))
		r[OrderQuantity] = strconv.FormatInt(quantity, 10)
		r[OrderAmount] = strconv.FormatInt(amount, 10)
	}
	return out
}

func fromTracking(t *order.Tracking) Record {
	r := New()
	r[ShipmentAccount], r[OrderNumber], r[PackageKey], r[LineKey] = t.Account, t.Order, t.Package, t.Line
	r[LineItemID], r[LineItemCode], r[LineOptionID] = t.Codes.ItemID, t.Codes.ItemCode, t.Codes.OptionID
	r[LineOptionCode], r[LineSKUCode], r[LineBarcode] = t.Codes.OptionCode, t.Codes.SKUCode, t.Codes.Barcode
	r[LineName], r[LineOption], r[LineNote] = t.Name, t.Option, t.LineNote
	r[LinePrice], r[OrderCurrency] = strconv.FormatInt(t.Price, 10), t.Currency
	r[LineQuantity] = strconv.FormatInt(t.Quantity, 10)
	r[OrderStatus], r[OrderNote], r[InstructionPayment] = t.Status, t.Note, t.Payment
	if !t.Ordered.UTC.IsZero() {
		r[OrderedAt] = t.Ordered.UTC.Format(time.RFC3339)
	}
	r[OrderDelivery], r[PackageDelivery], r[PackageShipBy] = t.Delivery, t.Delivery, string(t.ShipBy)
	r[PackageNote], r[PackageCustomsID] = t.Message, t.Customs
	r[ShipmentCarrier], r[ShipmentService], r[ShipmentTracking], r[ShipmentRaw] = t.Carrier, t.Service, t.Number, t.RawNumber
	r[ShipmentShippedOn], r[InstructionTemperature] = string(t.ShippedOn), string(t.Temperature)
	if !t.ShippedAt.IsZero() {
		r[ShipmentShippedAt] = t.ShippedAt.UTC().Format(time.RFC3339)
	}
	if t.Correct {
		r[ShipmentCorrect] = "1"
	}
	r[ShipmentWas], r[ShipmentRef] = t.Was, t.Ref
	to, buyer := &t.To, &t.Buyer
	r[ToName], r[ToKana], r[ToCompany], r[ToPhone], r[ToPhone2], r[ToEmail], r[ToCountry] = to.Name, to.Kana, to.Company, to.Phone, to.Phone2, to.Email, to.Country
	r[ToPostal], r[ToPrefecture], r[ToCity], r[ToStreet], r[ToBuilding] = to.Postal, to.Prefecture, to.City, to.Street, to.Building
	r[ToAddress] = to.Address()
	r[BuyerName], r[BuyerKana], r[BuyerCompany], r[BuyerPhone], r[BuyerEmail], r[BuyerCountry] = buyer.Name, buyer.Kana, buyer.Company, buyer.Phone, buyer.Email, buyer.Country
	r[BuyerPostal], r[BuyerPrefecture], r[BuyerCity], r[BuyerStreet], r[BuyerBuilding] = buyer.Postal, buyer.Prefecture, buyer.City, buyer.Street, buyer.Building
	return r
}

// ToTracking reads one row of an upload file, such as one that was written before
// or that a seller keeps by hand. A row without a quantity is of all pieces: 0. The
// error is a [*ValueError].
func ToTracking(r Record) (order.Tracking, error) {
	t := order.Tracking{
		Account: r[ShipmentAccount], Order: r[OrderNumber], Package: r[PackageKey], Line: r[LineKey],
		Codes: order.Codes{
			ItemID: r[LineItemID], ItemCode: r[LineItemCode], OptionID: r[LineOptionID], OptionCode: r[LineOptionCode],
			SKUCode: r[LineSKUCode], Barcode: r[LineBarcode],
		},
		Name: r[LineName], Option: r[LineOption], LineNote: r[LineNote], Currency: r[OrderCurrency], Status: r[OrderStatus], Note: r[OrderNote],
		Payment: r[InstructionPayment], Delivery: r[PackageDelivery], ShipBy: order.Date(r[PackageShipBy]), Message: r[PackageNote],
		Customs: r[PackageCustomsID], Carrier: r[ShipmentCarrier], Service: r[ShipmentService], RawNumber: r[ShipmentTracking],
		ShippedOn: order.Date(r[ShipmentShippedOn]), Temperature: order.Temperature(r[InstructionTemperature]),
		Correct: r[ShipmentCorrect] != "" && r[ShipmentCorrect] != "0", Was: r[ShipmentWas], Ref: r[ShipmentRef],
	}
	field := func(f Field) string { return r[f] }
	t.To, t.Buyer = party(field, ToName), party(field, BuyerName)
	if t.Order == "" && t.Line == "" { // a product order is known by its own number
		return t, &ValueError{Field: OrderNumber, Reason: order.RefusedMissing, Err: fmt.Errorf("the row names no order")}
	}
	var err error
	if t.Number, err = tracking.Normalise(t.RawNumber); err != nil {
		return t, &ValueError{Field: ShipmentTracking, Value: t.RawNumber, Reason: order.RefusedTracking, Err: err}
	}
	for _, x := range [...]struct {
		f  Field
		to *int64
	}{{LineQuantity, &t.Quantity}, {LinePrice, &t.Price}} {
		if r[x.f] == "" {
			continue
		}
		if *x.to, err = quantity(r[x.f]); err != nil {
			return t, &ValueError{Field: x.f, Value: r[x.f], Reason: order.RefusedType, Err: err}
		}
	}
	if text := r[OrderedAt]; text != "" {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return t, &ValueError{Field: OrderedAt, Value: text, Reason: order.RefusedType, Err: err}
		}
		t.Ordered = order.Instant{UTC: at.UTC(), Text: text}
	}
	if text := r[ShipmentShippedAt]; text != "" {
		if t.ShippedAt, err = time.Parse(time.RFC3339, text); err != nil {
			return t, &ValueError{Field: ShipmentShippedAt, Value: text, Reason: order.RefusedType, Err: err}
		}
		t.ShippedAt = t.ShippedAt.UTC()
	}
	if r[ShipmentRaw] != "" {
		t.RawNumber = r[ShipmentRaw]
	}
	return t, nil
}
