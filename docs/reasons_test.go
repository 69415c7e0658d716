package docs_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mallbridge/mallbridge/order"
)

var update = flag.Bool("update", false, "write reasons.md")

// TestReasons keeps reasons.md in step with order.Reasons.
func TestReasons(t *testing.T) {
	want := reasons()
	if *update {
		if err := os.WriteFile("reasons.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile("reasons.md")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Errorf("reasons.md is out of date, run go generate ./docs:\n%s", d)
	}
}

// A chapter is the page in one language.
type chapter struct {
	lang, title, intro, head string
	who                      map[order.Who]string
	classes                  [3][2]string // title and text of held, outside, refused
}

var chapters = []chapter{
	{
		lang: "en", title: "English",
		intro: "Every order that is not on its way, and every row that could not be read, has a reason. `mallbridge holds`, `mallbridge why` and the files of refused rows show its code and its text.",
		head:  "| code | meaning | who must act | what to do |",
		who:   map[order.Who]string{order.Operator: "operator", order.Engineer: "engineer", order.Mall: "the mall", order.Warehouse: "the warehouse", order.Nobody: "nobody"},
		classes: [3][2]string{
			{"Held", "The order waits until the cause is repaired; then it goes on by itself."},
			{"Outside", "The order is not ours to ship, now or ever. When a later sheet shows another status, it is judged anew."},
			{"Refused", "A row or a file could not be used. Refused rows are written below `rejected/` in the same layout with the reason beside them: mend them there and drop that file."},
		},
	},
	{
		lang: "ja", title: "日本語",
		intro: "出荷に進んでいない受注と、読み取れなかった行には、必ず理由があります。コードと説明は `mallbridge holds`、`mallbridge why`、取込不可行のファイルに表示されます。",
		head:  "| コード | 意味 | 対応する人 | 対処 |",
		who:   map[order.Who]string{order.Operator: "業務担当", order.Engineer: "システム担当", order.Mall: "モール", order.Warehouse: "倉庫", order.Nobody: "なし"},
		classes: [3][2]string{
			{"保留", "原因が直るまで待ち、直れば自動で進みます。"},
			{"対象外", "出荷の対象ではない受注です。後のシートでステータスが変われば、改めて判定します。"},
			{"取込不可", "使えなかった行またはファイルです。行は `rejected/` の下に、同じレイアウトに理由列を付けて書き出されます。そこで直し、そのファイルをもう一度入れてください。"},
		},
	},
	{
		lang: "ko", title: "한국어",
		intro: "출고로 나아가지 않은 주문과 읽지 못한 행에는 반드시 사유가 있습니다. 코드와 설명은 `mallbridge holds`, `mallbridge why`, 거부된 행 파일에 표시됩니다.",
		head:  "| 코드 | 의미 | 처리할 사람 | 조치 |",
		who:   map[order.Who]string{order.Operator: "운영 담당", order.Engineer: "시스템 담당", order.Mall: "쇼핑몰", order.Warehouse: "창고", order.Nobody: "없음"},
		classes: [3][2]string{
			{"보류", "원인이 해결될 때까지 기다리고, 해결되면 저절로 진행됩니다."},
			{"제외", "출고 대상이 아닌 주문입니다. 이후 시트에서 상태가 바뀌면 다시 판정합니다."},
			{"거부", "사용할 수 없는 행 또는 파일입니다. 행은 `rejected/` 아래에 같은 양식에 사유 열을 붙여 기록됩니다. 거기서 고쳐 그 파일을 다시 넣으세요."},
		},
	},
}

func reasons() string {
	var b strings.Builder
	b.WriteString("<!-- Made by go generate from order/reason.go. Change it there. -->\n# Reasons · 理由 · 사유\n\n[English](#english) · [日本語](#日本語) · [한국어](#한국어)\n")
	for _, c := range chapters {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", c.title, c.intro)
		for i, class := range []order.Class{order.Held, order.Outside, order.Refused} {
			fmt.Fprintf(&b, "\n### %s\n\n%s\n\n%s\n|---|---|---|---|\n", c.classes[i][0], c.classes[i][1], c.head)
			for j := range order.Reasons {
				if r := &order.Reasons[j]; r.Class == class {
					fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", r.Reason, r.Text[c.lang], c.who[r.Who], r.Do[c.lang])
				}
			}
		}
	}
	return b.String()
}

// TestReasonsAreComplete wants a text in every language for every reason, and a
// remedy wherever somebody must act.
func TestReasonsAreComplete(t *testing.T) {
	for _, r := range order.Reasons {
		for _, lang := range []string{"en", "ja", "ko"} {
			if r.Text[lang] == "" {
				t.Errorf("%s has no text in %s", r.Reason, lang)
			}
			if r.Class == order.Held && r.Do[lang] == "" {
				t.Errorf("%s says in %s not what to do", r.Reason, lang)
			}
		}
	}
}
