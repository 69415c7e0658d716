package backup_test

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/internal/backup"
	"github.com/mallbridge/mallbridge/order"
)

var files = map[string]string{
	"mallbridge.yaml": "timezone: Asia/Tokyo\n",
	"accounts/shop.yaml": `mall: plain
country: JP
currency: JPY
timezone: Asia/Tokyo
intake: {password: "file:keys/sheet"}
targets: {default: ready}
statuses: [{code: "1", same_as: ready}]
sku_from: [item_code]
warehouse: w
`,
	"warehouses/w.yaml":             "timezone: Asia/Tokyo\ndrop: {kind: local, root: drop}\ninstructions: {format: warehouse-instructions, folder: orders}\nnumber: {prefix: W}\n",
	"masters/payments.csv":          "account,name,code,payment\n",
	"masters/delivery-services.csv": "account,name,service,carrier\n",
	"masters/sku-links.csv":         "account,code,sku\n",
	"keys/sheet":                    "not a real key",
	"archive/ab/one.csv":            "注文\n",
	"ledger.db-wal":                 "the ledger's own",
	"jobs.db":                       "the queue's own",
}

func workspace(t *testing.T) *configs.Workspace {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ws, findings, err := configs.Load(dir, func(string) string { return "" })
	if err != nil || findings.Errors() > 0 {
		t.Fatal(err, findings)
	}
	return ws
}

func options(ws *configs.Workspace, to ...age.Recipient) backup.Options {
	return backup.Options{
		Recipients: to, Now: func() time.Time { return time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC) },
		Ledger: func(_ context.Context, path string) error { return os.WriteFile(path, []byte("a ledger"), 0o600) },
		Skip:   []string{ws.Path("ledger.db"), ws.Path("jobs.db")},
	}
}

func contents(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(dir, p)
			out = append(out, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestBackupComesBack(t *testing.T) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	plain := []string{".ledger", "accounts/shop.yaml", "archive/ab/one.csv", "mallbridge.yaml", "masters/delivery-services.csv", "masters/payments.csv", "masters/sku-links.csv", "warehouses/w.yaml"}
	for _, tt := range []struct {
		name string
		to   []age.Recipient
		ids  []age.Identity
		want []string
	}{
		{"open", nil, nil, plain},
		{"sealed", []age.Recipient{id.Recipient()}, []age.Identity{id}, slices.Sorted(slices.Values(append([]string{"keys/sheet"}, plain...)))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ws := workspace(t)
			to := filepath.Join(t.TempDir(), "new", "backup")
			m, err := backup.Write(t.Context(), ws, to, options(ws, tt.to...))
			if err != nil {
				t.Fatal(err)
			}
			if info, _ := os.Stat(to); info.Mode().Perm() != 0o600 {
				t.Errorf("others can read it: %v", info.Mode())
			}
			if left := contents(t, filepath.Dir(to)); len(left) != 1 {
				t.Errorf("beside it lie %v", left)
			}
			if secret := strings.Contains(strings.Join(m.LeftOut, "\n"), "keys/sheet: a secret"); secret != (tt.to == nil) {
				t.Errorf("left out: %v", m.LeftOut)
			}
			dir := t.TempDir()
			back, err := backup.Read(t.Context(), to, backup.Into{Dir: dir, Elsewhere: t.TempDir(), Ledger: filepath.Join(dir, ".ledger"), IDs: tt.ids})
			if err != nil {
				t.Fatal(err)
			}
			if !back.Copied.Equal(m.Copied) {
				t.Errorf("as of %v", back.Copied)
			}
			if got := contents(t, dir); !slices.Equal(got, tt.want) {
				t.Errorf("it holds %v, want %v", got, tt.want)
			}
			text, err := os.ReadFile(filepath.Join(dir, "archive", "ab", "one.csv"))
			if err != nil || string(text) != files["archive/ab/one.csv"] {
				t.Errorf("%q, %v", text, err)
			}
			if len(tt.ids) == 0 {
				return
			}
			other, _ := age.GenerateX25519Identity()
			for _, ids := range [][]age.Identity{nil, {other}} {
				dir := t.TempDir()
				if _, err := backup.Read(t.Context(), to, backup.Into{Dir: dir, Ledger: filepath.Join(dir, ".ledger"), IDs: ids}); order.CodeOf(err) != order.Denied {
					t.Errorf("opened with %d identities of others: %v", len(ids), err)
				}
				if got := contents(t, dir); len(got) > 0 {
					t.Errorf("left %v", got)
				}
			}
		})
	}
}

// TestDamageIsFound flips and cuts: whatever is done to a backup, it is read as it was
// or refused.
func TestDamageIsFound(t *testing.T) {
	ws := workspace(t)
	to := filepath.Join(t.TempDir(), "backup")
	if _, err := backup.Write(t.Context(), ws, to, options(ws)); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	read := func(b []byte) error {
		dir := t.TempDir()
		path := filepath.Join(dir, "b")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := backup.Read(t.Context(), path, backup.Into{Dir: filepath.Join(dir, "to"), Ledger: filepath.Join(dir, "l")})
		return err
	}
	for n := 0; n < len(whole)-8; n += 97 {
		if read(whole[:n]) == nil {
			t.Fatalf("cut at %d of %d bytes, it was read", n, len(whole))
		}
	}
	// Behind the ten bytes of gzip's head, which hold no content.
	for n := 10; n < len(whole); n += 7 {
		b := bytes.Clone(whole)
		b[n] ^= 0x55
		if read(b) == nil {
			t.Fatalf("with byte %d of %d changed, it was read", n, len(whole))
		}
	}
}

func TestNothingIsReplaced(t *testing.T) {
	ws := workspace(t)
	to := filepath.Join(t.TempDir(), "backup")
	if err := os.WriteFile(to, []byte("last week's"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := backup.Write(t.Context(), ws, to, options(ws)); order.CodeOf(err) != order.Conflict {
		t.Errorf("got %v", err)
	}
	if b, _ := os.ReadFile(to); string(b) != "last week's" {
		t.Errorf("now it is %q", b)
	}
}
