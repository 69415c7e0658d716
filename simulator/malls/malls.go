// Package malls puts any of the simulated malls behind one server: the mall, one
// shop with its keys, orders that keep coming, and an admin endpoint below /-/ for
// what buyers do and what goes wrong.
//
// The admin endpoint takes and gives JSON:
//
//	GET  /-/             the shop and how many orders were placed
//	POST /-/place        {"orders": 10, "fresh": true} puts orders into the shop; fresh ones are not confirmed yet
//	POST /-/cancel       {"order": "…"} the buyer or the mall cancels
//	POST /-/remove       {"order": "…"} the mall knows nothing of the order any more
//	POST /-/break        the mall's own faults, as {"Inside": true}
//	POST /-/network      {"fault": "503", "times": 2, "path": "getOrder"}: 503, 500, 429, maintenance, drop, unanswered, slow
//	POST /-/mend         ends all faults
package malls

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mallbridge/mallbridge/simulator/orders"
)

// Options set a stand up.
type Options struct {
	// Now is the mall's clock; nil for the machine's.
	Now func() time.Time
	// Seed of the orders; 0 for 1.
	Seed uint64
	// Slow waits for the fault "slow"; nil waits by the machine's clock.
	Slow func(time.Duration)
}

// A mall is what a stand needs of a simulated mall.
type mall interface {
	http.Handler
	place(o *orders.Order, fresh bool) error
	cancel(number string) error
	remove(number string) error
	// faults sets what is wrong from JSON; nil mends.
	faults(text []byte) error
}

// A Shop is the seller that the stand made at its mall, as an account of
// Mallbridge names it.
type Shop struct {
	Mall     string            `json:"mall"`
	Settings map[string]string `json:"settings"`
	Secrets  map[string]string `json:"secrets"`
}

// A Stand is one mall with one shop.
type Stand struct {
	Shop   Shop
	now    func() time.Time
	slow   func(time.Duration)
	mall   mall
	mu     sync.Mutex
	stream *orders.Stream
	placed int
	broken []network
}

type network struct {
	Fault string `json:"fault"`
	Times int    `json:"times"` // 0: until it is mended
	Path  string `json:"path"`  // only requests whose path holds it

	counted bool
}

var makers = map[string]func(now func() time.Time) (mall, Shop, error){
	"rakuten":    newRakuten,
	"coupang":    newCoupang,
	"ebay":       newEbay,
	"elevenst":   newElevenSt,
	"smartstore": newSmartStore,
	"amazon":     newAmazon,
	"shopify":    newShopify,
	"shopserve":  newShopserve,

	"yahoo-shopping": newYahooShopping,
	"yahoo-auction":  newYahooAuction,
}

// nine is the offset of Japan and Korea.
var nine = time.FixedZone("+09:00", 9*60*60)

// Names lists the malls there are.
func Names() []string { return slices.Sorted(maps.Keys(makers)) }

// Open makes a mall with a shop, which has no orders yet.
func Open(name string, o Options) (*Stand, error) {
	newMall, ok := makers[name]
	if !ok {
		return nil, fmt.Errorf("there is no simulated mall %q; there are %s", name, strings.Join(Names(), ", "))
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Slow == nil {
		o.Slow = time.Sleep
	}
	m, shop, err := newMall(o.Now)
	if err != nil {
		return nil, err
	}
	return &Stand{Shop: shop, now: o.Now, slow: o.Slow, mall: m, stream: orders.NewStream(cmp.Or(o.Seed, 1))}, nil
}

// Place puts n ordinary orders into the shop, the last placed at the present
// moment, and returns their numbers. Fresh ones still wait for the shop's
// confirmation.
func (s *Stand) Place(n int, fresh bool) ([]string, error) {
	s.mu.Lock()
	list := s.stream.Ordinary(s.Shop.Mall, s.now().In(nine), n)
	s.placed += n
	s.mu.Unlock()
	return s.put(list, fresh)
}

// Put puts given orders into the shop.
func (s *Stand) Put(list []orders.Order, fresh bool) ([]string, error) {
	s.mu.Lock()
	s.placed += len(list)
	s.mu.Unlock()
	return s.put(list, fresh)
}

func (s *Stand) put(list []orders.Order, fresh bool) ([]string, error) {
	numbers := make([]string, len(list))
	for i := range list {
		numbers[i] = list[i].Number
		if err := s.mall.place(&list[i], fresh); err != nil {
			return nil, err
		}
	}
	return numbers, nil
}

// Cancel is the buyer, or the mall, who cancels an order.
func (s *Stand) Cancel(number string) error { return s.mall.cancel(number) }

// ServeHTTP is the mall's API, and the admin endpoint below /-/.
func (s *Stand) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/-/") {
		s.admin(w, r)
		return
	}
	if f, ok := s.fault(r.URL.Path); ok {
		s.fail(w, r, f)
		return
	}
	if s.consentPage(w, r) {
		return
	}
	s.mall.ServeHTTP(w, r)
}

// fault takes the next network fault for a path.
func (s *Stand) fault(path string) (network, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.broken {
		f := &s.broken[i]
		if !strings.Contains(path, f.Path) {
			continue
		}
		out := *f
		if f.counted {
			if f.Times--; f.Times == 0 {
				s.broken = slices.Delete(s.broken, i, i+1)
			}
		}
		return out, true
	}
	return network{}, false
}

func (s *Stand) fail(w http.ResponseWriter, r *http.Request, f network) {
	switch f.Fault {
	case "500":
		http.Error(w, "internal server error", http.StatusInternalServerError)
	case "503":
		http.Error(w, "service unavailable", http.StatusServiceUnavailable)
	case "429":
		w.Header().Set("Retry-After", "2")
		http.Error(w, "too many requests", http.StatusTooManyRequests)
	case "maintenance":
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, "<html><head><title>メンテナンス中 · 점검 중</title></head><body>503</body></html>")
	case "unanswered": // carried out, and the answer is lost
		s.mall.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	case "slow":
		s.slow(5 * time.Second)
		s.mall.ServeHTTP(w, r)
	default: // drop
		panic(http.ErrAbortHandler)
	}
}

var networkFaults = []string{"500", "503", "429", "maintenance", "drop", "unanswered", "slow"}

func (s *Stand) admin(w http.ResponseWriter, r *http.Request) {
	what := strings.TrimPrefix(r.URL.Path, "/-/")
	if what == "" && r.Method == http.MethodGet {
		s.mu.Lock()
		defer s.mu.Unlock()
		reply(w, http.StatusOK, map[string]any{"shop": s.Shop, "placed": s.placed, "network": len(s.broken)})
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil || r.Method != http.MethodPost {
		reply(w, http.StatusBadRequest, map[string]any{"error": "POST place, cancel, remove, break, network or mend"})
		return
	}
	out, err := s.act(what, body)
	if err != nil {
		reply(w, http.StatusBadRequest, map[string]any{"error": err.Error()})
		return
	}
	reply(w, http.StatusOK, out)
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the caller has hung up
}

func (s *Stand) act(what string, body []byte) (map[string]any, error) {
	switch what {
	case "place":
		var in struct {
			Orders int  `json:"orders"`
			Fresh  bool `json:"fresh"`
		}
		if err := strict(body, &in); err != nil {
			return nil, err
		}
		if in.Orders < 1 || in.Orders > 10_000 {
			return nil, fmt.Errorf("orders: 1 to 10000")
		}
		numbers, err := s.Place(in.Orders, in.Fresh)
		return map[string]any{"orders": numbers}, err
	case "cancel", "remove":
		var in struct {
			Order string `json:"order"`
		}
		if err := strict(body, &in); err != nil {
			return nil, err
		}
		do := s.mall.cancel
		if what == "remove" {
			do = s.mall.remove
		}
		return map[string]any{"order": in.Order}, do(in.Order)
	case "break":
		return map[string]any{}, s.mall.faults(body)
	case "network":
		var in network
		if err := strict(body, &in); err != nil {
			return nil, err
		}
		if !slices.Contains(networkFaults, in.Fault) || in.Times < 0 {
			return nil, fmt.Errorf("fault: one of %s", strings.Join(networkFaults, ", "))
		}
		in.counted = in.Times > 0
		s.mu.Lock()
		s.broken = append(s.broken, in)
		s.mu.Unlock()
		return map[string]any{}, nil
	case "mend":
		s.mu.Lock()
		s.broken = nil
		s.mu.Unlock()
		return map[string]any{}, s.mall.faults(nil)
	}
	return nil, fmt.Errorf("there is place, cancel, remove, break, network, mend")
}

func strict(text []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	return d.Decode(v)
}

// key makes a key of n hexadecimal digits.
func key(n int) string {
	b := make([]byte, (n+1)/2)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)[:n]
}
