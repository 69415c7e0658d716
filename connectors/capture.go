package connectors

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// An Exchange is one try of a call as it is kept: without login, signature and
// secrets, with the bodies of both sides.
type Exchange struct {
	Mall    string    `json:"mall"`
	Account string    `json:"account"`
	Call    string    `json:"call"`
	Try     int       `json:"try"`
	At      time.Time `json:"at"` // when it was sent, UTC
	Method  string    `json:"method"`
	URL     string    `json:"url"`
	Status  int       `json:"status,omitempty"` // 0: no answer came
	Type    string    `json:"type,omitempty"`   // Content-Type of the reply
	Error   string    `json:"error,omitempty"`
	Sent    []byte    `json:"sent,omitempty"`
	Got     []byte    `json:"got,omitempty"`
}

// A Capturer keeps exchanges. It is called before the reply is used, from several
// goroutines; a call whose exchange it cannot keep fails.
type Capturer interface {
	Capture(ctx context.Context, x Exchange) error
}

func (c *Client) exchange(r Request, reply *Reply, e *Error, try int, at time.Time) Exchange {
	u := r.URL
	if u == "" {
		host, path, _ := c.address(r) // send has said what is wrong with it
		host.Path, host.RawPath = "", ""
		u = host.String() + path
		if r.Query != "" {
			u += "?" + r.Query
		}
	}
	x := Exchange{
		Mall: c.mall, Account: c.account, Call: r.Kind, Try: try, At: at.UTC(),
		Method: r.Method, URL: c.hidden.text(u), Sent: c.hidden.bytes(r.Body),
	}
	if reply != nil {
		x.Status, x.Type, x.Got = reply.Status, reply.Header.Get("Content-Type"), c.hidden.bytes(reply.Body)
	}
	if r.Confidential {
		x.Sent, x.Got = nil, nil
	}
	if e != nil {
		x.Error = c.hidden.text(e.Error())
	}
	return x
}

// WriteExchange writes x as one gzip member. Members can follow each other in one
// file.
func WriteExchange(w io.Writer, x Exchange) error { return writePacked(w, x) }

// ReadExchanges reads what [WriteExchange] wrote, in order; yield returns false to
// stop.
func ReadExchanges(r io.Reader, yield func(Exchange) bool) error { return readPacked(r, yield) }

// WritePage writes p as one gzip member, to be stored before it is parsed.
func WritePage(w io.Writer, p Page) error { return writePacked(w, p) }

// ReadPages reads what [WritePage] wrote, in order; yield returns false to stop.
func ReadPages(r io.Reader, yield func(Page) bool) error { return readPacked(r, yield) }

// packers are used again: a new one takes most of a megabyte.
var packers = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

func writePacked(w io.Writer, v any) error {
	z := packers.Get().(*gzip.Writer)
	defer packers.Put(z)
	z.Reset(w)
	if err := json.NewEncoder(z).Encode(v); err != nil {
		return fmt.Errorf("capture: %w", err)
	}
	return z.Close()
}

func readPacked[T any](r io.Reader, yield func(T) bool) error {
	z, err := gzip.NewReader(bufio.NewReader(r))
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("capture: %w", err)
	}
	d := json.NewDecoder(z)
	for n := 1; ; n++ {
		var v T
		if err := d.Decode(&v); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("capture: entry %d: %w", n, err)
		}
		if !yield(v) {
			return nil
		}
	}
}
