package walk_test

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/japanese"

	"github.com/mallbridge/mallbridge/internal/pgtest"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/mappers/status"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline"
	"github.com/mallbridge/mallbridge/simulator/coupang"
	"github.com/mallbridge/mallbridge/simulator/elevenst"
	"github.com/mallbridge/mallbridge/simulator/orders"
	"github.com/mallbridge/mallbridge/simulator/rakuten"
)

var (
	steps = flag.Int("walk.steps", 600, "steps of the random walk")
	seed  = flag.Uint64("walk.seed", 20261130, "seed of the random walk: the same gives the same walk")
	every = flag.Int("walk.rest", 150, "steps from one rest to the next")
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// TestWalk lets everybody act in any order, and compares with what is true.
func TestWalk(t *testing.T) {
	w := newWorld(t, *seed, "")
	w.walk(*steps)
	for _, k := range slices.Sorted(maps.Keys(w.done)) {
		t.Logf("%6d %s", w.done[k], k)
	}
}

// TestWalkOnPostgreSQL takes a few steps with a ledger in PostgreSQL, and in the end
// purges everything.
func TestWalkOnPostgreSQL(t *testing.T) {
	w := newWorld(t, *seed, pgtest.Database(t))
	w.walk(80)
	w.Move(10 * 24 * time.Hour)
	for n := 1; n < 40; n += 6 {
		w.works("purge", "all", n)
	}
	res := w.stage("purge", "all")
	w.check(res.Err)
	purged := 0
	for _, a := range accounts {
		rows, err := w.env.Ledger.Orders(t.Context(), ledger.OrderList{Account: a, Limit: 1000})
		w.check(err)
		for i := range rows {
			if r := &rows[i]; !r.PurgedAt.IsZero() {
				purged++
				if o := r.Order; o.Buyer.Name+o.Buyer.Phone+o.Packages[0].To.Name+o.Packages[0].To.Phone+o.Packages[0].To.Street != "" {
					t.Errorf("order %s was purged and knows %+v", o.Number, o.Buyer)
				}
			}
		}
	}
	if purged == 0 {
		t.Errorf("no order was purged: %s", res.Report.String())
	}
	w.balance()
	if res := w.stage("purge", "all"); res.Err != nil || !res.Report.Nothing() {
		t.Errorf("again: %v %s", res.Err, res.Report.String())
	}
}

// walk takes steps, and rests every now and then and in the end.
func (w *world) walk(steps int) {
	for n := range steps {
		what := w.step()
		if w.trace = append(w.trace, fmt.Sprintf("%d %s %s", n, w.Now().Format("01-02 15:04"), what)); len(w.trace) > 2000 {
			w.trace = w.trace[1000:]
		}
		if (n+1)%*every == 0 || n+1 == steps {
			w.rest()
			w.Logf("seed %d, %d steps, %s: %s", *seed, n+1, w.Now().Format(time.DateTime), w.model.figure)
		}
		if w.Failed() {
			w.Fatalf("step %d (%s); repeat it with -walk.seed=%d -walk.steps=%d -walk.rest=%d; the last steps:\n%s", n, what, *seed, steps, *every, strings.Join(w.trace[max(len(w.trace)-60, 0):], "\n"))
		}
	}
}

// An act is one thing that can happen. It returns what did, or nothing.
type act struct {
	weight int
	do     func(*world) string
}

var acts = []act{
	{20, (*world).sell},
	{8, (*world).cancel},
	{1, (*world).takeBack},
	{3, (*world).move},
	{4, (*world).breaks},
	{5, (*world).mends},
	{7, (*world).take},
	{5, (*world).ship},
	{4, (*world).late},
	{5, (*world).counts},
	{1, (*world).receives},
	{4, (*world).drops},
	{3, (*world).uploads},
	{4, (*world).person},
	{55, (*world).work},
}

// step does one thing, chosen at random, and returns what.
func (w *world) step() string {
	w.Move(time.Duration(w.r.IntN(9)) * time.Minute)
	sum := 0
	for _, a := range acts {
		sum += a.weight
	}
	n := w.r.IntN(sum)
	for _, a := range acts {
		if n -= a.weight; n < 0 {
			what := a.do(w)
			kind, _, _ := strings.Cut(what, ":")
			w.done[kind]++
			return what
		}
	}
	return ""
}

func pick[T any](w *world, list []T) T { return list[w.r.IntN(len(list))] }

// some returns a sale for which ok holds, nil if there is none.
func (w *world) some(ok func(*sale) bool) *sale {
	var fit []*sale
	for _, s := range w.model.sales {
		if ok(s) {
			fit = append(fit, s)
		}
	}
	if len(fit) == 0 {
		return nil
	}
	return pick(w, fit)
}

// sell is a buyer who buys: sometimes for one who bought a moment ago too, sometimes
// goods that do not travel together.
func (w *world) sell() string {
	account := pick(w, accounts)
	o := w.stream.Ordinary(mallOf[account], w.Now(), 1)[0]
	for two := w.r.IntN(3) == 0; apart(&o) != two; {
		o = w.stream.Ordinary(mallOf[account], w.Now(), 1)[0]
	}
	o.Ordered = w.Now().In(o.Ordered.Location()).Truncate(time.Second)
	if w.r.IntN(3) == 0 {
		if to := w.some(func(s *sale) bool { return s.account == account && !s.cancelled && len(s.gone) == 0 }); to != nil {
			o.Buyer, o.Parcels[0].To = to.o.Buyer, to.o.Parcels[0].To
		}
	}
	s := &sale{account: account, o: o, needs: needsOf(&o), gone: map[string]int64{}}
	w.place(s, w.r.IntN(3) == 0)
	w.model.sales = append(w.model.sales, s)
	w.model.by[o.Number] = s
	w.model.figure.sold++
	return "sale: " + account + " " + o.Number
}

func apart(o *orders.Order) bool {
	cold, warm := false, false
	for sku := range needsOf(o) {
		is := slices.Contains(chilled, sku)
		cold, warm = cold || is, warm || !is
	}
	return cold && warm
}

func (w *world) place(s *sale, fresh bool) {
	w.Helper()
	switch s.account {
	case rak:
		progress := rakuten.ToShip
		if fresh {
			progress = rakuten.Waiting
		}
		w.check(w.rakuten.Place(shopID, &s.o, progress))
	case cou:
		state := coupang.Instruct
		if fresh {
			state = coupang.Accept
		}
		w.check(w.coupang.Place(vendor, &s.o, state))
	case ele:
		state := elevenst.Preparing
		if fresh {
			state = elevenst.Paid
		}
		w.check(w.eleven.Place(seller, &s.o, state))
	case sheet:
		s.o.Status, s.dirty = "300", true
	}
}

// cancel is a buyer who cancels before the mall has the order as shipped.
func (w *world) cancel() string {
	late := w.r.IntN(2) == 0
	s := w.some(func(s *sale) bool { return !s.cancelled && !s.mixed && (!late || s.given) })
	if s == nil || !w.cancels(s) {
		return "nothing"
	}
	s.cancelled = true
	w.model.figure.cancelled++
	return "cancel: " + s.account + " " + s.o.Number
}

func (w *world) cancels(s *sale) bool {
	w.Helper()
	s.claims = nil
	switch s.account {
	case rak:
		at, err := w.rakuten.Progress(s.o.Number)
		w.check(err)
		if at >= rakuten.Shipped {
			return false
		}
		w.check(w.rakuten.Cancel(s.o.Number))
	case cou:
		items := map[int64]int64{}
		for _, b := range w.coupang.Bundles(vendor, number(s.o.Number)) {
			if b.Status != coupang.Accept && b.Status != coupang.Instruct {
				return false
			}
			for item, n := range b.Items {
				items[item] += n
			}
		}
		receipt, err := w.coupang.AskCancel(vendor, number(s.o.Number), items)
		w.check(err)
		s.claims = append(s.claims, receipt)
	case ele:
		lines := w.eleven.Lines(seller, number(s.o.Number))
		for _, l := range lines {
			if l.State != elevenst.Paid && l.State != elevenst.Preparing {
				return false
			}
		}
		for _, l := range lines {
			id, err := w.eleven.AskCancel(seller, l.Order, l.Seq, l.Left, "변심")
			w.check(err)
			s.claims = append(s.claims, id)
		}
	case sheet:
		if s.o.Status != "300" {
			return false
		}
		s.o.Status, s.dirty = "900", true
	}
	return true
}

// takeBack is a buyer who wants it after all.
func (w *world) takeBack() string {
	s := w.some(func(s *sale) bool { return s.cancelled && len(s.claims) > 0 && !s.mixed })
	if s == nil {
		return "nothing"
	}
	done := 0
	for _, id := range s.claims {
		var err error
		if s.account == cou {
			err = w.coupang.Withdraw(vendor, id)
		} else {
			err = w.eleven.Withdraw(seller, id)
		}
		if err == nil {
			done++
		}
	}
	if done == 0 {
		return "nothing"
	}
	s.mixed = done < len(s.claims)
	s.cancelled, s.claims, s.lag = s.mixed, nil, true
	return "take back: " + s.account + " " + s.o.Number
}

// move is a buyer who changes the address, while the mall lets it.
func (w *world) move() string {
	s := w.some(func(s *sale) bool { return !s.cancelled && len(s.gone) == 0 && !s.mixed })
	if s == nil {
		return "nothing"
	}
	to := w.stream.Ordinary(mallOf[s.account], w.Now(), 1)[0].Parcels[0].To
	var err error
	switch s.account {
	case rak:
		at, e := w.rakuten.Progress(s.o.Number)
		w.check(e)
		if at != rakuten.ToShip || len(w.shows(s)) > 0 {
			return "nothing"
		}
		w.check(w.rakuten.Remove(s.o.Number))
		s.o.Parcels[0].To = to
		w.place(s, false)
	case cou:
		err = w.coupang.Move(vendor, number(s.o.Number), to)
	case ele:
		err = w.eleven.Move(seller, number(s.o.Number), to)
	case sheet:
		if s.o.Status != "300" {
			return "nothing"
		}
		s.dirty = true
	}
	if err != nil {
		return "nothing"
	}
	s.o.Parcels[0].To = to
	return "address: " + s.account + " " + s.o.Number
}

// breaks breaks a mall, or the way to it.
func (w *world) breaks() string {
	account := pick(w, accounts[:3])
	w.sick[account] = true
	if w.r.IntN(2) == 0 {
		kind := pick(w, []string{"down", "drop", "lost", "lost"})
		w.wire.broken[account], w.wire.left[account] = kind, pick(w, []int{1, 1, 2, 5, -1})
		return fmt.Sprintf("broken wire: %s %s %d", account, kind, w.wire.left[account])
	}
	switch account {
	case rak:
		f := pick(w, []rakuten.Faults{{Async: true}, {Forget: true}, {Late: true}, {Single: true}, {Partial: true}, {Inside: true}, {Repeat: true}, {Vanish: true}, {Total: true}})
		w.rakuten.Break(f)
		return fmt.Sprintf("broken mall: %s %+v", account, f)
	case cou:
		f := pick(w, []coupang.Faults{{Inside: true}, {Repeat: true}, {Forget: true}, {Late: true}})
		w.coupang.Break(f)
		return fmt.Sprintf("broken mall: %s %+v", account, f)
	default:
		f := pick(w, []elevenst.Faults{{Inside: true}, {Maintenance: true}, {Repeat: true}, {Vanish: true}})
		w.eleven.Break(f)
		return fmt.Sprintf("broken mall: %s %+v", account, f)
	}
}

// mends mends all malls.
func (w *world) mends() string {
	w.rakuten.Break(rakuten.Faults{})
	w.coupang.Break(coupang.Faults{})
	w.eleven.Break(elevenst.Faults{})
	w.wire.mend()
	return "mended"
}

// take lets a warehouse take what lies there and answer, but for a stop request that
// is lost on the way.
func (w *world) take() string {
	h := w.houses[pick(w, houses)]
	lost := ""
	if w.r.IntN(8) == 0 {
		for _, f := range h.list("stops") {
			w.check(os.Remove(filepath.Join(h.root, "stops", f)))
			lost = ", stop requests lost"
		}
	}
	w.takes(h)
	return "take: " + h.name + lost
}

func (w *world) takes(h *house) {
	w.Helper()
	_, err := h.Take()
	w.check(err)
	w.once(h)
}

// ship lets a warehouse ship what is due.
func (w *world) ship() string {
	h := w.houses[pick(w, houses)]
	w.ships(h)
	return "ship: " + h.name
}

func (w *world) ships(h *house) {
	w.Helper()
	_, err := h.Ship()
	w.check(err)
	for _, in := range h.Instructions() {
		if len(in.Tracking) == 0 || h.gone[in.Number] {
			continue
		}
		h.gone[in.Number] = true
		for _, l := range in.Lines {
			h.shelf[l.SKU] -= l.Quantity
			if s := w.model.by[l.Order]; s != nil {
				s.gone[l.SKU] += l.Quantity
			}
		}
	}
}

func (h *house) list(folder string) []string {
	h.w.Helper()
	entries, err := os.ReadDir(filepath.Join(h.root, folder))
	h.w.check(err)
	var out []string
	for _, e := range entries {
		if e.Type().IsRegular() && !strings.HasPrefix(e.Name(), ".") && !strings.HasSuffix(e.Name(), ".part") {
			out = append(out, e.Name())
		}
	}
	return out
}

// late keeps answers of a warehouse back, or lets such come: late, out of order, and
// sometimes twice.
func (w *world) late() string {
	h := w.houses[pick(w, houses)]
	if len(h.pocket) > 0 && w.r.IntN(2) == 0 {
		at := pick(w, slices.Sorted(maps.Keys(h.pocket)))
		h.give(at, w.r.IntN(3) == 0)
		return "late answer: " + h.name + " " + at
	}
	for _, folder := range []string{"results", "acks"} {
		for _, name := range h.list(folder) {
			if w.r.IntN(2) == 0 {
				data, err := os.ReadFile(filepath.Join(h.root, folder, name))
				w.check(err)
				h.pocket[folder+"/"+name] = data
				w.check(os.Remove(filepath.Join(h.root, folder, name)))
			}
		}
	}
	return "answers kept back: " + h.name
}

// give puts an answer where it belongs. One that is kept comes again.
func (h *house) give(at string, keep bool) {
	h.w.Helper()
	data := h.pocket[at]
	delete(h.pocket, at)
	h.w.check(os.WriteFile(filepath.Join(h.root, filepath.FromSlash(at)), data, 0o640))
	if keep {
		h.pocket[at+"-again.csv"] = data
	}
}

// counts is a warehouse that writes a stock file: new, or one that it wrote before,
// or one that it only sends later.
func (w *world) counts() string {
	h := w.houses[pick(w, houses)]
	if n := len(h.stocks); n > 0 && w.r.IntN(3) == 0 {
		f := h.stocks[w.r.IntN(n)]
		h.serial++
		h.put(fmt.Sprintf("%04d_%s", h.serial, f.name), f.text)
		return "old stock file: " + h.name + " " + f.name
	}
	f := h.count()
	if w.r.IntN(3) == 0 {
		return "stock file kept back: " + h.name + " " + f.name
	}
	h.put(f.name, f.text)
	return "stock file: " + h.name + " " + f.name
}

// count makes a stock file. The warehouse reckons with what it has taken.
func (h *house) count() stockFile {
	h.w.Helper()
	h.w.takes(h)
	allocated := map[string]int64{}
	for _, in := range h.Instructions() {
		if len(in.Tracking) > 0 || in.Stopped {
			continue
		}
		for _, l := range in.Lines {
			allocated[l.SKU] += l.Quantity
		}
	}
	var b bytes.Buffer
	b.WriteString("sku,on_hand,allocated,at\r\n")
	at := h.w.Now().In(time.FixedZone("", 9*3600)).Format("2006/01/02 15:04:05")
	for _, sku := range slices.Sorted(maps.Keys(h.shelf)) {
		fmt.Fprintf(&b, "%s,%d,%d,%s\r\n", sku, max(h.shelf[sku], 0), allocated[sku], at)
	}
	h.serial++
	f := stockFile{fmt.Sprintf("stock_%04d.csv", h.serial), b.Bytes()}
	if h.stocks = append(h.stocks, f); len(h.stocks) > 12 {
		h.stocks = h.stocks[1:]
	}
	return f
}

func (h *house) put(name string, text []byte) {
	h.w.Helper()
	h.w.check(os.WriteFile(filepath.Join(h.root, "stock", name), text, 0o640))
}

// receives is a warehouse that gets goods.
func (w *world) receives() string {
	h := w.houses[pick(w, houses)]
	for sku := range h.shelf {
		if h.shelf[sku] < 60 {
			h.shelf[sku] += 40
		}
	}
	return "goods: " + h.name
}

// drops is a person who downloads the mall's order sheet, or finds an old one.
func (w *world) drops() string {
	if len(w.sheets) > 0 && w.r.IntN(5) == 0 {
		x := pick(w, w.sheets)
		w.write("inbox/sheet/again_"+x.Name, string(x.Data))
		return "old order sheet: " + x.Name
	}
	return "order sheet: " + w.dropsNew()
}

func (w *world) dropsNew() string {
	w.Helper()
	var list []orders.Order
	for _, s := range w.model.sales {
		if s.account == sheet && (s.dirty || w.r.IntN(4) == 0) {
			list, s.dirty = append(list, s.o), false
		}
	}
	if len(list) == 0 {
		return "none"
	}
	x, err := orders.RakutenCSV(list, w.Now().In(rakuten.Tokyo))
	w.check(err)
	x.Name = fmt.Sprintf("dl_%04d_%s", len(w.sheets), x.Name)
	w.sheets = append(w.sheets, x)
	w.write("inbox/sheet/"+x.Name, string(x.Data))
	return x.Name
}

// uploads is a person who uploads the sheets that wait, and says so.
func (w *world) uploads() string {
	w.Helper()
	us, err := w.env.Ledger.Uploads(w.Context(), sheet, true, 100)
	w.check(err)
	n := 0
	for _, u := range us {
		if u.State != ledger.UploadBuilt {
			continue
		}
		data, err := os.ReadFile(filepath.Join(w.dir, u.Path))
		w.check(err)
		text, err := japanese.ShiftJIS.NewDecoder().String(string(data))
		w.check(err)
		rows := strings.Split(strings.ReplaceAll(text, `"`, ""), "\r\n")
		for _, r := range rows[1:] {
			number, _, ok := strings.Cut(r, ",")
			if s := w.model.by[number]; ok && s != nil {
				s.uploaded = append(s.uploaded, strings.Split(r, ",")...)
				if s.o.Status == "300" {
					s.o.Status, s.dirty = "500", true
				}
			}
		}
		w.check(w.env.Ledger.FinishUpload(w.Context(), ledger.Verdict{ID: u.ID, Note: "uploaded", Actor: "walker", Now: w.Now()}))
		n++
	}
	return fmt.Sprintf("upload: %d", n)
}

// person is somebody who looks at what waits: files and quantities to approve,
// parcels that the mall refused, orders of which a parcel was stopped or refused.
func (w *world) person() string {
	switch w.r.IntN(4) {
	case 0:
		return fmt.Sprintf("approve files: %d", w.approves())
	case 1:
		return fmt.Sprintf("approve stock: %d", w.approvesStock())
	case 2:
		return fmt.Sprintf("report again: %d", w.retries())
	default:
		return fmt.Sprintf("release: %d", w.releases(3))
	}
}

func (w *world) approves() (n int) {
	w.Helper()
	for _, name := range houses {
		id, err := w.env.Ledger.Warehouse(w.Context(), name)
		w.check(err)
		open, err := w.env.Ledger.OpenBatches(w.Context(), id)
		w.check(err)
		for _, b := range open {
			if b.State == ledger.BatchBuilt {
				w.check(w.env.Ledger.Approve(w.Context(), b.ID, b.SHA256, "looked at", "walker", w.Now()))
				n++
			}
		}
	}
	return n
}

func (w *world) approvesStock() (sum int64) {
	w.Helper()
	for _, a := range accounts[:3] {
		id, _, err := w.env.Ledger.Account(w.Context(), a, w.Now())
		w.check(err)
		n, err := w.env.Ledger.ApproveStock(w.Context(), id, a, "looked at", "walker", w.Now())
		if err != nil && order.CodeOf(err) != order.NotFound {
			w.check(err)
		}
		sum += n
	}
	return sum
}

func (w *world) retries() (n int) {
	w.Helper()
	for _, a := range accounts[:3] {
		rs, err := w.env.Ledger.Reports(w.Context(), ledger.ReportList{Account: a, Open: true, Limit: 1000})
		w.check(err)
		for _, r := range rs {
			if r.State == ledger.ReportRejected || r.Late {
				if err := w.env.Ledger.RetryReport(w.Context(), ledger.Verdict{ID: r.ID, Note: "once more", Actor: "walker", Now: w.Now()}); err == nil {
					n++
				}
			}
		}
	}
	return n
}

// releases lets orders go again whose parcel was stopped or refused, one in so many.
func (w *world) releases(one int) (n int) {
	w.Helper()
	hs, err := w.env.Ledger.Holds(w.Context(), "", 1000)
	w.check(err)
	for _, h := range hs {
		if (h.Reason == order.HoldWarehouseRefuse || h.Reason == order.HoldChanged) && w.r.IntN(one) == 0 {
			if s := w.model.by[h.Number]; s == nil || s.cancelled || !w.wanted(s) {
				continue // nobody does that
			}
			w.check(w.env.Ledger.Release(w.Context(), h.OrderID, []order.Reason{h.Reason}, "spoke to them", "walker", w.Now()))
			n++
		}
	}
	return n
}

// wanted reports whether the ledger has an order as one that its mall wants shipped.
func (w *world) wanted(s *sale) bool {
	w.Helper()
	row := w.row(s)
	a, _ := w.env.Workspace.Account(s.account)
	return row != nil && a.Status.Resolve(row.Order.Status, row.Order.SubStatus).Class == status.Instructed
}

// work runs a stage, or a few in the order of an order, which sometimes end in the
// middle.
func (w *world) work() string {
	if w.r.IntN(3) > 0 {
		return w.workOne(pick(w, []string{"extract", "plan", "instruct", "collect", "report", "report", "stock", "stock", "watch", "reconcile", "purge"}), pick(w, accounts))
	}
	account := pick(w, accounts)
	var said []string
	for _, name := range []string{"extract", "plan", "instruct", "collect", "report"} {
		if w.r.IntN(4) > 0 {
			said = append(said, w.workOne(name, account))
		}
	}
	return "work: " + strings.Join(said, "; ")
}

func (w *world) workOne(name, account string) string {
	st, _ := pipeline.Lookup(name)
	target := "all"
	switch st.On {
	case pipeline.Accounts:
		target = account
	case pipeline.Warehouses:
		target = houseOf[account]
	}
	n := 0
	if w.r.IntN(3) == 0 {
		for n = 1; n < 12 && w.r.IntN(3) > 0; n++ {
		}
	}
	return w.works(name, target, n)
}

// works runs a stage; n above 0 lets it end at the n-th place.
func (w *world) works(name, target string, n int) string {
	w.Helper()
	var before []int64
	if name == "stock" && target != sheet {
		_, before = w.snapshot(target)
	}
	w.model.figure.stages++
	var res pipeline.Result
	crashed := ""
	if n > 0 {
		res, crashed = w.crashing(name, target, n)
	} else {
		res = w.stage(name, target)
	}
	w.learn()
	if before != nil {
		w.never(target, before)
	}
	said := fmt.Sprintf("%s: %s %s", name, target, res.Report.String())
	switch {
	case crashed != "":
		w.model.figure.crashes++
		w.done["crash at "+place(crashed)]++
		said = fmt.Sprintf("%s: %s crash at %s", name, target, crashed)
		w.balance()
	case res.Err != nil:
		said = fmt.Sprintf("%s: %s %v", name, target, res.Err)
		if !w.excused(target) {
			w.oops("%s %s: %v", name, target, res.Err)
		}
	}
	if w.r.IntN(20) == 0 {
		w.balance()
	}
	return said
}

// place is where a crash was, without the number of a call.
func place(crashed string) string {
	at, _, ok := strings.Cut(crashed, " call ")
	if ok {
		return "a call of " + at
	}
	return at
}

// excused reports whether a stage may fail: a mall is broken, or was so until the
// last rest.
func (w *world) excused(target string) bool { return target != sheet && len(w.sick) > 0 }

// rest mends everything, lets all come to its end, and compares.
func (w *world) rest() {
	w.Helper()
	w.model.figure.rests++
	w.mends()
	clear(w.sick)
	w.Move(2 * time.Hour)
	all := func(names ...string) {
		w.Helper()
		for _, name := range names {
			st, _ := pipeline.Lookup(name)
			for _, target := range st.Targets(w.env.Workspace) {
				w.works(name, target, 0)
				if name == "instruct" {
					w.approves()
				}
			}
		}
	}
	for range 3 {
		for _, name := range houses {
			h := w.houses[name]
			for _, at := range slices.Sorted(maps.Keys(h.pocket)) {
				h.give(at, false)
			}
		}
		w.dropsNew()
		all("extract", "collect", "plan")
		w.releases(1)
		all("plan", "instruct", "instruct")
		for _, name := range houses {
			w.takes(w.houses[name])
		}
		all("collect", "plan")
		w.Move(11 * time.Minute)
	}
	for range 3 {
		for _, name := range houses {
			w.ships(w.houses[name])
		}
		all("collect", "plan", "instruct")
		for _, name := range houses {
			w.takes(w.houses[name])
		}
	}
	all("collect", "plan")
	// As long as a mall may take before a person is told.
	for i := range 30 {
		all("report")
		w.uploads()
		w.dropsNew()
		all("extract", "plan")
		w.Move(20 * time.Minute)
		if i == 1 || i == 3 {
			w.retries()
		}
		if i > 3 && !w.telling() {
			break
		}
	}
	for _, name := range houses {
		f := w.houses[name].count()
		w.houses[name].put(f.name, f.text)
	}
	all("collect", "stock")
	w.approvesStock()
	all("stock", "watch", "reconcile", "purge", "plan", "watch")
	w.balance()
	w.settled()
	for _, s := range w.model.sales {
		s.lag = false
	}
}

// telling reports whether malls are still to be told of something.
func (w *world) telling() bool {
	w.Helper()
	for _, a := range accounts {
		rs, err := w.env.Ledger.Reports(w.Context(), ledger.ReportList{Account: a, Open: true, Limit: 1000})
		w.check(err)
		if slices.ContainsFunc(rs, func(r ledger.Report) bool {
			return !r.Late && !slices.Contains([]string{ledger.ReportHeld, ledger.ReportRejected, ledger.ReportRevoked}, r.State)
		}) {
			return true
		}
	}
	return false
}
