// Package pipeline holds the list of stages and runs one of them on one target.
//
// Each stage reads the ledger, does one thing, and writes the ledger. Stages
// never call each other; each can be run alone, again, or after a crash.
package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/catalog"
	"github.com/mallbridge/mallbridge/pipeline/collect"
	"github.com/mallbridge/mallbridge/pipeline/extract"
	"github.com/mallbridge/mallbridge/pipeline/instruct"
	"github.com/mallbridge/mallbridge/pipeline/login"
	"github.com/mallbridge/mallbridge/pipeline/plan"
	"github.com/mallbridge/mallbridge/pipeline/purge"
	"github.com/mallbridge/mallbridge/pipeline/reconcile"
	"github.com/mallbridge/mallbridge/pipeline/report"
	"github.com/mallbridge/mallbridge/pipeline/stage"
	"github.com/mallbridge/mallbridge/pipeline/stock"
)

// A Stage is one step of the way of an order.
type Stage struct {
	Name string
	On   Target
	Run  func(ctx context.Context, env *stage.Env, target string) (stage.Report, error)
}

// A Target is what a stage runs on.
type Target string

// Targets.
const (
	Accounts   Target = "account"
	Warehouses Target = "warehouse"
	All        Target = "all" // the workspace as a whole; its one target has the same name
)

// Stages lists every stage in the order in which an order goes through them.
var Stages = []Stage{
	{"extract", Accounts, extract.Run},     // sheets → ledger
	{"plan", Accounts, plan.Run},           // map, hold, route, merge, split → instructions
	{"instruct", Warehouses, instruct.Run}, // instructions → file at the drop
	{"collect", Warehouses, collect.Run},   // acks, results, stock → ledger
	{"report", Accounts, report.Run},       // parcels → mall, until it shows them
	{"stock", Accounts, stock.Run},         // what may be sold → mall
	{"catalog", Accounts, catalog.Run},     // product master of the mall → ledger
	{"watch", Warehouses, reconcile.Watch}, // what is late at a warehouse; files = ledger
	{"reconcile", Accounts, reconcile.Run}, // mall = ledger; windows, keys
	{"purge", All, purge.Run},              // personal data whose time has come, once a day
}

// Lookup returns the stage of that name.
func Lookup(name string) (Stage, bool) {
	for _, s := range Stages {
		if s.Name == name {
			return s, true
		}
	}
	return Stage{}, false
}

// Targets lists what a stage runs on: the enabled accounts or warehouses, or the
// whole.
func (s Stage) Targets(w *configs.Workspace) []string {
	var out []string
	if s.On == All {
		return []string{string(All)}
	}
	if s.On == Accounts {
		for _, a := range w.Accounts {
			if a.Enabled {
				out = append(out, a.Name)
			}
		}
		return out
	}
	for _, h := range w.Warehouses {
		if h.Enabled {
			out = append(out, h.Name)
		}
	}
	return out
}

// Has reports whether a name is among the stage's targets.
func (s Stage) Has(w *configs.Workspace, target string) bool {
	switch s.On {
	case All:
		return target == string(All)
	case Accounts:
		a, ok := w.Account(target)
		return ok && a.Enabled
	}
	h, ok := w.Warehouse(target)
	return ok && h.Enabled
}

// The outcomes of a run, as the ledger keeps them.
const (
	OK      = "ok"      // it did something
	Nothing = "nothing" // there was nothing to do
	Waiting = "waiting" // done, but something waits for a person
	Failed  = "failed"
)

// A Result is how one stage went on one target.
type Result struct {
	Stage   string       `json:"stage"`
	Target  string       `json:"target"`
	Outcome string       `json:"outcome"`
	Report  stage.Report `json:"report"`
	Err     error        `json:"-"`
	Error   string       `json:"error,omitempty"`
	Hint    string       `json:"hint,omitempty"`
}

// ErrBusy is the cause of a [Run] that failed because someone else is running the
// stage on the target.
var ErrBusy = errors.New("is being run")

// Run runs a stage on a target under its lease and records the run. Two runs of
// one stage on one target never work at the same time: the second fails with
// code retry. It makes a span if runs are traced.
func Run(ctx context.Context, env *stage.Env, s Stage, target string) Result {
	if env.Tracer == nil {
		return run(ctx, env, s, target)
	}
	ctx, span := env.Tracer.Start(ctx, "stage "+s.Name, trace.WithAttributes(attribute.String("mallbridge.stage", s.Name), attribute.String("mallbridge.target", target),
		attribute.String("mallbridge.slot", env.Slot), attribute.String("mallbridge.reason", reason(env))))
	// Called from a function: deferred itself, it would tell what a panic says.
	defer func() { span.End() }()
	res := run(ctx, env, s, target)
	span.SetAttributes(attribute.String("mallbridge.outcome", res.Outcome), attribute.Int64("mallbridge.waiting", res.Report.Waiting))
	if res.Err != nil {
		span.SetStatus(codes.Error, string(order.CodeOf(res.Err)))
	}
	return res
}

// reason is why a run is made, by its slot: schedule, start, after (another stage),
// asked (by a person), or run (without a queue).
func reason(env *stage.Env) string {
	word, _, more := strings.Cut(env.Slot, " ")
	switch {
	case env.Slot == "":
		return "run"
	case more:
		return word
	}
	return "schedule"
}

func run(ctx context.Context, env *stage.Env, s Stage, target string) Result {
	res := Result{Stage: s.Name, Target: target}
	if env.DryRun != nil {
		res.Report, res.Err = s.Run(ctx, env, target)
		return res.finish()
	}
	name := s.Name + "/" + target
	lease, err := take(ctx, env, name)
	if res.Err = err; err != nil {
		return res.finish()
	}
	id, err := env.Ledger.StartRun(ctx, s.Name, target, env.Owner, env.Now())
	trail := stage.NewTrail(env.Now)
	if err == nil {
		under := *env
		under.Ledger = env.Ledger.Under(lease)
		under.Trail, under.Log = trail, slog.New(stage.Trailed(env.Log.Handler(), trail))
		trail.Log(slog.LevelInfo, "the run began", slog.String("stage", s.Name), slog.String("target", target), slog.String("owner", env.Owner))
		res.Report, err = func() (stage.Report, error) {
			defer follow(ctx, env, id, s.Name, target, trail)()
			return hold(trail.On(ctx), env, lease, func(ctx context.Context) (stage.Report, error) { return let(ctx, &under, s, target) })
		}()
	}
	res.Err = err
	res = res.finish()
	// The record and the lease must be written even if ctx has ended.
	last := context.WithoutCancel(ctx)
	if id != 0 && (res.Outcome != Nothing || env.Log.Enabled(ctx, -4)) {
		res.log(trail)
		err = env.Ledger.EndRun(last, id, res.Outcome, res.summary(), env.Now(), trail.Take()...)
	} else if id != 0 {
		err = env.Ledger.ForgetRun(last, id)
	}
	if err = errors.Join(err, env.Ledger.Drop(last, name, env.Owner)); err != nil && res.Err == nil {
		res.Err = err
		res = res.finish()
	}
	return res
}

// How often it is told what a run is at, and how long a run lasts before it is told the
// first time: most are over by then, and write nothing but their beginning and end.
const (
	tellEvery = time.Second
	tellAfter = 2 * time.Second
)

// follow tells the ledger, and whoever else wants to know, what a run is at, beside the
// work and outside of its transactions, until stop is called.
func follow(ctx context.Context, env *stage.Env, id int64, name, target string, trail *stage.Trail) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var done sync.WaitGroup
	done.Go(func() {
		t := time.NewTicker(tellEvery)
		defer t.Stop()
		var was ledger.RunStep
		for began := time.Now(); ; {
			select {
			case <-ctx.Done():
				return
			case <-t.C:
			}
			is := trail.Step()
			if env.Told != nil {
				env.Told(name, target, is)
			}
			if time.Since(began) < tellAfter {
				continue
			}
			lines := trail.Take()
			if is == was && len(lines) == 0 {
				continue
			}
			was = is
			is.At = env.Now()
			if err := tell(ctx, env, id, is, lines); err != nil {
				trail.Back(lines)
				env.Log.Debug("what a run is at could not be told", "stage", name, "target", target, "err", err)
			}
		}
	})
	return func() {
		cancel()
		done.Wait()
		if env.Told != nil {
			env.Told(name, target, ledger.RunStep{})
		}
	}
}

// tellWithin is how long the ledger may take: the end of a run waits for it.
const tellWithin = 5 * time.Second

func tell(ctx context.Context, env *stage.Env, id int64, is ledger.RunStep, lines []ledger.RunLine) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tellWithin)
	defer cancel()
	return env.Ledger.TellRun(ctx, id, is, lines)
}

// log ends the log of a run. What an error says is in the run's summary: it may name
// people, and the log names nobody.
func (r Result) log(t *stage.Trail) {
	t.End()
	level, attrs := slog.LevelInfo, []slog.Attr{slog.String("outcome", r.Outcome), slog.Int64("waiting", r.Report.Waiting)}
	if r.Err != nil {
		level, attrs = slog.LevelError, append(attrs, slog.Any("code", order.CodeOf(r.Err)), slog.String("hint", r.Hint))
	}
	for _, what := range slices.Sorted(maps.Keys(r.Report.Counts)) {
		attrs = append(attrs, slog.Int64(what, r.Report.Counts[what]))
	}
	t.Log(level, "the run ended", attrs...)
}

// let runs a stage for an account as far as its mall lets it in. A refused login is
// no failure of the run: it waits for a person, and the account's windows stay open.
func let(ctx context.Context, env *stage.Env, s Stage, target string) (stage.Report, error) {
	a, ok := env.Workspace.Account(target)
	if s.On != Accounts || !ok || !a.UsesAPI() || env.Malls == nil {
		return s.Run(ctx, env, target)
	}
	start := env.Now()
	e, err := login.For(ctx, env, a, s.Name)
	if err != nil {
		return stage.Report{}, err
	}
	rep, err := s.Run(ctx, e, target)
	if err == nil {
		if asked := env.Malls.LastAsked(a); !asked.IsZero() && !asked.Before(start) {
			err = login.Works(ctx, env, a, e.NextKeys)
		}
		return rep, err
	}
	known, broke := login.Refused(context.WithoutCancel(ctx), e, a, s.Name, err)
	if !known || broke != nil {
		return rep, errors.Join(err, broke)
	}
	rep.Waiting++
	rep.Add("refused logins", 1)
	rep.Notef("%s: the mall refuses the login; renew the keys, then run account test %s", a.Name, a.Name)
	return rep, nil
}

func (r Result) finish() Result {
	switch {
	case r.Err != nil:
		r.Outcome, r.Error, r.Hint = Failed, r.Err.Error(), order.HintOf(r.Err)
	case r.Report.Waiting > 0:
		r.Outcome = Waiting
	case r.Report.Nothing():
		r.Outcome = Nothing
	default:
		r.Outcome = OK
	}
	return r
}

func (r Result) summary() string {
	if r.Err != nil {
		return r.Err.Error()
	}
	return strings.Join(append([]string{r.Report.String()}, r.Report.Notes...), "\n")
}

// take gets the lease, also from a process of this machine that is gone.
func take(ctx context.Context, env *stage.Env, name string) (ledger.Lease, error) {
	l, ok, err := env.Ledger.Acquire(ctx, name, env.Owner, env.LeaseTime(), env.Now())
	if err != nil || ok {
		return l, err
	}
	if Gone(l.Owner) {
		env.Log.Warn("the process that ran this stage is gone; its lease is taken over", "lease", name, "owner", l.Owner)
		if err := env.Ledger.Drop(ctx, name, l.Owner); err != nil {
			return l, err
		}
		if l, ok, err = env.Ledger.Acquire(ctx, name, env.Owner, env.LeaseTime(), env.Now()); err != nil || ok {
			return l, err
		}
	}
	return l, order.Errorf(order.Retry, "wait until it has finished; running again is safe", "%s %w by %s (%s)", name, ErrBusy, l.Owner, holder(l))
}

func holder(l ledger.Lease) string {
	return "its lease ends " + l.Expires.UTC().Format(time.RFC3339)
}

// hold keeps the lease alive while f works. If the lease is lost, f's context
// ends.
func hold(ctx context.Context, env *stage.Env, lease ledger.Lease, f func(context.Context) (stage.Report, error)) (stage.Report, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := make(chan struct{})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		ttl := env.LeaseTime()
		t := time.NewTicker(ttl / 3)
		defer t.Stop()
		last := time.Now()
		for {
			select {
			case <-stop:
				return
			case <-t.C:
				ok, err := renew(ctx, env, lease, ttl/3)
				if err == nil && ok {
					last = time.Now()
				} else if err == nil || time.Since(last) > ttl {
					// Cut off from the ledger, it would be someone else's by now.
					cancel(fmt.Errorf("lease %s: %w", lease.Name, ledger.ErrLost))
				}
			}
		}
	}()
	rep, err := func() (stage.Report, error) {
		defer func() {
			close(stop)
			<-stopped
		}()
		return f(ctx)
	}()
	if cause := context.Cause(ctx); err != nil && cause != nil && !errors.Is(err, cause) {
		err = errors.Join(err, cause)
	}
	return rep, err
}

// renew tells the ledger that the run goes on, unless it does not answer in time.
func renew(ctx context.Context, env *stage.Env, lease ledger.Lease, within time.Duration) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	return env.Ledger.Renew(ctx, lease, env.LeaseTime(), env.Now())
}

// NodeEnv names the variable that names this machine where host names do not tell
// machines apart.
const NodeEnv = "MALLBRIDGE_NODE"

// Host names this machine in leases: by MALLBRIDGE_NODE, else by its host name.
func Host() string {
	host := os.Getenv(NodeEnv)
	if host == "" {
		var err error
		if host, err = os.Hostname(); err != nil {
			host = "unknown"
		}
	}
	return strings.ReplaceAll(host, "/", "-")
}

// Owner names this process in leases: host, process number, and what the caller
// adds to tell several apart.
func Owner(extra string) string { return fmt.Sprintf("%s/%d/%s", Host(), os.Getpid(), extra) }

// Gone reports whether an owner is a process of this machine that no longer
// exists.
func Gone(owner string) bool {
	parts := strings.SplitN(owner, "/", 3)
	if len(parts) != 3 || parts[0] != Host() {
		return false
	}
	pid, err := strconv.Atoi(parts[1])
	return err == nil && pid != os.Getpid() && !running(pid)
}
