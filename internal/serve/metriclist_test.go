package serve

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	drops "github.com/mallbridge/mallbridge/connectors/drop"
)

// What is registered is what is listed: with that name, help and labels.
func TestMetricsAreListed(t *testing.T) {
	w := newWorld(t)
	w.o.Calls = nil
	s, err := open(t.Context(), w.o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.queue.Close()
	described := map[string][]string{}
	ch := make(chan *prometheus.Desc, 100)
	for _, c := range []prometheus.Collector{s.metrics.runs, s.metrics.drops, s.metrics.took, &ledgerCollector{s: s}, &diskCollector{s}, &callCollector{}} {
		c.Describe(ch)
	}
	close(ch)
	for d := range ch {
		m := regexp.MustCompile(`fqName: "([^"]*)".*variableLabels: \{([^}]*)\}`).FindStringSubmatch(d.String())
		described[m[1]] = strings.FieldsFunc(m[2], func(r rune) bool { return r == ',' })
	}
	described["mallbridge_build_info"] = []string{"version", "revision", "go"}
	listed := map[string][]string{}
	for _, m := range Metrics {
		if listed[m.Name] != nil {
			t.Errorf("%s is listed twice", m.Name)
		}
		if m.Help == "" || m.Do == "" {
			t.Errorf("%s: nobody says what it is or what to do", m.Name)
		}
		listed[m.Name] = append([]string{}, m.Labels...)
	}
	if d := cmp.Diff(listed, described); d != "" {
		t.Errorf("listed, described: %s", d)
	}
}

// A day leaves a sample of nearly every metric, with the listed labels and a bounded
// number of values.
func TestMetricsOfADay(t *testing.T) {
	w := newWorld(t)
	drop(t, w.dir, "one.csv", sheet("A-1", "A-2"))
	w.serve()
	until(t, "the file is dropped", func() bool { return dropped(t, w.dir, "tokyo") != "" })
	w.idle()
	w.clock.Advance(20 * time.Second)
	code, text := w.get("/metrics")
	if code != http.StatusOK {
		t.Fatal(code, text)
	}
	seen := map[string]bool{}
	series := 0
	for _, l := range strings.Split(text, "\n") {
		m := regexp.MustCompile(`^(mallbridge_\w+?)(?:_bucket|_sum|_count)?(?:\{(.*)\})? `).FindStringSubmatch(l)
		if m == nil {
			continue
		}
		series++
		seen[m[1]] = true
		labels := map[string]bool{}
		for _, x := range regexp.MustCompile(`(\w+)="`).FindAllStringSubmatch(m[2], -1) {
			if x[1] != "le" {
				labels[x[1]] = true
			}
		}
		if got, want := slices.Sorted(maps.Keys(labels)), slices.Sorted(slices.Values(metricOf(m[1]).Labels)); !slices.Equal(got, want) {
			t.Errorf("%s has the labels %v, listed are %v", m[1], got, want)
		}
	}
	if series > 500 {
		t.Errorf("%d series for one account and one warehouse", series)
	}
	// What this day does not have: a mall that is asked, alerts, a drop that fails.
	left := []string{}
	for _, m := range Metrics {
		if !seen[m.Name] && !strings.HasPrefix(m.Name, "mallbridge_mall_") {
			left = append(left, m.Name)
		}
	}
	want := []string{
		"mallbridge_drop_errors_total", "mallbridge_orders_read_timestamp_seconds", "mallbridge_orders_read_until_timestamp_seconds", "mallbridge_window_gaps",
		"mallbridge_window_gap_seconds", "mallbridge_windows_lost", "mallbridge_key_days_left", "mallbridge_reports", "mallbridge_alerts",
	}
	if d := cmp.Diff(want, left); d != "" {
		t.Errorf("without a sample: %s", d)
	}
	for _, want := range []string{`mallbridge_instructions{state="claimed",warehouse="tokyo"} 2`, `mallbridge_next_cut_off_timestamp_seconds{warehouse="tokyo"} 1.`, `mallbridge_disk_free_bytes{folder="workspace"} `, "\nmallbridge_last_backup_timestamp_seconds 0\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("metrics lack %s", want)
		}
	}
}

func TestDropErrorsAreCounted(t *testing.T) {
	w := newWorld(t)
	s, err := open(t.Context(), w.o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.queue.Close()
	failed := &drops.Error{Op: "rename", Class: drops.ClassTemporary, Err: errors.New("connection lost")}
	s.metrics.dropFailed("tokyo", fmt.Errorf("instruct: %w", failed))
	s.metrics.dropFailed("tokyo", &drops.Error{Op: "open", Class: drops.ClassConfig, Err: errors.New("no host key")})
	s.metrics.dropFailed("tokyo", errors.New("the ledger is away"))
	for class, want := range map[string]float64{"temporary": 1, "config": 1, "refused": 0} {
		if got := testutil.ToFloat64(s.metrics.drops.WithLabelValues("tokyo", class)); got != want {
			t.Errorf("%s: %v, want %v", class, got, want)
		}
	}
}
