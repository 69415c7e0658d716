package jobs

import (
	"context"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/mallbridge/mallbridge/internal/postgres"
	"github.com/mallbridge/mallbridge/order"
)

// connections is how many of one process are open to PostgreSQL at most for the
// queue; a running job needs none.
const connections = 8

// OpenPostgres opens the queue in the PostgreSQL database at a postgres://
// address, beside the ledger, and makes River's tables there if need be. Any
// number of processes on any number of machines may share it.
func OpenPostgres(ctx context.Context, address string, o Options) (Queue, error) {
	cfg, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, order.Errorf(order.Invalid, hintPostgres, "jobs: %w", err)
	}
	postgres.Prepare(cfg.ConnConfig)
	cfg.MaxConns = connections
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, order.Errorf(order.Invalid, hintPostgres, "jobs: %w", err)
	}
	q, err := open(ctx, riverpgxv5.New(pool), closer(pool.Close), o)
	if err != nil {
		pool.Close()
		return nil, order.Errorf(order.Retry, hintPostgres, "jobs: open %s: %w", postgres.Redacted(address), err)
	}
	return q, nil
}

type closer func()

// Close implements io.Closer.
func (c closer) Close() error {
	c()
	return nil
}

const hintPostgres = "check the address of the ledger, and that its user may make tables"
