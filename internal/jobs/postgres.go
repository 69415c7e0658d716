package jobs

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
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
	if err == nil {
		q.waiting, q.broke = waitingIn(pool), hintBroke
		err = makeIndex(ctx, pool)
	}
	if err != nil {
		pool.Close()
		return nil, order.Errorf(order.Retry, hintPostgres, "jobs: open %s: %w", postgres.Redacted(address), err)
	}
	return q, nil
}

// waitingIndex finds the few jobs that wait among the hundred thousands that are done
// and kept. The condition is that of waitingIn.
const waitingIndex = `CREATE INDEX IF NOT EXISTS river_job_waiting ON river_job (tags) WHERE state IN ('available', 'pending', 'retryable', 'scheduled')`

// makeIndex makes the index, while others may be doing the same.
func makeIndex(ctx context.Context, pool *pgxpool.Pool) error {
	_, err := pool.Exec(ctx, waitingIndex)
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && (pg.Code == "23505" || pg.Code == "42P07") {
		_, err = pool.Exec(ctx, waitingIndex)
	}
	return err
}

func waitingIn(pool *pgxpool.Pool) func(context.Context, string) (bool, error) {
	return func(ctx context.Context, tag string) (some bool, err error) {
		err = pool.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM river_job WHERE tags = ARRAY[$1::varchar] AND state IN ('available', 'pending', 'retryable', 'scheduled'))`, tag).Scan(&some)
		if err != nil {
			return false, fmt.Errorf("jobs: look for %s: %w", tag, err)
		}
		return some, nil
	}
}

type closer func()

// Close implements io.Closer.
func (c closer) Close() error {
	c()
	return nil
}

const (
	hintPostgres = "check the address of the ledger, and that its user may make tables"
	hintBroke    = "the connection to the database broke; run again"
)
