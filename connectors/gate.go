package connectors

import (
	"context"
	"sync"
)

// A Gate bounds how many calls of a whole process are under way, and lets malls in
// by turns: a thousand accounts of one mall do not keep the only account of another
// waiting.
type Gate struct {
	mu    sync.Mutex
	free  int
	malls []string // those with someone waiting, next first
	queue map[string][]chan struct{}
}

// NewGate makes a gate for n calls at a time.
func NewGate(n int) *Gate { return &Gate{free: max(n, 1), queue: map[string][]chan struct{}{}} }

func (g *Gate) enter(ctx context.Context, mall string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	g.mu.Lock()
	if g.free > 0 {
		g.free--
		g.mu.Unlock()
		return nil
	}
	turn := make(chan struct{})
	if len(g.queue[mall]) == 0 {
		g.malls = append(g.malls, mall)
	}
	g.queue[mall] = append(g.queue[mall], turn)
	g.mu.Unlock()
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
		g.mu.Lock()
		for i, c := range g.queue[mall] {
			if c == turn {
				g.drop(mall, i)
				g.mu.Unlock()
				return ctx.Err()
			}
		}
		g.mu.Unlock()
		g.leave() // the turn came at the same moment
		return ctx.Err()
	}
}

func (g *Gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.malls) == 0 {
		g.free++
		return
	}
	mall := g.malls[0]
	turn := g.queue[mall][0]
	g.malls = append(g.malls[1:], mall)
	g.drop(mall, 0)
	close(turn)
}

// drop takes entry i out of a mall's queue, and the mall out of the turn if none is
// left.
func (g *Gate) drop(mall string, i int) {
	q := append(g.queue[mall][:i], g.queue[mall][i+1:]...)
	if len(q) > 0 {
		g.queue[mall] = q
		return
	}
	delete(g.queue, mall)
	for j, m := range g.malls {
		if m == mall {
			g.malls = append(g.malls[:j], g.malls[j+1:]...)
			return
		}
	}
}
