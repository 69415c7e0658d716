package folders_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mallbridge/mallbridge/connectors/drop"
	"github.com/mallbridge/mallbridge/internal/durable"
	"github.com/mallbridge/mallbridge/internal/folders"
	"github.com/mallbridge/mallbridge/internal/s3test"
	"github.com/mallbridge/mallbridge/internal/sshtest"
	"github.com/mallbridge/mallbridge/order"
)

func bucket(t *testing.T, p folders.S3) *folders.Folder {
	t.Helper()
	f, err := folders.OpenS3(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func profile(s *s3test.Server) folders.S3 {
	return folders.S3{
		Endpoint: s.Endpoint, Region: s3test.Region, PathStyle: true, AccessKey: s3test.AccessKey, SecretKey: s3test.SecretKey,
		Bucket: s3test.Bucket, Prefix: "shop/files",
	}
}

func sftp(t *testing.T, s *sshtest.Server, addr string) *folders.Folder {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	f := folders.OpenSFTP(drop.Profile{Kind: drop.SFTP, Host: host, Port: n, User: s.User, KeyFile: s.UserKeyFile, HostKeys: []string{s.HostKeyFingerprint}, Root: s.Root})
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// each runs the suite's cases on every kind of folder.
func each(t *testing.T, f func(t *testing.T, dir *folders.Folder)) {
	t.Run("local", func(t *testing.T) { f(t, folders.Local(filepath.Join(t.TempDir(), "new"))) })
	t.Run("s3", func(t *testing.T) { f(t, bucket(t, profile(s3test.Start(t)))) })
	t.Run("sftp", func(t *testing.T) {
		s := sshtest.Start(t)
		f(t, sftp(t, s, s.Addr).Sub("a", "b"))
	})
}

func put(t *testing.T, dir *folders.Folder, name, text string) {
	t.Helper()
	if err := dir.Write(t.Context(), name, func(w io.Writer) error { _, err := io.WriteString(w, text); return err }); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, dir *folders.Folder, name string) string {
	t.Helper()
	f, err := dir.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(f)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	if f.Info.Size != int64(len(text)) || f.Info.ModTime.IsZero() {
		t.Errorf("%s: %d bytes of %v; it has %d", name, f.Info.Size, f.Info.ModTime, len(text))
	}
	return string(text)
}

func names(t *testing.T, list func(context.Context) ([]folders.Info, error)) []string {
	t.Helper()
	all, err := list(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, i := range all {
		if i.Dir {
			i.Name += "/"
		}
		out = append(out, i.Name)
	}
	return out
}

// hard are names that have to survive: letters of both countries, spaces, what has a
// meaning in addresses.
var hard = []string{"注文 2026-11-24.csv", "주문+1.csv", "a%20b&c=d.csv", "#?.txt", "~x(1)'!.xlsx"}

func TestConformance(t *testing.T) {
	each(t, func(t *testing.T, dir *folders.Folder) {
		ctx := t.Context()
		if got := names(t, dir.All); len(got) != 0 {
			t.Errorf("before anything was put there are %v", got)
		}
		for what, err := range map[string]error{
			"open": second(dir.Open(ctx, "none")), "stat": second(dir.Stat(ctx, "none")),
			"move": second(dir.Move(ctx, "none", dir, "some")),
		} {
			if !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s what is not there: %v", what, err)
			}
		}
		for _, n := range hard {
			put(t, dir, n, "text of "+n)
		}
		put(t, dir, "sub/deep/x.csv", "x")
		put(t, dir, "empty", "")
		want := append([]string{"empty", "sub/"}, hard...)
		slices.Sort(want)
		if got := names(t, dir.All); !slices.Equal(got, want) {
			t.Errorf("it lists %q, want %q", got, want)
		}
		for _, n := range hard {
			if got := get(t, dir, n); got != "text of "+n {
				t.Errorf("%s says %q", n, got)
			}
			if i, err := dir.Stat(ctx, n); err != nil || i.Name != n || i.Size != int64(len("text of "+n)) {
				t.Errorf("%s: %+v, %v", n, i, err)
			}
		}
		var all []string
		for i, err := range dir.Walk(ctx) {
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, i.Name)
		}
		slices.Sort(all)
		if want = append(slices.DeleteFunc(want, func(s string) bool { return s == "sub/" }), "sub/deep/x.csv"); !slices.Equal(all, sorted(want)) {
			t.Errorf("below it are %q, want %q", all, want)
		}
		put(t, dir, "empty", "no longer")
		if got := get(t, dir, "empty"); got != "no longer" {
			t.Errorf("put again it says %q", got)
		}
		for _, as := range []string{"done/a.csv", "done/a-2.csv", "done/a-3.csv"} {
			put(t, dir, "a.csv", as)
			if got, err := dir.Move(ctx, "a.csv", dir.Sub("done"), "a.csv"); err != nil || "done/"+got != as {
				t.Errorf("moved to %s, %v; want %s", got, err, as)
			}
			if got := get(t, dir, as); got != as {
				t.Errorf("%s says %q", as, got)
			}
			if _, err := dir.Stat(ctx, "a.csv"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("moved, it is still there: %v", err)
			}
		}
		if _, err := dir.Move(ctx, hard[0], dir, hard[1]); err != nil {
			t.Errorf("%s does not move: %v", hard[0], err)
		}
		for _, n := range []string{hard[2], "sub/deep/x.csv"} {
			if err := dir.Remove(ctx, n); err != nil {
				t.Error(err)
			}
			if _, err := dir.Stat(ctx, n); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s is still there: %v", n, err)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }

func sorted(s []string) []string { slices.Sort(s); return s }

func TestKeep(t *testing.T) {
	each(t, func(t *testing.T, dir *folders.Folder) {
		want, err := durable.Keep(t.TempDir(), "2026-11", ".CSV", strings.NewReader("some bytes"), 100)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // the same once more is no error
			got, err := dir.Keep(t.Context(), "2026-11", ".CSV", strings.NewReader("some bytes"), 100)
			if err != nil || got != want {
				t.Fatalf("%+v, %v; want %+v", got, err, want)
			}
		}
		if got := get(t, dir, want.Path); got != "some bytes" {
			t.Errorf("it says %q", got)
		}
		if sha, size, err := dir.Sum(t.Context(), want.Path); err != nil || sha != want.SHA256 || size != want.Size {
			t.Errorf("%s, %d, %v", sha, size, err)
		}
		if _, err := dir.Keep(t.Context(), "2026-12", ".csv", strings.NewReader("some bytes"), 9); !errors.Is(err, durable.ErrTooLarge) {
			t.Errorf("too large: %v", err)
		}
		if got := names(t, dir.Sub("2026-12").All); len(got) != 0 {
			t.Errorf("of what was too large there is %v", got)
		}
	})
}

// A file that was begun is seen by nobody before it is whole.
func TestAPendingFileIsNotThere(t *testing.T) {
	each(t, func(t *testing.T, dir *folders.Folder) {
		p, err := dir.Create(t.Context(), "rows.csv")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(p, "rows"); err != nil {
			t.Fatal(err)
		}
		if _, err := dir.Stat(t.Context(), "rows.csv"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("it is there: %v", err)
		}
		if err := p.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := get(t, dir, "rows.csv"); got != "rows" {
			t.Errorf("it says %q", got)
		}
		if p, err = dir.Create(t.Context(), "dropped.csv"); err != nil {
			t.Fatal(err)
		}
		p.Discard()
		if got := names(t, dir.All); !slices.Equal(got, []string{"rows.csv"}) {
			t.Errorf("there are %v", got)
		}
	})
}

// From any kind of folder to any other.
func TestMoveElsewhere(t *testing.T) {
	each(t, func(t *testing.T, a *folders.Folder) {
		b := folders.Local(t.TempDir())
		put(t, a, "x.csv", "rows")
		put(t, b, "y.csv", "another")
		if as, err := a.Move(t.Context(), "x.csv", b, "y.csv"); err != nil || as != "y-2.csv" {
			t.Fatalf("%s, %v", as, err)
		}
		if as, err := b.Move(t.Context(), "y-2.csv", a.Sub("back"), "x.csv"); err != nil || as != "x.csv" {
			t.Fatalf("%s, %v", as, err)
		}
		if got := get(t, a, "back/x.csv"); got != "rows" {
			t.Errorf("it says %q", got)
		}
		if _, err := a.Stat(t.Context(), "x.csv"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("it is still there: %v", err)
		}
	})
}

// A large file goes in parts, and a stream of which nobody knows the size.
func TestLarge(t *testing.T) {
	s := s3test.Start(t)
	dir := bucket(t, profile(s))
	data := bytes.Repeat([]byte("0123456789abcdef"), (70<<20)/16)
	if _, err := dir.Keep(t.Context(), "2026-11", ".bin", bytes.NewReader(data), 1<<30); err != nil {
		t.Fatal(err)
	}
	n, err := dir.Stream(t.Context(), "stream.bin", io.MultiReader(bytes.NewReader(data[:20<<20]), bytes.NewReader(data[:1])))
	if err != nil || n != 20<<20+1 {
		t.Fatalf("%d bytes, %v", n, err)
	}
	if got := get(t, dir, "stream.bin"); got != string(data[:20<<20])+string(data[:1]) {
		t.Error("other bytes came back")
	}
	broke := errors.New("the source broke")
	if _, err := dir.Stream(t.Context(), "half.bin", io.MultiReader(bytes.NewReader(data[:17<<20]), failing{broke})); !errors.Is(err, broke) {
		t.Errorf("a stream that breaks: %v", err)
	}
	if _, err := dir.Stat(t.Context(), "half.bin"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of a stream that broke there is something: %v", err)
	}
	if _, err := dir.Stream(t.Context(), "nothing.bin", strings.NewReader("")); err != nil {
		t.Errorf("an empty stream: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// More files than a store lists at once.
func TestListGoesOn(t *testing.T) {
	s := s3test.Start(t)
	dir := bucket(t, profile(s))
	put(t, dir, "first", "x")
	for i := range 1100 { // beside the server: it lists what lies in its folder
		if err := os.WriteFile(filepath.Join(s.Path("shop/files"), fmt.Sprintf("n%04d", i)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got := names(t, dir.All); len(got) != 1101 || got[1100] != "n1099" {
		t.Errorf("%d files, the last %q", len(got), got[len(got)-1])
	}
}

func TestRefused(t *testing.T) {
	s := s3test.Start(t)
	for name, tt := range map[string]struct {
		change func(*folders.S3)
		code   order.Code
		says   string
	}{
		"secret key": {func(p *folders.S3) { p.SecretKey = "wrong-key-that-must-not-show" }, order.Denied, "SignatureDoesNotMatch"},
		"access key": {func(p *folders.S3) { p.AccessKey = "nobody" }, order.NotFound, "No user"},
		"bucket":     {func(p *folders.S3) { p.Bucket = "no-such-bucket" }, order.NotFound, "NoSuchBucket"},
		"region":     {func(p *folders.S3) { p.Region = "eu-west-1" }, order.Denied, "region"},
		"nobody":     {func(p *folders.S3) { p.Endpoint = "http://127.0.0.1:1" }, order.Retry, "connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			p := profile(s)
			tt.change(&p)
			dir := bucket(t, p)
			err := dir.Write(t.Context(), "x", func(w io.Writer) error { _, err := w.Write([]byte("x")); return err })
			if order.CodeOf(err) != tt.code || !strings.Contains(fmt.Sprint(err), tt.says) || order.HintOf(err) == "" {
				t.Errorf("put: %s, %v; hint: %s", order.CodeOf(err), err, order.HintOf(err))
			}
			if strings.Contains(fmt.Sprint(err), "must-not-show") {
				t.Errorf("the key is in the error: %v", err)
			}
			if _, err := dir.All(t.Context()); order.CodeOf(err) != tt.code {
				t.Errorf("list: %s, %v", order.CodeOf(err), err)
			}
			if _, err := dir.Open(t.Context(), "x"); order.CodeOf(err) != tt.code {
				t.Errorf("open: %s, %v", order.CodeOf(err), err)
			}
		})
	}
	dir := bucket(t, profile(s))
	if got := names(t, dir.All); len(got) != 0 {
		t.Errorf("what was refused is there: %v", got)
	}
}

// The server goes away in the middle of a put, and the connection in the middle of
// another: what is not confirmed is not stored, and trying again is safe.
func TestCutOff(t *testing.T) {
	s := s3test.Start(t)
	ssh := sshtest.Start(t)
	for name, open := range map[string]func(*testing.T, *sshtest.Proxy) *folders.Folder{
		"s3": func(t *testing.T, p *sshtest.Proxy) *folders.Folder {
			at := profile(s)
			at.Endpoint = "http://" + p.Addr
			return bucket(t, at)
		},
		"sftp": func(t *testing.T, p *sshtest.Proxy) *folders.Folder { return sftp(t, ssh, p.Addr).Sub("cut") },
	} {
		t.Run(name, func(t *testing.T) {
			target := s.Addr
			if name == "sftp" {
				target = ssh.Addr
			}
			proxy := sshtest.StartProxy(t, target)
			dir := open(t, proxy)
			put(t, dir, "before", "x")
			data := bytes.Repeat([]byte("rows\n"), 400_000)
			ctx, cancel := context.WithCancel(t.Context())
			proxy.CutAfter(sshtest.Up, 1<<20)
			go func() {
				for proxy.Cuts() == 0 && ctx.Err() == nil {
					proxy.Await(sshtest.Up, proxy.Moved(sshtest.Up)+1)
				}
				proxy.Close()
			}()
			_, err := dir.Keep(ctx, "2026-11", ".csv", bytes.NewReader(data), 1<<30)
			cancel()
			if order.CodeOf(err) != order.Retry {
				t.Errorf("%s, %v", order.CodeOf(err), err)
			}
			again := sshtest.StartProxy(t, target)
			dir = open(t, again)
			if got := names(t, dir.Sub("2026-11").All); slices.ContainsFunc(got, func(n string) bool { return !strings.HasPrefix(n, ".") }) {
				t.Errorf("it counts as stored: %v", got)
			}
			k, err := dir.Keep(t.Context(), "2026-11", ".csv", bytes.NewReader(data), 1<<30)
			if err != nil {
				t.Fatal(err)
			}
			if got := get(t, dir, k.Path); got != string(data) {
				t.Errorf("%d bytes came back", len(got))
			}
		})
	}
}

// What a store does not confirm by its sum is read back, and other bytes than those that
// were sent do not count as stored.
func TestOtherBytesAreNoticed(t *testing.T) {
	s := s3test.Start(t)
	target, err := url.Parse(s.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	const name = "shop/files/x"
	damage, sum := false, ""
	front := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = r.In.Host },
		ModifyResponse: func(r *http.Response) error {
			if r.Request.Method != http.MethodPut {
				return nil
			}
			if sum == "none" {
				r.Header.Del("X-Amz-Checksum-Sha256")
			} else if sum != "" {
				r.Header.Set("X-Amz-Checksum-Sha256", sum)
			}
			if damage {
				return os.WriteFile(s.Path(name), []byte("wrong"), 0o600)
			}
			return nil
		},
	})
	t.Cleanup(front.Close)
	p := profile(s)
	p.Endpoint = front.URL
	dir := bucket(t, p)
	for _, tt := range []struct {
		sum    string
		damage bool
		want   bool
	}{{"", false, true}, {"none", false, true}, {"none", true, false}, {"AAAA", false, false}} {
		sum, damage = tt.sum, tt.damage
		err := dir.Write(t.Context(), "x", func(w io.Writer) error { _, err := io.WriteString(w, "right"); return err })
		if (err == nil) != tt.want || err != nil && order.CodeOf(err) != order.Retry {
			t.Errorf("sum %q, damaged %v: %v", tt.sum, tt.damage, err)
		}
	}
}
