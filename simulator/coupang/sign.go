package coupang

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"time"
)

// The texts with which the gateway refuses a caller.
const (
	badForm    = "HMAC format is invalid."
	badSign    = "Invalid signature."
	expired    = "Specified signature is expired."
	noRight    = "Request is not authorized."
	notAllowed = "[FORBIDDEN] Not allowed IP"
)

// signatureLife is for how long a signature may be used, and how far a caller's
// clock may go before ours.
const signatureLife = 5 * time.Minute

var authorization = regexp.MustCompile(`^CEA algorithm=HmacSHA256, access-key=([^,\s]+), signed-date=(\d{6}T\d{6}Z), signature=([0-9a-f]{64})$`)

// authorize returns the shop whose key signed the request, or the text of the
// refusal. target is the request line's, up to and from the question mark.
func (m *Mall) authorize(header, method, path, query string, now time.Time) (*shop, string) {
	part := authorization.FindStringSubmatch(header)
	if part == nil {
		return nil, badForm
	}
	signed, err := time.Parse("060102T150405Z", part[2])
	if err != nil {
		return nil, badForm
	}
	s, ok := m.keys[part[1]]
	if !ok || !s.Issued.IsZero() && now.Sub(s.Issued) >= keyLife {
		return nil, noRight
	}
	mac := hmac.New(sha256.New, []byte(s.SecretKey))
	mac.Write([]byte(part[2] + method + path + query))
	given, err := hex.DecodeString(part[3])
	if err != nil || !hmac.Equal(given, mac.Sum(nil)) {
		return nil, badSign
	}
	if age := now.Sub(signed); age > signatureLife || age < -signatureLife {
		return nil, expired
	}
	return s, ""
}
