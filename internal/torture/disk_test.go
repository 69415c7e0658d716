package torture_test

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mallbridge/mallbridge/internal/torture"
)

// What a failing run has to say.
func complains(t testing.TB, r torture.Result) {
	t.Helper()
	if r.Code != 1 || !strings.Contains(r.Stderr, "error: ") || !strings.Contains(r.Stderr, "hint: ") {
		t.Errorf("it should end with exit code 1 and say why and what to do: %s", r)
	}
}

// TestLockedLedger: another program holds the ledger for a while, and for longer
// than a run waits.
func TestLockedLedger(t *testing.T) {
	for _, c := range []struct {
		name  string
		until func(p *torture.Process)
		codes []int
	}{
		{"a while", func(p *torture.Process) {
			tick := time.NewTicker(700 * time.Millisecond)
			defer tick.Stop()
			select {
			case <-tick.C:
			case <-p.Done():
			}
		}, []int{0}},
		{"to the end", func(p *torture.Process) { <-p.Done() }, []int{1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := loaded(t, archives)
			w := b.fork(t, torture.PlaceOf(server))
			db, err := sql.Open("sqlite", "file:"+filepath.Join(w.Dir, "ledger.db")+"?_txlock=immediate")
			ok(t, err)
			defer db.Close()
			tx, err := db.BeginTx(t.Context(), nil)
			ok(t, err)
			p, err := w.Start(t.Context(), []string{"run", "instruct"})
			ok(t, err)
			c.until(p)
			ok(t, tx.Rollback())
			ok(t, db.Close())
			r, err := w.Wait(p)
			ok(t, err)
			if r.Code != c.codes[0] || r.Code == 1 && !strings.Contains(r.Stderr, "hint: another program holds the ledger") {
				t.Error(r)
			}
			finish(t, w)
		})
	}
}

// limitEnv makes the test binary start the program with a limit on the size of
// every file, in bytes, instead of running tests. Go programs die of the signal
// that comes with it unless it is blocked.
const limitEnv = "MALLBRIDGE_TORTURE_FILE_SIZE"

func startLimited(limit string) error {
	n, err := strconv.ParseUint(limit, 10, 64)
	if err != nil {
		return err
	}
	var block unix.Sigset_t
	block.Val[0] |= 1 << (unix.SIGXFSZ - 1)
	if err := unix.PthreadSigmask(unix.SIG_BLOCK, &block, nil); err != nil {
		return err
	}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: n, Max: n}); err != nil {
		return err
	}
	return syscall.Exec(os.Args[1], os.Args[1:], os.Environ())
}

// TestFileSizeLimit lets every write beyond a size fail, from none at all up to
// where a run succeeds: of the ledger, the archive, the file to be dropped.
func TestFileSizeLimit(t *testing.T) {
	b := loaded(t, archives)
	reached := false
	for limit := 0; !reached; limit = max(2<<10, 3*limit) {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			w := b.fork(t, torture.PlaceOf(server))
			r, err := w.Call(t.Context(), []string{"run"}, torture.Env(fmt.Sprintf("%s=%d", limitEnv, limit)), func(c *exec.Cmd) {
				c.Args = append([]string{os.Args[0], c.Path}, c.Args[1:]...)
				c.Path = os.Args[0]
			})
			ok(t, err)
			if reached = r.Code == 3; !reached {
				complains(t, r)
			}
			finish(t, w)
		})
		if t.Failed() || limit > 64<<20 {
			t.Fatalf("it fails with %d bytes", limit)
		}
	}
}

// diskEnv tells the test binary that it was started again, with a small disk of
// its own at the folder it names.
const diskEnv = "MALLBRIDGE_TORTURE_DISK"

// TestFullDisk fills the disk with the workspace so far that a number of bytes
// is left, from none up to where a run succeeds, and then makes room.
func TestFullDisk(t *testing.T) {
	if dir := os.Getenv(diskEnv); dir != "" {
		fullDisk(t, dir)
		return
	}
	t.Parallel()
	dir, err := os.MkdirTemp(work, "disk-")
	ok(t, err)
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFullDisk$", "-test.v", "-torture.dir="+dir)
	cmd.Env = append(os.Environ(), diskEnv+"="+dir, programEnv+"="+program.Path)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if os.Getuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, fs.ErrPermission) || bytes.Contains(out, []byte(noMount)) {
		t.Skip("this machine gives no user a file system of its own; TestFileSizeLimit makes writes fail all the same")
	}
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

const noMount = "no file system could be mounted"

func fullDisk(t *testing.T, dir string) {
	disk := filepath.Join(dir, "disk")
	ok(t, os.Mkdir(disk, 0o755))
	if err := errors.Join(syscall.Mount("", "/", "", syscall.MS_PRIVATE|syscall.MS_REC, ""), syscall.Mount("none", disk, "tmpfs", 0, "size=64m")); err != nil {
		t.Fatalf("%s: %v", noMount, err)
	}
	reached := false
	for left := 0; !reached && !t.Failed(); left = max(32<<10, 2*left) {
		name := fmt.Sprintf("left-%d", left)
		place := torture.Place{Root: filepath.Join(dir, "drops")}
		w, err := torture.NewWorld(disk, name, program, place, torture.Settings{Local: true, Batch: 4}, 51)
		ok(t, err)
		w.Warehouse.Open()
		ok(t, w.Drop(torture.Shape{Orders: 6, Clean: true}))
		filler := filepath.Join(disk, "filler")
		ok(t, fill(filler, disk, left))
		r, err := w.Call(t.Context(), []string{"run"})
		ok(t, err)
		ok(t, os.Remove(filler))
		// 3: tracking numbers wait to be uploaded at their mall.
		if reached = r.Code == 0 || r.Code == 3; !reached {
			complains(t, r)
		}
		settle(t, w)
		if t.Failed() {
			t.Log(w.Log())
		}
		ok(t, w.Remove())
	}
}

// fill leaves so many bytes of a file system free.
func fill(filler, disk string, left int) error {
	var s syscall.Statfs_t
	if err := syscall.Statfs(disk, &s); err != nil {
		return err
	}
	return os.WriteFile(filler, make([]byte, int64(s.Bavail)*s.Bsize-int64(left)), 0o600)
}

// TestReadOnlyFolders takes away the right to write from one folder after
// another, and gives it back.
func TestReadOnlyFolders(t *testing.T) {
	nobody := func(*exec.Cmd) {}
	if os.Getuid() == 0 { // whom no right stops
		nobody = func(c *exec.Cmd) {
			c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534, NoSetGroups: true}}
		}
	}
	for _, folder := range []string{".", "archive", "outbox/soko", "done/" + torture.Hand, "inbox/" + torture.Hand, "rejected/" + torture.Rakuten, "DROP/in", "DROP/out"} {
		t.Run(folder, func(t *testing.T) {
			t.Parallel()
			w, err := torture.NewWorld(work, newName(), program, torture.Place{Root: filepath.Join(work, "drops")}, torture.Settings{Local: true, Batch: 4}, 61)
			ok(t, err)
			cleanup(t, w)
			w.Warehouse.SetSilent(true)
			ok(t, w.Drop(torture.Shape{Orders: 6, Clean: true}))
			run(t, w, 0)
			w.Warehouse.Answer()
			ok(t, w.Drop(torture.Shape{Orders: 6}))
			ok(t, w.DropBroken(torture.Rakuten, "broken.csv"))
			at := filepath.Join(w.Dir, folder)
			if rest, drop := strings.CutPrefix(folder, "DROP/"); drop {
				at = filepath.Join(w.DropDir(), rest)
			}
			ok(t, os.MkdirAll(at, 0o755))
			owner(t, w.Dir)
			owner(t, w.DropDir())
			rights(t, at, 0o222, false)
			r, err := w.Call(t.Context(), []string{"run"}, nobody)
			ok(t, err)
			complains(t, r)
			rights(t, at, 0o222, true)
			r, err = w.Call(t.Context(), []string{"run"}, nobody)
			ok(t, err)
			if r.Code != 3 {
				t.Errorf("with its rights back: %s", r)
			}
			finish(t, w)
		})
	}
}

// owner gives everything below dir to nobody, if we can.
func owner(t testing.TB, dir string) {
	t.Helper()
	if os.Getuid() != 0 {
		return
	}
	ok(t, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		return errors.Join(err, os.Lchown(path, 65534, 65534))
	}))
}

// rights adds or takes away rights of all folders below dir.
func rights(t testing.TB, dir string, bits fs.FileMode, add bool) {
	t.Helper()
	var dirs []string
	ok(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			dirs = append(dirs, path)
		}
		return err
	}))
	for _, d := range dirs {
		info, err := os.Stat(d)
		ok(t, err)
		mode := info.Mode().Perm() &^ bits
		if add {
			mode = info.Mode().Perm() | 0o200
		}
		ok(t, os.Chmod(d, mode))
	}
}
