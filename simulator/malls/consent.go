package malls

import (
	"cmp"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// defaultBack is the address to which malls send the browser after a consent.
const defaultBack = "http://localhost:8765/"

// A consenting mall has a page on which the shop agrees.
type consenting interface {
	// consents reports whether that page is at path.
	consents(path string) bool
	// register sets where the browser goes afterwards, and returns what an account
	// says of it.
	register(back string) (settings map[string]string, err error)
}

// Register sets the address to which the mall sends the browser after a consent.
func (s *Stand) Register(back string) error {
	m, ok := s.mall.(consenting)
	if !ok {
		return fmt.Errorf("%s asks no shop for its consent", s.Shop.Mall)
	}
	settings, err := m.register(back)
	if err == nil {
		maps.Copy(s.Shop.Settings, settings)
	}
	return err
}

// agreed is the field by which the page says what the shop answered.
const agreed = "shop-agrees"

// consentPage shows a browser the page on which the shop signs in and agrees, and sends
// it on once it has answered. What is no browser is not asked: it agrees at once.
func (s *Stand) consentPage(w http.ResponseWriter, r *http.Request) (shown bool) {
	m, ok := s.mall.(consenting)
	if !ok || r.Method != http.MethodGet || !m.consents(r.URL.Path) || !strings.Contains(r.Header.Get("Accept"), "text/html") {
		return false
	}
	q := r.URL.Query()
	answer := q.Get(agreed)
	q.Del(agreed)
	switch answer {
	case "yes":
		r.URL.RawQuery = q.Encode()
		return false
	case "no":
		s.refuse(w, r, q)
		return true
	}
	type field struct{ Name, Value string }
	var fields []field
	for _, name := range slices.Sorted(maps.Keys(q)) {
		for _, v := range q[name] {
			fields = append(fields, field{name, v})
		}
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = agreePage.Execute(w, map[string]any{"Mall": s.Shop.Mall, "Shop": cmp.Or(s.Shop.Settings["seller_id"], "sample shop"), "Path": r.URL.Path, "Fields": fields, "Agreed": agreed}) // the browser may be gone
	return true
}

// refuse is a shop that does not agree. The address to which it goes is that of an
// agreement.
func (s *Stand) refuse(w http.ResponseWriter, r *http.Request, q url.Values) {
	probe := r.Clone(r.Context())
	probe.URL.RawQuery = q.Encode()
	rec := &redirected{header: http.Header{}}
	s.mall.ServeHTTP(rec, probe)
	to, err := url.Parse(rec.header.Get("Location"))
	if err != nil || to.Host == "" {
		http.Error(w, "the request for a consent is wrong", http.StatusBadRequest)
		return
	}
	to.RawQuery = url.Values{"error": {"access_denied"}, "error_description": {"the shop did not agree"}, "state": {q.Get("state")}}.Encode()
	w.Header().Set("Location", to.String())
	w.WriteHeader(http.StatusFound)
}

// redirected keeps where an answer leads.
type redirected struct{ header http.Header }

func (r *redirected) Header() http.Header       { return r.header }
func (*redirected) Write(b []byte) (int, error) { return len(b), nil }
func (*redirected) WriteHeader(int)             {}

var agreePage = template.Must(template.New("").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{{.Mall}}: sign in</title>
<h1>{{.Mall}} (simulated)</h1>
<p>Mallbridge asks for access to the shop <b>{{.Shop}}</b>: orders, shipments, stock.</p>
<form action="{{.Path}}" method="get">{{range .Fields}}<input type="hidden" name="{{.Name}}" value="{{.Value}}">{{end}}
<p><button name="{{.Agreed}}" value="yes">Sign in and agree</button> <button name="{{.Agreed}}" value="no">Do not agree</button></p></form>
</html>
`))
