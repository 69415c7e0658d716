package ledger

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"

	"modernc.org/sqlite"
	"modernc.org/sqlite/vtab"
)

// incoming is the table temp.incoming of SQLite's writer: its rows are those of the
// statement that runs, which SQLite takes from the program's memory one value after the
// other. To bind each as a parameter first, and to forget it afterwards, costs more than
// the rest of its column. One statement at a time runs on the writer's one connection.
type incoming struct {
	rows  []any // the values of one row after those of another
	width int   // values in a row
}

// incomingColumns is how many values a row has at most: those of the widest table.
const incomingColumns = 64

// incomingColumn is the name of the i-th column, from 0.
func incomingColumn(i int) string { return fmt.Sprintf("v%d", i) }

// with runs f while the table has the rows.
func (n *incoming) with(rows []any, width int, f func() error) error {
	if width > incomingColumns {
		return fmt.Errorf("rows of %d values", width)
	}
	n.rows, n.width = rows, width
	err := f()
	n.rows, n.width = nil, 0
	return err
}

// open returns a database whose connections have the table.
func (n *incoming) open(dsn string) (*sql.DB, error) {
	d := &sqlite.Driver{}
	if err := d.RegisterModule("incoming", n); err != nil {
		return nil, err
	}
	return sql.OpenDB(incomingConnector{d, dsn}), nil
}

type incomingConnector struct {
	driver *sqlite.Driver
	dsn    string
}

func (c incomingConnector) Connect(ctx context.Context) (driver.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	conn, err := c.driver.Open(c.dsn)
	if err != nil {
		return nil, err
	}
	if _, err := conn.(driver.ExecerContext).ExecContext(ctx, `CREATE VIRTUAL TABLE temp.incoming USING incoming`, nil); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

func (c incomingConnector) Driver() driver.Driver { return c.driver }

// Create is what CREATE VIRTUAL TABLE calls.
func (n *incoming) Create(c vtab.Context, args []string) (vtab.Table, error) {
	return n.Connect(c, args)
}

// Connect tells SQLite the columns.
func (n *incoming) Connect(c vtab.Context, _ []string) (vtab.Table, error) {
	columns := make([]string, incomingColumns)
	for i := range columns {
		columns[i] = incomingColumn(i)
	}
	return n, c.Declare("CREATE TABLE incoming (" + strings.Join(columns, ", ") + ")")
}

// BestIndex has nothing to choose: the rows are read in their order.
func (n *incoming) BestIndex(*vtab.IndexInfo) error { return nil }

// Open begins to read.
func (n *incoming) Open() (vtab.Cursor, error) { return &incomingCursor{table: n}, nil }

// Disconnect and Destroy leave nothing behind.
func (n *incoming) Disconnect() error { return nil }

// Destroy leaves nothing behind.
func (n *incoming) Destroy() error { return nil }

type incomingCursor struct {
	table *incoming
	rest  []any
	row   int64
}

func (c *incomingCursor) Filter(int, string, []vtab.Value) error {
	c.rest, c.row = c.table.rows, 0
	return nil
}

func (c *incomingCursor) Next() error {
	c.rest, c.row = c.rest[c.table.width:], c.row+1
	return nil
}

func (c *incomingCursor) Eof() bool { return len(c.rest) == 0 }

func (c *incomingCursor) Column(i int) (vtab.Value, error) {
	switch v := c.rest[i].(type) {
	case int64, string, []byte:
		return v, nil
	default: // as database/sql makes parameters of what is no plain value
		return driver.DefaultParameterConverter.ConvertValue(v)
	}
}

func (c *incomingCursor) Rowid() (int64, error) { return c.row, nil }

func (c *incomingCursor) Close() error { return nil }

// incomingText is head, item and tail of [tx.bulk] as one statement over the table: a
// list of rows to insert, or of one value each to look for.
func incomingText(head, item, tail string) string {
	// A transaction with an error is rolled back as a whole: SQLite need not keep what
	// a page held before the statement.
	head = strings.Replace(strings.TrimSuffix(head, "VALUES "), "INSERT INTO", "INSERT OR FAIL INTO", 1)
	item = strings.TrimSuffix(strings.TrimPrefix(item, "("), ")")
	parts := strings.Split(item, "?")
	for i := range parts[:len(parts)-1] {
		parts[i] += incomingColumn(i)
	}
	// Without a condition ON CONFLICT would be read as one of a join.
	return head + "SELECT " + strings.Join(parts, "") + " FROM temp.incoming WHERE true" + tail
}

// bulkLite is bulk on SQLite.
func (t tx) bulkLite(ctx context.Context, head, item, tail string, args []any) (affected int64, err error) {
	const most = 10_000 // rows between two looks at whether it is to go on
	width := strings.Count(item, "?")
	if len(args) == 0 {
		return 0, nil
	}
	s, err := t.prepared(ctx, incomingText(head, item, tail))
	if err != nil {
		return 0, err
	}
	quiet := context.WithoutCancel(ctx) // the driver starts a goroutine for each call that can be cancelled
	for rows := range slices.Chunk(args, most*width) {
		if err := ctx.Err(); err != nil {
			return affected, err
		}
		err := t.incoming.with(rows, width, func() error {
			res, err := s.ExecContext(quiet)
			if err != nil {
				return err
			}
			n, err := res.RowsAffected()
			affected += n
			return err
		})
		if err != nil {
			return affected, err
		}
	}
	return affected, nil
}

// listed runs f with a list of values as IN takes it, and the arguments that belong to
// it. f reads all of its answer before it ends.
func (t tx) listed(values []any, f func(list string, args ...any) error) error {
	if t.dialect == "sqlite" {
		return t.incoming.with(values, 1, func() error { return f(incomingText("", "?", "")) })
	}
	return f(repeat("", "?", "", len(values)), values...)
}
