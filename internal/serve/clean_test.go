package serve

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mallbridge/mallbridge/pipeline/stage"
)

func cleaner() *Server {
	s := &Server{}
	s.env.Store(&stage.Env{})
	return s
}

func TestClean(t *testing.T) {
	s := cleaner()
	for in, want := range map[string]string{
		"ledger: store orders: database is locked":                 "ledger: store orders: database is locked",
		`extract: shop-1: line 3: name "Hanako \"H\" Kaku" is bad`: "extract: shop-1: line 3: name … is bad",
		"open /srv/shop/inbox/受注 11月.csv: permission denied":       "open /srv/shop/inbox/… 11….csv: permission denied",
		"架空 花子 様: too long":                                        "…: too long",
		"받는 분 홍길동, 서울: too long":                                   "…, …: too long",
		"phone 080-0000-0001 is refused":                           "phone … is refused",
		"phone +82 10 0000 0001 is refused":                        "phone … is refused",
		"batch T000123 of 12 lines":                                "batch T000123 of 12 lines",
		"mail hanako.k@example.jp bounced":                         "mail … bounced",
		"dial sftp://user:geheim@host: refused":                    "dial sftp://user:…@host: refused",
		"two\nlines":                                               "two lines",
	} {
		if got := s.clean(errors.New(in)); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	long := s.clean(errors.New(strings.Repeat("very long ", 1000)))
	if len(long) > maxMessage+len(gone) || !utf8.ValidString(long) {
		t.Errorf("%d bytes", len(long))
	}
}

func FuzzClean(f *testing.F) {
	f.Add("open /srv/受注.csv: \"x\"")
	f.Fuzz(func(t *testing.T, text string) {
		got := cleaner().clean(errors.New(text))
		if !utf8.ValidString(got) || strings.ContainsAny(got, "\r\n") {
			t.Errorf("%q", got)
		}
		for _, c := range got {
			if c > 0x7f && c != '…' && c != '•' {
				t.Errorf("%q holds %q", got, c)
			}
		}
	})
}
