// Package folders keeps files in a folder of this machine, in a bucket of an object
// store that speaks S3, or on an SFTP server, behind one type.
//
// A file is there whole or not at all, and what was put is there once the call returns:
// on this machine it is synced; a bucket has said the SHA-256 of what it holds, or it was
// read back; from an SFTP server it was read back. Names are relative to the folder and
// separated by slashes.
package folders

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/internal/durable"
)

// A Folder holds files. It may be used by several goroutines.
type Folder struct {
	d    driver // nil for this machine
	dir  string // below the driver's root; on this machine an absolute path
	name string // as people know it
}

// An Info describes a file or a folder.
type Info struct {
	Name    string // relative to the folder that was asked
	Size    int64  // bytes
	ModTime time.Time
	Dir     bool
}

// A driver keeps files elsewhere. Its names are whole: they begin at its own root.
type driver interface {
	// put stores the file, in place of one that is there. It returns when the place
	// has confirmed the content.
	put(ctx context.Context, name string, c content) error
	// get writes a file to w.
	get(ctx context.Context, name string, w io.Writer) (Info, error)
	stat(ctx context.Context, name string) (Info, error)
	// list yields files and folders of a folder in any order, by their last element.
	list(ctx context.Context, dir string, yield func(Info) bool) error
	remove(ctx context.Context, name string) error
	// move gives a file another name that is free.
	move(ctx context.Context, from, to string) error
	// atomic reports whether a file that others put is whole as soon as it is listed.
	atomic() bool
	io.Closer
}

// content is what is put.
type content struct {
	r      io.ReadSeeker
	size   int64
	sha256 [sha256.Size]byte
}

// Local is a folder of this machine. It is made when something is put into it.
func Local(dir string) *Folder { return &Folder{dir: dir, name: dir} }

// Broken is a folder that cannot be opened: every call gives err.
func Broken(name string, err error) *Folder { return &Folder{d: &broken{err}, name: name} }

// String names the folder, without secrets.
func (f *Folder) String() string { return f.name }

// IsLocal reports whether the folder is one of this machine.
func (f *Folder) IsLocal() bool { return f.d == nil }

// Atomic reports whether a file that is listed is whole, whoever put it there.
func (f *Folder) Atomic() bool { return f.d != nil && f.d.atomic() }

// Sub is a folder inside the folder.
func (f *Folder) Sub(elem ...string) *Folder {
	if f.IsLocal() {
		return Local(filepath.Join(append([]string{f.dir}, elem...)...))
	}
	sub := path.Join(elem...)
	return &Folder{d: f.d, dir: path.Join(f.dir, sub), name: strings.TrimSuffix(f.name, "/") + "/" + sub}
}

// Path is the path of a file on this machine, or how people know it elsewhere.
func (f *Folder) Path(name string) string {
	if f.IsLocal() {
		return f.at(name)
	}
	return strings.TrimSuffix(f.name, "/") + "/" + name
}

func (f *Folder) at(name string) string {
	if f.IsLocal() {
		return filepath.Join(f.dir, filepath.FromSlash(name))
	}
	return path.Join(f.dir, name)
}

// Keep stores the bytes of r below the folder under their SHA-256, as [durable.Keep].
func (f *Folder) Keep(ctx context.Context, when, ext string, r io.Reader, most int64) (durable.Kept, error) {
	if in, ok := r.(*File); ok {
		r = in.File
	}
	if f.IsLocal() {
		return durable.Keep(f.dir, when, ext, r, most)
	}
	p, err := f.Create(ctx, "")
	if err != nil {
		return durable.Kept{}, err
	}
	defer p.Discard()
	n, err := io.Copy(p, io.LimitReader(r, most+1))
	if err == nil && n > most {
		err = fmt.Errorf("%w: over %d bytes", durable.ErrTooLarge, most)
	}
	if err != nil {
		return durable.Kept{}, err
	}
	c, err := contentOf(p.File)
	if err != nil {
		return durable.Kept{}, err
	}
	k := durable.KeptName(when, ext, hex.EncodeToString(c.sha256[:]), c.size)
	return k, f.d.put(ctx, f.at(k.Path), c)
}

// Write makes or replaces a file with what write puts out.
func (f *Folder) Write(ctx context.Context, name string, write func(io.Writer) error) error {
	if f.IsLocal() {
		return durable.Write(f.at(name), write)
	}
	p, err := f.Create(ctx, name)
	if err != nil {
		return err
	}
	defer p.Discard()
	if err := write(p); err != nil {
		return err
	}
	return p.Commit(ctx)
}

// Pending is a file being written: nobody sees it before [Pending.Commit].
type Pending struct {
	*os.File
	folder *Folder
	name   string
	ended  bool
}

// Create begins a file.
func (f *Folder) Create(ctx context.Context, name string) (*Pending, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p := &Pending{folder: f, name: name}
	var err error
	if f.IsLocal() {
		if err = os.MkdirAll(filepath.Dir(f.at(name)), 0o750); err != nil {
			return nil, err
		}
		p.File, err = os.OpenFile(f.at(name)+".part", os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o640)
	} else {
		p.File, err = spool()
	}
	return p, err
}

// spool makes a file for bytes on their way from or to elsewhere.
func spool() (*os.File, error) { return os.CreateTemp("", "mallbridge-file-*") }

// Commit gives the file its name, in place of one that is there.
func (p *Pending) Commit(ctx context.Context) error {
	if !p.folder.IsLocal() {
		defer p.Discard()
		c, err := contentOf(p.File)
		if err != nil {
			return err
		}
		return p.folder.d.put(ctx, p.folder.at(p.name), c)
	}
	p.ended = true
	at := p.folder.at(p.name)
	if err := errors.Join(p.Sync(), p.Close()); err != nil {
		return err
	}
	if err := os.Rename(at+".part", at); err != nil {
		return err
	}
	return durable.SyncDir(filepath.Dir(at))
}

// Discard drops what was not committed.
func (p *Pending) Discard() {
	if p.ended {
		return
	}
	p.ended = true
	p.Close()
	os.Remove(p.Name())
}

// contentOf measures a file that was written.
func contentOf(f *os.File) (content, error) {
	c := content{r: f}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return c, err
	}
	h := sha256.New()
	var err error
	if c.size, err = io.Copy(h, f); err != nil {
		return c, err
	}
	h.Sum(c.sha256[:0])
	_, err = f.Seek(0, io.SeekStart)
	return c, err
}

// A File is a file that was opened for reading. One from elsewhere was copied to this
// machine first, and the copy goes with Close.
type File struct {
	*os.File
	Info Info
	copy bool
}

// Copied returns the SHA-256 of a file that was copied from elsewhere, and nothing for
// one of this machine. It may be called before the reading begins.
func (f *File) Copied() (sha string, err error) {
	if !f.copy {
		return "", nil
	}
	c, err := contentOf(f.File)
	return hex.EncodeToString(c.sha256[:]), err
}

// Close ends the reading.
func (f *File) Close() error {
	err := f.File.Close()
	if f.copy {
		err = errors.Join(err, os.Remove(f.Name()))
	}
	return err
}

// Open opens a file. One that is not there gives an error matching fs.ErrNotExist.
func (f *Folder) Open(ctx context.Context, name string) (*File, error) {
	if f.IsLocal() {
		in, err := os.Open(f.at(name))
		if err != nil {
			return nil, err
		}
		info, err := in.Stat()
		if err != nil {
			return nil, errors.Join(err, in.Close())
		}
		return &File{File: in, Info: infoOf(name, info)}, nil
	}
	tmp, err := spool()
	if err != nil {
		return nil, err
	}
	out := &File{File: tmp, copy: true}
	out.Info, err = f.d.get(ctx, f.at(name), tmp)
	if err == nil {
		_, err = tmp.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(err, out.Close())
	}
	out.Info.Name = name
	return out, nil
}

func infoOf(name string, info fs.FileInfo) Info {
	return Info{Name: name, Size: info.Size(), ModTime: info.ModTime(), Dir: info.IsDir()}
}

// Read writes a file to w without a copy on this machine. After an error what w got is
// not the file.
func (f *Folder) Read(ctx context.Context, name string, w io.Writer) error {
	if f.IsLocal() {
		in, err := os.Open(f.at(name))
		if err != nil {
			return err
		}
		_, err = io.Copy(w, in)
		return errors.Join(err, in.Close())
	}
	_, err := f.d.get(ctx, f.at(name), w)
	return err
}

// Sum returns SHA-256 and size of a file.
func (f *Folder) Sum(ctx context.Context, name string) (sha string, size int64, err error) {
	if f.IsLocal() {
		return durable.Sum(f.at(name))
	}
	h := sha256.New()
	info, err := f.d.get(ctx, f.at(name), h)
	return hex.EncodeToString(h.Sum(nil)), info.Size, err
}

// Stat describes a file.
func (f *Folder) Stat(ctx context.Context, name string) (Info, error) {
	if f.IsLocal() {
		info, err := os.Lstat(f.at(name))
		if err != nil {
			return Info{}, err
		}
		return infoOf(name, info), nil
	}
	info, err := f.d.stat(ctx, f.at(name))
	info.Name = name
	return info, err
}

// List yields the files and folders in the folder, not those further below; of this
// machine and of an SFTP server sorted by name. A folder that is not there is empty.
// Symbolic links and devices are left out.
func (f *Folder) List(ctx context.Context) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		if !f.IsLocal() {
			ended := false
			err := f.d.list(ctx, f.dir, func(i Info) bool {
				ended = !yield(i, nil)
				return !ended
			})
			if err != nil && !ended && !errors.Is(err, fs.ErrNotExist) {
				yield(Info{}, err)
			}
			return
		}
		entries, err := os.ReadDir(f.dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			yield(Info{}, err)
			return
		}
		for _, e := range entries {
			info, err := e.Info()
			if errors.Is(err, fs.ErrNotExist) || !e.IsDir() && !e.Type().IsRegular() {
				continue
			}
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				yield(Info{}, err)
				return
			}
			if !yield(infoOf(e.Name(), info), nil) {
				return
			}
		}
	}
}

// All is [Folder.List] as a list, sorted by name.
func (f *Folder) All(ctx context.Context) ([]Info, error) {
	var out []Info
	for i, err := range f.List(ctx) {
		if err != nil {
			return nil, err
		}
		out = append(out, i)
	}
	slices.SortFunc(out, func(a, b Info) int { return cmp.Compare(a.Name, b.Name) })
	return out, nil
}

// Walk yields every file below the folder, with its name from there.
func (f *Folder) Walk(ctx context.Context) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) { f.walk(ctx, "", yield) }
}

func (f *Folder) walk(ctx context.Context, below string, yield func(Info, error) bool) bool {
	for i, err := range f.List(ctx) {
		i.Name = path.Join(below, i.Name)
		switch {
		case err == nil && i.Dir:
			if !f.Sub(path.Base(i.Name)).walk(ctx, i.Name, yield) {
				return false
			}
		case !yield(i, err) || err != nil:
			return false
		}
	}
	return true
}

// Remove takes a file away. One that is not there gives an error matching
// fs.ErrNotExist, except from a bucket, which does not tell.
func (f *Folder) Remove(ctx context.Context, name string) error {
	if f.IsLocal() {
		return os.Remove(f.at(name))
	}
	return f.d.remove(ctx, f.at(name))
}

// RemoveDir takes an empty folder away; in a bucket there is none.
func (f *Folder) RemoveDir(name string) error {
	if !f.IsLocal() {
		return nil
	}
	return os.Remove(f.at(name))
}

// Make makes the folder where it is one of this machine; elsewhere it is made with its
// first file.
func (f *Folder) Make() error {
	if !f.IsLocal() {
		return nil
	}
	return os.MkdirAll(f.dir, 0o775)
}

// Free returns name, or name with a number before its extension if there is such a
// file.
func (f *Folder) Free(ctx context.Context, name string) (string, error) {
	ext := path.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	for n := 1; ; n++ {
		at := name
		if n > 1 {
			at = fmt.Sprintf("%s-%d%s", stem, n, ext)
		}
		if _, err := f.Stat(ctx, at); errors.Is(err, fs.ErrNotExist) {
			return at, nil
		} else if err != nil {
			return "", err
		}
	}
}

// Move gives a file another place, in the same or another folder, and never replaces
// one that is there: a number goes before the extension then. It returns the name that
// it got. Elsewhere than on this machine two that move to one name at the same moment
// are not seen: callers hold a lease.
func (f *Folder) Move(ctx context.Context, name string, to *Folder, as string) (string, error) {
	if f.IsLocal() && to.IsLocal() {
		at, err := durable.Move(f.at(name), to.at(as))
		return path.Join(path.Dir(as), filepath.Base(at)), err
	}
	at, err := to.Free(ctx, as)
	if err != nil {
		return "", err
	}
	if f.d == to.d {
		return at, f.d.move(ctx, f.at(name), to.at(at))
	}
	if err := f.Copy(ctx, name, to, at); err != nil {
		return at, err
	}
	if err := f.Remove(ctx, name); err != nil {
		return at, errors.Join(err, to.Remove(ctx, at)) // not in two places
	}
	return at, nil
}

// Copy copies a file, in place of one that is there.
func (f *Folder) Copy(ctx context.Context, name string, to *Folder, as string) error {
	in, err := f.Open(ctx, name)
	if err != nil {
		return err
	}
	err = to.Write(ctx, as, func(w io.Writer) error {
		_, err := io.Copy(w, in)
		return err
	})
	return errors.Join(err, in.Close())
}

// broken stands for a place that cannot be opened.
type broken struct{ err error }

func (b *broken) put(context.Context, string, content) error           { return b.err }
func (b *broken) get(context.Context, string, io.Writer) (Info, error) { return Info{}, b.err }

func (b *broken) stat(context.Context, string) (Info, error)          { return Info{}, b.err }
func (b *broken) list(context.Context, string, func(Info) bool) error { return b.err }
func (b *broken) remove(context.Context, string) error                { return b.err }
func (b *broken) move(context.Context, string, string) error          { return b.err }
func (b *broken) atomic() bool                                        { return false }
func (b *broken) Close() error                                        { return nil }

// Stream stores bytes of unknown size in a bucket, in parts, without holding them. The
// file is there whole or not at all.
func (f *Folder) Stream(ctx context.Context, name string, r io.Reader) (size int64, err error) {
	b, ok := f.d.(*bucket)
	if !ok {
		return 0, fmt.Errorf("%s is no bucket", f)
	}
	return b.stream(ctx, f.at(name), r)
}

// Close ends the connections of the folder and of those inside it.
func (f *Folder) Close() error {
	if f.IsLocal() {
		return nil
	}
	return f.d.Close()
}
