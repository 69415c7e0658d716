package warehouse

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
)

// A desk is a warehouse whose clock the test moves.
type desk struct {
	*Warehouse
	t    *testing.T
	root string
	now  time.Time
}

func open(t *testing.T, c Config) *desk {
	t.Helper()
	d := &desk{t: t, root: t.TempDir(), now: time.Date(2026, 11, 24, 9, 0, 0, 0, time.FixedZone("JST", 9*60*60))}
	d.reopen(c)
	return d
}

func (d *desk) reopen(c Config) {
	d.t.Helper()
	c.Root, c.Name, c.Now = d.root, "w1", func() time.Time { return d.now }
	w, err := Open(c)
	if err != nil {
		d.t.Fatal(err)
	}
	d.Warehouse = w
	d.t.Cleanup(func() { w.Close() })
}

func (d *desk) put(name string, data []byte) {
	d.t.Helper()
	if err := os.WriteFile(filepath.Join(d.root, "orders", name), data, 0o600); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) take() Taken {
	d.t.Helper()
	t, err := d.Take()
	if err != nil {
		d.t.Fatal(err)
	}
	return t
}

func (d *desk) ship() Shipped {
	d.t.Helper()
	s, err := d.Ship()
	if err != nil {
		d.t.Fatal(err)
	}
	return s
}

// answers reads the rows of every file in a folder, without headers, as another
// program would.
func (d *desk) answers(folder string) [][]string {
	d.t.Helper()
	files, err := filepath.Glob(filepath.Join(d.root, folder, "*.csv"))
	if err != nil {
		d.t.Fatal(err)
	}
	var out [][]string
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			d.t.Fatal(err)
		}
		text, err := charsetOf(d.c.Layout).NewDecoder().Bytes(data)
		if err != nil {
			d.t.Fatal(err)
		}
		rows, err := csv.NewReader(strings.NewReader(string(text))).ReadAll()
		if err != nil {
			d.t.Fatal(err)
		}
		if d.c.Layout != B2 || folder != "results" {
			rows = rows[1:]
		}
		out = append(out, rows...)
	}
	return out
}

// japan is one row of the plain layout for Japan that is right.
func japan(number, line, lines, sku, quantity, sum string) []string {
	return []string{
		number, line, lines, "A-0001", sku, "マグカップ", "", quantity, sum, "常温", "yamato", "takkyubin", "am", "", "2026/11/24", "1000001", "東京都", "見本区",
		"例町1-2-3", "", "", "髙橋 太郎", "09000000001", "prepaid", "", "", "見本商店", "1000001", "東京都見本区例町0-0", "0300000001", "", "", "", "1",
	}
}

func cp932(rows ...[]string) []byte {
	return encoded(japanese.ShiftJIS.NewEncoder().String, append([][]string{plainColumns[Japan]}, rows...))
}

func cp949(rows ...[]string) []byte {
	return encoded(korean.EUCKR.NewEncoder().String, append([][]string{plainColumns[Korea]}, rows...))
}

func encoded(encode func(string) (string, error), rows [][]string) []byte {
	var b strings.Builder
	c := csv.NewWriter(&b)
	c.UseCRLF = true
	if err := c.WriteAll(rows); err != nil {
		panic(err)
	}
	s, err := encode(b.String())
	if err != nil {
		panic(err)
	}
	return []byte(s)
}

func changed(row []string, at int, text string) []string {
	row = slices.Clone(row)
	row[at] = text
	return row
}

func TestTakesAndShips(t *testing.T) {
	d := open(t, Config{Layout: Japan, Pieces: map[string]int64{"MUG-RED": 10, "MUG-BLUE": 10}})
	d.put("a.csv", cp932(japan("T1", "1", "2", "MUG-RED", "2", "3"), japan("T1", "2", "2", "MUG-BLUE", "1", "3"), japan("T2", "1", "1", "MUG-RED", "1", "1")))
	d.put("b.csv.part", cp932(japan("T3", "1", "1", "MUG-RED", "1", "1")))
	if got := d.take(); got.Accepted != 2 || got.Refused != 0 || !slices.Equal(got.Files, []string{"a.csv"}) {
		t.Fatalf("took %+v", got)
	}
	if _, err := os.Stat(filepath.Join(d.root, "orders", "taken", "a.csv")); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(d.root, "orders", "b.csv.part")); err != nil {
		t.Errorf("a file under its temporary name was touched: %v", err)
	}
	for k, n := range d.Received() {
		if n != 1 {
			t.Errorf("%v was received %d times", k, n)
		}
	}
	if len(d.Received()) != 3 {
		t.Errorf("%d lines received, want 3", len(d.Received()))
	}
	for _, a := range d.answers("acks") {
		if a[0] != "a.csv" || a[2] != "OK" {
			t.Errorf("answered %q", a)
		}
	}
	if got := d.ship(); got.Parcels != 2 {
		t.Errorf("shipped %+v", got)
	}
	rows := d.answers("results")
	if len(rows) != 2 || rows[0][0] != "T1" || rows[0][1] != "yamato" || !CheckDigit(rows[0][2]) || rows[0][3] != "2026/11/24" {
		t.Errorf("results %q", rows)
	}
	if got := d.ship(); got.Parcels != 0 || len(got.Files) != 0 {
		t.Errorf("shipped twice: %+v", got)
	}
	if err := d.Count(); err != nil {
		t.Fatal(err)
	}
	for _, r := range d.answers("stock") {
		if r[0] == "MUG-RED" && r[4] == "良品" && (r[1] != "7" || r[2] != "0") {
			t.Errorf("stock of MUG-RED %q", r)
		}
	}
}

func TestWaitsForDoneMark(t *testing.T) {
	d := open(t, Config{Layout: Japan, DoneMark: "{name}.done"})
	d.put("a.csv", cp932(japan("T1", "1", "1", "X", "1", "1")))
	if got := d.take(); len(got.Files) != 0 {
		t.Fatalf("took a file without its mark: %+v", got)
	}
	d.put("a.csv.done", nil)
	if got := d.take(); got.Accepted != 1 {
		t.Fatalf("took %+v", got)
	}
	if entries, err := os.ReadDir(filepath.Join(d.root, "orders")); err != nil || len(entries) != 1 {
		t.Errorf("left in the folder: %v (%v)", entries, err)
	}
}

func TestWaitsForItsDay(t *testing.T) {
	d := open(t, Config{Layout: Japan})
	d.put("a.csv", cp932(changed(japan("T1", "1", "1", "X", "1", "1"), atShip, "2026/11/26")))
	d.take()
	if got := d.ship(); got.Parcels != 0 {
		t.Errorf("shipped before its day: %+v", got)
	}
	d.now = d.now.AddDate(0, 0, 2)
	if got := d.ship(); got.Parcels != 1 {
		t.Errorf("not shipped on its day: %+v", got)
	}
}

func TestEarly(t *testing.T) {
	d := open(t, Config{Layout: Japan, Early: true})
	d.put("a.csv", cp932(changed(japan("T1", "1", "1", "X", "1", "1"), atShip, "2026/11/26")))
	d.take()
	if got := d.ship(); got.Parcels != 1 {
		t.Errorf("not shipped early: %+v", got)
	}
	if rows := d.answers("results"); len(rows) != 1 || rows[0][3] != "2026/11/24" {
		t.Errorf("results %q", rows)
	}
}

func TestNumbersOnlyOnce(t *testing.T) {
	d := open(t, Config{Layout: Japan})
	file := cp932(japan("T1", "1", "1", "X", "1", "1"))
	for _, name := range []string{"a.csv", "b.csv", "a.csv"} {
		d.put(name, file)
		d.take()
	}
	if got := d.Received()[Key{"T1", "1"}]; got != 1 {
		t.Errorf("received %d times", got)
	}
	if got := d.Offered()[Key{"T1", "1"}]; got != 3 {
		t.Errorf("offered %d times, want 3", got)
	}
	var no int
	for _, a := range d.answers("acks") {
		if a[2] == "NG" && strings.Contains(a[3], "番号重複") {
			no++
		}
	}
	if no != 2 {
		t.Errorf("%d refusals, want 2", no)
	}
}

// One instruction with a fault leaves the others of its file alone.
func TestRefusesInstruction(t *testing.T) {
	good := japan("T9", "1", "1", "X", "1", "1")
	one := japan("T1", "1", "1", "X", "1", "1")
	for _, c := range []struct {
		name string
		rows [][]string
		why  string
	}{
		{"quantity 0", [][]string{changed(changed(one, atQuantity, "0"), atSum, "0")}, "数量"},
		{"quantity with zeros before it", [][]string{changed(one, atQuantity, "01")}, "数量"},
		{"sum", [][]string{changed(one, atSum, "2")}, "総数量"},
		{"lines are missing", [][]string{japan("T1", "1", "2", "X", "1", "1")}, "明細行数"},
		{"line numbers", [][]string{japan("T1", "2", "2", "X", "1", "2"), japan("T1", "1", "2", "X", "1", "2")}, "行番号"},
		{"rows apart", [][]string{japan("T1", "1", "1", "X", "1", "1"), good, japan("T1", "1", "1", "X", "1", "1")}, "離れている"},
		{"rows disagree", [][]string{japan("T1", "1", "2", "X", "1", "2"), changed(japan("T1", "2", "2", "Y", "1", "2"), atName, "別人")}, "1行目と違う"},
		{"temperature", [][]string{changed(one, atTemperature, "ぬるい")}, "温度帯"},
		{"time", [][]string{changed(one, atBand, "0812")}, "時間帯"},
		{"day", [][]string{changed(one, atShip, "2026-11-24")}, "出荷予定日"},
		{"no day", [][]string{changed(one, atShip, "2026/11/31")}, "出荷予定日"},
		{"postal code", [][]string{changed(one, atPostal, "100001")}, "郵便番号"},
		{"prefecture", [][]string{changed(one, atPrefecture, "東京")}, "都道府県"},
		{"phone", [][]string{changed(one, atPhone, "9000000001")}, "電話番号"},
		{"name too long", [][]string{changed(one, atName, strings.Repeat("寿", 33))}, "バイト"},
		{"no name", [][]string{changed(one, atName, "")}, "氏名"},
		{"payment", [][]string{changed(one, 23, "card")}, "支払区分"},
		{"nothing to collect", [][]string{changed(one, 23, "cod")}, "代引金額"},
		{"collects although paid", [][]string{changed(one, 24, "1000")}, "代引金額"},
		{"more tax than amount", [][]string{changed(changed(changed(one, 23, "cod"), 24, "100"), 25, "101")}, "代引内消費税"},
		{"number", [][]string{japan("T 1", "1", "1", "X", "1", "1")}, "出荷指示番号"},
		{"unknown SKU", [][]string{japan("T1", "1", "1", "Z", "1", "1")}, "SKU Z"},
		{"unknown service", [][]string{changed(one, atService, "drone")}, "drone"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := open(t, Config{Layout: Japan, Pieces: map[string]int64{"X": 9, "Y": 9}, Services: []string{"takkyubin"}})
			rows := c.rows
			if len(rows) < 3 {
				rows = append(rows, good)
			}
			d.put("a.csv", cp932(rows...))
			d.take()
			said := map[string]string{}
			for _, a := range d.answers("acks") {
				said[a[1]] += a[2] + " " + a[3] + " "
			}
			if !strings.Contains(said[c.rows[0][0]], "NG") || !strings.Contains(said[c.rows[0][0]], c.why) {
				t.Errorf("answered %q, want a refusal for %s", said, c.why)
			}
			if strings.TrimSpace(said["T9"]) != "OK" {
				t.Errorf("the instruction beside it: %q", said["T9"])
			}
		})
	}
}

// A file that is wrong as a whole is not used at all.
func TestRefusesFile(t *testing.T) {
	row := japan("T1", "1", "1", "X", "1", "1")
	good := cp932(row)
	utf8 := encoded(func(s string) (string, error) { return s, nil }, [][]string{plainColumns[Japan], row})
	for name, data := range map[string][]byte{
		"empty":            nil,
		"header only":      cp932(),
		"cut off":          good[:len(good)-5],
		"LF":               []byte(strings.ReplaceAll(string(good), "\r\n", "\n")),
		"one column less":  []byte(strings.ReplaceAll(string(good), ",\x8c\xc2\x8c\xfb\x90\x94", "")),
		"a column more":    cp932(append(slices.Clone(row), "1")),
		"another header":   encoded(japanese.ShiftJIS.NewEncoder().String, [][]string{changed(plainColumns[Japan], 3, "注文No"), row}),
		"other charset":    utf8,
		"bad byte":         []byte(strings.Replace(string(good), "T1", "T\xff", 1)),
		"quote in a value": []byte(strings.Replace(string(good), "takkyubin", `tak"kyubin`, 1)),
	} {
		t.Run(name, func(t *testing.T) {
			d := open(t, Config{Layout: Japan})
			d.put("a.csv", data)
			if got := d.take(); got.Accepted != 0 {
				t.Errorf("took %+v", got)
			}
			if len(d.Received()) != 0 {
				t.Errorf("received %v", d.Received())
			}
			why, err := os.ReadFile(filepath.Join(d.root, "errors", "a.csv.txt"))
			if err != nil || len(why) == 0 {
				t.Errorf("no reason is given: %v", err)
			}
			for _, a := range d.answers("acks") {
				if a[2] != "NG" {
					t.Errorf("answered %q", a)
				}
			}
		})
	}
}

func TestKorea(t *testing.T) {
	row := []string{
		"S1", "1", "1", "2026112210000010", "HK-1", "손수건 똠방", "", "1", "1", "상온", "cj", "parcel", "", "", "2026-11-24", "04524", "서울특별시", "견본구", "새솔로 78",
		"3동 402호", "", "윤새별", "010-0000-0001", "", "prepaid", "", "견본상점", "04524", "서울특별시 견본구 새솔로 0", "02-000-0001", "문앞에 놓아주세요", "", "P000000000000", "1",
	}
	d := open(t, Config{Layout: Korea})
	d.put("a.csv", cp949(row, changed(changed(row, atNumber, "S2"), atPostal, "4524"), changed(changed(row, atNumber, "S3"), atCustoms, "P1")))
	if got := d.take(); got.Accepted != 1 || got.Refused != 2 {
		t.Fatalf("took %+v", got)
	}
	for _, a := range d.answers("acks") {
		switch {
		case a[1] == "S1" && a[2] != "OK", a[1] == "S2" && !strings.Contains(a[3], "우편번호"), a[1] == "S3" && !strings.Contains(a[3], "개인통관고유부호"):
			t.Errorf("answered %q", a)
		}
	}
	d.ship()
	if r := d.answers("results"); len(r) != 1 || r[0][0] != "S1" || !CheckDigit(r[0][2]) {
		t.Errorf("results %q", r)
	}
}

func TestB2(t *testing.T) {
	header := make([]string, b2Columns)
	header[0] = "お客様管理番号"
	row := func(number string, change map[int]string) []string {
		r := make([]string, b2Columns)
		for at, text := range map[int]string{
			b2Number: number, b2Kind: "0", b2Cool: "0", b2Ship: "2026/11/24", b2Phone: "090-0000-0001", b2Postal: "1000001", b2Address: "東京都見本区例町1-2-3",
			b2Name: "髙橋 太郎", b2FromPhone: "03-0000-0001", b2FromPostal: "1000001", b2FromAddress: "東京都見本区例町0-0", b2FromName: "見本商店", b2Item: "マグカップ",
			b2Billing: "000000000000", b2Freight: "01",
		} {
			r[at] = text
		}
		for at, text := range change {
			r[at] = text
		}
		return r
	}
	wrong := map[string]map[int]string{
		"kind":               {b2Kind: "B"},
		"slip number given":  {b2Slip: "400000000000"},
		"day with hyphens":   {b2Ship: "2026-11-24"},
		"day is past":        {b2Ship: "2026/11/23"},
		"day too far":        {b2Ship: "2026/12/25"},
		"withdrawn time":     {b2Band: "1214"},
		"time of タイム":        {b2Band: "0010"},
		"phone with letters": {b2Phone: "090-0000-000A"},
		"long address":       {b2Address: strings.Repeat("長", 33)},
		"long name":          {b2Name: strings.Repeat("長", 17)},
		"no sender":          {b2FromName: ""},
		"no item":            {b2Item: ""},
		"no billing code":    {b2Billing: ""},
		"circled digit":      {b2Note: "①"},
		"unit":               {b2Note: "30㎝"},
		"collect without":    {b2Kind: "2"},
		"collect too much":   {b2Kind: "2", b2Collect: "300001", b2Tax: "0"},
		"collect though 0":   {b2Collect: "1000"},
		"parcels of compact": {b2Kind: "8", b2Parcels: "2"},
	}
	// ㎝ is U+339D, which B2 is reported to refuse.
	for name, change := range wrong {
		t.Run(name, func(t *testing.T) {
			d := open(t, Config{Layout: B2})
			d.put("a.csv", encoded(japanese.ShiftJIS.NewEncoder().String, [][]string{header, row("T1", change), row("T2", nil)}))
			if got := d.take(); got.Accepted != 1 || got.Refused != 1 {
				t.Errorf("took %+v: %q", got, d.answers("acks"))
			}
		})
	}
	t.Run("right", func(t *testing.T) {
		d := open(t, Config{Layout: B2})
		d.put("a.csv", encoded(japanese.ShiftJIS.NewEncoder().String, [][]string{
			header, row("T1", map[int]string{b2Parcels: "2"}), row("T2", map[int]string{b2Kind: "2", b2Collect: "300000", b2Tax: "27272", b2Band: "1921", b2Deliver: "最短日"}),
		}))
		if got := d.take(); got.Accepted != 2 {
			t.Fatalf("took %+v: %q", got, d.answers("acks"))
		}
		d.ship()
		rows := d.answers("results")
		if len(rows) != 3 || len(rows[0]) != b2Columns || rows[0][0] != "T1" || rows[1][0] != "T1" || rows[0][3] == rows[1][3] {
			t.Errorf("results %q", rows)
		}
	})
	t.Run("no header", func(t *testing.T) {
		d := open(t, Config{Layout: B2})
		d.put("a.csv", encoded(japanese.ShiftJIS.NewEncoder().String, [][]string{row("T1", nil), row("T2", nil)}))
		if got := d.take(); got.Accepted != 0 {
			t.Errorf("took %+v", got)
		}
	})
}

func TestFaults(t *testing.T) {
	d := open(t, Config{Layout: Japan, Faults: Faults{
		Refuse: func(_ *Instruction, nth int) string {
			if nth == 2 {
				return "宛先不明"
			}
			return ""
		},
		Late: func(nth int) bool { return nth == 1 }, Short: map[string]int64{"Y": 1}, RepeatResults: true, Slow: 1,
	}})
	d.put("a.csv", cp932(japan("T1", "1", "1", "X", "1", "1"), japan("T2", "1", "1", "X", "1", "1"), japan("T3", "1", "1", "Y", "3", "3")))
	if got := d.take(); len(got.Files) != 0 {
		t.Errorf("slow, and took %+v", got)
	}
	if got := d.take(); got.Accepted != 2 || got.Refused != 1 {
		t.Fatalf("took %+v", got)
	}
	s := d.ship()
	if s.Parcels != 1 || s.Late != 1 || s.Short != 1 || len(s.Files) != 2 {
		t.Errorf("shipped %+v", s)
	}
	rows := d.answers("results")
	if len(rows) != 2 || !slices.Equal(rows[0], rows[1]) || rows[0][5] != "Y" || rows[0][6] != "2" {
		t.Errorf("results %q", rows)
	}
	if s := d.ship(); s.Parcels != 1 {
		t.Errorf("the late one: %+v", s)
	}
}

func TestStops(t *testing.T) {
	d := open(t, Config{Layout: Japan})
	d.put("a.csv", cp932(japan("T1", "1", "1", "X", "1", "1"), changed(japan("T2", "1", "1", "X", "1", "1"), atShip, "2026/11/30")))
	d.take()
	d.ship()
	stop := encoded(japanese.ShiftJIS.NewEncoder().String, [][]string{
		{"出荷指示番号", "注文番号", "依頼内容", "理由", "依頼日時"}, {"T1", "A", "停止", "", ""}, {"T2", "A", "停止", "", ""}, {"T3", "A", "停止", "", ""},
	})
	if err := os.WriteFile(filepath.Join(d.root, "stops", "s.csv"), stop, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := d.take(); got.Stops != 3 {
		t.Errorf("took %+v", got)
	}
	said := map[string]string{}
	for _, a := range d.answers("acks") {
		said[a[1]] = a[2]
	}
	if said["T1"] != "停止不可" || said["T2"] != "停止済" || said["T3"] != "停止不可" {
		t.Errorf("answered %q", said)
	}
	d.now = d.now.AddDate(0, 0, 10)
	if got := d.ship(); got.Parcels != 0 {
		t.Errorf("a stopped parcel was shipped: %+v", got)
	}
}

// A restart forgets nothing, and reads what a crash left in the archive.
func TestJournal(t *testing.T) {
	d := open(t, Config{Layout: Japan})
	c := Config{Layout: Japan, Journal: filepath.Join(t.TempDir(), "j.jsonl")}
	d.reopen(c)
	d.put("a.csv", cp932(japan("T1", "1", "1", "X", "1", "1")))
	d.take()
	d.ship()
	tracked := d.Instructions()[0].Tracking
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(c.Journal, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"file":"half`); err != nil {
		t.Fatal(err)
	}
	f.Close()
	// The crash came between the move and the reading.
	if err := os.WriteFile(filepath.Join(d.root, "orders", "taken", "b.csv"), cp932(japan("T2", "1", "1", "X", "1", "1")), 0o600); err != nil {
		t.Fatal(err)
	}
	d.reopen(c)
	if got := d.Received(); len(got) != 2 || got[Key{"T1", "1"}] != 1 || got[Key{"T2", "1"}] != 1 {
		t.Errorf("remembers %v", got)
	}
	if got := d.Instructions()[0].Tracking; !slices.Equal(got, tracked) {
		t.Errorf("tracking %q, was %q", got, tracked)
	}
	d.put("c.csv", cp932(japan("T1", "1", "1", "X", "1", "1")))
	if got := d.take(); got.Refused != 1 {
		t.Errorf("a number from before the restart: %+v", got)
	}
	d.ship()
	seen := map[string]bool{}
	for _, in := range d.Instructions() {
		for _, n := range in.Tracking {
			if seen[n] {
				t.Errorf("tracking number %s is given twice", n)
			}
			seen[n] = true
		}
	}
}

func TestCheckDigit(t *testing.T) {
	for number, want := range map[string]bool{"400000000015": false, "40000000001": false, "4000000000a5": false} {
		if CheckDigit(number) != want {
			t.Errorf("%s: %v", number, !want)
		}
	}
	for _, carrier := range []string{"yamato", "sagawa", "cj", "unknown"} {
		for n := range int64(50) {
			if number := tracking(carrier, n); !CheckDigit(number) {
				t.Errorf("%s %d: %s", carrier, n, number)
			}
		}
	}
}
