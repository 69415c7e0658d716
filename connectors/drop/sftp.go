package drop

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

// remote is a drop on an SFTP server. It keeps one connection and dials again
// when that is broken.
type remote struct {
	p    Profile
	keys *hostKeys

	mu     sync.Mutex
	cur    *session
	closed bool
}

var _ Tree = (*remote)(nil)

func openSFTP(ctx context.Context, p Profile) (Drop, error) {
	keys, err := newHostKeys(p)
	if err != nil {
		return nil, &Error{Op: "open", Place: p.place(), Class: ClassConfig, Err: err}
	}
	r := &remote{p: p, keys: keys}
	if _, err := r.session(ctx); err != nil {
		return nil, r.fail("open", "", err)
	}
	return r, nil
}

func (r *remote) fail(op, name string, err error) error { return sftpError(r.p, op, name, err) }

// session returns the open connection or dials a new one.
func (r *remote) session(ctx context.Context) (*session, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, ErrClosed
	}
	if r.cur != nil && r.cur.wire.reason() == nil {
		return r.cur, nil
	}
	s, err := connect(ctx, r.p, r.keys)
	if err == nil {
		r.cur = s
	}
	return s, err
}

// drop forgets a broken connection.
func (r *remote) drop(s *session, why error) {
	s.wire.end(why)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cur == s {
		r.cur = nil
	}
}

func (r *remote) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cur != nil {
		r.cur.wire.end(ErrClosed)
		r.cur = nil
	}
	r.closed = true
	return nil
}

// do runs fn on a connection. With again, fn is repeated once on a new
// connection when the first breaks, as long as again returns true.
func (r *remote) do(ctx context.Context, again func() bool, fn func(*session) error) error {
	for try := 0; ; try++ {
		s, err := r.session(ctx)
		if err != nil {
			return err
		}
		alive, err := s.run(ctx, r.p.Timeout, fn)
		if !alive {
			r.drop(s, err)
			err = &brokenError{err}
		}
		if err == nil || alive || try > 0 || again == nil || !again() || ctx.Err() != nil {
			return err
		}
	}
}

// always is for requests that change nothing.
func always() bool { return true }

// brokenError is a connection that ended before the answer came.
type brokenError struct{ err error }

func (e *brokenError) Error() string { return "connection lost: " + e.err.Error() }
func (e *brokenError) Unwrap() error { return e.err }

func (r *remote) Stat(ctx context.Context, name string) (Info, error) {
	if err := checkPath(name); err != nil {
		return Info{}, r.fail("stat", name, err)
	}
	var found Info
	err := r.do(ctx, always, func(s *session) (err error) {
		found, err = s.stat(name)
		return err
	})
	if err != nil {
		return Info{}, r.fail("stat", name, err)
	}
	return found, nil
}

func (r *remote) List(ctx context.Context, dir string) ([]Info, error) {
	clean, err := checkDir(dir)
	if err != nil {
		return nil, r.fail("list", dir, err)
	}
	var files []Info
	err = r.do(ctx, always, func(s *session) error {
		abs, err := s.dir(clean)
		if err != nil {
			return err
		}
		entries, err := s.sftp.ReadDir(abs)
		files = regular(clean, entries)
		return err
	})
	if err != nil {
		return nil, r.fail("list", dir, err)
	}
	return files, nil
}

// Folders implements [Tree].
func (r *remote) Folders(ctx context.Context, dir string) ([]string, error) {
	clean, err := checkDir(dir)
	if err != nil {
		return nil, r.fail("list", dir, err)
	}
	var names []string
	err = r.do(ctx, always, func(s *session) error {
		abs, err := s.dir(clean)
		if err != nil {
			return err
		}
		entries, err := s.sftp.ReadDir(abs)
		names = names[:0]
		for _, e := range entries {
			if e.IsDir() && plainName(e.Name()) {
				names = append(names, e.Name())
			}
		}
		return err
	})
	if err != nil {
		return nil, r.fail("list", dir, err)
	}
	slices.Sort(names)
	return names, nil
}

func (r *remote) Read(ctx context.Context, name string, w io.Writer, limit int64) (int64, error) {
	if err := checkPath(name); err != nil {
		return 0, r.fail("read", name, err)
	}
	sink := &sink{w: w}
	err := r.do(ctx, func() bool { return sink.n == 0 }, func(s *session) error {
		return s.read(name, sink, limit)
	})
	if err != nil {
		return sink.n, r.fail("read", name, err)
	}
	return sink.n, nil
}

func (r *remote) Write(ctx context.Context, name string, src io.Reader, size int64) error {
	if err := checkPath(name); err != nil {
		return r.fail("write", name, err)
	}
	in := exactly(ctxReader{ctx, src}, size)
	opened := false
	err := r.do(ctx, nil, func(s *session) error {
		abs, err := s.path(name)
		if err != nil {
			return err
		}
		opened = true
		return s.write(r.p, abs, in, size)
	})
	if err == nil {
		return nil
	}
	if opened {
		r.clean(ctx, name)
	}
	return r.fail("write", name, err)
}

// clean removes what a failed Write left, if the server can still be reached.
func (r *remote) clean(ctx context.Context, name string) {
	discard(ctx, r, name)
}

func (r *remote) Rename(ctx context.Context, from, to string) error {
	err := errors.Join(checkPath(from), checkPath(to))
	if err == nil {
		err = r.rename(ctx, from, to)
	}
	if err != nil {
		return r.fail("rename", from+" -> "+to, err)
	}
	return nil
}

func (r *remote) rename(ctx context.Context, from, to string) error {
	sent := false
	err := r.do(ctx, func() bool { return !sent }, func(s *session) error {
		if _, err := s.stat(from); err != nil {
			return err
		}
		if _, err := s.lstat(to); err == nil {
			return ErrExists
		} else if !absent(err) {
			return err
		}
		absFrom, err := s.path(from)
		if err != nil {
			return err
		}
		absTo, err := s.path(to)
		if err != nil {
			return err
		}
		sent = true
		err = s.rename(absFrom, absTo)
		if err != nil && answered(err) {
			sent = false
			return s.whyNot(from, to, err)
		}
		return err
	})
	if sent && err != nil {
		return &UnknownError{Op: "rename", From: from, To: to, Err: err}
	}
	return err
}

func (r *remote) Remove(ctx context.Context, name string) error {
	if err := checkPath(name); err != nil {
		return r.fail("remove", name, err)
	}
	err := r.do(ctx, nil, func(s *session) error {
		if st, err := s.lstat(name); err != nil {
			return err
		} else if st.IsDir() {
			return fmt.Errorf("%w: it is a folder", ErrPath)
		}
		abs, err := s.path(name)
		if err != nil {
			return err
		}
		return s.sftp.Remove(abs)
	})
	if err != nil {
		return r.fail("remove", name, err)
	}
	return nil
}

func (r *remote) Mkdir(ctx context.Context, dir string) error {
	clean, err := checkDir(dir)
	if err == nil && clean != "." {
		err = r.do(ctx, always, func(s *session) error { return s.mkdirAll(clean, r.p.DirMode) })
	}
	if err != nil {
		return r.fail("mkdir", dir, err)
	}
	return nil
}

// dir returns the absolute path of a folder, after the server has said that it
// lies below the root once symbolic links are resolved.
func (s *session) dir(dir string) (string, error) {
	abs := path.Join(s.base, dir)
	s.mu.Lock()
	known := s.inside[dir]
	s.mu.Unlock()
	if known || dir == "." {
		return abs, nil
	}
	real, err := s.sftp.RealPath(abs)
	if err != nil {
		return "", err
	}
	if real != s.base && !strings.HasPrefix(real, strings.TrimSuffix(s.base, "/")+"/") {
		return "", fmt.Errorf("%w: %s leads out of the root to %s", ErrPath, printable(dir), printable(real))
	}
	if real == abs {
		s.mu.Lock()
		s.inside[dir] = true
		s.mu.Unlock()
	}
	return abs, nil
}

// path returns the absolute path of a file in a folder that dir accepts.
func (s *session) path(name string) (string, error) {
	dir, err := s.dir(path.Dir(name))
	if err != nil {
		return "", err
	}
	return path.Join(dir, path.Base(name)), nil
}

func (s *session) lstat(name string) (fs.FileInfo, error) {
	abs, err := s.path(name)
	if err != nil {
		return nil, err
	}
	return s.sftp.Lstat(abs)
}

func (s *session) stat(name string) (Info, error) {
	st, err := s.lstat(name)
	if err != nil {
		return Info{}, err
	}
	if !st.Mode().IsRegular() && !st.IsDir() {
		return Info{}, fmt.Errorf("%w: it is neither a file nor a folder", ErrPath)
	}
	return info(path.Dir(name), st), nil
}

func (s *session) read(name string, w *sink, limit int64) error {
	if _, err := s.stat(name); err != nil {
		return err
	}
	abs, err := s.path(name)
	if err != nil {
		return err
	}
	f, err := s.sftp.Open(abs)
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	size := st.Size()
	if size > limit {
		return fmt.Errorf("%w: %d bytes, allowed are %d", ErrTooLarge, size, limit)
	}
	w.limit = size
	if _, err := f.WriteTo(w); err != nil {
		if w.err != nil {
			err = w.err
		}
		return err
	}
	if w.n != size {
		return fmt.Errorf("%w: it had %d bytes", errChanged, size)
	}
	return nil
}

func (s *session) write(p Profile, abs string, in *exactReader, size int64) error {
	f, err := s.sftp.OpenFile(abs, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return err
	}
	if err := s.fill(f, p, in, size); err != nil {
		_ = f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	st, err := s.sftp.Lstat(abs)
	if absent(err) {
		return fmt.Errorf("%w: it vanished; the warehouse may be taking temporary names", ErrIncomplete)
	}
	if err == nil && st.Size() != size {
		err = fmt.Errorf("%w: the server has %d bytes of %d", ErrIncomplete, st.Size(), size)
	}
	return err
}

func (s *session) fill(f *sftp.File, p Profile, in *exactReader, size int64) error {
	n, err := s.copyTo(f, in, size)
	if cause := in.failed(); cause != nil {
		return fmt.Errorf("%w: %w", errSource, cause)
	}
	if err != nil {
		return err
	}
	if n != size {
		return fmt.Errorf("%w: %d bytes of %d were sent", ErrIncomplete, n, size)
	}
	if p.FileMode != 0 {
		if err := f.Chmod(fs.FileMode(p.FileMode)); err != nil {
			return err
		}
	}
	if _, ok := s.sftp.HasExtension(extFsync); ok {
		return f.Sync()
	}
	return nil
}

// copyTo writes the source; one byte more than size is asked for, so that a
// longer source is noticed. The library would take a buffer of a whole packet
// for the smallest file.
func (s *session) copyTo(f *sftp.File, in *exactReader, size int64) (int64, error) {
	if size >= int64(s.packet) {
		return f.ReadFrom(io.LimitReader(in, size+1))
	}
	buf := make([]byte, size+1)
	n, err := io.ReadFull(in, buf)
	if in.failed() != nil || n == 0 {
		return 0, nil
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		return int64(n), err
	}
	n, err = f.Write(buf[:n])
	return int64(n), err
}

func (s *session) rename(from, to string) error {
	if _, ok := s.sftp.HasExtension(extPosixRename); ok {
		return s.sftp.PosixRename(from, to)
	}
	return s.sftp.Rename(from, to)
}

// whyNot finds the reason of a refused rename: many servers answer "failure" to
// everything.
func (s *session) whyNot(from, to string, err error) error {
	if _, look := s.lstat(to); look == nil {
		return ErrExists
	}
	if _, look := s.lstat(from); absent(look) {
		return look
	}
	if absent(err) {
		return noFolder(path.Dir(to))
	}
	return err
}

func (s *session) mkdirAll(dir string, mode uint32) error {
	if dir == "." {
		return nil
	}
	if _, err := s.dir(dir); err == nil {
		st, err := s.sftp.Stat(path.Join(s.base, dir))
		if err == nil && !st.IsDir() {
			err = fmt.Errorf("%w: %s is a file", ErrPath, printable(dir))
		}
		if err == nil || !absent(err) {
			return err
		}
	} else if !absent(err) {
		return err
	}
	if err := s.mkdirAll(path.Dir(dir), mode); err != nil {
		return err
	}
	abs := path.Join(s.base, dir)
	if err := s.sftp.Mkdir(abs); err != nil {
		if st, look := s.sftp.Lstat(abs); look == nil && st.IsDir() {
			return nil // another made it meanwhile
		}
		return err
	}
	if mode != 0 {
		return s.sftp.Chmod(abs, fs.FileMode(mode))
	}
	return nil
}

// sink counts what a Read delivered and stops a file that grows.
type sink struct {
	w        io.Writer
	n, limit int64
	err      error
}

func (s *sink) Write(p []byte) (int, error) {
	if s.n+int64(len(p)) > s.limit {
		s.err = fmt.Errorf("%w: it grew over %d bytes", errChanged, s.limit)
		return 0, s.err
	}
	n, err := s.w.Write(p)
	s.n += int64(n)
	if err != nil {
		s.err = fmt.Errorf("%w: %w", errSource, err)
		return n, s.err
	}
	return n, nil
}

// errSource is a trouble on our own side of a copy.
var errSource = errors.New("this side")

// sftpError gives an error its class and hint.
func sftpError(p Profile, op, name string, err error) error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	e := &Error{Op: op, Place: p.place(), Path: name, Err: err}
	var hostKey *HostKeyError
	var negotiation *ssh.AlgorithmNegotiationError
	var broken *brokenError
	switch {
	case errors.As(err, &hostKey):
		e.Class, e.Hint, e.Err = ClassConfig, hostKey.hint(), hostKey
	case errors.As(err, &negotiation):
		e.Class, e.Hint = ClassConfig, "the server is old or its host key is of another kind than the known one; for SHA-1 servers the profile has a setting"
	case errors.Is(err, errLogin):
		e.Class, e.Hint = ClassConfig, "check user, key and password, and that the warehouse has our public key; an old server may need the setting for SHA-1"
	case errors.Is(err, ErrUnknown), errors.As(err, &broken) && !errors.Is(err, context.Canceled):
		e.Class = ClassTemporary
	case errors.Is(err, errNoFolder), absent(err) && folderOp(op):
		e.Class, e.Hint = ClassConfig, hintFolder
	case errors.Is(err, fs.ErrPermission):
		e.Class, e.Hint = ClassConfig, "let the warehouse give this user the right to read and write there"
	case refusal(err):
	default:
		e.Class, e.Hint = ClassTemporary, statusHint(err)
	}
	return e
}

func statusHint(err error) string {
	var status *sftp.StatusError
	if !errors.As(err, &status) {
		return ""
	}
	return "the server gives no reason: its disk may be full, a quota reached or the file in use"
}
