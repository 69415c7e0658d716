// Package demo plays a day at a seller with shops in Japan and Korea, with
// nothing real in it: invented orders in the sheets of four shops and at the
// simulated malls of all that can be asked by API, three simulated warehouses behind
// real SFTP servers on this machine, and the program itself between them, stage by stage.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/mallbridge/mallbridge/order"
)

// Options say how the demo goes.
type Options struct {
	// Dir is the workspace to make, or one that an earlier demo made; empty: a
	// temporary folder.
	Dir    string
	Once   bool // end after one day
	Keep   bool // leave a temporary folder where it is
	Seed   uint64
	Orders int    // of the day, about
	Lang   string // ja, ko or en
	B2     bool   // the warehouse in Japan takes the import layout of Yamato B2 Cloud
	// Now is the real clock. The day that is played is today in Japan if that is
	// over, else yesterday.
	Now func() time.Time
	// Out gets the story for people; nil for none.
	Out io.Writer
	// Terminal says that Out can show progress and colours.
	Terminal bool
	// Every is the pause between two rounds of new orders after the day.
	Every time.Duration

	temporary bool // Dir is ours to remove
}

// removed reports whether nothing of the workspace is left in the end.
func (o *Options) removed() bool { return o.temporary && o.Once && !o.Keep }

// Summary counts what became of a day's orders. OrdersSeen = Instructed + Σ Held +
// Outside + Refused, and Shipped is part of Instructed.
type Summary struct {
	OrdersSeen     int64                  `json:"orders_seen"`
	Instructed     int64                  `json:"instructed"` // in a file that the warehouse has and did not refuse
	Shipped        int64                  `json:"shipped"`    // with a tracking number
	Held           map[order.Reason]int64 `json:"held"`
	Outside        int64                  `json:"outside"`
	Refused        int64                  `json:"refused"` // rows could not be read
	Batches        int64                  `json:"batches"`
	Balanced       bool                   `json:"balanced"`
	OutsideReasons map[order.Reason]int64 `json:"outside_reasons"`
	Warned         map[order.Reason]int64 `json:"warned"` // instructed, and something happened after that
	LinesClaimed   int64                  `json:"lines_claimed"`
	LinesInFiles   int64                  `json:"lines_in_files"`
	LinesAccepted  int64                  `json:"lines_accepted"`
	LinesRefused   int64                  `json:"lines_refused"`
	Differences    []string               `json:"differences"`

	Reported        int64      `json:"reported"`          // parcels of which the mall was told, by API or by a sheet
	Proven          int64      `json:"proven"`            // parcels whose number the mall shows
	CancelledInTime int64      `json:"cancelled_in_time"` // orders that left their file because the mall was asked before the drop
	StopRequests    int64      `json:"stop_requests"`     // parcels that a warehouse was asked to stop
	StockPushed     int64      `json:"stock_pushed"`      // listings of which a mall was told how many may be sold
	Reconciled      Reconciled `json:"reconciled"`

	Workspace string `json:"workspace,omitempty"` // if it is still there
}

// Reconciled is what came of comparing malls, ledger and warehouses.
type Reconciled struct {
	Differences int64 `json:"differences"`
}

// Run plays the day and, unless Once is set, goes on with new orders until ctx
// ends.
func Run(ctx context.Context, o Options) (Summary, error) {
	if o.temporary = o.Dir == ""; o.temporary {
		dir, err := os.MkdirTemp("", "mallbridge-demo-*")
		if err != nil {
			return Summary{}, fmt.Errorf("demo: %w", err)
		}
		o.Dir = dir
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return Summary{}, fmt.Errorf("demo: %w", err)
	}
	o.Dir = dir
	if o.Every == 0 {
		o.Every = 4 * time.Second
	}
	sum, err := play(ctx, o)
	if o.removed() {
		err = errors.Join(err, os.RemoveAll(dir))
	} else {
		sum.Workspace = dir
	}
	if err != nil {
		return sum, fmt.Errorf("demo: %w", err)
	}
	return sum, nil
}

func play(ctx context.Context, o Options) (sum Summary, err error) {
	w, err := newWorld(ctx, o)
	if err != nil {
		return sum, err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	if err := w.day(ctx); err != nil {
		if ctx.Err() != nil && !o.Once {
			err = nil // somebody has seen enough
		}
		return sum, err
	}
	if sum, err = w.count(ctx); err != nil {
		return sum, err
	}
	if o.Once {
		w.tellEnd(sum, "")
		return sum, nil
	}
	address, stop, err := w.openPages(ctx)
	if err != nil {
		return sum, err
	}
	w.tellEnd(sum, address)
	if err := errors.Join(w.goOn(ctx), stop()); err != nil {
		return sum, err
	}
	return w.count(context.WithoutCancel(ctx))
}
