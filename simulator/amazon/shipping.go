package amazon

import (
	"net/http"
	"regexp"
	"time"
)

// carriers are codes of the published list that matter in Japan. With another code
// a confirmation is taken and dropped.
var carriers = map[string]bool{
	"YAMATO": true, "YamatoTransport": true, "SAGAWA": true, "SagawaExpress": true, "Japan Post": true, "JP_EXPRESS": true, "NITTSU": true, "NipponExpress": true,
	"Seino": true, "SEINO TRANSPORTATION": true, "FEDEX_JP": true, "FedEx": true, "DHL": true, "UPS": true, "TNT": true, "USPS": true, "Aramex": true,
	"SF Express": true, "Self Delivery": true, "Other": true,
}

type packageDetail struct {
	Reference *string `json:"packageReferenceId"`
	Carrier   string  `json:"carrierCode"`
	Name      string  `json:"carrierName"`
	Method    string  `json:"shippingMethod"`
	Tracking  string  `json:"trackingNumber"`
	Date      string  `json:"shipDate"`
	From      string  `json:"shipFromSupplySourceId"`
	Items     []struct {
		ID       string   `json:"orderItemId"`
		Quantity int64    `json:"quantity"`
		Codes    []string `json:"transparencyCodes"`
	} `json:"orderItems"`
}

var positive = regexp.MustCompile(`^0*[1-9][0-9]*$`)

func confirmShipment(c *call) answer {
	var b struct {
		Market string         `json:"marketplaceId"`
		COD    string         `json:"codCollectionMethod"`
		Detail *packageDetail `json:"packageDetail"`
	}
	if err := c.decode(&b); err != nil {
		return invalid("%v", err)
	}
	o := c.s.byNo[c.vars["orderId"]]
	switch {
	case b.Market != Japan || b.Detail == nil || b.COD != "" && b.COD != "DirectPayment":
		return invalid("marketplaceId, packageDetail or codCollectionMethod")
	case o == nil:
		return failure(http.StatusNotFound, "NotFound", "The requested resource was not found.", "")
	case b.Detail.Reference == nil || !positive.MatchString(*b.Detail.Reference):
		return invalid("the package reference id must be a positive number")
	}
	p := shipped{
		ref: *b.Detail.Reference, carrier: b.Detail.Carrier, name: b.Detail.Name, method: b.Detail.Method, tracking: b.Detail.Tracking, date: b.Detail.Date,
		items: map[string]int64{}, cod: b.COD != "",
	}
	if len(b.Detail.Items) == 0 {
		return invalid("orderItems is empty")
	}
	for _, it := range b.Detail.Items {
		if it.Quantity < 1 || p.items[it.ID] != 0 {
			return invalid("the quantity of order item %s", it.ID)
		}
		p.items[it.ID] = it.Quantity
	}
	code, text := o.ship(p, c.now, c.m.faults.Silent)
	if code != "" {
		return failure(http.StatusBadRequest, code, text, "")
	}
	c.s.sort()
	return answer{status: http.StatusNoContent}
}

// What is confirmed of one parcel.
type shipped struct {
	ref                                   string // empty: the mall gives one
	carrier, name, method, tracking, date string
	items                                 map[string]int64 // nil for all that is left
	cod                                   bool
}

// ship confirms a parcel, or corrects the one with its reference. A code tells what is
// wrong.
func (o *order) ship(p shipped, now time.Time, silent bool) (code, text string) {
	at, err := time.Parse(time.RFC3339Nano, p.date)
	switch {
	case err != nil:
		return "InvalidInput", "shipDate is no date-time"
	case at.Before(o.created) || at.After(now):
		return "InvalidInput", "shipDate is before the order or in the future"
	case p.tracking == "" || p.carrier == "":
		return "InvalidInput", "carrierCode or trackingNumber is missing"
	case p.carrier == "Other" && p.name == "":
		return "InvalidInput", "carrierName is required when carrierCode is Other"
	case p.cod && o.of.Payment != "CashOnDelivery":
		return "InvalidInput", "codCollectionMethod is for cash on delivery"
	case o.by != "MERCHANT":
		return "InvalidInput", "the order is fulfilled by Amazon"
	case o.status == Pending || o.status == PendingAvailability:
		return "InvalidInput", "the order is pending"
	case o.status == Cancelled:
		return "InvalidInput", "the order was cancelled"
	}
	var old *pack
	for _, x := range o.packages {
		if p.ref != "" && x.Reference == p.ref {
			old = x
		}
	}
	left := map[string]int64{}
	for _, it := range o.items {
		left[it.id] = it.ordered - it.fulfilled
		if old != nil {
			left[it.id] += old.Items[it.id]
		}
	}
	if p.items == nil {
		p.items = map[string]int64{}
		for id, n := range left {
			if n > 0 {
				p.items[id] = n
			}
		}
	}
	if old == nil && o.status == Shipped {
		return "PackageToUpdateNotFound", "package not found for this order (sample)"
	}
	for id, n := range p.items {
		of, ok := left[id]
		if !ok {
			return "InvalidInput", "the order item id " + id + " is invalid"
		}
		if n > of {
			return "InvalidInput", "more pieces of " + id + " than are left"
		}
	}
	if silent || !carriers[p.carrier] {
		return "", ""
	}
	if old == nil {
		ref := p.ref
		for n := len(o.packages) + 1; ref == ""; n++ {
			ref = o.free(n)
		}
		old = &pack{Package: Package{Reference: ref}, created: now}
		o.packages = append(o.packages, old)
	}
	for _, it := range o.items {
		it.fulfilled += p.items[it.id] - old.Items[it.id]
	}
	old.Carrier, old.Name, old.Method, old.Tracking, old.Items, old.COD, old.shipped = p.carrier, p.name, p.method, p.tracking, p.items, p.cod, at
	o.status, o.updated, o.asked = Shipped, now, ""
	for _, it := range o.items {
		if it.fulfilled < it.ordered {
			o.status = PartiallyShipped
		}
	}
	return "", ""
}

// free is n as a reference, or empty if it is taken.
func (o *order) free(n int) string {
	ref := itoa(n)
	for _, x := range o.packages {
		if x.Reference == ref {
			return ""
		}
	}
	return ref
}
