// Package message puts notices into words: what a channel sends of alerts, as plain
// text and by template. It holds no personal data but what an alert's own values
// name: orders, files, counts.
package message

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"text/template"
	"unicode/utf8"
)

// A Message is what is sent at once. Its fields are what templates may use.
type Message struct {
	ID    string   `json:"id"` // the same when it is sent again after a lost answer
	Title string   `json:"title"`
	Level string   `json:"level"` // red, warning, ended, summary, test: the highest of its items
	Lang  string   `json:"language"`
	At    string   `json:"at"` // RFC 3339, in the zone of the channel
	Items []Item   `json:"items"`
	Lines []string `json:"lines,omitempty"` // of a summary or a test
	Text  string   `json:"text"`            // title, items and lines as plain text
}

// An Item is one alert.
type Item struct {
	Kind    string `json:"kind"`
	Class   string `json:"class"`
	Level   string `json:"level"`           // red, warning, ended
	Why     string `json:"why"`             // why it is told now: began, changed, again, ended
	Target  string `json:"target"`          // account or warehouse
	Subject string `json:"subject"`         // order, file, SKU
	Text    string `json:"text"`            // in the channel's language
	Do      string `json:"do,omitempty"`    // what to do
	Who     string `json:"who"`             // who must act
	Since   string `json:"since"`           // in the zone of the channel
	Ended   string `json:"ended,omitempty"` // likewise
}

// Words are the texts of one language.
type words struct{ red, warning, ended, since string }

var byLang = map[string]words{
	"ja": {"【要対応】", "【注意】", "【解消】", "発生"},
	"ko": {"[조치 필요]", "[주의]", "[해소]", "발생"},
	"en": {"[act now]", "[warning]", "[ended]", "since"},
}

// Finish fills in Text.
func (m *Message) Finish() {
	w, ok := byLang[m.Lang]
	if !ok {
		w = byLang["en"]
	}
	var b strings.Builder
	b.WriteString(m.Title)
	for _, i := range m.Items {
		mark := map[string]string{"red": w.red, "ended": w.ended}[i.Level]
		if mark == "" {
			mark = w.warning
		}
		fmt.Fprintf(&b, "\n%s ", mark)
		if i.Target != "" {
			fmt.Fprintf(&b, "%s: ", i.Target)
		}
		fmt.Fprintf(&b, "%s (%s %s)", i.Text, w.since, i.Since)
		if i.Do != "" && i.Level != "ended" {
			fmt.Fprintf(&b, "\n  → %s", i.Do)
		}
	}
	for _, l := range m.Lines {
		b.WriteString("\n" + l)
	}
	m.Text = b.String()
}

// Bodies are the templates of services whose form is public and stable.
var Bodies = map[string]string{
	"json":     `{{json .}}`,
	"slack":    `{"text": {{json .Text}}}`,
	"discord":  `{"content": {{json (cut 1900 .Text)}}}`,
	"chatwork": `self_unread=1&body={{query .Text}}`,
}

// ContentTypes of these bodies; application/json where there is none.
var ContentTypes = map[string]string{"chatwork": "application/x-www-form-urlencoded"}

// functions that templates may call: json writes a value as JSON, with its quotes;
// query escapes a text for a form; cut shortens a text to so many letters; line
// takes line breaks out, for headers.
var functions = template.FuncMap{
	"json": func(v any) (string, error) {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		err := e.Encode(v)
		return strings.TrimSuffix(b.String(), "\n"), err
	},
	"query": url.QueryEscape,
	"cut": func(n int, s string) string {
		if utf8.RuneCountInString(s) <= n {
			return s
		}
		return string([]rune(s)[:max(n-1, 0)]) + "…"
	},
	"line": func(s string) string { return strings.Join(strings.Fields(s), " ") },
}

// A Template renders messages.
type Template struct{ t *template.Template }

// Parse reads a template and tries it on a message with hard letters. With
// asJSON what it gives must be JSON.
func Parse(text string, asJSON bool) (*Template, error) {
	t, err := template.New("body").Funcs(functions).Option("missingkey=error").Parse(text)
	if err != nil {
		return nil, cleanError(err)
	}
	x := &Template{t}
	out, err := x.Render(sample())
	if err != nil {
		return nil, err
	}
	if asJSON && !json.Valid(out) {
		return nil, fmt.Errorf("what it gives is no JSON: write texts as {{json .Text}}, without quotes around it")
	}
	return x, nil
}

// Render writes m.
func (t *Template) Render(m *Message) ([]byte, error) {
	var b bytes.Buffer
	if err := t.t.Execute(&b, m); err != nil {
		return nil, cleanError(err)
	}
	return b.Bytes(), nil
}

// cleanError takes the package's own words out of a template's error.
func cleanError(err error) error {
	return fmt.Errorf("%s", strings.TrimPrefix(strings.TrimPrefix(err.Error(), "template: "), "body:"))
}

// sample is a message in which careless templates break.
func sample() *Message {
	m := &Message{
		ID: "x", Title: `a "title"`, Level: "red", Lang: "en", At: "2026-11-24T10:00:00+09:00",
		Items: []Item{{Kind: "no_ack", Level: "red", Target: "tokyo", Subject: `a"b\c`, Text: "line\nbreak & 髙 <b>", Do: "look", Since: "2026-11-24 10:00"}},
	}
	m.Finish()
	return m
}
