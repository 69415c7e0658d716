package load_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/internal/load"
	"github.com/mallbridge/mallbridge/internal/pgtest"
	"github.com/mallbridge/mallbridge/internal/torture"
	"github.com/mallbridge/mallbridge/simulator/orders"
	"github.com/mallbridge/mallbridge/simulator/warehouse"
)

// A plan says how much is asked of the program.
type plan struct {
	accounts, houses, nodes, workers int
	orders                           int           // a day, on average; 0 sells before the program starts
	peak                             int           // times as many while it is measured
	minutes                          int           // 0: no time is measured
	latency                          time.Duration // of every answer of a mall
	pace                             time.Duration // between two looks at an account
}

// TestCluster runs the program over PostgreSQL for many accounts of simulated malls,
// whose orders warehouses ship and malls are told of: every slot has one job, every
// order is at a warehouse once, and each mall shows its number. Without MINUTES it is
// small and quick; with it (make load-cluster) it says what was carried, and at what
// cost.
func TestCluster(t *testing.T) {
	p := plan{accounts: load.Number(t, "ACCOUNTS", 12), nodes: load.Number(t, "NODES", 1), pace: 5 * time.Second}
	if os.Getenv("MINUTES") != "" {
		p.minutes, p.orders, p.peak = load.Number(t, "MINUTES", 20), load.Number(t, "ORDERS", 1_000_000), load.Number(t, "PEAK", 1)
		p.latency = time.Duration(load.Number(t, "LATENCY_MS", 100)) * time.Millisecond
		p.pace = time.Duration(load.Number(t, "PACE_SECONDS", 600)) * time.Second
	}
	p.houses = load.Number(t, "WAREHOUSES", max(2, p.accounts/250))
	p.workers = load.Number(t, "WORKERS", 200)
	w := newWorld(t, p)
	if p.minutes == 0 {
		for i := range p.accounts {
			// Some malls tell of an order only after a while.
			for range 2 {
				w.check(w.shops.Sell(i, time.Now().Add(-time.Hour)))
			}
		}
	}
	for i := range p.nodes {
		w.serve(fmt.Sprintf("node-%d", i+1))
	}
	if p.minutes > 0 {
		w.measure()
	}
	w.settle()
	for _, n := range w.nodes {
		n.Signal(syscall.SIGTERM)
	}
	for _, n := range w.nodes {
		if r, err := n.Wait(); err != nil || r.Code != 0 {
			t.Errorf("a node ended: %s %v", r, err)
		}
	}
	w.judge()
}

// A world is the malls, the warehouses, the database and the program.
type world struct {
	*testing.T
	plan
	dir     string
	program torture.Program
	pg      *pgtest.Server
	address string
	db      *sql.DB
	shops   *load.Shops
	house   []*warehouse.Warehouse
	nodes   []*torture.Process
}

func (w *world) check(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func newWorld(t *testing.T, p plan) *world {
	w := &world{T: t, plan: p, dir: t.TempDir()}
	var settings []string
	if p.minutes > 0 {
		settings = []string{"fsync=on", "shared_preload_libraries=pg_stat_statements", "shared_buffers=512MB"}
	}
	w.pg = pgtest.New(t, "127.0.0.1", settings...)
	var err error
	w.program, err = torture.Build(t.Context(), w.dir)
	w.check(err)
	database, err := w.pg.Database()
	w.check(err)
	w.address = w.pg.DSN(w.pg.Addr, database)
	w.db, err = sql.Open("pgx", w.address)
	w.check(err)
	t.Cleanup(func() { w.db.Close() })
	w.shops, err = load.NewShops(p.accounts, time.Now, 7)
	w.check(err)
	urls := map[string]string{}
	for mall, handler := range w.shops.Malls() {
		s := httptest.NewServer(slow{p.latency, handler})
		t.Cleanup(s.Close)
		urls[mall] = s.URL
	}
	w.workspace(urls)
	w.open()
	return w
}

// slow lets a mall take its time for every answer.
type slow struct {
	latency time.Duration
	mall    http.Handler
}

func (s slow) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	t := time.NewTimer(s.latency)
	defer t.Stop()
	select {
	case <-t.C:
		s.mall.ServeHTTP(w, r)
	case <-r.Context().Done():
	}
}

// Every other warehouse is a Korean one.
func (w *world) houseName(h int) string { return fmt.Sprintf("%s-%d", []string{"jp", "kr"}[h%2], h) }

// houseOf is the warehouse of shop i.
func (w *world) houseOf(i int) string {
	h := 2 * (i % (w.houses / 2))
	if w.shops.Mall(i) != orders.Rakuten {
		h++
	}
	return w.houseName(h)
}

func (w *world) write(name, text string) {
	path := filepath.Join(w.dir, name)
	w.check(os.MkdirAll(filepath.Dir(path), 0o750))
	w.check(os.WriteFile(path, []byte(text), 0o640))
}

func (w *world) workspace(urls map[string]string) {
	// A warehouse on a cron line gets no file in between.
	drops := fmt.Sprintf("\"*/%d * * * *\"", max(w.pace/time.Minute, 1))
	if w.minutes == 0 {
		drops = w.pace.String()
	}
	w.write("mallbridge.yaml", fmt.Sprintf("timezone: Asia/Tokyo\nledger: env:%s\nlimits: {workers: %d}\nschedules: {extract: %s, plan: %[3]s, instruct: %s, collect: %s, report: %[3]s, reconcile: 1h}\n",
		torture.LedgerEnv, w.workers, w.pace, drops, max(w.pace/2, 5*time.Second)))
	japan := ", sender: {name: 見本商店, phone: 03-0000-0001, postal: \"1000001\", prefecture: 東京都, city: 千代田区, street: 見本町1-1}"
	korea := ", sender: {name: 견본상점, phone: 02-000-0001, postal: \"04524\", prefecture: 서울특별시, city: 견본구, street: 새솔로 0}"
	// A turn that comes a little early must not be left out.
	w.check(w.shops.Write(w.dir, urls, max(w.pace*9/10, time.Minute), func(i int) string {
		sender := korea
		if w.shops.Mall(i) == orders.Rakuten {
			sender = japan
		}
		return ", warehouse: " + w.houseOf(i) + sender
	}))
	guard := ""
	if w.minutes == 0 {
		guard = ", guard: {ask: false}" // 11st takes one call a second
	}
	for h := range w.houses {
		format, kr, zone := "warehouse-instructions", "", "Asia/Tokyo"
		if h%2 == 1 {
			format, kr, zone = "warehouse-instructions-kr", "-kr", "Asia/Seoul"
		}
		w.write("warehouses/"+w.houseName(h)+".yaml", "timezone: "+zone+"\ndrop: {kind: local, root: drops/"+w.houseName(h)+"}\n"+
			"instructions: {format: "+format+", folder: orders, archive: [orders/taken]"+guard+"}\n"+
			"acks: {format: warehouse-acks"+kr+", folder: acks, expect: true}\nresults: {format: warehouse-results"+kr+", folder: results}\n"+
			"calendar: {working_days: [mon, tue, wed, thu, fri, sat, sun], holidays: []}\nnumber: {prefix: "+strings.ToUpper(strings.ReplaceAll(w.houseName(h), "-", ""))+"N}\n")
	}
	for name, m := range map[string]struct {
		titles string
		rows   [][]string
	}{
		configs.SKULinks:         {"account,code,sku,quantity", orders.Links()},
		configs.PaymentMaster:    {"account,name,code,payment", orders.Payments},
		configs.DeliveryServices: {"account,name,payment,temperature,warehouse,service,carrier", orders.Services},
	} {
		rows := [][]string{strings.Split(m.titles, ",")}
		for _, r := range m.rows {
			if !slices.Contains([]string{orders.Rakuten, orders.Coupang, orders.ElevenSt}, r[0]) {
				continue
			}
			if r = slices.Clone(r); name == configs.DeliveryServices {
				r[4] = "" // at every warehouse
			}
			rows = append(rows, r)
		}
		var b bytes.Buffer
		w.check(csv.NewWriter(&b).WriteAll(rows))
		w.write("masters/"+name+".csv", b.String())
	}
}

// open opens the warehouses, which look for files all the time.
func (w *world) open() {
	for h := range w.houses {
		name, layout := w.houseName(h), warehouse.Japan
		if h%2 == 1 {
			layout = warehouse.Korea
		}
		x, err := warehouse.Open(warehouse.Config{Name: name, Root: filepath.Join(w.dir, "drops", name), Layout: layout})
		w.check(err)
		w.house = append(w.house, x)
		ctx, cancel := context.WithCancel(context.Background())
		var done sync.WaitGroup
		done.Go(func() {
			if err := x.Run(ctx, w.pace/20, nil); err != nil {
				w.Error(err)
			}
		})
		w.Cleanup(func() {
			cancel()
			done.Wait()
		})
	}
}

func (w *world) serve(node string) {
	p, err := w.program.Start(context.Background(), w.dir, []string{"serve", "--listen", "off"}, torture.Env(torture.LedgerEnv+"="+w.address, "MALLBRIDGE_NODE="+node))
	w.check(err)
	w.nodes = append(w.nodes, p)
	w.Cleanup(func() {
		p.Kill()
		<-p.Done()
	})
}

// sell sells until ctx ends, as many orders a second as there are wanted.
func (w *world) sell(ctx context.Context) {
	r := rand.New(rand.NewPCG(1, 2))
	t := time.NewTicker(100 * time.Millisecond)
	defer t.Stop()
	began, sold := time.Now(), 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		for want := int(time.Since(began).Seconds() * float64(w.orders*w.peak) / 86_400); sold < want; sold++ {
			if err := w.shops.Sell(r.IntN(w.accounts), time.Now()); err != nil {
				w.Error(err)
			}
		}
	}
}

func (w *world) count(text string, args ...any) (n int64) {
	w.Helper()
	w.check(w.db.QueryRowContext(w.Context(), text, args...).Scan(&n))
	return n
}

// settle waits until the malls show a number for everything that was sold.
func (w *world) settle() {
	ctx := w.Context()
	if end, ok := w.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, end.Add(-10*time.Second))
		defer cancel()
	}
	open := map[int][]string{} // numbers by shop
	for i := range w.accounts {
		open[i] = w.shops.Placed(i)
	}
	t := time.NewTicker(max(w.pace/20, 100*time.Millisecond))
	defer t.Stop()
	for last := 0; ; {
		left := 0
		for i := range open {
			open[i] = slices.DeleteFunc(open[i], func(number string) bool {
				shown, err := w.shops.Shown(i, number)
				w.check(err)
				return len(shown) > 0
			})
			left += len(open[i])
		}
		if left == 0 {
			return
		}
		if w.minutes > 0 && left != last {
			w.Logf("the malls do not show %d of %d orders as shipped yet", left, w.shops.Sold())
		}
		last = left
		select {
		case <-t.C:
		case <-w.nodes[0].Done():
			w.ended()
		case <-ctx.Done():
			w.standing()
			w.Fatalf("the malls do not show %d of %d orders as shipped: %v", left, w.shops.Sold(), ctx.Err())
		}
	}
}

// ended fails because a node ended by itself.
func (w *world) ended() {
	r, err := w.nodes[0].Wait()
	w.Fatalf("a node ended by itself: %s %v", r, err)
}

// standing logs where orders stand.
func (w *world) standing() {
	for _, text := range []string{
		`SELECT 'orders of ' || split_part(a.name, '-', 1) || ' in state ' || o.state || ' ' || o.reason, count(*) FROM orders o JOIN accounts a ON a.id = o.account_id GROUP BY 1`,
		`SELECT 'holds ' || reason || ' ' || detail, count(*) FROM holds GROUP BY 1 LIMIT 20`,
		`SELECT 'batches ' || state || ' ' || message, count(*) FROM batches GROUP BY 1`,
		`SELECT 'files ' || kind || ' ' || state || ' ' || message, count(*) FROM files WHERE kind <> 'pages' GROUP BY 1`,
		`SELECT 'jobs of ' || (args->>'stage') || ' ' || state, count(*) FROM river_job GROUP BY 1`,
		`SELECT 'instructions in state ' || state, count(*) FROM instructions GROUP BY 1`,
		`SELECT 'reports of ' || split_part(a.name, '-', 1) || ' in state ' || r.state || ' ' || r.reason || ' ' || r.detail, count(*) FROM reports r JOIN accounts a ON a.id = r.account_id GROUP BY 1`,
		`SELECT stage || ' ' || outcome || ': ' || summary, count(*) FROM runs WHERE outcome = 'failed' GROUP BY 1 LIMIT 20`,
	} {
		rows, err := w.db.Query(text)
		w.check(err)
		for rows.Next() {
			var what string
			var n int
			w.check(rows.Scan(&what, &n))
			w.Logf("%d %s", n, what)
		}
		w.check(rows.Err())
	}
}

// judge compares malls, ledger, warehouses and queue.
func (w *world) judge() {
	sold := int64(w.shops.Sold())
	if sold == 0 {
		w.Fatal("nothing was sold")
	}
	for what, text := range map[string]string{
		"orders":                  `SELECT count(*) FROM orders`,
		"orders with instruction": `SELECT count(*) FROM orders o WHERE state IN (3, 4) AND EXISTS (SELECT 1 FROM instruction_lines x WHERE x.order_id = o.id)`,
		"instructions":            `SELECT count(*) FROM instructions WHERE state = 5`,
		"claims":                  `SELECT count(*) FROM batch_items`,
		"reports":                 `SELECT count(*) FROM reports`,
	} {
		if n := w.count(text); n != sold {
			w.Errorf("%d orders were sold, and the ledger has %d %s", sold, n, what)
		}
	}
	for what, text := range map[string]string{
		"jobs say that they are running":     `SELECT count(*) FROM river_job WHERE state = 'running'`,
		"jobs were given up":                 `SELECT count(*) FROM river_job WHERE state IN ('discarded', 'cancelled')`,
		"slots were enqueued more than once": `SELECT count(*) FROM (SELECT 1 FROM river_job GROUP BY args->>'stage', args->>'target', args->>'slot' HAVING count(*) > 1) x`,
		"accounts have a gap in what was read": `SELECT count(DISTINCT account_id) FROM windows w WHERE feed = 'orders' AND (state <> 'read' OR EXISTS
			(SELECT 1 FROM windows x WHERE x.account_id = w.account_id AND x.feed = w.feed AND x.from_at > w.to_at))`,
	} {
		if n := w.count(text); n > 0 {
			w.Errorf("%d %s", n, what)
		}
	}
	if n := w.count(`SELECT count(DISTINCT account_id) FROM windows WHERE feed = 'orders'`); n != int64(w.accounts) {
		w.Errorf("%d of %d accounts were asked for orders", n, w.accounts)
	}
	w.parcels(sold)
	r, err := w.program.Start(w.Context(), w.dir, []string{"prove"}, torture.Env(torture.LedgerEnv+"="+w.address))
	w.check(err)
	if res, err := r.Wait(); err != nil || res.Code != 0 {
		w.Errorf("%s%s %v", res, res.Stdout, err)
	}
}

// parcels: each order is at a warehouse in one parcel, and its mall shows the number
// of that parcel and no other.
func (w *world) parcels(sold int64) {
	number := map[string]string{} // of the parcel, by order
	for _, h := range w.house {
		for key, n := range h.Offered() {
			if n != 1 {
				w.Errorf("line %s of instruction %s came %d times", key.Line, key.Instruction, n)
			}
		}
		for _, in := range h.Instructions() {
			if len(in.Tracking) != 1 {
				w.Errorf("instruction %s has the numbers %q", in.Number, in.Tracking)
				continue
			}
			o := in.Lines[0].Order
			if number[o] != "" {
				w.Errorf("order %s has two parcels", o)
			}
			number[o] = in.Tracking[0]
		}
	}
	if int64(len(number)) != sold {
		w.Errorf("%d orders were sold, %d are at the warehouses", sold, len(number))
	}
	for i := range w.accounts {
		for _, o := range w.shops.Placed(i) {
			shown, err := w.shops.Shown(i, o)
			w.check(err)
			if !slices.Equal(shown, []string{number[o]}) {
				w.Errorf("%s: order %s left in parcel %q, the mall shows %q", w.shops.Name(i), o, number[o], shown)
			}
		}
	}
}
