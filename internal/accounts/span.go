package accounts

import (
	"context"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/connectors/malls"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

// longestSpan bounds what a person may ask for at once: it is read in one run.
const longestSpan = 31 * 24 * time.Hour

// AskSpan has the orders of an account between two moments read again by its next
// extract. What lies in the future is left out; what the mall no longer tells of is
// refused.
func AskSpan(ctx context.Context, env *stage.Env, a *configs.Account, from, to time.Time, actor string) error {
	if !a.UsesAPI() || !a.Enabled {
		return order.Errorf(order.Invalid, "only what comes by API is read by spans of time", "%s is no enabled account that is asked by API", a.Name)
	}
	now := env.Now()
	if to.After(now) {
		to = now
	}
	if !from.Before(to) || to.Sub(from) > longestSpan {
		return order.Errorf(order.Invalid, "31 days at most, of the past", "the span must end after it begins")
	}
	if spec, ok := malls.Lookup(a.Mall); ok {
		if back := time.Duration(spec.About().Window.LookBack); back > 0 && to.Before(now.Add(-back)) {
			return order.Errorf(order.Invalid, "take the sheet from the mall's back office and give it to ingest, or upload it", "the mall tells of the last %d days only", int(back.Hours())/24)
		}
	}
	id, _, err := env.Ledger.Account(ctx, a.Name, now)
	if err != nil {
		return err
	}
	return env.Ledger.AskSpan(ctx, id, a.Name, ledger.Span{From: from.UTC(), To: to.UTC(), Actor: actor, At: now})
}

// ParseMoment reads a moment with its zone (RFC 3339), or a day and time of day in a
// zone: 2026-11-30T09:00 or 2026-11-30 09:00.
func ParseMoment(text string, zone *time.Location) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t.UTC(), nil
	}
	t, err := time.ParseInLocation("2006-01-02T15:04", strings.Replace(text, " ", "T", 1), zone)
	if err != nil {
		return t, order.Errorf(order.Invalid, "write it as 2026-11-30T09:00", "%q is no time", text)
	}
	return t.UTC(), nil
}
