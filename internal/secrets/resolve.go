package secrets

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"filippo.io/age"

	"github.com/mallbridge/mallbridge/order"
)

// maxSize bounds what a reference may hold: keys and passwords are small.
const maxSize = 1 << 20

// A Resolver reads secrets. The zero value knows env: and absolute file:
// references. It is safe for concurrent use once its fields are set.
type Resolver struct {
	// Dir is where relative file: paths and AgeFile start.
	Dir string
	// Getenv looks up environment variables; nil stands for [os.LookupEnv].
	Getenv func(string) (string, bool)
	// AgeFile is an age-encrypted text of lines NAME=VALUE; empty for none.
	AgeFile string
	// Identity refers to the age identities (AGE-SECRET-KEY-1…) that open
	// AgeFile: an env: or file: reference.
	Identity Ref

	mu      sync.Mutex
	entries map[string]string // of AgeFile, once read
	seen    map[string]struct{}
}

// Resolve returns the secret that ref names. An empty ref gives an empty
// Secret. A secret that is missing or empty is an error with code NotFound; a
// file that others can read is one with code Denied. Errors name the reference
// and never the value.
func (r *Resolver) Resolve(ref Ref) (Secret, error) {
	if ref == "" {
		return Secret{}, nil
	}
	if _, err := ParseRef(string(ref)); err != nil {
		return Secret{}, order.Errorf(order.Invalid, "write env:NAME, file:PATH or age:NAME", "secret: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	value, err := r.read(ref)
	if err != nil {
		return Secret{}, fmt.Errorf("secret %s (%w)", ref, err)
	}
	if value == "" {
		return Secret{}, order.Errorf(order.NotFound, "give it a value", "secret %s is empty", ref)
	}
	r.remember(value)
	return New(value), nil
}

func (r *Resolver) read(ref Ref) (string, error) {
	switch ref.Kind() {
	case Env:
		return r.readEnv(ref.Name())
	case File:
		data, err := readPrivate(r.path(ref.Name()))
		return strings.TrimRight(string(data), "\r\n"), err
	}
	return r.readAge(ref.Name())
}

func (r *Resolver) readEnv(name string) (string, error) {
	lookup := r.Getenv
	if lookup == nil {
		lookup = os.LookupEnv
	}
	value, ok := lookup(name)
	if !ok {
		return "", order.Errorf(order.NotFound, "set "+name+" for the program, for example in the service's EnvironmentFile", "environment variable is not set")
	}
	return value, nil
}

func (r *Resolver) path(name string) string {
	if rest, ok := strings.CutPrefix(name, "~/"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, rest)
		}
	}
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(r.Dir, name)
}

// readPrivate reads a regular file that neither its group nor others can touch.
// The check is made on the open file, so that it cannot be swapped in between.
func readPrivate(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, order.Errorf(order.NotFound, "make the file, or correct the path", "%w", err)
		}
		return nil, order.Errorf(order.Denied, "let the program's user read it", "%w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, order.Errorf(order.Invalid, "name a regular file", "%s is not a file", path)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, order.Errorf(order.Denied, "chmod 600 "+path, "%s has mode %04o: others than its owner can use it", path, mode)
	}
	return readAll(f, path)
}

func readAll(r io.Reader, path string) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxSize+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxSize {
		return nil, order.Errorf(order.Invalid, "name the file that holds only the secret", "%s is larger than %d bytes", path, maxSize)
	}
	return data, nil
}

func (r *Resolver) readAge(name string) (string, error) {
	if r.entries == nil {
		entries, err := r.openAge()
		if err != nil {
			return "", err
		}
		r.entries = entries
	}
	value, ok := r.entries[name]
	if !ok {
		return "", order.Errorf(order.NotFound, "add a line "+name+"=… and encrypt the file again", "%s has no such entry", r.AgeFile)
	}
	return value, nil
}

func (r *Resolver) openAge() (map[string]string, error) {
	if r.AgeFile == "" {
		return nil, order.Errorf(order.Invalid, "set secrets.file in mallbridge.yaml", "no age file is configured")
	}
	if k := r.Identity.Kind(); k != Env && k != File {
		return nil, order.Errorf(order.Invalid, "set secrets.identity in mallbridge.yaml to env:NAME or file:PATH", "no identity is configured")
	}
	key, err := r.read(r.Identity)
	if err != nil {
		return nil, fmt.Errorf("identity %s: %w", r.Identity, err)
	}
	ids, err := age.ParseIdentities(strings.NewReader(key))
	if err != nil {
		return nil, order.Errorf(order.Invalid, "it must hold a line AGE-SECRET-KEY-1…", "identity %s holds no age identity", r.Identity)
	}
	path := r.path(r.AgeFile)
	sealed, err := os.Open(path)
	if err != nil {
		return nil, order.Errorf(order.NotFound, "make it with: age -r RECIPIENT -o "+r.AgeFile, "%w", err)
	}
	defer sealed.Close()
	plain, err := age.Decrypt(bufio.NewReader(sealed), ids...)
	if err != nil {
		return nil, order.Errorf(order.Denied, "encrypt it for the recipient of this identity", "open %s: %w", r.AgeFile, err)
	}
	data, err := readAll(plain, path)
	if err != nil {
		return nil, err
	}
	return parseEntries(data, r.AgeFile)
}

// parseEntries reads lines NAME=VALUE. Blank lines and lines starting with #
// are skipped; the value is everything after the first = sign.
func parseEntries(data []byte, file string) (map[string]string, error) {
	entries := make(map[string]string)
	for n, line := range bytes.Split(data, []byte("\n")) {
		text := strings.TrimSuffix(string(line), "\r")
		if t := strings.TrimSpace(text); t == "" || strings.HasPrefix(t, "#") {
			continue
		}
		name, value, ok := strings.Cut(text, "=")
		name = strings.TrimSpace(name)
		if !ok || !ageName.MatchString(name) {
			return nil, order.Errorf(order.Invalid, "write NAME=VALUE", "%s: line %d is not NAME=VALUE", file, n+1)
		}
		if _, twice := entries[name]; twice {
			return nil, order.Errorf(order.Invalid, "keep one of them", "%s: line %d: %s is there twice", file, n+1, name)
		}
		entries[name] = value
	}
	return entries, nil
}
