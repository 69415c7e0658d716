package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mallbridge/mallbridge/connectors/drop"
	"github.com/mallbridge/mallbridge/internal/phrase"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/files"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

func (a *app) warehouseCmd() *cobra.Command {
	c := &cobra.Command{Use: "warehouse", Short: "Look at warehouses and test their drops", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	test := &cobra.Command{
		Use:   "test WAREHOUSE",
		Short: "Log in to the drop, look into its folders, write and remove a test file",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.with(c, func(env *stage.Env) error { return a.testDrop(c, env, args[0]) })
		},
	}
	key := &cobra.Command{
		Use:   "hostkey HOST[:PORT]",
		Short: "Show the SSH key that a server offers, as a line for known_hosts",
		Long: `Hostkey asks a server for its key and prints it as a known_hosts line. Compare the
fingerprint with what the warehouse tells you by another way before you use it.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			host, port := args[0], 22
			if h, p, ok := strings.Cut(args[0], ":"); ok {
				host = h
				if _, err := fmt.Sscanf(p, "%d", &port); err != nil {
					return usage{fmt.Errorf("%q is no port", p)}
				}
			}
			line, fingerprint, err := drop.ScanHostKey(c.Context(), host, port)
			if err != nil {
				return err
			}
			fmt.Fprintf(a.err, "fingerprint: %s\n", fingerprint)
			_, err = fmt.Fprintln(a.out, line)
			return err
		},
	}
	c.AddCommand(test, key)
	return c
}

func (a *app) testDrop(c *cobra.Command, env *stage.Env, name string) error {
	w, ok := env.Workspace.Warehouse(name)
	if !ok {
		return order.Errorf(order.NotFound, "look into warehouses/", "no warehouse %s", name)
	}
	d, err := files.OpenDrop(c.Context(), env, w)
	if err != nil {
		return order.Errorf(order.Denied, drop.Hint(err), "%w", err)
	}
	defer d.Close()
	fmt.Fprintln(a.out, "ok    login and host key")
	folders := []string{w.Instructions.Folder}
	for _, p := range w.Pickups() {
		folders = append(folders, p.Folder)
	}
	slices.Sort(folders)
	bad := false
	for _, f := range slices.Compact(folders) {
		found, err := d.List(c.Context(), f)
		if err != nil {
			bad = true
			fmt.Fprintf(a.out, "FAIL  folder %q: %v\n", f, err)
			continue
		}
		fmt.Fprintf(a.out, "ok    folder %q: %d files\n", f, len(found))
	}
	probe := files.Probe(w)
	if err := errors.Join(d.Write(c.Context(), probe, strings.NewReader("test"), 4), d.Remove(c.Context(), probe)); err != nil {
		bad = true
		fmt.Fprintf(a.out, "FAIL  write and remove %s: %v\n", probe, err)
	} else {
		fmt.Fprintf(a.out, "ok    write and remove %s\n", probe)
	}
	if bad {
		return exit(Failed)
	}
	return nil
}

func (a *app) secretCmd() *cobra.Command {
	c := &cobra.Command{Use: "secret", Short: "Keep secrets, and check the references to them", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	set := &cobra.Command{
		Use:   "set NAME",
		Short: "Read a secret without showing it, keep it, and print the reference to write into the configuration",
		Long: `Set asks for a secret, or reads it from standard input, and keeps it: in the age
file of mallbridge.yaml (secrets.file), or else in a file of keys/ that only its
owner can read. It prints the reference. An older secret of that name is replaced,
which is how a key is renewed: the next call uses it.`,
		Example: "  mallbridge secret set rakuten-1.license_key < new-key.txt",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			ws, err := a.workspace()
			if err != nil {
				return err
			}
			value, err := a.askSecret(args[0])
			if err != nil {
				return err
			}
			ref, err := secretsOf(ws, a.getenv).Store(args[0], value)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(a.out, ref)
			return err
		},
	}
	check := &cobra.Command{
		Use:   "check",
		Short: "Say whether every secret that the workspace refers to can be read; values are never shown",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			ws, err := a.workspace()
			if err != nil {
				return err
			}
			sec := secretsOf(ws, a.getenv)
			bad := false
			for _, r := range ws.SecretRefs() {
				_, err := sec.Resolve(r.Ref)
				switch {
				case err == nil:
					fmt.Fprintf(a.out, "ok    %s: %s\n", r.Where, r.Ref)
				case r.Off:
					fmt.Fprintf(a.out, "off   %s\n", phrase.Say(a.said, fmt.Sprintf("%s: not enabled, nothing needs it yet: %v", r.Where, err)))
				default:
					bad = true
					fmt.Fprintf(a.out, "FAIL  %s: %v\n", r.Where, err)
				}
			}
			if bad {
				return exit(Usage)
			}
			return nil
		},
	}
	c.AddCommand(check, set)
	return c
}
