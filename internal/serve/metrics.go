package serve

import (
	"context"
	"errors"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	drops "github.com/mallbridge/mallbridge/connectors/drop"
	"github.com/mallbridge/mallbridge/internal/disk"
	"github.com/mallbridge/mallbridge/internal/jobs"
	"github.com/mallbridge/mallbridge/internal/standing"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline"
)

// metrics are what Prometheus is told. Labels hold names of stages, accounts,
// warehouses, states and reasons, never anything of an order.
type metrics struct {
	registry *prometheus.Registry
	runs     *prometheus.CounterVec
	drops    *prometheus.CounterVec
	took     *prometheus.HistogramVec
}

func counter(name string) *prometheus.CounterVec {
	m := metricOf(name)
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: m.Name, Help: m.Help}, m.Labels)
}

func newMetrics(s *Server) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		runs:     counter("mallbridge_stage_runs_total"),
		drops:    counter("mallbridge_drop_errors_total"),
	}
	took := metricOf("mallbridge_stage_duration_seconds")
	m.took = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: took.Name, Help: took.Help, Buckets: []float64{.01, .05, .1, .5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600},
	}, took.Labels)
	b := build()
	about := metricOf("mallbridge_build_info")
	info := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: about.Name, Help: about.Help}, about.Labels)
	info.WithLabelValues(b.version, b.revision, runtime.Version()).Set(1)
	m.registry.MustRegister(m.runs, m.drops, m.took, info, &ledgerCollector{s: s}, &diskCollector{s},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if s.o.Calls != nil {
		m.registry.MustRegister(&callCollector{s.o.Calls})
	}
	return m
}

// dropFailed counts a run that failed at a drop.
func (m *metrics) dropFailed(warehouse string, err error) {
	if at, ok := errors.AsType[*drops.Error](err); ok {
		m.drops.WithLabelValues(warehouse, map[drops.Class]string{drops.ClassRefused: "refused", drops.ClassTemporary: "temporary", drops.ClassConfig: "config"}[at.Class]).Inc()
	}
}

func (m *metrics) ran(stage, target, outcome string, took time.Duration) {
	m.runs.WithLabelValues(stage, target, outcome).Inc()
	if outcome != busy {
		m.took.WithLabelValues(stage).Observe(took.Seconds())
	}
}

var (
	descOrders   = descOf("mallbridge_orders")
	descOldest   = descOf("mallbridge_oldest_waiting_order_seconds")
	descBatches  = descOf("mallbridge_batches")
	descRefused  = descOf("mallbridge_refused_rows_total")
	descSuccess  = descOf("mallbridge_stage_last_success_timestamp_seconds")
	descJobs     = descOf("mallbridge_jobs")
	descReports  = descOf("mallbridge_reports")
	descLate     = descOf("mallbridge_late_reports")
	descUnproven = descOf("mallbridge_oldest_unproven_report_seconds")
	descReadable = descOf("mallbridge_ledger_up")
	descSize     = descOf("mallbridge_ledger_bytes")
	descBackup   = descOf("mallbridge_last_backup_timestamp_seconds")
	descReady    = descOf("mallbridge_instructions")
	descShip     = descOf("mallbridge_oldest_unshipped_instruction_seconds")
	descCutOff   = descOf("mallbridge_next_cut_off_timestamp_seconds")
	descRead     = descOf("mallbridge_orders_read_timestamp_seconds")
	descUntil    = descOf("mallbridge_orders_read_until_timestamp_seconds")
	descGaps     = descOf("mallbridge_window_gaps")
	descMissing  = descOf("mallbridge_window_gap_seconds")
	descLost     = descOf("mallbridge_windows_lost")
	descKeys     = descOf("mallbridge_key_days_left")
	descAlerts   = descOf("mallbridge_alerts")
	descQueued   = descOf("mallbridge_oldest_job_seconds")
	descFailing  = descOf("mallbridge_jobs_failing")
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
	for _, d := range []*prometheus.Desc{
		descOrders, descOldest, descBatches, descRefused, descSuccess, descJobs, descReports, descLate, descUnproven, descReadable, descSize, descBackup,
		descReady, descShip, descCutOff, descRead, descUntil, descGaps, descMissing, descLost, descKeys, descAlerts, descQueued, descFailing,
	} {
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
	for _, more := range []func(context.Context) ([]prometheus.Metric, error){c.reports, c.jobs, c.instructions, c.reading, c.alerts, c.kept} {
		ms, err := more(ctx)
		if err != nil {
			return out, err
		}
		out = append(out, ms...)
	}
	return out, nil
}

// stamp is an instant as Prometheus has it; 0 for none.
func stamp(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}

// instructions are what warehouses have to ship, and until when.
func (c *ledgerCollector) instructions(ctx context.Context) ([]prometheus.Metric, error) {
	env := c.s.env.Load()
	counts, err := env.Ledger.InstructionCounts(ctx)
	if err != nil {
		return nil, err
	}
	n, oldest := map[string]map[int64]int64{}, map[string]time.Time{}
	for _, x := range counts {
		if n[x.Warehouse] == nil {
			n[x.Warehouse] = map[int64]int64{}
		}
		n[x.Warehouse][x.State] = x.Count
		if x.State != ledger.InstructionReady && x.State != ledger.InstructionClaimed {
			continue
		}
		if was, ok := oldest[x.Warehouse]; !ok || x.Oldest.Before(was) {
			oldest[x.Warehouse] = x.Oldest
		}
	}
	var out []prometheus.Metric
	for _, w := range env.Workspace.Warehouses {
		for state, name := range map[int64]string{
			ledger.InstructionReady: "ready", ledger.InstructionClaimed: "claimed", ledger.InstructionRefused: "refused", ledger.InstructionStopped: "stopped",
		} {
			out = append(out, gauge(descReady, float64(n[w.Name][state]), w.Name, name))
		}
		age := 0.0
		if since, ok := oldest[w.Name]; ok {
			age = env.Now().Sub(since).Seconds()
		}
		next := time.Time{}
		if len(w.Calendar.CutOffs)+len(w.Calendar.CutOffsOn) > 0 {
			next = w.Days.CutOffFor(env.Now())
		}
		out = append(out, gauge(descShip, age, w.Name), gauge(descCutOff, stamp(next), w.Name))
	}
	return out, nil
}

// reading is how far the orders of accounts were read.
func (c *ledgerCollector) reading(ctx context.Context) ([]prometheus.Metric, error) {
	env := c.s.env.Load()
	read, err := env.Ledger.Coverages(ctx)
	if err != nil {
		return nil, err
	}
	var out []prometheus.Metric
	for _, r := range read {
		if _, ok := env.Workspace.Account(r.Account); !ok {
			continue
		}
		out = append(out, gauge(descRead, stamp(r.At), r.Account), gauge(descUntil, stamp(r.Until), r.Account), gauge(descGaps, float64(r.Gaps), r.Account),
			gauge(descMissing, r.Missing.Seconds(), r.Account), gauge(descLost, float64(r.Lost), r.Account))
	}
	return out, nil
}

// alerts are those that are open, and the days that keys have left.
func (c *ledgerCollector) alerts(ctx context.Context) ([]prometheus.Metric, error) {
	env := c.s.env.Load()
	counts, err := env.Ledger.AlertCounts(ctx)
	if err != nil {
		return nil, err
	}
	var out []prometheus.Metric
	for _, n := range counts {
		level := "warning"
		if n.Kind.Info().Red {
			level = "red"
		}
		out = append(out, gauge(descAlerts, float64(n.Open), string(n.Kind), n.Target, level))
	}
	ends, err := env.Ledger.Alerts(ctx, ledger.AlertList{Kind: order.AlertKeyEnds})
	if err != nil {
		return nil, err
	}
	known := map[string]*ledger.Alert{}
	for i := range ends {
		known[ends[i].Target] = &ends[i]
	}
	for _, a := range env.Workspace.Accounts {
		if k := standing.KeyOf(a, known[a.Name], env.Now()); k.Known {
			out = append(out, gauge(descKeys, float64(k.Days), a.Name))
		}
	}
	return out, nil
}

// kept is the ledger itself.
func (c *ledgerCollector) kept(ctx context.Context) ([]prometheus.Metric, error) {
	l := c.s.env.Load().Ledger
	size, err := l.Size(ctx)
	if err != nil {
		return nil, err
	}
	last, err := l.DoneAt(ctx, ledger.BackedUp)
	return []prometheus.Metric{gauge(descSize, float64(size)), gauge(descBackup, stamp(last))}, err
}

// A diskCollector measures the room where the workspace's folders lie.
type diskCollector struct{ s *Server }

var (
	descFree  = descOf("mallbridge_disk_free_bytes")
	descFiles = descOf("mallbridge_disk_free_files")
)

// Describe implements prometheus.Collector.
func (c *diskCollector) Describe(ch chan<- *prometheus.Desc) { ch <- descFree; ch <- descFiles }

// Collect implements prometheus.Collector.
func (c *diskCollector) Collect(ch chan<- prometheus.Metric) {
	ws := c.s.env.Load().Workspace
	for name, path := range map[string]string{
		"workspace": ws.Dir, "inbox": ws.Path(ws.Settings.Inbox), "archive": ws.Path(ws.Settings.Archive), "outbox": ws.Path(ws.Settings.Outbox),
		"uploads": ws.Path(ws.Settings.Uploads), "done": ws.Path(ws.Settings.Done), "rejected": ws.Path(ws.Settings.Rejected),
	} {
		room, err := disk.At(path)
		if err != nil {
			continue // it is not there yet, or lies elsewhere; doctor says more
		}
		files := -1.0
		if room.Files > 0 {
			files = float64(room.FreeFiles)
		}
		ch <- gauge(descFree, float64(room.Free), name)
		ch <- gauge(descFiles, files, name)
	}
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
	failing, oldest := map[string]int{}, map[string]time.Time{}
	for _, j := range found {
		n[[2]string{j.Stage, string(j.State)}]++
		if j.State == jobs.Waiting && j.Error != "" {
			failing[j.Stage]++
		}
		if was, ok := oldest[j.Stage]; j.State == jobs.Ready && (!ok || j.Due.Before(was)) {
			oldest[j.Stage] = j.Due
		}
	}
	var out []prometheus.Metric
	for _, st := range pipeline.Stages {
		for _, state := range []jobs.State{jobs.Ready, jobs.Waiting, jobs.Running} {
			out = append(out, gauge(descJobs, float64(n[[2]string{st.Name, string(state)}]), st.Name, string(state)))
		}
		age := 0.0
		if due, ok := oldest[st.Name]; ok {
			age = max(0, time.Since(due).Seconds()) // the queue has the machine's clock
		}
		out = append(out, gauge(descQueued, age, st.Name), gauge(descFailing, float64(failing[st.Name]), st.Name))
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
