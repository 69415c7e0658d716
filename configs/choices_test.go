package configs

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mallbridge/mallbridge/mappers/delivery"
	"github.com/mallbridge/mallbridge/mappers/payment"
	"github.com/mallbridge/mallbridge/mappers/record"
)

func TestChoices(t *testing.T) {
	w := &Workspace{Accounts: []*Account{{Name: "shop", Mall: "plain"}, {Name: "other", Mall: "rakuten"}}}
	w.choices = choices{
		payments: []payment.Row{{Account: "shop", Name: "代引"}, {Account: "rakuten", Name: "クレジットカード"}, {Name: "振込"}, {Account: "shop", Code: "9"}},
		services: []delivery.ServiceRow{{Account: "plain", Name: "宅急便"}, {Account: "other", Name: "*"}},
		bands:    []delivery.BandRow{{Code: "ごごいち"}},
	}
	bands := []string{"1214", "1416", "1618", "1820", "1821", "1921", "2021", "am", "pm", "ごごいち"}
	for account, want := range map[string]map[record.Field][]string{
		"shop":  {record.OrderPayment: {"代引", "振込"}, record.OrderDelivery: {"宅急便"}, record.PackageTimeBand: bands},
		"other": {record.OrderPayment: {"クレジットカード", "振込"}, record.PackageTimeBand: bands},
		"":      {record.OrderPayment: {"クレジットカード", "代引", "振込"}, record.PackageTimeBand: bands},
	} {
		if d := cmp.Diff(want, w.Choices(account)); d != "" {
			t.Errorf("%q: %s", account, d)
		}
	}
}
