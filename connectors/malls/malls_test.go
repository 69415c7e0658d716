package malls_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/malls"
	"github.com/mallbridge/mallbridge/mappers/codes"
	"github.com/mallbridge/mallbridge/mappers/status"
)

// TestListIsWhole fails for a folder with an about.yaml that the list lacks, and
// for a mall without its folder.
func TestListIsWhole(t *testing.T) {
	files, err := filepath.Glob("../*/about.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	var folders []string
	for _, f := range files {
		folders = append(folders, filepath.Base(filepath.Dir(f)))
	}
	var listed []string
	for _, s := range malls.Malls {
		if x, ok := malls.Lookup(s.About().Name); !ok || x.About() != s.About() {
			t.Errorf("Lookup(%q) finds something else", s.About().Name)
		}
		folder := strings.ReplaceAll(s.About().Name, "-", "")
		if s.About().Name == "yahoo-auction" { // the API of Yahoo! Shopping, described over it
			continue
		}
		listed = append(listed, folder)
		text, err := os.ReadFile("../" + folder + "/about.yaml")
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		if _, err := connectors.ParseAbout(text); err != nil {
			t.Errorf("%s: %v", s.About().Name, err)
		}
	}
	slices.Sort(folders)
	slices.Sort(listed)
	if !slices.Equal(folders, listed) {
		t.Errorf("folders %v, list %v", folders, listed)
	}
	if _, ok := malls.Lookup("no such mall"); ok {
		t.Error("a mall that is not there was found")
	}
}

// TestCarriers holds the codes of carriers that connectors use against the table from
// which the malls' upload files are written.
func TestCarriers(t *testing.T) {
	for _, s := range malls.Malls {
		table, ok := codes.Builtin().Table(codes.Carriers, codes.SystemOf(s.About().Name))
		if !ok {
			t.Errorf("%s: package mappers/codes has no codes of its carriers", s.About().Name)
			continue
		}
		if len(s.About().Carriers) < 5 {
			t.Errorf("%s: only %d carriers", s.About().Name, len(s.About().Carriers))
		}
		for ours, code := range s.About().Carriers {
			if want, _ := table.Code(ours); want != code {
				t.Errorf("%s: %s is %s in about.yaml and %q in the table", s.About().Name, ours, code, want)
			}
			back, read := table.Ours(code)
			if got := s.About().CarrierOf(code); read && got != back {
				t.Errorf("%s: %s is read as %q, the table says %q", s.About().Name, code, got, back)
			}
		}
	}
	if got := malls.Malls[0].About().CarrierOf("no such code"); got != "" {
		t.Errorf("no such code is %q", got)
	}
}

// TestOneTruth compares about.yaml with what the sheets' side of the program says
// of the same mall.
func TestOneTruth(t *testing.T) {
	for _, s := range malls.Malls {
		a := s.About()
		table, ok := status.Builtin(a.Name)
		if !ok {
			t.Errorf("%s: package mappers/status has no table", a.Name)
			continue
		}
		for _, st := range a.Statuses {
			i := slices.IndexFunc(table.States, func(x status.State) bool {
				return x.Code == st.Code || slices.Contains(x.Aliases, st.Code)
			})
			if i < 0 {
				t.Errorf("%s: status %s is unknown to package mappers/status", a.Name, st.Code)
				continue
			}
			if c := table.States[i].Class; string(c) != st.Class {
				t.Errorf("%s: status %s is %s here and %s in package mappers/status", a.Name, st.Code, st.Class, c)
			}
			for lang, title := range table.States[i].Name {
				if st.Title.In(lang) != title {
					t.Errorf("%s: status %s is %q here and %q in package mappers/status", a.Name, st.Code, st.Title.In(lang), title)
				}
			}
		}
		m, ok := configs.LookupMall(a.Name)
		if !ok {
			t.Errorf("%s: package configs does not know it", a.Name)
			continue
		}
		if m.Country != a.Country || m.Currency != a.Currency || m.Timezone != a.Zone {
			t.Errorf("%s: %s %s %s here, %s %s %s in package configs", a.Name, a.Country, a.Currency, a.Zone, m.Country, m.Currency, m.Timezone)
		}
		for lang, title := range m.Title {
			if a.Title.In(lang) != title {
				t.Errorf("%s: title %q here, %q in package configs", a.Name, a.Title.In(lang), title)
			}
		}
		if days := time.Duration(a.Window.LookBack).Hours() / 24; m.MaxLookback > 0 && int(days) != m.MaxLookback {
			t.Errorf("%s: looks back %v days here, %d in package configs", a.Name, days, m.MaxLookback)
		}
	}
}
