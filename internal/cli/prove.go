package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/internal/phrase"
	"github.com/mallbridge/mallbridge/internal/proof"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

func (a *app) proveCmd() *cobra.Command {
	var day string
	c := &cobra.Command{
		Use:   "prove",
		Short: "Balance lines claimed, lines in files and lines accepted",
		Long: `Prove renders every file of a day again from the ledger, compares it byte for
byte with what was recorded, counts its lines, and compares them with what was
claimed and with what the warehouses answered. It exits 1 if anything does not
balance. Of what was purged, it compares what was recorded.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.with(c, func(env *stage.Env) error {
				from, to, err := span(env.Workspace, day, a.now())
				if err != nil {
					return err
				}
				p, err := proof.Span(c.Context(), env, from, to)
				if err != nil {
					return err
				}
				if a.json {
					err = a.print(p)
				} else {
					err = a.prove(env.Workspace, p)
				}
				if err == nil && !p.Balanced {
					return exit(Failed)
				}
				return err
			})
		},
	}
	c.Flags().StringVar(&day, "day", "", "only this day, 2026-11-22, in the workspace's zone (default: all days)")
	return a.jsonFlag(c)
}

// span is a day in the workspace's zone, or all time.
func span(ws *configs.Workspace, day string, now time.Time) (from, to time.Time, err error) {
	if day == "" {
		return time.Unix(0, 0).UTC(), now.Add(time.Hour), nil
	}
	loc, err := time.LoadLocation(ws.Settings.Timezone)
	if err != nil {
		return from, to, err
	}
	from, ok := order.Date(day).Time(loc)
	if !ok {
		return from, to, usage{order.Errorf(order.Invalid, "write it as 2026-11-22", "%q is no day", day)}
	}
	return from, from.AddDate(0, 0, 1), nil
}

func (a *app) prove(ws *configs.Workspace, p proof.Proof) error {
	cells := make([][]string, len(p.Batches))
	for i, b := range p.Batches {
		cells[i] = []string{b.Warehouse, b.Number, b.State, fmt.Sprint(b.Claimed), fmt.Sprint(b.InFile), fmt.Sprint(b.Accepted), fmt.Sprint(b.Refused), fmt.Sprint(b.Unanswered), b.File}
		if !b.Purged.IsZero() {
			cells[i][len(cells[i])-1] += " " + phrase.Say(a.said, fmt.Sprintf("(purged on %s)", dayOf(ws, b.Purged)))
		}
	}
	if err := a.table("WAREHOUSE BATCH STATE CLAIMED IN-FILE ACCEPTED REFUSED UNANSWERED FILE", cells); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "\nlines: %d claimed, %d in files, %d accepted, %d refused, %d not answered yet\n", p.Claimed, p.InFiles, p.Accepted, p.Refused, p.Unanswered)
	r := p.Rows
	fmt.Fprintf(a.out, "sheets: %d read, %d repeated, %d unreadable; %d rows = %d taken + %d filtered + %d refused\n", r.Files, r.Repeated, r.Unreadable, r.Read, r.Taken, r.Filtered, r.Refused)
	fmt.Fprintf(a.out, "malls: %d parcels to report, %d reported, %d proven, %d open, %d of them wait for a person\n", p.Told.Reports, p.Told.Reported, p.Told.Proven, p.Told.Open, p.Told.Stuck)
	if n := purgedBatches(p); n > 0 || r.Purged > 0 {
		a.line("purged: personal data of %d batches and %d sheets was removed; they balance by what was recorded", n, r.Purged)
	}
	for _, d := range p.Differences {
		fmt.Fprintf(a.out, "DIFFERENCE: %s\n", d)
	}
	if p.Balanced {
		fmt.Fprintln(a.out, "balanced")
	} else {
		fmt.Fprintln(a.out, "NOT balanced")
	}
	return nil
}

func purgedBatches(p proof.Proof) (n int) {
	for _, b := range p.Batches {
		if !b.Purged.IsZero() {
			n++
		}
	}
	return n
}
