package rakuten_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/mallbridge/mallbridge/configs/formats"
	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/drivertest"
	"github.com/mallbridge/mallbridge/connectors/rakuten"
	"github.com/mallbridge/mallbridge/mappers/format"
	"github.com/mallbridge/mallbridge/mappers/record"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/simulator/orders"
	mall "github.com/mallbridge/mallbridge/simulator/rakuten"
)

// A day's orders, downloaded as 通常購入データ and read by API, are the same orders:
// neither way makes new work of what the other has brought.
func TestSheetAndAPIGiveTheSameOrder(t *testing.T) {
	clock := drivertest.NewClock(time.Date(2026, 7, 15, 3, 0, 0, 0, time.UTC))
	s := newShop(t, clock.Now)
	os := orders.NewStream(7).Day(clock.Now().In(mall.Tokyo), 400)[orders.Rakuten]
	for i := range os {
		if os[i].Fate.State != orders.Refused && os[i].Fate.State != orders.Filtered {
			s.check(s.Place(shopID, &os[i], 0))
		}
	}
	sheet, err := orders.RakutenCSV(os, clock.Now())
	s.check(err)
	set, err := format.Load(formats.FS, ".")
	s.check(err)
	f, err := set.Get("rakuten-orders")
	s.check(err)
	groups, _, _, err := f.ReadAll(t.Context(), format.Bytes(sheet.Name, sheet.Data), format.ReadOptions{})
	s.check(err)
	server := httptest.NewServer(s.Mall)
	defer server.Close()
	secrets := map[string]string{"service_secret": serviceSecret, "license_key": licenceKey}
	m, err := rakuten.Spec.Open(connectors.Account{
		Name: "rakuten-main", Settings: map[string]string{connectors.BaseURL: server.URL}, Secret: func(name string) (string, error) { return secrets[name], nil },
	}, connectors.Options{Now: clock.Now, Sleep: clock.Sleep})
	s.check(err)
	byAPI := map[string]order.Order{}
	for p, err := range m.Read(t.Context(), connectors.Read{Window: connectors.Window{From: clock.Now().AddDate(0, 0, -60), To: clock.Now()}, Kind: connectors.ReadNew}) {
		s.check(err)
		parsed, err := m.Parse(p)
		s.check(err)
		for _, o := range parsed.Orders {
			byAPI[o.Number] = o
		}
	}
	both := 0
	for _, g := range groups {
		o, err := record.Order("rakuten-main", g.Records)
		s.check(err)
		a, ok := byAPI[o.Number]
		if !ok {
			t.Errorf("order %s does not come by API", o.Number)
			continue
		}
		both++
		if d := gocmp.Diff(*o, a, sameInWindows); d != "" {
			t.Errorf("order %s differs (-sheet +API):\n%s", o.Number, d)
		}
		if both > 3 && t.Failed() {
			return
		}
	}
	if both < 100 {
		t.Errorf("only %d orders came both ways", both)
	}
}

// sameInWindows compares texts as CP932 knows them: its table has one code for
// signs that Unicode has twice, such as 〜 and ～.
var sameInWindows = gocmp.Comparer(func(a, b string) bool { return windows.Replace(a) == windows.Replace(b) })

var windows = strings.NewReplacer("〜", "～", "−", "－", "‖", "∥", "—", "―", "¢", "￠", "£", "￡", "¬", "￢")
