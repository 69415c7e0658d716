package console_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
)

// TestLengthsOfTime: how long something took or lasts, and what an alert quotes, are in
// the reader's language.
func TestLengthsOfTime(t *testing.T) {
	s := open(t)
	ctx, l := t.Context(), s.world().Ledger
	_, err := l.Raise(ctx, s.clock(),
		ledger.Alert{Kind: order.AlertWindowEnds, Target: "plain-1", Args: []string{"2026-11-20 09:00", "59d"}},
		ledger.Alert{Kind: order.AlertFileDiffers, Target: "tokyo", Subject: "T000001.csv", Args: []string{"100 → 99 bytes"}},
		ledger.Alert{Kind: order.AlertKeyEnds, Target: "plain-1", Args: []string{"9", "2026-12-01 09:00", "typed"}},
	)
	s.check(err)
	id, err := l.StartRun(ctx, "collect", "tokyo", "node-a/7/serve", s.clock())
	s.check(err)
	s.check(l.EndRun(ctx, id, "done", "files: 1", s.clock().Add(62*time.Second+500*time.Millisecond)))
	for lang, want := range map[string]struct{ today, took []string }{
		"ja": {[]string{"あと 59日 で", "(100 → 99バイト)", "設定の期限"}, []string{"1分2.5秒"}},
		"ko": {[]string{"59일 후 쇼핑몰", "100 → 99바이트", "설정한 기한"}, []string{"1분 2.5초"}},
		"en": {[]string{"in 59d the mall", "100 → 99 bytes", "typed"}, []string{"1m2.5s"}},
	} {
		v := s.as("hanako", ledger.Viewer, lang)
		v.shows(v.get("/"), want.today...)
		v.shows(v.get("/runs"), want.took...)
	}
}

// TestARunThatIsAskedForTwice: whoever asks for a run that waits already is told so.
func TestARunThatIsAskedForTwice(t *testing.T) {
	s := open(t)
	for lang, want := range map[string][2]string{
		"ja": {"tokyoの出荷指示を依頼しました", "tokyoの出荷指示はすでに依頼済みで、まだ終わっていません"},
		"ko": {"tokyo의 출고지시를 요청했습니다", "tokyo의 출고지시는 이미 요청되어 아직 끝나지 않았습니다"},
		"en": {"instruct of tokyo was asked for", "instruct of tokyo was asked for before and has not ended; it does this too"},
	} {
		v := s.as("taro", ledger.Operator, lang)
		for i, waits := range []bool{false, true} {
			s.waits = waits
			v.shows(v.want(v.post("/runs", "stage", "instruct", "target", "tokyo"), http.StatusOK), want[i])
		}
	}
	if n := len(slices.DeleteFunc(s.ran, func(r string) bool { return r != "instruct tokyo" })); n != 6 {
		t.Errorf("%d runs were asked for", n)
	}
}

// TestRunsThatFoundNothing: what only looked does not push what moved off the page; it is
// there for whoever asks.
func TestRunsThatFoundNothing(t *testing.T) {
	s := open(t)
	ctx, l := t.Context(), s.world().Ledger
	id, err := l.StartRun(ctx, "extract", "coupang-2", "node-a/7/serve", s.clock())
	s.check(err)
	s.check(l.EndRun(ctx, id, "ok", "4711 new orders, 1 replies, 1 windows", s.clock()))
	for range 120 {
		empty, err := l.StartRun(ctx, "extract", "coupang-2", "node-a/7/serve", s.clock())
		s.check(err)
		s.check(l.EndRun(ctx, empty, "ok", "1 replies, 1 windows", s.clock()))
	}
	for lang, want := range map[string][2]string{
		"ja": {"4711 新しい注文", "変化のなかった実行も表示"}, "ko": {"4711 새 주문", "변화가 없던 실행도 표시"}, "en": {"4711 new orders", "those too that found nothing new"},
	} {
		v := s.as("hanako", ledger.Viewer, lang)
		v.shows(v.get("/runs"), want[:]...)
		if a := v.get("/runs?all=1"); strings.Contains(a.body, want[0]) || strings.Count(a.body, `href="/runs/`) < 100 {
			t.Errorf("%s: all runs are not the last 100", lang)
		}
	}
}
