package malls

import (
	"fmt"
	"time"

	"github.com/mallbridge/mallbridge/simulator/orders"
	"github.com/mallbridge/mallbridge/simulator/smartstore"
)

type smartstoreMall struct {
	*smartstore.Mall
	seller string
}

func newSmartStore(now func() time.Time) (mall, Shop, error) {
	s := smartstore.Seller{ID: "hangaram", ClientID: key(22), Secret: "$2a$04$" + key(21) + "e"}
	m := smartstore.New(smartstore.Options{Now: now})
	err := m.AddSeller(s)
	return &smartstoreMall{m, s.ID}, Shop{
		Mall: "smartstore", Settings: map[string]string{"client_id": s.ClientID}, Secrets: map[string]string{"client_secret": s.Secret},
	}, err
}

func (m *smartstoreMall) place(o *orders.Order, fresh bool) error {
	state := smartstore.Confirmed
	if fresh {
		state = smartstore.Fresh
	}
	return m.Place(m.seller, o, state)
}

func (m *smartstoreMall) cancel(number string) error {
	if len(m.Lines(m.seller, number)) == 0 {
		return fmt.Errorf("there is no order %s", number)
	}
	return m.Cancel(m.seller, number)
}

func (m *smartstoreMall) remove(number string) error { return m.Forget(m.seller, number) }

func (m *smartstoreMall) faults(text []byte) error {
	var f smartstore.Faults
	if text != nil {
		if err := strict(text, &f); err != nil {
			return err
		}
	}
	m.Break(f)
	return nil
}
