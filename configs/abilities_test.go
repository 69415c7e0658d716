package configs_test

import (
	"slices"
	"testing"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/connectors/malls"
)

func TestAbilities(t *testing.T) {
	all, err := configs.AllAbilities()
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]configs.Abilities{}
	for _, a := range all {
		by[a.Mall] = a
		if len(a.SheetIn) == 0 || a.Title["en"] == "" || a.Title["ja"] == "" || a.Title["ko"] == "" {
			t.Errorf("%+v", a)
		}
		if (a.SheetOut == "") != (a.Sure == "") {
			t.Errorf("%s: the format %q is %q sure", a.Mall, a.SheetOut, a.Sure)
		}
		if !a.API && slices.Contains([]configs.Way{a.Confirm, a.Tracking, a.Proof, a.Stock, a.Products, a.Cancel}, configs.ByAPI) {
			t.Errorf("%s has no API: %+v", a.Mall, a)
		}
	}
	for _, s := range malls.Malls {
		if a, ok := by[s.About().Name]; !ok || !a.API {
			t.Errorf("%s has an API: %+v", s.About().Name, a)
		}
	}
	for mall, want := range map[string]configs.Abilities{
		"rakuten":  {Confirm: configs.ByAPI, Tracking: configs.ByBoth, Proof: configs.ByBoth, Stock: configs.ByAPI, Products: configs.ByAPI, Cancel: configs.ByBoth, Keys: "asked"},
		"elevenst": {Confirm: configs.ByAPI, Tracking: configs.ByBoth, Proof: configs.ByBoth, Stock: configs.ByAPI, Products: configs.ByAPI, Cancel: configs.ByBoth, Keys: "computed"},
		"shopify":  {Tracking: configs.ByBoth, Proof: configs.ByBoth, Stock: configs.ByAPI, Products: configs.ByAPI, Cancel: configs.ByBoth},
		"goq":      {},
	} {
		a := by[mall]
		if a.Confirm != want.Confirm || a.Tracking != want.Tracking || a.Proof != want.Proof || a.Stock != want.Stock || a.Products != want.Products || a.Keys != want.Keys ||
			mall != "goq" && a.Cancel != want.Cancel {
			t.Errorf("%s: %+v", mall, a)
		}
	}
	if v := by["shopify"].Version; v == nil || v.Name != "2026-04" || v.Ends != "2027-04-01" {
		t.Errorf("%+v", v)
	}
}
