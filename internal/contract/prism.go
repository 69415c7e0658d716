package contract

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// A mock is a running mock server of one contract.
type mock struct {
	address string
	ready   chan struct{} // closed once it listens, or has ended
	err     error         // why it does not listen
}

// freePort asks the system for a port that nobody uses.
func freePort(t testing.TB) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// start starts the mock server; it ends with the test. Calls wait until it listens.
func start(t testing.TB, prism string, contract []byte, seed string) *mock {
	t.Helper()
	file := filepath.Join(t.TempDir(), "contract.json")
	if err := os.WriteFile(file, contract, 0o600); err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	cmd := exec.Command(prism, "mock", "--host", "127.0.0.1", "--port", port, "--errors", "--seed", seed, "--json-schema-faker-fillProperties", "false", file)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatalf("%s: %v", prism, err)
	}
	m := &mock{address: "http://127.0.0.1:" + port, ready: make(chan struct{})}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended by itself
		_ = cmd.Wait()
	})
	go m.listen(out)
	return m
}

// listen reads what the server says until it listens, and goes on reading.
func (m *mock) listen(out io.Reader) {
	var said []string
	in := bufio.NewScanner(out)
	in.Buffer(make([]byte, 64<<10), 1<<20)
	for in.Scan() {
		if said = append(said, in.Text()); strings.Contains(in.Text(), "Prism is listening") {
			close(m.ready)
			_, _ = io.Copy(io.Discard, out) // until it ends
			return
		}
	}
	m.err = fmt.Errorf("the mock server ended: %s", strings.Join(said, "\n"))
	close(m.ready)
}

// answer sends a request on and returns what the server answers.
func (m *mock) answer(r *http.Request, path string, body []byte, prefer string) (*http.Response, []byte, error) {
	<-m.ready
	if m.err != nil {
		return nil, nil, m.err
	}
	target := m.address + path
	if r.URL.RawQuery != "" {
		target += "?" + r.URL.RawQuery
	}
	q, err := http.NewRequestWithContext(r.Context(), r.Method, target, bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	q.Header = r.Header.Clone()
	q.Header.Del("Accept-Encoding")
	if prefer != "" {
		q.Header.Set("Prefer", prefer)
	}
	res, err := http.DefaultTransport.RoundTrip(q)
	if err != nil {
		return nil, nil, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return res, text, err
}

// fault says what the server finds wrong with a request; "" for nothing.
func fault(res *http.Response, text []byte) string {
	if !strings.HasPrefix(res.Header.Get("Content-Type"), "application/problem+json") {
		return ""
	}
	var p struct {
		Title  string `json:"title"`
		Detail string `json:"detail"`
		Wrong  []struct {
			Location []string `json:"location"`
			Message  string   `json:"message"`
		} `json:"validation"`
	}
	if err := json.Unmarshal(text, &p); err != nil {
		return string(text)
	}
	s := p.Title + ": " + p.Detail
	for _, w := range p.Wrong {
		s += fmt.Sprintf("; %s: %s", strings.Join(w.Location, "."), w.Message)
	}
	return s
}

// A recorder counts operations.
type recorder struct {
	mu    sync.Mutex
	count map[*operation]int
	seen  map[string]bool
}

// new reports whether a request was not seen before, and counts it.
func (r *recorder) new(op *operation, key string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.count[op]++
	known := r.seen[key]
	r.seen[key] = true
	return !known
}

var secretHeader = regexp.MustCompile(`(?i)authorization|token|key`)

// shown is a request as a failed test prints it: without what lets somebody in.
func shown(r *http.Request, body []byte) string {
	s := r.Method + " " + r.URL.RequestURI()
	for name, v := range r.Header {
		if !secretHeader.MatchString(name) {
			s += fmt.Sprintf("\n  %s: %s", name, strings.Join(v, ", "))
		}
	}
	return s + "\n  " + string(body)
}
