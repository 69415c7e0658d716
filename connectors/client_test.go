package connectors

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/order"
)

const plainAbout = `
name: plain
title: {en: Plain, ja: 平, ko: 평}
country: JP
currency: JPY
zone: Asia/Tokyo
charset: utf-8
base: https://mall.example
settings:
  - {name: key, title: {en: k, ja: k, ko: k}, help: {en: h, ja: h, ko: h}, secret: true, required: true}
pace: {orders: 10m}
limits: [{calls: [slow], per_second: 1, burst: 1}, {per_second: 1000, burst: 1000}]
window: {means: {en: placed, ja: 注文, ko: 주문}}
`

const canary = "canary+secret/0123"

// bench is a client before a handler, with a clock that waiting moves.
type bench struct {
	*Client
	server *httptest.Server
	now    time.Time
	mu     sync.Mutex
	log    bytes.Buffer
	kept   []Exchange
	count  Counters
	hits   atomic.Int64
}

func (b *bench) Capture(_ context.Context, x Exchange) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.kept = append(b.kept, x)
	return nil
}

func (b *bench) clock() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

func (b *bench) move(d time.Duration) {
	b.mu.Lock()
	b.now = b.now.Add(d)
	b.mu.Unlock()
}

type noDriver struct{}

func (noDriver) Orders(context.Context, Window) iter.Seq2[Page, error] {
	return func(func(Page, error) bool) {}
}
func (noDriver) Parse(Page) (Parsed, error) { return Parsed{}, nil }

func newBench(t *testing.T, h http.HandlerFunc, edit func(*About, *Options)) *bench {
	t.Helper()
	b := &bench{now: noon}
	b.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.hits.Add(1)
		h(w, r)
	}))
	t.Cleanup(b.server.Close)
	about := MustAbout([]byte(plainAbout))
	o := Options{
		Now: b.clock, Jitter: func() float64 { return 0.5 }, Capture: b, Meter: &b.count,
		Log: slog.New(slog.NewTextHandler(&b.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Sleep: func(ctx context.Context, d time.Duration) error {
			b.move(d)
			return ctx.Err()
		},
	}
	if edit != nil {
		edit(about, &o)
	}
	spec := Spec{About: func() *About { return about }, New: func(_ Account, c *Client) (Driver, error) { b.Client = c; return noDriver{}, nil }}
	_, err := spec.Open(Account{
		Name: "shop", Settings: map[string]string{BaseURL: b.server.URL}, Secret: func(string) (string, error) { return canary, nil },
	}, o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func get(kind string) Request {
	return Request{Kind: kind, Method: http.MethodGet, Path: "/" + kind, Safe: true}
}

// TestUnsafeGetIsSentOnce: Go's transport repeats a GET when a kept connection
// turns out to be closed; a mall that changes things by GET must see it once.
func TestUnsafeGetIsSentOnce(t *testing.T) {
	var writes atomic.Int64
	b := newBench(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/write" {
			return
		}
		if r.ContentLength > 0 || len(r.TransferEncoding) > 0 {
			t.Errorf("a GET with a body: %d %v", r.ContentLength, r.TransferEncoding)
		}
		writes.Add(1)
		c, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		c.Close()
	}, nil)
	if _, err := b.Do(t.Context(), get("read")); err != nil {
		t.Fatal(err)
	}
	_, err := b.Do(t.Context(), Request{Kind: "write", Method: http.MethodGet, Path: "/write"})
	if ClassOf(err) != Unanswered || writes.Load() != 1 {
		t.Errorf("%v after %d requests", err, writes.Load())
	}
	if order.CodeOf(err) != order.Unknown || ResultOf(err).Outcome != Unknown {
		t.Errorf("code %s, outcome %v", order.CodeOf(err), ResultOf(err).Outcome)
	}
}

func TestWhatIsRepeated(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		safe   bool
		hits   int64
		class  Class
	}{
		{"a read that fails", 500, true, 4, Transient},
		{"a write that fails may have been done", 500, false, 1, Unanswered},
		{"a write that was throttled was not done", 429, false, 4, Wait},
		{"a refusal", 400, true, 1, Refused},
		{"not found", 404, true, 1, Refused},
		{"a key that is refused", 401, true, 1, Reauth},
		{"a redirect", 302, true, 1, Refused},
	} {
		b := newBench(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.Header().Set("Retry-After", "3")
			w.WriteHeader(c.status)
		}, nil)
		r := get("x")
		r.Safe = c.safe
		reply, err := b.Do(t.Context(), r)
		if ClassOf(err) != c.class || b.hits.Load() != c.hits {
			t.Errorf("%s: %v (%v) after %d requests, want %v after %d", c.name, err, ClassOf(err), b.hits.Load(), c.class, c.hits)
		}
		if reply == nil || reply.Status != c.status {
			t.Errorf("%s: the reply is not there", c.name)
		}
	}
}

func TestDialFailureOfAWriteWasNotDone(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	b := newBench(t, func(http.ResponseWriter, *http.Request) {}, nil)
	b.base.Host = address
	_, err = b.Do(t.Context(), Request{Kind: "write", Method: http.MethodPost, Path: "/write", Body: []byte("{}")})
	if ClassOf(err) != Transient {
		t.Errorf("%v is %v", err, ClassOf(err))
	}
}

func TestEachTryIsSignedAnew(t *testing.T) {
	var signed []time.Time
	b := newBench(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, nil)
	r := get("x")
	r.Sign = func(_ *http.Request, at time.Time) error { signed = append(signed, at); return nil }
	_, _ = b.Do(t.Context(), r)
	if len(signed) != 4 {
		t.Fatalf("%v", signed)
	}
	for i := 1; i < len(signed); i++ {
		if !signed[i].After(signed[i-1]) {
			t.Errorf("try %d has the time of the one before", i+1)
		}
	}
}

// TestClockOfTheMall: a signature that is refused for its time is made again with
// the mall's time, once.
func TestClockOfTheMall(t *testing.T) {
	const ahead = 10 * time.Minute
	var b *bench
	b = newBench(t, func(w http.ResponseWriter, r *http.Request) {
		mall := b.clock().Add(ahead)
		w.Header().Set("Date", mall.UTC().Format(http.TimeFormat))
		at, err := time.Parse(time.RFC3339, r.Header.Get("X-Time"))
		if d := mall.Sub(at); err != nil || d > time.Minute || d < -time.Minute {
			w.WriteHeader(401)
		}
	}, nil)
	r := get("x")
	r.Sign = func(q *http.Request, at time.Time) error {
		q.Header.Set("X-Time", at.UTC().Format(time.RFC3339))
		return nil
	}
	r.Judge = func(reply *Reply) error {
		if reply.Status == 401 {
			return &Error{Class: Reauth, Cause: CauseClock, Hint: "look at the clock"}
		}
		return nil
	}
	for range 2 {
		if _, err := b.Do(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	if n := b.hits.Load(); n != 3 {
		t.Errorf("%d requests, want 3: one to learn, none after", n)
	}
}

// TestSecretsStayInside: a secret that the mall sends back, in a body, a message or
// a broken address, is in nothing that is kept.
func TestSecretsStayInside(t *testing.T) {
	b := newBench(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"echo":%q,"query":%q}`, r.Header.Get("X-Key"), r.URL.RawQuery)
	}, nil)
	key, err := b.Secret("key")
	if err != nil {
		t.Fatal(err)
	}
	r := get("x")
	r.Query = "key=canary%2Bsecret%2F0123"
	r.Body, r.Method = []byte(`{"key":"`+key+`"}`), http.MethodPost
	r.Sign = func(q *http.Request, _ time.Time) error { q.Header.Set("X-Key", key); return nil }
	r.Judge = func(reply *Reply) error {
		return &Error{Class: Refused, Message: string(reply.Body), Code: key, Err: errors.New(key)}
	}
	_, err = b.Do(t.Context(), r)
	b.transport = broken{}
	_, err2 := b.Do(t.Context(), r)
	all := fmt.Sprintf("%v %v %s %s %+v", err, err2, order.HintOf(err), b.log.String(), b.count.All())
	for _, x := range b.kept {
		all += fmt.Sprintf("%s %s %s %s", x.URL, x.Sent, x.Got, x.Error)
	}
	for _, form := range []string{canary, "canary%2Bsecret%2F0123"} {
		if strings.Contains(all, form) {
			t.Errorf("%q was written: %s", form, all)
		}
	}
	if !strings.Contains(all, hiddenMark) {
		t.Error("nothing was hidden")
	}
}

type broken struct{}

func (broken) RoundTrip(r *http.Request) (*http.Response, error) {
	return nil, fmt.Errorf("proxy refused %s", r.URL)
}

func TestCaptureFailureStopsTheCall(t *testing.T) {
	b := newBench(t, func(http.ResponseWriter, *http.Request) {}, func(_ *About, o *Options) { o.Capture = full{} })
	_, err := b.Do(t.Context(), Request{Kind: "write", Method: http.MethodPost, Path: "/w", Body: []byte("{}")})
	if ClassOf(err) != Unanswered {
		t.Errorf("%v", err)
	}
}

type full struct{}

func (full) Capture(context.Context, Exchange) error { return errors.New("the disk is full") }

func TestBodyLimit(t *testing.T) {
	b := newBench(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("x", 101)) },
		func(a *About, _ *Options) { a.MaxBody = 100 })
	if _, err := b.Do(t.Context(), get("x")); ClassOf(err) != Refused {
		t.Errorf("%v", err)
	}
}

func TestTimeLimitOfATry(t *testing.T) {
	// A server notices that its caller has gone once the request is read.
	b := newBench(t, func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body); <-r.Context().Done() },
		func(a *About, _ *Options) { a.Timeout = Duration(20 * time.Millisecond) })
	r := get("x")
	r.NoRetry = true
	_, err := b.Do(t.Context(), r)
	if ClassOf(err) != Transient || !strings.Contains(err.Error(), "no answer within 20ms") {
		t.Errorf("%v", err)
	}
	r.Safe, r.Method = false, http.MethodPost
	if _, err = b.Do(t.Context(), r); ClassOf(err) != Unanswered {
		t.Errorf("a write: %v", err)
	}
}

func TestBreaker(t *testing.T) {
	bad := true
	b := newBench(t, func(w http.ResponseWriter, _ *http.Request) {
		if bad {
			w.WriteHeader(500)
		}
	}, nil)
	r := get("x")
	r.NoRetry = true
	for range 5 {
		_, _ = b.Do(t.Context(), r)
	}
	begun := b.clock()
	_, err := b.Do(t.Context(), r)
	e := AsError(err)
	if e.Class != Wait || b.hits.Load() != 5 || !e.Until.Equal(begun.Add(firstBreak)) || e.Call != "x" {
		t.Fatalf("%+v after %d requests", e, b.hits.Load())
	}
	b.move(firstBreak)
	_, _ = b.Do(t.Context(), r) // the trial
	if e = AsError(func() error { _, err := b.Do(t.Context(), r); return err }()); b.hits.Load() != 6 || e.Until.Sub(b.clock()) != 2*firstBreak {
		t.Errorf("after the trial: %v, %d requests", e, b.hits.Load())
	}
	bad = false
	b.move(2 * firstBreak)
	for range 3 {
		if _, err := b.Do(t.Context(), r); err != nil {
			t.Error(err)
		}
	}
}

// TestPaceIsSharedCallByCall: two who call at once get turns in the order asked,
// and never faster than the limit.
func TestPace(t *testing.T) {
	var at []time.Time
	var b *bench
	b = newBench(t, func(http.ResponseWriter, *http.Request) { at = append(at, b.clock()) }, nil)
	for range 5 {
		if _, err := b.Do(t.Context(), get("slow")); err != nil {
			t.Fatal(err)
		}
	}
	for i := 1; i < len(at); i++ {
		if d := at[i].Sub(at[i-1]); d != time.Second {
			t.Errorf("call %d came after %v", i+1, d)
		}
	}
}

// The pace follows what replies say is allowed, both ways; nonsense and what several
// calls share leave it as it was.
func TestPaceFollowsTheMall(t *testing.T) {
	rates := []string{"", "0.1", "0.1", "4", "none", "-1", "0", "NaN", "1e9", "1"}
	want := []time.Duration{0, time.Second, 10 * time.Second, 10 * time.Second, 250 * time.Millisecond, 250 * time.Millisecond, 250 * time.Millisecond, 250 * time.Millisecond, 250 * time.Millisecond, 250 * time.Millisecond}
	n := 0
	b := newBench(t, func(w http.ResponseWriter, _ *http.Request) {
		if n < len(rates) {
			w.Header().Set("X-Rate", rates[n])
		}
	}, func(a *About, _ *Options) { a.RateHeader = "X-Rate" })
	for n = range rates {
		before := b.clock()
		if _, err := b.Do(t.Context(), get("slow")); err != nil {
			t.Fatal(err)
		}
		if d := b.clock().Sub(before).Round(time.Millisecond); d != want[n] {
			t.Errorf("call %d waited %v, want %v", n, d, want[n])
		}
	}
	n = 1 // 0.1 a second, said of a call whose bucket is that of all others
	before := b.clock()
	for range 3 {
		if _, err := b.Do(t.Context(), get("other")); err != nil {
			t.Fatal(err)
		}
	}
	if d := b.clock().Sub(before); d > time.Second {
		t.Errorf("three calls that share a bucket took %v", d)
	}
}

func TestGateTakesMallsByTurns(t *testing.T) {
	g := NewGate(1)
	if err := g.enter(t.Context(), "busy"); err != nil {
		t.Fatal(err)
	}
	order := make(chan string, 8)
	var ready sync.WaitGroup
	wait := func(mall string, waiting int) {
		ready.Add(1)
		go func() {
			ready.Done()
			if err := g.enter(context.Background(), mall); err != nil {
				t.Error(err)
			}
			order <- mall
			g.leave()
		}()
		for { // until it stands in the queue
			g.mu.Lock()
			n := 0
			for _, q := range g.queue {
				n += len(q)
			}
			g.mu.Unlock()
			if n == waiting {
				return
			}
		}
	}
	for i := range 4 {
		wait("busy", i+1)
	}
	wait("quiet", 5)
	ready.Wait()
	g.leave()
	var got []string
	for range 5 {
		got = append(got, <-order)
	}
	if got[1] != "quiet" {
		t.Errorf("turns: %v", got)
	}
}

func TestGateGivesUp(t *testing.T) {
	g := NewGate(1)
	if err := g.enter(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := g.enter(ctx, "b"); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	g.leave()
	if err := g.enter(t.Context(), "c"); err != nil || len(g.queue) != 0 {
		t.Errorf("%v, %v", err, g.queue)
	}
}

func TestRetryAfter(t *testing.T) {
	date := func(d time.Duration) string { return noon.Add(d).Format(http.TimeFormat) }
	for _, c := range []struct {
		header http.Header
		want   time.Duration
	}{
		{http.Header{}, time.Minute},
		{http.Header{"Retry-After": {"90"}}, 90 * time.Second},
		{http.Header{"Retry-After": {"soon"}}, time.Minute},
		{http.Header{"Retry-After": {"999999999"}}, time.Hour},
		{http.Header{"Retry-After": {date(2 * time.Minute)}}, 2 * time.Minute},
		{http.Header{"Retry-After": {date(12 * time.Minute)}, "Date": {date(10 * time.Minute)}}, 2 * time.Minute},
		{http.Header{"Retry-After": {date(-time.Minute)}}, 0},
	} {
		if got := RetryAfter(&Reply{Header: c.header}, noon).Sub(noon); got != c.want {
			t.Errorf("%v: %v, want %v", c.header, got, c.want)
		}
	}
}

func TestCaptureRoundTrip(t *testing.T) {
	var file bytes.Buffer
	x := Exchange{Mall: "m", Call: "c", At: noon, Status: 200, Got: []byte{0, 0xFF, 0x82, 0xA0}}
	for i := range 3 {
		x.Try = i
		if err := WriteExchange(&file, x); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	err := ReadExchanges(bytes.NewReader(file.Bytes()), func(y Exchange) bool {
		if y.Try != n || !bytes.Equal(y.Got, x.Got) || !y.At.Equal(x.At) {
			t.Errorf("entry %d: %+v", n, y)
		}
		n++
		return true
	})
	if n != 3 || err != nil {
		t.Errorf("%d entries, %v", n, err)
	}
	if err := ReadExchanges(bytes.NewReader(file.Bytes()[:file.Len()-5]), func(Exchange) bool { return true }); err == nil {
		t.Error("half a file was read without an error")
	}
	if err := ReadPages(strings.NewReader(""), func(Page) bool { return true }); err != nil {
		t.Errorf("an empty file: %v", err)
	}
}
