package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/mallbridge/mallbridge/order"
)

// A Product is one thing that an account's mall sells: a listing, or one variation
// of it.
type Product struct {
	Key      string // see [ProductKey]
	Codes    order.Codes
	Name     string
	Option   string
	Category string
	Price    int64 // smallest unit of the mall's currency; -1 unknown
	OnSale   bool
	Changed  time.Time // zero if the mall does not say
	SeenAt   time.Time
}

// ProductKey is the mall's own name of a product, which stays when the seller
// changes codes: its item and variation, and the seller's code where the mall gives
// no number.
func ProductKey(c *order.Codes) string {
	item, option := c.ItemID, c.OptionID
	if item == "" {
		item = c.ItemCode
	}
	if option == "" {
		option = c.OptionCode
	}
	if option == "" && c.ItemID == "" && c.ItemCode == "" {
		option = c.SKUCode
	}
	if option == "" {
		return item
	}
	if c.OptionID != "" {
		return option // the number of a variation is unique by itself
	}
	return item + ":" + option
}

// PutProducts stores products of an account and returns how many of them are new
// or differ from what was known.
func (l *Ledger) PutProducts(ctx context.Context, account int64, ps []Product, now time.Time) (changed int64, err error) {
	err = l.write(ctx, "store products", func(t tx) error {
		args := make([]any, 0, 13*len(ps))
		seen := map[string]bool{}
		var same []any
		for i := range ps {
			p := &ps[len(ps)-1-i] // of a product that repeats the last word counts
			if seen[p.Key] {
				continue
			}
			seen[p.Key] = true
			same = append(same, p.Key)
			args = append(args, p.Key, p.Codes.ItemID, p.Codes.ItemCode, p.Codes.OptionID, p.Codes.OptionCode, p.Codes.SKUCode, p.Codes.Barcode,
				p.Name, p.Option, p.Category, p.Price, bit(p.OnSale), instant(p.Changed))
		}
		changed, err = t.bulk(ctx, `INSERT INTO products (product, item_id, item_code, option_id, option_code, sku_code, barcode, name, option_name, category, price, on_sale, changed_at, account_id, seen_at) VALUES `,
			fmt.Sprintf(`(?,?,?,?,?,?,?,?,?,?,?,?,?,%d,%d)`, account, instant(now)), ` ON CONFLICT (account_id, product) DO UPDATE SET item_id = excluded.item_id, item_code = excluded.item_code,
			option_id = excluded.option_id, option_code = excluded.option_code, sku_code = excluded.sku_code, barcode = excluded.barcode, name = excluded.name,
			option_name = excluded.option_name, category = excluded.category, price = excluded.price, on_sale = excluded.on_sale, changed_at = excluded.changed_at
			WHERE products.item_id <> excluded.item_id OR products.item_code <> excluded.item_code OR products.option_id <> excluded.option_id
			OR products.option_code <> excluded.option_code OR products.sku_code <> excluded.sku_code OR products.barcode <> excluded.barcode OR products.name <> excluded.name
			OR products.option_name <> excluded.option_name OR products.category <> excluded.category OR products.price <> excluded.price
			OR products.on_sale <> excluded.on_sale`, args)
		if err != nil {
			return err
		}
		_, err = t.bulk(ctx, fmt.Sprintf(`UPDATE products SET seen_at = %d WHERE account_id = %d AND product IN (`, instant(now), account), `?`, `)`, same)
		return err
	})
	return changed, err
}

// Products lists the products of an account by key.
func (l *Ledger) Products(ctx context.Context, account int64) ([]Product, error) {
	rows, err := l.r.QueryContext(ctx, `SELECT product, item_id, item_code, option_id, option_code, sku_code, barcode, name, option_name, category, price, on_sale, changed_at, seen_at
		FROM products WHERE account_id = $1 ORDER BY product`, account)
	if err != nil {
		return nil, explain("read products", err)
	}
	defer rows.Close()
	var out []Product
	for rows.Next() {
		var p Product
		var sale, changed, seen int64
		if err := rows.Scan(&p.Key, &p.Codes.ItemID, &p.Codes.ItemCode, &p.Codes.OptionID, &p.Codes.OptionCode, &p.Codes.SKUCode, &p.Codes.Barcode,
			&p.Name, &p.Option, &p.Category, &p.Price, &sale, &changed, &seen); err != nil {
			return nil, explain("read products", err)
		}
		p.OnSale, p.Changed, p.SeenAt = sale != 0, timeOf(changed), timeOf(seen)
		out = append(out, p)
	}
	return out, explain("read products", rows.Err())
}

// RemoveProducts forgets products of an account that its mall no longer has.
func (l *Ledger) RemoveProducts(ctx context.Context, account int64, seenBefore time.Time) (n int64, err error) {
	err = l.write(ctx, "forget products", func(t tx) error {
		n, err = t.exec(ctx, `DELETE FROM products WHERE account_id = $1 AND seen_at < $2`, account, instant(seenBefore))
		return err
	})
	return n, err
}
