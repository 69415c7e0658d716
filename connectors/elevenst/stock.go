package elevenst

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strconv"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/order"
)

// pageProduct is the kind of pages with one product.
const pageProduct = "product"

// A shelf is the stock of products as it was read during one call.
type shelf struct {
	*Driver
	stocks map[string][]fields // by product
	byCode map[string]string   // product by the seller's code
	errs   map[string]error
}

// SetStock sets the quantities that options may sell, one call each. The stock of
// each product is read first: for the mall's number of the option, for its weight,
// which a call that leaves it out would change, and because a quantity that is
// there already need not be sent.
func (d *Driver) SetStock(ctx context.Context, q []connectors.Quantity) []connectors.Result {
	s := &shelf{Driver: d, stocks: map[string][]fields{}, byCode: map[string]string{}, errs: map[string]error{}}
	results := make([]connectors.Result, len(q))
	for i := range q {
		results[i] = s.set(ctx, &q[i])
	}
	return results
}

func (s *shelf) set(ctx context.Context, q *connectors.Quantity) connectors.Result {
	if q.Sell < 0 {
		return rejected("", fmt.Sprintf("%d pieces: 0 or more are expected", q.Sell))
	}
	product, err := s.product(ctx, q)
	if err != nil {
		return notWritten(err)
	}
	if product == "" {
		return rejected("", "the listing has neither a number of 11st's (item_id) nor the seller's product code (item_code)")
	}
	stocks, err := s.of(ctx, product)
	if err != nil {
		return notWritten(err)
	}
	x, why := s.pick(q, stocks)
	if x == nil {
		return rejected("", "product "+product+": "+why)
	}
	want := strconv.FormatInt(q.Sell, 10)
	if x["stckQty"] == want {
		return connectors.Result{Outcome: connectors.Already, Code: "200", Detail: "the mall has that quantity"}
	}
	weight := x["optWght"]
	if !allDigits(weight) {
		weight = "0"
	}
	number := x["prdStckNo"]
	reply, err := s.send(ctx, "stockqty", http.MethodPut, "/prodservices/stockqty/"+number,
		"<ProductStock><prdNo>"+product+"</prdNo><prdStckNo>"+number+"</prdStckNo><stckQty>"+want+"</stckQty><optWght>"+weight+"</optWght></ProductStock>", rootMessage)
	if err != nil {
		delete(s.stocks, product)
		return connectors.ResultOf(err)
	}
	x["stckQty"] = want
	said := sayingOf(reply.Body)
	return connectors.Result{Outcome: connectors.Done, Code: said.code, Detail: said.text}
}

// product is the mall's number of what a listing belongs to.
func (s *shelf) product(ctx context.Context, q *connectors.Quantity) (string, error) {
	code := q.Codes.ItemCode
	if allDigits(q.Codes.ItemID) && (!s.byProduct || code == "") {
		return q.Codes.ItemID, nil
	}
	if code == "" {
		return "", nil
	}
	if n, known := s.byCode[code]; known {
		return n, s.errs[code]
	}
	reply, err := s.read(ctx, "sellerprodcode", path("/prodmarketservice/sellerprodcode", code), rootProduct, rootProducts)
	n := ""
	if err == nil {
		// Its shape is not recorded; each product in it has its number.
		if n = rawDigits(reply.Body, "prdNo"); n == "" {
			err = &connectors.Error{Class: connectors.Refused, Call: "sellerprodcode", Message: "the answer names no product"}
		}
	}
	s.byCode[code], s.errs[code] = n, err
	return n, err
}

// of reads the stock of a product.
func (s *shelf) of(ctx context.Context, product string) ([]fields, error) {
	if x, known := s.stocks[product]; known {
		return x, nil
	}
	reply, err := s.read(ctx, "stck", "/prodmarketservice/prodmarket/stck/"+product, rootStock, rootStocks)
	if err != nil {
		return nil, err
	}
	var out []fields
	for _, raw := range elements(reply.Body, "ProductStock") {
		f, w := fieldsOf(raw)
		if w != nil || !allDigits(f["prdStckNo"]) {
			// Another option of the product may be the one that is meant.
			continue
		}
		out = append(out, f)
	}
	s.stocks[product] = out
	return out, nil
}

// pick finds the option that a listing means.
func (s *shelf) pick(q *connectors.Quantity, stocks []fields) (fields, string) {
	if s.byProduct {
		if len(stocks) != 1 {
			return nil, fmt.Sprintf("it has %d options; set stock_by: stock_code", len(stocks))
		}
		return stocks[0], ""
	}
	for _, by := range [...]struct{ field, code string }{{"sellerStockCd", q.Codes.OptionCode}, {"prdStckNo", q.Codes.OptionID}} {
		if by.code == "" {
			continue
		}
		var found []fields
		for _, f := range stocks {
			if f[by.field] == by.code {
				found = append(found, f)
			}
		}
		switch len(found) {
		case 1:
			return found[0], ""
		case 0:
			return nil, fmt.Sprintf("no option has %s %q", by.field, by.code)
		}
		if i := slices.IndexFunc(found, func(f fields) bool { return f["prdStckNo"] == q.Codes.OptionID }); i >= 0 {
			return found[i], ""
		}
		return nil, fmt.Sprintf("%d options have %s %q", len(found), by.field, by.code)
	}
	if len(stocks) == 1 {
		return stocks[0], ""
	}
	return nil, "the listing has neither the seller's stock code (option_code) nor 11st's stock number (option_id)"
}

// ReadStock reads the stock of each product once.
func (d *Driver) ReadStock(ctx context.Context, codes []order.Codes) ([]int64, error) {
	s := &shelf{Driver: d, stocks: map[string][]fields{}, byCode: map[string]string{}, errs: map[string]error{}}
	out := make([]int64, len(codes))
	for i := range codes {
		n, err := s.left(ctx, &connectors.Quantity{Codes: codes[i]})
		if err != nil && connectors.ClassOf(err) != connectors.Refused {
			return nil, err
		}
		out[i] = n
	}
	return out, nil
}

// left is how many pieces the mall shows of a listing, -1 if it does not have it.
func (s *shelf) left(ctx context.Context, q *connectors.Quantity) (int64, error) {
	product, err := s.product(ctx, q)
	if err != nil || product == "" {
		return -1, err
	}
	stocks, err := s.of(ctx, product)
	if err != nil {
		return -1, err
	}
	x, _ := s.pick(q, stocks)
	if x == nil {
		return -1, nil
	}
	n, err := strconv.ParseInt(x["stckQty"], 10, 64)
	if err != nil {
		return -1, &connectors.Error{Class: connectors.Transient, Call: "stck", Message: fmt.Sprintf("product %s: quantity %q", product, x["stckQty"])}
	}
	return n, nil
}

// productsOfCall is how many products the search gives at most.
const productsOfCall = 500

// Catalog yields every product that can be sold, one page each with its stock.
func (d *Driver) Catalog(ctx context.Context) iter.Seq2[connectors.Page, error] {
	return func(yield func(connectors.Page, error) bool) {
		stopped := errors.New("stopped by the caller")
		err := d.search(ctx, func(number string, raw []byte) error {
			reply, err := d.read(ctx, "stck", "/prodmarketservice/prodmarket/stck/"+number, rootStock, rootStocks)
			if err != nil {
				return err
			}
			p := connectors.Page{Kind: pageProduct, Keys: []string{number}, Total: -1, At: reply.At}
			p.Body = slices.Concat([]byte(`<?xml version="1.0" encoding="euc-kr" standalone="yes"?><catalog>`), raw)
			for _, stock := range elements(reply.Body, "ProductStock") {
				p.Body = append(p.Body, stock...)
			}
			p.Body = append(p.Body, "</catalog>"...)
			if !yield(p, nil) {
				return stopped
			}
			return nil
		})
		if err != nil && !errors.Is(err, stopped) {
			yield(connectors.Page{}, err)
		}
	}
}

// search walks through the products that are on sale, sold out or not displayed.
func (d *Driver) search(ctx context.Context, each func(number string, raw []byte) error) error {
	seen := map[string]bool{}
	for start := 1; ; start += productsOfCall {
		reply, err := d.send(ctx, "prodmarket", http.MethodPost, "/prodmarketservice/prodmarket",
			fmt.Sprintf("<SearchProduct><limit>%d</limit><start>%d</start><end>%d</end></SearchProduct>", productsOfCall, start, start+productsOfCall-1), rootProducts)
		if err != nil {
			return err
		}
		list := elements(reply.Body, "product")
		fresh := 0
		for _, raw := range list {
			n := rawDigits(raw, "prdNo")
			switch {
			case n == "":
				return &connectors.Error{Class: connectors.Transient, Call: "prodmarket", Message: "a product without number"}
			case seen[n]:
				continue
			}
			seen[n] = true
			fresh++
			if state := rawValue(raw, "selStatCd"); !slices.Contains([]string{"", "103", "104", "105"}, state) {
				continue
			}
			if err := each(n, raw); err != nil {
				return err
			}
		}
		switch {
		case len(list) < productsOfCall:
			return nil
		case fresh == 0:
			return &connectors.Error{Class: connectors.Transient, Call: "prodmarket", Message: "the mall gives the same products again and again"}
		}
	}
}
