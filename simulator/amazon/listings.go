package amazon

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

type listing struct {
	sku, asin, title, channel string
	price, quantity           int64
	days                      int64 // handling time, which a replacement wipes
	created, updated          time.Time
}

// A Listing is something that a seller offers.
type Listing struct {
	SKU, ASIN, Title string
	Price, Quantity  int64
	Channel          string // DEFAULT, or Amazon's such as AMAZON_JP
	Days             int64  // handling time
}

// Sell puts a listing into a seller's store.
func (m *Mall) Sell(id string, l Listing) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.sellers[id]
	if s == nil {
		return fmt.Errorf("amazon: no seller %s", id)
	}
	now := m.opt.Now()
	s.items[l.SKU] = &listing{l.SKU, l.ASIN, l.Title, cmp.Or(l.Channel, "DEFAULT"), l.Price, l.Quantity, l.Days, now, now}
	return nil
}

// Offer returns how many pieces of an SKU may be sold, and its handling time in days.
func (m *Mall) Offer(id, sku string) (quantity, days int64, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.sellers[id]
	if s == nil || s.items[sku] == nil {
		return 0, 0, fmt.Errorf("amazon: no SKU %s of %s", sku, id)
	}
	return s.items[sku].quantity, s.items[sku].days, nil
}

var itemSets = []string{"summaries", "attributes", "issues", "offers", "fulfillmentAvailability", "procurement", "relationships", "productTypes"}

// listings checks what the calls of listings share.
func (c *call) listings() ([]string, answer) {
	if c.vars["sellerId"] != c.s.ID {
		return nil, failure(http.StatusForbidden, "Unauthorized", denied, "another seller")
	}
	if c.q.Get("marketplaceIds") != Japan {
		return nil, invalid("marketplaceIds")
	}
	sets, err := c.list("includedData", len(itemSets), itemSets...)
	if err != nil {
		return nil, invalid("%v", err)
	}
	if sets == nil {
		sets = []string{"summaries"}
	}
	return sets, answer{}
}

func (l *listing) model(sets []string) object {
	m := object{"sku": l.sku}
	for _, s := range sets {
		switch s {
		case "summaries":
			status := []string{"DISCOVERABLE"}
			if l.quantity > 0 || l.channel != "DEFAULT" {
				status = []string{"BUYABLE", "DISCOVERABLE"}
			}
			m["summaries"] = []any{object{
				"marketplaceId": Japan, "asin": l.asin, "productType": "KITCHEN", "status": status, "itemName": l.title, "createdDate": stamp(l.created), "lastUpdatedDate": stamp(l.updated),
			}}
		case "offers":
			m["offers"] = []any{object{"marketplaceId": Japan, "offerType": "B2C", "price": object{"currencyCode": "JPY", "amount": strconv.FormatInt(l.price, 10)}}}
		case "fulfillmentAvailability":
			a := object{"fulfillmentChannelCode": l.channel}
			if l.channel == "DEFAULT" {
				a["quantity"] = l.quantity
			}
			m["fulfillmentAvailability"] = []any{a}
		}
	}
	return m
}

func searchListings(c *call) answer {
	sets, a := c.listings()
	if a.status != 0 {
		return a
	}
	ids, err1 := c.list("identifiers", 20)
	kinds, err2 := c.list("identifiersType", 1, "SKU")
	after, err3 := c.instant("lastUpdatedAfter")
	_, err4 := c.list("sortBy", 1, "sku")
	_, err5 := c.list("sortOrder", 1, "ASC")
	for _, err := range []error{err1, err2, err3, err4, err5} {
		if err != nil {
			return invalid("%v", err)
		}
	}
	if (ids == nil) != (kinds == nil) {
		return invalid("identifiers and identifiersType belong together")
	}
	size := 10
	if v := c.q.Get("pageSize"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > 20 {
			return invalid("pageSize %q", v)
		}
		size = n
	}
	start := ""
	if v := c.q.Get("pageToken"); v != "" {
		raw, err := base64.URLEncoding.DecodeString(v)
		if err != nil {
			return invalid("pageToken")
		}
		start = string(raw)
	}
	var found []*listing
	for _, sku := range sortedKeys(c.s.items) {
		l := c.s.items[sku]
		if (ids == nil || slices.Contains(ids, sku)) && !l.updated.Before(after) {
			found = append(found, l)
		}
	}
	items, last, more := []any{}, "", false
	for _, l := range found {
		if l.sku <= start {
			continue
		}
		if len(items) == size {
			more = true
			break
		}
		items = append(items, l.model(sets))
		last = l.sku
	}
	out := object{"numberOfResults": len(found), "items": items}
	if more {
		out["pagination"] = object{"nextToken": base64.URLEncoding.EncodeToString([]byte(last))}
	}
	return answer{http.StatusOK, out}
}

func getListing(c *call) answer {
	sets, a := c.listings()
	if a.status != 0 {
		return a
	}
	l := c.s.items[c.vars["sku"]]
	if l == nil {
		return failure(http.StatusNotFound, "NotFound", "SKU not found", "")
	}
	return answer{http.StatusOK, l.model(sets)}
}

func patchListing(c *call) answer {
	if _, err := c.list("includedData", 2, "identifiers", "issues"); err != nil {
		return invalid("%v", err)
	}
	c.q.Del("includedData")
	if _, a := c.listings(); a.status != 0 {
		return a
	}
	var b struct {
		Type    string `json:"productType"`
		Patches []struct {
			Op    string            `json:"op"`
			Path  string            `json:"path"`
			Value []json.RawMessage `json:"value"`
		} `json:"patches"`
	}
	if err := c.decode(&b); err != nil || b.Type == "" || len(b.Patches) == 0 {
		return invalid("productType and patches are expected: %v", err)
	}
	l := c.s.items[c.vars["sku"]]
	if l == nil {
		return failure(http.StatusNotFound, "NotFound", "SKU not found", "")
	}
	refuse := func(code, text string) answer {
		return answer{http.StatusOK, object{"sku": l.sku, "status": "INVALID", "submissionId": "sample-" + c.m.next(), "issues": []any{object{
			"code": code, "message": text, "severity": "ERROR", "attributeNames": []string{"fulfillment_availability"}, "categories": []string{"INVALID_ATTRIBUTE"},
		}}}}
	}
	p := b.Patches[0]
	if len(b.Patches) != 1 || p.Path != "/attributes/fulfillment_availability" || p.Op != "merge" && p.Op != "replace" || len(p.Value) != 1 {
		return refuse("90000900", "one merge or replacement of fulfillment_availability is simulated")
	}
	var v struct {
		Channel  string `json:"fulfillment_channel_code"`
		Quantity *int64 `json:"quantity"`
		Days     int64  `json:"lead_time_to_ship_max_days"`
	}
	d := json.NewDecoder(strings.NewReader(string(p.Value[0])))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		return refuse("90000900", err.Error())
	}
	switch {
	case v.Channel == "":
		return refuse("90220", "fulfillment_availability needs a channel code (sample)")
	case v.Quantity == nil || *v.Quantity < 0:
		return refuse("90240", "quantity (sample)")
	}
	// A quantity for one's own channel takes an offer away from Amazon's warehouse.
	l.channel, l.quantity, l.updated = v.Channel, *v.Quantity, c.now
	if p.Op == "replace" || v.Days != 0 {
		l.days = v.Days
	}
	return answer{http.StatusOK, object{"sku": l.sku, "status": "ACCEPTED", "submissionId": "sample-" + c.m.next(), "issues": []any{}}}
}
