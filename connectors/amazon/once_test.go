package amazon_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/internal/secrets"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/pipeline"
	"github.com/mallbridge/mallbridge/pipeline/stage"
	mall "github.com/mallbridge/mallbridge/simulator/amazon"
	"github.com/mallbridge/mallbridge/simulator/orders"
)

// A feed whose answer was lost may be at work: it is not sent again by anybody, and
// what it did is found in the orders.
func TestAFeedIsSentOnce(t *testing.T) {
	for _, did := range []bool{true, false} {
		r := newRig(t, mall.Options{}, "feed_from", "1")
		o := r.two(mall.Unshipped)
		r.Lose("POST /feeds/2021-06-30/feeds", did)
		res := r.Ship(parcel(o, "400000000101"))[0]
		if r.WantText(res, connectors.Unknown, ""); res.Ref != "" {
			t.Errorf("%+v", res)
		}
		if n := r.Called("POST /feeds/2021-06-30/feeds"); n != 1 {
			t.Errorf("done %v: %d feeds", did, n)
		}
		r.Between(nil)
		r.Move(10 * time.Minute)
		if _, shown := r.Reread(o.Number); len(shown) > 0 != did {
			t.Errorf("done %v: %+v", did, shown)
		}
		res = r.Ship(parcel(o, "400000000101"))[0]
		r.Move(3 * time.Minute)
		if res = r.Driver.CheckShip(t.Context(), res.Ref, []connectors.Shipment{parcel(o, "400000000101")})[0]; !res.Outcome.OK() {
			t.Errorf("done %v: %+v", did, res)
		}
		if n := len(r.packages(o)); n != 1 {
			t.Errorf("done %v: %d packages", did, n)
		}
	}
}

// Nothing was done where the document could not be uploaded.
func TestAnUploadThatFailsDidNothing(t *testing.T) {
	for _, part := range []string{"POST /feeds/2021-06-30/documents", "PUT /presigned/"} {
		r := newRig(t, mall.Options{}, "feed_from", "1")
		o := r.two(mall.Unshipped)
		r.Lose(part, false)
		r.WantText(r.Ship(parcel(o, "400000000101"))[0], connectors.Retry, "")
		if n := r.Called("POST /feeds/2021-06-30/feeds"); n != 0 {
			t.Errorf("%d feeds", n)
		}
	}
}

// A confirmation that is repeated edits the package that the first has made, and one
// whose answers are all lost is unknown.
func TestAConfirmationTwiceIsOnePackage(t *testing.T) {
	for _, did := range []bool{true, false} {
		r := newRig(t, mall.Options{})
		o := r.two(mall.Unshipped)
		r.Lose("shipmentConfirmation", did)
		r.WantText(r.Ship(parcel(o, "400000000101"))[0], connectors.Unknown, "")
		if n := len(r.packages(o)); n > 1 || n == 1 != did {
			t.Errorf("done %v: %d packages", did, n)
		}
		r.Between(nil)
		if res := r.Ship(parcel(o, "400000000101"))[0]; !res.Outcome.OK() {
			t.Errorf("done %v: %+v", did, res)
		}
		if n := len(r.packages(o)); n != 1 {
			t.Errorf("done %v: %d packages", did, n)
		}
	}
}

// A desk is a workspace with one account of Amazon and one warehouse whose drop
// is a folder.
type desk struct {
	*rig
	env *stage.Env
	os  []orders.Order
}

func newDesk(t *testing.T) *desk {
	d := &desk{rig: newRig(t, mall.Options{}, "fulfilled_by", "all")}
	dir := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(dir, name)
		d.check(os.MkdirAll(filepath.Dir(path), 0o750))
		d.check(os.WriteFile(path, []byte(text), 0o640))
	}
	write("mallbridge.yaml", "timezone: Asia/Tokyo\n")
	write("accounts/amazon-main.yaml", `mall: amazon
not_before: 2026-07-01
targets: {default: UNSHIPPED}
warehouse: tokyo
sender: {name: 見本商店, phone: 03-0000-0000, postal: "1000001", prefecture: 東京都, city: 千代田区, street: 千代田0-0}
`)
	write("warehouses/tokyo.yaml", `timezone: Asia/Tokyo
drop: {kind: local, root: drops/tokyo}
instructions: {format: warehouse-instructions, folder: orders}
replacements: {lists: [suggested]}
calendar: {working_days: [mon, tue, wed, thu, fri, sat, sun]}
number: {prefix: S}
`)
	d.check(os.MkdirAll(filepath.Join(dir, "drops/tokyo/orders"), 0o750))
	var skus [][]string
	for _, s := range orders.SKUs {
		skus = append(skus, []string{s.Code, s.Name, s.Barcode, fmt.Sprint(s.Weight), s.Temperature, s.Warehouse})
	}
	for name, m := range map[string]struct {
		titles string
		rows   [][]string
	}{
		configs.SKULinks:         {"account,code,sku,quantity", orders.LinksOf(orders.Amazon)},
		configs.SKUMaster:        {"sku,name,barcode,weight,temperature,warehouse", skus},
		configs.PaymentMaster:    {"account,name,code,payment", [][]string{{"amazon", "*", "", "prepaid"}, {"amazon", "COD", "", "cod"}, {"amazon", "CashOnDelivery", "", "cod"}}},
		configs.DeliveryServices: {"account,name,payment,temperature,warehouse,service,carrier", [][]string{{"amazon", "*", "", "", "tokyo", "takkyubin", "yamato"}}},
	} {
		var b bytes.Buffer
		c := csv.NewWriter(&b)
		d.check(c.WriteAll(append([][]string{strings.Split(m.titles, ",")}, m.rows...)))
		write("masters/"+name+".csv", b.String())
	}
	ws, findings, err := configs.Load(dir, func(string) string { return "" })
	d.check(err)
	d.check(findings.Err())
	d.check(ws.MakeFolders())
	l, err := ledger.Open(t.Context(), ws.Path(ws.Settings.Ledger))
	d.check(err)
	t.Cleanup(func() { l.Close() })
	d.env = &stage.Env{
		Workspace: ws, Ledger: l, Secrets: &secrets.Resolver{Dir: ws.Dir}, Now: d.Now, Sleep: d.Sleep, Log: slog.New(slog.DiscardHandler), Owner: pipeline.Owner("test"),
	}
	// The report knows nothing of requests to cancel and of gifts, and pending orders are
	// paid by now.
	d.os = slices.DeleteFunc(orders.NewStream(7).Mall(orders.Amazon, d.Now().In(mall.Tokyo), 120), func(o orders.Order) bool { return o.Claim || o.Gift != "" || o.Status == mall.Pending })
	for i := range d.os {
		d.check(d.Place(sellerID, &d.os[i], d.os[i].Status))
	}
	d.Move(time.Hour)
	return d
}

func (d *desk) stages(names ...string) {
	d.Helper()
	for _, name := range names {
		s, ok := pipeline.Lookup(name)
		if !ok {
			d.Fatalf("no stage %s", name)
		}
		for _, target := range s.Targets(d.env.Workspace) {
			if res := pipeline.Run(d.Context(), d.env, s, target); res.Err != nil {
				d.Fatalf("%s %s: %v", name, target, res.Err)
			}
		}
	}
}

// bySheet drops the report of unshipped orders.
func (d *desk) bySheet() {
	d.Helper()
	sheet := orders.AmazonTSV(d.os, d.Now().In(mall.Tokyo))
	a, _ := d.env.Workspace.Account("amazon-main")
	d.check(os.WriteFile(filepath.Join(d.env.Workspace.Path(a.Intake.Folder), sheet.Name), sheet.Data, 0o640))
	d.stages("extract", "plan", "instruct")
}

// byAPI reads the mall and stores what came.
func (d *desk) byAPI() {
	d.Helper()
	got := d.read(connectors.Window{From: d.Now().AddDate(0, 0, -5), To: d.Now().Add(-3 * time.Minute)})
	l := d.env.Ledger
	id, _, err := l.Account(d.Context(), "amazon-main", d.Now())
	d.check(err)
	name := "api " + d.Now().String()
	f, err := l.AddFile(d.Context(), ledger.File{Kind: ledger.FileOrders, Owner: "amazon-main", Name: name, SHA256: name, Path: name}, d.Now())
	d.check(err)
	var in []ledger.Intake
	for i, n := range slices.Sorted(maps.Keys(got)) {
		o := got[n]
		in = append(in, ledger.Intake{Order: &o, Row: int64(i + 1)})
	}
	_, err = l.PutOrders(d.Context(), id, f.ID, in, d.Now())
	d.check(err)
	f.State = ledger.FileDone
	d.check(l.FinishFile(d.Context(), f, d.Now()))
	d.stages("plan", "instruct")
}

// instructed are the instructions of each order, by number, and the pieces in
// them.
func (d *desk) instructed() map[string]string {
	d.Helper()
	out := map[string]string{}
	for i := range d.os {
		rows, err := d.env.Ledger.OrdersByNumber(d.Context(), d.os[i].Number, "amazon-main")
		d.check(err)
		for _, row := range rows {
			all, err := d.env.Ledger.InstructionsOf(d.Context(), row.ID)
			d.check(err)
			for _, in := range all {
				out[row.Order.Number] += fmt.Sprintf("%s: %d pieces to %+v; ", in.Number, in.Quantity(), in.To)
			}
		}
	}
	return out
}

// Orders that come both ways are at the warehouse once, whichever way was first,
// and nobody is told that they changed.
func TestOrdersOfBothWaysAreInstructedOnce(t *testing.T) {
	for name, ways := range map[string][]func(*desk){
		"sheet, then API": {(*desk).bySheet, (*desk).byAPI, (*desk).bySheet},
		"API, then sheet": {(*desk).byAPI, (*desk).bySheet, (*desk).byAPI},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			ways[0](d)
			first := d.instructed()
			if len(first) < 50 {
				t.Fatalf("%d of %d orders are instructed", len(first), len(d.os))
			}
			for j := range d.os {
				o := &d.os[j]
				if is := first[o.Number] != ""; is != (o.Fate.State == orders.Instructed) {
					t.Errorf("%s: order %s is instructed: %v, want %+v", o.Kind, o.Number, is, o.Fate)
				}
			}
			for i, way := range ways[1:] {
				d.Move(10 * time.Minute)
				way(d)
				now := d.instructed()
				for n, was := range first {
					if now[n] != was {
						t.Errorf("way %d: order %s was %s, is %s", i+2, n, was, now[n])
					}
				}
				for j := range d.os {
					o := &d.os[j]
					if now[o.Number] != "" && first[o.Number] == "" {
						t.Errorf("way %d: %s: order %s is instructed by this way only", i+2, o.Kind, o.Number)
					}
				}
				id, _, err := d.env.Ledger.Account(d.Context(), "amazon-main", d.Now())
				d.check(err)
				if n, err := d.env.Ledger.Warned(d.Context(), id); err != nil || n != 0 {
					t.Errorf("way %d: %d orders are said to have changed, %v", i+2, n, err)
				}
			}
		})
	}
}
