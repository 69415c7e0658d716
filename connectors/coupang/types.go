package coupang

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/order"
)

// An envelope is around every reply. code is a number in some and text in others.
type envelope struct {
	Code    text              `json:"code"`
	Message text              `json:"message"`
	Data    json.RawMessage   `json:"data"`
	List    []json.RawMessage `json:"-"`
	Next    text              `json:"nextToken"`
	NextAt  text              `json:"nextPageIndex"`
}

// records splits data that is a list. A reply without data is no empty list.
func (e *envelope) records() error {
	if len(e.Data) == 0 {
		return errors.New("there is none")
	}
	return json.Unmarshal(e.Data, &e.List)
}

// text is a value that the mall writes as text or as a number. The digits of a
// number stay as they are: bundle numbers have 18 of them.
type text string

func (t *text) UnmarshalJSON(b []byte) error {
	switch {
	case bytes.Equal(b, []byte("null")):
		*t = ""
	case b[0] == '"':
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*t = text(s)
	case b[0] == '{' || b[0] == '[':
		return fmt.Errorf("text or number expected, %.20s found", b)
	default:
		*t = text(b)
	}
	return nil
}

// flag is a boolean that may be null, text or missing.
type flag bool

func (f *flag) UnmarshalJSON(b []byte) error {
	*f = flag(strings.EqualFold(strings.Trim(string(b), `"`), "true"))
	return nil
}

// money is units and billionths of a currency; a bare number in older versions.
type money struct {
	Currency text        `json:"currencyCode"`
	Units    json.Number `json:"units"`
	Nanos    json.Number `json:"nanos"`
	given    bool
}

func (m *money) UnmarshalJSON(b []byte) error {
	if bytes.Equal(b, []byte("null")) {
		return nil
	}
	m.given = true
	if b[0] != '{' {
		whole, part, _ := strings.Cut(strings.Trim(string(b), `"`), ".")
		m.Units = json.Number(whole)
		if strings.Trim(part, "0") != "" {
			m.Nanos = json.Number((part + "000000000")[:9])
		}
		return nil
	}
	type plain money
	return json.Unmarshal(b, (*plain)(m))
}

// smallest returns the amount in the smallest unit of the currency.
func (m *money) smallest(currency string) (int64, error) {
	if !m.given {
		return 0, nil
	}
	if c := string(m.Currency); c != "" && c != currency {
		return 0, fmt.Errorf("an amount in %s among others in %s", c, currency)
	}
	units, err := whole(m.Units)
	if err != nil {
		return 0, err
	}
	nanos, err := whole(m.Nanos)
	if err != nil {
		return 0, err
	}
	scale, step := int64(1), int64(1_000_000_000)
	for range order.Decimals(currency) {
		scale, step = scale*10, step/10
	}
	if nanos%step != 0 || nanos <= -1_000_000_000 || nanos >= 1_000_000_000 {
		return 0, fmt.Errorf("%d billionths are no amount of %s", nanos, currency)
	}
	const most = 1 << 53 / 100
	if units > most || units < -most {
		return 0, fmt.Errorf("%d is out of range", units)
	}
	return units*scale + nanos/step, nil
}

func whole(n json.Number) (int64, error) {
	if n == "" {
		return 0, nil
	}
	v, err := n.Int64()
	if err != nil {
		return 0, fmt.Errorf("%q is no whole number", n)
	}
	return v, nil
}

// A sheet is one bundle of ordersheets v5.
type sheet struct {
	Box        text   `json:"shipmentBoxId"`
	Order      text   `json:"orderId"`
	OrderedAt  text   `json:"orderedAt"`
	Status     text   `json:"status"`
	Shipping   money  `json:"shippingPrice"`
	Remote     money  `json:"remotePrice"`
	RemoteArea flag   `json:"remoteArea"`
	Message    text   `json:"parcelPrintMessage"`
	Split      flag   `json:"splitShipping"`
	Invoice    text   `json:"invoiceNumber"`
	ShippedBy  text   `json:"shipmentType"`
	COD        flag   `json:"isCod"`
	Items      []item `json:"orderItems"`
	Orderer    struct {
		Name  text `json:"name"`
		Email text `json:"email"`
		Safe  text `json:"safeNumber"`
		Real  text `json:"ordererNumber"`
	} `json:"orderer"`
	Receiver struct {
		Name   text `json:"name"`
		Safe   text `json:"safeNumber"`
		Real   text `json:"receiverNumber"`
		Addr1  text `json:"addr1"`
		Addr2  text `json:"addr2"`
		Postal text `json:"postCode"`
	} `json:"receiver"`
	Oversea struct {
		Customs text `json:"personalCustomsClearanceCode"`
	} `json:"overseaShippingInfoDto"`
}

type item struct {
	VendorItem text        `json:"vendorItemId"`
	Product    text        `json:"productId"`
	Name       text        `json:"vendorItemName"`
	Registered text        `json:"sellerProductName"`
	Option     text        `json:"sellerProductItemName"`
	SKU        text        `json:"externalVendorSkuCode"`
	Count      json.Number `json:"shippingCount"`
	Cancelled  json.Number `json:"cancelCount"`
	Held       json.Number `json:"holdCountForCancel"`
	Price      money       `json:"salesPrice"`
	Discount   money       `json:"discountPrice"`
	Prompt     text        `json:"etcInfoHeader"`
	Entries    []text      `json:"etcInfoValues"`
	Estimated  text        `json:"estimatedShippingDate"`
	Planned    text        `json:"plannedShippingDate"`
	Pack       flag        `json:"upBundleItem"`
	PackSize   json.Number `json:"upBundleSize"`
	PackBase   text        `json:"upBundleVendorItemId"`
}

// A claim is one receipt of returnRequests v6.
type claim struct {
	Receipt  text `json:"receiptId"`
	Order    text `json:"orderId"`
	Type     text `json:"receiptType"`
	Status   text `json:"receiptStatus"`
	Created  text `json:"createdAt"`
	Category text `json:"cancelReasonCategory2"`
	Reason   text `json:"cancelReason"`
	Words    text `json:"reasonCodeText"`
	Items    []struct {
		VendorItem text        `json:"vendorItemId"`
		Box        text        `json:"shipmentBoxId"`
		Count      json.Number `json:"cancelCount"`
		Release    text        `json:"releaseStatus"`
		By         text        `json:"cancelCompleteUser"`
	} `json:"returnItems"`
}

// A withdrawal is a claim that its buyer took back.
type withdrawal struct {
	Claim   text `json:"cancelId"`
	Order   text `json:"orderId"`
	Created text `json:"createdAt"`
}

// A product is what a seller registered, with its options.
type product struct {
	ID       text `json:"sellerProductId"`
	Shown    text `json:"productId"`
	Name     text `json:"sellerProductName"`
	Category text `json:"displayCategoryCode"`
	Status   text `json:"statusName"`
	Items    []struct {
		VendorItem text  `json:"vendorItemId"`
		Name       text  `json:"itemName"`
		Sale       money `json:"salePrice"`
		SKU        text  `json:"externalVendorSku"`
		Barcode    text  `json:"barcode"`
	} `json:"items"`
}

// A report is the data of an answer to a write.
type report struct {
	Code    text  `json:"responseCode"`
	Message text  `json:"responseMessage"`
	List    []row `json:"responseList"`
}

type row struct {
	Box     text `json:"shipmentBoxId"`
	Succeed flag `json:"succeed"`
	Code    text `json:"resultCode"`
	Message text `json:"resultMessage"`
}

// seoul is the zone of times without offset. Korea has no daylight saving time.
var seoul = time.FixedZone("KST", 9*60*60)

var layouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04"}

// instant reads a time of the mall, with offset or in Korean time without.
func instant(t text) (order.Instant, error) {
	if t == "" {
		return order.Instant{}, nil
	}
	for _, l := range layouts {
		if at, err := time.ParseInLocation(l, string(t), seoul); err == nil {
			return order.Instant{UTC: at.UTC(), Text: string(t)}, nil
		}
	}
	return order.Instant{}, fmt.Errorf("%q is no time such as 2026-07-15T10:12:13.973885+09:00", t)
}

// day reads the day at the beginning of a date or time; empty if there is none.
func day(t text) order.Date {
	if len(t) < len(time.DateOnly) {
		return ""
	}
	d := order.Date(t[:len(time.DateOnly)])
	if _, ok := d.Time(time.UTC); !ok {
		return ""
	}
	return d
}
