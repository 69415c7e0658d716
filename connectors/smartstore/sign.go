package smartstore

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	//lint:ignore SA1019 bcrypt is made of it; docs/decisions/0029-bcrypt-with-a-salt.md
	"golang.org/x/crypto/blowfish"
)

// signature is client_secret_sign: the bcrypt hash of "id_milliseconds" with the
// application's secret as its salt, in Base64.
func signature(id, secret string, milliseconds int64) (string, error) {
	hash, err := bcryptWith(secret, id+"_"+strconv.FormatInt(milliseconds, 10))
	if err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString([]byte(hash)), nil
}

// letters is how bcrypt writes six bits.
var letters = base64.NewEncoding("./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789").WithPadding(base64.NoPadding)

var errSecret = errors.New("the secret is no bcrypt salt such as $2a$04$ with 22 characters behind it")

const dearest = 16 // cost above which a token would take seconds

// bcryptWith is bcrypt with a given salt: "$2a$", two digits of the cost, "$" and 22
// characters. Of the last of these only two bits count; the hash has it in the form
// that the other four leave zero.
func bcryptWith(salt, password string) (string, error) {
	part := strings.Split(salt, "$")
	if len(part) != 4 || part[0] != "" || len(part[1]) != 2 || part[1][0] != '2' || len(part[2]) != 2 || len(part[3]) != 22 {
		return "", errSecret
	}
	cost, err := strconv.Atoi(part[2])
	if err != nil || cost < 4 || cost > dearest {
		return "", fmt.Errorf("%w; its cost is 4 to %d", errSecret, dearest)
	}
	bytes, err := letters.DecodeString(part[3])
	if err != nil {
		return "", errSecret
	}
	key := append([]byte(password), 0)
	c, err := blowfish.NewSaltedCipher(key, bytes)
	if err != nil {
		return "", errSecret
	}
	for range 1 << cost {
		blowfish.ExpandKey(key, c)
		blowfish.ExpandKey(bytes, c)
	}
	sum := []byte("OrpheanBeholderScryDoubt")
	for i := 0; i < len(sum); i += blowfish.BlockSize {
		for range 64 {
			c.Encrypt(sum[i:i+blowfish.BlockSize], sum[i:i+blowfish.BlockSize])
		}
	}
	return "$" + part[1] + "$" + part[2] + "$" + letters.EncodeToString(bytes) + letters.EncodeToString(sum[:23]), nil
}
