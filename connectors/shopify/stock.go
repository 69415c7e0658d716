package shopify

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/order"
)

const (
	pageVariants  = "variants"
	variantsMost  = 200 // ids of one query: four points each
	skusOfCall    = 20
	stockOfCall   = 250
	mostStock     = 1_000_000_000
	compareTries  = 3
	untracked     = "Shopify does not count this variant's stock: switch on «Track quantity», or take it out of the product master"
	notStocked    = "the variant is not stocked at the location: add the location to it in Shopify"
	noStockPlace  = "set stock_location: the store has more than one location, or none that the app sees"
	unknownByShop = "Shopify has no such variant"
)

// A shelf is the stock of one variant at the location.
type shelf struct {
	item     string // id of the inventory item
	tracked  bool
	stocked  bool
	quantity int64
}

// SetStock sets quantities at one location. What is there is read first: what is right
// already is not sent, and what is sent is compared with it, so that a sale in between is
// not overwritten; then it is read and set again. A call sets everything in it or
// nothing; what the mall finds wrong is left out and the rest goes again.
func (d *Driver) SetStock(ctx context.Context, q []connectors.Quantity) []connectors.Result {
	out := make([]connectors.Result, len(q))
	var todo []int
	for i := range q {
		switch {
		case q[i].Codes.OptionID == "" && q[i].Codes.SKUCode == "":
			out[i] = rejected("the listing has neither option_id (the variant's number) nor sku_code")
		case q[i].Sell < 0 || q[i].Sell > mostStock:
			out[i] = rejected("Shopify takes quantities from 0 to %d, not %d", mostStock, q[i].Sell)
		default:
			todo = append(todo, i)
		}
	}
	if len(todo) == 0 {
		return out
	}
	place, err := d.place(ctx)
	if err != nil {
		for _, i := range todo {
			out[i] = notWritten(err)
		}
		return out
	}
	for try := 1; len(todo) > 0; try++ {
		todo = d.setStock(ctx, q, todo, place, out)
		if try == compareTries {
			break // their results say that they were sold in between
		}
	}
	return out
}

// place is the id of the location whose stock is set: the account's, or the only one.
func (d *Driver) place(ctx context.Context) (string, error) {
	if n := d.settings.stockLocation; n != "" {
		return gid("Location", n), nil
	}
	all, err := d.locations(ctx)
	if err != nil {
		return "", err
	}
	var active []string
	for _, l := range all {
		if l.Active && d.settings.ours(l.ID) {
			active = append(active, l.ID)
		}
	}
	if len(active) != 1 {
		return "", &connectors.Error{Class: connectors.Refused, Call: "locations", Message: noStockPlace, Hint: "account test lists the locations with their numbers"}
	}
	return active[0], nil
}

// setStock sets some quantities and returns those that were changed by somebody else in
// between.
func (d *Driver) setStock(ctx context.Context, q []connectors.Quantity, todo []int, place string, out []connectors.Result) (stale []int) {
	codes := make([]order.Codes, len(todo))
	for j, i := range todo {
		codes[j] = q[i].Codes
	}
	shelves, errs, err := d.shelves(ctx, codes, place)
	if err != nil {
		for _, i := range todo {
			out[i] = notWritten(err)
		}
		return nil
	}
	var rows []row
	later := map[string]bool{}
	for j, i := range todo {
		s := shelves[j]
		switch {
		case s == nil:
			out[i] = rejected("%s", errs[j])
		case !s.tracked:
			out[i] = rejected("%s", untracked)
		case !s.stocked:
			out[i] = rejected("%s", notStocked)
		case later[s.item]:
			stale = append(stale, i) // the pair may stand once in a call
		case s.quantity == q[i].Sell:
			out[i] = connectors.Result{Outcome: connectors.Already}
		default:
			later[s.item] = true
			rows = append(rows, row{i, change{s.item, place, q[i].Sell, s.quantity}})
		}
	}
	for from := 0; from < len(rows); from += stockOfCall {
		stale = append(stale, d.send(ctx, rows[from:min(from+stockOfCall, len(rows))], out)...)
	}
	return stale
}

// A row is one quantity of a call. The mall refuses a change that leaves out from what.
type row struct {
	at int
	change
}

type change struct {
	Item     string `json:"inventoryItemId"`
	Location string `json:"locationId"`
	Quantity int64  `json:"quantity"`
	From     int64  `json:"changeFromQuantity"`
}

// send sets rows, and again without those that the mall finds wrong. It returns those
// whose comparison failed.
func (d *Driver) send(ctx context.Context, rows []row, out []connectors.Result) (stale []int) {
	for len(rows) > 0 {
		changes := make([]change, len(rows))
		for i := range rows {
			changes[i] = rows[i].change
		}
		var got struct {
			Done struct {
				Errors []userError `json:"userErrors"`
			} `json:"inventorySetQuantities"`
		}
		// The key makes it safe to repeat: the mall carries out a key once.
		err := d.mutate(ctx, "inventorySetQuantities", setStockMutation, map[string]any{
			"key": uuid(), "input": map[string]any{"name": d.settings.stockQuantity, "reason": "correction", "quantities": changes},
		}, true, &got)
		result := connectors.Result{Outcome: connectors.Done}
		wrong := map[int]userError{}
		for _, e := range got.Done.Errors {
			if at, ok := rowOf(e); ok && at < len(rows) {
				wrong[at] = e
				continue
			}
			result = connectors.Result{Outcome: connectors.Rejected, Code: e.Code, Detail: e.Message}
			if strings.HasPrefix(e.Code, "IDEMPOTENCY_") {
				result.Outcome = connectors.Retry
			}
		}
		if err != nil {
			result = connectors.ResultOf(err)
		}
		if len(wrong) == 0 || result.Outcome != connectors.Done {
			for _, r := range rows {
				out[r.at] = result
			}
			return stale
		}
		var rest []row
		for i, r := range rows {
			e, bad := wrong[i]
			switch {
			case !bad:
				rest = append(rest, r)
			case e.Code == "CHANGE_FROM_QUANTITY_STALE":
				out[r.at] = connectors.Result{Outcome: connectors.Retry, Code: e.Code, Detail: e.Message}
				stale = append(stale, r.at)
			default:
				out[r.at] = connectors.Result{Outcome: connectors.Rejected, Code: e.Code, Detail: e.Message}
			}
		}
		rows = rest
	}
	return stale
}

// rowOf is the row that an error is about: input, quantities, 3, inventoryItemId.
func rowOf(e userError) (int, bool) {
	if len(e.Field) < 3 || e.Field[1] != "quantities" {
		return 0, false
	}
	n, err := strconv.Atoi(e.Field[2])
	return n, err == nil && n >= 0
}

// uuid makes a random UUID (version 4).
func uuid() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails
	b[6], b[8] = b[6]&0x0F|0x40, b[8]&0x3F|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// shelves reads the stock of listings: by the variant's number where there is one, else
// by its SKU, which must lead to one variant. errs says why there is none.
func (d *Driver) shelves(ctx context.Context, codes []order.Codes, place string) (out []*shelf, errs []string, err error) {
	var ids, skus []string
	for _, c := range codes {
		switch {
		case c.OptionID != "" && number(gid("ProductVariant", c.OptionID)) != "":
			ids = append(ids, gid("ProductVariant", c.OptionID))
		case c.OptionID == "" && c.SKUCode != "":
			skus = append(skus, c.SKUCode)
		}
	}
	byID, err := d.variantsByID(ctx, connectors.Distinct(ids), place)
	if err != nil {
		return nil, nil, err
	}
	bySKU, err := d.variantsBySKU(ctx, connectors.Distinct(skus), place)
	if err != nil {
		return nil, nil, err
	}
	out, errs = make([]*shelf, len(codes)), make([]string, len(codes))
	for i, c := range codes {
		errs[i] = unknownByShop
		found := bySKU[c.SKUCode]
		if c.OptionID != "" {
			found = nil
			if v := byID[gid("ProductVariant", c.OptionID)]; v != nil {
				found = []*variantNode{v}
			}
		}
		switch {
		case len(found) > 1:
			errs[i] = fmt.Sprintf("the SKU %q belongs to %d variants: link the listing by option_id", c.SKUCode, len(found))
		case len(found) == 1:
			out[i] = d.shelf(found[0])
		}
	}
	return out, errs, nil
}

func (d *Driver) shelf(v *variantNode) *shelf {
	s := &shelf{item: v.Item.ID, tracked: v.Item.Tracked}
	if v.Item.Level == nil {
		return s
	}
	for _, q := range v.Item.Level.Quantities {
		if q.Name == d.settings.stockQuantity {
			s.stocked, s.quantity = true, q.Quantity
		}
	}
	return s
}

func (d *Driver) variantsByID(ctx context.Context, ids []string, place string) (map[string]*variantNode, error) {
	out := map[string]*variantNode{}
	for from := 0; from < len(ids); from += variantsMost {
		var got struct {
			Nodes []*variantNode `json:"nodes"`
		}
		_, err := d.query(ctx, "stock", stockQuery, map[string]any{
			"ids": ids[from:min(from+variantsMost, len(ids))], "location": place, "names": []string{d.settings.stockQuantity},
		}, &got)
		if err != nil {
			return nil, err
		}
		for _, v := range got.Nodes {
			if v != nil {
				out[v.ID] = v
			}
		}
	}
	return out, nil
}

// variantsBySKU searches for SKUs. The search is for words; what comes is compared.
func (d *Driver) variantsBySKU(ctx context.Context, skus []string, place string) (map[string][]*variantNode, error) {
	out := map[string][]*variantNode{}
	for from := 0; from < len(skus); from += skusOfCall {
		part := skus[from:min(from+skusOfCall, len(skus))]
		want := map[string]bool{}
		var terms []string
		for _, s := range part {
			want[s] = true
			terms = append(terms, "sku:"+quoted(s))
		}
		after := any(nil)
		for {
			var got struct {
				Variants connection[*variantNode] `json:"productVariants"`
			}
			_, err := d.query(ctx, "stock_by_sku", stockBySKUQuery, map[string]any{
				"query": strings.Join(terms, " OR "), "after": after, "location": place, "names": []string{d.settings.stockQuantity},
			}, &got)
			if err != nil {
				return nil, err
			}
			for _, v := range got.Variants.Nodes {
				if v != nil && want[v.SKU] {
					out[v.SKU] = append(out[v.SKU], v)
				}
			}
			next := got.Variants.Page
			if !next.More || next.End == "" || next.End == after {
				break
			}
			after = next.End
		}
	}
	return out, nil
}

// ReadStock says what the mall shows at the location.
func (d *Driver) ReadStock(ctx context.Context, codes []order.Codes) ([]int64, error) {
	place, err := d.place(ctx)
	if err != nil {
		return nil, err
	}
	shelves, _, err := d.shelves(ctx, codes, place)
	if err != nil {
		return nil, err
	}
	out := make([]int64, len(codes))
	for i, s := range shelves {
		out[i] = -1
		if s != nil && s.stocked {
			out[i] = s.quantity
		}
	}
	return out, nil
}

// Catalog yields all variants of the store.
func (d *Driver) Catalog(ctx context.Context) iter.Seq2[connectors.Page, error] {
	return d.CatalogFrom(ctx, connectors.CatalogFrom{})
}

// CatalogFrom yields variants that were changed since a day, from a cursor on.
func (d *Driver) CatalogFrom(ctx context.Context, from connectors.CatalogFrom) iter.Seq2[connectors.Page, error] {
	return func(yield func(connectors.Page, error) bool) {
		after, query := any(nil), any(nil)
		if from.Position != "" {
			after = from.Position
		}
		// The shop's own midnight is not known here; a day more loses nothing.
		if t, ok := from.Since.AddDays(-1).Time(d.zone); ok {
			query = "updated_at:>=" + stamp(t)
		}
		for {
			var out struct {
				Shop struct {
					Currency string `json:"currencyCode"`
				} `json:"shop"`
				Variants connection[json.RawMessage] `json:"productVariants"`
			}
			reply, err := d.query(ctx, "catalog", catalogQuery, map[string]any{"after": after, "query": query}, &out)
			if err != nil {
				yield(connectors.Page{}, err)
				return
			}
			next := out.Variants.Page
			if out.Variants.Nodes == nil || next.More && (next.End == "" || next.End == after) {
				yield(connectors.Page{}, &connectors.Error{Class: connectors.Transient, Call: "catalog", Message: "the list does not go on"})
				return
			}
			p := variantsPage(out.Shop.Currency, out.Variants.Nodes)
			p.At = reply.At
			if next.More {
				p.Next = next.End
			}
			if !yield(p, nil) || !next.More {
				return
			}
			after = next.End
		}
	}
}

func variantsPage(currency string, nodes []json.RawMessage) connectors.Page {
	p := connectors.Page{Kind: pageVariants, Total: -1}
	var raw [][]byte
	for i, n := range nodes {
		var v ref
		if json.Unmarshal(n, &v) != nil || v.ID == "" {
			v.ID = fmt.Sprintf("variants[%d]", i)
		}
		p.Keys = append(p.Keys, v.ID)
		raw = append(raw, n)
	}
	quotedCurrency, _ := json.Marshal(currency) // a string can be written
	p.Body = append(append(append(append([]byte(`{"currency":`), quotedCurrency...), `,"variants":[`...), bytes.Join(raw, []byte(",\n"))...), "]}"...)
	return p
}
