//go:build unix

package pipeline

import (
	"errors"
	"syscall"
)

// running reports whether a process of this machine exists.
func running(pid int) bool { return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }
