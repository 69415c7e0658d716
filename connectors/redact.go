package connectors

import (
	"bytes"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"sync"
)

const hiddenMark = "[secret]"

// shortestHidden is the length below which a value is too common to be taken out
// of texts.
const shortestHidden = 4

// redactor takes secrets out of texts, in each form in which they may stand there.
type redactor struct {
	mu    sync.RWMutex
	forms []string // longest first
}

func (r *redactor) add(values ...string) {
	for _, v := range values {
		if len(v) < shortestHidden {
			continue
		}
		quoted, _ := json.Marshal(v)
		for _, f := range []string{v, url.QueryEscape(v), url.PathEscape(v), strings.Trim(string(quoted), `"`)} {
			r.mu.Lock()
			if !slices.Contains(r.forms, f) {
				r.forms = append(r.forms, f)
				slices.SortFunc(r.forms, func(a, b string) int { return len(b) - len(a) })
			}
			r.mu.Unlock()
		}
	}
}

func (r *redactor) text(s string) string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, f := range r.forms {
		s = strings.ReplaceAll(s, f, hiddenMark)
	}
	return s
}

func (r *redactor) bytes(b []byte) []byte {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, f := range r.forms {
		if bytes.Contains(b, []byte(f)) {
			b = bytes.ReplaceAll(b, []byte(f), []byte(hiddenMark))
		}
	}
	return b
}
