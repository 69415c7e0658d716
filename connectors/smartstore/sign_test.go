package smartstore

import (
	"testing"

	"golang.org/x/crypto/bcrypt"
)

// The first vector is Naver's own, the others were computed by another bcrypt.
func TestSignature(t *testing.T) {
	for _, x := range []struct {
		id, secret string
		at         int64
		hash, sign string
	}{
		{
			"aaaabbbbcccc", "$2a$10$abcdefghijklmnopqrstuv", 1643961623299, "$2a$10$abcdefghijklmnopqrstuuBVWYJN6OEOtLu8V4p41kb.NzUiA3nk2",
			"JDJhJDEwJGFiY2RlZmdoaWprbG1ub3BxcnN0dXVCVldZSk42T0VPdEx1OFY0cDQxa2IuTnpVaUEzbmsy",
		},
		{
			"1a2B3c4D5e6F7g8H9i0J1k", "$2a$04$N9qo8uLOickgx2ZMRZoMye", 1784073600000, "$2a$04$N9qo8uLOickgx2ZMRZoMyey7On7W6hHCX0c7uvXquGBwOf0cVawZW",
			"JDJhJDA0JE45cW84dUxPaWNrZ3gyWk1SWm9NeWV5N09uN1c2aEhDWDBjN3V2WHF1R0J3T2YwY1Zhd1pX",
		},
		{
			"testClientIdKorea01", "$2a$10$ZYXWVUTSRQPONMLKJIHGfe", 1784073600123, "$2a$10$ZYXWVUTSRQPONMLKJIHGfeRdrAMMeB/9IjeS4Po0QRyxu1jVBnrS.",
			"JDJhJDEwJFpZWFdWVVRTUlFQT05NTEtKSUhHZmVSZHJBTU1lQi85SWplUzRQbzBRUnl4dTFqVkJuclMu",
		},
	} {
		if got, err := signature(x.id, x.secret, x.at); err != nil || got != x.sign {
			t.Errorf("%s: %q, %v, want %q", x.id, got, err, x.sign)
		}
	}
}

func TestSecretsThatAreNoSalt(t *testing.T) {
	for _, s := range []string{
		"", "$2a$04$", "$2a$04$abcdefghijklmnopqrstu", "$2a$04$abcdefghijklmnopqrstuvw", "$2a$4$abcdefghijklmnopqrstuv", "$2a$31$abcdefghijklmnopqrstuv", "$2a$03$abcdefghijklmnopqrstuv",
		"$1a$04$abcdefghijklmnopqrstuv", "$2a$04$abcdefghijklmnopqrst-v", "2a$04$abcdefghijklmnopqrstuv",
	} {
		if got, err := signature("id", s, 1); err == nil {
			t.Errorf("%q: %q", s, got)
		}
	}
}

// Whatever the salt and password, the standard library's neighbour finds the hash good.
func FuzzBcrypt(f *testing.F) {
	f.Add("$2a$04$N9qo8uLOickgx2ZMRZoMye", "id_1")
	f.Add("$2a$04$abcdefghijklmnopqrstuv", "")
	f.Fuzz(func(t *testing.T, salt, password string) {
		if len(salt) < 7 || salt[:7] != "$2a$04$" || len(password) > 72 {
			return
		}
		hash, err := bcryptWith(salt, password)
		if err != nil {
			return
		}
		if err := bcrypt.CompareHashAndPassword([]byte(hash), []byte(password)); err != nil {
			t.Errorf("%q with %q gives %q: %v", password, salt, hash, err)
		}
	})
}
