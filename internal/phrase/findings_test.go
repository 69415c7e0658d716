package phrase

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// findingsOf are the files that say what is wrong in a workspace, below the module's root.
var findingsOf = []string{
	"configs/a*.go", "configs/c*.go", "configs/decode.go", "configs/fi*.go", "configs/formats.go", "configs/l*.go", "configs/masters.go",
	"configs/place.go", "configs/re*.go", "configs/rules.go", "configs/secretrefs.go", "configs/tables.go", "configs/values.go", "configs/warehouse.go",
	"internal/secrets/ref.go",
	"mappers/calendar/holidays.go", "mappers/charset/replace.go", "mappers/codes/*.go", "mappers/delivery/*.go",
	"mappers/format/carry.go", "mappers/format/codetable.go", "mappers/format/expr.go", "mappers/format/format.go", "mappers/format/node.go",
	"mappers/format/out.go", "mappers/format/pair.go", "mappers/format/set.go", "mappers/format/spec.go",
	"mappers/master/*.go", "mappers/payment/*.go", "mappers/rules/cases.go", "mappers/rules/compile.go", "mappers/sku/*.go", "mappers/status/resolve.go", "mappers/status/with.go",
	"mappers/tracking/form.go",
}

// Every text of a finding is said whole in Japanese and Korean.
func TestFindingsAreSaid(t *testing.T) {
	said := 0
	for _, pattern := range findingsOf {
		files := must(filepath.Glob("../../" + pattern))(t)
		if len(files) == 0 {
			t.Errorf("%s: there is no such file", pattern)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			for _, text := range textsOf(t, file) {
				if slices.Contains(pieces, text) {
					continue
				}
				said++
				sample := strings.NewReplacer("%d", "7", "%q", `"Q"`, "%s", "S").Replace(text)
				for _, lang := range []string{"ja", "ko"} {
					if _, ok := finding(lang, sample); !ok {
						t.Errorf("%s: %s: %q is not said", strings.TrimPrefix(file, "../../"), lang, text)
						break
					}
				}
			}
		}
	}
	if said < 300 {
		t.Errorf("only %d texts of findings were found", said)
	}
}

func TestFinding(t *testing.T) {
	for _, c := range []struct{ lang, in, want string }{
		{"en", `drop.kind is "ftp"`, `drop.kind is "ftp"`},
		{"ja", `drop.kind is "ftp"`, `drop.kind の値 "ftp" は使えません`},
		{"ja", `targets.default "301": is not a known status`, `targets.default "301": このステータスはありません`},
		{"ja", "intake holds keys with values, not a list", "intake には「キー: 値」を書きます（リスト は使えません）"},
		{"ja", `rule "far": unknown name prefectur` + "\n\t | prefectur", `ルール "far": prefectur という名前はありません` + "\n\t | prefectur"},
		{"ja", "use take, hold or outside", "使える値: take、hold、outside"},
		{"ko", "the drop of tokyo and the watch folder of shop-5 lie inside each other", "tokyo의 연계폴더와 shop-5의 감시 폴더 중 하나가 다른 하나 안에 있습니다"},
		{"ko", `case "a": hold: want x, got y; route: want b, got c`, `테스트 케이스 "a": hold: 기대 x, 결과 y, route: 기대 b, 결과 c`},
		{"ko", "nothing that we say", "nothing that we say"},
	} {
		if got := Finding(c.lang, c.in); got != c.want {
			t.Errorf("%s: %q\n got %q\nwant %q", c.lang, c.in, got, c.want)
		}
	}
}

// pieces are no texts of their own: they are told from them, or stand in them.
var pieces = []string{"%s or %s", "column %d", "line %d:", "not ", "rule %q: ", "unknown name ", "; for %s mostly %q", ": a default target status is required"}

// otherCalls are functions whose texts are for programs.
var otherCalls = []string{"MustCompile", "Fprintf", "Printf", "Join", "Split", "Cut", "Trim", "TrimSuffix", "TrimPrefix", "Contains", "ContainsAny", "HasPrefix", "HasSuffix", "Replace", "NewReplacer"}

// textsOf lists the texts of findings in a file, with %s, %d and %q for their values.
func textsOf(t *testing.T, file string) []string {
	t.Helper()
	parsed := must(parser.ParseFile(token.NewFileSet(), file, nil, 0))(t)
	var all []string
	take := func(e ast.Expr) {
		if text, ok := textOf(e); ok && words.MatchString(text) && !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CompositeLit:
			if name, ok := n.Type.(*ast.Ident); ok && name.Name != "Finding" || n.Type != nil && !strings.HasSuffix(nameOf(n.Type), "Finding") {
				return true
			}
			for _, e := range n.Elts {
				if kv, ok := e.(*ast.KeyValueExpr); ok {
					e = kv.Value
				}
				take(e)
			}
		case *ast.CallExpr:
			name := nameOf(n.Fun)
			if !slices.Contains(otherCalls, name) {
				for _, e := range n.Args {
					take(e)
				}
			}
		case *ast.ReturnStmt:
			for _, e := range n.Results {
				take(e)
			}
		case *ast.AssignStmt:
			for i, to := range n.Lhs {
				if name := nameOf(to); i < len(n.Rhs) && slices.Contains([]string{"hint", "message", "why", "what"}, strings.ToLower(name)) {
					take(n.Rhs[i])
				}
			}
		}
		return true
	})
	return all
}

var (
	words = regexp.MustCompile(`[a-z]{2,} .*|: [a-z]| [a-z]{2,}`)
	verb  = regexp.MustCompile(`%(?:[-+#0]*\d*\.?\d*[a-zA-Z]| X)`)
)

func nameOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

// textOf is the text of an expression; what is known only later is %s.
func textOf(e ast.Expr) (text string, ok bool) {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return textOf(e.X)
	case *ast.BasicLit:
		if e.Kind != token.STRING {
			return "", false
		}
		s, err := strconv.Unquote(e.Value)
		return verb.ReplaceAllStringFunc(s, func(v string) string {
			if v == "%d" || v == "%q" {
				return v
			}
			return "%s"
		}), err == nil
	case *ast.BinaryExpr:
		a, okA := textOf(e.X)
		b, okB := textOf(e.Y)
		if !okA {
			a = "%s"
		}
		if !okB {
			b = "%s"
		}
		return strings.ReplaceAll(a+b, "%s%s", "%s"), okA || okB
	case *ast.CallExpr:
		switch nameOf(e.Fun) {
		case "Sprintf":
			return textOf(e.Args[0])
		case "valued":
			return textOf(e.Args[1])
		}
	}
	return "", false
}
