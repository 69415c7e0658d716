package stage

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/malls"
	"github.com/mallbridge/mallbridge/internal/folders"
	"github.com/mallbridge/mallbridge/internal/secrets"
	"github.com/mallbridge/mallbridge/order"
)

// Malls opens the malls of accounts and keeps them open, for the pace of calls is
// counted in each. A process has one. The zero value works.
type Malls struct {
	// Options for every mall: clock, transport, meter, gate. Capture is filled in.
	Options connectors.Options
	// Paced makes [Malls.Due] hold accounts to their pace; else they are always due.
	Paced bool

	mu   sync.Mutex
	open map[string]*openMall
}

type openMall struct {
	api     configs.API
	mall    string
	zone    string
	secrets *secrets.Resolver
	m       *connectors.Mall
	asked   time.Time
	told    time.Time
}

// ErrRefused is the cause of an [Malls.Open] for an account that its mall does not
// let in.
var ErrRefused = errors.New("the mall refuses the login")

// Open returns the mall of an account that uses its API. It calls nobody. A mall
// is opened anew when the configuration of its account has changed.
func (s *Malls) Open(env *Env, a *configs.Account) (*connectors.Mall, error) {
	if a.API == nil {
		return nil, order.Errorf(order.Invalid, "add api: to "+a.File, "%s has no API configured", a.Name)
	}
	if env.Refused {
		return nil, order.Errorf(order.Denied, "renew the keys, then run account test "+a.Name, "%s: %w", a.Name, ErrRefused)
	}
	if env.NextKeys {
		a = a.WithNextKeys()
	}
	spec, ok := malls.Lookup(a.Mall)
	if !ok {
		return nil, order.Errorf(order.Invalid, "remove api: from "+a.File, "there is no connector for %s", a.Mall)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := &openMall{api: *a.API, mall: a.Mall, zone: a.Timezone, secrets: env.Secrets}
	if was := s.open[a.Name]; was != nil && was.same(now) {
		return was.m, nil
	}
	o := s.Options
	if o.Now == nil {
		o.Now = env.Now
	}
	if o.Sleep == nil {
		o.Sleep = env.Sleep
	}
	if o.Log == nil {
		o.Log = env.Log
	}
	// A mall stays open over runs: a call is of the run in whose context it is made.
	o.Log = slog.New(Trailed(o.Log.Handler(), nil))
	if o.Capture == nil {
		o.Capture = &captures{to: env.Folder(env.Workspace.Settings.Archive, "calls")}
	}
	var err error
	now.m, err = spec.Open(a.Connector(func(ref string) (string, error) {
		v, err := env.Secrets.Resolve(secrets.Ref(ref))
		return v.Reveal(), err
	}), o)
	if err != nil {
		return nil, err
	}
	if s.open == nil {
		s.open = map[string]*openMall{}
	}
	s.open[a.Name] = now
	return now.m, nil
}

func (o *openMall) same(p *openMall) bool {
	return o.mall == p.mall && o.zone == p.zone && o.secrets == p.secrets && reflect.DeepEqual(o.api, p.api)
}

// Due reports whether it is time to ask an account's mall for orders. Where other
// machines may ask it too, the ledger knows when it was asked.
func (s *Malls) Due(ctx context.Context, env *Env, a *configs.Account, m *connectors.Mall) (bool, error) {
	if !s.Paced {
		return true, nil
	}
	pace := ordersPace(a, m)
	if env.shared() {
		return env.Ledger.Rested(ctx, "orders "+a.Name, pace, env.Now())
	}
	return s.rested(env, a, m, pace), nil
}

func ordersPace(a *configs.Account, m *connectors.Mall) time.Duration {
	if pace := a.API.Every.Std(); pace != 0 {
		return pace
	}
	return time.Duration(m.About().Pace.Orders)
}

// shared reports whether other machines may work on the same ledger.
func (e *Env) shared() bool { return e.Ledger != nil && e.Ledger.Dialect() == "postgres" }

func (s *Malls) rested(env *Env, a *configs.Account, m *connectors.Mall, pace time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.open[a.Name]
	return was == nil || was.m != m || env.Now().Sub(was.asked) >= pace
}

// Asked notes that an account's mall was asked for orders and answered.
func (s *Malls) Asked(ctx context.Context, env *Env, a *configs.Account) error {
	s.mu.Lock()
	if was := s.open[a.Name]; was != nil {
		was.asked = env.Now()
	}
	s.mu.Unlock()
	if s.Paced && env.shared() {
		return env.Ledger.Rest(ctx, "orders "+a.Name, env.Now())
	}
	return nil
}

// LastAsked returns when an account's mall was last asked for orders by this
// process, and answered; zero if it was not.
func (s *Malls) LastAsked(a *configs.Account) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if was := s.open[a.Name]; was != nil {
		return was.asked
	}
	return time.Time{}
}

// ReportDue reports whether it is time to tell an account's mall of new parcels.
func (s *Malls) ReportDue(ctx context.Context, env *Env, a *configs.Account, m *connectors.Mall) (bool, error) {
	pace := time.Duration(m.About().Pace.Report)
	if s.Paced && env.shared() {
		return env.Ledger.Rested(ctx, "report "+a.Name, pace, env.Now())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.open[a.Name]
	return !s.Paced || was == nil || was.m != m || env.Now().Sub(was.told) >= pace, nil
}

// Reported notes that an account's mall was told of what there was.
func (s *Malls) Reported(ctx context.Context, env *Env, a *configs.Account) error {
	s.mu.Lock()
	if was := s.open[a.Name]; was != nil {
		was.told = env.Now()
	}
	s.mu.Unlock()
	if s.Paced && env.shared() {
		return env.Ledger.Rest(ctx, "report "+a.Name, env.Now())
	}
	return nil
}

// captures appends every exchange to a file of its account and day, below the
// archive. Each is one gzip member, written at once, so that several processes can
// write to one file. Elsewhere than on this machine, where nothing can be appended,
// each is a file of its own.
type captures struct {
	to *folders.Folder
	mu sync.Mutex
}

// Capture implements [connectors.Capturer].
func (c *captures) Capture(ctx context.Context, x connectors.Exchange) error {
	var buf bytes.Buffer
	if err := connectors.WriteExchange(&buf, x); err != nil {
		return err
	}
	if !c.to.IsLocal() {
		name := x.At.Format("2006-01-02T150405.000Z") + "-" + rand.Text() + ".jsonl.gz"
		err := c.to.Sub(x.Account).Write(ctx, name, func(w io.Writer) error { _, err := w.Write(buf.Bytes()); return err })
		if err != nil {
			return fmt.Errorf("keep the call: %w", err)
		}
		return nil
	}
	path := c.to.Path(filepath.Join(x.Account, x.At.Format("2006-01-02")+".jsonl.gz"))
	c.mu.Lock()
	defer c.mu.Unlock()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o640)
	if os.IsNotExist(err) {
		if err = os.MkdirAll(filepath.Dir(path), 0o750); err == nil {
			f, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o640)
		}
	}
	if err != nil {
		return err
	}
	_, err = f.Write(buf.Bytes())
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("keep the call: %w", err)
	}
	return nil
}
