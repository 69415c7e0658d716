package torture

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/mallbridge/mallbridge/internal/sshtest"
)

// A Place is an SFTP server of a warehouse.
type Place struct {
	Addr        string // to connect to; the server's own or a proxy's
	User        string
	KeyFile     string
	Fingerprint string
	Root        string // the folder that clients start in
}

// PlaceOf is OpenSSH's sshd.
func PlaceOf(s *sshtest.Server) Place {
	return Place{Addr: s.Addr, User: s.User, KeyFile: s.UserKeyFile, Fingerprint: s.HostKeyFingerprint, Root: s.Root}
}

// Settings of a World.
type Settings struct {
	Habits
	Batch    int    // most instructions in a file
	Verify   string // hash or size
	Local    bool   // the drop is a folder of this machine
	DoneMark bool   // of sheets
	Looks    time.Duration
	Timeout  string // of the connection
	API      bool   // an account sells by API
	Host     Host   // where its mall listens
	Ledger   string // a postgres:// address; empty for a file. Programs get it as MALLBRIDGE_LEDGER.
	Every    string // how often serve runs each stage; empty for its defaults
}

// A World is a workspace, its warehouse and the truth about both.
type World struct {
	Dir       string // the workspace
	Name      string
	Place     Place
	Settings  Settings
	Truth     *Truth
	Gen       *Generator
	Warehouse *Warehouse
	Mall      *Mall // of settings with API
	Program   Program

	mu  sync.Mutex
	log []string
}

// NewWorld makes a workspace below dir whose drop is the folder name at place.
func NewWorld(dir, name string, p Program, place Place, s Settings, seed uint64) (*World, error) {
	w := &World{Dir: filepath.Join(dir, name), Name: name, Place: place, Settings: s, Truth: &Truth{}, Gen: NewGenerator(seed), Program: p}
	var err error
	if w.Warehouse, err = NewWarehouse(w.DropDir(), s.Habits); err != nil {
		return nil, err
	}
	if s.API {
		if w.Mall, err = NewMall(s.Host); err != nil {
			return nil, err
		}
	}
	return w, w.Configure()
}

// DropDir is the drop's root on this machine.
func (w *World) DropDir() string { return filepath.Join(w.Place.Root, w.Name) }

// Clone copies a world that is at rest. The copy stands at another place, which
// may be the same server.
func (w *World) Clone(dir, name string, place Place) (*World, error) {
	gen := *w.Gen
	c := &World{
		Dir: filepath.Join(dir, name), Name: name, Place: place, Settings: w.Settings, Truth: w.Truth.clone(), Gen: &gen, Program: w.Program,
	}
	if err := copyTree(w.Dir, c.Dir); err != nil {
		return nil, err
	}
	if err := copyTree(w.DropDir(), c.DropDir()); err != nil {
		return nil, err
	}
	c.Warehouse = w.Warehouse.clone(c.DropDir())
	if w.Mall != nil {
		var err error
		if c.Mall, err = w.Mall.clone(); err != nil {
			return nil, err
		}
	}
	return c, c.Configure()
}

// copyTree keeps the times of files: stock is as old as its file.
func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		at := filepath.Join(to, rel)
		info, err := d.Info()
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(at, 0o777)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := os.WriteFile(at, data, info.Mode()); err != nil {
			return err
		}
		return os.Chtimes(at, info.ModTime(), info.ModTime())
	})
}

// Configure writes the workspace's files.
func (w *World) Configure() error {
	s := &w.Settings
	if s.Looks == 0 {
		s.Looks = time.Millisecond
	}
	host, port, _ := strings.Cut(w.Place.Addr, ":")
	drop := fmt.Sprintf("{kind: sftp, root: %q, host: %q, port: %s, user: %s, key: file:keys/id, host_keys: [%q], timeout: %s}",
		w.Name, host, port, w.Place.User, w.Place.Fingerprint, or(s.Timeout, "1m"))
	if s.Local {
		drop = fmt.Sprintf("{kind: local, root: %q}", w.DropDir())
	}
	mark, intakeMark := "", ""
	if s.Marks {
		mark = "  done_mark: \"{name}.done\"\n"
	}
	if s.DoneMark {
		intakeMark = ", done_mark: .done"
	}
	archive := "[" + takenFolder + "]"
	if s.Delete {
		archive = "[]"
	}
	sender := "sender: {name: 見本商店, phone: 03-0000-0000, postal: \"1000001\", prefecture: 東京都, city: 千代田区, street: 千代田0-0}\n"
	intake := fmt.Sprintf("intake: {look_every: %s%s}\n", s.Looks, intakeMark)
	pickup := func(kind string) string {
		return fmt.Sprintf("{format: warehouse-%s, folder: %s, pattern: \"%s_*.csv\", look_every: %s}\n", kind, outFolder, strings.TrimSuffix(kind, "s"), s.Looks)
	}
	files := map[string]string{
		"mallbridge.yaml": w.top(),
		"accounts/" + Hand + ".yaml": "mall: plain\ntargets: {default: ready}\nnot_before: 2026-01-01\nwarehouse: soko\n" +
			sender + intake,
		"accounts/" + Rakuten + ".yaml": "mall: rakuten\ntargets: {default: \"300\"}\nnot_before: 2026-01-01\nwarehouse: soko\nsku_from: [item_code]\n" +
			sender + intake,
		"warehouses/soko.yaml": "timezone: Asia/Tokyo\ndrop: " + drop + "\n" +
			"instructions:\n  format: warehouse-instructions\n  folder: " + inFolder + "\n  archive: " + archive + "\n" + mark +
			"  verify: " + or(s.Verify, "size") + "\n  max_instructions: " + fmt.Sprint(s.Batch) + "\n" +
			"results: " + pickup("results") + "acks: " + pickup("acks") + "stock: " + pickup("stock") +
			"stops: {format: warehouse-stops, folder: " + stopFolder + "}\n" +
			"calendar: {working_days: [mon, tue, wed, thu, fri, sat, sun], holidays: []}\nnumber: {prefix: S}\n",
		"masters/sku-links.csv":         links(Hand, Rakuten),
		"masters/payments.csv":          "account,name,code,payment\nplain,prepaid,,prepaid\nrakuten,クレジットカード,1,prepaid\n",
		"masters/delivery-services.csv": "account,name,payment,temperature,warehouse,service,carrier\nplain,*,,,soko,takkyubin,yamato\nrakuten,*,,,soko,takkyubin,yamato\n",
	}
	if w.Mall != nil {
		files["accounts/"+Calls+".yaml"] = "mall: coupang\ntargets: {default: INSTRUCT}\nnot_before: " + time.Now().AddDate(0, 0, -1).Format(time.DateOnly) + "\nwarehouse: soko\nauto_stock_sync: true\nsku_from: [item_code]\n" +
			sender + intake + "api:\n  base_url: " + w.Mall.server.URL + "\n  settings: {vendor_id: " + vendor + "}\n  secrets: {access_key: file:keys/access, secret_key: file:keys/secret}\n"
		files["keys/access"], files["keys/secret"] = accessKey, secretKey
		// The warehouse is a Japanese one and takes five digits of Korea all the same.
		layout, err := os.ReadFile("../../configs/formats/warehouse-instructions.yaml")
		if err != nil {
			return err
		}
		files["formats/soko.yaml"] = strings.NewReplacer("name: warehouse-instructions\n", "name: soko\n", `\d{3}-?\d{4}`, `\d{5,7}|\d{3}-\d{4}`).Replace(string(layout))
		files["warehouses/soko.yaml"] = strings.Replace(files["warehouses/soko.yaml"], "format: warehouse-instructions\n", "format: soko\n", 1)
		files["masters/sku-links.csv"] = links(Hand, Rakuten, Calls)
		files["masters/payments.csv"] += Calls + ",*,,prepaid\n"
		files["masters/delivery-services.csv"] += Calls + ",*,,,soko,parcel,cj\n"
	}
	if !s.Local {
		key, err := os.ReadFile(w.Place.KeyFile)
		if err != nil {
			return err
		}
		files["keys/id"] = string(key)
	}
	for name, text := range files {
		at := filepath.Join(w.Dir, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

func (w *World) top() string {
	text := "timezone: Asia/Tokyo\nlanguage: en\n"
	if w.Settings.Ledger != "" {
		text += "ledger: env:" + LedgerEnv + "\n"
	}
	if e := w.Settings.Every; e != "" {
		text += fmt.Sprintf("schedules: {extract: %s, plan: %[1]s, instruct: %[1]s, collect: %[1]s, report: %[1]s}\n", e)
	}
	return text
}

// LedgerEnv names the variable by which a world says where its ledger is, if that
// is no file.
const LedgerEnv = "MALLBRIDGE_LEDGER"

func or(s, instead string) string {
	if s == "" {
		return instead
	}
	return s
}

func links(accounts ...string) string {
	var b strings.Builder
	b.WriteString("account,code,sku,quantity\n")
	for _, a := range accounts {
		for n := range codes {
			fmt.Fprintf(&b, "%s,%s,%s,1\n", a, code(a, n), sku(a, n))
		}
		fmt.Fprintf(&b, "%s,%s,%s,1\n%[1]s,%[2]s,%[4]s,2\n", a, code(a, codes), sku(a, codes), sku(a, codes+1))
	}
	return b.String()
}

// Inbox is the watch folder of an account.
func (w *World) Inbox(account string) string { return filepath.Join(w.Dir, "inbox", account) }

// Drop puts new sheets into the watch folders.
func (w *World) Drop(s Shape) error {
	for _, sheet := range w.Gen.Sheets(w.Truth, s) {
		if err := w.put(sheet); err != nil {
			return err
		}
	}
	return nil
}

// Cancel drops a sheet in which an order is cancelled.
func (w *World) Cancel(o *Order) error { return w.put(w.Gen.Cancel(w.Truth, o)) }

// DropAgain puts a sheet that was there before into its folder once more, under
// another name.
func (w *World) DropAgain(sheet *Sheet, name string) error {
	again := *sheet
	again.Name, again.Again = name, true
	w.Truth.Sheets = append(w.Truth.Sheets, &again)
	return w.put(&again)
}

// DropBroken drops a sheet that lacks its columns.
func (w *World) DropBroken(account, name string) error {
	s := &Sheet{Account: account, Name: name, Broken: true, data: []byte("number,name\r\n1,x\r\n")}
	w.Truth.Sheets = append(w.Truth.Sheets, s)
	return w.put(s)
}

func (w *World) put(s *Sheet) error {
	dir := w.Inbox(s.Account)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	at := filepath.Join(dir, s.Name)
	if err := os.WriteFile(at+".part", s.data, 0o666); err != nil {
		return err
	}
	if err := os.Rename(at+".part", at); err != nil || !w.Settings.DoneMark {
		return err
	}
	return os.WriteFile(at+".done", nil, 0o666)
}

func (w *World) env() []Option {
	if w.Settings.Ledger == "" {
		return nil
	}
	return []Option{Env(LedgerEnv + "=" + w.Settings.Ledger)}
}

// Start starts the program in the world.
func (w *World) Start(ctx context.Context, args []string, opts ...Option) (*Process, error) {
	return w.Program.Start(ctx, w.Dir, args, opts...)
}

// Call runs the program to its end and keeps what it said.
func (w *World) Call(ctx context.Context, args []string, opts ...Option) (Result, error) {
	p, err := w.Start(ctx, args, append(w.env(), opts...)...)
	if err != nil {
		return Result{}, err
	}
	return w.Wait(p)
}

// Wait waits for a program that was started and keeps what it said.
func (w *World) Wait(p *Process) (Result, error) {
	r, err := p.Wait()
	w.Note("%s", r)
	return r, err
}

// Note adds to the world's log.
func (w *World) Note(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.log = append(w.log, fmt.Sprintf(format, args...))
}

// Log is what happened in the world so far.
func (w *World) Log() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Join(w.log, "\n")
}

// Close ends what runs in the world.
func (w *World) Close() {
	w.Warehouse.Close()
	if w.Mall != nil {
		w.Mall.Close()
	}
}

// Remove removes workspace and drop.
func (w *World) Remove() error {
	w.Close()
	if err := os.RemoveAll(w.Dir); err != nil {
		return err
	}
	return os.RemoveAll(w.DropDir())
}

// Save copies the log and the drop into the workspace, to be looked at later.
func (w *World) Save(out io.Writer) {
	w.Close()
	_ = os.WriteFile(filepath.Join(w.Dir, "torture.log"), []byte(w.Log()), 0o600)
	if err := copyTree(w.DropDir(), filepath.Join(w.Dir, "torture-drop")); err != nil {
		fmt.Fprintln(out, "copy of the drop:", err)
	}
	fmt.Fprintln(out, "the workspace is kept:", w.Dir)
}

// turns is how many runs a world may need to come to rest.
const turns = 8

// Rest runs the program until a run changes nothing any more, and returns the
// last exit code. allowed are exit codes that may come before; 0 and 3 always may.
func (w *World) Rest(ctx context.Context, allowed ...int) (int, error) {
	before := ""
	for range turns {
		r, err := w.Call(ctx, []string{"run"})
		if err != nil {
			return 0, err
		}
		if r.Killed || r.Code != 0 && r.Code != 3 && !contains(allowed, r.Code) {
			return r.Code, fmt.Errorf("a run that nothing disturbs fails: %s", r)
		}
		w.Warehouse.Look()
		after, err := w.state(ctx)
		if err != nil {
			return r.Code, err
		}
		if after == before {
			return r.Code, nil
		}
		before = after
	}
	return 0, fmt.Errorf("it does not come to rest in %d runs", turns)
}

func contains(list []int, n int) bool {
	for _, x := range list {
		if x == n {
			return true
		}
	}
	return false
}
