package delivery

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mallbridge/mallbridge/mappers/codes"
	"github.com/mallbridge/mallbridge/order"
)

func TestServices(t *testing.T) {
	s, findings := NewServices([]ServiceRow{
		{Account: "shop-a", Name: "宅配便", Service: "ta-q-bin", Carrier: "yamato", Line: 2},
		{Account: "shop-a", Name: "宅配便", Payment: "cod", Service: "collect", Carrier: "yamato", Line: 3},
		{Account: "shop-a", Name: "宅配便", Temperature: "frozen", Service: "cool", Carrier: "yamato", Line: 4},
		{Account: "shop-a", Name: "宅配便", Warehouse: "osaka", Service: "hikyaku", Carrier: "sagawa", Line: 5},
		{Account: "rakuten", Name: "メール便", Service: "nekopos", Carrier: "yamato", Line: 6},
		{Name: "*", Service: "standard", Carrier: "japanpost", Line: 7},
		{Name: Any, Payment: "cod", Temperature: "chilled", Service: "cool-cod", Carrier: "japanpost", Line: 8},
	})
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	tests := []struct {
		name string
		q    Query
		line int
	}{
		{"exact", Query{Account: "shop-a", Mall: "rakuten", Name: "宅配便"}, 2},
		{"spaces and width", Query{Account: "shop-a", Mall: "rakuten", Name: "宅配便　"}, 2},
		{"payment", Query{Account: "shop-a", Name: "宅配便", Payment: "cod"}, 3},
		{"payment before temperature", Query{Account: "shop-a", Name: "宅配便", Payment: "cod", Temperature: order.Frozen}, 3},
		{"temperature", Query{Account: "shop-a", Name: "宅配便", Payment: "prepaid", Temperature: order.Frozen}, 4},
		{"warehouse before payment", Query{Account: "shop-a", Name: "宅配便", Payment: "cod", Warehouse: "osaka"}, 5},
		{"other warehouse", Query{Account: "shop-a", Name: "宅配便", Warehouse: "tokyo"}, 2},
		{"by mall", Query{Account: "shop-a", Mall: "rakuten", Name: "メール便"}, 6},
		{"everything else", Query{Account: "shop-a", Mall: "rakuten", Name: "店頭"}, 7},
		{"no text", Query{Account: "shop-b"}, 7},
		{"everything else, narrowed", Query{Account: "shop-b", Payment: "cod", Temperature: order.Chilled}, 8},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, ok := s.Match(tt.q); !ok || got.Line != tt.line || got.Carrier == "" || got.Service == "" {
				t.Errorf("got %+v %v, want line %d", got, ok, tt.line)
			}
		})
	}
}

func TestServicesWithoutMatch(t *testing.T) {
	s, _ := NewServices([]ServiceRow{
		{Name: "A", Payment: "cod", Service: "x", Carrier: "y"},
		{Name: "B", Temperature: "chilled", Service: "x", Carrier: "y"},
		{Name: "C", Warehouse: "w", Service: "x", Carrier: "y"},
	})
	for _, name := range []string{"A", "B", "C", "", "*x"} {
		if got, ok := s.Match(Query{Name: name}); ok {
			t.Errorf("%q: %+v", name, got)
		}
	}
}

func TestServiceFindings(t *testing.T) {
	_, findings := NewServices([]ServiceRow{
		{Line: 2},
		{Name: "A", Service: "s", Carrier: "c", Temperature: "cold", Line: 3},
		{Name: "A", Service: "s", Carrier: "c", Line: 4},
		{Name: "Ａ", Service: "t", Carrier: "c", Line: 5},
	})
	var got []string
	for _, f := range findings {
		got = append(got, fmt.Sprintf("%d %s", f.Line, f.Column))
		if f.Why == "" || f.Hint == "" {
			t.Errorf("%+v", f)
		}
	}
	want := []string{"2 name", "2 service", "2 carrier", "3 temperature", "5 name"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if last := findings[len(findings)-1]; !strings.Contains(last.Why, "line 4") {
		t.Error(last.Why)
	}
}

func TestParseBand(t *testing.T) {
	none := []string{"", " ", "0", "指定なし", "時間帯指定なし"}
	for _, s := range none {
		if b, ok := ParseBand(s); !ok || b != "" {
			t.Errorf("%q: %q %v", s, b, ok)
		}
	}
	tests := map[string]string{
		"午前中": "am", "午前": "am", "812": "am", "0812": "am", "8:00〜12:00": "am", "08：00～12：00": "am",
		"午後":   "pm",
		"1214": "1214", "1416": "1416", "1618": "1618", "1820": "1820", "1821": "1821", "1921": "1921", "2021": "2021",
		"14:00〜16:00": "1416", "14:00~16:00": "1416", "14:00-16:00": "1416", "１４：００～１６：００": "1416",
		"14時〜16時": "1416", "14-16": "1416", "14時から16時": "1416", "14：00 〜 16：00": "1416", "14時－16時頃": "1416",
		"18時~20時": "1820", "19:00−21:00": "1921",
	}
	for s, want := range tests {
		if b, ok := ParseBand(s); !ok || b != want {
			t.Errorf("%q: %q %v, want %q", s, b, ok, want)
		}
	}
	// A wish that no band serves goes to a person, not to the next window.
	unknown := []string{
		"1", "2", "9", "708", "912", "9:00-12:00", "1012", "1215", "1520", "2123", "2324", "14:30-16:30", "14:00", "16-14", "1614", "2516",
		"18時以降", "夕方", "平日19-21", "14-16-18", "-", "14-", "x", "00812", "+1416", "14:00〜16:00希望",
	}
	for _, s := range unknown {
		if b, ok := ParseBand(s); ok {
			t.Errorf("%q became %q", s, b)
		}
	}
}

func TestTimeBands(t *testing.T) {
	b, findings := NewTimeBands([]BandRow{
		{Account: "shop-a", Code: "912", Band: "am", Line: 2},
		{Account: "rakuten", Carrier: "yamato", Code: "2", Band: "1416", Line: 3},
		{Account: "rakuten", Code: "9", Band: "none", Line: 4},
		{Code: "夕方", Band: "1618", Line: 5},
		{Account: "shop-a", Code: "夕方", Band: "1820", Line: 6},
	}, codes.Builtin())
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	tests := []struct {
		account, mall, carrier, text, want string
		ok                                 bool
	}{
		{"shop-a", "rakuten", "yamato", "912", "am", true},
		{"shop-b", "rakuten", "yamato", "912", "", false},
		{"shop-b", "rakuten", "yamato", "2", "1416", true},
		{"shop-b", "rakuten", "sagawa", "2", "pm", true},
		{"shop-b", "rakuten", "sagawa", "9", "", true},
		{"shop-b", "yahoo", "sagawa", "9", "", false},
		{"shop-a", "rakuten", "", "夕方", "1820", true},
		{"shop-b", "rakuten", "", "夕方", "1618", true},
		{"shop-b", "rakuten", "", "1416", "1416", true},
		{"shop-b", "rakuten", "", "", "", true},
		// Codes are the mall's own: 1 is the morning at Rakuten only, and from nine
		// o'clock is the morning at Yahoo! only.
		{"shop-b", "rakuten", "", "1", "am", true},
		{"shop-b", "yahoo-shopping", "", "1", "", false},
		{"shop-b", "plain", "", "1", "", false},
		{"shop-b", "yahoo-auction", "", "09:00〜12:00", "am", true},
		{"shop-b", "rakuten", "", "09:00〜12:00", "", false},
		{"shop-b", "yahoo-shopping", "", "指定なし", "", true},
	}
	for _, tt := range tests {
		if got, ok := b.Band(tt.account, tt.mall, tt.carrier, tt.text); got != tt.want || ok != tt.ok {
			t.Errorf("%+v: got %q %v", tt, got, ok)
		}
	}

	_, findings = NewTimeBands([]BandRow{
		{Code: "A", Band: "late", Line: 2},
		{Code: "", Band: "am", Line: 3},
		{Code: "14:00〜16:00", Band: "1416", Line: 4},
		{Code: "14:00-16:00", Band: "1618", Line: 5},
		{Code: "14:00~16:00", Band: "1416", Line: 6},
	}, codes.Builtin())
	var got []string
	for _, f := range findings {
		got = append(got, fmt.Sprintf("%d %s", f.Line, f.Column))
	}
	if want := []string{"2 band", "3 code", "5 code"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func FuzzParseBand(f *testing.F) {
	for _, s := range []string{"1416", "午前中", "14:00〜16:00", "812"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		band, ok := ParseBand(s)
		if band != "" && (!ok || !slices.Contains(Bands(), band)) {
			t.Errorf("%q: %q %v", s, band, ok)
		}
	})
}
