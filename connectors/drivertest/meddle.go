package drivertest

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
)

// answer replaces the first upTo answers; 0 for all.
func answer(upTo, status int, header map[string]string, body string) meddler {
	return func(n int, w http.ResponseWriter, r *http.Request, mall http.Handler) {
		if upTo > 0 && n > upTo {
			mall.ServeHTTP(w, r)
			return
		}
		for k, v := range header {
			w.Header().Set(k, v)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// at lets a function see the answer of request number which and write its own.
func at(which int, f func(w http.ResponseWriter, res *httptest.ResponseRecorder)) meddler {
	return func(n int, w http.ResponseWriter, r *http.Request, mall http.Handler) {
		if n != which {
			mall.ServeHTTP(w, r)
			return
		}
		rec := httptest.NewRecorder()
		mall.ServeHTTP(rec, r)
		f(w, rec)
	}
}

// before calls f before request number which reaches the mall.
func before(which int, f func()) meddler {
	return func(n int, w http.ResponseWriter, r *http.Request, mall http.Handler) {
		if n == which {
			f()
		}
		mall.ServeHTTP(w, r)
	}
}

// drop ends the connection without an answer.
func drop(w http.ResponseWriter, _ *httptest.ResponseRecorder) {
	if h, ok := w.(http.Hijacker); ok {
		if c, _, err := h.Hijack(); err == nil {
			c.Close()
			return
		}
	}
	panic(http.ErrAbortHandler)
}

// cut sends half of an answer and ends the connection.
func cut(w http.ResponseWriter, res *httptest.ResponseRecorder) {
	body := res.Body.Bytes()
	copyHeader(w, res)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)+1))
	w.WriteHeader(res.Code)
	_, _ = w.Write(body[:len(body)/2])
	panic(http.ErrAbortHandler)
}

// shorten sends half of an answer as if it were the whole.
func shorten(w http.ResponseWriter, res *httptest.ResponseRecorder) {
	rewrite(func(b []byte) []byte { return b[:len(b)/2] })(w, res)
}

func rewrite(f func([]byte) []byte) func(http.ResponseWriter, *httptest.ResponseRecorder) {
	return func(w http.ResponseWriter, res *httptest.ResponseRecorder) {
		copyHeader(w, res)
		w.Header().Del("Content-Length")
		w.WriteHeader(res.Code)
		_, _ = w.Write(f(bytes.Clone(res.Body.Bytes())))
	}
}

func copyHeader(w http.ResponseWriter, res *httptest.ResponseRecorder) {
	for k, v := range res.Header() {
		w.Header()[k] = v
	}
}

func record(mall http.Handler, r *http.Request) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	mall.ServeHTTP(rec, r)
	return rec
}
