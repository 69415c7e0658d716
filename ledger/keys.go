package ledger

import (
	"context"
	"database/sql"
	"encoding/binary"
	"hash/fnv"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/mallbridge/mallbridge/order"
)

// Orders are found by hashes of what they hold, which take little room and show
// nothing by themselves. The keys are made after the order is stored, so that a sheet
// comes in no slower for them; see [Ledger.Index].

// Kinds of keys, so that a phone number finds no code.
const (
	keyName  = 'n'
	keyPhone = 'p'
	keyCode  = 'c'
)

func searchKey(kind byte, text string) int64 {
	h := fnv.New64a()
	h.Write([]byte{kind})
	h.Write([]byte(text))
	return int64(binary.BigEndian.Uint64(h.Sum(nil)))
}

// foldName takes from a name what people write in more than one way: width, case,
// blanks, honorifics.
func foldName(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '・' || r == '.' || r == ',' {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKC.String(s))
}

// digitsOf are the digits of a phone number in its country's own form.
func digitsOf(s string) string {
	d := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, norm.NFKC.String(s))
	for _, code := range []string{"81", "82"} {
		if strings.HasPrefix(strings.TrimSpace(norm.NFKC.String(s)), "+") && strings.HasPrefix(d, code) && len(d) > 9 {
			return "0" + strings.TrimPrefix(d[2:], "0")
		}
	}
	return d
}

// prefixes of names that are keys too, in letters: people look for a family name where
// the mall gives no blank after it.
const shortest, longest = 2, 4

// nameKeys are the keys of a name: the whole, its parts, and its beginnings.
func nameKeys(add func(kind byte, text string), name string) {
	whole := foldName(name)
	if whole == "" {
		return
	}
	add(keyName, whole)
	for _, part := range strings.FieldsFunc(norm.NFKC.String(name), unicode.IsSpace) {
		add(keyName, foldName(part))
	}
	letters := []rune(whole)
	for n := shortest; n <= longest && n < len(letters); n++ {
		add(keyName, string(letters[:n]))
	}
}

// keysOf are the keys of an order, those that tell of a person first.
func keysOf(o *order.Order) (personal, plain []int64) {
	add := func(to *[]int64) func(byte, string) {
		return func(kind byte, text string) {
			if k := searchKey(kind, text); text != "" && !slices.Contains(*to, k) {
				*to = append(*to, k)
			}
		}
	}
	person := func(p *order.Party) {
		for _, n := range []string{p.Name, p.Kana, p.Company} {
			nameKeys(add(&personal), n)
		}
		for _, n := range []string{p.Phone, p.Phone2} {
			if d := digitsOf(n); len(d) >= 8 {
				add(&personal)(keyPhone, d)
			}
		}
	}
	person(&o.Buyer)
	for i := range o.Packages {
		p := &o.Packages[i]
		if p.To != o.Buyer {
			person(&p.To)
		}
		for j := range p.Lines {
			c := &p.Lines[j].Codes
			for _, code := range []string{c.ItemID, c.ItemCode, c.OptionID, c.OptionCode, c.SKUCode, c.Barcode} {
				add(&plain)(keyCode, foldName(code))
			}
		}
	}
	return personal, slices.DeleteFunc(plain, func(k int64) bool { return slices.Contains(personal, k) })
}

// forget makes the keys of an order that changed be made again.
func (t tx) forget(ctx context.Context, orderID int64) error {
	_, err := t.exec(ctx, `INSERT INTO search_todo (order_id) VALUES ($1) ON CONFLICT (order_id) DO NOTHING`, orderID)
	return err
}

// searchMark is the mark of the last order whose keys were made when it came.
const searchMark = "search"

// Index makes the keys of up to limit orders that came or changed since it was called
// last, and returns how many they were.
func (l *Ledger) Index(ctx context.Context, limit int) (n int, err error) {
	var waits bool
	if err := l.r.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM search_todo) OR EXISTS (SELECT 1 FROM orders WHERE id >
		(SELECT COALESCE(max(value), 0) FROM marks WHERE name = $1))`, searchMark).Scan(&waits); err != nil || !waits {
		return 0, explain("index orders", err)
	}
	err = l.write(ctx, "index orders", func(t tx) error {
		seen, err := t.mark(ctx, searchMark)
		if err != nil {
			return err
		}
		// Ids become visible in order, so that none can come between those of new orders.
		n, err = t.index(ctx, ` FROM orders o JOIN order_docs d ON d.order_id = o.id WHERE o.id > $1 ORDER BY o.id LIMIT $2`, &seen, limit)
		if err != nil {
			return err
		}
		if n > 0 {
			if err := t.setMark(ctx, searchMark, seen); err != nil {
				return err
			}
		}
		if n == limit {
			return nil
		}
		changed := int64(0)
		m, err := t.index(ctx, ` FROM search_todo s JOIN orders o ON o.id = s.order_id JOIN order_docs d ON d.order_id = o.id
			WHERE s.order_id > $1 ORDER BY s.order_id LIMIT $2`, &changed, limit-n)
		n += m
		return err
	})
	return n, err
}

// index makes the keys of the orders that a query finds beyond an id, and sets that to
// the last of them.
func (t tx) index(ctx context.Context, from string, last *int64, limit int) (int, error) {
	lock := ""
	if t.dialect == "postgres" {
		// What purge empties meanwhile must not come back as keys.
		lock = ` FOR SHARE OF o`
	}
	rows, err := t.QueryContext(ctx, `SELECT o.id, d.doc`+from+lock, *last, limit)
	if err != nil {
		return 0, err
	}
	ids, args, err := indexed(rows)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	*last = ids[len(ids)-1].(int64)
	for _, head := range []string{`DELETE FROM search_keys WHERE order_id IN (`, `DELETE FROM search_todo WHERE order_id IN (`} {
		if _, err := t.bulk(ctx, head, `?`, `)`, ids); err != nil {
			return 0, err
		}
	}
	_, err = t.bulk(ctx, `INSERT INTO search_keys (search_key, order_id, personal) VALUES `, `(?,?,?)`, ` ON CONFLICT (search_key, order_id) DO NOTHING`, args)
	return len(ids), err
}

func indexed(rows *sql.Rows) (ids, args []any, err error) {
	defer rows.Close()
	for rows.Next() {
		var id int64
		var doc sql.RawBytes
		if err := rows.Scan(&id, &doc); err != nil {
			return nil, nil, err
		}
		o, err := unpackOrder(doc)
		if err != nil {
			return nil, nil, err
		}
		ids = append(ids, id)
		personal, plain := keysOf(o)
		for _, k := range personal {
			args = append(args, k, id, int64(1))
		}
		for _, k := range plain {
			args = append(args, k, id, int64(0))
		}
	}
	return ids, args, rows.Err()
}

// sought are the keys under which a text that a person typed may be found: as a name,
// a phone number, a code of a listing, or a SKU that listings are linked to.
func (l *Ledger) sought(ctx context.Context, text string) ([]int64, error) {
	folded := foldName(text)
	keys := []int64{searchKey(keyName, folded), searchKey(keyCode, folded)}
	if d := digitsOf(text); len(d) >= 8 {
		keys = append(keys, searchKey(keyPhone, d))
	}
	rows, err := l.r.QueryContext(ctx, `SELECT DISTINCT code FROM sku_links WHERE sku = $1 LIMIT 200`, text)
	if err != nil {
		return nil, err
	}
	codes, err := column[string](rows)
	for _, c := range codes {
		keys = append(keys, searchKey(keyCode, foldName(c)))
	}
	return keys, err
}
