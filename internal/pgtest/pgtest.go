// Package pgtest runs a real PostgreSQL server for tests.
//
// One server serves a test process. It lives in a temporary folder, listens on
// a unix socket only, and [Main] removes it. Should the test process be killed,
// Linux stops it. [New] starts a further one, for tests that end it.
package pgtest

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

var (
	start  = sync.OnceValues(startServer)
	live   atomic.Pointer[server]
	serial atomic.Int64
)

// errMissing means that no PostgreSQL is installed.
var errMissing = errors.New("no PostgreSQL server: install postgresql 15 or later, or put initdb and postgres on the PATH")

// Main runs the tests of m, stops the server if one was started, and returns
// the exit code:
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }
func Main(m *testing.M) int {
	defer func() {
		if s := live.Load(); s != nil {
			s.stop()
		}
	}()
	return m.Run()
}

// Database makes an empty database, which is dropped when t ends, and returns
// its address. Without PostgreSQL the test is skipped, or fails where the
// variable CI is "true".
func Database(t testing.TB) (dsn string) {
	t.Helper()
	s, err := start()
	if errors.Is(err, errMissing) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("test%d", serial.Add(1))
	if err := s.exec(`CREATE DATABASE ` + name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.exec(`DROP DATABASE ` + name + ` WITH (FORCE)`); err != nil {
			t.Error(err)
		}
	})
	return s.dsn(name)
}

// A Server is a PostgreSQL server of its own, which listens on TCP and can be
// started anew. What it has committed survives that.
type Server struct {
	Addr string // host:port
	s    *server
}

// New starts a server of its own on an address of this machine, which stops when t
// ends. settings are further ones, such as fsync=on: else it does not wait for the
// disk. Without PostgreSQL the test is skipped, or fails where the variable CI is
// "true".
func New(t testing.TB, host string, settings ...string) *Server {
	t.Helper()
	addr, err := freeAddr(host)
	var s *server
	if err == nil {
		s, err = newServer(addr, settings...)
	}
	if errors.Is(err, errMissing) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	return &Server{Addr: addr, s: s}
}

// freeAddr is an address that nobody listens on.
func freeAddr(host string) (string, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// Database makes an empty database and returns its name.
func (s *Server) Database() (string, error) {
	name := fmt.Sprintf("test%d", serial.Add(1))
	return name, s.s.exec(`CREATE DATABASE ` + name)
}

// Drop drops a database.
func (s *Server) Drop(name string) error { return s.s.exec(`DROP DATABASE ` + name + ` WITH (FORCE)`) }

// DSN is the address of a database for who connects to addr: the server's own, or
// a proxy's.
func (s *Server) DSN(addr, database string) string {
	return "postgres://" + superuser + "@" + addr + "/" + database + "?sslmode=disable"
}

// Pid is the number of the server's first process, whose children the others are.
func (s *Server) Pid() int { return s.s.cmd.Process.Pid }

// Restart ends the server and starts it again. At once: it does not say goodbye,
// as if it had been killed.
func (s *Server) Restart(atOnce bool) error {
	signal := os.Interrupt
	if atOnce {
		signal = syscall.SIGQUIT
	}
	if err := s.s.cmd.Process.Signal(signal); err != nil {
		return err
	}
	<-s.s.done
	return s.s.run()
}

type server struct {
	dir      string
	addr     string // empty for the socket only
	settings []string
	postgres string
	admin    *sql.DB
	cmd      *exec.Cmd
	done     chan error
}

func (s *server) dsn(database string) string {
	q := url.Values{"host": {s.dir}, "user": {superuser}, "sslmode": {"disable"}}
	if _, port, err := net.SplitHostPort(s.addr); err == nil {
		q.Set("port", port)
	}
	return "postgres:///" + database + "?" + q.Encode()
}

func (s *server) exec(text string) error {
	if _, err := s.admin.ExecContext(context.Background(), text); err != nil {
		return fmt.Errorf("%s: %w", text, err)
	}
	return nil
}

func (s *server) stop() {
	s.admin.Close()
	s.cmd.Process.Signal(os.Interrupt) // the server's "fast shutdown"
	<-s.done
	os.RemoveAll(s.dir)
}

const superuser = "postgres"

func startServer() (*server, error) {
	s, err := newServer("")
	if err == nil {
		live.Store(s)
	}
	return s, err
}

func newServer(addr string, settings ...string) (*server, error) {
	initdb, postgres, err := binaries()
	if err != nil {
		return nil, err
	}
	// The socket's path must stay under about 100 bytes.
	dir, err := os.MkdirTemp("", "pgtest")
	if err != nil {
		return nil, err
	}
	s := &server{dir: dir, addr: addr, settings: settings, postgres: postgres, done: make(chan error, 1)}
	if err := s.start(initdb); err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("pgtest: %w", err)
	}
	return s, nil
}

func (s *server) start(initdb string) error {
	id, err := unprivileged()
	if err != nil {
		return err
	}
	if err := id.own(s.dir); err != nil {
		return err
	}
	data := filepath.Join(s.dir, "data")
	init := exec.Command(initdb, "-D", data, "-U", superuser, "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
	init.Dir = s.dir
	id.set(init)
	if out, err := init.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	if err := s.letIn(); err != nil {
		return err
	}
	if err := s.run(); err != nil {
		return err
	}
	s.admin, err = sql.Open("pgx", s.dsn("postgres"))
	return err
}

// letIn lets machines of a network beyond loopback in without a password.
func (s *server) letIn() error {
	host, _, err := net.SplitHostPort(s.addr)
	if ip := net.ParseIP(host); err != nil || ip.IsLoopback() {
		return nil
	}
	f, err := os.OpenFile(filepath.Join(s.dir, "data", "pg_hba.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString("host all all samenet trust\n")
	return errors.Join(err, f.Close())
}

// run starts the server on its data.
func (s *server) run() error {
	id, err := unprivileged()
	if err != nil {
		return err
	}
	args := []string{"-D", filepath.Join(s.dir, "data"), "-k", s.dir, "-F", "-c", "max_wal_size=4GB", "-c", "shared_buffers=128MB", "-c", "lc_messages=C"}
	if host, port, err := net.SplitHostPort(s.addr); err == nil {
		args = append(args, "-h", host, "-p", port)
	} else {
		args = append(args, "-h", "", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
	}
	for _, x := range s.settings {
		args = append(args, "-c", x)
	}
	s.cmd = exec.Command(s.postgres, args...)
	s.cmd.Dir = s.dir
	id.set(s.cmd)
	out, in, err := os.Pipe()
	if err != nil {
		return err
	}
	s.cmd.Stderr = in
	started := make(chan error, 1)
	go func() {
		// The signal at the parent's death is bound to the thread that started
		// the child.
		runtime.LockOSThread()
		err := s.cmd.Start()
		in.Close()
		started <- err
		if err == nil {
			s.done <- s.cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return err
	}
	if err := ready(out); err != nil {
		s.cmd.Process.Kill()
		return err
	}
	return nil
}

// ready reads the server's log until it accepts connections; the rest of the
// log is drained.
func ready(log io.ReadCloser) error {
	var said []string
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "ready to accept connections") {
			go func() {
				io.Copy(io.Discard, log)
				log.Close()
			}()
			return nil
		}
		said = append(said, lines.Text())
	}
	log.Close()
	return fmt.Errorf("the server did not start: %s", strings.Join(said, "\n"))
}

// binaries finds the newest installed server: on the PATH, then where the
// Debian packages keep it.
func binaries() (initdb, postgres string, err error) {
	initdb, err = exec.LookPath("initdb")
	if err == nil {
		if postgres, err = exec.LookPath("postgres"); err == nil {
			return initdb, postgres, nil
		}
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return "", "", errMissing
	}
	newest := slices.MaxFunc(found, func(a, b string) int {
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return strings.Compare(a, b)
	})
	return newest, filepath.Join(filepath.Dir(newest), "postgres"), nil
}
