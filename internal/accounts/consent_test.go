package accounts

import (
	"strings"
	"testing"

	"github.com/mallbridge/mallbridge/order"
)

func TestAnswer(t *testing.T) {
	for text, want := range map[string]string{
		"https://shop.example/back?code=abc%2B1&state=S": "abc+1",
		" https://shop.example/?state=S&code=abc#_=_ ":   "abc",
		"http://localhost:8765/?code=abc&state=S":        "abc",

		"code=abc&state=S": "abc",
		"abc":              "abc",
		"v^1.1#i^1#abc":    "v^1.1#i^1#abc",
	} {
		got, err := Answer(text, "S")
		if err != nil || got.Get("code") != want || got.Get("state") != "S" {
			t.Errorf("%q: %v %v", text, got, err)
		}
	}
	if got, err := Answer("http://localhost/?error=access_denied&state=S", "S"); err != nil || got.Get("error") != "access_denied" {
		t.Errorf("a refusal: %v %v", got, err)
	}
	for text, want := range map[string]string{
		"https://shop.example/?code=abc&state=T": "another consent",
		"https://shop.example/?code=abc":         "another consent",
		"code=abc":                               "another consent",
		"https://shop.example/":                  "no code",
		"what is this":                           "no code",
		"":                                       "no code",
	} {
		if got, err := Answer(text, "S"); err == nil || !strings.Contains(err.Error(), want) || order.HintOf(err) == "" {
			t.Errorf("%q: %v %v", text, got, err)
		}
	}
}
