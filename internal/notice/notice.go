// Package notice tells people of alerts, by webhook and mail.
//
// What is to be said is stored in the ledger before it is sent, and that it was
// sent after: each alert is told once on each channel when it begins, again when it
// gets worse or lasts, and once when it ends. After a crash between sending and
// recording it is told once more, with the same id. Several processes take turns by
// a lease. A channel that fails is tried again with growing waits, never given up,
// and is an alert of its own; nothing of the pipeline waits for it.
package notice

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/internal/phrase"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/mappers/message"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

const (
	lease     = "notices"
	leaseTime = 3 * time.Minute
	// remembered is how long after its end an alert may still be told.
	remembered = 7 * 24 * time.Hour
	// most is how many alerts one message tells of.
	most = 30
	// failing is after how many failures in a row a channel is an alert.
	failing = 3
)

// A Report says what a pass did.
type Report struct {
	Sent    int64    // notices
	Waiting int64    // notices that could not be sent yet
	Errors  []string // one for each channel that failed, without secrets
}

// Send tells what is to be told now. An error means that the ledger could not be
// used; what a channel says is in the report.
func Send(ctx context.Context, env *stage.Env) (Report, error) {
	var rep Report
	channels := env.Workspace.Settings.Alerts.Channels
	if len(channels) == 0 {
		return rep, nil
	}
	owner := env.Owner + "/notices"
	if _, ok, err := env.Ledger.Acquire(ctx, lease, owner, leaseTime, env.Now()); err != nil || !ok {
		return rep, err
	}
	defer env.Ledger.Drop(context.WithoutCancel(ctx), lease, owner)
	var errs []error
	var down []ledger.Alert
	for i := range channels {
		c := &channel{env: env, cfg: &channels[i], rep: &rep}
		if err := c.pass(ctx); err != nil {
			errs = append(errs, fmt.Errorf("notices: %s: %w", c.cfg.Name, err))
			continue
		}
		if c.tries >= failing {
			down = append(down, ledger.Alert{Subject: c.cfg.Name, Args: []string{strconv.FormatInt(c.tries, 10), c.last}})
		}
	}
	if len(errs) == 0 {
		_, err := env.Ledger.Settle(ctx, order.AlertNotices, "", env.Now(), down...)
		errs = append(errs, err)
	}
	return rep, errors.Join(errs...)
}

type channel struct {
	env   *stage.Env
	cfg   *configs.Channel
	rep   *Report
	tries int64  // most failures in a row of what waits
	last  string // the last error
}

func (c *channel) pass(ctx context.Context) error {
	now := c.env.Now()
	alerts, err := c.env.Ledger.Alerts(ctx, ledger.AlertList{Ended: now.Add(-remembered)})
	if err != nil {
		return err
	}
	known, err := c.env.Ledger.NoticesOf(ctx, c.cfg.Name, now.Add(-remembered))
	if err != nil {
		return err
	}
	fresh, needless := c.plan(alerts, known, now)
	if err := errors.Join(c.env.Ledger.PutNotices(ctx, fresh), c.env.Ledger.Needless(ctx, needless)); err != nil {
		return err
	}
	waiting, err := c.env.Ledger.WaitingNotices(ctx, c.cfg.Name)
	if err != nil || len(waiting) == 0 {
		return err
	}
	byID := map[int64]*ledger.Alert{}
	for i := range alerts {
		byID[alerts[i].ID] = &alerts[i]
	}
	return c.send(ctx, waiting, byID, now)
}

// plan says what is to be said of alerts beside what is known.
func (c *channel) plan(alerts []ledger.Alert, known []ledger.Notice, now time.Time) (fresh []ledger.Notice, needless []int64) {
	by := map[int64][]ledger.Notice{}
	summaries := map[string]bool{}
	for _, n := range known {
		by[n.AlertID] = append(by[n.AlertID], n)
		if n.AlertID == 0 {
			summaries[n.Slot] = true
		}
	}
	say := func(id int64, slot string) {
		fresh = append(fresh, ledger.Notice{Channel: c.cfg.Name, AlertID: id, Slot: slot, Due: now})
	}
	for i := range alerts {
		a := &alerts[i]
		if !c.wanted(a) {
			continue
		}
		var last time.Time // when it was told last
		again := 0
		open := []int64{} // told of it that waits, and that its end makes needless
		for _, n := range by[a.ID] {
			if n.Sent.After(last) {
				last = n.Sent
			}
			if strings.HasPrefix(n.Slot, "again") {
				again++
			}
			if n.State == ledger.NoticeWaiting && n.Slot != "ended" {
				open = append(open, n.ID)
			}
		}
		switch told := !last.IsZero(); {
		case !a.Ended.IsZero():
			needless = append(needless, open...)
			if told && c.cfg.Ended {
				say(a.ID, "ended")
			}
		case len(by[a.ID]) == 0:
			say(a.ID, "began")
		case told && a.Stepped.After(last):
			say(a.ID, fmt.Sprintf("step %d", a.Step))
		case told && c.repeat() > 0 && len(open) == 0 && !now.Before(last.Add(c.repeat())):
			say(a.ID, fmt.Sprintf("again %d", again+1))
		}
	}
	local := now.In(c.cfg.Location)
	if day := local.Format(time.DateOnly); c.cfg.Summary != nil && !summaries[day] && !local.Before(c.cfg.Summary.On(local)) {
		say(0, day)
	}
	return fresh, needless
}

func (c *channel) repeat() time.Duration { return c.env.Workspace.Settings.Alerts.Repeat.Std() }

// wanted reports whether the channel tells of an alert. A channel that fails does
// not tell of itself.
func (c *channel) wanted(a *ledger.Alert) bool {
	if a.Kind == order.AlertNotices && a.Subject == c.cfg.Name {
		return false
	}
	return c.cfg.Least != "red" || a.Kind.Info().Red
}

// send sends what is due, as few messages as hold it.
func (c *channel) send(ctx context.Context, waiting []ledger.Notice, alerts map[int64]*ledger.Alert, now time.Time) error {
	var due []ledger.Notice
	quiet := c.cfg.QuietHours.Covers(now.In(c.cfg.Location))
	for _, n := range waiting {
		a := alerts[n.AlertID]
		c.rep.Waiting++
		if n.Tries > c.tries {
			c.tries, c.last = n.Tries, n.Error
		}
		switch {
		case n.AlertID != 0 && a == nil: // ended too long ago
			c.rep.Waiting--
			if err := c.env.Ledger.Needless(ctx, []int64{n.ID}); err != nil {
				return err
			}
		case n.Due.After(now):
		case quiet && !(a != nil && a.Kind.Info().Red && a.Ended.IsZero() && c.cfg.QuietHours.ExceptRed):
		default:
			due = append(due, n)
		}
	}
	for part := range slices.Chunk(due, most) {
		ids := make([]int64, len(part))
		tries := int64(0)
		for i, n := range part {
			ids[i], tries = n.ID, max(tries, n.Tries)
		}
		m, err := c.message(ctx, part, alerts, now)
		if err != nil {
			return err
		}
		if err := c.out(ctx, m); err != nil {
			if ctx.Err() != nil {
				return ctx.Err() // stopped, not failed
			}
			c.last = c.env.Secrets.Redact(err.Error())
			c.tries = max(c.tries, tries+1)
			c.rep.Errors = append(c.rep.Errors, c.cfg.Name+": "+c.last)
			return c.env.Ledger.NotNoticed(ctx, ids, c.last, now.Add(wait(tries)))
		}
		c.tries, c.last = 0, ""
		c.rep.Sent += int64(len(ids))
		c.rep.Waiting -= int64(len(ids))
		if err := c.env.Ledger.Noticed(ctx, ids, now); err != nil {
			return err
		}
	}
	return nil
}

// wait is the pause after so many failures before this one.
func wait(tries int64) time.Duration {
	return min(time.Minute<<min(tries, 10), time.Hour)
}

// out sends one message.
func (c *channel) out(ctx context.Context, m *message.Message) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if c.cfg.Webhook != nil {
		return c.post(ctx, m)
	}
	return c.mail(ctx, m)
}

const timeout = 20 * time.Second

// message puts notices into words.
func (c *channel) message(ctx context.Context, ns []ledger.Notice, alerts map[int64]*ledger.Alert, now time.Time) (*message.Message, error) {
	m := &message.Message{ID: fmt.Sprintf("%s-%d", c.cfg.Name, ns[0].ID), Lang: c.cfg.Language, At: now.In(c.cfg.Location).Format(time.RFC3339)}
	at := func(t time.Time) string { return t.In(c.cfg.Location).Format("2006-01-02 15:04") }
	rank := 0
	levels := []string{"summary", "ended", "warning", "red"}
	for _, n := range ns {
		if n.AlertID == 0 {
			lines, err := c.summary(ctx, n.Slot)
			if err != nil {
				return nil, err
			}
			m.Lines = append(m.Lines, lines...)
			continue
		}
		a := alerts[n.AlertID]
		info := a.Kind.Info()
		i := message.Item{
			Kind: string(a.Kind), Class: string(info.Class), Level: "warning", Target: a.Target, Subject: a.Subject, Who: string(info.Who), Since: at(a.Since),
			Text: c.env.Secrets.Redact(phrase.Alert(c.cfg.Language, a.Kind, a.Target, a.Subject, a.Args...)), Do: info.Do[c.cfg.Language],
		}
		if i.Do == "" {
			i.Do = info.Do["en"]
		}
		if info.Red {
			i.Level = "red"
		}
		i.Why, _, _ = strings.Cut(n.Slot, " ")
		if i.Why == "step" {
			i.Why = "changed"
		}
		if i.Why == "ended" {
			i.Level, i.Ended = "ended", at(a.Ended)
		}
		rank = max(rank, slices.Index(levels, i.Level))
		m.Items = append(m.Items, i)
	}
	m.Level = levels[rank]
	w := wordsOf(c.cfg.Language)
	m.Title = fmt.Sprintf(w.title, len(m.Items))
	if len(m.Items) == 1 {
		m.Title = w.one
	}
	if len(m.Items) == 0 {
		m.Title = w.summary
	}
	m.Finish()
	return m, nil
}
