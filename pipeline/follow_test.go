package pipeline

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

// TestRunsAreFollowed has a stage wait until others can see what it is at, and looks at
// what is left when it ends.
func TestRunsAreFollowed(t *testing.T) {
	ctx := t.Context()
	l, err := ledger.Open(ctx, filepath.Join(t.TempDir(), "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	var told []ledger.RunStep
	env := &stage.Env{
		Workspace: &configs.Workspace{}, Ledger: l, Now: time.Now, Sleep: stage.Sleep, Log: slog.New(slog.DiscardHandler), Owner: Owner("test"),
		Told: func(_, _ string, s ledger.RunStep) { told = append(told, s) },
	}
	work := func(ctx context.Context, env *stage.Env, _ string) (rep stage.Report, err error) {
		env.At("orders read", "", 1200, 4000)
		env.Log.Warn("slow", "for", time.Minute)
		for {
			rs, err := env.Ledger.Runs(ctx, "", "", 1)
			if err != nil {
				return rep, err
			}
			if s := rs[0].Step; s != nil {
				if s.What != "orders read" || s.Done != 1200 || s.Total != 4000 {
					t.Errorf("others see %+v", s)
				}
				rep.Add("orders", 4000)
				return rep, order.Errorf(order.Retry, "try again", "見本 花子 did not answer")
			}
			if err := env.Sleep(ctx, 20*time.Millisecond); err != nil {
				return rep, err
			}
		}
	}
	if res := Run(ctx, env, Stage{"extract", Accounts, work}, "shop"); order.CodeOf(res.Err) != order.Retry {
		t.Fatalf("the run: %+v", res)
	}
	r, err := l.Run(ctx, 1)
	if err != nil {
		t.Fatal(err)
	}
	if r.Step != nil || r.Outcome != Failed || !strings.Contains(r.Summary, "did not answer") {
		t.Errorf("after its end: %+v", r)
	}
	lines, err := l.RunLog(ctx, 1, slog.LevelDebug)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	for _, x := range lines {
		log.WriteString(x.Level.String() + " " + x.Text + "\n")
	}
	for _, want := range []string{"INFO the run began stage=extract target=shop owner=", "WARN slow for=1m0s", "INFO orders read done=1200 total=4000 took=", `ERROR the run ended outcome=failed waiting=0 code=retry hint="try again" orders=4000`} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, log.String())
		}
	}
	// What an error says may name people.
	if strings.Contains(log.String(), "見本") {
		t.Errorf("the log names a person:\n%s", log.String())
	}
	if len(told) < 2 || told[0].Done != 1200 || told[len(told)-1].What != "" {
		t.Errorf("who listens was told %+v", told)
	}

	// A run that found nothing leaves nothing.
	quiet := func(_ context.Context, env *stage.Env, _ string) (stage.Report, error) {
		env.At("orders read", "", 0, 0)
		return stage.Report{}, nil
	}
	if res := Run(ctx, env, Stage{"plan", Accounts, quiet}, "shop"); res.Outcome != Nothing {
		t.Errorf("the quiet run: %+v", res)
	}
	if lines, err := l.RunLog(ctx, 2, slog.LevelDebug); err != nil || len(lines) != 0 {
		t.Errorf("of a quiet run: %v %v", lines, err)
	}
	if _, err := l.Run(ctx, 2); order.CodeOf(err) != order.NotFound {
		t.Errorf("the quiet run is kept: %v", errors.Unwrap(err))
	}
}
