package configs

import (
	"fmt"
	"maps"
	"net/mail"
	"slices"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/internal/secrets"
	"github.com/mallbridge/mallbridge/mappers/message"
)

// AlertSettings say who is told of alerts, and how. Notices hold no personal data:
// order numbers, names of files, counts.
type AlertSettings struct {
	// An alert that lasts is told again after so long: 24h. 0: it is told once.
	Repeat Duration `yaml:"repeat" jsonschema:"default=24h"`
	// Ways by which notices go out. Without any, "mallbridge alerts" shows them.
	Channels []Channel `yaml:"channels"`
}

// A Channel is one way by which notices go out: a webhook or mail.
type Channel struct {
	// Its name: letters a-z, digits, hyphens. What was told hangs on it: a channel with
	// another name is told of everything that is open.
	Name string `yaml:"name" jsonschema:"required"`
	// A POST to an address, as chat services take it.
	Webhook *Webhook `yaml:"webhook"`
	// Mail by an SMTP server.
	Mail *Mail `yaml:"mail"`
	// The least level that is told: warning (everything) or red (parcels or orders may
	// go wrong if nobody acts).
	Least string `yaml:"least" jsonschema:"default=warning,enum=warning,enum=red"`
	// Language of the notices. Default: as in mallbridge.yaml.
	Language string `yaml:"language" jsonschema:"enum=ja,enum=ko,enum=en"`
	// Time zone of the times below and in the notices. Default: as in mallbridge.yaml.
	Timezone string `yaml:"timezone"`
	// Hours in which nobody is disturbed; what comes then is told at their end.
	QuietHours *QuietHours `yaml:"quiet_hours"`
	// Time of day of a summary, even if all is well: "08:30". Default: none.
	Summary *Clock `yaml:"summary"`
	// Tell also that an alert has ended.
	Ended bool `yaml:"ended" jsonschema:"default=true"`

	// Location is the time zone, ready to use.
	Location *time.Location `yaml:"-"`
}

// QuietHours are hours in which nobody is disturbed.
type QuietHours struct {
	// When they begin: "22:00".
	From Clock `yaml:"from" jsonschema:"required"`
	// When they end: "07:00".
	To Clock `yaml:"to" jsonschema:"required"`
	// Red alerts are told all the same.
	ExceptRed bool `yaml:"except_red" jsonschema:"default=true"`
}

// Covers reports whether a moment lies in the quiet hours, in the zone of t.
func (q *QuietHours) Covers(t time.Time) bool {
	if q == nil {
		return false
	}
	at := Clock(t.Hour()*60 + t.Minute())
	if q.From <= q.To {
		return at >= q.From && at < q.To
	}
	return at >= q.From || at < q.To
}

// A Webhook is an address to which notices are posted.
type Webhook struct {
	// The address, as a reference, for whoever knows it may write there: env:SLACK_URL.
	// https only, but for this machine.
	URL secrets.Ref `yaml:"url" jsonschema:"required"`
	// The service whose form the body has: json (all fields), slack, discord, chatwork.
	For string `yaml:"for" jsonschema:"default=json,enum=json,enum=slack,enum=discord,enum=chatwork"`
	// The method.
	Method string `yaml:"method" jsonschema:"default=POST,enum=POST,enum=PUT"`
	// A body of your own, as a template of Go: {"text": {{json .Text}}}. docs/notices.md
	// lists what it may use. Default: that of for.
	Body string `yaml:"body"`
	// Headers beside those that are always sent; the values are templates too.
	Headers map[string]string `yaml:"headers"`
	// Headers whose values are secrets, as references: X-ChatWorkToken: env:CHATWORK_TOKEN.
	SecretHeaders map[string]secrets.Ref `yaml:"secret_headers"`
	// A shared secret, as a reference. The body is signed by it: docs/notices.md says how
	// a receiver checks that.
	Sign secrets.Ref `yaml:"sign"`
}

// Mail is how notices go out by mail.
type Mail struct {
	// The SMTP server.
	Host string `yaml:"host" jsonschema:"required"`
	// Its port.
	Port int `yaml:"port" jsonschema:"default=587,minimum=1,maximum=65535"`
	// How the connection is protected: starttls, tls (from the first byte, port 465), or
	// none, for a server on this machine only.
	Security string `yaml:"security" jsonschema:"default=starttls,enum=starttls,enum=tls,enum=none"`
	// Login, if the server wants one.
	User string `yaml:"user"`
	// Its password, as a reference: env:SMTP_PASSWORD.
	Password secrets.Ref `yaml:"password"`
	// The sender's address.
	From string `yaml:"from" jsonschema:"required"`
	// Who gets it.
	To []string `yaml:"to" jsonschema:"required"`
}

func (w *Workspace) fillChannels() {
	for i := range w.Settings.Alerts.Channels {
		c := &w.Settings.Alerts.Channels[i]
		or(&c.Language, w.Settings.Language)
		or(&c.Timezone, w.Settings.Timezone)
	}
}

func (l *loader) checkChannels() {
	p := l.settPos
	names := map[string]bool{}
	cs := l.ws.Settings.Alerts.Channels
	for i := range cs {
		c := &cs[i]
		key := fmt.Sprintf("alerts.channels.%d", i)
		c.Location = time.UTC
		if p.has(key + ".timezone") {
			c.Location = l.zone(p, key+".timezone", c.Timezone)
		} else if loc, err := time.LoadLocation(c.Timezone); err == nil {
			c.Location = loc
		}
		switch {
		case CheckName(c.Name) != nil && c.Name != "":
			l.at(p, key+".name", fmt.Sprintf("%q cannot be a name", c.Name), "use letters a-z, digits and hyphens: chat")
		case names[c.Name]:
			l.at(p, key+".name", fmt.Sprintf("there are two channels %q", c.Name), "give each a name of its own")
		case (c.Webhook == nil) == (c.Mail == nil):
			l.at(p, key, fmt.Sprintf("channel %s needs one of webhook and mail", c.Name), "write webhook: or mail:")
		}
		names[c.Name] = true
		if q := c.QuietHours; q != nil && q.From == q.To {
			l.at(p, key+".quiet_hours", "quiet_hours begin when they end", `write from: "22:00" and to: "07:00"`)
		}
		if c.Webhook != nil {
			l.checkWebhook(key+".webhook", c.Webhook)
		}
		if c.Mail != nil {
			l.checkMail(key+".mail", c.Mail)
		}
	}
}

// reserved headers are set by the program.
var reservedHeaders = []string{"content-length", "host", "mallbridge-notice", "mallbridge-timestamp", "mallbridge-signature"}

func (l *loader) checkWebhook(key string, w *Webhook) {
	p := l.settPos
	if w.Body != "" {
		asJSON := true
		for name, value := range w.Headers {
			if strings.EqualFold(name, "Content-Type") {
				asJSON = strings.Contains(value, "json")
			}
		}
		if _, err := message.Parse(w.Body, asJSON); err != nil {
			l.at(p, key+".body", "webhook.body: "+err.Error(), "docs/notices.md lists what a template may use")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(w.Headers)) {
		if _, err := message.Parse(w.Headers[name], false); err != nil {
			l.at(p, key+".headers."+name, "webhook.headers."+name+": "+err.Error(), "docs/notices.md lists what a template may use")
		}
	}
	names := append(slices.Collect(maps.Keys(w.Headers)), slices.Collect(maps.Keys(w.SecretHeaders))...)
	slices.Sort(names)
	for i, name := range names {
		where := key + ".headers." + name
		if _, ok := w.SecretHeaders[name]; ok {
			where = key + ".secret_headers." + name
		}
		switch {
		case !headerName(name) || slices.Contains(reservedHeaders, strings.ToLower(name)):
			l.atKey(p, where, fmt.Sprintf("%q cannot be a header of a notice", name), "use another name: X-Token")
		case i > 0 && strings.EqualFold(names[i-1], name):
			l.atKey(p, where, fmt.Sprintf("header %s is there twice", name), "keep one of them")
		}
	}
}

func headerName(s string) bool {
	for _, c := range s {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return s != ""
}

func (l *loader) checkMail(key string, m *Mail) {
	p := l.settPos
	if m.Security == "none" && m.Host != "localhost" && m.Host != "127.0.0.1" && m.Host != "::1" {
		l.at(p, key+".security", "mail.security is none, and the server is not on this machine", "write starttls or tls")
	}
	if (m.User == "") != (m.Password == "") {
		l.at(p, key, "mail has only one of user and password", "write both, or neither")
	}
	for where, list := range map[string][]string{".from": {m.From}, ".to": m.To} {
		for _, a := range list {
			if _, err := mail.ParseAddress(a); err != nil && a != "" {
				l.at(p, key+where, fmt.Sprintf("%q is no mail address", a), "write name@shop.example")
			}
		}
	}
}

// channelSecrets calls add for every reference of the channels.
func (w *Workspace) channelSecrets(add func(file, key string, ref secrets.Ref)) {
	for _, c := range w.Settings.Alerts.Channels {
		key := "alerts.channels " + c.Name + ": "
		if h := c.Webhook; h != nil {
			add(SettingsFile, key+"webhook.url", h.URL)
			add(SettingsFile, key+"webhook.sign", h.Sign)
			for _, name := range slices.Sorted(maps.Keys(h.SecretHeaders)) {
				add(SettingsFile, key+"webhook.secret_headers."+name, h.SecretHeaders[name])
			}
		}
		if c.Mail != nil {
			add(SettingsFile, key+"mail.password", c.Mail.Password)
		}
	}
}
