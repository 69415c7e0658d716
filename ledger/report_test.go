package ledger

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mallbridge/mallbridge/order"
)

func result(instruction int64, tracking string) order.Shipment {
	return order.Shipment{Instruction: instructionNumber(instruction), Carrier: "yamato", Tracking: tracking, RawTracking: tracking, ShippedOn: "2026-11-24", Parcels: 1}
}

// told makes a report of each order's first package.
func (s *shop) told(numbers ...string) []Report {
	s.t.Helper()
	var n NewReports
	for i, number := range numbers {
		r := s.row(number)
		n.Add = append(n.Add, Report{
			OrderID: r.ID, Package: "1", Instruction: int64(i + 1), Carrier: "yamato", Tracking: "49000000000" + number, ShippedOn: "2026-11-24",
			Lines: []string{"1", "2"}, State: ReportWaiting,
		})
	}
	_, err := s.PutReports(s.t.Context(), s.acc, n, after(1))
	ok(s.t, err)
	rs, err := s.Reports(s.t.Context(), ReportList{})
	ok(s.t, err)
	return rs
}

func TestResultsAreLookedAtOnce(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		ctx := t.Context()
		_, ids := s.sent("1", "2", "3")
		_, err := s.PutShipments(ctx, s.wh, 8, []order.Shipment{result(ids[0], "490000000001"), result(ids[1], "490000000002"), result(ids[1], "490000000003")}, after(5))
		ok(t, err)
		_, err = s.PutAcks(ctx, s.wh, 9, []order.Ack{{Instruction: instructionNumber(ids[0]), OK: true}}, after(5))
		ok(t, err)
		p, err := s.ReportTodo(ctx, s.acc, 0, 10)
		ok(t, err)
		if len(p.Orders) != 2 || len(p.Marks) != 2 || p.Last != ids[1] {
			t.Fatalf("%+v", p)
		}
		first, second := p.Orders[0].Shipping[0], p.Orders[1].Shipping[0]
		if !first.Acked || first.State != InstructionShipped || len(first.Parcels) != 1 || len(first.Lines) == 0 || first.Warehouse != "tokyo" {
			t.Errorf("%+v", first)
		}
		if second.Acked || len(second.Parcels) != 2 || second.Parcels[1].Tracking != "490000000003" {
			t.Errorf("%+v", second)
		}
		if one, err := s.ReportTodo(ctx, s.acc, 0, 1); err != nil || len(one.Orders) != 1 || one.Last != ids[0] {
			t.Errorf("a page of one: %+v, %v", one, err)
		}
		// More comes for the second before it is settled: it stays.
		_, err = s.PutShipments(ctx, s.wh, 10, []order.Shipment{result(ids[1], "490000000004")}, after(6))
		ok(t, err)
		add := Report{OrderID: p.Orders[0].OrderID, Package: "1", Instruction: ids[0], Carrier: "yamato", Tracking: "490000000001", State: ReportWaiting}
		n, err := s.PutReports(ctx, s.acc, NewReports{Add: []Report{add}, Settled: p.Marks}, after(7))
		ok(t, err)
		again, err := s.PutReports(ctx, s.acc, NewReports{Add: []Report{add}}, after(7))
		ok(t, err)
		if n != 1 || again != 0 {
			t.Errorf("%d, then %d reports were added", n, again)
		}
		p, err = s.ReportTodo(ctx, s.acc, 0, 10)
		ok(t, err)
		if len(p.Orders) != 1 || p.Last != ids[1] || len(p.Orders[0].Shipping[0].Parcels) != 3 {
			t.Errorf("%+v", p)
		}
		// The same results again are nothing new.
		ok(t, s.settle(p))
		_, err = s.PutShipments(ctx, s.wh, 11, []order.Shipment{result(ids[1], "490000000004")}, after(8))
		ok(t, err)
		if p, err = s.ReportTodo(ctx, s.acc, 0, 10); err != nil || len(p.Orders) != 0 {
			t.Errorf("%+v, %v", p, err)
		}
	})
}

func (s *shop) settle(p TodoPage) error {
	_, err := s.PutReports(s.t.Context(), s.acc, NewReports{Settled: p.Marks}, after(8))
	return err
}

func TestReportsGoTheirWay(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		ctx := t.Context()
		s.put(numbered("1", "2", "3")...)
		rs := s.told("1", "2", "3")
		if len(rs) != 3 || rs[0].Order != "1" || rs[0].Account != "rakuten-main" || cmp.Diff([]string{"1", "2"}, rs[0].Lines) != "" {
			t.Fatalf("%+v", rs)
		}
		// A person drops one between the reading and the sending.
		ok(t, s.DropReport(ctx, Verdict{ID: rs[2].ID, Note: "sent by hand", Actor: "kim", Now: after(2)}))
		sent, err := s.SendReports(ctx, rs, after(3))
		ok(t, err)
		if len(sent) != 2 || sent[0].Tries != 1 || sent[0].State != ReportSent || !sent[0].SentAt.Equal(after(3)) {
			t.Fatalf("%+v", sent)
		}
		busy, err := s.ReportsUnderWay(ctx, s.acc)
		ok(t, err)
		if len(busy) != 2 || !busy[rs[0].OrderID] {
			t.Errorf("%v", busy)
		}
		a, b := sent[0], sent[1]
		a.State, a.AcceptedAt = ReportAccepted, after(4)
		b.State, b.Code, b.Detail = ReportRejected, "E1", "too late"
		ok(t, s.ChangeReports(ctx, []ReportChange{{Report: a, Event: "report.accepted"}, {Report: b, Event: "report.rejected"}}, after(4)))
		shown := []Shown{{Order: "1", Package: "1", Carrier: "sagawa", Tracking: a.Tracking}, {Order: "2", Package: "x", Tracking: "1"}, {Order: "9", Package: "1", Tracking: "2"}}
		if n, err := s.Prove(ctx, s.acc, shown, after(5)); err != nil || n != 0 {
			t.Errorf("another carrier, number or order proves %d: %v", n, err)
		}
		shown = []Shown{{Order: "1", Package: "moved", Tracking: a.Tracking, Lines: []string{"2"}}}
		if n, err := s.Prove(ctx, s.acc, shown, after(6)); err != nil || n != 1 {
			t.Errorf("its line in another package proves %d: %v", n, err)
		}
		told, err := s.ReportsBetween(ctx, after(0), after(60))
		ok(t, err)
		if d := cmp.Diff(Told{Reports: 2, Reported: 1, Proven: 1, Open: 1, Stuck: 1}, told); d != "" {
			t.Error(d)
		}
		ok(t, s.RetryReport(ctx, Verdict{ID: b.ID, Note: "the order is back", Actor: "kim", Now: after(7)}))
		due, err := s.DueReports(ctx, s.acc, ReportWaiting, 0, 9, after(7))
		ok(t, err)
		if len(due) != 1 || !due[0].Freed || due[0].Order != "2" {
			t.Errorf("%+v", due)
		}
		for _, err := range []error{
			s.RetryReport(ctx, Verdict{ID: a.ID, Note: "n", Now: after(8)}), s.DropReport(ctx, Verdict{ID: a.ID, Note: "n", Now: after(8)}),
		} {
			if order.CodeOf(err) != order.Conflict {
				t.Errorf("a proven report was changed: %v", err)
			}
		}
		if err := s.DropReport(ctx, Verdict{ID: b.ID, Now: after(8)}); order.CodeOf(err) != order.Invalid {
			t.Errorf("without a reason: %v", err)
		}
		if err := s.DropReport(ctx, Verdict{ID: 99, Note: "n", Now: after(8)}); order.CodeOf(err) != order.NotFound {
			t.Errorf("a report that is not there: %v", err)
		}
		if d := cmp.Diff([]string{"report.waiting", "report.accepted", "report.seen"}, s.kinds(rs[0].OrderID, 0)); d != "" {
			t.Error(d)
		}
		counts, err := s.ReportCounts(ctx)
		ok(t, err)
		if len(counts) != 3 || counts[0].State != ReportDropped || counts[0].Reports != 1 {
			t.Errorf("%+v", counts)
		}
		if open, err := s.Reports(ctx, ReportList{Open: true}); err != nil || len(open) != 1 {
			t.Errorf("%+v, %v", open, err)
		}
		if due, err := s.ReportsDue(ctx, s.acc, after(9)); err != nil || !due {
			t.Errorf("%v, %v", due, err)
		}
		if due, err := s.ReportsDue(ctx, s.acc, after(9).Add(-time.Hour)); err != nil || due {
			t.Errorf("before its time: %v, %v", due, err)
		}
	})
}

func TestASheetHasEachParcelOnce(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		ctx := t.Context()
		s.put(numbered("1", "2", "3")...)
		rs := s.told("1", "2", "3")
		for i := range rs {
			rs[i].State = ReportUpload
		}
		ok(t, s.ChangeReports(ctx, []ReportChange{{Report: rs[0]}, {Report: rs[1]}, {Report: rs[2]}}, after(2)))
		name := func(id int64) (string, error) { return "sheet-" + string(rune('a'+id-1)) + ".csv", nil }
		u, err := s.ClaimUpload(ctx, s.acc, "f", 2, name, after(3))
		ok(t, err)
		v, err := s.ClaimUpload(ctx, s.acc, "f", 2, name, after(3))
		ok(t, err)
		none, err := s.ClaimUpload(ctx, s.acc, "f", 2, name, after(3))
		ok(t, err)
		if u.Name != "sheet-a.csv" || v.Name != "sheet-b.csv" || none != nil {
			t.Fatalf("%+v %+v %+v", u, v, none)
		}
		first, err := s.UploadReports(ctx, u.ID)
		ok(t, err)
		second, err := s.UploadReports(ctx, v.ID)
		ok(t, err)
		if len(first) != 2 || len(second) != 1 || second[0].Order != "3" || second[0].Upload != "sheet-b.csv" {
			t.Fatalf("%+v %+v", first, second)
		}
		word := Verdict{ID: u.ID, Note: "n", Actor: "kim", Now: after(5)}
		if err := s.FinishUpload(ctx, word); order.CodeOf(err) != order.Conflict {
			t.Errorf("a sheet that is not built was uploaded: %v", err)
		}
		u.Path, u.SHA256, u.Size, u.Parcels = "uploads/a", "abc", 3, 2
		ok(t, s.UploadBuilt(ctx, u, after(4)))
		v.Parcels = 0
		ok(t, s.UploadBuilt(ctx, v, after(4)))
		open, err := s.OpenUploads(ctx, s.acc)
		ok(t, err)
		if len(open) != 1 || open[0].State != UploadBuilt || !open[0].BuiltAt.Equal(after(4)) {
			t.Errorf("%+v", open)
		}
		ok(t, s.FinishUpload(ctx, word))
		if n, err := s.Prove(ctx, s.acc, []Shown{{Order: "1", Package: "1"}}, after(6)); err != nil || n != 1 {
			t.Errorf("the mall's word that it was shipped proves %d: %v", n, err)
		}
		ok(t, s.AgainUpload(ctx, word))
		w, err := s.ClaimUpload(ctx, s.acc, "f", 9, name, after(7))
		ok(t, err)
		left, err := s.UploadReports(ctx, w.ID)
		ok(t, err)
		if len(left) != 1 || left[0].Order != "2" {
			t.Errorf("what the mall does not show comes again: %+v", left)
		}
		if got, err := s.UploadByName(ctx, "", "sheet-a.csv"); err != nil || got.State != UploadVoid || got.Note != "n" {
			t.Errorf("%+v, %v", got, err)
		}
		if _, err := s.UploadByName(ctx, "", "sheet-x.csv"); order.CodeOf(err) != order.NotFound {
			t.Errorf("%v", err)
		}
		if all, err := s.Uploads(ctx, "rakuten-main", false, 9); err != nil || len(all) != 3 {
			t.Errorf("%+v, %v", all, err)
		}
	})
}

func TestFailedReports(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		ctx := t.Context()
		s.put(numbered("1", "2", "3")...)
		rs, err := s.SendReports(ctx, s.told("1", "2", "3"), after(3))
		ok(t, err)
		if failed, err := s.FailedReports(ctx, 9); err != nil || len(failed) != 0 {
			t.Errorf("sent, and they failed: %+v %v", failed, err)
		}
		rs[1].State, rs[1].Code = ReportRejected, "E1"
		rs[2].State, rs[2].Late = ReportAccepted, true
		ok(t, s.ChangeReports(ctx, []ReportChange{{Report: rs[1], Event: "report.rejected"}, {Report: rs[2], Event: "report.accepted"}}, after(4)))
		failed, err := s.FailedReports(ctx, 9)
		ok(t, err)
		if len(failed) != 2 || failed[0].ID != rs[1].ID || failed[1].ID != rs[2].ID {
			t.Errorf("a person must say something on %+v", failed)
		}
		for i, want := range []bool{false, true, true} {
			if rs[i].Failed() != want {
				t.Errorf("report %d failed: %t", i, !want)
			}
		}
		ok(t, s.DropReport(ctx, Verdict{ID: rs[1].ID, Note: "by hand", Actor: "kim", Now: after(5)}))
		ok(t, s.RetryReport(ctx, Verdict{ID: rs[2].ID, Note: "again", Actor: "kim", Now: after(5)}))
		if failed, err := s.FailedReports(ctx, 9); err != nil || len(failed) != 0 {
			t.Errorf("settled, and still there: %+v %v", failed, err)
		}
	})
}
