package malls

import (
	"time"

	"github.com/mallbridge/mallbridge/simulator/orders"
	"github.com/mallbridge/mallbridge/simulator/shopserve"
)

type shopserveMall struct{ *shopserve.Mall }

func newShopserve(now func() time.Time) (mall, Shop, error) {
	s := shopserve.Shop{ID: "abc123.xy", ManagerKey: key(40), OpenKey: key(40)}
	settings := shopserve.Settings()
	settings["shop_id"] = s.ID
	return &shopserveMall{shopserve.New(s, shopserve.Options{Now: now})}, Shop{
		Mall: "shopserve", Settings: settings, Secrets: map[string]string{"manager_key": s.ManagerKey, "open_key": s.OpenKey},
	}, nil
}

// place puts an order in; nobody confirms one.
func (m *shopserveMall) place(o *orders.Order, _ bool) error { return m.Place(o, shopserve.Ready) }

func (m *shopserveMall) cancel(number string) error { return m.Cancel(number) }
func (m *shopserveMall) remove(number string) error { return m.Forget(number) }

func (m *shopserveMall) faults(text []byte) error {
	var f shopserve.Faults
	if text != nil {
		if err := strict(text, &f); err != nil {
			return err
		}
	}
	m.Break(f)
	return nil
}
