package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/internal/folders"
	"github.com/mallbridge/mallbridge/internal/phrase"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

func (a *app) runCmd() *cobra.Command {
	var accounts, warehouses []string
	var dry bool
	c := &cobra.Command{
		Use:   "run [STAGE…]",
		Short: "Run every stage once (for cron), or only those named",
		Long: `Run goes once through the stages extract, plan, instruct, collect and report: it
reads what lies in the watch folders, plans, drops files at the warehouses, fetches
their answers, and tells the malls of what was shipped. Then watch and reconcile look
for what is late and what differs; the comparison with the malls is made once a day,
or when reconcile is named. Once a day purge removes personal data whose time has
come. Running it again is always safe. With --account or --warehouse, what is for the
whole is left out.

With --dry-run nothing is changed anywhere: it prints the exact bytes of the
instruction files that would be dropped, and on standard error how they differ
from the last ones.`,
		ValidArgs: stageNames(),
		RunE: func(c *cobra.Command, args []string) error {
			return a.run(c.Context(), args, accounts, warehouses, dry)
		},
	}
	c.Flags().StringArrayVar(&accounts, "account", nil, "only this account (may be repeated)")
	c.Flags().StringArrayVar(&warehouses, "warehouse", nil, "only this warehouse (may be repeated)")
	c.Flags().BoolVar(&dry, "dry-run", false, "change nothing; print what would be dropped")
	return a.jsonFlag(c)
}

func stageNames() []string {
	var out []string
	for _, s := range pipeline.Stages {
		out = append(out, s.Name)
	}
	return out
}

// chosen returns the stages of that name, all without a name, in their order.
func chosen(names []string) ([]pipeline.Stage, error) {
	for _, n := range names {
		if _, ok := pipeline.Lookup(n); !ok {
			return nil, usage{order.Errorf(order.Invalid, "stages are "+strings.Join(stageNames(), ", "), "no stage %q", n)}
		}
	}
	var out []pipeline.Stage
	for _, s := range pipeline.Stages {
		if len(names) == 0 || slices.Contains(names, s.Name) {
			out = append(out, s)
		}
	}
	return out, nil
}

func (a *app) run(ctx context.Context, names, accounts, warehouses []string, dry bool) error {
	stages, err := chosen(names)
	if err != nil {
		return err
	}
	ws, err := a.workspace()
	if err != nil {
		return err
	}
	var env *stage.Env
	done := func() {}
	if dry {
		env, done, err = a.rehearse(ctx, ws)
	} else {
		env, err = a.env(ctx, ws)
	}
	if err != nil {
		return err
	}
	defer done()
	defer env.Ledger.Close()
	defer env.Folders.Close()
	traced, err := a.trace(ctx, env)
	if err != nil {
		return err
	}
	defer traced()
	if len(names) > 0 {
		env.Named, env.Asked = true, slices.Concat(accounts, warehouses)
	}
	for _, n := range accounts {
		if _, ok := env.Workspace.Account(n); !ok {
			return order.Errorf(order.NotFound, "look into accounts/", "no account %s", n)
		}
	}
	for _, n := range warehouses {
		if _, ok := env.Workspace.Warehouse(n); !ok {
			return order.Errorf(order.NotFound, "look into warehouses/", "no warehouse %s", n)
		}
	}
	if isTerminal(a.err) && !a.json {
		env.Told = a.showStep
	}
	var results []pipeline.Result
	for _, s := range stages {
		if dry && (s.Name == "collect" || s.Name == "report" || s.Name == "purge") || s.On == pipeline.All && len(accounts)+len(warehouses) > 0 {
			continue
		}
		for _, target := range s.Targets(env.Workspace) {
			if s.On == pipeline.Accounts && len(accounts) > 0 && !slices.Contains(accounts, target) ||
				s.On == pipeline.Warehouses && len(warehouses) > 0 && !slices.Contains(warehouses, target) {
				continue
			}
			r := pipeline.Run(ctx, env, s, target)
			results = append(results, r)
			if !a.json {
				a.tell(r)
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
	}
	if !dry {
		a.notify(ctx, env)
	}
	if a.json && !dry {
		if err := a.print(results); err != nil {
			return err
		}
	}
	return a.verdict(results)
}

// showStep shows on a terminal what a run is at, in one line that the next one replaces.
func (a *app) showStep(name, target string, step ledger.RunStep) {
	const clear = "\r\x1b[K"
	if step.What == "" {
		fmt.Fprint(a.err, clear)
		return
	}
	fmt.Fprintf(a.err, clear+"%-9s %-20s %s", name, target, phrase.Step(a.said, step.What, step.Of, step.Done, step.Total))
}

// tell prints how one stage went.
func (a *app) tell(r pipeline.Result) {
	if r.Outcome == pipeline.Nothing {
		return
	}
	if r.Err == nil || !r.Report.Nothing() {
		fmt.Fprintf(a.err, "%-9s %-20s %s\n", r.Stage, r.Target, a.counts(&r.Report))
	}
	for _, n := range r.Report.Notes {
		fmt.Fprintf(a.err, "%-9s   %s\n", "", phrase.Say(a.said, n))
	}
	if r.Err != nil {
		a.fail(r.Err)
	}
}

// counts says what a report counts, in the reader's language.
func (a *app) counts(rep *stage.Report) string {
	return rep.In(func(what string) string { return phrase.Count(a.said, what) })
}

// verdict turns results into an exit code.
func (a *app) verdict(results []pipeline.Result) error {
	code := Done
	for _, r := range results {
		switch {
		case r.Err != nil && order.CodeOf(r.Err) == order.Invalid:
			return exit(Usage)
		case r.Err != nil:
			code = Failed
		case r.Outcome == pipeline.Waiting && code == Done:
			code = Waiting
		}
	}
	if code == Done {
		return nil
	}
	return exit(code)
}

// rehearse opens an Env that changes nothing: a copy of the ledger, copies of the
// watch folders, an archive of its own, and no drop. done removes them.
func (a *app) rehearse(ctx context.Context, real *configs.Workspace) (env *stage.Env, done func(), err error) {
	dir, err := os.MkdirTemp("", "mallbridge-dry-run-*")
	if err != nil {
		return nil, nil, err
	}
	remove := func() { os.RemoveAll(dir) }
	defer func() {
		if err != nil {
			remove()
		}
	}()
	copied := filepath.Join(dir, "ledger.db")
	if err := a.copyLedger(ctx, real, copied); err != nil {
		return nil, nil, err
	}
	ws := real.With(slices.Clone(real.Accounts))
	ws.Settings.Ledger = copied
	ws.Settings.Archive, ws.Settings.Done = filepath.Join(dir, "archive"), filepath.Join(dir, "done")
	ws.Settings.Rejected = filepath.Join(dir, "rejected")
	there := &stage.Env{Workspace: real, Secrets: secretsOf(real, a.getenv), Folders: &stage.Folders{}}
	defer there.Folders.Close()
	archive := there.Folder(real.Settings.Archive)
	if archive.IsLocal() {
		if err := link(real.Path(real.Settings.Archive), ws.Settings.Archive); err != nil {
			return nil, nil, err
		}
	}
	for i, acc := range ws.Accounts {
		x := *acc
		x.Intake.Folder = filepath.Join(dir, "inbox", acc.Name)
		if err := copyFiles(ctx, there.Folder(acc.Intake.Folder), x.Intake.Folder); err != nil {
			return nil, nil, err
		}
		ws.Accounts[i] = &x
	}
	if env, err = a.unplaced(ctx, ws); err != nil {
		return nil, nil, err
	}
	if !archive.IsLocal() {
		if err := copyOpen(ctx, env, archive); err != nil {
			return nil, nil, errors.Join(err, env.Ledger.Close())
		}
	}
	env.DryRun = a.out
	return env, remove, nil
}

// copyLedger writes a copy of the workspace's ledger, if it has one already.
func (a *app) copyLedger(ctx context.Context, ws *configs.Workspace, to string) error {
	dsn, err := ledgerOf(ws, secretsOf(ws, a.getenv))
	if err != nil {
		return err
	}
	if _, err := os.Stat(dsn); !ledger.IsPostgres(dsn) && errors.Is(err, os.ErrNotExist) {
		return nil
	}
	l, err := ledger.Open(ctx, dsn)
	if err != nil {
		return err
	}
	return errors.Join(l.Backup(ctx, to), l.Close())
}

// link makes the files below from readable below to without copying them.
func link(from, to string) error {
	return filepath.WalkDir(from, func(path string, d os.DirEntry, err error) error {
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		at := filepath.Join(to, rel)
		if err := os.MkdirAll(filepath.Dir(at), 0o750); err != nil {
			return err
		}
		target, err := filepath.Abs(path)
		if err != nil {
			return err
		}
		return os.Symlink(target, at)
	})
}

// copyOpen copies what is kept and not read yet from an archive elsewhere.
func copyOpen(ctx context.Context, env *stage.Env, from *folders.Folder) error {
	for _, acc := range env.Workspace.Accounts {
		for _, kind := range []string{ledger.FileOrders, ledger.FilePages} {
			open, err := env.Ledger.OpenFiles(ctx, kind, acc.Name)
			if err != nil {
				return err
			}
			for _, f := range open {
				if err := copyFile(ctx, from, f.Path, env.Workspace.Path(env.Workspace.Settings.Archive, f.Path)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func copyFiles(ctx context.Context, from *folders.Folder, to string) error {
	all, err := from.All(ctx)
	if err != nil {
		return err
	}
	for _, f := range all {
		if f.Dir {
			continue
		}
		if err := copyFile(ctx, from, f.Name, filepath.Join(to, f.Name)); err != nil {
			return err
		}
	}
	return nil
}

func copyFile(ctx context.Context, from *folders.Folder, name, to string) error {
	in, err := from.Open(ctx, name)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := os.MkdirAll(filepath.Dir(to), 0o750); err != nil {
		return err
	}
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
