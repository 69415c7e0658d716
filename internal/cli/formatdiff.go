package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/mappers/format"
	"github.com/mallbridge/mallbridge/mappers/record"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

func (a *app) formatDiffCmd() *cobra.Command {
	var batch, password string
	var limit int
	c := &cobra.Command{
		Use:   "diff OLD [NEW] [FILE]",
		Short: "Show what a change of layout does to yesterday's file",
		Long: `Diff lists how the layout NEW differs from OLD, then what that does to a file of
yesterday. Each is a format's name or a .yaml file; with one name alone the built-in
format is compared with the workspace's own of that name.

FILE is an order sheet, result or stock file that both read, or a file of records
(.jsonl, as in cases) that both write. For instruction files --batch takes the
instructions of a batch from the ledger, by its number or file name, or "last".`,
		Args: cobra.RangeArgs(1, 3),
		RunE: func(c *cobra.Command, args []string) error {
			old, now, rest, err := a.diffFormats(args)
			if err != nil {
				return err
			}
			layout := format.LayoutDiff(old, now)
			fmt.Fprintln(a.out, "layout")
			for _, l := range layout {
				fmt.Fprintln(a.out, "  "+l)
			}
			if len(layout) == 0 {
				fmt.Fprintln(a.out, "  no difference")
			}
			var d format.Diff
			switch {
			case batch != "":
				d, err = a.diffBatch(c, old, now, batch)
			case rest == "":
				if len(layout) > 0 {
					return exit(Waiting)
				}
				return nil
			case strings.HasSuffix(rest, ".jsonl"):
				d, err = diffRecords(old, now, rest)
			default:
				d, err = a.diffFile(c.Context(), old, now, rest, password)
			}
			if err != nil {
				return err
			}
			a.showDiff(d, limit)
			if len(layout) > 0 || len(d.Changes) > 0 {
				return exit(Waiting)
			}
			return nil
		},
	}
	c.Flags().StringVar(&batch, "batch", "", "the instructions of this batch, or of the last one: last")
	c.Flags().StringVar(&password, "password", "", "of a protected Excel file")
	c.Flags().IntVar(&limit, "limit", 40, "show so many differences")
	return c
}

// diffFormats takes the formats from the arguments, and what is left of them.
func (a *app) diffFormats(args []string) (old, now *format.Format, rest string, err error) {
	if len(args) == 1 || len(args) == 2 && !a.isFormat(args[1]) {
		all, err := configs.Builtin()
		if err != nil {
			return nil, nil, "", err
		}
		var ok bool
		if old, ok = all[args[0]]; !ok {
			return nil, nil, "", order.Errorf(order.Invalid, "name two formats: format diff OLD NEW", "%s is no built-in format", args[0])
		}
		if now, err = a.format(args[0]); err != nil {
			return nil, nil, "", err
		}
		return old, now, strings.Join(args[1:], ""), nil
	}
	if old, err = a.format(args[0]); err == nil {
		now, err = a.format(args[1])
	}
	return old, now, strings.Join(args[2:], ""), err
}

func (a *app) isFormat(name string) bool {
	_, err := a.format(name)
	return err == nil || strings.HasSuffix(name, ".yaml")
}

func (a *app) diffFile(ctx context.Context, old, now *format.Format, name, password string) (format.Diff, error) {
	if !old.Reads() || !now.Reads() {
		return format.Diff{}, order.Errorf(order.Invalid, "give --batch, or a file of records (.jsonl)", "files of %s are written, not read", now.Name())
	}
	src, done, err := a.source(name)
	if err != nil {
		return format.Diff{}, err
	}
	defer done()
	return format.DiffRead(ctx, src, old, now, format.ReadOptions{Password: password})
}

// diffRecords compares what is written of the records of a case.
func diffRecords(old, now *format.Format, name string) (format.Diff, error) {
	var d format.Diff
	f, err := os.Open(name)
	if err != nil {
		return d, err
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<24)
	for n := 1; s.Scan(); n++ {
		var list []map[string]string
		if err := json.Unmarshal(s.Bytes(), &list); err != nil {
			return d, order.Errorf(order.Invalid, "each line is a list of records, as in cases", "%s:%d: %w", name, n, err)
		}
		group := make([]record.Record, len(list))
		for i, m := range list {
			group[i] = record.New()
			for k, v := range m {
				field, ok := record.Lookup(k)
				if !ok {
					return d, order.Errorf(order.Invalid, "", "%s:%d: there is no field %q", name, n, k)
				}
				group[i][field] = v
			}
		}
		if len(group) > 0 {
			d.DiffGroup(group[0][record.InstructionNumber], group, old, now, format.WriteOptions{}, format.WriteOptions{})
		}
	}
	return d, s.Err()
}

// diffBatch compares what is written of a batch of the ledger, with the charset,
// replacements and values of its warehouse.
func (a *app) diffBatch(c *cobra.Command, old, now *format.Format, number string) (d format.Diff, err error) {
	if !old.Writes() || !now.Writes() {
		return d, order.Errorf(order.Invalid, "give a file that they read", "files of %s are read, not written", now.Name())
	}
	err = a.with(c, func(env *stage.Env) error {
		b, err := findBatch(c.Context(), env, number)
		if err != nil {
			return err
		}
		h, ok := env.Workspace.Warehouse(b.Warehouse)
		if !ok {
			return order.Errorf(order.NotFound, "", "warehouse %s is no longer configured", b.Warehouse)
		}
		of := func(f *format.Format) (format.WriteOptions, error) {
			o := format.WriteOptions{Batch: format.Batch{Number: b.Number, Warehouse: h.Name, Time: b.ClaimedAt, Zone: h.Location}}
			var err error
			o.Charset, o.Replacements, err = h.Encoding(f)
			return o, err
		}
		oldOptions, err := of(old)
		if err != nil {
			return err
		}
		newOptions, err := of(now)
		if err != nil {
			return err
		}
		values, _ := env.Workspace.CaseOptions(h.Name)
		fmt.Fprintf(a.out, "batch %s of %s, %d instructions\n", b.Number, b.Warehouse, b.Instructions)
		return env.Ledger.Instructions(c.Context(), b.ID, func(in *order.Instruction) error {
			group := record.FromInstruction(nil, in, record.Batch{Number: b.Number, Time: b.ClaimedAt.In(h.Location)}, false)
			for _, r := range group {
				for field, text := range values.Values {
					r[field] = text
				}
			}
			d.DiffGroup(in.Number, group, old, now, oldOptions, newOptions)
			return nil
		})
	})
	return d, err
}

func findBatch(ctx context.Context, env *stage.Env, number string) (*ledger.Batch, error) {
	if number != "last" {
		return env.Ledger.BatchByNumber(ctx, "", number)
	}
	list, err := env.Ledger.Batches(ctx, "", 1)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, order.Errorf(order.NotFound, "", "there is no batch yet")
	}
	return &list[0], nil
}

func (a *app) showDiff(d format.Diff, limit int) {
	for i, ch := range d.Changes {
		if i == limit {
			fmt.Fprintf(a.out, "  … %d more\n", len(d.Changes)-limit)
			break
		}
		what := ch.Where
		if ch.What != "" {
			what += " " + ch.What
			ch.Old, ch.New = fmt.Sprintf("%q", ch.Old), fmt.Sprintf("%q", ch.New)
		}
		fmt.Fprintf(a.out, "  %s: %s → %s\n", what, ch.Old, ch.New)
	}
	fmt.Fprintf(a.out, "%d rows: %d the same, %d changed, %d no longer, %d new\n", d.Rows, d.Same, d.Changed, d.Lost, d.Won)
}
