package serve

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/mallbridge/mallbridge/internal/jobs"
	"github.com/mallbridge/mallbridge/order"
)

// healthTime is how long the checks of /healthz may take.
const healthTime = 5 * time.Second

// pages are the HTTP pages while they are served.
type pages struct {
	server *http.Server
	addr   string
	failed chan error
}

// listen serves the pages at an address, or none. What they do in the background ends
// with ctx.
func (s *Server) listen(ctx context.Context, addr string) (*pages, error) {
	p := &pages{addr: "off", failed: make(chan error, 1)}
	if addr == "" || addr == "off" {
		return p, nil
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, order.Errorf(order.Retry, "stop the program that uses the address, or set another one with console.listen or --listen; off for none", "pages: %w", err)
	}
	p.addr = l.Addr().String()
	handler, err := s.handler(ctx)
	if err != nil {
		l.Close()
		return nil, err
	}
	if tcp, ok := l.Addr().(*net.TCPAddr); ok && !tcp.IP.IsLoopback() {
		s.log().Warn("the pages can be reached from other machines; put HTTPS in front of them, and keep /metrics to yourselves", "addr", p.addr)
	}
	// Sheets of people far away take their time.
	p.server = &http.Server{
		Handler: handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Minute, WriteTimeout: 10 * time.Minute,
		IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
	}
	go func() {
		if err := p.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			p.failed <- err
		}
	}()
	if s.o.listening != nil {
		s.o.listening(p.addr)
	}
	return p, nil
}

// close answers what was asked already and ends.
func (p *pages) close() {
	if p.server == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopPages)
	defer cancel()
	if p.server.Shutdown(ctx) != nil {
		p.server.Close()
	}
}

func (s *Server) handler(ctx context.Context) (http.Handler, error) {
	m := http.NewServeMux()
	if s.o.Pages == nil {
		m.HandleFunc("GET /{$}", s.front)
	} else {
		queue, err := s.queue.Pages(ctx, JobsPrefix)
		if err != nil {
			return nil, err
		}
		pages, err := s.o.Pages(World{Env: s.env.Load, Run: s.asked, Reload: s.reload, Jobs: queue})
		if err != nil {
			return nil, err
		}
		m.Handle("/", pages)
	}
	m.HandleFunc("GET /healthz", s.healthz)
	m.Handle("GET /metrics", promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 20 * time.Second}))
	return m, nil
}

// asked begins the slot of a job that a person asked for by name.
const asked = "asked "

// asked enqueues a run that a person asked for, unless one that was asked for waits
// already: that is made due at once. One of a schedule that waits does not do for it: what
// is done once a day, or is switched off, is done only when asked for.
func (s *Server) asked(ctx context.Context, stage, target string) (fresh bool, err error) {
	waiting, err := s.queue.List(ctx, jobs.Filter{Stage: stage, Target: target, States: []jobs.State{jobs.Ready, jobs.Waiting}})
	if err != nil {
		return false, err
	}
	for i := range waiting {
		if strings.HasPrefix(waiting[i].Slot, asked) {
			_, err := s.queue.Hurry(ctx, waiting[i].ID)
			return false, err
		}
	}
	return s.queue.Add(ctx, jobs.Job{Stage: stage, Target: target, Slot: asked + s.env.Load().Now().UTC().Format(time.RFC3339Nano)})
}

func text(w http.ResponseWriter, code int, body string) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(code)
	io.WriteString(w, body)
}

func (s *Server) front(w http.ResponseWriter, _ *http.Request) {
	b := build()
	text(w, http.StatusOK, fmt.Sprintf(`Mallbridge %s serves the workspace %q.

/healthz  200 if all is well, else 503 and the reasons
/metrics  for Prometheus

Orders, holds and batches: mallbridge orders, holds, batches, why ORDER.
`, b.version, filepath.Base(s.env.Load().Workspace.Dir)))
}

func (s *Server) healthz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), healthTime)
	defer cancel()
	if ill := s.health(ctx); len(ill) > 0 {
		text(w, http.StatusServiceUnavailable, strings.Join(ill, "\n")+"\n")
		return
	}
	text(w, http.StatusOK, "ok\n")
}
