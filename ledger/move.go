package ledger

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/mallbridge/mallbridge/order"
)

// moved refuses a ledger that was moved elsewhere: what it does not know was done
// since, it would do once more.
func (l *Ledger) moved(ctx context.Context) error {
	var place string
	var at int64
	err := l.r.QueryRowContext(ctx, `SELECT place, moved_at FROM moves ORDER BY moved_at DESC LIMIT 1`).Scan(&place, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return explain("look whether it was moved", err)
	}
	return order.Errorf(order.Conflict, "write the new address to ledger: in mallbridge.yaml", "ledger: it was moved to %s on %s", place, timeOf(at).Format(time.DateOnly))
}
