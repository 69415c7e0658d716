package record

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/order"
)

// A ValueError says which field of which row could not become part of an order.
type ValueError struct {
	Row    int // index into the rows of the group
	Field  Field
	Value  string
	Reason order.Reason
	Err    error
}

func (e *ValueError) Error() string {
	return fmt.Sprintf("%s %q: %v", e.Field, e.Value, e.Err)
}

func (e *ValueError) Unwrap() error { return e.Err }

// Order builds an order of account from all its rows. Order fields come from the
// first row that has them. Rows with the same package key and recipient are one
// package; rows without a package key but with different recipients are several.
// The error is a [*ValueError].
func Order(account string, rows []Record) (*order.Order, error) {
	o := &order.Order{Account: account}
	first := func(f Field) string {
		for _, r := range rows {
			if r[f] != "" {
				return r[f]
			}
		}
		return ""
	}
	o.Number, o.Status, o.SubStatus = first(OrderNumber), first(OrderStatus), first(OrderSubStatus)
	o.Payment, o.Delivery, o.Currency = first(OrderPayment), first(OrderDelivery), first(OrderCurrency)
	o.Note, o.Memo = first(OrderNote), first(OrderMemo)
	for _, x := range [...]struct {
		f  Field
		to *int64
	}{{OrderTotal, &o.Total}, {OrderGoods, &o.Goods}, {OrderPostage, &o.Postage}, {OrderFee, &o.Fee}, {OrderDiscount, &o.Discount}} {
		if err := whole(rows, x.f, first(x.f), x.to); err != nil {
			return nil, err
		}
	}
	if text := first(OrderedAt); text != "" {
		t, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return nil, &ValueError{Field: OrderedAt, Value: text, Reason: order.RefusedType, Err: err}
		}
		o.Ordered = order.Instant{UTC: t.UTC(), Text: text}
	}
	o.Buyer = party(first, BuyerName)
	o.Flags = flags(rows)
	var at map[string]int // package of each id, where there are several
	for i, r := range rows {
		n := 0
		if i > 0 && (at != nil || !samePackage(r, rows[0])) {
			if at == nil {
				at = map[string]int{packageID(rows[0]): 0}
			}
			id := packageID(r)
			var ok bool
			if n, ok = at[id]; !ok {
				n = len(o.Packages)
				at[id] = n
			}
		}
		if n == len(o.Packages) {
			o.Packages = append(o.Packages, newPackage(r, o.Packages))
			if n == 0 { // most orders have one package
				o.Packages[n].Lines = make([]order.Line, 0, len(rows))
			}
		}
		p := &o.Packages[n]
		l, err := line(r, i, len(p.Lines))
		if err != nil {
			return nil, err
		}
		p.Lines = append(p.Lines, l)
	}
	return o, nil
}

// party reads the block of fields that begins at name; buyer and recipient
// blocks differ in length only.
func party(get func(Field) string, name Field) order.Party {
	if name == BuyerName {
		return order.Party{
			Name: get(BuyerName), Kana: get(BuyerKana), Company: get(BuyerCompany), Phone: get(BuyerPhone), Email: get(BuyerEmail),
			Country: get(BuyerCountry), Postal: get(BuyerPostal), Prefecture: get(BuyerPrefecture), City: get(BuyerCity),
			Street: get(BuyerStreet), Building: get(BuyerBuilding),
		}
	}
	return order.Party{
		Name: get(ToName), Kana: get(ToKana), Company: get(ToCompany), Phone: get(ToPhone), Phone2: get(ToPhone2), Email: get(ToEmail),
		Country: get(ToCountry), Postal: get(ToPostal), Prefecture: get(ToPrefecture), City: get(ToCity), Street: get(ToStreet),
		Building: get(ToBuilding),
	}
}

// samePackage reports whether two rows have the same packageID.
func samePackage(a, b Record) bool {
	if a[PackageKey] != b[PackageKey] {
		return false
	}
	for f := ToName; f <= ToBuilding; f++ {
		if a[f] != b[f] {
			return false
		}
	}
	return true
}

func packageID(r Record) string {
	var b strings.Builder
	b.WriteString(r[PackageKey])
	for f := ToName; f <= ToBuilding; f++ {
		b.WriteByte(0)
		b.WriteString(r[f])
	}
	return b.String()
}

func newPackage(r Record, others []order.Package) order.Package {
	key := r[PackageKey]
	if key == "" {
		key = strconv.Itoa(len(others) + 1)
	}
	for i := range others {
		if others[i].Key == key {
			key += "-" + strconv.Itoa(len(others)+1)
			break
		}
	}
	return order.Package{
		Key: key, To: party(func(f Field) string { return r[f] }, ToName), DeliverOn: order.Date(r[PackageDeliverOn]),
		TimeBand: r[PackageTimeBand], ShipBy: order.Date(r[PackageShipBy]), Delivery: r[PackageDelivery], Note: r[PackageNote],
		CustomsID: r[PackageCustomsID],
	}
}

func line(r Record, row, n int) (order.Line, error) {
	l := order.Line{
		Key: r[LineKey],
		Codes: order.Codes{
			ItemID: r[LineItemID], ItemCode: r[LineItemCode], OptionID: r[LineOptionID], OptionCode: r[LineOptionCode],
			SKUCode: r[LineSKUCode], Barcode: r[LineBarcode],
		},
		Name: r[LineName], Option: r[LineOption], TaxRate: r[LineTaxRate], Note: r[LineNote],
	}
	if l.Key == "" {
		l.Key = strconv.Itoa(n + 1)
	}
	q, err := strconv.ParseInt(r[LineQuantity], 10, 64)
	if err != nil || q < 1 {
		return l, &ValueError{Row: row, Field: LineQuantity, Value: r[LineQuantity], Reason: order.RefusedQuantity, Err: fmt.Errorf("a quantity of 1 or more is wanted")}
	}
	l.Quantity = q
	if s := r[LinePrice]; s != "" {
		if l.Price, err = strconv.ParseInt(s, 10, 64); err != nil {
			return l, &ValueError{Row: row, Field: LinePrice, Value: s, Reason: order.RefusedType, Err: fmt.Errorf("a whole amount is wanted")}
		}
	}
	return l, nil
}

func whole(rows []Record, f Field, text string, to *int64) error {
	if text == "" {
		return nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		for i, r := range rows {
			if r[f] == text {
				return &ValueError{Row: i, Field: f, Value: text, Reason: order.RefusedType, Err: fmt.Errorf("a whole amount is wanted")}
			}
		}
	}
	*to = n
	return nil
}

func flags(rows []Record) []string {
	var out []string
	for _, r := range rows {
		for _, f := range strings.Fields(r[OrderFlags]) {
			known := false
			for _, g := range out {
				known = known || f == g
			}
			if !known {
				out = append(out, f)
			}
		}
	}
	return out
}
