package orders

import (
	"bytes"
	"crypto/rand"
	"encoding/csv"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/japanese"
)

var morning = time.Date(2026, 11, 24, 8, 30, 0, 0, time.FixedZone("JST", 9*60*60))

func TestSameSeedSameOrders(t *testing.T) {
	a, b := NewStream(7).Day(morning, 300), NewStream(7).Day(morning, 300)
	if !reflect.DeepEqual(a, b) {
		t.Error("one seed made two different days")
	}
	if reflect.DeepEqual(a, NewStream(8).Day(morning, 300)) {
		t.Error("two seeds made the same day")
	}
}

func TestDay(t *testing.T) {
	for _, count := range []int{0, 1, 7, 100, 300, 2000} {
		day := NewStream(1).Day(morning, count)
		n, ordinary := 0, 0
		numbers := map[string]bool{}
		for mall, os := range day {
			for _, o := range os {
				n++
				if o.Kind == "ordinary" {
					ordinary++
				}
				if o.Mall != mall || numbers[mall+o.Number] {
					t.Errorf("%s %s is of %s or stands twice", mall, o.Number, o.Mall)
				}
				numbers[mall+o.Number] = true
				checkOrder(t, &o)
			}
		}
		if n != count || 3*ordinary < count {
			t.Errorf("%d orders, want %d; %d of them are ordinary", n, count, ordinary)
		}
	}
}

func checkOrder(t *testing.T, o *Order) {
	t.Helper()
	if o.Fate.State == "" || o.First.State == "" || (o.Repair == "") != (o.Fate == o.First) {
		t.Errorf("%s (%s): fate %+v, at first %+v, repair %q", o.Number, o.Kind, o.Fate, o.First, o.Repair)
	}
	if o.Lines() == 0 {
		t.Errorf("%s (%s) has no lines", o.Number, o.Kind)
	}
	people := []Person{o.Buyer}
	for _, p := range o.Parcels {
		people = append(people, p.To)
	}
	for _, p := range people {
		if !strings.HasSuffix(p.Mail, ".example") || p.Phone != "" && !strings.Contains(p.Phone, "0000") {
			t.Errorf("%s (%s): %s or %s could be somebody's", o.Number, o.Kind, p.Mail, p.Phone)
		}
	}
}

// Every kind of order is in a day of three hundred.
func TestEveryKind(t *testing.T) {
	for mall, all := range kinds {
		seen := map[string]bool{}
		os, ok := NewStream(1).Day(morning, 300)[mall]
		if !ok { // a mall that a day of the demo does not have
			os = NewStream(1).Mall(mall, morning, 60)
		}
		for _, o := range os {
			seen[o.Kind] = true
		}
		s := NewStream(1)
		for _, k := range all {
			made := k.make(s, mall, morning)
			if len(made) != k.makes {
				t.Errorf("%s %s: %d orders, announced are %d", mall, made[0].Kind, len(made), k.makes)
			}
			if !seen[made[0].Kind] {
				t.Errorf("%s: no order is %q", mall, made[0].Kind)
			}
		}
	}
}

func TestRakutenCSV(t *testing.T) {
	os := NewStream(1).Day(morning, 300)[Rakuten]
	os[0].Note = "一行目\n二行目 𠮷"
	s, err := RakutenCSV(os, morning)
	if err != nil {
		t.Fatal(err)
	}
	text, err := japanese.ShiftJIS.NewDecoder().Bytes(s.Data)
	if err != nil || bytes.ContainsRune(text, '\ufffd') {
		t.Fatalf("not in cp932: %v", err)
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	lines := 1
	for i := range os {
		lines += os[i].Lines()
	}
	if len(rows) != lines || len(rows[0]) != 158 {
		t.Errorf("%d rows of %d columns, want %d of 158", len(rows), len(rows[0]), lines)
	}
	if got := rows[1][100]; got != "一行目\n二行目 &#134071;" {
		t.Errorf("remark %q", got)
	}
	if n := bytes.Count(s.Data, []byte("\r\n")); n != lines {
		t.Errorf("%d lines end in CR LF, want %d", n, lines)
	}
}

func TestSmartStoreXLSX(t *testing.T) {
	os := NewStream(1).Day(morning, 300)[SmartStore]
	s, err := SmartStoreXLSX(os, morning, "secret", rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := excelize.OpenReader(bytes.NewReader(s.Data), excelize.Options{Password: "wrong"}); err == nil {
		t.Error("it opens with any password")
	}
	f, err := excelize.OpenReader(bytes.NewReader(s.Data), excelize.Options{Password: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := f.GetRows("발주발송관리")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(rows[0][0], "◈ 다운로드") || len(rows[1]) != 72 || rows[1][0] != "상품주문번호" {
		t.Errorf("it begins with %q and %d titles", rows[0][0], len(rows[1]))
	}
	kind, err := f.GetCellType("발주발송관리", "B3")
	if err != nil || kind != excelize.CellTypeSharedString {
		t.Errorf("an order number is %v, want text (%v)", kind, err)
	}
}

func TestCoupangXLSX(t *testing.T) {
	os := NewStream(1).Day(morning, 300)[Coupang]
	s, err := CoupangXLSX(os, morning)
	if err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(bytes.NewReader(s.Data))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := f.GetRows(f.GetSheetList()[0])
	if err != nil {
		t.Fatal(err)
	}
	if len(rows[0]) != 40 || rows[0][1] != "묶음배송번호" {
		t.Errorf("%d titles, the second is %q", len(rows[0]), rows[0][1])
	}
}

func TestElevenStXLSX(t *testing.T) {
	os := NewStream(1).Mall(ElevenSt, morning, 60)
	s, err := ElevenStXLSX(os, morning)
	if err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(bytes.NewReader(s.Data))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := f.GetRows("발송준비중내역")
	if err != nil {
		t.Fatal(err)
	}
	lines := 3
	for i := range os {
		if os[i].Status == "301" {
			lines += os[i].Lines()
		}
	}
	if len(rows) != lines || len(rows[2]) != 50 || rows[2][3] != "배송번호" {
		t.Errorf("%d rows, want %d; the header has %d titles", len(rows), lines, len(rows[2]))
	}
}

func TestMasters(t *testing.T) {
	skus := map[string]bool{}
	for _, s := range SKUs {
		skus[s.Code] = true
	}
	for _, r := range append(Links(), NewListings()...) {
		if len(r) != 4 || !skus[r[2]] {
			t.Errorf("link %q leads nowhere", r)
		}
	}
	if len(NewListings()) == 0 {
		t.Error("there are no holes to repair")
	}
}
