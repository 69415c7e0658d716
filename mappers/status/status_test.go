package status

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mallbridge/mallbridge/order"
)

func resolver(t *testing.T, mall string, targets Targets, extras ...Extra) *Resolver {
	t.Helper()
	table, ok := Builtin(mall)
	if !ok {
		t.Fatalf("no table for %s", mall)
	}
	table, findings := table.With(extras)
	if len(findings) > 0 {
		t.Fatalf("extras: %v", findings)
	}
	r, findings := New(table, targets)
	if len(findings) > 0 {
		t.Fatalf("targets: %v", findings)
	}
	return r
}

func TestResolve(t *testing.T) {
	standard := Targets{Default: "300", ByPayment: map[string]string{"銀行振込": "200", "cod": "発送待ち"}}
	tests := []struct {
		name, mall  string
		targets     Targets
		status, sub string
		payment     []string
		want        Class
		reason      order.Reason
	}{
		{"before the target", "rakuten", standard, "100", "", nil, Unshipped, order.OutUnshipped},
		{"just before", "rakuten", standard, "200", "", nil, Unshipped, order.OutUnshipped},
		{"the target", "rakuten", standard, "300", "", nil, Instructed, ""},
		{"the target by name", "rakuten", standard, "発送待ち", "", nil, Instructed, ""},
		{"full width and spaces", "rakuten", standard, " ３００ ", "", nil, Instructed, ""},
		{"after the target", "rakuten", standard, "500", "", nil, Done, order.OutDone},
		{"end of the chain", "rakuten", standard, "700", "", nil, Done, order.OutDone},
		{"change pending", "rakuten", standard, "400", "", nil, Hold, order.HoldMallStatus},
		{"cancel pending", "rakuten", standard, "800", "", nil, Hold, order.HoldMallStatus},
		{"cancelled", "rakuten", standard, "900", "", nil, Cancelled, order.OutCancelled},
		{"unknown", "rakuten", standard, "350", "", nil, Hold, order.HoldStatus},
		{"empty", "rakuten", standard, "", "", nil, Hold, order.HoldStatus},
		{"shop's substatus does not decide", "rakuten", standard, "300", "在庫確認中", nil, Instructed, ""},
		{"other target for a payment", "rakuten", standard, "200", "", []string{"銀行振込", "prepaid"}, Instructed, ""},
		{"after that target", "rakuten", standard, "300", "", []string{"銀行振込"}, Done, order.OutDone},
		{"target by our payment code", "rakuten", standard, "300", "", []string{"代金引換", "cod"}, Instructed, ""},
		{"payment without target", "rakuten", standard, "300", "", []string{"クレジットカード", "prepaid"}, Instructed, ""},

		{"new order", "smartstore", Targets{Default: "발주확인"}, "신규주문", "", nil, Unshipped, order.OutUnshipped},
		{"not confirmed", "smartstore", Targets{Default: "발주확인"}, "발주 미확인", "", nil, Unshipped, order.OutUnshipped},
		{"confirmed", "smartstore", Targets{Default: "발주확인"}, "발송대기", "", nil, Instructed, ""},
		{"detail refines back", "smartstore", Targets{Default: "발주확인"}, "발송대기", "신규주문(발주 전)", nil, Unshipped, order.OutUnshipped},
		{"detail refines forth", "smartstore", Targets{Default: "발주확인"}, "결제완료", "발주확인", nil, Instructed, ""},
		{"raw values", "smartstore", Targets{Default: "발주확인"}, "WAITING_DISPATCH", "PLACE_ORDER", nil, Instructed, ""},
		{"raw values of the API", "smartstore", Targets{Default: "발주확인"}, "PAYED", "NOT_YET", nil, Unshipped, order.OutUnshipped},
		{"claim in the detail", "smartstore", Targets{Default: "발주확인"}, "발송대기", "취소요청", nil, Hold, order.HoldClaim},
		{"claim is not undone by the detail", "smartstore", Targets{Default: "발주확인"}, "취소요청", "발주확인", nil, Hold, order.HoldClaim},
		{"shipped is not undone by the detail", "smartstore", Targets{Default: "발주확인"}, "배송중", "발주확인", nil, Done, order.OutDone},
		{"cancelled is not shipped by the detail", "smartstore", Targets{Default: "발주확인"}, "취소완료", "배송중", nil, Cancelled, order.OutCancelled},
		{"unknown detail", "smartstore", Targets{Default: "발주확인"}, "발송대기", "보류중", nil, Hold, order.HoldStatus},
		{"unknown status, known detail", "smartstore", Targets{Default: "발주확인"}, "보류중", "발주확인", nil, Hold, order.HoldStatus},
		{"detail alone", "smartstore", Targets{Default: "발주확인"}, "", "발주확인", nil, Instructed, ""},

		{"sheet without status", "coupang", Targets{Default: "상품준비중"}, "", "", nil, Instructed, ""},
		{"sheet without status, other target", "coupang", Targets{Default: "ACCEPT"}, "", "", nil, Done, order.OutDone},
		{"paid", "coupang", Targets{Default: "INSTRUCT"}, "결제완료", "", nil, Unshipped, order.OutUnshipped},
		{"dispatched", "coupang", Targets{Default: "INSTRUCT"}, "배송지시", "", nil, Done, order.OutDone},
		{"stop request", "coupang", Targets{Default: "INSTRUCT"}, "출고중지요청", "", nil, Hold, order.HoldClaim},

		{"paid", "elevenst", Targets{Default: "301"}, "202", "", nil, Unshipped, order.OutUnshipped},
		{"being prepared, by code", "elevenst", Targets{Default: "301"}, "301", "", nil, Instructed, ""},
		{"being prepared, by the sheet's text", "elevenst", Targets{Default: "배송준비중"}, "발주확인", "", nil, Instructed, ""},
		{"sheet without status", "elevenst", Targets{Default: "301"}, "", "", nil, Instructed, ""},
		{"gift without address", "elevenst", Targets{Default: "301"}, "200", "", nil, Unshipped, order.OutUnshipped},
		{"delivered", "elevenst", Targets{Default: "301"}, "배송완료", "", nil, Done, order.OutDone},
		{"purchase decided", "elevenst", Targets{Default: "301"}, "901", "", nil, Done, order.OutDone},
		{"claim", "elevenst", Targets{Default: "301"}, "601", "", nil, Hold, order.HoldClaim},
		{"cancel asked for", "elevenst", Targets{Default: "301"}, "취소신청", "", nil, Hold, order.HoldClaim},
		{"cancelled", "elevenst", Targets{Default: "301"}, "B01", "", nil, Cancelled, order.OutCancelled},
		{"returned", "elevenst", Targets{Default: "301"}, "반품완료", "", nil, Cancelled, order.OutCancelled},

		{"slip to be printed", "next-engine", Targets{Default: "20"}, "納品書印刷待ち", "", nil, Instructed, ""},
		{"slip printed", "next-engine", Targets{Default: "20"}, "納品書印刷済", "", nil, Done, order.OutDone},
		{"slip printed, the target", "next-engine", Targets{Default: "納品書印刷済"}, "納品書印刷済", "", nil, Instructed, ""},
		{"before that target", "next-engine", Targets{Default: "納品書印刷済"}, "納品書印刷待ち", "", nil, Unshipped, order.OutUnshipped},
		{"mail only", "next-engine", Targets{Default: "20"}, "受注メール取込済", "", nil, Unshipped, order.OutUnshipped},
		{"cancelled", "next-engine", Targets{Default: "20"}, "キャンセル", "", nil, Cancelled, order.OutCancelled},
		{"status of the shop's own", "goq", Targets{Default: "ready"}, "名入れ確認中", "", nil, Hold, order.HoldStatus},
		{"file without status", "tempostar", Targets{Default: "ready"}, "", "", nil, Instructed, ""},
		{"confirmed", "sabangnet", Targets{Default: "002"}, "주문확인", "", nil, Instructed, ""},
		{"tracking number given", "sabangnet", Targets{Default: "002"}, "003", "", nil, Done, order.OutDone},
		{"parcel of an exchange", "sabangnet", Targets{Default: "002"}, "교환발송준비", "", nil, Hold, order.HoldClaim},
		{"accepted", "ezadmin", Targets{Default: "접수"}, "접수", "", nil, Instructed, ""},
		{"label made", "ezadmin", Targets{Default: "접수"}, "7", "", nil, Done, order.OutDone},
		{"new", "playauto", Targets{Default: "출고대기"}, "신규주문", "", nil, Unshipped, order.OutUnshipped},
		{"on hold", "playauto", Targets{Default: "출고대기"}, "출고보류", "", nil, Hold, order.HoldMallStatus},
		{"label printed", "playauto", Targets{Default: "출고대기"}, "운송장출력", "", nil, Done, order.OutDone},

		{"by hand, no status", "plain", Targets{Default: "ready"}, "", "", nil, Instructed, ""},
		{"by hand, held", "plain", Targets{Default: "ready"}, "保留", "", nil, Hold, order.HoldPerson},
	}
	for _, tt := range tests {
		t.Run(tt.mall+"/"+tt.name, func(t *testing.T) {
			v := resolver(t, tt.mall, tt.targets).Resolve(tt.status, tt.sub, tt.payment...)
			if v.Class != tt.want || v.Reason != tt.reason {
				t.Errorf("got %s, %q (%s), want %s, %q", v.Class, v.Reason, v.Detail, tt.want, tt.reason)
			}
			if v.Detail == "" {
				t.Error("no detail")
			}
		})
	}
}

func TestTargetsAreChecked(t *testing.T) {
	table, _ := Builtin("rakuten")
	tests := []struct {
		name    string
		targets Targets
		keys    []string
		hint    string
	}{
		{"no default", Targets{}, []string{"target.default"}, `mostly "300"`},
		{"unknown", Targets{Default: "301"}, []string{"target.default"}, "100, 200, 300"},
		{"cancelled", Targets{Default: "900"}, []string{"target.default"}, "100, 200"},
		{
			"all at once",
			Targets{ByPayment: map[string]string{"A": "x", "B": "400"}},
			[]string{"target.default", "target.by_payment.A", "target.by_payment.B"},
			"",
		},
		{
			"one payment twice",
			Targets{Default: "300", ByPayment: map[string]string{"COD": "300", "cod": "200"}},
			[]string{"target.by_payment.cod"},
			"keep one",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, findings := New(table, tt.targets)
			if r != nil {
				t.Error("a resolver in spite of findings")
			}
			var keys []string
			for _, f := range findings {
				keys = append(keys, f.Key)
				if f.Why == "" || f.Hint == "" {
					t.Errorf("%+v lacks why or hint", f)
				}
			}
			if diff := cmp.Diff(tt.keys, keys); diff != "" {
				t.Error(diff)
			}
			if !strings.Contains(findings[0].Hint, tt.hint) {
				t.Errorf("hint %q lacks %q", findings[0].Hint, tt.hint)
			}
		})
	}
}

func TestExplain(t *testing.T) {
	r := resolver(t, "rakuten", Targets{Default: "300", ByPayment: map[string]string{"銀行振込": "200"}})
	rows := r.Explain()
	got := [][]string{}
	for _, e := range rows {
		got = append(got, []string{e.Payment, e.Target.Code, codes(e.Unshipped), codes(e.Instructed), codes(e.Held), codes(e.Outside)})
	}
	want := [][]string{
		{"", "300", "100 200", "300", "400 800", "500 600 700 900"},
		{"銀行振込", "200", "100", "200", "400 800", "300 500 600 700 900"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := rows[0].Target.Label("ja"); got != "発送待ち" {
		t.Errorf("label %q", got)
	}
	if got := (&State{Code: "x"}).Label("ko"); got != "x" {
		t.Errorf("label of a nameless state %q", got)
	}
}

func codes(s []State) string {
	out := make([]string, len(s))
	for i := range s {
		out[i] = s[i].Code
	}
	return strings.Join(out, " ")
}

func TestExtras(t *testing.T) {
	r := resolver(t, "rakuten", Targets{Default: "300"},
		Extra{Code: "出荷準備", SameAs: "300"},
		Extra{Code: "300/保留", Class: Hold},
		Extra{Code: "600", Class: Outside},
		Extra{Code: "310", Class: Instructed},
	)
	for _, tt := range []struct {
		status, sub string
		want        Class
		reason      order.Reason
	}{
		{"出荷準備", "", Instructed, ""},
		{"300", "保留", Hold, order.HoldMallStatus},
		{"300", "その他", Instructed, ""},
		{"600", "", Outside, order.OutRule},
		{"310", "", Instructed, ""},
	} {
		v := r.Resolve(tt.status, tt.sub)
		if v.Class != tt.want || v.Reason != tt.reason {
			t.Errorf("%s/%s: got %s %s", tt.status, tt.sub, v.Class, v.Reason)
		}
	}
	table, _ := Builtin("rakuten")
	if s, _ := table.Find("600"); s.Class != Done {
		t.Error("the built-in table was changed")
	}

	_, findings := table.With([]Extra{
		{Class: Hold},
		{Code: "a"},
		{Code: "b", SameAs: "300", Class: Hold},
		{Code: "c", Class: "later"},
		{Code: "d", SameAs: "nowhere"},
		{Code: "e", Class: Hold},
		{Code: "Ｅ", Class: Hold},
	})
	if len(findings) != 6 {
		t.Fatalf("got %d findings: %v", len(findings), findings)
	}
	if s := findings[4].String(); !strings.Contains(s, `statuses[4].same_as: "nowhere"`) {
		t.Error(s)
	}
}

// Every table names each spelling once and in all three languages, so that no
// status can mean two things.
func TestTables(t *testing.T) {
	for _, mall := range Malls() {
		table, ok := Builtin(mall)
		if !ok || table.Mall != mall {
			t.Errorf("%s: no table", mall)
			continue
		}
		owner := map[string]string{}
		for i := range table.States {
			s := &table.States[i]
			for _, lang := range []string{"ja", "ko", "en"} {
				if s.Name[lang] == "" {
					t.Errorf("%s %s: no name in %s", mall, s.Code, lang)
				}
			}
			if !slices.Contains(Classes(), s.Class) {
				t.Errorf("%s %s: class %q", mall, s.Code, s.Class)
			}
			for _, k := range s.keys() {
				if o := owner[k]; o != "" && o != s.Code {
					t.Errorf("%s: %q is %s and %s", mall, k, o, s.Code)
				}
				owner[k] = s.Code
			}
		}
		r, findings := New(table, Targets{Default: table.Suggest})
		if len(findings) > 0 {
			t.Fatal(findings)
		}
		for i := range table.States {
			s := &table.States[i]
			if v := r.Resolve(s.Code, ""); v.Class != s.Class {
				t.Errorf("%s %s: with the suggested target %s, by its own class %s", mall, s.Code, v.Class, s.Class)
			}
		}
	}
	if _, ok := Builtin("nowhere"); ok {
		t.Error("a table for an unknown mall")
	}
}
