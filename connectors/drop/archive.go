package drop

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"
)

// archiveTries bounds the names tried when the archive has the name already.
const archiveTries = 5

// Archive moves a file that was used (a result, an ack, stock) to a folder of
// the same drop and returns its new path. A name that the folder has already
// gets the time before its extension: "result.csv" becomes
// "result.20261122T093000.csv", then "….2.csv". Call it after the content is
// stored safely.
//
// When no answer came it looks: gone from its place means moved. A file that is
// gone before the first try gives fs.ErrNotExist.
func Archive(ctx context.Context, d Drop, name, dir string, now time.Time) (string, error) {
	base := path.Base(name)
	for try := range archiveTries {
		to := join(dir, archiveName(base, now, try))
		err := d.Rename(ctx, name, to)
		if errors.Is(err, ErrUnknown) {
			err = moved(ctx, d, name, to, err)
		}
		if !errors.Is(err, ErrExists) {
			if err != nil {
				return "", fmt.Errorf("drop: archive %s: %w", printable(name), err)
			}
			return to, nil
		}
	}
	return "", fmt.Errorf("drop: archive %s: %s: %w", printable(name), printable(dir), ErrExists)
}

// moved decides a rename without an answer by a look at both names.
func moved(ctx context.Context, d Drop, from, to string, cause error) error {
	if _, err := d.Stat(ctx, from); !absent(err) {
		return cause
	}
	if _, err := d.Stat(ctx, to); err != nil {
		return cause
	}
	return nil
}

func archiveName(base string, now time.Time, try int) string {
	if try == 0 {
		return base
	}
	ext := path.Ext(base)
	stamp := now.Format("20060102T150405")
	if try > 1 {
		stamp += fmt.Sprintf(".%d", try)
	}
	return strings.TrimSuffix(base, ext) + "." + stamp + ext
}
