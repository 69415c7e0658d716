package malls

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/simulator/orders"
	"github.com/mallbridge/mallbridge/simulator/yahoo"
)

type yahooMall struct {
	*yahoo.Mall
	store yahoo.Store
}

func newYahooShopping(now func() time.Time) (mall, Shop, error) {
	return newYahoo(orders.YahooShopping, now)
}

func newYahooAuction(now func() time.Time) (mall, Shop, error) {
	return newYahoo(orders.YahooAuction, now)
}

// newYahoo opens a store that has agreed just now.
func newYahoo(name string, now func() time.Time) (mall, Shop, error) {
	pair, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, Shop{}, err
	}
	public, err := x509.MarshalPKIXPublicKey(&pair.PublicKey)
	if err != nil {
		return nil, Shop{}, err
	}
	s := yahoo.Store{ID: orders.YahooStore, ClientID: "dj00ai" + key(20), Secret: key(40), Redirect: defaultBack, Key: pair, KeyVersion: "1"}
	m := yahoo.New(yahoo.Options{Now: now})
	if err := m.AddStore(s); err != nil {
		return nil, Shop{}, err
	}
	refresh, err := m.Consent(s.ID)
	return &yahooMall{m, s}, Shop{
		Mall: name,
		Settings: map[string]string{
			"seller_id": s.ID, "client_id": s.ClientID, "redirect_uri": s.Redirect, "key_version": s.KeyVersion,
			"key_issued": now().In(yahoo.Tokyo).AddDate(0, 0, -30).Format(time.DateOnly), "consented": now().In(yahoo.Tokyo).Format(time.RFC3339),
		},
		Secrets: map[string]string{"client_secret": s.Secret, "refresh_token": refresh, "public_key": base64.StdEncoding.EncodeToString(public)},
	}, err
}

func (m *yahooMall) place(o *orders.Order, _ bool) error { return m.Place(m.store.ID, o) }
func (m *yahooMall) cancel(number string) error          { return m.Cancel(m.store.ID, number) }
func (m *yahooMall) remove(number string) error          { return m.Forget(m.store.ID, number) }

func (m *yahooMall) consents(path string) bool {
	return strings.HasPrefix(path, "/login/") && strings.HasSuffix(path, "/authorization")
}

func (m *yahooMall) register(back string) (map[string]string, error) {
	m.store.Redirect = back
	return map[string]string{"redirect_uri": back}, m.AddStore(m.store)
}

func (m *yahooMall) faults(text []byte) error {
	var f yahoo.Faults
	if text != nil {
		if err := strict(text, &f); err != nil {
			return err
		}
	}
	m.Break(f)
	return nil
}
