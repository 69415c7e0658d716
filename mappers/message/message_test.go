package message

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
)

// Every ready body gives what its service takes, whatever is in a message.
func TestReadyBodies(t *testing.T) {
	m := sample()
	m.Items[0].Text = strings.Repeat("長い\"\\\n", 2000)
	m.Finish()
	for name, text := range Bodies {
		form := ContentTypes[name] != ""
		b, err := Parse(text, !form)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		out, err := b.Render(m)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if form {
			v, err := url.ParseQuery(string(out))
			if err != nil || v.Get("body") != m.Text {
				t.Errorf("%s: %v, %.60q", name, err, v.Get("body"))
			}
			continue
		}
		var got map[string]any
		if err := json.Unmarshal(out, &got); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if said, ok := got["content"].(string); ok && len([]rune(said)) > 2000 {
			t.Errorf("%s: %d letters, the service takes 2000", name, len([]rune(said)))
		}
	}
}

func TestBrokenTemplatesAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		`{"text": "{{.Text}}"}`: "no JSON",
		`{{.Nobody}}`:           "Nobody",
		`{{json .Text`:          "unclosed",
		`{{exec "ls"}}`:         "not defined",
	} {
		if _, err := Parse(text, true); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if b, err := Parse(`{{line .Text}} {{range .Items}}{{.Kind}}{{end}}`, false); err != nil {
		t.Error(err)
	} else if out, err := b.Render(sample()); err != nil || strings.Contains(string(out), "\n") || !strings.HasSuffix(string(out), " no_ack") {
		t.Errorf("%q, %v", out, err)
	}
}

func TestText(t *testing.T) {
	m := &Message{Title: "two", Lang: "ja", Items: []Item{
		{Level: "red", Target: "tokyo", Text: "a", Do: "b", Since: "12:00"},
		{Level: "ended", Text: "c", Do: "d", Since: "11:00"},
	}, Lines: []string{"e"}}
	m.Finish()
	if want := "two\n【要対応】 tokyo: a (発生 12:00)\n  → b\n【解消】 c (発生 11:00)\ne"; m.Text != want {
		t.Errorf("got %q, want %q", m.Text, want)
	}
}
