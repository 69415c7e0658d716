package drop_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/connectors/drop"
	"github.com/mallbridge/mallbridge/internal/sshtest"
)

func mkdirs(t *testing.T, root string, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := os.MkdirAll(filepath.Join(root, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// names lists every file below root.
func names(t *testing.T, root string) string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(root, func(name string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			rel, _ := filepath.Rel(root, name)
			all = append(all, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, " ")
}

func inspect(t *testing.T, d drop.Drop, v drop.Delivery, want drop.Found) {
	t.Helper()
	if got, err := drop.Inspect(t.Context(), d, v); err != nil || got != want {
		t.Errorf("found %s, %v; want %s", got, err, want)
	}
}

func TestDelivery(t *testing.T) {
	for _, kind := range places {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			pl := kind.make(t)
			d := open(t, pl.profile)
			for _, c := range deliveries {
				t.Run(c.name, func(t *testing.T) {
					if err := os.RemoveAll(filepath.Join(pl.root, "in")); err != nil {
						t.Fatal(err)
					}
					if err := os.RemoveAll(filepath.Join(pl.root, "done")); err != nil {
						t.Fatal(err)
					}
					mkdirs(t, pl.root, "in")
					c.test(t, d, pl.root)
				})
			}
		})
	}
}

const order = "注文番号,SKU\r\n0001,00123\r\n"

const final = "in/ship_20261122_0001.csv"

var deliveries = []struct {
	name string
	test func(t *testing.T, d drop.Drop, root string)
}{
	{"from nothing to final", func(t *testing.T, d drop.Drop, root string) {
		v := delivery(order)
		v.DoneMark, v.Verify = "ship_20261122_0001.done", true
		inspect(t, d, v, drop.Nothing)
		if err := drop.Upload(t.Context(), d, v, source(order)); err != nil {
			t.Fatal(err)
		}
		inspect(t, d, v, drop.Temporary)
		if got := names(t, root); !strings.Contains(got, final+".part") || strings.Contains(got, ".done") {
			t.Errorf("after the upload: %s", got)
		}
		for range 2 { // a second time changes nothing
			if err := drop.Commit(t.Context(), d, v); err != nil {
				t.Fatal(err)
			}
			inspect(t, d, v, drop.Final)
			if get(t, root, final) != order || get(t, root, "in/ship_20261122_0001.done") != "" || get(t, root, final+".part") != "<none>" {
				t.Errorf("delivered: %s", names(t, root))
			}
		}
		if err := drop.Upload(t.Context(), d, v, source(order)); !errors.Is(err, drop.ErrExists) || drop.Retryable(err) {
			t.Errorf("upload of a delivered file: %v", err)
		}
	}},
	{"an empty file", func(t *testing.T, d drop.Drop, root string) {
		v := delivery("")
		if err := errors.Join(drop.Upload(t.Context(), d, v, source("")), drop.Commit(t.Context(), d, v)); err != nil {
			t.Fatal(err)
		}
		inspect(t, d, v, drop.Final)
	}},
	{"temporary name in another folder", func(t *testing.T, d drop.Drop, root string) {
		mkdirs(t, root, "in/tmp")
		v := delivery(order)
		v.TempName = "in/tmp/x"
		if err := errors.Join(drop.Upload(t.Context(), d, v, source(order)), drop.Commit(t.Context(), d, v)); err != nil {
			t.Fatal(err)
		}
		if get(t, root, final) != order {
			t.Error(names(t, root))
		}
	}},
	{"what an earlier try left is removed", func(t *testing.T, d drop.Drop, root string) {
		v := delivery(order)
		put(t, root, final+".part", "half")
		inspect(t, d, v, drop.Temporary)
		if err := drop.Upload(t.Context(), d, v, source(order)); err != nil {
			t.Fatal(err)
		}
		if get(t, root, final+".part") != order {
			t.Error("the temporary file is not ours")
		}
	}},
	{"half a temporary file never gets the final name", func(t *testing.T, d drop.Drop, root string) {
		v := delivery(order)
		put(t, root, final+".part", order[:9])
		if err := drop.Commit(t.Context(), d, v); !errors.Is(err, drop.ErrIncomplete) {
			t.Errorf("got %v", err)
		}
		v.Verify = true
		put(t, root, final+".part", strings.Repeat("\x00", len(order)))
		if err := drop.Commit(t.Context(), d, v); !errors.Is(err, drop.ErrIncomplete) {
			t.Errorf("holes: got %v", err)
		}
		if get(t, root, final) != "<none>" {
			t.Error("it was renamed")
		}
	}},
	{"other bytes under the final name stop the drop", func(t *testing.T, d drop.Drop, root string) {
		for _, other := range []string{"short", strings.ToLower(order)[:len(order)-2] + "\n\n", order + "x"} {
			v := delivery(order)
			put(t, root, final, other)
			put(t, root, final+".part", order)
			inspect(t, d, v, drop.Foreign)
			err := drop.Commit(t.Context(), d, v)
			if !errors.Is(err, drop.ErrForeign) || drop.Retryable(err) || !drop.NeedsPerson(err) {
				t.Errorf("got %v", err)
			}
			if get(t, root, final) != other || get(t, root, final+".part") != order {
				t.Error("something was changed")
			}
		}
	}},
	{"a write-only drop compares sizes", func(t *testing.T, d drop.Drop, root string) {
		v := delivery(order)
		v.Readable = false
		put(t, root, final, strings.Repeat("x", len(order)))
		inspect(t, d, v, drop.Final)
		put(t, root, final, "other size")
		inspect(t, d, v, drop.Foreign)
	}},
	{"the warehouse takes the file at once", func(t *testing.T, d drop.Drop, root string) {
		v := delivery(order)
		v.DoneMark = "ship.done"
		if err := drop.Upload(t.Context(), d, v, source(order)); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(root, final+".part")); err != nil {
			t.Fatal(err)
		}
		inspect(t, d, v, drop.Nothing)
		err := drop.Commit(t.Context(), d, v)
		if !errors.Is(err, drop.ErrUnknown) || drop.Retryable(err) {
			t.Errorf("gone without a trace: %v", err)
		}
		for _, archived := range []string{"ship_20261122_0001.csv", "ship_20261122_0001_20261122093000.csv", "bak_ship_20261122_0001.csv"} {
			put(t, root, "done/"+archived, order)
			inspect(t, d, v, drop.Taken)
			if err := drop.Commit(t.Context(), d, v); err != nil {
				t.Error(err)
			}
			if err := os.RemoveAll(filepath.Join(root, "done")); err != nil {
				t.Fatal(err)
			}
		}
		if get(t, root, "in/ship.done") != "<none>" {
			t.Error("a mark announces a file that is gone")
		}
	}},
	{"another file in the archive is not ours", func(t *testing.T, d drop.Drop, root string) {
		v := delivery(order)
		put(t, root, "done/ship_20261122_0001.csv", strings.Repeat("x", len(order)))
		put(t, root, "done/ship_20261121_0007.csv", order)
		inspect(t, d, v, drop.Nothing)
		put(t, root, final+".part", order)
		inspect(t, d, v, drop.Temporary)
	}},
	{"both names after a crash of the server", func(t *testing.T, d drop.Drop, root string) {
		v := delivery(order)
		put(t, root, final+".part", order)
		put(t, root, final, order)
		inspect(t, d, v, drop.Final)
		if err := drop.Commit(t.Context(), d, v); err != nil {
			t.Fatal(err)
		}
		if got := names(t, root); strings.Contains(got, ".part") {
			t.Error(got)
		}
		// The same, and the warehouse has taken the final one already.
		put(t, root, final+".part", order)
		put(t, root, "done/ship_20261122_0001.csv", order)
		if err := os.Remove(filepath.Join(root, final)); err != nil {
			t.Fatal(err)
		}
		inspect(t, d, v, drop.Taken)
		if err := drop.Commit(t.Context(), d, v); err != nil {
			t.Fatal(err)
		}
		if get(t, root, final) != "<none>" {
			t.Error("it was delivered twice")
		}
	}},
	{"done mark", func(t *testing.T, d drop.Drop, root string) {
		v := delivery(order)
		v.DoneMark, v.DoneBody = "END", []byte("1\r\n")
		for range 2 {
			if err := drop.Mark(t.Context(), d, v); err != nil {
				t.Fatal(err)
			}
			if got := get(t, root, "in/END"); got != "1\r\n" {
				t.Errorf("got %q", got)
			}
		}
		put(t, root, "in/END", "another")
		if err := drop.Mark(t.Context(), d, v); !errors.Is(err, drop.ErrExists) {
			t.Errorf("got %v", err)
		}
	}},
	{"a local file that changed is not sent", func(t *testing.T, d drop.Drop, root string) {
		v := delivery(order)
		for _, other := range []string{order + "x", order[1:], strings.Replace(order, "0001", "0002", 1)} {
			if err := drop.Upload(t.Context(), d, v, source(other)); !errors.Is(err, drop.ErrSource) || drop.Retryable(err) {
				t.Errorf("got %v", err)
			}
			if got := names(t, filepath.Join(root, "in")); got != "" {
				t.Errorf("left %s", got)
			}
		}
		missing := func() (io.ReadSeekCloser, error) { return os.Open(filepath.Join(root, "nowhere")) }
		if err := drop.Upload(t.Context(), d, v, missing); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("got %v", err)
		}
	}},
	{"no such folder", func(t *testing.T, d drop.Drop, root string) {
		v := delivery(order)
		v.Dir = "none"
		if err := drop.Upload(t.Context(), d, v, source(order)); !drop.NeedsPerson(err) || drop.Hint(err) == "" {
			t.Errorf("got %v", err)
		}
	}},
}

func TestDeliveryCheck(t *testing.T) {
	for name, change := range map[string]func(v *drop.Delivery){
		"no name":      func(v *drop.Delivery) { v.Name = "" },
		"path as name": func(v *drop.Delivery) { v.Name = "a/b" },
		"dots":         func(v *drop.Delivery) { v.Dir = "../in" },
		"archive":      func(v *drop.Delivery) { v.ArchiveDirs = []string{"/done"} },
		"temp":         func(v *drop.Delivery) { v.TempName = "../x" },
		"temp = final": func(v *drop.Delivery) { v.TempName = v.Name },
		"mark = final": func(v *drop.Delivery) { v.DoneMark = v.Name },
		"mark path":    func(v *drop.Delivery) { v.DoneMark = "../END" },
		"size":         func(v *drop.Delivery) { v.Size = -1 },
		"hash":         func(v *drop.Delivery) { v.SHA256 = "abc" },
		"verify":       func(v *drop.Delivery) { v.Verify, v.Readable = true, false },
	} {
		v := delivery(order)
		change(&v)
		if err := v.Check(); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	v := delivery(order)
	if err := v.Check(); err != nil {
		t.Error(err)
	}
}

func TestReadOnlyServer(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{ReadOnly: true})
	mkdirs(t, s.Root, "in")
	put(t, s.Root, final+".part", order)
	d := open(t, profileOf(s))
	v := delivery(order)
	for op, err := range map[string]error{
		"write":  d.Write(t.Context(), "f", strings.NewReader("x"), 1),
		"remove": d.Remove(t.Context(), final+".part"),
		"mkdir":  d.Mkdir(t.Context(), "new"),
		"upload": drop.Upload(t.Context(), d, v, source(order)),
		"commit": drop.Commit(t.Context(), d, v),
	} {
		if !errors.Is(err, os.ErrPermission) || !drop.NeedsPerson(err) || drop.Retryable(err) || drop.Hint(err) == "" {
			t.Errorf("%s: %v", op, err)
		}
	}
	inspect(t, d, v, drop.Temporary)
}

// TestWriteOnlyServer is a drop that lets nobody read.
func TestWriteOnlyServer(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{Deny: []string{"read"}})
	mkdirs(t, s.Root, "in")
	d := open(t, profileOf(s))
	v := delivery(order)
	v.Readable = false
	if err := errors.Join(drop.Upload(t.Context(), d, v, source(order)), drop.Commit(t.Context(), d, v)); err != nil {
		t.Fatal(err)
	}
	inspect(t, d, v, drop.Final)
	v.Readable = true
	if _, err := drop.Inspect(t.Context(), d, v); !drop.NeedsPerson(err) {
		t.Errorf("got %v", err)
	}
}

// TestAnswerLost cuts at one SFTP request, before it is carried out and after,
// and expects that a look tells the truth and that Commit comes to a good end.
func TestAnswerLost(t *testing.T) {
	rename := "posix-rename@openssh.com"
	for _, c := range []struct {
		name    string
		request string
		action  sshtest.Action
		hide    []string
		take    bool // the warehouse takes the file before we look again
		archive bool // and keeps it where we may look
		want    error
	}{
		{name: "rename not done", request: rename, action: sshtest.CutBefore},
		{name: "rename done", request: rename, action: sshtest.CutAfter},
		{name: "rename done, no answer", request: rename, action: sshtest.HoldAnswer},
		{name: "plain rename not done", request: "rename", action: sshtest.CutBefore, hide: []string{rename}},
		{name: "plain rename done", request: "rename", action: sshtest.CutAfter, hide: []string{rename}},
		{name: "taken and archived", request: rename, action: sshtest.CutAfter, take: true, archive: true},
		{name: "taken without a trace", request: rename, action: sshtest.CutAfter, take: true, want: drop.ErrUnknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			key := strangerKey(t)
			var s *sshtest.Scripted
			var sent atomic.Bool
			s = sshtest.StartScripted(t, sshtest.Script{Hide: c.hide, On: func(r sshtest.Request) sshtest.Action {
				if r.Name == c.request && sent.CompareAndSwap(false, true) {
					return c.action
				}
				if r.Name == "lstat" && sent.Load() && c.take && strings.HasSuffix(r.Path, ".csv") {
					take(s.Root, c.archive)
				}
				return sshtest.Pass
			}})
			mkdirs(t, s.Root, "in", "done")
			p := scripted(s, key)
			if c.action == sshtest.HoldAnswer {
				p.Timeout = 2 * time.Second
			}
			d := open(t, p)
			v := delivery(order)
			if err := drop.Upload(t.Context(), d, v, source(order)); err != nil {
				t.Fatal(err)
			}
			err := drop.Commit(t.Context(), d, v)
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v; %s", err, c.want, names(t, s.Root))
			}
			if !sent.Load() {
				t.Fatal("the request was never sent")
			}
			switch {
			case c.want != nil:
				inspect(t, d, v, drop.Nothing)
			case c.take:
				inspect(t, d, v, drop.Taken)
			default:
				inspect(t, d, v, drop.Final)
			}
			if got := strings.Count(names(t, s.Root), "ship_"); c.want == nil && got != 1 {
				t.Errorf("%d files: %s", got, names(t, s.Root))
			}
		})
	}
}

// take is a warehouse that takes the final file away.
func take(root string, archive bool) {
	from := filepath.Join(root, filepath.FromSlash(final))
	if archive {
		_ = os.Rename(from, filepath.Join(root, "done", filepath.Base(from)))
		return
	}
	_ = os.Remove(from)
}

// TestRenameUnknown looks at Rename itself: an answer that never came is neither
// success nor failure, and the request is never sent twice.
func TestRenameUnknown(t *testing.T) {
	for _, action := range []sshtest.Action{sshtest.CutBefore, sshtest.CutAfter, sshtest.HoldAnswer} {
		t.Run(fmt.Sprint(action), func(t *testing.T) {
			var renames atomic.Int32
			s := sshtest.StartScripted(t, sshtest.Script{On: func(r sshtest.Request) sshtest.Action {
				if r.Name != "posix-rename@openssh.com" {
					return sshtest.Pass
				}
				renames.Add(1)
				return action
			}})
			put(t, s.Root, "a", "x")
			p := scripted(s, strangerKey(t))
			if action == sshtest.HoldAnswer {
				p.Timeout = 2 * time.Second
			}
			d := open(t, p)
			err := d.Rename(t.Context(), "a", "b")
			var unknown *drop.UnknownError
			if !errors.Is(err, drop.ErrUnknown) || !errors.As(err, &unknown) || unknown.To != "b" || drop.Retryable(err) {
				t.Errorf("got %v", err)
			}
			if _, err := d.List(t.Context(), ""); err != nil {
				t.Errorf("after it: %v", err)
			}
			if n := renames.Load(); n != 1 {
				t.Errorf("%d renames were sent", n)
			}
		})
	}
}

func TestReconnect(t *testing.T) {
	s := sshtest.Start(t)
	put(t, s.Root, "f", "abc")
	d := open(t, profileOf(s))
	check := func(when string) {
		t.Helper()
		if got, err := read(t.Context(), d, "f", 10); err != nil || got != "abc" {
			t.Errorf("%s: %q, %v", when, got, err)
		}
		if _, err := d.Stat(t.Context(), "f"); err != nil {
			t.Errorf("%s: %v", when, err)
		}
	}
	check("at first")
	s.Disconnect()
	check("after the server hung up")
	if err := s.Restart(); err != nil {
		t.Fatal(err)
	}
	check("after a restart of the server")
	s.Stop()
	if _, err := d.Stat(t.Context(), "f"); !drop.Retryable(err) {
		t.Errorf("while the server is down: %v", err)
	}
	if err := s.Restart(); err != nil {
		t.Fatal(err)
	}
	check("when it is back")
	if err := s.Restart(); err != nil {
		t.Fatal(err)
	}
	v := delivery(order)
	mkdirs(t, s.Root, "in")
	if err := errors.Join(drop.Upload(t.Context(), d, v, source(order)), drop.Commit(t.Context(), d, v)); err != nil {
		t.Errorf("delivery after a restart: %v", err)
	}
}

func TestStall(t *testing.T) {
	s := sshtest.Start(t)
	proxy := sshtest.StartProxy(t, s.Addr)
	p := through(s, proxy)
	d := open(t, p)
	p.Timeout = 10 * time.Second // also for a login on a busy machine
	short := open(t, p)
	proxy.Stall(true)
	if _, err := short.Stat(t.Context(), "f"); !drop.Retryable(err) || !strings.Contains(err.Error(), "silent") {
		t.Errorf("got %v", err)
	}
	proxy.Stall(false)
	if _, err := d.List(t.Context(), ""); err != nil {
		t.Errorf("after the stall: %v", err)
	}
	if _, err := short.List(t.Context(), ""); err != nil {
		t.Errorf("after the stall, on a new connection: %v", err)
	}
}

// TestSliced sends everything in small pieces: nothing may depend on how bytes
// are packed.
func TestSliced(t *testing.T) {
	s := sshtest.Start(t)
	proxy := sshtest.StartProxy(t, s.Addr)
	proxy.Slice(7)
	mkdirs(t, s.Root, "in")
	d := open(t, through(s, proxy))
	v, text := delivery(content(3, 20_000)), content(3, 20_000)
	v.Verify = true
	if err := errors.Join(drop.Upload(t.Context(), d, v, source(text)), drop.Commit(t.Context(), d, v)); err != nil {
		t.Fatal(err)
	}
	inspect(t, d, v, drop.Final)
}

// TestKeepAlive leaves a connection idle and waits for signs of life on it.
func TestKeepAlive(t *testing.T) {
	s := sshtest.Start(t)
	proxy := sshtest.StartProxy(t, s.Addr)
	p := through(s, proxy)
	p.KeepAlive, p.Timeout = 20*time.Millisecond, 10*time.Second
	open(t, p)
	before := proxy.Moved(sshtest.Up)
	if !proxy.Await(sshtest.Up, before+500) {
		t.Error("no sign of life was sent")
	}
}

func TestArchive(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)
	for _, kind := range places {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			pl := kind.make(t)
			d := open(t, pl.profile)
			mkdirs(t, pl.root, "out", "done")
			for _, want := range []string{"done/r.csv", "done/r.20261122T093000.csv", "done/r.20261122T093000.2.csv"} {
				put(t, pl.root, "out/r.csv", want)
				got, err := drop.Archive(t.Context(), d, "out/r.csv", "done", now)
				if err != nil || got != want || get(t, pl.root, want) != want {
					t.Errorf("got %q, %v; want %q", got, err, want)
				}
			}
			if _, err := drop.Archive(t.Context(), d, "out/r.csv", "done", now); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("nothing to move: %v", err)
			}
			put(t, pl.root, "out/r.csv", "x")
			if _, err := drop.Archive(t.Context(), d, "out/r.csv", "none", now); !drop.NeedsPerson(err) {
				t.Errorf("no archive folder: %v", err)
			}
		})
	}
}

// TestArchiveAnswerLost: the rename was done, its answer lost.
func TestArchiveAnswerLost(t *testing.T) {
	var sent atomic.Bool
	s := sshtest.StartScripted(t, sshtest.Script{On: func(r sshtest.Request) sshtest.Action {
		if r.Name == "posix-rename@openssh.com" && sent.CompareAndSwap(false, true) {
			return sshtest.CutAfter
		}
		return sshtest.Pass
	}})
	put(t, s.Root, "r.csv", "x")
	mkdirs(t, s.Root, "done")
	d := open(t, scripted(s, strangerKey(t)))
	got, err := drop.Archive(t.Context(), d, "r.csv", "done", time.Time{})
	if err != nil || got != "done/r.csv" || !sent.Load() {
		t.Errorf("got %q, %v", got, err)
	}
}
