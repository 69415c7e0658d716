package serve

import (
	"context"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/mallbridge/mallbridge/internal/jobs"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/pipeline"
)

// metrics are what Prometheus is told. Labels hold names of stages, accounts,
// warehouses, states and reasons, never anything of an order.
type metrics struct {
	registry *prometheus.Registry
	runs     *prometheus.CounterVec
	took     *prometheus.HistogramVec
}

func newMetrics(s *Server) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		runs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "mallbridge_stage_runs_total", Help: "Runs of a stage on an account or warehouse, by outcome: ok, nothing, waiting, failed, busy, stopped.",
		}, []string{"stage", "target", "outcome"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "mallbridge_stage_duration_seconds", Help: "How long runs of a stage took.",
			Buckets: []float64{.01, .05, .1, .5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600},
		}, []string{"stage"}),
	}
	b := build()
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "mallbridge_build_info", Help: "Always 1; the labels say what runs.",
		ConstLabels: prometheus.Labels{"version": b.version, "revision": b.revision, "go": runtime.Version()},
	})
	info.Set(1)
	m.registry.MustRegister(m.runs, m.took, info, &ledgerCollector{s: s},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if s.o.Calls != nil {
		m.registry.MustRegister(&callCollector{s.o.Calls})
	}
	return m
}

func (m *metrics) ran(stage, target, outcome string, took time.Duration) {
	m.runs.WithLabelValues(stage, target, outcome).Inc()
	if outcome != busy {
		m.took.WithLabelValues(stage).Observe(took.Seconds())
	}
}

var (
	descOrders   = prometheus.NewDesc("mallbridge_orders", "Orders in the ledger by account, state and first reason.", []string{"account", "state", "reason"}, nil)
	descOldest   = prometheus.NewDesc("mallbridge_oldest_waiting_order_seconds", "Age of the oldest order that is not planned yet or on hold.", []string{"account"}, nil)
	descBatches  = prometheus.NewDesc("mallbridge_batches", "Batches that are not delivered: open or in_doubt.", []string{"warehouse", "state"}, nil)
	descRefused  = prometheus.NewDesc("mallbridge_refused_rows_total", "Refused rows of files from an account or warehouse.", []string{"target"}, nil)
	descSuccess  = prometheus.NewDesc("mallbridge_stage_last_success_timestamp_seconds", "When a stage last succeeded on a target in this process.", []string{"stage", "target"}, nil)
	descJobs     = prometheus.NewDesc("mallbridge_jobs", "Jobs that are not done, by stage and state.", []string{"stage", "state"}, nil)
	descReports  = prometheus.NewDesc("mallbridge_reports", "Parcels of which malls have to be told, by account and state; seen are proven.", []string{"account", "state"}, nil)
	descLate     = prometheus.NewDesc("mallbridge_late_reports", "Parcels that a mall takes longer to accept or show than it may.", []string{"account"}, nil)
	descUnproven = prometheus.NewDesc("mallbridge_oldest_unproven_report_seconds", "Age of the oldest parcel that a mall has to be told of and does not show.", []string{"account"}, nil)
	descReadable = prometheus.NewDesc("mallbridge_ledger_up", "1 if the ledger answered, else 0.", nil, nil)
)

// A ledgerCollector asks the ledger when it is scraped, but seldom enough that
// counting costs little: a pause is twenty times as long as the last count took.
type ledgerCollector struct {
	s  *Server
	mu sync.Mutex

	until time.Time
	last  []prometheus.Metric
}

const (
	countTime  = 15 * time.Second
	countPause = 15 * time.Second
)

// Describe implements prometheus.Collector.
func (c *ledgerCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descOrders, descOldest, descBatches, descRefused, descSuccess, descJobs, descReports, descLate, descUnproven, descReadable} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *ledgerCollector) Collect(ch chan<- prometheus.Metric) {
	c.s.mu.Lock()
	for _, e := range c.s.entries {
		if at, ok := c.s.done[key(e.Stage, e.Target)]; ok {
			ch <- gauge(descSuccess, float64(at.UnixMilli())/1000, e.Stage, e.Target)
		}
	}
	c.s.mu.Unlock()
	for _, m := range c.counted() {
		ch <- m
	}
}

func gauge(d *prometheus.Desc, v float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func (c *ledgerCollector) counted() []prometheus.Metric {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.s.env.Load().Now
	begin := now()
	if begin.Before(c.until) {
		return c.last
	}
	ctx, cancel := context.WithTimeout(context.Background(), countTime)
	defer cancel()
	out, err := c.count(ctx)
	up := 1.0
	if err != nil {
		up = 0
		c.s.log().Warn("the ledger could not be counted for metrics", "err", c.s.clean(err))
	}
	c.last = append(out, gauge(descReadable, up))
	end := now()
	c.until = end.Add(max(countPause, 20*end.Sub(begin)))
	return c.last
}

func (c *ledgerCollector) count(ctx context.Context) ([]prometheus.Metric, error) {
	var out []prometheus.Metric
	env := c.s.env.Load()
	orders, err := env.Ledger.Counts(ctx)
	if err != nil {
		return nil, err
	}
	oldest := map[string]time.Time{}
	for _, n := range orders {
		out = append(out, gauge(descOrders, float64(n.Orders), n.Account, n.State.String(), string(n.Reason)))
		if n.State != ledger.Seen && n.State != ledger.Held {
			continue
		}
		if was, ok := oldest[n.Account]; !ok || n.Oldest.Before(was) {
			oldest[n.Account] = n.Oldest
		}
	}
	for _, a := range env.Workspace.Accounts {
		age := 0.0
		if since, ok := oldest[a.Name]; ok {
			age = env.Now().Sub(since).Seconds()
		}
		out = append(out, gauge(descOldest, age, a.Name))
	}
	open, doubt, err := env.Ledger.BatchStates(ctx)
	if err != nil {
		return out, err
	}
	for _, w := range env.Workspace.Warehouses {
		out = append(out, gauge(descBatches, float64(open[w.Name]), w.Name, "open"), gauge(descBatches, float64(doubt[w.Name]), w.Name, "in_doubt"))
	}
	refused, err := env.Ledger.RefusedRows(ctx)
	if err != nil {
		return out, err
	}
	for name, n := range refused {
		out = append(out, prometheus.MustNewConstMetric(descRefused, prometheus.CounterValue, float64(n), name))
	}
	told, err := c.reports(ctx)
	if err != nil {
		return out, err
	}
	more, err := c.jobs(ctx)
	return append(append(out, told...), more...), err
}

func (c *ledgerCollector) reports(ctx context.Context) ([]prometheus.Metric, error) {
	env := c.s.env.Load()
	counts, err := env.Ledger.ReportCounts(ctx)
	if err != nil {
		return nil, err
	}
	var out []prometheus.Metric
	late, oldest := map[string]int64{}, map[string]time.Time{}
	for _, n := range counts {
		out = append(out, gauge(descReports, float64(n.Reports), n.Account, n.State))
		if n.State == ledger.ReportSeen || n.State == ledger.ReportExtra || n.State == ledger.ReportDropped {
			continue
		}
		late[n.Account] += n.Late
		if was, ok := oldest[n.Account]; !ok || n.Oldest.Before(was) {
			oldest[n.Account] = n.Oldest
		}
	}
	for _, a := range env.Workspace.Accounts {
		age := 0.0
		if since, ok := oldest[a.Name]; ok {
			age = env.Now().Sub(since).Seconds()
		}
		out = append(out, gauge(descLate, float64(late[a.Name]), a.Name), gauge(descUnproven, age, a.Name))
	}
	return out, nil
}

func (c *ledgerCollector) jobs(ctx context.Context) ([]prometheus.Metric, error) {
	found, err := c.s.queue.List(ctx, jobs.Filter{States: []jobs.State{jobs.Ready, jobs.Waiting, jobs.Running}, Limit: 10_000})
	if err != nil {
		return nil, err
	}
	n := map[[2]string]int{}
	for _, j := range found {
		n[[2]string{j.Stage, string(j.State)}]++
	}
	var out []prometheus.Metric
	for _, st := range pipeline.Stages {
		for _, state := range []jobs.State{jobs.Ready, jobs.Waiting, jobs.Running} {
			out = append(out, gauge(descJobs, float64(n[[2]string{st.Name, string(state)}]), st.Name, string(state)))
		}
	}
	return out, nil
}

type buildInfo struct{ version, revision string }

// build reads what the Go tool wrote into the program.
func build() buildInfo {
	b := buildInfo{version: "unknown", revision: "unknown"}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if info.Main.Version != "" {
		b.version = info.Main.Version
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			b.revision = s.Value
		}
	}
	return b
}
