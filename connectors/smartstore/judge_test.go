package smartstore

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
)

// Whatever is answered, nothing panics; only a document with what was asked for is
// good, and a write without one is never said not to have been done.
func FuzzJudge(f *testing.F) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		f.Fatal(err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body, 200)
		f.Add(body, 500)
	}
	f.Add([]byte("<html><body>점검중</body></html>"), 200)
	f.Add([]byte(`{"code":"GW.AUTHN","message":"x","traceId":"t"}`), 401)
	f.Add([]byte(`{"access_token":"x","expires_in":10800,"token_type":"Bearer"}`), 200)
	f.Fuzz(func(t *testing.T, body []byte, status int) {
		reply := &connectors.Reply{Status: status, Body: body, At: time.Unix(0, 0)}
		for _, key := range []string{"", "data", "contents", "originProduct"} {
			for _, safe := range []bool{true, false} {
				var e envelope
				err := judge(reply, &e, safe, key)
				switch {
				case err == nil && (status < 200 || status > 299 || !e.has(key)):
					t.Errorf("status %d without %q: good", status, key)
				case err != nil && status == 200 && !safe && connectors.ClassOf(err) == connectors.Transient:
					t.Errorf("%v: said not to have been done", err)
				}
			}
		}
		var into struct {
			Token text `json:"access_token"`
		}
		_ = judgeToken(reply, &into)
		var w written
		if json.Unmarshal(body, &w) == nil {
			if r := w.of("1"); r.Outcome == connectors.Retry || r.Outcome == connectors.Already {
				t.Errorf("%+v", r)
			}
		}
		_, _ = numbersOf(body)
		_ = member(body, "immediateDiscountPolicy")
	})
}
