//go:build !linux && !darwin

package disk

import "errors"

// errUnknown means that this system is not asked.
var errUnknown = errors.New("not known on this system")

// At is not known here.
func At(string) (Space, error) { return Space{}, errUnknown }

// Writable finds nothing here.
func Writable(string) error { return nil }

// Owner is not known here.
func Owner(string) (int, error) { return 0, errUnknown }
