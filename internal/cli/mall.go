package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/mallbridge/mallbridge/configs"
)

func (a *app) mallCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "mall",
		Short: "Say which malls there are and what can be done with each",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.mallListCmd())
	return c
}

func (a *app) mallListCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "list",
		Short: "List malls and order systems: by API or sheets, and what goes which way",
		Long: `List shows of every mall and order system whether it has an API, the layouts of its order
sheets (SHEET_IN) and of the file that tells it of tracking numbers (SHEET_OUT; a ~ before
a layout that is not public or not certain), and what goes by API or by sheet:

  CONFIRM   the mall is told that the shop has taken an order
  TRACKING  it is told of tracking numbers
  PROOF     it shows what it was told
  STOCK     it is told what may be sold
  PRODUCTS  it lists what the shop sells
  CANCEL    cancels and requests for them are seen
  KEYS      the end of the keys is asked of the mall, or computed from their day of issue`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			all, err := configs.AllAbilities()
			if err != nil {
				return err
			}
			lang := a.language(nil)
			return listed(a, all, "MALL API SHEET_IN SHEET_OUT CONFIRM TRACKING PROOF STOCK PRODUCTS CANCEL KEYS TITLE", func(m *configs.Abilities) []string {
				api := "-"
				if m.API {
					api = "api"
				}
				out := m.SheetOut
				if m.Sure == "convention" || m.Sure == "inferred" {
					out = "~" + out
				}
				return []string{
					m.Mall, api, dash(strings.Join(m.SheetIn, ",")), dash(out), dash(string(m.Confirm)), dash(string(m.Tracking)), dash(string(m.Proof)),
					dash(string(m.Stock)), dash(string(m.Products)), dash(string(m.Cancel)), dash(m.Keys), m.Title[lang],
				}
			})
		},
	}
	return a.jsonFlag(c)
}
