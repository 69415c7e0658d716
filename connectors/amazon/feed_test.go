package amazon

import (
	"os"
	"strings"
	"testing"

	"github.com/mallbridge/mallbridge/connectors"
)

// TestReportOfAFeed reads the sample of a processing report: the one message that it
// names failed.
func TestReportOfAFeed(t *testing.T) {
	text, err := os.ReadFile("testdata/report.xml")
	if err != nil {
		t.Fatal(err)
	}
	failed, stray, err := readReport(text)
	if err != nil || stray != 0 || len(failed) != 1 || failed["503-7654321-0000009"].Message != "18028" {
		t.Errorf("%+v, %d stray, %v", failed, stray, err)
	}
	// Errors that name no order, and errors that are only counted.
	for _, without := range []string{
		strings.ReplaceAll(string(text), "<AmazonOrderID>503-7654321-0000009</AmazonOrderID>", ""),
		strings.ReplaceAll(string(text), "<MessagesWithError>1<", "<MessagesWithError>2<"),
	} {
		if _, stray, err := readReport([]byte(without)); err != nil || stray != 1 {
			t.Errorf("%d stray, %v:\n%s", stray, err, without)
		}
	}
	// A warning is none.
	warned := strings.NewReplacer("<ResultCode>Error", "<ResultCode>Warning", "<MessagesWithError>1<", "<MessagesWithError>0<").Replace(string(text))
	if failed, stray, err := readReport([]byte(warned)); err != nil || stray != 0 || len(failed) != 0 {
		t.Errorf("%+v, %d stray, %v", failed, stray, err)
	}
	for _, none := range []string{"", "<html/>", "<AmazonEnvelope/>", "<AmazonEnvelope><MessageType>ProcessingReport</MessageType></AmazonEnvelope>"} {
		if _, _, err := readReport([]byte(none)); err == nil {
			t.Errorf("%q was read", none)
		}
	}
}

func FuzzReadReport(f *testing.F) {
	for _, name := range []string{"testdata/report.xml", "testdata/feed.xml"} {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		failed, stray, err := readReport(text)
		if err != nil && (failed != nil || stray != 0) || stray < 0 {
			t.Errorf("%v, %d, %v", failed, stray, err)
		}
	})
}

// FuzzJudge: whatever comes back, a reply is either an error of a known class or JSON
// without errors.
func FuzzJudge(f *testing.F) {
	f.Add(200, []byte(`{"orders":[]}`))
	f.Add(200, []byte(`{"errors":[{"code":"InternalFailure"}]}`))
	f.Add(204, []byte(``))
	f.Add(400, []byte(`{"errors":[{"code":"PackageToUpdateNotFound","message":"package not found for this order (sample)","details":""}]}`))
	f.Add(403, []byte(`{"errors":[{"code":"Unauthorized","message":"Access to requested resource is denied.","details":"The access token you provided has expired."}]}`))
	f.Add(403, []byte(`<html></html>`))
	f.Add(429, []byte(`{"errors":[{"code":"QuotaExceeded","message":"You exceeded your quota for the requested resource.","details":""}]}`))
	f.Add(302, []byte(``))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		for _, safe := range []bool{true, false} {
			err := judge(&connectors.Reply{Status: status, Body: body}, safe)
			good := status >= 200 && status < 300
			if err == nil && !good {
				t.Errorf("status %d passes", status)
			}
			if err == nil {
				continue
			}
			if e := connectors.AsError(err); good && (e.Class == connectors.Unanswered) == safe {
				t.Errorf("status %d, safe %v: %v", status, safe, e.Class)
			}
		}
	})
}
