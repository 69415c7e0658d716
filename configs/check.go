package configs

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/internal/secrets"
	"github.com/mallbridge/mallbridge/mappers/charset"
	"github.com/mallbridge/mallbridge/mappers/record"
	"github.com/mallbridge/mallbridge/mappers/sku"
	"github.com/mallbridge/mallbridge/mappers/status"
)

// check looks at what the tags of single keys cannot say.
func (l *loader) check() {
	l.checkSettings()
	for _, a := range l.ws.Accounts {
		a.Location = time.UTC
		if !a.pos.broken {
			l.checkAccount(a)
		}
	}
	for _, h := range l.ws.Warehouses {
		h.Location = time.UTC
		if !h.pos.broken {
			l.checkWarehouse(h)
		}
	}
	for _, a := range l.ws.Accounts {
		if !a.pos.broken {
			l.checkSales(a)
		}
	}
	l.checkFolders()
	l.checkPlaces()
	l.checkStores()
	l.checkDrops()
}

func (l *loader) checkSettings() {
	s, p := &l.ws.Settings, l.settPos
	if len(l.ws.Accounts) == 0 {
		l.find(Finding{File: "accounts", Message: "there is no account", Hint: "make one, as accounts/rakuten-1.yaml", Warning: true})
	}
	l.zone(p, "timezone", s.Timezone)
	l.checkLedger(s.Ledger)
	if s.Console.Listen != "off" {
		if _, port, err := net.SplitHostPort(s.Console.Listen); err != nil || !isPort(port) {
			l.at(p, "console.listen", fmt.Sprintf("console.listen is %q", s.Console.Listen), "write address:port, as 127.0.0.1:8383, or off")
		}
	}
	if k := s.Secrets.Identity.Kind(); k == secrets.Age {
		l.at(p, "secrets.identity", "secrets.identity cannot be in the age file that it opens", "write env:NAME or file:PATH")
	}
	for key, folder := range l.folders() {
		l.folder(p, key, folder)
	}
	l.localPath(p, "secrets.file", s.Secrets.File)
	l.checkRetention(p, s.Retention.PersonalData)
	l.checkChannels()
}

func isPort(text string) bool {
	n, err := strconv.Atoi(text)
	return err == nil && n >= 0 && n <= 65535
}

func (l *loader) checkLedger(ledger string) {
	p := l.settPos
	scheme, _, isURL := strings.Cut(ledger, "://")
	switch {
	case isURL && (scheme == "postgres" || scheme == "postgresql"):
		u, err := url.Parse(ledger)
		if err != nil || u.Host == "" || strings.Trim(u.Path, "/") == "" {
			l.at(p, "ledger", "ledger is no PostgreSQL address", "write postgres://user@host:5432/database")
			return
		}
		if _, has := u.User.Password(); has {
			l.at(p, "ledger", "ledger holds a password", "put the whole address into an environment variable and write ledger: env:MALLBRIDGE_LEDGER")
		}
	case isURL:
		l.at(p, "ledger", fmt.Sprintf("ledger is of the kind %s", scheme), "use a file (ledger.db) or postgres://…")
	case isReference(ledger):
		if _, err := secrets.ParseRef(ledger); err != nil {
			l.at(p, "ledger", "ledger: "+err.Error(), "write env:NAME, file:PATH or age:NAME")
		}
	default:
		l.localPath(p, "ledger", ledger)
	}
}

func isReference(text string) bool {
	kind := secrets.Ref(text).Kind()
	return strings.Contains(text, ":") && (kind == secrets.Env || kind == secrets.File || kind == secrets.Age)
}

// zone checks a time zone and returns it; UTC stands for one that is wrong.
func (l *loader) zone(p *positions, key, name string) *time.Location {
	loc, err := time.LoadLocation(name)
	if err != nil || name == "Local" || name == "" {
		l.at(p, key, fmt.Sprintf("%s %q is not known", key, name), "write an IANA name: Asia/Tokyo, Asia/Seoul")
		return time.UTC
	}
	return loc
}

// ownZone is zone for a file that may leave it to mallbridge.yaml, where a wrong
// one is reported already.
func (l *loader) ownZone(p *positions, name string) *time.Location {
	if p.has("timezone") {
		return l.zone(p, "timezone", name)
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC
	}
	return loc
}

// localPath checks a path on this machine. Relative ones stay inside the
// workspace; whoever wants another place says so with an absolute path.
func (l *loader) localPath(p *positions, key, name string) {
	switch {
	case name == "":
		l.at(p, key, key+" is empty", "name a path")
	case strings.ContainsAny(name, "\\\x00"):
		l.at(p, key, fmt.Sprintf("%s is %q", key, name), "separate folders by /")
	case !filepath.IsAbs(name) && !filepath.IsLocal(filepath.FromSlash(name)):
		l.at(p, key, fmt.Sprintf("%s leads out of the workspace: %q", key, name), "use a path below the workspace, or an absolute one")
	}
}

// remotePath checks a folder at a drop, relative to its root.
func (l *loader) remotePath(p *positions, key, name string) {
	if name == "" {
		return
	}
	if strings.ContainsAny(name, "\\\x00\n\r") || strings.HasPrefix(name, "/") || path.Clean(name) != strings.TrimSuffix(name, "/") || strings.HasPrefix(path.Clean(name), "..") {
		l.at(p, key, fmt.Sprintf("%s is %q", label(key), name), "write a folder below drop.root, as in/orders")
	}
}

func (l *loader) pattern(p *positions, key, pattern string) {
	if _, err := path.Match(pattern, "x"); err != nil || strings.Contains(pattern, "/") {
		l.at(p, key, fmt.Sprintf("%s %q is no file name pattern", key, pattern), "write a name with * and ?, as result_*.csv")
	}
}

func (l *loader) charset(p *positions, key, name string) {
	if name == "" {
		return
	}
	if _, err := charset.Lookup(name); err != nil {
		l.at(p, key, fmt.Sprintf("%s %q is not known", key, name), "use "+orList(charset.Names()))
	}
}

func (l *loader) checkAccount(a *Account) {
	p := a.pos
	a.Location = l.ownZone(p, a.Timezone)
	if a.Country == "" && a.Mall != "" {
		l.at(p, "", "it has no country", "add country: JP or country: KR")
	}
	if a.Currency == "" && a.Country != "" {
		l.at(p, "", "it has no currency", "add currency: JPY, KRW or another ISO 4217 code")
	}
	mall, known := LookupMall(a.Mall)
	if known && mall.MaxLookback > 0 && a.LookbackDays > mall.MaxLookback {
		l.at(p, "lookback_days", fmt.Sprintf("lookback_days is %d", a.LookbackDays), fmt.Sprintf("%s looks back 1 to %d days; 0 takes whatever a sheet holds", a.Mall, mall.MaxLookback))
	}
	l.checkIntake(a)
	l.checkReport(a)
	l.checkAPI(a)
	l.checkStatuses(a)
	l.checkSKUFrom(a)
	l.checkRoute(a)
	l.checkSender(a)
	l.checkFlags(a)
	l.checkAccountRetention(a)
	if a.Merge.Never && a.Merge.Within > 0 {
		l.at(p, "merge.within", "merge.within waits for orders that merge.never keeps apart", "remove one of them")
	}
	if len(a.Remarks.Known) > 0 && a.Remarks.Hold != HoldUnlessKnown && p.has("remarks.known") {
		l.at(p, "remarks.known", "remarks.known has no effect while remarks.hold is "+a.Remarks.Hold, "write hold: "+HoldUnlessKnown+", or remove known")
	}
}

func (l *loader) checkIntake(a *Account) {
	p, in := a.pos, &a.Intake
	l.folder(p, "intake.folder", in.Folder)
	l.pattern(p, "intake.pattern", in.Pattern)
	l.charset(p, "intake.charset", in.Charset)
	l.suffix(p, "intake.done_mark", in.DoneMark)
	if in.DoneMark != "" && p.has("intake.looks") {
		l.at(p, "intake.looks", "intake.looks has no effect beside intake.done_mark", "remove one of them")
	}
	if len(in.Formats) == 0 && a.Mall != "" {
		l.at(p, "intake", "no format is named", "add intake.formats")
	}
	for i, name := range in.Formats {
		l.use(p, "intake.formats."+strconv.Itoa(i), name, record.Orders, false)
	}
}

// suffix checks what is added to a file's name.
func (l *loader) suffix(p *positions, key, text string) {
	if text != "" && (strings.ContainsAny(text, "/\\\x00 ") || !strings.HasPrefix(text, ".") || len(text) < 2) {
		l.at(p, key, fmt.Sprintf("%s is %q", key, text), "write an ending: .done")
	}
}

func (l *loader) checkStatuses(a *Account) {
	table, ok := status.Builtin(a.Mall)
	if !ok {
		return
	}
	extras := make([]status.Extra, len(a.Statuses))
	for i, s := range a.Statuses {
		extras[i] = status.Extra{Code: s.Code, SameAs: s.SameAs, Class: status.Class(s.Class)}
	}
	switch a.WithoutStatus {
	case "take":
		table.Missing = a.Targets[DefaultTarget]
	case "hold":
		table.Missing = ""
	}
	if a.WithoutStatus == "" {
		a.WithoutStatus = "hold"
		if table.Missing != "" {
			a.WithoutStatus = "take"
		}
	}
	targets := status.Targets{Default: a.Targets[DefaultTarget], ByPayment: make(map[string]string)}
	for payment, target := range a.Targets {
		if payment != DefaultTarget {
			targets.ByPayment[payment] = target
		}
	}
	with, findings := table.With(extras)
	l.statusFindings(a, findings)
	a.Status, findings = status.New(with, targets)
	l.statusFindings(a, findings)
}

// statusFindings gives the places of this file to what package status found.
func (l *loader) statusFindings(a *Account, findings []status.Finding) {
	for _, f := range findings {
		key := strings.NewReplacer("[", ".", "]", "").Replace(f.Key)
		key = strings.Replace(key, "target.by_payment.", "targets.", 1)
		key = strings.Replace(key, "target.default", "targets.default", 1)
		if key == "targets.default" && !a.pos.has("targets") {
			// The missing key was reported with the required ones.
			l.hintTargets(a, f.Hint)
			continue
		}
		what := label(key)
		if f.Value != "" {
			what += fmt.Sprintf(" %q", f.Value)
		}
		l.at(a.pos, key, what+": "+f.Why, f.Hint)
	}
}

// hintTargets gives the finding about missing targets the mall's own hint.
func (l *loader) hintTargets(a *Account, hint string) {
	for i := range l.findings {
		if f := &l.findings[i]; f.File == a.File && strings.HasSuffix(f.Message, "has no targets") {
			f.Message += ": a default target status is required"
			f.Hint = "add targets: {default: …}; " + hint
		}
	}
}

func (l *loader) checkSKUFrom(a *Account) {
	for i, from := range a.SKUFrom {
		if err := sku.CheckFrom([]string{from}); err != nil {
			message, hint, _ := strings.Cut(err.Error(), "; ")
			l.at(a.pos, "sku_from."+strconv.Itoa(i), message, hint)
		}
	}
}

func (l *loader) checkRoute(a *Account) {
	switch {
	case a.Warehouse != "":
		h, ok := l.ws.Warehouse(a.Warehouse)
		if !ok {
			l.at(a.pos, "warehouse", fmt.Sprintf("warehouse %q is not in warehouses/", a.Warehouse), l.warehouseHint(a.Warehouse))
		} else if a.Enabled && !h.Enabled {
			l.warn(a.pos, "warehouse", fmt.Sprintf("warehouse %q is not enabled: orders wait", a.Warehouse), "enable it, or name another")
		}
	case len(l.ws.Warehouses) == 1:
		a.Warehouse = l.ws.Warehouses[0].Name
	case len(l.ws.Warehouses) == 0:
		l.warn(a.pos, "", "there is no warehouse in warehouses/: all orders are held", "make one, as warehouses/tokyo.yaml")
	case len(l.ws.Warehouses) > 1:
		l.warn(a.pos, "", "it names no warehouse: orders that no rule routes are held", "add warehouse: "+l.ws.Warehouses[0].Name)
	}
}

func (l *loader) warehouseHint(typed string) string {
	if len(l.ws.Warehouses) == 0 {
		return "make warehouses/" + typed + ".yaml"
	}
	names := make([]string, len(l.ws.Warehouses))
	for i, h := range l.ws.Warehouses {
		names[i] = h.Name
	}
	if near := nearest(typed, names); near != "" {
		return "did you mean " + near + "?"
	}
	return "use " + orList(names) + ", or make warehouses/" + typed + ".yaml"
}

// checkSender warns of labels without sender: carriers of both countries want
// name, phone, postal code and address.
func (l *loader) checkSender(a *Account) {
	var missing []string
	for _, f := range []struct{ key, value string }{
		{"name", cmp.Or(a.Sender.Name, a.Sender.Company)},
		{"phone", a.Sender.Phone},
		{"postal", a.Sender.Postal},
		{"street", a.Sender.Street},
	} {
		if f.value == "" {
			missing = append(missing, f.key)
		}
	}
	if len(missing) > 0 {
		l.warn(a.pos, "sender", "sender has no "+strings.Join(missing, ", "), "carriers print the sender; orders are held where the warehouse's format requires it")
	}
}

func (l *loader) checkFlags(a *Account) {
	names := make([]string, len(flagDefaults))
	for i, d := range flagDefaults {
		names[i] = d.flag
	}
	for flag, action := range a.Flags {
		key := "flags." + flag
		if !slices.Contains(names, flag) {
			hint := "known are " + strings.Join(names, ", ")
			if near := nearest(flag, names); near != "" {
				hint = "did you mean " + near + "?"
			}
			l.atKey(a.pos, key, fmt.Sprintf("flag %q is not known", flag), hint)
		}
		if action != FlagTake && action != FlagHold && action != FlagOutside {
			l.at(a.pos, key, fmt.Sprintf("%s is %q", key, action), "use take, hold or outside")
		}
	}
}

// checkFolders reports folders that would be read twice.
func (l *loader) checkFolders() {
	type use struct {
		what string
		pos  *positions
		key  string
		path string
	}
	s := &l.ws.Settings
	var all []use
	for _, u := range []struct{ key, path string }{{"archive", s.Archive}, {"outbox", s.Outbox}, {"uploads", s.Uploads}, {"done", s.Done}, {"rejected", s.Rejected}} {
		all = append(all, use{u.key, l.settPos, u.key, l.ws.Place(u.path)})
	}
	for _, a := range l.ws.Accounts {
		all = append(all, use{"the watch folder of " + a.Name, a.pos, "intake.folder", l.ws.Place(a.Intake.Folder)})
	}
	for _, h := range l.ws.Warehouses {
		if h.Drop.Kind == "local" && h.Drop.Root != "" {
			all = append(all, use{"the drop of " + h.Name, h.pos, "drop.root", l.ws.Path(h.Drop.Root)})
		}
	}
	at := map[string][]int{} // those before, by path
	below := map[string][]int{}
	for i, b := range all {
		clean := filepath.Clean(b.path) // of a bucket too: only how paths compare matters
		same, around, inside := at[clean], []int(nil), below[clean]
		for dir := clean; ; {
			up := filepath.Dir(dir)
			if up == dir {
				break
			}
			dir = up
			around = append(around, at[dir]...)
			below[dir] = append(below[dir], i)
		}
		for _, n := range same {
			l.at(b.pos, b.key, fmt.Sprintf("%s is the same folder as %s", b.what, all[n].what), "give each a folder of its own")
		}
		for _, n := range slices.Sorted(slices.Values(append(around, inside...))) {
			l.at(b.pos, b.key, fmt.Sprintf("%s and %s lie inside each other", b.what, all[n].what), "give each a folder of its own")
		}
		at[clean] = append(at[clean], i)
	}
}
