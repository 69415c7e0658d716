package ledger

import (
	"context"
	"fmt"
	"time"
)

// A Notice is one thing to say of an alert, or a summary, on one channel.
type Notice struct {
	ID      int64     `json:"id"`
	Channel string    `json:"channel"`
	AlertID int64     `json:"alert_id,omitempty"` // 0: a summary
	Slot    string    `json:"slot"`               // began, step 7, again 1, ended; of a summary its day
	State   string    `json:"state"`              // waiting, sent, needless
	Tries   int64     `json:"tries"`              // that failed
	Due     time.Time `json:"due"`                // not before this moment
	Sent    time.Time `json:"sent,omitzero"`
	Error   string    `json:"error,omitempty"` // of the last try
}

// The states of a notice.
const (
	NoticeWaiting  = "waiting"
	NoticeSent     = "sent"
	NoticeNeedless = "needless" // its alert ended before anybody was told
)

// PutNotices adds notices that wait; those that are known, by channel, alert and
// slot, are left alone, whatever their state.
func (l *Ledger) PutNotices(ctx context.Context, ns []Notice) error {
	if len(ns) == 0 {
		return nil
	}
	return l.write(ctx, "store notices", func(t tx) error {
		id, err := t.ids(ctx, "notices", len(ns))
		if err != nil {
			return err
		}
		args := make([]any, 0, 5*len(ns))
		for i := range ns {
			args = append(args, id+int64(i), ns[i].Channel, ns[i].AlertID, ns[i].Slot, instant(ns[i].Due))
		}
		_, err = t.bulk(ctx, `INSERT INTO notices (id, channel, alert_id, slot, due_at, state, tries, sent_at, error) VALUES `, `(?,?,?,?,?,'waiting',0,0,'')`,
			` ON CONFLICT (channel, alert_id, slot) DO NOTHING`, args)
		return err
	})
}

// NoticesOf lists what was or is to be said on a channel of alerts that are open or
// ended at an instant or later, and its summaries since then, by id.
func (l *Ledger) NoticesOf(ctx context.Context, channel string, since time.Time) ([]Notice, error) {
	return l.notices(ctx, `WHERE channel = $1 AND (due_at >= $2 OR alert_id IN (SELECT id FROM alerts WHERE ended_at = 0 OR ended_at >= $2)) ORDER BY id`, channel, instant(since))
}

// WaitingNotices lists what waits on a channel, by id.
func (l *Ledger) WaitingNotices(ctx context.Context, channel string) ([]Notice, error) {
	return l.notices(ctx, `WHERE channel = $1 AND state = 'waiting' ORDER BY id`, channel)
}

// Notices lists notices, newest first.
func (l *Ledger) Notices(ctx context.Context, limit int) ([]Notice, error) {
	return l.notices(ctx, `ORDER BY id DESC LIMIT $1`, limit)
}

func (l *Ledger) notices(ctx context.Context, where string, args ...any) ([]Notice, error) {
	rows, err := l.r.QueryContext(ctx, `SELECT id, channel, alert_id, slot, state, tries, due_at, sent_at, error FROM notices `+where, args...)
	if err != nil {
		return nil, explain("read notices", err)
	}
	defer rows.Close()
	var out []Notice
	for rows.Next() {
		var n Notice
		var due, sent int64
		if err := rows.Scan(&n.ID, &n.Channel, &n.AlertID, &n.Slot, &n.State, &n.Tries, &due, &sent, &n.Error); err != nil {
			return nil, explain("read notices", err)
		}
		n.Due, n.Sent = timeOf(due), timeOf(sent)
		out = append(out, n)
	}
	return out, explain("read notices", rows.Err())
}

// Noticed records that notices were sent.
func (l *Ledger) Noticed(ctx context.Context, ids []int64, now time.Time) error {
	return l.ofNotices(ctx, "record notices", fmt.Sprintf(`state = 'sent', error = '', sent_at = %d`, instant(now)), ids)
}

// Needless records that notices that wait are not needed any more.
func (l *Ledger) Needless(ctx context.Context, ids []int64) error {
	return l.ofNotices(ctx, "drop notices", `state = 'needless'`, ids)
}

func (l *Ledger) ofNotices(ctx context.Context, what, set string, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	return l.write(ctx, what, func(t tx) error {
		_, err := t.ExecContext(ctx, `UPDATE notices SET `+set+` WHERE state = 'waiting' AND id IN (`+numbersOf(ids)+`)`)
		return err
	})
}

// NotNoticed records that notices could not be sent, why, and when they are tried
// again.
func (l *Ledger) NotNoticed(ctx context.Context, ids []int64, why string, due time.Time) error {
	if len(ids) == 0 {
		return nil
	}
	return l.write(ctx, "record failed notices", func(t tx) error {
		_, err := t.ExecContext(ctx, `UPDATE notices SET tries = tries + 1, error = $1, due_at = $2 WHERE state = 'waiting' AND id IN (`+numbersOf(ids)+`)`, why, instant(due))
		return err
	})
}
