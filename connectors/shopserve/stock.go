package shopserve

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"strconv"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/order"
)

// itemOf is the code of an item whose stock is one number, or why it is none. How the
// stock of a variation is written is not public.
func itemOf(c *order.Codes) (code, why string) {
	switch {
	case c.ItemCode == "":
		return "", "the listing has no item code (item_code)"
	case c.OptionCode != "" || c.OptionID != "":
		return "", fmt.Sprintf("item %s is sold by variation (%s), whose stock the API is not known to set: set it in the console or by CSV", c.ItemCode, c.OptionCode+c.OptionID)
	}
	return c.ItemCode, ""
}

// SetStock sets the stock of items, one call each: no call for several is known.
func (d *Driver) SetStock(ctx context.Context, q []connectors.Quantity) []connectors.Result {
	out := make([]connectors.Result, len(q))
	for i := range q {
		code, why := itemOf(&q[i].Codes)
		switch {
		case why != "":
			out[i] = rejected(why)
		case q[i].Sell < 0:
			out[i] = rejected(fmt.Sprintf("%d pieces: 0 or more are expected", q[i].Sell))
		default:
			// Flags are the words Yes and No, numbers are numbers.
			body := []byte(`{"unlimited":"No","quantity":` + strconv.FormatInt(q[i].Sell, 10) + `}`)
			reply, err := d.manage(ctx, "stock", http.MethodPost, itemPath(code, "/stock"), body, true)
			if err != nil {
				out[i] = connectors.ResultOf(err)
				continue
			}
			out[i] = connectors.Result{Outcome: connectors.Done, Detail: said(reply.Body)}
		}
	}
	return out
}

// ReadStock asks the open API for each item by itself.
func (d *Driver) ReadStock(ctx context.Context, codes []order.Codes) ([]int64, error) {
	out := make([]int64, len(codes))
	for i := range codes {
		out[i] = -1
		code, why := itemOf(&codes[i])
		if why != "" {
			continue
		}
		reply, err := d.open(ctx, "stock-read", itemPath(code, "/stock"))
		if err != nil {
			if connectors.AsError(err).Status == http.StatusNotFound {
				continue
			}
			return nil, err
		}
		if out[i], err = stockOf(reply.Body); err != nil {
			return nil, &connectors.Error{Class: connectors.Transient, Call: "stock-read", Message: fmt.Sprintf("item %s: %v", code, err)}
		}
	}
	return out, nil
}

// stockOf reads an answer of the open API. SoldOut means that none is left; other
// conditions are not known.
func stockOf(body []byte) (int64, error) {
	var s struct {
		Stock struct {
			Item *struct {
				Quantity  *int64 `json:"quantity"`
				Condition string `json:"stock_condition"`
			} `json:"management_item"`
		} `json:"stock"`
	}
	if err := json.Unmarshal(body, &s); err != nil {
		return 0, err
	}
	switch i := s.Stock.Item; {
	case i == nil:
		return 0, fmt.Errorf("there is no stock.management_item")
	case i.Condition == "SoldOut":
		return 0, nil
	case i.Quantity == nil || *i.Quantity < 0:
		return 0, fmt.Errorf("stock.management_item has no quantity")
	default:
		return *i.Quantity, nil
	}
}

const (
	pageItems = "items" // the kind of pages with items
	itemsMost = 100     // items of one answer
)

// Catalog yields the items of the shop. The name of the list in the answer is not
// public: it is the one list of objects with an item_code.
func (d *Driver) Catalog(ctx context.Context) iter.Seq2[connectors.Page, error] {
	return func(yield func(connectors.Page, error) bool) {
		fail := func(format string, args ...any) {
			yield(connectors.Page{}, &connectors.Error{Class: connectors.Transient, Call: "items", Message: fmt.Sprintf(format, args...)})
		}
		seen := map[string]bool{}
		for from := 0; ; {
			rows, total, at, err := d.items(ctx, from, itemsMost)
			if err != nil {
				yield(connectors.Page{}, err)
				return
			}
			from += len(rows)
			p := connectors.Page{Kind: pageItems, Total: -1, At: at.At}
			var fresh []json.RawMessage
			for i, raw := range rows {
				key := codeOf(raw)
				if key == "" {
					key = fmt.Sprintf("item %d", from-len(rows)+i)
				}
				if !seen[key] {
					seen[key] = true
					p.Keys, fresh = append(p.Keys, key), append(fresh, raw)
				}
			}
			p.Body = document(fresh)
			if len(p.Keys) > 0 && !yield(p, nil) || len(seen) >= total {
				return
			}
			if len(rows) < itemsMost {
				fail("the mall said %d items, %d came", total, len(seen))
				return
			}
		}
	}
}

// items asks for some items.
func (d *Driver) items(ctx context.Context, from, size int) ([]json.RawMessage, int, *connectors.Reply, error) {
	reply, err := d.manage(ctx, "items", http.MethodPost, "/v2/items/_search", []byte(fmt.Sprintf(`{"from":%d,"size":%d}`, from, size)), true)
	if err != nil {
		return nil, 0, nil, err
	}
	rows, total, err := itemsOf(reply.Body)
	if err != nil {
		return nil, 0, nil, &connectors.Error{Class: connectors.Transient, Call: "items", Message: err.Error()}
	}
	return rows, total, reply, nil
}

func itemsOf(body []byte) ([]json.RawMessage, int, error) {
	var s map[string]json.RawMessage
	if err := json.Unmarshal(body, &s); err != nil {
		return nil, 0, err
	}
	total, err := strconv.Atoi(string(s["total_count"]))
	if err != nil || total < 0 {
		return nil, 0, fmt.Errorf("the answer has no total_count")
	}
	var found []json.RawMessage
	lists := 0
	for _, v := range s {
		var list []json.RawMessage
		if !bytes.HasPrefix(v, []byte("[")) || json.Unmarshal(v, &list) != nil || len(list) == 0 || codeOf(list[0]) == "" {
			continue
		}
		found, lists = list, lists+1
	}
	if total > 0 && lists != 1 {
		return nil, 0, fmt.Errorf("the answer has %d lists of objects with an item_code", lists)
	}
	return found, total, nil
}

func codeOf(raw json.RawMessage) string {
	var i struct {
		Code string `json:"item_code"`
	}
	if json.Unmarshal(raw, &i) != nil {
		return ""
	}
	return i.Code
}
