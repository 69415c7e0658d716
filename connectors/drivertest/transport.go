package drivertest

import (
	"bytes"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/mallbridge/mallbridge/connectors"
)

const maintenance = "<!DOCTYPE html><html><head><title>メンテナンス / 점검 안내</title></head><body>back at 07:00</body></html>"

var html = map[string]string{"Content-Type": "text/html; charset=utf-8"}

// recovers is a case in which one request of a read meets a fault and the read is
// whole all the same.
func recovers(name, what string, m meddler) Case {
	return Case{Name: name, What: what, run: func(e *env) {
		w := e.window()
		placed := e.place(w, e.h.Page+1, false)
		e.between(m)
		e.exactly(e.readWell(w), placed)
	}}
}

// fails is a case in which a read cannot succeed: it ends with an error of a class,
// after a bounded number of calls, and is whole when the fault has ended.
func fails(name, what string, m meddler, classes ...connectors.Class) Case {
	return Case{Name: name, What: what, run: func(e *env) {
		w := e.window()
		placed := e.place(w, 2, false)
		e.between(m)
		g := e.read(w)
		if g.err == nil {
			e.Fatalf("no error; %d orders came", len(g.orders))
		}
		e.class(g.err, classes...)
		if len(g.orders) != 0 {
			e.Errorf("%d orders came out of it", len(g.orders))
		}
		if n := e.sent(); n > 12 {
			e.Errorf("%d calls were made", n)
		}
		e.between(nil)
		e.clock.Move(2 * time.Hour)
		e.exactly(e.readWell(w), placed)
	}}
}

func (e *env) class(err error, classes ...connectors.Class) {
	e.Helper()
	c := connectors.ClassOf(err)
	for _, want := range classes {
		if c == want {
			return
		}
	}
	e.Errorf("class of %q is %v, want one of %v", err, c, classes)
}

var transportCases = []Case{
	{Name: "transport/429", What: "429 with Retry-After is waited for, then all comes", run: func(e *env) {
		w := e.window()
		placed := e.place(w, 2, false)
		e.between(answer(2, http.StatusTooManyRequests, map[string]string{"Retry-After": "17"}, ""))
		begun := e.clock.Now()
		e.exactly(e.readWell(w), placed)
		if d := e.clock.Now().Sub(begun); d < 34*time.Second {
			e.Errorf("waited %v, told 2 × 17s", d)
		}
	}},
	{Name: "transport/429-long", What: "a long Retry-After goes to the caller with its end, and no call goes out before", run: func(e *env) {
		w := e.window()
		placed := e.place(w, 2, false)
		e.between(answer(0, http.StatusTooManyRequests, map[string]string{"Retry-After": "1800"}, ""))
		begun := e.clock.Now()
		g := e.read(w)
		if g.err == nil {
			e.Fatalf("no error")
		}
		e.class(g.err, connectors.Wait)
		if d := connectors.AsError(g.err).Until.Sub(begun); d < 29*time.Minute || d > 31*time.Minute {
			e.Errorf("until is %v away", d)
		}
		e.between(nil)
		e.exactly(e.readWell(w), placed)
		if d := e.clock.Now().Sub(begun); d < 29*time.Minute {
			e.Errorf("the next call went out after %v", d)
		}
	}},
	recovers("transport/500", "a 500 in the middle of a read is read again", answer2(2, http.StatusInternalServerError, nil, "")),
	recovers("transport/502", "a 502 with HTML is read again", answer2(2, http.StatusBadGateway, html, "<html>bad gateway</html>")),
	recovers("transport/cut", "a reply that was cut off is read again", at(2, cut)),
	recovers("transport/dropped", "a connection that ends without an answer is read again", at(2, drop)),
	fails("transport/500-always", "a mall that only says 500 is an error after few calls", answer(0, http.StatusInternalServerError, nil, "{}"),
		connectors.Transient, connectors.Wait),
	fails("transport/maintenance-503", "a maintenance page is no empty window", answer(0, http.StatusServiceUnavailable, html, maintenance),
		connectors.Transient, connectors.Wait),
	fails("transport/maintenance-200", "a maintenance page with status 200 is no empty window", answer(0, http.StatusOK, html, maintenance),
		connectors.Transient, connectors.Wait),
	fails("transport/empty", "an empty body is no empty window", answer(0, http.StatusOK, nil, ""), connectors.Transient, connectors.Wait),
	fails("transport/moved", "a call that is sent elsewhere is not followed with its key",
		answer(0, http.StatusFound, map[string]string{"Location": "https://127.0.0.1:1/elsewhere"}, ""), connectors.Refused, connectors.Transient),
	{Name: "transport/short", What: "half a reply that claims to be whole is an error or read again", run: func(e *env) {
		for which := 1; which <= 3; which++ {
			e.fresh(start)
			w := e.window()
			placed := e.place(w, e.h.Page+1, false)
			e.between(at(which, shorten))
			g := e.read(w)
			if g.err != nil {
				e.between(nil)
				e.clock.Move(time.Hour)
				g = e.readWell(w)
			}
			e.exactly(g, placed)
		}
	}},
	{Name: "transport/charset", What: "bytes that are no character are never taken as text", run: func(e *env) {
		w := e.window()
		placed := e.place(w, 2, false)
		e.between(func(_ int, rw http.ResponseWriter, r *http.Request, mall http.Handler) {
			rec := record(mall, r)
			rewrite(breakText)(rw, rec)
		})
		g := e.read(w)
		refused := map[string]bool{}
		for _, r := range g.refused {
			refused[r.Order] = true
		}
		for _, o := range placed {
			if x, ok := g.orders[o.Number]; ok {
				if d := Differ(&o, &x); d != "" {
					e.Errorf("taken with damage: %s", d)
				}
			} else if g.err == nil && !refused[o.Number] {
				e.Errorf("order %s is neither taken nor refused, and the read went well", o.Number)
			}
		}
	}},
	{Name: "transport/large", What: "a reply beyond the limit is refused without being kept", run: func(e *env) {
		w := e.window()
		e.place(w, 1, false)
		big := bytes.Repeat([]byte(" "), 1<<20)
		e.between(func(_ int, rw http.ResponseWriter, _ *http.Request, _ http.Handler) {
			for range 80 {
				if _, err := rw.Write(big); err != nil {
					return
				}
			}
		})
		g := e.read(w)
		if g.err == nil {
			e.Fatalf("no error")
		}
		e.class(g.err, connectors.Refused)
	}},
	{Name: "transport/breaker", What: "a mall that does not answer is left alone after some failures", run: func(e *env) {
		w := e.window()
		e.place(w, 1, false)
		e.between(answer(0, http.StatusInternalServerError, nil, ""))
		for range 5 {
			e.read(w)
		}
		n := e.sent()
		g := e.read(w)
		if g.err == nil {
			e.Fatalf("no error")
		}
		e.class(g.err, connectors.Wait)
		if e.sent() != n {
			e.Errorf("a call went out")
		}
		e.between(nil)
		e.clock.Move(time.Hour)
		e.readWell(w)
	}},
}

// answer2 replaces only answer number which.
func answer2(which, status int, header map[string]string, body string) meddler {
	one := answer(0, status, header, body)
	return func(n int, w http.ResponseWriter, r *http.Request, mall http.Handler) {
		if n == which {
			one(n, w, r, mall)
			return
		}
		mall.ServeHTTP(w, r)
	}
}

// breakText puts a byte that no charset of the malls knows (0xFF) into the middle of
// each character beyond ASCII at the middle of the text.
func breakText(b []byte) []byte {
	mid := len(b) / 2
	for i := mid; i < len(b); i++ {
		if b[i] >= utf8.RuneSelf {
			b[i] = 0xFF
			return b
		}
	}
	for i := mid - 1; i >= 0; i-- {
		if b[i] >= utf8.RuneSelf {
			b[i] = 0xFF
			return b
		}
	}
	return b
}
