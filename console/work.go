package console

import (
	"context"
	"time"
)

// How often orders that came are made searchable, and how many at once: the ledger's
// writers take turns.
const (
	indexEvery = 2 * time.Second
	indexMany  = 1000
)

// Work does what the pages need beside the requests of people, until ctx ends: it
// makes orders searchable by names, phone numbers and codes, and lets go of who listens
// when the program ends. It is called once.
func (c *Console) Work(ctx context.Context) {
	c.working.Store(true)
	defer close(c.stopped)
	defer c.working.Store(false)
	t := time.NewTicker(indexEvery)
	defer t.Stop()
	for {
		env := c.o.Env()
		for {
			n, err := env.Ledger.Index(ctx, indexMany)
			if err != nil && ctx.Err() == nil {
				env.Log.Error("orders could not be made searchable; it is tried again", "err", err)
			}
			if err != nil || n < indexMany {
				break
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}
