package cluster_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/mallbridge/mallbridge/internal/torture"
)

// The network of the tests' own: a bridge in a namespace where PostgreSQL, OpenSSH, the
// mall and the tests are, and a namespace for each node, joined with it by a cable. The
// database has an address of its own, so that it can be taken away alone.
const (
	hubAddress      = "10.77.0.1"
	databaseAddress = "10.77.0.2"
	// nowhere is the hardware address of nobody.
	nowhere = "02:00:00:00:00:01"
)

// able reports whether this machine lets us make networks. In CI it must.
func able() bool {
	if os.Geteuid() != 0 {
		return false
	}
	_, err := exec.LookPath("ip")
	return err == nil || os.Getenv("CI") == "true"
}

// again runs the tests in a network and with mounts of their own, so that nothing of it
// is left on the machine when they have ended.
func again() int {
	self, err := os.Executable()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	cmd := exec.Command(self, os.Args[1:]...)
	cmd.Env = append(os.Environ(), inside+"="+work)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	if exit := (*exec.ExitError)(nil); errors.As(cmd.Run(), &exit) {
		return 1
	} else if cmd.ProcessState == nil {
		fmt.Fprintln(os.Stderr, "the tests could not be started in a network of their own")
		return 1
	}
	return 0
}

// build makes the network.
func build() (network, error) {
	config, err := trusted(hubAddress)
	if err != nil {
		return nil, err
	}
	const names = "/run/netns" // where ip keeps the names of namespaces
	err = errors.Join(
		syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""),
		os.MkdirAll(names, 0o755),
	)
	if err == nil {
		err = syscall.Mount("tmpfs", names, "tmpfs", 0, "")
	}
	if err == nil {
		err = ip(
			"link set lo up",
			"link add hub type bridge",
			"addr add "+hubAddress+"/16 dev hub",
			"addr add "+databaseAddress+"/16 dev hub",
			"link set hub up",
		)
	}
	return &namespaces{tls: config}, err
}

// ip runs commands of ip, one a line.
func ip(lines ...string) error {
	cmd := exec.Command("ip", "-batch", "-")
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(lines, "; "), err, out)
	}
	return nil
}

// trusted makes a certificate for an address, and every program trust it.
func trusted(addr string) (*tls.Config, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	cert := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.ParseIP(addr)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(30 * 24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, key.Public(), key)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(work, "mall.pem")
	err = os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600)
	if err == nil {
		err = os.Setenv("SSL_CERT_FILE", file)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, err
}

type namespaces struct {
	tls  *tls.Config
	last atomic.Int64
}

func (*namespaces) database() string     { return databaseAddress }
func (*namespaces) drop() string         { return hubAddress }
func (n *namespaces) mall() torture.Host { return torture.Host{Addr: hubAddress, TLS: n.tls} }

// join makes the namespace of a node and its cable.
func (n *namespaces) join(pg string) (wire, error) {
	serial := n.last.Add(1)
	c := &cable{pg: pg, name: fmt.Sprintf("node%d", serial), end: fmt.Sprintf("cable%d", serial)}
	err := ip(
		"netns add "+c.name,
		"link add "+c.end+" type veth peer name eth0 netns "+c.name,
		"link set "+c.end+" master hub up",
	)
	if err == nil {
		err = c.ip(
			"link set lo up",
			fmt.Sprintf("addr add 10.77.%d.%d/16 dev eth0", 1+serial/250, 1+serial%250),
			"link set eth0 up",
		)
	}
	return c, err
}

// A cable joins the namespace of a node with the bridge.
type cable struct {
	pg   string
	name string // of the namespace
	end  string // at the bridge
	out  bool   // of the bridge
}

// ip runs commands of ip on the node.
func (c *cable) ip(lines ...string) error {
	for i := range lines {
		lines[i] = "netns exec " + c.name + " ip " + lines[i]
	}
	return ip(lines...)
}

func (c *cable) postgres() string { return c.pg }

func (c *cable) enter() torture.Option {
	return func(cmd *exec.Cmd) {
		program, err := exec.LookPath("ip")
		cmd.Args = append([]string{"ip", "netns", "exec", c.name, cmd.Path}, cmd.Args[1:]...)
		cmd.Path, cmd.Err = program, err
	}
}

// cut sends the node's packets for the database to nobody, or pulls its cable.
func (c *cable) cut(alone bool) error {
	c.out = !alone
	if alone {
		return c.ip("neigh replace " + databaseAddress + " lladdr " + nowhere + " nud permanent dev eth0")
	}
	return ip("link set " + c.end + " nomaster")
}

func (c *cable) mend() error {
	if c.out {
		return ip("link set " + c.end + " master hub")
	}
	return c.ip("neigh del " + databaseAddress + " dev eth0")
}

func (c *cable) remove() error { return ip("netns del " + c.name) }
