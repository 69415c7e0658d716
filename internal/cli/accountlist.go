package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/internal/standing"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

// An accountOption is one of the switches of an account.
type accountOption struct {
	Name    string `json:"name"`
	On      bool   `json:"on"`
	Default bool   `json:"default"`
	Means   string `json:"means"` // what follows from its present state
}

// optionsOf lists the switches of an account, in the order in which an order meets
// them.
func optionsOf(x *configs.Account) []accountOption {
	say := func(on bool, yes, no string) string {
		if on {
			return yes
		}
		return no
	}
	api := "by its API"
	if !x.UsesAPI() {
		api = "from sheets in its watch folder"
	}
	return []accountOption{
		{"enabled", x.Enabled, true, say(x.Enabled, "the account is run", "nothing is run for the account")},
		{"auto_order_intake", x.AutoOrderIntake, true, say(x.AutoOrderIntake, "orders are taken "+api, "orders come only by ingest")},
		{"auto_confirmation", x.AutoConfirmation, false, say(x.AutoConfirmation, "new orders are confirmed at the mall", "people confirm new orders in the mall's back office")},
		{"auto_instruction", x.AutoInstruction, true, say(x.AutoInstruction, "orders go to the warehouse by themselves", "each order waits until a person releases it")},
		{"auto_report", x.AutoReport, true, say(x.AutoReport, "the mall is told of tracking numbers", "each tracking number waits until a person sends it")},
		{"auto_stock_sync", x.AutoStockSync, false, say(x.AutoStockSync, "stock is pushed to the mall", "people keep the mall's stock")},
	}
}

// A listedAccount is a line of account list.
type listedAccount struct {
	Name            string          `json:"name"`
	Mall            string          `json:"mall"`
	Title           string          `json:"title"`
	Enabled         bool            `json:"enabled"`
	AutoOrderIntake bool            `json:"auto_order_intake"`
	AutoConfirm     bool            `json:"auto_confirmation"`
	AutoInstruction bool            `json:"auto_instruction"`
	AutoReport      bool            `json:"auto_report"`
	AutoStockSync   bool            `json:"auto_stock_sync"`
	Options         []accountOption `json:"options"`
	API             bool            `json:"api"`
	Login           string          `json:"login,omitempty"`      // ok, refused, next keys; empty without an API
	LastFetch       time.Time       `json:"last_fetch,omitzero"`  // when orders, or a sheet, came last
	NextFetch       string          `json:"next_fetch,omitempty"` // when serve fetches next: a moment, "now", or the schedule of the watch folder
	KeyEnds         time.Time       `json:"key_ends,omitzero"`    // as far as is known without asking the mall
	KeyDays         *int            `json:"key_days,omitempty"`   // left; none if nobody knows
	PersonalData    string          `json:"personal_data"`        // how long it stays after an order's end; 0s: for ever
	Orders          int64           `json:"orders"`
	Unshipped       int64           `json:"unshipped"`
	Instructed      int64           `json:"instructed"`
	Shipped         int64           `json:"shipped"`
	Held            int64           `json:"held"`
	Warned          int64           `json:"warned"` // changed, cancelled or refused after the instruction
}

func (a *app) accountListCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "list",
		Short: "List accounts with their options, their last and next fetch, keys and counts",
		Long: `List shows each account's options and says of every one that is not at its default,
or off, what that means. It asks no mall: the days left of a key are those that the
account's file states or that reconcile found; account keys asks.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.with(c, func(env *stage.Env) error {
				var items []listedAccount
				for _, x := range env.Workspace.Accounts {
					it, err := listAccount(c.Context(), env, x)
					if err != nil {
						return err
					}
					items = append(items, it)
				}
				if a.json {
					return a.print(items)
				}
				return a.accounts(env.Workspace, items)
			})
		},
	}
	return a.jsonFlag(c)
}

func listAccount(ctx context.Context, env *stage.Env, x *configs.Account) (listedAccount, error) {
	it := listedAccount{
		Name: x.Name, Mall: x.Mall, Title: x.Title, Enabled: x.Enabled, AutoOrderIntake: x.AutoOrderIntake, AutoConfirm: x.AutoConfirmation,
		AutoInstruction: x.AutoInstruction, AutoReport: x.AutoReport, AutoStockSync: x.AutoStockSync, Options: optionsOf(x), API: x.UsesAPI(),
		PersonalData: x.Retention.PersonalData.String(),
	}
	t, err := env.Ledger.Tally(ctx, x.Name)
	if err != nil {
		return it, err
	}
	it.Orders, it.Unshipped, it.Instructed, it.Shipped = t.Orders, t.Outside[order.OutUnshipped], t.Instructed, t.Shipped
	for _, n := range t.Held {
		it.Held += n
	}
	for _, n := range t.Warned {
		it.Warned += n
	}
	if it.Login, err = loginOf(ctx, env, x); err != nil {
		return it, err
	}
	f, err := standing.Fetches(ctx, env, x)
	if err != nil {
		return it, err
	}
	it.LastFetch, it.NextFetch = f.Last, f.Next(x.Location)
	k, err := standing.Keys(ctx, env, x)
	if err != nil {
		return it, err
	}
	if it.KeyEnds = k.Ends; k.Known {
		it.KeyDays = &k.Days
	}
	return it, nil
}

// accounts prints the table, and under it what the options that are off mean.
func (a *app) accounts(ws *configs.Workspace, items []listedAccount) error {
	onOff := func(on bool) string {
		if on {
			return "on"
		}
		return "off"
	}
	var cells [][]string
	for i := range items {
		it := &items[i]
		row := []string{it.Name, it.Mall}
		for _, o := range it.Options {
			row = append(row, onOff(o.On))
		}
		days := "-"
		if it.KeyDays != nil {
			days = fmt.Sprint(*it.KeyDays)
		}
		row = append(row, local(ws, it.LastFetch), dash(it.NextFetch), dash(it.Login), days)
		for _, n := range []int64{it.Orders, it.Unshipped, it.Instructed, it.Shipped, it.Held, it.Warned} {
			row = append(row, fmt.Sprint(n))
		}
		cells = append(cells, append(row, it.Title))
	}
	if err := a.table("ACCOUNT MALL ENABLED INTAKE CONFIRM INSTRUCT REPORT STOCK LAST-FETCH NEXT-FETCH LOGIN KEY-DAYS ORDERS UNSHIPPED INSTRUCTED SHIPPED HELD WARNED TITLE", cells); err != nil {
		return err
	}
	for i := range items {
		for _, o := range items[i].Options {
			if o.On && o.Default {
				continue
			}
			a.line("%s: %s is %s: %s", items[i].Name, o.Name, onOff(o.On), o.Means)
			if !items[i].Enabled {
				break // nothing else counts
			}
		}
	}
	return nil
}
