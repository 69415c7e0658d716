//go:build linux || darwin

package disk

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// At returns the room on the file system of a path that exists.
func At(path string) (Space, error) {
	var fs unix.Statfs_t
	if err := unix.Statfs(path, &fs); err != nil {
		return Space{}, fmt.Errorf("statfs %s: %w", path, err)
	}
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return Space{}, fmt.Errorf("stat %s: %w", path, err)
	}
	size := uint64(fs.Bsize)
	return Space{Device: uint64(st.Dev), Free: fs.Bavail * size, Total: fs.Blocks * size, FreeFiles: fs.Ffree, Files: fs.Files}, nil
}

// Writable returns an error if this user may not make files in the folder.
func Writable(dir string) error { return unix.Access(dir, unix.W_OK|unix.X_OK) }

// Owner is the number of the user to whom a path belongs.
func Owner(path string) (uid int, err error) {
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return 0, fmt.Errorf("stat %s: %w", path, err)
	}
	return int(st.Uid), nil
}
