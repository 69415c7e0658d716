package ledger

import (
	"testing"

	"github.com/mallbridge/mallbridge/order"
)

func TestNoticesAreSaidOnce(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		ctx := t.Context()
		as, err := s.Raise(ctx, noon, Alert{Kind: order.AlertNoAck, Target: "tokyo", Subject: "a.csv"}, Alert{Kind: order.AlertNoAck, Target: "tokyo", Subject: "b.csv"})
		ok(t, err)
		began := []Notice{{Channel: "chat", AlertID: as[0].ID, Slot: "began", Due: noon}, {Channel: "chat", AlertID: as[1].ID, Slot: "began", Due: noon}}
		ok(t, s.PutNotices(ctx, began))
		ok(t, s.PutNotices(ctx, append(began, Notice{Channel: "mail", AlertID: as[0].ID, Slot: "began", Due: noon})))
		waiting, err := s.WaitingNotices(ctx, "chat")
		ok(t, err)
		if len(waiting) != 2 || waiting[0].AlertID != as[0].ID || waiting[0].State != NoticeWaiting {
			t.Fatalf("waiting: %+v", waiting)
		}
		ok(t, s.NotNoticed(ctx, []int64{waiting[0].ID}, "refused", after(5)))
		ok(t, s.Needless(ctx, []int64{waiting[1].ID}))
		waiting, err = s.WaitingNotices(ctx, "chat")
		ok(t, err)
		if len(waiting) != 1 || waiting[0].Tries != 1 || waiting[0].Error != "refused" || !waiting[0].Due.Equal(after(5)) {
			t.Fatalf("after a failure: %+v", waiting)
		}
		ok(t, s.Noticed(ctx, []int64{waiting[0].ID}, after(6)))
		ok(t, s.Needless(ctx, []int64{waiting[0].ID})) // too late
		ok(t, s.PutNotices(ctx, began))
		all, err := s.NoticesOf(ctx, "chat", after(60))
		ok(t, err)
		if len(all) != 2 || all[0].State != NoticeSent || !all[0].Sent.Equal(after(6)) || all[1].State != NoticeNeedless {
			t.Errorf("all: %+v", all)
		}
		ok(t, s.EndAlert(ctx, order.AlertNoAck, "tokyo", "a.csv", after(10)))
		all, err = s.NoticesOf(ctx, "chat", after(60))
		ok(t, err)
		if len(all) != 1 || all[0].AlertID != as[1].ID {
			t.Errorf("after one ended long ago: %+v", all)
		}
		newest, err := s.Notices(ctx, 1)
		ok(t, err)
		if len(newest) != 1 || newest[0].Channel != "mail" {
			t.Errorf("newest: %+v", newest)
		}
	})
}
