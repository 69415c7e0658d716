package files

import (
	"errors"
	"io/fs"
	"syscall"

	"github.com/mallbridge/mallbridge/connectors/drop"
	"github.com/mallbridge/mallbridge/order"
)

// disk gives errors of this machine's own files the code and hint that commands
// act on.
func disk(err error) error {
	var known *order.Error
	var there *drop.Error
	if err == nil || errors.As(err, &known) || errors.As(err, &there) {
		return err
	}
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return &order.Error{Code: order.Denied, Hint: "let the program's user write to this folder, then run again", Err: err}
	}
	for _, full := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG} {
		if errors.Is(err, full) {
			return &order.Error{Code: order.Retry, Hint: "the disk is full, or a limit is reached; make room and run again", Err: err}
		}
	}
	return err
}
