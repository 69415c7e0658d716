// Package standing says of an account what people ask first: when orders came last,
// when they come next, and how long its keys work. It asks no mall.
package standing

import (
	"context"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/connectors/malls"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/login"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

// A Fetch is when an account's orders came and come.
type Fetch struct {
	Last time.Time // when orders, or a sheet, came last; zero if never
	// Off: nothing is fetched. Due is when an API is asked next by serve; zero for now,
	// or with a Schedule, which is that of the watch folder: "every 5m", "0 9 * * *".
	Off      bool
	Due      time.Time
	Schedule string
}

// Next writes when orders come next: a moment in a zone, "now", or the schedule of the
// watch folder. It is empty if nothing is fetched.
func (f Fetch) Next(zone *time.Location) string {
	switch {
	case f.Off:
		return ""
	case f.Schedule != "":
		return f.Schedule
	case f.Due.IsZero():
		return "now"
	}
	return f.Due.In(zone).Format("2006-01-02 15:04")
}

// Fetches finds out when the orders of an account came last and come next.
func Fetches(ctx context.Context, env *stage.Env, x *configs.Account) (Fetch, error) {
	var f Fetch
	files, err := env.Ledger.Files(ctx, "", x.Name, 1)
	if err != nil {
		return f, err
	}
	if len(files) > 0 {
		f.Last = files[0].ReceivedAt
	}
	if x.UsesAPI() {
		id, _, err := env.Ledger.Account(ctx, x.Name, env.Now())
		if err != nil {
			return f, err
		}
		_, read, err := env.Ledger.ReadUntil(ctx, id, "orders")
		if err != nil {
			return f, err
		}
		if read.After(f.Last) {
			f.Last = read
		}
	}
	switch {
	case !x.Enabled || !x.AutoOrderIntake || x.Schedules.Extract.Off:
		f.Off = true
	case x.UsesAPI():
		pace := x.API.Every.Std()
		if spec, ok := malls.Lookup(x.Mall); ok && pace == 0 {
			pace = time.Duration(spec.About().Pace.Orders)
		}
		if next := f.Last.Add(pace); next.After(env.Now()) {
			f.Due = next
		}
	default:
		f.Schedule = "every " + x.Schedules.Extract.String()
		if x.Schedules.Extract.Cron != "" {
			f.Schedule = x.Schedules.Extract.String()
		}
	}
	return f, nil
}

// A Key is how long the keys of an account work.
type Key struct {
	Known bool
	Ends  time.Time
	Days  int // left; negative once they ended
}

// Keys says how long the keys work, as far as the account's file or an alert says.
func Keys(ctx context.Context, env *stage.Env, x *configs.Account) (Key, error) {
	if !x.UsesAPI() {
		return Key{}, nil
	}
	if x.API.KeyEnds != "" {
		return KeyOf(x, nil, env.Now()), nil
	}
	open, err := env.Ledger.Alerts(ctx, ledger.AlertList{Kind: order.AlertKeyEnds, Target: x.Name})
	if err != nil || len(open) == 0 {
		return Key{}, err
	}
	return KeyOf(x, &open[0], env.Now()), nil
}

// KeyOf says how long the keys of an account work, by its file, or by the open alert
// of their end; nil if there is none.
func KeyOf(x *configs.Account, ends *ledger.Alert, now time.Time) Key {
	if !x.UsesAPI() {
		return Key{}
	}
	last := x.API.KeyEnds
	if last == "" && ends != nil && len(ends.Args) > 1 {
		last = order.Date(ends.Args[1])
	}
	day, ok := last.Time(x.Location)
	if !ok {
		return Key{}
	}
	k := Key{Known: true, Ends: day.AddDate(0, 0, 1).Add(-time.Second)}
	k.Days = login.Keys{Ends: k.Ends}.Left(now)
	return k
}
