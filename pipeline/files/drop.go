package files

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/connectors/drop"
	"github.com/mallbridge/mallbridge/internal/secrets"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

// OpenDrop connects to the warehouse's drop with the secrets that its
// configuration refers to.
func OpenDrop(ctx context.Context, env *stage.Env, w *configs.Warehouse) (drop.Drop, error) {
	p, err := Profile(env, w)
	if err != nil {
		return nil, fmt.Errorf("warehouse %s: %w", w.Name, err)
	}
	return drop.Open(ctx, p)
}

// Profile is the warehouse's drop as the connector wants it.
func Profile(env *stage.Env, w *configs.Warehouse) (drop.Profile, error) {
	d := &w.Drop
	p := drop.Profile{
		Kind: d.Kind, Root: d.Root, Host: d.Host, Port: d.Port, User: d.User, Agent: d.Agent, HostKeys: d.HostKeys, AllowSHA1: d.AllowSHA1,
		Timeout: d.Timeout.Std(),
	}
	if d.Kind == drop.Local {
		p.Root = env.Workspace.Path(d.Root)
	}
	if d.KnownHosts != "" {
		p.KnownHosts = env.Workspace.Path(d.KnownHosts)
	}
	for _, s := range []struct {
		ref secrets.Ref
		to  func(string)
	}{
		{d.Key, func(v string) { p.Key = []byte(v) }},
		{d.Passphrase, func(v string) { p.Passphrase = v }},
		{d.Password, func(v string) { p.Password = v }},
	} {
		if s.ref == "" {
			continue
		}
		v, err := env.Secrets.Resolve(s.ref)
		if err != nil {
			return p, err
		}
		s.to(v.Reveal())
	}
	return p, nil
}

// Ignored reports whether a file of a watched folder is not one to take:
// hidden, an Office lock file, or a download under way.
func Ignored(name string) bool {
	lower := strings.ToLower(name)
	for _, p := range []string{".", "~$"} {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	for _, s := range []string{".part", ".tmp", ".crdownload", ".partial", ".filepart", ".download", "~"} {
		if strings.HasSuffix(lower, s) {
			return true
		}
	}
	return false
}

// Matches reports whether a name fits a pattern of a watched folder. The empty
// pattern fits every name.
func Matches(pattern, name string) bool {
	if pattern == "" {
		return true
	}
	ok, err := filepath.Match(pattern, name)
	return ok && err == nil
}
