package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/purge"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

func (a *app) purgeCmd() *cobra.Command {
	var before string
	o := purge.Options{Shrink: true}
	c := &cobra.Command{
		Use:   "purge",
		Short: "Remove personal data whose time has come",
		Long: `Purge takes names, addresses, phones, mail addresses, notes and customs ids out of
orders that came to their end longer ago than retention says, and removes the files
that came or were made before that: sheets, replies, calls, instruction files.

Orders that are still open keep their data, and are counted. Numbers, hashes, sizes
and counts stay, so that nothing is instructed twice and prove still balances.

"run" and "serve" do the same once a day. The command also rewrites the file of a
SQLite ledger, so that nothing of what was removed is left in it.`,
		Example: "  mallbridge purge --dry-run\n  mallbridge purge --before 2026-09-01",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.with(c, func(env *stage.Env) error {
				var err error
				if o.Before, err = endOf(env.Workspace, before, env.Now()); err != nil {
					return err
				}
				o.Actor = a.actor("")
				res, err := purge.Now(c.Context(), env, o)
				if err != nil {
					return err
				}
				if a.json {
					return a.print(res)
				}
				return a.purged(env.Workspace, res, o.DryRun)
			})
		},
	}
	c.Flags().StringVar(&before, "before", "", "remove what ended before this day, 2026-09-01, in the workspace's zone, whatever retention says")
	c.Flags().BoolVar(&o.DryRun, "dry-run", false, "change nothing; say what would be removed")
	return a.jsonFlag(c)
}

// endOf is the instant at which a day of the workspace's zone begins; zero without
// a day.
func endOf(ws *configs.Workspace, day string, now time.Time) (time.Time, error) {
	if day == "" {
		return time.Time{}, nil
	}
	loc, err := time.LoadLocation(ws.Settings.Timezone)
	if err != nil {
		return time.Time{}, err
	}
	at, ok := order.Date(day).Time(loc)
	switch {
	case !ok:
		return at, usage{order.Errorf(order.Invalid, "write it as 2026-11-22", "--before: %q is no day", day)}
	case at.After(now):
		return at, usage{order.Errorf(order.Invalid, "name a day that is today or earlier", "--before %s is not over", day)}
	}
	return at, nil
}

func (a *app) purged(ws *configs.Workspace, res purge.Result, dry bool) error {
	var cells [][]string
	for _, x := range res.Accounts {
		before := "-"
		if !x.Before.IsZero() {
			before = dayOf(ws, x.Before)
		}
		cells = append(cells, []string{x.Name, before, fmt.Sprint(x.Orders), fmt.Sprint(x.Instructions), fmt.Sprint(x.StillOpen)})
	}
	if err := a.table("ACCOUNT BEFORE ORDERS INSTRUCTIONS STILL-OPEN", cells); err != nil {
		return err
	}
	cells = nil
	for _, f := range res.Folders {
		cells = append(cells, []string{f.Name, fmt.Sprint(f.Files), fmt.Sprint(f.Bytes)})
	}
	if len(cells) > 0 {
		fmt.Fprintln(a.out)
		if err := a.table("FOLDER FILES BYTES", cells); err != nil {
			return err
		}
	}
	would := "was"
	if dry {
		would = "would be"
	}
	fmt.Fprintln(a.out)
	a.line("personal data of %d orders, %d instructions and %d files %s removed (%s)", res.Orders, res.Instructions, res.Files, would, size(res.Bytes))
	if res.StillOpen > 0 {
		a.line("%d older orders are still open and keep theirs: unshipped, held, or without an answer", res.StillOpen)
	}
	for _, n := range res.Notes {
		a.line("%s", n)
	}
	return nil
}

func size(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%d KB", (n+1023)>>10)
}

// dayOf shows the day of a moment in the workspace's zone.
func dayOf(ws *configs.Workspace, t time.Time) string { return local(ws, t)[:len(time.DateOnly)] }
