package sshtest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// An Action is what a Scripted server does with one SFTP request.
type Action int

// The actions.
const (
	Pass       Action = iota // hand it on
	CutBefore                // hang up; the request is not carried out
	CutAfter                 // carry it out, then hang up instead of answering
	HoldAnswer               // carry it out and never answer; the connection stays
	Refuse                   // answer "failure" without a reason, as a full disk does
)

// A Request is one SFTP request, in the clear.
type Request struct {
	// Name as in the protocol's draft 02, lower case: "open", "write", "rename",
	// or the full name of an extension: "posix-rename@openssh.com".
	Name string
	Path string // first path or handle
}

// A Script says how a Scripted server behaves. The zero value takes any key and
// no password and passes every request.
type Script struct {
	Password            string // the one that is let in; "" for none
	KeyboardInteractive bool   // ask for the password this way only
	NoKeys              bool   // refuse all keys
	SHA1                bool   // take RSA keys that sign with SHA-1 only, as very old servers do
	// Hide names extensions that are left out of the server's greeting.
	Hide []string
	// On is called for each request, one at a time for each connection.
	On func(Request) Action
	// Server, if set, are extra arguments to OpenSSH's sftp-server.
	Server []string
}

// Scripted is OpenSSH's sftp-server behind an SSH layer in Go.
type Scripted struct {
	Addr string
	Host string
	Port int
	User string
	Root string

	HostKeyFingerprint string
	HostKeyLine        string

	script   Script
	server   string
	config   *ssh.ServerConfig
	listener net.Listener
	wg       sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]struct{}
}

// NewScripted starts a server whose clients see dir/root.
func NewScripted(dir string, script Script) (*Scripted, error) {
	server, err := program(sftpServerPaths)
	if err != nil {
		return nil, err
	}
	s := &Scripted{User: "shop", Root: filepath.Join(dir, "root"), script: script, server: server, conns: map[net.Conn]struct{}{}}
	if err := os.MkdirAll(s.Root, 0o755); err != nil {
		return nil, err
	}
	keyName := filepath.Join(dir, "host_ed25519")
	pub, err := keyFile(keyName, "")
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(keyName)
	if err != nil {
		return nil, err
	}
	key, err := ssh.ParsePrivateKey(text)
	if err != nil {
		return nil, err
	}
	s.config = script.config()
	s.config.AddHostKey(key)
	if s.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	s.Addr = s.listener.Addr().String()
	var port string
	s.Host, port, _ = net.SplitHostPort(s.Addr)
	s.Port, _ = strconv.Atoi(port)
	s.HostKeyFingerprint = ssh.FingerprintSHA256(pub)
	s.HostKeyLine = knownhosts.Line([]string{s.Addr}, pub)
	s.wg.Go(s.accept)
	return s, nil
}

func (sc Script) config() *ssh.ServerConfig {
	cfg := &ssh.ServerConfig{}
	if !sc.NoKeys {
		cfg.PublicKeyCallback = func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) { return nil, nil }
	}
	if sc.SHA1 {
		cfg.PublicKeyAuthAlgorithms = []string{ssh.KeyAlgoRSA}
	}
	if sc.Password == "" {
		return cfg
	}
	denied := errors.New("denied")
	if sc.KeyboardInteractive {
		cfg.KeyboardInteractiveCallback = func(_ ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
			answers, err := ask("", "", []string{"Password: "}, []bool{false})
			if err != nil || len(answers) != 1 || answers[0] != sc.Password {
				return nil, denied
			}
			return nil, nil
		}
		return cfg
	}
	cfg.PasswordCallback = func(_ ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
		if string(password) != sc.Password {
			return nil, denied
		}
		return nil, nil
	}
	return cfg
}

// Close ends the server, its connections and its processes.
func (s *Scripted) Close() error {
	err := s.listener.Close()
	s.mu.Lock()
	for c := range s.conns {
		c.Close()
	}
	s.mu.Unlock()
	s.wg.Wait()
	return err
}

func (s *Scripted) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns[conn] = struct{}{}
		s.mu.Unlock()
		s.wg.Go(func() {
			s.serve(conn)
			conn.Close()
			s.mu.Lock()
			delete(s.conns, conn)
			s.mu.Unlock()
		})
	}
}

func (s *Scripted) serve(conn net.Conn) {
	c, channels, requests, err := ssh.NewServerConn(conn, s.config)
	if err != nil {
		return
	}
	defer c.Close()
	go ssh.DiscardRequests(requests)
	var wg sync.WaitGroup
	defer wg.Wait()
	for ch := range channels {
		if ch.ChannelType() != "session" {
			_ = ch.Reject(ssh.UnknownChannelType, "only session")
			continue
		}
		channel, reqs, err := ch.Accept()
		if err != nil {
			return
		}
		wg.Go(func() {
			for r := range reqs {
				ok := r.Type == "subsystem" && string(r.Payload[min(4, len(r.Payload)):]) == "sftp"
				_ = r.Reply(ok, nil)
				if ok {
					wg.Go(func() { _ = s.sftp(conn, channel) })
				}
			}
		})
	}
}

// sftp runs one sftp-server between two filters.
func (s *Scripted) sftp(conn net.Conn, channel ssh.Channel) error {
	defer channel.Close()
	cmd := exec.Command(s.server, append([]string{"-u", "0022", "-d", s.Root}, s.script.Server...)...)
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	f := &filter{script: s.script, client: channel, hangUp: func() { conn.Close() }, after: map[uint32]Action{}}
	var wg sync.WaitGroup
	wg.Go(func() {
		_ = f.requests(channel, in)
		in.Close() // the server ends when it has done what it got
	})
	_ = f.answers(out)
	channel.Close()
	wg.Wait()
	return cmd.Wait()
}

type filter struct {
	script Script
	hangUp func()

	client  io.Writer
	writing sync.Mutex // one answer at a time

	mu    sync.Mutex
	after map[uint32]Action // by request id
}

// packet reads one length-prefixed packet, with its length.
func packet(r io.Reader) ([]byte, error) {
	head := make([]byte, 4)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head)
	if n == 0 || n > 1<<20 {
		return nil, fmt.Errorf("sshtest: packet of %d bytes", n)
	}
	p := append(head, make([]byte, n)...)
	_, err := io.ReadFull(r, p[4:])
	return p, err
}

// Numbers of the protocol, draft-ietf-secsh-filexfer-02 section 3.
var requestNames = map[byte]string{
	1: "init", 3: "open", 4: "close", 5: "read", 6: "write", 7: "lstat", 8: "fstat", 9: "setstat", 10: "fsetstat",
	11: "opendir", 12: "readdir", 13: "remove", 14: "mkdir", 15: "rmdir", 16: "realpath", 17: "stat", 18: "rename",
	19: "readlink", 20: "symlink", 200: "extended",
}

const (
	typeInit    = 1
	typeVersion = 2
)

func (f *filter) requests(client io.Reader, server io.Writer) error {
	for {
		p, err := packet(client)
		if err != nil {
			return err
		}
		if f.script.On != nil && p[4] != typeInit && len(p) >= 9 {
			id := binary.BigEndian.Uint32(p[5:])
			action := f.script.On(describe(p))
			if action == CutBefore {
				f.hangUp()
				return nil
			}
			if action == Refuse {
				if err := f.answer(failure(id)); err != nil {
					return err
				}
				continue
			}
			if action != Pass {
				f.mu.Lock()
				f.after[id] = action
				f.mu.Unlock()
			}
		}
		if _, err := server.Write(p); err != nil {
			return err
		}
	}
}

func (f *filter) answer(p []byte) error {
	f.writing.Lock()
	defer f.writing.Unlock()
	_, err := f.client.Write(p)
	return err
}

// failure is a status packet with the code SSH_FX_FAILURE.
func failure(id uint32) []byte {
	const typeStatus, codeFailure = 101, 4
	p := binary.BigEndian.AppendUint32([]byte{typeStatus}, id)
	p = binary.BigEndian.AppendUint32(p, codeFailure)
	for _, s := range []string{"Failure", ""} {
		p = append(binary.BigEndian.AppendUint32(p, uint32(len(s))), s...)
	}
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(p))), p...)
}

func (f *filter) answers(server io.Reader) error {
	for {
		p, err := packet(server)
		if err != nil {
			return err
		}
		if p[4] == typeVersion {
			p = f.hide(p)
		} else if len(p) >= 9 {
			f.mu.Lock()
			action := f.after[binary.BigEndian.Uint32(p[5:])]
			f.mu.Unlock()
			switch action {
			case CutAfter:
				f.hangUp()
				return nil
			case HoldAnswer:
				continue
			}
		}
		if err := f.answer(p); err != nil {
			return err
		}
	}
}

func describe(p []byte) Request {
	name, rest := requestNames[p[4]], p[9:]
	if name == "extended" {
		name, rest = text(rest)
	}
	path, _ := text(rest)
	return Request{Name: name, Path: path}
}

// text cuts one length-prefixed string.
func text(b []byte) (string, []byte) {
	if len(b) < 4 {
		return "", nil
	}
	n := uint64(binary.BigEndian.Uint32(b))
	b = b[4:]
	if uint64(len(b)) < n {
		return "", nil
	}
	return string(b[:n]), b[n:]
}

// hide leaves extensions out of the server's version packet.
func (f *filter) hide(p []byte) []byte {
	if len(f.script.Hide) == 0 || len(p) < 9 {
		return p
	}
	out := bytes.Clone(p[:9])
	for rest := p[9:]; len(rest) > 0; {
		start := rest
		var name string
		name, rest = text(rest)
		_, rest = text(rest)
		if !strings.Contains(strings.Join(f.script.Hide, " ")+" ", name+" ") {
			out = append(out, start[:len(start)-len(rest)]...)
		}
	}
	binary.BigEndian.PutUint32(out, uint32(len(out)-4))
	return out
}
