package reconcile_test

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/internal/fault"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/stage"
	"github.com/mallbridge/mallbridge/simulator/coupang"
	"github.com/mallbridge/mallbridge/simulator/orders"
)

// The moments at which a buyer cancels. Each brings what was sold as far as its name
// says; the cancel happens then, and nobody is told.
var moments = []struct {
	name string
	to   func(s *shop)
	late bool // the parcel has left
}{
	{"before plan", func(s *shop) { s.run("extract") }, false},
	{"planned", func(s *shop) { s.run("extract", "plan") }, false},
	{"claimed", func(s *shop) { s.run("extract", "plan"); s.blocked("outbox/depot") }, false},
	{"built", func(s *shop) { s.run("extract", "plan"); s.blocked("drop/orders") }, false},
	{"uploaded", func(s *shop) { s.run("extract", "plan"); s.uploaded() }, false},
	{"delivered", func(s *shop) { s.run("extract", "plan", "instruct") }, false},
	{"acked", func(s *shop) { s.run("extract", "plan", "instruct"); s.take(); s.run("collect") }, false},
	{"shipped", func(s *shop) { s.run("extract", "plan", "instruct"); s.take(); s.ship() }, true},
	{"shipped and told", func(s *shop) { s.run("extract", "plan", "instruct"); s.take(); s.ship(); s.run("collect") }, true},
}

// blocked runs instruct while a folder is a file, so that it stops there.
func (s *shop) blocked(folder string) {
	s.Helper()
	at := filepath.Join(s.Dir, folder)
	aside := at + ".aside"
	s.Check(os.MkdirAll(at, 0o750))
	s.Check(os.Rename(at, aside))
	s.Check(os.WriteFile(at, nil, 0o600))
	if res := s.Try("shop", "instruct"); res.Err == nil {
		s.Fatalf("it was not stopped: %v", res.Report)
	}
	s.Check(os.Remove(at))
	s.Check(os.Rename(aside, at))
}

// uploaded leaves the bytes at the drop under their temporary name, as a crash just
// before the rename does.
func (s *shop) uploaded() {
	s.Helper()
	s.blocked("drop/orders")
	bs, err := s.Env.Ledger.OpenBatches(s.Context(), 1)
	s.Check(err)
	if len(bs) != 1 || bs[0].State != ledger.BatchBuilt {
		s.Fatalf("%+v", bs)
	}
	data, err := os.ReadFile(s.Env.Workspace.Path(bs[0].Path))
	s.Check(err)
	s.Check(os.WriteFile(filepath.Join(s.Dir, "drop/orders", bs[0].Name+".part"), data, 0o640))
	s.Check(s.Env.Ledger.Uploaded(s.Context(), bs[0].ID, s.Now()))
}

// TestCancelAtEveryMoment cancels an order at each moment of its way: alone, merged
// with another one, and split over two parcels. Before the file has its name the
// order leaves it; after that the warehouse is asked to stop. No cancelled line
// ships without a red entry, and every order that nobody cancelled ships, or waits
// with a reason because it shared a parcel that was stopped.
func TestCancelAtEveryMoment(t *testing.T) {
	for _, mall := range []string{orders.Rakuten, orders.Coupang} {
		for _, shape := range []string{"alone", "merged", "split"} {
			for _, m := range moments {
				t.Run(mall+"/"+shape+"/"+m.name, func(t *testing.T) {
					t.Parallel()
					s := open(t, mall, settings{})
					victim, twin := s.plain(), s.plain()
					switch shape {
					case "merged":
						twin.Parcels[0].To, twin.Buyer, twin.Delivery, twin.Payment = victim.Parcels[0].To, victim.Buyer, victim.Delivery, victim.Payment
						twin.Parcels[0].Band, twin.Parcels[0].DeliverOn, twin.Parcels[0].Note = victim.Parcels[0].Band, victim.Parcels[0].DeliverOn, victim.Parcels[0].Note
					case "split":
						victim = s.split()
					}
					s.sell(victim)
					s.sell(twin)
					other := s.sell(s.plain())
					s.Move(time.Hour)
					m.to(s)
					s.cancel(victim)
					// Extract does not run before the file leaves: only the guard can know.
					s.run("plan", "instruct")
					before := s.placed(victim)
					s.Move(10 * time.Minute)
					for range 3 {
						s.run("extract", "plan", "instruct")
						s.take()
						s.run("collect", "plan", "instruct", "watch")
						s.Move(10 * time.Minute)
					}
					s.ship()
					s.run("collect", "plan", "watch")

					red := s.alerts(order.AlertStop, order.AlertCancelShipped)
					switch shipped := s.shipped(); {
					case !shipped[other.Number]:
						t.Errorf("the other order did not ship: %v", s.holds(other))
					case !shipped[twin.Number] && (shape != "merged" || len(s.holds(twin)) == 0 && s.Row(twin.Number).State == ledger.Planned && !s.stopped(twin)):
						t.Errorf("the twin did not ship and nothing says why: %v", s.holds(twin))
					case shipped[victim.Number] != m.late:
						t.Errorf("shipped %v; red %v", shipped[victim.Number], red)
					case m.late && !slices.ContainsFunc(red, func(a string) bool { return strings.HasSuffix(a, "shop/"+victim.Number) }):
						t.Errorf("it shipped without a red entry: %v", s.alerts())
					case !m.late && len(red) > 0:
						t.Errorf("it was stopped and the entry stays: %v", red)
					}
					if sent := before == "delivered"; sent != slices.Contains([]string{"delivered", "acked", "shipped", "shipped and told"}, m.name) {
						t.Errorf("after the cancel its file is %q", before)
					}
				})
			}
		}
	}
}

// placed tells in which state of a file an order is, empty for in none.
func (s *shop) placed(o orders.Order) string {
	s.Helper()
	ps, err := s.Env.Ledger.PlacesOf(s.Context(), s.Row(o.Number).ID)
	s.Check(err)
	for _, p := range ps {
		if p.Batch != nil {
			return p.Batch.State
		}
	}
	return ""
}

// stopped tells whether a parcel of the order was stopped.
func (s *shop) stopped(o orders.Order) bool {
	s.Helper()
	ps, err := s.Env.Ledger.PlacesOf(s.Context(), s.Row(o.Number).ID)
	s.Check(err)
	return slices.ContainsFunc(ps, func(p ledger.Place) bool { return p.State == ledger.InstructionStopped })
}

func (s *shop) holds(o orders.Order) []order.Reason {
	s.Helper()
	hs, err := s.Env.Ledger.HoldsOf(s.Context(), s.Row(o.Number).ID)
	s.Check(err)
	var out []order.Reason
	for _, h := range hs {
		out = append(out, h.Reason)
	}
	return out
}

// TestAddressChangedAfterTheDrop sees a new address by the hash of what was
// instructed, for a member of a merged parcel and for an order that was split.
func TestAddressChangedAfterTheDrop(t *testing.T) {
	for _, shape := range []string{"merged", "split"} {
		t.Run(shape, func(t *testing.T) {
			// Coupang lets buyers change the address until the shop prepares the order.
			s := open(t, orders.Coupang, settings{status: coupang.Accept})
			victim, twin := s.plain(), s.plain()
			if shape == "split" {
				victim = s.split()
			} else {
				twin.Parcels[0].To, twin.Buyer, twin.Parcels[0].Note = victim.Parcels[0].To, victim.Buyer, victim.Parcels[0].Note
			}
			s.sell(victim)
			s.sell(twin)
			s.Move(time.Hour)
			s.run("extract", "plan", "instruct")
			n, err := strconv.ParseInt(victim.Number, 10, 64)
			s.Check(err)
			to := victim.Parcels[0].To
			to.Street, to.Postal = "새솔로 99", "04525"
			s.Check(s.coupang.Move(vendor, n, to))
			s.Move(10 * time.Minute)
			s.run("extract", "plan")
			if got := s.holds(victim); !slices.Contains(got, order.HoldChanged) {
				t.Errorf("held for %v", got)
			}
			s.run("watch")
			if got := s.alerts(order.AlertStop); len(got) != 1 && shape == "merged" || len(got) == 0 {
				t.Errorf("alerts %v", got)
			}
			s.run("instruct")
			s.take()
			s.run("collect", "plan", "instruct", "watch")
			s.ship()
			if s.shipped()[victim.Number] {
				t.Error("it went to the old address")
			}
			s.want("alerts", s.alerts(order.AlertStop, order.AlertStopLate), nil)
		})
	}
}

// TestCancelAfterAReadingThatWasCutOff: the program ends at each place between the steps
// of the first reading of an order, and the buyer cancels before the next reading.
func TestCancelAfterAReadingThatWasCutOff(t *testing.T) {
	for _, mall := range []string{orders.Rakuten, orders.Coupang} {
		for _, place := range []string{"extract.kept", "extract.read", "extract.finished", "extract.kept 2", "extract.read 2", "extract.finished 2"} {
			t.Run(mall+" "+place, func(t *testing.T) {
				s := open(t, mall, settings{})
				s.sell(s.plain())
				s.run("extract")
				s.Move(2 * time.Hour)
				o := s.plain()
				o.Ordered = s.Now().Add(-time.Hour).In(o.Ordered.Location())
				o = s.sell(o)
				s.endsAt("extract", place)
				s.cancel(o)
				s.Move(3 * time.Hour)
				s.run("extract", "plan")
				if rows, err := s.Env.Ledger.OrdersByNumber(t.Context(), o.Number, ""); err != nil || len(rows) == 0 {
					return // it was over before anybody read it
				}
				if is := s.Row(o.Number); is.State == ledger.Planned {
					t.Errorf("the order is %s, %s", is.State, is.Order.Status)
				}
			})
		}
	}
}

// endsAt ends the program at a place of a stage, the first time or the second. The next stage finds the lease of a
// process that is gone.
func (s *shop) endsAt(name, at string) {
	s.Helper()
	type crash struct{}
	owner := s.Env.Owner
	at, again := strings.CutSuffix(at, " 2")
	host, _, _ := strings.Cut(owner, "/")
	s.Env.Owner = host + "/4194305/test"
	fault.Watch(func(place string) {
		if place == at && !again {
			panic(crash{})
		}
		again = again && place != at
	})
	defer func() {
		fault.Watch(nil)
		s.Env.Owner = owner
		s.Env.Malls = &stage.Malls{Options: s.Env.Malls.Options}
		if r := recover(); r != any(crash{}) && r != nil {
			s.Fatalf("%s did not end at %s: %v", name, at, r)
		}
	}()
	s.Try("shop", name)
}

// refused is the warehouse that does not take an order's instruction.
func (s *shop) refused(o orders.Order) (number string) {
	s.Helper()
	ps, err := s.Env.Ledger.PlacesOf(s.Context(), s.Row(o.Number).ID)
	s.Check(err)
	id, err := s.Env.Ledger.Warehouse(s.Context(), "depot")
	s.Check(err)
	_, err = s.Env.Ledger.PutAcks(s.Context(), id, 0, []order.Ack{{Instruction: ps[0].Number, Message: "品番相違"}}, s.Now())
	s.Check(err)
	return ps[0].Number
}

// TestRefusalOutlivesAChange: what a warehouse refused stays on hold when the order
// changes, and goes again as it is now once a person lets it.
func TestRefusalOutlivesAChange(t *testing.T) {
	s := open(t, orders.Rakuten, settings{})
	o := s.sell(s.plain())
	s.run("extract", "plan", "instruct")
	number := s.refused(o)
	s.run("plan")
	if got := s.holds(o); !slices.Equal(got, []order.Reason{order.HoldWarehouseRefuse}) {
		t.Fatalf("holds %v", got)
	}
	s.Move(time.Hour)
	s.Check(s.rakuten.Remove(o.Number))
	o.Parcels[0].To = s.plain().Parcels[0].To
	o = s.sell(o)
	s.run("extract")
	s.night("reconcile")
	s.run("plan")
	if got := s.holds(o); !slices.Contains(got, order.HoldWarehouseRefuse) || !slices.Contains(got, order.HoldChanged) {
		t.Fatalf("holds after the change %v", got)
	}
	s.Check(s.Env.Ledger.Release(t.Context(), s.Row(o.Number).ID, []order.Reason{order.HoldChanged}, "the warehouse knows", "test", s.Now()))
	s.run("plan")
	if got := s.holds(o); !slices.Equal(got, []order.Reason{order.HoldWarehouseRefuse}) {
		t.Fatalf("holds after the change was released %v", got)
	}
	s.Check(s.Env.Ledger.Release(t.Context(), s.Row(o.Number).ID, []order.Reason{order.HoldWarehouseRefuse}, "try again", "test", s.Now()))
	s.run("plan", "instruct")
	if got := s.holds(o); len(got) > 0 {
		t.Errorf("holds in the end %v", got)
	}
	places, err := s.Env.Ledger.PlacesOf(t.Context(), s.Row(o.Number).ID)
	s.Check(err)
	if !slices.ContainsFunc(places, func(p ledger.Place) bool { return p.Number != number && p.State == ledger.InstructionClaimed }) {
		t.Errorf("it did not go again: %+v", places)
	}
}

// TestCancelOfWhatWasRefused: nothing of the order ships, and nobody is asked to stop
// anything.
func TestCancelOfWhatWasRefused(t *testing.T) {
	s := open(t, orders.Rakuten, settings{})
	o := s.sell(s.plain())
	s.run("extract", "plan", "instruct")
	s.refused(o)
	s.run("plan")
	s.cancel(o)
	s.Move(time.Hour)
	s.run("extract", "plan", "watch")
	if row := s.Row(o.Number); row.State != ledger.Outside || len(s.holds(o)) > 0 || len(s.alerts(order.AlertStop)) > 0 {
		t.Errorf("%s, holds %v, alerts %v", row.State, s.holds(o), s.alerts())
	}
}

func TestStopRequestIsOverdue(t *testing.T) {
	s := open(t, orders.Rakuten, settings{})
	o := s.sell(s.plain())
	s.Move(time.Hour)
	s.run("extract", "plan", "instruct")
	s.cancel(o)
	s.Move(10 * time.Minute)
	s.run("extract", "plan", "instruct", "watch")
	s.want("asked", s.alerts(), []string{"cancel_at_risk shop/" + o.Number})
	s.Move(59 * time.Minute)
	s.run("watch")
	s.want("within the time limit", s.alerts(order.AlertStopLate), nil)
	s.Move(2 * time.Minute)
	s.run("watch")
	s.want("overdue", s.alerts(order.AlertStopLate), []string{"stop_unanswered T00000001"})
	s.take()
	s.run("collect", "plan", "watch")
	s.want("answered", s.alerts(), nil)
}

// TestSilentMall lets the mall fail when it is asked for the orders of a file.
func TestSilentMall(t *testing.T) {
	names := func(s *shop) []string {
		found, err := filepath.Glob(filepath.Join(s.Dir, "drop/orders/*.csv"))
		s.Check(err)
		return found
	}
	sold := func(t *testing.T, set settings) (*shop, orders.Order) {
		s := open(t, orders.Rakuten, set)
		o := s.sell(s.plain())
		s.sell(s.plain())
		s.Move(time.Hour)
		s.run("extract", "plan")
		s.cancel(o)
		s.Breaks(down)
		return s, o
	}
	t.Run("it waits and the mall comes back", func(t *testing.T) {
		s, o := sold(t, settings{})
		res := s.run("instruct")
		if res.Report.Waiting == 0 || len(names(s)) != 0 || s.placed(o) != ledger.BatchBuilt {
			t.Errorf("%s: %v", res.Report.String(), names(s))
		}
		s.want("waiting", s.alerts(), []string{"mall_silent shipping_depot_T000001.csv"})
		s.Breaks(nil)
		s.Move(10 * time.Minute)
		s.run("instruct")
		if len(names(s)) != 1 || s.placed(o) != "" {
			t.Errorf("%v, the order's file is %q", names(s), s.placed(o))
		}
		s.want("over", s.alerts(), nil)
	})
	t.Run("it goes before the cut-off and says so", func(t *testing.T) {
		s, o := sold(t, settings{guard: "before: 15m"})
		s.cutOff(s.Now().Add(45 * time.Minute))
		for range 3 {
			s.run("instruct")
			if len(names(s)) != 0 {
				t.Fatal("it did not wait")
			}
			s.Move(9 * time.Minute)
		}
		s.Move(4 * time.Minute)
		res := s.run("instruct")
		if len(names(s)) != 1 || res.Report.Counts["sent unasked"] != 1 || res.Report.Waiting == 0 {
			t.Errorf("%s: %v", res.Report.String(), names(s))
		}
		s.want("said so", s.alerts(), []string{"sent_unasked shipping_depot_T000001.csv"})
		// The mall is asked later; the cancel becomes a stop request.
		s.Breaks(nil)
		s.Move(10 * time.Minute)
		s.run("instruct", "plan", "instruct", "watch")
		s.want("made up", s.alerts(), []string{"cancel_at_risk shop/" + o.Number})
	})
	t.Run("it goes at once where it is set so", func(t *testing.T) {
		s, _ := sold(t, settings{guard: "silent: send"})
		s.run("instruct")
		if len(names(s)) != 1 {
			t.Error("it waits")
		}
		s.want("said so", s.alerts(), []string{"sent_unasked shipping_depot_T000001.csv"})
	})
	t.Run("it never goes where it is set so", func(t *testing.T) {
		s, _ := sold(t, settings{guard: "silent: hold"})
		for range 4 {
			s.run("instruct")
			s.Move(24 * time.Hour)
		}
		if len(names(s)) != 0 {
			t.Error("it went")
		}
	})
	t.Run("nobody is asked where it is set so", func(t *testing.T) {
		s, _ := sold(t, settings{guard: "ask: false"})
		s.run("instruct")
		if len(names(s)) != 1 || len(s.alerts()) != 0 {
			t.Errorf("%v %v", names(s), s.alerts())
		}
	})
}

// cutOff gives the warehouse one cut-off.
func (s *shop) cutOff(at time.Time) {
	s.Helper()
	jst := at.In(time.FixedZone("JST", 9*3600))
	s.Edit("warehouses/depot.yaml", "calendar: {", fmt.Sprintf("calendar: {cut_offs: [%q], ", jst.Format("15:04")))
}

// late keeps back the mall's next answer that tells of an order, of calls whose path
// has that part, until meanwhile is done.
func (s *shop) late(o orders.Order, path string, meanwhile func()) {
	var kept atomic.Bool
	s.Breaks(func(w http.ResponseWriter, r *http.Request, mall http.Handler) bool {
		if !strings.Contains(r.URL.Path, path) {
			return false
		}
		said := httptest.NewRecorder()
		mall.ServeHTTP(said, r)
		if bytes.Contains(said.Body.Bytes(), []byte(o.Number)) && kept.CompareAndSwap(false, true) {
			meanwhile()
		}
		maps.Copy(w.Header(), said.Header())
		w.WriteHeader(said.Code)
		_, err := w.Write(said.Body.Bytes())
		s.Check(err)
		return true
	})
}

// TestAnOlderAnswerComesLater: the comparison asked the mall for an order, the buyer
// cancelled, extract read that, and only then the comparison has its answer.
func TestAnOlderAnswerComesLater(t *testing.T) {
	for mall, detail := range map[string]string{orders.Rakuten: "/getOrder", orders.Coupang: "/ordersheets"} {
		t.Run(mall, func(t *testing.T) {
			s := open(t, mall, settings{})
			o := s.sell(s.plain())
			s.Move(time.Hour)
			s.run("extract", "plan")
			before := s.Row(o.Number)
			if before.State != ledger.Planned {
				t.Fatalf("%s: %v", before.State, s.holds(o))
			}
			var between ledger.Row
			s.late(o, detail, func() {
				s.cancel(o)
				s.Move(10 * time.Minute)
				s.run("extract", "plan")
				between = s.Row(o.Number)
			})
			s.night("reconcile")
			s.Breaks(nil)
			if between.Version == before.Version || between.State == ledger.Planned {
				t.Fatalf("extract did not see the cancel: %+v", between)
			}
			if is := s.Row(o.Number); is.Version != between.Version || is.Order.Status != between.Order.Status {
				t.Errorf("%s of version %d, then %s of version %d", between.Order.Status, between.Version, is.Order.Status, is.Version)
			}
			s.run("plan", "instruct")
			if at := s.placed(o); at != "" {
				t.Errorf("it is in a file that is %s", at)
			}
		})
	}
}

// TestOneQuestionForEachOrder counts the calls of the guard.
func TestOneQuestionForEachOrder(t *testing.T) {
	s := open(t, orders.Rakuten, settings{})
	for range 130 {
		s.sell(s.plain())
	}
	s.Move(time.Hour)
	s.run("extract", "plan")
	calls := 0
	s.Breaks(func(_ http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if strings.Contains(r.URL.Path, "getOrder") {
			calls++
		}
		return false
	})
	res := s.run("instruct")
	if res.Report.Counts["asked orders"] != 130 || calls != 2 {
		t.Errorf("%s with %d calls", res.Report.String(), calls)
	}
}

// TestRestOfAnOrderAfterARestore: of an order that was sent in part, the rest is not
// sent from a ledger that may not know that it was.
func TestRestOfAnOrderAfterARestore(t *testing.T) {
	s := open(t, orders.Rakuten, settings{})
	o := s.sell(s.split())
	s.run("extract", "plan", "instruct")
	refused := s.refused(o)
	s.run("plan")
	s.Check(s.Env.Ledger.Release(t.Context(), s.Row(o.Number).ID, []order.Reason{order.HoldWarehouseRefuse}, "try again", "test", s.Now()))
	s.run("plan") // and here the copy was made, before the parcel left once more
	s.Move(time.Hour)
	s.Check(s.Env.Ledger.Restored(t.Context(), s.Now().Add(-time.Hour), s.Now()))
	id, err := s.Env.Ledger.Warehouse(t.Context(), "depot")
	s.Check(err)
	s.Check(s.Env.Ledger.Doubt(t.Context(), id, "depot", "nobody knows", "test", s.Now()))
	s.Check(s.Env.Ledger.SetCompared(t.Context(), "account/shop", "", "test", s.Now()))
	ready := func() (n int) {
		places, err := s.Env.Ledger.PlacesOf(t.Context(), s.Row(o.Number).ID)
		s.Check(err)
		for _, p := range places {
			if p.Number != refused && (p.State == ledger.InstructionReady || p.State == ledger.InstructionClaimed) {
				n++
			}
		}
		return n
	}
	s.run("plan", "instruct")
	if got := s.holds(o); !slices.Equal(got, []order.Reason{order.HoldMaybeSent}) || ready() != 1 {
		t.Fatalf("holds %v, %d parcels of which one was refused", got, ready())
	}
	s.run("plan", "instruct")
	s.Check(s.Env.Ledger.Release(t.Context(), s.Row(o.Number).ID, []order.Reason{order.HoldMaybeSent}, "the warehouse does not have it", "test", s.Now()))
	s.run("plan", "instruct")
	if got := s.holds(o); len(got) > 0 || ready() != 2 {
		t.Errorf("holds %v, %d parcels", got, ready())
	}
}
