package notice

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"mime"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/internal/secrets"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

// noon in Tokyo.
var noon = time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)

// A world is a workspace with channels, at a moment that tests move.
type world struct {
	t   *testing.T
	env *stage.Env
	at  time.Time
}

func newWorld(t *testing.T, alerts string, vars map[string]string) *world {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../testdata/workspaces/shop")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "mallbridge.yaml"), []byte("timezone: Asia/Tokyo\nlanguage: en\n"+alerts), 0o600); err != nil {
		t.Fatal(err)
	}
	ws, findings, err := configs.Load(dir, nil)
	if err != nil || findings.Errors() > 0 {
		t.Fatal(err, findings)
	}
	l, err := ledger.Open(t.Context(), filepath.Join(dir, "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	w := &world{t: t, at: noon}
	w.env = &stage.Env{
		Workspace: ws, Ledger: l, Now: func() time.Time { return w.at }, Log: slog.New(slog.DiscardHandler), Owner: "test/1",
		Secrets: &secrets.Resolver{Dir: dir, Getenv: func(name string) (string, bool) { v, ok := vars[name]; return v, ok }},
	}
	return w
}

func (w *world) send() Report {
	w.t.Helper()
	rep, err := Send(w.t.Context(), w.env)
	if err != nil {
		w.t.Fatal(err)
	}
	return rep
}

func (w *world) raise(a ledger.Alert) {
	w.t.Helper()
	if _, err := w.env.Ledger.Raise(w.t.Context(), w.at, a); err != nil {
		w.t.Fatal(err)
	}
}

// A hook is a chat service.
type hook struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	got    []call
}

type call struct {
	body   string
	header http.Header
}

func newHook(t *testing.T, secure bool) *hook {
	h := &hook{status: 200}
	h.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		h.mu.Lock()
		defer h.mu.Unlock()
		h.got = append(h.got, call{string(body), r.Header})
		w.Header().Set("Location", "https://elsewhere.example/")
		w.WriteHeader(h.status)
		io.WriteString(w, "said by the service")
	}))
	h.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	if secure {
		h.StartTLS()
	} else {
		h.Start()
	}
	t.Cleanup(h.Close)
	return h
}

func (h *hook) take() []call {
	h.mu.Lock()
	defer h.mu.Unlock()
	got := h.got
	h.got = nil
	return got
}

func (h *hook) answer(status int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.status = status
}

// trust makes the test's authority the only one.
func trust(t *testing.T, c *x509.Certificate) {
	t.Helper()
	roots = x509.NewCertPool()
	roots.AddCert(c)
	t.Cleanup(func() { roots = nil })
}

const oneHook = `alerts:
  channels:
    - {name: chat, webhook: {url: "env:HOOK", for: slack}}
`

func TestAnAlertIsToldOnce(t *testing.T) {
	h := newHook(t, false)
	w := newWorld(t, oneHook, map[string]string{"HOOK": h.URL + "/services/hidden-token"})
	if rep := w.send(); rep.Sent != 0 || len(h.take()) != 0 {
		t.Fatal("something was told of nothing")
	}
	ack := ledger.Alert{Kind: order.AlertNoAck, Target: "tokyo", Subject: "a.csv", Args: []string{"09:00"}}
	w.raise(ack)
	tell := func(what string, wants ...string) {
		t.Helper()
		w.send()
		got := h.take()
		if len(wants) == 0 {
			if len(got) != 0 {
				t.Errorf("%s: told %q", what, got[0].body)
			}
			return
		}
		if len(got) != 1 {
			t.Fatalf("%s: %d messages", what, len(got))
		}
		var m struct{ Text string }
		if err := json.Unmarshal([]byte(got[0].body), &m); err != nil {
			t.Fatalf("%s: %v: %s", what, err, got[0].body)
		}
		for _, want := range wants {
			if !strings.Contains(m.Text, want) {
				t.Errorf("%s: %q lacks %q", what, m.Text, want)
			}
		}
	}
	tell("when it begins", "[act now] tokyo: file a.csv, sent at 09:00, has no ack (since 2026-11-24 12:00)", "→ ask the warehouse")
	tell("at once again")
	w.at = w.at.Add(23 * time.Hour)
	tell("before a day is over")
	w.at = w.at.Add(time.Hour)
	tell("after a day", "[act now]")
	tell("after a day, again")
	// Two at once are one message; a step is told, as it is now.
	w.at = w.at.Add(time.Minute)
	ack.Step = 2
	w.raise(ack)
	w.raise(ledger.Alert{Kind: order.AlertLowStock, Target: "tokyo", Subject: "TEE", Args: []string{"1", "5"}})
	tell("a step and another", "2 notices", "a.csv", "[warning] tokyo: 1 of SKU TEE are left")
	w.at = w.at.Add(time.Minute)
	if err := w.env.Ledger.EndAlert(t.Context(), ack.Kind, ack.Target, ack.Subject, w.at); err != nil {
		t.Fatal(err)
	}
	tell("when it ends", "[ended] tokyo: file a.csv")
	tell("after its end")
	// It comes again: another alert.
	w.raise(ack)
	tell("the next one", "a.csv")
}

func TestTwoProcessesTellOnce(t *testing.T) {
	h := newHook(t, false)
	w := newWorld(t, oneHook, map[string]string{"HOOK": h.URL})
	for i := range 20 {
		w.raise(ledger.Alert{Kind: order.AlertNoAck, Target: "tokyo", Subject: fmt.Sprint(i), Args: []string{"x"}})
	}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			env := *w.env
			env.Owner = fmt.Sprintf("test/%d", i)
			if _, err := Send(t.Context(), &env); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := h.take(); len(got) != 1 {
		t.Errorf("%d messages", len(got))
	}
}

func TestAFailingChannelIsTriedAgainAndShown(t *testing.T) {
	bad, good := newHook(t, false), newHook(t, false)
	bad.answer(500)
	w := newWorld(t, `alerts:
  channels:
    - {name: bad, webhook: {url: "env:BAD"}}
    - {name: good, webhook: {url: "env:GOOD", for: slack}}
`, map[string]string{"BAD": bad.URL + "/hidden-token", "GOOD": good.URL})
	w.raise(ledger.Alert{Kind: order.AlertNoAck, Target: "tokyo", Subject: "a.csv", Args: []string{"x"}})
	rep := w.send()
	if rep.Sent != 1 || rep.Waiting != 1 || len(rep.Errors) != 1 || !strings.Contains(rep.Errors[0], "500") || strings.Contains(rep.Errors[0], "hidden-token") {
		t.Errorf("report: %+v", rep)
	}
	first := bad.take()
	if w.send(); len(bad.take()) != 0 {
		t.Error("it was tried again at once")
	}
	var waits []time.Duration
	last := w.at
	for len(waits) < 8 {
		w.at = w.at.Add(30 * time.Second)
		w.send()
		if again := bad.take(); len(again) > 0 {
			if again[0].header.Get("Mallbridge-Notice") != first[0].header.Get("Mallbridge-Notice") {
				t.Error("the same notice has another id")
			}
			waits, last = append(waits, w.at.Sub(last)), w.at
		}
	}
	if waits[0] != time.Minute || waits[3] != 8*time.Minute || waits[7] != time.Hour {
		t.Errorf("waits: %v", waits)
	}
	as, err := w.env.Ledger.Alerts(t.Context(), ledger.AlertList{Kind: order.AlertNotices})
	if err != nil || len(as) != 1 || as[0].Subject != "bad" || strings.Contains(strings.Join(as[0].Args, " "), "hidden-token") {
		t.Errorf("alerts: %+v, %v", as, err)
	}
	w.at = w.at.Add(time.Second)
	w.send()
	var told string
	for _, c := range good.take() {
		told += c.body
	}
	if !strings.Contains(told, "notices cannot be sent on channel bad") {
		t.Errorf("the other channel was told %s", told)
	}
	bad.answer(200)
	w.at = w.at.Add(time.Hour)
	w.send()
	if got := bad.take(); len(got) != 1 {
		t.Errorf("%d messages when it works again", len(got))
	}
	if as, err := w.env.Ledger.Alerts(t.Context(), ledger.AlertList{Kind: order.AlertNotices}); err != nil || len(as) != 0 {
		t.Errorf("still an alert: %+v, %v", as, err)
	}
}

func TestQuietHoursLevelsAndSummary(t *testing.T) {
	h := newHook(t, false)
	w := newWorld(t, `alerts:
  repeat: 0
  channels:
    - name: night
      webhook: {url: "env:HOOK", for: slack}
      quiet_hours: {from: "22:00", to: "07:00"}
      summary: "08:30"
      language: ja
`, map[string]string{"HOOK": h.URL})
	bodies := func() (out string) {
		w.send()
		for _, c := range h.take() {
			out += c.body
		}
		return out
	}
	if got := bodies(); !strings.Contains(got, "本日のまとめ") || !strings.Contains(got, "未解消のお知らせはありません") {
		t.Errorf("at noon the summary of the day is due: %s", got)
	}
	if got := bodies(); got != "" {
		t.Errorf("a second summary: %s", got)
	}
	w.at = time.Date(2026, 11, 24, 14, 0, 0, 0, time.UTC) // 23:00
	w.raise(ledger.Alert{Kind: order.AlertLowStock, Target: "tokyo", Subject: "TEE", Args: []string{"1", "5"}})
	w.raise(ledger.Alert{Kind: order.AlertLowStock, Target: "tokyo", Subject: "MUG", Args: []string{"1", "5"}})
	w.raise(ledger.Alert{Kind: order.AlertNoAck, Target: "tokyo", Subject: "a.csv", Args: []string{"x"}})
	if got := bodies(); !strings.Contains(got, "a.csv") || strings.Contains(got, "TEE") {
		t.Errorf("at night: %s", got)
	}
	if err := w.env.Ledger.EndAlert(t.Context(), order.AlertLowStock, "tokyo", "MUG", w.at.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	w.at = time.Date(2026, 11, 24, 22, 0, 0, 0, time.UTC) // 07:00
	if got := bodies(); !strings.Contains(got, "TEE") || strings.Contains(got, "MUG") {
		t.Errorf("in the morning: %s", got)
	}
	w.at = w.at.Add(2 * time.Hour)
	if got := bodies(); !strings.Contains(got, "未解消のお知らせ 2件（要対応 1件）") {
		t.Errorf("the next summary: %s", got)
	}
}

func TestWebhooksAreSignedAndChecked(t *testing.T) {
	h := newHook(t, true)
	vars := map[string]string{"HOOK": h.URL + "/x", "KEY": "shared secret", "TOKEN": "room-token"}
	w := newWorld(t, `alerts:
  channels:
    - name: own
      webhook:
        url: env:HOOK
        method: PUT
        body: '{"m": {{json .Title}}, "n": {{len .Items}}}'
        headers: {X-Level: "{{.Level}}"}
        secret_headers: {X-Token: "env:TOKEN"}
        sign: env:KEY
    - {name: room, webhook: {url: "env:HOOK", for: chatwork}}
`, vars)
	if all, err := Test(t.Context(), w.env, []string{"own"}); err != nil || all[0].OK || !strings.Contains(all[0].Error, "certificate") {
		t.Errorf("a server that nobody vouches for: %+v, %v", all, err)
	}
	trust(t, h.Certificate())
	all, err := Test(t.Context(), w.env, nil)
	if err != nil || len(all) != 2 || !all[0].OK || !all[1].OK {
		t.Fatalf("%+v, %v", all, err)
	}
	got := h.take()
	own := got[0]
	if own.body != `{"m": "Mallbridge: notice", "n": 0}` || own.header.Get("X-Level") != "test" || own.header.Get("X-Token") != "room-token" {
		t.Errorf("%+v", own)
	}
	at := own.header.Get("Mallbridge-Timestamp")
	if at != fmt.Sprint(noon.Unix()) || own.header.Get("Mallbridge-Signature") != "sha256="+signature("shared secret", at, []byte(own.body)) {
		t.Errorf("signature: %v", own.header)
	}
	// Computed by another program:
	// printf '1700000000.{}' | openssl dgst -sha256 -hmac key
	if s := signature("key", "1700000000", []byte("{}")); s != "9d713ed406bb7076d4123f0dc2c39d2df5c654ed4b0cd56b52c8b4c940bd63ae" {
		t.Errorf("signature %s", s)
	}
	if room := got[1]; room.header.Get("Content-Type") != "application/x-www-form-urlencoded" || !strings.HasPrefix(room.body, "self_unread=1&body=Mallbridge") {
		t.Errorf("%+v", room)
	}
	h.answer(302)
	if all, _ := Test(t.Context(), w.env, []string{"own"}); all[0].OK {
		t.Error("a redirect counts as told")
	}
	vars["HOOK"] = "http://chat.example/x"
	if all, _ := Test(t.Context(), w.env, []string{"own"}); all[0].OK || !strings.Contains(all[0].Error, "https") {
		t.Errorf("plain http: %+v", all)
	}
	if _, err := Test(t.Context(), w.env, []string{"nobody"}); order.CodeOf(err) != order.NotFound {
		t.Errorf("an unknown channel: %v", err)
	}
}

// A post office is an SMTP server that speaks STARTTLS and wants a login.
type office struct {
	addr  string
	cert  *x509.Certificate
	tls   *tls.Config
	plain bool // it does not offer STARTTLS

	mu    sync.Mutex
	mails []string
	log   []string
}

func newOffice(t *testing.T) *office {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	o := &office{tls: &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}}
	if o.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o.addr = l.Addr().String()
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { o.serve(c) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		wg.Wait()
	})
	return o
}

func (o *office) serve(c net.Conn) {
	defer func() { c.Close() }()
	c.SetDeadline(time.Now().Add(30 * time.Second))
	r := bufio.NewReader(c)
	say := func(lines ...string) { fmt.Fprint(c, strings.Join(lines, "\r\n")+"\r\n") }
	secure := false
	say("220 mail.example ESMTP")
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimSpace(line)
		o.mu.Lock()
		o.log = append(o.log, fmt.Sprintf("%v %s", secure, line))
		o.mu.Unlock()
		switch verb, _, _ := strings.Cut(strings.ToUpper(line), " "); verb {
		case "EHLO":
			switch {
			case secure:
				say("250-mail.example", "250-AUTH PLAIN", "250 8BITMIME")
			case o.plain:
				say("250 mail.example")
			default:
				say("250-mail.example", "250 STARTTLS")
			}
		case "STARTTLS":
			say("220 go on")
			s := tls.Server(c, o.tls)
			if s.Handshake() != nil {
				return
			}
			c, r, secure = s, bufio.NewReader(s), true
		case "AUTH":
			want := base64.StdEncoding.EncodeToString([]byte("\x00me\x00hidden-password"))
			if !strings.HasSuffix(line, want) {
				say("535 no")
				continue
			}
			say("235 ok")
		case "DATA":
			say("354 go on")
			var b strings.Builder
			for {
				l, err := r.ReadString('\n')
				if err != nil || l == ".\r\n" {
					break
				}
				b.WriteString(l)
			}
			o.mu.Lock()
			o.mails = append(o.mails, b.String())
			o.mu.Unlock()
			say("250 taken")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

func (o *office) settings(security string) string {
	host, port, _ := net.SplitHostPort(o.addr)
	return fmt.Sprintf(`alerts:
  channels:
    - name: post
      language: ja
      mail: {host: %s, port: %s, security: %s, user: me, password: "env:PASSWORD", from: "Mallbridge <bridge@shop.example>", to: [one@shop.example, two@shop.example]}
`, host, port, security)
}

func TestMailBySTARTTLS(t *testing.T) {
	o := newOffice(t)
	w := newWorld(t, o.settings("starttls"), map[string]string{"PASSWORD": "hidden-password"})
	test := func() Tested {
		t.Helper()
		all, err := Test(t.Context(), w.env, nil)
		if err != nil {
			t.Fatal(err)
		}
		return all[0]
	}
	if x := test(); x.OK {
		t.Error("a server that nobody vouches for was used")
	}
	trust(t, o.cert)
	w.raise(ledger.Alert{Kind: order.AlertNoAck, Target: "tokyo", Subject: "a.csv", Args: []string{"09:00"}})
	if rep := w.send(); rep.Sent != 1 || len(rep.Errors) > 0 {
		t.Fatalf("%+v\n%q", rep, o.log)
	}
	o.mu.Lock()
	if len(o.mails) != 1 {
		t.Fatalf("%d mails", len(o.mails))
	}
	m, err := mail.ReadMessage(strings.NewReader(o.mails[0]))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range o.log {
		if strings.HasPrefix(l, "false ") && !strings.HasPrefix(l, "false EHLO") && l != "false STARTTLS" {
			t.Errorf("said in the clear: %s", l)
		}
	}
	o.mu.Unlock()
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil || subject != "Mallbridge: お知らせ" || m.Header.Get("Auto-Submitted") != "auto-generated" || !strings.Contains(m.Header.Get("To"), "two@shop.example") {
		t.Errorf("subject %q, %v, header %v", subject, err, m.Header)
	}
	// A wrong password, and a server without STARTTLS: nothing goes out, and nothing
	// is given away.
	w.env.Secrets = &secrets.Resolver{Getenv: func(string) (string, bool) { return "wrong-password", true }}
	if x := test(); x.OK || strings.Contains(x.Error, "wrong-password") {
		t.Errorf("wrong password: %+v", x)
	}
	o.plain = true
	if x := test(); x.OK || !strings.Contains(x.Error, "STARTTLS") {
		t.Errorf("no STARTTLS: %+v", x)
	}
}
