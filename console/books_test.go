package console

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

var (
	inBrackets     = regexp.MustCompile(`\[([^\]]+)\](.?)`)
	inWideBrackets = regexp.MustCompile(`［([^］]+)］`)
	inTicks        = regexp.MustCompile("(?s)```.*?```|`[^`]*`")
)

// TestBooksNameWhatPagesShow looks for every name in brackets of the operator's
// manuals among the texts of the pages.
func TestBooksNameWhatPagesShow(t *testing.T) {
	shown := map[string]map[string]bool{"en": {}, "ja": {}, "ko": {}}
	for en, other := range texts {
		shown["en"][en], shown["ja"][other[0]], shown["ko"][other[1]] = true, true, true
	}
	for lang, names := range shown {
		files, err := filepath.Glob(filepath.Join("..", "docs", "operator", lang, "*.md"))
		if err != nil {
			t.Fatal(err)
		}
		looked := 0
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			brackets := inBrackets
			if lang == "ja" {
				brackets = inWideBrackets
			}
			for _, m := range brackets.FindAllStringSubmatch(inTicks.ReplaceAllString(string(text), ""), -1) {
				if len(m) > 2 && m[2] == "(" {
					continue // a link
				}
				looked++
				if !names[m[1]] {
					t.Errorf("%s: no page shows %s", file, m[0])
				}
			}
		}
		if looked < 100 {
			t.Errorf("%s: only %d names were looked for", lang, looked)
		}
	}
}
