// Package cli is the command line of Mallbridge: one file for each command.
//
// Data goes to standard output, messages to standard error, an error as
// "error: …" and then "hint: …". Exit codes: 0 all done; 1 something failed,
// running again is safe; 2 usage or configuration; 3 done, but something waits for
// a person.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/internal/phrase"
	"github.com/mallbridge/mallbridge/internal/secrets"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

// Exit codes.
const (
	Done    = 0
	Failed  = 1
	Usage   = 2
	Waiting = 3
)

// An app is one call of the program.
type app struct {
	in       io.Reader
	out, err io.Writer
	getenv   func(string) string
	now      func() time.Time
	sleep    func(context.Context, time.Duration) error // between looks at a folder
	calls    connectors.Options                         // of malls' APIs

	dir  string
	lang string
	said string // the language of messages: lang, or what the workspace or the environment says
	json bool

	code int // of a command that ended without an error
}

// Run runs the program with its arguments (without its name) and returns its exit
// code.
func Run(ctx context.Context, args []string, in io.Reader, out, errw io.Writer) int {
	collectLess(os.Getenv)
	a := &app{in: in, out: out, err: errw, getenv: os.Getenv, now: time.Now, sleep: stage.Sleep}
	return a.main(ctx, args)
}

// collectLess trades memory that a batch program may have for time: garbage is
// collected when the heap has grown threefold, and always before it comes near
// memoryBound. GOGC and GOMEMLIMIT overrule it.
func collectLess(getenv func(string) string) {
	const memoryBound = 384 << 20
	if getenv("GOGC") == "" {
		debug.SetGCPercent(200)
	}
	if getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryBound)
	}
}

func (a *app) main(ctx context.Context, args []string) int {
	root := a.root()
	root.SetArgs(args)
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	a.said = configs.Language(a.getenv)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return a.code
	}
	return a.fail(err)
}

// usage marks errors of the command line itself.
type usage struct{ error }

func (u usage) Unwrap() error { return u.error }

// fail prints an error, each of several with its own hint, and returns the exit
// code for it.
func (a *app) fail(err error) int {
	var silent exit
	if errors.As(err, &silent) {
		return int(silent)
	}
	each := []error{err}
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		each = several.Unwrap()
	}
	for _, e := range each {
		for _, line := range strings.Split(secrets.Redact(e.Error()), "\n") {
			fmt.Fprintf(a.err, "error: %s\n", phrase.Say(a.said, line))
		}
		if hint := order.HintOf(e); hint != "" {
			fmt.Fprintf(a.err, "hint: %s\n", phrase.Say(a.said, hint))
		}
	}
	var bad usage
	switch {
	case errors.As(err, &bad):
		return Usage
	case order.CodeOf(err) == order.Invalid || order.CodeOf(err) == order.NotFound:
		return Usage
	}
	return Failed
}

// exit ends a command with a code whose reason was printed already.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

func (a *app) root() *cobra.Command {
	c := &cobra.Command{
		Use:           "mallbridge",
		Short:         "Carries orders from online malls to warehouses, and the answers back",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
		PersistentPreRunE: func(*cobra.Command, []string) error {
			if a.lang != "" && !slices.Contains([]string{"ja", "ko", "en"}, a.lang) {
				return usage{order.Errorf(order.Invalid, "use ja, ko or en", "--lang: %q is not known", a.lang)}
			}
			a.said = a.language(nil)
			return nil
		},
	}
	c.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage{err} })
	f := c.PersistentFlags()
	f.StringVar(&a.dir, "dir", "", "the workspace (default: MALLBRIDGE_DIR, else the present folder)")
	f.StringVar(&a.lang, "lang", "", "language of messages: ja, ko, en (default: mallbridge.yaml, else the environment)")
	c.AddCommand(
		a.initCmd(), a.checkCmd(), a.runCmd(), a.serveCmd(), a.demoCmd(), a.simulateCmd(), a.ingestCmd(),
		a.ordersCmd(), a.holdsCmd(), a.batchesCmd(), a.runsCmd(), a.filesCmd(), a.stockCmd(), a.reportsCmd(), a.uploadsCmd(), a.alertsCmd(), a.differencesCmd(),
		a.whyCmd(), a.proveCmd(), a.replayCmd(), a.mallCmd(),
		a.accountCmd(), a.warehouseCmd(), a.skuCmd(), a.catalogCmd(), a.formatCmd(), a.convertCmd(), a.secretCmd(), a.userCmd(), a.backupCmd(), a.restoreCmd(), a.migrateCmd(), a.doctorCmd(), a.healthCmd(), a.manualCmd(), a.purgeCmd(), a.versionCmd(),
	)
	wrapArgs(c)
	return c
}

// wrapArgs makes wrong numbers of arguments usage errors.
func wrapArgs(c *cobra.Command) {
	if check := c.Args; check != nil {
		c.Args = func(c *cobra.Command, args []string) error {
			if err := check(c, args); err != nil {
				return usage{fmt.Errorf("%s: %w", c.CommandPath(), err)}
			}
			return nil
		}
	}
	for _, sub := range c.Commands() {
		wrapArgs(sub)
	}
}

func (a *app) jsonFlag(c *cobra.Command) *cobra.Command {
	c.Flags().BoolVar(&a.json, "json", false, "print JSON")
	return c
}

// print writes v as JSON; a list without items is [].
func (a *app) print(v any) error {
	if r := reflect.ValueOf(v); r.Kind() == reflect.Slice && r.IsNil() {
		v = []any{}
	}
	e := json.NewEncoder(a.out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

func (a *app) workspaceDir() string {
	if a.dir != "" {
		return a.dir
	}
	if d := a.getenv("MALLBRIDGE_DIR"); d != "" {
		return d
	}
	return "."
}

func (a *app) language(ws *configs.Workspace) string {
	switch {
	case a.lang != "":
		return a.lang
	case ws != nil && ws.Settings.Language != "":
		return ws.Settings.Language
	}
	return configs.Language(a.getenv)
}

// workspace loads the workspace. Findings are printed; errors among them end the
// command with code 2.
func (a *app) workspace() (*configs.Workspace, error) {
	return a.workspaceUnless(func(fs configs.Findings) bool { return fs.Errors() > 0 })
}

// workspaceUnless is [app.workspace] for commands that can live with some errors.
func (a *app) workspaceUnless(bad func(configs.Findings) bool) (*configs.Workspace, error) {
	ws, findings, err := configs.Load(a.workspaceDir(), a.getenv)
	if err != nil {
		return nil, err
	}
	a.said = a.language(ws)
	if bad(findings) {
		fmt.Fprint(a.err, findings.In(phrase.Findings(a.said)).String())
		a.wrong(ws, findings.Errors())
		return nil, exit(Usage)
	}
	return ws, nil
}

// open loads the workspace and opens its ledger. The caller closes the ledger.
func (a *app) open(ctx context.Context) (*stage.Env, error) {
	ws, err := a.workspace()
	if err != nil {
		return nil, err
	}
	return a.env(ctx, ws)
}

func (a *app) env(ctx context.Context, ws *configs.Workspace) (*stage.Env, error) {
	env, err := a.unplaced(ctx, ws)
	if err != nil {
		return nil, err
	}
	if r, placed, err := env.Ledger.Placed(ctx, a.now()); err != nil {
		return nil, errors.Join(err, env.Ledger.Close())
	} else if placed {
		env.Log.Warn("the ledger is a copy; nothing is dropped until it is compared: run watch, run reconcile, restore settle", "of", local(ws, r.Copied))
	}
	return env, nil
}

// unplaced is env for a copy of the ledger that a rehearsal made: nothing was sent since.
func (a *app) unplaced(ctx context.Context, ws *configs.Workspace) (*stage.Env, error) {
	sec := secretsOf(ws, a.getenv)
	dsn, err := ledgerOf(ws, sec)
	if err != nil {
		return nil, err
	}
	l, err := ledger.Open(ctx, dsn)
	if err != nil {
		return nil, err
	}
	return &stage.Env{
		Workspace: ws, Ledger: l, Secrets: sec, Malls: &stage.Malls{Options: a.calls}, Folders: &stage.Folders{}, Now: a.now, Sleep: a.sleep, Log: a.logger(ws), Owner: pipeline.Owner("run"),
		Lease: a.lease(),
	}, nil
}

// leaseEnv names the variable by which tests make leases short.
const leaseEnv = "MALLBRIDGE_LEASE"

func (a *app) lease() time.Duration {
	d, err := time.ParseDuration(a.getenv(leaseEnv))
	if err != nil {
		return 0
	}
	return d
}

func secretsOf(ws *configs.Workspace, getenv func(string) string) *secrets.Resolver {
	s := &ws.Settings.Secrets
	return &secrets.Resolver{
		Dir: ws.Dir, AgeFile: ws.Path(s.File), Identity: s.Identity,
		Getenv: func(name string) (string, bool) { v := getenv(name); return v, v != "" },
	}
}

// ledgerOf is where the ledger lies: a file of the workspace, or a PostgreSQL URL
// given plainly or by reference.
func ledgerOf(ws *configs.Workspace, sec *secrets.Resolver) (string, error) {
	dsn := ws.Settings.Ledger
	if ref, err := secrets.ParseRef(dsn); err == nil {
		s, err := sec.Resolve(ref)
		if err != nil {
			return "", fmt.Errorf("ledger: %w", err)
		}
		dsn = s.Reveal()
	}
	if ledger.IsPostgres(dsn) {
		return dsn, nil
	}
	return ws.Path(dsn), nil
}

func (a *app) logger(ws *configs.Workspace) *slog.Logger {
	level := map[string]slog.Level{"debug": slog.LevelDebug, "warn": slog.LevelWarn, "error": slog.LevelError}[ws.Settings.Log.Level]
	o := &slog.HandlerOptions{Level: level}
	if ws.Settings.Log.Format == "json" {
		return slog.New(slog.NewJSONHandler(a.err, o))
	}
	return slog.New(slog.NewTextHandler(a.err, o))
}

// actor names the person at the keyboard in the audit trail.
func (a *app) actor(flag string) string {
	for _, v := range []string{flag, a.getenv("MALLBRIDGE_USER"), a.getenv("SUDO_USER"), a.getenv("USER")} {
		if v != "" {
			return v
		}
	}
	return "command line"
}

// local shows a moment in the workspace's zone.
func local(ws *configs.Workspace, t time.Time) string { return ws.Local(t) }

func abs(path string) string {
	if p, err := filepath.Abs(path); err == nil {
		return p
	}
	return path
}
