package configs

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/mallbridge/mallbridge/internal/secrets"
)

// S3 is how buckets are reached: folders that are written s3://bucket/prefix, and
// backups. Many machines share what lies there.
type S3 struct {
	// Address of the object store: https://s3.example.jp. Left out, Amazon's own.
	Endpoint string `yaml:"endpoint"`
	// Region of the bucket, as the store names it.
	Region string `yaml:"region" jsonschema:"default=ap-northeast-1"`
	// Write the bucket into the path of the address, not before the host's name. Most
	// stores but Amazon's want that.
	PathStyle bool `yaml:"path_style" jsonschema:"default=false"`
	// Key that may list, read, write and delete in the bucket, as a reference:
	// env:S3_ACCESS_KEY. Left out with secret_key, what Amazon's programs find on this
	// machine: its role, the environment, ~/.aws.
	AccessKey secrets.Ref `yaml:"access_key"`
	// Its secret, as a reference: env:S3_SECRET_KEY.
	SecretKey secrets.Ref `yaml:"secret_key"`
}

// SFTP is how SFTP servers are reached on which folders of the workspace lie, written
// sftp://user@host/path; a path from the login folder as sftp://user@host/~/path. The
// drops of warehouses have their own settings.
type SFTP struct {
	Login `yaml:",inline"`
	// File in OpenSSH's known_hosts form. It or host_keys is required.
	KnownHosts string `yaml:"known_hosts"`
	// Fingerprints (SHA256:…) or public keys (ssh-ed25519 AAAA…) of the servers.
	HostKeys []string `yaml:"host_keys"`
	// Silence after which a connection is given up.
	Timeout Duration `yaml:"timeout" jsonschema:"default=1m"`
}

// A Place is a folder elsewhere than on this machine.
type Place struct {
	Kind   string // s3 or sftp
	Bucket string // s3
	User   string // sftp
	Host   string // sftp
	Port   int    // sftp
	// Root is where the server's folder begins that must be there: / or, for paths from
	// the login folder, empty. Path is the folder below it; of a bucket the prefix.
	Root, Path string
}

// Elsewhere reports whether a folder of the settings, or a path made of one, lies
// elsewhere than on this machine.
func Elsewhere(folder string) bool {
	return strings.HasPrefix(folder, "s3://") || strings.HasPrefix(folder, "sftp://")
}

// Within is a folder or file inside a folder of the settings.
func Within(folder string, elem ...string) string {
	if !Elsewhere(folder) {
		return path.Join(append([]string{folder}, elem...)...)
	}
	return strings.TrimSuffix(folder, "/") + "/" + path.Join(elem...)
}

// Place is [Workspace.Path] for folders that may lie elsewhere.
func (w *Workspace) Place(folder string) string {
	if Elsewhere(folder) {
		return strings.TrimSuffix(folder, "/")
	}
	return w.Path(folder)
}

var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// ParsePlace reads s3://bucket/prefix or sftp://user@host[:port]/path.
func ParsePlace(folder string) (Place, error) {
	kind, rest, _ := strings.Cut(folder, "://")
	first, below, _ := strings.Cut(rest, "/")
	below = strings.TrimSuffix(below, "/")
	p := Place{Kind: kind, Path: below}
	if below != "" && below != "~" && !fs.ValidPath(below) || strings.ContainsAny(below, "\\\x00\n\r?#") {
		return p, errors.New(`the path has an empty, "." or ".." part, or a letter that none may have`)
	}
	switch kind {
	case "s3":
		if p.Bucket = first; !bucketName.MatchString(first) {
			return p, fmt.Errorf("%q cannot be the name of a bucket", first)
		}
	case "sftp":
		user, host, ok := strings.Cut(first, "@")
		if !ok || user == "" || host == "" {
			return p, errors.New("it names no user and host")
		}
		if strings.Contains(user, ":") {
			return p, errors.New("it holds a password")
		}
		p.User, p.Host, p.Port, p.Root = user, host, 22, "/"
		if h, port, err := net.SplitHostPort(host); err == nil {
			if !isPort(port) {
				return p, fmt.Errorf("%q is no port", port)
			}
			p.Host = h
			p.Port, _ = strconv.Atoi(port)
		}
		if below == "~" || strings.HasPrefix(below, "~/") {
			p.Root, p.Path = "", strings.TrimPrefix(strings.TrimPrefix(below, "~"), "/")
		}
	default:
		return p, fmt.Errorf("there is no kind %s", kind)
	}
	return p, nil
}

// folders lists the settings that name folders, with where each stands.
func (l *loader) folders() map[string]string {
	s := &l.ws.Settings
	return map[string]string{"inbox": s.Inbox, "archive": s.Archive, "outbox": s.Outbox, "uploads": s.Uploads, "done": s.Done, "rejected": s.Rejected}
}

// folder checks a folder that may lie elsewhere.
func (l *loader) folder(p *positions, key, folder string) {
	if !Elsewhere(folder) {
		if kind, _, other := strings.Cut(folder, "://"); other {
			l.at(p, key, fmt.Sprintf("%s is of the kind %s", key, kind), "write a folder, s3://bucket/prefix, or sftp://user@host/path")
			return
		}
		l.localPath(p, key, folder)
		return
	}
	if _, err := ParsePlace(folder); err != nil {
		l.at(p, key, fmt.Sprintf("%s is %q: %s", key, hidden(folder), err), "write s3://bucket/prefix, or sftp://user@host/path with the login under sftp:")
	}
}

// hidden takes a password out of an address.
func hidden(address string) string {
	if u, err := url.Parse(address); err == nil {
		return u.Redacted()
	}
	return "an address"
}

// checkPlaces checks how folders elsewhere are reached.
func (l *loader) checkPlaces() {
	s, p := &l.ws.Settings, l.settPos
	used := map[string]bool{}
	note := func(folder string) {
		kind, _, _ := strings.Cut(folder, "://")
		used[kind] = true
	}
	for _, f := range l.folders() {
		note(f)
	}
	for _, a := range l.ws.Accounts {
		note(a.Intake.Folder)
	}
	if s.S3.Endpoint != "" {
		u, err := url.Parse(s.S3.Endpoint)
		switch {
		case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.User != nil || u.RawQuery != "":
			l.at(p, "s3.endpoint", fmt.Sprintf("s3.endpoint is %q", hidden(s.S3.Endpoint)), "write https://host or https://host:port")
		case u.Scheme == "http" && !slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, u.Hostname()):
			l.warn(p, "s3.endpoint", "personal data goes to s3.endpoint without encryption", "write https://")
		}
	}
	for _, k := range []struct {
		key, other string
		is, beside secrets.Ref
	}{{"s3.access_key", "s3.secret_key", s.S3.AccessKey, s.S3.SecretKey}, {"s3.secret_key", "s3.access_key", s.S3.SecretKey, s.S3.AccessKey}} {
		if k.is != "" && k.beside == "" {
			l.at(p, k.key, k.key+" has no effect without "+k.other, "add "+k.other+", or remove both")
		}
	}
	if p.has("sftp") || used["sftp"] {
		l.checkSFTPFolders(used["sftp"])
	}
}

func (l *loader) checkSFTPFolders(used bool) {
	s, p := &l.ws.Settings.SFTP, l.settPos
	if !used {
		l.at(p, "sftp", "sftp has no effect: no folder lies on an SFTP server", "remove it, or write a folder as sftp://user@host/path; the drops of warehouses have their own settings")
		return
	}
	l.login(p, "sftp", &s.Login, s.KnownHosts, s.HostKeys)
}
