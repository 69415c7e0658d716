// Package malls lists the malls that Mallbridge speaks to by API.
package malls

import (
	"slices"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/amazon"
	"github.com/mallbridge/mallbridge/connectors/coupang"
	"github.com/mallbridge/mallbridge/connectors/ebay"
	"github.com/mallbridge/mallbridge/connectors/elevenst"
	"github.com/mallbridge/mallbridge/connectors/rakuten"
	"github.com/mallbridge/mallbridge/connectors/shopify"
	"github.com/mallbridge/mallbridge/connectors/shopserve"
	"github.com/mallbridge/mallbridge/connectors/smartstore"
	"github.com/mallbridge/mallbridge/connectors/yahooshopping"
)

// Malls lists every connector, in the order in which the documentation shows them.
var Malls = []connectors.Spec{
	rakuten.Spec,
	yahooshopping.Spec,
	yahooshopping.AuctionSpec,
	ebay.Spec,
	smartstore.Spec,
	coupang.Spec,
	elevenst.Spec,
	amazon.Spec,
	shopify.Spec,
	shopserve.Spec,
}

// Lookup returns the mall of that name.
func Lookup(name string) (connectors.Spec, bool) {
	i := slices.IndexFunc(Malls, func(s connectors.Spec) bool { return s.Name == name })
	if i < 0 {
		return connectors.Spec{}, false
	}
	return Malls[i], true
}
