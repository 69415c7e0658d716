package delivery

import (
	"testing"

	"github.com/mallbridge/mallbridge/mappers/codes"
)

func BenchmarkMatch(b *testing.B) {
	s, _ := NewServices([]ServiceRow{{Account: "shop", Name: "宅配便", Service: "a", Carrier: "yamato"}, {Name: "*", Service: "b", Carrier: "yamato"}})
	for b.Loop() {
		s.Match(Query{Account: "shop", Mall: "rakuten", Name: "宅配便", Payment: "cod"})
	}
}

func BenchmarkBand(b *testing.B) {
	t, _ := NewTimeBands(nil, codes.Builtin())
	for b.Loop() {
		t.Band("shop", "rakuten", "yamato", "1416")
	}
}
