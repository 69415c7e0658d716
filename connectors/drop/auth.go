package drop

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// login returns the ways to log in. done frees the agent's connection once the
// handshake is over.
func login(ctx context.Context, p Profile) (methods []ssh.AuthMethod, done func(), err error) {
	done = func() {}
	var signers []ssh.Signer
	if p.Agent {
		var more []ssh.Signer
		if more, done, err = agentSigners(ctx, p); err != nil {
			return nil, done, err
		}
		signers = append(signers, more...)
	}
	if p.KeyFile != "" || len(p.Key) > 0 {
		key, err := p.signer()
		if err != nil {
			return nil, done, err
		}
		signers = append(signers, key)
	}
	for i, s := range signers {
		signers[i] = modern(s, p.AllowSHA1)
	}
	if len(signers) > 0 {
		methods = append(methods, ssh.PublicKeys(signers...))
	}
	if p.Password != "" {
		methods = append(methods, ssh.Password(p.Password), ssh.KeyboardInteractive(answer(p.Password)))
	}
	return methods, done, nil
}

// answer replies to the one hidden question of a server that asks for the
// password by keyboard-interactive, and to nothing else.
func answer(password string) ssh.KeyboardInteractiveChallenge {
	return func(_, _ string, questions []string, echos []bool) ([]string, error) {
		switch {
		case len(questions) == 0:
			return nil, nil
		case len(questions) == 1 && !echos[0]:
			return []string{password}, nil
		}
		return nil, errors.New("the server asks for more than a password")
	}
}

func agentSigners(ctx context.Context, p Profile) ([]ssh.Signer, func(), error) {
	done := func() {}
	socket := p.AgentSocket
	if socket == "" {
		socket = os.Getenv("SSH_AUTH_SOCK")
	}
	if socket == "" {
		return nil, done, errors.New("ssh agent: SSH_AUTH_SOCK is not set: start an agent or use a key file")
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", socket)
	if err != nil {
		return nil, done, fmt.Errorf("ssh agent: %w", err)
	}
	done = func() { conn.Close() }
	stop := context.AfterFunc(ctx, done)
	defer stop()
	signers, err := agent.NewClient(conn).Signers()
	if err == nil && len(signers) == 0 {
		err = errors.New("it holds no key: add one with ssh-add")
	}
	if err != nil {
		return nil, done, fmt.Errorf("ssh agent: %w", err)
	}
	return signers, done, nil
}

func (p Profile) signer() (ssh.Signer, error) {
	key, name := p.Key, "key"
	if p.KeyFile != "" {
		name = "key file " + p.KeyFile
		if err := checkKeyMode(p.KeyFile); err != nil {
			return nil, err
		}
		var err error
		if key, err = os.ReadFile(p.KeyFile); err != nil {
			return nil, fmt.Errorf("key file: %w", err)
		}
	}
	signer, err := parseKey(key, p.Passphrase)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return signer, nil
}

func parseKey(key []byte, passphrase string) (ssh.Signer, error) {
	signer, err := ssh.ParsePrivateKey(key)
	var locked *ssh.PassphraseMissingError
	switch {
	case err == nil:
		return signer, nil
	case !errors.As(err, &locked):
		// The parser's own words could repeat parts of the key.
		return nil, errors.New("this is no private key in PEM or OpenSSH form")
	case passphrase == "":
		return nil, errors.New("it is encrypted: set the passphrase")
	}
	if signer, err = ssh.ParsePrivateKeyWithPassphrase(key, []byte(passphrase)); err != nil {
		return nil, errors.New("the passphrase does not open it")
	}
	return signer, nil
}

func checkKeyMode(name string) error {
	st, err := os.Stat(name)
	if err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	if mode := st.Mode().Perm(); runtime.GOOS != "windows" && mode&0o077 != 0 {
		return fmt.Errorf("key file %s: mode is %04o, others may read it: run chmod 600 %s: %w", name, mode, name, fs.ErrPermission)
	}
	return nil
}

// modern keeps RSA keys from signing with SHA-1.
func modern(s ssh.Signer, allowSHA1 bool) ssh.Signer {
	as, ok := s.(ssh.AlgorithmSigner)
	if !ok || allowSHA1 || s.PublicKey().Type() != ssh.KeyAlgoRSA {
		return s
	}
	m, err := ssh.NewSignerWithAlgorithms(as, []string{ssh.KeyAlgoRSASHA256, ssh.KeyAlgoRSASHA512})
	if err != nil {
		return s
	}
	return m
}

// algorithms leaves SHA-1 out of key exchange and MAC unless it is allowed.
func algorithms(allowSHA1 bool) ssh.Config {
	all := ssh.SupportedAlgorithms()
	cfg := ssh.Config{KeyExchanges: all.KeyExchanges, Ciphers: all.Ciphers, MACs: all.MACs}
	if allowSHA1 {
		cfg.KeyExchanges = append(cfg.KeyExchanges, ssh.InsecureKeyExchangeDH14SHA1)
		return cfg
	}
	cfg.MACs = slices.DeleteFunc(cfg.MACs, func(m string) bool { return strings.HasPrefix(m, "hmac-sha1") })
	return cfg
}
