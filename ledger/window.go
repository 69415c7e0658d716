package ledger

import (
	"context"
	"time"
)

// A Window is a span of time of one feed of an account: orders, claims, again.
type Window struct {
	Feed  string    `json:"feed"`
	From  time.Time `json:"from"`
	To    time.Time `json:"to"`    // half-open: what is at To belongs to the next
	State string    `json:"state"` // read, lost
	At    time.Time `json:"at"`    // when it was read last, or found lost
}

// The states of a window.
const (
	WindowRead = "read" // every page of it came
	WindowLost = "lost" // the mall no longer answers for it
)

// Covered records that [from, to) of an account's feed was read whole. Windows that
// touch or overlap become one.
func (l *Ledger) Covered(ctx context.Context, account int64, feed string, from, to, now time.Time) error {
	return l.window(ctx, account, Window{Feed: feed, From: from, To: to, State: WindowRead}, now)
}

// Lost records that nobody will read [from, to) of an account's feed any more.
// fresh is false if that was known.
func (l *Ledger) Lost(ctx context.Context, account int64, feed string, from, to, now time.Time) (fresh bool, err error) {
	ws, err := l.Windows(ctx, account)
	if err != nil {
		return false, err
	}
	for _, w := range ws {
		if w.Feed == feed && w.State == WindowLost && !from.Before(w.From) && !to.After(w.To) {
			return false, nil
		}
	}
	return true, l.window(ctx, account, Window{Feed: feed, From: from, To: to, State: WindowLost}, now)
}

func (l *Ledger) window(ctx context.Context, account int64, w Window, now time.Time) error {
	return l.write(ctx, "record window", func(t tx) error {
		n, err := t.exec(ctx, `UPDATE windows SET to_at = CASE WHEN to_at < $4 THEN $4 ELSE to_at END, read_at = $6
			WHERE account_id = $1 AND feed = $2 AND from_at <= $3 AND to_at >= $3 AND state = $5`,
			account, w.Feed, instant(w.From), instant(w.To), w.State, instant(now))
		if err != nil || n > 0 {
			return err
		}
		_, err = t.exec(ctx, `INSERT INTO windows (account_id, feed, from_at, to_at, state, read_at) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (account_id, feed, from_at) DO UPDATE SET to_at = excluded.to_at, state = excluded.state, read_at = excluded.read_at`,
			account, w.Feed, instant(w.From), instant(w.To), w.State, instant(now))
		return err
	})
}

// ReadUntil returns the instant up to which a feed was read whole, and when it was
// read last; zero if it never was.
func (l *Ledger) ReadUntil(ctx context.Context, account int64, feed string) (until, at time.Time, err error) {
	var to, read int64
	err = l.r.QueryRowContext(ctx, `SELECT COALESCE(max(to_at), 0), COALESCE(max(read_at), 0) FROM windows
		WHERE account_id = $1 AND feed = $2 AND state = 'read'`, account, feed).Scan(&to, &read)
	return timeOf(to), timeOf(read), explain("read windows", err)
}

// Windows lists the windows of an account, by feed and time. Between two that were
// read nothing was, unless a lost one lies there.
func (l *Ledger) Windows(ctx context.Context, account int64) ([]Window, error) {
	rows, err := l.r.QueryContext(ctx, `SELECT feed, from_at, to_at, state, read_at FROM windows WHERE account_id = $1 ORDER BY feed, from_at`, account)
	if err != nil {
		return nil, explain("read windows", err)
	}
	defer rows.Close()
	var out []Window
	for rows.Next() {
		var w Window
		var from, to, at int64
		if err := rows.Scan(&w.Feed, &from, &to, &w.State, &at); err != nil {
			return nil, explain("read windows", err)
		}
		w.From, w.To, w.At = timeOf(from), timeOf(to), timeOf(at)
		out = append(out, w)
	}
	return out, explain("read windows", rows.Err())
}
