package configs

import (
	"slices"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/malls"
	"github.com/mallbridge/mallbridge/mappers/format"
	"github.com/mallbridge/mallbridge/mappers/status"
)

// A Way is how something goes between Mallbridge and a mall.
type Way string

// Ways. The empty one: it does not go.
const (
	ByAPI   Way = "api"
	BySheet Way = "sheet"
	ByBoth  Way = "api+sheet"
)

func ways(api, sheet bool) Way {
	switch {
	case api && sheet:
		return ByBoth
	case api:
		return ByAPI
	case sheet:
		return BySheet
	}
	return ""
}

// Abilities is what can be done with a mall. All of it follows from the mall's about.yaml,
// its formats and its statuses; nothing is said a second time.
type Abilities struct {
	Mall    string            `json:"mall"`
	Title   map[string]string `json:"title"`             // by language: ja, ko, en
	Country string            `json:"country,omitempty"` // empty: every country
	API     bool              `json:"api"`
	// SheetIn are the formats of its order sheets.
	SheetIn []string `json:"sheet_in"`
	// SheetOut is the format of the file by which it is told of tracking numbers: the
	// mall's own; empty where it takes none that is known, so that Mallbridge's plain file
	// is for a person to enter.
	SheetOut string `json:"sheet_out,omitempty"`
	// Sure is how sure SheetOut is: confirmed, one-source, inferred, convention.
	Sure     string `json:"sheet_out_sureness,omitempty"`
	Confirm  Way    `json:"confirm"`  // the mall is told that the shop has taken an order
	Tracking Way    `json:"tracking"` // it is told of tracking numbers
	// Proof: it shows what it was told. By API the number, when the order is read again; by
	// sheet that the order was shipped.
	Proof    Way `json:"proof"`
	Stock    Way `json:"stock"`    // it is told what may be sold
	Products Way `json:"products"` // it lists what the shop sells
	// Cancel: cancels and requests for them are seen.
	Cancel Way `json:"cancel"`
	// Keys is how the end of the keys is known: asked (of the mall), computed (from the day
	// of issue). Empty: the keys do not end, or nobody knows.
	Keys string `json:"key_expiry,omitempty"`
	// Consent: the shop lets Mallbridge in by consent in a browser, account consent.
	Consent bool `json:"consent"`
	// Version of the API, and the day from which the mall may not answer it any more.
	Version *connectors.VersionRule `json:"version,omitempty"`
}

// AllAbilities lists every mall and order system, in the order of [Malls].
func AllAbilities() ([]Abilities, error) {
	formats, err := Builtin()
	if err != nil {
		return nil, err
	}
	out := make([]Abilities, len(Malls))
	for i := range Malls {
		out[i] = abilitiesOf(&Malls[i], formats)
	}
	return out, nil
}

func abilitiesOf(m *Mall, formats map[string]*format.Format) Abilities {
	a := Abilities{Mall: m.Name, Title: m.Title, Country: m.Country, SheetIn: m.Formats, SheetOut: m.Tracking}
	if f, ok := formats[m.Tracking]; ok {
		a.Sure = f.Spec.Sureness
	}
	table, _ := status.Builtin(m.Name)
	tells := func(c status.Class) bool {
		return slices.ContainsFunc(table.States, func(s status.State) bool { return s.Class == c })
	}
	sheets := len(m.Formats) > 0
	can := func(string) bool { return false }
	if spec, ok := malls.Lookup(m.Name); ok {
		a.API = true
		// What an account has only by settings of its own is not the mall's.
		can = func(ability string) bool { return spec.About().Offers(ability, nil) }
		if can("expiry") {
			a.Keys = spec.About().Keys.Ends
		}
		if spec.About().Version.Name != "" {
			a.Version = &spec.About().Version
		}
	}
	a.Consent = can("consent")
	a.Confirm = ways(can("confirm"), false)
	a.Tracking = ways(can("ship"), m.Tracking != "")
	a.Proof = ways(can("ship") && can("reread"), m.Tracking != "" && sheets && tells(status.Done))
	a.Stock = ways(can("stock"), false)
	a.Products = ways(can("catalog"), false)
	a.Cancel = ways(can("claims") || can("reread") && tells(status.Cancelled), sheets && tells(status.Cancelled))
	return a
}
