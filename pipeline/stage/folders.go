package stage

import (
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"strings"
	"sync"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/connectors/drop"
	"github.com/mallbridge/mallbridge/internal/folders"
	"github.com/mallbridge/mallbridge/internal/secrets"
)

// Folders keeps the connections to folders that lie elsewhere than on this machine. A
// process has one. The zero value works.
type Folders struct {
	// Instead names folders of this machine that stand for places.
	Instead map[string]string

	mu   sync.Mutex
	open map[configs.Place]*openFolder
}

type openFolder struct {
	login   string // what it was opened with
	secrets *secrets.Resolver
	root    *folders.Folder
}

// Folder opens a folder of the settings, or one inside it. It calls nobody: what is
// wrong shows when the folder is used.
func (e *Env) Folder(setting string, elem ...string) *folders.Folder {
	if !configs.Elsewhere(setting) {
		return folders.Local(e.Workspace.Path(append([]string{setting}, elem...)...))
	}
	if e.Folders != nil {
		for place, dir := range e.Folders.Instead {
			if below, ok := strings.CutPrefix(strings.TrimSuffix(setting, "/")+"/", strings.TrimSuffix(place, "/")+"/"); ok {
				return folders.Local(dir).Sub(append([]string{below}, elem...)...)
			}
		}
	}
	p, err := configs.ParsePlace(setting)
	if err != nil {
		return folders.Broken(setting, fmt.Errorf("%s: %w", setting, err))
	}
	f, err := e.Folders.at(e, p)
	if err != nil {
		return folders.Broken(setting, fmt.Errorf("%s: %w", setting, err))
	}
	if sub := path.Join(append([]string{p.Path}, elem...)...); sub != "" {
		f = f.Sub(sub)
	}
	return f
}

// File is the folder and name of a file whose path the ledger has: a path from the
// workspace, or one elsewhere.
func (e *Env) File(name string) (*folders.Folder, string) {
	if configs.Elsewhere(name) {
		at := strings.LastIndexByte(name, '/')
		return e.Folder(name[:at]), name[at+1:]
	}
	name = e.Workspace.Path(name)
	return folders.Local(filepath.Dir(name)), filepath.Base(name)
}

// at returns the root of a place.
func (s *Folders) at(e *Env, p configs.Place) (*folders.Folder, error) {
	if s == nil {
		return nil, errors.New("no folders are opened here but those of this machine")
	}
	p.Path = ""
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.open[p]
	if was != nil && was.secrets == e.Secrets {
		return was.root, nil
	}
	var login string
	var root *folders.Folder
	var err error
	if p.Kind == "s3" {
		var o folders.S3
		if o, err = bucketOf(e.Workspace, e.Secrets, p); err != nil {
			return nil, err
		}
		if login = fmt.Sprint(o.Endpoint, " ", o.Region, " ", o.PathStyle, " ", o.AccessKey, " ", o.SecretKey); was == nil || was.login != login {
			root, err = folders.OpenS3(context.Background(), o)
		}
	} else {
		var o drop.Profile
		if o, err = serverOf(e, p); err != nil {
			return nil, err
		}
		if login = fmt.Sprint(o.KnownHosts, o.HostKeys, o.Timeout, o.Agent, " ", string(o.Key), " ", o.Passphrase, " ", o.Password); was == nil || was.login != login {
			root = folders.OpenSFTP(o)
		}
	}
	if err != nil {
		return nil, err
	}
	if root == nil { // as it was, after the settings were read again
		was.secrets = e.Secrets
		return was.root, nil
	}
	if s.open == nil {
		s.open = map[configs.Place]*openFolder{}
	}
	s.open[p] = &openFolder{login, e.Secrets, root}
	if was != nil {
		err = was.root.Close()
	}
	return root, err
}

// Close ends the connections.
func (s *Folders) Close() error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, f := range s.open {
		errs = append(errs, f.root.Close())
	}
	s.open = nil
	return errors.Join(errs...)
}

func bucketOf(ws *configs.Workspace, sec *secrets.Resolver, p configs.Place) (folders.S3, error) {
	o := &ws.Settings.S3
	b := folders.S3{Endpoint: o.Endpoint, Region: o.Region, PathStyle: o.PathStyle, Bucket: p.Bucket, Prefix: p.Path}
	return b, resolve(sec, reveal{o.AccessKey, &b.AccessKey}, reveal{o.SecretKey, &b.SecretKey})
}

func serverOf(e *Env, p configs.Place) (drop.Profile, error) {
	o := &e.Workspace.Settings.SFTP
	d := drop.Profile{Kind: drop.SFTP, Root: p.Root, Host: p.Host, Port: p.Port, User: p.User, HostKeys: o.HostKeys, Timeout: o.Timeout.Std()}
	if o.KnownHosts != "" {
		d.KnownHosts = e.Workspace.Path(o.KnownHosts)
	}
	return d, e.LogIn(&d, &o.Login)
}

// LogIn gives a profile what its server asks for, with the secrets that the settings
// refer to.
func (e *Env) LogIn(p *drop.Profile, in *configs.Login) error {
	var key string
	err := resolve(e.Secrets, reveal{in.Key, &key}, reveal{in.Passphrase, &p.Passphrase}, reveal{in.Password, &p.Password})
	p.Key, p.Agent = []byte(key), in.Agent
	return err
}

type reveal struct {
	ref secrets.Ref
	to  *string
}

func resolve(sec *secrets.Resolver, all ...reveal) error {
	for _, r := range all {
		if r.ref == "" {
			continue
		}
		v, err := sec.Resolve(r.ref)
		if err != nil {
			return err
		}
		*r.to = v.Reveal()
	}
	return nil
}
