package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/mallbridge/mallbridge/console"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

func (a *app) userCmd() *cobra.Command {
	c := &cobra.Command{Use: "user", Short: "Say who may use the pages", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	list := &cobra.Command{
		Use:   "list",
		Short: "List who may use the pages",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.with(c, func(env *stage.Env) error {
				us, err := env.Ledger.Users(c.Context())
				if err != nil {
					return err
				}
				return listed(a, us, "NAME ROLE STATE SIGNED-IN", func(u *ledger.User) []string {
					state := ""
					switch {
					case u.Disabled:
						state = "disabled"
					case u.Hash == "":
						state = "invited"
					}
					return []string{u.Name, u.Role, state, local(env.Workspace, u.SeenAt)}
				})
			})
		},
	}
	var role, actor string
	invite := &cobra.Command{
		Use:   "invite NAME",
		Short: "Add a user, or let one choose a new password, by a link that works once",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.with(c, func(env *stage.Env) error {
				path, err := console.Invite(c.Context(), env, args[0], role, a.actor(actor))
				if err != nil {
					return err
				}
				_, err = fmt.Fprintln(a.out, path)
				return err
			})
		},
	}
	invite.Flags().StringVar(&role, "role", ledger.Operator, "viewer (reads), operator (uploads, holds, releases, approves) or admin (users too)")
	var back bool
	disable := &cobra.Command{
		Use:   "disable NAME",
		Short: "Shut a user out",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.with(c, func(env *stage.Env) error {
				if _, err := env.Ledger.User(c.Context(), args[0]); err != nil {
					return order.Errorf(order.CodeOf(err), `"user list" names them`, "%w", err)
				}
				return env.Ledger.Disable(c.Context(), args[0], !back, a.actor(actor), a.now())
			})
		},
	}
	disable.Flags().BoolVar(&back, "undo", false, "let the user in again")
	for _, x := range []*cobra.Command{invite, disable} {
		x.Flags().StringVar(&actor, "by", "", "who says so (default: the user)")
	}
	c.AddCommand(a.jsonFlag(list), invite, disable)
	return c
}
