package cluster_test

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/internal/pgtest"
	"github.com/mallbridge/mallbridge/internal/sshtest"
	"github.com/mallbridge/mallbridge/internal/torture"
)

var (
	rounds = flag.Int("cluster.rounds", usualRounds(), "rounds of trouble")
	lanes  = flag.Int("cluster.lanes", 10, "rounds at a time, each lane with a PostgreSQL of its own")
	seed   = flag.Uint64("cluster.seed", 0, "repeat the round with this seed; 0 for new ones")
	// What is taken from a node stays away until its leases have ended.
	lease = flag.Duration("cluster.lease", 3*time.Second, "how long leases last")
	pause = flag.Duration("cluster.pause", 4500*time.Millisecond, "how long a node is dead, stands still or is cut off")
	keep  = flag.String("cluster.dir", "", "folder for the workspaces; those of failures stay")
)

// usualRounds is 20 in CI and 4 for somebody who waits.
func usualRounds() int {
	if os.Getenv("CI") != "" {
		return 20
	}
	return 4
}

const (
	nodes = 3
	every = "5s" // how often each stage runs
)

var (
	program torture.Program
	server  *sshtest.Server // nil without OpenSSH: the drop is a folder
	work    string
	wires   network
)

// A network is what joins the nodes with the database, the drop and the mall.
type network interface {
	database() string   // the address that PostgreSQL listens on
	drop() string       // the address of OpenSSH
	mall() torture.Host // where the mall listens
	join(pg string) (wire, error)
}

// A wire joins one node with the network.
type wire interface {
	postgres() string      // where the node finds the database
	enter() torture.Option // starts a program on the node
	cut(alone bool) error  // takes the database from the node, alone or with all else
	mend() error           // gives back what was taken
	remove() error
}

func TestMain(m *testing.M) {
	flag.Parse()
	_ = flag.Set("test.parallel", fmt.Sprint(*lanes)) // rounds mostly wait
	os.Exit(runAll(m))
}

func runAll(m *testing.M) int {
	var err error
	if work = os.Getenv(inside); work != "" {
		program.Path = filepath.Join(work, "mallbridge")
		wires, err = build()
	} else {
		if work, err = os.MkdirTemp(*keep, "cluster-*"); err == nil {
			err = os.Chmod(work, 0o755)
		}
		if err == nil {
			program, err = torture.Build(context.Background(), work)
		}
		if err == nil && able() {
			return again()
		}
		wires = proxies{}
	}
	if err == nil {
		server, err = sshtest.New(filepath.Join(work, "sshd"), sshtest.Options{Addr: net.JoinHostPort(wires.drop(), "0")})
		if errors.Is(err, sshtest.ErrMissing) && os.Getenv("CI") != "true" {
			server, err = nil, nil
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if server != nil {
		server.Close()
	}
	if code == 0 {
		os.RemoveAll(work)
	} else {
		fmt.Fprintln(os.Stderr, "everything is kept in", work)
	}
	return code
}

// inside is set to the folder of the tests when they run in a network of their own.
const inside = "MALLBRIDGE_CLUSTER"

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestTrouble is the proof for many machines.
func TestTrouble(t *testing.T) {
	n := *rounds
	if *seed != 0 {
		n = 1
	}
	next := make(chan int, n)
	for i := range n {
		next <- i + 1
	}
	close(next)
	for lane := range min(*lanes, n) {
		t.Run(fmt.Sprintf("lane %d", lane+1), func(t *testing.T) {
			t.Parallel()
			pg := pgtest.New(t, wires.database())
			for i := range next {
				s := *seed
				if s == 0 {
					s = rand.Uint64N(1<<32) | 1
				}
				if !t.Run(fmt.Sprintf("%d", i), func(t *testing.T) { round(t, pg, s) }) {
					t.Logf("repeat it with -cluster.seed=%d", s)
				}
			}
		})
	}
}

// A cluster is a world with its nodes.
type cluster struct {
	*torture.World
	t        *testing.T
	rng      *rand.Rand
	pg       *pgtest.Server
	database string
	nodes    []*node
}

// A node is a machine: its manager starts the program again when it ends.
type node struct {
	c     *cluster
	name  string
	wire  wire
	ended chan struct{} // the manager has

	mu      sync.Mutex
	process *torture.Process
	killed  bool
	over    bool
}

func round(t *testing.T, pg *pgtest.Server, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 2))
	c := newCluster(t, pg, rng, seed)
	ok(t, c.Drop(torture.Shape{Orders: 3 + rng.IntN(6)}))
	ok(t, c.Sell(1+rng.IntN(4))) // the mall is asked once in ten minutes
	for _, n := range c.nodes {
		go n.run()
	}
	if rng.IntN(2) == 0 {
		c.until("the first file is at the warehouse", func() bool { return len(c.Warehouse.Taken()) > 0 })
	}
	troubles := []func(*node){c.kill, c.freeze, c.cut(rng.IntN(2) == 0)}
	rng.Shuffle(len(troubles), func(i, j int) { troubles[i], troubles[j] = troubles[j], troubles[i] })
	var all sync.WaitGroup
	for i, n := range c.nodes {
		wait := c.some(4 * time.Second)
		all.Go(func() {
			c.after(wait)
			troubles[i](n)
		})
	}
	for range 1 + rng.IntN(3) {
		ok(t, c.Drop(torture.Shape{Orders: 1 + rng.IntN(6), Common: rng.IntN(2) == 0}))
		c.after(c.some(2 * time.Second))
	}
	c.restartInADrop(rng.IntN(2) == 0)
	all.Wait()
	// Nobody but the nodes finishes what is left.
	c.until("every line is at the warehouse", c.instructed)
	c.until("every parcel is recorded", c.shipped)
	for _, n := range c.nodes {
		n.stop()
	}
	c.jobs()
	code, err := c.Rest(t.Context())
	ok(t, err)
	c.windows()
	if err := c.Check(t.Context(), code); err != nil {
		t.Errorf("%v", err)
	}
}

func newCluster(t *testing.T, pg *pgtest.Server, rng *rand.Rand, seed uint64) *cluster {
	database, err := pg.Database()
	ok(t, err)
	place, local := torture.Place{Root: filepath.Join(work, "drops")}, true
	if server != nil && rng.IntN(4) > 0 {
		place, local = torture.PlaceOf(server), false
	}
	w, err := torture.NewWorld(work, database, program, place, torture.Settings{
		Habits: torture.Habits{Delete: rng.IntN(4) == 0}, Batch: 1 + rng.IntN(5), Local: local, API: true, Host: wires.mall(), Ledger: pg.DSN(pg.Addr, database), Every: every, Timeout: "15s",
	}, seed)
	ok(t, err)
	c := &cluster{World: w, t: t, rng: rng, pg: pg, database: database}
	w.Warehouse.Open()
	// What the mall sells: else its stock waits for a person.
	if r, err := w.Call(t.Context(), []string{"run", "catalog", "--account", torture.Calls}); err != nil || r.Code != 0 {
		t.Fatalf("%s %v", r, err)
	}
	for i := range nodes {
		wire, err := wires.join(pg.Addr)
		ok(t, err)
		c.nodes = append(c.nodes, &node{c: c, name: fmt.Sprintf("node-%d", i+1), wire: wire, ended: make(chan struct{})})
	}
	t.Cleanup(c.close)
	return c
}

func (c *cluster) close() {
	for _, n := range c.nodes {
		n.mu.Lock()
		n.over = true
		n.mu.Unlock()
		n.signal(syscall.SIGKILL)
		<-n.ended
		ok(c.t, n.wire.remove())
	}
	if c.t.Failed() {
		var b strings.Builder
		c.Save(&b)
		c.t.Log(b.String())
		return
	}
	ok(c.t, c.Remove())
	ok(c.t, c.pg.Drop(c.database))
}

// run is the manager of a node.
func (n *node) run() {
	defer close(n.ended)
	// What a node locked that stands still is free again before its lease ends.
	at := n.c.pg.DSN(n.wire.postgres(), n.c.database) + "&connect_timeout=2&idle_in_transaction_session_timeout=1000"
	env := torture.Env(torture.LedgerEnv+"="+at, "MALLBRIDGE_NODE="+n.name, "MALLBRIDGE_LEASE="+(*lease).String())
	for {
		p, err := n.c.Start(context.Background(), []string{"serve", "--listen", "off"}, env, n.wire.enter())
		if err != nil {
			n.c.t.Error(err)
			return
		}
		n.mu.Lock()
		n.process = p
		if n.over {
			p.Signal(syscall.SIGTERM)
		}
		n.mu.Unlock()
		r, err := n.c.Wait(p)
		n.c.Note("%s", n.name)
		n.mu.Lock()
		killed, over := n.killed, n.over
		n.killed = false
		n.mu.Unlock()
		switch {
		case err != nil:
			n.c.t.Errorf("%s: %v", n.name, err)
		case r.Killed && (killed || over), r.Code == 0 && over:
		case r.Code == 1 && strings.Contains(r.Stderr, "database"), r.Code == 1 && strings.Contains(r.Stderr, "SQLSTATE 57P01"):
			// It was started without the database, or while that ended.
		default:
			n.c.t.Errorf("%s ended by itself: %s", n.name, r)
		}
		if over {
			return
		}
		if killed {
			n.c.after(*pause)
		}
	}
}

func (n *node) signal(s os.Signal) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.process != nil {
		n.process.Signal(s)
	}
}

// stop ends the node as its manager does, and waits for it.
func (n *node) stop() {
	n.mu.Lock()
	n.over = true
	if n.process != nil {
		n.process.Signal(syscall.SIGTERM)
	}
	n.mu.Unlock()
	<-n.ended
}

// kill ends a node without a word; it comes back when its leases have ended.
func (c *cluster) kill(n *node) {
	n.mu.Lock()
	n.killed = true
	n.mu.Unlock()
	n.signal(syscall.SIGKILL)
}

// freeze lets a node stand still until its leases have ended.
func (c *cluster) freeze(n *node) {
	n.signal(syscall.SIGSTOP)
	c.after(*pause)
	n.signal(syscall.SIGCONT)
}

// cut takes the database from a node, alone or with all else: its packets vanish.
func (c *cluster) cut(alone bool) func(*node) {
	return func(n *node) {
		c.Note("%s is cut off; from the database alone: %v", n.name, alone)
		ok(c.t, n.wire.cut(alone))
		c.after(*pause)
		ok(c.t, n.wire.mend())
	}
}

// restartInADrop starts the database anew while a file is on its way into the drop,
// if one can be caught there.
func (c *cluster) restartInADrop(atOnce bool) {
	ok(c.t, c.Drop(torture.Shape{Orders: 8, Clean: true}))
	end := time.Now().Add(*pause)
	for !c.temporary() && time.Now().Before(end) {
		c.after(time.Millisecond)
	}
	c.Note("the database is started anew; a file was on its way: %v", c.temporary())
	ok(c.t, c.pg.Restart(atOnce))
}

// temporary reports whether a file lies at the drop under its temporary name.
func (c *cluster) temporary() bool {
	entries, err := os.ReadDir(filepath.Join(c.DropDir(), "in"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		c.t.Error(err)
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".part") {
			return true
		}
	}
	return false
}

// after waits for trouble to take its time.
func (c *cluster) after(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.t.Context().Done():
	}
}

// some is a random part of a time.
func (c *cluster) some(d time.Duration) time.Duration { return time.Duration(c.rng.Int64N(int64(d))) }

func (c *cluster) until(what string, so func() bool) {
	c.t.Helper()
	waitFor(c.t, what, so)
}

// waitFor looks again and again until a thing is so.
func waitFor(t *testing.T, what string, so func() bool) {
	t.Helper()
	ctx := t.Context()
	if end, ok := t.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, end.Add(-10*time.Second))
		defer cancel()
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("waiting until %s: %v", what, ctx.Err())
		}
	}
}

// instructed reports whether the warehouse has as many rows as it has to get.
func (c *cluster) instructed() bool {
	want, got := 0, 0
	for _, n := range c.Truth.Picks() {
		want += n
	}
	for _, t := range c.Warehouse.Taken() {
		got += len(t.Picks)
	}
	return got >= want
}

// shipped reports whether every instruction at the warehouse has its shipment.
func (c *cluster) shipped() bool {
	keys := 0
	for _, t := range c.Warehouse.Taken() {
		keys += len(t.Keys)
	}
	return c.count(`SELECT count(*) FROM instructions WHERE state = 5`) == keys
}

func (c *cluster) count(text string, args ...any) (n int) {
	c.read(func(db *sql.DB) error { return db.QueryRowContext(c.t.Context(), text, args...).Scan(&n) })
	return n
}

func (c *cluster) read(use func(*sql.DB) error) {
	db, err := sql.Open("pgx", c.pg.DSN(c.pg.Addr, c.database))
	if err == nil {
		err = errors.Join(use(db), db.Close())
	}
	if err != nil {
		c.t.Errorf("read the database: %v", err)
	}
}

// windows: what the mall was asked for has no gap.
func (c *cluster) windows() {
	gaps := c.count(`SELECT count(*) FROM windows w WHERE feed = 'orders' AND EXISTS (SELECT 1 FROM windows x WHERE x.account_id = w.account_id AND x.feed = w.feed AND x.from_at > w.to_at)`)
	if n := c.count(`SELECT count(*) FROM windows WHERE feed = 'orders' AND state <> 'read'`); gaps > 0 || n > 0 {
		c.t.Errorf("windows of the mall have %d gaps, and %d were not read", gaps, n)
	}
	if c.count(`SELECT count(*) FROM windows WHERE feed = 'orders'`) == 0 {
		c.t.Error("no window of the mall was read")
	}
}

// jobs: none says that it is running when nobody runs, none was given up, and each
// slot has one.
func (c *cluster) jobs() {
	for what, text := range map[string]string{
		"jobs say that they are running":     `SELECT count(*) FROM river_job WHERE state = 'running'`,
		"jobs were given up":                 `SELECT count(*) FROM river_job WHERE state IN ('discarded', 'cancelled')`,
		"slots were enqueued more than once": `SELECT count(*) FROM (SELECT 1 FROM river_job GROUP BY args->>'stage', args->>'target', args->>'slot' HAVING count(*) > 1) x`,
	} {
		if n := c.count(text); n > 0 {
			c.t.Errorf("%d %s", n, what)
		}
	}
}

// TestMigrate moves a shop in the middle of its day from a file to PostgreSQL, with
// the real program, and goes on there.
func TestMigrate(t *testing.T) {
	pg := pgtest.New(t, wires.database())
	database, err := pg.Database()
	ok(t, err)
	address := pg.DSN(pg.Addr, database)
	w, err := torture.NewWorld(work, "migrate", program, torture.Place{Root: filepath.Join(work, "drops")}, torture.Settings{Batch: 4, Local: true}, 5)
	ok(t, err)
	w.Warehouse.SetSilent(true)
	w.Warehouse.Open()
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(w.Log())
		}
		ok(t, w.Remove())
	})
	call := func(code int, want string, args ...string) {
		t.Helper()
		r, err := w.Call(t.Context(), args, torture.Env(torture.LedgerEnv+"="+address))
		ok(t, err)
		if r.Code != code || !strings.Contains(string(r.Stdout)+r.Stderr, want) {
			t.Errorf("want exit code %d and %q: %s%s", code, want, r.Stdout, r)
		}
	}
	ok(t, w.Drop(torture.Shape{Orders: 6}))
	_, err = w.Rest(t.Context())
	ok(t, err)
	serve, err := w.Start(t.Context(), []string{"serve", "--listen", "off"})
	ok(t, err)
	waitFor(t, "serve has begun", func() bool {
		select {
		case <-serve.Done():
			t.Fatal("serve ended by itself")
		default:
		}
		db, err := sql.Open("sqlite", "file:"+filepath.Join(w.Dir, "ledger.db")+"?mode=ro&_pragma=busy_timeout(10000)")
		ok(t, err)
		defer db.Close()
		var n int
		ok(t, db.QueryRowContext(t.Context(), `SELECT count(*) FROM leases WHERE name LIKE 'node/%'`).Scan(&n))
		return n > 0
	})
	call(1, "is at work", "migrate", "--to", "env:"+torture.LedgerEnv)
	serve.Signal(syscall.SIGTERM)
	<-serve.Done()
	call(2, "no PostgreSQL address", "migrate", "--to", "books.db")
	call(0, "the proof balances on both", "migrate", "--to", "env:"+torture.LedgerEnv)
	call(1, "it was moved to postgres://postgres@"+pg.Addr, "orders")
	w.Settings.Ledger = address
	ok(t, w.Configure())
	call(2, "moves from a file to PostgreSQL only", "migrate", "--to", "env:"+torture.LedgerEnv)
	ok(t, w.Drop(torture.Shape{Orders: 3}))
	w.Warehouse.SetSilent(false)
	w.Warehouse.Answer()
	code, err := w.Rest(t.Context())
	ok(t, err)
	if err := w.Check(t.Context(), code); err != nil {
		t.Errorf("%v", err)
	}
}
