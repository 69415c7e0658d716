package cluster_test

import (
	"os/exec"

	"github.com/mallbridge/mallbridge/internal/sshtest"
	"github.com/mallbridge/mallbridge/internal/torture"
)

// proxies is the network for who may not make one of their own: all is on loopback,
// and each node comes to the database through a proxy.
type proxies struct{}

func (proxies) database() string   { return "127.0.0.1" }
func (proxies) drop() string       { return "127.0.0.1" }
func (proxies) mall() torture.Host { return torture.Host{} }

func (proxies) join(pg string) (wire, error) {
	p, err := sshtest.NewProxy(pg)
	return proxied{p}, err
}

// proxied is the wire of a node behind a proxy. Nothing but the database is cut, and
// connections of before end.
type proxied struct{ *sshtest.Proxy }

func (p proxied) postgres() string    { return p.Addr }
func (proxied) enter() torture.Option { return func(*exec.Cmd) {} }
func (p proxied) remove() error       { return p.Close() }

func (p proxied) cut(bool) error {
	p.Stall(true)
	return nil
}

func (p proxied) mend() error {
	p.CutAfter(sshtest.Up, 0)
	p.Stall(false)
	return nil
}
