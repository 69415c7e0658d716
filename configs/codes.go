package configs

import (
	"fmt"
	"slices"

	"github.com/mallbridge/mallbridge/mappers/codes"
	"github.com/mallbridge/mallbridge/mappers/master"
	"github.com/mallbridge/mallbridge/mappers/tracking"
)

// The masters by which a workspace adds codes or overrides those that are built in.
// None of them has to be there.
const (
	CarrierMaster    = "carriers"
	CarrierCodes     = "carrier-codes"
	TimeBandCodes    = "time-band-codes"
	TemperatureCodes = "temperature-codes"
)

type carrierRow struct {
	Carrier string `csv:"carrier"`
	Country string `csv:"country"`
	EN      string `csv:"en"`
	JA      string `csv:"ja"`
	KO      string `csv:"ko"`
	Form    string `csv:"form"`
}

// A codeRow has our code in the column that its master names.
type codeRow struct {
	System      string `csv:"system"`
	Carrier     string `csv:"carrier"`
	Band        string `csv:"band"`
	Temperature string `csv:"temperature"`
	Code        string `csv:"code"`
	Name        string `csv:"name"`
	Use         string `csv:"use"`
}

var codeMasters = []struct {
	name   string
	kind   codes.Kind
	column string
}{
	{CarrierCodes, codes.Carriers, "carrier"},
	{TimeBandCodes, codes.TimeBands, "band"},
	{TemperatureCodes, codes.Temperatures, "temperature"},
}

func codeColumns(ours string) []master.Column {
	return []master.Column{
		{Name: "system", Aliases: []string{"システム", "시스템"}, Required: true},
		{Name: ours, Required: true},
		{Name: "code", Aliases: []string{"コード", "코드"}},
		{Name: "name", Aliases: []string{"名称", "명칭"}},
		{Name: "use", Aliases: []string{"用途", "용도"}},
	}
}

// codes reads the workspace's own codes, before the formats that use them.
func (l *loader) codes() {
	l.ws.Codes = codes.Builtin()
	l.ownCarriers()
	for _, m := range codeMasters {
		file, rows := optionalMaster[codeRow](l, m.name, codeColumns(m.column))
		if file == "" {
			continue
		}
		list := make([]codes.Row, len(rows))
		var at map[string]int
		for i, r := range rows {
			v := r.Value
			at = r.At
			list[i] = codes.Row{System: v.System, Ours: v.Carrier + v.Band + v.Temperature, Code: v.Code, Name: v.Name, Use: v.Use, Line: r.Line}
		}
		var found []codes.Finding
		l.ws.Codes, found = l.ws.Codes.With(m.kind, list)
		l.codeFindings(file, at, found)
		l.ownCodes = append(l.ownCodes, ownCodes{file, m.kind, at, list})
	}
}

// ownCodes are the rows of one of the workspace's masters of codes.
type ownCodes struct {
	file string
	kind codes.Kind
	at   map[string]int
	rows []codes.Row
}

func (l *loader) ownCarriers() {
	file, rows := optionalMaster[carrierRow](l, CarrierMaster, []master.Column{
		{Name: "carrier", Aliases: []string{"配送会社", "運送会社", "택배사"}, Required: true},
		{Name: "country", Aliases: []string{"国", "국가"}},
		{Name: "en"},
		{Name: "ja"},
		{Name: "ko"},
		{Name: "form", Aliases: []string{"送り状番号の形式", "송장번호 형식"}},
	})
	if file == "" {
		return
	}
	var list []codes.Carrier
	var at map[string]int
	for _, r := range rows {
		v := r.Value
		at = r.At
		form, err := tracking.ParseForm(v.Form)
		if err != nil {
			l.codeFindings(file, at, []codes.Finding{{Line: r.Line, Column: "form", Why: err.Error(), Hint: "write lengths as 12, 8-16, 12:7dr, 18:any or s10, or leave it empty to take every number"}})
			continue
		}
		title := map[string]string{"en": v.EN, "ja": v.JA, "ko": v.KO}
		for lang, text := range title {
			if text == "" {
				title[lang] = v.Carrier
			}
		}
		list = append(list, codes.Carrier{Code: v.Carrier, Country: v.Country, Title: title, Form: form, Line: r.Line})
	}
	var found []codes.Finding
	l.ws.Codes, found = l.ws.Codes.WithCarriers(list)
	l.codeFindings(file, at, found)
}

// optionalMaster reads a master that need not be there; file is empty where it is not.
func optionalMaster[T any](l *loader, name string, columns []master.Column) (file string, rows []master.Row[T]) {
	files := l.masterFiles(name)
	if len(files) == 0 {
		return "", nil
	}
	file = files[0]
	if data, ok := l.readOr(file, master.MaxSize); ok {
		rows = placedRows[T](l, file, data, columns)
	}
	l.ws.Tables = append(l.ws.Tables, Table{Name: name, File: file, Rows: len(rows)})
	return file, rows
}

func (l *loader) codeFindings(file string, at map[string]int, found []codes.Finding) {
	for _, f := range found {
		l.find(Finding{File: file, Line: f.Line, Column: at[f.Column], Name: f.Column, Message: valued(f.Value, f.Why), Hint: f.Hint})
	}
}

// codeSystems reports codes of systems that nothing asks for: those that are neither
// built in nor named by a format of the workspace.
func (l *loader) codeSystems() {
	used := map[codes.Kind]map[string]bool{}
	for _, k := range codes.Kinds() {
		used[k] = map[string]bool{}
		for _, s := range codes.Builtin().Systems(k) {
			used[k][s] = true
		}
	}
	for _, f := range l.ws.Formats.own {
		for _, t := range f.Spec.Tables {
			if t.Codes == nil {
				continue
			}
			for _, s := range t.Codes.All() {
				used[codes.Kind(t.Codes.Codes)][s] = true
			}
		}
	}
	for _, m := range Malls {
		used[codes.TimeBands][codes.SystemOf(m.Name)] = true
	}
	for _, own := range l.ownCodes {
		told := map[string]bool{}
		for _, r := range own.rows {
			if used[own.kind][r.System] || told[r.System] {
				continue
			}
			told[r.System] = true
			hint := "known are " + orList(codes.Builtin().Systems(own.kind)) + ", and those that a format in formats/ names"
			if near := nearest(r.System, codes.Builtin().Systems(own.kind)); near != "" {
				hint = "did you mean " + near + "?"
			}
			l.find(Finding{File: own.file, Line: r.Line, Column: own.at["system"], Name: "system", Message: fmt.Sprintf("%q: nothing uses codes of this system", r.System), Hint: hint})
		}
	}
}

// ownCarriers lists the codes of a system that are written otherwise than those built
// in, by our code.
func (w *Workspace) ownCarriers(system string) map[string]string {
	own, ok := w.Codes.Table(codes.Carriers, system)
	if !ok {
		return nil
	}
	out := own.Written(false)
	if built, ok := codes.Builtin().Table(codes.Carriers, system); ok {
		for ours, code := range built.Written(false) {
			if out[ours] == code {
				delete(out, ours)
			}
		}
	}
	return out
}

// ownRows reports whether the workspace has codes of its own.
func (l *loader) ownRows() bool {
	return slices.ContainsFunc(l.ownCodes, func(o ownCodes) bool { return len(o.rows) > 0 })
}
