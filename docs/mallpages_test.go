package docs_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/malls"
	"github.com/mallbridge/mallbridge/order"
)

// pageWords are the titles of the pages of malls, in English, Japanese and Korean.
var pageWords = map[string]map[string]string{
	"en": {
		"api": "by API", "setup": "In the mall's back office", "settings": "What the account needs", "secret": "key", "optional": "may be left out",
		"default": "default", "example": "as", "sample": "The account's file", "statuses": "Statuses", "code": "code", "meaning": "meaning", "class": "counts as",
		"windows": "What is read, and when", "pace": "every %s", "over": "Windows are over", "longest": "longest", "delay": "held back by", "overlap": "overlap",
		"lookback": "looks back", "limits": "calls", "perSecond": "%g a second, at most %d at once", "notes": "Not certain, or not possible", "links": "The mall's own pages",
		"consent": "Then let the shop agree, in a browser:", "granted": "given by account consent", "add": "Or by questions and answers:", "test": "Then try it; nothing is changed at the mall:", "carriers": "Carriers", "ours": "ours", "theirs": "the mall's", "sheet": "Orders of this mall can come by its order sheets as well; both ways may be used at once.",
		"parcels": "Tracking numbers of one package: at most %d. ", "byLine": "A line has one number; a further parcel must carry other lines. ", "settle": "A report without an answer is asked about and not repeated for %s.",
		"version": "Version of the API: %s. The mall may end it on %s; `account test` warns from 90 days before.",
		"index":   "Malls by API", "mall": "mall", "can": "can", "page": "page",
	},
	"ja": {
		"api": "API連携", "setup": "モールの管理画面での準備", "settings": "アカウントに必要な項目", "secret": "キー", "optional": "省略可",
		"default": "既定値", "example": "例", "sample": "アカウントのファイル", "statuses": "ステータス", "code": "コード", "meaning": "意味", "class": "扱い",
		"windows": "取得の内容と間隔", "pace": "%sごと", "over": "取得期間の対象", "longest": "最長", "delay": "遅らせる時間", "overlap": "重なり",
		"lookback": "さかのぼれる期間", "limits": "呼び出し", "perSecond": "毎秒%g回、同時に%d回まで", "notes": "確かでないこと・できないこと", "links": "モールの資料",
		"consent": "次にブラウザで店舗の同意を得ます：", "granted": "account consentで取得", "add": "質問に答えて作ることもできます：", "test": "次に確認します（モール側は何も変わりません）：", "carriers": "配送会社", "ours": "Mallbridge", "theirs": "モール", "sheet": "このモールの注文は注文ファイルでも取り込めます。両方を同時に使えます。",
		"parcels": "1つの送付先の送り状番号は%d件まで。", "byLine": "明細ごとに1件で、2個目以降の荷物には別の明細が必要です。", "settle": "応答のなかった報告は先に照会し、%s間は再送しません。",
		"version": "APIバージョン：%s。%s以降はモール側で終了することがあります。90日前から`account test`で警告します。",
		"index":   "API連携のモール", "mall": "モール", "can": "できること", "page": "ページ",
	},
	"ko": {
		"api": "API 연동", "setup": "쇼핑몰 관리자 화면에서 준비", "settings": "계정에 필요한 항목", "secret": "키", "optional": "생략 가능",
		"default": "기본값", "example": "예", "sample": "계정 파일", "statuses": "주문상태", "code": "코드", "meaning": "의미", "class": "취급",
		"windows": "무엇을 언제 조회하는가", "pace": "%s마다", "over": "조회기간의 기준", "longest": "최대", "delay": "늦추는 시간", "overlap": "겹침",
		"lookback": "거슬러 조회", "limits": "호출", "perSecond": "초당 %g회, 한 번에 %d회까지", "notes": "확실하지 않거나 할 수 없는 것", "links": "쇼핑몰 자료",
		"consent": "그다음 브라우저에서 스토어의 동의를 받습니다:", "granted": "account consent로 받음", "add": "질문에 답하며 만들 수도 있습니다:", "test": "그다음 확인합니다(쇼핑몰에는 아무 변화가 없습니다):", "carriers": "택배사", "ours": "Mallbridge", "theirs": "쇼핑몰", "sheet": "이 쇼핑몰의 주문은 주문 파일로도 받을 수 있으며 두 방법을 함께 쓸 수 있습니다.",
		"parcels": "한 배송지의 송장번호는 최대 %d개. ", "byLine": "상품 한 줄에 번호 하나이며, 다음 상자는 다른 상품이어야 합니다. ", "settle": "응답이 없던 보고는 먼저 확인하고 %s 동안 다시 보내지 않습니다.",
		"version": "API 버전: %s. %s 이후 쇼핑몰이 종료할 수 있으며, 90일 전부터 `account test`가 경고합니다.",
		"index":   "API로 연동하는 쇼핑몰", "mall": "쇼핑몰", "can": "기능", "page": "문서",
	},
}

// TestMallPages keeps docs/malls in step with about.yaml of each mall.
func TestMallPages(t *testing.T) {
	want := map[string]string{"README.md": mallIndex()}
	for _, s := range malls.Malls {
		for lang, suffix := range map[string]string{"en": "", "ja": ".ja", "ko": ".ko"} {
			want[s.About().Name+suffix+".md"] = mallPage(s.About(), lang)
		}
	}
	for name, text := range want {
		sameOrWrite(t, filepath.Join("malls", name), text)
	}
	files, err := filepath.Glob("malls/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if _, ok := want[filepath.Base(f)]; !ok {
			t.Errorf("%s is of no mall", f)
		}
	}
}

func mallIndex() string {
	var b strings.Builder
	w := pageWords["en"]
	fmt.Fprintf(&b, "# %s · %s · %s\n\nMade from the about.yaml of each mall; change that and run `go generate ./docs`.\n\n", w["index"], pageWords["ja"]["index"], pageWords["ko"]["index"])
	fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n|---|---|---|---|---|\n", w["mall"], w["windows"], w["lookback"], w["can"], w["page"])
	for _, s := range malls.Malls {
		a := s.About()
		back := "-"
		if a.Window.LookBack > 0 {
			back = a.Window.LookBack.String()
		}
		fmt.Fprintf(&b, "| %s (`%s`) | %s | %s | %s | [en](%[2]s.md) [ja](%[2]s.ja.md) [ko](%[2]s.ko.md) |\n", a.Title.EN, a.Name, fmt.Sprintf(w["pace"], short(a.Pace.Orders)), back, strings.Join(a.Abilities, ", "))
	}
	return b.String()
}

// short writes 10m0s as 10m and 1h0m0s as 1h.
func short(d connectors.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

func mallPage(a *connectors.About, lang string) string {
	var b strings.Builder
	w := pageWords[lang]
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# %s: %s\n", a.Title.In(lang), w["api"])
	from := strings.ReplaceAll(a.Name, "-", "") + "/about.yaml"
	if a.Name == "yahoo-auction" {
		from = "yahooshopping/auctions.yaml"
	}
	line("<!-- made from connectors/%s by go generate ./docs -->\n", from)
	line("%s\n", w["sheet"])
	line("## %s\n", w["setup"])
	for i, s := range a.Setup {
		line("%d. %s", i+1, s.In(lang))
	}
	if v := a.Version; v.Name != "" {
		line("\n%s", fmt.Sprintf(w["version"], v.Name, v.Ends))
	}
	line("\n## %s\n", w["settings"])
	for _, s := range a.Settings {
		extra := []string{}
		if s.Secret {
			extra = append(extra, w["secret"])
		}
		switch {
		case s.Granted:
			extra = append(extra, w["granted"])
		case !s.Required:
			extra = append(extra, w["optional"])
		}
		if s.Default != "" {
			extra = append(extra, w["default"]+" `"+s.Default+"`")
		}
		if s.Example != "" {
			extra = append(extra, w["example"]+" `"+s.Example+"`")
		}
		note := ""
		if len(extra) > 0 {
			note = " (" + strings.Join(extra, ", ") + ")"
		}
		line("- **%s** `%s`%s: %s", s.Title.In(lang), s.Name, note, s.Help.In(lang))
	}
	line("\n## %s\n\n```yaml\n%s```\n", w["sample"], sampleAccount(a, lang))
	line("%s\n\n```sh\nmallbridge account add %s-1 --mall %s\n```\n", w["add"], a.Name, a.Name)
	if slices.Contains(a.Abilities, "consent") {
		line("%s\n\n```sh\nmallbridge account consent %s-1\n```\n", w["consent"], a.Name)
	}
	line("%s\n\n```sh\nmallbridge account test %s-1\nmallbridge account keys\n```\n", w["test"], a.Name)
	line("## %s\n", w["windows"])
	line("%s. %s: %s\n", fmt.Sprintf(w["pace"], order.Span(lang, short(a.Pace.Orders))), w["over"], a.Window.Means.In(lang))
	for _, x := range []struct {
		key string
		d   connectors.Duration
	}{{"longest", a.Window.Longest}, {"delay", a.Window.Delay}, {"overlap", a.Window.Overlap}, {"lookback", a.Window.LookBack}} {
		if x.d > 0 {
			line("- %s: %s", w[x.key], order.Span(lang, short(x.d)))
		}
	}
	for _, l := range a.Limits {
		calls := strings.Join(l.Calls, ", ")
		if calls == "" {
			calls = "*"
		}
		line("- %s %s: %s", w["limits"], calls, fmt.Sprintf(w["perSecond"], l.PerSecond, max(l.Burst, 1)))
	}
	line("\n## %s\n\n| %s | %s | %s |\n|---|---|---|", w["statuses"], w["code"], w["meaning"], w["class"])
	for _, s := range a.Statuses {
		line("| %s | %s | %s |", s.Code, s.Title.In(lang), s.Class)
	}
	if len(a.Carriers) > 0 {
		line("\n## %s\n\n| %s | %s |\n|---|---|", w["carriers"], w["ours"], w["theirs"])
		var codes []string
		for c := range a.Carriers {
			codes = append(codes, c)
		}
		slices.Sort(codes)
		for _, c := range codes {
			line("| %s | %s |", c, a.Carriers[c])
		}
		rule := fmt.Sprintf(w["parcels"], a.Ship.Parcels)
		if a.Ship.ByLine {
			rule += w["byLine"]
		}
		line("\n%s%s", rule, fmt.Sprintf(w["settle"], order.Span(lang, short(a.Ship.Settle))))
	}
	line("\n## %s\n", w["notes"])
	for _, n := range a.Notes {
		line("- %s", n.In(lang))
	}
	line("\n## %s\n", w["links"])
	for _, l := range a.Links {
		line("- [%s](%s)", l.Title.In(lang), l.URL)
	}
	return b.String()
}

// sampleAccount is an account's file with every setting that a mall needs.
func sampleAccount(a *connectors.About, lang string) string {
	var b strings.Builder
	target := ""
	for _, s := range a.Statuses {
		if s.Class == "instructed" && target == "" {
			target = s.Code
		}
	}
	fmt.Fprintf(&b, "# accounts/%s-1.yaml\nmall: %s\ntargets:\n  default: %q\napi:\n", a.Name, a.Name, target)
	for _, secret := range []bool{false, true} {
		head := false
		for _, s := range a.Settings {
			if s.Secret != secret || s.Granted {
				continue
			}
			if !head {
				head = true
				fmt.Fprintf(&b, "  %s:\n", map[bool]string{false: "settings", true: "secrets"}[secret])
			}
			v := s.Example
			if v == "" {
				v = s.Default
			}
			if secret {
				v = "env:" + strings.ToUpper(a.Name+"_"+s.Name)
			}
			mark := ""
			if !s.Required {
				mark = "#"
			}
			fmt.Fprintf(&b, "    %s%s: %q # %s\n", mark, s.Name, v, s.Title.In(lang))
		}
	}
	return b.String()
}
