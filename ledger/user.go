package ledger

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/order"
)

// The roles of users. Each may do what those before it may.
const (
	Viewer   = "viewer"   // reads
	Operator = "operator" // uploads, holds, releases, approves
	Admin    = "admin"    // users too
)

// A User may use the console.
type User struct {
	Name      string    `json:"name"`
	Hash      string    `json:"-"` // argon2id; empty until a password was chosen
	Role      string    `json:"role"`
	Disabled  bool      `json:"disabled"`
	CreatedAt time.Time `json:"created_at"`
	SeenAt    time.Time `json:"seen_at,omitzero"` // last sign-in
}

// Users lists the users by name.
func (l *Ledger) Users(ctx context.Context) ([]User, error) {
	return l.users(ctx, `ORDER BY name`)
}

// User returns the user of that name; the error's code is not found if there is
// none.
func (l *Ledger) User(ctx context.Context, name string) (User, error) {
	us, err := l.users(ctx, `WHERE name = $1`, name)
	if err == nil && len(us) == 0 {
		err = order.Errorf(order.NotFound, "", "no user %s", name)
	}
	if err != nil {
		return User{}, err
	}
	return us[0], nil
}

func (l *Ledger) users(ctx context.Context, where string, args ...any) ([]User, error) {
	rows, err := l.r.QueryContext(ctx, `SELECT name, hash, role, disabled, created_at, seen_at FROM users `+where, args...)
	if err != nil {
		return nil, explain("read users", err)
	}
	defer rows.Close()
	var out []User
	for rows.Next() {
		var u User
		var disabled, created, seen int64
		if err := rows.Scan(&u.Name, &u.Hash, &u.Role, &disabled, &created, &seen); err != nil {
			return nil, explain("read users", err)
		}
		u.Disabled, u.CreatedAt, u.SeenAt = disabled != 0, timeOf(created), timeOf(seen)
		out = append(out, u)
	}
	return out, explain("read users", rows.Err())
}

// Invite adds a user, or one who shall choose a new password, and returns the
// token of the link by which that is done, once, until the end given. Earlier links
// of the user end.
func (l *Ledger) Invite(ctx context.Context, name, role string, until time.Time, actor string, now time.Time) (token string, err error) {
	token = rand.Text()
	err = l.write(ctx, "invite "+name, func(t tx) error {
		if _, err := t.exec(ctx, `INSERT INTO users (name, hash, role, disabled, created_at, seen_at) VALUES ($1, '', $2, 0, $3, 0)
			ON CONFLICT (name) DO UPDATE SET role = excluded.role, disabled = 0`, name, role, instant(now)); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `DELETE FROM invitations WHERE user_name = $1 OR expires_at <= $2`, name, instant(now)); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `INSERT INTO invitations (token, user_name, expires_at) VALUES ($1, $2, $3)`, hashed(token), name, instant(until)); err != nil {
			return err
		}
		return t.event(ctx, Event{Kind: "user.invited", Detail: name + " as " + role, Actor: actor}, now)
	})
	return token, err
}

// Invited returns the user whose link has this token; the error's code is not found
// if there is none or it has ended.
func (l *Ledger) Invited(ctx context.Context, token string, now time.Time) (User, error) {
	us, err := l.users(ctx, `WHERE disabled = 0 AND name IN (SELECT user_name FROM invitations WHERE token = $1 AND expires_at > $2)`, hashed(token), instant(now))
	if err == nil && len(us) == 0 {
		err = order.Errorf(order.NotFound, "ask for a new link", "the link was used or has ended")
	}
	if err != nil {
		return User{}, err
	}
	return us[0], nil
}

// SetPassword ends an invitation by the hash of the password that was chosen, and
// with it every session of before.
func (l *Ledger) SetPassword(ctx context.Context, token, hash string, now time.Time) error {
	return l.write(ctx, "set password", func(t tx) error {
		var name string
		err := t.QueryRowContext(ctx, `SELECT user_name FROM invitations WHERE token = $1 AND expires_at > $2`, hashed(token), instant(now)).Scan(&name)
		if err == sql.ErrNoRows {
			return order.Errorf(order.NotFound, "ask for a new link", "the link was used or has ended")
		}
		if err != nil {
			return err
		}
		if _, err := t.exec(ctx, `DELETE FROM invitations WHERE user_name = $1`, name); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `UPDATE users SET hash = $2 WHERE name = $1`, name, hash); err != nil {
			return err
		}
		return t.event(ctx, Event{Kind: "user.password", Detail: name, Actor: name}, now)
	})
}

// Disable shuts a user out, or lets one in again.
func (l *Ledger) Disable(ctx context.Context, name string, disabled bool, actor string, now time.Time) error {
	return l.write(ctx, "disable "+name, func(t tx) error {
		n, err := t.exec(ctx, `UPDATE users SET disabled = $2 WHERE name = $1 AND disabled <> $2`, name, bit(disabled))
		if err != nil || n == 0 {
			return err
		}
		kind := "user.enabled"
		if disabled {
			kind = "user.disabled"
		}
		return t.event(ctx, Event{Kind: kind, Detail: name, Actor: actor}, now)
	})
}

// SignedIn records that a user signed in.
func (l *Ledger) SignedIn(ctx context.Context, name string, now time.Time) error {
	return l.write(ctx, "sign in "+name, func(t tx) error {
		if _, err := t.exec(ctx, `UPDATE users SET seen_at = $2 WHERE name = $1`, name, instant(now)); err != nil {
			return err
		}
		return t.event(ctx, Event{Kind: "user.signed_in", Detail: name, Actor: name}, now)
	})
}

// hashed is how tokens are kept: whoever reads the ledger cannot use them.
func hashed(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// PutSession keeps a session's data until it ends. token is kept as it is.
func (l *Ledger) PutSession(ctx context.Context, token string, data []byte, until time.Time) error {
	return l.write(ctx, "keep session", func(t tx) error {
		_, err := t.exec(ctx, `INSERT INTO sessions (token, data, expires_at) VALUES ($1, $2, $3)
			ON CONFLICT (token) DO UPDATE SET data = excluded.data, expires_at = excluded.expires_at`, token, data, instant(until))
		return err
	})
}

// Session returns the data of a session that has not ended.
func (l *Ledger) Session(ctx context.Context, token string, now time.Time) (data []byte, found bool, err error) {
	err = l.r.QueryRowContext(ctx, `SELECT data FROM sessions WHERE token = $1 AND expires_at > $2`, token, instant(now)).Scan(&data)
	if err == sql.ErrNoRows {
		return nil, false, nil
	}
	return data, err == nil, explain("read session", err)
}

// DropSession ends a session, and forgets those that have ended.
func (l *Ledger) DropSession(ctx context.Context, token string, now time.Time) error {
	return l.write(ctx, "end session", func(t tx) error {
		_, err := t.exec(ctx, `DELETE FROM sessions WHERE token = $1 OR expires_at <= $2`, token, instant(now))
		return err
	})
}

// Acts lists what people did, newest first.
func (l *Ledger) Acts(ctx context.Context, limit int) ([]Event, error) {
	rows, err := l.r.QueryContext(ctx, `SELECT id, at, kind, order_id, instruction_id, batch_id, file_id, reason, detail, actor FROM events
		WHERE actor <> '' ORDER BY id DESC LIMIT $1`, limit)
	return scanEvents(rows, err)
}

// ActList chooses acts. Zero fields do not filter.
type ActList struct {
	Who   string    // part of the person's name
	Kind  string    // what it is about: the part of the kind before the dot
	From  time.Time // done then or later
	To    time.Time // done before
	Limit int
}

// An Act is what a person did, and to which order or file.
type Act struct {
	Event
	Account, Number  string // of the order
	Warehouse, Batch string
}

// ActsOf lists what people did, newest first.
func (l *Ledger) ActsOf(ctx context.Context, q ActList) ([]Act, error) {
	to := instant(q.To)
	if q.To.IsZero() {
		to = 1 << 62
	}
	kind := ""
	if q.Kind != "" {
		kind = plain.Replace(q.Kind) + ".%"
	}
	rows, err := l.r.QueryContext(ctx, `SELECT e.id, e.at, e.kind, e.order_id, e.instruction_id, e.batch_id, e.file_id, e.reason, e.detail, e.actor,
		COALESCE(a.name, ''), COALESCE(o.number, ''), COALESCE(w.name, ''), COALESCE(b.number, '') FROM events e
		LEFT JOIN orders o ON o.id = e.order_id LEFT JOIN accounts a ON a.id = o.account_id LEFT JOIN batches b ON b.id = e.batch_id LEFT JOIN warehouses w ON w.id = b.warehouse_id
		WHERE e.actor <> '' AND e.at >= $1 AND e.at < $2 AND lower(e.actor) LIKE $3 ESCAPE '!' AND ($4 = '' OR e.kind LIKE $4 ESCAPE '!') ORDER BY e.id DESC LIMIT $5`,
		instant(q.From), to, "%"+plain.Replace(strings.ToLower(q.Who))+"%", kind, q.Limit)
	if err != nil {
		return nil, explain("read acts", err)
	}
	defer rows.Close()
	var out []Act
	for rows.Next() {
		var x Act
		var at int64
		if err := rows.Scan(&x.ID, &at, &x.Kind, &x.OrderID, &x.InstructionID, &x.BatchID, &x.FileID, &x.Reason, &x.Detail, &x.Actor, &x.Account, &x.Number, &x.Warehouse, &x.Batch); err != nil {
			return nil, explain("read acts", err)
		}
		x.At = timeOf(at)
		out = append(out, x)
	}
	return out, explain("read acts", rows.Err())
}

// plain takes their meaning from the signs of LIKE.
var plain = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")
