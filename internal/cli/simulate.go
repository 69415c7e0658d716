package cli

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/crypto/ssh"

	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/simulator/malls"
	"github.com/mallbridge/mallbridge/simulator/sftpd"
	"github.com/mallbridge/mallbridge/simulator/warehouse"
)

func (a *app) simulateCmd() *cobra.Command {
	var m simulatedMall
	c := &cobra.Command{
		Use:   "simulate",
		Short: "Run stand-ins for malls and warehouses, to rehearse a set-up offline",
		Long: `With --mall, simulate runs a mall's API with one shop whose orders keep coming, and
prints the command that adds the account. It checks signatures, headers, fields and
limits as the real mall does. Faults are set at its admin endpoint, /-/ .`,
		Example: "  mallbridge simulate --mall rakuten --port 8801\n  mallbridge simulate warehouse --root /tmp/tokyo --listen 127.0.0.1:2222",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if m.mall == "" {
				return c.Help()
			}
			return a.simulateMall(c.Context(), m)
		},
	}
	f := c.Flags()
	f.StringVar(&m.mall, "mall", "", "the mall: "+strings.Join(malls.Names(), ", "))
	f.IntVar(&m.port, "port", 8801, "port on this machine; 0 for any free one")
	f.IntVar(&m.orders, "orders", 20, "orders to begin with")
	f.DurationVar(&m.every, "every", 30*time.Second, "pause between two new orders; 0 for none")
	f.BoolVar(&m.fresh, "fresh", false, "new orders still wait for the shop's confirmation")
	f.StringVar(&m.back, "back", "", "where the browser goes after the shop's consent, instead of http://localhost:8765/")
	f.Uint64Var(&m.seed, "seed", 1, "of the orders: the same seed sells the same")
	c.AddCommand(a.simulateWarehouseCmd())
	return c
}

// A simulatedMall is what simulate --mall was told.
type simulatedMall struct {
	mall         string
	port, orders int
	every        time.Duration
	fresh        bool
	seed         uint64
	back         string
}

func (a *app) simulateMall(ctx context.Context, m simulatedMall) error {
	stand, err := malls.Open(m.mall, malls.Options{Now: a.now, Seed: m.seed})
	if err != nil {
		return usage{order.Errorf(order.Invalid, "use one of "+strings.Join(malls.Names(), ", "), "%w", err)}
	}
	if m.orders < 0 || m.every < 0 || m.port < 0 || m.port > 65535 {
		return usage{order.Errorf(order.Invalid, "use 0 or more", "--orders, --every or --port is out of range")}
	}
	if m.back != "" {
		if err := stand.Register(m.back); err != nil {
			return usage{order.Errorf(order.Invalid, "leave --back out", "%w", err)}
		}
	}
	if m.orders > 0 {
		if _, err := stand.Place(m.orders, m.fresh); err != nil {
			return err
		}
	}
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(m.port)))
	if err != nil {
		return order.Errorf(order.Conflict, "name another --port", "%w", err)
	}
	base := "http://" + l.Addr().String()
	fmt.Fprintf(a.out, "%s\n", base)
	fmt.Fprintf(a.err, "\nmallbridge account add %s-test --mall %s --base-url %s", m.mall, m.mall, base)
	for _, n := range slices.Sorted(maps.Keys(stand.Shop.Settings)) {
		fmt.Fprintf(a.err, " \\\n  --set %s=%s", n, stand.Shop.Settings[n])
	}
	for _, n := range slices.Sorted(maps.Keys(stand.Shop.Secrets)) {
		fmt.Fprintf(a.err, " \\\n  --secret %s=env:%s", n, strings.ToUpper(n))
	}
	fmt.Fprintf(a.err, "\n\n")
	for _, n := range slices.Sorted(maps.Keys(stand.Shop.Secrets)) {
		fmt.Fprintf(a.err, "export %s=%s\n", strings.ToUpper(n), stand.Shop.Secrets[n])
	}
	fmt.Fprintf(a.err, "\nadmin: %s/-/ ; Ctrl-C ends it.\n", base)
	server := &http.Server{Handler: stand, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	var tick <-chan time.Time
	if m.every > 0 {
		t := time.NewTicker(m.every)
		defer t.Stop()
		tick = t.C
	}
	for {
		select {
		case <-ctx.Done():
			return server.Close()
		case err := <-served:
			return err
		case <-tick:
			numbers, err := stand.Place(1, m.fresh)
			if err != nil {
				return err
			}
			fmt.Fprintf(a.err, "%s  new order %s\n", a.now().Format("15:04:05"), numbers[0])
		}
	}
}

// A stand-in is a simulated warehouse as the command line describes it.
type standIn struct {
	root, listen, layout, user, key, name, mark string
	password                                    bool
	every                                       time.Duration
	refuse, late, slow                          int
	repeat, early                               bool
}

func (a *app) simulateWarehouseCmd() *cobra.Command {
	var s standIn
	c := &cobra.Command{
		Use:   "warehouse",
		Short: "Run a warehouse that takes instruction files, answers and ships",
		Long: `Warehouse shows a folder by SFTP, takes instruction files out of its orders/, reads
them strictly, and writes answers, results and stock into acks/, results/ and
stock/. It refuses what a real warehouse would refuse, and a number that came
before. What it received it remembers beside the folder, in ROOT.state.

It prints what a warehouse file of the workspace needs to reach it.`,
		Example: "  mallbridge simulate warehouse --root /tmp/tokyo --listen 127.0.0.1:2222 --layout warehouse-instructions",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return a.simulateWarehouse(c.Context(), s) },
	}
	f := c.Flags()
	f.StringVar(&s.root, "root", "", "folder that clients see; it is made (required)")
	f.StringVar(&s.listen, "listen", "127.0.0.1:2222", "address and port; port 0 for any free one")
	f.StringVar(&s.layout, "layout", string(warehouse.Japan), "what it reads: "+layouts())
	f.StringVar(&s.name, "name", "warehouse", "its name in the names of its files")
	f.StringVar(&s.user, "user", "mallbridge", "the login")
	f.StringVar(&s.key, "authorized-key", "", "file with the public key that is let in (default: one is made)")
	f.BoolVar(&s.password, "password", false, "let in with a password, which is made and printed")
	f.StringVar(&s.mark, "done-mark", "", "take a file only when this lies beside it: {name}.done")
	f.DurationVar(&s.every, "every", 2*time.Second, "pause between two looks")
	f.BoolVar(&s.early, "early", false, "ship at once, also what is due on a later day")
	f.IntVar(&s.refuse, "refuse-every", 0, "refuse every so many-th instruction")
	f.IntVar(&s.late, "late-every", 0, "ship every so many-th instruction one look later")
	f.IntVar(&s.slow, "slow", 0, "leave files where they are for so many looks")
	f.BoolVar(&s.repeat, "repeat-results", false, "write every result file twice")
	return c
}

func layouts() string {
	var out []string
	for _, l := range warehouse.Layouts() {
		out = append(out, string(l))
	}
	return strings.Join(out, ", ")
}

func (s *standIn) check() error {
	switch {
	case s.root == "":
		return usage{order.Errorf(order.Invalid, "name the folder that clients shall see", "--root is missing")}
	case !slices.Contains(warehouse.Layouts(), warehouse.Layout(s.layout)):
		return usage{order.Errorf(order.Invalid, "use one of "+layouts(), "no layout %q", s.layout)}
	case s.every < 50*time.Millisecond:
		return usage{order.Errorf(order.Invalid, "use 50ms or more", "--every %s", s.every)}
	case s.mark != "" && !strings.Contains(s.mark, "{name}"):
		return usage{order.Errorf(order.Invalid, "write {name}.done", "--done-mark %q has no {name}", s.mark)}
	}
	return nil
}

func (s *standIn) faults() warehouse.Faults {
	nth := func(n int) func(int) bool { return func(i int) bool { return n > 0 && i%n == 0 } }
	f := warehouse.Faults{Late: nth(s.late), RepeatResults: s.repeat, Slow: s.slow}
	f.Refuse = func(_ *warehouse.Instruction, i int) string {
		if nth(s.refuse)(i) {
			return "refused on purpose"
		}
		return ""
	}
	return f
}

func (a *app) simulateWarehouse(ctx context.Context, s standIn) error {
	if err := s.check(); err != nil {
		return err
	}
	s.root = abs(s.root)
	state := s.root + ".state"
	for _, dir := range []string{s.root, state} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	w, err := warehouse.Open(warehouse.Config{
		Name: s.name, Root: s.root, Layout: warehouse.Layout(s.layout), Now: a.now, DoneMark: s.mark, Early: s.early, Faults: s.faults(), Journal: filepath.Join(state, "journal.jsonl"),
	})
	if err != nil {
		return err
	}
	defer w.Close()
	c := sftpd.Config{Root: s.root, Listen: s.listen, User: s.user}
	if c.HostKey, err = sftpd.KeyFile(filepath.Join(state, "host_ed25519"), "mallbridge simulator"); err != nil {
		return err
	}
	keyFile, err := s.login(&c, state)
	if err != nil {
		return err
	}
	server, err := sftpd.Start(c)
	if err != nil {
		return err
	}
	defer server.Close()
	a.tellServer(server, &s, c.Password, keyFile)
	return w.Run(ctx, s.every, func(t warehouse.Taken, x warehouse.Shipped) {
		fmt.Fprintf(a.err, "%s  %d files taken, %d instructions accepted, %d refused, %d stop requests, %d parcels shipped\n",
			a.now().Format("15:04:05"), len(t.Files), t.Accepted, t.Refused, t.Stops, x.Parcels)
	})
}

// login chooses who is let in: the key that was named, a password, or a key that
// is made in the state folder; its private half is returned as a path.
func (s *standIn) login(c *sftpd.Config, state string) (keyFile string, err error) {
	if s.password {
		c.Password = rand.Text()
	}
	switch {
	case s.key != "":
		text, err := os.ReadFile(s.key)
		if err != nil {
			return "", err
		}
		if c.Key, _, _, _, err = ssh.ParseAuthorizedKey(text); err != nil {
			return "", order.Errorf(order.Invalid, "name the public key, as in authorized_keys", "%s: %w", s.key, err)
		}
	case !s.password:
		keyFile = filepath.Join(state, "id_ed25519")
		key, err := sftpd.KeyFile(keyFile, "mallbridge simulator's client")
		if err != nil {
			return "", err
		}
		c.Key = key.PublicKey()
	}
	return keyFile, nil
}

// tellServer prints the host's line for known_hosts, and what else the
// configuration of a warehouse needs.
func (a *app) tellServer(server *sftpd.Server, s *standIn, password, keyFile string) {
	fmt.Fprintln(a.out, server.KnownHosts)
	fmt.Fprintf(a.err, "\ndrop:\n  kind: sftp\n  host: %s\n  port: %d\n  user: %s\n  host_keys: [\"%s\"]\n", server.Host, server.Port, server.User, server.Fingerprint)
	switch {
	case keyFile != "":
		fmt.Fprintf(a.err, "  key: file:%s\n", keyFile)
	case s.key != "":
		fmt.Fprintf(a.err, "  key: the private half of %s\n", s.key)
	}
	if password != "" {
		fmt.Fprintf(a.err, "  password: a reference to %s\n", password)
	}
	fmt.Fprintf(a.err, "instructions:\n  format: %s\n  folder: orders\n  archive: [orders/taken]\n", s.layout)
	if s.mark != "" {
		fmt.Fprintf(a.err, "  done_mark: \"%s\"\n", s.mark)
	}
	results := "warehouse-results"
	switch warehouse.Layout(s.layout) {
	case warehouse.B2:
		results = "yamato-b2-issued"
	case warehouse.Korea:
		fmt.Fprintln(a.err, "# It answers in cp949 under Korean titles: take the formats seoul-* of a demo's workspace.")
	}
	fmt.Fprintf(a.err, "acks: {format: warehouse-acks, folder: acks, expect: true}\nresults: {format: %s, folder: results}\nstock: {format: warehouse-stock, folder: stock}\n", results)
	fmt.Fprintf(a.err, "stops: {format: warehouse-stops, folder: stops}\n\nCtrl-C ends it.\n")
}
