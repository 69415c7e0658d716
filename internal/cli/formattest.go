package cli

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/mappers/format"
	"github.com/mallbridge/mallbridge/order"
)

func (a *app) formatTestCmd() *cobra.Command {
	var update bool
	var warehouse string
	c := &cobra.Command{
		Use:   "test DIR",
		Short: "Run the cases of a folder: what is read, what is written, byte for byte, and what is held",
		Long: `Test runs every case FORMAT/CASE of a folder: files that are read, records that are
written, byte for byte. Then it puts a text that is too long, a character outside the
charset and nothing into each column of every format that has a case of writing, and
says which columns of free text have no limit.

The folder tests/WAREHOUSE of a workspace is run under that warehouse's charset,
replacements and values; for another folder name it with --warehouse.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			dir := filepath.Clean(args[0])
			set, o, err := a.caseSetup(dir, warehouse)
			if err != nil {
				return err
			}
			if info, err := os.Stat(dir); err != nil {
				return err
			} else if !info.IsDir() {
				return order.Errorf(order.Invalid, "a case is a folder FORMAT/CASE with its files", "%s is no folder", dir)
			}
			results, err := format.RunCasesWith(os.DirFS(dir), set, o)
			if err != nil {
				return err
			}
			if len(results) == 0 {
				return order.Errorf(order.NotFound, "a case is a folder FORMAT/CASE with its files", "no cases in %s", dir)
			}
			failed, err := a.caseResults(dir, results, update)
			if err != nil {
				return err
			}
			held, err := a.probes(os.DirFS(dir), set, o)
			if err != nil {
				return err
			}
			fmt.Fprintf(a.out, "%d cases, %d failed\n", len(results), failed)
			if failed > 0 || !held {
				return exit(Failed)
			}
			return nil
		},
	}
	c.Flags().BoolVar(&update, "update", false, "write what comes out as what is wanted; look at the difference before you keep it")
	c.Flags().StringVar(&warehouse, "warehouse", "", "run them under this warehouse's charset, replacements and values")
	return c
}

// caseSetup finds the formats, and what the folder's warehouse adds.
func (a *app) caseSetup(dir, warehouse string) (*format.Set, format.CaseOptions, error) {
	var o format.CaseOptions
	if _, err := os.Stat(filepath.Join(a.workspaceDir(), configs.SettingsFile)); err != nil && warehouse == "" {
		all, err := configs.Builtin()
		var set format.Set
		for _, f := range all {
			set.Add(f)
		}
		return &set, o, err
	}
	ws, _, err := configs.Load(a.workspaceDir(), a.getenv)
	if err != nil {
		return nil, o, err
	}
	if warehouse != "" {
		var ok bool
		if _, ok = ws.Warehouse(warehouse); !ok {
			return nil, o, order.Errorf(order.NotFound, "look into warehouses/", "no warehouse %s", warehouse)
		}
		o, _ = ws.CaseOptions(warehouse)
	} else if abs, err := filepath.Abs(dir); err == nil && filepath.Dir(abs) == filepath.Join(ws.Dir, "tests") {
		o, _ = ws.CaseOptions(filepath.Base(abs))
	}
	return ws.Formats.Set(), o, nil
}

func (a *app) caseResults(dir string, results []format.CaseResult, update bool) (failed int, err error) {
	for _, r := range results {
		switch {
		case r.Err == nil:
			fmt.Fprintf(a.out, "ok   %s\n", r.Name)
		case update && len(r.Got) > 0:
			if err := r.Update(dir); err != nil {
				return failed, err
			}
			fmt.Fprintf(a.out, "new  %s\n%s\n", r.Name, indent(r.Err.Error()))
		default:
			failed++
			fmt.Fprintf(a.out, "FAIL %s\n%s\n", r.Name, indent(r.Err.Error()))
		}
	}
	return failed, nil
}

// probes reports whether every column holds what does not fit.
func (a *app) probes(fsys fs.FS, set *format.Set, o format.CaseOptions) (bool, error) {
	probes, err := format.Probes(fsys, set, o)
	good := true
	for _, p := range probes {
		if p.Err != nil {
			good = false
			fmt.Fprintf(a.out, "FAIL %s: columns\n%s\n", p.Format, indent(p.Err.Error()))
			continue
		}
		fmt.Fprintf(a.out, "ok   %s: %d columns hold too long texts, %d characters outside the charset, %d empty values\n", p.Format, p.Lengths, p.Characters, p.Required)
		if len(p.Unlimited) > 0 {
			fmt.Fprintf(a.out, "     no width is known of %s\n", strings.Join(p.Unlimited, ", "))
		}
	}
	return good, err
}
