package jobs

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"github.com/riverqueue/river/riverdriver/riversqlite"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/mallbridge/mallbridge/order"
)

// OpenSQLite opens the queue in a SQLite file of its own, which it makes if need
// be. The file must lie on a local disk; several processes of one machine may
// share it.
func OpenSQLite(ctx context.Context, path string, o Options) (Queue, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	db, err := sql.Open("sqlite", sqliteDSN(path))
	if err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	// River runs its parts in parallel; with more connections they would lock each
	// other out.
	db.SetMaxOpenConns(1)
	q, err := open(ctx, riversqlite.New(db), db, o)
	if err != nil {
		db.Close()
		return nil, order.Errorf(order.Denied, hintFile, "jobs: open %s: %w", path, err)
	}
	return q, nil
}

const hintFile = "make the folder and the file writable for this user; the file holds nothing that must survive: if it is damaged, delete it while no serve runs"

// sqliteDSN gives up the last moments before a loss of power for speed: the
// sweep at the next start enqueues what was lost.
func sqliteDSN(path string) string {
	q := url.Values{}
	for _, p := range []string{"journal_mode(WAL)", "synchronous(NORMAL)", "busy_timeout(10000)", "foreign_keys(1)"} {
		q.Add("_pragma", p)
	}
	q.Set("_txlock", "immediate")
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}
