package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/mallbridge/mallbridge/internal/notice"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

func (a *app) alertsTestCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "test [CHANNEL…]",
		Short: "Send a test notice on every channel, or on those named",
		Args:  cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			return a.with(c, func(env *stage.Env) error {
				all, err := notice.Test(c.Context(), env, args)
				if err != nil {
					return err
				}
				if len(all) == 0 && !a.json {
					a.line("no channel is configured: alerts.channels in mallbridge.yaml")
				}
				code := exit(Done)
				for _, t := range all {
					if !t.OK {
						code = exit(Failed)
					}
					switch {
					case a.json:
					case t.OK:
						fmt.Fprintf(a.out, "ok    %s\n", t.Channel)
					default:
						fmt.Fprintf(a.out, "FAIL  %s: %s\n", t.Channel, t.Error)
					}
				}
				if a.json {
					err = a.print(all)
				}
				if err == nil && code != exit(Done) {
					return code
				}
				return err
			})
		},
	}
	return a.jsonFlag(c)
}

func (a *app) alertsNoticesCmd() *cobra.Command {
	var limit int
	c := &cobra.Command{
		Use:   "notices",
		Short: "List what was told on which channel, and what could not be",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.with(c, func(env *stage.Env) error {
				ns, err := env.Ledger.Notices(c.Context(), limit)
				if err != nil {
					return err
				}
				return listed(a, ns, "CHANNEL ALERT SLOT STATE AT TRIES ERROR", func(n *ledger.Notice) []string {
					at := n.Sent
					if n.State == ledger.NoticeWaiting {
						at = n.Due
					}
					id := "-"
					if n.AlertID != 0 {
						id = fmt.Sprint(n.AlertID)
					}
					return []string{n.Channel, id, n.Slot, n.State, local(env.Workspace, at), fmt.Sprint(n.Tries), n.Error}
				})
			})
		},
	}
	c.Flags().IntVar(&limit, "limit", 50, "at most so many")
	return a.jsonFlag(c)
}

// notify tells what is to be told after a run. What a channel says is a message, no
// failure of the run: it is tried again by the next one.
func (a *app) notify(ctx context.Context, env *stage.Env) {
	rep, err := notice.Send(ctx, env)
	if err != nil {
		a.fail(err)
	}
	for _, e := range rep.Errors {
		fmt.Fprintf(a.err, "%-9s %s\n", "notices", e)
	}
}
