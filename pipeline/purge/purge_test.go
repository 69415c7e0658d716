package purge_test

import (
	"bytes"
	"database/sql"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/internal/demo"
	"github.com/mallbridge/mallbridge/internal/fault"
	"github.com/mallbridge/mallbridge/internal/proof"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline"
	"github.com/mallbridge/mallbridge/pipeline/purge"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

// A shop is a workspace in which the demo has played its day, at a later moment.
type shop struct {
	t   *testing.T
	dir string
	env *stage.Env
	at  time.Time
}

func played(t *testing.T) *shop {
	t.Helper()
	s := &shop{t: t, dir: filepath.Join(t.TempDir(), "shop")}
	start := time.Now()
	if _, err := demo.Run(t.Context(), demo.Options{Dir: s.dir, Once: true, Seed: 7, Orders: 200, Lang: "en", Now: time.Now, Out: io.Discard}); err != nil {
		t.Fatal(err)
	}
	s.at = start.Add(time.Minute)
	s.open()
	return s
}

func (s *shop) open() {
	s.t.Helper()
	ws, findings, err := configs.Load(s.dir, func(string) string { return "" })
	if err != nil || findings.Errors() > 0 {
		s.t.Fatal(err, findings)
	}
	l, err := ledger.Open(s.t.Context(), ws.Path(ws.Settings.Ledger))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { l.Close() })
	s.env = &stage.Env{Workspace: ws, Ledger: l, Now: func() time.Time { return s.at }, Sleep: stage.Sleep, Log: slog.New(slog.DiscardHandler), Owner: pipeline.Owner("test")}
}

func (s *shop) purge(o purge.Options) purge.Result {
	s.t.Helper()
	res, err := purge.Now(s.t.Context(), s.env, o)
	if err != nil {
		s.t.Fatal(err)
	}
	if len(res.Notes) > 0 {
		s.t.Errorf("notes: %q", res.Notes)
	}
	return res
}

func (s *shop) rows() []ledger.Row {
	s.t.Helper()
	rows, err := s.env.Ledger.Orders(s.t.Context(), ledger.OrderList{Limit: 1 << 20})
	if err != nil {
		s.t.Fatal(err)
	}
	return rows
}

// personal lists what an order says of people. Words that are no person's, as the
// shop's own name, are left to the caller.
func personal(o *order.Order) []string {
	out := []string{o.Note, o.Memo}
	party := func(p *order.Party) {
		out = append(out, p.Name, p.Kana, p.Phone, p.Phone2, p.Email, p.Street, p.Building)
	}
	party(&o.Buyer)
	for i := range o.Packages {
		party(&o.Packages[i].To)
		out = append(out, o.Packages[i].Note, o.Packages[i].CustomsID)
	}
	return slices.DeleteFunc(out, func(s string) bool { return utf8.RuneCountInString(s) < 4 })
}

func wordsOf(rows []ledger.Row, which func(*ledger.Row) bool) map[string]string {
	out := map[string]string{}
	for i := range rows {
		if which(&rows[i]) {
			for _, w := range personal(rows[i].Order) {
				out[w] = rows[i].Order.Number
			}
		}
	}
	return out
}

// found says in which files of the workspace a word stands, in any charset that
// the demo writes. What the simulated warehouses and malls keep is theirs.
func (s *shop) found(words map[string]string) map[string]string {
	s.t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(s.dir, path)
		if d.IsDir() {
			if slices.Contains([]string{"simulated", "accounts", "warehouses", "masters", "formats", "tests"}, rel) {
				return fs.SkipDir
			}
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for w := range words {
			if bytes.Contains(data, []byte(w)) {
				out[w] = rel
			}
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

// partOf reports whether a word stands in one of others.
func partOf(w string, others map[string]string) bool {
	for o := range others {
		if strings.Contains(o, w) {
			return true
		}
	}
	return false
}

func (s *shop) files() (out []string) {
	s.t.Helper()
	for _, f := range []string{"archive", "done", "rejected", "outbox", "uploads"} {
		filepath.WalkDir(filepath.Join(s.dir, f), func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() {
				out = append(out, path)
			}
			return nil
		})
	}
	return out
}

func (s *shop) prove(what string) proof.Proof {
	s.t.Helper()
	p, err := proof.Span(s.t.Context(), s.env, time.Unix(0, 0), s.at.Add(time.Hour))
	if err != nil {
		s.t.Fatal(err)
	}
	if !p.Balanced {
		s.t.Errorf("%s: it does not balance: %q", what, p.Differences)
	}
	return p
}

func TestNothingPersonalIsLeft(t *testing.T) {
	s := played(t)
	rows := s.rows()
	all := wordsOf(rows, func(*ledger.Row) bool { return true })
	if len(all) < 300 {
		t.Fatalf("only %d words to look for", len(all))
	}
	if n := len(s.found(all)); n < len(all)*9/10 {
		t.Fatalf("only %d of %d words are found before anything is purged", n, len(all))
	}
	before := s.prove("before")
	s.reported()

	// Too early: nothing; Amazon allows 30 days, the other shops keep 90.
	s.at = s.at.Add(25 * 24 * time.Hour)
	if res := s.purge(purge.Options{}); res.Orders+res.Files != 0 {
		t.Errorf("after 25 days %d orders and %d files went", res.Orders, res.Files)
	}
	s.at = s.at.Add(55 * 24 * time.Hour)
	for _, a := range s.purge(purge.Options{DryRun: true}).Accounts {
		if want := a.Name == "amazon-1"; (a.Orders > 0) != want {
			t.Errorf("after 80 days %d orders of %s would go", a.Orders, a.Name)
		}
	}

	// In time: what has its end. Looking changes nothing.
	s.at = s.at.Add(15 * 24 * time.Hour)
	dry := s.purge(purge.Options{DryRun: true})
	if n := len(s.found(all)); n < len(all)*9/10 {
		t.Errorf("a dry run left only %d words", n)
	}
	res := s.purge(purge.Options{})
	if dry.Orders != res.Orders || dry.Files != res.Files || dry.Bytes != res.Bytes || dry.StillOpen != res.StillOpen || res.Orders == 0 || res.StillOpen == 0 {
		t.Errorf("announced %+v, done %+v", dry.Purge, res.Purge)
	}
	stock, err := s.env.Ledger.Files(t.Context(), ledger.FileStock, "", 100)
	if err != nil {
		t.Fatal(err)
	}
	if left := s.files(); len(left) == 0 || len(left) > len(stock) {
		t.Errorf("%d files are left, %d tell of stock: %q", len(left), len(stock), left)
	}
	after := s.rows()
	open := wordsOf(after, func(r *ledger.Row) bool { return r.PurgedAt.IsZero() })
	gone := map[string]string{}
	for w, number := range all {
		if !partOf(w, open) {
			gone[w] = number
		}
	}
	for w, where := range s.found(gone) {
		t.Errorf("%q of order %s is still in %s", w, gone[w], where)
	}
	var purged int64
	for i := range after {
		r := &after[i]
		was := &rows[slices.IndexFunc(rows, func(x ledger.Row) bool { return x.ID == r.ID })]
		isOpen := r.State == ledger.Held || r.State == ledger.Outside && r.Reason == order.OutUnshipped
		if isOpen && (!r.PurgedAt.IsZero() || r.Order.Buyer != was.Order.Buyer) {
			t.Errorf("order %s is open (%s) and was purged", r.Order.Number, r.Reason)
		}
		if !r.PurgedAt.IsZero() {
			purged++
			if !bytes.Equal(r.Hash, was.Hash) || r.Order.Number == "" || r.Order.Lines() != was.Order.Lines() || r.Recipient != 0 {
				t.Errorf("order %s lost more than what is personal", r.Order.Number)
			}
		}
	}
	if purged != res.Orders {
		t.Errorf("%d orders are purged, %d were told", purged, res.Orders)
	}
	p := s.prove("after")
	if p.Claimed != before.Claimed || p.InFiles != before.InFiles || p.Accepted != before.Accepted || p.Rows.Read != before.Rows.Read || p.Rows.Purged != p.Rows.Files {
		t.Errorf("the sums changed: %+v, before %+v", p, before)
	}
	if !slices.ContainsFunc(p.Batches, func(b proof.Batch) bool { return !b.Purged.IsZero() }) {
		t.Error("no batch says that it was purged")
	}

	// Once everything has its end, nothing is left of anybody.
	s.endAll()
	s.at = s.at.Add(24 * time.Hour)
	if res := s.purge(purge.Options{}); res.StillOpen != 0 {
		t.Errorf("%d orders are still open", res.StillOpen)
	}
	for w, where := range s.found(all) {
		t.Errorf("%q of order %s is still in %s", w, all[w], where)
	}
	for i, r := range s.rows() {
		if words := personal(r.Order); len(words) > 0 {
			t.Errorf("order %d still says %q", i, words)
		}
	}
	s.prove("at last")
	again := s.purge(purge.Options{})
	if again.Orders+again.Instructions+again.Files != 0 {
		t.Errorf("again: %+v", again.Purge)
	}
}

// TestPurgeThatIsCutOffGoesOn ends the program at the places between the steps of a
// purge, one after another, and lets the next one go on.
func TestPurgeThatIsCutOffGoesOn(t *testing.T) {
	s := played(t)
	all := wordsOf(s.rows(), func(*ledger.Row) bool { return true })
	s.endAll()
	s.at = s.at.Add(100 * 24 * time.Hour)
	type crash struct{}
	defer fault.Watch(nil)
	ended := map[string]int{}
	for n := 1; ; n += 3 {
		places, whole := 0, false
		fault.Watch(func(place string) {
			if places++; places == n {
				ended[place]++
				panic(crash{})
			}
		})
		func() {
			defer func() {
				if r := recover(); r != nil && r != any(crash{}) {
					panic(r)
				}
			}()
			s.purge(purge.Options{})
			whole = true
		}()
		fault.Watch(nil)
		if s.env.Ledger.Close(); whole {
			break
		}
		s.open()
	}
	s.open()
	for _, place := range []string{"purge.orders", "purge.words", "purge.file-removed"} {
		if ended[place] == 0 {
			t.Errorf("it never ended at %s: %v", place, ended)
		}
	}
	for w, where := range s.found(all) {
		t.Errorf("%q of order %s is still in %s", w, all[w], where)
	}
	s.prove("at last")
	if again := s.purge(purge.Options{}); again.Orders+again.Instructions+again.Files != 0 {
		t.Errorf("again: %+v", again.Purge)
	}
}

// reported lets malls show every tracking number.
func (s *shop) reported() {
	s.change(`UPDATE reports SET state = 'seen'`, `DELETE FROM report_todo`, `UPDATE uploads SET state = 'done', done_at = claimed_at`)
}

// endAll gives every order its end, as malls, warehouses and people would.
func (s *shop) endAll() {
	s.change(
		`DELETE FROM holds`,
		`UPDATE confirms SET state = 'done'`,
		`UPDATE claims SET state = 'done'`,
		`UPDATE orders SET state = 2, reason = 'status_cancelled' WHERE state <> 3 AND purged_at = 0`,
		`UPDATE instructions SET state = 5 WHERE state IN (0, 1, 3, 4)`,
	)
	s.reported()
}

func (s *shop) change(texts ...string) {
	s.t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(s.dir, "ledger.db")+"?_busy_timeout=10000")
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close()
	for _, text := range texts {
		if _, err := db.ExecContext(s.t.Context(), text); err != nil {
			s.t.Fatal(err)
		}
	}
}

// A purged order that comes again is not instructed again.
func TestPurgedOrdersStayKnown(t *testing.T) {
	s := played(t)
	rows := s.rows()
	s.reported()
	s.at = s.at.Add(100 * 24 * time.Hour)
	s.purge(purge.Options{})
	gone := map[int64]bool{}
	for _, r := range s.rows() {
		gone[r.ID] = !r.PurgedAt.IsZero() && r.State == ledger.Planned
	}
	var again []ledger.Intake
	for _, r := range rows {
		if r.Account == "plain-1" && gone[r.ID] {
			changed := *r.Order
			changed.Note = "another note"
			again = append(again, ledger.Intake{Order: r.Order, Row: 1}, ledger.Intake{Order: &changed, Row: 2})
		}
	}
	id, _, err := s.env.Ledger.Account(t.Context(), "plain-1", s.at)
	if err != nil {
		t.Fatal(err)
	}
	n, err := s.env.Ledger.PutOrders(t.Context(), id, 1, again, s.at)
	if err != nil || n.New+n.Changed != 0 || n.Same == 0 {
		t.Errorf("%+v, %v", n, err)
	}
}
