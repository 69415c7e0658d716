package configs

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/mallbridge/mallbridge/order"
)

func TestInitLoadsWithoutFindings(t *testing.T) {
	for _, country := range []string{"", "JP", "kr"} {
		t.Run(country, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "shop")
			if err := Init(dir, InitOptions{Country: country}); err != nil {
				t.Fatal(err)
			}
			ws, findings, err := Load(dir, nil)
			if err != nil || len(findings) > 0 {
				t.Fatalf("%v\n%v", err, findings)
			}
			for _, a := range ws.Accounts {
				if info, err := os.Stat(ws.Path(a.Intake.Folder)); err != nil || !info.IsDir() {
					t.Errorf("watch folder of %s: %v", a.Name, err)
				}
				if a.Status == nil || a.Location == nil {
					t.Errorf("%s is not ready", a.Name)
				}
			}
		})
	}
}

func TestInitReplacesNothing(t *testing.T) {
	dir := t.TempDir()
	mine := []byte("mine")
	if err := os.WriteFile(filepath.Join(dir, "rules.yaml"), mine, 0o600); err != nil {
		t.Fatal(err)
	}
	err := Init(dir, InitOptions{})
	if order.CodeOf(err) != order.Conflict {
		t.Fatalf("err = %v", err)
	}
	if got, _ := os.ReadFile(filepath.Join(dir, "rules.yaml")); !bytes.Equal(got, mine) {
		t.Errorf("rules.yaml was replaced")
	}
	if _, err := os.Stat(filepath.Join(dir, SettingsFile)); err == nil {
		t.Error("other files were written")
	}
	if err := Init(t.TempDir(), InitOptions{Country: "XX"}); order.CodeOf(err) != order.Invalid {
		t.Errorf("unknown country: %v", err)
	}
}

// The samples that are in the repository are workspaces as they are.
func TestSamplesLoad(t *testing.T) {
	for _, country := range Countries() {
		_, findings, err := Load(filepath.Join("samples", country), nil)
		if err != nil || len(findings) > 0 {
			t.Errorf("%s: %v\n%v", country, err, findings)
		}
	}
}

func TestExplain(t *testing.T) {
	for _, lang := range []string{"ja", "ko", "en"} {
		ws, _, err := Load(filepath.Join("samples", "jp"), nil)
		if err != nil {
			t.Fatal(err)
		}
		ws.Dir, ws.Hash = "/shop", "0123456789abcdef"
		var b bytes.Buffer
		if err := Explain(&b, ws, lang); err != nil {
			t.Fatal(err)
		}
		golden(t, filepath.Join("testdata", "explain", lang+".txt"), b.Bytes())
	}
}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s:\n--- got\n%s\n--- want\n%s", file, got, want)
	}
}
