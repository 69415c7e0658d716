package ledger

import (
	"context"
	"encoding/json"
	"time"

	"github.com/mallbridge/mallbridge/order"
)

// An Alert is something that somebody should know of while it lasts. At most one
// is open for each kind, target and subject; when it comes again after it ended,
// it is another one.
type Alert struct {
	ID      int64       `json:"id"`
	Kind    order.Alert `json:"kind"`
	Target  string      `json:"target"`            // the account or warehouse; empty for the whole
	Subject string      `json:"subject,omitempty"` // what of it: an order, a batch, a SKU; empty for all of it
	// Step rises or falls while the alert is open; each change is worth a further
	// notice: the days left of a key.
	Step    int64     `json:"step,omitempty"`
	Args    []string  `json:"args,omitempty"` // the values in the text of the kind
	Since   time.Time `json:"since"`
	Stepped time.Time `json:"stepped"` // when the step changed last, at first Since or when it was raised
	Seen    time.Time `json:"seen"`    // when somebody looked and it was so
	Ended   time.Time `json:"ended,omitzero"`
}

// Raise opens alerts, and keeps open those that are, with their new values. Only
// kind, target, subject, step, args and, if known, since are read. It returns
// those that were not open before, with their ids.
func (l *Ledger) Raise(ctx context.Context, now time.Time, as ...Alert) (fresh []Alert, err error) {
	if len(as) == 0 {
		return nil, nil
	}
	err = l.write(ctx, "raise alerts", func(t tx) error {
		fresh, err = t.raise(ctx, as, now)
		return err
	})
	return fresh, err
}

// Settle makes the alerts of a kind and target exactly these: they are raised, and
// all others end. It returns those that are new.
func (l *Ledger) Settle(ctx context.Context, kind order.Alert, target string, now time.Time, as ...Alert) (fresh []Alert, err error) {
	err = l.write(ctx, "settle alerts", func(t tx) error {
		open := map[string]bool{}
		for i := range as {
			as[i].Kind, as[i].Target = kind, target
			open[as[i].Subject] = true
		}
		if fresh, err = t.raise(ctx, as, now); err != nil {
			return err
		}
		rows, err := t.QueryContext(ctx, `SELECT subject FROM alerts WHERE kind = $1 AND target = $2 AND ended_at = 0`, string(kind), target)
		if err != nil {
			return err
		}
		were, err := column[string](rows)
		if err != nil {
			return err
		}
		for _, s := range were {
			if open[s] {
				continue
			}
			if _, err := t.exec(ctx, `UPDATE alerts SET ended_at = $4 WHERE kind = $1 AND target = $2 AND subject = $3 AND ended_at = 0`, string(kind), target, s, instant(now)); err != nil {
				return err
			}
		}
		return nil
	})
	return fresh, err
}

// EndAlert ends an alert, if it is open.
func (l *Ledger) EndAlert(ctx context.Context, kind order.Alert, target, subject string, now time.Time) error {
	return l.write(ctx, "end alert", func(t tx) error {
		_, err := t.exec(ctx, `UPDATE alerts SET ended_at = $4 WHERE kind = $1 AND target = $2 AND subject = $3 AND ended_at = 0`, string(kind), target, subject, instant(now))
		return err
	})
}

func (t tx) raise(ctx context.Context, as []Alert, now time.Time) (fresh []Alert, err error) {
	if len(as) == 0 {
		return nil, nil
	}
	first, err := t.ids(ctx, "alerts", len(as))
	if err != nil {
		return nil, err
	}
	for i, a := range as {
		args, err := json.Marshal(a.Args)
		if err != nil {
			return nil, err
		}
		a.ID, a.Seen, a.Stepped = first+int64(i), now, now
		if a.Since.IsZero() {
			a.Since = now
		}
		n, err := t.exec(ctx, `UPDATE alerts SET args = $4, seen_at = $6, stepped_at = CASE WHEN step = $5 THEN stepped_at ELSE $6 END, step = $5
			WHERE kind = $1 AND target = $2 AND subject = $3 AND ended_at = 0`, string(a.Kind), a.Target, a.Subject, string(args), a.Step, instant(now))
		if err != nil {
			return nil, err
		}
		if n > 0 {
			continue
		}
		if _, err := t.exec(ctx, `INSERT INTO alerts (id, kind, target, subject, step, args, since, stepped_at, seen_at, ended_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, 0)
			ON CONFLICT (kind, target, subject) WHERE ended_at = 0 DO UPDATE SET args = excluded.args, seen_at = excluded.seen_at`,
			a.ID, string(a.Kind), a.Target, a.Subject, a.Step, string(args), instant(a.Since), instant(now)); err != nil {
			return nil, err
		}
		fresh = append(fresh, a)
	}
	return fresh, nil
}

// AlertList says which alerts to list.
type AlertList struct {
	Kind    order.Alert // empty: all
	Target  string      // empty: all
	Subject string      // empty: all
	// Ended lists those that ended at this instant or later beside the open ones;
	// zero lists the open ones only.
	Ended time.Time
}

// Alerts lists alerts, the oldest first.
func (l *Ledger) Alerts(ctx context.Context, q AlertList) ([]Alert, error) {
	ended := instant(q.Ended)
	if ended == 0 {
		ended = 1 << 62
	}
	rows, err := l.r.QueryContext(ctx, `SELECT id, kind, target, subject, step, args, since, stepped_at, seen_at, ended_at FROM alerts
		WHERE (ended_at = 0 OR ended_at >= $1) AND ($2 = '' OR kind = $2) AND ($3 = '' OR target = $3) AND ($4 = '' OR subject = $4) ORDER BY since, id`,
		ended, string(q.Kind), q.Target, q.Subject)
	if err != nil {
		return nil, explain("read alerts", err)
	}
	defer rows.Close()
	var out []Alert
	for rows.Next() {
		var a Alert
		var args string
		var since, stepped, seen, end int64
		if err := rows.Scan(&a.ID, &a.Kind, &a.Target, &a.Subject, &a.Step, &args, &since, &stepped, &seen, &end); err != nil {
			return nil, explain("read alerts", err)
		}
		if err := json.Unmarshal([]byte(args), &a.Args); err != nil {
			return nil, explain("read alerts", err)
		}
		a.Since, a.Stepped, a.Seen, a.Ended = timeOf(since), timeOf(stepped), timeOf(seen), timeOf(end)
		out = append(out, a)
	}
	return out, explain("read alerts", rows.Err())
}

// LastAlert names the state of the alerts as far as lists of them may differ by it: the
// id of the youngest, and when the last one ended, in milliseconds.
func (l *Ledger) LastAlert(ctx context.Context) (id, ended int64, err error) {
	err = l.r.QueryRowContext(ctx, `SELECT COALESCE(max(id), 0), COALESCE(max(ended_at), 0) FROM alerts`).Scan(&id, &ended)
	return id, ended, explain("look at the last alert", err)
}
