package console_test

import (
	"bufio"
	"html"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/console"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline"
	"github.com/mallbridge/mallbridge/pipeline/stock"
)

// pagesOf lists every page of a site, with an order, a batch and a preview.
func (v *visitor) pages() []string {
	v.Helper()
	bs, err := v.world().Ledger.Batches(v.Context(), "", 1)
	v.check(err)
	hs, err := v.world().Ledger.Holds(v.Context(), "", 1)
	v.check(err)
	rows, err := v.world().Ledger.Search(v.Context(), ledger.Search{State: "planned", Limit: 1})
	v.check(err)
	preview := v.want(v.upload("plain-1", "注文.csv", []byte(sheet)), http.StatusOK)
	api := ""
	for _, a := range v.world().Workspace.Accounts {
		if a.UsesAPI() {
			api = a.Name
		}
	}
	_, err = v.world().Ledger.Raise(v.Context(), v.clock(), ledger.Alert{Kind: order.AlertTracking, Target: rows[0].Account, Subject: rows[0].Order.Number, Args: []string{"400000000011", "400000000022"}},
		ledger.Alert{Kind: order.AlertLinesDiffer, Target: bs[0].Warehouse, Subject: bs[0].Name, Args: []string{"12", "11", "11"}})
	v.check(err)
	runs, err := v.world().Ledger.Runs(v.Context(), "instruct", "", 1)
	v.check(err)
	table := v.want(v.send("/masters/sku-links", "", "links.csv", []byte("account,code,sku,quantity\nplain-1,nothing-like-it,TOWEL-W,2\n")), http.StatusOK)
	return []string{
		"/", "/orders", "/orders?state=held", "/orders/" + hs[0].Account + "/" + hs[0].Number, "/orders/" + rows[0].Account + "/" + rows[0].Order.Number, "/orders/" + rows[0].Account + "/" + rows[0].Order.Number + "/raw", "/holds", "/upload", preview.path,
		"/files", "/files?kind=results", "/files/tokyo/next", "/files/" + bs[0].Warehouse + "/" + bs[0].Number, "/links", "/masters/payments", table.path, "/stock", "/accounts", "/accounts/plain-1", "/accounts/" + api, "/accounts/new", "/accounts/new?mall=coupang", "/runs", "/runs/" + itoa(runs[0].ID), "/reconcile", "/runs/windows", "/runs/acts", "/users", "/me",
	}
}

const sheet = `order_number,payment,to_name,to_phone,to_postal,to_prefecture,to_city,to_street,item_code,item_name,quantity,price,total
C-1,prepaid,見本 花子,03-0000-0001,1000001,東京都,千代田区,千代田0-1,nothing-like-it,見本の品,1,2000,2000
C-2,prepaid,見本 太郎,03-0000-0002,1000001,東京都,千代田区,千代田0-2,nothing-like-it,見本の品,0,1200,2400
`

// good has an order that can be instructed.
const good = `order_number,status,payment,to_name,to_phone,to_postal,to_prefecture,to_city,to_street,item_code,sku_code,item_name,quantity,price,total
C-9,ready,prepaid,見本 花子,03-0000-0001,1000001,東京都,千代田区,千代田0-1,P-TOWEL-W,TOWEL-W,タオル,1,2000,2000
`

// stage runs a stage.
func (s *site) stage(name, target string) {
	s.Helper()
	st, _ := pipeline.Lookup(name)
	s.check(pipeline.Run(s.Context(), s.world(), st, target).Err)
}

// build plans an account's orders and builds a warehouse's next file.
func (s *site) build(warehouse, account string) *ledger.Batch {
	s.Helper()
	s.stage("plan", account)
	s.stage("instruct", warehouse)
	bs, err := s.world().Ledger.Batches(s.Context(), warehouse, 1)
	s.check(err)
	if bs[0].State != ledger.BatchBuilt {
		s.Fatalf("the newest batch is %s", bs[0].State)
	}
	return &bs[0]
}

var unsaid = regexp.MustCompile(`%!|<no value>|ZgotmplZ`)

func TestPages(t *testing.T) {
	s := open(t)
	heads := map[string]string{"ja": "対応が必要なもの", "ko": "처리가 필요한 항목", "en": "Waits for a person"}
	for lang, head := range heads {
		v := s.as("hanako", ledger.Admin, lang)
		for _, path := range v.pages() {
			a := v.want(v.get(path), http.StatusOK)
			v.shows(a, `<html lang="`+lang+`">`)
			if bad := unsaid.FindString(a.body); bad != "" {
				t.Errorf("%s in %s shows %s", path, lang, bad)
			}
			if csp := a.header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
				t.Errorf("%s: policy %q", path, csp)
			}
			if strings.Contains(a.body, "<script>") || strings.Contains(a.body, " style=") || strings.Contains(a.body, " onclick=") {
				t.Errorf("%s has a script or style that the policy forbids", path)
			}
		}
		v.shows(v.get("/"), head)
	}
}

// TestTexts finds what pages say in English only.
func TestTexts(t *testing.T) {
	said := map[string]bool{}
	for _, where := range []struct{ pattern, expression string }{
		{"templates/*.html", `[{( ]T "([^"]+)"`}, {"*.go", `(?:say\(q\.lang|tell\(q), "([^"]+)"`}, {"*.go", `^\t(?:"[a-z-]+": "[^"]+", )*"[a-z-]+": "([^"]+)"`},
	} {
		names, err := filepath.Glob(where.pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range regexp.MustCompile(where.expression).FindAllStringSubmatch(string(b), -1) {
				said[m[1]] = true
			}
		}
	}
	if len(said) < 150 {
		t.Fatalf("only %d texts were found", len(said))
	}
	for text := range said {
		for _, lang := range []string{"ja", "ko"} {
			if console.Say(lang, text) == text {
				t.Errorf("%q is not said in %s", text, lang)
			}
		}
	}
}

func TestSigningIn(t *testing.T) {
	s := open(t)
	v := s.visitor("en")
	if a := v.get("/orders"); a.path != "/sign-in" || a.status != http.StatusOK {
		t.Fatalf("a stranger gets %s, status %d", a.path, a.status)
	}
	first, err := s.console.FirstUser(t.Context())
	s.check(err)
	v.shows(v.get("/sign-in"), "nobody has chosen a password yet")
	v.shows(v.post(first, "password", "short", "again", "short"), "12 characters")
	v.shows(v.post(first, "password", password, "again", password+"."), "the two passwords differ")
	v.want(v.post(first, "password", password, "again", password), http.StatusOK)
	v.shows(v.get("/users"), "admin", "sign out")
	v.want(v.get(first), http.StatusNotFound) // the link was used
	if again, err := s.console.FirstUser(t.Context()); err != nil || again != "" {
		t.Errorf("a second first user: %q %v", again, err)
	}
	v.post("/sign-out")
	if a := v.get("/"); a.path != "/sign-in" {
		t.Errorf("after signing out: %s", a.path)
	}
	v.shows(v.post("/sign-in", "name", "admin", "password", "wrong password"), "name or password is wrong")
	v.shows(v.post("/sign-in", "name", "nobody", "password", password), "name or password is wrong")
	a := v.post("/sign-in", "name", "admin", "password", password, "back", "/holds")
	if a.path != "/holds" {
		t.Errorf("after signing in: %s", a.path)
	}
	other := s.visitor("en")
	for _, to := range []string{"https://elsewhere.example/", "//elsewhere.example/", `/\elsewhere.example`, "javascript:x"} {
		if a := other.post("/sign-in", "name", "admin", "password", password, "back", to); a.path != "/" && a.path != "/sign-in" {
			t.Errorf("signing in leads from %s to %s", to, a.path)
		}
	}
	stranger := s.visitor("en")
	for range 6 {
		a = stranger.post("/sign-in", "name", "admin", "password", "guess")
	}
	stranger.shows(a, "too many attempts")
	stranger.shows(stranger.post("/sign-in", "name", "admin", "password", password), "too many attempts")
}

func TestSessionsEnd(t *testing.T) {
	s := open(t)
	admin, hanako := s.as("admin", ledger.Admin, "en"), s.as("hanako", ledger.Operator, "en")
	hanako.want(hanako.get("/holds"), http.StatusOK)
	admin.want(admin.post("/users/hanako/disable", "disabled", "1"), http.StatusOK)
	if a := hanako.get("/holds"); a.path != "/sign-in" {
		t.Errorf("a user who is shut out still sees %s", a.path)
	}
	if a := hanako.post("/sign-in", "name", "hanako", "password", password); a.path != "/sign-in" {
		t.Errorf("a user who is shut out signs in: %s", a.path)
	}
	admin.want(admin.post("/users/admin/disable", "disabled", "1"), http.StatusBadRequest)
	// A new password ends the sessions of the old one.
	taro := s.as("taro", ledger.Operator, "en")
	again := s.as("taro", ledger.Operator, "en")
	if a := taro.get("/"); a.path != "/sign-in" {
		t.Errorf("a session outlives its password: %s", a.path)
	}
	again.want(again.get("/"), http.StatusOK)
	s.move(25 * time.Hour)
	path, err := console.Invite(t.Context(), s.world(), "late", ledger.Viewer, "test")
	s.check(err)
	s.move(25 * time.Hour)
	v := s.visitor("en")
	v.want(v.get(path), http.StatusNotFound)
}

func TestRoles(t *testing.T) {
	s := open(t)
	viewer, operator := s.as("v", ledger.Viewer, "en"), s.as("o", ledger.Operator, "en")
	hs, err := s.world().Ledger.Holds(t.Context(), "", 1)
	s.check(err)
	path := "/orders/" + hs[0].Account + "/" + hs[0].Number
	for _, p := range []string{path + "/hold", path + "/release", "/holds/release", "/runs", "/users", "/users/o/disable", "/files/tokyo/T000001/approve"} {
		viewer.want(viewer.post(p, "note", "x"), http.StatusForbidden)
	}
	viewer.want(viewer.upload("plain-1", "a.csv", []byte(sheet)), http.StatusForbidden)
	for _, p := range []string{"/users", "/users/v/disable"} {
		operator.want(operator.post(p, "name", "x", "role", ledger.Admin), http.StatusForbidden)
	}
	if a := viewer.get(path); strings.Contains(a.body, "/release") || strings.Contains(a.body, "/hold\"") {
		t.Error("a viewer is offered what only operators may do")
	}
}

func TestOtherSitesAreRefused(t *testing.T) {
	s := open(t)
	v := s.as("hanako", ledger.Admin, "en")
	for _, h := range []http.Header{{"Sec-Fetch-Site": {"cross-site"}}, {"Origin": {"https://elsewhere.example"}}} {
		r, err := http.NewRequest(http.MethodPost, s.server.URL+"/users", strings.NewReader("name=evil&role=admin"))
		s.check(err)
		r.Header = h
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		v.want(v.do(r), http.StatusForbidden)
	}
	if _, err := s.world().Ledger.User(t.Context(), "evil"); order.CodeOf(err) != order.NotFound {
		t.Errorf("another site's form made a user: %v", err)
	}
	for _, c := range v.http.Jar.Cookies(must(s, s.server.URL)) {
		if c.Name != "mallbridge" {
			t.Errorf("a cookie %s", c.Name)
		}
	}
}

func TestUpload(t *testing.T) {
	s := open(t)
	v := s.as("hanako", ledger.Operator, "ja")
	a := v.shows(v.want(v.upload("plain-1", "../../注文 sheet.csv", []byte(sheet)), http.StatusOK), "注文 sheet.csv", "見本 花子", "C-1", "mallbridge-orders", "取り込めない行")
	if rows, err := s.world().Ledger.OrdersByNumber(t.Context(), "C-1", ""); err != nil || len(rows) != 0 {
		t.Fatalf("an order was taken before anybody said so: %d %v", len(rows), err)
	}
	other := s.as("taro", ledger.Operator, "ja")
	other.want(other.get(a.path), http.StatusNotFound)
	v.shows(v.want(v.post(a.path+"/take"), http.StatusOK), "注文 sheet.csv", "1 ")
	rows, err := s.world().Ledger.OrdersByNumber(t.Context(), "C-1", "plain-1")
	s.check(err)
	if len(rows) != 1 {
		t.Fatalf("%d orders were taken", len(rows))
	}
	if !slices.Contains(s.ran, "plan plain-1") {
		t.Errorf("no plan run was asked for: %v", s.ran)
	}
	v.want(v.get(a.path), http.StatusNotFound)
	fs, err := s.world().Ledger.Files(t.Context(), ledger.FileOrders, "plain-1", 1)
	s.check(err)
	refused := v.want(v.get("/refused/"+itoa(fs[0].ID)), http.StatusOK)
	v.shows(refused, "C-2")
	if d := refused.header.Get("Content-Disposition"); !strings.HasPrefix(d, "attachment") {
		t.Errorf("the file of refused rows comes as %q", d)
	}
	v.shows(v.want(v.upload("plain-1", "x.xlsx", []byte("PK\x03\x04nonsense")), http.StatusOK), `role="alert"`)
	v.want(v.upload("no-such-account", "a.csv", []byte(sheet)), http.StatusBadRequest)
	v.shows(v.upload("plain-1", "empty.csv", nil), `role="alert"`)
}

func TestUploadWithPassword(t *testing.T) {
	s := open(t)
	v := s.as("hanako", ledger.Operator, "en")
	acc, _ := s.world().Workspace.Account("smartstore-1")
	acc.Intake.Password = ""
	done, err := fs.Glob(os.DirFS(s.world().Workspace.Path(s.world().Workspace.Settings.Done, "smartstore-1")), "*.xlsx")
	s.check(err)
	data, err := os.ReadFile(s.world().Workspace.Path(s.world().Workspace.Settings.Done, "smartstore-1", done[0]))
	s.check(err)
	a := v.shows(v.want(v.upload("smartstore-1", done[0], data), http.StatusOK), "password of the file")
	v.shows(v.post(a.path+"/take", "password", "wrong"), "password of the file", `role="alert"`)
	v.shows(v.post(a.path+"/take", "password", "demo-1234"), "The first orders", "smartstore-orders")
}

func TestHoldAndRelease(t *testing.T) {
	s := open(t)
	v := s.as("hanako", ledger.Operator, "en")
	hs, err := s.world().Ledger.Holds(t.Context(), "", 1000)
	s.check(err)
	for _, h := range hs {
		path := "/orders/" + h.Account + "/" + h.Number
		switch h.Reason {
		case order.HoldRemark:
			v.want(v.post(path+"/release", "note", ""), http.StatusBadRequest)
			v.shows(v.want(v.post(path+"/release", "note", "read it, nothing to do"), http.StatusOK), "is released", "hanako")
		case order.HoldSKU:
			v.want(v.post(path+"/release", "note", "go"), http.StatusBadRequest)
			v.want(v.post("/holds/release", "reason", string(h.Reason), "order", h.Account+"/"+h.Number, "note", "go"), http.StatusBadRequest)
		case order.HoldPhone:
			v.shows(v.want(v.post("/holds/release", "reason", string(h.Reason), "order", h.Account+"/"+h.Number, "note", "called them"), http.StatusOK), "1 orders are released")
		}
	}
	acts, err := s.world().Ledger.Acts(t.Context(), 50)
	s.check(err)
	kinds := map[string]int{}
	for _, e := range acts {
		if e.Actor == "hanako" {
			kinds[e.Kind]++
		}
	}
	if kinds["hold.released"] < 2 {
		t.Errorf("the audit trail has %v", kinds)
	}
	v.want(v.get("/orders/plain-1/no-such-order"), http.StatusNotFound)
	v.want(v.get("/no-such-page"), http.StatusNotFound)
}

func TestApproval(t *testing.T) {
	s := open(t)
	v := s.as("hanako", ledger.Operator, "en")
	w, _ := s.world().Workspace.Warehouse("tokyo")
	bs, err := s.world().Ledger.Batches(t.Context(), "tokyo", 1)
	s.check(err)
	path := "/files/tokyo/" + bs[0].Number
	v.shows(v.want(v.get(path), http.StatusOK), bs[0].SHA256, bs[0].Name, "cp932")
	got := v.want(v.get(path+"/download"), http.StatusOK)
	want, err := os.ReadFile(s.world().Workspace.Path(bs[0].Path))
	s.check(err)
	if got.body != string(want) {
		t.Error("the download is not the file")
	}
	w.Instructions.Approval = "always"
	v.want(v.post(v.upload("plain-1", "more.csv", []byte(good)).path+"/take"), http.StatusOK)
	b := s.build("tokyo", "plain-1")
	path = "/files/tokyo/" + b.Number
	v.shows(v.get("/"), b.Name+" waits for approval")
	v.shows(v.get(path), "It waits for approval", "見本 花子")
	v.want(v.post(path+"/approve", "sha256", "of something else"), http.StatusConflict)
	v.shows(v.want(v.post(path+"/approve", "sha256", b.SHA256, "note", "looked at it"), http.StatusOK), "is approved")
	ok, err := s.world().Ledger.Approved(t.Context(), b.ID, b.SHA256)
	if err != nil || !ok {
		t.Errorf("approved: %t %v", ok, err)
	}
	if !slices.Contains(s.ran, "instruct tokyo") {
		t.Errorf("runs that were asked for: %v", s.ran)
	}
	v.want(v.post("/runs", "stage", "extract", "target", "tokyo"), http.StatusBadRequest)
	v.want(v.post("/runs", "stage", "extract", "target", "plain-1", "back", "/runs"), http.StatusOK)
}

func TestSheetsToUpload(t *testing.T) {
	s := open(t)
	v := s.as("hanako", ledger.Operator, "en")
	all, err := s.world().Ledger.Uploads(t.Context(), "rakuten-1", false, 10)
	s.check(err)
	if len(all) == 0 {
		t.Fatal("the day left no sheet of tracking numbers")
	}
	u := all[0]
	s.check(s.world().Ledger.UndoUpload(t.Context(), ledger.Verdict{ID: u.ID, Note: "it was not", Actor: "test", Now: s.clock()}))
	v.shows(v.get("/"), u.Name+" waits to be uploaded")
	v.shows(v.get("/files"), u.Name, "It was uploaded")
	got := v.want(v.get("/uploads/rakuten-1/"+u.Name), http.StatusOK)
	want, err := os.ReadFile(s.world().Workspace.Path(u.Path))
	s.check(err)
	if got.body != string(want) {
		t.Error("the download is not the sheet")
	}
	v.want(v.post("/uploads/rakuten-1/"+u.Name, "note", ""), http.StatusBadRequest)
	v.shows(v.want(v.post("/uploads/rakuten-1/"+u.Name, "note", "in RMS"), http.StatusOK), "was uploaded")
	if open, err := s.world().Ledger.Uploads(t.Context(), "rakuten-1", true, 10); err != nil || len(open) != 0 {
		t.Errorf("still open: %v %v", open, err)
	}
	rs, err := s.world().Ledger.Reports(t.Context(), ledger.ReportList{Account: "coupang-2", State: ledger.ReportSeen})
	s.check(err)
	v.shows(v.get("/orders/coupang-2/"+rs[0].Order), "the mall: ", rs[0].Tracking)
}

// What somebody should know of stands on the first page, with where to look.
func TestAlerts(t *testing.T) {
	s := open(t)
	v := s.as("hanako", ledger.Viewer, "ja")
	_, err := s.world().Ledger.Raise(t.Context(), s.clock(), ledger.Alert{Kind: order.AlertNotAtMall, Target: "rakuten-1", Subject: "399001-1"})
	s.check(err)
	v.shows(v.get("/"), "受注 399001-1 は出荷予定ですが、モールにありません", "/reconcile?of=rakuten-1", `class="bad"`)
}

// One link ends the holds of all its orders: it is written, taken over, and planned
// with.
func TestLinks(t *testing.T) {
	s := open(t)
	v := s.as("hanako", ledger.Operator, "ja")
	v.want(v.post(v.upload("plain-1", "more.csv", []byte(sheet)).path+"/take"), http.StatusOK)
	s.stage("plan", "plain-1")
	v.shows(v.get("/links"), "nothing-like-it", "plain-1")
	v.shows(v.get("/holds"), "まとめて直す", `value="nothing-like-it"`)
	template := v.want(v.get("/links/template/csv"), http.StatusOK)
	v.shows(template, "plain-1,nothing-like-it,,1,")
	if d := template.header.Get("Content-Disposition"); !strings.Contains(d, "sku-unmapped.csv") {
		t.Errorf("the template comes as %q", d)
	}
	if a := v.want(v.get("/links/template/xlsx"), http.StatusOK); !strings.HasPrefix(a.body, "PK") {
		t.Error("the template is no workbook")
	}
	v.want(v.post("/links", "account", "plain-1", "code", "nothing-like-it", "sku", "", "quantity", "1"), http.StatusBadRequest)
	v.want(v.post("/links", "account", "plain-1", "code", "nothing-like-it", "sku", "TOWEL-W", "quantity", "0"), http.StatusBadRequest)
	v.want(v.post("/links", "account", "no-such-account", "code", "x", "sku", "TOWEL-W"), http.StatusBadRequest)
	v.shows(v.want(v.post("/links", "account", "plain-1", "code", "nothing-like-it", "sku", "TOWEL-W", "quantity", "2", "back", "/links"), http.StatusOK), "nothing-like-itをTOWEL-Wに紐付けました")
	if !slices.Contains(s.ran, "plan plain-1") {
		t.Errorf("no plan run was asked for: %v", s.ran)
	}
	s.stage("plan", "plain-1")
	rows, err := s.world().Ledger.OrdersByNumber(t.Context(), "C-1", "plain-1")
	s.check(err)
	if rows[0].Reason == order.HoldSKU {
		t.Error("the order is still held for its SKU")
	}
	viewer := s.as("v", ledger.Viewer, "en")
	viewer.want(viewer.post("/links", "account", "plain-1", "code", "x", "sku", "TOWEL-W"), http.StatusForbidden)
	if a := viewer.get("/links"); strings.Contains(a.body, `action="/links" class="bulk"`) {
		t.Error("a viewer is offered a link")
	}
}

func TestMasters(t *testing.T) {
	s := open(t)
	v := s.as("hanako", ledger.Operator, "en")
	for _, name := range []string{"sku-links", "skus", "payments", "delivery-services", "time-bands"} {
		page := v.want(v.get("/masters/"+name), http.StatusOK)
		v.shows(page, "Add a row", "Upload a table", "masters/"+name)
		for _, as := range []string{"csv", "xlsx"} {
			table := v.want(v.get("/masters/"+name+"/download/"+as), http.StatusOK)
			// What comes out goes in again and changes nothing.
			v.shows(v.want(v.send("/masters/"+name, "", name+"."+as, []byte(table.body)), http.StatusOK), "nothing changes", "Do not take it")
		}
	}
	v.want(v.get("/masters/no-such-master"), http.StatusNotFound)
	before := v.get("/masters/payments/download/csv").body
	for lang, texts := range map[string][]string{
		"en": {"p.csv:", ": is not a kind of payment", "<small>use one of "},
		"ja": {"p.csv:", ": 支払方法の種類ではありません", "<small>使える値: "},
		"ko": {"p.csv:", ": 결제수단 종류가 아닙니다", "<small>쓸 수 있는 값: "},
	} {
		reader := s.as("reader-"+lang, ledger.Operator, lang)
		reader.shows(reader.send("/masters/payments", "", "p.csv", []byte(before+"plain-1,Points,,points\n")), texts...)
		refused := reader.shows(reader.want(reader.post("/masters/payments/add", "name", "Points", "payment", "points"), http.StatusBadRequest), "masters/payments.csv:", texts[1])
		if strings.Contains(refused.body, "run check") || lang != "en" && strings.Contains(refused.body, "hint:") {
			t.Errorf("%s: the page names what is typed: %s", lang, refused.body)
		}
	}
	a := v.shows(v.send("/masters/payments", "", "p.csv", []byte(before+"plain-1,Voucher of the city,,prepaid\n")), "Voucher of the city", `class="added"`)
	other := s.as("taro", ledger.Operator, "en")
	other.want(other.get(a.path), http.StatusNotFound)
	v.want(v.get(strings.Replace(a.path, "payments", "time-bands", 1)), http.StatusNotFound)
	v.want(v.get(strings.Replace(a.path, "/masters/payments/preview", "/upload", 1)), http.StatusNotFound)
	v.shows(v.want(v.post(a.path+"/take"), http.StatusOK), "1 rows changed in masters/payments.csv", "Voucher of the city")
	if m, ok := s.world().Workspace.Payments.Map("plain-1", "plain", "Voucher of the city"); !ok || m != "prepaid" {
		t.Errorf("the payment is not taken over: %q %t", m, ok)
	}
	// What has an error changes nothing.
	a = v.shows(v.send("/masters/payments", "", "p.csv", []byte("name,payment\nx,no such kind\n")), `role="alert"`, "p.csv:2")
	v.want(v.post(a.path+"/take"), http.StatusBadRequest)
	v.want(v.post(a.path+"/drop"), http.StatusOK)
	v.want(v.post("/masters/payments/add", "name", "y", "payment", "no such kind"), http.StatusBadRequest)
	v.shows(v.want(v.post("/masters/payments/add", "name", "Second voucher", "payment", "prepaid"), http.StatusOK), "Second voucher", "the row is in masters/payments.csv")
	v.shows(v.want(v.post("/masters/sku-links/add", "account", "plain-1", "code", "ROW-1", "sku", "TOWEL-W", "quantity", "3"), http.StatusOK), "ROW-1")
	// A workspace that could not run is not taken: the file stays as it was.
	file := s.world().Workspace.Path("masters/payments.csv")
	was, err := os.ReadFile(file)
	s.check(err)
	s.broken = true
	v.want(v.post("/masters/payments/add", "name", "Third voucher", "payment", "prepaid"), http.StatusBadRequest)
	now, err := os.ReadFile(file)
	s.check(err)
	if string(now) != string(was) {
		t.Errorf("the master was changed all the same:\n%s", now)
	}
	acts, err := s.world().Ledger.Acts(t.Context(), 20)
	s.check(err)
	if !slices.ContainsFunc(acts, func(e ledger.Event) bool { return e.Kind == "master.changed" && e.Actor == "hanako" }) {
		t.Error("the audit trail has no change of a master")
	}
}

// A character that a warehouse's charset lacks is agreed once, and the file keeps its
// comments.
func TestReplacement(t *testing.T) {
	s := open(t)
	v := s.as("hanako", ledger.Operator, "en")
	ids, err := s.world().Ledger.Holds(t.Context(), "", 1000)
	s.check(err)
	held := slices.DeleteFunc(ids, func(h ledger.HeldFor) bool { return h.Reason != order.HoldCharacter })
	if len(held) == 0 {
		t.Fatal("no order is on hold for a character")
	}
	page := v.shows(v.get("/holds"), "/holds/replace", "U&#43;")
	point := html.UnescapeString(regexp.MustCompile(`name="char" value="([^"]+)"`).FindStringSubmatch(page.body)[1])
	file := s.world().Workspace.Path("warehouses/tokyo.yaml")
	was, err := os.ReadFile(file)
	s.check(err)
	for _, bad := range [][]string{{"char", "x", "with", "a", "warehouse", "tokyo"}, {"char", point, "with", "", "warehouse", "tokyo"}, {"char", point, "with", "a", "warehouse", "nowhere"}} {
		v.want(v.post("/holds/replace", bad...), http.StatusBadRequest)
	}
	v.shows(v.want(v.post("/holds/replace", "char", point, "with", "=", "warehouse", "tokyo"), http.StatusOK), "is written as =")
	now, err := os.ReadFile(file)
	s.check(err)
	if a, b := strings.Count(string(was), "#"), strings.Count(string(now), "#"); a != b {
		t.Errorf("%d comments became %d", a, b)
	}
	w, _ := s.world().Workspace.Warehouse("tokyo")
	if len(w.Replacements.Pairs) == 0 || !slices.ContainsFunc(s.ran, func(r string) bool { return strings.HasPrefix(r, "plan ") }) {
		t.Errorf("not taken over: %v %v", w.Replacements, s.ran)
	}
}

// One order that cannot be released does not keep the others.
func TestBulkReleaseGoesOn(t *testing.T) {
	s := open(t)
	v := s.as("hanako", ledger.Operator, "en")
	hs, err := s.world().Ledger.Holds(t.Context(), "", 1000)
	s.check(err)
	phone, sku := "", ""
	for _, h := range hs {
		switch h.Reason {
		case order.HoldPhone:
			phone = h.Account + "/" + h.Number
		case order.HoldSKU:
			sku = h.Account + "/" + h.Number
		}
	}
	form := url.Values{"reason": {string(order.HoldPhone)}, "note": {"called"}, "order": {"plain-1/no-such-order", sku, phone}}
	r, err := http.NewRequest(http.MethodPost, s.server.URL+"/holds/release", strings.NewReader(form.Encode()))
	s.check(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	v.shows(v.want(v.do(r), http.StatusOK), "1 orders are released, 2 are not", "no-such-order", sku[strings.Index(sku, "/")+1:])
}

func TestFinding(t *testing.T) {
	s := open(t)
	v := s.as("hanako", ledger.Operator, "en")
	rows, err := s.world().Ledger.Search(t.Context(), ledger.Search{State: "planned", Limit: 1})
	s.check(err)
	o := rows[0].Order
	for _, text := range []string{o.Number, o.Packages[0].To.Name, o.Packages[0].To.Phone, codesOf(o)} {
		a := v.shows(v.want(v.post("/orders", "q", text), http.StatusOK), ">"+o.Number+"</a>")
		if strings.Contains(a.query, url.QueryEscape(text)) {
			t.Errorf("the address %s holds what was looked for", a.query)
		}
	}
	v.shows(v.post("/orders", "q", "no such thing", "state", "planned"), "no order is like that")
	v.want(v.post("/orders", "q", strings.Repeat("x", 300)), http.StatusBadRequest)
	v.shows(v.want(v.post("/filters", "name", "mine", "query", "state=held"), http.StatusOK), ">mine</a>")
	if other := s.as("taro", ledger.Operator, "en"); strings.Contains(other.get("/orders").body, ">mine</a>") {
		t.Error("somebody else sees the search")
	}
	v.want(v.post("/filters", "name", "mine"), http.StatusOK)
	if strings.Contains(v.get("/orders").body, ">mine</a>") {
		t.Error("the search is still kept")
	}
}

func codesOf(o *order.Order) string {
	c := o.Packages[0].Lines[0].Codes
	for _, code := range []string{c.SKUCode, c.OptionCode, c.ItemCode, c.ItemID} {
		if code != "" {
			return code
		}
	}
	return o.Number
}

// What a person wishes or corrects is planned with, and stands in the order's story.
func TestWishesAndCorrections(t *testing.T) {
	s := open(t)
	v := s.as("hanako", ledger.Operator, "en")
	v.want(v.post(v.upload("plain-1", "more.csv", []byte(strings.Replace(good, "1000001", "1", 1))).path+"/take"), http.StatusOK)
	s.stage("plan", "plain-1")
	path := "/orders/plain-1/C-9"
	v.shows(v.get(path), "Correct the recipient", `name="0.postal" value="1"`)
	v.want(v.post(path+"/correct", "0.postal", "1000001"), http.StatusBadRequest)
	v.want(v.post(path+"/correct", "0.postal", "1", "note", "nothing new"), http.StatusBadRequest)
	v.shows(v.want(v.post(path+"/correct", "0.postal", "100-0001", "note", "the buyer called"), http.StatusOK), "is corrected", "100-0001")
	s.stage("plan", "plain-1")
	order1 := func() *ledger.Row {
		rows, err := s.world().Ledger.OrdersByNumber(t.Context(), "C-9", "plain-1")
		s.check(err)
		return &rows[0]
	}
	if r := order1(); r.State != ledger.Planned {
		t.Fatalf("the corrected order is %s, %s", r.State, r.Reason)
	}
	v.want(v.post(path+"/wish", "warehouse", "nowhere", "note", "x"), http.StatusBadRequest)
	v.want(v.post(path+"/wish", "service", "no such service", "note", "x"), http.StatusBadRequest)
	v.want(v.post(path+"/wish", "split", "half", "note", "x"), http.StatusBadRequest)
	v.shows(v.want(v.post(path+"/wish", "warehouse", "tokyo", "split", "piece", "apart", "1", "note", "they asked"), http.StatusOK), "warehouse tokyo, split by piece, kept apart")
	s.stage("plan", "plain-1")
	v.shows(v.want(v.post(path+"/wish", "do", "cancel", "note", "they called it off"), http.StatusOK), "cancelled here")
	s.stage("plan", "plain-1")
	if r := order1(); r.State != ledger.Outside || r.Reason != order.OutPerson {
		t.Errorf("the cancelled order is %s, %s", r.State, r.Reason)
	}
	v.shows(v.get(path), "a person cancelled it here", "Take the cancel back")
	v.want(v.post(path+"/wish", "do", "uncancel", "note", "a mistake"), http.StatusOK)
	s.stage("plan", "plain-1")
	if r := order1(); r.State != ledger.Planned {
		t.Errorf("the order is %s, %s", r.State, r.Reason)
	}
}

func TestStock(t *testing.T) {
	s := open(t)
	v := s.as("hanako", ledger.Operator, "en")
	p, err := stock.Take(t.Context(), s.world())
	s.check(err)
	if len(p.Levels) == 0 {
		t.Fatal("the day left no stock")
	}
	l := p.Levels[0]
	v.shows(v.want(v.get("/stock"), http.StatusOK), l.SKU, "sellable = figure")
	a := v.shows(v.get("/stock?q="+url.QueryEscape(l.SKU)+"&warehouse="+l.Warehouse), l.SKU)
	if strings.Contains(a.body, ">"+p.Levels[len(p.Levels)-1].SKU+"<") && p.Levels[len(p.Levels)-1].SKU != l.SKU {
		t.Error("the list is not narrowed")
	}
	v.shows(v.want(v.get("/stock/demand/csv"), http.StatusOK), "account,sku,name,listing,unshipped,instructed")
	// What waits is approved once.
	var told ledger.Product
	var account string
	for _, x := range s.world().Workspace.Accounts {
		id, _, err := s.world().Ledger.Account(t.Context(), x.Name, s.clock())
		s.check(err)
		if ps, err := s.world().Ledger.Products(t.Context(), id); err == nil && len(ps) > 0 {
			told, account = ps[0], x.Name
			s.check(s.world().Ledger.SetWaits(t.Context(), id, []ledger.Wait{{Product: told.Key, Kind: ledger.WaitZero, Was: 5, Wanted: 0}}, s.clock()))
			break
		}
	}
	if account == "" {
		t.Fatal("no account has products")
	}
	v.shows(v.get("/stock"), "1 quantities of "+account+" wait for approval")
	v.want(v.post("/stock/approve", "account", account), http.StatusBadRequest)
	v.shows(v.want(v.post("/stock/approve", "account", account, "note", "sold out"), http.StatusOK), "1 quantities of "+account+" are approved")
	v.want(v.post("/stock/approve", "account", account, "note", "again"), http.StatusConflict)
	if !slices.Contains(s.ran, "stock "+account) {
		t.Errorf("no stock run was asked for: %v", s.ran)
	}
}

// Who listens is told that something happened, and nobody else may listen.
func TestLive(t *testing.T) {
	s := open(t)
	stranger := s.visitor("en")
	stranger.want(stranger.get("/live"), http.StatusUnauthorized)
	v := s.as("hanako", ledger.Viewer, "en")
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.server.URL+"/live", http.NoBody)
	s.check(err)
	res, err := v.http.Do(r)
	s.check(err)
	defer res.Body.Close()
	if kind := res.Header.Get("Content-Type"); kind != "text/event-stream" {
		t.Fatalf("status %d, %s", res.StatusCode, kind)
	}
	lines := bufio.NewScanner(res.Body)
	if !lines.Scan() || lines.Text() != "retry: 5000" {
		t.Fatalf("the first line is %q", lines.Text())
	}
	s.check(s.world().Ledger.Record(t.Context(), s.clock(), ledger.Event{Kind: "test"}))
	for lines.Scan() {
		if lines.Text() == "event: changed" {
			return
		}
	}
	t.Fatalf("nothing was told: %v", lines.Err())
}

// An account is added and changed by forms; what is secret is written and never shown.
func TestAccounts(t *testing.T) {
	s := open(t)
	admin, operator := s.as("admin", ledger.Admin, "en"), s.as("o", ledger.Operator, "en")
	operator.want(operator.get("/accounts/new"), http.StatusForbidden)
	admin.shows(admin.want(admin.get("/accounts/new"), http.StatusOK), "/accounts/new?mall=coupang", "/accounts/new?mall=rakuten")
	admin.shows(admin.get("/accounts/new?mall=coupang"), `name="set.vendor_id"`, `type="password" name="set.secret_key"`, "WING")
	const secret = "0123456789abcdef0123456789abcdef01234567"
	form := []string{"mall", "coupang", "name", "coupang-9", "title", "Shop 9", "target", "INSTRUCT", "set.vendor_id", "A00012345", "set.access_key", "00000000-0000-0000-0000-000000000000", "set.secret_key", secret}
	bad := func(name, value string) []string {
		out := slices.Clone(form)
		for i := 0; i < len(out); i += 2 {
			if out[i] == name {
				out[i+1] = value
			}
		}
		return out
	}
	for _, x := range [][]string{bad("name", "Bad Name"), bad("name", "plain-1"), bad("target", "NO_SUCH"), bad("set.vendor_id", "x"), bad("set.secret_key", ""), bad("mall", "no-such-mall")} {
		if a := admin.post("/accounts/new", x...); a.status < 400 || a.status >= 500 {
			t.Errorf("%v: status %d", x, a.status)
		}
	}
	if _, ok := s.world().Workspace.Account("coupang-9"); ok {
		t.Fatal("a bad form added an account")
	}
	page := admin.shows(admin.want(admin.post("/accounts/new", form...), http.StatusOK), "coupang-9 is added", "A00012345", "kept; leave empty to keep it")
	a, ok := s.world().Workspace.Account("coupang-9")
	if !ok || a.API.Settings["vendor_id"] != "A00012345" || a.API.Secrets["secret_key"].Kind() != "file" {
		t.Fatalf("the account is %+v", a)
	}
	file, err := os.ReadFile(s.world().Workspace.Path("accounts/coupang-9.yaml"))
	s.check(err)
	if strings.Contains(page.body, secret) || strings.Contains(string(file), secret) {
		t.Error("the secret is shown")
	}
	if got, err := s.world().Secrets.Resolve(a.API.Secrets["secret_key"]); err != nil || got.Reveal() != secret {
		t.Errorf("the secret is kept as %v: %v", got, err)
	}
	// A change keeps the comments, and the secrets that the form leaves empty.
	admin.shows(admin.want(admin.post("/accounts/coupang-9", "switches", "1", "enabled", "1", "auto_instruction", "1", "title", "Shop nine", "set.vendor_id", "A00099999", "set.secret_key", ""), http.StatusOK), "coupang-9 is changed", "A00099999")
	a, _ = s.world().Workspace.Account("coupang-9")
	if a.Title != "Shop nine" || a.AutoOrderIntake || !a.AutoInstruction || a.AutoReport || a.API.Secrets["secret_key"] == "" {
		t.Errorf("after the change: %+v", a)
	}
	now, err := os.ReadFile(s.world().Workspace.Path("accounts/coupang-9.yaml"))
	s.check(err)
	if a, b := strings.Count(string(file), "#"), strings.Count(string(now), "#"); a != b {
		t.Errorf("%d comments became %d", a, b)
	}
	admin.want(admin.post("/accounts/coupang-9", "set.vendor_id", "bad"), http.StatusBadRequest)
	admin.want(admin.post("/accounts/coupang-9", "set.secret_key", "short"), http.StatusBadRequest)
	admin.shows(admin.post("/accounts/coupang-9", "title", "Shop nine"), "nothing changes")
	operator.want(operator.post("/accounts/coupang-9", "title", "x"), http.StatusForbidden)
	operator.want(operator.post("/accounts/plain-1/test"), http.StatusBadRequest)
	admin.want(admin.post("/accounts/plain-1/consent"), http.StatusBadRequest)
	admin.want(admin.post("/accounts/plain-1/consent/answer", "answer", "x"), http.StatusConflict)
	admin.want(admin.get("/accounts/no-such-account"), http.StatusNotFound)
	acts, err := s.world().Ledger.Acts(t.Context(), 20)
	s.check(err)
	for _, e := range acts {
		if strings.Contains(e.Detail, secret) {
			t.Error("the audit trail holds the secret")
		}
	}
	if !slices.ContainsFunc(acts, func(e ledger.Event) bool { return e.Kind == "account.added" && e.Detail == "coupang-9: coupang" }) {
		t.Error("the audit trail has no new account")
	}
}

// What a mall gave is masked until somebody says why it is looked at.
func TestRawIsMasked(t *testing.T) {
	s := open(t)
	v := s.as("hanako", ledger.Operator, "en")
	v.want(v.post(v.upload("plain-1", "more.csv", []byte(good)).path+"/take"), http.StatusOK)
	path := "/orders/plain-1/C-9"
	v.shows(v.get(path), path+"/raw")
	a := v.shows(v.want(v.get(path+"/raw"), http.StatusOK), "C-9", "ready", "••")
	for _, secret := range []string{"見本", "03-0000-0001", "1000001", "千代田"} {
		if strings.Contains(a.body, secret) {
			t.Errorf("%s is shown", secret)
		}
	}
	v.want(v.post(path+"/raw", "note", ""), http.StatusBadRequest)
	v.shows(v.want(v.post(path+"/raw", "note", "the buyer asks"), http.StatusOK), "見本 花子", "03-0000-0001")
	s.move(6 * time.Minute)
	if strings.Contains(v.get(path+"/raw").body, "見本") {
		t.Error("it stays unmasked")
	}
	viewer := s.as("v", ledger.Viewer, "en")
	viewer.want(viewer.get(path+"/raw"), http.StatusForbidden)
	acts, err := s.world().Ledger.Acts(t.Context(), 10)
	s.check(err)
	if !slices.ContainsFunc(acts, func(e ledger.Event) bool { return e.Kind == "raw.shown" && e.Detail == "the buyer asks" }) {
		t.Error("the audit trail does not say who looked")
	}
}
