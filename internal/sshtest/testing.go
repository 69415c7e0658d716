package sshtest

import (
	"errors"
	"os"
	"testing"
)

// Start is New in a temporary folder, closed at the end of the test. Without an
// installed server the test is skipped, or fails where CI=true.
func Start(t testing.TB, o ...Options) *Server {
	t.Helper()
	var opts Options
	if len(o) > 0 {
		opts = o[0]
	}
	s, err := New(t.TempDir(), opts)
	must(t, err)
	t.Cleanup(func() {
		s.Close()
		if t.Failed() {
			log, _ := os.ReadFile(s.LogFile())
			t.Logf("sshd said:\n%s", log)
		}
	})
	return s
}

// StartScripted is NewScripted in a temporary folder, closed at the end of the
// test.
func StartScripted(t testing.TB, script Script) *Scripted {
	t.Helper()
	s, err := NewScripted(t.TempDir(), script)
	must(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

// StartProxy is NewProxy, closed at the end of the test.
func StartProxy(t testing.TB, target string) *Proxy {
	t.Helper()
	p, err := NewProxy(target)
	must(t, err)
	t.Cleanup(func() { p.Close() })
	return p
}

func must(t testing.TB, err error) {
	t.Helper()
	switch {
	case err == nil:
	case errors.Is(err, ErrMissing) && os.Getenv("CI") != "true":
		t.Skip(err)
	default:
		t.Fatal(err)
	}
}
