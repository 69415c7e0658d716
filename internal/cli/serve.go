package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/console"
	"github.com/mallbridge/mallbridge/internal/notice"
	"github.com/mallbridge/mallbridge/internal/phrase"
	"github.com/mallbridge/mallbridge/internal/secrets"
	"github.com/mallbridge/mallbridge/internal/serve"
	"github.com/mallbridge/mallbridge/internal/traces"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/pipeline"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

func (a *app) serveCmd() *cobra.Command {
	var listen string
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run the stages at their times, until stopped",
		Long: `Serve runs every stage at the times of its schedule, looks into the watch
folders, and serves the pages for people, /healthz and /metrics (console.listen).
While nobody can sign in, it prints a link by which the first password is chosen;
"user invite" makes more of them.

SIGTERM or Ctrl-C stops it: what runs ends at its next safe point, and the next
start goes on from there. A second one ends it at once, which loses nothing
either. SIGHUP reads the configuration again; one with errors is not used.

Several may serve one workspace of one machine, and "run" may run beside them. With
a ledger in PostgreSQL, machines of any number may serve one workspace together
(docs/scale-out.md).`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.serve(c.Context(), listen, c.Flags().Changed("listen"))
		},
	}
	c.Flags().StringVar(&listen, "listen", "", "address of the pages, or off (default: console.listen)")
	return c
}

// callsAtOnce is how many calls of malls may be under way in one process.
const callsAtOnce = 64

func (a *app) serve(ctx context.Context, listen string, set bool) error {
	// main's context ends with the first signal. Before anything is stopped, nobody
	// listens for signals any more, so that the next one ends the program at once.
	told := ctx
	ctx, stop := context.WithCancel(context.WithoutCancel(told))
	defer stop()
	defer context.AfterFunc(told, func() {
		signal.Reset(os.Interrupt, syscall.SIGTERM)
		stop()
	})()
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	env, err := a.open(ctx)
	if errors.Is(err, context.Canceled) {
		return nil // stopped before it began
	}
	if err != nil {
		return err
	}
	if !set {
		listen = env.Workspace.Settings.Console.Listen
	}
	queue, err := queueOf(env.Workspace, env.Secrets)
	if err != nil {
		return errors.Join(err, env.Ledger.Close())
	}
	traced, err := a.trace(ctx, env)
	if err != nil {
		return errors.Join(err, env.Ledger.Close())
	}
	defer traced()
	var calls connectors.Counters
	env.Malls.Paced = true
	env.Malls.Options.Meter, env.Malls.Options.Gate = &calls, connectors.NewGate(callsAtOnce)
	err = serve.Run(ctx, serve.Options{
		Pages: a.pages(ctx, env.Workspace.Settings.Console), Env: env, Reload: a.reload, Hangup: hangup, Jobs: queue, Listen: listen, Calls: &calls, Notify: a.getenv("NOTIFY_SOCKET"), Tell: tellOf,
	})
	if e := errors.Join(env.Folders.Close(), env.Ledger.Close()); err == nil {
		err = e
	}
	return err
}

// trace has the runs of env traced if a collector is named. What it returns sends what
// is left, at the end.
func (a *app) trace(ctx context.Context, env *stage.Env) (end func(), err error) {
	env.Tracer, end, err = traces.Start(ctx, traces.Options{Getenv: a.getenv, Version: version, Node: pipeline.Host(), Log: env.Log})
	return end, err
}

// pages makes the console, and says how the first person gets in.
func (a *app) pages(ctx context.Context, settings configs.Console) func(serve.World) (http.Handler, error) {
	return func(w serve.World) (http.Handler, error) {
		c, err := console.New(console.Options{Env: w.Env, Run: w.Run, Reload: w.Reload, Jobs: w.Jobs, HTTPS: settings.HTTPS, Version: version})
		if err != nil {
			return nil, err
		}
		first, err := c.FirstUser(ctx)
		if err != nil {
			return nil, err
		}
		if first != "" {
			a.line("nobody can sign in yet; open this path of the pages within a day and choose a password: %s", first)
		}
		go c.Work(ctx)
		return c.Handler(), nil
	}
}

// tellOf tells people of alerts; a channel that fails is in the log, and an alert.
func tellOf(ctx context.Context, env *stage.Env) error {
	rep, err := notice.Send(ctx, env)
	for _, e := range rep.Errors {
		env.Log.Warn("a notice could not be sent; it is tried again", "err", e)
	}
	return err
}

// reload reads the configuration again. Its findings go into the log, where
// whoever sent the signal looks.
func (a *app) reload() (*stage.Env, error) {
	ws, findings, err := configs.Load(a.workspaceDir(), a.getenv)
	if err != nil {
		return nil, err
	}
	if findings.Errors() > 0 {
		fmt.Fprint(a.err, findings.In(phrase.Findings(a.language(ws))).String())
		return nil, fmt.Errorf("the workspace has %d errors: %w", findings.Errors(), findings.Err())
	}
	return &stage.Env{Workspace: ws, Secrets: secretsOf(ws, a.getenv), Now: a.now, Sleep: stage.Sleep, Log: a.logger(ws), Lease: a.lease()}, nil
}

// queueOf is where the queue of jobs lies: in the ledger's database, or in a file
// of its own beside the ledger where that is a file.
func queueOf(ws *configs.Workspace, sec *secrets.Resolver) (string, error) {
	dsn, err := ledgerOf(ws, sec)
	if err != nil || ledger.IsPostgres(dsn) {
		return dsn, err
	}
	return jobsFile(ws), nil
}

// jobsFile is the queue's own file, beside the ledger where that is a file.
func jobsFile(ws *configs.Workspace) string {
	const name = "jobs.db"
	dsn := ws.Settings.Ledger
	if _, err := secrets.ParseRef(dsn); err == nil || ledger.IsPostgres(dsn) {
		return ws.Path(name)
	}
	return filepath.Join(filepath.Dir(ws.Path(dsn)), name)
}
