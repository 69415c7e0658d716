package demo

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline"
	"github.com/mallbridge/mallbridge/pipeline/catalog"
	"github.com/mallbridge/mallbridge/simulator/orders"
)

// day plays one working day, from the first download to the proof.
func (w *world) day(ctx context.Context) error {
	w.tellBegin()
	for _, part := range []struct {
		at   time.Duration // of the day
		what func(context.Context) error
	}{
		{clockAt(8, 30), w.sheetsArrive},
		{clockAt(8, 32), w.ordersArrive},
		{clockAt(8, 35), w.firstPlan},
		{clockAt(8, 38), w.lastMinute},
		{clockAt(8, 40), w.firstDrop},
		{clockAt(9, 10), w.repairs},
		{clockAt(9, 20), w.sameSheetAgain},
		{clockAt(10, 30), w.laterDownload},
		{clockAt(12, 0), w.shipping},
		{clockAt(12, 30), w.tell},
		{clockAt(16, 30), w.secondShipping},
		{clockAt(17, 0), w.tellAgain},
		{clockAt(17, 25), w.sell},
		{clockAt(17, 30), w.proof},
	} {
		if err := ctx.Err(); err != nil {
			return err
		}
		// What was slept through may have brought the clock further.
		if at := w.start.Add(part.at); at.After(w.clock.now()) {
			w.clock.set(at)
		}
		if err := part.what(ctx); err != nil {
			return err
		}
	}
	return nil
}

func clockAt(hour, minute int) time.Duration {
	return time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute
}

func (w *world) hour() string { return w.clock.now().In(japan).Format("15:04") }

// stages runs stages on all their targets and returns what they report.
func (w *world) stages(ctx context.Context, names ...string) ([]pipeline.Result, error) {
	return w.stagesOn(ctx, "", names...)
}

// stagesOn is stages for one account and all warehouses.
func (w *world) stagesOn(ctx context.Context, account string, names ...string) ([]pipeline.Result, error) {
	var all []pipeline.Result
	var todo [][2]string
	for _, n := range names {
		s, ok := pipeline.Lookup(n)
		if !ok {
			return nil, fmt.Errorf("no stage %s", n)
		}
		for _, target := range s.Targets(w.env.Workspace) {
			if account == "" || s.On != pipeline.Accounts || target == account {
				todo = append(todo, [2]string{n, target})
			}
		}
	}
	for i, x := range todo {
		w.paper.progress(i, len(todo), x[0]+" "+x[1])
		s, _ := pipeline.Lookup(x[0])
		r := pipeline.Run(ctx, w.env, s, x[1])
		if r.Err != nil {
			return all, fmt.Errorf("%s %s: %w", x[0], x[1], r.Err)
		}
		all = append(all, r)
	}
	w.paper.clear()
	return all, nil
}

func (w *world) sheetsArrive(context.Context) error {
	w.paper.head(w.hour(), wordSheets)
	w.placed = w.stream.Day(w.clock.now().In(japan), w.o.Orders)
	for _, a := range accounts {
		if a.api {
			continue
		}
		os := w.placed[a.mall]
		s, err := w.sheet(a.mall, os)
		if err != nil {
			return err
		}
		if err := w.drop(a.name, s); err != nil {
			return err
		}
		w.paper.row(cell{a.name, nameWidth}, cell{fmt.Sprintf(w.paper.say(wordOrders), len(os)), -12}, cell{s.Name, 54}, cell{w.paper.dim(sheetKind[a.mall]), 0})
	}
	return nil
}

var sheetKind = map[string]string{
	orders.Rakuten: "CSV, Shift_JIS, 158 columns", orders.SmartStore: "xlsx, password, 72 columns", orders.Coupang: "xlsx, 40 columns", orders.Plain: "CSV, UTF-8",
}

func (w *world) firstPlan(ctx context.Context) error {
	if _, err := w.stages(ctx, "extract", "plan"); err != nil {
		return err
	}
	w.paper.head(w.hour(), wordPlan)
	if err := w.table(ctx); err != nil {
		return err
	}
	return w.tellHolds(ctx)
}

// table shows what became of each account's orders.
func (w *world) table(ctx context.Context) error {
	p := w.paper
	p.row(cell{"", nameWidth}, cell{p.say(wordColReady), -12}, cell{p.say(wordColHeld), -8}, cell{p.say(wordColOutside), -8}, cell{p.say(wordColRefused), -8})
	for _, a := range accounts {
		t, err := w.env.Ledger.Tally(ctx, a.name)
		if err != nil {
			return err
		}
		var held, outside int64
		for _, n := range t.Held {
			held += n
		}
		for _, n := range t.Outside {
			outside += n
		}
		p.row(cell{a.name, nameWidth}, cell{number(t.Planned), -12}, cell{number(held), -8}, cell{number(outside), -8}, cell{number(t.Refused), -8})
	}
	return nil
}

func number(n int64) string { return fmt.Sprint(n) }

// tellHolds lists the reasons, the frequent ones first.
func (w *world) tellHolds(ctx context.Context) error {
	t, err := w.env.Ledger.Tally(ctx, "")
	if err != nil || len(t.Held) == 0 {
		return err
	}
	w.paper.line("")
	w.paper.line("       %s", w.paper.say(wordBecause))
	for _, r := range frequent(t.Held) {
		w.paper.row(cell{number(t.Held[r]), -5}, cell{string(r), 20}, cell{r.Text(w.o.Lang), 0})
	}
	return nil
}

func frequent(m map[order.Reason]int64) []order.Reason {
	return slices.SortedFunc(maps.Keys(m), func(a, b order.Reason) int { return cmp.Or(cmp.Compare(m[b], m[a]), cmp.Compare(a, b)) })
}

func (w *world) firstDrop(ctx context.Context) error {
	w.paper.head(w.hour(), wordDrop)
	if err := w.instruct(ctx); err != nil {
		return err
	}
	return w.warehousesTake(ctx)
}

// instruct drops what is ready and tells of each new file.
func (w *world) instruct(ctx context.Context) error {
	before, err := w.env.Ledger.Batches(ctx, "", 1)
	if err != nil {
		return err
	}
	last := int64(0)
	if len(before) > 0 {
		last = before[0].ID
	}
	if _, err := w.stages(ctx, "instruct"); err != nil {
		return err
	}
	after, err := w.env.Ledger.Batches(ctx, "", 1_000_000)
	if err != nil {
		return err
	}
	slices.Reverse(after)
	for i := range after {
		if b := &after[i]; b.ID > last {
			w.tellBatch(b)
		}
	}
	return nil
}

func (w *world) tellBatch(b *ledger.Batch) {
	p := w.paper
	p.row(cell{b.Warehouse, nameWidth}, cell{fmt.Sprintf(p.say(wordParcels), b.Instructions), -12}, cell{b.Name, 32}, cell{b.State, 10}, cell{p.dim("SHA-256 " + b.SHA256[:min(12, len(b.SHA256))]), 0})
}

// warehousesTake lets the warehouses look into their folders and answer, and
// fetches the answers.
func (w *world) warehousesTake(ctx context.Context) error {
	for _, s := range w.sites {
		t, err := s.w.Take()
		if err != nil {
			return err
		}
		if len(t.Files) > 0 {
			w.paper.row(cell{s.name, nameWidth}, cell{fmt.Sprintf(w.paper.say(wordTook), strings.Join(t.Files, ", "), t.Accepted, t.Refused), 0})
		}
		if t.Stops > 0 {
			w.paper.row(cell{s.name, nameWidth}, cell{fmt.Sprintf(w.paper.say(wordStopped), t.Stops), 0})
		}
	}
	_, err := w.stages(ctx, "collect")
	return err
}

func (w *world) repairs(ctx context.Context) error {
	p := w.paper
	p.head(w.hour(), wordRepairs)
	w.linked, w.agreed = true, true
	if err := w.writeWorkspace(); err != nil {
		return err
	}
	if err := w.load(ctx); err != nil {
		return err
	}
	p.line("       · %s", fmt.Sprintf(p.say(wordLinked), len(orders.NewListings())))
	for _, pair := range orders.Replacements {
		p.line("       · %s", fmt.Sprintf(p.say(wordAgreed), pair[0], pair[1]))
	}
	mended, err := w.mendRows()
	if err != nil {
		return err
	}
	if mended != "" {
		p.line("       · %s", fmt.Sprintf(p.say(wordMended), mended))
	}
	was, err := w.env.Ledger.Tally(ctx, "")
	if err != nil {
		return err
	}
	if _, err := w.stages(ctx, "extract", "plan"); err != nil {
		return err
	}
	is, err := w.env.Ledger.Tally(ctx, "")
	if err != nil {
		return err
	}
	p.line("       %s", p.say(wordEnded))
	for _, r := range frequent(was.Held) {
		if n := was.Held[r] - is.Held[r]; n > 0 {
			p.row(cell{"−" + number(n), -5}, cell{string(r), 20}, cell{r.Text(w.o.Lang), 0})
		}
	}
	if err := w.instruct(ctx); err != nil {
		return err
	}
	return w.warehousesTake(ctx)
}

// mendRows corrects the quantity in the file of refused rows of the Rakuten
// account and drops that file again. The other rows in it stay refused.
func (w *world) mendRows() (string, error) {
	dir := w.env.Workspace.Path(w.env.Workspace.Settings.Rejected, "rakuten-1")
	found, err := filepath.Glob(filepath.Join(dir, "*.refused-*.csv"))
	if err != nil || len(found) == 0 {
		return "", err
	}
	data, err := os.ReadFile(found[0])
	if err != nil {
		return "", err
	}
	mended, n := mendQuantity(data)
	if n == 0 {
		return "", nil
	}
	name := filepath.Base(found[0])
	if err := w.drop("rakuten-1", orders.Sheet{Name: name, Data: mended}); err != nil {
		return "", err
	}
	return name, nil
}

// sameSheetAgain drops the sheets a second time: the very bytes, and a second
// download of the same orders.
func (w *world) sameSheetAgain(ctx context.Context) error {
	p := w.paper
	p.head(w.hour(), wordAgain)
	before, err := w.env.Ledger.Tally(ctx, "")
	if err != nil {
		return err
	}
	if err := w.dropAgain(); err != nil {
		return err
	}
	results, err := w.stages(ctx, "extract", "plan", "instruct")
	if err != nil {
		return err
	}
	for _, r := range results {
		c := r.Report.Counts
		if c["repeated files"] > 0 {
			p.row(cell{r.Target, nameWidth}, cell{p.say(wordRepeated), 0})
		}
		if c["known orders"] > 0 && c["files"] > 0 {
			p.row(cell{r.Target, nameWidth}, cell{fmt.Sprintf(p.say(wordKnown), c["known orders"], c["changed orders"]), 0})
		}
	}
	after, err := w.env.Ledger.Tally(ctx, "")
	if err != nil {
		return err
	}
	if before.Orders != after.Orders || before.Planned != after.Planned || before.Instructed != after.Instructed {
		return fmt.Errorf("the same sheets changed something: %d orders, %d planned, %d instructed became %d, %d, %d",
			before.Orders, before.Planned, before.Instructed, after.Orders, after.Planned, after.Instructed)
	}
	p.line("       %s", p.good(p.say(wordUnchanged)))
	return nil
}

func (w *world) dropAgain() error {
	done := w.env.Workspace.Path(w.env.Workspace.Settings.Done, "rakuten-1")
	entries, err := os.ReadDir(done)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if _, name, ok := strings.Cut(e.Name(), "_dl_"); ok {
			data, err := os.ReadFile(filepath.Join(done, e.Name()))
			if err != nil {
				return err
			}
			if err := w.drop("rakuten-1", orders.Sheet{Name: "dl_" + name, Data: data}); err != nil {
				return err
			}
			break
		}
	}
	// Its salts are new, so its bytes are.
	s, err := w.sheet(orders.SmartStore, w.placed[orders.SmartStore])
	if err != nil {
		return err
	}
	return w.drop("smartstore-1", s)
}

// laterDownload is a second look at Rakuten: orders that were not confirmed are
// now, and a buyer has cancelled what the warehouse has already.
func (w *world) laterDownload(ctx context.Context) error {
	p := w.paper
	p.head(w.hour(), wordLater)
	confirmed, cancelled := w.changeStatuses()
	byAPI, err := w.cancelByAPI()
	if err != nil {
		return err
	}
	s, err := w.sheet(orders.Rakuten, w.placed[orders.Rakuten])
	if err != nil {
		return err
	}
	if err := w.drop("rakuten-1", s); err != nil {
		return err
	}
	if _, err := w.stages(ctx, "extract", "plan"); err != nil {
		return err
	}
	p.line("       %s", fmt.Sprintf(p.say(wordConfirmed), confirmed))
	if cancelled != "" {
		p.line("       %s", fmt.Sprintf(p.say(wordCancelled), cancelled, order.HoldCancelled.Text(w.o.Lang)))
	}
	for _, line := range byAPI {
		p.line("       %s", line)
	}
	if err := w.instruct(ctx); err != nil {
		return err
	}
	if err := w.warehousesTake(ctx); err != nil {
		return err
	}
	// The answer to the stop request lets the order rest.
	_, err = w.stages(ctx, "plan")
	return err
}

// changeStatuses moves orders on at the mall.
func (w *world) changeStatuses() (confirmed int, cancelled string) {
	all := w.placed[orders.Rakuten]
	for i := range all {
		o := &all[i]
		switch {
		case o.Kind == "not confirmed" && confirmed < 3:
			o.Status, o.Fate = "300", orders.Fate{State: orders.Instructed}
			confirmed++
		case o.Kind == "ordinary" && cancelled == "":
			o.Status, cancelled = "900", o.Number
			o.Fate = orders.Fate{State: orders.Outside, Reason: string(order.OutCancelled)}
		case o.Kind == "quantity 0":
			// The buyer's quantity was mended by hand; the shop has corrected it too.
			o.Parcels[0].Lines[0].Quantity = 1
		}
	}
	return confirmed, cancelled
}

func (w *world) shipping(ctx context.Context) error {
	w.paper.head(w.hour(), wordShipping)
	return w.ship(ctx)
}

func (w *world) secondShipping(ctx context.Context) error {
	w.paper.head(w.hour(), wordSecondShipping)
	return w.ship(ctx)
}

func (w *world) ship(ctx context.Context) error {
	p := w.paper
	for _, s := range w.sites {
		shipped, err := s.w.Ship()
		if err == nil {
			err = s.w.Count()
		}
		if err != nil {
			return err
		}
		p.row(cell{s.name, nameWidth}, cell{fmt.Sprintf(p.say(wordParcels), shipped.Parcels), -12}, cell{strings.Join(shipped.Files, ", "), 0})
		for _, x := range []struct {
			n    int
			text text
		}{{shipped.Late, wordLate}, {shipped.Short, wordShort}} {
			if x.n > 0 {
				p.row(cell{"", nameWidth}, cell{fmt.Sprintf(p.say(x.text), x.n), 0})
			}
		}
	}
	results, err := w.stages(ctx, "collect")
	if err != nil {
		return err
	}
	for _, r := range results {
		c := r.Report.Counts
		p.row(cell{r.Target, nameWidth}, cell{fmt.Sprintf(p.say(wordCollected), c["results"], c["stock"], c["repeated files"]), 0})
	}
	return nil
}

// tell tells the malls of the parcels.
func (w *world) tell(ctx context.Context) error {
	w.paper.head(w.hour(), wordTell)
	if _, err := w.stages(ctx, "report"); err != nil {
		return err
	}
	return w.told(ctx)
}

// tellAgain tells of the rest, lets a person upload the sheets of malls that are not
// told by API, looks whether the malls show the numbers, and compares the books of
// malls, ledger and warehouses.
func (w *world) tellAgain(ctx context.Context) error {
	p := w.paper
	p.head(w.hour(), wordTellAgain)
	if _, err := w.stages(ctx, "report"); err != nil {
		return err
	}
	// What malls show is looked at after a while.
	w.clock.set(w.clock.now().Add(20 * time.Minute))
	sheets, err := w.env.Ledger.Uploads(ctx, "", true, 1000)
	if err != nil {
		return err
	}
	for _, u := range sheets {
		if err := w.env.Ledger.FinishUpload(ctx, ledger.Verdict{ID: u.ID, Note: "uploaded in the back office", Actor: "demo", Now: w.clock.now()}); err != nil {
			return err
		}
	}
	if _, err := w.stages(ctx, "report", "watch", "reconcile"); err != nil {
		return err
	}
	if err := w.told(ctx); err != nil {
		return err
	}
	n, err := w.differing(ctx)
	if err != nil {
		return err
	}
	p.line("       %s", fmt.Sprintf(p.say(wordReconciled), n))
	return nil
}

// sell reads what the shops list and tells the malls how many pieces may be sold.
func (w *world) sell(ctx context.Context) error {
	p := w.paper
	p.head(w.hour(), wordSell)
	read := map[string]int64{}
	for _, a := range accounts {
		if !a.api {
			continue
		}
		rep, err := catalog.Read(ctx, w.env, a.name, catalog.Options{All: true})
		if err != nil {
			return err
		}
		read[a.name] = rep.Counts["products read"]
	}
	if _, err := w.stages(ctx, "stock"); err != nil {
		return err
	}
	for _, a := range accounts {
		if !a.api {
			continue
		}
		told, err := w.pushed(ctx, a.name)
		if err != nil {
			return err
		}
		p.row(cell{a.name, nameWidth}, cell{fmt.Sprintf(p.say(wordSold), read[a.name], told), 0})
	}
	return nil
}

// pushed counts the listings of which a mall was told how many may be sold.
func (w *world) pushed(ctx context.Context, account string) (n int64, err error) {
	id, _, err := w.env.Ledger.Account(ctx, account, w.clock.now())
	if err != nil {
		return 0, err
	}
	told, err := w.env.Ledger.StockTold(ctx, id)
	for _, t := range told {
		if t.State == ledger.ToldDone {
			n++
		}
	}
	return n, err
}

// told shows how far the reports of each account are.
func (w *world) told(ctx context.Context) error {
	counts, err := w.env.Ledger.ReportCounts(ctx)
	if err != nil {
		return err
	}
	p := w.paper
	p.row(cell{"", nameWidth}, cell{p.say(wordColReports), -12}, cell{p.say(wordColTold), -10}, cell{p.say(wordColShown), -10}, cell{p.say(wordColSheet), -10})
	for _, a := range accounts {
		var all, told, shown, sheet int64
		for _, c := range counts {
			if c.Account != a.name || c.State == ledger.ReportExtra || c.State == ledger.ReportDropped {
				continue
			}
			all += c.Reports
			switch c.State {
			case ledger.ReportAccepted, ledger.ReportUploaded:
				told += c.Reports
			case ledger.ReportSeen:
				told += c.Reports
				shown += c.Reports
			case ledger.ReportUpload:
				sheet += c.Reports
			}
		}
		p.row(cell{a.name, nameWidth}, cell{number(all), -12}, cell{number(told), -10}, cell{number(shown), -10}, cell{number(sheet), -10})
	}
	return nil
}

// differing counts what malls, ledger and warehouses disagree about.
func (w *world) differing(ctx context.Context) (n int64, err error) {
	open, err := w.env.Ledger.Alerts(ctx, ledger.AlertList{})
	for _, a := range open {
		if a.Kind.Info().Class == order.Difference {
			n++
		}
	}
	return n, err
}

func (w *world) proof(ctx context.Context) error {
	// What the malls show as shipped by now is judged too.
	if _, err := w.stages(ctx, "plan"); err != nil {
		return err
	}
	w.paper.head(w.hour(), wordProof)
	s, err := w.count(ctx)
	if err != nil {
		return err
	}
	p := w.paper
	for _, x := range []struct {
		text text
		n    int64
	}{{wordLinesClaimed, s.LinesClaimed}, {wordLinesInFiles, s.LinesInFiles}, {wordLinesAccepted, s.LinesAccepted}, {wordLinesRefused, s.LinesRefused}} {
		p.row(cell{p.say(x.text), 34}, cell{number(x.n), -8})
	}
	twice := 0
	for _, site := range w.sites {
		for _, n := range site.w.Received() {
			if n != 1 {
				twice++
			}
		}
	}
	if twice > 0 {
		return errors.Join(fmt.Errorf("%d lines reached a warehouse more than once", twice))
	}
	if s.Balanced {
		p.line("       %s", p.good(p.say(wordBalanced)))
	}
	for _, d := range s.Differences {
		p.line("       ! %s", d)
	}
	return nil
}

// mendQuantity sets the quantity of rows that say 0 to 1, byte by byte: the file
// is in the mall's charset and stays so. A quoted 個数 is the field after 単価.
func mendQuantity(data []byte) ([]byte, int) {
	const zero, one = `"0"`, `"1"`
	lines := bytes.SplitAfter(data, []byte("\r\n"))
	n := 0
	for i, line := range lines {
		fields := splitQuoted(line)
		if i == 0 || len(fields) <= quantityColumn || (string(fields[quantityColumn]) != zero && string(fields[quantityColumn]) != "0") {
			continue
		}
		fields[quantityColumn] = []byte(one)
		lines[i] = bytes.Join(fields, []byte{','})
		n++
	}
	return bytes.Join(lines, nil), n
}

// quantityColumn is the position of 個数 in Rakuten's sheet, from 0.
const quantityColumn = 76

// splitQuoted cuts a line of a CSV file at the commas outside quotes. No byte of
// Shift_JIS beyond the first of a letter is a quote or a comma.
func splitQuoted(line []byte) [][]byte {
	var out [][]byte
	start, quoted := 0, false
	for i, c := range line {
		switch {
		case c == '"':
			quoted = !quoted
		case c == ',' && !quoted:
			out = append(out, line[start:i])
			start = i + 1
		}
	}
	return append(out, line[start:])
}
