package address

import (
	"testing"

	"github.com/mallbridge/mallbridge/order"
)

func BenchmarkKey(b *testing.B) {
	p := order.Party{
		Name: "例示 太郎", Country: "JP", Postal: "105-0011", Phone: "090-1234-5678",
		Prefecture: "東京都", City: "港区", Street: "芝公園4-2-8", Building: "東京タワー 3F",
	}
	for b.Loop() {
		Key(&p)
	}
}

func BenchmarkSplit(b *testing.B) {
	widths := []Width{{Chars: 16, Bytes: 32}, {Chars: 16, Bytes: 32}, {Chars: 16, Bytes: 32}}
	for b.Loop() {
		Split("東京都港区芝公園4-2-8いろはにほへとちりぬるを東京タワー3F", widths)
	}
}
