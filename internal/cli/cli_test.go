package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/mallbridge/mallbridge/pipeline/stage"
)

// TestMain lets the test binary stand for the program: scripts start it as
// mallbridge, with its own process, arguments, streams and exit code.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"mallbridge": program})
}

// program is main with a clock that stands still at NOW (RFC 3339), and with
// pauses between looks that take no time. During its pauses it appends a line to
// the file that GROW names, as a download under way would, and waits at the gate
// that GATE names. With UNPRIVILEGED=1 root becomes a user without rights.
func program() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	a := &app{in: os.Stdin, out: os.Stdout, err: os.Stderr, getenv: os.Getenv, now: time.Now, sleep: stage.Sleep}
	if os.Getenv("UNPRIVILEGED") == "1" && os.Getuid() == 0 {
		if err := errors.Join(syscall.Setgroups(nil), syscall.Setgid(65534), syscall.Setuid(65534)); err != nil {
			fmt.Fprintln(os.Stderr, "UNPRIVILEGED:", err)
			os.Exit(99)
		}
	}
	if text := os.Getenv("NOW"); text != "" {
		now, err := time.Parse(time.RFC3339, text)
		if err != nil {
			fmt.Fprintln(os.Stderr, "NOW:", err)
			os.Exit(99)
		}
		a.now = func() time.Time { return now }
		a.sleep = func(ctx context.Context, _ time.Duration) error { return errors.Join(grow(), gate(), ctx.Err()) }
		// The pace of calls is counted by a clock that their pauses move.
		var passed atomic.Int64
		a.calls.Now = func() time.Time { return now.Add(time.Duration(passed.Load())) }
		a.calls.Sleep = func(ctx context.Context, d time.Duration) error { passed.Add(int64(d)); return ctx.Err() }
	}
	code := a.main(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

func grow() error {
	path := os.Getenv("GROW")
	if path == "" {
		return nil
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString("\n")
	return errors.Join(err, f.Close())
}

// gate lets whoever reads the pipe GATE.in know that the program is here, and waits
// until somebody writes into the pipe GATE.out.
func gate() error {
	name := os.Getenv("GATE")
	if name == "" {
		return nil
	}
	if err := os.WriteFile(name+".in", []byte("here\n"), 0); err != nil {
		return err
	}
	_, err := os.ReadFile(name + ".out")
	return err
}

// TestScripts runs testdata/script: files are dropped, commands run, and exit
// codes, messages and files looked at. The scripts' own commands are described
// where they are defined, in script_test.go.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                filepath.Join("..", "..", "testdata", "script"),
		Setup:              setup,
		Cmds:               scriptCommands,
		RequireUniqueNames: true,
		UpdateScripts:      os.Getenv("UPDATE_SCRIPTS") != "",
		ContinueOnError:    os.Getenv("SCRIPTS_GO_ON") != "",
	})
}
