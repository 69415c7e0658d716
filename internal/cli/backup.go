package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	seal "filippo.io/age"
	"github.com/spf13/cobra"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/internal/backup"
	"github.com/mallbridge/mallbridge/internal/folders"
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
		Long: `Backup writes the workspace into one file: a consistent copy of the ledger, in a file
or in PostgreSQL, the settings, and the folders archive, outbox, inbox and uploads, also
where they lie in a bucket or on an SFTP server. It may run beside serve. A FILE that ends
in .db gets the ledger alone, as SQLite. s3://BUCKET/NAME writes into a bucket, by the
settings under s3: in mallbridge.yaml; nothing but the ledger's copy is held here.

The file holds personal data. --recipient seals it, for whoever has the age identity;
files with secrets (file: references) are in a sealed backup only. Keep backups no
longer than retention allows.`,
		Example: "  mallbridge backup /backup/monday.tar.gz\n  mallbridge backup --recipient age1… /backup/monday.tar.gz.age\n  mallbridge backup s3://shop-backups/monday.tar.gz\n  mallbridge backup ledger-copy.db",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.with(c, func(env *stage.Env) error {
				if strings.HasSuffix(args[0], ".db") && !configs.Elsewhere(args[0]) {
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
	o.Elsewhere = elsewhere(env)
	m, err := a.writeBackup(ctx, env, to, o)
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

func (a *app) writeBackup(ctx context.Context, env *stage.Env, to string, o backup.Options) (backup.Manifest, error) {
	if !configs.Elsewhere(to) {
		return backup.Write(ctx, env.Workspace, to, o)
	}
	dir, name, err := bucketFile(env, to)
	if err != nil {
		return backup.Manifest{}, err
	}
	return backup.WriteTo(ctx, env.Workspace, dir, name, o)
}

// elsewhere lists the folders of a workspace that lie in a bucket or on an SFTP server. The
// sheets in done are in the archive too.
func elsewhere(env *stage.Env) map[string]*folders.Folder {
	s := &env.Workspace.Settings
	out := map[string]*folders.Folder{}
	for name, place := range map[string]string{"inbox": s.Inbox, "archive": s.Archive, "outbox": s.Outbox, "uploads": s.Uploads, "rejected": s.Rejected} {
		if configs.Elsewhere(place) {
			out[name] = env.Folder(place)
		}
	}
	for _, x := range env.Workspace.Accounts {
		if in := x.Intake.Folder; configs.Elsewhere(in) && in != configs.Within(s.Inbox, x.Name) {
			out["intake-"+x.Name] = env.Folder(in)
		}
	}
	return out
}

// bucketFile is the folder and name of a backup in a bucket.
func bucketFile(env *stage.Env, at string) (*folders.Folder, string, error) {
	p, err := configs.ParsePlace(at)
	if err == nil && (p.Kind != "s3" || p.Path == "") {
		err = errors.New("it names no file in a bucket")
	}
	if err != nil {
		return nil, "", usage{order.Errorf(order.Invalid, "write s3://bucket/name.tar.gz, or a file of this machine", "%s: %w", at, err)}
	}
	dir, name := env.File(at)
	return dir, name, nil
}

// bucketEnv opens buckets by the settings of the workspace, if there is one, else by
// Amazon's variables. To restore, there may be no workspace left.
func (a *app) bucketEnv() (*stage.Env, error) {
	dir := a.workspaceDir()
	ws, findings, err := configs.Load(dir, a.getenv)
	switch {
	case order.CodeOf(err) == order.NotFound:
		ws = &configs.Workspace{Dir: dir}
		s := &ws.Settings.S3
		s.Endpoint, s.Region = a.getenv("AWS_ENDPOINT_URL_S3"), a.getenv("AWS_REGION")
		if s.Endpoint == "" {
			s.Endpoint = a.getenv("AWS_ENDPOINT_URL")
		}
		s.PathStyle = s.Endpoint != ""
	case err != nil:
		return nil, err
	case findings.Errors() > 0:
		return nil, fmt.Errorf("the workspace %s says how buckets are reached: %w", dir, findings.In(phrase.Findings(a.language(ws))).Err())
	}
	return &stage.Env{Workspace: ws, Secrets: secretsOf(ws, a.getenv), Folders: &stage.Folders{}, Now: a.now}, nil
}

func (a *app) restoreCmd() *cobra.Command {
	var r restoring
	var identity string
	var check bool
	c := &cobra.Command{
		Use:   "restore FILE",
		Short: "Read a backup back, or check one; compare with warehouses and malls afterwards",
		Long: `Restore reads a backup into a new folder, checks every file of it, and balances its
books as prove does. --check does the same in a temporary folder and keeps nothing.

A copy does not know what was sent after it was made. So nothing is dropped until
"run watch" has compared the ledger with each warehouse's drop, and "run reconcile"
with each mall that is asked by API. Where a drop cannot tell (no archive folder, or
files that the ledger does not know), compare by hand and say so with "restore settle".

A workspace whose ledger is in PostgreSQL gets it there again: the database must be
empty. --ledger names another one, or a file. Files of folders in a bucket or on an SFTP
server are put into restored/ in the new workspace; --put-back writes those that are
missing there back to where the settings have the folder.

FILE may be s3://BUCKET/NAME. How the bucket is reached is taken from the workspace that
the command is run in (--dir), or, where there is none, from AWS_ENDPOINT_URL, AWS_REGION,
AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.`,
		Example: "  mallbridge restore --check /backup/monday.tar.gz\n  mallbridge restore /backup/monday.tar.gz --to shop\n  mallbridge restore s3://shop-backups/monday.tar.gz --to shop --put-back\n  mallbridge restore settle wms-a --note \"compared with the warehouse's list\"",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if check == (r.to != "") {
				return order.Errorf(order.Invalid, "restore --check FILE, or restore FILE --to DIR", "either --check or --to is wanted")
			}
			if check && (r.ledger != "" || r.putBack) {
				return order.Errorf(order.Invalid, "leave them out", "--ledger and --put-back have no effect with --check")
			}
			var err error
			if r.ids, err = a.identities(identity); err != nil {
				return err
			}
			return a.restore(c.Context(), args[0], r)
		},
	}
	c.Flags().StringVar(&r.ledger, "ledger", "", "where the ledger goes instead of where the settings have it: a postgres:// address, a reference to one (env:NAME), or a file")
	c.Flags().BoolVar(&r.putBack, "put-back", false, "write files that are missing in buckets and on SFTP servers back")
	c.Flags().StringVar(&r.to, "to", "", "the new workspace: a folder that does not exist yet, or is empty")
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

// restoring says what becomes of a backup.
type restoring struct {
	to      string // the new workspace; empty for a check, which keeps nothing
	ledger  string // where the ledger goes; empty: where the settings have it
	putBack bool
	ids     []seal.Identity
}

func (a *app) restore(ctx context.Context, from string, r restoring) error {
	dir := r.to
	if r.to == "" {
		tmp, err := os.MkdirTemp("", "mallbridge-restore-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(tmp)
		dir = tmp
	} else if left, err := os.ReadDir(r.to); err == nil && len(left) > 0 {
		return order.Errorf(order.Conflict, "name a folder that does not exist yet", "%s is not empty", r.to)
	}
	copied := filepath.Join(dir, ".restored-ledger.db")
	into := backup.Into{Dir: dir, Elsewhere: filepath.Join(dir, restoredDir), Ledger: copied, IDs: r.ids}
	m, err := a.unpack(ctx, from, into)
	if err != nil {
		return err
	}
	ws, findings, err := configs.Load(dir, a.getenv)
	if err != nil {
		return err
	}
	fmt.Fprint(a.err, findings.In(phrase.Findings(a.language(ws))).String())
	if findings.Errors() > 0 {
		return order.Errorf(order.Invalid, "mend them in "+dir+" and move "+filepath.Base(copied)+" to where mallbridge.yaml has the ledger, before anything is run",
			"the settings in the backup have %d errors", findings.Errors())
	}
	p, err := a.books(ctx, ws, m, into, r)
	if err != nil {
		return err
	}
	if a.json {
		err = a.print(struct {
			backup.Manifest
			Proof proof.Proof `json:"proof"`
		}{m, p})
	} else {
		a.sayf("backup: %d files, as of %s: whole", len(m.Members), local(ws, m.Copied))
		err = a.prove(ws, p)
	}
	if r.to != "" {
		err = errors.Join(err, a.putBack(ctx, ws, m, into.Elsewhere, r.putBack))
		if !a.json {
			a.sayf("nothing is dropped until the ledger is compared: run watch, run reconcile; then restore settle for what they cannot compare")
		}
	}
	if err == nil && !p.Balanced {
		return exit(Failed)
	}
	return err
}

// books balances the ledger of a backup with the files in it, and puts it where the new
// workspace has it.
func (a *app) books(ctx context.Context, ws *configs.Workspace, m backup.Manifest, into backup.Into, r restoring) (proof.Proof, error) {
	l, err := ledger.Open(ctx, into.Ledger)
	if err != nil {
		return proof.Proof{}, err
	}
	// Not with the files of the bucket, which may be gone or of another day.
	there := &stage.Folders{Instead: map[string]string{}}
	for name, place := range m.Elsewhere {
		there.Instead[place] = filepath.Join(into.Elsewhere, name)
	}
	env := &stage.Env{Workspace: ws, Ledger: l, Secrets: secretsOf(ws, a.getenv), Folders: there, Now: a.now, Sleep: a.sleep, Log: a.logger(ws), Owner: "restore"}
	p, err := proof.Span(ctx, env, time.Unix(0, 0).UTC(), m.Copied.Add(time.Hour))
	if r.to == "" {
		return p, errors.Join(err, l.Close())
	}
	if err == nil {
		err = l.Restored(ctx, m.Copied, a.now())
	}
	var dsn string
	if err == nil {
		if r.ledger != "" {
			ws.Settings.Ledger = r.ledger
		}
		dsn, err = ledgerOf(ws, env.Secrets)
	}
	if err == nil && ledger.IsPostgres(dsn) {
		err = place(ctx, l, dsn, into.Ledger)
	}
	if err = errors.Join(err, l.Close()); err != nil {
		return p, err
	}
	if ledger.IsPostgres(dsn) {
		return p, os.Remove(into.Ledger)
	}
	if _, err := os.Lstat(dsn); err == nil {
		return p, order.Errorf(order.Conflict, "move it away", "%s is there already", dsn)
	}
	if err := os.MkdirAll(filepath.Dir(dsn), 0o750); err != nil {
		return p, err
	}
	return p, os.Rename(into.Ledger, dsn)
}

// place copies the ledger of a backup into a database.
func place(ctx context.Context, l *ledger.Ledger, dsn, copied string) error {
	next, err := ledger.Open(ctx, dsn)
	if err == nil {
		_, err = l.CopyTo(ctx, next)
		err = errors.Join(err, next.Close())
	}
	if err != nil {
		return order.Errorf(order.CodeOf(err), "name an empty database with --ledger, and restore into another new folder; the copy itself is "+copied, "the ledger is not restored: %w", err)
	}
	return nil
}

// restoredDir holds, in a restored workspace, the files of folders that lie elsewhere.
const restoredDir = "restored"

// unpack reads a backup from a file or a bucket.
func (a *app) unpack(ctx context.Context, from string, into backup.Into) (backup.Manifest, error) {
	if !configs.Elsewhere(from) {
		return backup.Read(ctx, from, into)
	}
	env, err := a.bucketEnv()
	if err != nil {
		return backup.Manifest{}, err
	}
	dir, name, err := bucketFile(env, from)
	if err != nil {
		return backup.Manifest{}, err
	}
	return backup.ReadFrom(ctx, dir, name, into)
}

// putBack writes the files of folders that lie elsewhere back, as far as they are
// missing there, or says where they lie.
func (a *app) putBack(ctx context.Context, ws *configs.Workspace, m backup.Manifest, from string, write bool) error {
	env := &stage.Env{Workspace: ws, Secrets: secretsOf(ws, a.getenv), Folders: &stage.Folders{}}
	defer env.Folders.Close()
	for _, name := range slices.Sorted(maps.Keys(m.Elsewhere)) {
		had, there := folders.Local(filepath.Join(from, name)), env.Folder(m.Elsewhere[name])
		files, missing := 0, 0
		for i, err := range had.Walk(ctx) {
			if err != nil {
				return err
			}
			files++
			if !write {
				continue
			}
			if _, err := there.Stat(ctx, i.Name); err == nil {
				continue
			} else if !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			missing++
			if err := had.Copy(ctx, i.Name, there, i.Name); err != nil {
				return err
			}
		}
		switch {
		case a.json || files == 0:
		case write:
			a.sayf("%s: %d of %d files were missing and are there again", there, missing, files)
		default:
			a.sayf("%s: %d files of it lie in %s; --put-back writes those that are missing there", there, files, had)
		}
	}
	if !write {
		return nil
	}
	return os.RemoveAll(from)
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
