package secrets

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// minRedact is the shortest value that [Resolver.Redact] looks for. Shorter
// ones would blot out ordinary words.
const minRedact = 4

func (r *Resolver) remember(value string) {
	if r.seen == nil {
		r.seen = make(map[string]struct{})
	}
	for _, form := range []string{value, url.QueryEscape(value), url.PathEscape(value)} {
		if len(form) >= minRedact {
			r.seen[form] = struct{}{}
		}
	}
}

// Redact replaces by dots every secret that r has read, as it is or URL-encoded,
// and what [Redact] replaces.
func (r *Resolver) Redact(text string) string {
	r.mu.Lock()
	values := make([]string, 0, len(r.seen))
	for v := range r.seen {
		values = append(values, v)
	}
	r.mu.Unlock()
	// The longest first: a secret may be part of another.
	slices.SortFunc(values, func(a, b string) int { return len(b) - len(a) })
	for _, v := range values {
		text = strings.ReplaceAll(text, v, dots)
	}
	return Redact(text)
}

var shapes = []struct {
	re   *regexp.Regexp
	with string
}{
	// private keys, whole
	{regexp.MustCompile(`(?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(-----END [A-Z0-9 ]*PRIVATE KEY-----|$)`), dots},
	{regexp.MustCompile(`AGE-SECRET-KEY-[0-9A-Za-z-]+`), dots},
	// the password of a URL
	{regexp.MustCompile(`([a-z][a-z0-9+.-]*://[^\s:/@]*):[^\s/@]*@`), "$1:" + dots + "@"},
	// headers
	{regexp.MustCompile(`(?i)\b(authorization|proxy-authorization|cookie|set-cookie)(["']?\s*[:=]\s*)[^\r\n]+`), "$1$2" + dots},
	{regexp.MustCompile(`(?i)\b(bearer|basic|esa)\s+[A-Za-z0-9._~+/=-]{8,}`), "$1 " + dots},
	// name=value and "name": "value"
	{regexp.MustCompile(`(?i)\b([a-z0-9_-]*(?:password|passwd|passphrase|secret|token|api_?key|access_?key|license_?key))(["']?\s*[:=]\s*)("[^"\r\n]*"|'[^'\r\n]*'|[^\s&,;"'}\]]+)`), "$1$2" + dots},
}

// references are the shapes of [Ref]: worth seeing, and no secret.
var reference = regexp.MustCompile(`^["']?(env:[A-Za-z_][A-Za-z0-9_]*|file:[^"']+|age:[A-Za-z0-9._/-]+)["']?$`)

// Redact replaces by dots what looks like a secret in any text: private keys,
// passwords in URLs, authorization and cookie headers, and values named
// password, secret, token or key. References such as env:NAME stay. It is a net
// under the other measures, not a reason to log secrets.
func Redact(text string) string {
	for _, s := range shapes {
		text = s.re.ReplaceAllStringFunc(text, func(m string) string {
			parts := s.re.FindStringSubmatch(m)
			if len(parts) == 4 && reference.MatchString(parts[3]) {
				return m
			}
			return s.re.ReplaceAllString(m, s.with)
		})
	}
	return text
}
