package torture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

const module = "github.com/mallbridge/mallbridge"

// A Program is a built binary.
type Program struct{ Path string }

// Build builds the program with its fault points into dir.
func Build(ctx context.Context, dir string) (Program, error) {
	p := Program{filepath.Join(dir, "mallbridge")}
	cmd := exec.CommandContext(ctx, "go", "build", "-tags", "fault", "-o", p.Path, module)
	if out, err := cmd.CombinedOutput(); err != nil {
		return p, fmt.Errorf("build: %w\n%s", err, out)
	}
	return p, nil
}

// A Result is how one call of the program ended.
type Result struct {
	Args   string
	Code   int  // exit code; -1 when killed
	Killed bool // by SIGKILL
	Stdout []byte
	Stderr string
}

func (r Result) String() string {
	end := fmt.Sprintf("exit code %d", r.Code)
	if r.Killed {
		end = "killed"
	}
	return fmt.Sprintf("%s: %s\n%s", r.Args, end, indent(r.Stderr))
}

func indent(s string) string {
	return "    " + strings.ReplaceAll(strings.TrimSpace(s), "\n", "\n    ") + "\n"
}

// A Process is a call of the program that runs.
type Process struct {
	cmd      *exec.Cmd
	out, err bytes.Buffer
	args     string
	done     chan struct{}
	result   Result
	failed   error
}

// An Option changes how the program is started.
type Option func(*exec.Cmd)

// Env adds NAME=VALUE to the program's environment.
func Env(entries ...string) Option {
	return func(c *exec.Cmd) { c.Env = append(c.Env, entries...) }
}

// KillAt kills the program when it comes to a fault point for the nth time.
func KillAt(point string, nth int) Option {
	return Env(fmt.Sprintf("MALLBRIDGE_FAULT=%s:%d", point, nth))
}

// Start starts the program; ctx kills it.
func (p Program) Start(ctx context.Context, dir string, args []string, opts ...Option) (*Process, error) {
	x := &Process{args: strings.Join(args, " "), done: make(chan struct{})}
	x.cmd = exec.CommandContext(ctx, p.Path, args...)
	x.cmd.Dir = dir
	x.cmd.Env = append(os.Environ(), "MALLBRIDGE_DIR="+dir, "MALLBRIDGE_LANG=en")
	x.cmd.Stdout, x.cmd.Stderr = &x.out, &x.err
	for _, o := range opts {
		o(x.cmd)
	}
	if err := x.cmd.Start(); err != nil {
		return nil, err
	}
	go x.wait()
	return x, nil
}

func (x *Process) wait() {
	defer close(x.done)
	err := x.cmd.Wait()
	x.result = Result{Args: x.args, Code: x.cmd.ProcessState.ExitCode(), Stdout: x.out.Bytes(), Stderr: x.err.String()}
	if status, ok := x.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		x.result.Killed = status.Signal() == syscall.SIGKILL
	}
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		x.failed = err
	}
}

// Done is closed when the program has ended.
func (x *Process) Done() <-chan struct{} { return x.done }

// Pid is the number of the program's process.
func (x *Process) Pid() int { return x.cmd.Process.Pid }

// Kill sends SIGKILL. It is no error if the program has ended.
func (x *Process) Kill() { _ = x.cmd.Process.Kill() }

// Signal sends a signal. It is no error if the program has ended.
func (x *Process) Signal(s os.Signal) { _ = x.cmd.Process.Signal(s) }

// Wait returns how the program ended.
func (x *Process) Wait() (Result, error) {
	<-x.done
	return x.result, x.failed
}
