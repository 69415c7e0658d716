package console

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"os"
	"path/filepath"
	"slices"

	"github.com/mallbridge/mallbridge/internal/durable"
	"github.com/mallbridge/mallbridge/internal/tables"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
)

// change writes a file of the workspace and takes it over. If the workspace could not
// run with it, the file is as it was, and the error says why. One change is made at a
// time.
func (c *Console) change(ctx context.Context, file string, write func(io.Writer) error) error {
	c.changing.Lock()
	defer c.changing.Unlock()
	path := filepath.Join(c.o.Env().Workspace.Dir, filepath.FromSlash(file))
	old, err := os.ReadFile(path)
	there := err == nil
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := durable.Write(path, write); err != nil || c.o.Reload == nil {
		return err
	}
	err = c.o.Reload(ctx)
	if err == nil {
		return nil
	}
	undo := func() error {
		if there {
			return durable.Write(path, func(w io.Writer) error {
				_, err := w.Write(old)
				return err
			})
		}
		return os.Remove(path)
	}
	if e := undo(); e != nil {
		return errors.Join(err, e)
	}
	return unchanged(err)
}

// unchanged is an error after which everything is as it was.
func unchanged(err error) error {
	if err == nil {
		return nil
	}
	return order.Errorf(order.Invalid, "nothing was changed", "%w", err)
}

// planHeld asks for a plan run of every account that has orders on hold for one of the
// reasons: what is repaired is released by it.
func (c *Console) planHeld(q *request, reasons ...order.Reason) error {
	holds, err := c.o.Env().Ledger.Holds(q.Context(), "", maxHolds)
	if err != nil {
		return err
	}
	var accounts []string
	for _, h := range holds {
		if slices.Contains(reasons, h.Reason) && !slices.Contains(accounts, h.Account) {
			accounts = append(accounts, h.Account)
		}
	}
	for _, a := range accounts {
		if x, ok := c.o.Env().Workspace.Account(a); ok && x.Enabled {
			if err := c.ask(q, "plan", a); err != nil {
				return err
			}
		}
	}
	return nil
}

// record keeps what a person did.
func (q *request) record(kind, detail string) error {
	return q.env.Ledger.Record(q.Context(), q.env.Now(), ledger.Event{Kind: kind, Detail: detail, Actor: q.user.Name})
}

// sendTable gives out rows, of which the first is the header, as a download whose name
// ends in .csv or .xlsx.
func (c *Console) sendTable(w http.ResponseWriter, r *http.Request, name string, rows [][]string) {
	var b bytes.Buffer
	if err := tables.Write(&b, name, rows); err != nil {
		c.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	if _, err := b.WriteTo(w); err != nil {
		c.o.Env().Log.Debug("a table was not sent whole", "err", err)
	}
}

// ending is the ending of a file as which a table is asked for.
func ending(r *http.Request) string {
	if r.PathValue("as") == "csv" {
		return ".csv"
	}
	return ".xlsx"
}
