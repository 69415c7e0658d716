package rakuten

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/order"
)

const (
	stockOfCall = 400
	mostStock   = 99_999
	// single is the variation of an item that has only one.
	single = "normal-inventory"
	hits   = 100
)

// SetStock sets quantities by bulk-upsert of InventoryAPI 2.0, 400 at a call:
// version 2.1 would erase the lead times that a call leaves out. RMS is taken to
// change nothing of a call that has a wrong row; that row is refused and the rest
// goes again.
func (d *Driver) SetStock(ctx context.Context, q []connectors.Quantity) []connectors.Result {
	out := make([]connectors.Result, len(q))
	var todo []int
	for i := range q {
		switch {
		case q[i].Codes.ItemID == "":
			out[i] = connectors.Result{Outcome: connectors.Rejected, Detail: "the listing has no item_id (商品管理番号)"}
		case q[i].Sell < 0 || q[i].Sell > mostStock:
			out[i] = connectors.Result{Outcome: connectors.Rejected, Detail: fmt.Sprintf("RMS takes quantities from 0 to %d, not %d", mostStock, q[i].Sell)}
		default:
			todo = append(todo, i)
		}
	}
	for len(todo) > 0 {
		// A SKU that stands twice in a call is refused; the second waits.
		var part, later []int
		seen := map[string]bool{}
		for _, i := range todo {
			key := q[i].Codes.ItemID + "\x00" + variant(q[i])
			if len(part) == stockOfCall || seen[key] {
				later = append(later, i)
				continue
			}
			seen[key] = true
			part = append(part, i)
		}
		d.setStock(ctx, q, part, out)
		todo = later
	}
	return out
}

func variant(q connectors.Quantity) string {
	if q.Codes.OptionCode == "" {
		return single
	}
	return q.Codes.OptionCode
}

// wrongRow names the row of a request that an error is about.
var wrongRow = regexp.MustCompile(`^inventories\[(\d+)\]`)

func (d *Driver) setStock(ctx context.Context, q []connectors.Quantity, part []int, out []connectors.Result) {
	for len(part) > 0 {
		rows := make([]stockRow, len(part))
		for j, i := range part {
			rows[j] = stockRow{q[i].Codes.ItemID, variant(q[i]), "ABSOLUTE", q[i].Sell}
		}
		reply, err := d.client.call(ctx, connectors.Request{
			Kind: "bulkUpsertInventories", Method: http.MethodPost, Path: "/es/2.0/inventories/bulk-upsert", Safe: true,
		}, map[string]any{"inventories": rows})
		result := connectors.Result{Outcome: connectors.Done}
		wrong := map[int]bool{}
		if err != nil {
			result = connectors.ResultOf(err)
		} else if reply.Status != http.StatusNoContent && reply.Status != http.StatusOK {
			var e envelope
			if uerr := unmarshal(reply.Body, &e); uerr != nil {
				result = connectors.Result{Detail: uerr.Error()}
			}
			for _, x := range e.Errors {
				m := wrongRow.FindStringSubmatch(string(x.Metadata.Path))
				if m == nil {
					continue
				}
				if j, _ := strconv.Atoi(m[1]); j < len(part) {
					wrong[j] = true
					out[part[j]] = connectors.Result{Outcome: connectors.Rejected, Code: string(x.Code), Detail: string(x.Message)}
				}
			}
			if len(wrong) == 0 && result.Detail == "" {
				result = connectors.Result{Outcome: connectors.Rejected, Detail: fmt.Sprintf("status %d: %s", reply.Status, reply.Body[:min(len(reply.Body), 200)])}
			}
		}
		if len(wrong) == 0 {
			for _, i := range part {
				out[i] = result
			}
			return
		}
		var rest []int
		for j, i := range part {
			if !wrong[j] {
				rest = append(rest, i)
			}
		}
		part = rest
	}
}

// readAtOnce is how many SKUs inventories.bulk.get takes.
const readAtOnce = 1000

// ReadStock asks by bulk-get of InventoryAPI 2.0, which leaves out SKUs that RMS
// does not have. Manage numbers are folded to lower case there.
func (d *Driver) ReadStock(ctx context.Context, codes []order.Codes) ([]int64, error) {
	out := slices.Repeat([]int64{-1}, len(codes))
	type pair struct{ item, variant string }
	for from := 0; from < len(codes); from += readAtOnce {
		part := codes[from:min(from+readAtOnce, len(codes))]
		at := map[pair][]int{}
		var rows []map[string]string
		for i := range part {
			if part[i].ItemID == "" {
				continue
			}
			k := pair{strings.ToLower(part[i].ItemID), variant(connectors.Quantity{Codes: part[i]})}
			if at[k] == nil {
				rows = append(rows, map[string]string{"manageNumber": part[i].ItemID, "variantId": k.variant})
			}
			at[k] = append(at[k], from+i)
		}
		if len(rows) == 0 {
			continue
		}
		reply, err := d.client.call(ctx, connectors.Request{
			Kind: "bulkGetInventories", Method: http.MethodPost, Path: "/es/2.0/inventories/bulk-get", Safe: true,
		}, map[string]any{"inventories": rows})
		if err != nil {
			return nil, err
		}
		var r inventoriesReply
		if err := unmarshal(reply.Body, &r); err != nil {
			return nil, &connectors.Error{Class: connectors.Transient, Call: "bulkGetInventories", Err: err}
		}
		for _, x := range r.Inventories {
			if !x.Quantity.Set {
				return nil, &connectors.Error{Class: connectors.Transient, Call: "bulkGetInventories", Message: "a SKU without quantity"}
			}
			for _, i := range at[pair{strings.ToLower(string(x.Manage)), string(x.Variant)}] {
				out[i] = x.Quantity.N
			}
		}
	}
	return out, nil
}

// Catalog lists everything; see [Driver.CatalogFrom].
func (d *Driver) Catalog(ctx context.Context) iter.Seq2[connectors.Page, error] {
	return d.CatalogFrom(ctx, connectors.CatalogFrom{})
}

// CatalogFrom lists items by items.search, whose index is up to a day behind.
func (d *Driver) CatalogFrom(ctx context.Context, from connectors.CatalogFrom) iter.Seq2[connectors.Page, error] {
	return func(yield func(connectors.Page, error) bool) {
		total := -1
		for cursor := cmp.Or(from.Position, "*"); ; {
			query := url.Values{"hits": {strconv.Itoa(hits)}, "cursorMark": {cursor}}
			if from.Since != "" {
				query.Set("updatedFrom", string(from.Since))
			}
			reply, err := d.client.call(ctx, connectors.Request{
				Kind: "searchItems", Method: http.MethodGet, Path: "/es/2.0/items/search", Query: query.Encode(), Safe: true,
			}, nil)
			if err != nil {
				yield(connectors.Page{}, err)
				return
			}
			var r itemsReply
			if err := unmarshal(reply.Body, &r); err != nil {
				yield(connectors.Page{}, &connectors.Error{Class: connectors.Transient, Call: "searchItems", Err: err})
				return
			}
			if total < 0 && from.Position == "" {
				total = int(r.Found.N)
			}
			p := connectors.Page{Kind: "searchItems", Body: reply.Body, Total: total, At: reply.At}
			for i, x := range r.Results {
				key := manageNumberOf(x.Item)
				if key == "" {
					key = fmt.Sprintf("%s[%d]", cursor, i)
				}
				p.Keys = append(p.Keys, key)
			}
			next := string(r.Cursor)
			last := next == "" || next == cursor || len(r.Results) == 0
			if !last {
				p.Next = next
			}
			if len(p.Keys) > 0 && !yield(p, nil) || last {
				return
			}
			cursor = next
		}
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
