package configs

import (
	"bytes"
	"io"
	"slices"
	"strings"

	"github.com/mallbridge/mallbridge/mappers/charset"
	"github.com/mallbridge/mallbridge/mappers/master"
	"github.com/mallbridge/mallbridge/mappers/sku"
)

// A linkRow is a row of a table of SKU links that people fill in: beside the links'
// columns it has those of sku unmapped, which only help.
type linkRow struct {
	Account     string `csv:"account"`
	Code        string `csv:"code"`
	SKU         string `csv:"sku"`
	Quantity    string `csv:"quantity"`
	Name        string `csv:"name"`
	Temperature string `csv:"temperature"`
	Weight      string `csv:"weight"`
	From        string `csv:"from"`
	Option      string `csv:"option"`
	Barcode     string `csv:"barcode"`
	Suggestion  string `csv:"suggestion"`
	Line        int    `csv:"-"`
}

// linkColumns are those of a table to import; rows without SKU are not filled in yet.
func linkColumns() []master.Column {
	out := slices.Clone(masterColumns[SKULinks])
	for i := range out {
		if out[i].Name == "sku" {
			out[i].Required = false
		}
	}
	return append(out, master.Column{Name: "option"}, master.Column{Name: "barcode"}, master.Column{Name: "suggestion", Number: true})
}

// ReadLinks reads a table of SKU links (CSV or a workbook) from a person, and checks
// it against the workspace: each finding has file, line and column. Rows without SKU
// are left out and counted. Links with an error among the findings must not be used.
func (w *Workspace) ReadLinks(file string, data []byte) (links []sku.Link, open int, found Findings, err error) {
	l := &loader{ws: w}
	rows := tableRows(l, file, data, linkColumns(), func(r *linkRow, n int) { r.Line = n })
	for _, r := range rows {
		if r.SKU == "" {
			open++
			continue
		}
		links = append(links, sku.Link{
			Account: r.Account, Code: r.Code, SKU: r.SKU, Quantity: r.Quantity, Name: r.Name, Temperature: r.Temperature, Weight: r.Weight, From: r.From, Line: r.Line,
		})
	}
	places, err := master.Places(bytes.NewReader(data), file, master.Options{Columns: linkColumns(), Charset: l.charsetOf()})
	if err != nil {
		return nil, 0, l.findings, nil // reported among the findings
	}
	_, wrong := sku.NewIndex(links, nil)
	for _, f := range wrong {
		l.find(Finding{File: file, Line: f.Line, Column: places[f.Column], Name: f.Column, Message: valued(f.Value, f.Why), Hint: f.Hint, Warning: f.Warning})
	}
	before := len(l.findings)
	checkScope(l, file, links, func(k sku.Link) (string, int) { return k.Account, k.Line })
	for i := before; i < len(l.findings); i++ {
		l.findings[i].Column = places["account"]
	}
	if known := w.SKUs.SKUs(); len(known) > 0 {
		for _, k := range links {
			if _, ok := w.SKUs.SKU(k.SKU); !ok {
				l.find(Finding{
					File: file, Line: k.Line, Column: places["sku"], Name: "sku", Warning: true,
					Message: valued(k.SKU, "is not in masters/"+SKUMaster), Hint: "check the code; a SKU need not be there, but then its name and temperature are not known",
				})
			}
		}
	}
	slices.SortStableFunc(l.findings, func(a, b Finding) int { return a.Line - b.Line })
	return links, open, l.findings, nil
}

func (l *loader) charsetOf() *charset.Charset {
	cs, err := charset.Lookup(l.ws.Settings.Masters.Charset)
	if err != nil {
		return nil
	}
	return cs
}

// Links reads the SKU links of the workspace as its master has them, and the
// master's file.
func (w *Workspace) Links() ([]sku.Link, string, error) {
	file, data, err := w.master(SKULinks)
	if err != nil || data == nil {
		return nil, file, err
	}
	l := &loader{ws: w}
	links := tableRows(l, file, data, masterColumns[SKULinks], func(r *sku.Link, n int) { r.Line = n })
	return links, file, l.findings.Err()
}

// A LinkChange is what a table of links does to the links of one code.
type LinkChange struct {
	Account string     `json:"account"`
	Code    string     `json:"code"`
	From    string     `json:"from,omitempty"`
	Was     []sku.Link `json:"-"`
	Now     []sku.Link `json:"-"` // empty: removed
}

// A linkKey is what a table replaces as one: the links of a code that begin on the
// same day.
type linkKey struct{ account, code, from string }

func keyOfLink(k *sku.Link) linkKey {
	return linkKey{strings.TrimSpace(k.Account), strings.TrimSpace(k.Code), strings.TrimSpace(k.From)}
}

// MergeLinks puts links over others: those of a code of add take the place of the
// code's links that begin on the same day. With whole, add is all there is. It
// returns the links in the old order, new codes last, and what changed.
func MergeLinks(old, add []sku.Link, whole bool) (out []sku.Link, changes []LinkChange) {
	was, now := map[linkKey][]sku.Link{}, map[linkKey][]sku.Link{}
	var seq []linkKey
	for i := range old {
		k := keyOfLink(&old[i])
		if was[k] == nil {
			seq = append(seq, k)
		}
		was[k] = append(was[k], old[i])
	}
	for i := range add {
		k := keyOfLink(&add[i])
		if was[k] == nil && now[k] == nil {
			seq = append(seq, k)
		}
		now[k] = append(now[k], add[i])
	}
	for _, k := range seq {
		next, given := now[k]
		if !given && !whole {
			next = was[k]
		}
		out = append(out, next...)
		if !sameLinks(was[k], next) {
			changes = append(changes, LinkChange{k.account, k.code, k.from, was[k], next})
		}
	}
	return out, changes
}

func sameLinks(a, b []sku.Link) bool {
	return slices.EqualFunc(a, b, func(x, y sku.Link) bool {
		x.Line, y.Line = 0, 0
		return x == y
	})
}

// LinkHeader are the columns of a table of SKU links.
var LinkHeader = []string{"account", "code", "sku", "quantity", "name", "temperature", "weight", "from"}

// LinkCells are the cells of a link under [LinkHeader].
func LinkCells(k *sku.Link) []string {
	return []string{k.Account, k.Code, k.SKU, k.Quantity, k.Name, k.Temperature, k.Weight, k.From}
}

// WriteLinks writes the master of SKU links to out, as a workbook or a CSV in the
// charset of the masters by the ending of file.
func (w *Workspace) WriteLinks(out io.Writer, file string, links []sku.Link) error {
	rows := make([][]string, len(links))
	for i := range links {
		rows[i] = LinkCells(&links[i])
	}
	return w.writeTable(out, file, LinkHeader, rows)
}
