package docs_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mallbridge/mallbridge/order"
)

// TestAlerts keeps alerts.md in step with order.Alerts.
func TestAlerts(t *testing.T) {
	want := alerts()
	if *update {
		if err := os.WriteFile("alerts.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile("alerts.md")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Errorf("alerts.md is out of date, run go generate ./docs:\n%s", d)
	}
}

var alertWords = map[string]struct{ intro, head, red, warning string }{
	"en": {
		"What somebody should know of while it lasts. `mallbridge alerts` lists what is open; an alert ends by itself when its cause is gone. `{subject}`, `{1}`, `{2}` stand for the values of an alert.",
		"| kind | | meaning | who must act | what to do |", "red", "warning",
	},
	"ja": {
		"続いている間、誰かが知っておくべきことです。`mallbridge alerts` で一覧できます。原因がなくなれば自動で終わります。`{subject}`、`{1}`、`{2}` には実際の値が入ります。",
		"| 種類 | | 内容 | 対応する人 | 対処 |", "重要", "注意",
	},
	"ko": {
		"지속되는 동안 누군가 알아야 하는 일입니다. `mallbridge alerts`로 볼 수 있고, 원인이 없어지면 저절로 끝납니다. `{subject}`, `{1}`, `{2}`에는 실제 값이 들어갑니다.",
		"| 종류 | | 내용 | 처리할 사람 | 조치 |", "중요", "주의",
	},
}

func alerts() string {
	var b strings.Builder
	b.WriteString("<!-- Made by go generate from order/alert.go. Change it there. -->\n# Alerts · アラート · 알림\n\n[English](#english) · [日本語](#日本語) · [한국어](#한국어)\n")
	for _, c := range chapters {
		w := alertWords[c.lang]
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n%s\n|---|---|---|---|---|\n", c.title, w.intro, w.head)
		for i := range order.Alerts {
			a := &order.Alerts[i]
			level := w.warning
			if a.Red {
				level = w.red
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", a.Alert, level, strings.ReplaceAll(a.Text[c.lang], "{span", "{"), c.who[a.Who], a.Do[c.lang])
		}
	}
	return b.String()
}
