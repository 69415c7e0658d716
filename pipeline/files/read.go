// Package files is what stages do with files: keep what came in, read it by the
// formats of its account or warehouse, write back what was refused, render
// instruction files, and open the drop.
package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/internal/fault"
	"github.com/mallbridge/mallbridge/internal/folders"
	"github.com/mallbridge/mallbridge/internal/phrase"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/mappers/charset"
	"github.com/mallbridge/mallbridge/mappers/format"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

// MaxSize is the largest file that is taken in, in bytes.
const MaxSize = 8 << 30

// Sum returns SHA-256 and size of a file whose path the ledger has.
func Sum(ctx context.Context, env *stage.Env, path string) (string, int64, error) {
	f, name := env.File(path)
	return f.Sum(ctx, name)
}

// Format returns the format of that name.
func Format(env *stage.Env, name string) (*format.Format, error) {
	f, ok := env.Workspace.Formats.Get(name)
	if !ok {
		return nil, order.Errorf(order.NotFound, `list them with "format list"`, "no format %s", name)
	}
	return f, nil
}

// Keep stores the bytes of r in the archive and records the file in the ledger.
// The bytes are safe before the ledger knows of them. asked is when a mall was asked
// for them, zero where none was.
func Keep(ctx context.Context, env *stage.Env, kind, owner, name string, asked time.Time, r io.Reader) (ledger.File, error) {
	now := env.Now()
	k, err := env.Folder(env.Workspace.Settings.Archive).Keep(ctx, now.UTC().Format("2006-01"), filepath.Ext(name), r, MaxSize)
	if err != nil {
		return ledger.File{}, fmt.Errorf("keep %s: %w", name, disk(err))
	}
	return env.Ledger.AddFile(ctx, ledger.File{Kind: kind, Owner: owner, Name: name, SHA256: k.SHA256, Size: k.Size, Path: k.Path, AskedAt: asked}, now)
}

// Kept opens the copy of a file in the archive. One from elsewhere is compared with what
// was kept.
func Kept(ctx context.Context, env *stage.Env, f *ledger.File) (*folders.File, error) {
	in, err := env.Folder(env.Workspace.Settings.Archive).Open(ctx, f.Path)
	if err != nil {
		return nil, err
	}
	if sha, err := in.Copied(); err != nil || sha != "" && sha != f.SHA256 {
		if err == nil {
			err = order.Errorf(order.Conflict, "restore it from a backup; look who writes into the archive", "%s in the archive is not what was kept: SHA-256 %s, recorded is %s", f.Path, sha, f.SHA256)
		}
		return nil, errors.Join(err, in.Close())
	}
	return in, nil
}

// A Reading is a file being read by the first of several formats that knows it.
type Reading struct {
	Env      *stage.Env
	File     ledger.File
	Formats  []string
	Charset  string // instead of the formats'
	Password string
	Place    format.Place // where the sheet is from, for formats of several countries
	// Take is called for every group; an error of it ends the reading.
	Take func(format.Group) error
	// Refuse, if set, is told of every refused row as well.
	Refuse func(format.Refusal)
}

// Result says what became of a file's rows.
type Result struct {
	Format      string
	Stats       format.Stats
	RefusedPath string // file of the refused rows, relative to the workspace
	Groups      map[string]bool
}

// Run reads the file. A [*format.FileError] means that no format could read it;
// nothing of it was taken. Refused rows are written to a file of the same layout
// in the folder of rejected files, with the reason beside each.
func (r *Reading) Run(ctx context.Context) (Result, error) {
	var res Result
	f, err := Kept(ctx, r.Env, &r.File)
	if err != nil {
		return res, err
	}
	defer f.Close()
	var cs *charset.Charset
	if r.Charset != "" {
		if cs, err = charset.Lookup(r.Charset); err != nil {
			return res, err
		}
	}
	src := format.Source{Name: r.File.Name, R: f, Size: r.File.Size}
	var errs []error
	for _, name := range r.Formats {
		fm, err := Format(r.Env, name)
		if err != nil {
			return res, err
		}
		res, err = r.by(ctx, fm, src, cs)
		var bad *format.FileError
		if err == nil || !errors.As(err, &bad) {
			return res, err
		}
		errs = append(errs, err)
	}
	return res, worst(errs, r.Formats)
}

// worst is the error to show when no format fits.
func worst(errs []error, names []string) error {
	if len(errs) == 0 {
		return nil
	}
	best := format.Nearest(errs)
	for _, err := range errs {
		var bad *format.FileError
		if errors.As(err, &bad) && bad.Reason != order.RefusedColumns {
			return errs[best]
		}
	}
	var bad *format.FileError
	if others := slices.Delete(slices.Clone(names), best, best+1); len(others) > 0 && errors.As(errs[best], &bad) {
		all := *bad
		all.Detail += fmt.Sprintf(" (and it is none of the formats %s)", strings.Join(others, ", "))
		return &all
	}
	return errs[best]
}

func (r *Reading) by(ctx context.Context, f *format.Format, src format.Source, cs *charset.Charset) (Result, error) {
	res := Result{Format: f.Name(), Groups: map[string]bool{}}
	refused := &refusals{ctx: ctx, reading: r, format: f, src: src}
	var err error
	res.Stats, err = f.Read(ctx, src, format.ReadOptions{
		Password: r.Password, Charset: cs, Place: r.Place, Cells: true,
		Refuse: func(x format.Refusal) {
			res.Groups[x.Group] = true
			if r.Refuse != nil {
				r.Refuse(x)
			}
			refused.add(x)
		},
	}, r.Take)
	if err != nil {
		refused.discard()
		return res, err
	}
	res.RefusedPath, err = refused.close()
	return res, disk(err)
}

// refusals writes the file of refused rows when the first one comes.
type refusals struct {
	ctx     context.Context
	reading *Reading
	format  *format.Format
	src     format.Source
	file    *folders.Pending
	w       *format.RefusedWriter
	path    string
	err     error
}

func (x *refusals) add(r format.Refusal) {
	if x.err != nil {
		return
	}
	if x.w == nil {
		if x.err = x.open(); x.err != nil {
			return
		}
	}
	x.err = x.w.Write(r)
}

func (x *refusals) open() (err error) {
	ws := x.reading.Env.Workspace
	name := x.reading.File.Name
	ext := filepath.Ext(name)
	stem := fmt.Sprintf("%s.refused-%d", strings.TrimSuffix(filepath.Base(name), ext), x.reading.File.ID)
	if e := x.format.RefusedExt(x.src); e != "" {
		ext = e
	}
	x.path = configs.Within(filepath.ToSlash(ws.Settings.Rejected), x.reading.File.Owner, stem+ext)
	if x.file, err = x.reading.Env.Folder(ws.Settings.Rejected, x.reading.File.Owner).Create(x.ctx, stem+ext); err != nil {
		return err
	}
	x.w, err = x.format.NewRefusedWriter(x.file, x.src, ws.Settings.Language)
	return err
}

func (x *refusals) close() (string, error) {
	if x.err != nil || x.w == nil {
		x.discard()
		return "", x.err
	}
	if err := x.w.Close(); err != nil {
		x.discard()
		return "", err
	}
	return x.path, x.file.Commit(x.ctx)
}

func (x *refusals) discard() {
	if x.file != nil {
		x.file.Discard()
	}
}

// Reject moves a file that could not be read to its owner's folder of rejected files,
// with a text beside it that says why and what to do. It returns where it lies.
func Reject(ctx context.Context, env *stage.Env, owner string, from *folders.Folder, name string, cause error) (string, error) {
	to := env.Folder(env.Workspace.Settings.Rejected, owner)
	at, err := to.Free(ctx, path.Base(name))
	if err != nil {
		return "", disk(err)
	}
	// The reason first: a sheet that lies there without one would never get it.
	if err := Explain(ctx, env, owner, at, cause); err != nil {
		return "", err
	}
	fault.At(atExplained)
	at, err = from.Move(ctx, name, to, at)
	return to.Path(at), disk(err)
}

var atExplained = fault.Point("extract.rejection-explained")

// Rel is a path as people know it: from the workspace, where it lies in it.
func Rel(env *stage.Env, path string) string {
	rel, err := filepath.Rel(env.Workspace.Dir, path)
	if err != nil || !filepath.IsLocal(rel) {
		return path
	}
	return filepath.ToSlash(rel)
}

// Explain writes why a file was rejected into a text beside it in its owner's folder of
// rejected files, in the workspace's language.
func Explain(ctx context.Context, env *stage.Env, owner, name string, cause error) error {
	lang := env.Workspace.Settings.Language
	return disk(env.Folder(env.Workspace.Settings.Rejected, owner).Write(ctx, name+".reason.txt", func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s\n", phrase.Say(lang, cause.Error()))
		if hint := order.HintOf(cause); hint != "" && err == nil {
			_, err = fmt.Fprintf(w, "%s\n", phrase.Say(lang, hint))
		}
		return err
	}))
}

// Stamp is how a moment looks in names of files that were put away.
func Stamp(t time.Time) string { return t.UTC().Format("20060102T150405Z") }
