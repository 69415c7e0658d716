package cli

import (
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/mallbridge/mallbridge/internal/demo"
	"github.com/mallbridge/mallbridge/order"
)

func (a *app) demoCmd() *cobra.Command {
	var o demo.Options
	c := &cobra.Command{
		Use:   "demo",
		Short: "Play a day of shops at ten malls and their warehouses; nothing in it is real",
		Long: `Demo makes a workspace with invented orders of shops at ten malls in Japan and Korea,
by sheet and by API, and three simulated warehouses behind real SFTP servers on this
machine. It then plays
one working day, stage by stage, and shows what happens and why.

After that new orders keep coming until Ctrl-C, and every other command can be
tried on the workspace. With --once it ends after the day; --once --json prints
one JSON object with the day in numbers and nothing else.

Without --dir the workspace lies in a temporary folder, which --once removes in the
end unless --keep is given.`,
		Example: `  mallbridge demo
  mallbridge demo --once --lang ja
  mallbridge demo --once --dir /tmp/demo --json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if o.Orders < 1 || o.Orders > maxDemoOrders {
				return usage{order.Errorf(order.Invalid, "use 1 to 1000000", "--orders %d", o.Orders)}
			}
			o.Dir, o.Lang, o.Now = a.dir, a.language(nil), a.now
			if !a.json {
				o.Out, o.Terminal = a.out, isTerminal(a.out) && a.getenv("NO_COLOR") == ""
			}
			sum, err := demo.Run(c.Context(), o)
			if err != nil {
				return err
			}
			if a.json {
				return a.print(sum)
			}
			return nil
		},
	}
	f := c.Flags()
	f.BoolVar(&o.Once, "once", false, "end after one day, without waiting for anyone")
	f.BoolVar(&o.Keep, "keep", false, "leave the temporary folder where it is")
	f.Uint64Var(&o.Seed, "seed", 1, "the same seed and day give the same orders")
	f.BoolVar(&o.B2, "b2", false, "the warehouse in Japan takes the import layout of Yamato B2 Cloud")
	f.IntVar(&o.Orders, "orders", 300, "orders of the day")
	return a.jsonFlag(c)
}

const maxDemoOrders = 1_000_000

// isTerminal reports whether w is a terminal that shows colours and progress.
func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
