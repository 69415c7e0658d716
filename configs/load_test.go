package configs

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/mallbridge/mallbridge/internal/phrase"
	"github.com/mallbridge/mallbridge/mappers/format"
	"github.com/mallbridge/mallbridge/mappers/record"
	"github.com/mallbridge/mallbridge/order"
)

// Each archive of testdata/wrong lays files over the sound workspace
// testdata/wrong/base ("!name" takes one away) and ends with the findings.
func TestFindings(t *testing.T) {
	cases, err := filepath.Glob("testdata/wrong/*.txtar")
	if err != nil || len(cases) < 20 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	for _, file := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			given, want := splitCase(t, file)
			dir := unpack(t, file)
			_, findings, err := Load(dir, nil)
			if err != nil {
				t.Fatal(err)
			}
			got := findings.String()
			if strings.Contains(got, "hunter2") {
				t.Errorf("a secret is shown:\n%s", got)
			}
			if *update {
				if err := os.WriteFile(file, []byte(given+"-- want --\n"+got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != want {
				t.Errorf("--- got\n%s--- want\n%s", got, want)
			}
			for _, lang := range []string{"ja", "ko"} {
				said(t, lang, findings)
			}
		})
	}
}

// said wants every text of findings in a language, without English beside names and values.
func said(t *testing.T, lang string, findings Findings) {
	t.Helper()
	for i, f := range findings.In(phrase.Findings(lang)) {
		if strings.Contains(f.Message, "executing \"name\"") || strings.HasPrefix(findings[i].Message, "this is not YAML: ") {
			f.Message = "" // of a library
		}
		for _, text := range []string{f.Message, f.Hint} {
			text, _, _ = strings.Cut(text, "\n")
			if english.MatchString(quoted.ReplaceAllString(text, "")) {
				t.Errorf("%s: %s", lang, text)
			}
		}
		if f.Place() != findings[i].Place() || f.Warning != findings[i].Warning || f.Message == findings[i].Message {
			t.Errorf("%s: %s\nis not said: %s", lang, findings[i], f)
		}
	}
	if got := findings.In(phrase.Findings("en")).String(); got != findings.String() {
		t.Errorf("in English it is another: %s", got)
	}
}

var (
	english = regexp.MustCompile(`\b(is|are|the|not|has|have|write|add|use|or|and|with|must)\b`)
	quoted  = regexp.MustCompile(`"[^"]*"|\bmallbridge [a-z ]+|\buse$|\{[^}]*\}`)
)

// splitCase returns the files of a case and what should be found.
func splitCase(t *testing.T, file string) (given, want string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	given, want, _ = strings.Cut(string(data), "-- want --\n")
	return given, want
}

// unpack lays the files of a case over the sound workspace.
func unpack(t *testing.T, file string) string {
	t.Helper()
	given, _ := splitCase(t, file)
	dir := base(t)
	for _, section := range strings.Split("\n"+given, "\n-- ")[1:] {
		name, content, _ := strings.Cut(section+"\n", " --\n")
		lay(t, dir, name, content)
	}
	return dir
}

func lay(t *testing.T, dir, name, content string) {
	t.Helper()
	if name, gone := strings.CutPrefix(name, "!"); gone {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		return
	}
	put(t, dir, name, []byte(content))
}

func put(t *testing.T, dir, name string, data []byte) {
	t.Helper()
	p := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func base(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	writeTree(t, dir, readTree(t, "testdata/wrong/base"))
	return dir
}

func load(t *testing.T, dir string) *Workspace {
	t.Helper()
	ws, findings, err := Load(dir, nil)
	if err != nil || findings.Errors() > 0 {
		t.Fatalf("%v\n%v", err, findings)
	}
	return ws
}

func TestBaseIsSound(t *testing.T) { load(t, base(t)) }

func TestNoWorkspace(t *testing.T) {
	_, _, err := Load(t.TempDir(), nil)
	if order.CodeOf(err) != order.NotFound || !strings.Contains(order.HintOf(err), "init") {
		t.Errorf("err = %v, hint %q", err, order.HintOf(err))
	}
}

func TestFindingsErr(t *testing.T) {
	warning := Findings{{File: "a.yaml", Message: "odd", Warning: true}}
	if err := warning.Err(); err != nil {
		t.Errorf("a warning is no error: %v", err)
	}
	err := append(warning, Finding{File: "a.yaml", Line: 12, Column: 5, Message: "wrong", Hint: "mend it"}).Err()
	if order.CodeOf(err) != order.Invalid || err.Error() != "a.yaml:12:5: wrong\n\thint: mend it" {
		t.Errorf("err = %v", err)
	}
}

// The hash names the configuration that made an instruction: every change to any
// file that counts changes it, others do not.
func TestHash(t *testing.T) {
	dir := base(t)
	first := load(t, dir).Hash
	if load(t, dir).Hash != first {
		t.Error("the hash differs without a change")
	}
	put(t, dir, "README.md", []byte("notes"))
	if load(t, dir).Hash != first {
		t.Error("a file that is not read changes the hash")
	}
	put(t, dir, "masters/sku-links.csv", []byte("account,code,sku\n,A-1,SKU-2\n"))
	if load(t, dir).Hash == first {
		t.Error("a changed master does not change the hash")
	}
}

func TestMastersAnyCharset(t *testing.T) {
	dir := base(t)
	put(t, dir, SettingsFile, []byte("masters: {charset: cp932}\n"))
	// アカウント,支払方法,コード,支払区分 / rakuten,代金引換,2,cod
	put(t, dir, "masters/payments.csv", []byte("\x83A\x83J\x83E\x83\x93\x83g,\x8ex\x95\xa5\x95\xfb\x96@,\x83R\x81[\x83h,\x8ex\x95\xa5\x8b\xe6\x95\xaa\r\nrakuten,\x91\xe3\x8b\xe0\x88\xf8\x8a\xb7,2,cod\r\n"))
	ws := load(t, dir)
	if pay, ok := ws.Payments.Map("shop-1", "rakuten", "代金引換"); !ok || pay != "cod" {
		t.Errorf("payment %q, %v", pay, ok)
	}
	put(t, dir, SettingsFile, []byte("{}\n"))
	_, findings, err := Load(dir, nil)
	if err != nil || findings.Errors() == 0 || findings[0].File != "masters/payments.csv" || findings[0].Line != 1 || findings[0].Column != 1 {
		t.Errorf("%v %v", err, findings)
	}
}

func TestMasterWithMarkAndGuards(t *testing.T) {
	dir := base(t)
	put(t, dir, "masters/sku-links.csv", []byte("\xEF\xBB\xBFアカウント,商品コード,SKUコード\r\n,\"=\"\"0001\"\"\",'0012\r\n\r\n,A-2,00013\r\n"))
	ws := load(t, dir)
	line := &order.Line{Codes: order.Codes{ItemCode: "0001"}}
	parts, _, ok := ws.SKUs.Match("shop-1", "rakuten", []string{"item_code"}, line, "")
	if !ok || len(parts) != 1 || parts[0].SKU != "0012" || parts[0].Line != 2 {
		t.Errorf("%+v %v", parts, ok)
	}
	if n := ws.Tables[0].Rows; n != 2 {
		t.Errorf("%d rows", n)
	}
}

func TestDefaults(t *testing.T) {
	ws := load(t, base(t))
	a, _ := ws.Account("shop-1")
	h, _ := ws.Warehouse("tokyo")
	for _, c := range []struct {
		what      string
		got, want any
	}{
		{"enabled", a.Enabled, true},
		{"zone", a.Location.String(), "Asia/Tokyo"},
		{"currency", a.Currency, "JPY"},
		{"folder", a.Intake.Folder, "inbox/shop-1"},
		{"format", strings.Join(a.Intake.Formats, ","), "rakuten-orders"},
		{"looks", a.Intake.Looks, 2},
		{"intake", a.AutoOrderIntake, true},
		{"confirmation", a.AutoConfirmation, false},
		{"instruction", a.AutoInstruction, true},
		{"stock", a.AutoStockSync, false},
		{"remarks", a.Remarks.Hold, HoldAlways},
		{"without_status", a.WithoutStatus, "hold"},
		{"extract", a.Schedules.Extract.String(), "30s"},
		{"collect", h.Schedules.Collect.String(), "5m"},
		{"claim", a.FlagAction(order.FlagClaim), FlagHold},
		{"fulfils", a.FlagAction(order.FlagMallFulfils), FlagOutside},
		{"new flag", a.FlagAction("unheard-of"), FlagHold},
		{"temporary", h.Instructions.Temporary, "{name}.part"},
		{"after", h.Results.After, "move"},
		{"done", h.Results.Done, "out/done"},
		{"country", h.Country, "JP"},
		{"lead", h.Calendar.LeadDays, 0},
		{"width", h.Number.Width, 8},
		{"port", h.Drop.Port, 22},
	} {
		if c.got != c.want {
			t.Errorf("%s is %v, not %v", c.what, c.got, c.want)
		}
	}
	if h.Acks != nil || h.Stock != nil || h.Stops != nil {
		t.Error("what is left out is there")
	}
}

func TestLanguage(t *testing.T) {
	env := func(pairs ...string) func(string) string {
		return func(name string) string {
			for i := 0; i < len(pairs); i += 2 {
				if pairs[i] == name {
					return pairs[i+1]
				}
			}
			return ""
		}
	}
	for _, c := range []struct {
		env  func(string) string
		want string
	}{
		{nil, "en"},
		{env(), "en"},
		{env("LANG", "ja_JP.UTF-8"), "ja"},
		{env("LANG", "ja_JP.UTF-8", "LC_ALL", "ko_KR.UTF-8"), "ko"},
		{env("LANG", "ja_JP.UTF-8", "LC_ALL", "C"), "en"},
		{env("LANG", "fr_FR.UTF-8"), "en"},
		{env("MALLBRIDGE_LANG", "ko", "LC_ALL", "ja_JP.UTF-8"), "ko"},
	} {
		if got := Language(c.env); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

func TestOwnFormatGoesFirst(t *testing.T) {
	dir := base(t)
	all, err := Builtin()
	if err != nil || all["warehouse-results"] == nil {
		t.Fatal(err)
	}
	put(t, dir, "formats/warehouse-results.yaml", bytes.TrimSpace([]byte(`
name: warehouse-results
title: {en: Ours}
record: results
direction: in
sureness: confirmed
source: the warehouse's own sheet
file: {kind: csv, charset: cp932, header: names}
columns:
  - {name: 番号, field: instruction.number, required: true}
  - {name: 送り状番号, field: shipment.tracking, required: true}
  - {name: 出荷日, field: shipment.shipped_on, required: true}
`)))
	ws := load(t, dir)
	f, _ := ws.Formats.Get("warehouse-results")
	if f.Title("en") != "Ours" || !ws.Formats.Own("warehouse-results") || ws.Formats.Own("rakuten-orders") {
		t.Errorf("the built-in format is used: %s", f.Title("en"))
	}
}

// Codes of a workspace go before those that are built in, wherever a format uses
// them; other formats are the built-in ones as they are.
func TestOwnCodesReachTheFormats(t *testing.T) {
	dir := t.TempDir()
	files := readTree(t, "testdata/wrong/base")
	maps.Copy(files, map[string][]byte{
		"masters/time-band-codes.csv": []byte("system,band,code\nyamato,1214,1214\nmine,am,A\n"),
		"masters/carriers.csv":        []byte("carrier,en,form\nlocal,Local Van,6\n"),
		"masters/carrier-codes.csv":   []byte("system,carrier,code,name\nnames-ko,local,로컬밴,\n"),
		"formats/own.yaml":            []byte("name: own\nrecord: instructions\ndirection: out\ncolumns:\n  - {name: t, field: instruction.time_band, table: t}\ntables:\n  t: {codes: time-bands, system: mine}\n"),
	})
	writeTree(t, dir, files)
	w := load(t, dir)
	band := record.New()
	band[record.InstructionTimeBand] = "1214"
	for name, want := range map[string]string{"yamato-b2": "", "sagawa-ehiden3": "table time_band has no code", "own": "table t has no code"} {
		f, ok := w.Formats.Get(name)
		if !ok {
			t.Fatal(name)
		}
		held := ""
		for _, h := range f.Check([]record.Record{band}, format.WriteOptions{}) {
			if h.Reason == order.HoldCode && h.Value != "" {
				held += h.Detail
			}
		}
		if want == "" && held != "" || !strings.Contains(held, want) {
			t.Errorf("%s: held %q, want %q", name, held, want)
		}
	}
	if f, _ := w.Formats.Get("kr-tracking-return"); f == nil {
		t.Error("no kr-tracking-return")
	} else if builtin, _ := BuiltinFormat("kr-tracking-return"); f == builtin {
		t.Error("the workspace's carrier is not in the built-in format")
	}
	if f, _ := w.Formats.Get("rakuten-orders"); f == nil {
		t.Error("no rakuten-orders")
	} else if builtin, _ := BuiltinFormat("rakuten-orders"); f != builtin {
		t.Error("a format without codes was parsed again")
	}
	if w.Codes.CheckNumber("local", "1234567") == nil {
		t.Error("the form of the own carrier is not looked at")
	}
}
