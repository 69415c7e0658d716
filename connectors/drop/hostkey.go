package drop

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// A HostKeyError is a server that showed a key we do not know for it. Nothing was
// sent to it but our greeting.
type HostKeyError struct {
	Addr     string   // host:port
	Offered  string   // fingerprint, SHA256:…
	Line     string   // the offered key as a known_hosts line
	Expected []string // fingerprints known for this host; none: it is a new host
	Revoked  bool     // the key is marked @revoked

	kind string // the type of the key
}

func (e *HostKeyError) Error() string {
	switch {
	case e.Revoked:
		return fmt.Sprintf("host key of %s: %s is revoked", e.Addr, e.Offered)
	case len(e.Expected) == 0:
		return fmt.Sprintf("host key of %s is not known: it offers %s", e.Addr, e.Offered)
	}
	return fmt.Sprintf("host key of %s changed: it offers %s, known is %s", e.Addr, e.Offered, strings.Join(e.Expected, " or "))
}

func (e *HostKeyError) hint() string {
	if len(e.Expected) == 0 && !e.Revoked {
		return "compare the fingerprint with what the warehouse tells you by another way; if equal, add this line to known_hosts: " + e.Line
	}
	return "send nothing until the warehouse confirms by another way that it has a new key; then replace the old one by: " + e.Line
}

// hostKeys is what is known of one server.
type hostKeys struct {
	addr     string
	pins     []ssh.PublicKey
	prints   []string // SHA256:… without "=" at the end
	file     ssh.HostKeyCallback
	hasCerts bool // the file has @cert-authority lines
}

func newHostKeys(p Profile) (*hostKeys, error) {
	k := &hostKeys{addr: p.addr()}
	for _, text := range p.HostKeys {
		if err := k.pin(strings.TrimSpace(text)); err != nil {
			return nil, err
		}
	}
	if p.KnownHosts == "" {
		return k, nil
	}
	text, err := os.ReadFile(p.KnownHosts)
	if err != nil {
		return nil, fmt.Errorf("known_hosts: %w", err)
	}
	k.hasCerts = bytes.Contains(text, []byte("@cert-authority"))
	if k.file, err = knownhosts.New(p.KnownHosts); err != nil {
		return nil, err
	}
	return k, nil
}

func (k *hostKeys) pin(text string) error {
	if strings.HasPrefix(text, "SHA256:") {
		k.prints = append(k.prints, strings.TrimRight(text, "="))
		return nil
	}
	if key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(text)); err == nil {
		k.pins = append(k.pins, key)
		return nil
	}
	marker, _, key, _, _, err := ssh.ParseKnownHosts([]byte(text))
	if err != nil || marker != "" {
		return fmt.Errorf(`host key %.40q: use "SHA256:…", "ssh-ed25519 AAAA…" or a known_hosts line without @`, text)
	}
	k.pins = append(k.pins, key)
	return nil
}

// check is the ssh.HostKeyCallback.
func (k *hostKeys) check(host string, remote net.Addr, key ssh.PublicKey) error {
	var fileErr error
	var want []string
	if k.file != nil {
		if fileErr = k.file(host, remote, key); fileErr == nil {
			return nil
		}
		var revoked *knownhosts.RevokedError
		if errors.As(fileErr, &revoked) {
			e := k.offered(key)
			e.Revoked = true
			return e
		}
		want = wanted(fileErr)
	}
	print := ssh.FingerprintSHA256(key)
	if slices.Contains(k.prints, print) {
		return nil
	}
	want = append(want, k.prints...)
	for _, pin := range k.pins {
		if bytes.Equal(pin.Marshal(), key.Marshal()) {
			return nil
		}
		want = append(want, ssh.FingerprintSHA256(pin))
	}
	e := k.offered(key)
	e.Expected = want
	return e
}

func (k *hostKeys) offered(key ssh.PublicKey) *HostKeyError {
	return &HostKeyError{Addr: k.addr, Offered: ssh.FingerprintSHA256(key), Line: hostLine(k.addr, key), kind: key.Type()}
}

func hostLine(addr string, key ssh.PublicKey) string {
	return knownhosts.Line([]string{addr}, key)
}

// wanted returns the fingerprints of the keys that known_hosts has.
func wanted(err error) []string {
	var ke *knownhosts.KeyError
	if !errors.As(err, &ke) {
		return nil
	}
	prints := make([]string, 0, len(ke.Want))
	for _, w := range ke.Want {
		prints = append(prints, ssh.FingerprintSHA256(w.Key))
	}
	return prints
}

// types returns the key types known for the server, or nil when a fingerprint
// alone is known, which does not tell.
func (k *hostKeys) types() []string {
	if len(k.prints) > 0 {
		return nil
	}
	var types []string
	for _, pin := range k.pins {
		types = append(types, pin.Type())
	}
	if k.file != nil {
		// A key that no host has: the answer lists the keys that are known.
		probe, err := ssh.NewPublicKey(ed25519.PublicKey(make([]byte, ed25519.PublicKeySize)))
		if err != nil {
			return nil
		}
		var ke *knownhosts.KeyError
		if errors.As(k.file(k.addr, &net.TCPAddr{}, probe), &ke) {
			for _, w := range ke.Want {
				types = append(types, w.Key.Type())
			}
		}
	}
	return types
}

// algorithms are the host key algorithms to offer, those of known keys only: a
// server has several keys, and shows one of a kind that the client asks for.
func (k *hostKeys) algorithms(allowSHA1 bool) []string {
	all := ssh.SupportedAlgorithms().HostKeys
	slices.Reverse(all) // the library puts RSA first
	if allowSHA1 {
		all = append(all, ssh.KeyAlgoRSA)
	}
	types := k.types()
	if len(types) == 0 {
		return slices.DeleteFunc(all, func(a string) bool { return isCert(a) && !k.hasCerts })
	}
	return slices.DeleteFunc(all, func(a string) bool {
		if isCert(a) {
			return !k.hasCerts
		}
		return !slices.Contains(types, keyType(a))
	})
}

func isCert(algorithm string) bool { return strings.Contains(algorithm, "-cert-") }

// keyType is the type of the key that an algorithm signs with.
func keyType(algorithm string) string {
	if algorithm == ssh.KeyAlgoRSASHA256 || algorithm == ssh.KeyAlgoRSASHA512 {
		return ssh.KeyAlgoRSA
	}
	return algorithm
}

// others returns the algorithms left after a key of this kind was not ours. Only
// with fingerprints is there a second try: they do not tell the kind.
func (k *hostKeys) others(algorithms []string, kind string) []string {
	if len(k.prints) == 0 {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(algorithms), func(a string) bool { return keyType(a) == kind })
}

// errScanned ends the handshake of ScanHostKey before anything is sent.
var errScanned = errors.New("host key seen")

// ScanHostKey asks a server for its host key and hangs up. It proves nothing by
// itself: show the fingerprint to a person, who compares it with what the
// warehouse says by another way, and only then add line to known_hosts.
func ScanHostKey(ctx context.Context, host string, port int) (line, fingerprint string, err error) {
	p := Profile{Kind: SFTP, Host: host, Port: port, User: "scan"}.withDefaults()
	var seen ssh.PublicKey
	cfg := &ssh.ClientConfig{
		User: p.User,
		HostKeyCallback: func(_ string, _ net.Addr, key ssh.PublicKey) error {
			seen = key
			return errScanned
		},
		// Newest kind first, as OpenSSH's client.
		HostKeyAlgorithms: []string{
			ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521,
			ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256,
		},
	}
	conn, err := dialSSH(ctx, p, cfg)
	if err == nil {
		conn.Close()
	}
	if seen == nil {
		return "", "", sftpError(p, "scan host key", "", err)
	}
	return hostLine(p.addr(), seen), ssh.FingerprintSHA256(seen), nil
}

// KnownHostKeys reports whether a key of the server is known, by pin, fingerprint,
// known_hosts or an authority named there. It asks nobody.
func KnownHostKeys(p Profile) (bool, error) {
	p = p.withDefaults()
	k, err := newHostKeys(p)
	if err != nil {
		return false, &Error{Op: "host keys", Place: p.place(), Class: ClassConfig, Err: err}
	}
	return len(k.prints) > 0 || k.hasCerts || len(k.types()) > 0, nil
}
