package ledger

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mallbridge/mallbridge/order"
)

func TestSyncLinks(t *testing.T) {
	each(t, func(t *testing.T, l *Ledger) {
		ctx := t.Context()
		sync := func(minute, want int, ls ...Link) {
			t.Helper()
			if n, err := l.SyncLinks(ctx, ls, after(minute)); err != nil || n != want {
				t.Errorf("minute %d: %d changed, %v; want %d", minute, n, err, want)
			}
		}
		a := Link{Account: "rakuten-main", Code: "set-1", Part: 0, SKU: "W1", Quantity: 1}
		b := Link{Account: "rakuten-main", Code: "set-1", Part: 1, SKU: "W2", Quantity: 3}
		c := Link{Account: "coupang-main", Code: "컵", Part: 0, SKU: "W1", Quantity: 1}
		sync(0, 0)
		sync(1, 3, b, a, c)
		sync(2, 0, a, b, c)
		b.Quantity = 4
		d := Link{Account: "coupang-main", Code: "접시", SKU: "W3", Quantity: 1}
		sync(3, 3, a, b, d)
		rows, err := l.r.QueryContext(ctx, `SELECT account, code, part, sku, quantity, since FROM sku_links`)
		ok(t, err)
		defer rows.Close()
		got := map[Link]time.Time{}
		for rows.Next() {
			var k Link
			var at int64
			ok(t, rows.Scan(&k.Account, &k.Code, &k.Part, &k.SKU, &k.Quantity, &at))
			got[k] = timeOf(at)
		}
		if diff := cmp.Diff(map[Link]time.Time{a: after(1), b: after(3), d: after(3)}, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		rows, err = l.r.QueryContext(ctx, `SELECT detail FROM events WHERE kind = 'links.changed' ORDER BY id`)
		ok(t, err)
		details, err := column[string](rows)
		ok(t, err)
		if diff := cmp.Diff([]string{"3 added, 0 changed, 0 removed", "1 added, 1 changed, 1 removed"}, details); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		_, err = l.SyncLinks(ctx, []Link{a, b, a}, noon)
		wantCode(t, err, order.Invalid)
	})
}

func TestRefusals(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		ctx := t.Context()
		f, err := s.AddFile(ctx, s.file("a.csv", "aaa"), noon)
		ok(t, err)
		f.State, f.RefusedPath = FileDone, "rejected/a.csv"
		ok(t, s.FinishFile(ctx, f, noon))
		one := Refusal{Line: 4, Order: "100", Field: "郵便番号", Value: "1000001", Reason: order.RefusedDamaged, Detail: "a zero is lost"}
		ok(t, s.PutRefusals(ctx, f.ID, []Refusal{one, {Line: 9, Reason: order.RefusedColumns}, {Line: 9, Reason: order.RefusedType}}))
		ok(t, s.PutRefusals(ctx, f.ID, []Refusal{one, {Line: 8, Reason: order.RefusedColumns, Detail: "3 of 4"}}))
		got, err := s.RefusalsOf(ctx, "100", 0)
		ok(t, err)
		one.FileID, one.Owner, one.File, one.Path, one.At = f.ID, "rakuten-main", "a.csv", "rejected/a.csv", noon
		if d := cmp.Diff([]Refusal{one}, got); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
		if got, err = s.RefusalsOf(ctx, "", f.ID); err != nil || len(got) != 2 || got[1].Line != 8 {
			t.Errorf("of the file %+v, %v", got, err)
		}
	})
}
