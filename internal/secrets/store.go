package secrets

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"filippo.io/age"

	"github.com/mallbridge/mallbridge/order"
)

// Folder is where [Resolver.Store] puts secrets that no age file takes, below
// Resolver.Dir.
const Folder = "keys"

// Store keeps a secret under a name and returns the reference to write into the
// configuration: an entry of AgeFile if there is one, or an identity to make it for,
// else a file of its own that only its owner can read. A secret of that name is
// replaced.
func (r *Resolver) Store(name, value string) (Ref, error) {
	if !ageName.MatchString(name) || strings.Contains(name, "..") {
		return "", order.Errorf(order.Invalid, "use letters, digits, dots, hyphens", "%q is no name for a secret", name)
	}
	if err := oneLine(name, value); err != nil {
		return "", err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.remember(value)
	if !r.usesAge() {
		return r.storeFile(name, value)
	}
	return Ref(Age + ":" + name), r.storeAge(name, value)
}

// usesAge reports whether new secrets go into AgeFile.
func (r *Resolver) usesAge() bool {
	if r.AgeFile == "" {
		return false
	}
	if _, err := os.Stat(r.path(r.AgeFile)); err == nil {
		return true
	}
	_, err := r.read(r.Identity)
	return err == nil
}

// CanPut finds out whether [Resolver.Put] can replace what a reference names, or, for
// the empty one, [Resolver.Store] can keep something new: before a secret is got that
// is given once.
func (r *Resolver) CanPut(ref Ref) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	kind := ref.Kind()
	path := r.path(Folder + "/new")
	switch {
	case kind == Env:
		return order.Errorf(order.Invalid, "set it yourself, where the program is started", "the environment variable %s cannot be set from here", ref.Name())
	case kind == Age, kind == "" && r.usesAge():
		if _, err := r.recipients(); err != nil {
			return err
		}
		path = r.path(r.AgeFile)
		if _, err := os.Stat(path); err == nil {
			if _, err := r.openAge(); err != nil {
				return err
			}
		}
	case kind == File:
		path = r.path(ref.Name())
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return order.Errorf(order.Denied, "let the program's user write there", "%w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return order.Errorf(order.Denied, "let the program's user write there", "%w", err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

func oneLine(name, value string) error {
	if value == "" || strings.ContainsAny(value, "\r\n\x00") {
		return order.Errorf(order.Invalid, "give it on one line", "the secret %s is empty or has several lines", name)
	}
	return nil
}

// Put replaces the secret that a reference names: a file by one that only its owner
// can read, or an entry of AgeFile. An environment variable cannot be set for other
// programs; that is an error with code Invalid.
func (r *Resolver) Put(ref Ref, value string) error {
	if _, err := ParseRef(string(ref)); err != nil {
		return order.Errorf(order.Invalid, "write env:NAME, file:PATH or age:NAME", "secret: %w", err)
	}
	if err := oneLine(string(ref), value); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.remember(value)
	switch ref.Kind() {
	case File:
		return private(r.path(ref.Name()), []byte(value+"\n"))
	case Age:
		if r.AgeFile == "" {
			return order.Errorf(order.Invalid, "set secrets.file in mallbridge.yaml", "no age file is configured")
		}
		return r.storeAge(ref.Name(), value)
	}
	return order.Errorf(order.Invalid, "set it yourself, where the program is started", "the environment variable %s cannot be set from here", ref.Name())
}

func (r *Resolver) storeFile(name, value string) (Ref, error) {
	ref := Ref(File + ":" + Folder + "/" + name)
	return ref, private(r.path(ref.Name()), []byte(value+"\n"))
}

// private replaces a file by one that only its owner can read; it is whole or
// absent after a crash.
func private(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// storeAge writes the age file again with one entry more, for the identities that
// open it.
func (r *Resolver) storeAge(name, value string) error {
	to, err := r.recipients()
	if err != nil {
		return err
	}
	entries := map[string]string{}
	if _, err := os.Stat(r.path(r.AgeFile)); err == nil {
		if entries, err = r.openAge(); err != nil {
			return err
		}
	}
	entries[name] = value
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, to...)
	if err != nil {
		return err
	}
	for _, n := range slices.Sorted(maps.Keys(entries)) {
		if _, err := io.WriteString(w, n+"="+entries[n]+"\n"); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	r.entries = entries
	return private(r.path(r.AgeFile), sealed.Bytes())
}

// recipients are those of the identities that open the age file.
func (r *Resolver) recipients() ([]age.Recipient, error) {
	key, err := r.read(r.Identity)
	if err != nil {
		return nil, fmt.Errorf("identity %s: %w", r.Identity, err)
	}
	ids, err := age.ParseIdentities(strings.NewReader(key))
	if err != nil {
		return nil, order.Errorf(order.Invalid, "it must hold a line AGE-SECRET-KEY-1…", "identity %s holds no age identity", r.Identity)
	}
	var to []age.Recipient
	for _, id := range ids {
		switch id := id.(type) {
		case *age.X25519Identity:
			to = append(to, id.Recipient())
		case *age.HybridIdentity:
			to = append(to, id.Recipient())
		default:
			return nil, order.Errorf(order.Invalid, "add the entry by hand, with age", "identity %s is of a kind that does not tell its recipient", r.Identity)
		}
	}
	return to, nil
}
