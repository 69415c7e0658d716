package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/order"
)

// A Restore is that the ledger was read back from a copy: what happened between the
// two moments is not in it.
type Restore struct {
	Copied time.Time // when the copy was made
	At     time.Time // when it was read back
}

// skipped is by how much the running numbers go on after a restore, by counter, and how
// much further for each minute since the copy was made: more than can have been given
// since, by a restore of the same copy before this one too. A number that a warehouse
// has seen must not be given to something else.
var skipped = map[string]struct{ least, aMinute int64 }{"instructions": {100_000, 1_000}, "batches": {1_000, 1}, "uploads": {1_000, 1}}

// Restored notes that this ledger was read back at now from a copy made at copied.
// Until everything in [Ledger.Uncompared] is compared, nothing may be dropped.
func (l *Ledger) Restored(ctx context.Context, copied, now time.Time) error {
	return l.write(ctx, "note the restore", func(t tx) error { return t.restored(ctx, copied, now) })
}

func (t tx) restored(ctx context.Context, copied, now time.Time) error {
	if _, err := t.exec(ctx, `DELETE FROM marks WHERE name = $1`, copyMark); err != nil {
		return err
	}
	for _, m := range []struct {
		name string
		at   time.Time
	}{{"restored.copied", copied}, {"restored.at", now}} {
		if err := t.setMark(ctx, m.name, instant(m.at)); err != nil {
			return err
		}
	}
	for counter, n := range skipped {
		minutes := max(0, int64(now.Sub(copied)/time.Minute))
		if _, err := t.ids(ctx, counter, int(n.least+n.aMinute*minutes)); err != nil {
			return err
		}
	}
	return t.event(ctx, Event{Kind: "ledger.restored", Detail: "copy of " + copied.UTC().Format(time.RFC3339)}, now)
}

// copyMark is the mark of a file that [Ledger.Backup] wrote, as long as nobody works
// with it: when the ledger that it is a copy of wrote its last event.
const copyMark = "copy"

// markCopy marks the copy at path. A schema that has no marks is of a program that
// knows of no restore.
func markCopy(ctx context.Context, path string) error {
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?_pragma=synchronous(FULL)")
	if err != nil {
		return err
	}
	err = func() error {
		var has int
		if err := db.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'marks'`).Scan(&has); err != nil || has == 0 {
			return err
		}
		_, err := db.ExecContext(ctx, `INSERT INTO marks (name, value) SELECT $1, COALESCE((SELECT at FROM events ORDER BY id DESC LIMIT 1), 1) WHERE true
			ON CONFLICT (name) DO UPDATE SET value = excluded.value`, copyMark)
		return err
	}()
	return errors.Join(err, db.Close())
}

// Placed notes, once, that a copy which [Ledger.Backup] wrote, or which an upgrade left
// beside the ledger, was put in the ledger's place at now, or shortly before: it is then
// a restored ledger, as if [Ledger.Restored] had been called. It is to be called
// before anything is done with a ledger, and returns the restore that it noted.
func (l *Ledger) Placed(ctx context.Context, now time.Time) (r Restore, placed bool, err error) {
	var marked int
	if err := l.r.QueryRowContext(ctx, `SELECT count(*) FROM marks WHERE name = $1`, copyMark).Scan(&marked); err != nil || marked == 0 {
		return r, false, explain("look whether it is a copy", err)
	}
	err = l.write(ctx, "note that it is a copy", func(t tx) error {
		copied, err := t.mark(ctx, copyMark)
		if err != nil || copied == 0 { // a program beside this one was faster
			return err
		}
		r, placed = Restore{timeOf(copied), now}, true
		return t.restored(ctx, r.Copied, now)
	})
	return r, placed, err
}

// LastRestore returns the last restore; zero if there was none.
func (l *Ledger) LastRestore(ctx context.Context) (r Restore, err error) {
	var copied, at int64
	err = l.r.QueryRowContext(ctx, `SELECT COALESCE(max(CASE WHEN name = 'restored.copied' THEN value END), 0), COALESCE(max(CASE WHEN name = 'restored.at' THEN value END), 0)
		FROM marks WHERE name IN ('restored.copied', 'restored.at')`).Scan(&copied, &at)
	return Restore{timeOf(copied), timeOf(at)}, explain("look for a restore", err)
}

// Compared reports whether what is named, warehouse/NAME or account/NAME, was compared
// with the ledger since the last restore, or there was none.
func (l *Ledger) Compared(ctx context.Context, what string) (bool, error) {
	var at, done int64
	err := l.r.QueryRowContext(ctx, `SELECT COALESCE(max(CASE WHEN name = 'restored.at' THEN value END), 0), COALESCE(max(CASE WHEN name = $1 THEN value END), 0)
		FROM marks WHERE name IN ('restored.at', $1)`, "compared."+what).Scan(&at, &done)
	return done >= at, explain("look whether "+what+" was compared", err)
}

// SetCompared notes that what is named was compared with the ledger, by the program or
// by a person.
func (l *Ledger) SetCompared(ctx context.Context, what, note, actor string, now time.Time) error {
	return l.write(ctx, "note that "+what+" was compared", func(t tx) error { return t.compared(ctx, what, note, actor, now) })
}

func (t tx) compared(ctx context.Context, what, note, actor string, now time.Time) error {
	at, err := t.mark(ctx, "restored.at")
	if err != nil {
		return err
	}
	if err := t.setMark(ctx, "compared."+what, max(at, instant(now))); err != nil {
		return err
	}
	detail := what
	if note != "" {
		detail += ": " + note
	}
	return t.event(ctx, Event{Kind: "restore.compared", Detail: detail, Actor: actor}, now)
}

// Doubt is [Ledger.SetCompared] for a warehouse of which nobody can say what it got
// between the copy and the restore. What it may have got is not sent again by itself:
// batches that had left are in doubt, what was claimed or ready is planned again, and
// orders placed before the restore are held until a person says that they were not
// sent (see [Ledger.MaybeSent]).
func (l *Ledger) Doubt(ctx context.Context, warehouse int64, name, note, actor string, now time.Time) error {
	open, err := l.OpenBatches(ctx, warehouse)
	if err != nil {
		return err
	}
	for i := range open {
		b := &open[i]
		switch b.State {
		case BatchClaimed:
			ids, err := l.items(ctx, b.ID)
			if err != nil {
				return err
			}
			if err := l.Leave(ctx, b.ID, ids, "the ledger was restored", now); err != nil {
				return err
			}
		case BatchBuilt, BatchUploaded:
			const why = "the ledger was restored from a copy of before it may have left"
			if err := l.move(ctx, b.ID, BatchInDoubt, why, "", `UPDATE batches SET state = 'in_doubt', message = $3, uploaded_at = CASE WHEN uploaded_at = 0 THEN $2 ELSE uploaded_at END
				WHERE id = $1 AND state IN ('built', 'uploaded')`, now, why); err != nil {
				return err
			}
		}
	}
	return l.write(ctx, "doubt what was sent", func(t tx) error {
		at, err := t.mark(ctx, "restored.at")
		if err != nil {
			return err
		}
		if at == 0 {
			return order.Errorf(order.Conflict, "", "the ledger was never restored")
		}
		ready, err := rowsOf(t.QueryContext(ctx, `SELECT id FROM instructions WHERE warehouse_id = $1 AND state = 0`, warehouse))
		if err != nil {
			return err
		}
		for _, id := range ready {
			if err := t.withdraw(ctx, id); err != nil {
				return err
			}
		}
		if err := t.setMark(ctx, "maybesent."+name, at); err != nil {
			return err
		}
		return t.compared(ctx, "warehouse/"+name, note, actor, now)
	})
}

// MaybeSent returns the moment before which orders were placed that a warehouse may
// have although the ledger does not know; zero if there is no such doubt.
func (l *Ledger) MaybeSent(ctx context.Context, name string) (time.Time, error) {
	var ms int64
	err := l.r.QueryRowContext(ctx, `SELECT COALESCE(max(value), 0) FROM marks WHERE name = $1`, "maybesent."+name).Scan(&ms)
	return timeOf(ms), explain("look for what may have been sent", err)
}

// AllMaybeSent is what [Ledger.MaybeSent] returns, for all warehouses that have such a
// moment.
func (l *Ledger) AllMaybeSent(ctx context.Context) (map[string]time.Time, error) {
	const prefix = "maybesent."
	rows, err := l.r.QueryContext(ctx, `SELECT name, value FROM marks WHERE substr(name, 1, $1) = $2`, len(prefix), prefix)
	if err != nil {
		return nil, explain("look for what may have been sent", err)
	}
	defer rows.Close()
	out := map[string]time.Time{}
	for rows.Next() {
		var name string
		var ms int64
		if err := rows.Scan(&name, &ms); err != nil {
			return nil, explain("look for what may have been sent", err)
		}
		out[strings.TrimPrefix(name, prefix)] = timeOf(ms)
	}
	return out, explain("look for what may have been sent", rows.Err())
}

// items lists the instructions of a batch.
func (l *Ledger) items(ctx context.Context, batch int64) ([]int64, error) {
	ids, err := rowsOf(l.r.QueryContext(ctx, `SELECT instruction_id FROM batch_items WHERE batch_id = $1 ORDER BY instruction_id`, batch))
	return ids, explain(fmt.Sprintf("read batch %d", batch), err)
}

func rowsOf(rows *sql.Rows, err error) ([]int64, error) {
	if err != nil {
		return nil, err
	}
	return column[int64](rows)
}

// BatchNames returns name and size of every file of a warehouse, and the name of the
// last that was delivered; empty if none was.
func (l *Ledger) BatchNames(ctx context.Context, warehouse int64) (names map[string]int64, last string, err error) {
	rows, err := l.r.QueryContext(ctx, `SELECT name, size, delivered_at FROM batches WHERE warehouse_id = $1`, warehouse)
	if err != nil {
		return nil, "", explain("list files", err)
	}
	defer rows.Close()
	names = map[string]int64{}
	var latest int64
	for rows.Next() {
		var name string
		var size, at int64
		if err := rows.Scan(&name, &size, &at); err != nil {
			return nil, "", explain("list files", err)
		}
		names[name] = size
		if at > latest {
			latest, last = at, name
		}
	}
	return names, last, explain("list files", rows.Err())
}
