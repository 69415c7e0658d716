package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/internal/durable"
	"github.com/mallbridge/mallbridge/internal/links"
	"github.com/mallbridge/mallbridge/internal/phrase"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/mappers/master"
	"github.com/mallbridge/mallbridge/mappers/sku"
	"github.com/mallbridge/mallbridge/mappers/workbook"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

func (a *app) skuCmd() *cobra.Command {
	c := &cobra.Command{Use: "sku", Short: "Link listings to SKUs: what has none, with suggestions; tables in and out", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	c.AddCommand(a.unmappedCmd(), a.skuImportCmd(), a.skuExportCmd())
	return c
}

func (a *app) unmappedCmd() *cobra.Command {
	var account, to string
	c := &cobra.Command{
		Use:   "unmapped [--out FILE.csv|FILE.xlsx]",
		Short: "List listings without a SKU, as a table to fill in and give to sku import",
		Long: `Unmapped lists the listings of orders and of the malls' product masters that no SKU
is linked to, with the SKUs that they may be: of the same barcode, linked to the same
code elsewhere, of a code that differs only in width, case or hyphens or by a few
letters, of a like name. Suggestions are never applied: write the right SKU into the
column sku, then run sku import with the table.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.with(c, func(env *stage.Env) error {
				ls, err := links.Unlinked(c.Context(), env, account)
				if err != nil {
					return err
				}
				if a.json {
					return a.print(ls)
				}
				return a.writeTable(to, links.Table(ls))
			})
		},
	}
	c.Flags().StringVar(&account, "account", "", "only this account")
	c.Flags().StringVar(&to, "out", "", "write this file, .csv (with a byte order mark) or .xlsx")
	return a.jsonFlag(c)
}

func (a *app) skuExportCmd() *cobra.Command {
	var account, to string
	c := &cobra.Command{
		Use:   "export [--out FILE.csv|FILE.xlsx]",
		Short: "Write the SKU links as a table that sku import reads",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			ws, err := a.workspace()
			if err != nil {
				return err
			}
			known, _, err := ws.Links()
			if err != nil {
				return err
			}
			rows := [][]string{configs.LinkHeader}
			for i := range known {
				if account == "" || known[i].Account == account {
					rows = append(rows, configs.LinkCells(&known[i]))
				}
			}
			return a.writeTable(to, rows)
		},
	}
	c.Flags().StringVar(&account, "account", "", "only links of this account (those for a mall or for all are left out)")
	c.Flags().StringVar(&to, "out", "", "write this file, .csv (with a byte order mark) or .xlsx")
	return c
}

func (a *app) skuImportCmd() *cobra.Command {
	var dry, whole bool
	var actor string
	c := &cobra.Command{
		Use:   "import FILE",
		Short: "Take SKU links from a CSV or Excel table into masters/sku-links",
		Long: `Import reads a table with the columns account, code, sku, quantity, name,
temperature, weight and from (or their Japanese or Korean names), such as sku
unmapped and sku export write, checks every row, shows what changes, and writes the
links into the workspace's master. Of a code that is linked already, the rows of the
table take the place of its links that begin on the same day; other codes stay, unless
--replace makes the table all there is. Rows without SKU are left out. If one row is
wrong, nothing is taken.

With --dry-run it only shows.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.with(c, func(env *stage.Env) error { return a.importLinks(c.Context(), env, args[0], dry, whole, actor) })
		},
	}
	c.Flags().BoolVar(&dry, "dry-run", false, "change nothing; show what would change")
	c.Flags().BoolVar(&whole, "replace", false, "the table is all there is: links of other codes are removed")
	c.Flags().StringVar(&actor, "by", "", "who imports (default: the user)")
	return a.jsonFlag(c)
}

type importResult struct {
	File    string         `json:"file"`
	Written bool           `json:"written"`
	Open    int            `json:"rows_without_sku"`
	Changes []links.Change `json:"changes"`
	Waiting int            `json:"orders_on_hold"` // for listings that are linked now
}

func (a *app) importLinks(ctx context.Context, env *stage.Env, path string, dry, whole bool, actor string) error {
	data, err := readTable(path)
	if err != nil {
		return err
	}
	ws := env.Workspace
	add, open, found, err := ws.ReadLinks(path, data)
	if err != nil {
		return err
	}
	for _, f := range found {
		fmt.Fprintln(a.err, f.String())
	}
	if n := found.Errors(); n > 0 {
		return order.Errorf(order.Invalid, "mend the rows and import the table again; nothing was taken", "%s has %d errors", path, n)
	}
	old, file, err := ws.Links()
	if err != nil {
		return err
	}
	merged, changes := configs.MergeLinks(old, add, whole)
	res := importResult{File: file, Open: open, Changes: links.Changes(changes)}
	if res.Waiting, err = links.Held(ctx, env, changes); err != nil {
		return err
	}
	if !dry && len(changes) > 0 {
		if err := a.writeLinks(ctx, env, file, merged, len(changes), actor); err != nil {
			return err
		}
		res.Written = true
	}
	if a.json {
		return a.print(res)
	}
	return a.showImport(&res, dry)
}

func readTable(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, usage{order.Errorf(order.NotFound, "check the path", "%w", err)}
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, master.MaxSize+1))
	if err == nil && len(data) > master.MaxSize {
		err = order.Errorf(order.Invalid, "split the table", "%s is larger than %d bytes", path, master.MaxSize)
	}
	return data, err
}

func (a *app) writeLinks(ctx context.Context, env *stage.Env, file string, all []sku.Link, changes int, actor string) error {
	path := filepath.Join(env.Workspace.Dir, filepath.FromSlash(file))
	if err := durable.Write(path, func(w io.Writer) error { return env.Workspace.WriteLinks(w, file, all) }); err != nil {
		return err
	}
	return env.Ledger.Record(ctx, env.Now(), ledger.Event{Kind: "links.imported", Detail: fmt.Sprintf("%s: %d codes", file, changes), Actor: a.actor(actor)})
}

func (a *app) showImport(res *importResult, dry bool) error {
	say := func(format string, args ...any) {
		fmt.Fprintln(a.err, phrase.Say(a.said, fmt.Sprintf(format, args...)))
	}
	cells := make([][]string, len(res.Changes))
	for i, c := range res.Changes {
		cells[i] = []string{c.What, c.Account, c.Code, cmpText(c.Was), cmpText(c.Now), c.From}
	}
	if len(cells) > 0 {
		if err := a.table("WHAT ACCOUNT CODE WAS NOW FROM", cells); err != nil {
			return err
		}
	}
	if res.Open > 0 {
		say("%d rows have no SKU and were left out", res.Open)
	}
	switch {
	case len(res.Changes) == 0:
		say("nothing changes")
		return nil
	case dry:
		say("nothing was written; without --dry-run %d codes change in %s", len(res.Changes), res.File)
	default:
		say("%d codes changed in %s", len(res.Changes), res.File)
	}
	say("links count from the next plan run on, serve takes them by itself: %d orders on hold for these listings are planned again by it; instructions that are made stay as they are; a link with a day in from counts for orders placed on that day or later", res.Waiting)
	return nil
}

func cmpText(s string) string {
	if s == "" {
		return "-"
	}
	return workbook.Neutralise(s)
}
