package configs

import (
	"path/filepath"
	"time"

	"github.com/mallbridge/mallbridge/mappers/codes"
	"github.com/mallbridge/mallbridge/mappers/delivery"
	"github.com/mallbridge/mallbridge/mappers/payment"
	"github.com/mallbridge/mallbridge/mappers/rules"
	"github.com/mallbridge/mallbridge/mappers/sku"
)

// SettingsFile is the file that makes a folder a workspace.
const SettingsFile = "mallbridge.yaml"

// A Workspace is everything that was read from its folder, checked and ready.
type Workspace struct {
	Dir        string // absolute
	Settings   Settings
	Accounts   []*Account   // by name
	Warehouses []*Warehouse // by name
	SKUs       *sku.Index
	Payments   *payment.Map
	Services   *delivery.Services
	Bands      *delivery.TimeBands
	Codes      *codes.Set // built in, with the workspace's own rows before them
	Tables     []Table    // what was read of masters/
	Formats    *Formats   // built-in and own
	Rules      *rules.Set // of rules.yaml; nil without rules
	RuleCases  int        // how many cases of tests/ the rules passed or failed
	// FormatCases is how many cases of formats below tests/ passed or failed.
	FormatCases int

	choices choices
	byName  map[string]*Account // of what was read; whoever adds accounts finds them in the list
	// Hash identifies the configuration: SHA-256, hexadecimal, over the names and
	// contents of all files that were read.
	Hash string
}

// A Table says what was read of one master.
type Table struct {
	Name string // without ending
	File string // path from the workspace; empty where there is none
	Rows int
}

// Account returns the account of that name.
func (w *Workspace) Account(name string) (*Account, bool) {
	if a := w.byName[name]; a != nil {
		return a, true
	}
	for _, a := range w.Accounts {
		if a.Name == name {
			return a, true
		}
	}
	return nil, false
}

// With returns a copy of the workspace with other accounts.
func (w *Workspace) With(accounts []*Account) *Workspace {
	x := *w
	x.Accounts, x.byName = accounts, nil
	return &x
}

// Warehouse returns the warehouse of that name.
func (w *Workspace) Warehouse(name string) (*Warehouse, bool) {
	for _, h := range w.Warehouses {
		if h.Name == name {
			return h, true
		}
	}
	return nil, false
}

// Path returns where a path of the configuration lies: relative ones start at
// the workspace.
func (w *Workspace) Path(elem ...string) string {
	p := filepath.FromSlash(filepath.Join(elem...))
	if filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(w.Dir, p)
}

// Local shows a moment in the workspace's zone, "2006-01-02 15:04:05"; "-" for the
// zero time.
func (w *Workspace) Local(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	loc, err := time.LoadLocation(w.Settings.Timezone)
	if err != nil {
		loc = time.UTC
	}
	return t.In(loc).Format("2006-01-02 15:04:05")
}
