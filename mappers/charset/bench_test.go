package charset

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
)

var benchmarked = []struct {
	c    *Charset
	ref  encoding.Encoding
	line string
}{
	{
		cp932, japanese.ShiftJIS,
		`"123456-20261101-%08d","2026/11/01","09:15:42","新規受付","クレジットカード","宅配便","髙橋","花子","タカハシ","ハナコ","060","0001","北海道","札幌市中央区北一条西","2丁目-3 見本ビル５０１号室","090","0000","%04d","tea-green-100g","有機栽培 深蒸し煎茶（１００ｇ×３袋）送料無料","ｶﾗｰ:ﾐﾄﾞﾘ","1","3240","0","午前中","のし希望：御祝。不在時は宅配ボックスへお願いします","","","見本商店 札幌支店","4900000000017"` + "\r\n",
	},
	{
		cp949, korean.EUCKR,
		`"2026110112%08d","2026-11-01 09:15:42","결제완료","신용카드","택배","홍길순","김견본","06236","서울특별시 강남구 테헤란로 123","견본빌딩 5층 501호","010-0000-%04d","tea-green-100g","유기농 녹차 세트 (100g x 3봉) 무료배송","색상: 초록","1","32400","0","부재 시 경비실에 맡겨 주세요","","","견본상점 강남점","8800000000017"` + "\r\n",
	},
}

func sheet(tb testing.TB, c *Charset, line string, size int) (text string, raw []byte) {
	tb.Helper()
	var b bytes.Buffer
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, line, i, i%10000)
	}
	raw, err := c.Encode(b.String())
	if err != nil {
		tb.Fatal(err)
	}
	return b.String(), raw
}

// BenchmarkDecode reports how many times the speed of x/text and of iconv, if
// installed, it reaches.
func BenchmarkDecode(b *testing.B) {
	for _, bm := range benchmarked {
		b.Run(bm.c.Name(), func(b *testing.B) {
			_, raw := sheet(b, bm.c, bm.line, 1<<20)
			dst := make([]byte, 0, 3*len(raw))
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := bm.c.AppendDecode(dst, raw); err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
			d := bm.ref.NewDecoder()
			reportRatio(b, "x/xtext", 50, func() error {
				_, _, err := d.Transform(dst[:cap(dst)], raw, true)
				return err
			})
			reportIconv(b, raw, bm.c.Name(), "utf-8")
		})
	}
}

// BenchmarkEncode reports the same for writing.
func BenchmarkEncode(b *testing.B) {
	for _, bm := range benchmarked {
		b.Run(bm.c.Name(), func(b *testing.B) {
			text, raw := sheet(b, bm.c, bm.line, 1<<20)
			dst := make([]byte, 0, len(text)+8)
			src := []byte(text)
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := bm.c.AppendEncode(dst, text); err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
			e := bm.ref.NewEncoder()
			reportRatio(b, "x/xtext", 50, func() error {
				_, _, err := e.Transform(dst[:cap(dst)], src, true)
				return err
			})
			reportIconv(b, src, "utf-8", bm.c.Name())
		})
	}
}

// BenchmarkDecodeField is the decoding of single fields, a file's usual use.
func BenchmarkDecodeField(b *testing.B) {
	fields := bytes.Split([]byte("\x93\x8C\x8B\x9E\x93s,1234,tea-green,\xEE\xE0\x8B\xB4,2026/11/01,\xB6\xC5"), []byte{','})
	dst := make([]byte, 0, 64)
	b.ReportAllocs()
	for b.Loop() {
		for _, f := range fields {
			if _, err := cp932.AppendDecode(dst, f); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// reportRatio times rounds of peer and reports how many times as long as the
// benchmark's one takes.
func reportRatio(b *testing.B, unit string, rounds int, peer func() error) {
	own := b.Elapsed().Seconds() / float64(b.N)
	start := time.Now()
	if b.N == 1 {
		rounds = 1
	}
	for range rounds {
		if err := peer(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(time.Since(start).Seconds()/float64(rounds)/own, unit)
}

// reportIconv lets iconv convert the same bytes, in a file that it is given
// many times so that its start does not count.
func reportIconv(b *testing.B, src []byte, from, to string) {
	path, err := exec.LookPath("iconv")
	if err != nil {
		return
	}
	name := filepath.Join(b.TempDir(), "sheet")
	if err := os.WriteFile(name, src, 0o600); err != nil {
		b.Fatal(err)
	}
	const times = 50
	args := append([]string{"-f", from, "-t", to}, slices.Repeat([]string{name}, times)...)
	own := b.Elapsed().Seconds() / float64(b.N)
	start := time.Now()
	if err := exec.Command(path, args...).Run(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(time.Since(start).Seconds()/times/own, "x/iconv")
}
