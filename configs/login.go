package configs

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/mallbridge/mallbridge/internal/secrets"
)

// A Login is how the program shows an SFTP server who it is.
type Login struct {
	// Private key in PEM or OpenSSH form, as a reference: file:keys/id_ed25519.
	Key secrets.Ref `yaml:"key"`
	// Passphrase of the key, as a reference.
	Passphrase secrets.Ref `yaml:"passphrase"`
	// Password, as a reference.
	Password secrets.Ref `yaml:"password"`
	// Use the SSH agent of the program's user.
	Agent bool `yaml:"agent" jsonschema:"default=false"`
}

var hostKey = regexp.MustCompile(`^(SHA256:[A-Za-z0-9+/]{43}=?|(\S+ )?(ssh|ecdsa|sk)-[a-z0-9@.-]+ [A-Za-z0-9+/]+=*( .*)?)$`)

// login checks how a section of the settings logs in, and by what it knows the server.
func (l *loader) login(p *positions, section string, in *Login, knownHosts string, hostKeys []string) {
	if in.Key == "" && in.Password == "" && !in.Agent {
		l.at(p, section, section+" has no way to log in", "add key: file:keys/id_ed25519, agent: true, or password: env:NAME")
	}
	if in.Passphrase != "" && in.Key == "" {
		l.at(p, section+".passphrase", fmt.Sprintf("%s.passphrase has no effect without %s.key", section, section), "add key, or remove it")
	}
	if in.Key.Kind() == secrets.File && strings.HasSuffix(in.Key.Name(), ".pub") {
		l.at(p, section+".key", section+".key is the public key", "name the private one, without .pub")
	}
	if knownHosts == "" && len(hostKeys) == 0 {
		l.at(p, section, section+" knows no host key", "add known_hosts: a file made by ssh-keyscan and checked, or host_keys: [\"SHA256:…\"]")
	}
	if knownHosts != "" && !strings.HasPrefix(knownHosts, "~/") {
		l.localPath(p, section+".known_hosts", knownHosts)
	}
	for i, key := range hostKeys {
		if !hostKey.MatchString(key) {
			l.at(p, fmt.Sprintf("%s.host_keys.%d", section, i), fmt.Sprintf("%s.host_keys: %q is no host key", section, key), "write SHA256:… as ssh prints it, or the key as ssh-ed25519 AAAA…")
		}
	}
}
