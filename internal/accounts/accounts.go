// Package accounts adds and changes accounts as their malls describe them: which
// settings there are, what each means, what a new account's file says, whether the
// mall lets it in.
package accounts

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/connectors/malls"
	"github.com/mallbridge/mallbridge/mappers/status"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/login"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

// A Mall is what people need to know of a mall before they add an account of it.
type Mall struct {
	Name, Title string
	API         bool // there is a connector; else orders come by sheets
	Setup       []string
	Links       []Link
	Notes       []string
	Settings    []Setting
	Targets     []Target
	Suggest     string // the target that most accounts have
	Consent     bool   // the shop has to agree in a browser
}

// A Link leads to the mall's own pages.
type Link struct{ Title, URL string }

// A Setting is what an account says to the mall's API.
type Setting struct {
	Name, Title, Help, Example, Default string
	Secret, Required                    bool
	Granted                             bool // consent gives it; nobody types it
	Grantable                           bool // consent may give it; it may be typed as well
}

// A Target is a status in which orders may be instructed.
type Target struct{ Code, Title string }

// Malls lists every mall in lang, those with a connector first.
func Malls(lang string) []Mall {
	var api, sheets []Mall
	for _, m := range configs.Malls {
		if x, ok := Lookup(m.Name, lang); ok && x.API {
			api = append(api, x)
		} else if ok {
			sheets = append(sheets, x)
		}
	}
	return append(api, sheets...)
}

// Lookup describes a mall in lang.
func Lookup(name, lang string) (Mall, bool) {
	m, ok := configs.LookupMall(name)
	if !ok {
		return Mall{}, false
	}
	out := Mall{Name: m.Name, Title: cmp.Or(m.Title[lang], m.Name)}
	titles := map[string]string{}
	if spec, ok := malls.Lookup(name); ok {
		a := spec.About()
		out.API, out.Title, out.Consent = true, a.Title.In(lang), slices.Contains(a.Abilities, "consent")
		for _, t := range a.Setup {
			out.Setup = append(out.Setup, t.In(lang))
		}
		for _, l := range a.Links {
			out.Links = append(out.Links, Link{l.Title.In(lang), l.URL})
		}
		for _, n := range a.Notes {
			out.Notes = append(out.Notes, n.In(lang))
		}
		for _, s := range a.Settings {
			out.Settings = append(out.Settings, Setting{s.Name, s.Title.In(lang), s.Help.In(lang), s.Example, s.Default, s.Secret, s.Required, s.Granted, s.Grantable})
		}
		for _, s := range a.Statuses {
			titles[s.Code] = s.Title.In(lang)
		}
	}
	if table, ok := status.Builtin(name); ok {
		out.Suggest = table.Suggest
		for _, s := range table.States {
			out.Targets = append(out.Targets, Target{s.Code, cmp.Or(titles[s.Code], s.Code)})
		}
	}
	return out, true
}

// CheckSetting checks the shape of a setting's value.
func CheckSetting(mall, name, value, lang string) error {
	spec, ok := malls.Lookup(mall)
	if !ok {
		return order.Errorf(order.Invalid, "", "%s has no connector", mall)
	}
	s, ok := spec.About().Setting(name)
	if !ok {
		return order.Errorf(order.Invalid, "", "%s has no setting %q", mall, name)
	}
	if err := s.Check(value); err != nil {
		return order.Errorf(order.Invalid, s.Help.In(lang), "%w", err)
	}
	return nil
}

// CheckTarget checks that a mall has a status.
func CheckTarget(mall, target string) error {
	t, ok := status.Builtin(mall)
	if !ok || !slices.ContainsFunc(t.States, func(s status.State) bool { return s.Code == target || slices.Contains(s.Aliases, target) }) {
		return order.Errorf(order.Invalid, "mostly "+t.Suggest, "%s has no status %q", mall, target)
	}
	return nil
}

// A New account is what its first file says.
type New struct {
	Name, Mall, Title, Target, Warehouse, Base, Since string
	Settings                                          map[string]string
	Secrets                                           map[string]string // references
}

// File writes the account's file, with the meaning of its settings in lang.
func (n *New) File(lang string) []byte {
	w := &bytes.Buffer{}
	m, _ := Lookup(n.Mall, lang)
	fmt.Fprintf(w, "# yaml-language-server: $schema=../.schema/account.json\n\n# %s\nmall: %s\n", m.Title, n.Mall)
	if n.Title != "" {
		fmt.Fprintf(w, "title: %q\n", n.Title)
	}
	fmt.Fprintf(w, "\n# The mall status in which an order is instructed; one line more for each payment\n# that has another.\ntargets:\n  default: %q\n", n.Target)
	if n.Since != "" {
		fmt.Fprintf(w, "\nnot_before: %s\n", n.Since)
	}
	if n.Warehouse != "" {
		fmt.Fprintf(w, "\nwarehouse: %s\n", n.Warehouse)
	}
	if !m.API {
		return w.Bytes()
	}
	fmt.Fprintf(w, "\napi:\n")
	if n.Base != "" {
		fmt.Fprintf(w, "  base_url: %s\n", n.Base)
	}
	for _, part := range []struct {
		key    string
		secret bool
		values map[string]string
	}{{"settings", false, n.Settings}, {"secrets", true, n.Secrets}} {
		if len(part.values) == 0 {
			continue
		}
		fmt.Fprintf(w, "  %s:\n", part.key)
		for _, s := range m.Settings {
			if v, ok := part.values[s.Name]; ok && s.Secret == part.secret {
				fmt.Fprintf(w, "    # %s: %s\n    %s: %q\n", s.Title, s.Help, s.Name, v)
			}
		}
	}
	return w.Bytes()
}

// A Check is one thing that was tried with an account's keys.
type Check struct {
	Name, Detail, Do string
	OK, Next         bool // Next: with the keys of api.next
}

// Test tries an account at its mall, with its next keys too if it has some, and
// remembers whether it is let in. Nothing is changed at the mall.
func Test(ctx context.Context, env *stage.Env, x *configs.Account) (checks []Check, ok bool, err error) {
	try := func(env *stage.Env, next bool) (passed bool, err error) {
		m, err := env.Malls.Open(env, x)
		if err != nil {
			return false, err
		}
		passed = true
		for _, c := range m.Test(ctx) {
			checks = append(checks, Check{c.Name, c.Detail, c.Do, c.OK, next})
			passed = passed && c.OK
		}
		return passed, nil
	}
	next := false
	if x.UsesAPI() && len(x.API.Next) > 0 {
		e := *env
		e.NextKeys = true
		if next, err = try(&e, true); err != nil {
			return nil, false, err
		}
	}
	if ok, err = try(env, false); err != nil {
		return nil, false, err
	}
	if ok || next {
		err = login.Works(ctx, env, x, !ok)
	}
	return checks, ok, err
}

// A Value is a value to write into an account's file.
type Value struct{ Key, Text string }
