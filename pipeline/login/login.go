// Package login keeps in mind which accounts their malls do not let in, so that a
// refused key stops one account and nothing hammers its mall.
//
// A refusal opens an alert. While it is open nothing is asked for the account but
// once an hour; its windows stay open and are read when the mall lets it in again.
// The alert ends when the account's keys were changed, when account test passes, or
// when one of the hourly tries gets through.
package login

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

// retry is how long nothing is asked after a refusal.
const retry = time.Hour

// For returns the Env with which a stage runs for an account: one that opens no mall
// if the mall refuses the account, or one that uses its next keys.
func For(ctx context.Context, env *stage.Env, a *configs.Account, stageName string) (*stage.Env, error) {
	if !a.UsesAPI() || env.Malls == nil {
		return env, nil
	}
	open, err := env.Ledger.Alerts(ctx, ledger.AlertList{Target: a.Name})
	if err != nil {
		return nil, err
	}
	e := *env
	now := env.Now()
	for i := range open {
		x := &open[i]
		switch x.Kind {
		case order.AlertNextKey:
			if len(a.API.Next) > 0 && x.Step == mark(env, a) {
				e.NextKeys = true
				continue
			}
		case order.AlertReauth:
			if x.Step == mark(env, a) {
				e.Refused = e.Refused || (x.Subject == "" || x.Subject == stageName) && now.Sub(x.Seen) < retry
				continue
			}
		default:
			continue
		}
		if err := env.Ledger.EndAlert(ctx, x.Kind, a.Name, x.Subject, now); err != nil {
			return nil, err
		}
	}
	return &e, nil
}

// Refused looks for a refusal of the login in err and remembers it. env is what
// [For] returned. known tells that err is nothing but refusals, so that the run did
// not fail: it waits for a person.
func Refused(ctx context.Context, env *stage.Env, a *configs.Account, stageName string, err error) (known bool, e error) {
	refusals, others := sort(err)
	if len(refusals) == 0 || env.Ledger == nil {
		return err != nil && !others, nil
	}
	why := refusals[0]
	x := ledger.Alert{Kind: order.AlertReauth, Target: a.Name, Step: mark(env, a), Args: []string{why.Error()}}
	switch {
	case why.Cause == connectors.CauseFunction:
		x.Subject = stageName
	case why.Cause == connectors.CauseKey && len(a.API.Next) > 0 && !env.NextKeys:
		x.Kind, x.Args = order.AlertNextKey, nil
	case env.NextKeys:
		if err := env.Ledger.EndAlert(ctx, order.AlertNextKey, a.Name, "", env.Now()); err != nil {
			return false, err
		}
	}
	_, e = env.Ledger.Raise(ctx, env.Now(), x)
	return !others, e
}

// Works remembers that the mall lets the account in: with its own keys, or, if next
// is set, with the next ones only.
func Works(ctx context.Context, env *stage.Env, a *configs.Account, next bool) error {
	open, err := env.Ledger.Alerts(ctx, ledger.AlertList{Target: a.Name})
	if err != nil {
		return err
	}
	for _, x := range open {
		if x.Kind == order.AlertReauth || x.Kind == order.AlertNextKey && !next {
			if err := env.Ledger.EndAlert(ctx, x.Kind, a.Name, x.Subject, env.Now()); err != nil {
				return err
			}
		}
	}
	if next {
		_, err = env.Ledger.Raise(ctx, env.Now(), ledger.Alert{Kind: order.AlertNextKey, Target: a.Name, Step: mark(env, a)})
	}
	return err
}

// sort finds the refusals of the login in a tree of errors. others tells that
// something else is in it too.
func sort(err error) (refusals []*connectors.Error, others bool) {
	if err == nil || errors.Is(err, stage.ErrRefused) && !several(err) {
		return nil, false
	}
	if known, ok := err.(*connectors.Error); ok {
		if known.Class == connectors.Reauth {
			return []*connectors.Error{known}, false
		}
		return nil, true
	}
	switch w := err.(type) {
	case interface{ Unwrap() []error }:
		for _, e := range w.Unwrap() {
			r, o := sort(e)
			refusals, others = append(refusals, r...), others || o
		}
		return refusals, others
	case interface{ Unwrap() error }:
		if e := w.Unwrap(); e != nil {
			return sort(e)
		}
	}
	return nil, true
}

func several(err error) bool {
	for err != nil {
		if _, ok := err.(interface{ Unwrap() []error }); ok {
			return true
		}
		err = errors.Unwrap(err)
	}
	return false
}

// mark tells whether keys are still those that were refused. It keeps 16 bits of
// their hash, which tell nobody what they are: should new ones have the same, account
// test ends the alert.
func mark(env *stage.Env, a *configs.Account) int64 {
	h := sha256.New()
	for _, set := range []map[string]string{refs(a.API.Secrets), refs(a.API.Next), a.API.Settings} {
		for _, name := range slices.Sorted(maps.Keys(set)) {
			fmt.Fprintf(h, "%q %q\n", name, set[name])
		}
	}
	for _, ref := range slices.Sorted(maps.Values(a.API.Secrets)) {
		v, err := env.Secrets.Resolve(ref)
		fmt.Fprintf(h, "%q %v\n", v.Reveal(), err != nil)
	}
	for _, ref := range slices.Sorted(maps.Values(a.API.Next)) {
		v, err := env.Secrets.Resolve(ref)
		fmt.Fprintf(h, "%q %v\n", v.Reveal(), err != nil)
	}
	return int64(binary.BigEndian.Uint16(h.Sum(nil))) + 1
}

func refs[T ~string](m map[string]T) map[string]string {
	out := make(map[string]string, len(m))
	for k, v := range m {
		out[k] = string(v)
	}
	return out
}
