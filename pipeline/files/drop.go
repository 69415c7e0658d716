package files

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/connectors/drop"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

// OpenDrop connects to the warehouse's drop with the secrets that its
// configuration refers to.
func OpenDrop(ctx context.Context, env *stage.Env, w *configs.Warehouse) (drop.Drop, error) {
	p, err := Profile(env, w)
	if err != nil {
		return nil, fmt.Errorf("warehouse %s: %w", w.Name, err)
	}
	d, err := drop.Open(ctx, p)
	if err != nil || !env.Ledger.Bound() {
		return d, err
	}
	return &bound{d, env}, nil
}

// bound is a drop that is changed only while the run has its lease: what a node
// wanted to do before it stood still for minutes, it does not do when another one
// has taken its work over.
type bound struct {
	drop.Drop
	env *stage.Env
}

func (b *bound) while(ctx context.Context, f func(context.Context) error) error {
	return b.env.Ledger.While(ctx, b.env.LeaseTime(), b.env.Now, f)
}

// Write implements [drop.Drop].
func (b *bound) Write(ctx context.Context, path string, r io.Reader, size int64) error {
	return b.while(ctx, func(ctx context.Context) error { return b.Drop.Write(ctx, path, r, size) })
}

// Rename implements [drop.Drop].
func (b *bound) Rename(ctx context.Context, from, to string) error {
	return b.while(ctx, func(ctx context.Context) error { return b.Drop.Rename(ctx, from, to) })
}

// Remove implements [drop.Drop].
func (b *bound) Remove(ctx context.Context, path string) error {
	return b.while(ctx, func(ctx context.Context) error { return b.Drop.Remove(ctx, path) })
}

// Mkdir implements [drop.Drop].
func (b *bound) Mkdir(ctx context.Context, dir string) error {
	return b.while(ctx, func(ctx context.Context) error { return b.Drop.Mkdir(ctx, dir) })
}

// Profile is the warehouse's drop as the connector wants it.
func Profile(env *stage.Env, w *configs.Warehouse) (drop.Profile, error) {
	d := &w.Drop
	p := drop.Profile{
		Kind: d.Kind, Root: d.Root, Host: d.Host, Port: d.Port, User: d.User, HostKeys: d.HostKeys, AllowSHA1: d.AllowSHA1, Timeout: d.Timeout.Std(),
	}
	if d.Kind == drop.Local {
		p.Root = env.Workspace.Path(d.Root)
	}
	if d.KnownHosts != "" {
		p.KnownHosts = env.Workspace.Path(d.KnownHosts)
	}
	return p, env.LogIn(&p, &d.Login)
}

// Probe is the name of the file by which it is tried whether the drop can be written:
// a temporary one, which the warehouse leaves alone.
func Probe(w *configs.Warehouse) string {
	name := strings.ReplaceAll(w.Instructions.Temporary, "{name}", "mallbridge-test")
	if !strings.Contains(name, "/") && w.Instructions.Folder != "" {
		return w.Instructions.Folder + "/" + name
	}
	return name
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
