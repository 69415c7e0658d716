package malls

import (
	"fmt"
	"strconv"
	"time"

	"github.com/mallbridge/mallbridge/simulator/coupang"
	"github.com/mallbridge/mallbridge/simulator/elevenst"
	"github.com/mallbridge/mallbridge/simulator/orders"
	"github.com/mallbridge/mallbridge/simulator/rakuten"
)

type rakutenMall struct {
	*rakuten.Mall
	shop string
}

func newRakuten(now func() time.Time) (mall, Shop, error) {
	s := rakuten.Shop{ID: "399001", ServiceSecret: "SP399001_" + key(16), LicenceKey: "SL399001_" + key(16), Issued: now().AddDate(0, 0, -30)}
	m := rakuten.New(rakuten.Options{Now: now})
	err := m.AddShop(s)
	return &rakutenMall{m, s.ID}, Shop{
		Mall: "rakuten", Settings: map[string]string{}, Secrets: map[string]string{"service_secret": s.ServiceSecret, "license_key": s.LicenceKey},
	}, err
}

func (m *rakutenMall) place(o *orders.Order, fresh bool) error {
	progress := rakuten.ToShip
	if fresh {
		progress = rakuten.Waiting
	}
	return m.Place(m.shop, o, progress)
}

func (m *rakutenMall) cancel(number string) error { return m.Cancel(number) }
func (m *rakutenMall) remove(number string) error { return m.Remove(number) }

func (m *rakutenMall) faults(text []byte) error {
	var f rakuten.Faults
	if text != nil {
		if err := strict(text, &f); err != nil {
			return err
		}
	}
	m.Break(f)
	return nil
}

type coupangMall struct {
	*coupang.Mall
	vendor string
}

func newCoupang(now func() time.Time) (mall, Shop, error) {
	v := coupang.Vendor{
		ID: "A00399001", AccessKey: key(8) + "-" + key(4) + "-" + key(4) + "-" + key(4) + "-" + key(12), SecretKey: key(40), Issued: now().AddDate(0, 0, -30),
	}
	m := coupang.New(coupang.Options{Now: now})
	err := m.AddVendor(v)
	return &coupangMall{m, v.ID}, Shop{
		Mall: "coupang", Settings: map[string]string{"vendor_id": v.ID, "key_issued": v.Issued.In(coupang.Seoul).Format("2006-01-02")},
		Secrets: map[string]string{"access_key": v.AccessKey, "secret_key": v.SecretKey},
	}, err
}

func (m *coupangMall) place(o *orders.Order, fresh bool) error {
	status := coupang.Instruct
	if fresh {
		status = coupang.Accept
	}
	return m.Place(m.vendor, o, status)
}

func (m *coupangMall) cancel(number string) error {
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return fmt.Errorf("order %q: %w", number, err)
	}
	for _, b := range m.Bundles(m.vendor, n) {
		if _, err := m.AskCancel(m.vendor, n, b.Items); err != nil {
			return err
		}
	}
	return nil
}

func (m *coupangMall) remove(number string) error {
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return fmt.Errorf("order %q: %w", number, err)
	}
	return m.Forget(m.vendor, n)
}

func (m *coupangMall) faults(text []byte) error {
	var f coupang.Faults
	if text != nil {
		if err := strict(text, &f); err != nil {
			return err
		}
	}
	m.Break(f)
	return nil
}

type elevenstMall struct {
	*elevenst.Mall
	seller string
}

func newElevenSt(now func() time.Time) (mall, Shop, error) {
	s := elevenst.Seller{ID: "hangaram", Key: key(32), Issued: now().AddDate(0, 0, -30)}
	m := elevenst.New(elevenst.Options{Now: now})
	err := m.AddSeller(s)
	return &elevenstMall{m, s.ID}, Shop{
		Mall: "elevenst", Settings: map[string]string{"key_issued": s.Issued.In(elevenst.Seoul).Format("2006-01-02")},
		Secrets: map[string]string{"openapi_key": s.Key},
	}, err
}

func (m *elevenstMall) place(o *orders.Order, fresh bool) error {
	state := elevenst.Preparing
	if fresh {
		state = elevenst.Paid
	}
	return m.Place(m.seller, o, state)
}

func (m *elevenstMall) cancel(number string) error {
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return fmt.Errorf("order %q: %w", number, err)
	}
	lines := m.Lines(m.seller, n)
	if len(lines) == 0 {
		return fmt.Errorf("there is no order %s", number)
	}
	for _, l := range lines {
		if _, err := m.AskCancel(m.seller, n, l.Seq, l.Left, "마음이 바뀌었어요"); err != nil {
			return err
		}
	}
	return nil
}

func (m *elevenstMall) remove(number string) error {
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return fmt.Errorf("order %q: %w", number, err)
	}
	return m.Forget(m.seller, n)
}

func (m *elevenstMall) faults(text []byte) error {
	var f elevenst.Faults
	if text != nil {
		if err := strict(text, &f); err != nil {
			return err
		}
	}
	m.Break(f)
	return nil
}
