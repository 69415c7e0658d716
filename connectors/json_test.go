package connectors

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestCheckJSON(t *testing.T) {
	for text, ok := range map[string]bool{
		`{"a":1,"b":{"a":2},"c":[{"a":1},{"a":2}]}`: true,
		`{"a":1,"a":2}`:                 false,
		`[{"x":{"k":1,"j":"k","k":2}}]`: false,
		`{"a":"\"a\":1,","b":"}"}`:      true,
		`{"a\\":1,"a":2}`:               true,
		``:                              false,
		`{"a":`:                         false,
		`<html>`:                        false,
		strings.Repeat("[", 64) + strings.Repeat("]", 64):           true,
		strings.Repeat("[", 65) + strings.Repeat("]", 65):           false,
		strings.Repeat(`{"a":`, 70) + "1" + strings.Repeat("}", 70): false,
	} {
		if err := CheckJSON([]byte(text)); (err == nil) != ok {
			t.Errorf("%.40s: %v", text, err)
		}
	}
}

func TestCheckText(t *testing.T) {
	if err := CheckText([]byte("髙\xff橋")); err == nil || !strings.Contains(err.Error(), "byte 3 (0xFF)") {
		t.Errorf("%v", err)
	}
	if err := CheckText([]byte("髙橋\uFFFD")); err != nil {
		t.Errorf("%v", err)
	}
}

func FuzzCheckJSON(f *testing.F) {
	f.Add([]byte(`{"a":[1,"\"",{}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if CheckJSON(b) == nil && !json.Valid(b) {
			t.Errorf("%q", b)
		}
	})
}
