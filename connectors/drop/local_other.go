//go:build !linux

package drop

import (
	"errors"
	"os"
)

func renameNoReplace(*os.Root, string, string) error { return errors.ErrUnsupported }
