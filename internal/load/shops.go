// Package load sells at many shops of simulated malls, so that tests can see what the
// program carries.
//
// [Shops] are the shops and the accounts by which a workspace asks them. The tests of
// the package run the program itself over PostgreSQL, with warehouses that answer
// (make load-cluster).
package load

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/simulator/coupang"
	"github.com/mallbridge/mallbridge/simulator/elevenst"
	"github.com/mallbridge/mallbridge/simulator/orders"
	"github.com/mallbridge/mallbridge/simulator/rakuten"
)

// malls are those at which the shops are, in turns.
var malls = []string{orders.Rakuten, orders.Coupang, orders.ElevenSt}

// Shops are n shops, each with its account. They may be used by several goroutines.
type Shops struct {
	n       int
	now     func() time.Time
	rakuten *rakuten.Mall
	coupang *coupang.Mall
	eleven  *elevenst.Mall

	mu     sync.Mutex
	stream *orders.Stream
	placed map[string][]string // order numbers by account
}

// NewShops opens n shops. now is the malls' clock.
func NewShops(n int, now func() time.Time, seed uint64) (*Shops, error) {
	s := &Shops{
		n: n, now: now, stream: orders.NewStream(seed), placed: map[string][]string{},
		rakuten: rakuten.New(rakuten.Options{Now: now}), coupang: coupang.New(coupang.Options{Now: now}), eleven: elevenst.New(elevenst.Options{Now: now}),
	}
	for i := range n {
		var err error
		k := keysOf(i)
		switch s.Mall(i) {
		case orders.Rakuten:
			err = s.rakuten.AddShop(rakuten.Shop{ID: shopID(i), ServiceSecret: k["service_secret"], LicenceKey: k["license_key"], Issued: now()})
		case orders.Coupang:
			err = s.coupang.AddVendor(coupang.Vendor{ID: vendorID(i), AccessKey: k["access_key"], SecretKey: k["secret_key"], Issued: now()})
		case orders.ElevenSt:
			err = s.eleven.AddSeller(elevenst.Seller{ID: s.Name(i), Key: k["openapi_key"], Issued: now()})
		}
		if err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Mall is that of shop i.
func (s *Shops) Mall(i int) string { return mallOf(i) }

func mallOf(i int) string { return malls[i%len(malls)] }

// Name is the account of shop i.
func (s *Shops) Name(i int) string { return fmt.Sprintf("%s-%d", mallOf(i), i) }

func shopID(i int) string { return strconv.Itoa(300000 + i) }

func vendorID(i int) string { return fmt.Sprintf("A%08d", i) }

// keysOf are the secrets of shop i, by the names of the account's settings.
func keysOf(i int) map[string]string {
	switch mallOf(i) {
	case orders.Rakuten:
		return map[string]string{"service_secret": "SP-secret-" + shopID(i), "license_key": "SL-key-" + shopID(i)}
	case orders.Coupang:
		return map[string]string{"access_key": fmt.Sprintf("3c1d7a52-9f0b-4e8d-a6c3-%012d", i), "secret_key": fmt.Sprintf("%040d", i)}
	}
	return map[string]string{"openapi_key": fmt.Sprintf("%032d", i)}
}

// Malls are the malls' servers, by mall.
func (s *Shops) Malls() map[string]http.Handler {
	return map[string]http.Handler{orders.Rakuten: s.rakuten, orders.Coupang: s.coupang, orders.ElevenSt: s.eleven}
}

// targets are the statuses in which orders are instructed.
var targets = map[string]string{orders.Rakuten: `"300"`, orders.Coupang: "INSTRUCT", orders.ElevenSt: `"301"`}

// Write writes the accounts and their keys into a workspace. urls are the malls'
// addresses, by mall; every is the least time between two turns of an account; more is
// added to each account's file: YAML in flow style that begins with a comma.
func (s *Shops) Write(dir string, urls map[string]string, every time.Duration, more func(i int) string) error {
	for _, d := range []string{"accounts", "keys"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o750); err != nil {
			return err
		}
	}
	first := s.now().AddDate(0, 0, -1).In(rakuten.Tokyo).Format(time.DateOnly)
	for i := range s.n {
		keys := keysOf(i)
		refs := ""
		for _, name := range slices.Sorted(maps.Keys(keys)) {
			ref := fmt.Sprintf("keys/%d.%s", i, name)
			if err := os.WriteFile(filepath.Join(dir, ref), []byte(keys[name]), 0o600); err != nil {
				return err
			}
			refs += fmt.Sprintf("%s: %q, ", name, "file:"+ref)
		}
		settings := ""
		if s.Mall(i) == orders.Coupang {
			settings = "settings: {vendor_id: " + vendorID(i) + "}, "
		}
		text := fmt.Sprintf("{mall: %s, not_before: %s, targets: {default: %s}, api: {base_url: %q, every: %s, %ssecrets: {%s}}%s}\n",
			s.Mall(i), first, targets[s.Mall(i)], urls[s.Mall(i)], every, settings, refs, more(i))
		if err := os.WriteFile(filepath.Join(dir, "accounts", s.Name(i)+".yaml"), []byte(text), 0o640); err != nil {
			return err
		}
	}
	return nil
}

// Sell places an ordinary order at shop i, ready to be instructed, which the buyer
// sent at an instant.
func (s *Shops) Sell(i int, at time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.stream.Ordinary(s.Mall(i), at.In(rakuten.Tokyo), 1)[0]
	o.Ordered = at.In(rakuten.Tokyo) // the stream's lie before
	var err error
	switch s.Mall(i) {
	case orders.Rakuten:
		o.Number = shopID(i) + o.Number[6:] // a shop's numbers begin with it
		err = s.rakuten.Place(shopID(i), &o, rakuten.ToShip)
	case orders.Coupang:
		err = s.coupang.Place(vendorID(i), &o, coupang.Instruct)
	case orders.ElevenSt:
		err = s.eleven.Place(s.Name(i), &o, elevenst.Preparing)
	}
	if err == nil {
		s.placed[s.Name(i)] = append(s.placed[s.Name(i)], o.Number)
	}
	return err
}

// Placed lists the numbers of the orders of shop i.
func (s *Shops) Placed(i int) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.placed[s.Name(i)])
}

// Sold counts the orders of all shops.
func (s *Shops) Sold() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, list := range s.placed {
		n += len(list)
	}
	return n
}

// Shown lists the tracking numbers that the mall of shop i shows for an order, each
// once.
func (s *Shops) Shown(i int, number string) ([]string, error) {
	if s.Mall(i) == orders.Rakuten {
		return s.rakuten.Tracking(number)
	}
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return nil, err
	}
	found := map[string]bool{}
	if s.Mall(i) == orders.Coupang {
		for _, b := range s.coupang.Bundles(vendorID(i), id) {
			if b.Invoice != "" {
				found[b.Invoice] = true
			}
		}
	} else {
		for _, l := range s.eleven.Lines(s.Name(i), id) {
			for n := range l.Parcels {
				found[n] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found)), nil
}

// Number is the whole number above 0 in an environment variable, or another one where
// there is none.
func Number(t testing.TB, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s=%s", name, text)
	}
	return n
}
