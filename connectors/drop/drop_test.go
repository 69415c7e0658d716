package drop_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/connectors/drop"
	"github.com/mallbridge/mallbridge/internal/sshtest"
)

// A place is a drop and the folder of this machine that it shows.
type place struct {
	profile drop.Profile
	root    string
}

// profileOf is a profile for the current user at a real sshd.
func profileOf(s *sshtest.Server) drop.Profile {
	return drop.Profile{
		Kind: drop.SFTP, Host: s.Host, Port: s.Port, User: s.User,
		KeyFile: s.UserKeyFile, KnownHosts: s.KnownHostsFile, Timeout: 20 * time.Second,
	}
}

// through is the profile with a proxy in between.
func through(s *sshtest.Server, p *sshtest.Proxy) drop.Profile {
	profile := profileOf(s)
	profile.Host, profile.Port = p.Host, p.Port
	profile.KnownHosts, profile.HostKeys = "", []string{s.HostKeyFingerprint}
	return profile
}

func scripted(s *sshtest.Scripted, key string) drop.Profile {
	return drop.Profile{
		Kind: drop.SFTP, Host: s.Host, Port: s.Port, User: s.User,
		KeyFile: key, HostKeys: []string{s.HostKeyFingerprint}, Timeout: 20 * time.Second,
	}
}

// places are all kinds of drop that the conformance suite runs over.
var places = []struct {
	name string
	make func(t *testing.T) place
}{
	{"local", func(t *testing.T) place {
		root := t.TempDir()
		return place{drop.Profile{Kind: drop.Local, Root: root}, root}
	}},
	{"openssh", func(t *testing.T) place {
		s := sshtest.Start(t)
		return place{profileOf(s), s.Root}
	}},
	{"openssh without posix-rename and fsync, eight packets at once", func(t *testing.T) place {
		s := sshtest.Start(t, sshtest.Options{Deny: []string{"posix-rename", "fsync"}})
		p := profileOf(s)
		p.Concurrency = 8
		return place{p, s.Root}
	}},
	{"openssh below a root, small packets, one at a time", func(t *testing.T) place {
		s := sshtest.Start(t)
		p := profileOf(s)
		p.Root, p.PacketSize, p.Concurrency, p.FileMode = "shop/a", 1000, 1, 0o600
		root := filepath.Join(s.Root, "shop", "a")
		if err := os.MkdirAll(root, 0o755); err != nil {
			t.Fatal(err)
		}
		return place{p, root}
	}},
}

func open(t *testing.T, p drop.Profile) drop.Drop {
	t.Helper()
	d, err := drop.Open(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func put(t *testing.T, root, name, content string) {
	t.Helper()
	file := filepath.Join(root, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// get returns the content of a file, and "<none>" for no file.
func get(t *testing.T, root, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	if errors.Is(err, fs.ErrNotExist) {
		return "<none>"
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func read(ctx context.Context, d drop.Drop, name string, limit int64) (string, error) {
	var b bytes.Buffer
	_, err := d.Read(ctx, name, &b, limit)
	return b.String(), err
}

// content is n bytes that differ everywhere, the same for one seed.
func content(seed uint64, n int) string {
	r := rand.New(rand.NewPCG(seed, 1))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return string(b)
}

func TestConformance(t *testing.T) {
	for _, kind := range places {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			pl := kind.make(t)
			d := open(t, pl.profile)
			for _, c := range conformance {
				t.Run(c.name, func(t *testing.T) {
					dir := strings.ReplaceAll(c.name, " ", "-")
					if err := os.Mkdir(filepath.Join(pl.root, dir), 0o755); err != nil {
						t.Fatal(err)
					}
					c.test(t, d, pl.root, dir)
				})
			}
		})
	}
}

var conformance = []struct {
	name string
	test func(t *testing.T, d drop.Drop, root, dir string)
}{
	{"write and read back", func(t *testing.T, d drop.Drop, root, dir string) {
		for _, n := range []int{0, 1, 999, 1000, 1001, 255 << 10, 255<<10 + 1, 3 << 20} {
			name, text := fmt.Sprintf("%s/f%d.csv", dir, n), content(uint64(n), n)
			if err := d.Write(t.Context(), name, strings.NewReader(text), int64(n)); err != nil {
				t.Fatal(err)
			}
			if get(t, root, name) != text {
				t.Errorf("%d bytes: the file differs", n)
			}
			back, err := read(t.Context(), d, name, int64(n))
			if err != nil || back != text {
				t.Errorf("read back %d bytes: %d, %v", n, len(back), err)
			}
			info, err := d.Stat(t.Context(), name)
			if err != nil || info.Size != int64(n) || info.Path != name || info.Name != filepath.Base(name) || info.Dir {
				t.Errorf("stat: %+v, %v", info, err)
			}
			if age := time.Since(info.ModTime); age > time.Hour || age < -time.Hour {
				t.Errorf("mod time is %s", info.ModTime)
			}
		}
	}},
	{"write truncates", func(t *testing.T, d drop.Drop, root, dir string) {
		put(t, root, dir+"/f.part", "an older and longer try")
		if err := d.Write(t.Context(), dir+"/f.part", strings.NewReader("new"), 3); err != nil {
			t.Fatal(err)
		}
		if got := get(t, root, dir+"/f.part"); got != "new" {
			t.Errorf("got %q", got)
		}
	}},
	{"write of the wrong size leaves nothing", func(t *testing.T, d drop.Drop, root, dir string) {
		for _, size := range []int64{2, 4, 1 << 20} {
			err := d.Write(t.Context(), dir+"/f.part", strings.NewReader("abc"), size)
			if !errors.Is(err, drop.ErrSource) || drop.Retryable(err) {
				t.Errorf("size %d: %v", size, err)
			}
			if got := get(t, root, dir+"/f.part"); got != "<none>" {
				t.Errorf("size %d: left %q", size, got)
			}
		}
	}},
	{"a source that fails leaves nothing", func(t *testing.T, d drop.Drop, root, dir string) {
		broken := errors.New("disk gone")
		src := io.MultiReader(strings.NewReader(content(1, 700_000)), failing{broken})
		err := d.Write(t.Context(), dir+"/f.part", src, 1_000_000)
		if !errors.Is(err, broken) {
			t.Errorf("got %v", err)
		}
		if get(t, root, dir+"/f.part") != "<none>" {
			t.Error("a part was left")
		}
	}},
	{"a cancelled write leaves nothing", func(t *testing.T, d drop.Drop, root, dir string) {
		ctx, cancel := context.WithCancel(t.Context())
		src := io.MultiReader(strings.NewReader(content(1, 700_000)), onRead(cancel), strings.NewReader(content(2, 300_000)))
		err := d.Write(ctx, dir+"/f.part", src, 1_000_000)
		if !errors.Is(err, context.Canceled) || drop.Retryable(err) {
			t.Errorf("got %v", err)
		}
		if get(t, root, dir+"/f.part") != "<none>" {
			t.Error("a part was left")
		}
		if _, err := d.List(t.Context(), dir); err != nil {
			t.Errorf("the drop does not work afterwards: %v", err)
		}
	}},
	{"write into no folder", func(t *testing.T, d drop.Drop, root, dir string) {
		err := d.Write(t.Context(), dir+"/none/f.part", strings.NewReader("abc"), 3)
		if !drop.NeedsPerson(err) || drop.Retryable(err) || drop.Hint(err) == "" {
			t.Errorf("got %v, hint %q", err, drop.Hint(err))
		}
	}},
	{"read limit", func(t *testing.T, d drop.Drop, root, dir string) {
		put(t, root, dir+"/f", "12345")
		if got, err := read(t.Context(), d, dir+"/f", 4); !errors.Is(err, drop.ErrTooLarge) || got != "" {
			t.Errorf("got %q, %v", got, err)
		}
		if got, err := read(t.Context(), d, dir+"/f", 5); err != nil || got != "12345" {
			t.Errorf("got %q, %v", got, err)
		}
	}},
	{"missing files", func(t *testing.T, d drop.Drop, root, dir string) {
		_, statErr := d.Stat(t.Context(), dir+"/none")
		_, readErr := read(t.Context(), d, dir+"/none", 1)
		_, listErr := d.List(t.Context(), dir+"/none")
		for op, err := range map[string]error{
			"stat": statErr, "read": readErr, "list": listErr,
			"remove": d.Remove(t.Context(), dir+"/none"),
			"rename": d.Rename(t.Context(), dir+"/none", dir+"/other"),
		} {
			if !errors.Is(err, fs.ErrNotExist) || drop.Retryable(err) {
				t.Errorf("%s: %v", op, err)
			}
		}
	}},
	{"list", func(t *testing.T, d drop.Drop, root, dir string) {
		put(t, root, dir+"/b.csv", "bb")
		put(t, root, dir+"/a.csv", "a")
		put(t, root, dir+"/実績 髙.csv", "ccc")
		put(t, root, dir+"/folder/inside.csv", "x")
		symlink(t, filepath.Join(root, dir, "a.csv"), filepath.Join(root, dir, "link.csv"))
		files, err := d.List(t.Context(), dir+"/")
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range files {
			got = append(got, fmt.Sprintf("%s %s %d", f.Name, f.Path, f.Size))
		}
		want := []string{"a.csv " + dir + "/a.csv 1", "b.csv " + dir + "/b.csv 2", "実績 髙.csv " + dir + "/実績 髙.csv 3"}
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		put(t, root, "top.csv", "t")
		if files, err := d.List(t.Context(), ""); err != nil || len(files) != 1 || files[0].Path != "top.csv" {
			t.Errorf("root: %+v, %v", files, err)
		}
	}},
	{"rename", func(t *testing.T, d drop.Drop, root, dir string) {
		put(t, root, dir+"/f.part", "ours")
		put(t, root, dir+"/sub/x", "")
		if err := d.Rename(t.Context(), dir+"/f.part", dir+"/sub/f.csv"); err != nil {
			t.Fatal(err)
		}
		if get(t, root, dir+"/sub/f.csv") != "ours" || get(t, root, dir+"/f.part") != "<none>" {
			t.Error("it was not moved")
		}
	}},
	{"rename never replaces", func(t *testing.T, d drop.Drop, root, dir string) {
		put(t, root, dir+"/f.part", "ours")
		put(t, root, dir+"/f.csv", "theirs")
		err := d.Rename(t.Context(), dir+"/f.part", dir+"/f.csv")
		if !errors.Is(err, drop.ErrExists) || drop.Retryable(err) {
			t.Errorf("got %v", err)
		}
		if get(t, root, dir+"/f.csv") != "theirs" || get(t, root, dir+"/f.part") != "ours" {
			t.Error("something was changed")
		}
	}},
	{"rename into no folder", func(t *testing.T, d drop.Drop, root, dir string) {
		put(t, root, dir+"/f.part", "ours")
		err := d.Rename(t.Context(), dir+"/f.part", dir+"/none/f.csv")
		if !drop.NeedsPerson(err) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, drop.ErrUnknown) {
			t.Errorf("got %v", err)
		}
	}},
	{"remove", func(t *testing.T, d drop.Drop, root, dir string) {
		put(t, root, dir+"/sub/f", "x")
		if err := d.Remove(t.Context(), dir+"/sub/f"); err != nil {
			t.Fatal(err)
		}
		if err := d.Remove(t.Context(), dir+"/sub"); !errors.Is(err, drop.ErrPath) {
			t.Errorf("a folder: %v", err)
		}
		if _, err := os.Stat(filepath.Join(root, dir, "sub")); err != nil {
			t.Error(err)
		}
	}},
	{"mkdir", func(t *testing.T, d drop.Drop, root, dir string) {
		for range 2 {
			if err := d.Mkdir(t.Context(), dir+"/a/b/c"); err != nil {
				t.Fatal(err)
			}
		}
		if st, err := os.Stat(filepath.Join(root, dir, "a/b/c")); err != nil || !st.IsDir() {
			t.Errorf("%v", err)
		}
		put(t, root, dir+"/file", "x")
		if err := d.Mkdir(t.Context(), dir+"/file/sub"); err == nil {
			t.Error("a folder inside a file was made")
		}
		if err := d.Mkdir(t.Context(), "."); err != nil {
			t.Error(err)
		}
	}},
	{"paths that are refused", func(t *testing.T, d drop.Drop, root, dir string) {
		put(t, filepath.Dir(root), "outside.txt", "secret")
		for _, name := range []string{
			"", ".", "..", "../outside.txt", dir + "/../../outside.txt", "/etc/passwd", "a//b", "./a", "a/", "a\x00b",
			"a\nb", "a\u0085b", `a\..\b`, "a\xff", strings.Repeat("x/", 3000) + "x",
		} {
			_, statErr := d.Stat(t.Context(), name)
			_, readErr := read(t.Context(), d, name, 1)
			errs := []error{
				statErr, readErr, d.Write(t.Context(), name, strings.NewReader(""), 0), d.Remove(t.Context(), name),
				d.Rename(t.Context(), name, dir+"/x"), d.Rename(t.Context(), dir+"/x", name),
			}
			if name != "" && name != "." && name != "a/" {
				_, listErr := d.List(t.Context(), name)
				errs = append(errs, listErr, d.Mkdir(t.Context(), name))
			}
			for i, err := range errs {
				if !errors.Is(err, drop.ErrPath) || drop.Retryable(err) {
					t.Errorf("%q, call %d: %v", name, i, err)
				}
				if strings.ContainsAny(err.Error(), "\n\x00") {
					t.Errorf("control character in message %q", err)
				}
			}
		}
	}},
	{"links that lead out", func(t *testing.T, d drop.Drop, root, dir string) {
		outside := t.TempDir()
		put(t, outside, "f", "secret")
		symlink(t, outside, filepath.Join(root, dir, "out"))
		symlink(t, filepath.Join(outside, "f"), filepath.Join(root, dir, "link"))
		_, err := d.List(t.Context(), dir+"/out")
		_, statErr := d.Stat(t.Context(), dir+"/out/f")
		got, readErr := read(t.Context(), d, dir+"/out/f", 10)
		linked, linkErr := read(t.Context(), d, dir+"/link", 10)
		for i, err := range []error{
			err, statErr, readErr, linkErr,
			d.Write(t.Context(), dir+"/out/new", strings.NewReader("x"), 1),
			d.Remove(t.Context(), dir+"/out/f"),
			d.Mkdir(t.Context(), dir+"/out/sub"),
		} {
			if err == nil || drop.Retryable(err) {
				t.Errorf("call %d: %v", i, err)
			}
		}
		if got+linked != "" || get(t, outside, "f") != "secret" || get(t, outside, "new") != "<none>" {
			t.Error("it went outside")
		}
	}},
	{"a cancelled context", func(t *testing.T, d drop.Drop, root, dir string) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := d.Stat(ctx, dir+"/f"); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		if _, err := d.List(t.Context(), dir); err != nil {
			t.Errorf("the drop does not work afterwards: %v", err)
		}
	}},
}

func symlink(t *testing.T, old, name string) {
	t.Helper()
	if err := os.Symlink(old, name); err != nil {
		t.Fatal(err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// onRead calls itself when it is read, and is empty.
type onRead func()

func (f onRead) Read([]byte) (int, error) {
	f()
	return 0, io.EOF
}

func delivery(text string) drop.Delivery {
	sum := sha256.Sum256([]byte(text))
	return drop.Delivery{
		Dir: "in", Name: "ship_20261122_0001.csv", ArchiveDirs: []string{"done"},
		Size: int64(len(text)), SHA256: hex.EncodeToString(sum[:]), Readable: true,
	}
}

type nopCloser struct{ io.ReadSeeker }

func (nopCloser) Close() error { return nil }

func source(text string) func() (io.ReadSeekCloser, error) {
	return func() (io.ReadSeekCloser, error) { return nopCloser{strings.NewReader(text)}, nil }
}

func TestClosed(t *testing.T) {
	for _, kind := range places[:2] {
		t.Run(kind.name, func(t *testing.T) {
			d := open(t, kind.make(t).profile)
			if err := d.Close(); err != nil {
				t.Fatal(err)
			}
			if _, err := d.List(t.Context(), ""); !errors.Is(err, drop.ErrClosed) {
				t.Errorf("got %v", err)
			}
		})
	}
}
