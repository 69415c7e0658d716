package ledger

import (
	"context"
	"strings"
	"time"
)

// FilesBetween lists the files of a kind that came in [from, to), oldest first.
func (l *Ledger) FilesBetween(ctx context.Context, kind string, from, to time.Time) ([]File, error) {
	return l.files(ctx, `WHERE kind = $1 AND received_at >= $2 AND received_at < $3 ORDER BY id`, kind, instant(from), instant(to))
}

// Backup writes a consistent copy of the ledger to a new SQLite file, while others go on
// reading and writing. The copy knows that it is one; see [Ledger.Placed].
func (l *Ledger) Backup(ctx context.Context, path string) error {
	var err error
	if l.dialect == "postgres" {
		err = l.backupPostgres(ctx, path)
	} else {
		_, err = l.r.ExecContext(ctx, "VACUUM INTO '"+strings.ReplaceAll(path, "'", "''")+"'")
	}
	if err == nil {
		err = markCopy(ctx, path)
	}
	return explain("backup to "+path, err)
}
