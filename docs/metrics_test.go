package docs_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mallbridge/mallbridge/internal/serve"
)

// TestMetrics keeps metrics.md in step with serve.Metrics.
func TestMetrics(t *testing.T) {
	want := metrics()
	if *update {
		if err := os.WriteFile("metrics.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile("metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Errorf("metrics.md is out of date, run go generate ./docs:\n%s", d)
	}
}

const metricsIntro = `<!-- Made by go generate from internal/serve/metriclist.go. Change it there. -->
# Metrics

` + "`serve`" + ` shows them at ` + "`/metrics`" + ` of console.listen (127.0.0.1:8383) for Prometheus, which asks there. The page has no login: let
it be reached by the machine itself and by Prometheus only.

` + "```yaml" + `
scrape_configs:
  - job_name: mallbridge
    static_configs: [{targets: ["127.0.0.1:8383"]}]
` + "```" + `

Labels are names of accounts, warehouses, stages, malls, calls, states and reasons. There is nothing of orders or people in
them, and their number grows with accounts and warehouses only. What comes from the ledger is counted at most every 15 seconds,
and less often where counting takes long: the pause is twenty times as long. A metric marked *this process* is counted from the
start of the process, and each machine shows its own; the others come from the ledger and are the same on every machine, so take
` + "`max`" + ` over machines, not ` + "`sum`" + `. Go's own metrics (` + "`go_…`, `process_…`" + `) are there too.

The package has alert rules for Prometheus and a dashboard for Grafana: ` + "`/usr/share/mallbridge/prometheus/mallbridge.rules.yml`" + `
and ` + "`/usr/share/mallbridge/grafana/mallbridge.json`" + ` (in the tree: [packaging/prometheus](../packaging/prometheus/mallbridge.rules.yml),
[packaging/grafana](../packaging/grafana/mallbridge.json)). Each alert links to a section here or in [operations.md](operations.md).
`

func metrics() string {
	var b strings.Builder
	b.WriteString(metricsIntro)
	for _, m := range serve.Metrics {
		labels := "no labels"
		if len(m.Labels) > 0 {
			labels = "labels `" + strings.Join(m.Labels, "`, `") + "`"
		}
		where := ""
		if m.Local {
			where = ", *this process*"
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s, %s%s. %s\n\n%s\n", m.Name, m.Type, labels, where, m.Help, m.Do)
	}
	return b.String()
}
