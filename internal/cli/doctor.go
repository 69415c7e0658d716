package cli

import (
	"context"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/internal/doctor"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

func (a *app) doctorCmd() *cobra.Command {
	var online bool
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Look whether workspace, machine and databases are well, and say what to do if not",
		Long: `Doctor looks at the configuration, the clock, the disks, the rights, the secrets, the
host keys, the ledger and the queue, the keys of malls, backups, leftovers and serve.
Each finding that is not ok has a next step. It asks nobody but its own database and
the serve of this machine; --online asks malls and drops too: their clocks, the end of
keys, host keys, and it writes and removes a test file at each drop.

Exit codes: 0 all is well; 3 there are warnings; 1 there are errors; 2 the
configuration has errors.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.doctor(c.Context(), online) },
	}
	c.Flags().BoolVar(&online, "online", false, "ask malls and drops too")
	return a.jsonFlag(c)
}

func (a *app) doctor(ctx context.Context, online bool) error {
	ws, findings, err := configs.Load(a.workspaceDir(), a.getenv)
	if err != nil {
		return err
	}
	a.said = a.language(ws)
	sec := secretsOf(ws, a.getenv)
	o := doctor.Options{
		Workspace: ws, Findings: findings, Version: version, Getenv: a.getenv, Online: online,
		Env: &stage.Env{Workspace: ws, Secrets: sec, Malls: &stage.Malls{Options: a.calls}, Folders: &stage.Folders{}, Now: a.now, Sleep: a.sleep, Log: a.logger(ws)},
	}
	if o.Ledger, o.LedgerErr = ledgerOf(ws, sec); o.LedgerErr == nil && !ledger.IsPostgres(o.Ledger) {
		o.Queue = jobsFile(ws)
	}
	defer o.Env.Folders.Close()
	found := doctor.Look(ctx, o)
	if err := a.printFindings(found); err != nil {
		return err
	}
	switch worst := doctor.Worst(found); {
	case findings.Errors() > 0:
		return exit(Usage)
	case worst == doctor.Error:
		return exit(Failed)
	case worst == doctor.Warning:
		return exit(Waiting)
	}
	return nil
}

func (a *app) printFindings(found []doctor.Finding) error {
	type item struct {
		Check   string       `json:"check"`
		Kind    string       `json:"kind"`
		State   doctor.State `json:"state"`
		Subject string       `json:"subject,omitempty"`
		Text    string       `json:"text"`
		Do      string       `json:"do,omitempty"`
	}
	items := []item{}
	counts := map[doctor.State]int{}
	for _, f := range found {
		counts[f.Kind.State]++
		items = append(items, item{f.Kind.Check, f.Kind.Name, f.Kind.State, f.Subject, f.Text(a.said), f.Do(a.said)})
	}
	if a.json {
		return a.print(items)
	}
	w := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
	for _, i := range items {
		fmt.Fprintf(w, "%s\t%s\t%s\n", i.State, i.Check, i.Text)
		if i.Do != "" {
			fmt.Fprintf(w, "\t\t→ %s\n", i.Do)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	a.say("errors: %d, warnings: %d, well: %d", counts[doctor.Error], counts[doctor.Warning], counts[doctor.OK])
	return nil
}
