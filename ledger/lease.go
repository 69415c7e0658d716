package ledger

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/mallbridge/mallbridge/order"
)

// A Lease is the right to run one stage on one target until it expires. Its
// token grows with every new owner.
type Lease struct {
	Name    string
	Owner   string
	Token   int64
	Expires time.Time
}

// ErrLost is the cause of a write that was refused because someone else has taken
// the lease since.
var ErrLost = errors.New("the lease was taken over")

func lost(name string) error {
	return order.Errorf(order.Retry, "somebody else runs this now; nothing more is written here", "lease %s: %w", name, ErrLost)
}

// patience is how long PostgreSQL lets somebody wait for a lease whose holder is
// in the middle of a write.
const patience = "2s"

// Acquire takes the lease of that name for owner until now+ttl, or renews it.
// ok is false while someone else holds it; then the lease returned is theirs.
func (l *Ledger) Acquire(ctx context.Context, name, owner string, ttl time.Duration, now time.Time) (Lease, bool, error) {
	var got Lease
	var expires int64
	err := l.write(ctx, "take lease "+name, func(t tx) error {
		if err := t.hasty(ctx); err != nil {
			return err
		}
		err := t.QueryRowContext(ctx, `INSERT INTO leases (name, owner, token, expires_at) VALUES ($1, $2, 1, $3)
			ON CONFLICT (name) DO UPDATE SET token = CASE WHEN leases.owner = excluded.owner THEN leases.token ELSE leases.token + 1 END,
			owner = excluded.owner, expires_at = excluded.expires_at WHERE leases.owner = excluded.owner OR leases.expires_at <= $4
			RETURNING name, owner, token, expires_at`,
			name, owner, instant(now.Add(ttl)), instant(now)).Scan(&got.Name, &got.Owner, &got.Token, &expires)
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		return t.QueryRowContext(ctx, `SELECT name, owner, token, expires_at FROM leases WHERE name = $1`, name).Scan(&got.Name, &got.Owner, &got.Token, &expires)
	})
	if waited(err) {
		// Its holder is writing.
		if e := l.r.QueryRowContext(ctx, `SELECT name, owner, token, expires_at FROM leases WHERE name = $1`, name).Scan(&got.Name, &got.Owner, &got.Token, &expires); e == nil {
			got.Expires = timeOf(expires)
			return got, false, nil
		}
	}
	got.Expires = timeOf(expires)
	return got, err == nil && got.Owner == owner, err
}

// waited reports whether a transaction of [tx.hasty] waited in vain.
func waited(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pg.Code == "55P03" // lock_not_available
}

// hasty makes the transaction give up soon when another one holds what it wants.
// SQLite has its busy timeout.
func (t tx) hasty(ctx context.Context) error {
	if t.dialect != "postgres" {
		return nil
	}
	_, err := t.ExecContext(ctx, `SET LOCAL lock_timeout = '`+patience+`'`)
	return err
}

// Renew makes a lease last until now+ttl. ok is false if someone else has taken it
// since it was acquired.
func (l *Ledger) Renew(ctx context.Context, lease Lease, ttl time.Duration, now time.Time) (ok bool, err error) {
	err = l.write(ctx, "renew lease "+lease.Name, func(t tx) error {
		ok, err = t.renew(ctx, lease, ttl, now)
		return err
	})
	return ok && err == nil, err
}

func (t tx) renew(ctx context.Context, lease Lease, ttl time.Duration, now time.Time) (bool, error) {
	n, err := t.exec(ctx, `UPDATE leases SET expires_at = $4 WHERE name = $1 AND owner = $2 AND token = $3`, lease.Name, lease.Owner, lease.Token, instant(now.Add(ttl)))
	return n == 1, err
}

// Drop gives a lease back. It is no error if it was lost meanwhile.
func (l *Ledger) Drop(ctx context.Context, name, owner string) error {
	return l.jot(ctx, "give back lease "+name, func(t tx) error {
		_, err := t.exec(ctx, `UPDATE leases SET expires_at = 0 WHERE name = $1 AND owner = $2`, name, owner)
		return err
	})
}

// Lives reports which owners of leases whose names begin with prefix are alive at
// now.
func (l *Ledger) Lives(ctx context.Context, prefix string, now time.Time) (map[string]bool, error) {
	rows, err := l.r.QueryContext(ctx, `SELECT owner FROM leases WHERE substr(name, 1, $1) = $2 AND expires_at > $3`, len(prefix), prefix, instant(now))
	if err != nil {
		return nil, explain("read leases", err)
	}
	owners, err := column[string](rows)
	out := make(map[string]bool, len(owners))
	for _, o := range owners {
		out[o] = true
	}
	return out, explain("read leases", err)
}

// Forget removes leases whose names begin with prefix and that ended before an
// instant. A name that is used again afterwards begins at token 1: call it for
// names that are used once.
func (l *Ledger) Forget(ctx context.Context, prefix string, before time.Time) error {
	return l.write(ctx, "forget leases", func(t tx) error {
		_, err := t.exec(ctx, `DELETE FROM leases WHERE substr(name, 1, $1) = $2 AND expires_at < $3`, len(prefix), prefix, instant(before))
		return err
	})
}

// Under returns the same ledger for the holder of a lease: each write of it looks
// in its own transaction whether the lease is still theirs, and fails with
// [ErrLost] if it is not. Whoever wants to take the lease over meanwhile waits for
// that transaction.
func (l *Ledger) Under(lease Lease) *Ledger {
	under := *l
	under.under = &lease
	return &under
}

// Bound reports whether the ledger is one of [Ledger.Under]; nil is not.
func (l *Ledger) Bound() bool { return l != nil && l.under != nil }

// holds fails if the lease is not its holder's any more, and keeps it as it is
// until the transaction ends.
func (t tx) holds(ctx context.Context, lease *Lease) error {
	if lease == nil {
		return nil
	}
	// On SQLite a transaction that writes has the database to itself.
	text := `SELECT count(*) FROM leases WHERE name = $1 AND owner = $2 AND token = $3`
	if t.dialect == "postgres" {
		text = `SELECT count(*) FROM (SELECT 1 FROM leases WHERE name = $1 AND owner = $2 AND token = $3 FOR SHARE) x`
	}
	var n int
	if err := t.QueryRowContext(ctx, text, lease.Name, lease.Owner, lease.Token).Scan(&n); err != nil {
		return err
	}
	if n == 0 {
		return lost(lease.Name)
	}
	return nil
}

// While runs f while nobody can take the lease of a ledger of [Ledger.Under] over,
// for what f changes outside of the ledger, and renews it to ttl before and
// after. On PostgreSQL the lease is locked as long as f runs; on SQLite, which is
// one machine's, it is only looked at before. f must not write to the ledger. A
// ledger without a lease just runs f.
func (l *Ledger) While(ctx context.Context, ttl time.Duration, now func() time.Time, f func(context.Context) error) error {
	if l.under == nil {
		return f(ctx)
	}
	free := *l
	free.under = nil
	if l.dialect != "postgres" {
		ok, err := free.Renew(ctx, *l.under, ttl, now())
		if err == nil && !ok {
			err = lost(l.under.Name)
		}
		if err != nil {
			return err
		}
		return f(ctx)
	}
	var did error
	err := free.write(ctx, "hold lease "+l.under.Name, func(t tx) error {
		// f may take long, and who stands still in the middle of it must stay the only
		// one: the others wait until it goes on, or its machine is gone.
		if _, err := t.ExecContext(ctx, `SET LOCAL idle_in_transaction_session_timeout = 0`); err != nil {
			return err
		}
		ok, err := t.renew(ctx, *l.under, ttl, now())
		if err == nil && !ok {
			err = lost(l.under.Name)
		}
		if err != nil {
			return err
		}
		did = f(ctx)
		_, err = t.renew(ctx, *l.under, ttl, now())
		return err
	})
	if errors.Is(err, ErrLost) || did == nil {
		return err
	}
	return errors.Join(did, err)
}

// Rest notes that something that is done at a pace was done at now. It is a lease
// that nobody waits for; its end is the moment itself.
func (l *Ledger) Rest(ctx context.Context, what string, now time.Time) error {
	_, _, err := l.Acquire(ctx, "pace/"+what, "pace", 0, now)
	return err
}

// Rested reports whether the last [Ledger.Rest] of that name is at least pace ago,
// or there was none.
func (l *Ledger) Rested(ctx context.Context, what string, pace time.Duration, now time.Time) (bool, error) {
	var last int64
	err := l.r.QueryRowContext(ctx, `SELECT COALESCE(max(expires_at), 0) FROM leases WHERE name = $1`, "pace/"+what).Scan(&last)
	return now.Sub(timeOf(last)) >= pace, explain("read pace", err)
}

// Seat takes a seat of a kind for owner until now+ttl, or renews it. ok is false
// while limit others have one.
func (l *Ledger) Seat(ctx context.Context, kind, owner string, limit int, ttl time.Duration, now time.Time) (ok bool, err error) {
	err = l.jot(ctx, "take seat "+kind, func(t tx) error {
		if err := t.hasty(ctx); err != nil {
			return err
		}
		// The counter's row stays locked: seats of a kind are taken one after another.
		if _, err := t.ids(ctx, "seat "+kind, 1); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `DELETE FROM seats WHERE kind = $1 AND expires_at <= $2`, kind, instant(now)); err != nil {
			return err
		}
		n, err := t.exec(ctx, `INSERT INTO seats (kind, owner, expires_at) SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS BIGINT)
			WHERE (SELECT count(*) FROM seats WHERE kind = $1 AND owner <> $2) < CAST($4 AS BIGINT)
			ON CONFLICT (kind, owner) DO UPDATE SET expires_at = excluded.expires_at`, kind, owner, instant(now.Add(ttl)), limit)
		ok = n == 1
		return err
	})
	if waited(err) {
		return false, nil
	}
	return ok && err == nil, err
}

// Stand gives all seats of an owner back.
func (l *Ledger) Stand(ctx context.Context, owner string) error {
	return l.jot(ctx, "give back seats", func(t tx) error {
		_, err := t.exec(ctx, `DELETE FROM seats WHERE owner = $1`, owner)
		return err
	})
}
