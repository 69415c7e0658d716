package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/mallbridge/mallbridge/internal/durable"
	"github.com/mallbridge/mallbridge/mappers/format"
	"github.com/mallbridge/mallbridge/order"
)

func (a *app) formatNewCmd() *cobra.Command {
	var from, out string
	var o format.GuessOptions
	c := &cobra.Command{
		Use:   "new NAME --from SAMPLE",
		Short: "Write a format for a file that you have, for a person to finish",
		Long: `New looks at a sample — CSV, TSV or a workbook — guesses charset, header, columns,
types and dates, and names the fields of columns whose titles other formats know.
What it writes has a comment on every column and none of the sample's data but short
codes. Columns that it does not know are left for you.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if from == "" {
				return usage{order.Errorf(order.Invalid, "name a file with --from", "format new: no sample")}
			}
			all, err := a.formats()
			if err != nil {
				return err
			}
			o.Name, o.Known = args[0], &format.Set{}
			for _, f := range all {
				o.Known.Add(f)
			}
			src, done, err := a.source(from)
			if err != nil {
				return err
			}
			defer done()
			src.Name = filepath.Base(src.Name)
			g, err := format.Guess(src, o)
			if err != nil {
				return withPassword(err)
			}
			if err := a.writeNew(out, g.YAML); err != nil {
				return err
			}
			fmt.Fprintf(a.err, "%s: %d columns known, %d for you to name\n", g.Record, g.Known, g.Unknown)
			if g.Err != nil {
				fmt.Fprintf(a.err, "to be done before it can be used:\n%s\n", indent(g.Err.Error()))
				a.code = Waiting
			}
			return nil
		},
	}
	c.Flags().StringVar(&from, "from", "", "the sample")
	c.Flags().StringVarP(&out, "out", "o", "", "write to this file (default: standard output)")
	c.Flags().StringVar(&o.Record, "record", "", "what its rows are: orders, results, stock, acks, instructions, tracking (default: by the titles)")
	c.Flags().StringVar(&o.Country, "country", "", "JP or KR")
	c.Flags().BoolVar(&o.Out, "written", false, "the format is of files that are written, not read")
	c.Flags().StringVar(&o.Password, "password", "", "of a protected Excel file")
	return c
}

func (a *app) writeNew(name string, b []byte) error {
	if name == "" || name == "-" {
		_, err := a.out.Write(b)
		return err
	}
	if _, err := os.Stat(name); err == nil {
		return order.Errorf(order.Conflict, "name another file with --out", "%s is there already", name)
	}
	return durable.Write(name, func(w io.Writer) error { _, err := w.Write(b); return err })
}
