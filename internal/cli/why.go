package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mallbridge/mallbridge/internal/phrase"
	"github.com/mallbridge/mallbridge/internal/why"
)

func (a *app) whyCmd() *cobra.Command {
	var account string
	c := &cobra.Command{
		Use:   "why ORDER",
		Short: "Say why an order has not shipped, since when, and who must act",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			env, err := a.open(c.Context())
			if err != nil {
				return err
			}
			defer env.Ledger.Close()
			all, err := why.Of(c.Context(), env, args[0], account, a.language(env.Workspace))
			if err != nil {
				return err
			}
			if a.json {
				return a.print(all)
			}
			for _, w := range all {
				a.explain(w)
			}
			return nil
		},
	}
	c.Flags().StringVar(&account, "account", "", "only this account")
	return a.jsonFlag(c)
}

// line prints a line in the reader's language.
func (a *app) line(format string, args ...any) {
	fmt.Fprintln(a.out, phrase.Say(a.said, fmt.Sprintf(format, args...)))
}

func (a *app) explain(w why.Answer) {
	fmt.Fprintf(a.out, "%s  %s  %s\n", w.Order, w.Account, w.State)
	if w.Status != "" {
		a.line("  mall status %s; first seen %s; last read from %s, row %d", w.Status, w.Seen, w.File, w.Row)
	}
	if w.Purged != "" {
		a.line("  personal data and notes were removed on %s", w.Purged)
	}
	if w.Wish != "" {
		a.line("  by a person's word: %s", w.Wish)
	}
	for _, r := range w.Reasons {
		fmt.Fprintf(a.out, "  %s: %s\n", r.Code, r.Text)
		if r.Detail != "" {
			fmt.Fprintf(a.out, "    %s\n", r.Detail)
		}
		if r.Since != "" {
			a.line("    since %s; to act: %s", r.Since, r.Who)
		}
		if r.Do != "" {
			fmt.Fprintf(a.out, "    → %s\n", r.Do)
		}
	}
	for _, p := range w.Instructions {
		line := fmt.Sprintf("  %s %s: %s, ships on %s", p.Warehouse, p.Number, p.State, p.ShipOn)
		if p.File != "" {
			line += ", file " + p.File
		}
		if p.Delivered != "" {
			line += " delivered " + p.Delivered
		}
		a.line("%s", line)
		for _, t := range p.Tracking {
			fmt.Fprintf(a.out, "    %s\n", t)
		}
	}
	for _, t := range w.Reports {
		a.line("    %s: %s, since %s", strings.TrimSpace(t.Carrier+" "+t.Tracking), t.Text, t.Since)
	}
	for _, e := range w.Timeline {
		fmt.Fprintf(a.out, "  %s\n", e)
	}
}
