// Package sftpd is a real SFTP server for rehearsals, demos and tests: SSH with a
// generated host key, login by key or password, and one folder that is all a
// client can see.
//
// It behaves like OpenSSH where the library's own server does not:
//
//   - a plain rename refuses a name that exists, posix-rename replaces it;
//   - symbolic links that lead out of the folder are not followed;
//   - bytes of a written file reach the disk before its close is answered, since
//     fsync@openssh.com is not offered.
//
// It differs from OpenSSH in what follows: there are no users but one, no rights
// beyond those of the program's own user, no fsync and no statvfs, and one packet
// carries 32 KiB at most.
package sftpd

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/subtle"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// A Config says how a server listens and whom it lets in.
type Config struct {
	Root   string // the folder that clients see as /; it must exist
	Listen string // address and port; default 127.0.0.1:0, any free port
	User   string // the only login; default mallbridge
	// Password lets in with it; empty: no login by password.
	Password string
	// Key lets in who holds its private half; nil: no login by key.
	Key ssh.PublicKey
	// HostKey is the server's own; nil: a new one for this start.
	HostKey ssh.Signer
}

// A Server listens until it is closed.
type Server struct {
	// KnownHosts is the server's line for a known_hosts file.
	KnownHosts string
	// Fingerprint is its host key's, SHA256:….
	Fingerprint string
	Host        string
	Port        int
	User        string

	root     *os.Root
	config   *ssh.ServerConfig
	listener net.Listener
	wg       sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]struct{}
}

// Start opens the folder and listens. The caller closes the server.
func Start(c Config) (*Server, error) {
	if c.Listen == "" {
		c.Listen = "127.0.0.1:0"
	}
	if c.User == "" {
		c.User = "mallbridge"
	}
	if c.Password == "" && c.Key == nil {
		return nil, errors.New("sftpd: neither a password nor a key lets anyone in")
	}
	if c.HostKey == nil {
		_, key, err := NewKey("mallbridge simulator")
		if err != nil {
			return nil, err
		}
		c.HostKey = key
	}
	root, err := os.OpenRoot(c.Root)
	if err != nil {
		return nil, fmt.Errorf("sftpd: %w", err)
	}
	s := &Server{User: c.User, root: root, conns: map[net.Conn]struct{}{}, config: login(c)}
	s.config.AddHostKey(c.HostKey)
	if s.listener, err = net.Listen("tcp", c.Listen); err != nil {
		root.Close()
		return nil, fmt.Errorf("sftpd: %w", err)
	}
	addr := s.listener.Addr().String()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.Host = host
	if s.Port, err = strconv.Atoi(port); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.KnownHosts = knownhosts.Line([]string{addr}, c.HostKey.PublicKey())
	s.Fingerprint = ssh.FingerprintSHA256(c.HostKey.PublicKey())
	s.wg.Go(s.accept)
	return s, nil
}

// NewKey makes an Ed25519 key pair: the private half in OpenSSH's form, for a key
// file, and ready to sign.
func NewKey(comment string) (file []byte, key ssh.Signer, err error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	block, err := ssh.MarshalPrivateKey(private, comment)
	if err != nil {
		return nil, nil, err
	}
	key, err = ssh.NewSignerFromKey(private)
	return pem.EncodeToMemory(block), key, err
}

// KeyFile reads a private key from path, or makes one there.
func KeyFile(path, comment string) (ssh.Signer, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		file, key, err := NewKey(comment)
		if err != nil {
			return nil, err
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, err
		}
		return key, os.WriteFile(path, file, 0o600)
	}
	if err != nil {
		return nil, err
	}
	key, err := ssh.ParsePrivateKey(text)
	if err != nil {
		return nil, fmt.Errorf("key %s: %w", path, err)
	}
	return key, nil
}

var errDenied = errors.New("denied")

func login(c Config) *ssh.ServerConfig {
	cfg := &ssh.ServerConfig{ServerVersion: "SSH-2.0-MallbridgeSimulator", MaxAuthTries: 6}
	if c.Password != "" {
		cfg.PasswordCallback = func(m ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
			if m.User() != c.User || subtle.ConstantTimeCompare(password, []byte(c.Password)) != 1 {
				return nil, errDenied
			}
			return nil, nil
		}
	}
	if c.Key != nil {
		want := string(c.Key.Marshal())
		cfg.PublicKeyCallback = func(m ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			if m.User() != c.User || string(key.Marshal()) != want {
				return nil, errDenied
			}
			return nil, nil
		}
	}
	return cfg
}

// Close ends the server and its connections, and waits for them.
func (s *Server) Close() error {
	err := s.listener.Close()
	s.mu.Lock()
	for c := range s.conns {
		c.Close()
	}
	s.mu.Unlock()
	s.wg.Wait()
	return errors.Join(err, s.root.Close())
}

func (s *Server) accept() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns[c] = struct{}{}
		s.mu.Unlock()
		s.wg.Go(func() {
			s.serve(c)
			c.Close()
			s.mu.Lock()
			delete(s.conns, c)
			s.mu.Unlock()
		})
	}
}

// serve speaks to one client until it leaves. What goes wrong on one connection
// is its client's to see.
func (s *Server) serve(c net.Conn) {
	conn, channels, requests, err := ssh.NewServerConn(c, s.config)
	if err != nil {
		return
	}
	defer conn.Close()
	go ssh.DiscardRequests(requests)
	var wg sync.WaitGroup
	defer wg.Wait()
	for ch := range channels {
		if ch.ChannelType() != "session" {
			if err := ch.Reject(ssh.UnknownChannelType, "sessions only"); err != nil {
				return
			}
			continue
		}
		channel, requests, err := ch.Accept()
		if err != nil {
			return
		}
		wg.Go(func() { s.session(channel, requests) })
	}
}

func (s *Server) session(channel ssh.Channel, requests <-chan *ssh.Request) {
	defer channel.Close()
	started := false
	for r := range requests {
		ok := r.Type == "subsystem" && len(r.Payload) > 4 && string(r.Payload[4:]) == "sftp" && !started
		if r.WantReply {
			if err := r.Reply(ok, nil); err != nil {
				return
			}
		}
		if !ok {
			continue
		}
		started = true
		f := folder{s.root}
		server := sftp.NewRequestServer(channel, sftp.Handlers{FileGet: f, FilePut: f, FileCmd: f, FileList: f})
		go func() {
			err := server.Serve()
			status := []byte{0, 0, 0, 0}
			if err != nil && !errors.Is(err, io.EOF) {
				status[3] = 1
			}
			// The client may be gone; then nobody waits for this.
			_, _ = channel.SendRequest("exit-status", false, status)
			channel.Close()
		}()
	}
}
