package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	seal "filippo.io/age"
	"github.com/spf13/cobra"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/internal/backup"
	"github.com/mallbridge/mallbridge/internal/phrase"
	"github.com/mallbridge/mallbridge/internal/proof"
	"github.com/mallbridge/mallbridge/internal/secrets"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

func (a *app) backupCmd() *cobra.Command {
	var to []string
	c := &cobra.Command{
		Use:   "backup FILE",
		Short: "Write the workspace and its ledger into one file, also while serve is running",
		Long: `Backup writes the workspace into one file: a consistent copy of the ledger, the
settings, and the folders archive, outbox, inbox and uploads. It may run beside serve.
A FILE that ends in .db gets the ledger alone.

The file holds personal data. --recipient seals it, for whoever has the age identity;
files with secrets (file: references) are in a sealed backup only. Keep backups no
longer than retention allows.`,
		Example: "  mallbridge backup /backup/monday.tar.gz\n  mallbridge backup --recipient age1… /backup/monday.tar.gz.age\n  mallbridge backup ledger-copy.db",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.with(c, func(env *stage.Env) error {
				if strings.HasSuffix(args[0], ".db") {
					return a.backupLedger(c.Context(), env.Ledger, args[0])
				}
				return a.backup(c.Context(), env, args[0], to)
			})
		},
	}
	c.Flags().StringArrayVar(&to, "recipient", nil, "seal it for this age recipient (age1…); may be repeated")
	return a.jsonFlag(c)
}

func (a *app) backupLedger(ctx context.Context, l *ledger.Ledger, to string) error {
	if _, err := os.Stat(to); err == nil {
		return order.Errorf(order.Conflict, "name a new file", "%s is there already", to)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o750); err != nil {
		return err
	}
	now := a.now()
	if err := l.Backup(ctx, to); err != nil {
		return err
	}
	return l.SetDone(ctx, ledger.BackedUp, now)
}

func (a *app) backup(ctx context.Context, env *stage.Env, to string, recipients []string) error {
	o := backup.Options{Program: version, Now: a.now, Ledger: env.Ledger.Backup, Skip: []string{jobsFile(env.Workspace)}}
	dsn, err := ledgerOf(env.Workspace, env.Secrets)
	if err != nil {
		return err
	}
	if !ledger.IsPostgres(dsn) {
		o.Skip = append(o.Skip, dsn)
	}
	for _, r := range recipients {
		rs, err := seal.ParseRecipients(strings.NewReader(r))
		if err != nil {
			return order.Errorf(order.Invalid, "age-keygen makes an identity and says its recipient, age1…", "--recipient %s: %w", r, err)
		}
		o.Recipients = append(o.Recipients, rs...)
	}
	m, err := backup.Write(ctx, env.Workspace, to, o)
	if err == nil {
		err = env.Ledger.SetDone(ctx, ledger.BackedUp, m.Copied)
	}
	if err != nil {
		return err
	}
	if a.json {
		return a.print(m)
	}
	var size int64
	for _, x := range m.Members {
		size += x.Size
	}
	a.sayf("backup: %d files, %d MB, as of %s", len(m.Members), size>>20, local(env.Workspace, m.Copied))
	for _, l := range m.LeftOut {
		a.sayf("left out: %s", l)
	}
	return nil
}

func (a *app) restoreCmd() *cobra.Command {
	var to, identity string
	var check bool
	c := &cobra.Command{
		Use:   "restore FILE",
		Short: "Read a backup back, or check one; compare with warehouses and malls afterwards",
		Long: `Restore reads a backup into a new folder, checks every file of it, and balances its
books as prove does. --check does the same in a temporary folder and keeps nothing.

A copy does not know what was sent after it was made. So nothing is dropped until
"run watch" has compared the ledger with each warehouse's drop, and "run reconcile"
with each mall that is asked by API. Where a drop cannot tell (no archive folder, or
files that the ledger does not know), compare by hand and say so with "restore settle".`,
		Example: "  mallbridge restore --check /backup/monday.tar.gz\n  mallbridge restore /backup/monday.tar.gz --to shop\n  mallbridge restore settle wms-a --note \"compared with the warehouse's list\"",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if check == (to != "") {
				return order.Errorf(order.Invalid, "restore --check FILE, or restore FILE --to DIR", "either --check or --to is wanted")
			}
			ids, err := a.identities(identity)
			if err != nil {
				return err
			}
			return a.restore(c.Context(), args[0], to, ids)
		},
	}
	c.Flags().StringVar(&to, "to", "", "the new workspace: a folder that does not exist yet, or is empty")
	c.Flags().BoolVar(&check, "check", false, "only check the backup")
	c.Flags().StringVar(&identity, "identity", "", "the age identity that opens a sealed backup: env:NAME or file:PATH")
	c.AddCommand(a.restoreSettleCmd())
	return a.jsonFlag(c)
}

func (a *app) identities(ref string) ([]seal.Identity, error) {
	if ref == "" {
		return nil, nil
	}
	r, err := secrets.ParseRef(ref)
	if err != nil {
		return nil, order.Errorf(order.Invalid, "write env:NAME or file:PATH", "--identity: %w", err)
	}
	here, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	resolver := secrets.Resolver{Dir: here, Getenv: func(name string) (string, bool) { v := a.getenv(name); return v, v != "" }}
	s, err := resolver.Resolve(r)
	if err != nil {
		return nil, err
	}
	ids, err := seal.ParseIdentities(strings.NewReader(s.Reveal()))
	if err != nil {
		return nil, order.Errorf(order.Invalid, "it must hold a line AGE-SECRET-KEY-1…", "%s holds no age identity", ref)
	}
	return ids, nil
}

// restore reads a backup into the folder to, or, if that is empty, into a temporary
// one that goes again.
func (a *app) restore(ctx context.Context, from, to string, ids []seal.Identity) error {
	dir := to
	if to == "" {
		tmp, err := os.MkdirTemp("", "mallbridge-restore-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(tmp)
		dir = tmp
	} else if left, err := os.ReadDir(to); err == nil && len(left) > 0 {
		return order.Errorf(order.Conflict, "name a folder that does not exist yet", "%s is not empty", to)
	}
	copied := filepath.Join(dir, ".restored-ledger.db")
	m, err := backup.Read(ctx, from, dir, copied, ids)
	if err != nil {
		return err
	}
	ws, findings, err := configs.Load(dir, a.getenv)
	if err != nil {
		return err
	}
	for _, f := range findings {
		fmt.Fprintln(a.err, f.String())
	}
	if findings.Errors() > 0 {
		return order.Errorf(order.Invalid, "mend them in "+dir+" and move "+filepath.Base(copied)+" to where mallbridge.yaml has the ledger, before anything is run",
			"the settings in the backup have %d errors", findings.Errors())
	}
	l, err := ledger.Open(ctx, copied)
	if err != nil {
		return err
	}
	env := &stage.Env{Workspace: ws, Ledger: l, Secrets: secretsOf(ws, a.getenv), Now: a.now, Sleep: a.sleep, Log: a.logger(ws), Owner: "restore"}
	p, err := proof.Span(ctx, env, time.Unix(0, 0).UTC(), m.Copied.Add(time.Hour))
	if err == nil && to != "" {
		err = l.Restored(ctx, m.Copied, a.now())
	}
	if err = errors.Join(err, l.Close()); err != nil {
		return err
	}
	if to != "" {
		if err := a.place(ws, copied); err != nil {
			return err
		}
	}
	if a.json {
		err = a.print(struct {
			backup.Manifest
			Proof proof.Proof `json:"proof"`
		}{m, p})
	} else {
		a.sayf("backup: %d files, as of %s: whole", len(m.Members), local(ws, m.Copied))
		err = a.prove(ws, p)
		if to != "" {
			a.sayf("nothing is dropped until the ledger is compared: run watch, run reconcile; then restore settle for what they cannot compare")
		}
	}
	if err == nil && !p.Balanced {
		return exit(Failed)
	}
	return err
}

// place moves the ledger of a backup to where the workspace has it.
func (a *app) place(ws *configs.Workspace, copied string) error {
	dsn, err := ledgerOf(ws, secretsOf(ws, a.getenv))
	if err != nil {
		return err
	}
	if ledger.IsPostgres(dsn) {
		return order.Errorf(order.Conflict, "set ledger: ledger.db in mallbridge.yaml, rename .restored-ledger.db to ledger.db, then move it with migrate", "the workspace keeps its ledger in PostgreSQL")
	}
	if _, err := os.Lstat(dsn); err == nil {
		return order.Errorf(order.Conflict, "move it away", "%s is there already", dsn)
	}
	if err := os.MkdirAll(filepath.Dir(dsn), 0o750); err != nil {
		return err
	}
	return os.Rename(copied, dsn)
}

func (a *app) restoreSettleCmd() *cobra.Command {
	var note, actor string
	var nothing bool
	c := &cobra.Command{
		Use:   "settle WAREHOUSE|ACCOUNT",
		Short: "Say that a person compared a restored ledger with a warehouse or mall",
		Long: `Settle ends the wait after a restore. At a warehouse, orders that were placed before
the restore and that the ledger does not know as sent are put on hold, batches that
were on their way are in doubt: ask the warehouse, then release those that were not
sent (holds release) and resolve the batches. With --nothing-sent the warehouse got
nothing since the copy, and nothing is held.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if strings.TrimSpace(note) == "" {
				return order.Errorf(order.Invalid, "say with --note what it was compared with", "a note is wanted")
			}
			return a.with(c, func(env *stage.Env) error {
				ctx, name, who, now := c.Context(), args[0], a.actor(actor), a.now()
				last, err := env.Ledger.LastRestore(ctx)
				if err != nil {
					return err
				}
				if last.At.IsZero() {
					return order.Errorf(order.Conflict, "", "the ledger was never restored")
				}
				if _, ok := env.Workspace.Warehouse(name); ok && nothing {
					return env.Ledger.SetCompared(ctx, "warehouse/"+name, note, who, now)
				} else if ok {
					id, err := env.Ledger.Warehouse(ctx, name)
					if err != nil {
						return err
					}
					return env.Ledger.Doubt(ctx, id, name, note, who, now)
				}
				if _, ok := env.Workspace.Account(name); ok {
					return env.Ledger.SetCompared(ctx, "account/"+name, note, who, now)
				}
				return order.Errorf(order.NotFound, "look into warehouses/ and accounts/", "no warehouse or account %s", name)
			})
		},
	}
	c.Flags().StringVar(&note, "note", "", "what it was compared with; stands in the ledger")
	c.Flags().StringVar(&actor, "actor", "", "who says so (default: MALLBRIDGE_USER, else the user of the system)")
	c.Flags().BoolVar(&nothing, "nothing-sent", false, "the warehouse got nothing since the copy was made")
	return c
}

// sayf writes a line in the reader's language.
func (a *app) sayf(format string, args ...any) {
	fmt.Fprintln(a.out, phrase.Say(a.said, fmt.Sprintf(format, args...)))
}
