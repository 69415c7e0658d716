package cli

import (
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/mallbridge/mallbridge/internal/phrase"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

func (a *app) alertsCmd() *cobra.Command {
	c := a.alertList("alerts", "List what somebody should know of: overdue answers, keys that end, brakes, cancels at risk", func(order.AlertClass) bool { return true })
	c.AddCommand(a.alertsTestCmd(), a.alertsNoticesCmd())
	return c
}

func (a *app) differencesCmd() *cobra.Command {
	return a.alertList("differences", "List in what mall, ledger and warehouse disagree, since when, and who must act", func(c order.AlertClass) bool { return c == order.Difference })
}

// alertList makes a command that lists the open alerts of some classes.
func (a *app) alertList(name, short string, wanted func(order.AlertClass) bool) *cobra.Command {
	var q ledger.AlertList
	var kind string
	var ended int
	c := &cobra.Command{
		Use:   name,
		Short: short,
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if kind != "" && !slices.ContainsFunc(order.Alerts, func(i order.AlertInfo) bool { return string(i.Alert) == kind }) {
				return usage{order.Errorf(order.Invalid, "docs/alerts.md lists them", "--kind %q is not known", kind)}
			}
			return a.with(c, func(env *stage.Env) error {
				now := env.Now()
				q.Kind = order.Alert(kind)
				if ended > 0 {
					q.Ended = now.AddDate(0, 0, -ended)
				}
				all, err := env.Ledger.Alerts(c.Context(), q)
				if err != nil {
					return err
				}
				lang := a.language(env.Workspace)
				type item struct {
					ledger.Alert
					Class string    `json:"class"`
					Red   bool      `json:"red"`
					Who   order.Who `json:"who"`
					Text  string    `json:"text"`
					Do    string    `json:"do"`
				}
				var items []item
				for _, x := range all {
					in := x.Kind.Info()
					if !wanted(in.Class) {
						continue
					}
					it := item{x, string(in.Class), in.Red, in.Who, phrase.Alert(lang, x.Kind, x.Target, x.Subject, x.Args...), in.Do[lang]}
					if it.Do == "" {
						it.Do = in.Do["en"]
					}
					items = append(items, it)
				}
				return listed(a, items, "LEVEL KIND TARGET SINCE AGE WHO TEXT", func(x *item) []string {
					level, until := "warning", now
					switch {
					case !x.Ended.IsZero():
						level, until = "ended", x.Ended
					case x.Red:
						level = "red"
					}
					return []string{level, string(x.Kind), dash(x.Target), local(env.Workspace, x.Since), order.Span(lang, age(until.Sub(x.Since))), string(x.Who), x.Text}
				})
			})
		},
	}
	f := c.Flags()
	f.StringVar(&q.Target, "target", "", "only of this account or warehouse")
	f.StringVar(&kind, "kind", "", "only this kind")
	f.IntVar(&ended, "ended", 0, "those also that ended in the last so many days")
	return a.jsonFlag(c)
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// age writes how long something lasts, in its largest unit and the next.
func age(d time.Duration) string {
	switch {
	case d >= 24*time.Hour:
		return fmt.Sprintf("%dd%dh", d/(24*time.Hour), d%(24*time.Hour)/time.Hour)
	case d >= time.Hour:
		return fmt.Sprintf("%dh%dm", d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%dm", max(d, 0)/time.Minute)
}
