//go:build unix

package ledger

import (
	"syscall"
	"time"
)

// cpuTime is the processor time of this process so far: on a shared machine
// the only figure that can be compared.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
