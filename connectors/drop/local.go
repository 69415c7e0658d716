package drop

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"
	"syscall"
)

// local is a folder of this machine or a mounted share. All access goes through
// os.Root: no path and no symbolic link leads out of it.
type local struct {
	p    Profile
	root *os.Root
}

var _ Drop = (*local)(nil)

func openLocal(p Profile) (Drop, error) {
	if p.FileMode == 0 {
		p.FileMode = 0o640
	}
	if p.DirMode == 0 {
		p.DirMode = 0o750
	}
	root, err := os.OpenRoot(p.Root)
	if err != nil {
		e := localError(p, "open", "", err).(*Error)
		e.Class, e.Hint = ClassConfig, "make the folder, or mount it, and let this user read and write it"
		return nil, e
	}
	return &local{p: p, root: root}, nil
}

func (l *local) Close() error { return l.root.Close() }

func (l *local) fail(op, name string, err error) error { return localError(l.p, op, name, err) }

func (l *local) Stat(ctx context.Context, name string) (Info, error) {
	info, err := l.stat(ctx, name)
	if err != nil {
		return Info{}, l.fail("stat", name, err)
	}
	return info, nil
}

func (l *local) stat(ctx context.Context, name string) (Info, error) {
	if err := errors.Join(ctx.Err(), checkPath(name)); err != nil {
		return Info{}, err
	}
	st, err := l.root.Lstat(name)
	if err != nil {
		return Info{}, err
	}
	if !st.Mode().IsRegular() && !st.IsDir() {
		return Info{}, fmt.Errorf("%w: it is neither a file nor a folder", ErrPath)
	}
	return info(path.Dir(name), st), nil
}

func info(dir string, st fs.FileInfo) Info {
	return Info{Name: st.Name(), Path: join(dir, st.Name()), Size: st.Size(), ModTime: st.ModTime(), Dir: st.IsDir()}
}

func (l *local) List(ctx context.Context, dir string) ([]Info, error) {
	files, err := l.list(ctx, dir)
	if err != nil {
		return nil, l.fail("list", dir, err)
	}
	return files, nil
}

func (l *local) list(ctx context.Context, dir string) ([]Info, error) {
	dir, err := checkDir(dir)
	if err := errors.Join(ctx.Err(), err); err != nil {
		return nil, err
	}
	d, err := l.root.Open(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	entries, err := d.Readdir(-1)
	if err != nil {
		return nil, err
	}
	return regular(dir, entries), nil
}

// regular keeps the plain files of a listing, sorted by name.
func regular(dir string, entries []fs.FileInfo) []Info {
	files := make([]Info, 0, len(entries))
	for _, st := range entries {
		if st.Mode().IsRegular() && plainName(st.Name()) {
			files = append(files, info(dir, st))
		}
	}
	slices.SortFunc(files, func(a, b Info) int { return strings.Compare(a.Name, b.Name) })
	return files
}

func (l *local) Read(ctx context.Context, name string, w io.Writer, limit int64) (int64, error) {
	n, err := l.read(ctx, name, w, limit)
	if err != nil {
		return n, l.fail("read", name, err)
	}
	return n, nil
}

func (l *local) read(ctx context.Context, name string, w io.Writer, limit int64) (int64, error) {
	if _, err := l.stat(ctx, name); err != nil {
		return 0, err
	}
	f, err := l.root.Open(name)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return copyAll(w, ctxReader{ctx, f}, st.Size(), limit)
}

// copyAll copies a file that was size bytes long when it was opened.
func copyAll(w io.Writer, r io.Reader, size, limit int64) (int64, error) {
	if size > limit {
		return 0, fmt.Errorf("%w: %d bytes, allowed are %d", ErrTooLarge, size, limit)
	}
	n, err := io.Copy(w, io.LimitReader(r, size+1))
	if err == nil && n != size {
		err = fmt.Errorf("%w: it had %d bytes", errChanged, size)
	}
	return n, err
}

func (l *local) Write(ctx context.Context, name string, r io.Reader, size int64) error {
	if err := errors.Join(ctx.Err(), checkPath(name)); err != nil {
		return l.fail("write", name, err)
	}
	f, err := l.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, fs.FileMode(l.p.FileMode))
	if err != nil {
		return l.fail("write", name, err)
	}
	if err := l.fill(ctx, f, r, size); err != nil {
		return l.fail("write", name, l.undo(name, err))
	}
	if err := l.syncDir(path.Dir(name)); err != nil {
		return l.fail("write", name, l.undo(name, err))
	}
	return nil
}

// undo removes what a failed Write left.
func (l *local) undo(name string, cause error) error {
	if err := l.root.Remove(name); err != nil && !absent(err) {
		return fmt.Errorf("%w (and what was written could not be removed: %w)", cause, strip(err))
	}
	return cause
}

func (l *local) fill(ctx context.Context, f *os.File, r io.Reader, size int64) error {
	_, err := io.Copy(f, exactly(ctxReader{ctx, r}, size))
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		var st fs.FileInfo
		if st, err = f.Stat(); err == nil && st.Size() != size {
			err = fmt.Errorf("%w: it has %d bytes of %d", ErrIncomplete, st.Size(), size)
		}
	}
	return errors.Join(err, f.Close())
}

// syncDir makes names durable. Not every file system can, and Windows does it
// by itself.
func (l *local) syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := l.root.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		err = nil
	}
	return errors.Join(err, d.Close())
}

func (l *local) Rename(ctx context.Context, from, to string) error {
	err := errors.Join(ctx.Err(), checkPath(from), checkPath(to))
	if err == nil {
		err = l.rename(from, to)
	}
	if errors.Is(err, fs.ErrExist) {
		err = ErrExists
	}
	if absent(err) {
		if _, look := l.root.Lstat(from); look == nil {
			err = noFolder(path.Dir(to))
		}
	}
	if err == nil {
		err = l.syncDir(path.Dir(to))
	}
	if err == nil && path.Dir(from) != path.Dir(to) {
		err = l.syncDir(path.Dir(from))
	}
	if err != nil {
		return l.fail("rename", from+" -> "+to, err)
	}
	return nil
}

// rename moves without replacing. In order of preference: one system call that
// refuses an existing name; a hard link, which refuses it too, and the removal
// of the old name (a crash between them leaves both names, which Commit tidies);
// and, on file systems that have no links, a look and a plain rename.
func (l *local) rename(from, to string) error {
	if st, err := l.root.Lstat(from); err != nil {
		return err
	} else if !st.Mode().IsRegular() {
		return fmt.Errorf("%w: it is not a file", ErrPath)
	}
	for _, way := range []func(root *os.Root, from, to string) error{renameNoReplace, renameByLink} {
		if err := way(l.root, from, to); !errors.Is(err, errors.ErrUnsupported) {
			return err
		}
	}
	return renameAfterLook(l.root, from, to)
}

func renameByLink(root *os.Root, from, to string) error {
	err := root.Link(from, to)
	if errors.Is(err, syscall.EPERM) { // what Linux says on a file system without links
		return errors.ErrUnsupported
	}
	if err != nil {
		return err
	}
	return root.Remove(from)
}

func renameAfterLook(root *os.Root, from, to string) error {
	if _, err := root.Lstat(to); err == nil {
		return fs.ErrExist
	} else if !absent(err) {
		return err
	}
	return root.Rename(from, to)
}

func (l *local) Remove(ctx context.Context, name string) error {
	st, err := l.stat(ctx, name)
	if err == nil && st.Dir {
		err = fmt.Errorf("%w: it is a folder", ErrPath)
	}
	if err == nil {
		err = l.root.Remove(name)
	}
	if err == nil {
		err = l.syncDir(path.Dir(name))
	}
	if err != nil {
		return l.fail("remove", name, err)
	}
	return nil
}

func (l *local) Mkdir(ctx context.Context, dir string) error {
	clean, err := checkDir(dir)
	if err = errors.Join(ctx.Err(), err); err == nil && clean != "." {
		err = l.root.MkdirAll(clean, fs.FileMode(l.p.DirMode))
	}
	for ; err == nil && clean != "."; clean = path.Dir(clean) {
		err = l.syncDir(path.Dir(clean))
	}
	if err != nil {
		return l.fail("mkdir", dir, err)
	}
	return nil
}

func localError(p Profile, op, name string, err error) error {
	if strings.Contains(err.Error(), "path escapes from parent") { // os.Root has no value for it
		err = fmt.Errorf("%w: a symbolic link leads out of the root", ErrPath)
	}
	e := &Error{Op: op, Place: p.place(), Path: name, Err: strip(err)}
	switch {
	case errors.Is(err, os.ErrClosed):
		e.Err = ErrClosed
	case errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS):
		e.Class, e.Hint = ClassConfig, "let this user write to the folder; is it mounted read-only?"
	case errors.Is(err, errNoFolder), absent(err) && folderOp(op):
		e.Class, e.Hint = ClassConfig, hintFolder
	case errors.Is(err, syscall.ENOSPC):
		e.Class, e.Hint = ClassTemporary, "free some space on the disk"
	case refusal(err):
	default:
		e.Class = ClassTemporary
	}
	return e
}

// strip drops the path from an error of the os package; ours stands beside it.
func strip(err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok && err == error(pe) {
		return pe.Err
	}
	if le, ok := errors.AsType[*os.LinkError](err); ok && err == error(le) {
		return le.Err
	}
	return err
}
