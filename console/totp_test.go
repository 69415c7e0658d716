package console

import (
	"testing"
	"time"
)

// The vectors of RFC 6238, appendix B, for SHA-1.
func TestCodesOfRFC6238(t *testing.T) {
	for at, want := range map[int64]string{
		59: "94287082", 1111111109: "07081804", 1111111111: "14050471", 1234567890: "89005924", 2000000000: "69279037", 20000000000: "65353130",
	} {
		if got := codeAt([]byte("12345678901234567890"), at/30, 8); got != want {
			t.Errorf("at %d: %s, want %s", at, got, want)
		}
	}
	secret := secretText.EncodeToString([]byte("12345678901234567890"))
	for _, x := range []struct {
		code string
		at   int64
		ok   bool
	}{
		{"287082", 59, true}, {"287 082", 59, true}, {"287082", 89, true}, {"287082", 29, true}, {"287082", 120, false}, {"287082", 0 + 1e6, false}, {"", 59, false}, {"28708", 59, false}, {"94287082", 59, false},
	} {
		if step, ok := stepOf(secret, x.code, time.Unix(x.at, 0)); ok != x.ok || ok && step != 1 {
			t.Errorf("%q at %d: step %d, %t", x.code, x.at, step, ok)
		}
	}
	if _, ok := stepOf("", "000000", time.Unix(59, 0)); ok {
		t.Error("no secret has a code")
	}
	if a, b := newSecret(), newSecret(); a == b || len(a) != 32 {
		t.Errorf("secrets %q and %q", a, b)
	}
}
