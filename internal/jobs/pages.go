package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"

	"riverqueue.com/riverui"
)

// Pages returns River's own pages of the queue, for addresses below a prefix like
// "/jobs". Whoever serves them sees to who may look and act: they ask nobody. What they
// count in the background begins with the first visit and ends with ctx.
func (q *riverQueue[T]) Pages(ctx context.Context, prefix string) (http.Handler, error) {
	h, err := riverui.NewHandler(&riverui.HandlerOpts{
		Endpoints: riverui.NewEndpoints(q.client, nil), Logger: slog.New(quiet{q.log.Handler()}), Prefix: prefix,
	})
	if err != nil {
		return nil, fmt.Errorf("jobs: pages: %w", err)
	}
	start := sync.OnceValue(func() error { return h.Start(ctx) })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := start(); err != nil {
			q.log.Error("the pages of the queue do not start", "err", err)
			http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
			return
		}
		h.ServeHTTP(w, r)
	}), nil
}
