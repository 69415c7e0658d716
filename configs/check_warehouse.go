package configs

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/mappers/calendar"
	"github.com/mallbridge/mallbridge/mappers/charset"
	"github.com/mallbridge/mallbridge/mappers/format"
	"github.com/mallbridge/mallbridge/mappers/record"
)

func (l *loader) checkWarehouse(h *Warehouse) {
	p := h.pos
	h.Location = l.ownZone(p, h.Timezone)
	if h.Country == "" {
		l.at(p, "", "it has no country", "add country: JP or country: KR")
	}
	l.checkDrop(h)
	l.checkInstructions(h)
	l.checkFit(h)
	for _, kind := range slices.Sorted(maps.Keys(h.Pickups())) {
		l.checkPickup(h, kind, h.Pickups()[kind])
	}
	if h.Acks != nil && !h.Acks.Expect && p.has("acks.within") {
		l.at(p, "acks.within", "acks.within has no effect while acks.expect is false", "write expect: true, or remove within")
	}
	if h.Stops != nil {
		l.use(p, "stops.format", h.Stops.Format, record.Stops, true)
		l.checkName(h, "stops.name", h.Stops.Name)
		l.remotePath(p, "stops.folder", h.Stops.Folder)
		if h.Acks == nil {
			l.warn(p, "stops", "stop requests are answered in acks, and there are none", "add acks, or a person ends each stop request by hand")
		}
	}
	if g := h.Instructions.Guard; g.Silent != SilentWait || !g.Ask {
		for _, key := range []string{"before", "longest"} {
			if p.has("instructions.guard." + key) {
				l.at(p, "instructions.guard."+key, "instructions.guard."+key+" has no effect unless the guard waits", "write ask: true and silent: wait, or remove "+key)
			}
		}
	}
	if l.charset(p, "charset", h.Charset); h.Charset != "" {
		if cs, err := charset.Lookup(h.Charset); err == nil && cs.ReadOnly() {
			l.at(p, "charset", fmt.Sprintf("charset %s can be read, not written", cs.Name()), "use another")
		}
	}
	l.checkStock(h)
	l.checkReplacements(h)
	l.checkCalendar(h)
	l.checkValues(h)
}

func (l *loader) checkDrop(h *Warehouse) {
	d, p := &h.Drop, h.pos
	switch d.Kind {
	case "local":
		if d.Root == "" {
			l.at(p, "drop", "drop has no root", "add root: a folder of this machine")
		} else {
			l.localPath(p, "drop.root", d.Root)
		}
		for _, key := range []string{"host", "port", "user", "key", "passphrase", "password", "agent", "known_hosts", "host_keys", "allow_sha1", "timeout"} {
			if p.has("drop." + key) {
				l.at(p, "drop."+key, "drop."+key+" has no effect for a local folder", "remove it, or write kind: sftp")
			}
		}
	case "sftp":
		l.checkSFTP(h)
	}
}

func (l *loader) checkSFTP(h *Warehouse) {
	d, p := &h.Drop, h.pos
	if d.Host == "" {
		l.at(p, "drop", "drop has no host", "add host: the server's name or address")
	} else if strings.ContainsAny(d.Host, "/@ ") || strings.Contains(d.Host, "://") {
		l.at(p, "drop.host", fmt.Sprintf("drop.host is %q", d.Host), "write only the server's name or address; port, user and root have keys of their own")
	}
	if d.User == "" {
		l.at(p, "drop", "drop has no user", "add user: the login name")
	}
	l.login(p, "drop", &d.Login, d.KnownHosts, d.HostKeys)
}

func (l *loader) checkInstructions(h *Warehouse) {
	in, p := &h.Instructions, h.pos
	l.use(p, "instructions.format", in.Format, record.Instructions, true)
	l.checkName(h, "instructions.name", in.Name)
	l.remotePath(p, "instructions.folder", in.Folder)
	for i, dir := range in.Archive {
		l.remotePath(p, fmt.Sprintf("instructions.archive.%d", i), dir)
	}
	l.markTemplate(p, "instructions.temporary", in.Temporary, true)
	l.markTemplate(p, "instructions.done_mark", in.DoneMark, false)
	if in.DoneMark != "" && in.DoneMark == in.Temporary {
		l.at(p, "instructions.done_mark", "instructions.done_mark is the temporary name", "give them different names")
	}
	if in.Verify == "hash" && !in.Readable {
		l.at(p, "instructions.verify", "instructions.verify: hash reads files back, and readable is false", "write verify: size")
	}
}

// markTemplate checks a name made from {name}.
func (l *loader) markTemplate(p *positions, key, text string, needsName bool) {
	if text == "" {
		return
	}
	rest := strings.ReplaceAll(text, "{name}", "")
	switch {
	case text == "{name}":
		l.at(p, key, key+" is the final name itself", "write {name}.part or .{name}")
	case needsName && !strings.Contains(text, "{name}"):
		l.at(p, key, fmt.Sprintf("%s %q has no {name}", key, text), "write {name}.part: each file needs a name of its own")
	case strings.ContainsAny(rest, "{}\\\x00"):
		l.at(p, key, fmt.Sprintf("%s is %q", key, text), "only {name} is filled in")
	default:
		l.remotePath(p, key, strings.ReplaceAll(text, "{name}", "x"))
	}
}

func (l *loader) checkPickup(h *Warehouse, kind string, pk *Pickup) {
	p := h.pos
	l.use(p, kind+".format", pk.Format, record.Kind(kind), false)
	l.remotePath(p, kind+".folder", pk.Folder)
	l.remotePath(p, kind+".done", pk.Done)
	l.pattern(p, kind+".pattern", pk.Pattern)
	l.markTemplate(p, kind+".done_mark", pk.DoneMark, false)
	if pk.DoneMark != "" && p.has(kind+".looks") {
		l.at(p, kind+".looks", kind+".looks has no effect beside "+kind+".done_mark", "remove one of them")
	}
	if pk.After != "move" && p.has(kind+".done") {
		l.at(p, kind+".done", fmt.Sprintf("%s.done has no effect while %s.after is %s", kind, kind, pk.After), "write after: move, or remove done")
	}
	if pk.After == "move" && clean(pk.Done) == clean(pk.Folder) {
		l.at(p, kind+".done", kind+".done is the folder that is read", "name another folder")
	}
	if clean(pk.Folder) == clean(h.Instructions.Folder) && pk.Pattern == "" {
		l.at(p, kind+".folder", kind+" would read the folder into which instructions are dropped", "name another folder, or add "+kind+".pattern")
	}
	for _, other := range slices.Sorted(maps.Keys(h.Pickups())) {
		o := h.Pickups()[other]
		if other < kind && clean(o.Folder) == clean(pk.Folder) && (o.Pattern == pk.Pattern || o.Pattern == "" || pk.Pattern == "") {
			l.at(p, kind+".folder", fmt.Sprintf("%s and %s read the same files", kind, other), "give them different folders, or patterns that part their files")
		}
	}
}

func clean(folder string) string { return strings.Trim(folder, "/") }

// checkDrops reports files that two warehouses would fetch.
func (l *loader) checkDrops() {
	type place struct{ host, user, root, folder, pattern string }
	first := make(map[place]string)
	for _, h := range l.ws.Warehouses {
		if !h.Enabled || h.Drop.Kind != "sftp" {
			continue
		}
		for _, kind := range slices.Sorted(maps.Keys(h.Pickups())) {
			pk := h.Pickups()[kind]
			at := place{fmt.Sprintf("%s:%d", strings.ToLower(h.Drop.Host), h.Drop.Port), h.Drop.User, h.Drop.Root, clean(pk.Folder), pk.Pattern}
			if other, twice := first[at]; twice && other != h.Name {
				l.at(h.pos, kind+".folder", fmt.Sprintf("%s of %s reads the same files as %s", kind, h.Name, other), "give each its own folder or pattern")
			}
			first[at] = h.Name
		}
	}
}

// checkReplacements checks each pair alone, to name its place, then all.
func (l *loader) checkReplacements(h *Warehouse) {
	whole := true
	for _, pair := range h.Replacements.own() {
		if _, err := charset.NewReplacements([]charset.Pair{pair}); err != nil {
			l.atKey(h.pos, "replacements.pairs."+pair.From, strings.TrimPrefix(err.Error(), "charset: "), "write one character, or its code point as U+00A0")
			whole = false
		}
	}
	if !whole {
		return
	}
	if _, err := charset.NewReplacements(h.Replacements.own()); err != nil {
		l.at(h.pos, "replacements.pairs", strings.TrimPrefix(err.Error(), "charset: "), "name the final text in each pair")
	}
}

func (r *Replacements) own() []charset.Pair {
	pairs := make([]charset.Pair, 0, len(r.Pairs))
	for _, from := range slices.Sorted(maps.Keys(r.Pairs)) {
		pairs = append(pairs, charset.Pair{From: from, To: r.Pairs[from]})
	}
	return pairs
}

// For returns what may be replaced in files in c: the agreed pairs, then the
// lists in their order. A pair of a list that contradicts what stands before it
// is left out. Nil where nothing may be replaced.
func (r *Replacements) For(c *charset.Charset) (*charset.Replacements, error) {
	pairs := r.own()
	made, err := charset.NewReplacements(pairs)
	if err != nil {
		return nil, err
	}
	for _, name := range r.Lists {
		list := charset.Suggested(c)
		if name != "suggested" {
			if list, err = charset.List(name); err != nil {
				return nil, err
			}
		}
		if with, err := charset.NewReplacements(append(slices.Clip(pairs), list...)); err == nil {
			pairs, made = append(pairs, list...), with
			continue
		}
		for _, pair := range list {
			if with, err := charset.NewReplacements(append(slices.Clip(pairs), pair)); err == nil {
				pairs, made = append(pairs, pair), with
			}
		}
	}
	if r.Compose {
		return made.WithNFC(), nil
	}
	if len(pairs) == 0 {
		return nil, nil
	}
	return made, nil
}

func (l *loader) checkCalendar(h *Warehouse) {
	c, p := &h.Calendar, h.pos
	if len(c.WorkingDays) == 0 {
		l.at(p, "calendar.working_days", "calendar.working_days is empty: nothing would ever ship", "name days, as [mon, tue, wed, thu, fri]")
	}
	config := calendar.Config{Zone: h.Location, CutOffs: clocks(c.CutOffs), WorkingDates: c.WorkingDates, CutOffsOn: make(map[time.Weekday][]calendar.Clock)}
	for _, d := range c.WorkingDays {
		config.Working = append(config.Working, time.Weekday(d))
	}
	for day, times := range c.CutOffsOn {
		var d Weekday
		if err := d.UnmarshalText([]byte(day)); err != nil {
			l.atKey(p, "calendar.cut_offs_on."+day, fmt.Sprintf("calendar.cut_offs_on: %q is no weekday", day), "write mon, tue, wed, thu, fri, sat or sun")
			continue
		}
		config.CutOffsOn[time.Weekday(d)] = clocks(times)
	}
	for i, name := range c.Holidays {
		config.Holidays = append(config.Holidays, l.holidays(h, i, name)...)
	}
	days, err := calendar.New(config)
	if err != nil {
		l.at(p, "calendar", strings.TrimPrefix(err.Error(), "calendar: "), "")
		return
	}
	h.Days = days
}

func clocks(times []Clock) []calendar.Clock {
	out := make([]calendar.Clock, len(times))
	for i, t := range times {
		out[i] = calendar.Clock(t)
	}
	slices.Sort(out)
	return out
}

// holidays reads one entry of calendar.holidays: a country, or a file.
func (l *loader) holidays(h *Warehouse, i int, name string) []calendar.Holiday {
	p, key := h.pos, fmt.Sprintf("calendar.holidays.%d", i)
	if list, ok := calendar.PublicHolidays(strings.ToUpper(name)); ok {
		return list
	}
	if !strings.Contains(name, ".") {
		l.at(p, key, fmt.Sprintf("calendar.holidays: %q is no country that is known", name), "write jp, kr or a file of the workspace, as masters/holidays.csv")
		return nil
	}
	before := len(l.findings)
	if l.localPath(p, key, name); len(l.findings) > before {
		return nil
	}
	data, err := l.read(name, maxConfig)
	if err != nil {
		l.at(p, key, fmt.Sprintf("calendar.holidays: %s: %s", name, cause(err)), "make the file with the columns date,name, or correct the path")
		return nil
	}
	list, findings := calendar.ParseHolidays(bytes.NewReader(data))
	for _, f := range findings {
		l.find(Finding{File: name, Line: f.Line, Name: f.Column, Message: valued(f.Value, f.Why), Hint: f.Hint})
	}
	return list
}

// valued puts a value before what is wrong with it.
func valued(value, why string) string {
	if value == "" {
		return why
	}
	return fmt.Sprintf("%q: %s", value, why)
}

func (l *loader) checkValues(h *Warehouse) {
	l.missingValues(h)
	for name := range h.Values {
		if _, ok := record.Value(name); !ok {
			hint := "known are " + strings.Join(valueNames(), ", ")
			if near := nearest(name, valueNames()); near != "" {
				hint = "did you mean " + near + "?"
			}
			l.atKey(h.pos, "values."+name, fmt.Sprintf("values: %q is not known", name), hint)
		}
	}
}

// missingValues warns of texts that the instruction format needs and the
// warehouse does not give: every parcel would be held.
func (l *loader) missingValues(h *Warehouse) {
	f, ok := l.ws.Formats.Get(h.Instructions.Format)
	if !ok {
		return
	}
	for i := range f.Spec.Columns {
		c := &f.Spec.Columns[i]
		name, isValue := strings.CutPrefix(c.Field, "value.")
		if strings.HasPrefix(name, "extra.") {
			isValue = c.Require && c.Default == ""
		}
		if isValue && (c.Require || c.IfSet.Set()) && h.Values[name] == "" {
			l.warn(h.pos, "values", fmt.Sprintf("format %s needs values.%s for column %s", f.Name(), name, columnTitle(c, i)), "add values: {"+name+": \"…\"}; without it parcels are held")
		}
	}
}

// columnTitle is a column's title, or its number where it has none.
func columnTitle(c *format.Column, i int) string {
	if c.Name != "" {
		return c.Name
	}
	return strconv.Itoa(i + 1)
}

// checkFit writes a number of the warehouse's form and its values with the format
// of its instructions: what does not fit there would hold every parcel.
func (l *loader) checkFit(h *Warehouse) {
	f, ok := l.ws.Formats.Get(h.Instructions.Format)
	if !ok || !f.Writes() {
		return
	}
	cs, r, err := h.Encoding(f)
	if err != nil {
		return // reported with the charset or the replacements
	}
	rec := record.New()
	rec[record.InstructionNumber] = h.Number.Prefix + strings.Repeat("9", h.Number.Width)
	fields := map[string]string{} // the field's name to that of the value
	for name, text := range h.Values {
		if field, known := record.Value(name); known && text != "" {
			rec[field] = text
			fields[field.String()] = name
		}
	}
	told := map[string]bool{}
	for _, hold := range f.Check([]record.Record{rec}, format.WriteOptions{Charset: cs, Replacements: r}) {
		name, isValue := fields[hold.Field]
		switch {
		case told[hold.Field]:
		case hold.Field == record.InstructionNumber.String():
			l.at(h.pos, "number", fmt.Sprintf("number %s does not fit format %s: %s", rec[record.InstructionNumber], f.Name(), hold.Detail), "make number.prefix or number.width shorter; numbers in use stay as they are")
		case isValue && hold.Value != "":
			l.at(h.pos, "values."+name, fmt.Sprintf("values.%s does not fit format %s: %s", name, f.Name(), hold.Detail), "correct it; parcels would be held")
		default:
			continue
		}
		told[hold.Field] = true
	}
}

// valueNames lists the keys that values may have.
func valueNames() []string {
	var names []string
	for _, name := range record.Names() {
		if short, ok := strings.CutPrefix(name, "value."); ok {
			names = append(names, short)
		} else if strings.HasPrefix(name, "extra.") {
			names = append(names, name)
		}
	}
	return names
}
