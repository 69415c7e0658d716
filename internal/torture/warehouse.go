package torture

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/encoding/japanese"
)

// Habits are what a warehouse does with files.
type Habits struct {
	Delete bool // it deletes what it takes, so that only an answer can tell
	Marks  bool // it takes a file when its done mark is there
	Silent bool // it keeps its answers until Answer is called
}

// A Taken file is one that the warehouse took, with what it read at that moment.
type Taken struct {
	Name   string
	SHA256 string
	Picks  []Pick
	Keys   []string            // instruction numbers, each once
	orders map[string][]string // of each key
	Bad    string              // why the file cannot be read
}

// The folders at the drop, from its root.
const (
	inFolder    = "in"
	takenFolder = "in/taken"
	stopFolder  = "stops"
	outFolder   = "out"
)

// A Warehouse polls its side of the drop and takes files away at once.
type Warehouse struct {
	root   string
	habits Habits

	mu      sync.Mutex
	taken   []Taken
	waiting []Taken // not answered yet
	answers int     // answer files written
	stock   map[string]int
	back    map[string]bool // orders that it does not ship yet
	stops   []string        // instruction numbers that it was asked to stop
	toStop  []string        // not answered yet
	failed  error

	stop, stopped chan struct{}
}

// NewWarehouse makes the folders of a drop. Open starts the work.
func NewWarehouse(root string, h Habits) (*Warehouse, error) {
	for _, dir := range []string{takenFolder, outFolder, stopFolder} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o777); err != nil {
			return nil, err
		}
	}
	return &Warehouse{root: root, habits: h, stock: map[string]int{}, back: map[string]bool{}}, nil
}

// clone is the same warehouse, closed, at a copy of its drop.
func (w *Warehouse) clone(root string) *Warehouse {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := &Warehouse{root: root, habits: w.habits, answers: w.answers, stock: map[string]int{}, back: w.back}
	c.stops, c.toStop = append(c.stops, w.stops...), append(c.toStop, w.toStop...)
	c.taken, c.waiting = append(c.taken, w.taken...), append(c.waiting, w.waiting...)
	for k, v := range w.stock {
		c.stock[k] = v
	}
	return c
}

// poll is the pause between two looks of a warehouse.
const poll = 4 * time.Millisecond

// Open starts taking files.
func (w *Warehouse) Open() {
	w.stop, w.stopped = make(chan struct{}), make(chan struct{})
	go func() {
		defer close(w.stopped)
		t := time.NewTicker(poll)
		defer t.Stop()
		for {
			select {
			case <-w.stop:
				return
			case <-t.C:
				w.Look()
			}
		}
	}()
}

// Close stops taking files. It may be called twice.
func (w *Warehouse) Close() {
	if w.stop != nil {
		close(w.stop)
		<-w.stopped
		w.stop = nil
	}
}

// Look takes everything that lies there under a final name.
func (w *Warehouse) Look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	entries, err := os.ReadDir(filepath.Join(w.root, inFolder))
	if err != nil {
		w.fail(err)
		return
	}
	names := map[string]bool{}
	for _, e := range entries {
		names[e.Name()] = true
	}
	for _, e := range entries {
		name := e.Name()
		if e.IsDir() || strings.HasSuffix(name, ".part") || strings.HasSuffix(name, ".done") || w.habits.Marks && !names[name+".done"] {
			continue
		}
		w.take(name)
	}
	w.lookForStops()
}

// lookForStops takes stop requests and answers that the parcel was stopped.
func (w *Warehouse) lookForStops() {
	entries, err := os.ReadDir(filepath.Join(w.root, stopFolder))
	if err != nil {
		w.fail(err)
		return
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".part") {
			continue
		}
		at := filepath.Join(w.root, stopFolder, e.Name())
		data, err := os.ReadFile(at)
		if err == nil {
			err = os.Remove(at)
		}
		if err == nil && !bytes.HasSuffix(data, []byte("\r\n")) {
			err = fmt.Errorf("%s ends in the middle of a row", e.Name())
		}
		if err != nil {
			w.fail(err)
			continue
		}
		for _, row := range strings.Split(strings.TrimSpace(string(data)), "\r\n")[1:] {
			key, _, _ := strings.Cut(row, ",")
			w.stops, w.toStop = append(w.stops, key), append(w.toStop, key)
		}
	}
	if !w.habits.Silent {
		w.answer()
	}
}

func (w *Warehouse) fail(err error) {
	if w.failed == nil && !errors.Is(err, fs.ErrNotExist) {
		w.failed = fmt.Errorf("warehouse: %w", err)
	}
}

func (w *Warehouse) take(name string) {
	at := filepath.Join(w.root, inFolder, name)
	data, err := os.ReadFile(at)
	if err == nil && w.habits.Delete {
		err = os.Remove(at)
	} else if err == nil {
		to := filepath.Join(w.root, takenFolder, name)
		if _, look := os.Lstat(to); look == nil {
			w.fail(fmt.Errorf("%s came twice", name))
		}
		err = os.Rename(at, to)
	}
	if err == nil && w.habits.Marks {
		err = os.Remove(at + ".done")
	}
	if err != nil {
		w.fail(err)
		return
	}
	t := read(name, data)
	w.taken, w.waiting = append(w.taken, t), append(w.waiting, t)
	if !w.habits.Silent {
		w.answer()
	}
}

// The columns of the layout that the warehouse reads.
const (
	atNumber, atRows, atOrder, atSKU, atQuantity = 0, 2, 3, 4, 7
	columns                                      = 34
)

func read(name string, data []byte) Taken {
	sum := sha256.Sum256(data)
	t := Taken{Name: name, SHA256: hex.EncodeToString(sum[:])}
	bad := func(format string, args ...any) Taken {
		t.Bad = fmt.Sprintf(format, args...)
		return t
	}
	if !bytes.HasSuffix(data, []byte("\r\n")) {
		return bad("it ends in the middle of a row")
	}
	text, err := japanese.ShiftJIS.NewDecoder().Bytes(data)
	if err != nil {
		return bad("%v", err)
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		return bad("%v", err)
	}
	left, key := 0, ""
	for _, r := range rows[1:] {
		if len(r) != columns {
			return bad("a row has %d columns", len(r))
		}
		q, err := strconv.Atoi(r[atQuantity])
		if err != nil {
			return bad("quantity %q", r[atQuantity])
		}
		if r[atNumber] != key {
			if left != 0 {
				return bad("instruction %s lacks %d rows", key, left)
			}
			key = r[atNumber]
			if t.orders == nil {
				t.orders = map[string][]string{}
			}
			t.Keys = append(t.Keys, key)
			if left, err = strconv.Atoi(r[atRows]); err != nil {
				return bad("number of rows %q", r[atRows])
			}
		}
		left--
		t.orders[key] = append(t.orders[key], r[atOrder])
		t.Picks = append(t.Picks, Pick{r[atOrder], r[atSKU], q})
	}
	if left != 0 {
		return bad("instruction %s lacks %d rows", key, left)
	}
	return t
}

// Taken returns the files taken so far.
func (w *Warehouse) Taken() []Taken {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]Taken(nil), w.taken...)
}

// SetSilent says whether the warehouse keeps its answers until Answer is called.
func (w *Warehouse) SetSilent(on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.habits.Silent = on
}

// Answer writes acks, results and stock for what was taken since the last time.
func (w *Warehouse) Answer() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answer()
}

func (w *Warehouse) answer() {
	for _, t := range w.waiting {
		w.answers++
		var acks, results strings.Builder
		acks.WriteString("batch,instruction_number,result,message\r\n")
		results.WriteString("instruction_number,carrier,tracking_number,shipped_on\r\n")
		for _, k := range t.Keys {
			fmt.Fprintf(&acks, "%s,%s,OK,\r\n", "", k)
			if w.holdsBack(t.orders[k]) {
				continue
			}
			fmt.Fprintf(&results, "%s,,%s,2026/11/22\r\n", k, Tracking(k))
		}
		w.put(fmt.Sprintf("ack_%04d.csv", w.answers), acks.String())
		w.put(fmt.Sprintf("result_%04d.csv", w.answers), results.String())
		var stock strings.Builder
		stock.WriteString("sku,on_hand\r\n")
		for i, s := range skus() {
			w.stock[s] = 1000*w.answers + i
			fmt.Fprintf(&stock, "%s,%d\r\n", s, w.stock[s])
		}
		w.put(fmt.Sprintf("stock_%04d.csv", w.answers), stock.String())
	}
	w.waiting = nil
	if len(w.toStop) == 0 {
		return
	}
	w.answers++
	w.put(fmt.Sprintf("ack_%04d.csv", w.answers), "instruction_number,result\r\n"+strings.Join(w.toStop, ",stopped\r\n")+",stopped\r\n")
	w.toStop = nil
}

// HoldBack makes the warehouse ship the order later than it will be cancelled.
func (w *Warehouse) HoldBack(number string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.back[number] = true
}

func (w *Warehouse) holdsBack(orders []string) bool {
	return slices.ContainsFunc(orders, func(o string) bool { return w.back[o] })
}

// put writes a file as a careful warehouse does: whole under its name.
func (w *Warehouse) put(name, text string) {
	at := filepath.Join(w.root, outFolder, name)
	err := os.WriteFile(at+".part", []byte(text), 0o666)
	if err == nil {
		err = os.Rename(at+".part", at)
	}
	if err != nil {
		w.fail(err)
	}
}

// Tracking is the number under which the warehouse ships an instruction. Its last
// digit is the rest of the others divided by 7, as Japanese carriers have it.
func Tracking(key string) string {
	number := "400" + strings.TrimLeft(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
	rest := 0
	for _, c := range number {
		rest = (rest*10 + int(c-'0')) % 7
	}
	return fmt.Sprint(number, rest)
}
