package cli

import (
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/internal/durable"
	"github.com/mallbridge/mallbridge/mappers/format"
	"github.com/mallbridge/mallbridge/order"
)

func (a *app) formatTemplateCmd() *cobra.Command {
	var out, account string
	c := &cobra.Command{
		Use:   "template FORMAT",
		Short: "Write an empty sheet of a format for people to fill in",
		Long: `Template writes the header of a format: as a workbook with a note for each column, codes
as text, a frozen header and drop-down lists, or as CSV where the format is text. In a
workspace the lists have the payment and delivery methods and time bands of its masters;
--account takes those of one account.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			f, err := a.format(args[0])
			if err != nil {
				return err
			}
			o, err := a.templateOptions(account)
			if err != nil {
				return err
			}
			if out == "" || out == "-" {
				return f.TemplateWith(a.out, o)
			}
			if _, err := os.Stat(out); err == nil {
				return order.Errorf(order.Conflict, "name another file with --out", "%s is there already", out)
			}
			o.Workbook = strings.EqualFold(filepath.Ext(out), ".xlsx")
			return durable.Write(out, func(w io.Writer) error { return f.TemplateWith(w, o) })
		},
	}
	c.Flags().StringVarP(&out, "out", "o", "", "write to this file (default: standard output)")
	c.Flags().StringVar(&account, "account", "", "lists of this account")
	return c
}

func (a *app) templateOptions(account string) (format.TemplateOptions, error) {
	var o format.TemplateOptions
	if _, err := os.Stat(filepath.Join(a.workspaceDir(), configs.SettingsFile)); err != nil && account == "" {
		return o, nil
	}
	ws, _, err := configs.Load(a.workspaceDir(), a.getenv)
	if err != nil {
		return o, err
	}
	if _, ok := ws.Account(account); account != "" && !ok {
		return o, order.Errorf(order.NotFound, "look into accounts/", "no account %s", account)
	}
	o.Lists = ws.Choices(account)
	return o, nil
}
