package order

import (
	"regexp"
	"slices"
	"testing"
)

var places = regexp.MustCompile(`\{[a-z0-9]+\}`)

func TestEveryAlertIsSaidInThreeLanguages(t *testing.T) {
	seen := map[Alert]bool{}
	for _, i := range Alerts {
		if seen[i.Alert] {
			t.Errorf("%s is listed twice", i.Alert)
		}
		seen[i.Alert] = true
		var want []string
		for _, lang := range []string{"en", "ja", "ko"} {
			if i.Text[lang] == "" || i.Do[lang] == "" {
				t.Errorf("%s: nothing in %s", i.Alert, lang)
			}
			got := places.FindAllString(i.Text[lang], -1)
			slices.Sort(got)
			if lang == "en" {
				want = got
			} else if !slices.Equal(got, want) {
				t.Errorf("%s: %s says %v, English %v", i.Alert, lang, got, want)
			}
		}
	}
}

func TestSayAlert(t *testing.T) {
	if got := AlertMany.Say("en", "tokyo", "out1.csv", "90", "30"); got != "file out1.csv has 90 instructions, usual are 30" {
		t.Error(got)
	}
	if got := AlertMany.Say("ko", "tokyo", "out1.csv", "90", "30"); got != "파일 out1.csv의 출고지시 90건은 평소(30건)보다 매우 많습니다" {
		t.Error(got)
	}
	if got := Alert("from_a_newer_program").Say("ja", "tokyo", "x"); got != "from_a_newer_program" {
		t.Error(got)
	}
}
