package sku

import (
	"testing"

	"github.com/mallbridge/mallbridge/order"
)

func BenchmarkMatch(b *testing.B) {
	x, _ := NewIndex([]Link{{Account: "shop", Code: "T-1", SKU: "00012"}}, nil)
	l := &order.Line{Codes: order.Codes{ItemCode: "T-1"}}
	from := []string{"option_code", "item_code"}
	for b.Loop() {
		x.Match("shop", "rakuten", from, l, "2026-11-22")
	}
}
