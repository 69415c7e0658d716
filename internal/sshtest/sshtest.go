// Package sshtest runs real SSH servers on loopback for tests and rehearsals.
//
// Server is OpenSSH's sshd with its own sftp server: the proof for everything
// that speaks SFTP. A Go listener accepts and starts one `sshd -i` for each
// connection, so that no port has to be guessed and every process is known and
// ended. Scripted puts OpenSSH's sftp-server behind an SSH layer in Go, which
// takes passwords and can cut the connection at a chosen SFTP request. Proxy
// stands between a client and either of them and cuts at a chosen byte, stalls
// or slices.
package sshtest

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// Where Debian, Fedora and Alpine have the programs.
var (
	sshdPaths       = []string{"/usr/sbin/sshd", "/usr/bin/sshd"}
	sftpServerPaths = []string{"/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server", "/usr/lib/ssh/sftp-server", "/usr/libexec/sftp-server"}
)

// ErrMissing: the OpenSSH server is not installed.
var ErrMissing = errors.New("OpenSSH's server is not installed (package openssh-server)")

func program(paths []string) (string, error) {
	for _, p := range paths {
		if _, err := os.Stat(p); err == nil {
			return p, nil
		}
	}
	return "", fmt.Errorf("%w: looked for %s", ErrMissing, strings.Join(paths, ", "))
}

// Options change what New starts. The zero value is a plain server.
type Options struct {
	// Addr to listen on; default a free port of 127.0.0.1.
	Addr string
	// ReadOnly refuses every request that writes.
	ReadOnly bool
	// Deny names SFTP requests to refuse, as sftp-server's -P: "posix-rename",
	// "fsync", "remove". A denied extension is not offered either.
	Deny []string
}

// A Server is one sshd and the files it needs. The fields do not change.
type Server struct {
	Addr string // host:port
	Host string
	Port int
	User string

	Dir  string // everything lies here
	Root string // the folder that clients see; start folder of a login

	HostKeyLine        string // known_hosts line
	HostKeyFingerprint string // SHA256:…
	KnownHostsFile     string // has the ed25519 key of the two that the server has

	UserKeyFile      string // unencrypted
	EncryptedKeyFile string // another key that is let in
	Passphrase       string // of EncryptedKeyFile

	sshd string

	mu       sync.Mutex
	listener net.Listener
	children map[*child]struct{}
	wg       sync.WaitGroup
}

type child struct {
	conn *net.TCPConn
	cmd  *exec.Cmd
}

// New writes keys and configuration below dir (unless they are there from
// before) and starts a server as the current user. Root is dir/root.
func New(dir string, o Options) (*Server, error) {
	sshd, err := program(sshdPaths)
	if err != nil {
		return nil, err
	}
	s := &Server{sshd: sshd, Dir: dir, children: map[*child]struct{}{}}
	if err := s.files(); err != nil {
		return nil, fmt.Errorf("sshtest: %w", err)
	}
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	if err := s.listen(o.Addr); err != nil {
		return nil, fmt.Errorf("sshtest: %w", err)
	}
	if err := s.configure(o); err != nil {
		return nil, fmt.Errorf("sshtest: %w", errors.Join(err, s.Close()))
	}
	return s, nil
}

// files makes the root, the keys and authorized_keys.
func (s *Server) files() error {
	me, err := user.Current()
	if err != nil {
		return err
	}
	s.User = me.Username
	s.Root = filepath.Join(s.Dir, "root")
	s.UserKeyFile = filepath.Join(s.Dir, "user_key")
	s.EncryptedKeyFile = filepath.Join(s.Dir, "user_key_encrypted")
	s.Passphrase = "correct horse"
	if err := os.MkdirAll(s.Root, 0o755); err != nil {
		return err
	}
	if me.Uid == "0" {
		// sshd started by root wants this folder, which a machine without a
		// running sshd lacks.
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			return err
		}
	}
	var authorized []byte
	for _, k := range []struct{ file, pass string }{{s.UserKeyFile, ""}, {s.EncryptedKeyFile, s.Passphrase}} {
		pub, err := keyFile(k.file, k.pass)
		if err != nil {
			return err
		}
		authorized = append(authorized, ssh.MarshalAuthorizedKey(pub)...)
	}
	return os.WriteFile(filepath.Join(s.Dir, "authorized_keys"), authorized, 0o600)
}

// configure writes sshd_config and known_hosts, once the port is known.
func (s *Server) configure(o Options) error {
	hostKey := filepath.Join(s.Dir, "host_ed25519")
	pub, err := keyFile(hostKey, "")
	if err != nil {
		return err
	}
	other := filepath.Join(s.Dir, "host_ecdsa")
	if err := ecdsaKeyFile(other); err != nil {
		return err
	}
	s.HostKeyLine = knownhosts.Line([]string{s.Addr}, pub)
	s.HostKeyFingerprint = ssh.FingerprintSHA256(pub)
	s.KnownHostsFile = filepath.Join(s.Dir, "known_hosts")
	if err := os.WriteFile(s.KnownHostsFile, []byte(s.HostKeyLine+"\n"), 0o600); err != nil {
		return err
	}
	sftp := "internal-sftp -u 0022 -d " + s.Root
	if o.ReadOnly {
		sftp += " -R"
	}
	if len(o.Deny) > 0 {
		sftp += " -P " + strings.Join(o.Deny, ",")
	}
	config := strings.Join([]string{
		"HostKey " + hostKey,
		"HostKey " + other,
		"AuthorizedKeysFile " + filepath.Join(s.Dir, "authorized_keys"),
		"AuthenticationMethods publickey",
		"PermitRootLogin prohibit-password",
		"StrictModes no", // temporary folders are writable by many
		"UsePAM no",
		"PrintMotd no",
		"LogLevel VERBOSE",
		"Subsystem sftp " + sftp,
		"",
	}, "\n")
	return os.WriteFile(s.configFile(), []byte(config), 0o600)
}

func (s *Server) configFile() string { return filepath.Join(s.Dir, "sshd_config") }

// LogFile holds what sshd says.
func (s *Server) LogFile() string { return filepath.Join(s.Dir, "sshd.log") }

func (s *Server) listen(addr string) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	s.Addr = l.Addr().String()
	host, port, err := net.SplitHostPort(s.Addr)
	if err == nil {
		s.Host = host
		s.Port, err = strconv.Atoi(port)
	}
	if err != nil {
		return errors.Join(err, l.Close())
	}
	s.mu.Lock()
	s.listener = l
	s.mu.Unlock()
	s.wg.Go(func() { s.accept(l) })
	return nil
}

func (s *Server) accept(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		tcp := conn.(*net.TCPConn)
		if err := s.serve(l, tcp); err != nil {
			tcp.Close()
		}
	}
}

// serve hands one connection to a new sshd.
func (s *Server) serve(l net.Listener, conn *net.TCPConn) error {
	log, err := os.OpenFile(s.LogFile(), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	socket, err := conn.File()
	if err != nil {
		return err
	}
	defer socket.Close()
	cmd := exec.Command(s.sshd, "-i", "-e", "-f", s.configFile())
	cmd.Stdin, cmd.Stdout, cmd.Stderr = socket, socket, log
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener != l {
		return net.ErrClosed
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	c := &child{conn, cmd}
	s.children[c] = struct{}{}
	s.wg.Go(func() {
		_ = cmd.Wait()
		conn.Close()
		s.mu.Lock()
		delete(s.children, c)
		s.mu.Unlock()
	})
	return nil
}

// patience is how long a process may take to notice that its client is gone.
const patience = 5 * time.Second

// Disconnect ends every open connection; new ones are served.
func (s *Server) Disconnect() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.children {
		_ = c.conn.CloseRead()
		_ = c.conn.CloseWrite()
	}
}

// Stop refuses new connections and ends the open ones with their processes.
func (s *Server) Stop() {
	s.mu.Lock()
	l := s.listener
	s.listener = nil
	s.mu.Unlock()
	if l != nil {
		l.Close()
	}
	s.Disconnect()
	kill := time.AfterFunc(patience, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		for c := range s.children {
			_ = c.cmd.Process.Kill()
		}
	})
	defer kill.Stop()
	s.wg.Wait()
}

// Restart is Stop, and a start on the same port with the same keys.
func (s *Server) Restart() error {
	s.Stop()
	return s.listen(s.Addr)
}

// Close stops the server. The files stay.
func (s *Server) Close() error {
	s.Stop()
	return nil
}

// keyFile makes an ed25519 key if the file is missing, and returns its public
// half.
func keyFile(name, passphrase string) (ssh.PublicKey, error) {
	if text, err := os.ReadFile(name + ".pub"); err == nil {
		pub, _, _, _, err := ssh.ParseAuthorizedKey(text)
		return pub, err
	}
	raw, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	pub, err := ssh.NewPublicKey(raw)
	if err != nil {
		return nil, err
	}
	var block *pem.Block
	if passphrase == "" {
		block, err = ssh.MarshalPrivateKey(key, "")
	} else {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(key, "", []byte(passphrase))
	}
	if err != nil {
		return nil, err
	}
	return pub, writeKey(name, block, pub)
}

func ecdsaKeyFile(name string) error {
	if _, err := os.Stat(name); err == nil {
		return nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	pub, err := ssh.NewPublicKey(&key.PublicKey)
	if err != nil {
		return err
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		return err
	}
	return writeKey(name, block, pub)
}

func writeKey(name string, block *pem.Block, pub ssh.PublicKey) error {
	if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
		return err
	}
	return os.WriteFile(name+".pub", ssh.MarshalAuthorizedKey(pub), 0o600)
}
