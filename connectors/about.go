package connectors

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/mallbridge/mallbridge/mappers/codes"
	"github.com/mallbridge/mallbridge/order"
)

// About is what about.yaml says of a mall. Documentation, JSON Schema, sample
// accounts and forms are made from it; nothing of it is said again in Go.
type About struct {
	// Name of the folder and in configuration: rakuten.
	Name  string `yaml:"name"`
	Title Text   `yaml:"title"`
	// Country (ISO 3166 alpha-2), currency (ISO 4217) and zone of the mall's times; all
	// three are empty for a mall that has none of its own: an account has those of its
	// workspace.
	Country  string `yaml:"country"`
	Currency string `yaml:"currency"`
	Zone     string `yaml:"zone"`
	Charset  string `yaml:"charset"` // of its replies
	Links    []Link `yaml:"links"`
	// Base is the address of the API; the account setting base_url replaces it, for
	// a simulator. {name} stands for the setting of that name, so that each shop can
	// have an address of its own.
	Base string `yaml:"base"`
	// Hosts are further addresses by name, such as that of the login; {name} as in
	// Base. With base_url they are below it: base_url/NAME.
	Hosts map[string]string `yaml:"hosts"`
	// Version of the API that is called, where the mall has several and ends them.
	Version VersionRule `yaml:"version"`
	// Steps to take in the mall's back office before the first run, in order.
	Setup []Text `yaml:"setup"`
	// What an account has to say.
	Settings []Setting `yaml:"settings"`
	// How often each thing is done, unless the account says otherwise.
	Pace Pace `yaml:"pace"`
	// How fast calls may follow each other. The first entry that lists a call, or
	// lists none, holds for it; calls of one entry share its bucket.
	Limits []Limit `yaml:"limits"`
	// Header in which replies say how many calls of their kind a second allows. The
	// pace of an entry of Limits that lists one call follows it.
	RateHeader string `yaml:"rate_header"`
	// Time limit of one try. Default 30s.
	Timeout Duration `yaml:"timeout"`
	// Largest reply in bytes. Default 64 MiB.
	MaxBody int64 `yaml:"max_body"`
	// How windows are cut.
	Window WindowRule `yaml:"window"`
	// How the windows of [Claimer.Claims] are cut. Default: as window.
	Claims *WindowRule `yaml:"claims"`
	// Statuses of orders. What they lead to is decided by package mappers/status,
	// which has the same codes; a test compares.
	Statuses []Status `yaml:"statuses"`
	// Statuses in which an order waits until the shop confirms it.
	Confirms []string `yaml:"confirms"`
	// Our carrier codes and the mall's. Where the file lists none they are those of
	// package codes; where it lists some, a test compares them with those.
	Carriers map[string]string `yaml:"carriers"`
	// What the mall takes of a package's parcels.
	Ship ShipRule `yaml:"ship"`
	// What is known of the life of the keys.
	Keys KeyRule `yaml:"keys"`
	// Abilities of the driver, see [Abilities].
	Abilities []string `yaml:"abilities"`
	// Abilities that an account has only if it fills in a setting: ship: shipping_path.
	// The driver of an account that leaves it empty lacks the ability.
	Needs map[string]string `yaml:"needs"`
	// What is not known for certain or cannot be done.
	Notes []Text `yaml:"notes"`

	read map[string]string // codes of carriers that the mall gives, to ours
}

// Text is what people read, in three languages.
type Text struct {
	EN string `yaml:"en"`
	JA string `yaml:"ja"`
	KO string `yaml:"ko"`
}

// In returns the text in lang (ja, ko, else English).
func (t Text) In(lang string) string {
	switch lang {
	case "ja":
		return t.JA
	case "ko":
		return t.KO
	}
	return t.EN
}

func (t Text) whole() bool { return t.EN != "" && t.JA != "" && t.KO != "" }

// A Link leads to the mall's own pages.
type Link struct {
	Title Text   `yaml:"title"`
	URL   string `yaml:"url"`
}

// A Setting is one thing an account has to say. Secrets are given as references
// (env:, file:, age:) and asked for at each use.
type Setting struct {
	Name  string `yaml:"name"`
	Title Text   `yaml:"title"`
	// Where in the back office it is found, what to tick there, in which form
	// addresses are registered.
	Help     Text   `yaml:"help"`
	Pattern  string `yaml:"pattern"` // regular expression of the whole value
	Example  string `yaml:"example"`
	Default  string `yaml:"default"`
	Secret   bool   `yaml:"secret"`
	Required bool   `yaml:"required"`
	// Granted: the shop's consent gives it ([Consenter]); nobody is asked for it.
	Granted bool `yaml:"granted"`
	// Grantable: the shop's consent may give it; who has it otherwise types it.
	Grantable bool `yaml:"grantable"`

	shape *regexp.Regexp
}

// Pace is how often things are done.
type Pace struct {
	Orders Duration `yaml:"orders"`
	Stock  Duration `yaml:"stock"`
	Report Duration `yaml:"report"`
}

// A Limit is a token bucket that each account has of its own.
type Limit struct {
	Calls     []string `yaml:"calls"`
	PerSecond float64  `yaml:"per_second"`
	Burst     int      `yaml:"burst"`
}

// A VersionRule says which version of an API is called.
type VersionRule struct {
	Name string `yaml:"name" json:"name"` // 2026-04
	// Ends is the first day on which the mall may not answer it any more.
	Ends order.Date `yaml:"ends" json:"ends"`
}

// A WindowRule says how spans of time are cut for a mall.
type WindowRule struct {
	Means    Text     `yaml:"means"`     // which time of an order the window is over
	Longest  Duration `yaml:"longest"`   // of one request
	Delay    Duration `yaml:"delay"`     // until the mall surely lists an order
	Overlap  Duration `yaml:"overlap"`   // read again before the last end
	Grain    Duration `yaml:"grain"`     // finest step of a window's ends
	LookBack Duration `yaml:"look_back"` // how far back the mall answers; 0 no limit
	// Rescan is how far back all windows are read again every RescanEvery, for
	// orders that the mall lists late. 0: never.
	Rescan      Duration `yaml:"rescan"`
	RescanEvery Duration `yaml:"rescan_every"`
}

// A KeyRule says what is known of the life of an account's keys.
type KeyRule struct {
	// Ends is how the driver knows their last day: asked (of the mall) or computed
	// (from the day of issue that the account states).
	Ends string `yaml:"ends"`
	// Reissue is how long before the end the mall lets new keys be issued; 0 if it
	// always does, or nobody knows.
	Reissue Duration `yaml:"reissue"`
	// Warn is from how long before the end people are told. Default 30d; less where the
	// keys live shorter than that.
	Warn Duration `yaml:"warn"`
}

// A ShipRule says what a mall takes of the parcels of one package.
type ShipRule struct {
	// Parcels is how many tracking numbers a package may have. Default 1.
	Parcels int `yaml:"parcels"`
	// ByLine: a line has one number, so that a further parcel must carry other
	// lines. Else numbers stand for the package.
	ByLine bool `yaml:"by_line"`
	// Settle is how long a report whose answer was lost may still be at work at the
	// mall; the same is not reported again before. Default 10m.
	Settle Duration `yaml:"settle"`
}

// A Status of an order at the mall.
type Status struct {
	Code  string `yaml:"code"`
	Title Text   `yaml:"title"`
	// Class by default: unshipped, instructed, hold, done, cancelled, outside.
	Class string `yaml:"class"`
}

// Duration is a [time.Duration] that YAML may also give in days: 63d.
type Duration time.Duration

// UnmarshalYAML reads 10m, 1h30m, 63d.
func (d *Duration) UnmarshalYAML(n *yaml.Node) error {
	if days, ok := strings.CutSuffix(n.Value, "d"); ok {
		if v, err := strconv.Atoi(days); err == nil && v >= 0 && v < 100000 {
			*d = Duration(time.Duration(v) * 24 * time.Hour)
			return nil
		}
	}
	v, err := time.ParseDuration(n.Value)
	if err != nil {
		return fmt.Errorf("line %d: %q is no duration such as 10m or 63d", n.Line, n.Value)
	}
	*d = Duration(v)
	return nil
}

func (d Duration) String() string {
	const day = Duration(24 * time.Hour)
	if d != 0 && d%day == 0 {
		return strconv.FormatInt(int64(d/day), 10) + "d"
	}
	return time.Duration(d).String()
}

// Abilities lists the names that [About.Abilities] may have.
var Abilities = []string{"open", "reread", "confirm", "ship", "ship_check", "claims", "stock", "stock_read", "catalog", "catalog_from", "expiry", "test", "consent"}

// placeholder is a setting inside an address of [About.Base] or [About.Hosts].
var placeholder = regexp.MustCompile(`\{([a-z][a-z0-9_]*)\}`)

// ParseAbout reads an about.yaml. Unknown keys, missing texts and values that
// contradict each other are errors, all found at once.
func ParseAbout(text []byte) (*About, error) {
	a := &About{Timeout: Duration(30 * time.Second), MaxBody: 64 << 20, Ship: ShipRule{Parcels: 1, Settle: Duration(10 * time.Minute)}, Keys: KeyRule{Warn: Duration(30 * 24 * time.Hour)}}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(a); err != nil {
		return nil, fmt.Errorf("about.yaml: %w", err)
	}
	if err := d.Decode(new(any)); !errors.Is(err, io.EOF) {
		return nil, errors.New("about.yaml: more than one document")
	}
	a.carriers()
	return a, a.check()
}

// MustAboutOver is [MustAbout] for a mall that differs little from another: what over
// says at its top level stands in the place of what base says there.
func MustAboutOver(base, over []byte) *About {
	all := map[string]yaml.Node{}
	for _, text := range [][]byte{base, over} {
		var part map[string]yaml.Node
		if err := yaml.Unmarshal(text, &part); err != nil {
			panic(err)
		}
		maps.Copy(all, part)
	}
	text, err := yaml.Marshal(all)
	if err != nil {
		panic(err)
	}
	return MustAbout(text)
}

// carriers takes the mall's codes of carriers over from package codes.
func (a *About) carriers() {
	t, ok := codes.Builtin().Table(codes.Carriers, codes.SystemOf(a.Name))
	if !ok {
		return
	}
	a.read = t.Read(false)
	if a.Carriers == nil {
		a.Carriers = t.Written(false)
	}
}

// Described is [MustAbout] at the first call of what it returns: the descriptions of all
// malls take longer to read than many a command to run.
func Described(text []byte) func() *About {
	return sync.OnceValue(func() *About { return MustAbout(text) })
}

// MustAbout is [ParseAbout] for the file that is built into the program.
func MustAbout(text []byte) *About {
	a, err := ParseAbout(text)
	if err != nil {
		panic(err)
	}
	return a
}

func (a *About) check() error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf("about.yaml: "+format, args...)) }
	text := func(what string, t Text) {
		if !t.whole() {
			wrong("%s: not in all three languages", what)
		}
	}
	if !regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`).MatchString(a.Name) {
		wrong("name %q", a.Name)
	}
	text("title", a.Title)
	everywhere := a.Country == "" && a.Currency == "" && a.Zone == ""
	if !everywhere && (len(a.Country) != 2 || len(a.Currency) != 3) {
		wrong("country %q, currency %q", a.Country, a.Currency)
	}
	if _, err := time.LoadLocation(a.Zone); err != nil || a.Zone == "" && !everywhere {
		wrong("zone %q", a.Zone)
	}
	if _, ok := a.Version.Ends.Time(time.UTC); !ok && a.Version != (VersionRule{}) || ok && a.Version.Name == "" {
		wrong("version: name %q, ends %q", a.Version.Name, a.Version.Ends)
	}
	if a.Charset == "" {
		wrong("charset is missing")
	}
	if !strings.HasPrefix(a.Base, "https://") {
		wrong("base %q is not https", a.Base)
	}
	for _, name := range slices.Sorted(maps.Keys(a.Hosts)) {
		if !strings.HasPrefix(a.Hosts[name], "https://") || !regexp.MustCompile(`^[a-z][a-z0-9_]*$`).MatchString(name) {
			wrong("hosts: %s: %q is not https, or the name is none", name, a.Hosts[name])
		}
	}
	if e := a.Keys.Ends; (e == "asked" || e == "computed") != slices.Contains(a.Abilities, "expiry") && e != "" || e != "" && e != "asked" && e != "computed" {
		wrong("keys.ends %q: asked or computed, for a driver with the ability expiry", e)
	}
	if a.Keys.Warn <= 0 {
		wrong("keys.warn %v", a.Keys.Warn)
	}
	for i, l := range a.Links {
		text(fmt.Sprintf("links[%d].title", i), l.Title)
		if !strings.HasPrefix(l.URL, "https://") {
			wrong("links[%d].url %q", i, l.URL)
		}
	}
	for i, s := range a.Setup {
		text(fmt.Sprintf("setup[%d]", i), s)
	}
	names := map[string]bool{"base_url": true}
	for i := range a.Settings {
		s := &a.Settings[i]
		if s.Name == "" || names[s.Name] {
			wrong("settings: name %q is empty, repeated or reserved", s.Name)
		}
		names[s.Name] = true
		text(s.Name+".title", s.Title)
		text(s.Name+".help", s.Help)
		re, err := regexp.Compile(`^(?:` + s.Pattern + `)$`)
		if err != nil {
			wrong("settings: %s: %v", s.Name, err)
			continue
		}
		if s.Pattern != "" {
			s.shape = re
		}
		for _, v := range []string{s.Default, s.Example} {
			if v != "" && s.shape != nil && !s.shape.MatchString(v) {
				wrong("settings: %s: %q is not of the pattern", s.Name, v)
			}
		}
		if s.Secret && s.Default != "" {
			wrong("settings: %s: a secret has no default", s.Name)
		}
		if s.Grantable && (s.Granted || s.Required || !slices.Contains(a.Abilities, "consent")) {
			wrong("settings: %s: what consent may give is neither required nor granted besides, and needs the ability consent", s.Name)
		}
		if s.Granted && (s.Required || s.Default != "" || !slices.Contains(a.Abilities, "consent")) {
			wrong("settings: %s: what consent gives is neither required nor has a default, and needs the ability consent", s.Name)
		}
	}
	for _, address := range append(slices.Collect(maps.Values(a.Hosts)), a.Base) {
		for _, m := range placeholder.FindAllStringSubmatch(address, -1) {
			if st, ok := a.Setting(m[1]); !ok || st.Secret || st.Pattern == "" || !st.Required && st.Default == "" {
				wrong("%s: {%s} must be a setting with a pattern, required or with a default, and no secret", address, m[1])
			}
		}
	}
	if a.Pace.Orders <= 0 {
		wrong("pace.orders is missing")
	}
	if len(a.Limits) == 0 {
		wrong("limits are missing")
	}
	for i, l := range a.Limits {
		if l.PerSecond <= 0 || l.Burst < 1 {
			wrong("limits[%d]: per_second and burst must be positive", i)
		}
		if (len(l.Calls) == 0) != (i == len(a.Limits)-1) {
			wrong("limits[%d]: the last entry, and only it, holds for all other calls", i)
		}
	}
	text("window.means", a.Window.Means)
	if a.Window.Overlap >= a.Window.Longest && a.Window.Longest > 0 {
		wrong("window: overlap %v is not shorter than longest %v", a.Window.Overlap, a.Window.Longest)
	}
	classes := []string{"unshipped", "instructed", "hold", "done", "cancelled", "outside"}
	codes := map[string]bool{}
	for _, s := range a.Statuses {
		if s.Code == "" || codes[s.Code] || !slices.Contains(classes, s.Class) {
			wrong("statuses: code %q, class %q", s.Code, s.Class)
		}
		codes[s.Code] = true
		text("statuses: "+s.Code, s.Title)
	}
	for _, ability := range a.Abilities {
		if !slices.Contains(Abilities, ability) {
			wrong("abilities: %q is unknown; known are %s", ability, strings.Join(Abilities, ", "))
		}
	}
	for ability, setting := range a.Needs {
		if st, ok := a.Setting(setting); !slices.Contains(a.Abilities, ability) || !ok || st.Secret || st.Required {
			wrong("needs: %s: %s: an ability and an optional setting that is no secret are expected", ability, setting)
		}
	}
	if a.Ship.Parcels < 1 || a.Ship.Settle <= 0 {
		wrong("ship: parcels %d, settle %v: both must be positive", a.Ship.Parcels, a.Ship.Settle)
	}
	for i, n := range a.Notes {
		text(fmt.Sprintf("notes[%d]", i), n)
	}
	return errors.Join(errs...)
}

// Offers reports whether an account with these settings has an ability.
func (a *About) Offers(ability string, settings map[string]string) bool {
	need, some := a.Needs[ability]
	return slices.Contains(a.Abilities, ability) && (!some || settings[need] != "")
}

// Setting returns the setting of that name.
func (a *About) Setting(name string) (Setting, bool) {
	i := slices.IndexFunc(a.Settings, func(s Setting) bool { return s.Name == name })
	if i < 0 {
		return Setting{}, false
	}
	return a.Settings[i], true
}

// Check says what is wrong with a value, as it is entered; nil if nothing is. The
// value of a secret is never part of the error.
func (s Setting) Check(value string) error {
	switch {
	case value == "" && s.Required:
		return fmt.Errorf("%s is required", s.Name)
	case value == "" || s.shape == nil || s.shape.MatchString(value):
		return nil
	case s.Secret:
		return fmt.Errorf("%s does not look like one (a secret of %d characters; expected %s)", s.Name, len(value), s.Pattern)
	}
	return fmt.Errorf("%s: %q does not look like one (expected %s, such as %s)", s.Name, value, s.Pattern, s.Example)
}

// Carrier returns the mall's code of one of our carrier codes.
func (a *About) Carrier(code string) (string, bool) {
	c, ok := a.Carriers[code]
	return c, ok
}

// CarrierOf returns our code of one of the mall's, empty if there is none. Codes that
// the mall used before are known too.
func (a *About) CarrierOf(mall string) string {
	if code, ok := a.read[mall]; ok {
		return code
	}
	for _, code := range slices.Sorted(maps.Keys(a.Carriers)) {
		if a.Carriers[code] == mall {
			return code
		}
	}
	return ""
}

// Location is the mall's zone.
func (a *About) Location() *time.Location {
	l, err := time.LoadLocation(a.Zone)
	if err != nil { // checked when it was read; a machine may lack the zone since
		return time.UTC
	}
	return l
}

// ClaimRule is how windows of claims are cut.
func (a *About) ClaimRule() WindowRule {
	if a.Claims != nil {
		return *a.Claims
	}
	return a.Window
}
