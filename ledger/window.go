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
	return l.write(ctx, "record window", func(t tx) error { return t.window(ctx, account, w, now) })
}

func (t tx) window(ctx context.Context, account int64, w Window, now time.Time) error {
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
}

// A Span is a span of time of an account's orders that a person wants to be read again.
type Span struct {
	From  time.Time
	To    time.Time // half-open
	Actor string
	At    time.Time // when it was asked for
}

// AskSpan notes that a person wants a span of an account's orders to be read again.
// Asking for the same span twice is asking for it once.
func (l *Ledger) AskSpan(ctx context.Context, account int64, name string, s Span) error {
	return l.write(ctx, "ask for a span of time", func(t tx) error {
		if _, err := t.exec(ctx, `INSERT INTO spans_asked (account_id, from_at, to_at, actor, asked_at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (account_id, from_at, to_at) DO UPDATE SET actor = excluded.actor, asked_at = excluded.asked_at`,
			account, instant(s.From), instant(s.To), s.Actor, instant(s.At)); err != nil {
			return err
		}
		detail := name + " " + s.From.UTC().Format(time.RFC3339) + " – " + s.To.UTC().Format(time.RFC3339)
		return t.event(ctx, Event{Kind: "window.asked", Detail: detail, Actor: s.Actor}, s.At)
	})
}

// Spans lists the spans of an account that were asked for and not read yet, by time.
func (l *Ledger) Spans(ctx context.Context, account int64) ([]Span, error) {
	rows, err := l.r.QueryContext(ctx, `SELECT from_at, to_at, actor, asked_at FROM spans_asked WHERE account_id = $1 ORDER BY from_at, to_at`, account)
	if err != nil {
		return nil, explain("read spans that were asked for", err)
	}
	defer rows.Close()
	var out []Span
	for rows.Next() {
		var s Span
		var from, to, at int64
		if err := rows.Scan(&from, &to, &s.Actor, &at); err != nil {
			return nil, explain("read spans that were asked for", err)
		}
		s.From, s.To, s.At = timeOf(from), timeOf(to), timeOf(at)
		out = append(out, s)
	}
	return out, explain("read spans that were asked for", rows.Err())
}

// SpanDone ends the wish for a span. read is what of it was read whole: it counts as a
// window of that feed that was, and what of it was lost is not lost any more. An empty
// one ends the wish alone.
func (l *Ledger) SpanDone(ctx context.Context, account int64, s Span, read Window, now time.Time) error {
	return l.write(ctx, "end a span of time", func(t tx) error {
		if _, err := t.exec(ctx, `DELETE FROM spans_asked WHERE account_id = $1 AND from_at = $2 AND to_at = $3`, account, instant(s.From), instant(s.To)); err != nil {
			return err
		}
		if !read.From.Before(read.To) {
			return nil
		}
		if _, err := t.exec(ctx, `DELETE FROM windows WHERE account_id = $1 AND feed = $2 AND state = $3 AND from_at >= $4 AND to_at <= $5`,
			account, read.Feed, WindowLost, instant(read.From), instant(read.To)); err != nil {
			return err
		}
		read.State = WindowRead
		return t.window(ctx, account, read, now)
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
