package cli

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/catalog"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

func (a *app) catalogCmd() *cobra.Command {
	c := &cobra.Command{Use: "catalog", Short: "Read the malls' product masters, and list what they have", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	c.AddCommand(a.catalogReadCmd(), a.catalogListCmd(), a.catalogStatusCmd())
	return c
}

func (a *app) catalogReadCmd() *cobra.Command {
	var account, since string
	var o catalog.Options
	c := &cobra.Command{
		Use:   "read --account ACCOUNT",
		Short: "Read the products of an account from its mall",
		Long: `Read takes products that were added or changed at the mall since a day: the day of
the last reading, at first today. --since names another day, --all takes everything
and forgets what the mall no longer lists. A reading that is cut off goes on where it
was; --skip begins after so many products. Nothing is linked: sku unmapped lists what
has no SKU.

Some malls cannot tell what changed and give everything (docs/operations.md).`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if account == "" {
				return usage{order.Errorf(order.Invalid, "name the account with --account", "catalog read: no account")}
			}
			o.Since = order.Date(since)
			if _, ok := o.Since.Time(time.UTC); since != "" && !ok {
				return usage{order.Errorf(order.Invalid, "write 2026-11-24", "--since: %q is no day", since)}
			}
			if o.All && since != "" {
				return usage{order.Errorf(order.Invalid, "leave one of them out", "--all and --since exclude each other")}
			}
			return a.with(c, func(env *stage.Env) error {
				return a.runNamed(c.Context(), env, "catalog", account, func(ctx context.Context, env *stage.Env, target string) (stage.Report, error) {
					return catalog.Read(ctx, env, target, o)
				})
			})
		},
	}
	c.Flags().StringVar(&account, "account", "", "the account (required)")
	c.Flags().StringVar(&since, "since", "", "what was added or changed on this day or later")
	c.Flags().BoolVar(&o.All, "all", false, "everything")
	c.Flags().Int64Var(&o.Skip, "skip", 0, "leave out so many products from the beginning")
	return a.jsonFlag(c)
}

type productItem struct {
	Account  string            `json:"account"`
	Product  string            `json:"product"`
	Codes    map[string]string `json:"codes"` // item_id, item_code, option_id …
	Name     string            `json:"name"`
	Option   string            `json:"option,omitempty"`
	Category string            `json:"category,omitempty"`
	Price    int64             `json:"price"` // -1 unknown
	OnSale   bool              `json:"on_sale"`
	Changed  time.Time         `json:"changed,omitzero"`
	Read     time.Time         `json:"read"`
}

// codesOf are the filled codes by name.
func codesOf(c *order.Codes) map[string]string {
	out := map[string]string{}
	for _, name := range order.CodeNames() {
		if v, _ := c.By(name); v != "" {
			out[name] = v
		}
	}
	return out
}

func (a *app) catalogListCmd() *cobra.Command {
	var account, to string
	c := &cobra.Command{
		Use:   "list [--out FILE.csv|FILE.xlsx]",
		Short: "List the products that were read, as a CSV or a file",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.with(c, func(env *stage.Env) error {
				items := []productItem{}
				err := eachAccount(c.Context(), env, account, func(acc *configs.Account, id int64) error {
					ps, err := env.Ledger.Products(c.Context(), id)
					for _, p := range ps {
						items = append(items, productItem{acc.Name, p.Key, codesOf(&p.Codes), p.Name, p.Option, p.Category, p.Price, p.OnSale, p.Changed, p.SeenAt})
					}
					return err
				})
				if err != nil {
					return err
				}
				if a.json {
					return a.print(items)
				}
				rows := [][]string{append(append([]string{"account", "product"}, order.CodeNames()...), "name", "option", "category", "price", "on_sale")}
				for _, p := range items {
					price := ""
					if p.Price >= 0 {
						price = strconv.FormatInt(p.Price, 10)
					}
					row := []string{p.Account, p.Product}
					for _, name := range order.CodeNames() {
						row = append(row, p.Codes[name])
					}
					rows = append(rows, append(row, p.Name, p.Option, p.Category, price, strconv.FormatBool(p.OnSale)))
				}
				return a.writeTable(to, rows)
			})
		},
	}
	c.Flags().StringVar(&account, "account", "", "only this account")
	c.Flags().StringVar(&to, "out", "", "write this file, .csv (with a byte order mark) or .xlsx")
	return a.jsonFlag(c)
}

func eachAccount(ctx context.Context, env *stage.Env, account string, f func(*configs.Account, int64) error) error {
	if account != "" {
		if _, err := account1(env, account); err != nil {
			return err
		}
	}
	for _, acc := range env.Workspace.Accounts {
		if account != "" && acc.Name != account {
			continue
		}
		id, _, err := env.Ledger.Account(ctx, acc.Name, env.Now())
		if err != nil {
			return err
		}
		if err := f(acc, id); err != nil {
			return err
		}
	}
	return nil
}

type catalogItem struct {
	Account  string     `json:"account"`
	Products int        `json:"products"`
	Next     order.Date `json:"next_since,omitempty"` // from which day the next reading reads
	Read     time.Time  `json:"read,omitzero"`        // the end of the last reading
	CutOff   bool       `json:"cut_off"`              // a reading waits to go on
}

func (a *app) catalogStatusCmd() *cobra.Command {
	var account string
	c := &cobra.Command{
		Use:   "status",
		Short: "Say when each account's products were read, and from which day the next reading reads",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.with(c, func(env *stage.Env) error {
				items := []catalogItem{}
				var cells [][]string
				err := eachAccount(c.Context(), env, account, func(acc *configs.Account, id int64) error {
					it, err := catalogOf(c.Context(), env, acc, id)
					items = append(items, it)
					note := ""
					switch {
					case !acc.UsesAPI():
						note = "no API"
					case it.CutOff:
						note = "cut off: goes on at the next reading"
					}
					cells = append(cells, []string{it.Account, strconv.Itoa(it.Products), local(env.Workspace, it.Read), string(it.Next), fmt.Sprint(acc.Schedules.Catalog), note})
					return err
				})
				if err != nil {
					return err
				}
				if a.json {
					return a.print(items)
				}
				return a.table("ACCOUNT PRODUCTS READ NEXT-SINCE SCHEDULE NOTE", cells)
			})
		},
	}
	c.Flags().StringVar(&account, "account", "", "only this account")
	return a.jsonFlag(c)
}

func catalogOf(ctx context.Context, env *stage.Env, acc *configs.Account, id int64) (catalogItem, error) {
	it := catalogItem{Account: acc.Name}
	ps, err := env.Ledger.Products(ctx, id)
	if err != nil {
		return it, err
	}
	it.Products = len(ps)
	next, _, err := env.Ledger.Mark(ctx, id, ledger.MarkCatalogFrom)
	if err != nil {
		return it, err
	}
	it.Next = order.Date(next)
	if _, it.Read, err = env.Ledger.Mark(ctx, id, ledger.MarkCatalogDone); err != nil {
		return it, err
	}
	at, _, err := env.Ledger.Mark(ctx, id, ledger.MarkCatalogAt)
	it.CutOff = at != ""
	return it, err
}
