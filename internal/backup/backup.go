// Package backup writes a workspace with its ledger into one file while everything
// runs, and reads it back.
//
// A backup is a gzipped tar, sealed by age if there are recipients: ledger.db, a
// SQLite ledger that is consistent in itself, wherever the workspace has its own; below
// files/ the files of the workspace; below elsewhere/NAME/ those of its folders that lie
// in a bucket or on an SFTP server; at the end manifest.json with size and SHA-256 of
// each of them. The ledger is copied first, so that every file it names was there when
// the others are copied.
package backup

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"filippo.io/age"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/internal/durable"
	"github.com/mallbridge/mallbridge/internal/folders"
	"github.com/mallbridge/mallbridge/internal/secrets"
	"github.com/mallbridge/mallbridge/order"
)

// The members of a backup.
const (
	ledgerName   = "ledger.db"
	filesDir     = "files/"
	elsewhereDir = "elsewhere/"
	manifestName = "manifest.json"
)

// temporaryPrefix begins the name of the folder, beside the backup, in which it is made.
const temporaryPrefix = ".backup-"

// A Manifest says what a backup holds.
type Manifest struct {
	Version int       `json:"version"` // of the form: 1
	Program string    `json:"program"` // version that wrote it
	Copied  time.Time `json:"copied"`  // when the ledger was copied, UTC
	Members []Member  `json:"members"`
	// Elsewhere are the folders that lie in a bucket or on an SFTP server, by name.
	Elsewhere map[string]string `json:"elsewhere,omitempty"`
	// LeftOut are files and folders of the workspace that are not in it, each with the
	// reason.
	LeftOut []string `json:"left_out,omitempty"`
}

// A Member is a file in a backup.
type Member struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Options of a backup.
type Options struct {
	// Recipients seal the backup (age1…). Without them, files with secrets that the
	// workspace refers to stay out.
	Recipients []age.Recipient
	Program    string
	Now        func() time.Time
	// Ledger writes a copy of the ledger to a new file.
	Ledger func(ctx context.Context, path string) error
	// Skip are files of the workspace that are not copied: the ledger and the queue.
	Skip []string
	// Elsewhere are the folders of the workspace that lie in a bucket or on an SFTP
	// server, by name.
	Elsewhere map[string]*folders.Folder
}

func (o *Options) manifest() Manifest {
	m := Manifest{Version: 1, Program: o.Program, Copied: o.Now().UTC()}
	for name, f := range o.Elsewhere {
		if m.Elsewhere == nil {
			m.Elsewhere = map[string]string{}
		}
		m.Elsewhere[name] = f.String()
	}
	return m
}

// Write writes a backup of a workspace to the new file to, which appears whole or not
// at all. What a killed one left beside it is removed.
func Write(ctx context.Context, ws *configs.Workspace, to string, o Options) (Manifest, error) {
	m := o.manifest()
	if _, err := os.Lstat(to); err == nil {
		return m, order.Errorf(order.Conflict, "name a new file", "%s is there already", to)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o750); err != nil {
		return m, err
	}
	tmp, err := durable.Folder(filepath.Dir(to), temporaryPrefix)
	if err != nil {
		return m, err
	}
	defer os.RemoveAll(tmp)
	copied := filepath.Join(tmp, ledgerName)
	if err := o.Ledger(ctx, copied); err != nil {
		return m, err
	}
	whole := filepath.Join(tmp, "whole")
	f, err := os.OpenFile(whole, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return m, err
	}
	err = m.pack(ctx, ws, f, copied, to, o)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return m, err
	}
	if err := os.Rename(whole, to); err != nil {
		return m, err
	}
	return m, durable.SyncDir(filepath.Dir(to))
}

// WriteTo writes a backup of a workspace to the new file name of a bucket, without
// holding it here: only the copy of the ledger is. It appears whole or not at all.
func WriteTo(ctx context.Context, ws *configs.Workspace, to *folders.Folder, name string, o Options) (Manifest, error) {
	m := o.manifest()
	if _, err := to.Stat(ctx, name); err == nil {
		return m, order.Errorf(order.Conflict, "name a new file", "%s is there already", to.Path(name))
	} else if !errors.Is(err, fs.ErrNotExist) {
		return m, err
	}
	tmp, err := os.MkdirTemp("", "mallbridge-backup-*")
	if err != nil {
		return m, err
	}
	defer os.RemoveAll(tmp)
	copied := filepath.Join(tmp, ledgerName)
	if err := o.Ledger(ctx, copied); err != nil {
		return m, err
	}
	r, w := io.Pipe()
	packed := make(chan error, 1)
	go func() {
		err := m.pack(ctx, ws, w, copied, "", o)
		w.CloseWithError(err)
		packed <- err
	}()
	_, err = to.Stream(ctx, name, r)
	r.CloseWithError(err) // the packing ends too
	if e := <-packed; err == nil {
		err = e
	}
	return m, err
}

// pack writes a backup to f. The file to, if it is below the workspace, stays out.
func (m *Manifest) pack(ctx context.Context, ws *configs.Workspace, f io.Writer, copied, to string, o Options) (err error) {
	out := f
	var sealed io.WriteCloser
	if len(o.Recipients) > 0 {
		if sealed, err = age.Encrypt(out, o.Recipients...); err != nil {
			return err
		}
		out = sealed
	}
	z := gzip.NewWriter(out)
	w := writer{tar.NewWriter(z), m}
	if err := w.addFile(ledgerName, copied); err != nil {
		return err
	}
	if err := w.workspace(ctx, ws, to, o); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(o.Elsewhere)) {
		if err := w.elsewhere(ctx, name, o.Elsewhere[name]); err != nil {
			return err
		}
	}
	if err := w.manifest(); err != nil {
		return err
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil || sealed == nil {
		return err
	}
	return sealed.Close()
}

// elsewhere adds the files of a folder that lies elsewhere.
func (w writer) elsewhere(ctx context.Context, name string, f *folders.Folder) error {
	for i, err := range f.Walk(ctx) {
		if err != nil {
			return err
		}
		in, err := f.Open(ctx, i.Name)
		if errors.Is(err, fs.ErrNotExist) { // moved meanwhile; the ledger's copy is older
			continue
		}
		if err != nil {
			return err
		}
		err = w.add(&tar.Header{Name: elsewhereDir + name + "/" + i.Name, Mode: 0o640, Size: in.Info.Size, ModTime: i.ModTime, Format: tar.FormatPAX}, in)
		if err := errors.Join(err, in.Close()); err != nil {
			return fmt.Errorf("%s: %w", f.Path(i.Name), err)
		}
	}
	return nil
}

type writer struct {
	*tar.Writer
	m *Manifest
}

// workspace adds the files of the workspace's folder.
func (w writer) workspace(ctx context.Context, ws *configs.Workspace, to string, o Options) error {
	skip := map[string]string{}
	for _, p := range o.Skip {
		for _, end := range []string{"", "-wal", "-shm", "-journal"} {
			skip[filepath.Clean(p)+end] = "" // nothing is lost: the ledger's copy stands for them
		}
	}
	if to != "" {
		abs, err := filepath.Abs(to)
		if err != nil {
			return err
		}
		skip[abs] = ""
	}
	if len(o.Recipients) == 0 {
		for _, ref := range ws.SecretRefs() {
			if ref.Ref.Kind() == secrets.File {
				skip[ws.Path(ref.Ref.Name())] = "a secret; give a recipient to have it in the backup, sealed"
			}
		}
	}
	for name, dir := range map[string]string{"archive": ws.Settings.Archive, "outbox": ws.Settings.Outbox, "inbox": ws.Settings.Inbox, "uploads": ws.Settings.Uploads} {
		if p := ws.Path(dir); !configs.Elsewhere(dir) && !below(ws.Dir, p) {
			w.m.LeftOut = append(w.m.LeftOut, fmt.Sprintf("%s: the folder %s lies outside the workspace", p, name))
		}
	}
	slices.Sort(w.m.LeftOut)
	return filepath.WalkDir(ws.Dir, func(p string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) { // moved meanwhile; the ledger's copy is older
			return nil
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(ws.Dir, p)
		if err != nil {
			return err
		}
		// The copies that an upgrade made of the ledger are no part of it.
		if slices.ContainsFunc(o.Skip, func(s string) bool { return strings.HasPrefix(p, filepath.Clean(s)+".schema-") }) {
			return nil
		}
		if why, ok := skip[p]; ok {
			if why != "" {
				w.m.LeftOut = append(w.m.LeftOut, filepath.ToSlash(rel)+": "+why)
			}
			return nil
		}
		if strings.HasPrefix(d.Name(), temporaryPrefix) && d.IsDir() {
			return filepath.SkipDir
		}
		switch {
		case d.IsDir():
			return nil
		case !d.Type().IsRegular():
			w.m.LeftOut = append(w.m.LeftOut, filepath.ToSlash(rel)+": neither a file nor a folder")
			return nil
		}
		return w.addFile(filesDir+filepath.ToSlash(rel), p)
	})
}

func below(dir, p string) bool {
	rel, err := filepath.Rel(dir, p)
	return err == nil && filepath.IsLocal(rel)
}

// addFile copies a file. One that grows meanwhile is copied as far as it was; one that is
// gone is no error.
func (w writer) addFile(name, from string) error {
	f, err := os.Open(from)
	if errors.Is(err, fs.ErrNotExist) && name != ledgerName {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if err := w.add(&tar.Header{Name: name, Mode: int64(info.Mode().Perm()), Size: info.Size(), ModTime: info.ModTime(), Format: tar.FormatPAX}, f); err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	return nil
}

func (w writer) add(h *tar.Header, r io.Reader) error {
	if err := w.WriteHeader(h); err != nil {
		return err
	}
	sum := sha256.New()
	_, err := io.CopyN(io.MultiWriter(w, sum), r, h.Size)
	if errors.Is(err, io.EOF) {
		err = errors.New("it became shorter while it was copied")
	}
	if err != nil {
		return err
	}
	w.m.Members = append(w.m.Members, Member{h.Name, h.Size, hex.EncodeToString(sum.Sum(nil))})
	return nil
}

func (w writer) manifest() error {
	text, err := json.MarshalIndent(w.m, "", "  ")
	if err != nil {
		return err
	}
	if err := w.WriteHeader(&tar.Header{Name: manifestName, Mode: 0o600, Size: int64(len(text)), ModTime: w.m.Copied, Format: tar.FormatPAX}); err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

// Into says where a backup is unpacked.
type Into struct {
	Dir string // empty: the workspace
	// Elsewhere gets the files of folders that lie in a bucket or on an SFTP server, each
	// in a folder of its name.
	Elsewhere string
	Ledger    string // a new file
	IDs       []age.Identity
}

// Read unpacks a backup and checks every file against the manifest. The folder of the
// ledger is made. Nothing may be used if there is an error.
func Read(ctx context.Context, from string, o Into) (Manifest, error) {
	f, err := os.Open(from)
	if err != nil {
		return Manifest{}, err
	}
	defer f.Close()
	m, err := read(ctx, f, o)
	if err != nil {
		return m, fmt.Errorf("%s: %w", from, err)
	}
	return m, nil
}

// ReadFrom is [Read] for a file of a bucket, which is not copied first.
func ReadFrom(ctx context.Context, from *folders.Folder, name string, o Into) (Manifest, error) {
	r, w := io.Pipe()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.CloseWithError(from.Read(ctx, name, w))
	}()
	in := &watched{r: r}
	m, err := read(ctx, in, o)
	r.Close() // the other reading ends too
	<-ended
	switch {
	case err != nil && in.err != nil: // what broke the connection says more than that the backup ends early
		return m, in.err
	case err != nil:
		return m, fmt.Errorf("%s: %w", from.Path(name), err)
	}
	return m, nil
}

// watched keeps the error with which a reader ended, if it did not end well.
type watched struct {
	r   io.Reader
	err error
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if err != nil && err != io.EOF {
		w.err = err
	}
	return n, err
}

// sealedHead begins a file that age sealed.
const sealedHead = "age-encryption.org/"

func read(ctx context.Context, f io.Reader, o Into) (m Manifest, err error) {
	buffered := bufio.NewReaderSize(f, 1<<16)
	head, err := buffered.Peek(len(sealedHead))
	if err != nil {
		return m, broken(err)
	}
	var in io.Reader = buffered
	if string(head) == sealedHead {
		if len(o.IDs) == 0 {
			return m, order.Errorf(order.Denied, "give --identity", "the backup is sealed")
		}
		if in, err = age.Decrypt(in, o.IDs...); err != nil {
			return m, order.Errorf(order.Denied, "give the identity for which it was sealed", "the backup cannot be opened: %w", err)
		}
	}
	z, err := gzip.NewReader(in)
	if err != nil {
		return m, broken(err)
	}
	got := map[string]Member{}
	t := tar.NewReader(z)
	for {
		if err := ctx.Err(); err != nil {
			return m, err
		}
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return m, broken(err)
		}
		if h.Name == manifestName {
			if err := json.NewDecoder(t).Decode(&m); err != nil {
				return m, broken(err)
			}
			continue
		}
		to := o.Ledger
		if h.Name != ledgerName {
			dir := o.Dir
			rel, ok := strings.CutPrefix(h.Name, filesDir)
			if !ok {
				dir = o.Elsewhere
				rel, ok = strings.CutPrefix(h.Name, elsewhereDir)
			}
			if !ok || h.Typeflag != tar.TypeReg || !filepath.IsLocal(filepath.FromSlash(rel)) || path.Clean(rel) != rel {
				return m, order.Errorf(order.Invalid, "", "it holds %q, which is no file of a workspace", h.Name)
			}
			to = filepath.Join(dir, filepath.FromSlash(rel))
		}
		if _, twice := got[h.Name]; twice {
			return m, order.Errorf(order.Invalid, "", "it holds %q twice", h.Name)
		}
		if got[h.Name], err = unpack(t, h, to); err != nil {
			return m, err
		}
	}
	// What follows the last member: gzip's own checksum, and age's.
	if _, err := io.Copy(io.Discard, z); err != nil {
		return m, broken(err)
	}
	if _, err := io.Copy(io.Discard, in); err != nil {
		return m, broken(err)
	}
	return m, m.check(got)
}

func unpack(t io.Reader, h *tar.Header, to string) (Member, error) {
	if err := os.MkdirAll(filepath.Dir(to), 0o750); err != nil {
		return Member{}, err
	}
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, h.FileInfo().Mode().Perm())
	if err != nil {
		return Member{}, err
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(f, sum), t)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return Member{}, broken(err)
	}
	return Member{h.Name, n, hex.EncodeToString(sum.Sum(nil))}, os.Chtimes(to, h.ModTime, h.ModTime)
}

// check compares what was read with the manifest.
func (m *Manifest) check(got map[string]Member) error {
	if m.Version != 1 {
		return order.Errorf(order.Invalid, "use the program that wrote it, or a newer one", "it is cut off, or of a form that this program does not know (version %d)", m.Version)
	}
	for _, want := range m.Members {
		switch is, ok := got[want.Name]; {
		case !ok:
			return order.Errorf(order.Invalid, hintBroken, "%s is missing", want.Name)
		case is != want:
			return order.Errorf(order.Invalid, hintBroken, "%s was damaged: %d bytes with SHA-256 %s; recorded are %d bytes with %s", want.Name, is.Size, is.SHA256, want.Size, want.SHA256)
		}
		delete(got, want.Name)
	}
	for name := range got {
		return order.Errorf(order.Invalid, hintBroken, "%s is not in its manifest", name)
	}
	return nil
}

const hintBroken = "use another backup"

func broken(err error) error {
	var known *order.Error
	if errors.As(err, &known) {
		return err
	}
	return order.Errorf(order.Invalid, hintBroken, "it is damaged or no backup: %w", err)
}
