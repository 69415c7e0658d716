package torture_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/mallbridge/mallbridge/internal/sshtest"
	"github.com/mallbridge/mallbridge/internal/torture"
)

var (
	rounds = flag.Int("torture.rounds", usualRounds(), "rounds of kills at random moments")
	seed   = flag.Uint64("torture.seed", 0, "repeat the round with this seed; 0 for new ones")
	keep   = flag.String("torture.dir", "", "folder for the workspaces; those of failures stay")
)

// usualRounds is 100 in CI and a quarter of that for somebody who waits.
func usualRounds() int {
	if os.Getenv("CI") != "" {
		return 100
	}
	return 25
}

// One program and one server serve all tests of the process.
var (
	program torture.Program
	server  *sshtest.Server
	work    string
	missing error
	serial  atomic.Int64
)

// programEnv names a program that is built already.
const programEnv = "MALLBRIDGE_TORTURE_PROGRAM"

func TestMain(m *testing.M) {
	if limit := os.Getenv(limitEnv); limit != "" {
		fmt.Fprintln(os.Stderr, startLimited(limit))
		os.Exit(1)
	}
	flag.Parse()
	// Most of the time the tests wait for a disk.
	_ = flag.Set("test.parallel", fmt.Sprint(3*runtime.GOMAXPROCS(0)))
	os.Exit(runAll(m))
}

func runAll(m *testing.M) int {
	var err error
	if work, err = os.MkdirTemp(*keep, "torture-*"); err == nil {
		err = os.Chmod(work, 0o755)
	}
	if program.Path = os.Getenv(programEnv); err == nil && program.Path == "" {
		program, err = torture.Build(context.Background(), work)
	}
	if err == nil {
		server, missing = sshtest.New(filepath.Join(work, "sshd"), sshtest.Options{})
		if missing != nil && (!errors.Is(missing, sshtest.ErrMissing) || os.Getenv("CI") == "true") {
			err = missing
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if server != nil {
		server.Close()
	}
	if code == 0 {
		os.RemoveAll(work)
	} else {
		fmt.Fprintln(os.Stderr, "everything is kept in", work)
	}
	return code
}

func needServer(t testing.TB) {
	t.Helper()
	if missing != nil {
		t.Skip(missing)
	}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newName() string { return fmt.Sprintf("w%05d", serial.Add(1)) }

// newWorld is an empty world at the server.
func newWorld(t testing.TB, s torture.Settings, seed uint64) *torture.World {
	t.Helper()
	needServer(t)
	w, err := torture.NewWorld(work, newName(), program, torture.PlaceOf(server), s, seed)
	ok(t, err)
	cleanup(t, w)
	return w
}

func clone(t testing.TB, of *torture.World, place torture.Place) *torture.World {
	t.Helper()
	w, err := of.Clone(work, newName(), place)
	ok(t, err)
	cleanup(t, w)
	return w
}

// cleanup removes the world after the test, or keeps it if that failed.
func cleanup(t testing.TB, w *torture.World) {
	w.Warehouse.Open()
	t.Cleanup(func() {
		if !t.Failed() {
			ok(t, w.Remove())
			return
		}
		var b strings.Builder
		w.Save(&b)
		t.Logf("%s%s", b.String(), w.Log())
	})
}

// settle runs until nothing changes and checks everything.
func settle(t testing.TB, w *torture.World, allowed ...int) {
	t.Helper()
	code, err := w.Rest(t.Context(), allowed...)
	ok(t, err)
	if err := w.Check(t.Context(), code); err != nil {
		t.Errorf("%v", err)
	}
}
