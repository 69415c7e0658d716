package warehouse

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
)

// An answer is what the warehouse says to one instruction: nothing is yes.
type answer struct{ number, why string }

// Titles of the files that it writes, by language of the layout.
var (
	ackTitles    = [2][]string{{"ファイル名", "出荷指示番号", "結果", "理由"}, {"파일명", "출고지시번호", "결과", "사유"}}
	resultTitles = [2][]string{
		{"出荷指示番号", "配送会社", "送り状番号", "出荷日", "個口数", "倉庫SKU", "数量", "取消"},
		{"출고지시번호", "택배사", "송장번호", "출고일", "박스수", "창고SKU", "수량", "취소"},
	}
	stockTitles = [2][]string{
		{"倉庫SKU", "在庫数", "引当数", "販売可能数", "在庫区分", "ロケーション", "ロット", "期限", "在庫日時"},
		{"창고SKU", "재고수량", "할당수량", "가용수량", "재고구분", "로케이션", "로트", "유통기한", "재고일시"},
	}
)

func (w *Warehouse) language() int {
	if w.c.Layout == Korea {
		return 1
	}
	return 0
}

func charsetOf(l Layout) encoding.Encoding {
	if l == Korea {
		return korean.EUCKR
	}
	return japanese.ShiftJIS
}

// write puts a file into a folder in one step: under a name that nobody reads,
// then under its own. Characters that its charset lacks become question marks,
// as the systems of warehouses write them.
func (w *Warehouse) write(dir, name string, rows [][]string) error {
	var text bytes.Buffer
	c := csv.NewWriter(&text)
	c.UseCRLF = true
	if err := c.WriteAll(rows); err != nil {
		return err
	}
	enc := encoding.ReplaceUnsupported(charsetOf(w.c.Layout).NewEncoder())
	data, err := enc.Bytes(text.Bytes())
	if err != nil {
		return err
	}
	data = bytes.ReplaceAll(data, []byte{0x1a}, []byte{'?'})
	temp := w.path(dir, "."+name+".part")
	if err := os.WriteFile(temp, data, 0o640); err != nil {
		return err
	}
	return os.Rename(temp, w.path(dir, name))
}

func (w *Warehouse) nextName(kind string) string {
	w.seq++
	return fmt.Sprintf("%s_%s_%s_%04d.csv", kind, w.c.Name, w.now().Format("20060102"), w.seq)
}

func (w *Warehouse) writeAcks(file string, answers []answer) error {
	if len(answers) == 0 {
		return nil
	}
	rows := [][]string{ackTitles[w.language()]}
	for _, a := range answers {
		result := "OK"
		if a.why != "" {
			result = "NG"
		}
		rows = append(rows, []string{file, a.number, result, a.why})
	}
	return w.write(w.c.Acks, w.nextName("ack"), rows)
}

// refuseFile answers a file that cannot be used: to every number that could be
// read no, and a text for people.
func (w *Warehouse) refuseFile(name string, found []parsed, cause error) error {
	text := fmt.Sprintf("%s: %v\n", name, cause)
	err := os.WriteFile(w.path(w.c.Errors, name+".txt"), []byte(text), 0o640)
	var answers []answer
	for i := range found {
		if found[i].Number != "" && w.known[found[i].Number] == nil {
			answers = append(answers, answer{found[i].Number, "ファイル全体を受付不可: " + cause.Error()})
		}
	}
	return errors.Join(err, w.writeAcks(name, answers))
}

// Shipped says what one step shipped.
type Shipped struct {
	Files   []string
	Parcels int
	Short   int // parcels with fewer pieces than instructed
	Late    int // that wait for the next step
}

// Ship gives tracking numbers to everything that is due, or to everything if it ships
// early, and writes the results.
func (w *Warehouse) Ship() (Shipped, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var s Shipped
	today := w.now().Format("2006-01-02")
	var rows [][]string
	numbers := map[string][]string{}
	for _, in := range w.order {
		switch {
		case len(in.Tracking) > 0 || in.Stopped || in.ShipOn > today && !w.c.Early:
			continue
		case in.late:
			in.late = false
			s.Late++
			continue
		}
		for range max(in.Parcels, 1) {
			w.seq++
			in.Tracking = append(in.Tracking, tracking(in.Carrier, w.seq))
		}
		numbers[in.Number] = in.Tracking
		s.Parcels += len(in.Tracking)
		made, short := w.resultRows(in)
		rows = append(rows, made...)
		if short {
			s.Short++
		}
	}
	if len(rows) == 0 {
		return s, nil
	}
	if err := w.note(entry{Shipped: numbers}); err != nil {
		return s, fmt.Errorf("warehouse %s: ship: %w", w.c.Name, err)
	}
	if w.c.Layout != B2 {
		rows = append([][]string{resultTitles[w.language()]}, rows...)
	}
	names := []string{w.nextName("result")}
	if w.c.Faults.RepeatResults {
		names = append(names, strings.TrimSuffix(names[0], ".csv")+"_copy.csv")
	}
	for _, name := range names {
		if err := w.write(w.c.Results, name, rows); err != nil {
			return s, fmt.Errorf("warehouse %s: ship: %w", w.c.Name, err)
		}
		s.Files = append(s.Files, name)
	}
	return s, nil
}

func (w *Warehouse) resultRows(in *Instruction) (rows [][]string, short bool) {
	day := w.now().Format("2006/01/02")
	if w.c.Layout == B2 {
		for _, t := range in.Tracking {
			row := make([]string, b2Columns)
			row[0], row[1], row[2], row[3], row[4] = in.Number, "0", "0", t, day
			rows = append(rows, row)
		}
		return rows, false
	}
	lines := w.pick(in)
	if lines == nil {
		t := strings.Join(in.Tracking, "/")
		return [][]string{{in.Number, in.Carrier, t, day, "", "", "", ""}}, false
	}
	for _, l := range lines {
		rows = append(rows, []string{in.Number, in.Carrier, in.Tracking[0], day, "1", l.SKU, strconv.FormatInt(l.Quantity, 10), ""})
	}
	return rows, true
}

// pick returns what is packed where that is less than instructed, or nil.
func (w *Warehouse) pick(in *Instruction) []Line {
	var short bool
	lines := slices.Clone(in.Lines)
	for i := range lines {
		missing := min(w.c.Faults.Short[lines[i].SKU], lines[i].Quantity-1)
		if missing < 1 {
			continue
		}
		lines[i].Quantity -= missing
		w.c.Faults.Short[lines[i].SKU] -= missing
		short = true
	}
	if !short {
		return nil
	}
	return lines
}

// Count writes a stock file, if the warehouse counts its stock.
func (w *Warehouse) Count() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.c.Pieces == nil {
		return nil
	}
	allocated := map[string]int64{}
	for _, in := range w.order {
		if len(in.Tracking) == 0 && !in.Stopped {
			for _, l := range in.Lines {
				allocated[l.SKU] += l.Quantity
			}
		}
	}
	skus := make([]string, 0, len(w.pieces))
	for sku := range w.pieces {
		skus = append(skus, sku)
	}
	slices.SortFunc(skus, cmp.Compare[string])
	rows := [][]string{stockTitles[w.language()]}
	at := w.now().Format("2006/01/02 15:04:05")
	good, bad := "良品", "不良品"
	if w.language() == 1 {
		good, bad = "양품", "불량품"
	}
	for i, sku := range skus {
		n := max(w.pieces[sku], 0) + allocated[sku]
		text := func(n int64) string { return strconv.FormatInt(n, 10) }
		rows = append(rows, []string{sku, text(n), text(allocated[sku]), "", good, fmt.Sprintf("A-%02d", i+1), "", "", at})
		if i%5 == 4 {
			rows = append(rows, []string{sku, "1", "", "", bad, "Z-01", "", "", at})
		}
	}
	if err := w.write(w.c.Stock, w.nextName("stock"), rows); err != nil {
		return fmt.Errorf("warehouse %s: count: %w", w.c.Name, err)
	}
	return w.note(entry{})
}

// takeStops answers requests not to ship: stopped where there is no tracking
// number yet.
func (w *Warehouse) takeStops(t *Taken) error {
	entries, err := os.ReadDir(w.path(w.c.Stops))
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.Type().IsRegular() || travelling(e.Name()) {
			continue
		}
		data, err := os.ReadFile(w.path(w.c.Stops, e.Name()))
		if err != nil {
			return err
		}
		numbers, err := parseStops(w.c.Layout, data)
		if err != nil {
			return fmt.Errorf("%s: %w", e.Name(), err)
		}
		if err := w.answerStops(e.Name(), numbers, t); err != nil {
			return err
		}
		done := w.path(w.c.Stops, "taken")
		if err := os.MkdirAll(done, 0o750); err != nil {
			return err
		}
		if err := os.Rename(w.path(w.c.Stops, e.Name()), filepath.Join(done, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

func (w *Warehouse) answerStops(name string, numbers []string, t *Taken) error {
	words := [2][2]string{{"停止済", "停止不可"}, {"정지", "정지불가"}}[w.language()]
	rows := [][]string{ackTitles[w.language()]}
	var stopped []string
	for _, n := range numbers {
		t.Stops++
		in := w.known[n]
		word := words[1]
		if in != nil && len(in.Tracking) == 0 {
			in.Stopped, word = true, words[0]
			stopped = append(stopped, n)
		}
		rows = append(rows, []string{name, n, word, ""})
	}
	if err := w.note(entry{Stopped: stopped}); err != nil {
		return err
	}
	return w.write(w.c.Acks, w.nextName("ack"), rows)
}
