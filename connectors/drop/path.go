package drop

import (
	"fmt"
	"io/fs"
	"net"
	"path"
	"strconv"
	"strings"
	"unicode"
)

// maxPath is the longest path taken, in bytes; PATH_MAX of Linux.
const maxPath = 4096

// checkPath refuses what could leave the root or confuse a reader of logs.
func checkPath(p string) error {
	switch {
	case p == "" || p == ".":
		return fmt.Errorf("%w: it names no file", ErrPath)
	case len(p) > maxPath:
		return fmt.Errorf("%w: longer than %d bytes", ErrPath, maxPath)
	case strings.ContainsFunc(p, unicode.IsControl):
		return fmt.Errorf("%w: it has a control character", ErrPath)
	case strings.Contains(p, `\`):
		return fmt.Errorf(`%w: it has a backslash`, ErrPath)
	case !fs.ValidPath(p):
		return fmt.Errorf(`%w: use a relative path without "." and ".." in UTF-8`, ErrPath)
	}
	return nil
}

// checkDir is checkPath for folders: "" and "." are the root, and one slash at
// the end is dropped.
func checkDir(dir string) (string, error) {
	if dir == "" || dir == "." {
		return ".", nil
	}
	dir = strings.TrimSuffix(dir, "/")
	return dir, checkPath(dir)
}

// checkName is checkPath for a single name.
func checkName(name string) error {
	if strings.Contains(name, "/") {
		return fmt.Errorf("%w: %q is a path, a name is wanted", ErrPath, name)
	}
	if err := checkPath(name); err != nil {
		return fmt.Errorf("%q: %w", name, err)
	}
	return nil
}

// plainName reports whether a name from a listing is one at all; a server that
// sends others is broken or hostile.
func plainName(name string) bool {
	return name != "" && name != "." && name != ".." && !strings.ContainsAny(name, "/\x00")
}

func join(dir, name string) string { return path.Join(dir, name) }

func trimSlash(s string) string { return strings.Trim(s, "/") }

func (p Profile) addr() string { return net.JoinHostPort(p.Host, strconv.Itoa(p.Port)) }
