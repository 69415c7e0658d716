package demo

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/mallbridge/mallbridge/console"
	"github.com/mallbridge/mallbridge/pipeline"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

// listenAt is where the pages are, if nobody else is there; else at any free port.
const listenAt = "127.0.0.1:8383"

// openPages serves the console on the demo's workspace and returns the address at
// which a person is signed in at once.
func (w *world) openPages(ctx context.Context) (address string, stop func() error, err error) {
	c, err := console.New(console.Options{Env: func() *stage.Env { return w.env }, Run: w.asked, Version: "demo"})
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
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	stop = func() error {
		err := s.Close()
		if e := <-served; !errors.Is(e, http.ErrServerClosed) {
			err = errors.Join(err, e)
		}
		return err
	}
	return "http://" + l.Addr().String() + path, stop, nil
}

// asked runs a stage that a person asked for on the pages.
func (w *world) asked(ctx context.Context, name, target string) error {
	s, ok := pipeline.Lookup(name)
	if !ok {
		return nil
	}
	r := pipeline.Run(context.WithoutCancel(ctx), w.env, s, target)
	if errors.Is(r.Err, pipeline.ErrBusy) {
		return nil // the demo runs it just now
	}
	return r.Err
}
