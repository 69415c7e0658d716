package yahooshopping

import (
	"context"
	"encoding/xml"
	"errors"
	"iter"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/order"
)

const (
	codesMost    = 1000        // of one call
	quantityMost = 999_999_999 // of one listing; what is not limited is read as this
	rounds       = 3           // in which codes that the mall refuses are left out
)

var itemCode = regexp.MustCompile(`^[0-9A-Za-z-]{1,99}$`)

// listing is how a call names what is sold: code, or code:subcode. The error text says
// why there is no name.
func listing(c order.Codes) (name, why string) {
	switch {
	case c.ItemCode == "":
		return "", "the listing has no item code (item_code); what is sold by auction alone has no stock by API"
	case !itemCode.MatchString(c.ItemCode) || c.OptionCode != "" && !itemCode.MatchString(c.OptionCode):
		return "", "codes of letters, digits and hyphens are expected, at most 99 each"
	case c.OptionCode != "":
		return c.ItemCode + ":" + c.OptionCode, ""
	}
	return c.ItemCode, ""
}

// A stockRow is what setStock and getStock say of a listing.
type stockRow struct {
	ItemCode, SubCode, Status, Quantity, ErrorCode string
}

func (r *stockRow) name() string {
	return strings.TrimSuffix(strings.TrimSpace(r.ItemCode)+":"+strings.TrimSpace(r.SubCode), ":")
}

func stockRows(reply *connectors.Reply, call string) (map[string]stockRow, error) {
	var doc struct {
		XMLName xml.Name   `xml:"ResultSet"`
		Rows    []stockRow `xml:"Result"`
	}
	if err := unmarshal(reply.Body, &doc); err != nil {
		return nil, &connectors.Error{Class: connectors.Transient, Call: call, Err: err}
	}
	out := map[string]stockRow{}
	for _, r := range doc.Rows {
		out[r.name()] = r
	}
	return out, nil
}

// SetStock sets quantities, 1,000 listings at a call. Where the mall finds one wrong it
// is not certain what became of the others: they are read, and set again without it.
func (d *Driver) SetStock(ctx context.Context, q []connectors.Quantity) []connectors.Result {
	out := make([]connectors.Result, len(q))
	var todo []int
	for i := range q {
		name, why := listing(q[i].Codes)
		switch {
		case name == "":
			out[i] = rejected("", "%s", why)
		case q[i].Sell < 0 || q[i].Sell > quantityMost:
			out[i] = rejected("", "%d pieces: 0 to %d are expected", q[i].Sell, quantityMost)
		default:
			todo = append(todo, i)
		}
	}
	for part := range slices.Chunk(todo, codesMost) {
		d.setPart(ctx, q, part, out)
	}
	return out
}

func (d *Driver) setPart(ctx context.Context, q []connectors.Quantity, part []int, out []connectors.Result) {
	for range rounds {
		if len(part) == 0 {
			return
		}
		left, err := d.setOnce(ctx, q, part, out)
		if err != nil {
			for _, i := range part {
				out[i] = connectors.ResultOf(err)
			}
			return
		}
		part = left
	}
	for _, i := range part {
		out[i] = connectors.Result{Outcome: connectors.Retry, Detail: "the mall did not set it because of other listings of the same call"}
	}
}

// setOnce sets listings and returns those that have to be set again.
func (d *Driver) setOnce(ctx context.Context, q []connectors.Quantity, part []int, out []connectors.Result) ([]int, error) {
	var names, numbers []string
	for _, i := range part {
		name, _ := listing(q[i].Codes)
		names = append(names, name)
		numbers = append(numbers, strconv.FormatInt(q[i].Sell, 10))
	}
	reply, err := d.form(ctx, "setStock", url.Values{"item_code": {strings.Join(names, ",")}, "quantity": {strings.Join(numbers, ",")}})
	if err != nil {
		return nil, err
	}
	rows, err := stockRows(reply, "setStock")
	if err != nil {
		return nil, err
	}
	wrong := false
	for j, i := range part {
		r, there := rows[names[j]]
		code := strings.TrimSpace(r.ErrorCode)
		switch {
		case code != "":
			wrong = true
			out[i] = rejected(code, "the mall refuses the listing %s", names[j])
		case there && strings.TrimSpace(r.Quantity) == numbers[j]:
			out[i] = connectors.Result{Outcome: connectors.Done}
		default:
			out[i] = connectors.Result{Outcome: connectors.Retry, Detail: "the answer does not name the listing " + names[j]}
		}
	}
	if !wrong {
		return nil, nil
	}
	return d.again(ctx, q, part, names, out)
}

// again reads the listings that a partly refused call was about, and returns those
// that do not have their quantity.
func (d *Driver) again(ctx context.Context, q []connectors.Quantity, part []int, names []string, out []connectors.Result) ([]int, error) {
	var ask []string
	var of []int
	for j, i := range part {
		if out[i].Outcome != connectors.Rejected {
			ask, of = append(ask, names[j]), append(of, i)
		}
	}
	if len(ask) == 0 {
		return nil, nil
	}
	rows, err := d.getStock(ctx, ask)
	if err != nil {
		return nil, err
	}
	var left []int
	for j, i := range of {
		r := rows[ask[j]]
		if strings.TrimSpace(r.Quantity) == strconv.FormatInt(q[i].Sell, 10) {
			out[i] = connectors.Result{Outcome: connectors.Done}
			continue
		}
		left = append(left, i)
	}
	return left, nil
}

func (d *Driver) getStock(ctx context.Context, names []string) (map[string]stockRow, error) {
	reply, err := d.form(ctx, "getStock", url.Values{"item_code": {strings.Join(names, ",")}})
	if err != nil {
		return nil, err
	}
	return stockRows(reply, "getStock")
}

// ReadStock asks how many pieces of listings the mall shows.
func (d *Driver) ReadStock(ctx context.Context, codes []order.Codes) ([]int64, error) {
	out := make([]int64, len(codes))
	var ask []string
	for i, c := range codes {
		out[i] = -1
		if name, _ := listing(c); name != "" {
			ask = append(ask, name)
		}
	}
	rows := map[string]stockRow{}
	for part := range slices.Chunk(connectors.Distinct(ask), codesMost) {
		got, err := d.getStock(ctx, part)
		if err != nil {
			return nil, err
		}
		for k, r := range got {
			rows[k] = r
		}
	}
	for i, c := range codes {
		name, _ := listing(c)
		r, there := rows[name]
		if !there || strings.TrimSpace(r.Status) != "1" {
			continue
		}
		v := strings.TrimSpace(r.Quantity)
		if v == "" {
			out[i] = quantityMost
			continue
		}
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return nil, &connectors.Error{Class: connectors.Transient, Call: "getStock", Message: "the quantity of " + name + " is no number"}
		}
		out[i] = n
	}
	return out, nil
}

// The kinds of pages with items.
const (
	pageItems = "myItemList"
	pageItem  = "getItem"
)

// itemsOfCall is how many items a search gives at most.
const itemsOfCall = 100

// beginnings are the letters with which codes can begin: a search has to be by
// something, and the beginning of the code is what every item has.
const beginnings = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

// Catalog yields the items of a store: pages of a search, and of each item with
// variations one page more.
func (d *Driver) Catalog(ctx context.Context) iter.Seq2[connectors.Page, error] {
	return func(yield func(connectors.Page, error) bool) {
		stopped := errors.New("stopped by the caller")
		seen := map[string]bool{}
		for _, begin := range beginnings {
			err := d.itemsOf(ctx, string(begin), seen, func(p connectors.Page) error {
				if !yield(p, nil) {
					return stopped
				}
				return nil
			})
			if errors.Is(err, stopped) {
				return
			}
			if err != nil {
				yield(connectors.Page{}, err)
				return
			}
		}
	}
}

// itemsOf yields the items whose codes begin so, as far as they were not seen.
func (d *Driver) itemsOf(ctx context.Context, begin string, seen map[string]bool, each func(connectors.Page) error) error {
	for start, total := 1, 1; start <= total; start += itemsOfCall {
		reply, err := d.get(ctx, "myItemList", url.Values{
			"query": {begin}, "type": {"item_code"}, "stock": {"true"}, "sort": {"+item_code"}, "start": {strconv.Itoa(start)}, "results": {strconv.Itoa(itemsOfCall)},
		})
		if err != nil {
			return err
		}
		root, err := tree(reply.Body, rootSet)
		if err != nil {
			return &connectors.Error{Class: connectors.Transient, Call: "myItemList", Err: err}
		}
		if total, err = strconv.Atoi(root.attr("totalResultsAvailable")); err != nil {
			return &connectors.Error{Class: connectors.Transient, Call: "myItemList", Message: "the reply does not say how many items there are"}
		}
		p := connectors.Page{Kind: pageItems, Body: reply.Body, Total: -1, At: reply.At}
		var varied []string
		for _, r := range root.all("Result") {
			code := r.get("ItemCode")
			if code == "" || seen[code] {
				continue
			}
			seen[code] = true
			if r.get("HasSubCode") == "1" {
				varied = append(varied, code)
				continue
			}
			p.Keys = append(p.Keys, code)
		}
		if len(p.Keys) > 0 {
			if err := each(p); err != nil {
				return err
			}
		}
		for _, code := range varied {
			if err := d.item(ctx, code, each); err != nil {
				return err
			}
		}
	}
	return nil
}

// item yields an item with its variations.
func (d *Driver) item(ctx context.Context, code string, each func(connectors.Page) error) error {
	reply, err := d.get(ctx, "getItem", url.Values{"item_code": {code}})
	p := connectors.Page{Kind: pageItem, Total: -1}
	switch {
	case err != nil && connectors.ClassOf(err) == connectors.Refused: // deleted meanwhile
		p.Missing, p.At = []string{code}, d.Now().UTC()
	case err != nil:
		return err
	default:
		p.Keys, p.Body, p.At = []string{code}, reply.Body, reply.At
	}
	return each(p)
}

// parseItems reads products out of a page.
func parseItems(p connectors.Page) (connectors.Parsed, error) {
	var out connectors.Parsed
	if len(p.Keys) == 0 && len(p.Missing) > 0 {
		return out, nil
	}
	root, err := tree(p.Body, rootSet)
	if err != nil {
		return out, err
	}
	number := func(text string) int64 {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return -1
		}
		return n
	}
	for _, r := range root.all("Result") {
		code := r.get("ItemCode")
		if code == "" || p.Kind == pageItems && (r.get("HasSubCode") == "1" || !slices.Contains(p.Keys, code)) {
			continue
		}
		x := connectors.Product{
			Codes: order.Codes{ItemCode: code}, Name: r.get("Name"), Price: number(r.get("Price")), Stock: number(r.get("Quantity")), OnSale: r.get("Display") != "0",
			Category: r.get("StCatName"),
		}
		subs := r.child("SubCodes").all("SubCode")
		if len(subs) == 0 {
			out.Products = append(out.Products, x)
			continue
		}
		for _, s := range subs {
			v := x
			v.Codes.OptionCode, v.Stock = s.attr("code"), number(s.attr("quantity"))
			var options []string
			for _, o := range s.all("Option") {
				options = append(options, o.attr("name")+":"+o.attr("value"))
			}
			v.Option = strings.Join(options, " ")
			out.Products = append(out.Products, v)
		}
	}
	return out, nil
}
