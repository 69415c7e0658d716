package console

import (
	"regexp"
	"strings"
	"testing"

	"github.com/mallbridge/mallbridge/order"
)

// commands are those that the pages have a place for.
var commands = regexp.MustCompile(`(account|batches|holds|sku|reports|account windows) (test|approve|resolve|release|unmapped|retry|drop|--from)|\b(?:look at|run) (holds|runs|why)|(holds|runs|why) ?[をで를에로]|masters/`)

// What is done on the pages is said without commands, by names that the pages show.
func TestHere(t *testing.T) {
	remedies := map[string]map[string]string{}
	for _, r := range order.Reasons {
		remedies[string(r.Reason)] = r.Do
	}
	for _, a := range order.Alerts {
		remedies[string(a.Alert)] = a.Do
	}
	for code, do := range remedies {
		for _, lang := range []string{"en", "ja", "ko"} {
			text := here(lang, code, do[lang])
			if c := commands.FindString(text); c != "" {
				t.Errorf("%s: %s: the command %q: %s", code, lang, c, text)
			}
			if hint, ok := hints[code]; ok && text == do[lang] {
				t.Errorf("%s: %s: %q is not replaced by %q", code, lang, text, hint)
			}
			if strings.Contains(text, "(를)") && lang == "ko" {
				t.Errorf("%s: %s", code, text)
			}
		}
	}
	for code, h := range hints {
		if remedies[code] == nil {
			t.Errorf("%s is no code", code)
		}
		for _, text := range h {
			for _, m := range shownName.FindAllStringSubmatch(text, -1) {
				if _, ok := texts[m[1]]; !ok {
					t.Errorf("%s: the pages show no %q", code, m[1])
				}
			}
		}
	}
	if got, want := here("ja", string(order.HoldRule), order.HoldRule.Info().Do["ja"]+" (x)"), "内容を確認し、「保留を解除」を押してください (x)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
