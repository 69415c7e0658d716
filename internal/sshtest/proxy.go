package sshtest

import (
	"errors"
	"net"
	"strconv"
	"sync"
)

// A Direction is one way through a Proxy.
type Direction int

// The two ways: Up is from the client to the server.
const (
	Up Direction = iota
	Down
)

// A Proxy forwards TCP connections to a server and breaks them on demand.
type Proxy struct {
	Addr string
	Host string
	Port int

	target   string
	listener net.Listener
	wg       sync.WaitGroup

	mu     sync.Mutex
	flow   *sync.Cond // signalled when bytes moved, a stall ended or the proxy closed
	closed bool
	stall  bool
	slice  int
	moved  [2]int64
	cutAt  [2]int64 // value of moved at which to cut; 0 for never
	cuts   int
	conns  map[net.Conn]struct{}
}

// NewProxy listens on a free port of 127.0.0.1.
func NewProxy(target string) (*Proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{Addr: l.Addr().String(), target: target, listener: l, conns: map[net.Conn]struct{}{}}
	p.flow = sync.NewCond(&p.mu)
	host, port, err := net.SplitHostPort(p.Addr)
	if err == nil {
		p.Host = host
		p.Port, err = strconv.Atoi(port)
	}
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	p.wg.Go(p.accept)
	return p, nil
}

// Moved is how many bytes went one way, over all connections.
func (p *Proxy) Moved(d Direction) int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.moved[d]
}

// Await returns once total bytes went one way, or with false once the proxy is
// closed.
func (p *Proxy) Await(d Direction, total int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.moved[d] < total && !p.closed {
		p.flow.Wait()
	}
	return p.moved[d] >= total
}

// CutAfter lets n more bytes pass one way, then closes every connection, once.
// Connections made later are not cut.
func (p *Proxy) CutAfter(d Direction, n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cutAt[d] = p.moved[d] + n
	if n == 0 {
		p.cut(d)
	}
}

// Cuts is how often a CutAfter has come true.
func (p *Proxy) Cuts() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cuts
}

// Never takes back every CutAfter that has not come true.
func (p *Proxy) Never() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cutAt = [2]int64{}
}

// Stall holds all bytes back, both ways, until it is called with false.
func (p *Proxy) Stall(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stall = on
	p.flow.Broadcast()
}

// Slice forwards at most n bytes at a time; 0 for as many as come.
func (p *Proxy) Slice(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.slice = n
}

// Close ends the proxy and its connections.
func (p *Proxy) Close() error {
	err := p.listener.Close()
	p.mu.Lock()
	p.closed = true
	p.flow.Broadcast()
	p.closeAll()
	p.mu.Unlock()
	p.wg.Wait()
	return err
}

func (p *Proxy) closeAll() {
	for c := range p.conns {
		c.Close()
		delete(p.conns, c)
	}
}

func (p *Proxy) cut(d Direction) {
	p.cutAt[d] = 0
	p.cuts++
	p.closeAll()
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.target)
		if err != nil {
			client.Close()
			continue
		}
		p.mu.Lock()
		if p.closed {
			client.Close()
			server.Close()
		}
		p.conns[client], p.conns[server] = struct{}{}, struct{}{}
		p.mu.Unlock()
		p.wg.Go(func() { p.pump(Up, client, server) })
		p.wg.Go(func() { p.pump(Down, server, client) })
	}
}

func (p *Proxy) pump(d Direction, from, to net.Conn) {
	defer func() {
		from.Close()
		to.Close()
		p.mu.Lock()
		delete(p.conns, from)
		delete(p.conns, to)
		p.mu.Unlock()
	}()
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		for data := buf[:n]; len(data) > 0; {
			part, cut, ok := p.take(d, data)
			if !ok {
				return
			}
			if _, err := to.Write(part); err != nil {
				return
			}
			data = data[len(part):]
			if cut {
				p.mu.Lock()
				p.cut(d)
				p.mu.Unlock()
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// take says how much of data may pass now, and whether the connections are cut
// behind it.
func (p *Proxy) take(d Direction, data []byte) (part []byte, cut, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.stall && !p.closed {
		p.flow.Wait()
	}
	if p.closed {
		return nil, false, false
	}
	n := len(data)
	if p.slice > 0 {
		n = min(n, p.slice)
	}
	if at := p.cutAt[d]; at > 0 && p.moved[d]+int64(n) >= at {
		n = int(at - p.moved[d])
		cut = true
	}
	p.moved[d] += int64(n)
	p.flow.Broadcast()
	return data[:n], cut, true
}
