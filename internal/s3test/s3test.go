// Package s3test runs a real object store that speaks S3 for tests: versitygw, which
// checks signatures and sums, over a temporary folder.
//
// Each [New] is a server of its own on loopback. Should the test process be killed,
// Linux stops it.
package s3test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Program is the server with its version, as .ci/needs installs it.
const Program = "github.com/versity/versitygw/cmd/versitygw@v1.8.0"

// ErrMissing means that the server is not installed.
var ErrMissing = errors.New("no object store: go install " + Program)

// What every server of this package has.
const (
	Bucket    = "mallbridge"
	Region    = "ap-northeast-1"
	AccessKey = "test-access"
	SecretKey = "test-secret-not-real"
)

// A Server is a running object store with the empty bucket [Bucket].
type Server struct {
	Addr     string // host:port
	Endpoint string // http://host:port
	Dir      string // its files: Bucket is a folder in it

	bin     string
	mu      sync.Mutex
	cmd     *exec.Cmd
	stopped chan struct{}
}

// Start starts a server that stops when t ends. Where it is not installed the test is
// skipped, or fails where the variable CI is "true".
func Start(t testing.TB) *Server {
	t.Helper()
	s, err := New(t.TempDir())
	if errors.Is(err, ErrMissing) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

// New starts a server that keeps its files in the empty folder dir. The caller stops
// it.
func New(dir string) (*Server, error) {
	bin, err := find()
	if err != nil {
		return nil, err
	}
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	s := &Server{Addr: addr, Endpoint: "http://" + addr, Dir: dir, bin: bin}
	if err := s.Run(); err != nil {
		return nil, err
	}
	if _, err := s.client().CreateBucket(context.Background(), &s3.CreateBucketInput{Bucket: aws.String(Bucket)}); err != nil {
		s.Stop()
		return nil, fmt.Errorf("s3test: %w", err)
	}
	return s, nil
}

// client is a client of the tests' own.
func (s *Server) client() *s3.Client {
	return s3.New(s3.Options{
		Region: Region, BaseEndpoint: &s.Endpoint, UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(AccessKey, SecretKey, ""),
	})
}

// Path is where the server keeps an object.
func (s *Server) Path(key string) string {
	return filepath.Join(s.Dir, Bucket, filepath.FromSlash(key))
}

// Find gives [ErrMissing] where the server is not installed.
func Find() error {
	_, err := find()
	return err
}

// find looks for the server on the PATH, then where Go installs programs.
func find() (string, error) {
	if bin, err := exec.LookPath("versitygw"); err == nil {
		return bin, nil
	}
	out, err := exec.Command("go", "env", "GOBIN", "GOPATH").Output()
	if err != nil {
		return "", ErrMissing
	}
	dirs := bytes.Split(out, []byte("\n"))
	for _, dir := range []string{string(dirs[0]), filepath.Join(string(dirs[1]), "bin")} {
		bin := filepath.Join(dir, "versitygw")
		if info, err := os.Stat(bin); dir != "" && err == nil && info.Mode().IsRegular() {
			return bin, nil
		}
	}
	return "", ErrMissing
}

// freeAddr is an address that nobody listens on.
func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// Run starts a server that was stopped, with what it had.
func (s *Server) Run() error {
	cmd := exec.Command(s.bin, "--access", AccessKey, "--secret", SecretKey, "--region", Region, "--port", s.Addr, "--health", "/health", "--quiet", "posix", s.Dir)
	said := &bytes.Buffer{}
	cmd.Stdout, cmd.Stderr = said, said
	endWithParent(cmd)
	started, stopped := make(chan error, 1), make(chan struct{})
	go func() {
		// The signal at the parent's death is bound to the thread that started the child.
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			cmd.Wait()
			close(stopped)
		}
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("s3test: %w", err)
	}
	s.mu.Lock()
	s.cmd, s.stopped = cmd, stopped
	s.mu.Unlock()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for {
		if r, err := http.Get(s.Endpoint + "/health"); err == nil {
			r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-stopped:
			return fmt.Errorf("s3test: the server did not start: %s", said)
		case <-look.C:
		}
	}
}

// Stop ends the server at once. What it confirmed stays.
func (s *Server) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd == nil {
		return
	}
	s.cmd.Process.Kill()
	<-s.stopped
	s.cmd = nil
}
