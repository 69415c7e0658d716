package extract_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/simulator/orders"
	"github.com/mallbridge/mallbridge/simulator/rakuten"
)

// TestASpanIsReadAgain leaves a gap between windows, and closes it as a person asks.
func TestASpanIsReadAgain(t *testing.T) {
	s := open(t)
	ctx, l := t.Context(), s.Env.Ledger
	s.sell(orders.Rakuten, 5, rakuten.ToShip)
	s.Move(time.Hour)
	s.want(s.Run("rakuten-api", "extract"), map[string]int64{"new orders": 5, "windows read again": 0})
	id, _, err := l.Account(ctx, "rakuten-api", s.Now())
	s.Check(err)
	began, _, err := l.ReadUntil(ctx, id, "orders")
	s.Check(err)
	s.Move(time.Hour)
	s.sell(orders.Rakuten, 7, rakuten.ToShip)
	s.Move(2 * time.Hour)
	s.Check(l.Covered(ctx, id, "orders", s.Now().Add(-time.Hour), s.Now().Add(-30*time.Minute), s.Now()))
	s.Run("rakuten-api", "extract")
	gaps := func() (n int) {
		t.Helper()
		ws, err := l.Windows(ctx, id)
		s.Check(err)
		for i, w := range ws {
			if i > 0 && w.Feed == "orders" && ws[i-1].Feed == "orders" && w.From.After(ws[i-1].To) {
				n++
			}
		}
		return n
	}
	if gaps() != 1 {
		t.Fatal("there is no gap to close")
	}

	// While the mall is down the wish stays.
	span := ledger.Span{From: began, To: s.Now().Add(-time.Hour), Actor: "hanako", At: s.Now()}
	s.Check(l.AskSpan(ctx, id, "rakuten-api", span))
	s.Check(l.AskSpan(ctx, id, "rakuten-api", span))
	s.Breaks(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) bool {
		w.WriteHeader(http.StatusInternalServerError)
		return true
	})
	if res := s.Try("rakuten-api", "extract"); res.Err == nil {
		t.Fatal("the mall was down, and nobody noticed")
	}
	if left, err := l.Spans(ctx, id); err != nil || len(left) != 1 || gaps() != 1 {
		t.Fatalf("after a failure: %v %v, %d gaps", left, err, gaps())
	}
	s.Breaks(nil)
	s.Move(10 * time.Minute)
	s.want(s.Run("rakuten-api", "extract"), map[string]int64{"windows read again": 1, "new orders": 0})
	if left, err := l.Spans(ctx, id); err != nil || len(left) != 0 || gaps() != 0 {
		t.Errorf("after it was read: %v %v, %d gaps", left, err, gaps())
	}

	// What the mall no longer tells of is said, and is not asked for again; what was
	// not read at all is left to the windows that are due.
	until, _, err := l.ReadUntil(ctx, id, "orders")
	s.Check(err)
	s.Check(l.AskSpan(ctx, id, "rakuten-api", ledger.Span{From: s.Now().AddDate(-2, 0, 0), To: s.Now().AddDate(-1, 0, 0), Actor: "hanako", At: s.Now()}))
	s.Check(l.AskSpan(ctx, id, "rakuten-api", ledger.Span{From: s.Now().Add(-time.Hour), To: s.Now().Add(time.Hour), Actor: "hanako", At: s.Now()}))
	rep := s.Run("rakuten-api", "extract")
	if !strings.Contains(strings.Join(rep.Notes, "\n"), "the mall no longer tells of orders placed between 2024-") {
		t.Errorf("notes: %q", rep.Notes)
	}
	if left, err := l.Spans(ctx, id); err != nil || len(left) != 0 {
		t.Errorf("what cannot be read is asked for again: %v %v", left, err)
	}
	if now, _, err := l.ReadUntil(ctx, id, "orders"); err != nil || now.After(s.Now()) || now.Before(until) {
		t.Errorf("read until %s, was %s: %v", now, until, err)
	}
}
