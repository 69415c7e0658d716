package sftpd_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"github.com/mallbridge/mallbridge/connectors/drop"
	"github.com/mallbridge/mallbridge/simulator/sftpd"
)

type place struct {
	root   string
	server *sftpd.Server
	key    []byte
}

func start(t *testing.T) place {
	t.Helper()
	file, key, err := sftpd.NewKey("test")
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	s, err := sftpd.Start(sftpd.Config{Root: root, User: "shop", Password: "right", Key: key.PublicKey()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return place{root, s, file}
}

func (p place) profile() drop.Profile {
	return drop.Profile{Kind: drop.SFTP, Host: p.server.Host, Port: p.server.Port, User: "shop", Key: p.key, HostKeys: []string{p.server.Fingerprint}}
}

func (p place) open(t *testing.T) drop.Drop {
	t.Helper()
	d, err := drop.Open(t.Context(), p.profile())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// client speaks the protocol without the care that connectors/drop takes.
func (p place) client(t *testing.T) *sftp.Client {
	t.Helper()
	conn, err := ssh.Dial("tcp", net.JoinHostPort(p.server.Host, strconv.Itoa(p.server.Port)), &ssh.ClientConfig{
		User: "shop", Auth: []ssh.AuthMethod{ssh.Password("right")}, HostKeyCallback: ssh.InsecureIgnoreHostKey(),
	})
	if err != nil {
		t.Fatal(err)
	}
	c, err := sftp.NewClient(conn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(); conn.Close() })
	return c
}

func TestLogin(t *testing.T) {
	p := start(t)
	_, other, err := sftpd.NewKey("other")
	if err != nil {
		t.Fatal(err)
	}
	otherFile, _, err := sftpd.NewKey("other")
	if err != nil {
		t.Fatal(err)
	}
	known := filepath.Join(t.TempDir(), "known_hosts")
	if err := os.WriteFile(known, []byte(p.server.KnownHosts+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		change func(*drop.Profile)
		ok     bool
	}{
		{"key", func(*drop.Profile) {}, true},
		{"password", func(d *drop.Profile) { d.Key, d.Password = nil, "right" }, true},
		{"known_hosts", func(d *drop.Profile) { d.HostKeys, d.KnownHosts = nil, known }, true},
		{"wrong password", func(d *drop.Profile) { d.Key, d.Password = nil, "wrong" }, false},
		{"wrong key", func(d *drop.Profile) { d.Key = otherFile }, false},
		{"wrong user", func(d *drop.Profile) { d.User = "root" }, false},
		{"wrong host key", func(d *drop.Profile) { d.HostKeys = []string{ssh.FingerprintSHA256(other.PublicKey())} }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			profile := p.profile()
			c.change(&profile)
			d, err := drop.Open(t.Context(), profile)
			if err == nil {
				d.Close()
			}
			if (err == nil) != c.ok {
				t.Errorf("opened: %v, want %v (%v)", err == nil, c.ok, err)
			}
		})
	}
}

func TestNobodyIsLetIn(t *testing.T) {
	if _, err := sftpd.Start(sftpd.Config{Root: t.TempDir()}); err == nil {
		t.Error("a server without password and key has started")
	}
}

// The client of the program does everything it does at OpenSSH.
func TestDrop(t *testing.T) {
	p := start(t)
	d := p.open(t)
	ctx := t.Context()
	body := bytes.Repeat([]byte("0123456789abcdef"), 20_000) // more than one packet
	if err := d.Mkdir(ctx, "orders/taken"); err != nil {
		t.Fatal(err)
	}
	if err := d.Write(ctx, "orders/a.csv.part", bytes.NewReader(body), int64(len(body))); err != nil {
		t.Fatal(err)
	}
	if err := d.Rename(ctx, "orders/a.csv.part", "orders/a.csv"); err != nil {
		t.Fatal(err)
	}
	var back bytes.Buffer
	if _, err := d.Read(ctx, "orders/a.csv", &back, 1<<20); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(back.Bytes(), body) {
		t.Error("what was read is not what was written")
	}
	if err := d.Write(ctx, "orders/b.csv.part", bytes.NewReader([]byte("b")), 1); err != nil {
		t.Fatal(err)
	}
	if err := d.Rename(ctx, "orders/b.csv.part", "orders/a.csv"); !errors.Is(err, drop.ErrExists) {
		t.Errorf("rename to a name that exists: %v", err)
	}
	found, err := d.List(ctx, "orders")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range found {
		names = append(names, f.Name)
	}
	if !slices.Equal(names, []string{"a.csv", "b.csv.part"}) {
		t.Errorf("listed %q", names)
	}
	if err := d.Remove(ctx, "orders/b.csv.part"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Stat(ctx, "orders/b.csv.part"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("stat of a removed file: %v", err)
	}
}

func TestRename(t *testing.T) {
	p := start(t)
	c := p.client(t)
	for name, text := range map[string]string{"new": "new", "old": "old", "free": "free"} {
		if err := os.WriteFile(filepath.Join(p.root, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	content := func(name string) string {
		b, err := os.ReadFile(filepath.Join(p.root, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if err := c.Rename("/new", "/old"); err == nil || content("old") != "old" || content("new") != "new" {
		t.Errorf("a plain rename replaced a file (%v)", err)
	}
	if err := c.Rename("/free", "/other"); err != nil || content("other") != "free" {
		t.Errorf("a plain rename to a free name: %v", err)
	}
	if _, err := os.Stat(filepath.Join(p.root, "free")); err == nil {
		t.Error("the old name is still there")
	}
	if err := c.PosixRename("/new", "/old"); err != nil || content("old") != "new" {
		t.Errorf("posix-rename did not replace a file (%v)", err)
	}
	if err := c.Rename("/gone", "/x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("rename of nothing: %v", err)
	}
}

func TestNothingOutsideTheFolder(t *testing.T) {
	p := start(t)
	secret := filepath.Join(filepath.Dir(p.root), "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secret, filepath.Join(p.root, "link")); err != nil {
		t.Fatal(err)
	}
	c := p.client(t)
	for _, name := range []string{"/../secret", "../secret", "/link", secret} {
		f, err := c.Open(name)
		if err == nil {
			f.Close()
			t.Errorf("%s could be opened", name)
		}
	}
	if _, err := c.Create("/../planted"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(p.root), "planted")); err == nil {
		t.Error("a file was made outside the folder")
	}
}

func TestCloseEndsConnections(t *testing.T) {
	file, key, err := sftpd.NewKey("test")
	if err != nil {
		t.Fatal(err)
	}
	s, err := sftpd.Start(sftpd.Config{Root: t.TempDir(), User: "shop", Key: key.PublicKey()})
	if err != nil {
		t.Fatal(err)
	}
	d, err := drop.Open(t.Context(), place{"", s, file}.profile())
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := d.List(context.Background(), "."); !drop.Retryable(err) {
		t.Errorf("list at a server that is gone: %v", err)
	}
}

func TestKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys", "host")
	first, err := sftpd.KeyFile(path, "test")
	if err != nil {
		t.Fatal(err)
	}
	again, err := sftpd.KeyFile(path, "test")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.PublicKey().Marshal(), again.PublicKey().Marshal()) {
		t.Error("the key is another at the second start")
	}
	if err := os.WriteFile(path, []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sftpd.KeyFile(path, "test"); err == nil {
		t.Error("a file that holds no key was taken")
	}
}
