// Package doctor looks whether a workspace, its machine and its databases are well,
// and says what to do about each thing that is not.
//
// Without [Options.Online] it asks nobody but the ledger's own database and the serve
// of this machine. It changes nothing there; online, it writes a test file to each
// drop and removes it.
package doctor

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/internal/phrase"
	"github.com/mallbridge/mallbridge/internal/secrets"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

// A State says how bad a finding is.
type State string

// States.
const (
	OK      State = "ok"
	Warning State = "warning" // it runs; look at it
	Error   State = "error"   // something does not run, or will not
)

// A Finding is one thing that was looked at.
type Finding struct {
	Kind    *Kind
	Subject string   // a file, an account, a warehouse …; empty for the whole
	Args    []string // the values in the kind's texts
}

// Text says what was found, in ja, ko or else English.
func (f Finding) Text(lang string) string { return f.say(lang, f.Kind.Text) }

// Do says what to do; it is empty only if all is well.
func (f Finding) Do(lang string) string { return f.say(lang, f.Kind.Do) }

func (f Finding) say(lang string, in [3]string) string {
	said := phrase.Say
	if f.Kind.Check == "configuration" {
		said = phrase.Finding
	}
	text := in[map[string]int{"ja": 1, "ko": 2}[lang]]
	pairs := []string{"{subject}", f.Subject}
	for i, v := range f.Args {
		pairs = append(pairs, fmt.Sprintf("{%d}", i+1), order.Span(lang, said(lang, v)))
	}
	return order.Particles(strings.TrimSpace(strings.NewReplacer(pairs...).Replace(text)))
}

// Options say what is looked at.
type Options struct {
	Workspace *configs.Workspace
	Findings  configs.Findings // of its configuration
	// Env has the clock, the secrets and the malls. Its ledger is not used.
	Env *stage.Env
	// Ledger is where the ledger lies, or why nobody knows.
	Ledger    string
	LedgerErr error
	Queue     string // SQLite file of the queue; empty if there is none
	Version   string // of the program
	Getenv    func(string) string
	// Online lets malls and drops be asked.
	Online bool
}

// A doctor collects what it finds.
type doctor struct {
	Options
	ws    *configs.Workspace
	env   *stage.Env // with the ledger, once that is known to be well
	found []Finding
}

// Look looks at everything, in an order in which causes come before what they cause.
func Look(ctx context.Context, o Options) []Finding {
	env := *o.Env
	env.Ledger = nil
	d := &doctor{Options: o, ws: o.Workspace, env: &env}
	d.configuration()
	d.versions()
	d.language()
	d.zones()
	d.folders()
	d.disks()
	d.secrets()
	closing := d.ledger(ctx)
	defer closing()
	d.backups(ctx)
	d.leftovers()
	if d.Findings.Errors() == 0 {
		d.hostKeys()
		d.keys(ctx)
		d.restored(ctx)
		if d.Online {
			d.elsewhere(ctx)
			d.malls(ctx)
			d.drops(ctx)
		}
	}
	d.serve(ctx)
	return d.found
}

// Worst is the worst state among findings.
func Worst(fs []Finding) State {
	worst := OK
	for _, f := range fs {
		if f.Kind.State == Error || f.Kind.State == Warning && worst == OK {
			worst = f.Kind.State
		}
	}
	return worst
}

func (d *doctor) find(kind, subject string, args ...string) {
	for i, a := range args {
		args[i] = secrets.Redact(a)
	}
	d.found = append(d.found, Finding{lookup(kind), subject, args})
}

// rel names a file as people know it: from the workspace, if it lies there.
func (d *doctor) rel(path string) string {
	if rest, ok := strings.CutPrefix(path, d.ws.Dir+"/"); ok {
		return rest
	}
	return path
}

// because is an error and its hint, for the places {1} and {2}.
func because(err error) (text, hint string) { return err.Error(), order.HintOf(err) }

func (d *doctor) configuration() {
	for _, f := range d.Findings {
		text := f.Message
		if f.Name != "" {
			text = f.Name + ": " + text
		}
		kind := "config_error"
		if f.Warning {
			kind = "config_warning"
		}
		d.find(kind, f.Place(), text, f.Hint)
	}
	if len(d.Findings) == 0 {
		d.find("config_ok", "", fmt.Sprint(len(d.ws.Accounts)), fmt.Sprint(len(d.ws.Warehouses)))
	}
}

// askServe is how long the server of this machine may take to answer.
const askServe = 10 * time.Second

// serve asks the server of this machine how it is.
func (d *doctor) serve(ctx context.Context) {
	listen := d.ws.Settings.Console.Listen
	if listen == "" || listen == "off" {
		d.find("serve_off", "")
		return
	}
	addr := here(listen)
	ctx, cancel := context.WithTimeout(ctx, askServe)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/healthz", http.NoBody)
	if err != nil {
		d.find("serve_silent", addr, err.Error())
		return
	}
	// No proxy stands between a machine and itself.
	res, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		d.find("serve_silent", addr, err.Error())
		return
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 16<<10))
	said := strings.TrimSpace(string(body))
	switch {
	case err == nil && res.StatusCode == http.StatusOK && said == "ok":
		d.find("serve_ok", addr)
	case err == nil && res.StatusCode == http.StatusServiceUnavailable:
		for _, line := range strings.Split(said, "\n") {
			d.find("serve_ill", addr, line)
		}
	default:
		d.find("serve_other", addr, res.Status)
	}
}

// here is the address at which this machine reaches itself.
func here(listen string) string {
	host, port, ok := strings.Cut(listen, ":")
	if strings.HasPrefix(listen, "[") {
		at := strings.LastIndex(listen, ":")
		host, port, ok = listen[:max(at, 0)], listen[at+1:], at > 0
	}
	if !ok {
		return listen
	}
	switch host {
	case "", "0.0.0.0":
		host = "127.0.0.1"
	case "[::]":
		host = "[::1]"
	}
	return host + ":" + port
}

func size(n uint64) string {
	const unit = 1 << 10
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	div, exp := uint64(unit), 0
	for m := n / unit; m >= unit; m /= unit {
		div *= unit
		exp++
	}
	return fmt.Sprintf("%.1f %ciB", float64(n)/float64(div), "KMGTPE"[exp])
}

// span is a length of time as people say it.
func span(t time.Duration) string {
	switch {
	case t >= 48*time.Hour:
		return fmt.Sprintf("%dd", t/(24*time.Hour))
	case t >= time.Hour:
		return fmt.Sprintf("%dh%02dm", t/time.Hour, t%time.Hour/time.Minute)
	}
	return t.Round(time.Second).String()
}

func isPostgres(dsn string) bool { return ledger.IsPostgres(dsn) }
