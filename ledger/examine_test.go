package ledger

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/internal/pgtest"
	"github.com/mallbridge/mallbridge/order"
)

func TestExamine(t *testing.T) {
	for name, dsn := range map[string]func() string{
		"sqlite":   func() string { return filepath.Join(t.TempDir(), "ledger.db") },
		"postgres": func() string { return pgtest.Database(t) },
	} {
		t.Run(name, func(t *testing.T) {
			at := dsn()
			h := must[Health](t)(Examine(t.Context(), at, time.Now))
			if h.Exists != (name == "postgres") || h.Schema != 0 || h.Known < 11 {
				t.Errorf("before the first start: %+v", h)
			}
			if _, err := os.Stat(at); name == "sqlite" && err == nil {
				t.Error("looking made the file")
			}
			l := openAt(t, at)
			h = must[Health](t)(Examine(t.Context(), at, time.Now))
			if !h.Exists || h.Schema != h.Known || h.Size == 0 || h.Server == "" || len(h.Damage) > 0 {
				t.Errorf("%+v", h)
			}
			if _, err := l.w.ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES ($1, $2)`, 999, true); err != nil {
				t.Fatal(err)
			}
			if h = must[Health](t)(Examine(t.Context(), at, time.Now)); h.Schema != 999 {
				t.Errorf("of a newer program: schema %d", h.Schema)
			}
		})
	}
}

func TestExamineMeasuresTheClock(t *testing.T) {
	h := must[Health](t)(Examine(t.Context(), pgtest.Database(t), func() time.Time { return time.Now().Add(time.Hour) }))
	if h.Skew < 59*time.Minute || h.Skew > 61*time.Minute {
		t.Errorf("a clock that is an hour fast differs by %s", h.Skew)
	}
	if h.Settings["fsync"] == "" || h.Settings["synchronous_commit"] == "" {
		t.Errorf("settings: %v", h.Settings)
	}
}

func TestExamineFindsDamage(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ledger.db")
	ok(t, must[*Ledger](t)(Open(t.Context(), file)).Close())
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	ok(t, err)
	_, err = f.WriteAt(make([]byte, 16384), 3*16384)
	ok(t, err)
	ok(t, f.Close())
	if h := must[Health](t)(Examine(t.Context(), file, time.Now)); len(h.Damage) == 0 {
		t.Error("a page of zeros is not found")
	}
	ok(t, os.WriteFile(file, []byte("this is no database, though it has its name and more than a hundred bytes, which SQLite reads as the head of a file"), 0o600))
	if h := must[Health](t)(Examine(t.Context(), file, time.Now)); len(h.Damage) == 0 {
		t.Error("a text is not found")
	}
	ok(t, os.Remove(file))
	ok(t, os.Mkdir(file, 0o700))
	if _, err := Examine(t.Context(), file, time.Now); order.CodeOf(err) != order.Denied {
		t.Errorf("a folder: %v", err)
	}
}
