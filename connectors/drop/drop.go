// Package drop speaks to the folders where files are exchanged with a
// warehouse: over SFTP or on this machine, behind one small interface, and it
// decides what a batch file needs there so that it arrives exactly once.
//
// Drop is the place; Open dials it from a Profile. Delivery with Inspect,
// Upload, Commit and Mark is the logic of one batch file over any Drop. It keeps
// no state: what was done is recorded by the caller, what is true is looked up
// at the place.
package drop

import (
	"context"
	"fmt"
	"io"
	"time"
)

// A Drop is one warehouse's exchange place.
//
// Paths are relative to the root of the profile and separated by slashes. A path
// that is absolute, has an empty, "." or ".." element, a backslash, a control
// character or bytes that are not UTF-8 is refused with ErrPath before anything
// is sent. Only List and Mkdir take "." (or ""), the root itself.
//
// A Drop may be used by several goroutines. They share one connection: ending
// the context of one call may break off the others, which then fail with an
// error that Retryable reports as true.
type Drop interface {
	// Stat describes one file or folder. A path that does not exist gives an
	// error matching fs.ErrNotExist.
	Stat(ctx context.Context, path string) (Info, error)

	// List returns the regular files of a folder, sorted by name. Folders,
	// symbolic links and devices are left out. Names are as the server gave
	// them and may be refused by the other methods.
	List(ctx context.Context, dir string) ([]Info, error)

	// Read copies a file to w and returns the bytes written. A file larger than
	// max gives ErrTooLarge, mostly before the first byte; a file whose size
	// changed while it was read gives an error. After an error what w holds must
	// not be used. A broken connection is dialled again only when w has got
	// nothing yet.
	Read(ctx context.Context, path string, w io.Writer, max int64) (int64, error)

	// Write makes or truncates path, writes exactly size bytes from r, makes
	// them durable where the place can, and compares the size. It is meant for
	// temporary names: a reader may see the file grow. After any error the file
	// is removed if the place can still be reached; nothing is ever resumed.
	Write(ctx context.Context, path string, r io.Reader, size int64) error

	// Rename gives a file its other name, and never replaces one: when `to`
	// exists the error matches ErrExists and nothing was done. When the request
	// may have been sent and no answer came the error matches ErrUnknown: look
	// before trying again.
	Rename(ctx context.Context, from, to string) error

	// Remove deletes one file. A path that does not exist gives an error matching
	// fs.ErrNotExist. After a retryable error the file may be gone.
	Remove(ctx context.Context, path string) error

	// Mkdir makes a folder and those above it; one that exists is fine.
	Mkdir(ctx context.Context, dir string) error

	// Close ends the connection. Calls after it fail.
	Close() error
}

// A Tree is a Drop that lists the folders in a folder too. An SFTP server is one.
type Tree interface {
	Drop

	// Folders returns the names of the folders in a folder, sorted.
	Folders(ctx context.Context, dir string) ([]string, error)
}

// Info describes one file at a drop.
type Info struct {
	Name    string // last element of Path
	Path    string // relative to the root
	Size    int64  // bytes
	ModTime time.Time
	Dir     bool // only ever true from Stat
}

// The kinds of drop.
const (
	SFTP  = "sftp"
	Local = "local"
)

// A Profile says where a drop is and how to log in. The zero values of the
// optional fields are the defaults given here. A Profile prints without its
// secrets.
type Profile struct {
	Kind string // SFTP or Local
	// Root is the folder that all paths are below. It must exist. For SFTP a
	// relative one starts at the login folder, and empty means that folder.
	Root string

	Host string
	Port int // default 22
	User string

	// Ways to log in; all that are set are tried: agent, key, password.
	KeyFile    string // private key in PEM or OpenSSH form, mode 0600 or stricter
	Key        []byte // the key itself, instead of KeyFile
	Passphrase string // of KeyFile or Key
	Agent      bool   // use the agent at AgentSocket
	// AgentSocket is the agent's socket, by default $SSH_AUTH_SOCK.
	AgentSocket string
	Password    string // also answers a keyboard-interactive prompt

	// KnownHosts is a file in OpenSSH's form. HostKeys holds fingerprints
	// ("SHA256:…"), public keys ("ssh-ed25519 AAAA…") or known_hosts lines; the
	// host names of such a line are not looked at. SFTP needs one of the two; a
	// key named by either is accepted, one marked @revoked never.
	KnownHosts string
	HostKeys   []string
	// AllowSHA1 permits the SHA-1 signatures, key exchanges and MACs that very
	// old servers need.
	AllowSHA1 bool

	// Timeout ends dialling, and any operation during which the connection stays
	// silent for that long. Default one minute.
	Timeout time.Duration
	// KeepAlive is the pause between two signs of life on an idle connection.
	// Default 30 s; negative for none.
	KeepAlive time.Duration

	// PacketSize is the payload of one read or write in bytes. Default 255 KiB
	// for OpenSSH, else 32 KiB, which every server has to take.
	PacketSize int
	// Concurrency is how many packets of one file may be under way. Default 1
	// for OpenSSH, whose large packets one after the other were the fastest on
	// loopback, and 16 for others; more helps when the server is far away.
	Concurrency int

	// FileMode is set on written files if not zero; Local uses 0640 by default,
	// SFTP what the server gives.
	FileMode uint32
	// DirMode is used by Mkdir; default 0750 for Local, the server's for SFTP.
	DirMode uint32
}

// Open checks the profile and connects. The context covers the opening only.
func Open(ctx context.Context, p Profile) (d Drop, err error) {
	ctx, end := step(ctx, "open")
	defer func() { end(err) }()
	p = p.withDefaults()
	if err := p.check(); err != nil {
		return nil, err
	}
	if p.Kind == Local {
		return openLocal(p)
	}
	return openSFTP(ctx, p)
}

func (p Profile) withDefaults() Profile {
	if p.Port == 0 {
		p.Port = 22
	}
	if p.Timeout == 0 {
		p.Timeout = time.Minute
	}
	if p.KeepAlive == 0 {
		p.KeepAlive = 30 * time.Second
	}
	return p
}

func (p Profile) check() error {
	bad := func(format string, args ...any) error {
		return &Error{Op: "open", Place: p.place(), Class: ClassConfig, Err: fmt.Errorf(format, args...)}
	}
	switch {
	case p.Kind == Local && p.Root == "":
		return bad("root is empty: name the folder")
	case p.Kind == Local:
		return nil
	case p.Kind != SFTP:
		return bad("kind is %q: use %q or %q", p.Kind, SFTP, Local)
	case p.Host == "":
		return bad("host is empty")
	case p.User == "":
		return bad("user is empty")
	case p.Port < 1 || p.Port > 65535:
		return bad("port is %d: use 1 to 65535", p.Port)
	case p.KnownHosts == "" && len(p.HostKeys) == 0:
		return bad("no host key is known: set known_hosts or host_keys")
	case p.KeyFile != "" && len(p.Key) > 0:
		return bad("both key file and key are set: use one")
	case p.KeyFile == "" && len(p.Key) == 0 && !p.Agent && p.Password == "":
		return bad("no way to log in: set a key file, the agent or a password")
	case p.PacketSize < 0 || p.PacketSize > 255<<10:
		return bad("packet size is %d: use 1 to %d", p.PacketSize, 255<<10)
	case p.Concurrency < 0 || p.Concurrency > 256:
		return bad("concurrency is %d: use 1 to 256", p.Concurrency)
	case p.Timeout < 0:
		return bad("timeout is %s: use a positive time", p.Timeout)
	}
	return nil
}

// place names the drop in errors: sftp://user@host:port/root or the folder.
func (p Profile) place() string {
	if p.Kind != SFTP {
		return p.Root
	}
	return fmt.Sprintf("sftp://%s@%s/%s", p.User, p.addr(), trimSlash(p.Root))
}

// String names the place, without any secret.
func (p Profile) String() string { return p.place() }

// GoString is String, so that %#v prints no secret either.
func (p Profile) GoString() string { return p.place() }
