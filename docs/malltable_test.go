package docs_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mallbridge/mallbridge/configs"
)

// tableWords are the words of the READMEs' table of malls, by language.
var tableWords = map[string]struct {
	head             []string
	api, sheet, both string
	keys             map[string]string
}{
	"en": {
		[]string{"mall", "API", "order sheet", "tracking file", "confirm", "tracking numbers", "proof", "stock", "products", "cancels", "end of keys"},
		"API", "sheet", "API, sheet",
		map[string]string{"asked": "asked", "computed": "computed"},
	},
	"ja": {
		[]string{"モール", "API", "注文ファイル", "送り状番号ファイル", "受注確認", "送り状番号", "反映の確認", "在庫", "商品", "キャンセル", "キーの期限"},
		"API", "ファイル", "API・ファイル",
		map[string]string{"asked": "照会", "computed": "計算"},
	},
	"ko": {
		[]string{"쇼핑몰", "API", "주문 파일", "송장번호 파일", "발주확인", "송장번호", "반영 확인", "재고", "상품", "취소", "키 만료일"},
		"API", "파일", "API·파일",
		map[string]string{"asked": "조회", "computed": "계산"},
	},
}

// TestReadmeMalls keeps the table of malls on the pages up to date.
func TestReadmeMalls(t *testing.T) {
	all, err := configs.AllAbilities()
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range readmes {
		text := page(t, name)
		head, rest, ok := strings.Cut(text, "<!-- malls -->\n")
		_, tail, closed := strings.Cut(rest, "<!-- /malls -->\n")
		if !ok || !closed {
			t.Fatalf("%s has no place for the table of malls", name)
		}
		want := head + "<!-- malls -->\n" + mallTable(all, languages[i]) + "<!-- /malls -->\n" + tail
		if *update {
			if err := os.WriteFile(root(name), []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if d := cmp.Diff(want, text); d != "" {
			t.Errorf("%s: the table of malls is out of date, run go generate ./docs:\n%s", name, d)
		}
	}
}

func mallTable(all []configs.Abilities, lang string) string {
	w := tableWords[lang]
	mark := func(on bool) string {
		if on {
			return "✓"
		}
		return ""
	}
	way := func(x configs.Way) string {
		return map[configs.Way]string{configs.ByAPI: w.api, configs.BySheet: w.sheet, configs.ByBoth: w.both}[x]
	}
	var b strings.Builder
	fmt.Fprintf(&b, "| %s |\n|%s\n", strings.Join(w.head, " | "), strings.Repeat("---|", len(w.head)))
	for i := range all {
		m := &all[i]
		out := mark(m.SheetOut != "")
		if m.Sure == "convention" || m.Sure == "inferred" {
			out = "~"
		}
		fmt.Fprintf(&b, "| %s |\n", strings.Join([]string{
			m.Title[lang], mark(m.API), mark(len(m.SheetIn) > 0), out, way(m.Confirm), way(m.Tracking), way(m.Proof), way(m.Stock), way(m.Products), way(m.Cancel), w.keys[m.Keys],
		}, " | "))
	}
	return b.String()
}
