package console_test

import (
	"bytes"
	"html"
	"image/png"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/mallbridge/mallbridge/console"
	"github.com/mallbridge/mallbridge/ledger"
)

// scan reads the QR code of a picture with ZBar, which shares nothing with what drew it.
func scan(t *testing.T, picture []byte) string {
	t.Helper()
	zbar, err := exec.LookPath("zbarimg")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("no zbarimg is installed")
		}
		t.Skip("no zbarimg is installed (make needs)")
	}
	path := filepath.Join(t.TempDir(), "code.png")
	if err := os.WriteFile(path, picture, 0o600); err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), zbar, "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", path)
	out, err := c.Output()
	if err != nil {
		t.Fatalf("zbarimg finds no code: %v", err)
	}
	return strings.TrimSuffix(string(out), "\n")
}

// An app reads from the picture what the page says as text, and nobody else can.
func TestFactorCode(t *testing.T) {
	s := open(t)
	v := s.as("hanako", ledger.Operator, "ja")
	v.want(v.get("/me/factor/code.png"), http.StatusNotFound)
	page := v.shows(v.post("/me/factor", "password", password), `src="/me/factor/code.png"`)
	address := html.UnescapeString(regexp.MustCompile(`otpauth://[^<]+`).FindString(page.body))
	secret := regexp.MustCompile(`<code>([A-Z2-7]{32})</code>`).FindStringSubmatch(page.body)[1]
	a := v.want(v.get("/me/factor/code.png"), http.StatusOK)
	if a.header.Get("Content-Type") != "image/png" || a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("the picture comes as %v", a.header)
	}
	if got := scan(t, []byte(a.body)); got != address || !strings.Contains(got, "secret="+secret) || strings.Contains(got, "+") {
		t.Errorf("the picture says %q, the page %q", got, address)
	}
	if other := s.as("taro", ledger.Admin, "ja"); other.get("/me/factor/code.png").status != http.StatusNotFound {
		t.Error("another user sees the picture")
	}
	if stranger := s.visitor("ja").get("/me/factor/code.png"); stranger.path != "/sign-in" {
		t.Errorf("a stranger gets %s", stranger.path)
	}
	v.want(v.post("/me/factor/confirm", "code", console.Code(secret, s.clock())), http.StatusOK)
	v.want(v.get("/me/factor/code.png"), http.StatusNotFound)
}

// Codes of every length that names and secrets may have are read back.
func TestCodesAreReadBack(t *testing.T) {
	for _, text := range []string{"A", "otpauth://totp/%E5%80%89%E5%BA%AB:%ED%95%9C%EA%B0%80%EC%98%A8?secret=" + strings.Repeat("A2", 16), strings.Repeat("x", 900)} {
		b, err := console.QRCode(text)
		if err != nil {
			t.Fatal(err)
		}
		if img, err := png.Decode(bytes.NewReader(b)); err != nil || img.Bounds().Dx() != img.Bounds().Dy() {
			t.Errorf("the picture: %v", err)
		}
		if got := scan(t, b); got != text {
			t.Errorf("%q is read as %q", text, got)
		}
	}
	if _, err := console.QRCode(strings.Repeat("x", 5000)); err == nil {
		t.Error("a text that is too long is drawn")
	}
}
