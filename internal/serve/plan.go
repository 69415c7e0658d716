package serve

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/internal/jobs"
	"github.com/mallbridge/mallbridge/pipeline"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

// lanes says how many jobs of a stage one process works at a time, and for how
// long. Stages that compute share two cores well, and those that ask malls have as
// many as limits.workers says; those that wait for a warehouse's server must not wait
// for each other.
func lanes(ws *configs.Workspace) []jobs.Lane {
	out := make([]jobs.Lane, len(pipeline.Stages))
	for i, s := range pipeline.Stages {
		out[i] = jobs.Lane{Stage: s.Name, Workers: ws.Settings.Limits.Workers, Timeout: 2 * time.Hour}
		switch s.On {
		case pipeline.Warehouses:
			out[i].Workers, out[i].Timeout = 8, time.Hour
		case pipeline.All:
			out[i].Workers = 1
		}
	}
	return out
}

// entries lists when each stage runs on each target.
func entries(ws *configs.Workspace) []jobs.Entry {
	var out []jobs.Entry
	for _, s := range pipeline.Stages {
		for _, target := range s.Targets(ws) {
			out = append(out, entry(ws, s, target))
		}
	}
	return out
}

func entry(ws *configs.Workspace, s pipeline.Stage, target string) jobs.Entry {
	e := jobs.Entry{Stage: s.Name, Target: target}
	if a, ok := ws.Account(target); ok && s.On == pipeline.Accounts {
		e.Zone = a.Location
		e.When = map[string]configs.Schedule{
			"extract": a.Schedules.Extract, "plan": a.Schedules.Plan, "report": a.Schedules.Report, "stock": a.Schedules.Stock, "catalog": a.Schedules.Catalog,
			"reconcile": a.Schedules.Reconcile,
		}[s.Name]
		if s.Name == "stock" && !a.AutoStockSync || s.Name == "catalog" && !a.UsesAPI() {
			e.When = configs.Schedule{Off: true}
		}
	}
	if h, ok := ws.Warehouse(target); ok && s.On == pipeline.Warehouses {
		e.Zone = h.Location
		e.When = map[string]configs.Schedule{"instruct": h.Schedules.Instruct, "collect": h.Schedules.Collect, "watch": h.Schedules.Watch}[s.Name]
	}
	if s.On == pipeline.All {
		if loc, err := time.LoadLocation(ws.Settings.Timezone); err == nil {
			e.Zone = loc
		}
		e.When = map[string]configs.Schedule{"purge": ws.Settings.Schedules.Purge}[s.Name]
	}
	return e
}

// sweep enqueues what may have been lost since the last process ended: every
// stage that runs by an interval; those that run by cron line if their last run
// was cut off, or if they were due within the last hour and did not begin.
func (s *Server) sweep(ctx context.Context) error {
	env := s.env.Load()
	now := env.Now()
	for _, e := range entries(env.Workspace) {
		if e.When.Off || e.When.IsZero() {
			continue
		}
		j := jobs.Job{Stage: e.Stage, Target: e.Target, Slot: "start " + now.UTC().Format(time.RFC3339Nano)}
		if e.When.Cron != "" {
			cut, err := cutOff(ctx, env, e)
			if err != nil {
				return err
			}
			if !cut {
				missed, ok := e.Missed(now)
				if !ok {
					continue
				}
				j = missed
			}
		}
		if _, err := s.queue.Enqueue(ctx, j); err != nil {
			return err
		}
	}
	return nil
}

// cutOff reports whether the last run has no end in the ledger.
func cutOff(ctx context.Context, env *stage.Env, e jobs.Entry) (bool, error) {
	runs, err := env.Ledger.Runs(ctx, e.Stage, e.Target, 1)
	return len(runs) > 0 && runs[0].EndedAt.IsZero(), err
}

// follow enqueues what a stage has made work for. Targets that run at the times
// of a cron line, or never, wait for them: someone chose those times.
func (s *Server) follow(ctx context.Context, env *stage.Env, cause int64, r pipeline.Result) error {
	next := map[string][]string{}
	switch counts := r.Report.Counts; r.Stage {
	case "extract":
		if counts["new orders"]+counts["changed orders"] > 0 {
			next["plan"] = []string{r.Target}
		}
	case "plan":
		if counts["instructions"] > 0 {
			targets, err := ready(ctx, env, r.Target)
			if err != nil {
				return err
			}
			next["instruct"] = targets
		}
	case "instruct":
		if counts["batches"] > 0 {
			next["collect"] = []string{r.Target}
		}
	case "collect":
		if counts["results"]+counts["acks"] > 0 {
			accounts, err := env.Ledger.ToReport(ctx)
			if err != nil {
				return err
			}
			next["report"] = accounts
		}
		if counts["stock"] > 0 {
			next["stock"] = selling(env, r.Target)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(next)) {
		st, _ := pipeline.Lookup(name)
		for _, t := range next[name] {
			if !st.Has(env.Workspace, t) || entry(env.Workspace, st, t).When.Every == 0 {
				continue
			}
			if _, err := s.queue.Enqueue(ctx, jobs.Job{Stage: name, Target: t, Slot: fmt.Sprintf("after %s %d", r.Stage, cause)}); err != nil {
				return err
			}
		}
	}
	return nil
}

// selling lists the accounts that push stock of a warehouse by themselves.
func selling(env *stage.Env, warehouse string) []string {
	var out []string
	for _, a := range env.Workspace.Accounts {
		if a.Enabled && a.AutoStockSync && a.UsesAPI() && slices.Contains(a.Stock.Warehouses, warehouse) {
			out = append(out, a.Name)
		}
	}
	return out
}

// ready lists the warehouses for which an account has instructions that may be sent
// now.
func ready(ctx context.Context, env *stage.Env, account string) ([]string, error) {
	days, err := env.Ledger.ReadyOf(ctx, account)
	var out []string
	for _, w := range env.Workspace.Warehouses {
		if day, ok := days[w.Name]; ok && w.Enabled && day <= w.Days.NextShipDay(env.Now()) {
			out = append(out, w.Name)
		}
	}
	return out, err
}
