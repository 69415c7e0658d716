package notice

import (
	"context"
	"fmt"
	"time"

	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/mappers/message"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

type words struct{ title, one, summary, day, account, batches, doubt, alerts, well, test string }

var languages = map[string]words{
	"ja": {
		title: "Mallbridge: お知らせ %d件", one: "Mallbridge: お知らせ", summary: "Mallbridge: 本日のまとめ", day: "%s の状況",
		account: "%s: 注文 %d、出荷指示済み %d、出荷済み %d、未出荷 %d、保留 %d、要確認 %d", batches: "送信中のファイル %d件",
		doubt: "到着を確認できないファイル %d件", alerts: "未解消のお知らせ %d件（要対応 %d件）", well: "未解消のお知らせはありません", test: "これはテストです。対応は不要です。",
	},
	"ko": {
		title: "Mallbridge: 알림 %d건", one: "Mallbridge: 알림", summary: "Mallbridge: 오늘의 요약", day: "%s 현황",
		account: "%s: 주문 %d, 출고지시 %d, 출고 %d, 미출고 %d, 보류 %d, 확인 필요 %d", batches: "전송 중인 파일 %d건",
		doubt: "도착을 확인할 수 없는 파일 %d건", alerts: "해소되지 않은 알림 %d건(조치 필요 %d건)", well: "해소되지 않은 알림이 없습니다", test: "테스트입니다. 조치가 필요 없습니다.",
	},
	"en": {
		title: "Mallbridge: %d notices", one: "Mallbridge: notice", summary: "Mallbridge: summary of the day", day: "as of %s",
		account: "%s: %d orders, %d instructed, %d shipped, %d unshipped, %d held, %d to be looked at", batches: "%d files on their way",
		doubt: "%d files in doubt", alerts: "%d open alerts, %d of them red", well: "no open alerts", test: "This is a test. There is nothing to do.",
	},
}

func wordsOf(lang string) words {
	if w, ok := languages[lang]; ok {
		return w
	}
	return languages["en"]
}

// summary tells how things stand, in counts.
func (c *channel) summary(ctx context.Context, _ string) ([]string, error) {
	w := wordsOf(c.cfg.Language)
	out := []string{fmt.Sprintf(w.day, c.env.Now().In(c.cfg.Location).Format("2006-01-02 15:04"))}
	for _, a := range c.env.Workspace.Accounts {
		if !a.Enabled {
			continue
		}
		t, err := c.env.Ledger.Tally(ctx, a.Name)
		if err != nil {
			return nil, err
		}
		var held, warned int64
		for _, n := range t.Held {
			held += n
		}
		for _, n := range t.Warned {
			warned += n
		}
		out = append(out, fmt.Sprintf(w.account, a.Name, t.Orders, t.Instructed, t.Shipped, t.Outside[order.OutUnshipped], held, warned))
	}
	open, doubt, err := c.env.Ledger.BatchStates(ctx)
	if err != nil {
		return nil, err
	}
	for _, x := range []struct {
		by   map[string]int64
		text string
	}{{open, w.batches}, {doubt, w.doubt}} {
		var n int64
		for _, k := range x.by {
			n += k
		}
		if n > 0 {
			out = append(out, fmt.Sprintf(x.text, n))
		}
	}
	alerts, err := c.env.Ledger.Alerts(ctx, ledger.AlertList{})
	if err != nil {
		return nil, err
	}
	red := 0
	for _, a := range alerts {
		if a.Kind.Info().Red {
			red++
		}
	}
	if len(alerts) == 0 {
		return append(out, w.well), nil
	}
	return append(out, fmt.Sprintf(w.alerts, len(alerts), red)), nil
}

// A Tested says how the test notice of a channel went.
type Tested struct {
	Channel string `json:"channel"`
	OK      bool   `json:"ok"`
	Error   string `json:"error,omitempty"`
}

// Test sends a test notice on every channel, or on those named, now, and stores
// nothing. An unknown name is an error with code not found.
func Test(ctx context.Context, env *stage.Env, names []string) ([]Tested, error) {
	channels := env.Workspace.Settings.Alerts.Channels
	if len(names) == 0 {
		for i := range channels {
			names = append(names, channels[i].Name)
		}
	}
	var out []Tested
	for _, name := range names {
		var c *channel
		for i := range channels {
			if channels[i].Name == name {
				c = &channel{env: env, cfg: &channels[i], rep: &Report{}}
			}
		}
		if c == nil {
			return out, order.Errorf(order.NotFound, "look into alerts.channels of mallbridge.yaml", "no channel %s", name)
		}
		now := env.Now()
		w := wordsOf(c.cfg.Language)
		m := &message.Message{
			ID: fmt.Sprintf("%s-test-%d", name, now.Unix()), Title: w.one, Level: "test", Lang: c.cfg.Language,
			At: now.In(c.cfg.Location).Format(time.RFC3339), Lines: []string{w.test},
		}
		m.Finish()
		t := Tested{Channel: name, OK: true}
		if err := c.out(ctx, m); err != nil {
			t.OK, t.Error = false, env.Secrets.Redact(err.Error())
		}
		out = append(out, t)
	}
	return out, nil
}
