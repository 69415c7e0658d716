package serve

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/internal/jobs"
	"github.com/mallbridge/mallbridge/internal/pgtest"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/pipeline"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

// A stubQueue takes jobs unless its database is away.
type stubQueue struct {
	jobs.Queue
	away   bool
	taken  []jobs.Job
	lost   int
	living []bool // what alive said for "a" and "b" at the last Reclaim
}

var errAway = errors.New("no database")

func (q *stubQueue) Enqueue(_ context.Context, j jobs.Job) (bool, error) {
	if q.away {
		return false, errAway
	}
	q.taken = append(q.taken, j)
	return true, nil
}

func (q *stubQueue) Reclaim(_ context.Context, alive func(string) bool) (int, error) {
	q.living = []bool{alive("a"), alive("b")}
	return q.lost, nil
}

// stubNode is a server named name without anything that runs.
func stubNode(t *testing.T, name string, l *ledger.Ledger, ws *configs.Workspace) (*Server, *stubQueue) {
	t.Helper()
	q := &stubQueue{}
	s := &Server{node: name, queue: q, done: map[string]time.Time{}, running: map[string]bool{}, owed: map[jobs.Job]bool{}, seats: map[string]seat{}}
	s.env.Store(&stage.Env{Workspace: ws, Ledger: l, Now: func() time.Time { return noon }, Log: slog.New(slog.DiscardHandler)})
	return s, q
}

func sampleWorkspace(t *testing.T) *configs.Workspace {
	t.Helper()
	ws, _, err := configs.Load(sample(t), func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	return ws
}

func openLedger(t *testing.T, dsn string) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func TestSlotsThatTheDatabaseMissedAreMadeUpFor(t *testing.T) {
	ws := sampleWorkspace(t)
	s, q := stubNode(t, "a", openLedger(t, pgtest.Database(t)), ws)
	slot := jobs.Job{Stage: "instruct", Target: "tokyo", Slot: "2026-11-24T05:00:00Z"}
	q.away = true
	s.enqueue(t.Context(), slot)
	s.enqueue(t.Context(), slot)
	if err := s.look(t.Context(), false); !errors.Is(err, errAway) {
		t.Errorf("looked without a database: %v", err)
	}
	q.away = false
	for range 2 {
		if err := s.look(t.Context(), false); err != nil {
			t.Fatal(err)
		}
	}
	if len(q.taken) != 1 || q.taken[0] != slot {
		t.Errorf("enqueued %v", q.taken)
	}
	// After a standstill, also what nobody saw.
	q.taken = nil
	ws.Settings.Schedules.Purge = configs.Schedule{Cron: "45 11 * * *"} // a quarter of an hour ago
	ws.Settings.Timezone = "Asia/Tokyo"
	if err := s.look(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if len(q.taken) != 1 || q.taken[0].Stage != "purge" || q.taken[0].Slot[:16] != "2026-11-24T02:45" {
		t.Errorf("made up for %v", q.taken)
	}
}

func TestNodesThatGiveNoSignOfLifeAreGone(t *testing.T) {
	ws, l := sampleWorkspace(t), openLedger(t, pgtest.Database(t))
	a, q := stubNode(t, "a", l, ws)
	b, _ := stubNode(t, "b", l, ws)
	if err := b.alive(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := a.look(t.Context(), false); err != nil || !q.living[0] || !q.living[1] {
		t.Errorf("alive %v, %v", q.living, err)
	}
	later := *a.env.Load()
	later.Now = func() time.Time { return noon.Add(2 * time.Minute) }
	a.env.Store(&later)
	if err := a.look(t.Context(), false); err != nil || !q.living[0] || q.living[1] {
		t.Errorf("alive %v, %v", q.living, err)
	}
}

func TestTheMallOfAnAccountIsAskedByOneNode(t *testing.T) {
	ws, l := sampleWorkspace(t), openLedger(t, pgtest.Database(t))
	account := ws.Accounts[0]
	account.API = &configs.API{Enabled: true}
	a, _ := stubNode(t, "a", l, ws)
	b, _ := stubNode(t, "b", l, ws)
	sit := func(s *Server, stageName, owner string) (func(), error) {
		env := *s.env.Load()
		env.Owner = owner
		st, _ := pipeline.Lookup(stageName)
		return s.sit(t.Context(), &env, st, account.Name)
	}
	leave, err := sit(a, "extract", "a/1")
	if err != nil {
		t.Fatal(err)
	}
	second, err := sit(a, "report", "a/2")
	if err != nil {
		t.Fatalf("another stage of the same node: %v", err)
	}
	if _, err := sit(b, "report", "b/1"); !jobs.PutOff(err) {
		t.Errorf("another node asks at the same time: %v", err)
	}
	if free, err := sit(b, "plan", "b/2"); err != nil {
		t.Errorf("a stage that asks nobody: %v", err)
	} else {
		free()
	}
	leave()
	if _, err := sit(b, "report", "b/1"); !jobs.PutOff(err) {
		t.Errorf("another node asks while one stage still does: %v", err)
	}
	second()
	third, err := sit(b, "report", "b/1")
	if err != nil {
		t.Fatalf("nobody asks any more: %v", err)
	}
	third()
}

func TestJobsOfAMallAreBoundedOverAllNodes(t *testing.T) {
	ws, l := sampleWorkspace(t), openLedger(t, pgtest.Database(t))
	ws.Settings.Limits.MallJobs = 1
	for i := range ws.Accounts {
		ws.Accounts[i].API = &configs.API{Enabled: true}
	}
	first, other := ws.Accounts[0], &configs.Account{}
	*other = *first
	other.Name = first.Name + "-2"
	ws.Accounts = append(ws.Accounts, other)
	a, _ := stubNode(t, "a", l, ws)
	b, _ := stubNode(t, "b", l, ws)
	st, _ := pipeline.Lookup("extract")
	sit := func(s *Server, owner, target string) (func(), error) {
		env := *s.env.Load()
		env.Owner = owner
		return s.sit(t.Context(), &env, st, target)
	}
	leave, err := sit(a, "a/1", first.Name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sit(b, "b/1", other.Name); !jobs.PutOff(err) {
		t.Errorf("a second job of the mall: %v", err)
	}
	if err := a.keepSeats(t.Context(), a.env.Load()); err != nil {
		t.Error(err)
	}
	leave()
	free, err := sit(b, "b/1", other.Name)
	if err != nil {
		t.Fatalf("the seat is free: %v", err)
	}
	free()
}
