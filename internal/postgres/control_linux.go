package postgres

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// control ends a connection on which sent bytes stay unanswered. Keepalive alone
// does not see that.
func control(network, _ string, c syscall.RawConn) error {
	if network == "unix" {
		return nil
	}
	var err error
	if e := c.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(silence.Milliseconds()))
	}); e != nil {
		return e
	}
	return err
}
