package smartstore

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strconv"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/order"
)

const (
	products  = "/v1/products"
	originOf  = "/v2/products/origin-products/"
	stockMost = 99_999_999
	searchMax = 50 // products of one of our pages and of one search by number
)

// A search is the body of products/search.
type search struct {
	By      string  `json:"searchKeywordType,omitempty"`
	Numbers []int64 `json:"channelProductNos,omitempty"`
	Code    string  `json:"sellerManagementCode,omitempty"`
	Page    int     `json:"page"`
	Size    int     `json:"size"`
}

// A found product is one of the contents of a search.
type found struct {
	Origin text              `json:"originProductNo"`
	Shown  []json.RawMessage `json:"channelProducts"`
}

// A good is a product of the search with what origin-products says of it.
type good struct {
	number text // originProductNo
	shown  shown
	listed json.RawMessage // the record of the channel's product, as it came
	whole  json.RawMessage // originProduct, as it came; nil until it is read
	origin origin
}

// search asks for products. last says that there is no further page.
func (d *Driver) search(ctx context.Context, s search) (all []*good, last bool, at *connectors.Reply, err error) {
	const call = "search"
	e, reply, err := d.send(ctx, call, http.MethodPost, products+"/search", s, true, "contents")
	if err != nil {
		return nil, false, nil, err
	}
	for _, raw := range e.Contents {
		var f found
		if err := json.Unmarshal(raw, &f); err != nil || !allDigits(string(f.Origin)) {
			return nil, false, nil, &connectors.Error{Class: connectors.Transient, Call: call, Message: "a product without a number", Err: err}
		}
		for _, c := range f.Shown {
			g := &good{number: f.Origin, listed: c}
			if err := json.Unmarshal(c, &g.shown); err != nil {
				return nil, false, nil, &connectors.Error{Class: connectors.Transient, Call: call, Message: "product " + string(f.Origin) + " cannot be read", Err: err}
			}
			all = append(all, g)
		}
	}
	var end struct {
		Last *bool `json:"last"`
	}
	if err := json.Unmarshal(reply.Body, &end); err != nil || end.Last == nil {
		return nil, false, nil, &connectors.Error{Class: connectors.Transient, Call: call, Message: "the answer does not say whether it is the last", Err: err}
	}
	return all, *end.Last, reply, nil
}

// whole reads all of a product.
func (d *Driver) whole(ctx context.Context, g *good) error {
	const call = "origin-product"
	if g.whole != nil {
		return nil
	}
	e, _, err := d.get(ctx, call, originOf+string(g.number), "originProduct")
	if err != nil {
		return err
	}
	g.origin = origin{}
	if err := json.Unmarshal(e.Origin, &g.origin); err != nil {
		return &connectors.Error{Class: connectors.Transient, Call: call, Message: "product " + string(g.number) + " cannot be read", Err: err}
	}
	g.whole = e.Origin
	return nil
}

// A shelf is what was found of products during one call.
type shelf struct {
	*Driver
	byNumber map[string]*good
	byCode   map[string][]*good
	errs     map[string]error // of those that could not be looked up
}

// look finds the products of listings: by the number that order lines have, else by
// the seller's code.
func (d *Driver) look(ctx context.Context, codes []order.Codes) (*shelf, error) {
	s := &shelf{Driver: d, byNumber: map[string]*good{}, byCode: map[string][]*good{}, errs: map[string]error{}}
	var numbers, sellers []string
	for i := range codes {
		switch c := &codes[i]; {
		case allDigits(c.ItemID):
			numbers = append(numbers, c.ItemID)
		case c.ItemCode != "" && c.ItemID == "":
			sellers = append(sellers, c.ItemCode)
		}
	}
	for part := range slices.Chunk(connectors.Distinct(numbers), searchMax) {
		q := search{By: "CHANNEL_PRODUCT_NO", Page: 1, Size: 500}
		for _, n := range part {
			v, err := strconv.ParseInt(n, 10, 64)
			if err != nil {
				continue // no number of a product is as long
			}
			q.Numbers = append(q.Numbers, v)
		}
		if len(q.Numbers) == 0 {
			continue
		}
		all, _, _, err := d.search(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, g := range all {
			s.byNumber[string(g.shown.Number)] = g
		}
	}
	for _, code := range connectors.Distinct(sellers) {
		all, _, _, err := d.search(ctx, search{By: "SELLER_CODE", Code: code, Page: 1, Size: 500})
		if err != nil {
			return nil, err
		}
		for _, g := range all {
			if string(g.shown.Code) != code {
				continue // the search may find codes that only begin like it
			}
			number := string(g.shown.Number)
			if known := s.byNumber[number]; known != nil {
				g = known
			}
			s.byNumber[number] = g
			s.byCode[code] = append(s.byCode[code], g)
		}
	}
	return s, nil
}

// find returns the product of a listing, or why there is none.
func (s *shelf) find(c *order.Codes) (*good, string) {
	if allDigits(c.ItemID) {
		if g := s.byNumber[c.ItemID]; g != nil {
			return g, ""
		}
		return nil, "Naver has no product " + c.ItemID
	}
	switch all := s.byCode[c.ItemCode]; {
	case c.ItemID != "":
		return nil, fmt.Sprintf("%q is no number of a product", c.ItemID)
	case c.ItemCode == "":
		return nil, "the listing has neither a product number (item_id) nor the seller's code (item_code)"
	case len(all) == 0:
		return nil, fmt.Sprintf("Naver has no product with the seller's code %q", c.ItemCode)
	case len(all) > 1:
		return nil, fmt.Sprintf("%d products have the seller's code %q", len(all), c.ItemCode)
	default:
		return all[0], ""
	}
}

// pick finds the option that a listing means; nil for a product without options.
func (g *good) pick(c *order.Codes) (*option, string) {
	o := &g.origin.Detail
	if slices.ContainsFunc(o.AddOns.Products, func(x option) bool {
		return c.OptionID != "" && string(x.ID) == c.OptionID || c.OptionCode != "" && string(x.Management) == c.OptionCode
	}) {
		return nil, "it is an add-on, whose stock the API does not set"
	}
	var all []*option
	for _, list := range [][]option{o.Options.Combinations, o.Options.Standards} {
		for i := range list {
			all = append(all, &list[i])
		}
	}
	if len(all) == 0 {
		return nil, ""
	}
	by := func(what, code string, of func(*option) text) (*option, string, bool) {
		if code == "" {
			return nil, "", false
		}
		hit := slices.DeleteFunc(slices.Clone(all), func(x *option) bool { return string(of(x)) != code })
		if len(hit) == 1 {
			return hit[0], "", true
		}
		if i := slices.IndexFunc(hit, func(x *option) bool { return string(x.ID) == c.OptionID && c.OptionID != "" }); i >= 0 {
			return hit[i], "", true
		}
		return nil, fmt.Sprintf("%d options have %s %q", len(hit), what, code), true
	}
	if x, why, ok := by("sellerManagerCode", c.OptionCode, func(x *option) text { return x.Code }); ok {
		return x, why
	}
	if x, why, ok := by("id", c.OptionID, func(x *option) text { return x.ID }); ok {
		return x, why
	}
	if len(all) == 1 {
		return all[0], ""
	}
	return nil, fmt.Sprintf("it has %d options, and the listing names none (option_code, option_id)", len(all))
}

// SetStock sets the quantities that products and options may sell. All options of a
// product go in one call, as they were read: what that call leaves out becomes 0.
func (d *Driver) SetStock(ctx context.Context, q []connectors.Quantity) []connectors.Result {
	results := make([]connectors.Result, len(q))
	codes := make([]order.Codes, len(q))
	for i := range q {
		codes[i] = q[i].Codes
	}
	s, err := d.look(ctx, codes)
	if err != nil {
		return connectors.Results(len(q), notWritten(err))
	}
	work := map[*good][]int{}
	var order []*good
	for i := range q {
		if q[i].Sell < 0 || q[i].Sell > stockMost {
			results[i] = rejected("", fmt.Sprintf("%d pieces: 0 to %d are expected", q[i].Sell, stockMost))
			continue
		}
		g, why := s.find(&q[i].Codes)
		if g == nil {
			results[i] = rejected(codeNoProduct, why)
			continue
		}
		if work[g] == nil {
			order = append(order, g)
		}
		work[g] = append(work[g], i)
	}
	for _, g := range order {
		d.stock(ctx, g, q, work[g], results)
	}
	return results
}

// codeNoProduct is ours: the search finds nothing.
const codeNoProduct = "NOT_FOUND"

// stock sets the quantities of one product.
func (d *Driver) stock(ctx context.Context, g *good, q []connectors.Quantity, work []int, results []connectors.Result) {
	if err := d.whole(ctx, g); err != nil {
		for _, i := range work {
			results[i] = notWritten(err)
		}
		return
	}
	changed := false
	var options []int
	for _, i := range work {
		o, why := g.pick(&q[i].Codes)
		switch {
		case why != "":
			results[i] = rejected("", "product "+string(g.shown.Number)+": "+why)
		case o == nil:
			results[i] = d.single(ctx, g, q[i].Sell)
		default:
			options = append(options, i)
			want := text(strconv.FormatInt(q[i].Sell, 10))
			results[i] = connectors.Result{Outcome: connectors.Already, Detail: "the mall has that quantity"}
			if o.Stock != want {
				o.Stock, changed = want, true
				results[i] = connectors.Result{Outcome: connectors.Done}
			}
		}
	}
	if !changed {
		return
	}
	body, err := g.options(d.keepPrice)
	if err == nil {
		_, _, err = d.send(ctx, "option-stock", http.MethodPut, products+"/origin-products/"+string(g.number)+"/option-stock", body, true, "")
	}
	for _, i := range options {
		switch {
		case results[i].Outcome != connectors.Done:
		case err != nil:
			results[i] = connectors.ResultOf(err)
		case g.shown.Status == statusSoldOut && q[i].Sell > 0:
			results[i].Detail = "the product was sold out (OUTOFSTOCK); put it on sale in the Smart Store centre if it stays so"
		}
	}
}

// single sets the quantity of a product without options. One that is sold out is put
// on sale again by the call that the mall has for it.
func (d *Driver) single(ctx context.Context, g *good, sell int64) connectors.Result {
	want := strconv.FormatInt(sell, 10)
	again := d.reopen && sell > 0 && g.shown.Status == statusSoldOut
	if string(cmp.Or(g.origin.Stock, g.shown.Stock)) == want && !again {
		return connectors.Result{Outcome: connectors.Already, Detail: "the mall has that quantity"}
	}
	number := json.Number(g.number)
	var err error
	if again {
		_, _, err = d.send(ctx, "change-status", http.MethodPut, products+"/origin-products/"+string(g.number)+"/change-status", struct {
			Status string `json:"statusType"`
			Stock  int64  `json:"stockQuantity"`
		}{statusSale, sell}, true, "")
	} else {
		type row struct {
			Number json.Number `json:"originProductNo"`
			Types  []string    `json:"multiUpdateTypes"`
			Stock  int64       `json:"stockQuantity"`
		}
		_, _, err = d.send(ctx, "multi-update", http.MethodPatch, products+"/origin-products/multi-update", struct {
			Rows []row `json:"multiProductUpdateRequestVos"`
		}{[]row{{number, []string{"STOCK"}, sell}}}, true, "")
	}
	if err != nil {
		g.whole = nil
		return connectors.ResultOf(err)
	}
	g.origin.Stock, g.shown.Stock = text(want), text(want)
	if again {
		g.shown.Status = statusSale
		return connectors.Result{Outcome: connectors.Done, Detail: "the product was sold out and is on sale again"}
	}
	return connectors.Result{Outcome: connectors.Done}
}

// An optionRow is one option as option-stock takes it.
type optionRow struct {
	ID     json.Number  `json:"id"`
	Stock  json.Number  `json:"stockQuantity"`
	Price  *json.Number `json:"price,omitempty"`
	Usable bool         `json:"usable"`
}

// An optionStock is the body of option-stock.
type optionStock struct {
	Price    json.RawMessage `json:"productSalePrice,omitempty"`
	Discount json.RawMessage `json:"immediateDiscountPolicy,omitempty"`
	Options  struct {
		Combinations []optionRow `json:"optionCombinations,omitempty"`
		Standards    []optionRow `json:"optionStandards,omitempty"`
		Managed      bool        `json:"useStockManagement"`
	} `json:"optionInfo"`
}

// options is the body that leaves everything of a product as it is but the quantities.
func (g *good) options(price bool) (*optionStock, error) {
	bad := func(what string) error {
		return &connectors.Error{Class: connectors.Refused, Call: "option-stock", Message: fmt.Sprintf("product %s: %s cannot be read, and would be lost", g.number, what)}
	}
	b := &optionStock{}
	info := &g.origin.Detail.Options
	if info.Managed != nil && !*info.Managed {
		return nil, bad("its options have no stock management (useStockManagement is false); whether it may be switched on")
	}
	b.Options.Managed = true
	rows := func(from []option, priced bool) (out []optionRow, err error) {
		for _, o := range from {
			r := optionRow{ID: json.Number(o.ID), Stock: json.Number(o.Stock), Usable: o.Usable == nil || *o.Usable}
			if !allDigits(string(o.ID)) || !allDigits(string(o.Stock)) {
				return nil, bad("the stock of option " + string(o.ID))
			}
			if priced {
				if _, w := won("price", o.Price); w != nil || o.Price == "" {
					return nil, bad("the price of option " + string(o.ID))
				}
				p := json.Number(o.Price)
				r.Price = &p
			}
			out = append(out, r)
		}
		return out, nil
	}
	var err error
	if b.Options.Combinations, err = rows(info.Combinations, true); err != nil {
		return nil, err
	}
	if b.Options.Standards, err = rows(info.Standards, false); err != nil || !price {
		return b, err
	}
	sale := cmp.Or(g.origin.Price, g.shown.Price)
	if !allDigits(string(sale)) {
		return nil, bad("salePrice")
	}
	b.Price = json.RawMessage(`{"salePrice":` + string(sale) + `}`)
	b.Discount = member(g.whole, "immediateDiscountPolicy")
	return b, nil
}

// member finds a member of that name anywhere in a document: where a product has its
// discount is not documented, and what is sent back is what came. nil if there is none.
func member(doc json.RawMessage, name string) json.RawMessage {
	var object map[string]json.RawMessage
	if json.Unmarshal(doc, &object) != nil {
		return nil
	}
	if v, ok := object[name]; ok && string(v) != "null" {
		return v
	}
	keys := make([]string, 0, len(object))
	for k := range object {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		if v := member(object[k], name); v != nil {
			return v
		}
	}
	return nil
}

// ReadStock asks for each product once.
func (d *Driver) ReadStock(ctx context.Context, codes []order.Codes) ([]int64, error) {
	s, err := d.look(ctx, codes)
	if err != nil {
		return nil, err
	}
	out := make([]int64, len(codes))
	for i := range codes {
		out[i] = -1
		g, _ := s.find(&codes[i])
		if g == nil {
			continue
		}
		if err := d.whole(ctx, g); err != nil {
			if connectors.ClassOf(err) == connectors.Refused {
				continue
			}
			return nil, err
		}
		o, why := g.pick(&codes[i])
		stock := cmp.Or(g.origin.Stock, g.shown.Stock)
		if o != nil {
			stock = o.Stock
		}
		if n, w := won("stockQuantity", stock); why == "" && w == nil && stock != "" {
			out[i] = n
		}
	}
	return out, nil
}

// pageProducts is the kind of pages with products.
const pageProducts = "products"

// Catalog yields the products that are not deleted.
func (d *Driver) Catalog(ctx context.Context) iter.Seq2[connectors.Page, error] {
	return d.CatalogFrom(ctx, connectors.CatalogFrom{})
}

// CatalogFrom yields them from a page on; since when a product changed cannot be
// asked.
func (d *Driver) CatalogFrom(ctx context.Context, from connectors.CatalogFrom) iter.Seq2[connectors.Page, error] {
	return func(yield func(connectors.Page, error) bool) {
		first := 1
		if n, err := strconv.Atoi(from.Position); err == nil && n > 1 {
			first = n
		}
		for page := first; ; page++ {
			p, last, err := d.catalogPage(ctx, page)
			if err == nil && !last {
				p.Next = strconv.Itoa(page + 1)
			}
			if err != nil {
				yield(connectors.Page{}, err)
				return
			}
			if (len(p.Keys) > 0 || !last) && !yield(p, nil) || last {
				return
			}
		}
	}
}

func (d *Driver) catalogPage(ctx context.Context, page int) (connectors.Page, bool, error) {
	all, last, reply, err := d.search(ctx, search{Page: page, Size: searchMax})
	if err != nil {
		return connectors.Page{}, false, err
	}
	if len(all) == 0 && !last {
		return connectors.Page{}, false, &connectors.Error{Class: connectors.Transient, Call: "search", Message: fmt.Sprintf("page %d is empty and not the last", page)}
	}
	p := connectors.Page{Kind: pageProducts, Total: -1, At: reply.At}
	var rows []json.RawMessage
	for _, g := range all {
		if g.shown.Status == statusDeleted {
			continue
		}
		if err := d.whole(ctx, g); err != nil {
			return connectors.Page{}, false, err
		}
		p.Keys = append(p.Keys, string(g.shown.Number))
		rows = append(rows, slices.Concat(json.RawMessage(`{"channelProduct":`), g.listed, json.RawMessage(`,"originProduct":`), g.whole, json.RawMessage("}")))
	}
	p.Body = document(rows)
	return p, last, nil
}
