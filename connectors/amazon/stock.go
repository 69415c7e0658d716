package amazon

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/order"
)

const (
	listingsAPI = "/listings/2021-08-01/items/"
	// skusOfCall is how many SKUs a search takes, and how many listings a page has.
	skusOfCall = 20
)

// noSeller is why listings cannot be reached.
const noSeller = "seller_id is not set: Seller Central → settings → account info → merchant token"

// SetStock sets quantities by patches that leave the handling time alone, one call
// each. The listings are read before, 20 at a call: a quantity for one that Amazon
// ships would take it out of Amazon's warehouse, and one that is there already need
// not be sent.
func (d *Driver) SetStock(ctx context.Context, q []connectors.Quantity) []connectors.Result {
	out := make([]connectors.Result, len(q))
	var todo []int
	var skus []string
	for i := range q {
		switch {
		case q[i].Codes.ItemCode == "":
			out[i] = rejected("", "the listing has no item_code (the seller's SKU)")
		case q[i].Sell < 0:
			out[i] = rejected("", "%d pieces: 0 or more are expected", q[i].Sell)
		case d.seller == "":
			out[i] = rejected("", noSeller)
		default:
			todo, skus = append(todo, i), append(skus, q[i].Codes.ItemCode)
		}
	}
	if len(todo) == 0 {
		return out
	}
	now, err := d.offers(ctx, skus)
	for _, i := range todo {
		if err != nil {
			out[i] = notWritten(err)
			continue
		}
		out[i] = d.setStock(ctx, q[i].Codes.ItemCode, q[i].Sell, now)
	}
	return out
}

func (d *Driver) setStock(ctx context.Context, sku string, sell int64, now map[string]*listingModel) connectors.Result {
	l := now[sku]
	if l == nil {
		return rejected(codeUnknown, "Amazon has no listing with the SKU")
	}
	n, own := l.stock()
	switch {
	case !own && len(l.Availability) > 0:
		return rejected("", "Amazon ships the listing (%s); its stock is not the shop's to set", l.Availability[0].Channel)
	case own && n == sell:
		return connectors.Result{Outcome: connectors.Already, Detail: "Amazon has that quantity"}
	}
	reply, err := d.call(ctx, connectors.Request{
		Kind: "patchListingsItem", Method: http.MethodPatch, Path: listingsAPI + url.PathEscape(d.seller) + "/" + url.PathEscape(sku),
		Query: encode(url.Values{"marketplaceIds": {d.store}}), Safe: true,
	}, map[string]any{
		"productType": "PRODUCT",
		"patches": []any{map[string]any{
			"op": "merge", "path": "/attributes/fulfillment_availability",
			"value": []any{map[string]any{"fulfillment_channel_code": ownChannel, "quantity": sell}},
		}},
	})
	if err != nil {
		return connectors.ResultOf(err)
	}
	var s submission
	if err := unmarshal(reply.Body, &s); err != nil {
		return connectors.Result{Detail: err.Error()}
	}
	if s.Status == "ACCEPTED" {
		l.Availability = l.Availability[:0]
		l.Availability = append(l.Availability, struct {
			Channel  string `json:"fulfillmentChannelCode"`
			Quantity *int64 `json:"quantity"`
		}{ownChannel, &sell})
		return connectors.Result{Outcome: connectors.Done, Code: s.Status}
	}
	var text []string
	for _, x := range s.Issues {
		text = append(text, strings.TrimSpace(x.Code+" "+x.Message))
	}
	return rejected(s.Status, "%s", strings.Join(text, "; "))
}

// offers reads listings by their SKUs. A search takes them separated by commas, so
// that an SKU with a comma is read by itself.
func (d *Driver) offers(ctx context.Context, skus []string) (map[string]*listingModel, error) {
	out := map[string]*listingModel{}
	var many []string
	for _, sku := range unique(skus) {
		if !strings.Contains(sku, ",") {
			many = append(many, sku)
			continue
		}
		reply, err := d.read(ctx, "getListingsItem", listingsAPI+url.PathEscape(d.seller)+"/"+url.PathEscape(sku),
			url.Values{"marketplaceIds": {d.store}, "includedData": {"fulfillmentAvailability"}})
		if err != nil {
			if reply != nil && reply.Status == http.StatusNotFound {
				continue
			}
			return nil, err
		}
		if err := keep(out, reply.Body); err != nil {
			return nil, err
		}
	}
	for from := 0; from < len(many); from += skusOfCall {
		part := many[from:min(from+skusOfCall, len(many))]
		reply, err := d.read(ctx, "searchListingsItems", listingsAPI+url.PathEscape(d.seller), url.Values{
			"marketplaceIds": {d.store}, "includedData": {"fulfillmentAvailability"}, "identifiersType": {"SKU"}, "identifiers": {strings.Join(part, ",")},
			"pageSize": {strconv.Itoa(skusOfCall)},
		})
		if err != nil {
			if reply != nil && reply.Status == http.StatusNotFound {
				continue
			}
			return nil, err
		}
		var r listingsReply
		if err := unmarshal(reply.Body, &r); err != nil || r.Results == nil {
			return nil, broken("searchListingsItems", "the reply has no listings")
		}
		for _, raw := range r.Items {
			if err := keep(out, raw); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

func keep(out map[string]*listingModel, raw []byte) error {
	var l listingModel
	if err := json.Unmarshal(raw, &l); err != nil || l.SKU == "" {
		return &connectors.Error{Class: connectors.Transient, Call: "searchListingsItems", Message: "a listing cannot be read", Err: err}
	}
	out[l.SKU] = &l
	return nil
}

// ReadStock reads what listings offer. Those that Amazon ships have no quantity of the
// shop's and count as not there.
func (d *Driver) ReadStock(ctx context.Context, codes []order.Codes) ([]int64, error) {
	out := make([]int64, len(codes))
	var skus []string
	for i := range codes {
		if out[i] = -1; codes[i].ItemCode != "" {
			skus = append(skus, codes[i].ItemCode)
		}
	}
	if len(skus) == 0 {
		return out, nil
	}
	if d.seller == "" {
		return nil, &connectors.Error{Class: connectors.Refused, Call: "searchListingsItems", Message: noSeller}
	}
	now, err := d.offers(ctx, skus)
	if err != nil {
		return nil, err
	}
	for i := range codes {
		if l := now[codes[i].ItemCode]; l != nil {
			if n, own := l.stock(); own {
				out[i] = n
			}
		}
	}
	return out, nil
}

// Catalog lists everything; see [Driver.CatalogFrom].
func (d *Driver) Catalog(ctx context.Context) iter.Seq2[connectors.Page, error] {
	return d.CatalogFrom(ctx, connectors.CatalogFrom{})
}

// CatalogFrom lists the seller's listings in the order of their SKUs, 20 at a page.
func (d *Driver) CatalogFrom(ctx context.Context, from connectors.CatalogFrom) iter.Seq2[connectors.Page, error] {
	return func(yield func(connectors.Page, error) bool) {
		if d.seller == "" {
			yield(connectors.Page{}, &connectors.Error{Class: connectors.Refused, Call: "searchListingsItems", Message: noSeller})
			return
		}
		q := url.Values{
			"marketplaceIds": {d.store}, "includedData": {"summaries,offers,fulfillmentAvailability"}, "sortBy": {"sku"}, "sortOrder": {"ASC"}, "pageSize": {strconv.Itoa(skusOfCall)},
		}
		if t, ok := from.Since.Time(d.account.Zone); ok {
			q.Set("lastUpdatedAfter", t.UTC().Format(time.RFC3339))
		}
		for position := from.Position; ; {
			if position != "" {
				q.Set("pageToken", position)
			}
			reply, err := d.read(ctx, "searchListingsItems", listingsAPI+url.PathEscape(d.seller), q)
			if err != nil {
				yield(connectors.Page{}, err)
				return
			}
			var r listingsReply
			if err := unmarshal(reply.Body, &r); err != nil || r.Results == nil {
				yield(connectors.Page{}, broken("searchListingsItems", "the reply has no listings"))
				return
			}
			p := connectors.Page{Kind: "searchListingsItems", Body: reply.Body, Total: -1, At: reply.At, Next: r.Pagination.Next}
			for i, raw := range r.Items {
				var l listingModel
				if json.Unmarshal(raw, &l) != nil || l.SKU == "" {
					l.SKU = fmt.Sprintf("items[%d] after %s", i, position)
				}
				p.Keys = append(p.Keys, l.SKU)
			}
			if len(p.Keys) > 0 && !yield(p, nil) {
				return
			}
			switch r.Pagination.Next {
			case "":
				return
			case position:
				yield(connectors.Page{}, broken("searchListingsItems", "a page leads to itself"))
				return
			}
			position = r.Pagination.Next
		}
	}
}
