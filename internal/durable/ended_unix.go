//go:build unix

package durable

import (
	"errors"
	"syscall"
)

// ended reports whether a process of this machine is certainly gone.
func ended(pid int) bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }
