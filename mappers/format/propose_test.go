package format

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/mallbridge/mallbridge/mappers/record"
)

const addressYAML = `
name: address
record: instructions
direction: out
rows: parcel
country: JP
file: {kind: csv, charset: cp932}
columns:
  - {name: 住所1, split: [to.prefecture, to.city, to.street, to.building], part: 1, bytes: 24}
  - {name: 住所2, split: [to.prefecture, to.city, to.street, to.building], part: 2, bytes: 24}
  - {name: 会社, field: to.company, chars: 12}
`

func address(prefecture, city, street, building, company string) record.Record {
	r := record.New()
	r[record.InstructionNumber], r[record.ToPrefecture], r[record.ToCity], r[record.ToStreet], r[record.ToBuilding], r[record.ToCompany] = "T1", prefecture, city, street, building, company
	return r
}

func TestProposals(t *testing.T) {
	f := must(t, addressYAML)
	for _, tt := range []struct {
		rec  record.Record
		want string // the end of the hold; "" where there is none
	}{
		{address("東京都", "港区", "芝1-2-3", "", ""), ""},
		{address("東京都", "港区", "芝一丁目１２３４－５６７８", "見本１２０３", ""), "; it fits with half-width letters and digits: 東京都港区芝一丁目 / 1234-5678見本1203; "},
		{address("鹿児島県", "大島郡", "瀬戸内町1234-5678", "見本グランドハイツ", "商事"), "; it fits without the prefecture: 大島郡瀬戸内町1234-5678 / 見本グランドハイツ"},
		{address("鹿児島県", "大島郡瀬戸内町", "大字見本1234-5678", "見本グランドハイツ", ""), "; it fits with the building as company (会社): 鹿児島県大島郡瀬戸内町大 / 字見本1234-5678"},
		{address("鹿児島県", "大島郡瀬戸内町", "大字見本字長長長長長長長1234-5678", "見本グランドハイツ東館", "商事"), "is left over"},
	} {
		holds := f.Check([]record.Record{tt.rec}, WriteOptions{})
		switch {
		case tt.want == "" && len(holds) == 0:
		case len(holds) != 1 || tt.want == "" || !strings.Contains(holds[0].Detail, tt.want):
			t.Errorf("%v: %+v, want %q", tt.rec[record.ToStreet], holds, tt.want)
		}
	}
}

// Whatever is proposed fits, and no number is cut between two columns.
func TestProposalsProperty(t *testing.T) {
	f := must(t, addressYAML)
	cs := f.Charset()
	rapid.Check(t, func(t *rapid.T) {
		// Every field ends in a word, so that no two numbers meet.
		text := rapid.StringMatching(`[東港芝町大字]{2,12}([0-9０-９]{1,4}(-[0-9]{1,4}){0,2}号)?`)
		rec := address("鹿児島県", text.Draw(t, "city"), text.Draw(t, "street"), text.Draw(t, "building"), "")
		for _, h := range f.Check([]record.Record{rec}, WriteOptions{}) {
			for _, p := range strings.Split(h.Detail, "; it fits ")[1:] {
				_, shown, _ := strings.Cut(p, ": ")
				parts := strings.Split(shown, " / ")
				for i, part := range parts {
					if n, ok := cs.Len(part); !ok || n > 24 {
						t.Fatalf("%q has %d bytes", part, n)
					}
					if i == 0 {
						continue
					}
					before, after := []rune(parts[i-1]), []rune(part)
					if inNumber(before[len(before)-1]) && inNumber(after[0]) {
						t.Fatalf("a number is cut: %q", parts)
					}
				}
			}
		}
	})
}
