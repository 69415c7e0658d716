package console_test

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/mallbridge/mallbridge/console"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/mappers/charset"
	"github.com/mallbridge/mallbridge/mappers/workbook"
	"github.com/mallbridge/mallbridge/order"
)

// The next file is looked at before it is made, the made one before it is approved;
// each against the last.
func TestAgainstTheLastFile(t *testing.T) {
	s := open(t)
	v := s.as("hanako", ledger.Operator, "en")
	v.shows(v.want(v.get("/files/tokyo/next"), http.StatusOK), "The next file")
	v.want(v.get("/files/nowhere/next"), http.StatusNotFound)
	v.want(v.post(v.upload("plain-1", "more.csv", []byte(good)).path+"/take"), http.StatusOK)
	s.stage("plan", "plain-1")
	before, err := s.world().Ledger.NextBatch(t.Context())
	s.check(err)
	v.shows(v.want(v.get("/files/tokyo/next"), http.StatusOK), "見本 花子", "Against the last file", `href="/orders/plain-1/C-9"`, "Make it now", "␍", "cp932")
	if after, err := s.world().Ledger.NextBatch(t.Context()); err != nil || after != before {
		t.Fatalf("looking at the next file made batch %d, %v", after, err)
	}
	w, _ := s.world().Workspace.Warehouse("tokyo")
	w.Instructions.Approval = "always"
	b := s.build("tokyo", "plain-1")
	path := "/files/tokyo/" + b.Number
	v.shows(v.get(path), "Against the last file", `href="/orders/plain-1/C-9"`, "It waits for approval")
	// The warehouse refuses the parcel, the address is corrected, and the order comes again.
	s.check(s.world().Ledger.Uploaded(t.Context(), b.ID, s.clock()))
	s.check(s.world().Ledger.Delivered(t.Context(), b.ID, "", "", s.clock()))
	rows, err := s.world().Ledger.OrdersByNumber(t.Context(), "C-9", "plain-1")
	s.check(err)
	places, err := s.world().Ledger.PlacesOf(t.Context(), rows[0].ID)
	s.check(err)
	out, err := s.world().Ledger.PutAcks(t.Context(), b.WarehouseID, 0, []order.Ack{{Instruction: places[0].Number, Message: "no such street"}}, s.clock())
	if err != nil || out[0] != ledger.Done {
		t.Fatalf("the refusal: %v %v", out, err)
	}
	sheet := strings.ReplaceAll(good, "千代田0-1", "千代田0-7")
	v.want(v.post(v.upload("plain-1", "again.csv", []byte(sheet)).path+"/take"), http.StatusOK)
	s.stage("plan", "plain-1")
	if hs, err := s.world().Ledger.HoldsOf(t.Context(), rows[0].ID); err == nil && len(hs) > 0 {
		v.want(v.post("/orders/plain-1/C-9/release", "note", "the street is right now"), http.StatusOK)
	}
	again := s.build("tokyo", "plain-1")
	page := v.shows(v.get("/files/tokyo/"+again.Number), "千代田0-1", "千代田0-7", places[0].Number+" →")
	if !strings.Contains(page.body, `class="was">`) {
		t.Error("what changed is not told from what was")
	}
	// What leaves it is named with its reason.
	var ids []int64
	s.check(s.world().Ledger.Instructions(t.Context(), again.ID, func(in *order.Instruction) error { ids = append(ids, in.ID); return nil }))
	s.check(s.world().Ledger.Leave(t.Context(), again.ID, ids, "the buyer cancelled", s.clock()))
	v.shows(v.get("/files/tokyo/"+again.Number), "What left it since it was first made", "the buyer cancelled")
}

// What lies in an upload is shown as it is: what one does not see of text, what is
// stored in the cells of a workbook.
func TestUploadAsItIs(t *testing.T) {
	s := open(t)
	v := s.as("hanako", ledger.Operator, "en")
	cp932, err := charset.Lookup("cp932")
	s.check(err)
	text := strings.ReplaceAll(good, "見本 花子", "見本　花子")
	v.shows(v.upload("plain-1", "wide.csv", []byte("\xef\xbb\xbf"+strings.ReplaceAll(text, "\n", "\r\n"))), "As it is in the file", ">BOM<", `title="U&#43;3000"`, "␍", "␊")
	// A file that no layout reads is shown all the same: that is when one needs it.
	legacy, err := cp932.Encode("注文,名前\n1,見本\n")
	s.check(err)
	v.shows(v.upload("plain-1", "other.csv", append(legacy, 0x87, 0x20, '\n')), `role="alert"`, "As it is in the file", "could be")
	var book bytes.Buffer
	w, err := workbook.NewWriter(&book, workbook.WriteOptions{Sheet: "注文"})
	s.check(err)
	s.check(w.WriteRow([]workbook.Value{workbook.Str("order_number"), workbook.Str("quantity")}))
	s.check(w.WriteRow([]workbook.Value{workbook.Str("00012"), workbook.Int(3)}))
	s.check(w.Close())
	v.shows(v.upload("plain-1", "book.xlsx", book.Bytes()), "sheets of the workbook", "<b>注文</b>", ">A2<", "00012", ">B2<", "number format", "General")
	for _, bad := range [][]byte{{0}, []byte("PK\x03\x04"), bytes.Repeat([]byte{0xff}, 300)} {
		v.want(v.upload("plain-1", "bad.xlsx", bad), http.StatusOK)
	}
}

func TestPieces(t *testing.T) {
	for text, want := range map[string]string{
		"a\tb\r\n": "a[⇥]b[␍][␊]", "見本\u3000花子": "見本[□]花子", "\ufeffx": "[BOM]x", "a\x01\u200bb": "a[0001][ZWSP]b", "葛\U000e0100": "葛[E0100]", "": "",
	} {
		if got := console.Marked(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

// TestReportsThatFailed: a tracking number that the mall did not take is sent again, or
// given up, on the pages, with a reason and by whom.
func TestReportsThatFailed(t *testing.T) {
	s := open(t)
	l := s.world().Ledger
	rs, err := l.Reports(t.Context(), ledger.ReportList{Account: "coupang-2", State: ledger.ReportSeen})
	s.check(err)
	if len(rs) < 2 {
		t.Fatalf("the day left %d reports", len(rs))
	}
	rs = rs[:2]
	for i := range rs {
		rs[i].State, rs[i].Code, rs[i].Detail = ledger.ReportRejected, "E-17", "too late"
		s.check(l.ChangeReports(t.Context(), []ledger.ReportChange{{Report: rs[i], Event: "report.rejected"}}, s.clock()))
	}
	for lang, want := range map[string][3]string{
		"ja": {"送り状番号2件がモールに報告できていません", "モールに報告できていない送り状番号", "送り直す"},
		"ko": {"송장번호 2건이 쇼핑몰에 보고되지 않았습니다", "쇼핑몰에 보고되지 않은 송장번호", "다시 보내기"},
		"en": {"the mall did not take 2 tracking numbers", "Tracking numbers that the mall did not take", "Send it again"},
	} {
		v := s.as("taro", ledger.Operator, lang)
		v.shows(v.get("/"), want[0], "/files#reports")
		v.shows(v.get("/files"), want[1], want[2], rs[0].Tracking, rs[1].Tracking, "E-17 too late")
		v.shows(v.get(orderPage(&rs[0])), want[2])
	}
	look := s.as("hanako", ledger.Viewer, "en")
	if a := look.shows(look.get("/files"), rs[0].Tracking); strings.Contains(a.body, "Send it again") {
		t.Error("whoever only looks is offered to send it again")
	}
	look.want(look.post("/reports/"+itoa(rs[0].ID), "note", "x"), http.StatusForbidden)
	v := s.as("taro", ledger.Operator, "en")
	v.want(v.post("/reports/"+itoa(rs[0].ID), "do", "retry"), http.StatusBadRequest)
	v.want(v.post("/reports/999999", "note", "x"), http.StatusNotFound)
	v.want(v.post("/reports/x", "note", "x"), http.StatusNotFound)
	v.shows(v.want(v.post("/reports/"+itoa(rs[0].ID), "do", "retry", "note", "the warehouse confirms", "back", "/files"), http.StatusOK), "is sent to the mall again", "Tracking numbers that")
	if !slices.Contains(s.ran, "report coupang-2") {
		t.Errorf("no run was asked for: %v", s.ran)
	}
	v.shows(v.want(v.post("/reports/"+itoa(rs[1].ID), "do", "drop", "note", "typed at the mall", "back", orderPage(&rs[1])), http.StatusOK), "the mall is not told of "+rs[1].Tracking)
	now, err := l.ReportsByID(t.Context(), rs)
	s.check(err)
	if now[0].State != ledger.ReportWaiting || !now[0].Freed || now[1].State != ledger.ReportDropped {
		t.Errorf("now they are %+v", now)
	}
	if a := v.get("/files"); strings.Contains(a.body, "Tracking numbers that the mall did not take") {
		t.Error("what was settled is still there")
	}
	// Nobody sends a number twice by two clicks, or one that the mall shows.
	v.want(v.post("/reports/"+itoa(rs[1].ID), "do", "drop", "note", "again"), http.StatusConflict)
	acts, err := l.ActsOf(t.Context(), ledger.ActList{Who: "taro", Kind: "report", Limit: 9})
	s.check(err)
	if len(acts) != 2 || !strings.Contains(acts[1].Detail, "the warehouse confirms") || !strings.Contains(acts[0].Detail, "typed at the mall") {
		t.Errorf("the audit trail: %+v", acts)
	}
}

func orderPage(r *ledger.Report) string { return "/orders/" + r.Account + "/" + r.Order }
