package pgtest

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// An identity is the user that the server runs as; zero means our own.
type identity struct{ credential *syscall.Credential }

// unprivileged gives the user for the server, which refuses to run as root.
func unprivileged() (identity, error) {
	if os.Getuid() != 0 {
		return identity{}, nil
	}
	for _, name := range [...]string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			return identity{}, err
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			return identity{}, err
		}
		return identity{&syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
	}
	return identity{}, fmt.Errorf("PostgreSQL does not run as root, and there is neither a user postgres nor nobody")
}

func (id identity) own(path string) error {
	if id.credential == nil {
		return nil
	}
	return os.Chown(path, int(id.credential.Uid), int(id.credential.Gid))
}

func (id identity) set(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: id.credential, Pdeathsig: syscall.SIGINT}
}
