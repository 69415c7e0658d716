// Package durable writes files so that they are whole or absent after a crash:
// temporary name, fsync, rename, fsync of the folder.
package durable

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Write makes or replaces the file at path with what write puts out.
func Write(path string, write func(io.Writer) error) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	f, err := temporary(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if err := errors.Join(write(f), f.Chmod(0o640), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(path))
}

// SyncDir makes renames inside dir durable.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// A Kept file lies in an archive under the name of its content.
type Kept struct {
	Path   string // of the file, below the archive's root
	SHA256 string // hexadecimal
	Size   int64
}

// Keep stores the bytes of r below root, in a folder named by when (for people
// and for retention), under their SHA-256 and ext (".csv"). The same bytes are
// stored once a folder. More than max bytes are refused with [ErrTooLarge].
func Keep(root, when, ext string, r io.Reader, max int64) (Kept, error) {
	dir, unnamed := filepath.Join(root, when), filepath.Join(root, ".tmp")
	if err := errors.Join(os.MkdirAll(dir, 0o750), os.MkdirAll(unnamed, 0o750)); err != nil {
		return Kept{}, err
	}
	f, err := temporary(unnamed)
	if err != nil {
		return Kept{}, err
	}
	defer os.Remove(f.Name())
	n, sum, err := fill(f, r, max)
	if err := errors.Join(err, f.Close()); err != nil {
		return Kept{}, err
	}
	k := KeptName(when, ext, sum, n)
	if err := os.Rename(f.Name(), filepath.Join(root, k.Path)); err != nil {
		return Kept{}, err
	}
	return k, SyncDir(dir)
}

// KeptName says where [Keep] puts content with that SHA-256 and size.
func KeptName(when, ext, sha string, size int64) Kept {
	return Kept{Path: filepath.ToSlash(filepath.Join(when, sha+cleanExt(ext))), SHA256: sha, Size: size}
}

// fill copies r to a new file, makes it durable, and returns its size and SHA-256. What
// the file has is read back and hashed while more is copied and synced.
func fill(f *os.File, r io.Reader, most int64) (n int64, sum string, err error) {
	const step = 4 << 20
	ends, hashed := make(chan int64, 64), make(chan error, 1)
	h := sha256.New()
	go func() { hashed <- follow(h, f, ends) }()
	for n <= most && err == nil {
		var copied int64
		copied, err = io.CopyN(f, r, min(step, most+1-n)) // the kernel copies from file to file
		n += copied
		ends <- n
	}
	close(ends)
	switch {
	case n > most:
		err = fmt.Errorf("%w: over %d bytes", ErrTooLarge, most)
	case err == io.EOF:
		err = errors.Join(f.Chmod(0o640), f.Sync())
	}
	err = errors.Join(err, <-hashed)
	return n, hex.EncodeToString(h.Sum(nil)), err
}

// follow hashes a file up to each of ends.
func follow(h io.Writer, f io.ReaderAt, ends <-chan int64) (err error) {
	in := io.NewSectionReader(f, 0, math.MaxInt64)
	at := int64(0)
	for end := range ends {
		if err == nil {
			_, err = io.CopyN(h, in, end-at)
		}
		at = end
	}
	return err
}

// ErrTooLarge means that a file has more bytes than allowed.
var ErrTooLarge = errors.New("the file is too large")

// cleanExt keeps extensions that are safe in a file name.
func cleanExt(ext string) string {
	if len(ext) < 2 || len(ext) > 8 || ext[0] != '.' {
		return ""
	}
	for _, c := range ext[1:] {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return ""
		}
	}
	return strings.ToLower(ext)
}

// temporary makes a file in dir that gets its name later, and removes those that
// killed processes left there.
func temporary(dir string) (*os.File, error) {
	sweep(dir)
	return os.CreateTemp(dir, fmt.Sprintf("%s%d-*", temporaryPrefix, os.Getpid()))
}

// Folder makes a folder in dir for what is made there and then moved out of it, and
// removes those of the same prefix that killed processes left. The name holds this
// machine's: several may write into one dir.
func Folder(dir, prefix string) (string, error) {
	host, err := os.Hostname()
	if err != nil {
		return "", err
	}
	own := prefix + strings.Map(func(r rune) rune {
		if strings.ContainsRune(`-*/\:`, r) {
			return '_'
		}
		return r
	}, host) + "-"
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		if !e.IsDir() || !strings.HasPrefix(e.Name(), prefix) {
			continue
		}
		number, mine := strings.CutPrefix(e.Name(), own)
		if info, err := e.Info(); mine && left(number) || err == nil && time.Since(info.ModTime()) > stale {
			if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
				return "", err
			}
		}
	}
	return os.MkdirTemp(dir, fmt.Sprintf("%s%d-*", own, os.Getpid()))
}

// left reports whether what begins with the number of a process is certainly of one
// that is gone.
func left(name string) bool {
	number, _, _ := strings.Cut(name, "-")
	pid, err := strconv.Atoi(number)
	return err == nil && pid > 0 && ended(pid)
}

const temporaryPrefix = ".tmp-"

// stale is the age at which a temporary file is nobody's, even if a process has
// the number of the one that made it.
const stale = 24 * time.Hour

func sweep(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		rest, ours := strings.CutPrefix(e.Name(), temporaryPrefix)
		if !ours || !e.Type().IsRegular() {
			continue
		}
		if info, err := e.Info(); left(rest) || err == nil && time.Since(info.ModTime()) > stale {
			os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}

// Move gives a file another place and never replaces one that is there: a number
// goes before the extension then. It returns the path that it got.
func Move(from, to string) (string, error) {
	if err := os.MkdirAll(filepath.Dir(to), 0o750); err != nil {
		return "", err
	}
	at, err := Free(to)
	if err != nil {
		return "", err
	}
	if err := os.Rename(from, at); err != nil {
		return at, moveByCopy(from, at, err)
	}
	return at, errors.Join(SyncDir(filepath.Dir(at)), SyncDir(filepath.Dir(from)))
}

// Free returns path, or path with a number before its extension if there is such
// a file.
func Free(path string) (string, error) {
	ext := filepath.Ext(path)
	stem := strings.TrimSuffix(path, ext)
	for n := 1; ; n++ {
		at := path
		if n > 1 {
			at = fmt.Sprintf("%s-%d%s", stem, n, ext)
		}
		if _, err := os.Lstat(at); errors.Is(err, fs.ErrNotExist) {
			return at, nil
		} else if err != nil {
			return "", err
		}
	}
}

// moveByCopy serves watch folders on another file system.
func moveByCopy(from, to string, cause error) error {
	in, err := os.Open(from)
	if err != nil {
		return cause
	}
	defer in.Close()
	if err := Write(to, func(w io.Writer) error {
		_, err := io.Copy(w, in)
		return err
	}); err != nil {
		return errors.Join(cause, err)
	}
	if err := os.Remove(from); err != nil {
		return errors.Join(err, os.Remove(to)) // not in two places
	}
	return nil
}

// Sum returns the SHA-256 and size of a file.
func Sum(path string) (sha string, size int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	h := sha256.New()
	size, err = io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), size, err
}
