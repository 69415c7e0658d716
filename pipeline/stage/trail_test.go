package stage

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mallbridge/mallbridge/ledger"
)

// texts are the lines of a trail, with their levels.
func texts(lines []ledger.RunLine) []string {
	var out []string
	for _, l := range lines {
		out = append(out, l.Level.String()+" "+l.Text)
	}
	return out
}

func TestTrail(t *testing.T) {
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	trail := NewTrail(func() time.Time { now = now.Add(time.Second); return now })
	env := &Env{Trail: trail}

	// What is done again and again is one line, when it is over.
	env.At("orders read", "", 100, 0)
	env.At("orders read", "", 200, 0)
	env.At("instructions written", "T000001", 1, 40)
	if s := trail.Step(); s.What != "instructions written" || s.Of != "T000001" || s.Done != 1 || s.Total != 40 {
		t.Errorf("it is at %+v", s)
	}
	env.At("instructions written", "T000001", 40, 40)

	// The log of the program gets what it did before; the trail has every level.
	var program bytes.Buffer
	quiet := slog.NewTextHandler(&program, &slog.HandlerOptions{Level: slog.LevelWarn})
	log := slog.New(Trailed(quiet, trail)).With("mall", "qoo10").WithGroup("call")
	log.Info("call", "status", 200)
	log.Warn("call is repeated", "try", 2)
	// One that is shared knows its run by the context.
	shared := slog.New(Trailed(quiet, nil))
	shared.Debug("of nobody")
	shared.DebugContext(trail.On(context.Background()), "of the run")
	trail.End()
	trail.End()
	want := []string{
		"INFO orders read done=200 took=1s",
		"INFO call mall=qoo10 call.status=200",
		"WARN call is repeated mall=qoo10 call.try=2",
		"DEBUG of the run",
		"INFO instructions written of=T000001 done=40 total=40 took=4s",
	}
	got := trail.Take()
	if d := cmp.Diff(want, texts(got)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	for i, l := range got {
		if l.Seq != int64(i+1) {
			t.Errorf("line %d has the number %d", i, l.Seq)
		}
	}
	if n := strings.Count(program.String(), "\n"); n != 1 || !strings.Contains(program.String(), "repeated") {
		t.Errorf("the program's log:\n%s", program.String())
	}

	// What could not be stored comes again, and the last lines win.
	trail.Log(slog.LevelInfo, "six")
	trail.Back(got)
	if all := trail.Take(); len(all) != 6 || all[0].Text != got[0].Text || all[5].Seq != 6 {
		t.Errorf("after a failure: %v", texts(all))
	}
	for i := range 2 * ledger.RunLines {
		trail.Log(slog.LevelInfo, fmt.Sprint(i))
	}
	if all := trail.Take(); len(all) != ledger.RunLines || all[len(all)-1].Text != fmt.Sprint(2*ledger.RunLines-1) {
		t.Errorf("%d lines wait", len(all))
	}

	// Nobody follows: nothing happens.
	(&Env{}).At("orders read", "", 1, 0)
}
