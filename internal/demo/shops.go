package demo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	connectormalls "github.com/mallbridge/mallbridge/connectors/malls"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/stage"
	"github.com/mallbridge/mallbridge/simulator/malls"
	"github.com/mallbridge/mallbridge/simulator/orders"
)

// An apiShop is a shop at a simulated mall whose orders come by API.
type apiShop struct {
	Base     string
	Settings map[string]string
	Secrets  map[string]string // references, by the names of the settings
	account  string
	stand    *malls.Stand
	server   *http.Server
}

// fresh is how many of a shop's orders still wait for their confirmation; a shop
// with few orders has none at all.
const fresh = 3

// openShops runs the malls that are asked by API and keeps their keys.
func (w *world) openShops() error {
	w.shops = map[string]*apiShop{}
	for _, a := range accounts {
		if !a.api {
			continue
		}
		stand, err := malls.Open(a.mall, malls.Options{Now: w.clock.now, Seed: w.o.Seed})
		if err != nil {
			return err
		}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		s := &apiShop{
			Base: "http://" + l.Addr().String(), Settings: stand.Shop.Settings, Secrets: map[string]string{}, account: a.name, stand: stand,
			server: &http.Server{Handler: stand, ReadHeaderTimeout: 10 * time.Second},
		}
		go func() { _ = s.server.Serve(l) }() // ends by Close
		w.shops[a.name] = s
		for name, v := range stand.Shop.Secrets {
			s.Secrets[name] = "file:keys/" + a.name + "." + name
			if err := os.WriteFile(w.path("keys", a.name+"."+name), []byte(v+"\n"), 0o600); err != nil {
				return err
			}
		}
	}
	return nil
}

// calls are the options of the calls: the day's clock, and every call is kept as
// in a real run.
func (w *world) calls() *stage.Malls {
	return &stage.Malls{Options: connectors.Options{Sleep: w.clock.pause, Meter: &w.meter}}
}

func (w *world) closeShops() error {
	var errs []error
	for _, s := range w.shops {
		errs = append(errs, s.server.Close())
	}
	return errors.Join(errs...)
}

// ordersArrive puts orders into the shops whose malls are asked by API.
//
// A mall remembers what became of its orders; ours begins anew with each demo. In a
// workspace that has seen the day, orders stand as the ledger has them.
func (w *world) ordersArrive(ctx context.Context) error {
	n := w.o.Orders / 20
	if n <= fresh {
		return nil
	}
	w.paper.head(w.hour(), wordShops.with(len(w.shops)))
	for _, a := range accounts {
		if !a.api {
			continue
		}
		list := w.stream.Ordinary(a.mall, w.clock.now().In(japan), n)
		w.placed[a.name] = list
		s := w.shops[a.name].stand
		for i := range list {
			rows, err := w.env.Ledger.OrdersByNumber(ctx, list[i].Number, a.name)
			if err != nil {
				return err
			}
			if _, err := s.Put(list[i:i+1], i < fresh && len(rows) == 0 && confirms(a.mall)); err != nil {
				return err
			}
			if len(rows) > 0 && rows[0].Reason == order.OutCancelled {
				if err := s.Cancel(list[i].Number); err != nil {
					return err
				}
			}
		}
		w.paper.row(cell{a.name, nameWidth}, cell{fmt.Sprintf(w.paper.say(wordOrders), len(list)), -12}, cell{w.waiting(a.mall), 0})
	}
	return nil
}

// confirms reports whether shops confirm orders at a mall.
func confirms(mall string) bool {
	spec, ok := connectormalls.Lookup(mall)
	return ok && len(spec.About().Confirms) > 0
}

// waiting says that orders wait for the shop's confirmation, at a mall that has one.
func (w *world) waiting(mall string) string {
	if !confirms(mall) {
		return ""
	}
	return fmt.Sprintf(w.paper.say(wordUnconfirmed), fresh)
}

// lastMinute lets a buyer cancel what is planned, just before its file leaves.
func (w *world) lastMinute(context.Context) error {
	for _, a := range accounts {
		if !a.api || a.mall != orders.Rakuten || len(w.placed[a.name]) <= fresh+1 {
			continue
		}
		o := &w.placed[a.name][fresh+1]
		o.Fate = orders.Fate{State: orders.Outside, Reason: string(order.OutCancelled)}
		if err := w.shops[a.name].stand.Cancel(o.Number); err != nil {
			return err
		}
		w.early = append(w.early, [2]string{a.name, o.Number})
		w.paper.head(w.hour(), wordLastMinute)
		w.paper.line("       %s", o.Number)
	}
	return nil
}

// cancelByAPI lets a buyer of each of these shops cancel an order that is
// instructed.
func (w *world) cancelByAPI() (told []string, err error) {
	for _, a := range accounts {
		if a.mall != orders.Rakuten || len(w.placed[a.name]) == 0 {
			continue
		}
		o := &w.placed[a.name][fresh]
		o.Fate = orders.Fate{State: orders.Outside, Reason: string(order.OutCancelled)}
		if err := w.shops[a.name].stand.Cancel(o.Number); err != nil {
			return nil, err
		}
		told = append(told, fmt.Sprintf(w.paper.say(wordCancelled), o.Number, order.HoldCancelled.Text(w.o.Lang)))
	}
	return told, nil
}

// of are the orders that an account was given.
func (w *world) of(account, mall string) []orders.Order {
	if _, ok := w.shops[account]; ok {
		return w.placed[account]
	}
	return w.placed[mall]
}
