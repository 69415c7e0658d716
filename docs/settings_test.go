package docs_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/invopop/jsonschema"
	"go.yaml.in/yaml/v3"

	"github.com/mallbridge/mallbridge/configs"
)

// settingFiles says where the settings of each schema stand.
var settingFiles = map[string]struct{ title, of, where, sample string }{
	configs.SettingsKind:  {"mallbridge.yaml", "mallbridge.yaml", "It holds for the whole workspace. The file is required, and may be empty.", "mallbridge.yaml"},
	configs.AccountKind:   {"accounts/NAME.yaml", "an account", "One file for each account; it holds for that account. The file's name is the account's name and stays: letters a–z, digits, hyphens.", "accounts/rakuten-1.yaml"},
	configs.WarehouseKind: {"warehouses/NAME.yaml", "a warehouse", "One file for each warehouse; it holds for that warehouse. The file's name is the warehouse's name and stays: letters a–z, digits, hyphens.", "warehouses/sftp-example.yaml"},
}

// settingExamples are values of settings whose default or allowed values show too
// little.
var settingExamples = map[string]string{
	"language":                                 "ja",
	"ledger":                                   "env:MALLBRIDGE_LEDGER",
	"inbox":                                    "/srv/shared/inbox",
	"archive":                                  "s3://shop-archive/mallbridge",
	"s3.endpoint":                              "https://s3.example.jp",
	"s3.path_style":                            "true",
	"s3.access_key":                            "env:S3_ACCESS_KEY",
	"s3.secret_key":                            "env:S3_SECRET_KEY",
	"sftp.key":                                 "file:keys/id_ed25519",
	"sftp.passphrase":                          "env:KEY_PASSPHRASE",
	"sftp.password":                            "env:SFTP_PASSWORD",
	"sftp.agent":                               "true",
	"sftp.known_hosts":                         "keys/known_hosts",
	"sftp.host_keys":                           `["SHA256:uNiVztksCsDhcc0u9e8BrqytTXJBwhAZ0VXu3UoZFBo"]`,
	"secrets.identity":                         "file:/etc/mallbridge/identity.txt",
	"console.https":                            "true",
	"log.format":                               "json",
	"retention.personal_data":                  "30d",
	"schedules.instruct":                       `"*/10 8-18 * * 1-5"`,
	"schedules.catalog":                        "6h",
	"limits.mall_jobs":                         "8",
	"alerts.channels[].name":                   "chat",
	"alerts.channels[].least":                  "red",
	"alerts.channels[].language":               "ko",
	"alerts.channels[].timezone":               "Asia/Seoul",
	"alerts.channels[].summary":                `"08:30"`,
	"alerts.channels[].quiet_hours.from":       `"22:00"`,
	"alerts.channels[].quiet_hours.to":         `"07:00"`,
	"alerts.channels[].webhook.url":            "env:SLACK_URL",
	"alerts.channels[].webhook.for":            "slack",
	"alerts.channels[].webhook.body":           `'{"text": {{json .Text}}}'`,
	"alerts.channels[].webhook.headers":        "{X-Source: mallbridge}",
	"alerts.channels[].webhook.secret_headers": "{X-ChatWorkToken: env:CHATWORK_TOKEN}",
	"alerts.channels[].webhook.sign":           "env:NOTICE_SECRET",
	"alerts.channels[].mail.host":              "smtp.shop.example",
	"alerts.channels[].mail.user":              "bridge@shop.example",
	"alerts.channels[].mail.password":          "env:SMTP_PASSWORD",
	"alerts.channels[].mail.from":              "Mallbridge <bridge@shop.example>",
	"alerts.channels[].mail.to":                "[orders@shop.example]",

	"account.timezone":                "Asia/Seoul",
	"account.currency":                "KRW",
	"account.country":                 "KR",
	"account.not_before":              "2026-11-01",
	"account.lookback_days":           "60",
	"account.intake.folder":           "/srv/downloads/rakuten",
	"account.intake.pattern":          `"*.csv"`,
	"account.intake.formats":          "[rakuten-orders, my-orders]",
	"account.intake.password":         "env:SMARTSTORE_PASSWORD",
	"account.intake.done_mark":        ".done",
	"account.intake.charset":          "utf-8",
	"account.report.format":           "rakuten-tracking",
	"account.report.charset":          "cp932",
	"account.report.values":           "{delivery_method: 택배}",
	"account.api.base_url":            "http://127.0.0.1:8801",
	"account.api.settings":            `{vendor_id: "A00012345"}`,
	"account.api.secrets":             "{license_key: env:RAKUTEN_KEY}",
	"account.api.next":                "{license_key: env:RAKUTEN_KEY_NEXT}",
	"account.api.key_ends":            "2027-02-28",
	"account.api.every":               "15m",
	"account.auto_confirmation":       "true",
	"account.auto_instruction":        "false",
	"account.auto_stock_sync":         "true",
	"account.statuses[].code":         `"出荷保留"`,
	"account.statuses[].same_as":      `"300"`,
	"account.sku_from":                "[option_code, item_code]",
	"account.sender.kana":             "ミホンショウテン",
	"account.sender.company":          "見本株式会社",
	"account.sender.building":         "見本ビル 3F",
	"account.flags":                   "{island: hold, gift: take}",
	"account.merge.never":             "true",
	"account.retention.personal_data": "30d",
	"account.stock.warehouses":        "[tokyo, narita]",
	"account.stock.buffer":            "2",
	"account.stock.percent":           "80",
	"account.stock.low":               "5",
	"account.schedules.extract":       "1m",
	"account.schedules.plan":          "1m",
	"account.schedules.report":        "5m",
	"account.schedules.reconcile":     "30m",
	"account.schedules.stock":         "30m",
	"account.schedules.catalog":       `"0 5 * * *"`,

	"warehouse.title":                         "東京第一倉庫",
	"warehouse.timezone":                      "Asia/Tokyo",
	"warehouse.country":                       "JP",
	"warehouse.charset":                       "cp932",
	"warehouse.drop.root":                     "/home/shop",
	"warehouse.drop.password":                 "env:TOKYO_SFTP_PASSWORD",
	"warehouse.drop.passphrase":               "env:TOKYO_KEY_PASSPHRASE",
	"warehouse.drop.host_keys":                `["SHA256:uNiVztksCsDhcc0u9e8BrYLlF4GLYxGXLHKuFzMeHFo"]`,
	"warehouse.instructions.name":             `'ship_{{.Batch}}_{{.Time.Format "20060102"}}.csv'`,
	"warehouse.instructions.temporary":        `".{name}"`,
	"warehouse.instructions.done_mark":        `"{name}.done"`,
	"warehouse.instructions.archive":          "[archive, archive/old]",
	"warehouse.instructions.verify":           "hash",
	"warehouse.instructions.approval":         "always",
	"warehouse.instructions.max_instructions": "500",
	"warehouse.replacements.pairs":            `{髙: 高, "U+00A0": " "}`,
	"warehouse.replacements.lists":            "[suggested, b2]",
	"warehouse.replacements.compose":          "true",
	"warehouse.calendar.holidays":             "[jp, masters/holidays.csv]",
	"warehouse.calendar.working_dates":        "[2026-12-29]",
	"warehouse.calendar.cut_offs":             `["12:00", "15:30"]`,
	"warehouse.calendar.cut_offs_on":          `{sat: ["11:00"]}`,
	"warehouse.calendar.lead_days":            "1",
	"warehouse.number.prefix":                 "T",
	"warehouse.values":                        `{billing_code: "0312345678"}`,
	"warehouse.temperatures":                  "[normal, chilled]",
	"warehouse.byte_form":                     "ibm",
	"warehouse.schedules.instruct":            `"50 11,14 * * 1-5"`,
	"warehouse.schedules.collect":             "2m",
	"warehouse.schedules.watch":               "5m",
	"warehouse.results.pattern":               `"result_*.csv"`,
	"warehouse.results.done_mark":             `"{name}.done"`,
	"warehouse.results.done":                  "results/done",
	"warehouse.acks.pattern":                  `"ack_*.csv"`,
	"warehouse.acks.done_mark":                `"{name}.done"`,
	"warehouse.acks.done":                     "acks/done",
	"warehouse.acks.expect":                   "true",
	"warehouse.stock.pattern":                 `"stock_*.csv"`,
	"warehouse.stock.done_mark":               `"{name}.done"`,
	"warehouse.stock.done":                    "stock/done",
	"warehouse.stock.zero_missing":            "true",
	"warehouse.stock.figure":                  "free",
	"warehouse.stops.format":                  "warehouse-stops",
	"warehouse.stops.folder":                  "stops",
	"warehouse.stops.name":                    `'stop_{{.Batch}}.csv'`,
	"warehouse.stops.changes":                 "true",
	"warehouse.acks.format":                   "warehouse-acks",
	"warehouse.acks.folder":                   "acks",
	"warehouse.stock.format":                  "warehouse-stock",
	"warehouse.stock.folder":                  "stock",
}

// TestSettings keeps engineer/settings.md in step with the settings: their doc
// comments, which the schemas carry.
func TestSettings(t *testing.T) {
	used := map[string]bool{}
	var b strings.Builder
	b.WriteString("<!-- Made by go generate ./docs from the comments of configs. Change them there. -->\n# Settings\n\n" +
		"Every key of the three kinds of file. A key that is left out has its default; unknown keys are errors, and `mallbridge\n" +
		"check` reports every mistake with line and column. `mallbridge init` writes files in which each key stands with its\n" +
		"comment. Editors complete and check keys by the schemas in the workspace's `.schema/`. Tables and rules are no\n" +
		"settings: [masters](accounts.md#masters), [rules](rules.md), [formats](formats.md).\n\n" + settingTypes)
	for _, kind := range configs.SchemaKinds() {
		data, err := configs.Schema(kind)
		if err != nil {
			t.Fatal(err)
		}
		var s jsonschema.Schema
		if err := json.Unmarshal(data, &s); err != nil {
			t.Fatal(err)
		}
		f := settingFiles[kind]
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", f.title, f.where)
		p := settingPage{t: t, file: kind, defs: s.Definitions, used: used, sample: sampleValues(t, f.sample)}
		if kind != configs.SettingsKind {
			p.kind = kind + "."
		}
		p.section(&b, "", "", s.Definitions[strings.TrimPrefix(s.Ref, "#/$defs/")])
	}
	for path := range settingExamples {
		if !used[path] {
			t.Errorf("%s has an example and is no setting", path)
		}
	}
	sameOrWrite(t, filepath.Join("engineer", "settings.md"), b.String())
}

const settingTypes = `| what it takes | how it is written |
|---|---|
| text | as it is; with quotes where it begins with a digit or holds a colon: codes such as "0312345678" |
| duration | ` + "`90s`, `10m`, `1h30m`, `30d`; `0` for none" + ` |
| time of day | ` + "`\"14:30\"`" + `, with quotes |
| date | ` + "`2026-11-24`" + ` |
| schedule | a duration; a cron line of five fields, ` + "`\"30 8 * * 1-5\"`" + `; or ` + "`off`" + ` |
| secret | a reference, never the value: ` + "`env:NAME`, `file:PATH`, `age:NAME`" + ` |
| a list, a table | ` + "`[a, b]`, `{key: value}`" + `, or on lines of their own |
`

// A settingPage writes the tables of one file.
type settingPage struct {
	t      *testing.T
	file   string // the kind of file
	kind   string // before the paths of examples
	defs   jsonschema.Definitions
	sample map[string]string
	used   map[string]bool
}

// section writes the keys below path, then the sections inside it.
func (p *settingPage) section(b *strings.Builder, path, about string, s *jsonschema.Schema) {
	if path != "" {
		fmt.Fprintf(b, "\n### `%s` of %s\n\n%s\n", strings.TrimSuffix(path, "."), settingFiles[p.file].of, about)
	}
	b.WriteString("\n| key | takes | default | example | what it means |\n|---|---|---|---|---|\n")
	type inner struct {
		path, about string
		schema      *jsonschema.Schema
	}
	var below []inner
	for pair := s.Properties.Oldest(); pair != nil; pair = pair.Next() {
		key, v := pair.Key, pair.Value
		name := "`" + key + "`"
		if slices.Contains(s.Required, key) {
			name += " (required)"
		}
		ref, list := v.Ref, ""
		if v.Items != nil && v.Items.Ref != "" {
			ref, list = v.Items.Ref, "[]"
		}
		if ref != "" {
			at := path + key + list + "."
			def := p.defs[strings.TrimPrefix(ref, "#/$defs/")]
			below = append(below, inner{at, sectionAbout(v.Description, def.Description), def})
			kind := "a section"
			if list != "" {
				kind = "a list of sections"
			}
			fmt.Fprintf(b, "| %s | %s | | | %s [→](#%s) |\n", name, kind, cell(v.Description), p.anchor(at))
			continue
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", name, takes(key, v), ticked(written(v.Default)), ticked(p.example(path+key, v)), cell(v.Description))
	}
	for _, in := range below {
		p.section(b, in.path, in.about, in.schema)
	}
}

var joined = regexp.MustCompile(`^\w+[a-z][A-Z]`)

// sectionAbout says what a section is: the comment of its type, or that of its key
// where the type has a name that nobody outside the code knows.
func sectionAbout(key, typ string) string {
	if joined.MatchString(typ) || typ == "" {
		return key
	}
	return typ
}

// anchor is the anchor of the heading of a section.
func (p *settingPage) anchor(path string) string {
	heading := strings.TrimSuffix(path, ".") + " of " + settingFiles[p.file].of
	return strings.ReplaceAll(strings.NewReplacer(".", "", "[", "", "]", "").Replace(heading), " ", "-")
}

// example is what stands in the table: ours, that of the sample workspace, the default,
// or the first allowed value. It must be allowed.
func (p *settingPage) example(path string, s *jsonschema.Schema) string {
	p.used[p.kind+path] = true
	ex, ok := settingExamples[p.kind+path]
	if !ok {
		ex, ok = p.sample[path]
	}
	if !ok {
		ex = written(s.Default)
		if ex == "" && len(s.Enum) > 0 {
			ex = fmt.Sprint(s.Enum[0])
		}
	}
	if ex == "" {
		p.t.Errorf("%s%s has no example: add one to settingExamples", p.kind, path)
		return ""
	}
	var v any
	if err := yaml.Unmarshal([]byte(ex), &v); err != nil {
		p.t.Errorf("%s%s: the example %s: %v", p.kind, path, ex, err)
	}
	if text, isText := v.(string); isText && s.Pattern != "" && !regexp.MustCompile(s.Pattern).MatchString(text) {
		p.t.Errorf("%s%s: the example %s does not fit %s", p.kind, path, ex, s.Pattern)
	}
	if len(s.Enum) > 0 && !slices.ContainsFunc(s.Enum, func(e any) bool { return fmt.Sprint(e) == fmt.Sprint(v) }) {
		p.t.Errorf("%s%s: the example %s is none of %v", p.kind, path, ex, s.Enum)
	}
	return ex
}

// sampleValues are the scalars of a file of the sample workspace for Japan, by path.
func sampleValues(t *testing.T, file string) map[string]string {
	t.Helper()
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(page(t, "configs/samples/jp/"+file)), &doc); err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	var walk func(path string, n *yaml.Node)
	walk = func(path string, n *yaml.Node) {
		if n.Kind == yaml.MappingNode && len(n.Content) > 0 {
			for i := 0; i+1 < len(n.Content); i += 2 {
				walk(path+"."+n.Content[i].Value, n.Content[i+1])
			}
		}
		n.HeadComment, n.LineComment, n.FootComment = "", "", ""
		if n.Kind != yaml.ScalarNode {
			n.Style = yaml.FlowStyle
			for _, c := range n.Content {
				c.HeadComment, c.LineComment, c.FootComment = "", "", ""
			}
		}
		text, err := yaml.Marshal(n)
		if err != nil {
			t.Fatal(err)
		}
		if path != "" && !strings.Contains(strings.TrimSpace(string(text)), "\n") {
			out[strings.TrimPrefix(path, ".")] = strings.TrimSpace(string(text))
		}
	}
	if len(doc.Content) > 0 {
		walk("", doc.Content[0])
	}
	return out
}

// takes says what a setting takes.
func takes(key string, s *jsonschema.Schema) string {
	if len(s.Enum) > 0 {
		var all []string
		for _, e := range s.Enum {
			all = append(all, "`"+fmt.Sprint(e)+"`")
		}
		return strings.Join(all, ", ")
	}
	switch s.Type {
	case "boolean":
		return "`true`, `false`"
	case "integer":
		if s.Minimum != "" && s.Maximum != "" {
			return fmt.Sprintf("number, %s to %s", s.Minimum, s.Maximum)
		}
		return "number"
	case "array":
		return "list: " + takes("", s.Items)
	case "object":
		if s.AdditionalProperties != nil && s.AdditionalProperties.Type != "" {
			return "table: " + takes("", s.AdditionalProperties)
		}
		return "table"
	}
	switch {
	case strings.HasPrefix(s.Pattern, "^([0-9]+d)"):
		return "duration"
	case strings.HasPrefix(s.Pattern, "^([01]?"):
		return "time of day"
	case strings.HasPrefix(s.Pattern, "^[0-9]{4}-"):
		return "date"
	case strings.HasPrefix(s.Pattern, "^(env|"):
		return "secret"
	case slices.Contains([]string{"extract", "plan", "instruct", "collect", "report", "watch", "reconcile", "purge", "stock", "catalog"}, key):
		return "schedule"
	}
	return "text"
}

// written is a default as it would be written.
func written(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case []any:
		var all []string
		for _, e := range v {
			all = append(all, fmt.Sprint(e))
		}
		return "[" + strings.Join(all, ", ") + "]"
	}
	return fmt.Sprint(v)
}

func ticked(s string) string {
	if s == "" {
		return ""
	}
	return "`" + strings.ReplaceAll(s, "|", "\\|") + "`"
}
