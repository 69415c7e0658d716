package cli

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/internal/phrase"
	"github.com/mallbridge/mallbridge/internal/tables"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline"
	"github.com/mallbridge/mallbridge/pipeline/stage"
	"github.com/mallbridge/mallbridge/pipeline/stock"
)

func (a *app) stockCmd() *cobra.Command {
	var warehouse, account string
	var low bool
	c := &cobra.Command{
		Use:   "stock",
		Short: "Show each SKU's stock and what of it may still be sold; push it to malls",
		Long: `Stock shows for each SKU and warehouse

  sellable = figure - instructed - waiting - unshipped - buffer

figure      what the warehouse's newest stock file says: free of what it was
            instructed to ship, or on hand (stock.figure of the warehouse)
instructed  pieces of instructions that the figure still holds: made, but not
            reckoned with by the warehouse at the time of its file
waiting     pieces of orders in their target status that have no instruction: on
            hold, or not planned yet
unshipped   pieces of orders before their target status
buffer      pieces that are never offered: of the SKU (masters/skus.csv, column
            buffer), or with --account of the account (stock.buffer)

A figure older than the warehouse's stock.max_age is marked old and not used.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.with(c, func(env *stage.Env) error { return a.levels(c.Context(), env, warehouse, account, low) })
		},
	}
	c.Flags().StringVar(&warehouse, "warehouse", "", "only this warehouse")
	c.Flags().StringVar(&account, "account", "", "only the warehouses of this account, with its buffer")
	c.Flags().BoolVar(&low, "low", false, "only SKUs of which no more is sellable than the account's stock.low, or nothing")
	c.AddCommand(a.stockPushCmd(), a.stockApproveCmd(), a.stockListingsCmd(), a.stockDemandCmd())
	return a.jsonFlag(c)
}

// formula is what the columns of the list mean together.
const formula = "sellable = figure - instructed - waiting - unshipped - buffer"

type levelItem struct {
	Warehouse  string    `json:"warehouse"`
	SKU        string    `json:"sku"`
	Name       string    `json:"name,omitempty"`
	OnHand     int64     `json:"on_hand"`
	Allocated  int64     `json:"allocated"`
	Figure     int64     `json:"figure"`
	FigureIs   string    `json:"figure_is,omitempty"` // free, on_hand
	At         time.Time `json:"at,omitzero"`
	Known      bool      `json:"known"`
	Old        bool      `json:"old"`
	Instructed int64     `json:"instructed"`
	Waiting    int64     `json:"waiting"`
	Unshipped  int64     `json:"unshipped"`
	Buffer     int64     `json:"buffer"`
	Sellable   int64     `json:"sellable"`
	Formula    string    `json:"formula"`
}

// account1 finds an account by the flag.
func account1(env *stage.Env, name string) (*configs.Account, error) {
	acc, ok := env.Workspace.Account(name)
	if !ok {
		return nil, order.Errorf(order.NotFound, "look into accounts/", "no account %s", name)
	}
	return acc, nil
}

func (a *app) levels(ctx context.Context, env *stage.Env, warehouse, account string, low bool) error {
	var acc *configs.Account
	if account != "" {
		var err error
		if acc, err = account1(env, account); err != nil {
			return err
		}
	}
	p, err := stock.Take(ctx, env)
	if err != nil {
		return err
	}
	figures, err := figuresOf(ctx, env)
	if err != nil {
		return err
	}
	threshold := int64(0)
	if acc != nil {
		threshold = int64(acc.Stock.Low)
	}
	items := []levelItem{}
	for _, l := range p.Levels {
		if warehouse != "" && l.Warehouse != warehouse || acc != nil && !slices.Contains(acc.Stock.Warehouses, l.Warehouse) {
			continue
		}
		f := figures[[2]string{l.Warehouse, l.SKU}]
		it := levelItem{
			Warehouse: l.Warehouse, SKU: l.SKU, Name: l.Name, OnHand: f.OnHand, Allocated: f.Allocated, Figure: l.Figure, FigureIs: l.Kind, At: l.At, Known: l.Known,
			Old: l.Old, Instructed: l.Instructed, Waiting: l.Waiting, Unshipped: l.Unshipped, Buffer: stock.Buffer(env.Workspace, acc, l.SKU),
		}
		if l.Known && !l.Old {
			it.Sellable = max(l.Net()-it.Buffer, 0)
		}
		it.Formula = fmt.Sprintf("%d - %d - %d - %d - %d = %d", it.Figure, it.Instructed, it.Waiting, it.Unshipped, it.Buffer, it.Figure-it.Instructed-it.Waiting-it.Unshipped-it.Buffer)
		if low && (!l.Known || l.Old || it.Sellable > threshold) {
			continue
		}
		items = append(items, it)
	}
	if a.json {
		return a.print(items)
	}
	cells := make([][]string, len(items))
	for i, it := range items {
		cells[i] = levelCells(env.Workspace, &it)
	}
	if err := a.table("WAREHOUSE SKU ON-HAND FIGURE INSTRUCTED WAITING UNSHIPPED BUFFER SELLABLE FIGURE-IS AT", cells); err != nil {
		return err
	}
	fmt.Fprintf(a.err, "%s\n", phrase.Say(a.said, formula))
	for _, u := range p.Uncounted {
		if acc == nil || u.Account == acc.Name {
			fmt.Fprintf(a.err, "%s\n", phrase.Say(a.said, fmt.Sprintf("not counted: %d pieces of listing %q of %s in %d orders: no SKU is linked to it", u.Quantity, u.Code, u.Account, u.Orders)))
		}
	}
	return nil
}

func levelCells(ws *configs.Workspace, it *levelItem) []string {
	hand, figure, sellable, kind := fmt.Sprint(it.OnHand), fmt.Sprint(it.Figure), fmt.Sprint(it.Sellable), it.FigureIs
	switch {
	case !it.Known:
		hand, figure, sellable, kind = "-", "-", "-", "unknown"
	case it.Old:
		sellable, kind = "-", kind+" old"
	}
	return []string{
		it.Warehouse, it.SKU, hand, figure, fmt.Sprint(it.Instructed), fmt.Sprint(it.Waiting), fmt.Sprint(it.Unshipped), fmt.Sprint(it.Buffer), sellable, kind, local(ws, it.At),
	}
}

// figuresOf returns the stock files' figures by warehouse and SKU.
func figuresOf(ctx context.Context, env *stage.Env) (map[[2]string]order.Stock, error) {
	out := map[[2]string]order.Stock{}
	for _, w := range env.Workspace.Warehouses {
		id, err := env.Ledger.Warehouse(ctx, w.Name)
		if err != nil {
			return nil, err
		}
		list, err := env.Ledger.StockOf(ctx, id)
		if err != nil {
			return nil, err
		}
		for _, s := range list {
			out[[2]string{w.Name, s.SKU}] = s
		}
	}
	return out, nil
}

func (a *app) stockPushCmd() *cobra.Command {
	var account string
	var full, dry bool
	c := &cobra.Command{
		Use:   "push --account ACCOUNT",
		Short: "Tell a mall what has changed, also where auto_stock_sync is false",
		Long: `Push tells the mall of an account how many pieces of each product may be sold, as
far as that differs from what it was told last; with --full of all products, and
compares with what the mall then shows. Numbers are absolute: pushing twice does no
harm. It is the stage stock of run.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if account == "" {
				return usage{order.Errorf(order.Invalid, "name the account with --account", "stock push: no account")}
			}
			if full && !dry {
				if err := a.with(c, func(env *stage.Env) error { return forgetFull(c.Context(), env, account) }); err != nil {
					return err
				}
			}
			return a.run(c.Context(), []string{"stock"}, []string{account}, nil, dry)
		},
	}
	c.Flags().StringVar(&account, "account", "", "the account (required)")
	c.Flags().BoolVar(&full, "full", false, "everything, changed or not")
	c.Flags().BoolVar(&dry, "dry-run", false, "tell the mall nothing; print what it would be told")
	return a.jsonFlag(c)
}

// forgetFull makes the next run push everything.
func forgetFull(ctx context.Context, env *stage.Env, account string) error {
	if _, err := account1(env, account); err != nil {
		return err
	}
	id, _, err := env.Ledger.Account(ctx, account, env.Now())
	if err != nil {
		return err
	}
	return env.Ledger.SetMark(ctx, id, ledger.MarkStockFull, "", time.Time{})
}

func (a *app) stockApproveCmd() *cobra.Command {
	var account, note, actor string
	c := &cobra.Command{
		Use:   "approve --account ACCOUNT",
		Short: "Let quantities go that wait because many would be sold out or jump at once",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.with(c, func(env *stage.Env) error {
				if account == "" {
					return usage{order.Errorf(order.Invalid, "name the account with --account", "stock approve: no account")}
				}
				if _, err := account1(env, account); err != nil {
					return err
				}
				id, _, err := env.Ledger.Account(c.Context(), account, a.now())
				if err != nil {
					return err
				}
				n, err := env.Ledger.ApproveStock(c.Context(), id, account, note, a.actor(actor), a.now())
				if err != nil {
					return err
				}
				if n == 0 {
					return order.Errorf(order.Conflict, "stock listings --waiting shows what waits", "nothing of %s waits", account)
				}
				fmt.Fprintf(a.err, "%s\n", phrase.Say(a.said, fmt.Sprintf("%d quantities of %s are approved; the next stock run tells the mall", n, account)))
				return nil
			})
		},
	}
	c.Flags().StringVar(&account, "account", "", "the account (required)")
	c.Flags().StringVar(&note, "note", "", "a remark")
	c.Flags().StringVar(&actor, "by", "", "who approves (default: the user)")
	return c
}

type offerItem struct {
	Account  string       `json:"account"`
	Product  string       `json:"product"`
	Name     string       `json:"name"`
	Option   string       `json:"option,omitempty"`
	Code     string       `json:"code"`
	SKUs     []stock.Part `json:"skus"`
	OnSale   bool         `json:"on_sale"`
	Known    bool         `json:"known"`
	Quantity int64        `json:"quantity"`
	Why      string       `json:"why,omitempty"`
	Told     *int64       `json:"told"`
	State    string       `json:"state,omitempty"`
	Detail   string       `json:"detail,omitempty"`
	ToldAt   time.Time    `json:"told_at,omitzero"`
	Shown    *int64       `json:"shown"`
	Waits    string       `json:"waits,omitempty"`
	Since    time.Time    `json:"waits_since,omitzero"`
}

func (a *app) stockListingsCmd() *cobra.Command {
	var account string
	var waiting, rejected bool
	c := &cobra.Command{
		Use:   "listings",
		Short: "List products with the quantity that each mall should show, was told, and shows",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.with(c, func(env *stage.Env) error {
				p, err := stock.Take(c.Context(), env)
				if err != nil {
					return err
				}
				items := []offerItem{}
				for _, acc := range env.Workspace.Accounts {
					if account != "" && acc.Name != account {
						continue
					}
					if items, err = offerItems(c.Context(), env, p, acc, items); err != nil {
						return err
					}
				}
				items = slices.DeleteFunc(items, func(it offerItem) bool {
					return waiting && it.Waits == "" || rejected && it.State != ledger.ToldRejected
				})
				return listed(a, items, "ACCOUNT PRODUCT CODE SKUS QUANTITY TOLD SHOWN STATE NOTE", func(it *offerItem) []string { return offerCells(it, a.said) })
			})
		},
	}
	c.Flags().StringVar(&account, "account", "", "only this account")
	c.Flags().BoolVar(&waiting, "waiting", false, "only what waits for stock approve")
	c.Flags().BoolVar(&rejected, "refused", false, "only what the mall refuses")
	return a.jsonFlag(c)
}

func offerItems(ctx context.Context, env *stage.Env, p *stock.Position, acc *configs.Account, items []offerItem) ([]offerItem, error) {
	id, _, err := env.Ledger.Account(ctx, acc.Name, env.Now())
	if err != nil {
		return nil, err
	}
	products, err := env.Ledger.Products(ctx, id)
	if err != nil {
		return nil, err
	}
	told, err := env.Ledger.StockTold(ctx, id)
	if err != nil {
		return nil, err
	}
	waits, err := env.Ledger.Waits(ctx, id)
	if err != nil {
		return nil, err
	}
	waiting := map[string]ledger.Wait{}
	for _, w := range waits {
		if w.Approved == "" {
			waiting[w.Product] = w
		}
	}
	offers, _ := p.Offers(acc, products)
	for _, o := range offers {
		it := offerItem{
			Account: acc.Name, Product: o.Product.Key, Name: o.Product.Name, Option: o.Product.Option, Code: o.Code, SKUs: o.Parts, OnSale: o.Product.OnSale,
			Known: o.Known, Quantity: o.Quantity, Why: o.Why,
		}
		if t, ok := told[o.Product.Key]; ok {
			it.Told, it.State, it.Detail, it.ToldAt = &t.Quantity, t.State, strings.TrimSpace(t.Code+" "+t.Detail), t.At
			if !t.ShownAt.IsZero() {
				it.Shown = &t.Shown
			}
		}
		if w, ok := waiting[o.Product.Key]; ok {
			it.Waits, it.Since = w.Kind, w.Since
		}
		items = append(items, it)
	}
	return items, nil
}

func offerCells(it *offerItem, lang string) []string {
	number := func(n *int64) string {
		if n == nil {
			return "-"
		}
		return strconv.FormatInt(*n, 10)
	}
	quantity, note := strconv.FormatInt(it.Quantity, 10), it.Detail
	if !it.Known {
		quantity, note = "-", phrase.Say(lang, it.Why)
	}
	state := it.State
	if it.Waits != "" {
		state = "waits: " + it.Waits
	}
	return []string{it.Account, it.Product, it.Code, partsText(it.SKUs), quantity, number(it.Told), number(it.Shown), state, note}
}

// partsText writes a set as TEE×2+CAP.
func partsText(parts []stock.Part) string {
	out := make([]string, len(parts))
	for i, p := range parts {
		if out[i] = p.SKU; p.Quantity != 1 {
			out[i] += "×" + strconv.FormatInt(p.Quantity, 10)
		}
	}
	return strings.Join(out, "+")
}

func (a *app) stockDemandCmd() *cobra.Command {
	var account, to string
	c := &cobra.Command{
		Use:   "demand [--out FILE.csv|FILE.xlsx]",
		Short: "Table of what orders want of each SKU: unshipped, and to be instructed or shipped",
		Long: `Demand sums the pieces of open orders by SKU, as a CSV or, with --out, a file:

unshipped   orders in a status before the account's target status
instructed  orders in the target status: those on hold or not planned yet, and those
            instructed and not shipped

check prints which status of the mall is which. Lines without a SKU stand at the end
with their listing's code.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.with(c, func(env *stage.Env) error {
				rows, err := stock.Demand(c.Context(), env, account)
				if err != nil {
					return err
				}
				if a.json {
					return a.print(rows)
				}
				return a.writeTable(to, stock.DemandTable(rows))
			})
		},
	}
	c.Flags().StringVar(&account, "account", "", "only this account")
	c.Flags().StringVar(&to, "out", "", "write this file, .csv (with a byte order mark) or .xlsx")
	return a.jsonFlag(c)
}

// writeTable writes rows to a CSV or xlsx file, or as CSV to standard output. Every
// cell is text, so that a spreadsheet program keeps codes as they are.
func (a *app) writeTable(to string, rows [][]string) (err error) {
	if to == "" {
		return tables.CSV(a.out, rows)
	}
	f, err := os.Create(to)
	if err != nil {
		return err
	}
	defer func() {
		if e := f.Close(); err == nil {
			err = e
		}
	}()
	if err = tables.Write(f, to, rows); order.CodeOf(err) == order.Invalid {
		return usage{order.Errorf(order.Invalid, order.HintOf(err), "--out: %w", err)}
	}
	if err == nil {
		fmt.Fprintf(a.err, "%s\n", phrase.Say(a.said, fmt.Sprintf("%d rows are in %s", len(rows)-1, to)))
	}
	return err
}

// runNamed runs a stage on an account as run does, with options that the stage's
// own Run does not have.
func (a *app) runNamed(ctx context.Context, env *stage.Env, name, account string, f func(context.Context, *stage.Env, string) (stage.Report, error)) error {
	if _, err := account1(env, account); err != nil {
		return err
	}
	env.Named, env.Asked = true, []string{account}
	r := pipeline.Run(ctx, env, pipeline.Stage{Name: name, On: pipeline.Accounts, Run: f}, account)
	if a.json {
		if err := a.print([]pipeline.Result{r}); err != nil {
			return err
		}
	} else {
		a.tell(r)
	}
	return a.verdict([]pipeline.Result{r})
}
