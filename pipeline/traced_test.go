package pipeline

import (
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

// A run is traced with its reason and its end; what errors and panics say stays out.
func TestRunsAreTraced(t *testing.T) {
	l, err := ledger.Open(t.Context(), filepath.Join(t.TempDir(), "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	spans := tracetest.NewInMemoryExporter()
	p := sdk.NewTracerProvider(sdk.WithSyncer(spans))
	env := &stage.Env{
		Workspace: &configs.Workspace{}, Ledger: l, Now: time.Now, Sleep: stage.Sleep, Log: slog.New(slog.DiscardHandler), Owner: Owner("test"), Tracer: p.Tracer("test"),
	}
	failed := Stage{"extract", Accounts, func(context.Context, *stage.Env, string) (stage.Report, error) {
		return stage.Report{Waiting: 2}, order.Errorf(order.Denied, "", "見本 花子 is not let in")
	}}
	panics := Stage{"plan", Accounts, func(context.Context, *stage.Env, string) (stage.Report, error) { panic("見本 花子") }}
	for slot, want := range map[string]string{
		"": "run", "2026-11-30T12:00:00Z": "schedule", "after extract 12": "after", "asked 2026-11-30T12:00:00Z": "asked", "start 2026-11-30T12:00:00Z": "start",
	} {
		spans.Reset()
		env.Slot = slot
		Run(t.Context(), env, failed, "shop")
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic went no further")
				}
			}()
			Run(t.Context(), env, panics, "shop")
		}()
		got := spans.GetSpans()
		if len(got) != 2 || got[0].Name != "stage extract" || got[1].Name != "stage plan" {
			t.Fatalf("spans: %v", got)
		}
		attrs := map[string]string{}
		for _, a := range got[0].Attributes {
			attrs[string(a.Key)] = a.Value.String()
		}
		if d := cmp.Diff(map[string]string{
			"mallbridge.stage": "extract", "mallbridge.target": "shop", "mallbridge.slot": slot, "mallbridge.reason": want, "mallbridge.outcome": Failed, "mallbridge.waiting": "2",
		}, attrs); d != "" {
			t.Errorf("%q: %s", slot, d)
		}
		if got[0].Status.Description != "denied" {
			t.Errorf("status %+v", got[0].Status)
		}
		for _, s := range got {
			for _, e := range s.Events {
				t.Errorf("%s tells %v", s.Name, e)
			}
			if strings.Contains(s.Status.Description, "花子") {
				t.Errorf("%s tells %s", s.Name, s.Status.Description)
			}
		}
	}
}
