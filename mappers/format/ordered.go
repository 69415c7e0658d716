package format

import (
	"context"
	"errors"
	"io"
	"sync"
)

// ordered runs work on what next yields, in several goroutines, and hands the
// results to each in the order of next. next and each are called by one goroutine
// each, each by the caller's. io.EOF of next ends the run; any other error, or
// one of work or each, ends it early. At most 2*workers results wait. drop is
// told of results that nobody will see.
func ordered[T, R any](ctx context.Context, workers int, next func() (T, error), work func(worker int, in T) (R, error), each func(R) error, drop func(R)) error {
	type result struct {
		out R
		err error
	}
	type task struct {
		in   T
		done chan result
	}
	parent := ctx
	ctx, cancel := context.WithCancel(ctx)
	tasks := make(chan task)
	queue := make(chan chan result, 2*workers)
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(queue)
		defer close(tasks)
		for {
			in, err := next()
			done := make(chan result, 1)
			if err != nil {
				if !errors.Is(err, io.EOF) {
					done <- result{err: err}
					select {
					case queue <- done:
					case <-ctx.Done():
					}
				}
				return
			}
			select {
			case queue <- done:
			case <-ctx.Done():
				return
			}
			select {
			case tasks <- task{in, done}:
			case <-ctx.Done():
				done <- result{err: ctx.Err()}
				return
			}
		}
	})
	for w := range workers {
		wg.Go(func() {
			for t := range tasks {
				out, err := work(w, t.in)
				t.done <- result{out, err}
			}
		})
	}
	var first error
	for done := range queue {
		r := <-done
		switch {
		case first != nil:
			if r.err == nil && drop != nil {
				drop(r.out)
			}
		case r.err != nil:
			first = r.err
			cancel()
		default:
			if err := ctx.Err(); err != nil {
				first = err
			} else if err := each(r.out); err != nil {
				first = err
				cancel()
			}
		}
	}
	if first == nil {
		first = parent.Err()
	}
	cancel()
	wg.Wait()
	return first
}
