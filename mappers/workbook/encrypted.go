package workbook

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/xuri/excelize/v2"
)

// openEncrypted opens an .xlsx that is protected by a password (ECMA-376
// standard or agile encryption). The file and its plain form are held in
// memory until Close.
func openEncrypted(r io.ReaderAt, size int64, o Options) (*Reader, error) {
	if o.Password == "" {
		return nil, ErrPassword
	}
	if size > o.Limits.EncryptedBytes {
		return nil, &LimitError{"size of the encrypted file in bytes", o.Limits.EncryptedBytes}
	}
	raw := make([]byte, size)
	if _, err := io.ReadFull(io.NewSectionReader(r, 0, size), raw); err != nil {
		return nil, fmt.Errorf("read the encrypted file: %w", err)
	}
	if err := checkRounds(raw); err != nil {
		return nil, err
	}
	plain, err := decrypt(raw, o.Password)
	if err != nil {
		return nil, &CorruptError{Msg: "the encryption cannot be undone", Err: err}
	}
	// The library does not check the password: a wrong one gives noise.
	if !bytes.HasPrefix(plain, zipMagic) {
		return nil, ErrWrongPassword
	}
	book, err := openXLSX(bytes.NewReader(plain), int64(len(plain)), o)
	if err != nil {
		return nil, err
	}
	book.kind = EncryptedXLSX
	return book, nil
}

// decrypt undoes the encryption. The library is kept from taking the program
// down with it: it is given bytes from outside.
func decrypt(raw []byte, password string) (plain []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			plain, err = nil, fmt.Errorf("%v", p)
		}
	}()
	plain, err = excelize.Decrypt(raw, &excelize.Options{Password: password})
	if err == nil && len(plain) == 0 {
		err = errors.New("an unknown kind of encryption")
	}
	return plain, err
}

// maxRounds bounds how often a password is hashed. Spreadsheet programs use
// 100,000 rounds; a file may ask for any number of them.
const maxRounds = 1_000_000

var roundsAttr = []byte("spinCount=")

// checkRounds refuses a file that would take minutes to be opened.
func checkRounds(raw []byte) error {
	doc, err := openCompound(bytes.NewReader(raw))
	if err != nil {
		return &CorruptError{Msg: "the compound file cannot be read, so it is cut off or damaged", Err: err}
	}
	for _, f := range doc.File {
		if f.Name != "EncryptionInfo" {
			continue
		}
		info, err := io.ReadAll(io.LimitReader(f, maxToken))
		if err != nil {
			return &CorruptError{Part: f.Name, Msg: "the part is cut off or damaged", Err: err}
		}
		for {
			_, rest, found := bytes.Cut(info, roundsAttr)
			if !found {
				return nil
			}
			info = rest
			digits := bytes.TrimLeft(rest, `"'`)
			end := 0
			for end < len(digits) && isDigit(digits[end]) {
				end++
			}
			if n, ok := parseUint(digits[:end]); !ok || n > maxRounds {
				return &LimitError{"rounds of hashing that the password takes", maxRounds}
			}
		}
	}
	return &CorruptError{Msg: "the compound file has no EncryptionInfo stream"}
}
