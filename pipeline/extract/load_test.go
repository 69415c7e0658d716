package extract_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/connectors"
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
			s.env.Malls.Options.Meter = &calls
			s.sell(c.mall, c.orders, c.state)
			s.Move(time.Hour)
			s.breaks(func(http.ResponseWriter, *http.Request) bool {
				s.Move(latency)
				return false
			})
			began := s.Now()
			s.want(s.run(c.account, "extract"), map[string]int64{"new orders": int64(c.orders)})
			took := s.Now().Sub(began)
			m, err := s.env.Malls.Open(s.env, account(t, s.env.Workspace, c.account))
			s.check(err)
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
	n, hours := number(t, "ACCOUNTS", 12), number(t, "HOURS", 4)
	dir := t.TempDir()
	began := time.Now()
	synctest.Test(t, func(t *testing.T) {
		l := &load{T: t, dir: dir, n: n, stream: orders.NewStream(5), placed: map[string][]string{}, late: map[string]time.Duration{}}
		l.build()
		l.run(time.Duration(hours) * time.Hour)
		l.judge()
	})
	t.Logf("%d accounts, %d hours in %v", n, hours, time.Since(began).Round(time.Millisecond))
}

func number(t *testing.T, name string, otherwise int) int {
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

type load struct {
	*testing.T
	dir     string
	n       int
	env     *stage.Env
	rakuten *rakuten.Mall
	coupang *coupang.Mall
	eleven  *elevenst.Mall
	calls   connectors.Counters
	closed  func() error

	mu     sync.Mutex
	stream *orders.Stream
	placed map[string][]string      // order numbers by account
	late   map[string]time.Duration // the longest that a run began after its time
	runs   int
	most   uint64
}

func (l *load) check(err error) {
	l.Helper()
	if err != nil {
		l.Fatal(err)
	}
}

// mall is that of account i.
func (l *load) mall(i int) string {
	return []string{orders.Rakuten, orders.Coupang, orders.ElevenSt}[i%3]
}

func (l *load) name(i int) string { return fmt.Sprintf("%s-%d", l.mall(i), i) }

func (l *load) build() {
	l.rakuten = rakuten.New(rakuten.Options{Now: time.Now})
	l.coupang = coupang.New(coupang.Options{Now: time.Now})
	l.eleven = elevenst.New(elevenst.Options{Now: time.Now})
	write := func(name, text string) {
		path := filepath.Join(l.dir, name)
		l.check(os.MkdirAll(filepath.Dir(path), 0o750))
		l.check(os.WriteFile(path, []byte(text), 0o640))
	}
	today := time.Now().In(rakuten.Tokyo).Format(time.DateOnly)
	write("mallbridge.yaml", "timezone: Asia/Tokyo\n")
	write("masters/sku-links.csv", "code,sku\nA,B\n")
	write("masters/payments.csv", "name,payment\nクレジットカード,prepaid\n")
	write("masters/delivery-services.csv", "name,service,carrier\n宅配便,normal,yamato\n")
	for i := range l.n {
		switch l.mall(i) {
		case orders.Rakuten:
			id := strconv.Itoa(300000 + i)
			l.check(l.rakuten.AddShop(rakuten.Shop{ID: id, ServiceSecret: "SP-secret-" + id, LicenceKey: "SL-key-" + id, Issued: time.Now()}))
			write("accounts/"+l.name(i)+".yaml", fmt.Sprintf(`{mall: rakuten, not_before: %s, targets: {default: "300"}, api: {base_url: "https://rakuten.test", secrets: {service_secret: "env:A_%s", license_key: "env:B_%s"}}}`+"\n", today, id, id))
		case orders.Coupang:
			id := fmt.Sprintf("A%08d", i)
			l.check(l.coupang.AddVendor(coupang.Vendor{ID: id, AccessKey: fmt.Sprintf("3c1d7a52-9f0b-4e8d-a6c3-%012d", i), SecretKey: fmt.Sprintf("%040d", i), Issued: time.Now()}))
			write("accounts/"+l.name(i)+".yaml", fmt.Sprintf(`{mall: coupang, not_before: %s, targets: {default: INSTRUCT}, api: {base_url: "https://coupang.test", settings: {vendor_id: %s}, secrets: {access_key: "env:C_%d", secret_key: "env:D_%d"}}}`+"\n", today, id, i, i))
		case orders.ElevenSt:
			l.check(l.eleven.AddSeller(elevenst.Seller{ID: l.name(i), Key: fmt.Sprintf("%032d", i), Issued: time.Now()}))
			write("accounts/"+l.name(i)+".yaml", fmt.Sprintf(`{mall: elevenst, not_before: %s, targets: {default: "301"}, api: {base_url: "https://eleven.test", secrets: {openapi_key: "env:E_%d"}}}`+"\n", today, i))
		}
	}
	ws, findings, err := configs.Load(l.dir, func(string) string { return "" })
	l.check(err)
	l.check(findings.Err())
	l.check(ws.MakeFolders())
	db, err := ledger.Open(l.Context(), ws.Path(ws.Settings.Ledger))
	l.check(err)
	l.closed = db.Close
	l.env = &stage.Env{
		Workspace: ws, Ledger: db, Now: time.Now, Sleep: stage.Sleep, Log: slog.New(slog.DiscardHandler),
		Secrets: &secrets.Resolver{Dir: ws.Dir, Getenv: keyOf},
		Malls: &stage.Malls{Options: connectors.Options{
			HTTP: byHost{"rakuten.test": direct{l.rakuten}, "coupang.test": direct{l.coupang}, "eleven.test": direct{l.eleven}}, Meter: &l.calls, Gate: connectors.NewGate(64),
		}},
	}
}

func keyOf(name string) (string, bool) {
	kind, id, _ := strings.Cut(name, "_")
	n, _ := strconv.Atoi(id)
	switch kind {
	case "A":
		return "SP-secret-" + id, true
	case "B":
		return "SL-key-" + id, true
	case "E":
		return fmt.Sprintf("%032d", n), true
	case "C":
		return fmt.Sprintf("3c1d7a52-9f0b-4e8d-a6c3-%012d", n), true
	}
	return fmt.Sprintf("%040d", n), true
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
		l.mu.Lock()
		o := l.stream.Ordinary(l.mall(i), time.Now().In(rakuten.Tokyo), 1)[0]
		l.mu.Unlock()
		o.Ordered = time.Now().In(rakuten.Tokyo) // the stream's lie before
		var err error
		switch l.mall(i) {
		case orders.Rakuten:
			id := strconv.Itoa(300000 + i) // a shop's numbers begin with it
			o.Number = id + o.Number[6:]
			err = l.rakuten.Place(id, &o, rakuten.ToShip)
		case orders.Coupang:
			err = l.coupang.Place(fmt.Sprintf("A%08d", i), &o, coupang.Instruct)
		case orders.ElevenSt:
			err = l.eleven.Place(l.name(i), &o, elevenst.Preparing)
		}
		l.mu.Lock()
		if err != nil {
			l.Error(err)
		}
		l.placed[l.name(i)] = append(l.placed[l.name(i)], o.Number)
		l.mu.Unlock()
	}
}

func (l *load) ask(ctx context.Context, i int) {
	pace := 15 * time.Minute
	if l.mall(i) != orders.Rakuten {
		pace = 10 * time.Minute
	}
	// Accounts begin at different moments, as schedules with jitter do.
	next := time.Now().Add(time.Duration(i) * pace / time.Duration(l.n))
	for stage.Sleep(ctx, time.Until(next)) == nil {
		late := time.Since(next)
		l.once(ctx, i)
		next = next.Add(pace)
		l.mu.Lock()
		l.late[l.name(i)] = max(l.late[l.name(i)], late)
		l.mu.Unlock()
	}
}

func (l *load) once(ctx context.Context, i int) {
	env := *l.env
	env.Owner = pipeline.Owner("load/" + l.name(i))
	st, _ := pipeline.Lookup("extract")
	res := pipeline.Run(ctx, &env, st, l.name(i))
	l.mu.Lock()
	defer l.mu.Unlock()
	l.runs++
	if res.Err != nil && ctx.Err() == nil {
		l.Errorf("%s: %v", l.name(i), res.Err)
	}
}

func (l *load) judge() {
	ctx := l.Context()
	sold := 0
	for i := range l.n {
		name := l.name(i)
		id, _, err := l.env.Ledger.Account(ctx, name, time.Now())
		l.check(err)
		for _, number := range l.placed[name] {
			sold++
			rows, err := l.env.Ledger.OrdersByNumber(ctx, number, name)
			l.check(err)
			if len(rows) != 1 {
				l.Errorf("%s: order %s is there %d times", name, number, len(rows))
			}
		}
		n, err := l.env.Ledger.Tally(ctx, name)
		l.check(err)
		if int(n.Orders) != len(l.placed[name]) {
			l.Errorf("%s: %d orders, %d were sold", name, n.Orders, len(l.placed[name]))
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
