package secrets

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/mallbridge/mallbridge/order"
)

const value = "s3cr3t value/+"

func TestSecretIsNeverShown(t *testing.T) {
	s := New(value)
	var log bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&log, nil))
	logger.Info("login", "password", s, "in", struct{ P Secret }{s})
	asJSON, err := json.Marshal(map[string]any{"p": s, "q": &s, "list": []Secret{s}})
	if err != nil {
		t.Fatal(err)
	}
	text, err := s.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	shown := []string{log.String(), string(asJSON), string(text), s.String(), s.GoString()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%10s", "%T%v"} {
		shown = append(shown, fmt.Sprintf(verb, s), fmt.Sprintf(verb, &s), fmt.Sprintf(verb, struct{ P Secret }{s}), fmt.Sprintf(verb, []Secret{s}))
	}
	for _, text := range shown {
		for _, form := range []string{value, "s3cr3t", fmt.Sprintf("%x", value)} {
			if strings.Contains(text, form) {
				t.Errorf("shown: %s", text)
			}
		}
	}
	if s.Reveal() != value || s.Empty() || !New("").Empty() || New("").String() != "" {
		t.Error("the value is lost")
	}
}

func TestParseRef(t *testing.T) {
	for _, good := range []string{"env:A_1", "file:keys/id", "file:/etc/x y", "file:~/id", "age:shop.password", "age:shop-1/key"} {
		ref, err := ParseRef(good)
		if err != nil || ref.Kind()+":"+ref.Name() != good {
			t.Errorf("%s: %v %v", good, ref, err)
		}
	}
	for _, bad := range []string{"", "hunter2", "env:", "env:1A", "env:A B", "env:A-B", "file:", "file: x", "file:a\nb", "age:", "age:a b", "vault:hunter2", "ENV:A", ":x"} {
		ref, err := ParseRef(bad)
		if !errors.Is(err, ErrShape) || ref != "" {
			t.Errorf("%q: %v %v", bad, ref, err)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the text is shown: %v", err)
		}
	}
}

func env(pairs map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { v, ok := pairs[name]; return v, ok }
}

func TestResolveEnv(t *testing.T) {
	r := &Resolver{Getenv: env(map[string]string{"SET": value, "EMPTY": ""})}
	if s, err := r.Resolve("env:SET"); err != nil || s.Reveal() != value {
		t.Errorf("%v %v", s.Reveal(), err)
	}
	if s, err := r.Resolve(""); err != nil || !s.Empty() {
		t.Errorf("no reference: %v", err)
	}
	for ref, code := range map[Ref]order.Code{"env:UNSET": order.NotFound, "env:EMPTY": order.NotFound, "hunter2": order.Invalid} {
		if _, err := r.Resolve(ref); order.CodeOf(err) != code || order.HintOf(err) == "" {
			t.Errorf("%s: %v, hint %q", ref, err, order.HintOf(err))
		}
	}
}

func TestResolveFile(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, mode os.FileMode) {
		t.Helper()
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(value+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(p, mode); err != nil {
			t.Fatal(err)
		}
	}
	write("good", 0o600)
	write("strict", 0o400)
	write("group", 0o640)
	write("world", 0o604)
	write("writable", 0o620)
	r := &Resolver{Dir: dir}
	for _, name := range []string{"good", "strict", filepath.Join(dir, "good")} {
		if s, err := r.Resolve(Ref("file:" + name)); err != nil || s.Reveal() != value {
			t.Errorf("%s: %q %v", name, s.Reveal(), err)
		}
	}
	for name, code := range map[string]order.Code{"group": order.Denied, "world": order.Denied, "writable": order.Denied, "none": order.NotFound, ".": order.Invalid} {
		_, err := r.Resolve(Ref("file:" + name))
		if order.CodeOf(err) != code || order.HintOf(err) == "" {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("the secret is shown: %v", err)
		}
	}
	large := filepath.Join(dir, "large")
	if err := os.WriteFile(large, bytes.Repeat([]byte("x"), maxSize+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Resolve("file:large"); order.CodeOf(err) != order.Invalid {
		t.Errorf("large: %v", err)
	}
}

func TestResolveAge(t *testing.T) {
	dir := t.TempDir()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	other, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	seal := func(name, text string) {
		t.Helper()
		var b bytes.Buffer
		w, err := age.Encrypt(&b, id.Recipient())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	seal("secrets.age", "# comment\r\nshop.password="+value+"=\r\n\nother = x\n")
	seal("twice.age", "a=1\na=hunter2\n")
	seal("wrong.age", "a=1\nhunter2\n")
	keys := env(map[string]string{"ID": id.String(), "OTHER": other.String(), "JUNK": "hunter2"})
	open := func(file string, identity Ref) *Resolver {
		return &Resolver{Dir: dir, Getenv: keys, AgeFile: file, Identity: identity}
	}
	r := open("secrets.age", "env:ID")
	if s, err := r.Resolve("age:shop.password"); err != nil || s.Reveal() != value+"=" {
		t.Errorf("%q %v", s.Reveal(), err)
	}
	for _, c := range []struct {
		r    *Resolver
		ref  Ref
		code order.Code
	}{
		{r, "age:nothing", order.NotFound},
		{open("secrets.age", "env:OTHER"), "age:a", order.Denied},
		{open("secrets.age", "env:JUNK"), "age:a", order.Invalid},
		{open("secrets.age", "env:UNSET"), "age:a", order.NotFound},
		{open("secrets.age", "age:a"), "age:a", order.Invalid},
		{open("secrets.age", ""), "age:a", order.Invalid},
		{open("none.age", "env:ID"), "age:a", order.NotFound},
		{open("", "env:ID"), "age:a", order.Invalid},
		{open("twice.age", "env:ID"), "age:a", order.Invalid},
		{open("wrong.age", "env:ID"), "age:a", order.Invalid},
	} {
		_, err := c.r.Resolve(c.ref)
		if order.CodeOf(err) != c.code || order.HintOf(err) == "" {
			t.Errorf("%s in %s by %s: %s %v", c.ref, c.r.AgeFile, c.r.Identity, order.CodeOf(err), err)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("a secret is shown: %v", err)
		}
	}
}

func TestRedact(t *testing.T) {
	key := "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjE\nAAAA\n-----END OPENSSH PRIVATE KEY-----"
	for _, c := range []struct{ text, hidden, kept string }{
		{"dial postgres://mall:hunter2@db:5432/x failed", "hunter2", "postgres://mall:•••@db:5432/x failed"},
		{"Authorization: ESA aHVudGVyMg==\nAccept: */*", "aHVudGVyMg", "Accept: */*"},
		{`{"access_key": "hunter2", "order": "0012"}`, "hunter2", `"order": "0012"`},
		{"password=hunter2&shop=1", "hunter2", "&shop=1"},
		{"refreshToken: 'hunter 2', x", "hunter", ", x"},
		{"key is " + key + " end", "b3BlbnNz", " end"},
		{"cut off " + key[:50], "b3Blbn", "cut off "},
		{"AGE-SECRET-KEY-1QQQQ here", "1QQQQ", " here"},
		{"bearer abcdefgh12345678 rejected", "abcdefgh", "rejected"},
	} {
		got := Redact(c.text)
		if strings.Contains(got, c.hidden) || !strings.Contains(got, c.kept) {
			t.Errorf("%q: %q", c.text, got)
		}
	}
	for _, plain := range []string{"order 1001: postal 0600001", "password: env:SMARTSTORE_PASSWORD is not set", "key: file:keys/id", "the secret age:x has no value", "https://example.com/a?b=c"} {
		if got := Redact(plain); got != plain {
			t.Errorf("%q became %q", plain, got)
		}
	}
}

func TestResolverRedacts(t *testing.T) {
	r := &Resolver{Getenv: env(map[string]string{"A": "abc+def/ghi", "B": "abc+def/ghi-longer", "C": "no"})}
	for _, ref := range []Ref{"env:A", "env:B", "env:C"} {
		if _, err := r.Resolve(ref); err != nil {
			t.Fatal(err)
		}
	}
	got := r.Redact("x abc+def/ghi-longer y abc+def/ghi z abc%2Bdef%2Fghi, no more")
	if got != "x ••• y ••• z •••, no more" {
		t.Errorf("%q", got)
	}
}

func FuzzRedact(f *testing.F) {
	f.Add("postgres://a:b@c token=x")
	f.Add("-----BEGIN PRIVATE KEY-----")
	f.Fuzz(func(t *testing.T, text string) {
		once := Redact(text)
		if len(once) > 8*len(text)+64 {
			t.Errorf("%q grew to %q", text, once)
		}
	})
}

func TestStore(t *testing.T) {
	dir := t.TempDir()
	r := &Resolver{Dir: dir}
	ref, err := r.Store("shop-1.license_key", "SL-1 x")
	if err != nil || ref != "file:keys/shop-1.license_key" {
		t.Fatalf("%s %v", ref, err)
	}
	if ref, err = r.Store("shop-1.license_key", "SL-2"); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(dir, ref.Name())); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	if s, err := (&Resolver{Dir: dir}).Resolve(ref); err != nil || s.Reveal() != "SL-2" {
		t.Errorf("%v", err)
	}
	for name, value := range map[string]string{"": "x", "../up": "x", "a b": "x", "a": "", "b": "two\nlines"} {
		if ref, err := r.Store(name, value); order.CodeOf(err) != order.Invalid {
			t.Errorf("%q: %s %v", name, ref, err)
		}
	}
}

func TestStoreInAgeFile(t *testing.T) {
	dir := t.TempDir()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	open := func() *Resolver {
		return &Resolver{Dir: dir, AgeFile: "secrets.age", Identity: "env:ID", Getenv: func(string) (string, bool) { return id.String(), true }}
	}
	for i, name := range []string{"one", "two", "one"} {
		if ref, err := open().Store(name, fmt.Sprintf("value=%d", i)); err != nil || ref != Ref("age:"+name) {
			t.Fatalf("%s %v", ref, err)
		}
	}
	for name, want := range map[string]string{"one": "value=2", "two": "value=1"} {
		if s, err := open().Resolve(Ref("age:" + name)); err != nil || s.Reveal() != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if data, err := os.ReadFile(filepath.Join(dir, "secrets.age")); err != nil || bytes.Contains(data, []byte("value")) {
		t.Errorf("in the clear: %v", err)
	}
}

func TestPut(t *testing.T) {
	dir := t.TempDir()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	open := func() *Resolver {
		return &Resolver{Dir: dir, AgeFile: "secrets.age", Identity: "env:ID", Getenv: func(string) (string, bool) { return id.String(), true }}
	}
	if err := os.MkdirAll(filepath.Join(dir, "own"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "own", "token"), []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, ref := range []Ref{"file:own/token", "age:shop/token"} {
		if err := open().Put(ref, "new"); err != nil {
			t.Errorf("%s: %v", ref, err)
		}
		if s, err := open().Resolve(ref); err != nil || s.Reveal() != "new" {
			t.Errorf("%s: %v", ref, err)
		}
	}
	for _, ref := range []Ref{"", "file:own/token", "file:new/token", "age:shop/token"} {
		if err := open().CanPut(ref); err != nil {
			t.Errorf("%s: %v", ref, err)
		}
	}
	locked := &Resolver{Dir: dir, AgeFile: "secrets.age", Identity: "env:ID", Getenv: func(string) (string, bool) { return "", false }}
	for _, ref := range []Ref{"", "age:shop/token", "env:TOKEN", "file:own/token/below"} {
		if err := locked.CanPut(ref); err == nil {
			t.Errorf("%q can be put", ref)
		}
	}
	if ref, err := (&Resolver{Dir: t.TempDir(), AgeFile: "secrets.age", Identity: "env:ID", Getenv: locked.Getenv}).Store("a.b", "x1"); ref != "file:keys/a.b" {
		t.Errorf("without an age file and an identity: %s %v", ref, err)
	}
	for ref, r := range map[Ref]*Resolver{"env:TOKEN": open(), "age:x": {Dir: dir}, "token": open(), "": open()} {
		if err := r.Put(ref, "new"); order.CodeOf(err) != order.Invalid || strings.Contains(err.Error(), "new") {
			t.Errorf("%s: %v", ref, err)
		}
	}
	if err := open().Put("file:own/token", "two\nlines"); order.CodeOf(err) != order.Invalid {
		t.Errorf("%v", err)
	}
}
