package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mallbridge/mallbridge/internal/phrase"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

// reportItem is a report as lists show it.
type reportItem struct {
	ledger.Report
	Text string    `json:"text,omitempty"` // of the reason
	Who  order.Who `json:"who,omitempty"`
	Do   string    `json:"do,omitempty"`
	Age  string    `json:"age"`
}

func (a *app) reportsCmd() *cobra.Command {
	var q ledger.ReportList
	var all bool
	c := &cobra.Command{
		Use:   "reports",
		Short: "List what malls are to be told of parcels, and how far that came",
		Long: `Reports lists parcels of which a mall has to be told and that it does not show
yet; with --all those that are proven as well.

A report goes waiting, sent, accepted, seen. seen means that the mall itself shows
the number: only that ends it. held: it cannot be sent, see its reason. unknown: no
answer came; the mall is asked before it is sent again. rejected: the mall refuses
it. upload, uploaded: it goes by a sheet (uploads). extra: a further number, for
which the mall has no place. revoked: the mall was told, and the warehouse took the
number back.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.with(c, func(env *stage.Env) error {
				q.Open = !all && q.State == "" && q.Order == "" && q.Tracking == ""
				rs, err := env.Ledger.Reports(c.Context(), q)
				if err != nil {
					return err
				}
				lang := a.language(env.Workspace)
				items := make([]reportItem, len(rs))
				for i, r := range rs {
					x := reportItem{Report: r, Age: a.age(r.CreatedAt, r.SeenAt)}
					if r.Reason != "" {
						in := r.Reason.Info()
						x.Text, x.Who, x.Do = r.Reason.Text(lang), in.Who, in.Do[lang]
					}
					items[i] = x
				}
				return listed(a, items, "ACCOUNT ORDER PACKAGE CARRIER TRACKING STATE TRIES AGE WHAT", func(r *reportItem) []string {
					state := r.State
					if r.Late {
						state += " (late)"
					}
					return []string{r.Account, r.Order, r.Package, r.Carrier, r.Tracking, state, fmt.Sprint(r.Tries), order.Span(lang, r.Age), says(lang, *r)}
				})
			})
		},
	}
	f := c.Flags()
	f.StringVar(&q.Account, "account", "", "only this account")
	f.StringVar(&q.Order, "order", "", "only this order")
	f.StringVar(&q.Tracking, "tracking", "", "only this tracking number, without hyphens")
	f.StringVar(&q.State, "state", "", "only this state: "+strings.Join(ledger.ReportStates, ", "))
	f.BoolVar(&all, "all", false, "those that are at their end as well: seen, extra, dropped")
	f.Int64Var(&q.After, "after", 0, "only ids above this, to page on")
	f.IntVar(&q.Limit, "limit", 100, "at most so many")
	c.AddCommand(
		a.verdictCmd("retry", "Send reports again, whatever our own checks say of them", (*ledger.Ledger).RetryReport),
		a.verdictCmd("drop", "Give reports up: the mall is not told", (*ledger.Ledger).DropReport),
	)
	return a.jsonFlag(c)
}

// says is what there is to know of a report beside its state.
func says(lang string, x reportItem) string {
	var parts []string
	for _, s := range []string{x.Text, strings.TrimSpace(x.Code + " " + phrase.Say(lang, x.Detail)), x.Upload} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, " · ")
}

// age is the time from one instant to another, or to now.
func (a *app) age(from, to time.Time) string {
	if to.IsZero() {
		to = a.now()
	}
	return to.Sub(from).Round(time.Minute).String()
}

// verdictCmd makes a command that puts a person's word on reports.
func (a *app) verdictCmd(name, short string, do func(*ledger.Ledger, context.Context, ledger.Verdict) error) *cobra.Command {
	var account, tracking, note, actor string
	c := &cobra.Command{
		Use:   name + " ORDER… --note WHY",
		Short: short,
		Args:  cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if strings.TrimSpace(note) == "" {
				return usage{order.Errorf(order.Invalid, "say why with --note", "reports %s: a reason is needed", name)}
			}
			return a.with(c, func(env *stage.Env) error {
				for _, number := range args {
					if _, err := one(c, env, number, account); err != nil {
						return err
					}
					rs, err := env.Ledger.Reports(c.Context(), ledger.ReportList{Account: account, Order: number, Tracking: tracking})
					if err != nil {
						return err
					}
					// Without a number, what stands still of the order is meant.
					if tracking == "" {
						rs = slices.DeleteFunc(rs, func(r ledger.Report) bool {
							return r.State == ledger.ReportSeen || r.State == ledger.ReportSent || r.State == ledger.ReportExtra || r.State == ledger.ReportDropped || r.State == ledger.ReportUploaded
						})
					}
					if len(rs) == 0 {
						return order.Errorf(order.NotFound, "look with: reports --order "+number, "order %s has no report that waits", number)
					}
					for _, r := range rs {
						if err := do(env.Ledger, c.Context(), ledger.Verdict{ID: r.ID, Note: note, Actor: a.actor(actor), Now: a.now()}); err != nil {
							return err
						}
						a.say("order %s: %s %s: %s", r.Order, r.Carrier, r.Tracking, map[string]string{"retry": "the next report run sends it", "drop": "the mall is not told"}[name])
					}
				}
				return nil
			})
		},
	}
	c.Flags().StringVar(&account, "account", "", "the order's account")
	c.Flags().StringVar(&tracking, "tracking", "", "only this tracking number, without hyphens")
	c.Flags().StringVar(&note, "note", "", "why (required)")
	c.Flags().StringVar(&actor, "by", "", "who says so (default: the user)")
	return c
}

// say writes a line for people, in their language.
func (a *app) say(format string, args ...any) {
	fmt.Fprintln(a.err, phrase.Say(a.said, fmt.Sprintf(format, args...)))
}

func (a *app) uploadsCmd() *cobra.Command {
	var account string
	var all bool
	var limit int
	c := &cobra.Command{
		Use:   "uploads",
		Short: "List sheets of tracking numbers that people have to upload at malls",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.with(c, func(env *stage.Env) error {
				us, err := env.Ledger.Uploads(c.Context(), account, !all, limit)
				if err != nil {
					return err
				}
				return listed(a, us, "ACCOUNT FILE STATE PARCELS BUILT DONE PATH NOTE", func(u *ledger.Upload) []string {
					return []string{u.Account, u.Name, u.State, fmt.Sprint(u.Parcels), local(env.Workspace, u.BuiltAt), local(env.Workspace, u.DoneAt), u.Path, strings.TrimSpace(u.Actor + " " + u.Note)}
				})
			})
		},
	}
	c.Flags().StringVar(&account, "account", "", "only this account")
	c.Flags().BoolVar(&all, "all", false, "those that are done or void as well")
	c.Flags().IntVar(&limit, "limit", 50, "at most so many")
	c.AddCommand(
		a.uploadCmd("done", "Say that sheets were uploaded at the mall", "its parcels are uploaded; a later order sheet proves them", false, (*ledger.Ledger).FinishUpload),
		a.uploadCmd("undo", "Take that word back: the sheet is to be uploaded still", "it is to be uploaded still", true, (*ledger.Ledger).UndoUpload),
		a.uploadCmd("again", "Give a sheet up: what the mall does not show of it comes in another", "the next report run writes its parcels into another sheet", true, (*ledger.Ledger).AgainUpload),
	)
	return a.jsonFlag(c)
}

func (a *app) uploadCmd(name, short, said string, needsNote bool, do func(*ledger.Ledger, context.Context, ledger.Verdict) error) *cobra.Command {
	var account, note, actor string
	use := name + " FILE…"
	if needsNote {
		use += " --note WHY"
	}
	c := &cobra.Command{
		Use:   use,
		Short: short,
		Args:  cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if needsNote && strings.TrimSpace(note) == "" {
				return usage{order.Errorf(order.Invalid, "say why with --note", "uploads %s: a reason is needed", name)}
			}
			return a.with(c, func(env *stage.Env) error {
				for _, file := range args {
					u, err := env.Ledger.UploadByName(c.Context(), account, file[strings.LastIndexAny(file, `/\`)+1:])
					if err != nil {
						return err
					}
					if err := do(env.Ledger, c.Context(), ledger.Verdict{ID: u.ID, Note: note, Actor: a.actor(actor), Now: a.now()}); err != nil {
						return err
					}
					a.say("%s: %s", u.Name, said)
				}
				return nil
			})
		},
	}
	c.Flags().StringVar(&account, "account", "", "the sheet's account")
	c.Flags().StringVar(&note, "note", "", "a remark, or why")
	c.Flags().StringVar(&actor, "by", "", "who says so (default: the user)")
	return c
}
