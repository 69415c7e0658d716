package stage

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mallbridge/mallbridge/ledger"
)

// A Trail is what a run tells of itself while it lasts: what it is at, and the lines of
// the program's log that belong to it. Its methods may be used by several goroutines;
// those of nil do nothing.
type Trail struct {
	now  func() time.Time
	step atomic.Pointer[ledger.RunStep]

	mu    sync.Mutex
	began time.Time // when the present kind of step began
	seq   int64
	lines []ledger.RunLine // not stored yet; the last ones
}

// NewTrail begins a trail. It keeps time by now.
func NewTrail(now func() time.Time) *Trail { return &Trail{now: now} }

// At tells whoever follows the run what it is at: done of total things, as in "lines
// claimed" 1,200 of 4,000. of says of which of several; it names no person, and no file
// that people named. 0 is an unknown number. It is cheap enough for each order of a
// sheet, and does nothing where nobody follows.
func (e *Env) At(what, of string, done, total int64) {
	if e.Trail != nil {
		e.Trail.at(ledger.RunStep{What: what, Of: of, Done: done, Total: total})
	}
}

func (t *Trail) at(next ledger.RunStep) {
	was := t.step.Swap(&next)
	if was != nil && was.What == next.What && was.Of == next.Of {
		return
	}
	t.closed(was)
}

// closed writes a line about a step that is over, and notes that the next one begins.
func (t *Trail) closed(was *ledger.RunStep) {
	now := t.now()
	t.mu.Lock()
	defer t.mu.Unlock()
	if was != nil && was.What != "" {
		t.add(now, slog.LevelInfo, text(slog.NewRecord(now, slog.LevelInfo, was.What, 0), func(h slog.Handler) slog.Handler {
			return h.WithAttrs(stepAttrs(was, now.Sub(t.began)))
		}))
	}
	t.began = now
}

func stepAttrs(s *ledger.RunStep, took time.Duration) []slog.Attr {
	var as []slog.Attr
	if s.Of != "" {
		as = append(as, slog.String("of", s.Of))
	}
	if s.Done > 0 {
		as = append(as, slog.Int64("done", s.Done))
	}
	if s.Total > 0 {
		as = append(as, slog.Int64("total", s.Total))
	}
	return append(as, slog.Duration("took", took))
}

// Step returns what the run is at; zero if it told nothing.
func (t *Trail) Step() ledger.RunStep {
	if s := t.step.Load(); s != nil {
		return *s
	}
	return ledger.RunStep{}
}

// End writes the line of the last step.
func (t *Trail) End() { t.closed(t.step.Swap(nil)) }

// Take returns the lines that came since it was called last.
func (t *Trail) Take() []ledger.RunLine {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := t.lines
	t.lines = nil
	return out
}

// Back gives back what was taken and could not be stored.
func (t *Trail) Back(lines []ledger.RunLine) {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := append(lines, t.lines...)
	t.lines = all[max(0, len(all)-ledger.RunLines):]
}

func (t *Trail) add(at time.Time, level slog.Level, text string) {
	t.seq++
	if len(t.lines) >= ledger.RunLines {
		t.lines = append(t.lines[:0], t.lines[1:]...)
	}
	t.lines = append(t.lines, ledger.RunLine{Seq: t.seq, At: at, Level: level, Text: text})
}

// Log writes a line into the trail alone.
func (t *Trail) Log(level slog.Level, message string, attrs ...slog.Attr) {
	now := t.now()
	r := slog.NewRecord(now, level, message, 0)
	r.AddAttrs(attrs...)
	t.record(r, nil)
}

func (t *Trail) record(r slog.Record, with func(slog.Handler) slog.Handler) {
	line := text(r, with)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.add(t.now(), r.Level, line)
}

// longestLine is how many bytes of a line are kept.
const longestLine = 2000

// text writes a record as the program's log has it, but for time and level.
func text(r slog.Record, with func(slog.Handler) slog.Handler) string {
	var b bytes.Buffer
	var h slog.Handler = slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey || a.Key == slog.MessageKey) {
			return slog.Attr{}
		}
		return a
	}})
	if with != nil {
		h = with(h)
	}
	b.WriteString(r.Message)
	b.WriteByte(' ')
	if err := h.Handle(context.Background(), r); err != nil {
		return r.Message
	}
	line := bytes.TrimSpace(b.Bytes())
	return string(bytes.ToValidUTF8(line[:min(len(line), longestLine)], nil))
}

type trailKey struct{}

// On returns a context whose log lines go into the trail too, if they are written by
// a logger of [Trailed].
func (t *Trail) On(ctx context.Context) context.Context {
	return context.WithValue(ctx, trailKey{}, t)
}

// Trailed returns a handler that hands on what it is given, and keeps it in the trail of
// the run in whose context it is written; without such a context, in t. Of a run every
// level is kept, whatever the log of the program shows.
func Trailed(next slog.Handler, t *Trail) slog.Handler { return trailed{next: next, trail: t} }

type trailed struct {
	next  slog.Handler
	trail *Trail
	with  func(slog.Handler) slog.Handler
}

func (h trailed) of(ctx context.Context) *Trail {
	if t, ok := ctx.Value(trailKey{}).(*Trail); ok {
		return t
	}
	return h.trail
}

// Enabled implements slog.Handler.
func (h trailed) Enabled(ctx context.Context, l slog.Level) bool {
	return h.of(ctx) != nil || h.next.Enabled(ctx, l)
}

// Handle implements slog.Handler.
func (h trailed) Handle(ctx context.Context, r slog.Record) error {
	if t := h.of(ctx); t != nil {
		t.record(r, h.with)
	}
	if !h.next.Enabled(ctx, r.Level) {
		return nil
	}
	return h.next.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h trailed) WithAttrs(as []slog.Attr) slog.Handler {
	return trailed{h.next.WithAttrs(as), h.trail, h.also(func(x slog.Handler) slog.Handler { return x.WithAttrs(as) })}
}

// WithGroup implements slog.Handler.
func (h trailed) WithGroup(name string) slog.Handler {
	return trailed{h.next.WithGroup(name), h.trail, h.also(func(x slog.Handler) slog.Handler { return x.WithGroup(name) })}
}

func (h trailed) also(then func(slog.Handler) slog.Handler) func(slog.Handler) slog.Handler {
	if h.with == nil {
		return then
	}
	return func(x slog.Handler) slog.Handler { return then(h.with(x)) }
}
