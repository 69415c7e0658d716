package drivertest

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
)

// TestSuiteOnAGoodDriver is how a mall's own test looks.
func TestSuiteOnAGoodDriver(t *testing.T) {
	Run(t, Harness{Spec: fakeSpec(""), Start: startFake, Page: fakePage, Many: 300, Skip: fakeSkip})
}

// TestSuiteFindsBadDrivers breaks the good driver in one way at a time; the cases
// named must fail.
func TestSuiteFindsBadDrivers(t *testing.T) {
	for _, m := range []struct {
		wrong string
		cases []string
	}{
		{"loses a page", []string{"read/pages", "read/many"}},
		{"loses a page and the total", []string{"read/pages", "read/many", "read/total"}},
		{"repeats a page", []string{"read/pages"}},
		{"swallows errors", []string{"transport/500-always", "transport/maintenance-503", "access/key", "access/inside", "confirm/partly", "ship/partly"}},
		{"takes the end", []string{"read/edges", "read/touching"}},
		{"takes html", []string{"transport/maintenance-200", "transport/empty", "parse/garbage"}},
		{"takes broken characters", []string{"transport/charset"}},
		{"loses zeros", []string{"text/hard", "read/one"}},
		{"gives less by number", []string{"reread/same"}},
		{"leaves results out", []string{"confirm/partly"}},
		{"repeats writes", []string{"ship/unanswered"}},
		{"does not look first", []string{"ship/twice", "ship/unanswered"}},
		{"calls silence a failure", []string{"confirm/unanswered", "ship/unanswered"}},
		{"any carrier", []string{"ship/carrier"}},
		{"shows no number", []string{"ship/shown"}},
		{"takes any parcel", []string{"ship/parcels"}},
	} {
		t.Run(m.wrong, func(t *testing.T) {
			h := Harness{Spec: fakeSpec(m.wrong), Start: startFake, Page: fakePage, Many: 50, Skip: fakeSkip}
			for _, name := range m.cases {
				i := slices.IndexFunc(Cases(), func(c Case) bool { return c.Name == name })
				if i < 0 {
					t.Fatalf("no case %s", name)
				}
				if !fails1(t, h, Cases()[i]) {
					t.Errorf("%s passed", name)
				}
			}
		})
	}
}

// fails1 runs a case and tells whether it failed.
func fails1(t *testing.T, h Harness, c Case) bool {
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer r.cleanup()
		c.run(newEnv(r, h))
	}()
	<-done
	return len(r.said) > 0
}

// recorder is a testing.TB that only remembers failures.
type recorder struct {
	testing.TB
	mu    sync.Mutex
	said  []string
	after []func()
}

func (r *recorder) Helper()             {}
func (r *recorder) Logf(string, ...any) {}
func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	r.said = append(r.said, fmt.Sprintf(format, args...))
	r.mu.Unlock()
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}
func (r *recorder) Cleanup(f func()) { r.after = append(r.after, f) }
func (r *recorder) cleanup() {
	for _, f := range slices.Backward(r.after) {
		f()
	}
}
