package malls

import (
	"time"

	"github.com/mallbridge/mallbridge/simulator/ebay"
	"github.com/mallbridge/mallbridge/simulator/orders"
)

type ebayMall struct {
	*ebay.Mall
	seller ebay.Seller
}

func newEbay(now func() time.Time) (mall, Shop, error) {
	s := ebay.Seller{
		Name: "sample_jp_shop", ClientID: "SampleSh-mallbrid-SIM-" + key(9) + "-" + key(8), ClientSecret: "SIM-" + key(32), RuName: "Sample_Shop-SampleSh-mallbr-" + key(7),
		RefreshToken: "v^1.1#i^1#r^1#" + key(40), Consented: now().AddDate(0, -1, 0), Scopes: []string{"sell.fulfillment", "sell.inventory"},
	}
	m := ebay.New(ebay.Options{Now: now})
	err := m.AddSeller(s)
	for _, g := range orders.Goods {
		if g.Mall == orders.Ebay && err == nil {
			err = m.Sell(s.Name, ebay.Item{SKU: g.Code, Title: g.Name, EAN: "Does not apply", Quantity: 10, Offers: []ebay.Offer{{Published: true, Quantity: 10, Price: g.Price}}})
		}
	}
	return &ebayMall{m, s}, Shop{
		Mall: "ebay", Settings: map[string]string{"client_id": s.ClientID, "ru_name": s.RuName, "consent_ends": now().AddDate(0, 16, 0).UTC().Format(time.DateOnly)},
		Secrets: map[string]string{"client_secret": s.ClientSecret, "refresh_token": s.RefreshToken},
	}, err
}

// place puts an order in; eBay asks nobody to confirm one.
func (m *ebayMall) place(o *orders.Order, _ bool) error { return m.Place(m.seller.Name, o) }

func (m *ebayMall) consents(path string) bool { return path == "/consent/authorize" }

func (m *ebayMall) register(back string) (map[string]string, error) {
	m.seller.Accepted = back
	return nil, m.AddSeller(m.seller)
}

func (m *ebayMall) cancel(number string) error { return m.Cancel(m.seller.Name, number) }
func (m *ebayMall) remove(number string) error { return m.Forget(m.seller.Name, number) }

func (m *ebayMall) faults(text []byte) error {
	var f ebay.Faults
	if text != nil {
		if err := strict(text, &f); err != nil {
			return err
		}
	}
	m.Break(f)
	return nil
}
