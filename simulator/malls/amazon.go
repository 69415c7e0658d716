package malls

import (
	"time"

	"github.com/mallbridge/mallbridge/simulator/amazon"
	"github.com/mallbridge/mallbridge/simulator/orders"
)

type amazonMall struct {
	*amazon.Mall
	seller amazon.Seller
}

func newAmazon(now func() time.Time) (mall, Shop, error) {
	s := amazon.Seller{
		ID: "A0SAMPLESELLER", ClientID: "amzn1.application-oa2-client." + key(32), ClientSecret: "amzn1.oa2-cs.v1." + key(32), RefreshToken: "Atzr|" + key(64),
		Issued: now().AddDate(0, 0, -30), AppID: "amzn1.sp.solution." + key(32), Redirect: defaultBack,
	}
	m := amazon.New(amazon.Options{Now: now})
	err := m.AddSeller(s)
	return &amazonMall{m, s}, Shop{
		Mall:     "amazon",
		Settings: map[string]string{"client_id": s.ClientID, "seller_id": s.ID, "secret_issued": s.Issued.In(amazon.Tokyo).Format(time.DateOnly), "application_id": s.AppID},
		Secrets:  map[string]string{"client_secret": s.ClientSecret, "refresh_token": s.RefreshToken},
	}, err
}

// place leaves fresh orders pending: they are paid half an hour after they were placed.
func (m *amazonMall) place(o *orders.Order, fresh bool) error {
	status := amazon.Unshipped
	if fresh {
		status = amazon.Pending
	}
	return m.Place(m.seller.ID, o, status)
}

func (m *amazonMall) consents(path string) bool { return path == "/consent/apps/authorize/consent" }

func (m *amazonMall) register(back string) (map[string]string, error) {
	m.seller.Redirect = back
	return nil, m.AddSeller(m.seller)
}

func (m *amazonMall) cancel(number string) error { return m.Cancel(number) }
func (m *amazonMall) remove(number string) error { return m.Remove(number) }

func (m *amazonMall) faults(text []byte) error {
	var f amazon.Faults
	if text != nil {
		if err := strict(text, &f); err != nil {
			return err
		}
	}
	m.Break(f)
	return nil
}
