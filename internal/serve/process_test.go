package serve

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/mallbridge/mallbridge/internal/pgtest"
	"github.com/mallbridge/mallbridge/ledger"
)

// program is the real program, built once.
var program string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(func() int {
		if testing.Short() {
			return pgtest.Main(m)
		}
		dir, err := os.MkdirTemp("", "mallbridge-serve-*")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		program = filepath.Join(dir, "mallbridge")
		out, err := exec.Command("go", "build", "-o", program, "github.com/mallbridge/mallbridge").CombinedOutput()
		if err != nil {
			fmt.Fprintf(os.Stderr, "build the program: %v\n%s", err, out)
			return 1
		}
		return pgtest.Main(m)
	}())
}

func needProgram(t *testing.T) {
	t.Helper()
	if program == "" {
		t.Skip("-short: the real program is not built")
	}
}

// busyShop is a workspace in which every stage runs every five seconds and tells
// everything.
func busyShop(t *testing.T) string {
	t.Helper()
	dir := sample(t)
	add(t, filepath.Join(dir, "mallbridge.yaml"), `
schedules: {extract: 5s, plan: 5s, instruct: 5s, collect: 5s}
console: {listen: "off"}
log: {level: debug}
`)
	add(t, filepath.Join(dir, "accounts", "plain.yaml"), "\nintake: {look_every: 10ms}\n")
	for _, w := range []string{"tokyo", "seoul"} {
		file := filepath.Join(dir, "warehouses", w+".yaml")
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text = regexp.MustCompile(`(?m)^  #look_every:.*`).ReplaceAll(text, []byte("  look_every: 10ms"))
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// A process is the real program at work.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	logs *buffer
	wait func() error
}

func launch(t *testing.T, dir string, args ...string) *process {
	t.Helper()
	needProgram(t)
	p := &process{t: t, logs: &buffer{}, cmd: exec.Command(program, append([]string{"--dir", dir}, args...)...)}
	out, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		for s := bufio.NewScanner(out); s.Scan(); {
			fmt.Fprintln(p.logs, s.Text())
		}
	}()
	p.wait = sync.OnceValue(func() error {
		<-read
		return p.cmd.Wait()
	})
	t.Cleanup(func() {
		p.signal(syscall.SIGKILL)
		p.wait()
		if t.Failed() {
			t.Logf("%s\n%s", strings.Join(args, " "), p.logs)
		}
	})
	return p
}

func serving(t *testing.T, dir string) *process {
	t.Helper()
	p := launch(t, dir, "serve")
	p.says("msg=serving ")
	return p
}

func (p *process) signal(s syscall.Signal) {
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Errorf("signal %s: %v", s, err)
	}
}

// says waits until the program has logged a text.
func (p *process) says(text string) {
	p.t.Helper()
	until(p.t, "the log says "+text, func() bool { return strings.Contains(p.logs.String(), text) })
}

// ended waits for the program's end.
func (p *process) ended() error {
	p.t.Helper()
	done := make(chan error, 1)
	go func() { done <- p.wait() }()
	return receive(p.t, done)
}

// run runs a command of the real program and returns its exit code and output.
func run(t *testing.T, dir string, args ...string) (int, string) {
	t.Helper()
	needProgram(t)
	out, err := exec.CommandContext(within(t), program, append([]string{"--dir", dir}, args...)...).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if exit != nil {
		return exit.ExitCode(), string(out)
	}
	return 0, string(out)
}

// once fails if an order is not at the warehouse exactly once, or if the books do
// not balance.
func once(t *testing.T, dir string, numbers []string) {
	t.Helper()
	all := dropped(t, dir, "tokyo")
	for _, n := range numbers {
		if got := len(regexp.MustCompile(regexp.QuoteMeta(n)+`\b`).FindAllString(all, -1)); got != 1 {
			t.Errorf("%s is %d times at the warehouse", n, got)
		}
	}
	if code, out := run(t, dir, "prove"); code != 0 {
		t.Errorf("prove: exit %d\n%s", code, out)
	}
}

// await waits until orders are at the warehouse and the books say so, too. Whoever
// drops files must be running.
func await(t *testing.T, dir string, numbers ...string) {
	t.Helper()
	until(t, "all orders are dropped", func() bool {
		all := dropped(t, dir, "tokyo")
		for _, n := range numbers {
			if !regexp.MustCompile(regexp.QuoteMeta(n) + `\b`).MatchString(all) {
				return false
			}
		}
		code, _ := run(t, dir, "prove")
		return code == 0
	})
}

// single fails if two runs of one stage on one target overlapped.
func single(t *testing.T, dir string) {
	t.Helper()
	l, err := ledger.Open(context.Background(), filepath.Join(dir, "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	runs, err := l.Runs(context.Background(), "", "", 100_000)
	if err != nil {
		t.Fatal(err)
	}
	next := map[string]ledger.Run{}
	for _, r := range runs { // newest first
		k := key(r.Stage, r.Target)
		if n, ok := next[k]; ok && !r.EndedAt.IsZero() && r.EndedAt.After(n.StartedAt) {
			t.Errorf("%s: run %d by %s ended at %s, run %d by %s began at %s", k, r.ID, r.Owner, r.EndedAt, n.ID, n.Owner, n.StartedAt)
		}
		next[k] = r
	}
}

func TestProcessDropsSheetsAndStopsOnSIGTERM(t *testing.T) {
	dir := busyShop(t)
	p := serving(t, dir)
	drop(t, dir, "one.csv", sheet("A-1", "A-2"))
	await(t, dir, "A-1", "A-2")
	p.signal(syscall.SIGTERM)
	if err := p.ended(); err != nil {
		t.Errorf("ended with %v", err)
	}
	if !strings.HasSuffix(p.logs.String(), "msg=stopped\n") {
		t.Errorf("its last words: %s", p.logs)
	}
	once(t, dir, []string{"A-1", "A-2"})
	nothingPersonal(t, "logs", p.logs.String())
	queue, err := os.ReadFile(filepath.Join(dir, "jobs.db"))
	if err != nil {
		t.Fatal(err)
	}
	nothingPersonal(t, "jobs", strings.ToValidUTF8(string(queue), "?"))
}

// slow makes the look into the watch folder last for minutes, and returns what
// undoes it.
func slow(t *testing.T, dir string) (undo func()) {
	t.Helper()
	file := filepath.Join(dir, "accounts", "plain.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(strings.ReplaceAll(string(text), "look_every: 10ms", "look_every: 10m"))
	return func() { write(string(text)) }
}

func TestProcessStopsInTheMiddleOfAStage(t *testing.T) {
	dir := busyShop(t)
	undo := slow(t, dir)
	drop(t, dir, "one.csv", sheet("A-1"))
	p := serving(t, dir)
	running(t, dir, "extract", "plain")
	p.signal(syscall.SIGINT)
	if err := p.ended(); err != nil {
		t.Errorf("ended with %v", err)
	}
	if !strings.Contains(p.logs.String(), "stopped at a safe point") {
		t.Errorf("no stage was stopped: %s", p.logs)
	}
	undo()
	serving(t, dir)
	await(t, dir, "A-1")
	once(t, dir, []string{"A-1"})
}

// running waits until the ledger says that a stage runs.
func running(t *testing.T, dir, stage, target string) {
	t.Helper()
	l, err := ledger.Open(context.Background(), filepath.Join(dir, "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	until(t, stage+" runs", func() bool {
		rs, err := l.Runs(context.Background(), stage, target, 1)
		if err != nil {
			t.Fatal(err)
		}
		return len(rs) == 1 && rs[0].EndedAt.IsZero()
	})
}

func TestProcessEndsAtOnceOnASecondSignal(t *testing.T) {
	dir := busyShop(t)
	slow(t, dir)
	drop(t, dir, "one.csv", sheet("A-1"))
	p := serving(t, dir)
	running(t, dir, "extract", "plain")
	// While the ledger is locked, the end of the run cannot be recorded.
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "ledger.db")+"?_txlock=immediate&_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	lock, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Rollback()
	p.signal(syscall.SIGTERM)
	p.says("stopping;")
	p.signal(syscall.SIGTERM)
	var exit *exec.ExitError
	if err := p.ended(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGTERM {
		t.Errorf("ended with %v", err)
	}
}

func TestProcessGoesOnAfterSIGKILL(t *testing.T) {
	dir := busyShop(t)
	var numbers []string
	for round, at := range []string{"stage=extract target=plain", "msg=done stage=extract target=plain outcome=ok", "msg=done stage=plan target=plain outcome=ok", "msg=done stage=instruct target=tokyo outcome=ok"} {
		numbers = append(numbers, fmt.Sprintf("K-%d", 100+round), fmt.Sprintf("K-%d", 200+round))
		drop(t, dir, fmt.Sprintf("%d.csv", round), sheet(numbers[len(numbers)-2:]...))
		p := launch(t, dir, "serve")
		p.says(at)
		p.signal(syscall.SIGKILL)
		if err := p.ended(); err == nil {
			t.Fatal("it was not killed")
		}
	}
	serving(t, dir)
	await(t, dir, numbers...)
	once(t, dir, numbers)
	single(t, dir)
}

func TestTwoProcessesAndRunServeOneWorkspace(t *testing.T) {
	dir := busyShop(t)
	a, b := serving(t, dir), serving(t, dir)
	var numbers []string
	for i := range 4 {
		var more []string
		for j := range 5 {
			more = append(more, fmt.Sprintf("T-%d%02d", i+1, j))
		}
		numbers = append(numbers, more...)
		drop(t, dir, fmt.Sprintf("%d.csv", i), sheet(more...))
		if code, out := run(t, dir, "run"); code != 0 && code != 1 && code != 3 {
			t.Errorf("run beside serve: exit %d\n%s", code, out)
		}
	}
	await(t, dir, numbers...)
	for _, p := range []*process{a, b} {
		p.signal(syscall.SIGTERM)
		if err := p.ended(); err != nil {
			t.Errorf("ended with %v", err)
		}
		if strings.Contains(p.logs.String(), "level=ERROR") {
			t.Errorf("errors were logged: %s", p.logs)
		}
		nothingPersonal(t, "logs", p.logs.String())
	}
	// A stop may have come between a rename and its record; the next run looks.
	if code, out := run(t, dir, "run"); code != 0 {
		t.Errorf("run after both: exit %d\n%s", code, out)
	}
	once(t, dir, numbers)
	single(t, dir)
}

func TestProcessReadsItsConfigurationAgainOnSIGHUP(t *testing.T) {
	dir := busyShop(t)
	p := serving(t, dir)
	settings := filepath.Join(dir, "mallbridge.yaml")
	good, err := os.ReadFile(settings)
	if err != nil {
		t.Fatal(err)
	}
	add(t, settings, "nonsense: true\n")
	p.signal(syscall.SIGHUP)
	p.says("the old one stays in force")
	p.says("mallbridge.yaml:") // the finding, with its place
	if err := os.WriteFile(settings, good, 0o600); err != nil {
		t.Fatal(err)
	}
	p.signal(syscall.SIGHUP)
	p.says("the configuration was read again")
	p.signal(syscall.SIGTERM)
	if err := p.ended(); err != nil {
		t.Errorf("ended with %v", err)
	}
}
