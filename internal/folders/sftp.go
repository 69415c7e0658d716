package folders

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"sync"

	"github.com/mallbridge/mallbridge/connectors/drop"
	"github.com/mallbridge/mallbridge/order"
)

// OpenSFTP prepares a folder on an SFTP server. It connects at the first call. The root
// of the profile must be there.
func OpenSFTP(p drop.Profile) *Folder { return &Folder{d: &server{p: p}, name: p.String()} }

// server keeps one connection, which the drop dials again when it breaks.
type server struct {
	p  drop.Profile
	mu sync.Mutex
	d  drop.Drop
}

func (s *server) atomic() bool { return false }

func (s *server) open(ctx context.Context) (drop.Drop, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.d != nil {
		return s.d, nil
	}
	d, err := drop.Open(ctx, s.p)
	if err != nil {
		return nil, known(err)
	}
	s.d = d
	return d, nil
}

func (s *server) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.d == nil {
		return nil
	}
	err := s.d.Close()
	s.d = nil
	return err
}

// known gives errors of the server the codes and hints that commands act on.
func known(err error) error {
	var ours *order.Error
	switch {
	case err == nil, errors.Is(err, fs.ErrNotExist), errors.As(err, &ours), errors.Is(err, context.Canceled):
		return err
	case drop.Retryable(err), errors.Is(err, drop.ErrUnknown):
		return order.Errorf(order.Retry, "running again is safe", "%w", err)
	case drop.NeedsPerson(err):
		return order.Errorf(order.Denied, drop.Hint(err), "%w", err)
	}
	return err
}

// put writes under a hidden temporary name, reads it back, and renames.
func (s *server) put(ctx context.Context, name string, c content) error {
	d, err := s.open(ctx)
	if err != nil {
		return err
	}
	return known(put(ctx, d, name, c))
}

func put(ctx context.Context, d drop.Drop, name string, c content) error {
	if err := d.Mkdir(ctx, path.Dir(name)); err != nil {
		return err
	}
	tmp := path.Join(path.Dir(name), "."+rand.Text()+".part")
	if err := d.Write(ctx, tmp, c.r, c.size); err != nil {
		return err
	}
	if err := same(ctx, d, tmp, c); err != nil {
		return errors.Join(err, d.Remove(ctx, tmp))
	}
	err := d.Rename(ctx, tmp, name)
	if errors.Is(err, drop.ErrExists) {
		if same(ctx, d, name, c) == nil {
			return d.Remove(ctx, tmp)
		}
		if err = d.Remove(ctx, name); err == nil || errors.Is(err, fs.ErrNotExist) {
			err = d.Rename(ctx, tmp, name)
		}
	}
	if errors.Is(err, drop.ErrUnknown) && same(ctx, d, name, c) == nil {
		return nil
	}
	return err
}

// same reads a file back and compares.
func same(ctx context.Context, d drop.Drop, name string, c content) error {
	h := sha256.New()
	n, err := d.Read(ctx, name, h, c.size)
	if err != nil {
		return err
	}
	if n != c.size || !bytes.Equal(h.Sum(nil), c.sha256[:]) {
		return order.Errorf(order.Retry, "run again; if it stays so, the server or its disk is broken", "%s: the server has other bytes than were sent: SHA-256 %s", name, hex.EncodeToString(h.Sum(nil)))
	}
	return nil
}

// most is the largest file that is read, in bytes.
const most = 1 << 40

func (s *server) get(ctx context.Context, name string, w io.Writer) (Info, error) {
	d, err := s.open(ctx)
	if err != nil {
		return Info{}, err
	}
	is, err := d.Stat(ctx, name)
	if err != nil {
		return Info{}, known(err)
	}
	n, err := d.Read(ctx, name, w, most)
	return Info{Name: is.Name, Size: n, ModTime: is.ModTime}, known(err)
}

func (s *server) stat(ctx context.Context, name string) (Info, error) {
	d, err := s.open(ctx)
	if err != nil {
		return Info{}, err
	}
	is, err := d.Stat(ctx, name)
	return Info{Name: is.Name, Size: is.Size, ModTime: is.ModTime, Dir: is.Dir}, known(err)
}

func (s *server) list(ctx context.Context, dir string, yield func(Info) bool) error {
	d, err := s.open(ctx)
	if err != nil {
		return err
	}
	t, ok := d.(drop.Tree)
	if !ok {
		return fmt.Errorf("%s: it cannot list folders", s.p)
	}
	subs, err := t.Folders(ctx, dir)
	if err != nil {
		return known(err)
	}
	for _, name := range subs {
		if !yield(Info{Name: name, Dir: true}) {
			return nil
		}
	}
	found, err := d.List(ctx, dir)
	if err != nil {
		return known(err)
	}
	for _, i := range found {
		if !yield(Info{Name: i.Name, Size: i.Size, ModTime: i.ModTime}) {
			return nil
		}
	}
	return nil
}

func (s *server) remove(ctx context.Context, name string) error {
	d, err := s.open(ctx)
	if err != nil {
		return err
	}
	return known(d.Remove(ctx, name))
}

func (s *server) move(ctx context.Context, from, to string) error {
	d, err := s.open(ctx)
	if err != nil {
		return err
	}
	if dir := path.Dir(to); dir != "." {
		if err := d.Mkdir(ctx, dir); err != nil {
			return known(err)
		}
	}
	err = d.Rename(ctx, from, to)
	if errors.Is(err, drop.ErrUnknown) {
		if _, e := d.Stat(ctx, to); e == nil {
			if _, e := d.Stat(ctx, from); errors.Is(e, fs.ErrNotExist) {
				return nil
			}
		}
	}
	return known(err)
}
