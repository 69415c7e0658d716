package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/stdlib"

	"github.com/mallbridge/mallbridge/internal/postgres"
)

// A Health is what a database says of itself, see [Examine].
type Health struct {
	Exists bool   // the file is there, or the server answered
	Server string // version of SQLite, or of the PostgreSQL server
	// Schema is the number of the ledger's tables, 0 if it has none yet; Known is the
	// highest that this program knows.
	Schema, Known int64
	Damage        []string // what SQLite's quick check found broken
	Size, Log     int64    // bytes of the database, and of SQLite's write-ahead log
	// Skew is this machine's clock less PostgreSQL's.
	Skew time.Duration
	// Settings are PostgreSQL's on which promises rest: fsync, full_page_writes,
	// synchronous_commit, server_encoding, server_version_num.
	Settings map[string]string
}

// Examine looks at a ledger, or at a SQLite file of the queue, and changes nothing: no
// table is made or brought up to date. SQLite's quick check reads the whole file. A
// database that is damaged is no error; one that cannot be opened is.
func Examine(ctx context.Context, dsn string, now func() time.Time) (Health, error) {
	var h Health
	dialect := "sqlite"
	if IsPostgres(dsn) {
		dialect = "postgres"
	}
	var err error
	if h.Known, err = newest(dialect); err != nil {
		return h, err
	}
	if dialect == "postgres" {
		err = h.postgres(ctx, dsn, now)
	} else {
		err = h.sqlite(ctx, dsn)
	}
	return h, explain("look at "+place(dsn), err)
}

// newest is the number of the last migration.
func newest(dialect string) (int64, error) {
	files, err := fs.ReadDir(migrations, "migrations/"+dialect)
	if err != nil {
		return 0, err
	}
	var last int64
	for _, f := range files {
		digits, _, _ := strings.Cut(f.Name(), "_")
		n, err := strconv.ParseInt(digits, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("migration %s: %w", f.Name(), err)
		}
		last = max(last, n)
	}
	return last, nil
}

func (h *Health) sqlite(ctx context.Context, file string) (err error) {
	info, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	h.Exists, h.Size = true, info.Size()
	if log, err := os.Stat(file + "-wal"); err == nil {
		h.Log = log.Size()
	}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: file}).EscapedPath()+"?mode=rw&_busy_timeout=10000")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	err = db.QueryRowContext(ctx, `SELECT sqlite_version()`).Scan(&h.Server)
	if err == nil {
		var rows *sql.Rows
		if rows, err = db.QueryContext(ctx, `PRAGMA quick_check(5)`); err == nil {
			h.Damage, err = column[string](rows)
		}
	}
	if broken(err) {
		h.Damage = append(h.Damage, err.Error())
		return nil
	}
	if err != nil {
		return err
	}
	if len(h.Damage) == 1 && h.Damage[0] == "ok" {
		h.Damage = nil
	}
	return h.schema(ctx, db, `SELECT count(*) FROM sqlite_master WHERE name = 'goose_db_version'`)
}

// broken reports whether SQLite calls a file damaged, or none of its own.
func broken(err error) bool {
	var lite interface{ Code() int }
	return errors.As(err, &lite) && (lite.Code()&0xff == 11 || lite.Code()&0xff == 26) // SQLITE_CORRUPT, SQLITE_NOTADB
}

func (h *Health) schema(ctx context.Context, db *sql.DB, tables string) error {
	var n int
	if err := db.QueryRowContext(ctx, tables).Scan(&n); err != nil || n == 0 {
		return err
	}
	return db.QueryRowContext(ctx, `SELECT COALESCE(max(version_id), 0) FROM goose_db_version`).Scan(&h.Schema)
}

func (h *Health) postgres(ctx context.Context, dsn string, now func() time.Time) (err error) {
	cfg, err := postgres.Config(dsn)
	if err != nil {
		return err
	}
	db := stdlib.OpenDB(*cfg)
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	if err := db.PingContext(ctx); err != nil {
		return err
	}
	h.Exists = true
	before := now()
	var at float64
	if err := db.QueryRowContext(ctx, `SELECT extract(epoch FROM clock_timestamp())::float8`).Scan(&at); err != nil {
		return err
	}
	h.Skew = before.Add(now().Sub(before) / 2).Sub(time.UnixMicro(int64(at * 1e6)))
	h.Settings = map[string]string{}
	for _, name := range []string{"server_version", "server_version_num", "server_encoding", "fsync", "full_page_writes", "synchronous_commit"} {
		var v string
		if err := db.QueryRowContext(ctx, `SELECT current_setting($1)`, name).Scan(&v); err != nil {
			return err
		}
		h.Settings[name] = v
	}
	h.Server = h.Settings["server_version"]
	if err := db.QueryRowContext(ctx, `SELECT pg_database_size(current_database())`).Scan(&h.Size); err != nil {
		return err
	}
	return h.schema(ctx, db, `SELECT count(*) FROM pg_tables WHERE tablename = 'goose_db_version' AND schemaname = ANY (current_schemas(false))`)
}
