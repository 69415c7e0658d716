package cli

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/mallbridge/mallbridge/internal/phrase"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/extract"
	"github.com/mallbridge/mallbridge/pipeline/plan"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

// with opens the workspace, runs f and closes the ledger.
func (a *app) with(c *cobra.Command, f func(env *stage.Env) error) error {
	env, err := a.open(c.Context())
	if err != nil {
		return err
	}
	defer env.Ledger.Close()
	defer env.Folders.Close()
	return f(env)
}

// table writes rows in columns.
func (a *app) table(head string, rows [][]string) error {
	w := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, strings.ReplaceAll(head, " ", "\t"))
	for _, r := range rows {
		fmt.Fprintln(w, strings.Join(r, "\t"))
	}
	return w.Flush()
}

// listed writes what a command lists: as JSON, or in columns under a head.
func listed[T any](a *app, items []T, head string, cells func(*T) []string) error {
	if a.json {
		return a.print(items)
	}
	rows := make([][]string, len(items))
	for i := range items {
		rows[i] = cells(&items[i])
	}
	return a.table(head, rows)
}

func (a *app) ingestCmd() *cobra.Command {
	var account, password string
	var formats []string
	c := &cobra.Command{
		Use:   "ingest FILE…",
		Short: "Take order sheets into an account; the files stay where they are",
		Long: `Ingest takes the files given, wherever they lie. The two files of a mall that gives
orders and lines apart are named together; they are joined.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if account == "" {
				return usage{order.Errorf(order.Invalid, "name the account with --account", "ingest: no account")}
			}
			return a.with(c, func(env *stage.Env) error {
				for _, path := range args {
					if _, err := os.Stat(path); err != nil {
						return usage{order.Errorf(order.NotFound, "check the path", "%w", err)}
					}
				}
				sheets, err := extract.Sheets(c.Context(), env, account, args, formats)
				if err != nil {
					return err
				}
				for _, paths := range sheets {
					rep, err := extract.Ingest(c.Context(), env, account, paths, password, formats)
					if a.json {
						if e := a.print(rep); e != nil {
							return e
						}
					} else {
						fmt.Fprintf(a.err, "%s: %s\n", strings.Join(paths, " + "), a.counts(&rep))
						for _, n := range rep.Notes {
							fmt.Fprintf(a.err, "  %s\n", phrase.Say(a.said, n))
						}
					}
					if err != nil {
						return withPassword(err)
					}
					if rep.Waiting > 0 {
						a.code = Waiting
					}
				}
				return nil
			})
		},
	}
	c.Flags().StringVar(&account, "account", "", "the account that the orders belong to")
	c.Flags().StringVar(&password, "password", "", "of a protected Excel file, instead of the account's")
	c.Flags().StringArrayVar(&formats, "format", nil, "try this format instead of the account's (may be repeated)")
	return a.jsonFlag(c)
}

func (a *app) ordersCmd() *cobra.Command {
	var q ledger.OrderList
	var reason string
	c := &cobra.Command{
		Use:   "orders",
		Short: "List orders with where they stand",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.with(c, func(env *stage.Env) error {
				q.Reason = order.Reason(reason)
				rows, err := env.Ledger.Orders(c.Context(), q)
				if err != nil {
					return err
				}
				type item struct {
					ID      int64         `json:"id"`
					Account string        `json:"account"`
					Order   string        `json:"order"`
					State   string        `json:"state"`
					Reason  order.Reason  `json:"reason,omitempty"`
					Status  string        `json:"mall_status"`
					Lines   int           `json:"lines"`
					Ordered string        `json:"ordered,omitempty"`
					Alerts  []order.Alert `json:"alerts,omitempty"` // cancel_at_risk and the like
					at      time.Time
				}
				alerts, err := orderAlerts(c.Context(), env)
				if err != nil {
					return err
				}
				items := make([]item, len(rows))
				for i := range rows {
					r := &rows[i]
					items[i] = item{r.ID, r.Account, r.Order.Number, r.State.String(), r.Reason, r.Order.Status, r.Order.Lines(), r.Order.Ordered.Text, alerts[r.Account+"/"+r.Order.Number], r.Order.Ordered.UTC}
				}
				return listed(a, items, "ACCOUNT ORDER STATE REASON STATUS LINES ORDERED", func(it *item) []string {
					reason := string(it.Reason)
					if reason == "" && len(it.Alerts) > 0 {
						reason = string(it.Alerts[0])
					}
					return []string{it.Account, it.Order, it.State, reason, it.Status, fmt.Sprint(it.Lines), local(env.Workspace, it.at)}
				})
			})
		},
	}
	f := c.Flags()
	f.StringVar(&q.Account, "account", "", "only this account")
	f.StringVar(&q.State, "state", "", "only this state: seen, held, outside, planned, recheck")
	f.StringVar(&reason, "reason", "", "only this reason")
	f.Int64Var(&q.After, "after", 0, "only ids above this, to page on")
	f.IntVar(&q.Limit, "limit", 100, "at most so many")
	c.AddCommand(a.wishCmd(), a.mergeCmd(), a.unmergeCmd())
	return a.jsonFlag(c)
}

// orderAlerts lists the open alerts about single orders, by account/number.
func orderAlerts(ctx context.Context, env *stage.Env) (map[string][]order.Alert, error) {
	all, err := env.Ledger.Alerts(ctx, ledger.AlertList{})
	if err != nil {
		return nil, err
	}
	out := map[string][]order.Alert{}
	for _, x := range all {
		switch x.Kind {
		case order.AlertStop, order.AlertCancelShipped:
			out[x.Subject] = append(out[x.Subject], x.Kind)
		case order.AlertNotHere, order.AlertNotAtMall, order.AlertShippedAtMall, order.AlertContentDiffers:
			key := x.Target + "/" + x.Subject
			out[key] = append(out[key], x.Kind)
		}
	}
	return out, nil
}

func (a *app) holdsCmd() *cobra.Command {
	var account string
	var limit int
	c := &cobra.Command{
		Use:   "holds",
		Short: "List what is on hold, or release it",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.with(c, func(env *stage.Env) error {
				hs, err := env.Ledger.Holds(c.Context(), account, limit)
				if err != nil {
					return err
				}
				return listed(a, heldItems(hs, a.language(env.Workspace)), "ACCOUNT ORDER REASON SINCE WHO WHAT", func(h *heldItem) []string {
					return []string{h.Account, h.Order, string(h.Reason), local(env.Workspace, h.Since), string(h.Who), h.Text + " · " + h.Detail}
				})
			})
		},
	}
	c.Flags().StringVar(&account, "account", "", "only this account")
	c.Flags().IntVar(&limit, "limit", 1000, "at most so many")
	c.AddCommand(a.releaseCmd(), a.putHoldCmd())
	return a.jsonFlag(c)
}

type heldItem struct {
	Account string       `json:"account"`
	Order   string       `json:"order"`
	Reason  order.Reason `json:"reason"`
	Text    string       `json:"text"`
	Detail  string       `json:"detail,omitempty"`
	Field   string       `json:"field,omitempty"`
	Value   string       `json:"value,omitempty"`
	Since   time.Time    `json:"since"`
	Who     order.Who    `json:"who"`
	Do      string       `json:"do,omitempty"`
}

func heldItems(hs []ledger.HeldFor, lang string) []heldItem {
	out := make([]heldItem, len(hs))
	for i, h := range hs {
		in := h.Reason.Info()
		out[i] = heldItem{h.Account, h.Number, h.Reason, h.Reason.Text(lang), phrase.Say(lang, h.Detail), h.Field, h.Value, h.Since, in.Who, in.Do[lang]}
	}
	return out
}

// one finds the order of that number; the account decides between several.
func one(c *cobra.Command, env *stage.Env, number, account string) (*ledger.Row, error) {
	rows, err := env.Ledger.OrdersByNumber(c.Context(), number, account)
	if err != nil {
		return nil, err
	}
	switch len(rows) {
	case 0:
		return nil, order.Errorf(order.NotFound, "check the number", "no order %s", number)
	case 1:
		return &rows[0], nil
	}
	return nil, usage{order.Errorf(order.Invalid, "name one with --account", "%d accounts have an order %s", len(rows), number)}
}

func (a *app) releaseCmd() *cobra.Command {
	var account, note, actor string
	var reasons []string
	c := &cobra.Command{
		Use:   "release ORDER…",
		Short: "Say that reasons no longer hold an order",
		Long: `Release lets an order go on although a rule, a remark or a change holds it. The
word counts for the order as it is now: if the mall changes it, it is judged
anew. What needs a repair (a missing SKU, a character that cannot be written)
cannot be released.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.with(c, func(env *stage.Env) error {
				for _, number := range args {
					row, err := one(c, env, number, account)
					if err != nil {
						return err
					}
					rs, err := a.releasable(c.Context(), env, row, reasons)
					if err != nil {
						return fmt.Errorf("release %s: %w", number, err)
					}
					if err := env.Ledger.Release(c.Context(), row.ID, rs, note, a.actor(actor), a.now()); err != nil {
						return fmt.Errorf("release %s: %w", number, err)
					}
					fmt.Fprintf(a.err, "%s is released; the next plan run takes it\n", number)
				}
				return nil
			})
		},
	}
	c.Flags().StringVar(&account, "account", "", "the order's account")
	c.Flags().StringVar(&note, "note", "", "why (required)")
	c.Flags().StringVar(&actor, "by", "", "who releases it (default: the user)")
	c.Flags().StringArrayVar(&reasons, "reason", nil, "only this reason (may be repeated)")
	return c
}

// releasable picks the reasons to release: those named, or else all that a
// person's word can end.
func (a *app) releasable(ctx context.Context, env *stage.Env, row *ledger.Row, named []string) ([]order.Reason, error) {
	holds, err := env.Ledger.HoldsOf(ctx, row.ID)
	if err != nil {
		return nil, err
	}
	var has, out []order.Reason
	for _, h := range holds {
		if !slices.Contains(has, h.Reason) {
			has = append(has, h.Reason)
		}
	}
	lang := a.language(env.Workspace)
	for _, r := range has {
		switch {
		case len(named) > 0 && !slices.Contains(named, string(r)):
		case plan.Releasable(r):
			out = append(out, r)
		default:
			in := r.Info()
			err := order.Errorf(order.Invalid, in.Do[lang], "%s needs a repair, not a release: %s", r, r.Text(lang))
			if len(named) > 0 || len(has) == 1 {
				return nil, err
			}
			fmt.Fprintf(a.err, "%s stays on hold: %v (%s)\n", row.Order.Number, err, in.Do[lang])
		}
	}
	for _, n := range named {
		if !slices.Contains(has, order.Reason(n)) {
			return nil, order.Errorf(order.Invalid, "its reasons are listed by holds and why", "the order is not held for %q", n)
		}
	}
	if len(has) > 0 && len(out) == 0 {
		return nil, order.Errorf(order.Invalid, "holds and why say what to repair", "none of its reasons can be released")
	}
	return out, nil
}

func (a *app) putHoldCmd() *cobra.Command {
	var account, note, actor string
	c := &cobra.Command{
		Use:   "put ORDER…",
		Short: "Put orders on hold",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.with(c, func(env *stage.Env) error {
				for _, number := range args {
					row, err := one(c, env, number, account)
					if err != nil {
						return err
					}
					if err := env.Ledger.Hold(c.Context(), row.ID, note, a.actor(actor), a.now()); err != nil {
						return fmt.Errorf("hold %s: %w", number, err)
					}
				}
				return nil
			})
		},
	}
	c.Flags().StringVar(&account, "account", "", "the order's account")
	c.Flags().StringVar(&note, "note", "", "why")
	c.Flags().StringVar(&actor, "by", "", "who holds it (default: the user)")
	return c
}

func (a *app) batchesCmd() *cobra.Command {
	var warehouse string
	var limit int
	c := &cobra.Command{
		Use:   "batches",
		Short: "List instruction files; approve them, or settle those in doubt",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.with(c, func(env *stage.Env) error {
				bs, err := env.Ledger.Batches(c.Context(), warehouse, limit)
				if err != nil {
					return err
				}
				return listed(a, bs, "WAREHOUSE BATCH STATE INSTRUCTIONS LINES BYTES DELIVERED FILE MESSAGE", func(b *ledger.Batch) []string {
					return []string{b.Warehouse, b.Number, b.State, fmt.Sprint(b.Instructions), fmt.Sprint(b.Lines), fmt.Sprint(b.Size), local(env.Workspace, b.DeliveredAt), b.Name, b.Message}
				})
			})
		},
	}
	c.Flags().StringVar(&warehouse, "warehouse", "", "only this warehouse")
	c.Flags().IntVar(&limit, "limit", 50, "at most so many")
	c.AddCommand(a.approveCmd(), a.resolveCmd())
	return a.jsonFlag(c)
}

func (a *app) approveCmd() *cobra.Command {
	var warehouse, note, actor string
	c := &cobra.Command{
		Use:   "approve BATCH",
		Short: "Let a built file be dropped (for warehouses with approval: always)",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.with(c, func(env *stage.Env) error {
				b, err := env.Ledger.BatchByNumber(c.Context(), warehouse, args[0])
				if err != nil {
					return err
				}
				if err := env.Ledger.Approve(c.Context(), b.ID, b.SHA256, note, a.actor(actor), a.now()); err != nil {
					return err
				}
				fmt.Fprintf(a.err, "%s is approved; the next instruct run drops it\n", b.Name)
				return nil
			})
		},
	}
	c.Flags().StringVar(&warehouse, "warehouse", "", "the batch's warehouse")
	c.Flags().StringVar(&note, "note", "", "a remark")
	c.Flags().StringVar(&actor, "by", "", "who approves (default: the user)")
	return c
}

func (a *app) resolveCmd() *cobra.Command {
	var warehouse, note, actor, as string
	c := &cobra.Command{
		Use:   "resolve BATCH --as delivered|again --note WHY",
		Short: "Settle a batch in doubt after asking the warehouse",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if strings.TrimSpace(note) == "" {
				return usage{order.Errorf(order.Invalid, "say with --note who at the warehouse said so", "resolve: a reason is needed")}
			}
			return a.with(c, func(env *stage.Env) error {
				b, err := env.Ledger.BatchByNumber(c.Context(), warehouse, args[0])
				if err != nil {
					return err
				}
				switch as {
				case "delivered":
					return env.Ledger.Delivered(c.Context(), b.ID, note, a.actor(actor), a.now())
				case "again":
					return env.Ledger.Again(c.Context(), b.ID, note, a.actor(actor), a.now())
				}
				return usage{order.Errorf(order.Invalid, "delivered: the warehouse has it; again: it has not, send it once more", "resolve: --as %q is not known", as)}
			})
		},
	}
	c.Flags().StringVar(&warehouse, "warehouse", "", "the batch's warehouse")
	c.Flags().StringVar(&as, "as", "", "delivered or again")
	c.Flags().StringVar(&note, "note", "", "why (required)")
	c.Flags().StringVar(&actor, "by", "", "who says so (default: the user)")
	return c
}

func (a *app) runsCmd() *cobra.Command {
	var stageName, target string
	var limit int
	c := &cobra.Command{
		Use:   "runs",
		Short: "List runs of stages with what they did",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.with(c, func(env *stage.Env) error {
				rs, err := env.Ledger.Runs(c.Context(), stageName, target, limit)
				if err != nil {
					return err
				}
				return listed(a, rs, "STARTED STAGE TARGET OUTCOME TOOK SUMMARY", func(r *ledger.Run) []string {
					took := "-"
					if !r.EndedAt.IsZero() {
						took = r.EndedAt.Sub(r.StartedAt).Round(time.Millisecond).String()
					}
					return []string{local(env.Workspace, r.StartedAt), r.Stage, r.Target, r.Outcome, took, strings.Join(did(a.said, r.Summary), "; ")}
				})
			})
		},
	}
	c.Flags().StringVar(&stageName, "stage", "", "only this stage")
	c.Flags().StringVar(&target, "target", "", "only this account or warehouse")
	c.Flags().IntVar(&limit, "limit", 50, "at most so many")
	c.AddCommand(a.runsShow())
	return a.jsonFlag(c)
}

// did says what a run did, line by line.
func did(lang, summary string) []string {
	lines := strings.Split(summary, "\n")
	for i, line := range lines {
		lines[i] = phrase.Line(lang, line)
	}
	return lines
}

// runsShow shows one run with its log.
func (a *app) runsShow() *cobra.Command {
	var level string
	c := &cobra.Command{
		Use:   "show ID",
		Short: "Show a run: what it did or is at, and its log",
		Long: `Show prints what a run did, what it is at if it goes on, and the last lines of the
program's log that belong to it. They are kept for 30 days at most and name nobody.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			id, err := strconv.ParseInt(args[0], 10, 64)
			var least slog.Level
			if err == nil {
				err = least.UnmarshalText([]byte(level))
			}
			if err != nil {
				return usage{order.Errorf(order.Invalid, "give the number that runs --json lists as id; levels are debug, info, warn and error", "runs show: %w", err)}
			}
			return a.with(c, func(env *stage.Env) error { return a.showRun(c.Context(), env, id, least) })
		},
	}
	c.Flags().StringVar(&level, "level", "debug", "only lines of this level and graver ones: debug, info, warn, error")
	return a.jsonFlag(c)
}

func (a *app) showRun(ctx context.Context, env *stage.Env, id int64, level slog.Level) error {
	r, err := env.Ledger.Run(ctx, id)
	if err != nil {
		return err
	}
	lines, err := env.Ledger.RunLog(ctx, id, level)
	if err != nil {
		return err
	}
	if a.json {
		return a.print(struct {
			ledger.Run
			Log []ledger.RunLine `json:"log"`
		}{r, lines})
	}
	fmt.Fprintf(a.out, "%s %s, %s, %s\n", r.Stage, r.Target, local(env.Workspace, r.StartedAt), cmp.Or(r.Outcome, "-"))
	if r.Step != nil {
		fmt.Fprintln(a.out, phrase.Step(a.said, r.Step.What, r.Step.Of, r.Step.Done, r.Step.Total))
	}
	for _, line := range strings.Split(r.Summary, "\n") {
		if line != "" {
			fmt.Fprintln(a.out, phrase.Line(a.said, line))
		}
	}
	for _, l := range lines {
		fmt.Fprintln(a.out, l)
	}
	return nil
}

func (a *app) filesCmd() *cobra.Command {
	var kind, owner string
	var limit int
	c := &cobra.Command{
		Use:   "files",
		Short: "List files that came in, with their rows",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.with(c, func(env *stage.Env) error {
				fs, err := env.Ledger.Files(c.Context(), kind, owner, limit)
				if err != nil {
					return err
				}
				return listed(a, fs, "RECEIVED KIND OWNER STATE ROWS TAKEN FILTERED REFUSED NAME MESSAGE", func(f *ledger.File) []string {
					state := f.State
					if f.DuplicateOf != 0 {
						state = "repeated"
					}
					return []string{local(env.Workspace, f.ReceivedAt), f.Kind, f.Owner, state, fmt.Sprint(f.Rows), fmt.Sprint(f.Taken), fmt.Sprint(f.Filtered), fmt.Sprint(f.Refused), f.Name, strings.ReplaceAll(f.Message, "\n", "; ")}
				})
			})
		},
	}
	c.Flags().StringVar(&kind, "kind", "", "only this kind: orders, results, stock, acks")
	c.Flags().StringVar(&owner, "owner", "", "only this account or warehouse")
	c.Flags().IntVar(&limit, "limit", 50, "at most so many")
	return a.jsonFlag(c)
}
