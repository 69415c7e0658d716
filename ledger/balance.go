package ledger

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// FilesBetween lists the files of a kind that came in [from, to), oldest first.
func (l *Ledger) FilesBetween(ctx context.Context, kind string, from, to time.Time) ([]File, error) {
	return l.files(ctx, `WHERE kind = $1 AND received_at >= $2 AND received_at < $3 ORDER BY id`, kind, instant(from), instant(to))
}

// Backup writes a consistent copy of a SQLite ledger to a new file.
func (l *Ledger) Backup(ctx context.Context, path string) error {
	if l.dialect != "sqlite" {
		return fmt.Errorf("ledger: backup: a PostgreSQL ledger is backed up with PostgreSQL's own tools")
	}
	_, err := l.r.ExecContext(ctx, "VACUUM INTO '"+strings.ReplaceAll(path, "'", "''")+"'")
	return explain("backup to "+path, err)
}
