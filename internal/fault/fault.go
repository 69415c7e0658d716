// Package fault names the points between durable steps, so that tests can crash
// the real program at each of them. In a normal build [At] does nothing; built
// with -tags fault the environment decides (see inject.go).
package fault

import "sort"

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
