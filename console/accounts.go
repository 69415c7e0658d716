package console

import (
	"io"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/internal/accounts"
	"github.com/mallbridge/mallbridge/internal/standing"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
)

// switches are the options of an account that people turn on and off, in the order in
// which an order meets them.
var switches = []struct {
	Name string
	On   func(*configs.Account) bool
}{
	{"enabled", func(a *configs.Account) bool { return a.Enabled }},
	{"auto_order_intake", func(a *configs.Account) bool { return a.AutoOrderIntake }},
	{"auto_confirmation", func(a *configs.Account) bool { return a.AutoConfirmation }},
	{"auto_instruction", func(a *configs.Account) bool { return a.AutoInstruction }},
	{"auto_report", func(a *configs.Account) bool { return a.AutoReport }},
	{"auto_stock_sync", func(a *configs.Account) bool { return a.AutoStockSync }},
}

type accountData struct {
	Account  *configs.Account
	Mall     accounts.Mall
	Tally    ledger.Tally
	Fetch    standing.Fetch
	Next     string
	Key      standing.Key
	Until    time.Time
	Switches []switchState
	Settings []settingState
	Tested   *tested
	Consent  string // the address at which the shop agrees
	Back     string // where the mall sends the browser afterwards
	Own      string // our address that takes the answer by itself
	Can      bool
}

type switchState struct {
	Name string
	On   bool
}

type settingState struct {
	accounts.Setting
	Value string // never of a secret
	Kept  bool   // a secret is there
	Where string // the kind of its reference: file, age, env
}

// tested is how the last test of an account went.
type tested struct {
	At     time.Time
	OK     bool
	Checks []accounts.Check
}

func (c *Console) accountOf(q *request) (*configs.Account, error) {
	a, ok := q.env.Workspace.Account(q.PathValue("name"))
	if !ok {
		return nil, order.Errorf(order.NotFound, "", "no account %s", q.PathValue("name"))
	}
	return a, nil
}

func (c *Console) account(q *request) (string, any, error) {
	a, err := c.accountOf(q)
	if err != nil {
		return "", nil, err
	}
	d := accountData{Account: a, Can: c.o.Run != nil}
	d.Mall, _ = accounts.Lookup(a.Mall, q.lang)
	d.Own = c.ownAddress(q, consentPath)
	if d.Tally, err = q.env.Ledger.Tally(q.Context(), a.Name); err != nil {
		return "", nil, err
	}
	if d.Fetch, err = standing.Fetches(q.Context(), q.env, a); err != nil {
		return "", nil, err
	}
	d.Next = nextText(q, d.Fetch)
	if d.Key, err = standing.Keys(q.Context(), q.env, a); err != nil {
		return "", nil, err
	}
	for _, s := range switches {
		d.Switches = append(d.Switches, switchState{s.Name, s.On(a)})
	}
	if a.UsesAPI() {
		id, _, err := q.env.Ledger.Account(q.Context(), a.Name, q.env.Now())
		if err != nil {
			return "", nil, err
		}
		if d.Until, _, err = q.env.Ledger.ReadUntil(q.Context(), id, "orders"); err != nil {
			return "", nil, err
		}
		for _, s := range d.Mall.Settings {
			x := settingState{Setting: s, Value: a.API.Settings[s.Name]}
			if s.Secret {
				ref := a.API.Secrets[s.Name]
				x.Value, x.Kept, x.Where = "", ref != "", ref.Kind()
			}
			d.Settings = append(d.Settings, x)
		}
	}
	if t, ok := c.tests.Load(a.Name); ok {
		d.Tested = t.(*tested)
	}
	if state := c.sessions.GetString(q.Context(), consentKey(a.Name)); state != "" && q.user.Role == ledger.Admin {
		state, d.Back, _ = strings.Cut(state, " ")
		m, err := q.env.Malls.Open(q.env, a)
		if err == nil {
			d.Consent, err = m.Consent(d.Back, state)
		}
		if err != nil {
			return "", nil, err
		}
	}
	return "account", d, nil
}

// changeAccount writes what a form says of an account into its file, secrets into where
// they are kept.
func (c *Console) changeAccount(q *request) (string, error) {
	a, err := c.accountOf(q)
	if err != nil {
		return "", err
	}
	var values []accounts.Value
	var names []string
	add := func(key, text string) {
		values = append(values, accounts.Value{Key: key, Text: text})
		names = append(names, key)
	}
	q.FormValue("") // the form is read
	if title := strings.TrimSpace(q.FormValue("title")); q.Form.Has("title") && title != a.Title {
		add("title", title)
	}
	for _, s := range switches {
		if on := q.FormValue(s.Name) == "1"; q.FormValue("switches") == "1" && on != s.On(a) {
			add(s.Name, map[bool]string{true: "true", false: "false"}[on])
		}
	}
	m, _ := accounts.Lookup(a.Mall, q.lang)
	for _, s := range m.Settings {
		v := strings.TrimSpace(q.FormValue("set." + s.Name))
		if !a.UsesAPI() || !q.Form.Has("set."+s.Name) || s.Granted || s.Secret && v == "" || !s.Secret && v == a.API.Settings[s.Name] {
			continue
		}
		if v != "" || s.Required {
			if err := accounts.CheckSetting(a.Mall, s.Name, v, q.lang); err != nil {
				return "", err
			}
		}
		if !s.Secret {
			add("api.settings."+s.Name, v)
			continue
		}
		ref, err := q.env.Secrets.Store(a.Name+"."+s.Name, v)
		if err != nil {
			return "", err
		}
		names = append(names, "api.secrets."+s.Name)
		if ref != a.API.Secrets[s.Name] {
			values = append(values, accounts.Value{Key: "api.secrets." + s.Name, Text: string(ref)})
		}
	}
	if len(names) == 0 {
		c.tell(q, "nothing changes")
		return "/accounts/" + a.Name, nil
	}
	if err := c.setAccount(q, a, values); err != nil {
		return "", err
	}
	c.tests.Delete(a.Name)
	c.tell(q, "%s is changed", a.Name)
	return "/accounts/" + a.Name, q.record("account.changed", a.Name+": "+strings.Join(names, ", "))
}

// setAccount writes values into an account's file and takes them over.
func (c *Console) setAccount(q *request, a *configs.Account, values []accounts.Value) error {
	file := "accounts/" + a.Name + ".yaml"
	text, err := os.ReadFile(q.env.Workspace.Path(file))
	if err != nil {
		return err
	}
	for _, v := range values {
		if text, err = configs.SetValue(text, v.Text, strings.Split(v.Key, ".")...); err != nil {
			return err
		}
	}
	return c.change(q.Context(), file, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}

type newAccountData struct {
	Mall       accounts.Mall
	Chosen     bool
	Malls      []accounts.Mall
	Warehouses []string
}

func (c *Console) newAccountPage(q *request) (string, any, error) {
	d := newAccountData{Malls: accounts.Malls(q.lang)}
	for _, w := range q.env.Workspace.Warehouses {
		d.Warehouses = append(d.Warehouses, w.Name)
	}
	if name := q.URL.Query().Get("mall"); name != "" {
		if d.Mall, d.Chosen = accounts.Lookup(name, q.lang); !d.Chosen {
			return "", nil, order.Errorf(order.NotFound, "choose one of the list", "no mall %s", name)
		}
	}
	return "new-account", d, nil
}

// addAccount writes the file of a new account and keeps its keys.
func (c *Console) addAccount(q *request) (string, error) {
	n := accounts.New{
		Name: strings.TrimSpace(q.FormValue("name")), Mall: q.FormValue("mall"), Title: strings.TrimSpace(q.FormValue("title")), Target: q.FormValue("target"),
		Warehouse: q.FormValue("warehouse"), Since: q.FormValue("since"), Settings: map[string]string{}, Secrets: map[string]string{},
	}
	m, ok := accounts.Lookup(n.Mall, q.lang)
	if !ok {
		return "", order.Errorf(order.Invalid, "choose one of the list", "no mall %s", n.Mall)
	}
	if err := configs.CheckName(n.Name); err != nil {
		return "", order.Errorf(order.Invalid, "use letters a-z, digits and hyphens", "%w", err)
	}
	if _, there := q.env.Workspace.Account(n.Name); there {
		return "", order.Errorf(order.Conflict, "take another name", "there is an account %s", n.Name)
	}
	if err := accounts.CheckTarget(n.Mall, n.Target); err != nil {
		return "", err
	}
	if _, ok := q.env.Workspace.Warehouse(n.Warehouse); !ok && n.Warehouse != "" {
		return "", order.Errorf(order.Invalid, "choose one of the list", "no warehouse %s", n.Warehouse)
	}
	if _, err := time.Parse(time.DateOnly, n.Since); err != nil && n.Since != "" {
		return "", order.Errorf(order.Invalid, "write a day, 2026-11-01", "%q is no day", n.Since)
	}
	secret := map[string]string{}
	for _, s := range m.Settings {
		v := strings.TrimSpace(q.FormValue("set." + s.Name))
		if s.Granted || v == "" && !s.Required {
			continue
		}
		if err := accounts.CheckSetting(n.Mall, s.Name, v, q.lang); err != nil {
			return "", err
		}
		if s.Secret {
			secret[s.Name] = v
		} else {
			n.Settings[s.Name] = v
		}
	}
	// Only when all is right are secrets kept.
	for name, v := range secret {
		ref, err := q.env.Secrets.Store(n.Name+"."+name, v)
		if err != nil {
			return "", err
		}
		n.Secrets[name] = string(ref)
	}
	if err := c.change(q.Context(), "accounts/"+n.Name+".yaml", func(w io.Writer) error {
		_, err := w.Write(n.File(q.lang))
		return err
	}); err != nil {
		return "", err
	}
	if err := c.o.Env().Workspace.MakeFolders(); err != nil {
		return "", err
	}
	c.tell(q, "%s is added; test its connection next", n.Name)
	return "/accounts/" + n.Name, q.record("account.added", n.Name+": "+n.Mall)
}

// testAccount tries an account's keys at its mall.
func (c *Console) testAccount(q *request) (string, error) {
	a, err := c.accountOf(q)
	if err == nil && (!a.UsesAPI() || q.env.Malls == nil) {
		err = order.Errorf(order.Invalid, "", "%s is not asked by API", a.Name)
	}
	if err != nil {
		return "", err
	}
	checks, ok, err := accounts.Test(q.Context(), q.env, a)
	if err != nil {
		return "", err
	}
	c.tests.Store(a.Name, &tested{q.env.Now(), ok, checks})
	return "/accounts/" + a.Name + "#test", q.record("account.tested", a.Name)
}

// consentPath is where browsers come back to after a consent.
const consentPath = "/consent"

// ownAddress is the address of a path of ours as the browser knows it.
func (c *Console) ownAddress(q *request, path string) string {
	scheme := "http"
	if c.o.HTTPS {
		scheme = "https"
	}
	return scheme + "://" + q.Host + path
}

func consentKey(account string) string { return "consent " + account }

// askConsent makes the address at which the shop agrees.
func (c *Console) askConsent(q *request) (string, error) {
	a, err := c.accountOf(q)
	if err != nil {
		return "", err
	}
	m, _ := accounts.Lookup(a.Mall, q.lang)
	if !m.Consent || !a.UsesAPI() || q.env.Malls == nil {
		return "", order.Errorf(order.Invalid, "", "%s needs no consent", a.Name)
	}
	back := strings.TrimSpace(q.FormValue("back"))
	if back == "" {
		back = accounts.DefaultBack
	}
	if strings.ContainsAny(back, " \t\r\n") || !localOrSecure(back) {
		return "", order.Errorf(order.Invalid, "write the address that is registered at the mall", "%q is no address of a page", back)
	}
	// What cannot be kept would be lost: a code works once.
	if err := accounts.CanKeep(q.env.Secrets, a, false); err != nil {
		return "", err
	}
	c.sessions.Put(q.Context(), consentKey(a.Name), accounts.NewState()+" "+back)
	return "/accounts/" + a.Name + "#consent", nil
}

// localOrSecure reports whether nobody on the way reads what a browser sends there.
func localOrSecure(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback())
}

// takeConsent keeps what the mall grants for the address that the person pasted.
func (c *Console) takeConsent(q *request) (string, error) {
	a, err := c.accountOf(q)
	if err != nil {
		return "", err
	}
	state, back, _ := strings.Cut(c.sessions.GetString(q.Context(), consentKey(a.Name)), " ")
	if state == "" {
		return "", order.Errorf(order.Conflict, "begin again", "no consent was asked for")
	}
	answer, err := accounts.Answer(q.FormValue("answer"), state)
	if err != nil {
		return "", err
	}
	return c.keepConsent(q, a, back, answer)
}

// consented is where the mall sends the browser after a consent, if this address is
// registered there. The answer leaves the browser's address at once.
func (c *Console) consented(q *request) (string, error) {
	answer := q.URL.Query()
	for _, a := range q.env.Workspace.Accounts {
		state, back, _ := strings.Cut(c.sessions.GetString(q.Context(), consentKey(a.Name)), " ")
		if state != "" && accounts.CheckState(answer, state) == nil {
			return c.keepConsent(q, a, back, answer)
		}
	}
	return "", order.Errorf(order.Conflict, "begin again on the page of the account, in the same browser", "no consent was asked for")
}

// keepConsent keeps what the mall grants for the answer with which the browser came.
func (c *Console) keepConsent(q *request, a *configs.Account, back string, answer url.Values) (string, error) {
	m, err := q.env.Malls.Open(q.env, a)
	if err != nil {
		return "", err
	}
	// Whatever becomes of it, an answer is good once.
	c.sessions.Remove(q.Context(), consentKey(a.Name))
	grant, err := accounts.Redeem(q.Context(), m, back, answer)
	if err != nil {
		return "", err
	}
	kept, err := accounts.Keep(q.env.Secrets, a, grant)
	var values []accounts.Value
	for _, k := range kept {
		if k.Key != "" {
			values = append(values, accounts.Value{Key: k.Key, Text: k.Value})
		}
	}
	if err == nil && len(values) > 0 {
		err = c.setAccount(q, a, values)
	}
	if err != nil {
		return "", err
	}
	c.tests.Delete(a.Name)
	c.tell(q, "the mall's consent for %s is kept; test its connection next", a.Name)
	return "/accounts/" + a.Name, q.record("account.consented", a.Name)
}

// keyCalendar lists the accounts whose keys' end is known, the next first.
func keyCalendar(rows []accountRow) []accountRow {
	out := slices.DeleteFunc(slices.Clone(rows), func(r accountRow) bool { return !r.Key.Known })
	slices.SortStableFunc(out, func(a, b accountRow) int { return a.Key.Ends.Compare(b.Key.Ends) })
	return out
}
