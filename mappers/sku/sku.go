// Package sku links what malls sell (listings) to what warehouses pick (SKUs).
//
// A link says that one piece of a listing's code is so many pieces of a SKU.
// Several links of one code make a set; many codes may lead to one SKU. Codes
// are compared exactly: what merely looks alike is suggested to a person, never
// applied.
package sku

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mallbridge/mallbridge/order"
)

// A Link is one line of the SKU links (masters/sku-links.csv). The tags are its
// column names; values are text as the file has them.
type Link struct {
	Account     string `csv:"account"`     // account name or mall; empty for every account
	Code        string `csv:"code"`        // the listing's code, see [Code]
	SKU         string `csv:"sku"`         // the warehouse's code
	Quantity    string `csv:"quantity"`    // pieces of the SKU for one piece sold; empty is 1
	Name        string `csv:"name"`        // to print; empty: the SKU master's, else the listing's
	Temperature string `csv:"temperature"` // normal, chilled, frozen; empty: the SKU master's
	Weight      string `csv:"weight"`      // grams each; empty: the SKU master's
	From        string `csv:"from"`        // orders placed on this day or later, 2026-11-22; empty: always
	Line        int    `csv:"-"`
}

// A SKU is one line of the SKU master (masters/skus.csv).
type SKU struct {
	SKU         string `csv:"sku"`
	Name        string `csv:"name"`
	Barcode     string `csv:"barcode"`
	Weight      string `csv:"weight"`      // grams
	Temperature string `csv:"temperature"` // normal, chilled, frozen
	Warehouse   string `csv:"warehouse"`   // the only one that keeps it; empty: any
	Buffer      string `csv:"buffer"`      // pieces never offered to malls; empty: the account's
	Line        int    `csv:"-"`
}

// A Finding is one fault in the links or the master. File is "links" or "skus".
type Finding struct {
	File    string
	Line    int
	Column  string
	Value   string
	Why     string
	Hint    string
	Warning bool // suspicious, but usable
}

// A Component is a SKU and how many of it one piece of a listing is.
type Component struct {
	SKU         string
	Name        string // empty: print the listing's
	Quantity    int64
	Temperature order.Temperature
	Weight      int64 // grams each, 0 if unknown
	Warehouse   string
	Line        int // of the links; 0 where the SKU master alone matched
}

// A Need is how many pieces of a SKU a line of an order needs.
type Need struct {
	SKU      string // empty: no SKU is linked to the line
	Code     string // of the listing; empty if the line has none
	Quantity int64
}

// Code returns the code of a line under one entry of sku_from: a name of
// [order.Codes], or several joined by "+" whose codes are joined by ":"
// (item_id+option_code for malls whose option codes are unique only within an
// item). The code is empty if one of the parts is.
func Code(line *order.Line, from string) string {
	name, rest, more := strings.Cut(from, "+")
	code, _ := line.Codes.By(name)
	code = strings.TrimSpace(code)
	if !more || code == "" {
		return code
	}
	tail := Code(line, rest)
	if tail == "" {
		return ""
	}
	return code + ":" + tail
}

// A Coded is a code of a line with the sku_from entry that it came from.
type Coded struct {
	From string
	Code string
}

// Codes returns the line's filled codes in the order of skuFrom.
func Codes(line *order.Line, skuFrom []string) []Coded {
	var out []Coded
	for _, from := range skuFrom {
		if c := Code(line, from); c != "" {
			out = append(out, Coded{from, c})
		}
	}
	return out
}

// CheckFrom returns an error that names the first entry of sku_from that [Code]
// does not know, or nil.
func CheckFrom(skuFrom []string) error {
	if len(skuFrom) == 0 {
		return fmt.Errorf("sku_from is empty: name the code that leads to a SKU, one of %s", strings.Join(order.CodeNames(), ", "))
	}
	for i, from := range skuFrom {
		for _, name := range strings.Split(from, "+") {
			if !slices.Contains(order.CodeNames(), name) {
				return fmt.Errorf("sku_from %q: %q is not a code of a listing; use %s, or two of them joined by +", from, name, strings.Join(order.CodeNames(), ", "))
			}
		}
		if slices.Contains(skuFrom[:i], from) {
			return fmt.Errorf("sku_from %q is named twice", from)
		}
	}
	return nil
}
