package reconcile

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/connectors/drop"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/files"
)

// restored compares the drop with a ledger that was restored from a copy. Where the
// drop and its archive folders still hold the last file that the copy knows, and none
// that it does not know, the ledger knows all that was sent; else a person must say
// what was.
func (x *watcher) restored(ctx context.Context) error {
	last, err := x.env.Ledger.LastRestore(ctx)
	if err != nil || last.At.IsZero() {
		return err
	}
	what := "warehouse/" + x.w.Name
	done, err := x.env.Ledger.Compared(ctx, what)
	if err != nil {
		return err
	}
	if done {
		return errors.Join(x.settle(ctx, order.AlertRestored, nil), x.settle(ctx, order.AlertStrange, nil))
	}
	strange, why, err := x.strange(ctx, last)
	if err != nil {
		return err
	}
	if why == "" && len(strange) == 0 {
		if err := x.env.Ledger.SetCompared(ctx, what, "the drop holds no file that the ledger does not know", "", x.now); err != nil {
			return err
		}
		return errors.Join(x.settle(ctx, order.AlertRestored, nil), x.settle(ctx, order.AlertStrange, nil))
	}
	if why == "" {
		why = "files that the ledger does not know"
	}
	return errors.Join(
		x.settle(ctx, order.AlertRestored, []ledger.Alert{{Subject: x.w.Name, Args: []string{x.time(last.Copied), why}, Since: last.At}}),
		x.settle(ctx, order.AlertStrange, strange),
	)
}

// clocks is how far the clock of a drop may be from ours.
const clocks = 24 * time.Hour

// strange lists the files at the drop since the copy that the ledger does not know;
// why says what keeps the comparison from being whole.
func (x *watcher) strange(ctx context.Context, last ledger.Restore) (out []ledger.Alert, why string, err error) {
	in := &x.w.Instructions
	known, newest, err := x.env.Ledger.BatchNames(ctx, x.id)
	if err != nil {
		return nil, "", err
	}
	switch {
	case !in.Readable:
		return nil, "the drop cannot be read (instructions.readable)", nil
	case len(in.Archive) == 0:
		return nil, "there is no archive folder in which taken files stay (instructions.archive)", nil
	}
	d, err := files.OpenDrop(ctx, x.env, x.w)
	if err != nil {
		return nil, "the drop cannot be reached: " + err.Error(), nil
	}
	defer d.Close()
	seen := newest == ""
	for _, dir := range append([]string{in.Folder}, in.Archive...) {
		list, err := d.List(ctx, dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, "folder " + dir + " cannot be read: " + err.Error(), nil
		}
		for _, f := range list {
			seen = seen || f.Name == newest
			if !x.ours(known, f) && !f.ModTime.Before(last.Copied.Add(-clocks)) {
				out = append(out, ledger.Alert{Subject: dir + "/" + f.Name, Args: []string{x.time(f.ModTime)}, Since: f.ModTime})
			}
		}
	}
	if !seen {
		why = "the last file that the ledger knows, " + newest + ", is no longer at the drop, so that later ones may be gone too"
	}
	return out, why, nil
}

// ours reports whether a file is a known batch, or its temporary name or done mark.
func (x *watcher) ours(known map[string]int64, f drop.Info) bool {
	if _, ok := known[f.Name]; ok {
		return true
	}
	in := &x.w.Instructions
	for name := range known {
		for _, template := range []string{in.Temporary, in.DoneMark} {
			if template != "" && strings.HasSuffix("/"+strings.ReplaceAll(template, "{name}", name), "/"+f.Name) {
				return true
			}
		}
	}
	return false
}
