package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/malls"
	"github.com/mallbridge/mallbridge/internal/accounts"
	"github.com/mallbridge/mallbridge/internal/phrase"
	"github.com/mallbridge/mallbridge/internal/secrets"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/mappers/status"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/login"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

func (a *app) accountCmd() *cobra.Command {
	c := &cobra.Command{Use: "account", Short: "Add accounts, test their keys, look at them", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	c.AddCommand(a.accountListCmd(), a.accountAddCmd(), a.accountConsentCmd(), a.accountTestCmd(), a.accountKeysCmd(), a.accountWindowsCmd())
	return c
}

// loginOf says whether the mall lets an account in, as far as is known.
func loginOf(ctx context.Context, env *stage.Env, x *configs.Account) (string, error) {
	if !x.UsesAPI() {
		return "", nil
	}
	open, err := env.Ledger.Alerts(ctx, ledger.AlertList{Target: x.Name})
	if err != nil {
		return "", err
	}
	says := "ok"
	for _, al := range open {
		switch al.Kind {
		case order.AlertReauth:
			return "refused", nil
		case order.AlertNextKey:
			says = "next"
		}
	}
	return says, nil
}

// mallNames lists the malls with a connector.
func mallNames() string {
	var out []string
	for _, s := range malls.Malls {
		out = append(out, s.Name)
	}
	return strings.Join(out, ", ")
}

// A newAccount is what account add was told.
type newAccount struct {
	name, mall, title, target, warehouse, base, since string
	set, secret                                       []string

	about    *connectors.About
	settings map[string]string
	secrets  map[string]string // references, or values still to be kept
}

func (a *app) accountAddCmd() *cobra.Command {
	var n newAccount
	c := &cobra.Command{
		Use:   "add NAME --mall MALL",
		Short: "Write the file of an account that works by its mall's API, and keep its keys",
		Long: `Add asks for what the mall wants to know, says where it is found in the mall's back
office, checks its shape, and writes accounts/NAME.yaml. Keys are kept as secret set
keeps them; give a reference (env:NAME, file:PATH, age:NAME) to keep one elsewhere.

What is given by --set, --secret and --target is not asked for.`,
		Example: `  mallbridge account add coupang-1 --mall coupang
  mallbridge account add coupang-1 --mall coupang --set vendor_id=A00012345 \\
    --secret access_key=env:COUPANG_ACCESS --secret secret_key=env:COUPANG_SECRET --target INSTRUCT`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			n.name = args[0]
			return a.accountAdd(&n)
		},
	}
	f := c.Flags()
	f.StringVar(&n.mall, "mall", "", "the mall: "+mallNames())
	f.StringVar(&n.title, "title", "", "what people call the shop")
	f.StringVar(&n.target, "target", "", "the mall status in which orders are instructed")
	f.StringVar(&n.warehouse, "warehouse", "", "the warehouse of its orders (may be left out where there is only one)")
	f.StringVar(&n.since, "not-before", "", "take orders placed on this day or later, 2026-11-01 (default: the day of the first run)")
	f.StringVar(&n.base, "base-url", "", "another address than the mall's, for a simulator")
	f.StringArrayVar(&n.set, "set", nil, "a setting, NAME=VALUE (may be repeated)")
	f.StringArrayVar(&n.secret, "secret", nil, "a key, NAME=REFERENCE (may be repeated)")
	return c
}

func (a *app) accountAdd(n *newAccount) error {
	spec, ok := malls.Lookup(n.mall)
	if !ok {
		return usage{order.Errorf(order.Invalid, "use "+mallNames()+"; for others write accounts/"+n.name+".yaml, their orders come by sheets", "--mall %q has no connector", n.mall)}
	}
	ws, err := a.workspaceUnless(func(fs configs.Findings) bool { return !fs.NoAccountOnly() })
	if err != nil {
		return err
	}
	if _, there := ws.Account(n.name); there {
		return order.Errorf(order.Conflict, "change accounts/"+n.name+".yaml, or take another name", "there is an account %s", n.name)
	}
	if err := configs.CheckName(n.name); err != nil {
		return usage{order.Errorf(order.Invalid, "use letters a-z, digits and hyphens", "%w", err)}
	}
	if err := spec.CheckBase(n.base); err != nil {
		return usage{order.Errorf(order.Invalid, "write https://…", "--base-url: %w", err)}
	}
	if n.since != "" {
		if _, err := time.Parse(time.DateOnly, n.since); err != nil {
			return usage{order.Errorf(order.Invalid, "write a day, 2026-11-01", "--not-before %q is no day", n.since)}
		}
	}
	n.about = spec.About()
	if err := n.given(); err != nil {
		return usage{err}
	}
	if err := a.askFor(n); err != nil {
		return err
	}
	sec := secretsOf(ws, a.getenv)
	for name, v := range n.secrets {
		if _, err := secrets.ParseRef(v); err == nil {
			continue
		}
		ref, err := sec.Store(n.name+"."+name, v)
		if err != nil {
			return err
		}
		n.secrets[name] = string(ref)
	}
	file := filepath.Join(ws.Dir, "accounts", n.name+".yaml")
	if err := writeAccount(file, n.file(a.said)); err != nil {
		return err
	}
	checked, findings, err := configs.Load(ws.Dir, a.getenv)
	if err != nil {
		return err
	}
	left := findings.Errors() > 0 && findings.NoAccountOnly()
	for _, f := range findings {
		if strings.Contains(f.File, n.name+".yaml") || left && !f.Warning {
			fmt.Fprintln(a.err, f.In(phrase.Findings(a.said)).String())
		}
	}
	if err := checked.MakeFolders(); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "accounts/%s.yaml\n", n.name)
	next := "test"
	if slices.Contains(n.about.Abilities, "consent") {
		next = "consent"
	}
	if left {
		a.say("the account is there, but nothing runs until the rows above are mended: mallbridge check; then: mallbridge account %s %s", next, n.name)
		return exit(Waiting)
	}
	a.say("next: mallbridge account %s %s", next, n.name)
	return nil
}

func (n *newAccount) file(lang string) []byte {
	x := accounts.New{Name: n.name, Mall: n.mall, Title: n.title, Target: n.target, Warehouse: n.warehouse, Base: n.base, Since: n.since, Settings: n.settings, Secrets: n.secrets}
	return x.File(lang)
}

func writeAccount(file string, data []byte) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if errors.Is(err, os.ErrNotExist) {
		if err = os.MkdirAll(filepath.Dir(file), 0o750); err == nil {
			f, err = os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
		}
	}
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

// given reads the flags.
func (n *newAccount) given() error {
	n.settings, n.secrets = map[string]string{}, map[string]string{}
	for _, list := range []struct {
		flag   string
		texts  []string
		secret bool
		to     map[string]string
	}{{"--set", n.set, false, n.settings}, {"--secret", n.secret, true, n.secrets}} {
		for _, text := range list.texts {
			name, value, ok := strings.Cut(text, "=")
			s, known := n.about.Setting(name)
			switch {
			case !ok || !known || s.Secret != list.secret:
				return order.Errorf(order.Invalid, "known are "+strings.Join(n.names(list.secret), ", "), "%s: %s has no %q", list.flag, n.mall, name)
			case list.secret:
				if _, err := secrets.ParseRef(value); err != nil {
					return order.Errorf(order.Invalid, "write "+name+"=env:NAME, file:PATH or age:NAME; leave it out to be asked for the key", "%w (%s %s)", err, list.flag, name)
				}
			default:
				if err := s.Check(value); err != nil {
					return order.Errorf(order.Invalid, s.Help.EN, "%s: %w", list.flag, err)
				}
			}
			list.to[name] = value
		}
	}
	return nil
}

func (n *newAccount) names(secret bool) []string {
	var out []string
	for _, s := range n.about.Settings {
		if s.Secret == secret {
			out = append(out, s.Name)
		}
	}
	return out
}

// askFor asks for what the flags left out.
func (a *app) askFor(n *newAccount) error {
	for _, s := range n.about.Settings {
		to := n.settings
		if s.Secret {
			to = n.secrets
		}
		if _, ok := to[s.Name]; ok || s.Granted || !s.Required && !a.person() {
			continue
		}
		for {
			v, err := a.askSetting(s)
			if err != nil {
				return err
			}
			if _, e := secrets.ParseRef(v); !s.Secret || e != nil {
				err = s.Check(v)
			}
			if err == nil {
				if v != "" {
					to[s.Name] = v
				}
				break
			}
			if !a.person() {
				return usage{order.Errorf(order.Invalid, s.Help.In(a.said), "%w", err)}
			}
			fmt.Fprintf(a.err, "  %v\n", err)
		}
	}
	table, ok := status.Builtin(n.mall)
	if !ok || n.target != "" {
		return n.checkTarget(table)
	}
	n.target = table.Suggest
	if a.person() {
		fmt.Fprintf(a.err, "\ntargets.default\n")
		for _, s := range n.about.Statuses {
			fmt.Fprintf(a.err, "  %s  %s\n", s.Code, s.Title.In(a.said))
		}
		v, err := a.askLine(fmt.Sprintf("[%s] ", n.target))
		if err != nil {
			return err
		}
		n.target = cmp.Or(v, n.target)
	}
	return n.checkTarget(table)
}

func (n *newAccount) checkTarget(t status.Table) error {
	if !slices.ContainsFunc(t.States, func(s status.State) bool { return s.Code == n.target || slices.Contains(s.Aliases, n.target) }) {
		return usage{order.Errorf(order.Invalid, "mostly "+t.Suggest, "--target: %s has no status %q", n.mall, n.target)}
	}
	return nil
}

// person reports whether somebody sits at the keyboard.
func (a *app) person() bool {
	f, ok := a.in.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func (a *app) askSetting(s connectors.Setting) (string, error) {
	fmt.Fprintf(a.err, "\n%s (%s)\n  %s\n", s.Title.In(a.said), s.Name, s.Help.In(a.said))
	if s.Secret {
		return a.askSecret(s.Name)
	}
	v, err := a.askLine(map[bool]string{true: "> ", false: fmt.Sprintf("[%s] > ", s.Default)}[s.Default == ""])
	return cmp.Or(v, s.Default), err
}

func (a *app) askLine(prompt string) (string, error) {
	fmt.Fprint(a.err, prompt)
	return a.readLine()
}

// readLine reads one line of standard input, byte by byte: what follows is for the
// next question.
func (a *app) readLine() (string, error) {
	var line []byte
	one := make([]byte, 1)
	for {
		n, err := a.in.Read(one)
		if n == 1 {
			if one[0] == '\n' {
				return strings.TrimSpace(string(line)), nil
			}
			line = append(line, one[0])
		}
		switch {
		case errors.Is(err, io.EOF) && len(line) > 0:
			return strings.TrimSpace(string(line)), nil
		case errors.Is(err, io.EOF):
			return "", usage{order.Errorf(order.Invalid, "answer each question, one line each, or use --set and --secret", "standard input ended before everything was answered")}
		case err != nil:
			return "", err
		}
	}
}

// askSecret reads a secret; at a terminal it is not shown.
func (a *app) askSecret(name string) (string, error) {
	f, ok := a.in.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return a.readLine()
	}
	fmt.Fprintf(a.err, "%s: ", name)
	v, err := term.ReadPassword(int(f.Fd()))
	fmt.Fprintln(a.err)
	return strings.TrimSpace(string(v)), err
}

func (a *app) accountTestCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "test ACCOUNT…",
		Short: "Try an account's keys, the functions it needs and the caller's address; nothing is changed at the mall",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.with(c, func(env *stage.Env) error {
				type tested struct {
					Account string             `json:"account"`
					OK      bool               `json:"ok"`
					Checks  []connectors.Check `json:"checks"`
					Next    []connectors.Check `json:"next,omitempty"` // with the keys of api.next
				}
				var all []tested
				bad, moving := false, false
				for _, name := range args {
					x, ok := env.Workspace.Account(name)
					if !ok {
						return order.Errorf(order.NotFound, "look into accounts/", "no account %s", name)
					}
					t := tested{Account: name}
					var err error
					next := false
					if x.UsesAPI() && len(x.API.Next) > 0 {
						e := *env
						e.NextKeys = true
						if t.Next, err = a.testKeys(c.Context(), &e, x, name+" (next)"); err != nil {
							return err
						}
						next = passed(t.Next)
					}
					if t.Checks, err = a.testKeys(c.Context(), env, x, name); err != nil {
						return err
					}
					t.OK = passed(t.Checks)
					if t.OK || next {
						if err := login.Works(c.Context(), env, x, !t.OK); err != nil {
							return err
						}
					}
					bad = bad || !t.OK && !next
					moving = moving || !t.OK && next
					all = append(all, t)
				}
				if a.json {
					if err := a.print(all); err != nil {
						return err
					}
				}
				switch {
				case bad:
					return exit(Failed)
				case moving: // the next keys work and the old ones do not
					return exit(Waiting)
				}
				return nil
			})
		},
	}
	return a.jsonFlag(c)
}

// testKeys tries an account and prints how it went.
func (a *app) testKeys(ctx context.Context, env *stage.Env, x *configs.Account, title string) ([]connectors.Check, error) {
	m, err := env.Malls.Open(env, x)
	if err != nil {
		return nil, err
	}
	checks := m.Test(ctx)
	for _, c := range checks {
		if a.json {
			break
		}
		word := "ok  "
		if !c.OK {
			word = "FAIL"
		}
		fmt.Fprintf(a.out, "%s  %s  %s  %s\n", word, title, c.Name, phrase.Say(a.said, c.Detail))
		if c.Do != "" {
			fmt.Fprintf(a.out, "      → %s\n", phrase.Say(a.said, c.Do))
		}
	}
	return checks, nil
}

func passed(checks []connectors.Check) bool {
	return !slices.ContainsFunc(checks, func(c connectors.Check) bool { return !c.OK })
}

// soon is how many days before its end a key is worth a person's time.
const soon = 14

func (a *app) accountKeysCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "keys [ACCOUNT…]",
		Short: "Say until when the keys of accounts work",
		Args:  cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			return a.with(c, func(env *stage.Env) error { return a.keys(c.Context(), env, args) })
		},
	}
	return a.jsonFlag(c)
}

func (a *app) keys(ctx context.Context, env *stage.Env, only []string) error {
	type key struct {
		Account string    `json:"account"`
		Mall    string    `json:"mall"`
		Ends    time.Time `json:"ends,omitzero"`
		Days    int       `json:"days"`             // left; 0 if Ends is not known
		Source  string    `json:"source,omitempty"` // of Ends: asked (of the mall), computed (from the day of issue), typed (api.key_ends)
		Reissue time.Time `json:"reissue,omitzero"` // from then on the mall issues new ones
		Error   string    `json:"error,omitempty"`
	}
	for _, n := range only {
		if _, ok := env.Workspace.Account(n); !ok {
			return order.Errorf(order.NotFound, "look into accounts/", "no account %s", n)
		}
	}
	var keys []key
	var cells [][]string
	code := exit(Done)
	for _, x := range env.Workspace.Accounts {
		if !x.UsesAPI() || len(only) > 0 && !slices.Contains(only, x.Name) {
			continue
		}
		k := key{Account: x.Name, Mall: x.Mall}
		cal, err := login.Calendar(ctx, env, x)
		k.Ends, k.Source, k.Reissue = cal.Ends, cal.Source, cal.Reissue
		ends, days, reissue := "-", "-", "-"
		switch {
		case err != nil:
			k.Error, ends, code = secrets.Redact(err.Error()), err.Error(), exit(Failed)
		case !k.Ends.IsZero():
			k.Days = cal.Left(env.Now())
			ends, days = k.Ends.In(x.Location).Format("2006-01-02 15:04"), fmt.Sprint(k.Days)
			if !k.Reissue.IsZero() {
				reissue = k.Reissue.In(x.Location).Format("2006-01-02")
			}
			if k.Days < min(soon, cal.Warn) && code == exit(Done) {
				code = exit(Waiting)
			}
		}
		keys = append(keys, k)
		cells = append(cells, []string{k.Account, k.Mall, ends, days, dash(k.Source), reissue})
	}
	var err error
	if a.json {
		err = a.print(keys)
	} else {
		err = a.table("ACCOUNT MALL ENDS DAYS SOURCE REISSUE", cells)
	}
	if err == nil && code != exit(Done) {
		return code
	}
	return err
}

func (a *app) accountWindowsCmd() *cobra.Command {
	var from, to, actor string
	c := &cobra.Command{
		Use:   "windows ACCOUNT",
		Short: "Show which spans of time were read from an account's mall, and what was lost",
		Long: `Windows shows which spans of time were read from an account's mall, and what was lost.

With --from and --to the orders between these moments, in the account's time, are read
again by the next extract: where there is a gap, or where somebody doubts.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.with(c, func(env *stage.Env) error {
				x, ok := env.Workspace.Account(args[0])
				if !ok {
					return order.Errorf(order.NotFound, "look into accounts/", "no account %s", args[0])
				}
				if from != "" || to != "" {
					return a.readAgain(c.Context(), env, x, from, to, a.actor(actor))
				}
				id, _, err := env.Ledger.Account(c.Context(), x.Name, env.Now())
				if err != nil {
					return err
				}
				ws, err := env.Ledger.Windows(c.Context(), id)
				if err != nil {
					return err
				}
				at := func(t time.Time) string { return t.In(x.Location).Format("2006-01-02 15:04:05") }
				return listed(a, ws, "FEED FROM TO STATE AT", func(w *ledger.Window) []string {
					return []string{w.Feed, at(w.From), at(w.To), w.State, at(w.At)}
				})
			})
		},
	}
	c.Flags().StringVar(&from, "from", "", "read again what was ordered from then on: 2026-11-30T09:00")
	c.Flags().StringVar(&to, "to", "", "and before then")
	c.Flags().StringVar(&actor, "by", "", "who says so (default: the user)")
	return a.jsonFlag(c)
}

func (a *app) readAgain(ctx context.Context, env *stage.Env, x *configs.Account, from, to, actor string) error {
	begin, err := accounts.ParseMoment(from, x.Location)
	if err != nil {
		return usage{err}
	}
	end, err := accounts.ParseMoment(to, x.Location)
	if err != nil {
		return usage{err}
	}
	if err := accounts.AskSpan(ctx, env, x, begin, end, actor); err != nil {
		return err
	}
	a.line("%s: the span is read again by the next extract", x.Name)
	return nil
}
