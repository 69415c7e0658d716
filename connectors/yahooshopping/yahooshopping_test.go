package yahooshopping_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/yahooshopping"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/simulator/orders"
	mall "github.com/mallbridge/mallbridge/simulator/yahoo"
)

// A shop agrees in a browser, and what comes back is redeemed once.
func TestConsent(t *testing.T) {
	r := newRig(t)
	r.Move(40 * 24 * time.Hour) // the consent before has ended
	r.secrets["refresh_token"] = ""
	link, err := r.Driver.Consent("http://elsewhere.example/", "STATE-1")
	r.check(err)
	c := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := c.Get(link)
	r.check(err)
	defer res.Body.Close()
	back, err := res.Location()
	if err != nil || !strings.HasPrefix(back.String(), callback) || back.Query().Get("state") != "STATE-1" {
		t.Fatalf("%v %v", back, err)
	}
	g, err := r.Driver.Redeem(t.Context(), "http://elsewhere.example/", back.Query())
	r.check(err)
	if g.Secrets["refresh_token"] == "" || g.Settings["consented"] != r.Now().In(mall.Tokyo).Format(time.RFC3339) {
		t.Errorf("%+v", g.Settings)
	}
	r.secrets["refresh_token"] = g.Secrets["refresh_token"]
	r.Account.Settings["consented"] = g.Settings["consented"]
	r.Open(yahooshopping.Spec, r.Account)
	r.put(nil)
	if n := len(r.read(connectors.ReadNew)); n != 1 {
		t.Errorf("%d orders", n)
	}
	// A code works once, and a refusal in the browser has none.
	for _, answer := range []url.Values{back.Query(), {"error": {"access_denied"}, "error_description": {"no"}}} {
		_, err := r.Driver.Redeem(t.Context(), "", answer)
		if err == nil || order.HintOf(err) == "" || strings.Contains(err.Error(), "CODE-") {
			t.Errorf("%v", err)
		}
	}
}

// Whatever ends the consent stops the account with what to do.
func TestEndsOfAConsent(t *testing.T) {
	for _, x := range []struct {
		name string
		do   func(*rig)
		code string
		do2  string
	}{
		{"none yet", func(r *rig) { r.secrets["refresh_token"] = "" }, "no consent yet", "run account consent yahoo-main"},
		{"28 days are over", func(r *rig) { r.Move(28 * 24 * time.Hour) }, "invalid_grant", "run account consent"},
		{"withdrawn", func(r *rig) { r.check(r.Withdraw(seller)) }, "invalid_grant", "run account consent"},
		{"another secret", func(r *rig) { r.secrets["client_secret"] = "ANOTHER-0123456789" }, "invalid_client", "client_secret"},
	} {
		t.Run(x.name, func(t *testing.T) {
			r := newRig(t)
			x.do(r)
			_, err := r.Driver.ReadStock(t.Context(), []order.Codes{{ItemCode: "a"}})
			e := connectors.AsError(err)
			if err == nil || e.Class != connectors.Reauth || e.Cause != connectors.CauseKey || !strings.Contains(err.Error(), x.code) || !strings.Contains(e.Hint, x.do2) {
				t.Errorf("%v (%v, %q)", err, e.Class, e.Hint)
			}
		})
	}
	// While an access token still lives: the API says so itself.
	r := newRig(t)
	r.secrets["public_key"] = ""
	r.put(nil)
	r.read(connectors.ReadNew)
	r.Move(11*time.Hour + 30*time.Minute)
	r.put(nil)
	r.read(connectors.ReadNew)
	r.Move(35 * time.Minute)
	for range r.Driver.Read(t.Context(), connectors.Read{Window: connectors.Window{From: r.Now().Add(-time.Hour), To: r.Now()}, Kind: connectors.ReadNew}) {
	}
	_, err := r.Driver.ReadStock(t.Context(), []order.Codes{{ItemCode: "a"}})
	if e := connectors.AsError(err); err == nil || e.Code != "px-04102" || e.Class != connectors.Reauth || !strings.Contains(e.Hint, "public_key") {
		t.Errorf("%v %q", err, e.Hint)
	}
}

// The signature is the seller ID and the time, encrypted anew for each call; the mall
// checks it.
func TestSignature(t *testing.T) {
	bodyOf := func(text string) string {
		block, _ := pem.Decode([]byte(text))
		return base64.StdEncoding.EncodeToString(block.Bytes)
	}
	for name, key := range map[string]string{
		"PEM": publicPEM(), "without frame": bodyOf(publicPEM()), "line ends written out": strings.ReplaceAll(publicPEM(), "\n", `\n`),
	} {
		r := newRig(t)
		r.secrets["public_key"] = key
		signatures := map[string]bool{}
		r.Between(func(w http.ResponseWriter, q *http.Request, m http.Handler) {
			signatures[q.Header.Get("X-sws-signature")] = true
			m.ServeHTTP(w, q)
		})
		r.put(nil)
		r.read(connectors.ReadNew)
		if life := r.ConsentEnds(seller).Sub(r.Now()); life < 27*24*time.Hour || len(signatures) < 3 {
			t.Errorf("%s: the consent lives %v, %d signatures", name, life, len(signatures))
		}
	}
	for name, change := range map[string]func(r *rig){
		"no key":      func(r *rig) { r.secrets["public_key"] = "" },
		"old version": func(r *rig) { r.Account.Settings["key_version"] = "1" },
	} {
		r := newRig(t)
		change(r)
		var log bytes.Buffer
		m, err := yahooshopping.Spec.Open(r.Account, connectors.Options{Now: r.Now, Sleep: r.Sleep, Log: slog.New(slog.NewTextHandler(&log, nil))})
		r.check(err)
		r.Driver = m
		r.put(nil)
		if n := len(r.read(connectors.ReadNew)); n != 1 { // the reply is good all the same
			t.Errorf("%s: %d orders", name, n)
		}
		if life := r.ConsentEnds(seller).Sub(r.Now()); life > 12*time.Hour {
			t.Errorf("%s: the consent lives %v", name, life)
		}
		at, err := r.Driver.Expires(t.Context())
		if d := at.Sub(r.Now()); err != nil || d > 12*time.Hour {
			t.Errorf("%s: the driver thinks it lives %v, %v", name, d, err)
		}
		if warned := strings.Count(log.String(), "the signature was not accepted"); warned > 1 || (warned == 1) != (name == "old version") {
			t.Errorf("%s: warned %d times: %s", name, warned, log.String())
		}
		bad := ""
		for _, c := range r.Driver.Test(t.Context()) {
			if c.Name == "signature" && !c.OK {
				bad = c.Do
			}
		}
		if !strings.Contains(bad, "暗号鍵管理") {
			t.Errorf("%s: the test says %q", name, bad)
		}
	}
	for name, key := range map[string]string{"no key": "not a key", "another kind": "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"} {
		r := newRig(t)
		r.secrets["public_key"] = key
		_, err := r.Driver.ReadStock(t.Context(), []order.Codes{{ItemCode: "a"}})
		if e := connectors.AsError(err); err == nil || e.Cause != connectors.CauseKey || strings.Contains(err.Error(), "not a key") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The older certificate stands in for the signature.
func TestCertificate(t *testing.T) {
	r := newRig(t)
	der, err := x509.CreateCertificate(chachaReader(), &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: seller}, NotBefore: time.Unix(0, 0), NotAfter: time.Now().AddDate(1, 0, 0),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: seller}}, &pair().PublicKey, pair())
	r.check(err)
	r.store.Certificate = der
	r.add()
	server := httptest.NewUnstartedServer(r.Mall)
	server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	t.Cleanup(server.Close)
	r.secrets["public_key"] = ""
	r.secrets["certificate"] = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	private, err := x509.MarshalPKCS8PrivateKey(pair())
	r.check(err)
	r.secrets["certificate_key"] = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
	r.Account.Settings[connectors.BaseURL] = server.URL
	open := func() {
		m, err := yahooshopping.Spec.Open(r.Account, connectors.Options{Now: r.Now, Sleep: r.Sleep, HTTP: server.Client().Transport})
		r.check(err)
		r.Driver = m
	}
	open()
	r.put(nil)
	r.read(connectors.ReadNew)
	if life := r.ConsentEnds(seller).Sub(r.Now()); life < 27*24*time.Hour {
		t.Errorf("the consent lives %v", life)
	}
	if at, err := r.Driver.Expires(t.Context()); err != nil || at.Sub(r.Now()) < 27*24*time.Hour {
		t.Errorf("%v %v", at, err)
	}
	r.secrets["certificate_key"] = "no key"
	open()
	if _, err := r.Driver.ReadStock(t.Context(), []order.Codes{{ItemCode: "a"}}); err == nil || strings.Contains(err.Error(), "no key") {
		t.Errorf("%v", err)
	}
}

func TestExpiry(t *testing.T) {
	for _, x := range []struct{ consented, issued, want string }{
		{"2026-09-01T10:00:00+09:00", "2026-07-01", "2026-09-29T01:00:00Z"},
		{"2026-09-01", "2026-07-01", "2026-09-28T15:00:00Z"},
		{"2026-09-01", "", "2026-09-28T15:00:00Z"},
		{"2026-09-01", "2025-09-10", "2026-09-09T14:59:59Z"}, // the key's year ends first
		{"", "2026-07-01", "0001-01-01T00:00:00Z"},
	} {
		r := newRig(t, "consented", x.consented, "key_issued", x.issued)
		if at, err := r.Driver.Expires(t.Context()); err != nil || at.Format(time.RFC3339) != x.want {
			t.Errorf("%+v: %v %v", x, at, err)
		}
	}
}

// An order that was held back for a fraud check keeps its old time, and comes when it
// is released.
func TestReleasedOrdersCome(t *testing.T) {
	r := newRig(t)
	o := r.put(func(o *orders.Order) { o.Ordered = r.Now().Add(-30 * time.Hour) })
	r.check(r.Suspect(seller, o.Number))
	if got := r.read(connectors.ReadNew); len(got) != 0 {
		t.Errorf("%v", got)
	}
	r.Move(time.Hour)
	r.check(r.Release(seller, o.Number))
	r.Move(time.Minute)
	if got := r.read(connectors.ReadNew); len(got) != 1 || marked(got[o.Number], order.FlagMallCheck) {
		t.Errorf("%v", got)
	}
	if n := r.Called("PublicationTimeFrom"); n != 2 {
		t.Errorf("%d searches by publication", n)
	}
}

// In the buyer's ten minutes an order neither comes nor can be shipped.
func TestBuyersTime(t *testing.T) {
	r := newRig(t)
	o := r.put(func(o *orders.Order) { o.Ordered = r.Now().Add(-5 * time.Minute) })
	if got := r.read(connectors.ReadNew); len(got) != 0 {
		t.Errorf("%v", got)
	}
	if !marked(r.Order(o.Number), order.FlagMallCheck) {
		t.Error("the order is not marked")
	}
	r.WantText(r.Ship(parcel(o, "400000000105"))[0], connectors.Retry, "can still cancel")
	if n := r.Called("orderShipStatusChange"); n != 0 {
		t.Errorf("%d calls", n)
	}
	r.Move(5 * time.Minute)
	if got := r.read(connectors.ReadNew); len(got) != 1 || marked(got[o.Number], order.FlagMallCheck) {
		t.Errorf("%v", got)
	}
}

func marked(o order.Order, flag string) bool { return o.HasFlag(flag) }

// Open orders whose row in the search did not change are not read again; a read by
// number always is.
func TestUnchangedOrdersAreRemembered(t *testing.T) {
	r := newRig(t)
	a, b := r.put(nil), r.put(nil)
	first := r.read(connectors.ReadOpen)
	r.Forget()
	r.Move(time.Minute)
	if again := r.read(connectors.ReadOpen); len(again) != 2 || len(first) != 2 || r.Called("orderInfo") != 0 {
		t.Errorf("%d orders, %d calls", len(again), r.Called("orderInfo"))
	}
	r.check(r.Change(seller, a.Number, map[string]string{"ShipAddress1": "別町9-9"}))
	if got := r.read(connectors.ReadOpen); got[a.Number].Packages[0].To.Street != "別町9-9" || r.Called("orderInfo") != 1 {
		t.Errorf("%+v, %d calls", got[a.Number].Packages, r.Called("orderInfo"))
	}
	r.Forget()
	r.Order(b.Number)
	if r.Called("orderInfo") != 1 {
		t.Error("a read by number came from memory")
	}
	r.Move(7 * time.Hour)
	r.Forget()
	w := connectors.Window{From: r.Now().Add(-24 * time.Hour), To: r.Now()}
	r.Parsed(r.Driver.Read(t.Context(), connectors.Read{Window: w, Kind: connectors.ReadOpen}))
	if r.Called("orderInfo") != 2 {
		t.Errorf("%d calls after seven hours", r.Called("orderInfo"))
	}
}

// What an order shows of payment and shipping beside its status.
func TestStatuses(t *testing.T) {
	r := newRig(t)
	for want, change := range map[string]map[string]string{
		"2":                   {},
		"2 deferred":          {"PayMethod": "payment_d1", "PayType": "0", "PayStatus": "0", "SettleStatus": "2"},
		"2/unpaid":            {"PayMethod": "payment_b1", "PayStatus": "0", "SettleStatus": "2"},
		"2/not_allowed":       {"ShipStatus": "0"},
		"2/shipped":           {"ShipStatus": "3"},
		"2/shipped arrived":   {"ShipStatus": "4"},
		"2/payment_failed":    {"SettleStatus": "10"},
		"2/payment_unknown":   {"PayMethod": "payment_b1", "PayStatus": "", "SettleStatus": "2"},
		"2 settled":           {"PayStatus": "", "SettleStatus": "5"},
		"2/unpaid applied":    {"PayStatus": "", "SettleStatus": "1"},
		"2/split":             {"IsSplit": "true"},
		"1":                   {"OrderStatus": "1"},
		"4":                   {"OrderStatus": "4", "IsSplit": "true"},
		"2/payment_unknown ?": {"PayStatus": "", "SettleStatus": ""},
	} {
		o := r.put(nil)
		r.check(r.Change(seller, o.Number, change))
		got := r.Order(o.Number)
		want, _, _ := strings.Cut(want, " ")
		if is := strings.TrimSuffix(got.Status+"/"+got.SubStatus, "/"); is != want {
			t.Errorf("%v: %s, want %s", change, is, want)
		}
	}
	for flag, change := range map[string]map[string]string{
		order.FlagMallCheck:    {"FraudHoldStatus": "3"},
		order.FlagWarning:      {"Suspect": "1"},
		order.FlagGift:         {"GiftWrapMessage": "祝"},
		order.FlagAddressLater: {"IsLineGiftOrder": "true", "IsLineGiftShippable": "false"},
		order.FlagMedicine:     {"IsFirstClassDrugIncludes": "true"},
		order.FlagMallFulfils:  {"ShipInstructType": "102"},
		order.FlagAmountOpen:   {"RemoteAreaShippingType": "2"},
		order.FlagIsland:       {"RemoteAreaShippingType": "1"},
	} {
		o := r.put(nil)
		r.check(r.Change(seller, o.Number, change))
		if got := r.Order(o.Number); !got.HasFlag(flag) {
			t.Errorf("%v: %v", change, got.Flags)
		}
	}
	o := r.put(nil)
	r.check(r.Change(seller, o.Number, map[string]string{"Suspect": "2", "SuspectMessage": "確認済み", "SocialGiftType": "1", "ShipZipCode": "920-0999"}))
	if got := r.Order(o.Number); len(got.Flags) != 0 || got.Buyer != (order.Party{}) || got.Packages[0].To.Postal != "9200999" {
		t.Errorf("%v %+v", got.Flags, got)
	}
}

// Orders of auctions: which account takes them, and by which code lines are known.
func TestAuctions(t *testing.T) {
	for _, x := range []struct {
		spec   connectors.Spec
		orders string
		want   int
	}{{yahooshopping.Spec, "all", 2}, {yahooshopping.Spec, "shopping", 1}, {yahooshopping.AuctionSpec, "", 1}} {
		set := []string{"orders", x.orders}
		if x.orders == "" {
			set = nil
		}
		r := newRigOf(t, x.spec, set...)
		r.put(nil)
		r.of = orders.YahooAuction
		won := r.put(nil)
		got := r.read(connectors.ReadNew)
		if _, auction := got[won.Number]; len(got) != x.want || auction == (x.orders == "shopping") {
			t.Errorf("%s %s: %d orders", x.spec.About().Name, x.orders, len(got))
		}
	}
	r := newRigOf(t, yahooshopping.AuctionSpec)
	r.of = orders.YahooAuction
	codes := func(change map[string]string, lines ...orders.Line) []string {
		o := r.put(func(o *orders.Order) {
			if len(lines) > 0 {
				o.Parcels[0].Lines = lines
			}
		})
		r.check(r.Change(seller, o.Number, change))
		var out []string
		for _, l := range r.Order(o.Number).Packages[0].Lines {
			out = append(out, l.Codes.SKUCode)
		}
		return out
	}
	lens := orders.Line{Key: "1", ItemID: "z1", ItemCode: "z1", SKUCode: "LENS-50/1.4", Name: "標準レンズ", Quantity: 1, Price: 12500}
	capOf := orders.Line{Key: "2", ItemID: "z2", ItemCode: "z2", SKUCode: "CAP<52>", Name: "レンズキャップ", Quantity: 1, Price: 800}
	bare := lens
	bare.SKUCode = ""
	for _, x := range []struct {
		name   string
		change map[string]string
		lines  []orders.Line
		want   []string
	}{
		{"two wins", nil, []orders.Line{lens, capOf}, []string{"LENS-50/1.4", "CAP<52>"}},
		{"a fixed price", map[string]string{"YahooAuctionBidType": "0"}, []orders.Line{lens}, []string{""}},
		{"the order's number", map[string]string{"YahooAuctionMerchantId": "A&B"}, []orders.Line{bare}, []string{"A&B"}},
		{"not of two lines", map[string]string{"YahooAuctionMerchantId": "A&B"}, []orders.Line{bare, capOf}, []string{"", "CAP<52>"}},
	} {
		if got := codes(x.change, x.lines...); !slices.Equal(got, x.want) {
			t.Errorf("%s: %q, want %q", x.name, got, x.want)
		}
	}
	car := r.put(nil)
	r.check(r.Change(seller, car.Number, map[string]string{"YahooAuctionCategoryType": "1"}))
	if got := r.Order(car.Number); !got.HasFlag(order.FlagWarning) {
		t.Errorf("%v", got.Flags)
	}
}

// A field that the mall refuses can be left out, and other refusals of the search are
// told.
func TestFieldsThatWereWithdrawn(t *testing.T) {
	r := newRig(t, "without_fields", "Jan,GiftWrapName")
	r.put(nil)
	if n := len(r.read(connectors.ReadNew)); n != 1 || r.Called(",Jan,") != 0 || r.Called(",GiftWrapName,") != 0 || r.Called(",Quantity,") != 1 {
		t.Errorf("%d orders; %v", n, r.Calls())
	}
}

// An unknown error about one order keeps no other away.
func TestOneBadOrder(t *testing.T) {
	r := newRig(t)
	a, b := r.put(nil), r.put(nil)
	r.Between(func(w http.ResponseWriter, q *http.Request, m http.Handler) {
		body, _ := io.ReadAll(q.Body)
		q.Body = io.NopCloser(bytes.NewReader(body))
		if strings.HasSuffix(q.URL.Path, "orderInfo") && bytes.Contains(body, []byte(a.Number)) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `<Error><Code>od99999</Code><Message>invented example</Message></Error>`)
			return
		}
		m.ServeHTTP(w, q)
	})
	w := connectors.Window{From: r.Now().Add(-3 * time.Hour), To: r.Now()}
	all, missing := r.Parsed(r.Driver.Read(t.Context(), connectors.Read{Window: w, Kind: connectors.ReadNew}))
	if len(all.Orders) != 1 || all.Orders[0].Number != b.Number || !slices.Equal(missing, []string{a.Number}) {
		t.Errorf("%d orders, missing %v", len(all.Orders), missing)
	}
}

// What the mall may say instead of an answer, and what is to be done about it.
func TestErrorsAreSorted(t *testing.T) {
	for _, x := range []struct {
		name   string
		status int
		body   string
		class  connectors.Class
		cause  connectors.Cause
		code   string
	}{
		{"12 hours", 401, `<?xml version='1.0' encoding='UTF-8'?><Error><Message>AccessToken has been expired. This API session is shorter than another API.</Message><Code>px-04102</Code></Error>`, connectors.Reauth, connectors.CauseKey, "px-04102"},
		{"address", 403, `<Error><Message>source address is not permitted</Message><Code>px-04306</Code></Error>`, connectors.Reauth, connectors.CauseIP, "px-04306"},
		{"approval", 403, `<Error><Code>px-04303</Code><Message>x</Message></Error>`, connectors.Reauth, connectors.CauseFunction, "px-04303"},
		{"agreement", 403, `<Error><Code>px-14303</Code><Message>x</Message></Error>`, connectors.Reauth, connectors.CauseFunction, "px-14303"},
		{"another's store", 403, `<Error><Code>px-14304</Code><Message>x</Message></Error>`, connectors.Reauth, connectors.CauseFunction, "px-14304"},
		{"used up", 403, `<Error xmlns="urn:yahoo:api"><Message>Your Request was Forbidden</Message></Error>`, connectors.Wait, "", ""},
		{"bad code", 400, `<Error xmlns="urn:yahoo:api"><Message>item_code(あ) is invalid format.</Message><Code>st-02101</Code></Error>`, connectors.Refused, "", "st-02101"},
		{"inside", 200, `<Result><Status>NG</Status><Error><Code>od99999</Code><Message>invented example</Message></Error></Result>`, connectors.Refused, "", "od99999"},
		{"inside a set", 200, `<ResultSet><Result><Status>NG</Status><Error><Code>ed-1</Code><Message>x</Message></Error></Result></ResultSet>`, connectors.Refused, "", "ed-1"},
		{"maintenance", 503, `<Error><Code>ed-00002</Code><Message>maintenance</Message></Error>`, connectors.Transient, "", "ed-00002"},
		{"a page", 200, `<html><body>メンテナンス</body></html>`, connectors.Transient, "", ""},
		{"cut", 200, `<ResultSet><Result>`, connectors.Transient, "", ""},
		{"no credentials", 401, `<Error><Message>Please provide valid credentials.</Message></Error>`, connectors.Reauth, connectors.CauseKey, ""},
	} {
		r := newRig(t)
		r.Between(func(w http.ResponseWriter, q *http.Request, m http.Handler) {
			if !strings.HasSuffix(q.URL.Path, "getStock") {
				m.ServeHTTP(w, q)
				return
			}
			w.WriteHeader(x.status)
			_, _ = io.WriteString(w, x.body)
		})
		_, err := r.Driver.ReadStock(t.Context(), []order.Codes{{ItemCode: "a"}})
		e := connectors.AsError(err)
		if err == nil || e.Class != x.class || e.Cause != x.cause || e.Code != x.code || x.class == connectors.Reauth && e.Hint == "" {
			t.Errorf("%s: %v: %v %v %q %q", x.name, err, e.Class, e.Cause, e.Code, e.Hint)
		}
	}
}
