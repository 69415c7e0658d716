// Package agile protects an .xlsx with a password the way spreadsheet
// programs do today: ECMA-376 agile encryption ([MS-OFFCRYPTO] 2.3.4.10),
// AES-256 in CBC mode with SHA-512 and 100,000 rounds for the password.
//
// Mallbridge itself never sends encrypted files. The package makes order
// sheets like those of malls whose downloads carry a password, for the demo
// and for tests; [github.com/mallbridge/mallbridge/mappers/workbook] reads
// them.
package agile

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"unicode/utf16"
)

const (
	spinCount   = 100_000
	keyBytes    = 32
	saltBytes   = 16
	blockBytes  = aes.BlockSize
	segment     = 4096
	maxPassword = 255 // characters
)

// The block keys of [MS-OFFCRYPTO] 2.3.4.11 to 2.3.4.14, each for one purpose.
var (
	keyVerifierInput = []byte{0xfe, 0xa7, 0xd2, 0x76, 0x3b, 0x4b, 0x9e, 0x79}
	keyVerifierHash  = []byte{0xd7, 0xaa, 0x0f, 0x6d, 0x30, 0x61, 0x34, 0x4e}
	keyValue         = []byte{0x14, 0x6e, 0x0b, 0xe7, 0xab, 0xac, 0xd0, 0xd6}
	keyHmacKey       = []byte{0x5f, 0xb2, 0xad, 0x01, 0x0c, 0xb9, 0xe1, 0xf6}
	keyHmacValue     = []byte{0xa0, 0x67, 0x7f, 0x02, 0xb2, 0x2c, 0x84, 0x33}
)

// Encrypt returns the package xlsx inside a compound file that opens with the
// password. Salts and keys are read from rnd, which must be crypto/rand's
// Reader for anything but a fixture; the same bytes from rnd give the same
// file.
func Encrypt(xlsx []byte, password string, rnd io.Reader) ([]byte, error) {
	if n := len(utf16.Encode([]rune(password))); n == 0 || n > maxPassword {
		return nil, errors.New("agile: the password must have 1 to 255 characters")
	}
	var keySalt, dataSalt, verifier [saltBytes]byte
	var key [keyBytes]byte
	var hmacKey [sha512.Size]byte
	for _, b := range [][]byte{keySalt[:], dataSalt[:], verifier[:], key[:], hmacKey[:]} {
		if _, err := io.ReadFull(rnd, b); err != nil {
			return nil, fmt.Errorf("agile: read random bytes: %w", err)
		}
	}
	pkg := encryptPackage(xlsx, key[:], dataSalt[:])
	mac := hmac.New(sha512.New, hmacKey[:])
	mac.Write(pkg)

	root := passwordHash(password, keySalt[:])
	hash := sha512.Sum512(verifier[:])
	wrap := func(purpose, plain []byte) string {
		return b64(encryptCBC(derive(root, purpose), keySalt[:], plain))
	}
	seal := func(purpose, plain []byte) string {
		return b64(encryptCBC(key[:], vector(dataSalt[:], purpose), plain))
	}
	info := fmt.Appendf([]byte{4, 0, 4, 0, 0x40, 0, 0, 0}, infoXML,
		saltBytes, blockBytes, keyBytes*8, sha512.Size, b64(dataSalt[:]),
		seal(keyHmacKey, hmacKey[:]), seal(keyHmacValue, mac.Sum(nil)),
		spinCount, saltBytes, blockBytes, keyBytes*8, sha512.Size, b64(keySalt[:]),
		wrap(keyVerifierInput, verifier[:]), wrap(keyVerifierHash, hash[:]), wrap(keyValue, key[:]))
	return Compound([]Stream{{"EncryptionInfo", info}, {"EncryptedPackage", pkg}}), nil
}

const infoXML = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\r\n" +
	`<encryption xmlns="http://schemas.microsoft.com/office/2006/encryption"` +
	` xmlns:p="http://schemas.microsoft.com/office/2006/keyEncryptor/password"` +
	` xmlns:c="http://schemas.microsoft.com/office/2006/keyEncryptor/certificate">` +
	`<keyData saltSize="%d" blockSize="%d" keyBits="%d" hashSize="%d" cipherAlgorithm="AES"` +
	` cipherChaining="ChainingModeCBC" hashAlgorithm="SHA512" saltValue="%s"/>` +
	`<dataIntegrity encryptedHmacKey="%s" encryptedHmacValue="%s"/>` +
	`<keyEncryptors><keyEncryptor uri="http://schemas.microsoft.com/office/2006/keyEncryptor/password">` +
	`<p:encryptedKey spinCount="%d" saltSize="%d" blockSize="%d" keyBits="%d" hashSize="%d" cipherAlgorithm="AES"` +
	` cipherChaining="ChainingModeCBC" hashAlgorithm="SHA512" saltValue="%s"` +
	` encryptedVerifierHashInput="%s" encryptedVerifierHashValue="%s" encryptedKeyValue="%s"/>` +
	`</keyEncryptor></keyEncryptors></encryption>`

func b64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// passwordHash stretches the password by hashing it with a counter.
func passwordHash(password string, salt []byte) []byte {
	buf := append([]byte(nil), salt...)
	for _, u := range utf16.Encode([]rune(password)) {
		buf = binary.LittleEndian.AppendUint16(buf, u)
	}
	h := sha512.Sum512(buf)
	var round [4 + sha512.Size]byte
	for i := range uint32(spinCount) {
		binary.LittleEndian.PutUint32(round[:4], i)
		copy(round[4:], h[:])
		h = sha512.Sum512(round[:])
	}
	return h[:]
}

// derive makes the key for one purpose from the password's hash.
func derive(root, purpose []byte) []byte {
	h := sha512.Sum512(append(append([]byte(nil), root...), purpose...))
	return h[:keyBytes]
}

// vector makes the initialization vector for one purpose or segment.
func vector(salt, purpose []byte) []byte {
	h := sha512.Sum512(append(append([]byte(nil), salt...), purpose...))
	return h[:blockBytes]
}

// encryptCBC encrypts plain, filled with zeros to a whole number of blocks.
func encryptCBC(key, iv, plain []byte) []byte {
	out := append([]byte(nil), plain...)
	if rest := len(out) % blockBytes; rest != 0 {
		out = append(out, make([]byte, blockBytes-rest)...)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // the length of the key is a constant
	}
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(out, out)
	return out
}

// encryptPackage encrypts the package in segments, each with its own vector,
// behind its true size.
func encryptPackage(plain, key, salt []byte) []byte {
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(plain)))
	for i := 0; i*segment < len(plain); i++ {
		iv := vector(salt, binary.LittleEndian.AppendUint32(nil, uint32(i)))
		out = append(out, encryptCBC(key, iv, plain[i*segment:min(len(plain), (i+1)*segment)])...)
	}
	return out
}
