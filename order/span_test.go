package order

import "testing"

func TestSpan(t *testing.T) {
	for _, c := range []struct{ text, ja, ko string }{
		{"59d", "59日", "59일"},
		{"47h", "47時間", "47시간"},
		{"3h02m", "3時間2分", "3시간 2분"},
		{"1d12h", "1日12時間", "1일 12시간"},
		{"30m0s", "30分0秒", "30분 0초"},
		{"1.234s", "1.234秒", "1.234초"},
		{"0.5s", "0.5秒", "0.5초"},
		{"0s", "0秒", "0초"},
		{"350ms", "350ミリ秒", "350밀리초"},
		{"", "", ""},
		{"-", "-", "-"},
		{"T000059d", "T000059d", "T000059d"},
		{"0 9 * * *", "0 9 * * *", "0 9 * * *"},
	} {
		for lang, want := range map[string]string{"en": c.text, "ja": c.ja, "ko": c.ko} {
			if got := Span(lang, c.text); got != want {
				t.Errorf("%s %q: %q, want %q", lang, c.text, got, want)
			}
		}
	}
	if got := AlertWindowEnds.Say("ja", "tokyo", "", "2026/11/30 09:00", "59d"); got != "2026/11/30 09:00 以降が未取得です。あと 59日 でモールから取得できなくなります" {
		t.Error(got)
	}
	if got := AlertWindowEnds.Say("ko", "tokyo", "", "2026/11/30 09:00", "47h"); got != "2026/11/30 09:00 이후를 읽지 못했습니다. 47시간 후 쇼핑몰에서 조회할 수 없게 됩니다" {
		t.Error(got)
	}
}
