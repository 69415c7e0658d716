package connectors

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"
)

// A Spec is a mall: its description and how to make a driver.
type Spec struct {
	// Name is that of the description, which a program that has no account at the mall
	// never reads.
	Name  string
	About func() *About
	// New makes the driver of an account. It does not call the mall. The settings
	// were checked, and defaults are filled in.
	New func(a Account, c *Client) (Driver, error)
	// Scrub takes out of a reply what must not be kept, such as card data, before
	// anything else sees it. It may change body in place. nil: nothing has to go.
	Scrub func(call string, body []byte) []byte
}

// An Account is a shop's login at a mall, as configuration gives it.
type Account struct {
	Name string
	// Settings by the names of [About.Settings] that are not secret, and base_url.
	Settings map[string]string
	// Secret returns a secret setting. Drivers ask at each use, so that keys can be
	// replaced while the program runs; the client remembers the values to keep them
	// out of whatever is written. An optional secret that is not set is "".
	Secret func(name string) (string, error)
	// Carriers are codes of the mall's, by our carrier code, that go before those of
	// [About.Carriers]: masters/carrier-codes.csv of the workspace.
	Carriers map[string]string
	// Zone of the mall's times; nil for the mall's own.
	Zone *time.Location
}

// BaseURL is the name of the setting that replaces [About.Base].
const BaseURL = "base_url"

// Check says what is wrong with an account's settings, all at once. It calls
// neither the mall nor [Account.Secret].
func (s Spec) Check(a Account) error {
	var errs []error
	for _, st := range s.About().Settings {
		if st.Secret {
			continue
		}
		v, ok := a.Settings[st.Name]
		if !ok {
			v = st.Default
		}
		if err := st.Check(v); err != nil {
			errs = append(errs, err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(a.Settings)) {
		st, ok := s.About().Setting(name)
		if name != BaseURL && !ok {
			errs = append(errs, fmt.Errorf("%s: %s has no such setting", name, s.About().Name))
		}
		if ok && st.Secret {
			errs = append(errs, fmt.Errorf("%s is a secret and stands among the settings", name))
		}
	}
	if _, err := s.base(a); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// CheckBase says what is wrong with an address that is to replace [About.Base]; the
// empty one replaces nothing.
func (s Spec) CheckBase(address string) error {
	if address == "" {
		return nil
	}
	_, err := parseBase(address)
	return err
}

// base is the address of the API.
func (s Spec) base(a Account) (*url.URL, error) {
	if v := a.Settings[BaseURL]; v != "" {
		return parseBase(v)
	}
	return parseBase(s.fill(s.About().Base, a))
}

// hosts are the addresses of [About.Hosts].
func (s Spec) hosts(a Account, base *url.URL) (map[string]*url.URL, error) {
	hosts := make(map[string]*url.URL, len(s.About().Hosts))
	for name, address := range s.About().Hosts {
		if a.Settings[BaseURL] != "" {
			hosts[name] = base.JoinPath(name)
			continue
		}
		u, err := parseBase(s.fill(address, a))
		if err != nil {
			return nil, err
		}
		hosts[name] = u
	}
	return hosts, nil
}

// fill puts settings into an address.
func (s Spec) fill(address string, a Account) string {
	return placeholder.ReplaceAllStringFunc(address, func(m string) string {
		name := strings.Trim(m, "{}")
		if v := a.Settings[name]; v != "" {
			return v
		}
		st, _ := s.About().Setting(name)
		if st.Default != "" {
			return st.Default
		}
		// Not set: [Spec.Check] says so itself, and needs an address until then.
		return name
	})
}

// parseBase reads an address: https, or http to this machine itself.
func parseBase(text string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSuffix(text, "/"))
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("%s: %q is no address", BaseURL, text)
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("%s: an address without user, query and fragment is expected", BaseURL)
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return nil, fmt.Errorf("%s: %q is not https; http is for simulators on this machine only", BaseURL, text)
	}
	return u, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// withDefaults returns a copy of a with what its file leaves out.
func (s Spec) withDefaults(a Account) Account {
	settings := make(map[string]string, len(s.About().Settings))
	for _, st := range s.About().Settings {
		if !st.Secret && st.Default != "" {
			settings[st.Name] = st.Default
		}
	}
	for k, v := range a.Settings {
		if v != "" {
			settings[k] = v
		}
	}
	a.Settings = settings
	if a.Zone == nil {
		a.Zone = s.About().Location()
	}
	if a.Secret == nil {
		a.Secret = func(name string) (string, error) { return "", fmt.Errorf("secret %s: none is set", name) }
	}
	return a
}
