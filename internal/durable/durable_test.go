package durable

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

func TestWriteLeavesNothingOfAFailedTry(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "file.csv")
	if err := Write(path, func(w io.Writer) error { _, err := io.WriteString(w, "one"); return err }); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	err := Write(path, func(w io.Writer) error { io.WriteString(w, "half"); return broken })
	if !errors.Is(err, broken) {
		t.Fatalf("error = %v", err)
	}
	got, _ := os.ReadFile(path)
	entries, _ := os.ReadDir(filepath.Dir(path))
	if string(got) != "one" || len(entries) != 1 {
		t.Errorf("file holds %q, folder holds %d files", got, len(entries))
	}
}

func TestKeepNamesByContentAndLimits(t *testing.T) {
	root := t.TempDir()
	a, err := Keep(root, "2026-11", ".CSV", strings.NewReader("abc"), 3)
	if err != nil {
		t.Fatal(err)
	}
	if a.SHA256 != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" || a.Path != "2026-11/"+a.SHA256+".csv" || a.Size != 3 {
		t.Errorf("kept as %+v", a)
	}
	b, err := Keep(root, "2026-11", ".csv", strings.NewReader("abc"), 3)
	if err != nil || b != a {
		t.Errorf("second time: %+v, %v", b, err)
	}
	if _, err := Keep(root, "2026-11", "/../x", strings.NewReader("abcd"), 3); !errors.Is(err, ErrTooLarge) {
		t.Errorf("error = %v, want ErrTooLarge", err)
	}
	entries, _ := os.ReadDir(filepath.Join(root, "2026-11"))
	if len(entries) != 1 {
		t.Errorf("%d files are left, want 1", len(entries))
	}
}

func TestKeepOfManyPieces(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789abcde\n"), 600_000) // 9.6 MB
	from := filepath.Join(t.TempDir(), "in.csv")
	if err := os.WriteFile(from, content, 0o600); err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	for name, r := range map[string]io.Reader{"a file": in, "a stream": iotest.HalfReader(bytes.NewReader(content))} {
		root := t.TempDir()
		k, err := Keep(root, "2026-11", ".csv", r, int64(len(content)))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(root, k.Path))
		if err != nil || !bytes.Equal(got, content) || k.Size != int64(len(content)) || k.SHA256 != fmt.Sprintf("%x", sha256.Sum256(content)) {
			t.Errorf("%s: kept %d bytes as %+v, %v", name, len(got), k, err)
		}
	}
}

func TestKeepLeavesNothingOfABrokenStream(t *testing.T) {
	for _, cause := range []error{errors.New("broken"), fmt.Errorf("broken: %w", io.EOF)} {
		root := t.TempDir()
		r := io.MultiReader(bytes.NewReader(make([]byte, 5<<20)), iotest.ErrReader(cause))
		if _, err := Keep(root, "2026-11", ".csv", r, 1<<30); !errors.Is(err, cause) {
			t.Errorf("error = %v, want %v", err, cause)
		}
		if err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				t.Errorf("%s is left", path)
			}
			return err
		}); err != nil {
			t.Error(err)
		}
	}
}

func TestMoveNeverReplaces(t *testing.T) {
	dir := t.TempDir()
	for i, want := range []string{"x.csv", "x-2.csv", "x-3.csv"} {
		from := filepath.Join(dir, "in.csv")
		if err := os.WriteFile(from, []byte{byte('a' + i)}, 0o600); err != nil {
			t.Fatal(err)
		}
		at, err := Move(from, filepath.Join(dir, "done", "x.csv"))
		if err != nil || filepath.Base(at) != want {
			t.Fatalf("moved to %s, %v; want %s", at, err, want)
		}
		if got, _ := os.ReadFile(at); string(got) != string(rune('a'+i)) {
			t.Errorf("%s holds %q", want, got)
		}
	}
}

func TestTemporaryFilesOfTheKilledGo(t *testing.T) {
	dead := exec.Command("true")
	if err := dead.Run(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	put := func(name string, age time.Duration) {
		t.Helper()
		at := filepath.Join(dir, name)
		old := time.Now().Add(-age)
		if err := errors.Join(os.WriteFile(at, nil, 0o600), os.Chtimes(at, old, old)); err != nil {
			t.Fatal(err)
		}
	}
	put(fmt.Sprintf(".tmp-%d-1", dead.ProcessState.Pid()), 0)
	put(fmt.Sprintf(".tmp-%d-2", os.Getpid()), 0)
	put(fmt.Sprintf(".tmp-%d-3", os.Getpid()), 25*time.Hour)
	put(".tmp-4", 25*time.Hour)
	put("tmp-5", 25*time.Hour)
	if err := Write(filepath.Join(dir, "file"), func(io.Writer) error { return nil }); err != nil {
		t.Fatal(err)
	}
	var got []string
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if want := []string{fmt.Sprintf(".tmp-%d-2", os.Getpid()), "file", "tmp-5"}; !slices.Equal(got, want) {
		t.Errorf("left are %q, want %q", got, want)
	}
}

func TestFoldersOfTheKilledGo(t *testing.T) {
	dead := exec.Command("true")
	if err := dead.Run(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	made, err := Folder(dir, ".made-")
	if err != nil {
		t.Fatal(err)
	}
	own, _, ok := strings.Cut(filepath.Base(made), fmt.Sprintf("-%d-", os.Getpid()))
	if !ok {
		t.Fatalf("%s does not name its process", made)
	}
	put := func(name string, age time.Duration) {
		t.Helper()
		at := filepath.Join(dir, name)
		old := time.Now().Add(-age)
		if err := errors.Join(os.MkdirAll(filepath.Join(at, "below"), 0o700), os.Chtimes(at, old, old)); err != nil {
			t.Fatal(err)
		}
	}
	put(fmt.Sprintf("%s-%d-1", own, dead.ProcessState.Pid()), 0)
	put(fmt.Sprintf(".made-another.example-%d-2", dead.ProcessState.Pid()), 0)
	put(".made-another.example-4-3", 25*time.Hour)
	put(".other-4-4", 25*time.Hour)
	if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%d-5", own, dead.ProcessState.Pid())), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := Folder(dir, ".made-")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		got = append(got, e.Name())
	}
	want := []string{filepath.Base(made), filepath.Base(again), fmt.Sprintf(".made-another.example-%d-2", dead.ProcessState.Pid()), ".other-4-4", fmt.Sprintf("%s-%d-5", own, dead.ProcessState.Pid())}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("left are %q, want %q", got, want)
	}
}
