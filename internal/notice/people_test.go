package notice

import (
	"bytes"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/internal/demo"
	"github.com/mallbridge/mallbridge/internal/secrets"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

// What is told of a day with everything that goes wrong in a real one names orders
// by their numbers and nobody by name.
func TestNoticesNameNobody(t *testing.T) {
	h := newHook(t, false)
	dir := filepath.Join(t.TempDir(), "shop")
	if _, err := demo.Run(t.Context(), demo.Options{Dir: dir, Once: true, Seed: 3, Orders: 200, Lang: "en", Now: time.Now, Out: io.Discard}); err != nil {
		t.Fatal(err)
	}
	settings := filepath.Join(dir, "mallbridge.yaml")
	was, err := os.ReadFile(settings)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(settings, append(was, "\nalerts: {channels: [{name: chat, webhook: {url: \"env:HOOK\"}, summary: \"00:00\"}]}\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	ws, findings, err := configs.Load(dir, nil)
	if err != nil || findings.Errors() > 0 {
		t.Fatal(err, findings)
	}
	l, err := ledger.Open(t.Context(), ws.Path(ws.Settings.Ledger))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	env := &stage.Env{
		Workspace: ws, Ledger: l, Now: time.Now, Log: slog.New(slog.DiscardHandler), Owner: "test/1",
		Secrets: &secrets.Resolver{Dir: dir, Getenv: func(string) (string, bool) { return h.URL, true }},
	}
	rows, err := l.Orders(t.Context(), ledger.OrderList{Limit: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	// Beside what the day raised: an alert of every kind, about an order and its file.
	for i, info := range order.Alerts {
		r := &rows[i%len(rows)]
		if _, err := l.Raise(t.Context(), time.Now(), ledger.Alert{Kind: info.Alert, Target: r.Account, Subject: r.Order.Number, Args: []string{r.Order.Status, "2"}}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Send(t.Context(), env); err != nil {
		t.Fatal(err)
	}
	var told bytes.Buffer
	for _, c := range h.take() {
		told.WriteString(c.body)
	}
	if !strings.Contains(told.String(), rows[0].Order.Number) || !strings.Contains(told.String(), "orders") {
		t.Fatalf("told: %.300s", told.String())
	}
	for i := range rows {
		o := rows[i].Order
		words := []string{o.Buyer.Name, o.Buyer.Kana, o.Buyer.Phone, o.Buyer.Email, o.Buyer.Street, o.Note}
		for k := range o.Packages {
			to := &o.Packages[k].To
			words = append(words, to.Name, to.Kana, to.Phone, to.Street, to.Building, o.Packages[k].Note, o.Packages[k].CustomsID)
		}
		for _, w := range words {
			if utf8.RuneCountInString(w) >= 3 && strings.Contains(told.String(), w) {
				t.Errorf("%q of order %s was told", w, o.Number)
			}
		}
	}
}
