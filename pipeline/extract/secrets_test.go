package extract_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/simulator/coupang"
	"github.com/mallbridge/mallbridge/simulator/elevenst"
	"github.com/mallbridge/mallbridge/simulator/orders"
	"github.com/mallbridge/mallbridge/simulator/rakuten"
)

// TestNoSecretIsWritten has orders read and confirmed at every mall, and malls that
// repeat the keys in their errors, and searches all that was written for the keys:
// the log, errors and reports, counters, and every file of the workspace, packed
// ones too.
func TestNoSecretIsWritten(t *testing.T) {
	s := open(t)
	var log locked
	s.Env.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var calls connectors.Counters
	s.Env.Malls.Options.Meter = &calls
	n := 0
	s.Breaks(func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if n++; n%3 != 2 {
			return false
		}
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprintf(w, `{"message":"%v %s"}`, r.Header, r.URL)
		return true
	})
	for name, x := range map[string]struct {
		mall  string
		state any
	}{"rakuten-api": {orders.Rakuten, rakuten.Waiting}, "coupang-api": {orders.Coupang, coupang.Accept}, "elevenst-api": {orders.ElevenSt, elevenst.Paid}} {
		s.sell(x.mall, 5, x.state)
		s.Move(time.Hour)
		for range 4 {
			res := s.Try(name, "extract")
			rep, err := res.Report, res.Err
			fmt.Fprintln(&log, rep, err)
			s.Move(30 * time.Minute)
		}
		m, err := s.Env.Malls.Open(s.Env, account(t, s.Env.Workspace, name))
		s.Check(err)
		fmt.Fprintln(&log, m.Test(t.Context()))
	}
	for _, c := range calls.All() {
		fmt.Fprintf(&log, "%+v\n", c)
	}
	var hidden []string
	for _, v := range []string{rakutenSecret, rakutenKey, coupangAccess, coupangSecret, elevenstKey, rakutenSecret + ":" + rakutenKey} {
		hidden = append(hidden, v, base64.StdEncoding.EncodeToString([]byte(v)))
	}
	files, packed := 0, 0
	look := func(what string, data []byte) {
		for _, h := range hidden {
			if bytes.Contains(data, []byte(h)) {
				t.Errorf("%s holds a secret", what)
			}
		}
	}
	look("the log", log.Bytes())
	s.Check(filepath.WalkDir(s.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		look(path, data)
		if !strings.HasSuffix(path, ".gz") {
			return nil
		}
		packed++
		z, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			return err
		}
		plain, err := io.ReadAll(z)
		look(path, plain)
		return err
	}))
	if files < 10 || packed < 6 || n < 30 || log.Len() < 1000 {
		t.Errorf("%d files, %d packed, %d calls, %d bytes of log were looked at", files, packed, n, log.Len())
	}
}

// locked is a buffer for several goroutines.
type locked struct {
	mu sync.Mutex
	bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Buffer.Write(p)
}
