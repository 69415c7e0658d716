package agile

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/richardlehane/mscfb"
	"github.com/xuri/excelize/v2"
)

// fixed gives the same random bytes in every run.
func fixed() io.Reader { return rand.NewChaCha8([32]byte{1}) }

func TestEncryptOpensWithExcelize(t *testing.T) {
	// 8 MiB need sectors that list the sectors of the allocation table.
	for _, size := range []int{15, 4096, 4097, 8 << 20} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			plain := make([]byte, size)
			if _, err := io.ReadFull(fixed(), plain); err != nil {
				t.Fatal(err)
			}
			file, err := Encrypt(plain, "비밀 1234", fixed())
			if err != nil {
				t.Fatal(err)
			}
			got, err := excelize.Decrypt(file, &excelize.Options{Password: "비밀 1234"})
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, plain) {
				t.Errorf("%d bytes came back as %d others", len(plain), len(got))
			}
		})
	}
}

func TestEncryptIsDeterministic(t *testing.T) {
	one, err := Encrypt([]byte("PK"), "1234", fixed())
	if err != nil {
		t.Fatal(err)
	}
	two, err := Encrypt([]byte("PK"), "1234", fixed())
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(one, two) {
		t.Error("the same random bytes gave two files")
	}
}

func TestEncryptRefuses(t *testing.T) {
	for _, password := range []string{"", strings.Repeat("x", 256)} {
		if _, err := Encrypt([]byte("x"), password, fixed()); err == nil {
			t.Errorf("a password of %d characters was taken", len(password))
		}
	}
	if _, err := Encrypt([]byte("x"), "1234", strings.NewReader("short")); err == nil {
		t.Error("a source without enough random bytes was taken")
	}
}

func TestCompound(t *testing.T) {
	streams := []Stream{
		{"Workbook", bytes.Repeat([]byte("w"), 5000)},
		{"Book", bytes.Repeat([]byte("b"), 100)},
		{"Ctls", bytes.Repeat([]byte("c"), 65)},
	}
	doc, err := mscfb.New(bytes.NewReader(Compound(streams)))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, f := range doc.File[1:] {
		data, err := io.ReadAll(f)
		if err != nil {
			t.Fatal(err)
		}
		got[f.Name] = string(data)
	}
	for _, s := range streams {
		if got[s.Name] != string(s.Data) {
			t.Errorf("stream %s: %d bytes, want %d", s.Name, len(got[s.Name]), len(s.Data))
		}
	}
}
