package cli

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/internal/phrase"
)

func (a *app) checkCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "check",
		Short: "Check the workspace and explain what it will do; touches no network",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			ws, findings, err := configs.Load(a.workspaceDir(), a.getenv)
			if err != nil {
				return err
			}
			findings, n := findings.In(phrase.Findings(a.language(ws))), findings.Errors()
			if a.json {
				if err := a.print(map[string]any{"findings": findings, "errors": n}); err != nil {
					return err
				}
			} else {
				for _, f := range findings {
					fmt.Fprintln(a.err, f.String())
				}
				if err := configs.Explain(a.out, ws, a.language(ws)); err != nil {
					return err
				}
			}
			if n > 0 {
				a.wrong(ws, n)
				return exit(Usage)
			}
			return nil
		},
	}
	return a.jsonFlag(c)
}

// wrong says how many errors keep a workspace from running.
func (a *app) wrong(ws *configs.Workspace, n int) {
	fmt.Fprintf(a.err, "error: %s\n", phrase.Say(a.language(ws), fmt.Sprintf("the workspace %s has %d errors", ws.Dir, n)))
}

func (a *app) initCmd() *cobra.Command {
	var country string
	c := &cobra.Command{
		Use:   "init DIR",
		Short: "Write a commented workspace to begin with",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := configs.Init(args[0], configs.InitOptions{Country: country}); err != nil {
				return err
			}
			fmt.Fprintf(a.err, "%s is ready. Next: edit it, then\n  mallbridge check --dir %s\n", args[0], args[0])
			return nil
		},
	}
	c.Flags().StringVar(&country, "country", "JP", "country of the warehouse: JP or KR")
	return c
}

// version is set by the release build.
var version = ""

func (a *app) versionCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			v := version
			if v == "" {
				v = "development"
				if b, ok := debug.ReadBuildInfo(); ok {
					for _, s := range b.Settings {
						if s.Key == "vcs.revision" && len(s.Value) > 12 {
							v += " " + s.Value[:12]
						}
					}
				}
			}
			_, err := fmt.Fprintln(a.out, "mallbridge", v)
			return err
		},
	}
}
