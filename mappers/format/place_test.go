package format

import (
	"context"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/mappers/record"
)

func TestPlace(t *testing.T) {
	const sheet = `
name: sheet
record: orders
direction: in
file: {kind: csv}
columns:
  - {name: n, field: order.number}
  - {name: at, field: order.ordered_at}
  - {name: q, field: line.quantity}
  - {name: p, field: line.price}
`
	const rows = "n,at,q,p\r\nA,2026-11-22 09:30,1,10\r\n"
	usd := time.FixedZone("", -5*3600)
	tests := []struct {
		name                  string
		yaml                  string
		place                 Place
		at, country, currency string
		price                 string
	}{
		{"none", sheet, Place{}, "2026-11-22T09:30:00Z", "", "", "10"},
		{"by country", sheet, Place{Country: "JP"}, "2026-11-22T09:30:00+09:00", "JP", "JPY", "10"},
		{"all given", sheet, Place{"KR", "USD", usd}, "2026-11-22T09:30:00-05:00", "KR", "USD", "1000"},
		{"the format's own", sheet + "country: KR\n", Place{"JP", "JPY", usd}, "2026-11-22T09:30:00+09:00", "KR", "KRW", "10"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			groups, _, _, err := must(t, tt.yaml).ReadAll(context.Background(), Bytes("a.csv", []byte(rows)), ReadOptions{Place: tt.place})
			if err != nil || len(groups) != 1 {
				t.Fatal(groups, err)
			}
			r := groups[0].Records[0]
			for f, want := range map[record.Field]string{record.OrderedAt: tt.at, record.ToCountry: tt.country, record.OrderCurrency: tt.currency, record.LinePrice: tt.price} {
				if r[f] != want {
					t.Errorf("%s is %q, want %q", f, r[f], want)
				}
			}
		})
	}
}

// TestRecipients checks that the rows of an order may go to several recipients
// where the sheet has no key of packages, and must agree where it has one.
func TestRecipients(t *testing.T) {
	f := must(t, `
name: sheet
record: orders
direction: in
file: {kind: csv}
columns:
  - {name: n, field: order.number}
  - {name: package, field: package.key, optional: true}
  - {name: to, field: to.name}
  - {name: q, field: line.quantity}
`)
	tests := []struct {
		rows            string
		groups, refused int
	}{
		{"n,to,q\r\nA,x,1\r\nA,y,1\r\n", 1, 0},
		{"n,package,to,q\r\nA,,x,1\r\nA,,y,1\r\n", 1, 0},
		{"n,package,to,q\r\nA,1,x,1\r\nA,2,y,1\r\n", 1, 0},
		{"n,package,to,q\r\nA,1,x,1\r\nA,1,y,1\r\n", 0, 2},
	}
	for _, tt := range tests {
		groups, refused, _, err := f.ReadAll(context.Background(), Bytes("a.csv", []byte(tt.rows)), ReadOptions{})
		if err != nil || len(groups) != tt.groups || len(refused) != tt.refused {
			t.Errorf("%q: %d groups, refused %v, %v", tt.rows, len(groups), refused, err)
		}
	}
}

func TestSplitApart(t *testing.T) {
	f := must(t, `
name: labels
record: instructions
direction: out
country: JP
file: {kind: csv, charset: cp932, header: none}
columns:
  - {split: [to.city, to.street, to.building], part: 1, chars: 6, fold: [nospace]}
  - {split: [to.city, to.street, to.building], part: 2, chars: 6}
  - {split: [to.city, to.street, to.building], part: 3, chars: 6}
`)
	tests := []struct{ city, street, building, want string }{
		{"見本市", "一町", "塔", "見本市一町,塔,"},
		{"見本市", "一町2-34", "塔5", "見本市一町,2-34,塔5"},
		{"見本市", "一町", "長い名前の塔の五階", "見本市一町,長い名前の塔,の五階"},
		{"見本市", "一二三四五六七八九", "長い名前の塔の", "見本市一二三,四五六七八九,"}, // and the tower is left over
		{"見本市", "一町二三四五六七", "塔の上の六階五", "見本市一町二,三四五六七塔,の上の六階五"},
		{"見本市", "", "塔", "見本市,塔,"},
		{"", "", "塔", "塔,,"},
		{"見本市", "一町", "", "見本市一町,,"},
	}
	for _, tt := range tests {
		r := record.New()
		r[record.ToCity], r[record.ToStreet], r[record.ToBuilding] = tt.city, tt.street, tt.building
		e := f.newEncoder(nil, nil, Batch{}, identity)
		got, _ := e.appendGroup(nil, rows(nil, []record.Record{r}), nil)
		text, err := f.cs.Decode(got)
		if err != nil {
			t.Fatal(err)
		}
		if held := len(e.holds) > 0; held != (tt.building == "長い名前の塔の") || !held && text != tt.want+"\r\n" {
			t.Errorf("%+v: got %q, held %v", tt, text, e.holds)
		}
	}
}
