package intake

import (
	"context"
	"errors"
	"hash/fnv"
	"time"

	"github.com/mallbridge/mallbridge/internal/fault"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

var atStored = fault.Point("extract.chunk-stored")

// chunk is how many orders are stored in one transaction.
const chunk = 3000

// A Store writes orders in chunks while the next ones are read.
type Store struct {
	env     *stage.Env
	account int64
	ctx     context.Context
	file    ledger.File
	now     time.Time // when the file was begun: all of its orders were seen then
	pack    ledger.Packer
	buf     []ledger.Intake
	chunks  chan []ledger.Intake
	done    chan struct{}
	counts  ledger.PutCounts
	err     error
	failed  chan struct{}
}

// NewStore begins to store orders of an account that come from a file. Close it.
func NewStore(ctx context.Context, env *stage.Env, account int64, file ledger.File) *Store {
	s := &Store{env: env, account: account, ctx: ctx, file: file, now: env.Now(), chunks: make(chan []ledger.Intake), done: make(chan struct{}), failed: make(chan struct{})}
	go s.run()
	return s
}

func (s *Store) run() {
	defer close(s.done)
	for c := range s.chunks {
		if s.err != nil {
			continue
		}
		n, err := s.env.Ledger.PutReplies(s.ctx, s.account, s.file.ID, c, ledger.Asked{At: s.file.AskedAt, Now: s.env.Now()}, s.now)
		if err != nil {
			s.err = err
			close(s.failed)
			continue
		}
		s.counts.New += n.New
		s.counts.Same += n.Same
		s.counts.Changed += n.Changed
		s.counts.Newer += n.Newer
		fault.At(atStored)
	}
}

// Add stores an order that begins in that row. It may wait for the ones before it.
func (s *Store) Add(o *order.Order, row int64) error {
	in := ledger.Intake{Order: o, Row: row, Recipient: Recipient(o)}
	s.pack.Pack(&in) // while the orders before it are stored
	s.buf = append(s.buf, in)
	if len(s.buf) < chunk {
		return nil
	}
	return s.flush()
}

func (s *Store) flush() error {
	if len(s.buf) == 0 {
		return nil
	}
	select {
	case s.chunks <- s.buf:
		s.buf = make([]ledger.Intake, 0, len(s.buf)/chunk*chunk) // room for more where there may be more
		return nil
	case <-s.failed:
		return s.err
	case <-s.ctx.Done():
		return s.ctx.Err()
	}
}

// Close stores what is left and says what became of all.
func (s *Store) Close() (ledger.PutCounts, error) {
	err := s.flush()
	close(s.chunks)
	<-s.done
	return s.counts, errors.Join(err, s.err)
}

// Recipient is the hash by which orders for one recipient find each other: the
// digits of postal code and phone. Whether they may be merged is decided by
// comparing everything.
func Recipient(o *order.Order) int64 {
	if len(o.Packages) != 1 {
		return 0
	}
	to := &o.Packages[0].To
	h := fnv.New64a()
	n := 0
	for _, s := range [...]string{to.Postal, "/", to.Phone} {
		for _, c := range s {
			if c >= '０' && c <= '９' {
				c -= '０' - '0'
			}
			if c >= '0' && c <= '9' || c == '/' {
				h.Write([]byte{byte(c)})
				n++
			}
		}
	}
	if n < 8 {
		return 0
	}
	return int64(h.Sum64()>>1) | 1
}
