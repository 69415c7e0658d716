package stock_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/pipeline/catalog"
)

// The first reading begins today; what it found has its SKU or is listed.
func TestCatalogSinceToday(t *testing.T) {
	s := open(t, nil)
	s.item("tee", "TEE")
	s.Move(48 * time.Hour)
	s.item("new", "NEW-1")
	if rep := s.Run("rakuten-1", "catalog"); !rep.Nothing() {
		t.Errorf("off, and read: %+v", rep)
	}
	s.Env.Named = true
	rep := s.Run("rakuten-1", "catalog")
	s.noted(rep.Notes, "added or changed since 2026-07-17")
	if rep.Counts["products read"] != 1 || rep.Counts["products without SKU"] != 1 {
		t.Errorf("%+v", rep)
	}
	un, err := s.Env.Ledger.Unlinked(t.Context(), "rakuten-1")
	s.Check(err)
	if len(un) != 1 || un[0].Code != "NEW-1" {
		t.Errorf("%+v", un)
	}
	// The next one goes on from there; another one reads everything.
	if since, _, err := s.Env.Ledger.Mark(t.Context(), s.account("rakuten-1"), ledger.MarkCatalogFrom); since != "2026-07-16" || err != nil {
		t.Error(since, err)
	}
	rep, err = catalog.Read(t.Context(), s.Env, "rakuten-1", catalog.Options{All: true})
	s.Check(err)
	if rep.Counts["products read"] != 2 || rep.Counts["products new or changed"] != 1 {
		t.Errorf("%+v", rep)
	}
	rep, err = catalog.Read(t.Context(), s.Env, "rakuten-1", catalog.Options{All: true, Skip: 1})
	s.Check(err)
	if rep.Counts["products read"] != 1 || rep.Counts["products gone"] != 0 {
		t.Errorf("%+v", rep)
	}
}

// A reading that is cut off goes on with the page that did not come.
func TestCatalogGoesOn(t *testing.T) {
	s := open(t, nil)
	for i := range 250 {
		s.item(fmt.Sprintf("item-%03d", i), fmt.Sprintf("C%03d", i))
	}
	pages := 0
	s.Breaks(func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if r.URL.Path != "/es/2.0/items/search" {
			return false
		}
		if pages++; pages > 2 {
			w.WriteHeader(http.StatusBadRequest)
			return true
		}
		return false
	})
	if _, err := catalog.Read(t.Context(), s.Env, "rakuten-1", catalog.Options{All: true}); err == nil {
		t.Fatal("no error")
	}
	s.Breaks(nil)
	s.Move(time.Minute)
	rep, err := catalog.Read(t.Context(), s.Env, "rakuten-1", catalog.Options{All: true})
	s.Check(err)
	s.noted(rep.Notes, "the reading that was cut off goes on")
	ps, err := s.Env.Ledger.Products(t.Context(), s.account("rakuten-1"))
	s.Check(err)
	if rep.Counts["products read"] >= 250 || len(ps) != 250 || rep.Counts["products gone"] != 0 {
		t.Errorf("%+v, %d products", rep, len(ps))
	}
}
