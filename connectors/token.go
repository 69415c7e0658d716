package connectors

import (
	"context"
	"net/http"
	"time"
)

// A Token is an access token that the calls of a driver share until it ends: got when
// the first call needs it, got again shortly before its end or when the mall says that
// it has ended ([CauseToken]).
type Token struct {
	client *Client
	header string
	prefix string
	fetch  func(ctx context.Context) (Access, error)

	busy chan struct{} // holds one while someone looks at, or gets, the token
	now  Access
}

// Access is an access token as a mall gave it.
type Access struct {
	Value string
	Ends  time.Time // UTC; zero if it does not end
}

// renewBefore is how long before its end a token is not used any more.
const renewBefore = time.Minute

// NewToken makes a token that fetch gets; header carries it, with prefix before it:
// "Authorization", "Bearer ". fetch is called by one call at a time, with no other
// call of the driver waiting on its place in the pace; it must make its own calls with
// [Request.Confidential] and without the token. A token that lives shorter than two
// minutes is used until its end.
func (c *Client) NewToken(header, prefix string, fetch func(ctx context.Context) (Access, error)) *Token {
	return &Token{client: c, header: header, prefix: prefix, fetch: fetch, busy: make(chan struct{}, 1)}
}

// value returns the token, getting one if there is none; "" for a nil Token.
func (t *Token) value(ctx context.Context, now func() time.Time) (string, error) {
	if t == nil {
		return "", nil
	}
	select {
	case t.busy <- struct{}{}:
		defer func() { <-t.busy }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	if t.now.Value != "" && (t.now.Ends.IsZero() || now().Before(t.now.Ends)) {
		return t.now.Value, nil
	}
	got, err := t.fetch(ctx)
	if err != nil {
		return "", err
	}
	if got.Value == "" {
		return "", &Error{Class: Transient, Message: "the mall gave an empty access token"}
	}
	t.client.Hide(got.Value)
	if at := now(); !got.Ends.IsZero() && got.Ends.Sub(at) >= 2*renewBefore {
		got.Ends = got.Ends.Add(-renewBefore)
	}
	t.now = got
	return got.Value, nil
}

// refuse forgets a token that the mall did not take, unless another has come since.
func (t *Token) refuse(value string) {
	t.busy <- struct{}{}
	defer func() { <-t.busy }()
	if t.now.Value == value {
		t.now = Access{}
	}
}

// carry puts the token on a request.
func (t *Token) carry(r *http.Request, value string) {
	if t != nil {
		r.Header[http.CanonicalHeaderKey(t.header)] = []string{t.prefix + value}
	}
}
