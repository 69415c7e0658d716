package install

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
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
)

// suite is the Debian that is installed, packages what it has beside the essential.
const (
	suite    = "bookworm"
	packages = "systemd,systemd-sysv,dbus,openssh-server,openssh-sftp-server,ca-certificates,adduser,sudo,curl,age,bash-completion,man-db"
)

// A machine is a Debian in a folder with its own systemd as process 1, its own
// processes, users and network. Its files are in memory or below the temporary
// folder of the test.
type machine struct {
	t    *testing.T
	root string
	init int // its process 1, as this machine numbers it
}

// newMachine makes a machine and starts it. It is gone when the test ends.
func newMachine(t *testing.T) *machine {
	t.Helper()
	m := &machine{t: t, root: filepath.Join(t.TempDir(), "root")}
	must(t, os.Mkdir(m.root, 0o755))
	base := filepath.Join(cacheDir(t), "debian-"+suite+"-"+digest(packages)+".tar")
	if _, err := os.Stat(base); errors.Is(err, fs.ErrNotExist) {
		makeBase(t, base)
	}
	host(t, "tar", "--extract", "--numeric-owner", "--xattrs", "--file", base, "--directory", m.root)
	m.put("/etc/hostname", "shop\n")
	m.put("/etc/hosts", "127.0.0.1 localhost shop\n")
	m.start()
	return m
}

func cacheDir(t *testing.T) string {
	t.Helper()
	dir, err := os.UserCacheDir()
	must(t, err)
	dir = filepath.Join(dir, "mallbridge-install-test")
	must(t, os.MkdirAll(dir, 0o755))
	return dir
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:6])
}

// makeBase fetches the Debian of newMachine and keeps it for the next time.
func makeBase(t *testing.T, to string) {
	t.Helper()
	part := fmt.Sprintf("%s.part-%d.tar", to, os.Getpid())
	defer os.Remove(part)
	host(t, "mmdebstrap", "--quiet", "--mode=root", "--variant=apt", "--include="+packages, "--dpkgopt=force-unsafe-io",
		"--customize-hook=rm -f \"$1\"/etc/dpkg/dpkg.cfg.d/99mmdebstrap \"$1\"/etc/ssh/ssh_host_*", suite, part)
	must(t, os.Rename(part, to))
}

// start boots it, in control groups of its own, without a network but its own
// loopback.
func (m *machine) start() {
	m.t.Helper()
	name := fmt.Sprintf("mallbridge-install-%d", os.Getpid())
	nspawn := []string{
		"systemd-nspawn", "--quiet", "--directory=" + m.root, "--boot", "--private-network", "--register=no", "--machine=" + name, "--console=pipe", "--kill-signal=SIGRTMIN+4",
		"--link-journal=no", "--timezone=off", "--resolv-conf=off",
	}
	var groups []string
	if _, err := os.Stat("/run/systemd/system"); err != nil {
		// Without a systemd that makes a scope for it, it gets control groups here.
		nspawn = append(nspawn, "--keep-unit")
		for _, top := range []string{"/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified", "/sys/fs/cgroup"} {
			if _, err := os.Stat(filepath.Join(top, "cgroup.procs")); err == nil {
				groups = append(groups, filepath.Join(top, name))
			}
		}
	}
	enter := `for g in "$@"; do [ "$g" != -- ] || break; mkdir -p "$g"; echo $$ >"$g/cgroup.procs"; done; while [ "$1" != -- ]; do shift; done; shift; exec "$@"`
	c := exec.Command("sh", append(append(append([]string{"-c", enter, "sh"}, groups...), "--"), nspawn...)...)
	var said bytes.Buffer
	c.Stdout, c.Stderr = &said, &said
	// Should the test be killed, nspawn gets the signal and halts the machine.
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	must(m.t, c.Start())
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	m.t.Cleanup(func() {
		_ = c.Process.Signal(syscall.SIGTERM) // it halts by itself; the next one is for one that cannot
		select {
		case <-ended:
		case <-time.After(20 * time.Second):
			_ = c.Process.Kill()
			<-ended
		}
		for _, g := range groups {
			_ = exec.Command("find", g, "-depth", "-type", "d", "-exec", "rmdir", "{}", ";").Run() // empty by now
		}
	})
	await(m.t, "the machine's message bus", func() bool {
		select {
		case err := <-ended:
			ended <- err
			m.t.Fatalf("systemd-nspawn: %v\n%s", err, said.String())
		default:
		}
		// Its first child makes the machine and is gone when process 1 is there.
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", c.Process.Pid, c.Process.Pid))
		if err != nil {
			return false
		}
		if m.init, err = strconv.Atoi(strings.TrimSpace(string(text))); err != nil {
			return false
		}
		_, err = m.try("", "test -S /run/dbus/system_bus_socket")
		return err == nil
	})
	m.t.Cleanup(func() {
		if m.t.Failed() {
			out, err := m.try("", "journalctl --no-pager -o short-monotonic -u 'mall*' -u 'people*' | tail -150; for c in 'account list' holds batches reports runs alerts differences; do echo \"== $c\"; ./mb $c | tail -20 || true; done")
			m.t.Logf("%s\n%v", out, err)
		}
	})
	m.sh("systemctl is-system-running --wait || test \"$(systemctl is-system-running)\" = degraded")
}

// sh runs a script of bash on the machine as root and returns what it says on
// standard output.
func (m *machine) sh(script string) string {
	m.t.Helper()
	out, err := m.try("", script)
	if err != nil {
		m.t.Fatalf("%s\n%v", script, err)
	}
	return out
}

// try is [machine.sh] with standard input, for what may fail.
func (m *machine) try(in, script string) (string, error) {
	c := exec.Command("nsenter", "--target", strconv.Itoa(m.init), "--mount", "--uts", "--ipc", "--net", "--pid", "--root", "--",
		"/usr/bin/env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8", "TERM=dumb",
		"/bin/bash", "-euo", "pipefail", "-c", "cd /root\n"+script)
	var out, errs bytes.Buffer
	c.Stdin, c.Stdout, c.Stderr = strings.NewReader(in), &out, &errs
	if err := c.Run(); err != nil {
		return out.String(), fmt.Errorf("%w\n%s%s", err, out.String(), errs.String())
	}
	return out.String(), nil
}

// path is where a file of the machine lies on this one.
func (m *machine) path(name string) string { return filepath.Join(m.root, name) }

func (m *machine) put(name, text string) {
	m.t.Helper()
	must(m.t, os.MkdirAll(filepath.Dir(m.path(name)), 0o755))
	must(m.t, os.WriteFile(m.path(name), []byte(text), 0o644))
}

// host runs a program on this machine.
func host(t *testing.T, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	c := exec.Command(args[0], args[1:]...)
	c.Stdout, c.Stderr = &out, &errs
	if err := c.Run(); err != nil {
		t.Fatalf("%s: %v\n%s%s", strings.Join(args, " "), err, out.String(), errs.String())
	}
	return out.String()
}

// await returns once is is true. Shortly before the test's time is over it says what
// it waits for, and ends the test.
func await(t *testing.T, what string, is func() bool) {
	t.Helper()
	ctx := t.Context()
	if end, ok := t.Deadline(); ok {
		var stop context.CancelFunc
		ctx, stop = context.WithDeadline(ctx, end.Add(-30*time.Second))
		defer stop()
	}
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-ctx.Done():
			t.Fatalf("waited for %s", what)
		case <-tick.C:
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
