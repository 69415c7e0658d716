package demo

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/console"
	"github.com/mallbridge/mallbridge/pipeline"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

// listenAt is where the pages are, if nobody else is there; else at any free port.
const listenAt = "127.0.0.1:8383"

// openPages serves the console on the demo's workspace and returns the address at
// which a person is signed in at once.
func (w *world) openPages(ctx context.Context) (address string, stop func() error, err error) {
	// What people change on the pages counts for the runs that they ask for.
	var env atomic.Pointer[stage.Env]
	env.Store(w.env)
	c, err := console.New(console.Options{
		Env: env.Load, Version: "demo",
		Run: func(ctx context.Context, name, target string) (bool, error) {
			return asked(ctx, env.Load(), name, target)
		},
		Reload: func(context.Context) error {
			next := *env.Load()
			ws, findings, err := configs.Load(next.Workspace.Dir, func(string) string { return "" })
			if err == nil {
				err = findings.Err()
			}
			if err != nil {
				return err
			}
			next.Workspace = ws
			env.Store(&next)
			return nil
		},
	})
	if err != nil {
		return "", nil, err
	}
	path, err := c.Enter(ctx, "demo")
	if err != nil {
		return "", nil, err
	}
	l, err := net.Listen("tcp", listenAt)
	if err != nil {
		l, err = net.Listen("tcp", "127.0.0.1:0")
	}
	if err != nil {
		return "", nil, err
	}
	s := &http.Server{Handler: c.Handler(), ReadHeaderTimeout: 5 * time.Second}
	working, rest := context.WithCancel(ctx)
	go c.Work(working)
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	stop = func() error {
		rest()
		err := s.Close()
		if e := <-served; !errors.Is(e, http.ErrServerClosed) {
			err = errors.Join(err, e)
		}
		return err
	}
	return "http://" + l.Addr().String() + path, stop, nil
}

// asked runs a stage that a person asked for on the pages. It is not fresh if the demo
// runs it just now.
func asked(ctx context.Context, env *stage.Env, name, target string) (fresh bool, err error) {
	s, ok := pipeline.Lookup(name)
	if !ok {
		return false, nil
	}
	r := pipeline.Run(context.WithoutCancel(ctx), env, s, target)
	if errors.Is(r.Err, pipeline.ErrBusy) {
		return false, nil
	}
	return true, r.Err
}
