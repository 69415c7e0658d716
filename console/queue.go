package console

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
)

// queuePolicy is what River's pages may do: as ours, and styles that their script makes
// (its notices), and pictures that stand in their style sheet.
const queuePolicy = "default-src 'none'; style-src 'self'; style-src-elem 'self' 'unsafe-inline'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"

// maxQueueBody bounds what River's pages send: some numbers of jobs.
const maxQueueBody = 64 << 10

// queue serves River's pages of the queue to whoever administers. What is done there
// is in the audit trail before it is done.
func (c *Console) queue(w http.ResponseWriter, r *http.Request) {
	if c.o.Jobs == nil {
		c.show(func(*request) (string, any, error) { return "queue", nil, nil })(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		if err := c.noteQueue(w, r); err != nil {
			c.fail(w, r, err)
			return
		}
	}
	w.Header().Set("Content-Security-Policy", queuePolicy)
	c.o.Jobs.ServeHTTP(w, r)
}

// noteQueue writes down who asks for what: cancelling, trying again or removing of jobs,
// pausing and resuming of queues.
func (c *Console) noteQueue(w http.ResponseWriter, r *http.Request) error {
	q, err := c.request(w, r)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxQueueBody))
	if err != nil {
		return order.Errorf(order.Invalid, "choose fewer jobs", "queue: %w", err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	what, kind := strings.TrimPrefix(r.URL.Path, "/jobs/api/"), "queue.changed"
	switch {
	case what == "jobs/cancel", what == "jobs/retry", what == "jobs/delete":
		kind = "job." + strings.TrimPrefix(what, "jobs/")
		var of struct {
			IDs []json.RawMessage `json:"ids"`
		}
		if err := json.Unmarshal(body, &of); err != nil {
			return order.Errorf(order.Invalid, "", "queue: %w", err)
		}
		ids := make([]string, len(of.IDs))
		for i, id := range of.IDs {
			ids[i] = strings.Trim(string(id), `"`)
		}
		what = strings.Join(ids, ", ")
	case strings.HasSuffix(what, "/pause"):
		kind, what = "queue.paused", strings.TrimSuffix(strings.TrimPrefix(what, "queues/"), "/pause")
	case strings.HasSuffix(what, "/resume"):
		kind, what = "queue.resumed", strings.TrimSuffix(strings.TrimPrefix(what, "queues/"), "/resume")
	}
	return q.env.Ledger.Record(r.Context(), q.env.Now(), ledger.Event{Kind: kind, Detail: what, Actor: q.user.Name})
}
