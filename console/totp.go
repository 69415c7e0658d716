package console

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // RFC 6238 and every authenticator app use it; HMAC does not need it to be free of collisions
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// Codes of RFC 6238 as authenticator apps make them: six digits, a step of thirty
// seconds, HMAC-SHA-1. A clock may be one step off.
const (
	codeStep   = 30
	codeDigits = 6
	codeSlack  = 1
)

var secretText = base32.StdEncoding.WithPadding(base32.NoPadding)

// newSecret makes a secret of 160 bits, as RFC 4226 recommends.
func newSecret() string {
	b := make([]byte, 20)
	rand.Read(b) // never fails
	return secretText.EncodeToString(b)
}

// codeAt is the code of a step.
func codeAt(secret []byte, step int64, digits int) string {
	h := hmac.New(sha1.New, secret)
	binary.Write(h, binary.BigEndian, step) // a hash takes all
	sum := h.Sum(nil)
	at := sum[len(sum)-1] & 0x0f
	n := binary.BigEndian.Uint32(sum[at:at+4]) & 0x7fffffff
	mod := uint32(1)
	for range digits {
		mod *= 10
	}
	return fmt.Sprintf("%0*d", digits, n%mod)
}

// stepOf returns the step of which code is the code, about now.
func stepOf(secret, code string, now time.Time) (step int64, ok bool) {
	key, err := secretText.DecodeString(secret)
	code = strings.Join(strings.Fields(code), "")
	if err != nil || len(key) == 0 || len(code) != codeDigits {
		return 0, false
	}
	for d := int64(-codeSlack); d <= codeSlack; d++ {
		s := now.Unix()/codeStep + d
		if hmac.Equal([]byte(codeAt(key, s, codeDigits)), []byte(code)) {
			step, ok = s, true // all are compared, whichever it is
		}
	}
	return step, ok
}

// setupAddress is what an authenticator app reads a secret from.
func setupAddress(user, where, secret string) string {
	return "otpauth://totp/" + url.PathEscape("Mallbridge "+where+":"+user) + "?" + strings.ReplaceAll(url.Values{"secret": {secret}, "issuer": {"Mallbridge " + where}}.Encode(), "+", "%20") // apps show a plus as it is
}
