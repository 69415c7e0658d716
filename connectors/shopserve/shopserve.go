// Package shopserve speaks to the API of Estore's Shopserve: stock and items by what
// public programs show, orders and tracking numbers by what the account says.
//
// The specification of Shopserve's order API is not public: a store gets it after
// agreeing to the terms in its own console. Nothing of it is guessed here. Addresses,
// bodies and names of fields are settings of the account (search_path, search_body,
// fields …), and without them the account has no orders by API; its order sheet is the
// proven way. The driver of an account that leaves them out lacks the abilities.
//
// Two hosts have two keys: the management API the manager key, the open API, from which
// shop pages are built, the open key.
//
// Facts: programs of several authors that write items, stock and shop pages, and what
// integrators say that the order API can do.
package shopserve

import (
	_ "embed"
	"fmt"
	"strconv"

	"github.com/mallbridge/mallbridge/connectors"
)

//go:embed about.yaml
var about []byte

var described = connectors.Described(about)

// Spec is the mall.
var Spec = connectors.Spec{Name: "shopserve", About: described, New: New}

// A Driver speaks to one shop. It has stock and items; orders come by sheet.
type Driver struct {
	client
	account string
	orders  *orderAPI // nil where the account does not say how
}

// A Reader is a Driver whose account says how orders are read.
type Reader struct{ *Driver }

// A Sender is a Reader whose account says how tracking numbers are written.
type Sender struct{ *Reader }

var (
	_ connectors.Driver      = (*Driver)(nil)
	_ connectors.Stocker     = (*Driver)(nil)
	_ connectors.StockReader = (*Driver)(nil)
	_ connectors.Cataloger   = (*Driver)(nil)
	_ connectors.Tester      = (*Driver)(nil)
	_ connectors.Opener      = (*Reader)(nil)
	_ connectors.Rereader    = (*Reader)(nil)
	_ connectors.Shipper     = (*Sender)(nil)
)

// New makes the driver of an account.
func New(a connectors.Account, c *connectors.Client) (connectors.Driver, error) {
	d := &Driver{client: client{c, a.Settings["shop_id"]}, account: a.Name}
	var err error
	if d.orders, err = newOrderAPI(a.Settings); err != nil {
		return nil, err
	}
	switch {
	case d.orders == nil:
		return d, nil
	case d.orders.shipping.path == "":
		return &Reader{d}, nil
	}
	return &Sender{&Reader{d}}, nil
}

// An orderAPI is what an account says of the order API.
type orderAPI struct {
	fetch    bool // new orders are asked for
	days     int  // back which orders are looked at again
	search   endpoint
	list     string // pointer to the orders in an answer to the search
	total    string // pointer to how many there are
	size     int    // orders of one answer
	layout   string // of times in the search
	each     bool   // each order is read by its number, the search names it only
	detail   endpoint
	found    string // pointer to the order in an answer to the detail
	shipping endpoint
	fields   fields
}

// newOrderAPI reads the settings; nil if the account does not say how orders are read.
func newOrderAPI(s map[string]string) (*orderAPI, error) {
	o := &orderAPI{
		fetch:  s["fetch"] == "on",
		search: endpoint{s["search_method"], s["search_path"], s["search_body"]}, list: s["search_list"], total: s["search_total"], layout: layouts[s["time_format"]],
		each:   s["detail_each"] == "yes",
		detail: endpoint{s["detail_method"], s["detail_path"], s["detail_body"]}, found: s["detail_order"],
		shipping: endpoint{s["shipping_method"], s["shipping_path"], s["shipping_body"]},
	}
	if o.search.path == "" && o.detail.path == "" && o.shipping.path == "" {
		if o.fetch {
			return nil, fmt.Errorf("fetch is on, and the account does not say how: the order API of Shopserve is not public; fill in search_path and the settings after it from the specification in your console, or set fetch to off and drop order sheets")
		}
		return nil, nil
	}
	for _, need := range []string{"search_path", "search_body", "search_list", "search_total", "detail_path", "fields"} {
		if s[need] == "" {
			return nil, fmt.Errorf("%s is missing: orders by API need all of search_path, search_body, search_list, search_total, detail_path and fields", need)
		}
	}
	if o.shipping.path != "" && o.shipping.body == "" {
		return nil, fmt.Errorf("shipping_body is missing: it goes with shipping_path")
	}
	var err error
	if o.days, err = strconv.Atoi(s["days"]); err != nil {
		return nil, fmt.Errorf("days: %q is no number", s["days"])
	}
	if o.size, err = strconv.Atoi(s["page_size"]); err != nil {
		return nil, fmt.Errorf("page_size: %q is no number", s["page_size"])
	}
	if o.fields, err = readFields(s["fields"]); err != nil {
		return nil, err
	}
	for _, e := range []struct {
		name   string
		of     endpoint
		values map[string]string
	}{
		{"search", o.search, map[string]string{"from": "x", "to": "x", "offset": "0", "size": "1", "page": "1"}},
		{"detail", o.detail, map[string]string{"order": "x"}},
		{"shipping", o.shipping, map[string]string{"order": "x", "package": "x", "tracking": "x", "carrier": "x", "shipped_on": "x"}},
	} {
		if err := e.of.check(e.values); err != nil {
			return nil, fmt.Errorf("%s_%w", e.name, err)
		}
	}
	return o, nil
}
