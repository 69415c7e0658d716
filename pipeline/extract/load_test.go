package extract_test

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/connectors"
	loads "github.com/mallbridge/mallbridge/internal/load"
	"github.com/mallbridge/mallbridge/internal/secrets"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/pipeline"
	"github.com/mallbridge/mallbridge/pipeline/stage"
	"github.com/mallbridge/mallbridge/simulator/coupang"
	"github.com/mallbridge/mallbridge/simulator/elevenst"
	"github.com/mallbridge/mallbridge/simulator/orders"
	"github.com/mallbridge/mallbridge/simulator/rakuten"
)

// latency of every call of a simulated mall.
const latency = 100 * time.Millisecond

// TestFetchKeepsThePace reads many orders from malls that take 100 ms for each
// answer, and compares the time with what the malls' limits allow.
func TestFetchKeepsThePace(t *testing.T) {
	for _, c := range []struct {
		account, mall string
		state         any
		orders        int
	}{{"rakuten-api", orders.Rakuten, rakuten.ToShip, 3000}, {"coupang-api", orders.Coupang, coupang.Instruct, 2000}, {"elevenst-api", orders.ElevenSt, elevenst.Preparing, 3000}} {
		t.Run(c.mall, func(t *testing.T) {
			s := open(t)
			var calls connectors.Counters
			s.Env.Malls.Options.Meter = &calls
			s.sell(c.mall, c.orders, c.state)
			s.Move(time.Hour)
			s.Breaks(func(http.ResponseWriter, *http.Request, http.Handler) bool {
				s.Move(latency)
				return false
			})
			began := s.Now()
			s.want(s.Run(c.account, "extract"), map[string]int64{"new orders": int64(c.orders)})
			took := s.Now().Sub(began)
			m, err := s.Env.Malls.Open(s.Env, account(t, s.Env.Workspace, c.account))
			s.Check(err)
			// The limit that most calls share, at which they could follow each other.
			var least time.Duration
			n := int64(0)
			for _, l := range m.About().Limits {
				of := int64(0)
				for _, x := range calls.All() {
					if len(l.Calls) == 0 || strings.Contains(strings.Join(l.Calls, " "), x.Kind) {
						of += x.Calls
					}
				}
				if d := time.Duration(float64(of-int64(l.Burst)) / l.PerSecond * float64(time.Second)); d > least {
					least, n = d, of
				}
			}
			share := least.Seconds() / took.Seconds()
			t.Logf("%d calls in %v: %.1f %% of what the limit allows", n, took, 100*share)
			if share < 0.95 {
				t.Errorf("%d calls took %v, the limit allows %v", n, took, least)
			}
		})
	}
}

func account(t *testing.T, ws *configs.Workspace, name string) *configs.Account {
	a, ok := ws.Account(name)
	if !ok {
		t.Fatalf("no account %s", name)
	}
	return a
}

// direct carries calls to a handler without a network, whose waiting a moved clock
// would not see.
type direct struct{ mall http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	time.Sleep(latency) // by the bubble's clock
	w := httptest.NewRecorder()
	if r.Body == nil {
		r.Body = http.NoBody
	}
	d.mall.ServeHTTP(w, r)
	return w.Result(), nil
}

// byHost sends calls to the mall that serves the account.
type byHost map[string]http.RoundTripper

func (b byHost) RoundTrip(r *http.Request) (*http.Response, error) {
	t, ok := b[r.URL.Hostname()]
	if !ok {
		return nil, errors.New("no such host")
	}
	return t.RoundTrip(r)
}

// TestManyAccounts lets many accounts be asked at their pace for a day by a moved
// clock: no window is missed, no order is, and none waits for its turn much longer
// than the others. ACCOUNTS and HOURS make it larger (make load).
func TestManyAccounts(t *testing.T) {
	n, hours := loads.Number(t, "ACCOUNTS", 12), loads.Number(t, "HOURS", 4)
	dir := t.TempDir()
	began := time.Now()
	synctest.Test(t, func(t *testing.T) {
		l := &load{T: t, dir: dir, n: n, late: map[string]time.Duration{}}
		l.build()
		l.run(time.Duration(hours) * time.Hour)
		l.judge()
	})
	t.Logf("%d accounts, %d hours in %v", n, hours, time.Since(began).Round(time.Millisecond))
}

type load struct {
	*testing.T
	*loads.Shops
	dir    string
	n      int
	env    *stage.Env
	calls  connectors.Counters
	closed func() error

	mu   sync.Mutex
	late map[string]time.Duration // the longest that a run began after its time
	runs int
	most uint64
}

func (l *load) check(err error) {
	l.Helper()
	if err != nil {
		l.Fatal(err)
	}
}

func (l *load) build() {
	var err error
	l.Shops, err = loads.NewShops(l.n, time.Now, 5)
	l.check(err)
	for name, text := range map[string]string{
		"mallbridge.yaml":               "timezone: Asia/Tokyo\n",
		"masters/sku-links.csv":         "code,sku\nA,B\n",
		"masters/payments.csv":          "name,payment\nクレジットカード,prepaid\n",
		"masters/delivery-services.csv": "name,service,carrier\n宅配便,normal,yamato\n",
	} {
		path := filepath.Join(l.dir, name)
		l.check(os.MkdirAll(filepath.Dir(path), 0o750))
		l.check(os.WriteFile(path, []byte(text), 0o640))
	}
	urls, hosts := map[string]string{}, byHost{}
	for mall, handler := range l.Malls() {
		urls[mall], hosts[mall+".test"] = "https://"+mall+".test", direct{handler}
	}
	l.check(l.Write(l.dir, urls, 9*time.Minute, func(int) string { return "" }))
	ws, findings, err := configs.Load(l.dir, func(string) string { return "" })
	l.check(err)
	l.check(findings.Err())
	l.check(ws.MakeFolders())
	db, err := ledger.Open(l.Context(), ws.Path(ws.Settings.Ledger))
	l.check(err)
	l.closed = db.Close
	l.env = &stage.Env{
		Workspace: ws, Ledger: db, Now: time.Now, Sleep: stage.Sleep, Log: slog.New(slog.DiscardHandler), Secrets: &secrets.Resolver{Dir: ws.Dir},
		Malls: &stage.Malls{Options: connectors.Options{HTTP: hosts, Meter: &l.calls, Gate: connectors.NewGate(64)}},
	}
}

// run asks every account at its pace and sells meanwhile.
func (l *load) run(d time.Duration) {
	ctx, stop := context.WithTimeout(l.Context(), d)
	defer stop()
	var all sync.WaitGroup
	for i := range l.n {
		all.Go(func() { l.sell(ctx, i) })
		all.Go(func() { l.ask(ctx, i) })
	}
	all.Go(func() {
		for stage.Sleep(ctx, 10*time.Minute) == nil {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			l.mu.Lock()
			l.most = max(l.most, m.HeapAlloc)
			l.mu.Unlock()
		}
	})
	all.Wait()
	// Once more, so that what was sold last has come.
	l.check(stage.Sleep(l.Context(), 20*time.Minute))
	for i := range l.n {
		all.Go(func() { l.once(l.Context(), i) })
	}
	all.Wait()
}

// sell places an order now and then.
func (l *load) sell(ctx context.Context, i int) {
	r := rand.New(rand.NewPCG(uint64(i), 7))
	for stage.Sleep(ctx, time.Duration(r.IntN(180))*time.Minute+time.Second) == nil {
		if err := l.Sell(i, time.Now()); err != nil {
			l.Error(err)
		}
	}
}

func (l *load) ask(ctx context.Context, i int) {
	pace := 15 * time.Minute
	if l.Mall(i) != orders.Rakuten {
		pace = 10 * time.Minute
	}
	// Accounts begin at different moments, as schedules with jitter do.
	next := time.Now().Add(time.Duration(i) * pace / time.Duration(l.n))
	for stage.Sleep(ctx, time.Until(next)) == nil {
		late := time.Since(next)
		l.once(ctx, i)
		next = next.Add(pace)
		l.mu.Lock()
		l.late[l.Name(i)] = max(l.late[l.Name(i)], late)
		l.mu.Unlock()
	}
}

func (l *load) once(ctx context.Context, i int) {
	env := *l.env
	env.Owner = pipeline.Owner("load/" + l.Name(i))
	st, _ := pipeline.Lookup("extract")
	res := pipeline.Run(ctx, &env, st, l.Name(i))
	l.mu.Lock()
	defer l.mu.Unlock()
	l.runs++
	if res.Err != nil && ctx.Err() == nil {
		l.Errorf("%s: %v", l.Name(i), res.Err)
	}
}

func (l *load) judge() {
	ctx := l.Context()
	sold := 0
	for i := range l.n {
		name := l.Name(i)
		id, _, err := l.env.Ledger.Account(ctx, name, time.Now())
		l.check(err)
		for _, number := range l.Placed(i) {
			sold++
			rows, err := l.env.Ledger.OrdersByNumber(ctx, number, name)
			l.check(err)
			if len(rows) != 1 {
				l.Errorf("%s: order %s is there %d times", name, number, len(rows))
			}
		}
		n, err := l.env.Ledger.Tally(ctx, name)
		l.check(err)
		if int(n.Orders) != len(l.Placed(i)) {
			l.Errorf("%s: %d orders, %d were sold", name, n.Orders, len(l.Placed(i)))
		}
		ws, err := l.env.Ledger.Windows(ctx, id)
		l.check(err)
		spans := 0
		for _, w := range ws {
			if w.Feed == "orders" {
				spans++
				if w.State != ledger.WindowRead || time.Since(w.To) > 15*time.Minute {
					l.Errorf("%s: %+v", name, w)
				}
			}
		}
		if spans != 1 {
			l.Errorf("%s: %d spans: %v", name, spans, ws)
		}
	}
	var worst time.Duration
	for _, d := range l.late {
		worst = max(worst, d)
	}
	// A run takes some seconds at the mall's pace; none may wait for its next turn.
	if worst > 5*time.Minute {
		l.Errorf("an account began %v after its time", worst)
	}
	made, throttled := int64(0), int64(0)
	for _, c := range l.calls.All() {
		made += c.Calls
		throttled += c.Throttled
	}
	if sold == 0 || made == 0 {
		l.Error("nothing happened")
	}
	l.Logf("%d orders sold and read, %d runs, %d calls (%d refused as too many), latest start %v, largest heap %d MiB", sold, l.runs, made, throttled, worst, l.most>>20)
	l.check(l.closed())
}
