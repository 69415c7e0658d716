package torture_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/internal/sshtest"
	"github.com/mallbridge/mallbridge/internal/torture"
)

// TestCutAtByte cuts every connection once, at bytes spread over a whole run.
func TestCutAtByte(t *testing.T) {
	const cuts = 3
	for _, v := range []variant{archives, deletes} {
		b := loaded(t, v)
		var total [2]int64
		t.Run(v.name, func(t *testing.T) {
			proxy := sshtest.StartProxy(t, server.Addr)
			w := b.fork(t, through(proxy))
			run(t, w, 3)
			total[sshtest.Up], total[sshtest.Down] = proxy.Moved(sshtest.Up), proxy.Moved(sshtest.Down)
			finish(t, w)
			for way, all := range total {
				places := []int64{1, all - 1}
				for i := range int64(cuts) {
					places = append(places, all*(i+1)/(cuts+1))
				}
				for _, at := range places {
					t.Run(fmt.Sprintf("way %d byte %d", way, at), func(t *testing.T) {
						t.Parallel()
						proxy := sshtest.StartProxy(t, server.Addr)
						w := b.fork(t, through(proxy))
						proxy.CutAfter(sshtest.Direction(way), at)
						run(t, w, 0, 1, 3)
						proxy.Never()
						finish(t, w)
					})
				}
			}
		})
	}
}

func through(p *sshtest.Proxy) torture.Place {
	place := torture.PlaceOf(server)
	place.Addr = p.Addr
	return place
}

// placeOf is a server in Go before OpenSSH's sftp-server.
func placeOf(s *sshtest.Scripted) torture.Place {
	return torture.Place{Addr: s.Addr, User: s.User, KeyFile: server.UserKeyFile, Fingerprint: s.HostKeyFingerprint, Root: s.Root}
}

const rename = "posix-rename@openssh.com"

// TestCutAtRequest hangs up before and after requests that change something at
// the drop, the first and the last of each kind.
func TestCutAtRequest(t *testing.T) {
	for _, v := range []variant{archives, deletes} {
		b := loaded(t, v)
		counts := map[string]int{}
		t.Run(v.name, func(t *testing.T) {
			var mu sync.Mutex
			w := b.fork(t, placeOf(sshtest.StartScripted(t, sshtest.Script{On: func(r sshtest.Request) sshtest.Action {
				mu.Lock()
				defer mu.Unlock()
				counts[r.Name]++
				return sshtest.Pass
			}})))
			run(t, w, 3)
			mu.Lock()
			counted := counts
			counts = map[string]int{}
			mu.Unlock()
			finish(t, w)
			for _, name := range []string{"open", "write", "fsync@openssh.com", "close", rename} {
				if counted[name] == 0 {
					t.Errorf("no request %s", name)
				}
				if v.name == archives.name && name != rename {
					continue // nothing differs until a file has its final name
				}
				for _, n := range slices.Compact([]int{1, counted[name]}) {
					for _, action := range []sshtest.Action{sshtest.CutBefore, sshtest.CutAfter} {
						t.Run(fmt.Sprintf("%s %d action %d", name, n, action), func(t *testing.T) {
							t.Parallel()
							cutAtRequest(t, b, name, n, action)
						})
					}
				}
			}
		})
	}
}

func cutAtRequest(t *testing.T, b *base, name string, n int, action sshtest.Action) {
	var mu sync.Mutex
	seen := 0
	w := b.fork(t, placeOf(sshtest.StartScripted(t, sshtest.Script{On: func(r sshtest.Request) sshtest.Action {
		mu.Lock()
		defer mu.Unlock()
		if r.Name == name {
			if seen++; seen == n {
				return action
			}
		}
		return sshtest.Pass
	}})))
	run(t, w, 0, 1, 3)
	doubts := finish(t, w)
	// The rename that was done, whose file is gone and whose answer never came.
	want := 0
	if w.Settings.Delete && name == rename && action == sshtest.CutAfter && n == 1 {
		want = 1
	}
	if doubts != want {
		t.Errorf("%d batches were in doubt, not %d", doubts, want)
	}
}

// TestSilentServer never answers the rename that it did.
func TestSilentServer(t *testing.T) {
	t.Parallel()
	settings := archives.settings
	settings.Timeout = "2s"
	var once sync.Once
	needServer(t)
	s := sshtest.StartScripted(t, sshtest.Script{On: func(r sshtest.Request) sshtest.Action {
		action := sshtest.Pass
		if r.Name == rename {
			once.Do(func() { action = sshtest.HoldAnswer })
		}
		return action
	}})
	w, err := torture.NewWorld(work, newName(), program, placeOf(s), settings, 31)
	ok(t, err)
	cleanup(t, w)
	ok(t, w.Drop(torture.Shape{Orders: 6}))
	settle(t, w, 1)
}

// TestLateRename kills the program when it has sent the rename, and lets the
// server do it only when the next run is at work, after each of its requests.
func TestLateRename(t *testing.T) {
	const requests = 16
	for n := 1; n <= requests; n += 2 {
		v := []variant{archives, deletes}[n/2%2]
		t.Run(fmt.Sprintf("%s %d", v.name, n), func(t *testing.T) {
			t.Parallel()
			lateRename(t, loaded(t, v), n)
		})
	}
}

func lateRename(t *testing.T, b *base, n int) {
	var mu sync.Mutex
	var victim *torture.Process
	started, late, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	killed, count := false, 0
	w := b.fork(t, placeOf(sshtest.StartScripted(t, sshtest.Script{On: func(r sshtest.Request) sshtest.Action {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case !killed && r.Name == rename && strings.Contains(r.Path, "/in/"):
			killed = true
			<-started
			victim.Kill()
			mu.Unlock()
			<-late
			mu.Lock()
			go func() { // the server has it now, and needs a moment
				for tick := time.NewTicker(5 * time.Millisecond); ; {
					<-tick.C
					if _, err := os.Stat(r.Path); err != nil {
						tick.Stop()
						close(done)
						return
					}
				}
			}()
		case killed:
			if count++; count == n {
				close(late)
				timer := time.NewTimer(100 * time.Millisecond)
				select {
				case <-done:
				case <-timer.C: // another file has the name by now
				}
				timer.Stop()
			}
		}
		return sshtest.Pass
	}})))
	var err error
	victim, err = w.Start(t.Context(), []string{"run"})
	ok(t, err)
	close(started)
	r, err := w.Wait(victim)
	ok(t, err)
	if !r.Killed {
		t.Fatal(r)
	}
	run(t, w, 0, 1, 3)
	mu.Lock()
	if count < n {
		close(late)
	}
	mu.Unlock()
	finish(t, w)
}

// TestServersThatRefuse: each is mended after a run that must fail, say so and
// drop nothing.
func TestServersThatRefuse(t *testing.T) {
	other := sshtest.Start(t) // with a host key of its own
	readOnly := sshtest.Start(t, sshtest.Options{ReadOnly: true})
	for _, c := range []struct {
		name   string
		settle func(w *torture.World) (mend func() error, err error)
		says   string
	}{
		{name: "another host key", says: "host key", settle: func(w *torture.World) (func() error, error) {
			right := w.Place
			w.Place.Fingerprint = other.HostKeyFingerprint
			return func() error { w.Place = right; return w.Configure() }, w.Configure()
		}},
		{name: "read-only", says: "right to read and write", settle: func(w *torture.World) (func() error, error) {
			right := w.Place
			w.Place.Addr, w.Place.KeyFile, w.Place.Fingerprint = readOnly.Addr, readOnly.UserKeyFile, readOnly.HostKeyFingerprint
			err := w.Configure()
			w.Place.Root = right.Root
			// The other server shows its own folder; the drop's is linked into it.
			if err == nil {
				err = os.CopyFS(filepath.Join(readOnly.Root, w.Name), os.DirFS(w.DropDir()))
			}
			return func() error { w.Place = right; return w.Configure() }, err
		}},
		{name: "no folder", says: "make the folder", settle: func(w *torture.World) (func() error, error) {
			in := filepath.Join(w.DropDir(), "in")
			return func() error { return os.Rename(in+"-away", in) }, os.Rename(in, in+"-away")
		}},
		{name: "away", says: "connect", settle: func(w *torture.World) (func() error, error) {
			right := w.Place
			w.Place.Addr = "127.0.0.1:1"
			return func() error { w.Place = right; return w.Configure() }, w.Configure()
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, torture.Settings{Batch: 4}, 41)
			w.Warehouse.Close()
			ok(t, w.Drop(torture.Shape{Orders: 5}))
			mend, err := c.settle(w)
			ok(t, err)
			for range 2 {
				r := run(t, w, 1)
				if !strings.Contains(r.Stderr, "error: instruct: soko:") || !strings.Contains(r.Stderr, c.says) {
					t.Errorf("it does not say %q: %s", c.says, r)
				}
			}
			if files := w.Warehouse.Taken(); len(files) > 0 {
				t.Errorf("%d files arrived", len(files))
			}
			ok(t, mend())
			w.Warehouse.Open()
			settle(t, w)
		})
	}
}

// TestWithoutPosixRename: the plain rename of servers that offer no other, with
// a kill at every point of the drop.
func TestWithoutPosixRename(t *testing.T) {
	b := loaded(t, deletes)
	plain := sshtest.Start(t, sshtest.Options{Deny: []string{"posix-rename", "fsync"}})
	for _, p := range []string{"", "instruct.built", "instruct.temporary-at-drop", "instruct.uploaded", "instruct.renamed"} {
		t.Run("kill at "+p, func(t *testing.T) {
			t.Parallel()
			w := b.fork(t, torture.PlaceOf(plain))
			if p != "" {
				r, err := w.Call(t.Context(), []string{"run"}, torture.KillAt(p, 2))
				ok(t, err)
				if !r.Killed {
					t.Error(r)
				}
			}
			finish(t, w)
		})
	}
}

// TestForeignFile stops before a name that somebody else's file has.
func TestForeignFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t, torture.Settings{}, 42)
	w.Warehouse.Close()
	ok(t, w.Drop(torture.Shape{Orders: 3, Clean: true}))
	at := filepath.Join(w.DropDir(), "in", "shipping_soko_S000001.csv")
	ok(t, os.WriteFile(at, []byte("not ours\r\n"), 0o666))
	for range 2 {
		if r := run(t, w, 1); !strings.Contains(r.Stderr, "other bytes") {
			t.Error(r)
		}
	}
	if data, err := os.ReadFile(at); string(data) != "not ours\r\n" {
		t.Errorf("the foreign file is now %q (%v)", data, err)
	}
	ok(t, os.Remove(at))
	w.Warehouse.Open()
	settle(t, w)
}

// TestQuota: the drop refuses to take more in the middle of a file.
func TestQuota(t *testing.T) {
	t.Parallel()
	needServer(t)
	var mu sync.Mutex
	full, refused := true, 0
	s := sshtest.StartScripted(t, sshtest.Script{On: func(r sshtest.Request) sshtest.Action {
		mu.Lock()
		defer mu.Unlock()
		if full && r.Name == "write" {
			refused++
			return sshtest.Refuse
		}
		return sshtest.Pass
	}})
	w, err := torture.NewWorld(work, newName(), program, placeOf(s), torture.Settings{Batch: 4}, 43)
	ok(t, err)
	cleanup(t, w)
	ok(t, w.Drop(torture.Shape{Orders: 6}))
	for range 2 {
		if r := run(t, w, 1); !strings.Contains(r.Stderr, "quota") {
			t.Error(r)
		}
	}
	mu.Lock()
	full = false
	if refused == 0 {
		t.Error("nothing was refused")
	}
	mu.Unlock()
	settle(t, w)
}
