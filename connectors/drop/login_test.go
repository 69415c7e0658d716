package drop_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"github.com/mallbridge/mallbridge/connectors/drop"
	"github.com/mallbridge/mallbridge/internal/sshtest"
)

// strangerKey is a key that no server knows.
func strangerKey(t *testing.T) string {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// startAgent serves an agent that holds one key.
func startAgent(t *testing.T, keyFile string) string {
	t.Helper()
	text, err := os.ReadFile(keyFile)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.ParseRawPrivateKey(text)
	if err != nil {
		t.Fatal(err)
	}
	ring := agent.NewKeyring()
	if err := ring.Add(agent.AddedKey{PrivateKey: key}); err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "agent") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _ = agent.ServeAgent(ring, conn) }()
		}
	}()
	return socket
}

// works writes and lists once.
func works(t *testing.T, p drop.Profile) {
	t.Helper()
	d := open(t, p)
	if err := d.Write(t.Context(), "f", strings.NewReader("abc"), 3); err != nil {
		t.Fatal(err)
	}
}

// refused opens and expects a configuration error with all parts in its message
// and its hint.
func refused(t *testing.T, p drop.Profile, parts ...string) error {
	t.Helper()
	d, err := drop.Open(t.Context(), p)
	if err == nil {
		d.Close()
		t.Fatal("it was let in")
	}
	if !drop.NeedsPerson(err) || drop.Retryable(err) {
		t.Errorf("not a configuration error: %v", err)
	}
	text := err.Error() + " hint: " + drop.Hint(err)
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q lacks %q", text, part)
		}
	}
	for _, secret := range []string{p.Password, p.Passphrase} {
		if secret != "" && strings.Contains(text, secret) {
			t.Errorf("%q shows a secret", text)
		}
	}
	return err
}

func TestLogin(t *testing.T) {
	s := sshtest.Start(t)
	base := profileOf(s)
	with := func(change func(p *drop.Profile)) drop.Profile {
		p := base
		change(&p)
		return p
	}
	t.Run("key file", func(t *testing.T) { works(t, base) })
	t.Run("key in memory", func(t *testing.T) {
		works(t, with(func(p *drop.Profile) {
			p.Key, _ = os.ReadFile(p.KeyFile)
			p.KeyFile = ""
		}))
	})
	t.Run("encrypted key", func(t *testing.T) {
		works(t, with(func(p *drop.Profile) { p.KeyFile, p.Passphrase = s.EncryptedKeyFile, s.Passphrase }))
	})
	t.Run("encrypted key without passphrase", func(t *testing.T) {
		refused(t, with(func(p *drop.Profile) { p.KeyFile = s.EncryptedKeyFile }), "encrypted", s.EncryptedKeyFile)
	})
	t.Run("encrypted key with the wrong passphrase", func(t *testing.T) {
		refused(t, with(func(p *drop.Profile) { p.KeyFile, p.Passphrase = s.EncryptedKeyFile, "hunter2-canary" }), "passphrase")
	})
	t.Run("agent", func(t *testing.T) {
		socket := startAgent(t, s.UserKeyFile)
		works(t, with(func(p *drop.Profile) { p.KeyFile, p.Agent, p.AgentSocket = "", true, socket }))
		t.Setenv("SSH_AUTH_SOCK", socket)
		works(t, with(func(p *drop.Profile) { p.KeyFile, p.Agent = "", true }))
	})
	t.Run("no agent", func(t *testing.T) {
		t.Setenv("SSH_AUTH_SOCK", "")
		refused(t, with(func(p *drop.Profile) { p.KeyFile, p.Agent = "", true }), "SSH_AUTH_SOCK")
		refused(t, with(func(p *drop.Profile) { p.KeyFile, p.Agent, p.AgentSocket = "", true, "/nonexistent/s" }), "ssh agent")
	})
	t.Run("key the server does not know", func(t *testing.T) {
		refused(t, with(func(p *drop.Profile) { p.KeyFile = strangerKey(t) }), "did not accept this login", "public key")
	})
	t.Run("key file that others may read", func(t *testing.T) {
		if runtime.GOOS == "windows" {
			t.Skip("Windows has no such modes")
		}
		key := strangerKey(t)
		for _, mode := range []os.FileMode{0o640, 0o604, 0o644} {
			if err := os.Chmod(key, mode); err != nil {
				t.Fatal(err)
			}
			refused(t, with(func(p *drop.Profile) { p.KeyFile = key }), key, fmt.Sprintf("%04o", mode), "chmod 600")
		}
	})
	t.Run("no key at all", func(t *testing.T) {
		refused(t, with(func(p *drop.Profile) { p.KeyFile = s.LogFile() }), "no private key")
		refused(t, with(func(p *drop.Profile) { p.KeyFile = "/nonexistent/key" }), "/nonexistent/key")
	})
}

// TestPassword uses an SSH layer in Go before OpenSSH's sftp-server: sshd takes
// passwords of system accounts only.
func TestPassword(t *testing.T) {
	for _, interactive := range []bool{false, true} {
		t.Run(fmt.Sprintf("keyboard-interactive %t", interactive), func(t *testing.T) {
			s := sshtest.StartScripted(t, sshtest.Script{Password: "hunter2-canary", KeyboardInteractive: interactive, NoKeys: true})
			p := scripted(s, "")
			p.Password = "hunter2-canary"
			works(t, p)
			p.Password = "wrong-canary"
			refused(t, p, "did not accept this login")
			p.Password = "hunter2-canary"
			if text := fmt.Sprintf("%v %+v %#v %s %q", p, p, p, &p, p); strings.Contains(text, "canary") {
				t.Errorf("a profile prints its password: %s", text)
			}
		})
	}
}

// TestSHA1 meets a server that knows RSA with SHA-1 only.
func TestSHA1(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, old := range []bool{false, true} {
		s := sshtest.StartScripted(t, sshtest.Script{SHA1: old})
		p := scripted(s, "")
		p.Key = pem.EncodeToMemory(block)
		if old {
			refused(t, p, "did not accept this login", "SHA-1")
			p.AllowSHA1 = true
		}
		works(t, p)
	}
}

func TestHostKey(t *testing.T) {
	s := sshtest.Start(t)
	base := profileOf(s)
	with := func(file string, inline ...string) drop.Profile {
		p := base
		p.KnownHosts, p.HostKeys = file, inline
		return p
	}
	stranger, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	strange, err := ssh.NewPublicKey(stranger)
	if err != nil {
		t.Fatal(err)
	}
	strangePrint := ssh.FingerprintSHA256(strange)
	strangeText := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(strange)))
	write := func(t *testing.T, text string) string {
		name := filepath.Join(t.TempDir(), "known_hosts")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	host := strings.Fields(s.HostKeyLine)[0]
	ecdsaText, err := os.ReadFile(filepath.Join(s.Dir, "host_ecdsa.pub"))
	if err != nil {
		t.Fatal(err)
	}
	ecdsaKey, _, _, _, err := ssh.ParseAuthorizedKey(ecdsaText)
	if err != nil {
		t.Fatal(err)
	}

	t.Run("line", func(t *testing.T) { works(t, with("", s.HostKeyLine)) })
	t.Run("public key", func(t *testing.T) { works(t, with("", strings.TrimPrefix(s.HostKeyLine, host+" "))) })
	t.Run("fingerprint", func(t *testing.T) { works(t, with("", s.HostKeyFingerprint)) })
	t.Run("fingerprint of the server's other key", func(t *testing.T) { works(t, with("", ssh.FingerprintSHA256(ecdsaKey))) })
	t.Run("known_hosts has the server's other key only", func(t *testing.T) {
		works(t, with(write(t, host+" "+string(ecdsaText))))
	})
	t.Run("file and list", func(t *testing.T) { works(t, with(write(t, ""), s.HostKeyFingerprint)) })
	t.Run("old and new key during a change", func(t *testing.T) {
		works(t, with("", strangePrint, s.HostKeyFingerprint))
		works(t, with(write(t, host+" "+strangeText+"\n"+s.HostKeyLine+"\n")))
	})
	t.Run("unknown host", func(t *testing.T) {
		err := refused(t, with(write(t, "")), "is not known", s.HostKeyFingerprint, s.HostKeyLine, "known_hosts")
		var hk *drop.HostKeyError
		if !errors.As(err, &hk) || len(hk.Expected) != 0 || hk.Offered != s.HostKeyFingerprint {
			t.Errorf("got %+v", hk)
		}
	})
	t.Run("changed key in known_hosts", func(t *testing.T) {
		refused(t, with(write(t, host+" "+strangeText)), "changed", strangePrint, s.HostKeyFingerprint)
	})
	t.Run("changed key by fingerprint", func(t *testing.T) {
		refused(t, with("", strangePrint), "changed", strangePrint)
	})
	t.Run("revoked key", func(t *testing.T) {
		refused(t, with(write(t, "@revoked "+s.HostKeyLine), s.HostKeyFingerprint), "revoked", s.HostKeyFingerprint)
	})
	t.Run("malformed", func(t *testing.T) {
		refused(t, with("", "MD5:aa:bb"), "host key", "SHA256:")
		refused(t, with("", "@cert-authority "+s.HostKeyLine), "host key")
		refused(t, with("/nonexistent/known_hosts"), "/nonexistent/known_hosts")
		refused(t, with(""), "known_hosts")
	})
	t.Run("no byte of a login is sent to a stranger", func(t *testing.T) {
		asked := 0
		sc := sshtest.StartScripted(t, sshtest.Script{On: func(sshtest.Request) sshtest.Action { asked++; return sshtest.Pass }})
		p := scripted(sc, s.UserKeyFile)
		p.HostKeys = []string{strangePrint}
		refused(t, p, strangePrint, sc.HostKeyFingerprint)
		if asked != 0 {
			t.Errorf("%d requests were sent", asked)
		}
	})
	t.Run("scan", func(t *testing.T) {
		line, print, err := drop.ScanHostKey(t.Context(), s.Host, s.Port)
		if err != nil || line != s.HostKeyLine || print != s.HostKeyFingerprint {
			t.Errorf("got %q, %q, %v", line, print, err)
		}
		works(t, with(write(t, line)))
	})
}

func TestUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().(*net.TCPAddr)
	l.Close()
	p := drop.Profile{Kind: drop.SFTP, Host: "127.0.0.1", Port: addr.Port, User: "shop", Password: "canary", HostKeys: []string{"SHA256:x"}}
	if _, err := drop.Open(t.Context(), p); !drop.Retryable(err) || drop.NeedsPerson(err) || strings.Contains(err.Error(), "canary") {
		t.Errorf("got %v", err)
	}
	if _, _, err := drop.ScanHostKey(t.Context(), p.Host, p.Port); !drop.Retryable(err) {
		t.Errorf("scan: %v", err)
	}
}

// TestSilentServer opens a port behind which nobody answers.
func TestSilentServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	addr := l.Addr().(*net.TCPAddr)
	p := drop.Profile{Kind: drop.SFTP, Host: "127.0.0.1", Port: addr.Port, User: "shop", Password: "x", HostKeys: []string{"SHA256:x"}, Timeout: 50 * time.Millisecond}
	if _, err := drop.Open(t.Context(), p); !drop.Retryable(err) || !strings.Contains(err.Error(), "silent") {
		t.Errorf("got %v", err)
	}
	p.Timeout = time.Hour
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := drop.Open(ctx, p); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestProfile(t *testing.T) {
	good := drop.Profile{Kind: drop.SFTP, Host: "h.example.jp", User: "u", Password: "canary", HostKeys: []string{"SHA256:x"}}
	for name, change := range map[string]func(p *drop.Profile){
		"kind":        func(p *drop.Profile) { p.Kind = "ftp" },
		"host":        func(p *drop.Profile) { p.Host = "" },
		"user":        func(p *drop.Profile) { p.User = "" },
		"port":        func(p *drop.Profile) { p.Port = 70000 },
		"host key":    func(p *drop.Profile) { p.HostKeys = nil },
		"log in":      func(p *drop.Profile) { p.Password = "" },
		"both":        func(p *drop.Profile) { p.KeyFile, p.Key = "a", []byte("b") },
		"packet size": func(p *drop.Profile) { p.PacketSize = 1 << 20 },
		"concurrency": func(p *drop.Profile) { p.Concurrency = -1 },
		"timeout":     func(p *drop.Profile) { p.Timeout = -1 },
		"root":        func(p *drop.Profile) { p.Kind, p.Root = drop.Local, "" },
	} {
		p := good
		change(&p)
		t.Run(name, func(t *testing.T) { refused(t, p, name) })
	}
}

func TestMissingRoot(t *testing.T) {
	s := sshtest.Start(t)
	p := profileOf(s)
	p.Root = "none/such"
	refused(t, p, "none/such", "folder")
	refused(t, drop.Profile{Kind: drop.Local, Root: filepath.Join(t.TempDir(), "none")}, "none", "folder")
}
