//go:build !linux

package serve

// monotonic is not asked for where there is no systemd.
func monotonic() string { return micros(0) }
