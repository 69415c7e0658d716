package ledger

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/internal/pgtest"
	"github.com/mallbridge/mallbridge/order"
)

func TestMain(m *testing.M) {
	if what := os.Getenv("LEDGER_TEST_CHILD"); what != "" {
		os.Exit(child(what))
	}
	os.Exit(pgtest.Main(m))
}

// each runs f on a fresh ledger of both databases.
func each(t *testing.T, f func(t *testing.T, l *Ledger)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { f(t, openAt(t, filepath.Join(t.TempDir(), "ledger.db"))) })
	t.Run("postgres", func(t *testing.T) { f(t, openAt(t, pgtest.Database(t))) })
}

func openAt(t testing.TB, dsn string) *Ledger {
	t.Helper()
	l, err := Open(t.Context(), dsn)
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

// noon is the moment at which tests begin.
var noon = time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)

func after(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// A fataler is a testing.TB or a *rapid.T.
type fataler interface {
	Helper()
	Fatal(args ...any)
}

func ok(t fataler, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantCode(t testing.TB, err error, code order.Code) {
	t.Helper()
	if err == nil || order.CodeOf(err) != code {
		t.Fatalf("got error %v (%s), want code %s", err, order.CodeOf(err), code)
	}
}

func account(t testing.TB, l *Ledger, name string) int64 {
	t.Helper()
	id, _, err := l.Account(context.Background(), name, noon)
	ok(t, err)
	return id
}

func warehouse(t testing.TB, l *Ledger, name string) int64 {
	t.Helper()
	id, err := l.Warehouse(context.Background(), name)
	ok(t, err)
	return id
}
