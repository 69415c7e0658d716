package files

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/connectors/drop"
	"github.com/mallbridge/mallbridge/internal/pgtest"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// A node that comes back when another one has its warehouse changes nothing at the
// drop, whatever it was about to do; it may still look.
func TestADropIsChangedOnlyUnderTheLease(t *testing.T) {
	for _, dialect := range []string{"sqlite", "postgres"} {
		t.Run(dialect, func(t *testing.T) {
			dsn := filepath.Join(t.TempDir(), "ledger.db")
			if dialect == "postgres" {
				dsn = pgtest.Database(t)
			}
			l, err := ledger.Open(t.Context(), dsn)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := l.Close(); err != nil {
					t.Error(err)
				}
			})
			now := time.Date(2026, 11, 30, 3, 0, 0, 0, time.UTC)
			lease, _, err := l.Acquire(t.Context(), "instruct/tokyo", "a", time.Minute, now)
			if err != nil {
				t.Fatal(err)
			}
			root := t.TempDir()
			env := &stage.Env{
				Workspace: &configs.Workspace{Dir: root}, Ledger: l.Under(lease), Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return now },
			}
			d, err := OpenDrop(t.Context(), env, &configs.Warehouse{Drop: configs.Drop{Kind: drop.Local, Root: root}})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { d.Close() })
			write := func(name string) error { return d.Write(t.Context(), name, strings.NewReader("rows"), 4) }
			for _, err := range []error{d.Mkdir(t.Context(), "in"), write("in/a.part"), d.Rename(t.Context(), "in/a.part", "in/a.csv"), write("in/b.part")} {
				if err != nil {
					t.Fatal(err)
				}
			}
			if _, mine, err := l.Acquire(t.Context(), "instruct/tokyo", "b", time.Minute, now.Add(10*time.Minute)); !mine || err != nil {
				t.Fatalf("%v, %v", mine, err)
			}
			for what, do := range map[string]func(context.Context) error{
				"wrote":         func(context.Context) error { return write("in/c.part") },
				"renamed":       func(ctx context.Context) error { return d.Rename(ctx, "in/b.part", "in/b.csv") },
				"removed":       func(ctx context.Context) error { return d.Remove(ctx, "in/a.csv") },
				"made a folder": func(ctx context.Context) error { return d.Mkdir(ctx, "out") },
			} {
				if err := do(t.Context()); !errors.Is(err, ledger.ErrLost) {
					t.Errorf("it %s: %v", what, err)
				}
			}
			if _, err := d.Stat(t.Context(), "in/a.csv"); err != nil {
				t.Errorf("it may not look: %v", err)
			}
			for name, want := range map[string]bool{"in/a.csv": true, "in/b.part": true, "in/b.csv": false, "in/c.part": false, "out": false} {
				_, err := os.Stat(filepath.Join(root, name))
				if there := !errors.Is(err, fs.ErrNotExist); there != want {
					t.Errorf("%s is there: %v", name, there)
				}
			}
		})
	}
}
