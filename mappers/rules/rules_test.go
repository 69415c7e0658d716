package rules

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mallbridge/mallbridge/order"
)

func compile(t testing.TB, text string) *Set {
	t.Helper()
	s, findings := Compile([]byte(text))
	if len(findings) > 0 {
		t.Fatalf("findings: %v", findings)
	}
	return s
}

// env is a package to Okinawa with a frozen and a normal line.
func env() Env {
	return Env{
		Account: "rakuten-main", Mall: "rakuten", Today: "2026-11-22", Weekday: "sun",
		Order:   Order{Number: "1", OrderedOn: "2026-11-20", Hour: 23, Total: 12000, Note: "玄関前に置いてください"},
		Country: "JP", Postal: "9000001", Prefecture: "沖縄県", City: "那覇市", Payment: "cod", Service: "standard", Warehouse: "tokyo",
		Flags: []string{"island"}, Note: "玄関前に置いてください", DeliverOn: "2026-11-25",
		Lines: []Line{{ItemCode: "ICE", Name: "アイス", Quantity: 2, Price: 5000}, {ItemCode: "T-1", Name: "Tシャツ", Quantity: 1, Price: 2000}},
		SKUs:  []SKU{{SKU: "ICE-1", Quantity: 4, Weight: 900, Temperature: "frozen"}, {SKU: "T-1", Quantity: 1, Weight: 120}},
	}
}

func TestConditions(t *testing.T) {
	for when, want := range map[string]bool{
		`true`:                true,
		`prefecture == "沖縄県"`: true,
		`prefecture in ["北海道", "沖縄県"]`:                         true,
		`"island" in flags`:                                    true,
		`"gift" in flags`:                                      false,
		`any(skus, .temperature == "frozen")`:                  true,
		`all(skus, .temperature == "frozen")`:                  false,
		`count(lines, .quantity > 1) == 1`:                     true,
		`weight > 3700 && pieces == 5`:                         true,
		`quantity == 3 && line_count == 2`:                     true,
		`value == 12000 && value == order.total`:               true,
		`note contains "置い"`:                                   true,
		`note matches "^玄関"`:                                   true,
		`postal startsWith "90"`:                               true,
		`starts_any(postal, ["100", "900"])`:                   true,
		`has_any(note, ["宅配ボックス", "玄関"])`:                      true,
		`has_any(note, flags)`:                                 false,
		`payment == "cod" and not (mall == "coupang")`:         true,
		`weekday == "sun" and today >= "2026-11-22"`:           true,
		`deliver_on > days_later(today, 2)`:                    true,
		`deliver_on > days_later(today, 3)`:                    false,
		`days_between(order.ordered_on, today) == 2`:           true,
		`order.hour >= 22`:                                     true,
		`any(lines, {.item_code in ["ICE"] and .price > 100})`: true,
		`country == "KR" ? prefecture == "제주특별자치도" : false`:    false,
		`len(to.name) == 0`:                                    true,
		`sum(lines, .quantity * .price) == 12000`:              true,
	} {
		s := compile(t, "rules:\n  - name: r\n    when: |\n      "+when+"\n    outside: true\n")
		e := env()
		res := s.Apply(&e)
		if res.Outside != want {
			t.Errorf("%s: got %v (%v)", when, res.Outside, res.Events)
		}
	}
}

func TestEffects(t *testing.T) {
	s := compile(t, `
rules:
  - name: hold short
    when: order.total >= 10000
    hold: 高額注文の確認
  - {name: hold long, when: "true", hold: {reason: 住所を確認}}
  - name: never
    when: false
    hold: no
  - name: route
    when: any(skus, .temperature == "frozen")
    route: osaka
  - name: sees the route
    when: warehouse == "osaka"
    service: {service: cool}
  - name: sees the service
    when: service == "cool"
    note: 冷凍品
  - name: insert
    when: true
    insert: {sku: LEAF-1, quantity: 2}
  - name: insert short
    when: true
    insert: CARD
  - name: never merge
    when: true
    merge: never
  - name: but merge
    when: '"island" in flags'
    merge: allow
  - name: later
    when: true
    ship_not_before: +3
  - name: even later
    when: true
    ship_not_before: 2026-12-01
  - name: not earlier
    when: true
    ship_not_before: days_later(deliver_on, -2)
  - name: one by one
    when: true
    split: line
`)
	e := env()
	res := s.Apply(&e)
	want := Result{
		Holds: []order.Hold{
			{Reason: order.HoldRule, Detail: "高額注文の確認", Field: "rule", Value: "hold short"},
			{Reason: order.HoldRule, Detail: "住所を確認", Field: "rule", Value: "hold long"},
		},
		Warehouse: "osaka", Service: "cool", Merge: MergeAllow, Notes: []string{"冷凍品"}, NotBefore: "2026-12-01", Split: SplitLine,
		Inserts: []Inserted{{"LEAF-1", 2, "insert"}, {"CARD", 1, "insert short"}},
		Events: []Event{
			{"hold short", 3, Hold, "高額注文の確認", ""},
			{"hold long", 6, Hold, "住所を確認", ""},
			{"route", 10, Route, "osaka", "tokyo"},
			{"sees the route", 13, Service, "cool", "standard"},
			{"sees the service", 16, AddNote, "冷凍品", ""},
			{"insert", 19, Insert, "LEAF-1×2", ""},
			{"insert short", 22, Insert, "CARD×1", ""},
			{"never merge", 25, Merge, "never", ""},
			{"but merge", 28, Merge, "allow", "never"},
			{"later", 31, NotBefore, "2026-11-23", ""},
			{"even later", 34, NotBefore, "2026-12-01", "2026-11-23"},
			{"not earlier", 37, NotBefore, "2026-11-23", "2026-12-01"},
			{"one by one", 40, Split, "line", ""},
		},
	}
	if diff := cmp.Diff(want, res); diff != "" {
		t.Error(diff)
	}
	if e.Warehouse != "tokyo" || e.Service != "standard" {
		t.Error("Apply changed the package's own values")
	}
	if got := res.Events[2].String(); got != `rule "route" (line 10): route osaka (was tokyo)` {
		t.Error(got)
	}
	if n := len(s.Rules()); n != 14 {
		t.Errorf("%d rules", n)
	}
}

func TestOutsideEndsTheRun(t *testing.T) {
	s := compile(t, "rules:\n- {name: a, when: 'true', outside: サンプル品}\n- {name: b, when: 'true', hold: x}\n")
	e := env()
	res := s.Apply(&e)
	if !res.Outside || len(res.Holds) != 0 || len(res.Events) != 1 || res.Events[0].Value != "サンプル品" {
		t.Errorf("%+v", res)
	}
}

// A rule that cannot be judged holds its package: it might have been a hold.
func TestFailingRuleHolds(t *testing.T) {
	for name, text := range map[string]string{
		"index":        `lines[9].price > 1`,
		"bad day":      `days_later(package.deliver_on, 1) > today`,
		"regexp":       `note matches order.number + "("`,
		"memory":       `len(1..90000000) > 0`,
		"mixed list":   `has_any(note, [today, order.total])`,
		"bad day, too": `days_between(today, note) > 1`,
	} {
		t.Run(name, func(t *testing.T) {
			s := compile(t, "rules:\n  - name: broken\n    when: |\n      "+text+"\n    route: osaka\n  - name: next\n    when: true\n    note: n\n")
			e := env()
			res := s.Apply(&e)
			if len(res.Holds) != 1 || res.Holds[0].Value != "broken" || !strings.Contains(res.Holds[0].Detail, "cannot be evaluated") {
				t.Errorf("%+v", res)
			}
			if res.Warehouse != "" || len(res.Notes) != 1 {
				t.Errorf("the rules after it did not run: %+v", res)
			}
		})
	}
	s := compile(t, "rules:\n  - {name: r, when: 'true', ship_not_before: +2}\n")
	res := s.Apply(&Env{})
	if len(res.Holds) != 1 || res.NotBefore != "" {
		t.Errorf("an order without a day: %+v", res)
	}
	s = compile(t, "rules:\n  - {name: r, when: 'true', ship_not_before: note}\n")
	res = s.Apply(&Env{Note: "soon"})
	if len(res.Holds) != 1 || !strings.Contains(res.Holds[0].Detail, `"soon" is not a day`) {
		t.Errorf("a day that is none: %+v", res)
	}
}

func TestFindings(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string // line:column and a part of the reason
	}{
		{"not a map", "- a\n", []string{"1:1 not a map"}},
		{"unknown key", "rule: []\nrules: []\n", []string{`1:1 key "rule" is unknown`}},
		{"not a list", "rules: {}\n", []string{"1:8 not a list"}},
		{"broken yaml", "rules:\n  - name: a\n    when: x == 'a': b\n", []string{"3:1 mapping values"}},
		{"not rules", "rules:\n  - hello\n", []string{"2:5 not a map"}},
		{"nothing", "rules:\n  - {}\n", []string{"2:5 name is missing", "2:5 when is missing", "2:5 no effect"}},
		{
			"all at once",
			"rules:\n  - name: a\n    when: totl > 1\n    hold: x\n  - name: a\n    when: quantity + 1\n    split: half\n    colour: red\n",
			[]string{"3:11 unknown name totl", "5:11 taken by the rule in line 2", "6:11 expected bool", `7:12 split "half" is unknown`, `8:5 key "colour"`},
		},
		{"two effects", "rules:\n  - {name: a, when: 'true', hold: x, route: y}\n", []string{"2:38 two effects"}},
		{"one effect twice", "rules:\n  - {name: a, when: 'true', hold: x, hold: y}\n", []string{"2:38 stands twice"}},
		{"plain", "rules:\n  - name: a\n    when: prefecture == \"東京都\" && wieght > 1\n    hold: x\n", []string{"3:34 unknown name wieght"}},
		{"quoted", "rules:\n  - name: a\n    when: 'prefecture == \"東京都\" && wieght > 1'\n    hold: x\n", []string{"3:35 unknown name wieght"}},
		{"literal", "rules:\n  - name: a\n    when: |\n      prefecture == \"서울특별시\" &&\n        wieght > 1\n    hold: x\n", []string{"5:9 unknown name wieght"}},
		{"folded", "rules:\n  - name: a\n    when: >\n      true &&\n      wieght > 1\n    hold: x\n", []string{"3:11 unknown name wieght"}},
		{"types", "rules:\n  - name: a\n    when: note > 5\n    hold: x\n", []string{"3:16 mismatched types string and int"}},
		{"unknown field", "rules:\n  - name: a\n    when: order.totl > 5\n    hold: x\n", []string{"3:17 has no field totl"}},
		{"clock", "rules:\n  - name: a\n    when: now().Hour() > 5\n    hold: x\n", []string{"3:11 unknown name now"}},
		{"deep", "rules:\n  - name: a\n    when: any(lines, any(skus, any(flags, true)))\n    hold: x\n", []string{"3:11 nested deeper than 2"}},
		{"large", "rules:\n  - name: a\n    when: " + strings.Repeat("true && ", 700) + "true\n    hold: x\n", []string{"3:4016 exceeds"}},
		{"empty when", "rules:\n  - name: a\n    when:\n    hold: x\n", []string{"3:10 when is empty"}},
		{"list as when", "rules:\n  - name: a\n    when: [a]\n    hold: x\n", []string{"3:11 when is not a text"}},
		{"empty hold", "rules:\n  - {name: a, when: 'true', hold: ''}\n", []string{"2:35 hold is empty"}},
		{"hold map", "rules:\n  - {name: a, when: 'true', hold: {text: x}}\n", []string{"2:35 hold is missing", `2:36 key "text"`}},
		{"insert", "rules:\n  - {name: a, when: 'true', insert: {quantity: 0}}\n", []string{"sku is missing", "not a whole number"}},
		{"merge", "rules:\n  - {name: a, when: 'true', merge: always}\n", []string{`merge "always" is unknown`}},
		{"outside false", "rules:\n  - {name: a, when: 'true', outside: false}\n", []string{"2:38 outside: false does nothing"}},
		{"no date", "rules:\n  - {name: a, when: 'true', ship_not_before: 2026-02-30}\n", []string{`"2026-02-30" is not a date`}},
		{"date expression", "rules:\n  - {name: a, when: 'true', ship_not_before: line_count}\n", []string{"expected string"}},
		{"one fault", "rules:\n  - {name: a, when: 'true', ship_not_before: +1x}\n", []string{""}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, findings := Compile([]byte(tt.text))
			if s != nil {
				t.Error("a set in spite of findings")
			}
			if len(findings) != len(tt.want) {
				t.Fatalf("%d findings: %v", len(findings), findings)
			}
			for i, f := range findings {
				place, part, _ := strings.Cut(tt.want[i], " ")
				if !strings.Contains(place, ":") {
					place, part = "", tt.want[i]
				}
				if got := f.String(); !strings.HasPrefix(got, place) || !strings.Contains(f.Why, part) {
					t.Errorf("got %s, want %s", got, tt.want[i])
				}
				if f.Hint == "" {
					t.Errorf("%s: no hint", f)
				}
			}
		})
	}
}

func TestCaretAndNearName(t *testing.T) {
	_, findings := Compile([]byte("rules:\n  - name: 高額\n    when: payment == \"代引\" && Total > 5\n    hold: x\n"))
	want := "3:30: rule \"高額\": unknown name Total\n | payment == \"代引\" && Total > 5\n | .....................^"
	if len(findings) != 1 || findings[0].String() != want {
		t.Errorf("got %v, want %s", findings, want)
	}
	if !strings.Contains(findings[0].Hint, "order.total") {
		t.Error(findings[0].Hint)
	}
}

func TestAnchors(t *testing.T) {
	s := compile(t, "rules:\n- {name: a, when: &far 'prefecture == \"沖縄県\"', hold: x}\n- {name: b, when: *far, route: osaka}\n")
	e := env()
	if res := s.Apply(&e); len(res.Events) != 2 {
		t.Errorf("%+v", res)
	}
	if _, findings := Compile([]byte("rules: &a\n- *a\n- {name: b, when: *a, hold: x}\n")); len(findings) != 2 {
		t.Errorf("%v", findings)
	}
}

func TestLongLinesAreCut(t *testing.T) {
	long := strings.Repeat("true && ", 20)
	_, findings := Compile([]byte("rules:\n  - name: a\n    when: " + long + "x && " + long + "true\n    hold: x\n"))
	if len(findings) != 1 {
		t.Fatal(findings)
	}
	lines := strings.Split(findings[0].Snippet, "\n")
	if len(lines) != 3 || len(lines[1]) > 130 || !strings.Contains(lines[1], "… ") || lines[1][0] != ' ' {
		t.Errorf("%q", lines)
	}
	if at := strings.IndexByte(lines[2], '^'); []rune(lines[1])[at] != 'x' {
		t.Errorf("the caret is not under x:\n%s", findings[0].Snippet)
	}
}

func TestEmpty(t *testing.T) {
	for _, text := range []string{"", "# nothing yet\n", "rules:\n", "rules: []\n"} {
		s := compile(t, text)
		e := env()
		if res := s.Apply(&e); len(res.Events) != 0 {
			t.Errorf("%q: %+v", text, res)
		}
	}
	var none *Set
	e := env()
	if res := none.Apply(&e); len(res.Events) != 0 || none.Rules() != nil {
		t.Error("the nil set has rules")
	}
}

func TestNewEnv(t *testing.T) {
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	o := order.Order{
		Account: "shop", Number: "001", Ordered: order.Instant{UTC: time.Date(2026, 11, 21, 15, 0, 0, 0, time.UTC)}, Total: 3000,
		Flags: []string{order.FlagGift}, Note: "のし",
		Buyer: order.Party{Name: "例示 花子"},
		Packages: []order.Package{{Key: "1"}, {
			Key: "2", DeliverOn: "2026-11-25", To: order.Party{Name: "例示 太郎", Country: "JP", Prefecture: "東京都", City: "港区", Street: "芝公園4-2-8"},
			Lines: []order.Line{{Name: "A", Quantity: 2, Price: 500, Codes: order.Codes{OptionCode: "red"}}},
		}},
	}
	e := NewEnv(&o, 1, time.Date(2026, 11, 22, 15, 30, 0, 0, time.UTC).In(tokyo))
	for name, pair := range map[string][2]any{
		"today":      {e.Today, "2026-11-23"},
		"weekday":    {e.Weekday, "mon"},
		"ordered_on": {e.Order.OrderedOn, "2026-11-22"},
		"hour":       {e.Order.Hour, 0},
		"key":        {e.Package.Key, "2"},
		"to":         {e.To.Name, "例示 太郎"},
		"buyer":      {e.Buyer.Name, "例示 花子"},
		"address":    {e.Address, "東京都港区芝公園4-2-8"},
		"packages":   {e.Order.Packages, 2},
		"value":      {e.Value, 1000},
		"option":     {e.Lines[0].OptionCode, "red"},
		"deliver_on": {e.DeliverOn, "2026-11-25"},
		"flags":      {e.Flags[0], "gift"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: got %v, want %v", name, pair[0], pair[1])
		}
	}
}

func TestNames(t *testing.T) {
	seen := map[string]Name{}
	for _, n := range Names() {
		if n.Doc == "" || n.Type == "" || strings.HasSuffix(n.Name, ".") {
			t.Errorf("%+v", n)
		}
		seen[n.Name] = n
	}
	for name, typ := range map[string]string{"order.total": "number", "lines[].price": "number", "flags": "list of text", "skus": "list", "prefecture": "text"} {
		if seen[name].Type != typ {
			t.Errorf("%s: %+v", name, seen[name])
		}
	}
}

func TestRunCases(t *testing.T) {
	s := compile(t, `
rules:
  - {name: cold, when: 'any(skus, .temperature == "frozen")', route: osaka}
  - {name: far, when: 'prefecture == "沖縄県"', hold: 送料を確認}
  - {name: leaf, when: 'warehouse == "osaka"', insert: LEAF}
  - {name: wait, when: 'deliver_on != ""', ship_not_before: 'days_later(deliver_on, -1)'}
`)
	cases, findings := s.RunCases([]byte(`
cases:
  - name: all of them
    given:
      prefecture: 沖縄県
      postal: 0600001
      deliver_on: 2026-12-02
      skus: [{sku: ICE-1, quantity: 2, temperature: frozen}]
    want:
      rules: [cold, far, leaf, wait]
      warehouse: osaka
      holds: [送料を確認]
      inserts: [{sku: LEAF}]
      ship_not_before: 2026-12-01
  - name: nothing happens
    given: {prefecture: 東京都}
    want: {rules: []}
  - name: wrong on purpose
    given: {prefecture: 沖縄県}
    want: {rules: [], holds: [x], outside: true, warehouse: osaka, service: s, merge: never, notes: [n], split: line}
`))
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	if len(cases) != 3 || !cases[0].Passed || !cases[1].Passed || cases[2].Passed {
		t.Fatalf("%+v", cases)
	}
	if cases[0].Line != 3 || len(cases[0].Events) != 4 {
		t.Errorf("%+v", cases[0])
	}
	if got := len(cases[2].Diff); got != 8 {
		t.Errorf("%d differences: %q", got, cases[2].Diff)
	}
	if got := cases[2].Diff[0]; got != "rules: want [], got [far]" {
		t.Error(got)
	}
}

func TestCaseFindings(t *testing.T) {
	s := compile(t, "")
	_, findings := s.RunCases([]byte(`
cases:
  - given: {prefecture: 1, prefektur: x}
    want: {rules: []}
  - name: b
    given: {order: {total: many}, lines: {}, flags: [[a]], to: x}
    want: {outside: maybe}
  - name: c
  - name: d
    want: {}
  - x
`))
	want := []string{
		"3:5: name is missing", `3:28: key "prefektur" is unknown`, `6:28: "many" is not a whole number`, "6:42: is not a list",
		"6:54: is not a text", "6:64: is not a map", `7:21: "maybe" is neither`, "8:5: want is missing", "9:5: want is missing", "11:5: a case is not a map",
	}
	if len(findings) != len(want) {
		t.Fatalf("%d findings: %v", len(findings), findings)
	}
	for i, f := range findings {
		if !strings.HasPrefix(f.String(), want[i]) {
			t.Errorf("got %s, want %s", f, want[i])
		}
	}
	for text, part := range map[string]string{"- a": "not a map", "cases: x": "not a list", "a: [": "did not find", "case: []": "unknown"} {
		if _, findings := s.RunCases([]byte(text)); len(findings) != 1 || !strings.Contains(findings[0].Why, part) {
			t.Errorf("%q: %v", text, findings)
		}
	}
	if cases, findings := s.RunCases(nil); len(cases)+len(findings) != 0 {
		t.Error("an empty file has cases")
	}
}

// Whatever stands in a file, Compile and RunCases answer with findings, and a
// compiled set can be applied.
func FuzzCompile(f *testing.F) {
	f.Add("rules:\n  - name: a\n    when: |\n      total >\n    hold: x\n")
	f.Add("rules:\n  - {name: a, when: 'any(lines, .price > 1)', ship_not_before: +2}\n")
	f.Add("rules: &a\n  - *a\n")
	f.Add("cases:\n  - {name: a, given: {lines: [{quantity: 1}]}, want: {rules: []}}\n")
	f.Fuzz(func(t *testing.T, text string) {
		s, findings := Compile([]byte(text))
		if (s == nil) == (len(findings) == 0) {
			t.Fatalf("%d findings and set %v", len(findings), s)
		}
		for _, f := range findings {
			if f.Line < 1 || f.Column < 1 || f.Why == "" {
				t.Errorf("%+v", f)
			}
		}
		e := env()
		s.Apply(&e)
		compile(t, "").RunCases([]byte(text))
	})
}

func BenchmarkApply(b *testing.B) {
	s := compile(b, `
rules:
  - {name: cold, when: 'any(skus, .temperature == "frozen")', route: osaka}
  - {name: far, when: 'prefecture in ["沖縄県", "北海道"]', hold: x}
  - {name: dear, when: 'order.total > 100000', hold: x}
  - {name: leaf, when: 'has_any(note, ["のし", "ギフト"])', insert: LEAF}
  - {name: zip, when: 'starts_any(postal, ["100", "200", "300"])', service: x}
`)
	e := env()
	for b.Loop() {
		s.Apply(&e)
	}
}
