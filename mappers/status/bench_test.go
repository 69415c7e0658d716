package status

import "testing"

func BenchmarkResolve(b *testing.B) {
	table, _ := Builtin("rakuten")
	r, _ := New(table, Targets{Default: "300", ByPayment: map[string]string{"銀行振込": "200"}})
	for b.Loop() {
		r.Resolve("300", "", "クレジットカード", "prepaid")
	}
}
