package stock

import (
	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
)

// An Offer is how many pieces of one product its mall should show.
type Offer struct {
	Product  ledger.Product
	Code     string // that leads to the SKUs; empty if the product has none of the account's codes
	Parts    []Part // empty if no SKU is linked
	Quantity int64
	Own      int64  // pieces that the account's own open orders want of its parts
	Known    bool   // Quantity can be relied on
	Why      string // why it is not known
}

// A Part is a SKU and how many of it one piece of a product is.
type Part struct {
	SKU      string
	Quantity int64
}

// NotLinked is the Why of an offer without SKU.
const NotLinked = "no SKU is linked"

// Offers reckons what an account's mall should show of each product, with what is
// known of each SKU of theirs.
func (p *Position) Offers(a *configs.Account, products []ledger.Product) ([]Offer, map[string]Share) {
	out := make([]Offer, len(products))
	shares, unknown := map[string]Share{}, map[string]Share{}
	shown := map[string]int64{} // products on sale that are made of a SKU
	for i := range products {
		o := &out[i]
		o.Product = products[i]
		line := order.Line{Codes: o.Product.Codes}
		parts, code, ok := p.workspace.SKUs.Match(a.Name, a.Mall, a.SKUFrom, &line, "")
		o.Code = code
		if !ok {
			o.Why = NotLinked
			continue
		}
		for _, c := range parts {
			o.Parts = append(o.Parts, Part{c.SKU, c.Quantity})
			if o.Product.OnSale {
				shown[c.SKU]++
			}
			if _, asked := unknown[c.SKU]; asked {
				continue
			}
			if _, asked := shares[c.SKU]; asked {
				continue
			}
			if s, known := p.Share(a, c.SKU); known {
				shares[c.SKU] = s
			} else {
				unknown[c.SKU] = s
			}
		}
	}
	for i := range out {
		p.offer(a, &out[i], shares, unknown, shown)
	}
	for sku, s := range unknown {
		shares[sku] = s
	}
	return out, shares
}

// offer reckons one product: as many as each of its parts allows.
func (p *Position) offer(a *configs.Account, o *Offer, shares, unknown map[string]Share, shown map[string]int64) {
	if len(o.Parts) == 0 {
		return
	}
	o.Known = true
	n := int64(1) << 62
	for _, c := range o.Parts {
		s, ok := shares[c.SKU]
		if !ok {
			s = unknown[c.SKU]
			o.Known, o.Why = false, "SKU "+c.SKU+": "+s.Why
		}
		o.Own += s.Own
		left := s.Sellable
		if a.Stock.Products == configs.ProductsSplit {
			left /= max(shown[c.SKU], 1)
		}
		n = min(n, left/c.Quantity)
	}
	if a.Stock.Sets == configs.SetsByWarehouse {
		n = min(n, p.whole(a, o.Parts))
	}
	if o.Known {
		o.Quantity = n
	}
}
