// Package links says which listings no SKU is linked to, what each may be, and what a
// table of links would change.
package links

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/mappers/sku"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

// A Suggestion is a SKU that a listing may be. It is never applied by itself.
type Suggestion struct {
	SKU  string  `json:"sku"`
	Name string  `json:"name,omitempty"`
	Code string  `json:"code,omitempty"` // the known code that is near
	Why  sku.Why `json:"why"`
}

// A Listing is what a mall sells and no SKU is linked to.
type Listing struct {
	Account     string       `json:"account"`
	Code        string       `json:"code"`
	Name        string       `json:"name"`
	Option      string       `json:"option,omitempty"`
	Barcode     string       `json:"barcode,omitempty"`
	Seen        time.Time    `json:"seen"`
	Suggestions []Suggestion `json:"suggestions"`
}

// Unlinked lists listings that no SKU is linked to by the masters as they are now, by
// account and code; an empty account means all.
func Unlinked(ctx context.Context, env *stage.Env, account string) ([]Listing, error) {
	known, err := env.Ledger.Unlinked(ctx, account)
	if err != nil {
		return nil, err
	}
	out := []Listing{}
	for _, l := range known {
		acc, ok := env.Workspace.Account(l.Account)
		if ok && env.Workspace.SKUs.Linked(acc.Name, acc.Mall, l.Code, slices.Contains(acc.SKUFrom, "barcode")) {
			continue
		}
		x := Listing{Account: l.Account, Code: l.Code, Name: l.Name, Option: l.Option, Barcode: l.Barcode, Seen: l.SeenAt, Suggestions: []Suggestion{}}
		for _, s := range env.Workspace.SKUs.Suggest(l.Code, l.Name, l.Barcode, 3) {
			x.Suggestions = append(x.Suggestions, Suggestion{s.SKU, s.Name, s.Code, s.Why})
		}
		out = append(out, x)
	}
	return out, nil
}

// Table is the listings as a table to fill in, with its header.
func Table(ls []Listing) [][]string {
	rows := [][]string{{"account", "code", "sku", "quantity", "name", "option", "barcode", "suggestion"}}
	for _, l := range ls {
		var hints []string
		for _, s := range l.Suggestions {
			hints = append(hints, fmt.Sprintf("%s (%s)", s.SKU, s.Why))
		}
		rows = append(rows, []string{l.Account, l.Code, "", "1", l.Name, l.Option, l.Barcode, strings.Join(hints, " / ")})
	}
	return rows
}

// A Change is what a table does to the links of one code.
type Change struct {
	configs.LinkChange
	What string `json:"what"` // added, changed, removed
	Was  string `json:"was,omitempty"`
	Now  string `json:"now,omitempty"`
}

// Changes describes what [configs.MergeLinks] found.
func Changes(changes []configs.LinkChange) []Change {
	out := make([]Change, len(changes))
	for i, x := range changes {
		out[i] = Change{LinkChange: x, What: "changed", Was: text(x.Was), Now: text(x.Now)}
		switch {
		case len(x.Was) == 0:
			out[i].What = "added"
		case len(x.Now) == 0:
			out[i].What = "removed"
		}
	}
	return out
}

// text writes a set as TEE×2+CAP.
func text(links []sku.Link) string {
	out := make([]string, len(links))
	for i, k := range links {
		if out[i] = k.SKU; k.Quantity != "" && k.Quantity != "1" {
			out[i] += "×" + k.Quantity
		}
	}
	return strings.Join(out, "+")
}

// Held counts the orders that are on hold for listings that changes link.
func Held(ctx context.Context, env *stage.Env, changes []configs.LinkChange) (int, error) {
	codes := map[string]bool{}
	for _, c := range changes {
		if len(c.Now) > 0 {
			codes[c.Code] = true
		}
	}
	if len(codes) == 0 {
		return 0, nil
	}
	holds, err := env.Ledger.Holds(ctx, "", 1<<30)
	if err != nil {
		return 0, err
	}
	orders := map[int64]bool{}
	for _, h := range holds {
		if h.Reason == order.HoldSKU && codes[h.Value] {
			orders[h.OrderID] = true
		}
	}
	return len(orders), nil
}
