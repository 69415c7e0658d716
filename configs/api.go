package configs

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/malls"
	"github.com/mallbridge/mallbridge/internal/secrets"
)

// checkAPI holds what an account says of its mall's API against the mall's
// about.yaml.
func (l *loader) checkAPI(a *Account) {
	spec, known := malls.Lookup(a.Mall)
	for _, need := range []struct {
		on           bool
		key, ability string
		hint         string
	}{
		{a.AutoConfirmation, "auto_confirmation", "confirm", "confirm orders in the mall's back office; write auto_confirmation: false"},
		{a.AutoStockSync, "auto_stock_sync", "stock", "write auto_stock_sync: false"},
	} {
		switch {
		case !need.on:
		case !a.UsesAPI():
			l.at(a.pos, need.key, need.key+" needs the mall's API, and this account works by sheets", need.hint)
		case known && !slices.Contains(spec.About().Abilities, need.ability):
			l.at(a.pos, need.key, fmt.Sprintf("%s: the API of %s cannot do that", need.key, a.Mall), need.hint)
		}
	}
	if a.API == nil || a.Mall == "" {
		return
	}
	if !known {
		l.at(a.pos, "api", fmt.Sprintf("orders of %s come by sheets: there is no connector for its API", a.Mall), "remove api")
		return
	}
	l.apiSettings(a, spec.About())
	l.apiSecrets(a, spec.About())
	if err := spec.CheckBase(a.API.BaseURL); err != nil {
		l.at(a.pos, "api.base_url", "api."+err.Error(), "write https://…, or leave it out")
	}
	if a.API.Every != 0 && a.API.Every.Std() < time.Minute {
		l.at(a.pos, "api.every", "api.every is "+a.API.Every.String(), "write 1m or more; the mall's own pace is "+spec.About().Pace.Orders.String())
	}
}

// checkStores finds accounts that take the same orders twice: a store of Yahoo! sells in
// two malls by one API, and an account of Yahoo! Shopping takes both kinds unless it
// says otherwise.
func (l *loader) checkStores() {
	uses := func(a *Account, mall string) bool {
		return a.Mall == mall && a.Enabled && a.UsesAPI() && a.API.Settings["seller_id"] != ""
	}
	for _, auction := range l.ws.Accounts {
		if !uses(auction, "yahoo-auction") {
			continue
		}
		for _, a := range l.ws.Accounts {
			if uses(a, "yahoo-shopping") && a.API.Settings["seller_id"] == auction.API.Settings["seller_id"] && a.API.Settings["orders"] != "shopping" {
				l.at(a.pos, "api.settings", fmt.Sprintf("the orders of auctions of this store are taken by %s too", auction.Name), "add orders: shopping under api.settings")
			}
		}
	}
}

func (l *loader) apiSettings(a *Account, about *connectors.About) {
	for _, name := range slices.Sorted(maps.Keys(a.API.Settings)) {
		key := "api.settings." + name
		s, ok := about.Setting(name)
		switch {
		case !ok:
			l.atKey(a.pos, key, fmt.Sprintf("%s has no setting %q", a.Mall, name), hintNames(name, about, false))
		case s.Secret:
			l.at(a.pos, key, name+" is a secret and stands in the configuration", "write it under api.secrets, as "+name+": env:NAME, and change the key: it was readable here")
		default:
			if err := s.Check(a.API.Settings[name]); err != nil {
				l.at(a.pos, key, "api.settings."+err.Error(), s.Help.EN)
			}
		}
	}
	for _, s := range about.Settings {
		if _, ok := a.API.Settings[s.Name]; !ok && s.Required && !s.Secret && s.Default == "" {
			l.at(a.pos, "api", "api.settings has no "+s.Name+" ("+s.Title.EN+")", s.Help.EN)
		}
	}
}

func (l *loader) apiSecrets(a *Account, about *connectors.About) {
	l.apiSecretNames(a, about, "api.secrets.", a.API.Secrets)
	l.apiSecretNames(a, about, "api.next.", a.API.Next)
	for _, s := range about.Settings {
		if s.Secret && s.Required && a.API.Secrets[s.Name] == "" {
			l.at(a.pos, "api", "api.secrets has no "+s.Name+" ("+s.Title.EN+")", "add "+s.Name+": env:NAME, file:PATH or age:NAME. "+s.Help.EN)
		}
	}
}

func (l *loader) apiSecretNames(a *Account, about *connectors.About, at string, refs map[string]secrets.Ref) {
	for _, name := range slices.Sorted(maps.Keys(refs)) {
		s, ok := about.Setting(name)
		switch {
		case !ok:
			l.atKey(a.pos, at+name, fmt.Sprintf("%s has no secret %q", a.Mall, name), hintNames(name, about, true))
		case !s.Secret:
			l.at(a.pos, at+name, name+" is no secret", "write it under api.settings, as it is")
		}
	}
}

func hintNames(typed string, about *connectors.About, secret bool) string {
	var names []string
	for _, s := range about.Settings {
		if s.Secret == secret {
			names = append(names, s.Name)
		}
	}
	if near := nearest(typed, names); near != "" {
		return "did you mean " + near + "?"
	}
	return "known here: " + orList(names)
}

// WithNextKeys returns the account with the keys of api.next in place of those of
// api.secrets, as far as they are given.
func (a *Account) WithNextKeys() *Account {
	b, api := *a, *a.API
	api.Secrets = maps.Clone(api.Secrets)
	if api.Secrets == nil {
		api.Secrets = map[string]secrets.Ref{}
	}
	maps.Copy(api.Secrets, api.Next)
	b.API = &api
	return &b
}

// Connector returns the account as package connectors wants it. resolve reads the
// secret that a reference names.
func (a *Account) Connector(resolve func(ref string) (string, error)) connectors.Account {
	settings := maps.Clone(a.API.Settings)
	if settings == nil {
		settings = map[string]string{}
	}
	if a.API.BaseURL != "" {
		settings[connectors.BaseURL] = a.API.BaseURL
	}
	return connectors.Account{
		Name: a.Name, Settings: settings, Carriers: a.carriers, Zone: a.Location,
		Secret: func(name string) (string, error) {
			ref := a.API.Secrets[name]
			if ref == "" {
				return "", nil
			}
			return resolve(string(ref))
		},
	}
}
