package cli

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mallbridge/mallbridge/configs/formats"
	"github.com/mallbridge/mallbridge/internal/phrase"
	"github.com/mallbridge/mallbridge/mappers/format"
	"github.com/mallbridge/mallbridge/mappers/record"
	"github.com/mallbridge/mallbridge/mappers/workbook"
	"github.com/mallbridge/mallbridge/order"
)

func (a *app) formatCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "format",
		Short: "Look at file formats, try them, and test them",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.formatListCmd(), a.formatShowCmd(), a.formatPreviewCmd(), a.formatTemplateCmd(), a.formatTestCmd(), a.formatDiffCmd(), a.formatNewCmd())
	return c
}

func (a *app) formatListCmd() *cobra.Command {
	var record, country, sureness string
	c := &cobra.Command{
		Use:   "list",
		Short: "List formats: what they hold, which way, how sure their facts are",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			set, err := a.formats()
			if err != nil {
				return err
			}
			type item struct {
				Name      string `json:"name"`
				Record    string `json:"record"`
				Direction string `json:"direction"`
				Country   string `json:"country"`
				Sureness  string `json:"sureness"`
				Title     string `json:"title"`
				Source    string `json:"source"`
			}
			var items []item
			for _, n := range slices.Sorted(maps.Keys(set)) {
				f := set[n]
				x := item{n, string(f.Kind()), f.Spec.Direction, f.Spec.Country, f.Spec.Sureness, f.Title(a.language(nil)), f.Spec.Source}
				if record != "" && x.Record != record || country != "" && x.Country != "" && !strings.EqualFold(x.Country, country) || sureness != "" && x.Sureness != sureness {
					continue
				}
				items = append(items, x)
			}
			return listed(a, items, "FORMAT RECORD DIRECTION SURENESS TITLE", func(x *item) []string {
				return []string{x.Name, x.Record, x.Direction, x.Sureness, x.Title}
			})
		},
	}
	c.Flags().StringVar(&record, "record", "", "only those of orders, instructions, results, stock, acks, stops or tracking")
	c.Flags().StringVar(&country, "country", "", "only those of JP or KR, and those of every country")
	c.Flags().StringVar(&sureness, "sureness", "", "only confirmed, one-source, inferred or convention ones")
	return a.jsonFlag(c)
}

func (a *app) formatShowCmd() *cobra.Command {
	var asYAML bool
	c := &cobra.Command{
		Use:   "show FORMAT",
		Short: "List the columns of a format, or print its file to adapt a copy of it",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			f, err := a.format(args[0])
			if err != nil {
				return err
			}
			if asYAML {
				b, err := a.formatText(args[0])
				if err != nil {
					return err
				}
				_, err = a.out.Write(b)
				return err
			}
			s := &f.Spec
			fmt.Fprintf(a.out, "%s: %s\n%s, %s, %s; %s %s\nsource: %s (%s)\n", f.Name(), f.Title(a.language(nil)), s.Record, s.Direction, s.File.Kind, f.Charset().Name(), s.File.Newline, s.Source, s.Sureness)
			var cells [][]string
			for i := range s.Columns {
				c := &s.Columns[i]
				what := c.Field
				switch {
				case c.Const != nil:
					what = fmt.Sprintf("%q", *c.Const)
				case c.Expr != "":
					what = c.Expr
				case c.Text != "":
					what = c.Text
				case len(c.Join) > 0:
					what = strings.Join(c.Join, " + ")
				}
				need := ""
				if c.Require {
					need = "required"
				}
				limit := ""
				if c.Chars > 0 {
					limit = fmt.Sprintf("%d characters", c.Chars)
				}
				if c.Bytes > 0 {
					limit = strings.TrimSpace(limit + fmt.Sprintf(" %d bytes", c.Bytes))
				}
				cells = append(cells, []string{fmt.Sprint(i + 1), c.Name, what, c.Type, need, limit})
			}
			return a.table("NO COLUMN FIELD TYPE NEEDED LIMIT", cells)
		},
	}
	c.Flags().BoolVar(&asYAML, "yaml", false, "print the format itself")
	return c
}

// formatText is the file of a format: the workspace's own, or the built-in one.
func (a *app) formatText(name string) ([]byte, error) {
	if strings.HasSuffix(name, ".yaml") {
		return os.ReadFile(name)
	}
	if b, err := os.ReadFile(filepath.Join(a.workspaceDir(), "formats", name+".yaml")); err == nil {
		return b, nil
	}
	return formats.FS.ReadFile(name + ".yaml")
}

func (a *app) formatPreviewCmd() *cobra.Command {
	var name, password string
	var limit int
	c := &cobra.Command{
		Use:   "preview FILE [FILE]",
		Short: "Show what would be read of a file, or of a mall's two files; nothing is stored",
		Args:  cobra.RangeArgs(1, 2),
		RunE: func(c *cobra.Command, args []string) error {
			src, done, err := a.source(args[0])
			if err != nil {
				return err
			}
			defer func() { done() }()
			var f *format.Format
			if name != "" {
				f, err = a.format(name)
			} else {
				f, err = a.recognise(src, password)
			}
			if err != nil {
				return err
			}
			if src, done, err = a.sheet(f, src, done, strings.Join(args[1:], "")); err != nil {
				return err
			}
			fmt.Fprintf(a.err, "%s: read as %s (%s)\n", strings.Join(args, " + "), f.Name(), f.Title(a.language(nil)))
			if unread, err := f.Unread(src, format.ReadOptions{Password: password}); err == nil && len(unread) > 0 {
				more := ""
				if n := len(unread) - 20; n > 0 {
					unread, more = unread[:20], fmt.Sprintf(" and %d more", n)
				}
				fmt.Fprintf(a.err, "columns that are not read: %s%s\n", strings.Join(unread, ", "), more)
			}
			shown := 0
			refused := 0
			stats, err := f.Read(c.Context(), src, format.ReadOptions{Password: password, Refuse: func(r format.Refusal) {
				if refused++; refused <= limit {
					fmt.Fprintf(a.err, "%s\n", phrase.Say(a.said, "refused: "+r.String()))
				}
			}}, func(g format.Group) error {
				for i, r := range g.Records {
					if shown++; shown > limit {
						return nil
					}
					fmt.Fprintf(a.out, "line %d\n", g.Rows[i].Line)
					for fld, v := range r {
						if v != "" {
							fmt.Fprintf(a.out, "  %-22s %s\n", record.Field(fld).String(), strings.ReplaceAll(v, "\n", "⏎"))
						}
					}
				}
				return nil
			})
			if err != nil {
				return withPassword(err)
			}
			fmt.Fprintf(a.err, "%d rows: %d taken, %d filtered, %d refused\n", stats.Rows, stats.Taken, stats.Filtered, stats.Refused)
			if stats.Refused > 0 {
				a.code = Waiting
			}
			return nil
		},
	}
	c.Flags().StringVar(&name, "format", "", "read it as this format (default: by its header)")
	c.Flags().StringVar(&password, "password", "", "of a protected Excel file")
	c.Flags().IntVar(&limit, "limit", 5, "show so many rows")
	return c
}

// recognise finds the format whose header a file has. Files that are uploaded to malls
// are not looked for: some have the header of the order sheet they answer.
func (a *app) recognise(src format.Source, password string) (*format.Format, error) {
	all, err := a.formats()
	if err != nil {
		return nil, err
	}
	var set format.Set
	var names []string
	for _, n := range slices.Sorted(maps.Keys(all)) {
		if f := all[n]; f.Reads() && f.Kind() != record.Tracking && f.Spec.File.Header == "names" {
			set.Add(f)
			names = append(names, n)
			if f.Half(src) != format.NoHalf {
				return f, nil
			}
		}
	}
	f, err := set.Recognise(src, format.ReadOptions{Password: password}, names...)
	var bad *format.FileError
	switch {
	case errors.As(err, &bad) && bad.Near():
		return nil, order.Errorf(order.Invalid, order.HintOf(err), "%w (it comes nearest to the format %s)", err, f.Name())
	case errors.As(err, &bad) && bad.Reason == order.RefusedColumns:
		return nil, order.Errorf(order.Invalid, `name the format that it should have with --format; "format list" lists them`, "%s: no format has such a header", src.Name)
	}
	return f, withPassword(err)
}

// withPassword says how a person at the command line gives a password.
func withPassword(err error) error {
	if errors.Is(err, workbook.ErrPassword) || errors.Is(err, workbook.ErrWrongPassword) {
		return order.Errorf(order.Invalid, "give the password with --password", "%w", err)
	}
	return err
}

func indent(s string) string { return "     " + strings.ReplaceAll(s, "\n", "\n     ") }
