package cli

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// What /healthz says is printed, and decides the exit code.
func TestHealth(t *testing.T) {
	for _, c := range []struct {
		status, code int
		body         string
	}{{http.StatusOK, Done, "ok"}, {http.StatusServiceUnavailable, Failed, "the ledger cannot be reached"}} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/healthz" {
				t.Errorf("asked for %s", r.URL.Path)
			}
			w.WriteHeader(c.status)
			_, _ = w.Write([]byte(c.body + "\n"))
		}))
		_, port, _ := strings.Cut(server.Listener.Addr().String(), ":")
		var out, errs bytes.Buffer
		a := &app{in: strings.NewReader(""), out: &out, err: &errs, getenv: func(string) string { return "" }, now: time.Now}
		// As serve in a container is told to listen: everywhere.
		if code := a.main(t.Context(), []string{"health", "--listen", ":" + port}); code != c.code || strings.TrimSpace(out.String()) != c.body {
			t.Errorf("%d: exit code %d, said %q %q", c.status, code, out.String(), errs.String())
		}
		server.Close()
	}
}
