package drop

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"unicode"
)

// TestRenameWays: each way of renaming moves, and none replaces.
func TestRenameWays(t *testing.T) {
	for name, way := range map[string]func(root *os.Root, from, to string) error{
		"no-replace": renameNoReplace, "link": renameByLink, "look": renameAfterLook,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			root, err := os.OpenRoot(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer root.Close()
			for file, text := range map[string]string{"a": "ours", "b": "theirs"} {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			err = way(root, "a", "b")
			if errors.Is(err, errors.ErrUnsupported) {
				t.Skip("this system or file system has no such call")
			}
			if text, _ := os.ReadFile(filepath.Join(dir, "b")); !errors.Is(err, fs.ErrExist) || string(text) != "theirs" {
				t.Errorf("onto a file: %v, %q", err, text)
			}
			if err := way(root, "a", "c"); err != nil {
				t.Fatal(err)
			}
			if text, _ := os.ReadFile(filepath.Join(dir, "c")); string(text) != "ours" {
				t.Errorf("moved %q", text)
			}
			if _, err := os.Stat(filepath.Join(dir, "a")); !absent(err) {
				t.Errorf("the old name: %v", err)
			}
			if err := way(root, "a", "d"); !absent(err) {
				t.Errorf("from nothing: %v", err)
			}
		})
	}
}

func TestLocalClasses(t *testing.T) {
	for _, c := range []struct {
		err  error
		want Class
	}{
		{syscall.ENOSPC, ClassTemporary},
		{syscall.EIO, ClassTemporary},
		{syscall.EACCES, ClassConfig},
		{syscall.EROFS, ClassConfig},
		{syscall.ENOENT, ClassConfig}, // no folder to write in
		{ErrExists, ClassRefused},
	} {
		err := localError(Profile{Kind: Local, Root: "drop"}, "write", "f", &fs.PathError{Op: "write", Path: "/somewhere/f", Err: c.err})
		var e *Error
		if !errors.As(err, &e) || e.Class != c.want || !errors.Is(err, c.err) {
			t.Errorf("%v: class %d, want %d", c.err, e.Class, c.want)
		}
		if strings.Contains(err.Error(), "somewhere") {
			t.Errorf("the path stands twice: %v", err)
		}
	}
}

func FuzzCheckPath(f *testing.F) {
	for _, s := range []string{"in/f.csv", "../x", "/x", "a//b", "a\x00", `a\b`, "実績/髙.csv", "\xff", ".", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, p string) {
		if checkPath(p) != nil {
			return
		}
		if !filepath.IsLocal(filepath.FromSlash(p)) || join("root", p) != "root/"+p {
			t.Errorf("%q leaves the root or has two forms", p)
		}
		if strings.ContainsFunc(p, unicode.IsControl) || printable(p) == "" {
			t.Errorf("%q has control characters", p)
		}
	})
}
