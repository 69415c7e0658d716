package docs_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/mallbridge/mallbridge/internal/serve"
)

const (
	rulesFile     = "packaging/prometheus/mallbridge.rules.yml"
	ruleTests     = "packaging/prometheus/mallbridge.test.yml"
	dashboardFile = "packaging/grafana/mallbridge.json"
)

// promtool runs Prometheus' own checker. Without it the test is skipped, or fails
// where the variable CI is "true".
func promtool(t *testing.T, args ...string) {
	t.Helper()
	path, err := exec.LookPath("promtool")
	if err != nil && os.Getenv("CI") != "true" {
		t.Skip("promtool is not installed: apt-get install prometheus")
	}
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(path, args...).CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// An alertRule is one of the rules.
type alertRule struct {
	Alert, Expr, For string
	Labels           map[string]string
	Annotations      struct {
		Summary string
		Runbook string `yaml:"runbook_url"`
	}
}

func alertRules(t *testing.T) []alertRule {
	t.Helper()
	var file struct {
		Groups []struct{ Rules []alertRule }
	}
	if err := yaml.Unmarshal([]byte(page(t, rulesFile)), &file); err != nil {
		t.Fatal(err)
	}
	var out []alertRule
	for _, g := range file.Groups {
		out = append(out, g.Rules...)
	}
	if len(out) < 10 {
		t.Fatalf("%s has %d alerts", rulesFile, len(out))
	}
	return out
}

var (
	selector  = regexp.MustCompile(`(mallbridge_\w+|process_\w+|go_\w+)(?:\{([^}]*)\})?`)
	matcher   = regexp.MustCompile(`(\w+)\s*(?:=~|!~|!=|=)`)
	grouping  = regexp.MustCompile(`\b(?:by|without|on|ignoring)\s*\(([^)]*)\)`)
	legend    = regexp.MustCompile(`\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}`)
	histogram = regexp.MustCompile(`_(bucket|sum|count)$`)
)

// labelsOf are the labels that an expression may speak of, after it was seen that its
// metrics are there and have the labels by which they are chosen.
func labelsOf(t *testing.T, where, expr string) []string {
	t.Helper()
	known := []string{"instance", "job"}
	found := selector.FindAllStringSubmatch(expr, -1)
	if len(found) == 0 {
		t.Errorf("%s: %s: no metric", where, expr)
	}
	for _, m := range found {
		labels := []string{"instance", "job"}
		if strings.HasPrefix(m[1], "mallbridge_") {
			i := slices.IndexFunc(serve.Metrics, func(x serve.Metric) bool {
				return x.Name == m[1] || x.Type == "histogram" && x.Name == histogram.ReplaceAllString(m[1], "")
			})
			if i < 0 {
				t.Errorf("%s: there is no metric %s", where, m[1])
				continue
			}
			labels = append(labels, serve.Metrics[i].Labels...)
			if serve.Metrics[i].Type == "histogram" {
				labels = append(labels, "le")
			}
		}
		for _, by := range matcher.FindAllStringSubmatch(m[2], -1) {
			if !slices.Contains(labels, by[1]) {
				t.Errorf("%s: %s has no label %s", where, m[1], by[1])
			}
		}
		known = append(known, labels...)
	}
	for _, g := range grouping.FindAllStringSubmatch(expr, -1) {
		for _, l := range strings.Split(g[1], ",") {
			if l = strings.TrimSpace(l); !slices.Contains(known, l) {
				t.Errorf("%s: %s: nothing has the label %s", where, expr, l)
			}
		}
	}
	return known
}

// Every alert says what is wrong and where it is written what to do, and speaks of
// metrics and labels that there are. Prometheus itself reads the rules and plays the
// cases: each alert fires in one and stays silent in another.
func TestAlertRules(t *testing.T) {
	anchors := map[string][]string{}
	const base = "https://github.com/mallbridge/mallbridge/blob/main/docs/"
	fires, silent := ruleCases(t)
	for _, r := range alertRules(t) {
		known := labelsOf(t, r.Alert, r.Expr)
		for _, l := range legend.FindAllStringSubmatch(r.Annotations.Summary, -1) {
			if !slices.Contains(known, l[1]) {
				t.Errorf("%s: its summary names the label %s, which nothing has", r.Alert, l[1])
			}
		}
		if !slices.Contains([]string{"critical", "warning"}, r.Labels["severity"]) || r.Annotations.Summary == "" {
			t.Errorf("%s: severity %q, summary %q", r.Alert, r.Labels["severity"], r.Annotations.Summary)
		}
		link, ok := strings.CutPrefix(r.Annotations.Runbook, base)
		name, anchor, _ := strings.Cut(link, "#")
		if anchors[name] == nil && ok {
			anchors[name] = headings(page(t, "docs/"+name))
		}
		if !ok || !slices.Contains(anchors[name], anchor) {
			t.Errorf("%s: %s leads nowhere", r.Alert, r.Annotations.Runbook)
		}
		if !fires[r.Alert] || !silent[r.Alert] {
			t.Errorf("%s: %s shows when it fires: %t, when not: %t", r.Alert, ruleTests, fires[r.Alert], silent[r.Alert])
		}
	}
	promtool(t, "check", "rules", root(rulesFile))
	promtool(t, "test", "rules", root(ruleTests))
}

func ruleCases(t *testing.T) (fires, silent map[string]bool) {
	t.Helper()
	var file struct {
		Tests []struct {
			Cases []struct {
				Name string `yaml:"alertname"`
				Want []any  `yaml:"exp_alerts"`
			} `yaml:"alert_rule_test"`
		}
	}
	if err := yaml.Unmarshal([]byte(page(t, ruleTests)), &file); err != nil {
		t.Fatal(err)
	}
	fires, silent = map[string]bool{}, map[string]bool{}
	for _, x := range file.Tests {
		for _, c := range x.Cases {
			if len(c.Want) > 0 {
				fires[c.Name] = true
			} else {
				silent[c.Name] = true
			}
		}
	}
	return fires, silent
}

// headings are the anchors of a page's headings, as GitHub makes them.
func headings(text string) (out []string) {
	for _, l := range strings.Split(text, "\n") {
		title := strings.TrimLeft(l, "#")
		if title == l || !strings.HasPrefix(title, " ") {
			continue
		}
		anchor := strings.ReplaceAll(strings.ToLower(strings.TrimSpace(title)), " ", "-")
		out = append(out, regexp.MustCompile(`[^\p{L}\p{N}_-]`).ReplaceAllString(anchor, ""))
	}
	return out
}

// A gridPos is where a panel lies; the dashboard is 24 wide.
type gridPos struct{ X, Y, W, H int }

// A dashboard is what Grafana reads, as far as it is looked at here.
type dashboard struct {
	Title, UID    string
	SchemaVersion int
	Templating    struct {
		List []struct {
			Name, Type, Definition string
		}
	}
	Panels []struct {
		ID                       int
		Type, Title, Description string
		GridPos                  gridPos
		Datasource               struct{ Type, UID string }
		Targets                  []struct {
			RefID, Expr, LegendFormat string
			Datasource                struct{ Type, UID string }
		}
	}
}

var variable = regexp.MustCompile(`\$\{?(\w+)\}?`)

// Every panel of the dashboard has its place, its source and queries that Prometheus
// can parse, of metrics, labels and variables that there are.
func TestDashboard(t *testing.T) {
	var d dashboard
	if err := json.Unmarshal([]byte(page(t, dashboardFile)), &d); err != nil {
		t.Fatal(err)
	}
	if d.Title == "" || d.UID == "" || d.SchemaVersion < 30 {
		t.Errorf("title %q, uid %q, schema %d", d.Title, d.UID, d.SchemaVersion)
	}
	vars := map[string]bool{"__rate_interval": true}
	for _, v := range d.Templating.List {
		vars[v.Name] = true
		if m := regexp.MustCompile(`^label_values\((\w+), (\w+)\)$`).FindStringSubmatch(v.Definition); m != nil {
			labelsOf(t, v.Name, m[1]+`{`+m[2]+`="x"}`)
		} else if v.Type != "datasource" {
			t.Errorf("variable %s: %q", v.Name, v.Definition)
		}
	}
	var exprs []string
	ids := map[int]bool{}
	taken := map[[2]int]string{}
	for _, p := range d.Panels {
		if ids[p.ID] || p.ID == 0 || p.Title == "" {
			t.Errorf("panel %q has the id %d, which is 0 or another's", p.Title, p.ID)
		}
		ids[p.ID] = true
		g := p.GridPos
		if g.W < 1 || g.H < 1 || g.X < 0 || g.X+g.W > 24 {
			t.Errorf("%s lies at %+v", p.Title, g)
		}
		for x := g.X; x < g.X+g.W; x++ {
			for y := g.Y; y < g.Y+g.H; y++ {
				if was := taken[[2]int{x, y}]; was != "" {
					t.Fatalf("%s lies over %s", p.Title, was)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		if p.Type == "row" {
			continue
		}
		if !slices.Contains([]string{"stat", "timeseries", "bargauge", "table"}, p.Type) || p.Description == "" || len(p.Targets) == 0 {
			t.Errorf("%s: type %q, description %q, %d queries", p.Title, p.Type, p.Description, len(p.Targets))
		}
		for _, q := range p.Targets {
			if q.RefID == "" || q.Datasource.UID != "${datasource}" || p.Datasource.UID != "${datasource}" {
				t.Errorf("%s: a query without name or source", p.Title)
			}
			for _, v := range variable.FindAllStringSubmatch(q.Expr, -1) {
				if !vars[v[1]] {
					t.Errorf("%s: there is no variable %s", p.Title, v[1])
				}
			}
			known := labelsOf(t, p.Title, q.Expr)
			for _, l := range legend.FindAllStringSubmatch(q.LegendFormat, -1) {
				if !slices.Contains(known, l[1]) {
					t.Errorf("%s: the legend names %s, which nothing has", p.Title, l[1])
				}
			}
			exprs = append(exprs, variable.ReplaceAllStringFunc(q.Expr, func(v string) string {
				if v == "$__rate_interval" {
					return "5m"
				}
				return ".*"
			}))
		}
	}
	// As rules, for promtool parses those.
	var b strings.Builder
	b.WriteString("groups:\n  - name: dashboard\n    rules:\n")
	for i, e := range exprs {
		fmt.Fprintf(&b, "      - {record: panel_%d, expr: %q}\n", i, e)
	}
	file := filepath.Join(t.TempDir(), "dashboard.rules.yml")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	promtool(t, "check", "rules", file)
}

// Every metric is watched: a rule or a panel speaks of it, or it is here with the
// reason why not.
func TestEveryMetricIsWatched(t *testing.T) {
	but := map[string]string{
		"mallbridge_mall_reply_bytes_total":               "for sizing",
		"mallbridge_mall_pace_seconds_total":              "for who looks into one account",
		"mallbridge_orders_read_until_timestamp_seconds":  "mallbridge_orders_read_timestamp_seconds and the gaps say the same in good time",
		"mallbridge_oldest_unproven_report_seconds":       "late reports are those that matter",
		"mallbridge_stage_last_success_timestamp_seconds": "on several machines one of them is old; failing runs and health are watched",
	}
	text := page(t, rulesFile) + page(t, dashboardFile)
	for _, m := range serve.Metrics {
		used := regexp.MustCompile(`\b` + m.Name + `(_bucket)?\b`).MatchString(text)
		if (but[m.Name] != "") == used {
			t.Errorf("%s: watched %t, excused %q", m.Name, used, but[m.Name])
		}
	}
}
