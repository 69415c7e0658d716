package docs_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mallbridge/mallbridge/mappers/codes"
)

// codeHead is what people write about the codes.
const codeHead = `# Codes

Made from the tables of package mappers/codes by ` + "`go generate ./docs`" + `.

Every code of a carrier, a time band, a temperature class and a payment method stands in one of these tables, under the
system that uses it. Formats take them by ` + "`tables: {carrier: {codes: carriers, system: rakuten}}`" + `, see
[formats.md](formats.md). Codes of different systems are never mixed, not even where the numbers are the same.

## Of your own

A workspace adds rows or overrides those built in by files in ` + "`masters/`" + ` (CSV or Excel); none of them has to be there:

| file | columns |
|---|---|
| ` + "`carriers.csv`" + ` | ` + "`carrier`, `country`, `en`, `ja`, `ko`, `form`" + ` |
| ` + "`carrier-codes.csv`" + ` | ` + "`system`, `carrier`, `code`, `name`, `use`" + ` |
| ` + "`time-band-codes.csv`" + ` | ` + "`system`, `band`, `code`, `name`, `use`" + ` |
| ` + "`temperature-codes.csv`" + ` | ` + "`system`, `temperature`, `code`, `name`, `use`" + ` |

A row of yours goes before the built-in ones of its system: its code is the one that is written, and a code that you give to
another carrier is read so. ` + "`use`" + ` is empty, or ` + "`in`" + ` for a code that is only read, or ` + "`out`" + ` for one that is only
written, where a system has one code for several carriers. Write codes as text: ` + "`00034`" + `, ` + "`0812`" + `.

` + "`form`" + ` is what the carrier's tracking numbers look like: lengths separated by spaces, ` + "`12`" + ` or ` + "`8-16`" + `, of digits;
` + "`:any`" + ` behind a length where letters may be among them, ` + "`:7dr`" + ` where the last digit is the number before it modulo 7,
` + "`s10`" + ` for international post (EE123456789JP). An empty form takes every number. Spaces, hyphens of every kind and wide
digits never matter: ` + "`4900-1234-5675`" + ` is ` + "`490012345675`" + `.

A wish that a carrier has no code for (12 to 14 o'clock at Yamato) holds the parcel; it is never moved to the next window.

Payment methods are copied into ` + "`masters/payments.csv`" + ` by ` + "`mallbridge init`" + `, and only what stands there counts.
`

// TestCodePage keeps docs/codes.md in step with the tables.
func TestCodePage(t *testing.T) {
	var b strings.Builder
	b.WriteString(codeHead)
	set := codes.Builtin()
	b.WriteString("\n## The carriers\n\n| carrier | country | en | ja | ko | form of tracking numbers |\n|---|---|---|---|---|---|\n")
	for _, code := range set.CarrierCodes() {
		c, _ := set.Carrier(code)
		form := ""
		if c.Form.String() != "" {
			form = "`" + c.Form.String() + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s |\n", code, c.Country, c.Title["en"], c.Title["ja"], c.Title["ko"], form)
	}
	for _, k := range codes.Kinds() {
		fmt.Fprintf(&b, "\n## %s\n", k)
		for _, system := range set.Systems(k) {
			table, _ := set.Table(k, system)
			fmt.Fprintf(&b, "\n%s:\n\n| ours | code | name | use |\n|---|---|---|---|\n", system)
			for _, r := range table.Rows() {
				ours := r.Ours
				if ours == "" {
					ours = codes.NoBand
				}
				fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", ours, codeCell(r.Code), cell(r.Name), r.Use)
			}
		}
	}
	sameOrWrite(t, "codes.md", b.String())
}
