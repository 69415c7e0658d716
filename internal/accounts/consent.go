package accounts

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/malls"
	"github.com/mallbridge/mallbridge/internal/secrets"
	"github.com/mallbridge/mallbridge/order"
)

// DefaultBack is where the browser comes back to if nobody says otherwise. Nothing need
// be there: the address is pasted.
const DefaultBack = "http://localhost:8765/"

// A Consenter is what a consent needs of a [connectors.Mall].
type Consenter interface {
	Consent(back, state string) (string, error)
	Redeem(ctx context.Context, back string, answer url.Values) (connectors.Grant, error)
}

// NewState is by what the answer to a consent is known again. Nobody can guess it.
func NewState() string {
	random := make([]byte, 24)
	_, _ = rand.Read(random) // never fails
	return base64.RawURLEncoding.EncodeToString(random)
}

// Answer reads what a person pasted: the address to which the browser was sent, or its
// query, whose state must be ours; or the code alone.
func Answer(text, state string) (url.Values, error) {
	const hint = "copy the whole address out of the browser, from https:// on"
	text = strings.TrimSpace(text)
	query := text
	switch at := strings.IndexByte(text, '?'); {
	case at >= 0:
		query, _, _ = strings.Cut(text[at+1:], "#")
	case text == "" || strings.ContainsAny(text, " \t") || strings.Contains(text, "://"):
		return nil, order.Errorf(order.Invalid, hint, "there is no code in what was pasted")
	case !strings.Contains(text, "="):
		return url.Values{"code": {text}, "state": {state}}, nil
	}
	answer, err := url.ParseQuery(query)
	if err != nil {
		return nil, order.Errorf(order.Invalid, hint, "there is no code in what was pasted")
	}
	return answer, CheckState(answer, state)
}

// CheckState finds the answer to another consent.
func CheckState(answer url.Values, state string) error {
	if state == "" || answer.Get("state") != state {
		return order.Errorf(order.Invalid, "open the newest address, and give what comes of it", "this is the answer to another consent: its state differs")
	}
	return nil
}

// CanKeep tells beforehand whether what the shop's consent gives can be kept where the
// account says: a code works once, so that it would be lost. A secret in the environment
// cannot be set from here; printed says that it will be shown instead.
func CanKeep(sec *secrets.Resolver, x *configs.Account, printed bool) error {
	spec, ok := malls.Lookup(x.Mall)
	if !ok || !x.UsesAPI() {
		return nil
	}
	for _, s := range spec.About().Settings {
		ref := x.API.Secrets[s.Name]
		switch {
		case !s.Secret || !s.Granted && !s.Grantable:
		case ref.Kind() == secrets.Env && !printed:
			return order.Errorf(order.Invalid, "give --print to see what to set it to; or write file:keys/"+x.Name+"."+s.Name+" into "+x.File,
				"%s is kept in the environment variable %s, which cannot be set from here", s.Name, ref.Name())
		case ref.Kind() == secrets.Env:
		default:
			if err := sec.CanPut(ref); err != nil {
				return fmt.Errorf("%s: %w", s.Name, err)
			}
		}
	}
	return nil
}

// Redeem turns the answer with which the browser came back into what the mall grants.
// Where the mall gives nothing, whatever the cause, the code is conflict: begin again.
func Redeem(ctx context.Context, m Consenter, back string, answer url.Values) (connectors.Grant, error) {
	g, err := m.Redeem(ctx, back, answer)
	var e *connectors.Error
	if errors.As(err, &e) {
		return g, order.Errorf(order.Conflict, cmp.Or(e.Hint, "begin the consent again"), "%w", err)
	}
	return g, err
}

// A Kept is one thing that a grant gave and where it is now.
type Kept struct {
	Name string
	Ref  secrets.Ref // of a secret; of kind env it was not kept, for it cannot be set from here
	Text string      // of a setting; of a secret that was not kept
	// Key is what the account's file has to say from now on, and Value its text; empty
	// if it says that already.
	Key, Value string
}

// Keep keeps the secrets of a grant where the account says, or where secrets are kept,
// and returns what there is to write into the account's file. Secrets come first: a
// newer day of consent with an older token would promise too much.
func Keep(sec *secrets.Resolver, x *configs.Account, g connectors.Grant) ([]Kept, error) {
	var out []Kept
	for _, name := range slices.Sorted(maps.Keys(g.Secrets)) {
		k := Kept{Name: name, Ref: x.API.Secrets[name]}
		var err error
		switch k.Ref.Kind() {
		case secrets.Env:
			k.Text = g.Secrets[name]
		case "":
			k.Ref, err = sec.Store(x.Name+"."+name, g.Secrets[name])
			k.Key, k.Value = "api.secrets."+name, string(k.Ref)
		default:
			err = sec.Put(k.Ref, g.Secrets[name])
		}
		if err != nil {
			return out, fmt.Errorf("%s: %w", name, err)
		}
		out = append(out, k)
	}
	for _, name := range slices.Sorted(maps.Keys(g.Settings)) {
		out = append(out, Kept{Name: name, Text: g.Settings[name], Key: "api.settings." + name, Value: g.Settings[name]})
	}
	return out, nil
}
