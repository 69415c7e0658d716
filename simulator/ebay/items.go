package ebay

import (
	"net/http"
	"strconv"
	"time"
)

const itemsMost = 25 // SKUs of one bulk read

// An Item is one SKU of the inventory, with what it is offered as.
type Item struct {
	SKU      string
	Title    string
	EAN      string // or "Does not apply"
	Quantity int64
	Offers   []Offer
}

// An Offer is one listing of an item.
type Offer struct {
	Published bool
	Own       bool // it has a quantity of its own
	Quantity  int64
	Price     int64 // cents

	id string
}

func badItem(status, id int, message string) answer {
	return failure(status, id, itemDomain, request, message)
}

func (it *Item) doc() doc {
	return doc{
		"sku": it.SKU, "locale": "en_US", "condition": "NEW",
		"availability": doc{"shipToLocationAvailability": doc{"quantity": it.Quantity, "allocationByFormat": doc{"fixedPrice": it.Quantity}}},
		"product":      doc{"title": it.Title, "ean": []string{it.EAN}, "imageUrls": []string{"https://shop.example/" + strconv.Itoa(len(it.Title)) + ".jpg"}},
	}
}

func getItems(c *call) answer {
	limit, err1 := strconv.Atoi(or(c.query.Get("limit"), "25"))
	page, err2 := strconv.Atoi(or(c.query.Get("offset"), "0"))
	if err1 != nil || err2 != nil || limit < 1 || limit > 200 || page < 0 {
		return badItem(http.StatusBadRequest, 25706, "You have provided invalid pagination values.")
	}
	first, last := min(page*limit, len(c.shop.items)), min((page+1)*limit, len(c.shop.items))
	list := []doc{}
	for _, it := range c.shop.items[first:last] {
		list = append(list, it.doc())
	}
	at := func(page int) string {
		return api + inventory + "/inventory_item?limit=" + strconv.Itoa(limit) + "&offset=" + strconv.Itoa(page)
	}
	d := doc{"href": at(page), "limit": limit, "size": len(list), "total": len(c.shop.items), "inventoryItems": list}
	if last < len(c.shop.items) {
		d["next"] = at(page + 1)
	}
	return ok(d)
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func getItem(c *call) answer {
	it := c.shop.bySKU[c.path["sku"]]
	if it == nil {
		return badItem(http.StatusNotFound, 25710, "We didn't find the resource/entity you are requesting. Please verify the request")
	}
	return ok(it.doc())
}

// about is the answer about one item or offer of several.
func about(status int, kind, id string, e doc) doc {
	d := doc{"statusCode": status, kind: id, "errors": []doc{}, "warnings": []doc{}}
	if e != nil {
		d["errors"] = []doc{e}
	}
	return d
}

func itemError(id int, category, message string) doc {
	return doc{"errorId": id, "domain": itemDomain, "category": category, "message": message}
}

// several is an answer about several things: 207 if they differ.
func several(list []doc) answer {
	status := http.StatusOK
	for _, d := range list {
		if d["statusCode"] != http.StatusOK {
			status = http.StatusMultiStatus
		}
	}
	return answer{status: status, body: doc{"responses": list}}
}

func bulkGetItems(c *call) answer {
	var in struct {
		Requests []struct {
			SKU string `json:"sku"`
		} `json:"requests"`
	}
	if err := c.read(&in); err != nil || len(in.Requests) == 0 {
		return badItem(http.StatusBadRequest, 25709, "Invalid request. Invalid value for field requests")
	}
	if len(in.Requests) > itemsMost {
		return badItem(http.StatusBadRequest, 25727, "The number of InventoryItems in the request cannot exceed 25.")
	}
	seen := map[string]bool{}
	list := []doc{}
	for _, q := range in.Requests {
		switch it := c.shop.bySKU[q.SKU]; {
		case seen[q.SKU]:
			return badItem(http.StatusBadRequest, 25734, "SKU should be unique in the request.")
		case it == nil:
			list = append(list, about(http.StatusNotFound, "sku", q.SKU, itemError(25702, request, "SKU "+q.SKU+" is not available in the system")))
		default:
			d := about(http.StatusOK, "sku", q.SKU, nil)
			d["inventoryItem"] = it.doc()
			list = append(list, d)
		}
		seen[q.SKU] = true
	}
	return several(list)
}

func (o *Offer) doc(it *Item) doc {
	d := doc{
		"offerId": o.id, "sku": it.SKU, "marketplaceId": "EBAY_US", "format": "FIXED_PRICE", "status": "UNPUBLISHED",
		"pricingSummary": doc{"price": doc{"value": decimal(o.Price), "currency": "USD"}},
	}
	if o.Own {
		d["availableQuantity"] = o.Quantity
	}
	if o.Published {
		d["status"], d["listing"] = "PUBLISHED", doc{"listingId": "11" + o.id, "listingStatus": "ACTIVE"}
	}
	return d
}

func getOffers(c *call) answer {
	sku := c.query.Get("sku")
	it := c.shop.bySKU[sku]
	switch {
	case sku == "":
		return badItem(http.StatusBadRequest, 25709, "Invalid value for sku.")
	case it == nil || len(it.Offers) == 0:
		return badItem(http.StatusNotFound, 25713, "This Offer is not available.")
	}
	list := []doc{}
	for i := range it.Offers {
		list = append(list, it.Offers[i].doc(it))
	}
	return ok(doc{"href": api + inventory + "/offer?sku=" + sku, "total": len(list), "size": len(list), "limit": 25, "offers": list})
}

func updateQuantities(c *call) answer {
	type quantity struct {
		Quantity *int64 `json:"quantity"`
	}
	var in struct {
		Requests []struct {
			SKU    string    `json:"sku"`
			Ship   *quantity `json:"shipToLocationAvailability"`
			Offers []struct {
				ID        string `json:"offerId"`
				Available *int64 `json:"availableQuantity"`
			} `json:"offers"`
		} `json:"requests"`
	}
	if err := c.read(&in); err != nil || len(in.Requests) == 0 {
		return badItem(http.StatusBadRequest, 25002, "Any User error.")
	}
	if len(in.Requests) > c.m.opt.Batch {
		return badItem(http.StatusBadRequest, 25727, "The number of InventoryItems in the request cannot exceed "+strconv.Itoa(c.m.opt.Batch)+".")
	}
	list := []doc{}
	for _, q := range in.Requests {
		it := c.shop.bySKU[q.SKU]
		switch {
		case it == nil:
			list = append(list, about(http.StatusNotFound, "sku", q.SKU, itemError(25702, request, "SKU "+q.SKU+" is not available in the system")))
			continue
		case c.m.faults.Busy:
			list = append(list, about(http.StatusInternalServerError, "sku", q.SKU, itemError(25025, application, "Concurrent access of the same SKU")))
			continue
		case q.Ship != nil && (q.Ship.Quantity == nil || *q.Ship.Quantity < 0):
			list = append(list, about(http.StatusBadRequest, "sku", q.SKU, itemError(25709, request, "Invalid value for quantity")))
			continue
		case q.Ship != nil:
			it.Quantity = *q.Ship.Quantity
			list = append(list, about(http.StatusOK, "sku", q.SKU, nil))
		}
		for _, o := range q.Offers {
			list = append(list, it.setOffer(o.ID, o.Available))
		}
	}
	return several(list)
}

func (it *Item) setOffer(id string, n *int64) doc {
	for i := range it.Offers {
		o := &it.Offers[i]
		if o.id != id {
			continue
		}
		if !o.Published || n == nil || *n < 0 {
			return about(http.StatusBadRequest, "offerId", id, itemError(25709, request, "Invalid value for offerId"))
		}
		o.Own, o.Quantity = true, *n
		return about(http.StatusOK, "offerId", id, nil)
	}
	return about(http.StatusNotFound, "offerId", id, itemError(25713, request, "This Offer is not available."))
}

// getLimits says what is left of the calls of a day. It counts itself not.
func getLimits(c *call) answer {
	families := map[string]string{"fulfillment": fulfillment, "inventory": inventory}
	family, known := families[c.query.Get("api_name")]
	if c.query.Get("api_context") != "sell" || !known {
		return answer{status: http.StatusNoContent}
	}
	left := max(0, c.m.opt.Calls-c.m.count[c.token.client+family])
	day := midnight(c.now).In(pacific)
	reset := time.Date(day.Year(), day.Month(), day.Day()+1, 0, 0, 0, 0, pacific)
	return ok(doc{"rateLimits": []doc{{
		"apiContext": "sell", "apiName": c.query.Get("api_name"), "apiVersion": "v1",
		"resources": []doc{{"name": "sell." + c.query.Get("api_name"), "rates": []doc{{"limit": c.m.opt.Calls, "remaining": left, "reset": when(reset), "timeWindow": 86400}}}},
	}}})
}
