// Package fault names the points between durable steps, so that tests can crash
// the program at each of them. In a normal build [At] does nothing unless a test of
// the same process watches; built with -tags fault the environment decides (see
// inject.go).
package fault

import (
	"sort"
	"sync/atomic"
)

var points = map[string]bool{}

// Point declares a place; packages declare theirs as variables.
func Point(name string) string {
	points[name] = true
	return name
}

// Points lists all places that the program's packages declare, sorted.
func Points() []string {
	out := make([]string, 0, len(points))
	for p := range points {
		out = append(out, p)
	}
	sort.Strings(out)
	return out
}

var watcher atomic.Pointer[func(name string)]

// Watch calls f at every place that is reached, in the goroutine that reaches it;
// nil ends it. A test that lets f panic ends a stage there as a crash would. There
// is one watcher in a process.
func Watch(f func(name string)) {
	if f == nil {
		watcher.Store(nil)
		return
	}
	watcher.Store(&f)
}

func tell(name string) {
	if f := watcher.Load(); f != nil {
		(*f)(name)
	}
}
