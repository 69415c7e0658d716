package drop

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// errChanged: a writer is still busy; look again later.
var errChanged = errors.New("the file changed while it was read")

// ctxReader ends a copy between two reads when the context ends.
type ctxReader struct {
	ctx context.Context
	r   io.Reader
}

func (c ctxReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// exactReader passes size bytes on and fails when there are fewer or more. It
// keeps the source's own error, which says nothing about the drop.
type exactReader struct {
	r          io.Reader
	size, left int64
	err        error
}

func exactly(r io.Reader, size int64) *exactReader {
	return &exactReader{r: r, size: size, left: size}
}

func (e *exactReader) Read(p []byte) (int, error) {
	if e.err != nil {
		return 0, e.err
	}
	if int64(len(p)) > e.left+1 {
		p = p[:e.left+1]
	}
	n, err := e.r.Read(p)
	e.left -= int64(n)
	switch {
	case e.left < 0:
		e.err = fmt.Errorf("%w: it has more than %d bytes", ErrSource, e.size)
		n = 0
	case errors.Is(err, io.EOF) && e.left > 0:
		e.err = fmt.Errorf("%w: it ends %d bytes early", ErrSource, e.left)
	case err != nil:
		e.err = err
	}
	if e.err != nil && n == 0 {
		return 0, e.err
	}
	return n, nil
}

// failed returns why the source, not the drop, ended a copy.
func (e *exactReader) failed() error {
	if errors.Is(e.err, io.EOF) {
		return nil
	}
	return e.err
}
