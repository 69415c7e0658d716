package login

import (
	"context"
	"fmt"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

// Sources of the last day of keys.
const (
	Asked    = "asked"    // the mall said it
	Computed = "computed" // from the day of issue that the account states
	Typed    = "typed"    // api.key_ends
)

// Keys is the calendar of an account's keys.
type Keys struct {
	Ends    time.Time `json:"ends,omitzero"`    // the last instant at which they work; zero if nobody knows
	Source  string    `json:"source,omitempty"` // of Ends
	Reissue time.Time `json:"reissue,omitzero"` // from then on the mall issues new ones; zero if it always does
	Warn    int       `json:"-"`                // from how many days before the end people are told
}

// Left is how many days the keys will work, rounded down; negative once they ended.
func (k Keys) Left(now time.Time) int {
	left := k.Ends.Sub(now)
	if left < 0 {
		return -int((-left + 24*time.Hour - 1) / (24 * time.Hour))
	}
	return int(left / (24 * time.Hour))
}

// Calendar finds out when the keys of an account end. It may ask the mall. A day that
// the account's file states counts before all else.
func Calendar(ctx context.Context, env *stage.Env, a *configs.Account) (Keys, error) {
	m, err := env.Malls.Open(env, a)
	if err != nil {
		return Keys{}, err
	}
	k := Keys{Source: Typed}
	if a.API.KeyEnds != "" {
		day, ok := a.API.KeyEnds.Time(a.Location)
		if !ok {
			return Keys{}, fmt.Errorf("api.key_ends: %q is no day", a.API.KeyEnds)
		}
		k.Ends = day.AddDate(0, 0, 1).Add(-time.Second)
	} else {
		if k.Ends, err = m.Expires(ctx); err != nil {
			return Keys{}, err
		}
		if k.Source = m.About().Keys.Ends; k.Source == "" {
			k.Source = Asked
		}
	}
	if k.Ends.IsZero() {
		return Keys{}, nil
	}
	k.Warn = int(time.Duration(m.About().Keys.Warn).Hours() / 24)
	if r := time.Duration(m.About().Keys.Reissue); r > 0 {
		k.Reissue = k.Ends.Add(-r)
	}
	return k, nil
}
