package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mallbridge/mallbridge/internal/postgres"
	"github.com/mallbridge/mallbridge/internal/proof"
	"github.com/mallbridge/mallbridge/internal/secrets"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

func (a *app) migrateCmd() *cobra.Command {
	var to string
	c := &cobra.Command{
		Use:   "migrate --to ADDRESS",
		Short: "Move the ledger from its file to PostgreSQL, with its history",
		Long: `Migrate copies every table of the ledger into an empty PostgreSQL database, reads
both back, compares the number of rows and a checksum over every value of each table,
and runs the proof of "prove" on both: it must balance, and be the same. It stops
while serve or a run is at work. The old file then says where its ledger went and is
not opened any more; keep it as a backup.

ADDRESS is postgres://user@host/database, or a reference (env:NAME, file:PATH,
age:NAME) to one: so the password stays off the command line. Afterwards write the same
to ledger: in mallbridge.yaml.`,
		Example: "  mallbridge migrate --to env:MALLBRIDGE_LEDGER",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.with(c, func(env *stage.Env) error { return a.migrate(c.Context(), env, to) })
		},
	}
	c.Flags().StringVar(&to, "to", "", "postgres:// address, or a reference to one")
	if err := c.MarkFlagRequired("to"); err != nil {
		panic(err) // there is such a flag
	}
	return a.jsonFlag(c)
}

// A migration is what migrate prints.
type migration struct {
	To     string              `json:"to"`
	Tables []ledger.MovedTable `json:"tables"`
	Proof  proof.Proof         `json:"proof"`
}

func (a *app) migrate(ctx context.Context, env *stage.Env, to string) error {
	address := to
	if ref, err := secrets.ParseRef(to); err == nil {
		s, err := env.Secrets.Resolve(ref)
		if err != nil {
			return err
		}
		address = s.Reveal()
	}
	if !ledger.IsPostgres(address) {
		return usage{order.Errorf(order.Invalid, "name it as postgres://user@host/database", "--to is no PostgreSQL address")}
	}
	m := migration{To: postgres.Redacted(address)}
	from, until, err := span(env.Workspace, "", a.now())
	if err != nil {
		return err
	}
	if m.Proof, err = proof.Span(ctx, env, from, until); err != nil {
		return err
	}
	if !m.Proof.Balanced {
		return order.Errorf(order.Conflict, `run "prove" and repair what it names first`, "the ledger does not balance: %s", strings.Join(m.Proof.Differences, "; "))
	}
	next, err := ledger.Open(ctx, address)
	if err != nil {
		return err
	}
	m.Tables, err = env.Ledger.Move(ctx, next, m.To, a.now(), idle, func() error {
		moved := *env
		moved.Ledger = next
		p, err := proof.Span(ctx, &moved, from, until)
		if err != nil {
			return err
		}
		return same(m.Proof, p)
	})
	if err := errors.Join(err, next.Close()); err != nil {
		return err
	}
	if a.json {
		return a.print(m)
	}
	return a.migrated(to, m)
}

// idle refuses a lease of somebody who is there.
func idle(l ledger.Lease) error {
	if pipeline.Gone(l.Owner) {
		return nil
	}
	return order.Errorf(order.Retry, "stop serve, wait until runs have finished, then run this again", "%s is at work (%s)", l.Owner, l.Name)
}

// same compares what two ledgers prove.
func same(was, is proof.Proof) error {
	a, err := json.Marshal(was)
	if err != nil {
		return err
	}
	b, err := json.Marshal(is)
	if err != nil {
		return err
	}
	if string(a) != string(b) {
		return order.Errorf(order.Conflict, "nothing was moved; empty the new database and run this again", "the proof of the new ledger is not that of the old one")
	}
	return nil
}

func (a *app) migrated(to string, m migration) error {
	cells := make([][]string, len(m.Tables))
	for i, t := range m.Tables {
		cells[i] = []string{t.Table, fmt.Sprint(t.Rows), t.SHA256[:16]}
	}
	if err := a.table("TABLE ROWS SHA256", cells); err != nil {
		return err
	}
	a.line("the ledger is in %s now; every table has the same rows, and the proof balances on both: %d lines claimed, %d in files, %d accepted", m.To, m.Proof.Claimed, m.Proof.InFiles, m.Proof.Accepted)
	a.line("write it to mallbridge.yaml before anything runs: ledger: %s", to)
	return nil
}
