package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/internal/accounts"
	"github.com/mallbridge/mallbridge/internal/phrase"
	"github.com/mallbridge/mallbridge/internal/secrets"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

// A consent is how account consent was called.
type consent struct {
	back, listen string
	show         bool
}

func (a *app) accountConsentCmd() *cobra.Command {
	var o consent
	c := &cobra.Command{
		Use:   "consent ACCOUNT",
		Short: "Let the shop agree, in a browser, that Mallbridge uses its account",
		Long: `Consent prints the address of the mall's page on which the shop agrees. Open it in a
browser, on any machine, sign in and agree. The browser is then sent back to the
address that is registered at the mall. Paste that whole address here, or only the
code in it; it does not matter if the page there cannot be shown. With --listen the
program waits for the browser itself, on this machine.

What the mall gives is kept where the account's api.secrets points (file: and age:),
or as secret set keeps it and written into the account's file. An environment
variable (env:) cannot be set from here: give --print to see its value.`,
		Example: `  mallbridge account consent yahoo-1
  mallbridge account consent yahoo-1 --listen localhost:8765`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return a.accountConsent(c.Context(), args[0], o) },
	}
	f := c.Flags()
	f.StringVar(&o.back, "back", "", "where the mall sends the browser afterwards, as it is registered there (default: the address of --listen, else "+accounts.DefaultBack+")")
	f.StringVar(&o.listen, "listen", "", "wait for the browser on this address of this machine: localhost:8765")
	f.BoolVar(&o.show, "print", false, "print secrets that cannot be kept, as NAME=VALUE")
	return c
}

func (a *app) accountConsent(ctx context.Context, name string, o consent) error {
	ws, err := a.workspace()
	if err != nil {
		return err
	}
	x, ok := ws.Account(name)
	if !ok {
		return order.Errorf(order.NotFound, "look into accounts/", "no account %s", name)
	}
	sec := secretsOf(ws, a.getenv)
	env := &stage.Env{Workspace: ws, Secrets: sec, Malls: &stage.Malls{Options: a.calls}, Folders: &stage.Folders{}, Now: a.now, Sleep: a.sleep, Log: a.logger(ws)}
	m, err := env.Malls.Open(env, x)
	if err != nil {
		return err
	}
	if !m.Can("consent") {
		return usage{order.Errorf(order.Invalid, "mallbridge account test "+name, "%s needs no consent: its keys are those of api.secrets", x.Mall)}
	}
	if err := accounts.CanKeep(sec, x, o.show); err != nil {
		return usage{err}
	}
	grant, err := a.agree(ctx, m, o)
	if err != nil {
		return err
	}
	return a.keepGrant(ws, sec, x, grant, o.show)
}

// agree sends a person to the mall and waits for what comes back.
func (a *app) agree(ctx context.Context, m accounts.Consenter, o consent) (connectors.Grant, error) {
	state := accounts.NewState()
	var g *greeter
	if o.listen != "" {
		var err error
		if g, err = greet(ctx, o.listen, state, a.said); err != nil {
			return connectors.Grant{}, err
		}
		defer g.Close()
	}
	back := cmp.Or(o.back, accounts.DefaultBack)
	if g != nil && o.back == "" {
		back = g.address
	}
	link, err := m.Consent(back, state)
	if err != nil {
		return connectors.Grant{}, err
	}
	a.say("open this address in a browser, sign in as the shop and agree:")
	fmt.Fprintln(a.out, link)
	var answer url.Values
	if g != nil {
		a.say("waiting for the browser at %s", g.address)
		answer, err = g.wait(ctx)
	} else {
		a.say("then paste the whole address to which the browser was sent, or the code in it:")
		answer, err = a.pasted(ctx, state)
	}
	if err != nil {
		return connectors.Grant{}, err
	}
	return m.Redeem(ctx, back, answer)
}

// pasted reads the address that the browser came back to, or the code in it.
func (a *app) pasted(ctx context.Context, state string) (url.Values, error) {
	type read struct {
		line string
		err  error
	}
	got := make(chan read, 1)
	go func() {
		line, err := a.readLine()
		got <- read{line, err}
	}()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-got:
		if r.err != nil {
			return nil, r.err
		}
		answer, err := accounts.Answer(r.line, state)
		if err != nil {
			return nil, usage{err}
		}
		return answer, nil
	}
}

// A greeter waits for the browser that the mall sends back.
type greeter struct {
	address string
	server  *http.Server
	got     chan url.Values
	failed  chan error
}

// greet listens on an address of this machine.
func greet(ctx context.Context, address, state, lang string) (*greeter, error) {
	bad := func(format string, args ...any) error {
		return usage{order.Errorf(order.Invalid, "write localhost:8765, or leave --listen out and paste the address", format, args...)}
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, bad("--listen %q is no address", address)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, bad("--listen %q: codes are taken from this machine only", address)
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, bad("--listen: %w", err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	g := &greeter{address: "http://" + net.JoinHostPort(host, port) + "/", got: make(chan url.Values, 1), failed: make(chan error, 1)}
	g.server = &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.answer(w, r, state, lang)
	})}
	go func() {
		if err := g.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			g.failed <- err
		}
	}()
	return g, nil
}

// answer takes the first answer with our state. Whatever else a browser asks for,
// such as an icon, is not there.
func (g *greeter) answer(w http.ResponseWriter, r *http.Request, state, lang string) {
	q := r.URL.Query()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Referrer-Policy", "no-referrer")
	text := "the answer has come; this page can be closed"
	switch {
	case q.Get("state") == "" || r.Method != http.MethodGet:
		http.NotFound(w, r)
		return
	case q.Get("state") != state:
		w.WriteHeader(http.StatusBadRequest)
		text = "this is the answer to another consent"
	default:
		select {
		case g.got <- q:
		default:
		}
	}
	_, _ = io.WriteString(w, "<!doctype html><title>Mallbridge</title><p>"+html.EscapeString(phrase.Say(lang, text))) // the browser may be gone
}

func (g *greeter) wait(ctx context.Context) (url.Values, error) {
	select {
	case q := <-g.got:
		return q, nil
	case err := <-g.failed:
		return nil, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Close lets the answer reach the browser, and ends.
func (g *greeter) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	_ = g.server.Shutdown(ctx) // the program goes on, or ends, either way
}

// keepGrant keeps what a mall gave.
func (a *app) keepGrant(ws *configs.Workspace, sec *secrets.Resolver, x *configs.Account, g connectors.Grant, show bool) error {
	kept, err := accounts.Keep(sec, x, g)
	if err != nil {
		return err
	}
	code := exit(Done)
	for _, k := range kept {
		if k.Key != "" {
			if err := configs.SetAccountValue(ws.Dir, x.Name, k.Key, k.Value); err != nil {
				return err
			}
		}
		switch {
		case k.Ref == "":
			a.say("in %s, %s is now %s", x.File, k.Name, k.Text)
		case k.Ref.Kind() != secrets.Env:
			a.say("%s is kept in %s", k.Name, k.Ref)
		default:
			code = exit(Waiting)
			a.say("set the environment variable %s of the program to the new %s", k.Ref.Name(), k.Name)
			if show {
				fmt.Fprintf(a.out, "%s=%s\n", k.Ref.Name(), k.Text)
			}
		}
	}
	a.say("next: mallbridge account test %s", x.Name)
	if code != exit(Done) {
		return code
	}
	return nil
}
