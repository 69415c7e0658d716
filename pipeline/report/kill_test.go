package report_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/pipeline/report"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

// killed is the panic that stands for the end of the process.
type killed struct{}

// A deadly transport kills the process at its call number at: before the mall has
// the request, or, after, when the mall has answered and nobody has read it.
type deadly struct {
	n, at int
	after bool
}

func (d *deadly) RoundTrip(r *http.Request) (*http.Response, error) {
	d.n++
	if d.n == d.at && !d.after {
		panic(killed{})
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if d.n == d.at && err == nil {
		_, _ = io.Copy(io.Discard, res.Body)
		res.Body.Close()
		panic(killed{})
	}
	return res, err
}

// TestKilledAtEachCall ends the process at every call to the mall, before and after
// the mall has done it. A new process, which remembers nothing but the ledger, ends
// with each number at the mall once.
func TestKilledAtEachCall(t *testing.T) {
	for _, account := range both {
		for _, after := range []bool{false, true} {
			for at := 1; at <= 4; at++ {
				t.Run(fmt.Sprintf("%s call %d after %v", account, at, after), func(t *testing.T) {
					s := open(t, "")
					list := s.ordinary(account, 2)
					s.sold(account, list...)
					s.ships(parcel{of: list[0], carrier: by(account), tracking: number(1)}, parcel{of: list[1], carrier: by(account), tracking: number(2)})
					process := func(tr http.RoundTripper) {
						s.Env.Malls = &stage.Malls{Options: connectors.Options{HTTP: tr, Jitter: func() float64 { return 0.5 }}}
					}
					process(&deadly{at: at, after: after})
					for range 4 {
						if s.dies(account) {
							process(nil)
						}
						s.Move(30 * time.Second)
					}
					process(nil)
					for range 12 {
						s.Run(account, "report")
						s.Move(3 * time.Minute)
					}
					for i, o := range list {
						s.want(o, number(i+1)+" seen")
						s.shows(o, number(i+1))
					}
				})
			}
		}
	}
}

// dies runs the stage, without a lease that a dead process would leave, and tells
// whether it was killed.
func (s *shop) dies(account string) (dead bool) {
	defer func() {
		switch r := recover(); r.(type) {
		case nil:
		case killed:
			dead = true
		default:
			panic(r)
		}
	}()
	_, err := report.Run(s.Context(), s.Env, account)
	s.Check(err)
	return false
}
