package serve

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/mallbridge/mallbridge/internal/jobs"
	"github.com/mallbridge/mallbridge/pipeline"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

// The leases of a process that serves: one says that it lives, others that the
// calls to an account's mall come from it.
const (
	nodeLeases    = "node/"
	accountLeases = "account/"
)

// forgetNodes is how long the leases of processes that are gone are kept.
const forgetNodes = 24 * time.Hour

// alive tells the other nodes that this one lives.
func (s *Server) alive(ctx context.Context) error {
	env := s.env.Load()
	ctx, cancel := context.WithTimeout(ctx, max(env.LeaseTime()/3, 5*time.Second))
	defer cancel()
	_, _, err := env.Ledger.Acquire(ctx, nodeLeases+s.node, s.node, env.LeaseTime(), env.Now())
	return err
}

// watchNodes gives signs of life, and takes over from nodes that give none, until
// ctx ends or stop is called.
func (s *Server) watchNodes(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var done sync.WaitGroup
	done.Go(func() {
		env := s.env.Load()
		if err := env.Ledger.Forget(ctx, nodeLeases, env.Now().Add(-forgetNodes)); err != nil && ctx.Err() == nil {
			s.log().Warn("old nodes could not be forgotten", "err", s.clean(err))
		}
		every := env.LeaseTime() / 3
		t := time.NewTicker(every)
		defer t.Stop()
		for last, well := time.Now(), true; ; {
			select {
			case <-ctx.Done():
				return
			case <-t.C:
			}
			// After a standstill, or without the database, times of cron lines may have
			// passed unseen.
			gap := time.Since(last.Round(0)) > 3*every
			err := s.look(ctx, gap || !well)
			last, well = time.Now(), err == nil
			if err != nil && ctx.Err() == nil {
				s.log().Error("the other nodes could not be looked after; it is tried again", "err", s.clean(err))
			}
		}
	})
	return func() {
		cancel()
		done.Wait()
		env := s.env.Load()
		err := s.within(stopPages, func(ctx context.Context) error { return env.Ledger.Drop(ctx, nodeLeases+s.node, s.node) })
		if err != nil {
			s.log().Warn("the other nodes could not be told of the end of this one; they see it by themselves", "err", s.clean(err))
		}
	}
}

// look is one turn of [Server.watchNodes].
func (s *Server) look(ctx context.Context, missed bool) error {
	if err := s.alive(ctx); err != nil {
		return err
	}
	env := s.env.Load()
	ctx, cancel := context.WithTimeout(ctx, max(2*env.LeaseTime(), 30*time.Second))
	defer cancel()
	if err := s.keepSeats(ctx, env); err != nil {
		return err
	}
	if err := s.pay(ctx); err != nil {
		return err
	}
	if s.unswept.Load() {
		if err := s.sweep(ctx); err != nil {
			return err
		}
		s.unswept.Store(false)
	}
	if missed {
		if err := s.catchUp(ctx, env); err != nil {
			return err
		}
	}
	lives, err := env.Ledger.Lives(ctx, nodeLeases, env.Now())
	if err != nil {
		return err
	}
	_, err = s.queue.Reclaim(ctx, func(node string) bool { return lives[node] })
	return err
}

// catchUp enqueues what was due by cron line within the last hour and is not in
// the queue.
func (s *Server) catchUp(ctx context.Context, env *stage.Env) error {
	for _, e := range entries(env.Workspace) {
		j, ok := e.Missed(env.Now())
		if !ok {
			continue
		}
		if _, err := s.queue.Enqueue(ctx, j); err != nil {
			return err
		}
	}
	return nil
}

// owe remembers a job that could not be enqueued.
func (s *Server) owe(j jobs.Job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.owed[j] = true
}

// pay enqueues the jobs that could not be.
func (s *Server) pay(ctx context.Context) error {
	s.mu.Lock()
	var owed []jobs.Job
	for j := range s.owed {
		owed = append(owed, j)
	}
	s.mu.Unlock()
	for _, j := range owed {
		if _, err := s.queue.Enqueue(ctx, j); err != nil {
			return err
		}
		s.mu.Lock()
		delete(s.owed, j)
		s.mu.Unlock()
	}
	return nil
}

// asks are the stages that call the mall of an account.
var asks = map[string]bool{"extract": true, "report": true, "stock": true, "catalog": true, "reconcile": true}

// A seat is the right of a job to call a mall.
type seat struct {
	account string
	kind    string // of the mall; empty without a bound
}

// sit gets a job of an account the right to call its mall. The calls to an account
// come from one node at a time, so that the pace that this node keeps is that of
// all; and no more jobs of a mall run at a time than its bound says. leave gives
// the right back. An error that [jobs.PutOff] reports means that others have it.
func (s *Server) sit(ctx context.Context, env *stage.Env, st pipeline.Stage, target string) (leave func(), err error) {
	a, ok := env.Workspace.Account(target)
	if st.On != pipeline.Accounts || !asks[st.Name] || !ok || !a.UsesAPI() {
		return func() {}, nil
	}
	x := seat{account: a.Name}
	if bound := env.Workspace.Settings.Limits.MallJobs; bound > 0 {
		x.kind = "mall " + a.Mall
		got, err := env.Ledger.Seat(ctx, x.kind, env.Owner, bound, env.LeaseTime(), env.Now())
		if err != nil {
			return nil, err
		}
		if !got {
			return nil, jobs.Later(waitOwn, fmt.Errorf("%d jobs of %s run already", bound, a.Mall))
		}
	}
	s.mu.Lock()
	s.seats[env.Owner] = x
	s.mu.Unlock()
	leave = func() { s.stand(context.WithoutCancel(ctx), env, x) }
	if env.Ledger.Dialect() == "postgres" {
		l, mine, err := env.Ledger.Acquire(ctx, accountLeases+a.Name, s.node, env.LeaseTime(), env.Now())
		if err == nil && !mine {
			err = jobs.Later(waitOwn, fmt.Errorf("the mall of %s is being asked by %s", a.Name, l.Owner))
		}
		if err != nil {
			leave()
			return nil, err
		}
	}
	return leave, nil
}

// stand gives the rights of a job back: its seat, and its account if no other job
// of this node calls its mall. What cannot be given back ends by itself.
func (s *Server) stand(ctx context.Context, env *stage.Env, x seat) {
	s.mu.Lock()
	delete(s.seats, env.Owner)
	last := true
	for _, other := range s.seats {
		last = last && other.account != x.account
	}
	s.mu.Unlock()
	var err error
	if x.kind != "" {
		err = env.Ledger.Stand(ctx, env.Owner)
	}
	if err == nil && last && env.Ledger.Dialect() == "postgres" {
		err = env.Ledger.Drop(ctx, accountLeases+x.account, s.node)
	}
	if err != nil {
		env.Log.Warn("a right to call a mall could not be given back; it ends by itself", "account", x.account, "err", s.clean(err))
	}
}

// keepSeats renews the rights of the jobs that run.
func (s *Server) keepSeats(ctx context.Context, env *stage.Env) error {
	s.mu.Lock()
	seats := make(map[string]seat, len(s.seats))
	accounts := map[string]bool{}
	for owner, x := range s.seats {
		seats[owner] = x
		accounts[x.account] = env.Ledger.Dialect() == "postgres"
	}
	s.mu.Unlock()
	for owner, x := range seats {
		if x.kind == "" {
			continue
		}
		if _, err := env.Ledger.Seat(ctx, x.kind, owner, max(env.Workspace.Settings.Limits.MallJobs, 1), env.LeaseTime(), env.Now()); err != nil {
			return err
		}
	}
	for a, leased := range accounts {
		if !leased {
			continue
		}
		if _, _, err := env.Ledger.Acquire(ctx, accountLeases+a, s.node, env.LeaseTime(), env.Now()); err != nil {
			return err
		}
	}
	return nil
}
