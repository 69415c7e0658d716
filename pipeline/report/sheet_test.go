package report_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/simulator/rakuten"
)

// TestAMallWithoutAPIGetsASheet: parcels go into sheets for people, each into one;
// the sheet is listed until a person says that it was uploaded, and proven by a
// later order sheet.
func TestAMallWithoutAPIGetsASheet(t *testing.T) {
	s := open(t, "")
	list := s.ordinary(rakutenShop, 3)
	s.sold(rakutenShop, list...)
	// From now on the account works by sheets.
	s.Edit("accounts/"+rakutenShop+".yaml", "api:\n", "api:\n  enabled: false\n")
	s.ships(parcel{of: list[0], carrier: "yamato", tracking: number(1)}, parcel{of: list[1], carrier: "yamato", tracking: number(2)})
	rep := s.Run(rakutenShop, "report")
	if rep.Counts["sheets to upload"] != 1 || rep.Waiting != 1 {
		t.Fatalf("%+v", rep)
	}
	s.want(list[0], number(1)+" upload")
	first := s.open(1)[0]
	path := filepath.Join(s.Dir, first.Path)
	bytesOf := func() []byte {
		b, err := os.ReadFile(path)
		s.Check(err)
		return b
	}
	was := bytesOf()
	for i := range 2 {
		if !bytes.Contains(was, []byte(number(i+1))) || !bytes.Contains(was, []byte(list[i].Number)) {
			t.Errorf("the sheet lacks %s: %s", number(i+1), was)
		}
	}
	// Another run writes nothing; a lost file comes back as it was.
	s.Check(os.Remove(path))
	if rep := s.Run(rakutenShop, "report"); rep.Counts["parcels to report"] != 0 {
		t.Errorf("%+v", rep)
	}
	if !bytes.Equal(was, bytesOf()) {
		t.Errorf("rebuilt, the sheet has other bytes")
	}
	// What comes later is in another one.
	s.ships(parcel{of: list[2], carrier: "yamato", tracking: number(3)})
	s.Run(rakutenShop, "report")
	open := s.open(2)
	if open[1].Name == first.Name || open[1].Parcels != 1 {
		t.Errorf("%+v", open)
	}
	done := func(u ledger.Upload) ledger.Verdict {
		return ledger.Verdict{ID: u.ID, Note: "uploaded", Actor: "kim", Now: s.Now()}
	}
	s.Check(s.Env.Ledger.FinishUpload(t.Context(), done(open[0])))
	s.want(list[0], number(1)+" uploaded")
	// The other was refused by the mall: it is given up, and comes again.
	s.Check(s.Env.Ledger.AgainUpload(t.Context(), ledger.Verdict{ID: open[1].ID, Note: "a column was missing", Now: s.Now()}))
	s.Run(rakutenShop, "report")
	again := s.open(1)
	if again[0].ID == open[1].ID {
		t.Errorf("%+v", again)
	}
	s.want(list[2], number(3)+" upload")
	s.Check(s.Env.Ledger.FinishUpload(t.Context(), done(again[0])))
	s.Check(s.Env.Ledger.UndoUpload(t.Context(), done(again[0])))
	s.open(1)
	s.Check(s.Env.Ledger.FinishUpload(t.Context(), done(again[0])))
	// The mall shows the orders as shipped in a later order sheet; here its API
	// stands for it.
	for _, o := range list {
		s.Check(s.rakuten.Move(o.Number, rakuten.Shipped))
	}
	s.Edit("accounts/"+rakutenShop+".yaml", "enabled: false", "enabled: true")
	s.Move(30 * time.Minute)
	s.Run(rakutenShop, "extract")
	s.Edit("accounts/"+rakutenShop+".yaml", "enabled: true", "enabled: false")
	s.Run(rakutenShop, "report")
	for i, o := range list {
		s.want(o, number(i+1)+" seen")
	}
	if k := s.kinds(list[2]); !slices.Contains(k, "report.uploaded") || !strings.HasSuffix(strings.Join(k, " "), "report.seen") {
		t.Errorf("%v", k)
	}
}

// open lists the sheets that people have to upload, the oldest first.
func (s *shop) open(n int) []ledger.Upload {
	s.Helper()
	us, err := s.Env.Ledger.Uploads(s.Context(), rakutenShop, true, 9)
	s.Check(err)
	if len(us) != n {
		s.Fatalf("%d sheets are open, want %d: %+v", len(us), n, us)
	}
	slices.Reverse(us)
	return us
}
