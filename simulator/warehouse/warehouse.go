package warehouse

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// A Layout is the kind of files that a warehouse reads and writes.
type Layout string

// The layouts.
const (
	Japan Layout = "warehouse-instructions"    // plain CSV in cp932; answers in cp932
	Korea Layout = "warehouse-instructions-kr" // plain CSV in cp949; answers in cp949 under Korean titles
	World Layout = "world-instructions"        // plain CSV in UTF-8 under English titles, to any country; answers as Japan's
	B2    Layout = "yamato-b2"                 // Yamato B2 Cloud basic layout; results as 発行済データ
)

// Layouts lists them.
func Layouts() []Layout { return []Layout{Japan, Korea, World, B2} }

// A Config says what warehouse it is.
type Config struct {
	Name   string // in its files' names
	Root   string // folder on disk that holds the folders below; it is made
	Layout Layout
	Now    func() time.Time
	Zone   *time.Location // of its dates; default by the layout

	// Folders below Root; the defaults are orders, orders/taken, acks, results,
	// stock, stops and errors.
	In, Archive, Acks, Results, Stock, Stops, Errors string
	// DoneMark, such as {name}.done, must lie beside a file before it is taken.
	DoneMark string

	// Pieces is what lies in its shelves, by SKU. With it, SKUs that it lacks are
	// refused; nil: every SKU is taken and no stock is counted.
	Pieces map[string]int64
	// Services are the delivery services that it knows; nil: any.
	Services []string
	// Early ships at once what is due on a later day.
	Early  bool
	Faults Faults

	// Journal is a file in which it remembers across restarts what it received and
	// shipped; empty: it begins anew with every start.
	Journal string
}

// A Warehouse has state. Its methods may be called by several goroutines.
type Warehouse struct {
	c Config

	mu       sync.Mutex
	known    map[string]*Instruction // accepted, by number
	order    []*Instruction          // accepted, as they came
	offered  map[Key]int             // lines of every file, accepted or not
	received map[Key]int             // lines of accepted instructions
	files    map[string]bool         // names that were taken
	pieces   map[string]int64
	judged   int   // instructions without a fault of ours
	seq      int64 // of tracking numbers and of files that it writes
	journal  *os.File
}

// A Key names one line of one instruction.
type Key struct {
	Instruction string
	Line        string // number of the line, or 1 where a layout has one row for a parcel
}

// An Instruction is one parcel that the warehouse accepted.
type Instruction struct {
	Number      string    `json:"number"`
	File        string    `json:"file"`
	TakenAt     time.Time `json:"taken_at"`
	Carrier     string    `json:"carrier"`
	Service     string    `json:"service"`
	Temperature string    `json:"temperature"`
	TimeBand    string    `json:"time_band,omitempty"`
	DeliverOn   string    `json:"deliver_on,omitempty"` // 2026-11-22
	ShipOn      string    `json:"ship_on"`
	Payment     string    `json:"payment"`
	Collect     int64     `json:"collect,omitempty"`
	Name        string    `json:"name"`
	Postal      string    `json:"postal"`
	Address     string    `json:"address"`
	Phone       string    `json:"phone"`
	Note        string    `json:"note,omitempty"`
	Parcels     int64     `json:"parcels"`
	Lines       []Line    `json:"lines"`

	Stopped  bool     `json:"stopped,omitempty"`
	Tracking []string `json:"tracking,omitempty"` // once it is shipped
	late     bool
}

// A Line is one SKU to pick.
type Line struct {
	No       string `json:"no"`
	Order    string `json:"order"`
	SKU      string `json:"sku"`
	Name     string `json:"name"`
	Quantity int64  `json:"quantity"`
}

// Taken says what one step took in.
type Taken struct {
	Files    []string
	Accepted int // instructions
	Refused  int
	Stops    int // requests to stop a parcel
}

// Open makes the folders and remembers what the journal holds. Files that lie in
// the archive and are not in the journal are read as if they came now: a crash
// loses none.
func Open(c Config) (*Warehouse, error) {
	if !slices.Contains(Layouts(), c.Layout) {
		return nil, fmt.Errorf("warehouse: no layout %q", c.Layout)
	}
	c.fill()
	w := &Warehouse{
		c: c, known: map[string]*Instruction{}, offered: map[Key]int{}, received: map[Key]int{}, files: map[string]bool{}, pieces: map[string]int64{},
	}
	for sku, n := range c.Pieces {
		w.pieces[sku] = n
	}
	for _, dir := range []string{c.In, c.Archive, c.Acks, c.Results, c.Stock, c.Stops, c.Errors} {
		if err := os.MkdirAll(w.path(dir), 0o750); err != nil {
			return nil, fmt.Errorf("warehouse: %w", err)
		}
	}
	if c.Journal != "" {
		if err := w.remember(); err != nil {
			return nil, fmt.Errorf("warehouse: journal: %w", err)
		}
	}
	return w, nil
}

func (c *Config) fill() {
	for _, d := range []struct {
		to   *string
		text string
	}{
		{&c.In, "orders"}, {&c.Acks, "acks"}, {&c.Results, "results"}, {&c.Stock, "stock"}, {&c.Stops, "stops"}, {&c.Errors, "errors"},
	} {
		if *d.to == "" {
			*d.to = d.text
		}
	}
	if c.Archive == "" {
		c.Archive = c.In + "/taken"
	}
	if c.Name == "" {
		c.Name = "warehouse"
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Zone == nil {
		// Both countries have the same time without summer time.
		c.Zone = time.FixedZone("Asia/Tokyo", 9*60*60)
	}
}

// Close ends the journal.
func (w *Warehouse) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.journal == nil {
		return nil
	}
	err := w.journal.Close()
	w.journal = nil
	return err
}

func (w *Warehouse) path(elem ...string) string {
	return filepath.Join(append([]string{w.c.Root}, elem...)...)
}

func (w *Warehouse) now() time.Time { return w.c.Now().In(w.c.Zone) }

// Day is one whole working day: it takes what lies there, ships what is due, and
// counts its stock.
func (w *Warehouse) Day() (Taken, Shipped, error) {
	t, err := w.Take()
	if err != nil {
		return t, Shipped{}, err
	}
	s, err := w.Ship()
	if err != nil {
		return t, s, err
	}
	return t, s, w.Count()
}

// Run repeats the steps until ctx ends: it looks for files every time, and ships
// and counts what it has taken at the next look, so that answers come before
// results.
func (w *Warehouse) Run(ctx context.Context, every time.Duration, said func(Taken, Shipped)) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		s, err := w.Ship()
		if err == nil && s.Parcels > 0 {
			err = w.Count()
		}
		var t Taken
		if err == nil {
			t, err = w.Take()
		}
		if err != nil {
			return err
		}
		if said != nil && (len(t.Files) > 0 || t.Stops > 0 || s.Parcels > 0) {
			said(t, s)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Take moves away every complete file of the drop folder, reads it and answers.
func (w *Warehouse) Take() (Taken, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var t Taken
	if w.c.Faults.Slow > 0 {
		w.c.Faults.Slow--
		return t, nil
	}
	names, err := w.complete()
	if err != nil {
		return t, fmt.Errorf("warehouse %s: %w", w.c.Name, err)
	}
	for _, name := range names {
		kept, again, err := w.moveAway(name)
		if err != nil {
			return t, fmt.Errorf("warehouse %s: take %s: %w", w.c.Name, name, err)
		}
		if err := w.read(kept, again, &t); err != nil {
			return t, fmt.Errorf("warehouse %s: read %s: %w", w.c.Name, name, err)
		}
	}
	if err := w.takeStops(&t); err != nil {
		return t, fmt.Errorf("warehouse %s: stop requests: %w", w.c.Name, err)
	}
	return t, nil
}

// complete lists the files that may be taken: never those with a name that
// travelling bytes have, and with a done mark only those that have theirs.
func (w *Warehouse) complete() ([]string, error) {
	entries, err := os.ReadDir(w.path(w.c.In))
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, e := range entries {
		if e.Type().IsRegular() {
			names[e.Name()] = true
		}
	}
	marks := map[string]bool{}
	if w.c.DoneMark != "" {
		for name := range names {
			marks[w.mark(name)] = true
		}
	}
	var out []string
	for name := range names {
		if travelling(name) || marks[name] || w.c.DoneMark != "" && !names[w.mark(name)] {
			continue
		}
		out = append(out, name)
	}
	slices.Sort(out)
	return out, nil
}

func (w *Warehouse) mark(name string) string { return strings.ReplaceAll(w.c.DoneMark, "{name}", name) }

func travelling(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".part") || strings.HasSuffix(name, ".tmp")
}

// moveAway puts a file into the archive. A name that was used before gets a
// number; again tells so.
func (w *Warehouse) moveAway(name string) (kept string, again bool, err error) {
	kept = name
	for n := 2; ; n++ {
		_, err := os.Lstat(w.path(w.c.Archive, kept))
		if errors.Is(err, fs.ErrNotExist) {
			break
		}
		if err != nil {
			return "", false, err
		}
		again = true
		ext := filepath.Ext(name)
		kept = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(name, ext), n, ext)
	}
	if err := os.Rename(w.path(w.c.In, name), w.path(w.c.Archive, kept)); err != nil {
		return "", again, err
	}
	if w.c.DoneMark != "" {
		err = os.Remove(w.path(w.c.In, w.mark(name)))
	}
	return kept, again, err
}

// read takes in one file of the archive and writes the answer to it.
func (w *Warehouse) read(name string, again bool, t *Taken) error {
	data, err := os.ReadFile(w.path(w.c.Archive, name))
	if err != nil {
		return err
	}
	w.files[name] = true
	t.Files = append(t.Files, name)
	found, err := parse(w.c.Layout, data)
	if err != nil {
		t.Refused += len(found)
		return errors.Join(w.refuseFile(name, found, err), w.note(entry{File: name}))
	}
	var answers []answer
	var fresh []*Instruction
	for i := range found {
		p := &found[i]
		for _, l := range p.Lines {
			w.offered[Key{p.Number, l.No}]++
		}
		why := w.judge(p, again)
		answers = append(answers, answer{p.Number, why})
		if why != "" {
			t.Refused++
			continue
		}
		t.Accepted++
		p.File, p.TakenAt = name, w.now()
		p.late = w.c.Faults.late(len(w.order) + 1)
		w.accept(&p.Instruction)
		fresh = append(fresh, &p.Instruction)
	}
	if err := w.note(entry{File: name, Accepted: fresh}); err != nil {
		return err
	}
	return w.writeAcks(name, answers)
}

func (w *Warehouse) accept(in *Instruction) {
	w.known[in.Number] = in
	w.order = append(w.order, in)
	for _, l := range in.Lines {
		w.received[Key{in.Number, l.No}]++
		if w.c.Pieces != nil {
			w.pieces[l.SKU] -= l.Quantity
		}
	}
}

// judge says why an instruction is refused, or nothing.
func (w *Warehouse) judge(p *parsed, again bool) string {
	was := w.known[p.Number]
	switch {
	case len(p.problems) > 0:
	case was != nil:
		p.wrong("番号重複: %s は %s で受付済み", "번호 중복: %s 는 %s 로 접수됨", p.Number, was.File)
	case again:
		p.wrong("同名のファイルを受付済み", "같은 이름의 파일이 접수됨")
	default:
		w.checkCodes(p)
	}
	if len(p.problems) == 0 {
		w.judged++
		return w.c.Faults.refuse(&p.Instruction, w.judged)
	}
	return strings.Join(p.problems, "; ")
}

// b2Days is how far ahead B2 Cloud takes a shipping day.
const b2Days = 30

// checkCodes compares what an instruction says with what the warehouse keeps.
func (w *Warehouse) checkCodes(p *parsed) {
	if len(w.c.Services) > 0 && !slices.Contains(w.c.Services, p.Service) {
		p.wrong("配送サービス %s は未登録", "배송서비스 %s 미등록", p.Service)
	}
	for _, l := range p.Lines {
		if _, ok := w.c.Pieces[l.SKU]; !ok && l.SKU != "" && w.c.Pieces != nil {
			p.wrong("SKU %s は未登録", "SKU %s 미등록", l.SKU)
		}
	}
	today := w.now()
	if w.c.Layout == B2 && (p.ShipOn < today.Format(time.DateOnly) || p.ShipOn > today.AddDate(0, 0, b2Days).Format(time.DateOnly)) {
		p.wrong("出荷予定日 %s は本日から30日以内のこと", "", p.ShipOn)
	}
}

// Received returns how often each line was accepted, by instruction and line.
// Every count is 1 where nothing went twice.
func (w *Warehouse) Received() map[Key]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return cloned(w.received)
}

// Offered returns how often each line stood in a file that could be read,
// accepted or not.
func (w *Warehouse) Offered() map[Key]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return cloned(w.offered)
}

func cloned(m map[Key]int) map[Key]int {
	out := make(map[Key]int, len(m))
	for k, n := range m {
		out[k] = n
	}
	return out
}

// Instructions returns copies of what was accepted, in the order in which it
// came.
func (w *Warehouse) Instructions() []Instruction {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := make([]Instruction, len(w.order))
	for i, in := range w.order {
		out[i] = *in
		out[i].Lines, out[i].Tracking = slices.Clone(in.Lines), slices.Clone(in.Tracking)
	}
	return out
}
