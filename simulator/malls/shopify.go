package malls

import (
	"time"

	"github.com/mallbridge/mallbridge/simulator/orders"
	"github.com/mallbridge/mallbridge/simulator/shopify"
)

type shopifyMall struct {
	*shopify.Mall
	shop string
}

func newShopify(now func() time.Time) (mall, Shop, error) {
	s := shopify.Shop{Domain: "mihon-store", Name: "見本ストア", ClientID: key(32), ClientSecret: "shpss_" + key(32)}
	m := shopify.New(shopify.Options{Now: now})
	err := m.AddShop(s)
	return &shopifyMall{m, s.Domain}, Shop{
		Mall: "shopify", Settings: map[string]string{"shop": s.Domain, "client_id": s.ClientID}, Secrets: map[string]string{"client_secret": s.ClientSecret},
	}, err
}

// place puts an order in. One that is fresh still waits for its payment.
func (m *shopifyMall) place(o *orders.Order, fresh bool) error {
	status := shopify.Paid
	if fresh {
		status = shopify.Pending
	}
	return m.Place(m.shop, o, status)
}

func (m *shopifyMall) cancel(number string) error { return m.Cancel(m.shop, number) }
func (m *shopifyMall) remove(number string) error { return m.Forget(m.shop, number) }

func (m *shopifyMall) faults(text []byte) error {
	var f shopify.Faults
	if text != nil {
		if err := strict(text, &f); err != nil {
			return err
		}
	}
	m.Break(f)
	return nil
}
