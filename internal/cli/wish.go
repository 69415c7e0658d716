package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/pipeline/plan"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

// wishCmd plans an order as a person wants it.
func (a *app) wishCmd() *cobra.Command {
	var account, note, actor string
	var w ledger.Wish
	c := &cobra.Command{
		Use:   "wish ORDER",
		Short: "Plan an order against masters and rules",
		Long: `Wish lets an order go from another warehouse, by another delivery service, with a
parcel for each line or piece, not merged with others, or not at all. It takes the
place of an earlier wish; without any of them the order is planned as ever. What is
in a file for a warehouse already is past wishing.`,
		Example: "  mallbridge orders wish 399001-77 --warehouse osaka --note 'tokyo is out of it'",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.with(c, func(env *stage.Env) error {
				row, err := one(c, env, args[0], account)
				if err == nil {
					err = plan.CheckWish(env.Workspace, w)
				}
				if err == nil {
					err = env.Ledger.SetWish(c.Context(), row.ID, w, note, a.actor(actor), a.now())
				}
				if err != nil {
					return fmt.Errorf("wish %s: %w", args[0], err)
				}
				return nil
			})
		},
	}
	f := c.Flags()
	f.StringVar(&w.Warehouse, "warehouse", "", "the warehouse that ships it")
	f.StringVar(&w.Service, "service", "", "the delivery service, as the master names it")
	f.StringVar(&w.Split, "split", "", "a parcel for each: line or piece")
	f.BoolVar(&w.Apart, "apart", false, "do not merge it with other orders")
	f.BoolVar(&w.Cancelled, "cancel", false, "do not ship it; the mall is not told")
	a.actFlags(c, &account, &note, &actor)
	return c
}

// mergeCmd puts orders into one parcel.
func (a *app) mergeCmd() *cobra.Command {
	var account, note, actor string
	c := &cobra.Command{
		Use:   "merge ORDER ORDER…",
		Short: "Put orders of one account into one parcel",
		Long: `Merge lets orders go in one parcel which the rules of merging would leave apart. They
must have the same recipient, warehouse, temperature class, delivery service and day,
and none may be in a file for a warehouse. If that changes later, they are held.`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			return a.with(c, func(env *stage.Env) error {
				rows := make([]ledger.Row, len(args))
				for i, number := range args {
					row, err := one(c, env, number, account)
					if err != nil {
						return err
					}
					rows[i] = *row
				}
				return plan.Merge(c.Context(), env, rows, note, a.actor(actor))
			})
		},
	}
	a.actFlags(c, &account, &note, &actor)
	return c
}

// unmergeCmd takes a merge back.
func (a *app) unmergeCmd() *cobra.Command {
	var account, note, actor string
	c := &cobra.Command{
		Use:   "unmerge ORDER",
		Short: "Take back that an order goes in one parcel with others",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.with(c, func(env *stage.Env) error {
				row, err := one(c, env, args[0], account)
				if err != nil {
					return err
				}
				return env.Ledger.Unmerge(c.Context(), row.ID, note, a.actor(actor), a.now())
			})
		},
	}
	a.actFlags(c, &account, &note, &actor)
	return c
}

// actFlags are those of every act of a person on an order.
func (a *app) actFlags(c *cobra.Command, account, note, actor *string) {
	f := c.Flags()
	f.StringVar(account, "account", "", "the order's account")
	f.StringVar(note, "note", "", "why")
	f.StringVar(actor, "by", "", "who says so (default: the user)")
}
