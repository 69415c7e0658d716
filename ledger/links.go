package ledger

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/mallbridge/mallbridge/order"
)

// A Link says which SKU, in which quantity, one part of a listing stands for.
type Link struct {
	Account  string
	Code     string // the listing's code
	Part     int64  // position in the set, from 0
	SKU      string
	Quantity int64
}

func compareLinks(a, b Link) int {
	return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Part, b.Part))
}

// SyncLinks makes the stored links those in ls, which are all that are in effect
// from now on, and returns how many of them were added, changed or removed. A
// link that stays keeps the moment from which it counts.
func (l *Ledger) SyncLinks(ctx context.Context, ls []Link, now time.Time) (changed int, err error) {
	ls = slices.Clone(ls)
	slices.SortFunc(ls, compareLinks)
	for i := 1; i < len(ls); i++ {
		if compareLinks(ls[i-1], ls[i]) == 0 {
			return 0, order.Errorf(order.Invalid, "keep one of the lines", "ledger: SKU links: account %s, listing %s: part %d is there twice", ls[i].Account, ls[i].Code, ls[i].Part)
		}
	}
	known, err := l.links(ctx)
	if err != nil {
		return 0, err
	}
	added, updated, removed := diffLinks(known, ls)
	changed = len(added) + len(updated) + len(removed)
	if changed == 0 {
		return 0, nil
	}
	err = l.write(ctx, "store SKU links", func(t tx) error {
		for _, k := range removed {
			if _, err := t.exec(ctx, `DELETE FROM sku_links WHERE account = $1 AND code = $2 AND part = $3`, k.Account, k.Code, k.Part); err != nil {
				return err
			}
		}
		var args []any
		for _, k := range slices.Concat(added, updated) {
			args = append(args, k.Account, k.Code, k.Part, k.SKU, k.Quantity)
		}
		if _, err := t.bulk(ctx, `INSERT INTO sku_links (account, code, part, sku, quantity, since) VALUES `, fmt.Sprintf(`(?,?,?,?,?,%d)`, instant(now)),
			` ON CONFLICT (account, code, part) DO UPDATE SET sku = excluded.sku, quantity = excluded.quantity, since = excluded.since`, args); err != nil {
			return err
		}
		return t.event(ctx, Event{Kind: "links.changed", Detail: fmt.Sprintf("%d added, %d changed, %d removed", len(added), len(updated), len(removed))}, now)
	})
	return changed, err
}

// diffLinks compares two sorted lists.
func diffLinks(known, want []Link) (added, changed, removed []Link) {
	for len(known) > 0 || len(want) > 0 {
		c := 0
		switch {
		case len(known) == 0:
			c = 1
		case len(want) == 0:
			c = -1
		default:
			c = compareLinks(known[0], want[0])
		}
		switch {
		case c < 0:
			removed = append(removed, known[0])
			known = known[1:]
		case c > 0:
			added = append(added, want[0])
			want = want[1:]
		default:
			if known[0] != want[0] {
				changed = append(changed, want[0])
			}
			known, want = known[1:], want[1:]
		}
	}
	return added, changed, removed
}

// links reads the stored links, sorted.
func (l *Ledger) links(ctx context.Context) ([]Link, error) {
	rows, err := l.r.QueryContext(ctx, `SELECT account, code, part, sku, quantity FROM sku_links`)
	if err != nil {
		return nil, explain("read SKU links", err)
	}
	defer rows.Close()
	var out []Link
	for rows.Next() {
		var k Link
		if err := rows.Scan(&k.Account, &k.Code, &k.Part, &k.SKU, &k.Quantity); err != nil {
			return nil, explain("read SKU links", err)
		}
		out = append(out, k)
	}
	slices.SortFunc(out, compareLinks)
	return out, explain("read SKU links", rows.Err())
}
