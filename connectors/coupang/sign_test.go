package coupang

import (
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
)

// Vectors computed by hand from the portal's rule with fictitious keys.
func TestAuthorization(t *testing.T) {
	const (
		access = "11111111-2222-3333-4444-555555555555"
		secret = "0123456789abcdef0123456789abcdef01234567"
		base   = "/v2/providers/openapi/apis/api"
	)
	at := time.Date(2026, 7, 15, 10, 23, 45, 0, time.FixedZone("KST", 9*60*60))
	for _, x := range []struct {
		method, path string
		query        []string
		want         string
	}{
		{"GET", base + "/v5/vendors/A00012345/ordersheets", []string{"createdAtFrom", "2026-07-15+09:00", "createdAtTo", "2026-07-15+09:00", "maxPerPage", "50", "status", "ACCEPT"}, "ceea784a02221fb066d44bd6ef7a5409361c7e9bd00a2ded5f2e6d908dda3251"},
		{"GET", base + "/v5/vendors/A00012345/ordersheets", []string{"createdAtFrom", "2026-07-15T09:50+09:00", "createdAtTo", "2026-07-15T10:10+09:00", "searchType", "timeFrame", "status", "ACCEPT"}, "3ad392fe2b27b474a24ee260b1797fcf4c84fd66a4ae8cc2f2b7eed46b1138a7"},
		{"PUT", base + "/v4/vendors/A00012345/ordersheets/acknowledgement", nil, "630e2887bffabf3567da275aed1f97b4f37d6e8dcbfaa1d002129a629f694ef1"},
		{"PUT", sellerAPI + "/vendor-items/3242596999/quantities/17", nil, "f3e19c0780ffe8f9689758df15cabf9d3b42947d8011f14a3837ced42643aa55"},
	} {
		want := "CEA algorithm=HmacSHA256, access-key=" + access + ", signed-date=260715T012345Z, signature=" + x.want
		if got := authorization(access, secret, x.method, x.path, encode(x.query), at); got != want {
			t.Errorf("%s %s\n got %s\nwant %s", x.method, x.path, got, want)
		}
	}
}

func TestSpansCoverAWindowWithoutGap(t *testing.T) {
	at := func(s string) time.Time {
		x, err := time.ParseInLocation("2006-01-02 15:04:05", s, seoul)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	for _, x := range []struct {
		from, to string
		days     int
		want     int
	}{
		{"2026-07-15 09:50:00", "2026-07-15 10:10:00", 7, 1},
		{"2026-07-15 09:50:30", "2026-07-15 10:10:30", 7, 1},
		{"2026-07-14 12:00:00", "2026-07-15 11:59:00", 7, 1},
		{"2026-07-14 12:00:00", "2026-07-15 12:00:00", 7, 2},
		{"2026-07-14 00:00:00", "2026-07-15 00:00:00", 7, 1},
		{"2026-07-14 00:00:00", "2026-07-15 00:01:00", 7, 2},
		{"2026-06-15 09:50:00", "2026-07-15 09:50:00", 31, 3},
		{"2026-06-15 09:50:00", "2026-07-15 09:50:00", 7, 7},
	} {
		w := connectors.Window{From: at(x.from).UTC(), To: at(x.to).UTC()}
		got := spans(w, x.days)
		if len(got) != x.want {
			t.Errorf("%s – %s: %d spans, want %d: %v", x.from, x.to, len(got), x.want, got)
		}
		next := w.From.Truncate(time.Minute)
		for _, s := range got {
			length := s.to.Sub(s.from)
			if !s.from.Equal(next) || !s.days && length >= 24*time.Hour || s.days && length > time.Duration(x.days)*24*time.Hour || length <= 0 {
				t.Errorf("%s – %s: span %v – %v (days: %v) after %v", x.from, x.to, s.from, s.to, s.days, next)
			}
			next = s.to
		}
		if next.Before(w.To) || next.Sub(w.To) >= time.Minute {
			t.Errorf("%s – %s: ends at %v", x.from, x.to, next)
		}
	}
}

// Whatever a reply holds, it is taken or sorted into a class, and what it says of
// the bundles of a write can be asked for.
func FuzzJudge(f *testing.F) {
	for _, s := range []string{
		`{"code":"200","message":"OK","data":{"responseCode":1,"responseMessage":"PARTIAL_ERROR","responseList":[{"shipmentBoxId":702600715000000101,"succeed":true,"resultCode":"OK","retryRequired":false,"resultMessage":null}]}}`,
		`{"code":"ERROR","message":"Specified signature is expired.","transactionId":"00000000-0000-4000-8000-000000000001"}`,
		`{"code":400,"message":"해당 주문이 취소 또는 반품 되었습니다."}`, `<html>`, ``,
	} {
		for _, status := range []int{200, 400, 401, 403, 412, 429, 500, 504} {
			f.Add(status, []byte(s), true)
		}
	}
	f.Fuzz(func(t *testing.T, status int, body []byte, safe bool) {
		var e envelope
		err := judge(&connectors.Reply{Status: status, Body: body}, &e, safe)
		if (err == nil) && (status != 200 || e.Code == "") {
			t.Errorf("%d %q is taken", status, body)
		}
		if x := connectors.AsError(err); err != nil && !safe && x.Class == connectors.Transient && status >= 500 {
			t.Errorf("%d %q: a write that may have been done would be repeated", status, body)
		}
		list, all := e.report()
		for _, r := range list {
			if got := list.of(string(r.Box), all); got.Outcome == connectors.Retry {
				t.Errorf("%+v", got)
			}
		}
		if err == nil {
			_ = e.records()
		}
	})
}
