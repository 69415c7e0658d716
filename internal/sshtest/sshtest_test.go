package sshtest_test

import (
	"net"
	"os"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/mallbridge/mallbridge/internal/sshtest"
)

func dial(t *testing.T, s *sshtest.Server, addr string) (*ssh.Client, error) {
	t.Helper()
	text, err := os.ReadFile(s.UserKeyFile)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.ParsePrivateKey(text)
	if err != nil {
		t.Fatal(err)
	}
	known, err := knownhosts.New(s.KnownHostsFile)
	if err != nil {
		t.Fatal(err)
	}
	check := func(_ string, remote net.Addr, key ssh.PublicKey) error { return known(s.Addr, remote, key) }
	return ssh.Dial("tcp", addr, &ssh.ClientConfig{
		User: s.User, Auth: []ssh.AuthMethod{ssh.PublicKeys(key)},
		HostKeyCallback: check, HostKeyAlgorithms: []string{ssh.KeyAlgoED25519}, Timeout: time.Minute,
	})
}

func TestServer(t *testing.T) {
	s := sshtest.Start(t)
	c, err := dial(t, s, s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Restart(); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err == nil {
		t.Error("a connection outlived the restart")
	}
	again, err := dial(t, s, s.Addr)
	if err != nil {
		t.Fatalf("after a restart, with the same keys: %v", err)
	}
	defer again.Close()
	s.Stop()
	if _, err := dial(t, s, s.Addr); err == nil {
		t.Error("a stopped server answers")
	}
}

// TestKeysStay: a harness that starts again in the same folder is the same
// server to its clients.
func TestKeysStay(t *testing.T) {
	first := sshtest.Start(t)
	first.Stop()
	second, err := sshtest.New(first.Dir, sshtest.Options{Addr: first.Addr})
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if first.HostKeyFingerprint != second.HostKeyFingerprint || first.HostKeyLine != second.HostKeyLine {
		t.Error("it has another host key")
	}
	c, err := dial(t, second, second.Addr)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}

func TestProxyCut(t *testing.T) {
	s := sshtest.Start(t)
	p := sshtest.StartProxy(t, s.Addr)
	p.CutAfter(sshtest.Up, 100)
	if _, err := dial(t, s, p.Addr); err == nil {
		t.Error("the cut did not come")
	}
	if up := p.Moved(sshtest.Up); up != 100 || p.Cuts() != 1 {
		t.Errorf("%d bytes passed, %d cuts", up, p.Cuts())
	}
	c, err := dial(t, s, p.Addr)
	if err != nil {
		t.Fatalf("after the cut: %v", err)
	}
	c.Close()
}
