package ebay

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strconv"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/order"
)

const (
	itemsMost = 200 // of one page of the inventory
	readMost  = 25  // SKUs of bulk_get_inventory_item
	skuMost   = 50  // characters
)

// pageItems is the kind of pages of the inventory.
const pageItems = "inventory_item"

func skuOf(c *order.Codes) (string, bool) {
	n := len([]rune(c.SKUCode))
	return c.SKUCode, n > 0 && n <= skuMost
}

type available struct {
	Quantity int64 `json:"quantity"`
}

// A change sets the stock of one item, and that of its offers.
type change struct {
	SKU    string        `json:"sku"`
	Ship   available     `json:"shipToLocationAvailability"`
	Offers []offerChange `json:"offers,omitempty"`
}

type offerChange struct {
	ID        string `json:"offerId"`
	Available int64  `json:"availableQuantity"`
}

// SetStock sets the quantities of items. Buyers see the smaller of an item's quantity
// and its offer's, so that offers with one of their own are set too.
func (d *Driver) SetStock(ctx context.Context, q []connectors.Quantity) []connectors.Result {
	results := make([]connectors.Result, len(q))
	var changes []change
	at := map[string][]int{}
	for i := range q {
		sku, ok := skuOf(&q[i].Codes)
		switch {
		case !ok:
			results[i] = rejected("", "the listing has no SKU (sku_code) of at most 50 characters")
		case q[i].Sell < 0:
			results[i] = rejected("", fmt.Sprintf("%d pieces: 0 or more are expected", q[i].Sell))
		case len(at[sku]) > 0: // the last one counts
			at[sku] = append(at[sku], i)
			changes[slices.IndexFunc(changes, func(c change) bool { return c.SKU == sku })].Ship.Quantity = q[i].Sell
		default:
			at[sku] = []int{i}
			changes = append(changes, change{SKU: sku, Ship: available{q[i].Sell}})
		}
	}
	settle := func(sku string, r connectors.Result) {
		for _, i := range at[sku] {
			results[i] = r
		}
	}
	var ready []change
	for _, c := range changes {
		if err := d.withOffers(ctx, &c); err != nil {
			settle(c.SKU, notWritten(err))
			continue
		}
		ready = append(ready, c)
	}
	for part := range slices.Chunk(ready, d.batch) {
		d.set(ctx, part, settle)
	}
	return results
}

func rejected(code, detail string) connectors.Result {
	return connectors.Result{Outcome: connectors.Rejected, Code: code, Detail: detail}
}

// notWritten is the result where a call before the write failed: nothing was changed.
func notWritten(err error) connectors.Result {
	r := connectors.ResultOf(err)
	if r.Outcome == connectors.Unknown {
		r.Outcome = connectors.Retry
	}
	return r
}

// withOffers adds the offers of an item that have a quantity of their own.
func (d *Driver) withOffers(ctx context.Context, c *change) error {
	if !d.offers {
		return nil
	}
	offers, err := d.offersOf(ctx, c.SKU)
	if err != nil {
		return err
	}
	for _, o := range offers {
		if o.Status == "PUBLISHED" && o.Available != nil {
			c.Offers = append(c.Offers, offerChange{string(o.ID), c.Ship.Quantity})
		}
	}
	return nil
}

// offersOf are the offers of an item; none is no error.
func (d *Driver) offersOf(ctx context.Context, sku string) ([]offer, error) {
	reply, err := d.get(ctx, "getOffers", inventory+"/offer", "sku", sku)
	if err != nil {
		e := connectors.AsError(err)
		if e.Class == connectors.Refused && (e.Status == 404 || slices.Contains([]string{errNoOffer, errNoItem, errNoSKU}, e.Code)) {
			return nil, nil
		}
		return nil, err
	}
	var l struct {
		Offers []offer `json:"offers"`
	}
	if err := json.Unmarshal(reply.Body, &l); err != nil {
		return nil, &connectors.Error{Class: connectors.Refused, Call: "getOffers", Message: "the reply is no list of offers", Err: err}
	}
	return l.Offers, nil
}

// An answered is the answer about one item or offer.
type answered struct {
	Status json.Number `json:"statusCode"`
	SKU    text        `json:"sku"`
	Offer  text        `json:"offerId"`
	Errors []fault     `json:"errors"`
}

func (a *answered) failure() (connectors.Result, bool) {
	if a.Status == "200" && len(a.Errors) == 0 {
		return connectors.Result{}, false
	}
	r := connectors.Result{Outcome: connectors.Rejected, Code: a.Status.String(), Detail: "status " + a.Status.String()}
	n, err := a.Status.Int64()
	if err != nil || n >= 500 || n < 200 {
		r.Outcome = connectors.Retry
	}
	if len(a.Errors) > 0 {
		f := &a.Errors[0]
		r.Code, r.Detail = f.ID.String(), f.text()
		if f.Category == "APPLICATION" || r.Code == errMeanwhile {
			r.Outcome = connectors.Retry
		}
	}
	return r, true
}

// set sends one call. eBay's contract contradicts itself on how many items fit: where
// it finds them too many, they go one by one.
func (d *Driver) set(ctx context.Context, part []change, settle func(string, connectors.Result)) {
	reply, err := d.post(ctx, "bulkUpdatePriceQuantity", inventory+"/bulk_update_price_quantity", map[string]any{"requests": part}, true)
	if err != nil && len(part) > 1 && connectors.AsError(err).Code == errTooMany {
		for i := range part {
			d.set(ctx, part[i:i+1], settle)
		}
		return
	}
	var body struct {
		Responses []answered `json:"responses"`
	}
	if err == nil {
		if uerr := json.Unmarshal(reply.Body, &body); uerr != nil {
			err = &connectors.Error{Class: connectors.Unanswered, Call: "bulkUpdatePriceQuantity", Message: "the reply tells nothing of the items", Err: uerr}
		}
	}
	for _, c := range part {
		if err != nil {
			settle(c.SKU, connectors.ResultOf(err))
			continue
		}
		settle(c.SKU, c.result(body.Responses))
	}
}

// result is what became of an item: all answers about it and its offers together.
func (c *change) result(all []answered) connectors.Result {
	told := false
	for i := range all {
		a := &all[i]
		item := a.SKU == text(c.SKU)
		if !item && !slices.ContainsFunc(c.Offers, func(o offerChange) bool { return a.Offer == text(o.ID) }) {
			continue
		}
		if r, failed := a.failure(); failed {
			return r
		}
		told = told || item
	}
	if !told {
		return connectors.Result{Outcome: connectors.Unknown, Detail: "the answer says nothing of the item"}
	}
	return connectors.Result{Outcome: connectors.Done, Code: "200"}
}

// ReadStock asks for the quantities of items; where offers have one of their own, for
// the smallest.
func (d *Driver) ReadStock(ctx context.Context, codes []order.Codes) ([]int64, error) {
	var skus []string
	for i := range codes {
		if sku, ok := skuOf(&codes[i]); ok {
			skus = append(skus, sku)
		}
	}
	found := map[string]int64{}
	for part := range slices.Chunk(connectors.Distinct(skus), readMost) {
		if err := d.readItems(ctx, part, found); err != nil {
			return nil, err
		}
	}
	out := make([]int64, len(codes))
	for i := range codes {
		n, ok := found[codes[i].SKUCode]
		if !ok {
			n = -1
		}
		out[i] = n
	}
	return out, nil
}

func (d *Driver) readItems(ctx context.Context, skus []string, found map[string]int64) error {
	type one struct {
		SKU string `json:"sku"`
	}
	var asked []one
	for _, s := range skus {
		asked = append(asked, one{s})
	}
	reply, err := d.post(ctx, "bulkGetInventoryItem", inventory+"/bulk_get_inventory_item", map[string]any{"requests": asked}, true)
	if err != nil {
		return err
	}
	var body struct {
		Responses []struct {
			answered
			Item stocked `json:"inventoryItem"`
		} `json:"responses"`
	}
	if err := json.Unmarshal(reply.Body, &body); err != nil {
		return &connectors.Error{Class: connectors.Refused, Call: "bulkGetInventoryItem", Message: "the reply is no list of items", Err: err}
	}
	for i := range body.Responses {
		a := &body.Responses[i]
		r, failed := a.failure()
		switch {
		case failed && (a.Status == "404" || r.Code == errNoSKU || r.Code == errNoItem):
			continue
		case failed:
			return &connectors.Error{Class: connectors.Transient, Call: "bulkGetInventoryItem", Code: r.Code, Message: string(a.SKU) + ": " + r.Detail}
		}
		n, err := d.shown(ctx, string(a.SKU), &a.Item)
		if err != nil {
			return err
		}
		found[string(a.SKU)] = n
	}
	return nil
}

func (d *Driver) shown(ctx context.Context, sku string, item *stocked) (int64, error) {
	least := int64(-1)
	add := func(q *json.Number) error {
		if q == nil {
			return nil
		}
		n, err := q.Int64()
		if err != nil || n < 0 {
			return &connectors.Error{Class: connectors.Refused, Call: "bulkGetInventoryItem", Message: fmt.Sprintf("%s: %q is no number of pieces", sku, *q)}
		}
		if least < 0 || n < least {
			least = n
		}
		return nil
	}
	if err := add(item.Available.Ship.Quantity); err != nil {
		return 0, err
	}
	if !d.offers {
		return least, nil
	}
	offers, err := d.offersOf(ctx, sku)
	if err != nil {
		return 0, err
	}
	for i := range offers {
		if offers[i].Status == "PUBLISHED" {
			if err := add(offers[i].Available); err != nil {
				return 0, err
			}
		}
	}
	return least, nil
}

// Catalog yields the items of the inventory.
func (d *Driver) Catalog(ctx context.Context) iter.Seq2[connectors.Page, error] {
	return d.CatalogFrom(ctx, connectors.CatalogFrom{})
}

// CatalogFrom yields the items from a page on. eBay does not tell when an item was
// changed.
func (d *Driver) CatalogFrom(ctx context.Context, from connectors.CatalogFrom) iter.Seq2[connectors.Page, error] {
	return func(yield func(connectors.Page, error) bool) {
		first := 0
		if from.Position != "" {
			n, err := strconv.Atoi(from.Position)
			if err != nil || n < 0 {
				yield(connectors.Page{}, &connectors.Error{Class: connectors.Refused, Call: "getInventoryItems", Message: fmt.Sprintf("%q is no place to go on from", from.Position)})
				return
			}
			first = n
		}
		for page := first; ; page++ {
			// Here the offset counts pages.
			reply, err := d.get(ctx, "getInventoryItems", inventory+"/inventory_item", "limit", number(itemsMost), "offset", number(page))
			if err != nil {
				yield(connectors.Page{}, err)
				return
			}
			p, more, err := itemPage(reply, page)
			if err != nil {
				yield(connectors.Page{}, err)
				return
			}
			if len(p.Keys) > 0 && !yield(p, nil) || !more {
				return
			}
		}
	}
}

// itemPage makes a page of a reply; more says that others follow.
func itemPage(reply *connectors.Reply, page int) (p connectors.Page, more bool, err error) {
	var l struct {
		Next  text `json:"next"`
		Items []struct {
			SKU text `json:"sku"`
		} `json:"inventoryItems"`
	}
	if err := json.Unmarshal(reply.Body, &l); err != nil {
		return p, false, &connectors.Error{Class: connectors.Refused, Call: "getInventoryItems", Message: "the reply is no list of items", Err: err}
	}
	if len(l.Items) == 0 && l.Next != "" {
		return p, false, &connectors.Error{Class: connectors.Transient, Call: "getInventoryItems", Message: "a page without items says that more follow"}
	}
	p = connectors.Page{Kind: pageItems, Body: reply.Body, Total: -1, At: reply.At}
	for i, it := range l.Items {
		key := string(it.SKU)
		if key == "" {
			key = "record " + number(page*itemsMost+i)
		}
		p.Keys = append(p.Keys, key)
	}
	if l.Next != "" {
		p.Next = number(page + 1)
	}
	return p, l.Next != "", nil
}
