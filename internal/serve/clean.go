package serve

import (
	"regexp"
	"strings"

	"github.com/mallbridge/mallbridge/internal/secrets"
)

// maxMessage is how many bytes of an error a log line holds.
const maxMessage = 600

const gone = "…"

var (
	quoted   = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|“[^”]*”|「[^」]*」|` + "`[^`]*`")
	foreign  = regexp.MustCompile(`[^\x00-\x7f]+(?:[ -]?[^\x00-\x7f]+)*`)
	numbered = regexp.MustCompile(`\+?[0-9](?:[ -]?[0-9]){6,}`)
	mail     = regexp.MustCompile(`[^\s@:/]+@[^\s@:/]+\.[^\s@:/]+`)
)

// clean makes an error fit for a log. Errors name what they stumbled over, and
// that may be a recipient's name, address or phone: quoted values, text that is
// not ASCII, long numbers and mail addresses are left out, and so are secrets. The
// whole error is in the ledger, for people with a right to it: mallbridge runs.
func (s *Server) clean(err error) string {
	text := err.Error()
	if r := s.env.Load().Secrets; r != nil {
		text = r.Redact(text)
	} else {
		text = secrets.Redact(text)
	}
	for _, re := range []*regexp.Regexp{quoted, foreign, mail, numbered} {
		text = re.ReplaceAllString(text, gone)
	}
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > maxMessage {
		text = strings.ToValidUTF8(text[:maxMessage], "") + gone
	}
	return text
}
