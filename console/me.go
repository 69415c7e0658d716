package console

import (
	"path/filepath"
	"time"

	"github.com/alexedwards/argon2id"

	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
)

type meData struct {
	Factor  ledger.SecondFactor
	Address string // for an authenticator app, while the factor is not confirmed
	Min     int
}

// me is the page of one's own password and second factor.
func (c *Console) me(q *request) (string, any, error) {
	d, err := c.ownFactor(q)
	return "me", d, err
}

func (c *Console) ownFactor(q *request) (meData, error) {
	f, err := q.env.Ledger.SecondFactor(q.Context(), q.user.Name)
	d := meData{Factor: f, Min: minPassword}
	if f.Secret != "" && !f.Confirmed {
		d.Address = setupAddress(q.user.Name, filepath.Base(q.env.Workspace.Dir), f.Secret)
	} else {
		d.Factor.Secret = "" // it is shown once
	}
	return d, err
}

// ownPassword asks for the person's password again before something grave.
func (c *Console) ownPassword(q *request) error {
	if !c.tries.take(q.env.Now(), "name "+q.user.Name, "from "+hostOf(q)) {
		return order.Errorf(order.Denied, "wait a minute", "too many attempts")
	}
	password := q.FormValue("password")
	right, err := argon2id.ComparePasswordAndHash(password[:min(len(password), maxPassword+1)], q.user.Hash)
	if err == nil && !right {
		err = order.Errorf(order.Denied, "type the password with which you sign in", "the password is wrong")
	}
	return err
}

// newPassword changes one's own password: every other session ends.
func (c *Console) newPassword(q *request) (string, error) {
	if err := c.ownPassword(q); err != nil {
		return "", err
	}
	password := q.FormValue("new")
	if wrong := unfit(q.lang, q.user.Name, password, q.FormValue("again")); wrong != "" {
		return "", order.Errorf(order.Invalid, "", "%s", wrong)
	}
	hash, err := argon2id.CreateHash(password, passwords)
	if err != nil {
		return "", err
	}
	now := q.env.Now()
	token, err := q.env.Ledger.Invite(q.Context(), q.user.Name, q.user.Role, now.Add(inviteLife), q.user.Name, now)
	if err == nil {
		err = q.env.Ledger.SetPassword(q.Context(), token, hash, now)
	}
	if err != nil {
		return "", err
	}
	q.user.Hash = hash
	c.tell(q, "your password is changed; your other sessions have ended")
	return "/me", c.begin(q, q.user)
}

// makeFactor makes a secret, which counts once a code of it was shown.
func (c *Console) makeFactor(q *request) (string, error) {
	f, err := q.env.Ledger.SecondFactor(q.Context(), q.user.Name)
	if err != nil {
		return "", err
	}
	if f.Confirmed {
		return "", order.Errorf(order.Conflict, "remove it first", "there is a second factor already")
	}
	if err := c.ownPassword(q); err != nil {
		return "", err
	}
	return "/me", q.env.Ledger.SetSecondFactor(q.Context(), q.user.Name, ledger.SecondFactor{Secret: newSecret()}, q.user.Name, q.env.Now())
}

// confirmFactor takes the first code of a new secret.
func (c *Console) confirmFactor(q *request) (string, error) {
	f, err := q.env.Ledger.SecondFactor(q.Context(), q.user.Name)
	if err != nil {
		return "", err
	}
	step, ok := stepOf(f.Secret, q.FormValue("code"), q.env.Now())
	if !ok || f.Confirmed {
		return "", order.Errorf(order.Invalid, "look at the app again; its clock must be right", "this is not the code")
	}
	f.Confirmed, f.Last = true, step
	if err := q.env.Ledger.SetSecondFactor(q.Context(), q.user.Name, f, q.user.Name, q.env.Now()); err != nil {
		return "", err
	}
	c.tell(q, "from now on a code is asked for when you sign in")
	return "/me", nil
}

// dropFactor removes one's own second factor.
func (c *Console) dropFactor(q *request) (string, error) {
	if err := c.ownPassword(q); err != nil {
		return "", err
	}
	return "/me", q.env.Ledger.SetSecondFactor(q.Context(), q.user.Name, ledger.SecondFactor{}, q.user.Name, q.env.Now())
}

// dropFactorOf removes the second factor of somebody who has lost it.
func (c *Console) dropFactorOf(q *request) (string, error) {
	u, err := q.env.Ledger.User(q.Context(), q.PathValue("name"))
	if err != nil {
		return "", err
	}
	return "/users", q.env.Ledger.SetSecondFactor(q.Context(), u.Name, ledger.SecondFactor{}, q.user.Name, q.env.Now())
}

type codeData struct{ Wrong, Back string }

// codePage asks for the code of a person whose password was right.
func (c *Console) codePage(q *request) (string, any, error) {
	if _, ok := c.half(q); !ok {
		return "", nil, order.Errorf(order.NotFound, "sign in again", "nobody is about to sign in")
	}
	return "code", codeData{c.sessions.PopString(q.Context(), "wrong"), back(q)}, nil
}

// half is the person whose password was right a moment ago.
func (c *Console) half(q *request) (name string, ok bool) {
	name = c.sessions.GetString(q.Context(), sessionHalf)
	return name, name != "" && q.env.Now().Sub(time.Unix(c.sessions.GetInt64(q.Context(), sessionHalfAt), 0)) < halfLife
}

// signInCode lets in whose password and code were right.
func (c *Console) signInCode(q *request) (string, error) {
	name, ok := c.half(q)
	if !ok {
		return "/sign-in", nil
	}
	again := query("/sign-in/code", "back", back(q))
	if !c.tries.take(q.env.Now(), "code "+name, "from "+hostOf(q)) {
		c.sessions.Put(q.Context(), "wrong", say(q.lang, "too many attempts; wait a minute"))
		return again, nil
	}
	u, err := q.env.Ledger.User(q.Context(), name)
	if err != nil {
		return "", err
	}
	f, err := q.env.Ledger.SecondFactor(q.Context(), name)
	if err != nil {
		return "", err
	}
	step, right := stepOf(f.Secret, q.FormValue("code"), q.env.Now())
	if right {
		if right, err = q.env.Ledger.TakeCode(q.Context(), name, step); err != nil {
			return "", err
		}
	}
	if !right || u.Disabled || u.Hash != c.sessions.GetString(q.Context(), sessionHalfHash) {
		c.sessions.Put(q.Context(), "wrong", say(q.lang, "the code is wrong, or was used already"))
		return again, nil
	}
	return back(q), c.begin(q, u)
}
