package serve

import "golang.org/x/sys/unix"

// monotonic is CLOCK_MONOTONIC in microseconds, which systemd wants with a
// reload.
func monotonic() string {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		return "0"
	}
	return micros(ts.Nano())
}
