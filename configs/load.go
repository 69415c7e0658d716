package configs

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	_ "time/tzdata" // small machines come without time zones

	"github.com/mallbridge/mallbridge/mappers/codes"
	"github.com/mallbridge/mallbridge/order"
)

// maxConfig bounds one file of settings, formats or rules, in bytes.
const maxConfig = 4 << 20

// Load reads and checks the workspace in dir. It looks at files only: no
// network, no secrets. getenv gives the language where mallbridge.yaml names
// none; it may be nil.
//
// The error says that the folder cannot be read as a workspace at all.
// Otherwise the workspace is returned together with all findings; it must not be
// run while Findings.Errors is not 0, but may be explained.
func Load(dir string, getenv func(string) string) (*Workspace, Findings, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("workspace %s: %w", dir, err)
	}
	l := &loader{ws: &Workspace{Dir: abs}, hash: sha256.New(), hashed: make(map[string]bool)}
	data, err := l.read(SettingsFile, maxConfig)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, order.Errorf(order.NotFound, "go to the workspace's folder, name it with --dir, or make one with: mallbridge init "+dir,
			"%s is not a workspace: it has no %s", dir, SettingsFile)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("workspace %s: %w", dir, err)
	}
	l.settings(data, getenv)
	l.codes()
	l.formats()
	l.accounts()
	l.ws.byName = make(map[string]*Account, len(l.ws.Accounts))
	for _, a := range l.ws.Accounts {
		l.ws.byName[a.Name] = a
	}
	l.warehouses()
	l.check()
	l.formatCases()
	l.masters()
	l.codeSystems()
	l.rules()
	l.findings.sort()
	l.ws.Hash = hex.EncodeToString(l.hash.Sum(nil))
	return l.ws, l.findings, nil
}

// A loader holds what Load has so far.
type loader struct {
	ws       *Workspace
	settPos  *positions
	findings Findings
	hash     hash.Hash
	hashed   map[string]bool // files that are in hash
	ownCodes []ownCodes
}

// read returns the content of a file of the workspace, and adds it to the hash.
func (l *loader) read(name string, limit int64) ([]byte, error) {
	f, err := os.Open(filepath.Join(l.ws.Dir, filepath.FromSlash(name)))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a file", name)
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%s is larger than %d MiB", name, limit>>20)
	}
	l.note(name, data)
	return data, nil
}

// note adds a file to the hash, once.
func (l *loader) note(name string, data []byte) {
	if l.hashed[name] {
		return
	}
	l.hashed[name] = true
	fmt.Fprintf(l.hash, "%s\x00%d\x00", name, len(data))
	l.hash.Write(data)
}

func (l *loader) find(f Finding) { l.findings = append(l.findings, f) }

// at adds an error at a key of a file.
func (l *loader) at(p *positions, path, message, hint string) {
	pos := p.of(path)
	l.find(Finding{File: p.file, Line: pos.line, Column: pos.column, Message: message, Hint: hint})
}

// atKey is at, with the place of the key instead of its value.
func (l *loader) atKey(p *positions, path, message, hint string) {
	if p.has("key:" + path) {
		path = "key:" + path
	}
	l.at(p, path, message, hint)
}

func (l *loader) warn(p *positions, path, message, hint string) {
	l.at(p, path, message, hint)
	l.findings[len(l.findings)-1].Warning = true
}

func (l *loader) settings(data []byte, getenv func(string) string) {
	s := &l.ws.Settings
	l.settPos = decodeYAML(SettingsFile, data, s, &l.findings)
	if s.Language == "" {
		s.Language = Language(getenv)
	}
	l.ws.fillChannels()
}

// Language returns the language that the environment asks for: ja, ko, or en
// where it asks for neither. MALLBRIDGE_LANG goes before LC_ALL, LC_MESSAGES and
// LANG. getenv may be nil.
func Language(getenv func(string) string) string {
	if getenv == nil {
		return "en"
	}
	for _, name := range []string{"MALLBRIDGE_LANG", "LC_ALL", "LC_MESSAGES", "LANG"} {
		value := strings.ToLower(getenv(name))
		for _, lang := range []string{"ja", "ko", "en"} {
			if value == lang || strings.HasPrefix(value, lang+"_") || strings.HasPrefix(value, lang+"-") || strings.HasPrefix(value, lang+".") {
				return lang
			}
		}
		if value != "" {
			return "en"
		}
	}
	return "en"
}

var (
	fileName   = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	maxNameLen = 40
)

// yamlFiles lists the names (without .yaml) of a folder's files, and reports
// files that would be overlooked.
func (l *loader) yamlFiles(folder string) []string {
	entries, err := os.ReadDir(filepath.Join(l.ws.Dir, folder))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		l.find(Finding{File: folder, Message: "cannot be read: " + cause(err), Hint: "let the program's user read the folder"})
		return nil
	}
	var names []string
	for _, e := range entries {
		file := path.Join(folder, e.Name())
		name, isYAML := strings.CutSuffix(e.Name(), ".yaml")
		switch {
		case strings.HasPrefix(e.Name(), ".") || strings.HasSuffix(e.Name(), "~") || strings.HasSuffix(e.Name(), ".md"):
		case e.IsDir() && folder == "tests": // cases of formats, see formatCases
		case strings.HasSuffix(e.Name(), ".yml"):
			l.find(Finding{File: file, Message: "is not read: its name ends in .yml", Hint: "rename it to end in .yaml, or remove it"})
		case e.IsDir() || !isYAML:
			l.find(Finding{File: file, Message: "is not read: it is no .yaml file", Hint: "move it elsewhere", Warning: true})
		case !fileName.MatchString(name) || len(name) > maxNameLen:
			l.find(Finding{File: file, Message: fmt.Sprintf("%q cannot be a name", name), Hint: fmt.Sprintf("use a-z, 0-9 and single hyphens, at most %d: rakuten-1.yaml", maxNameLen)})
		default:
			names = append(names, name)
		}
	}
	return names
}

// cause strips the operation and path from a file error: the finding names both.
func cause(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}

func (l *loader) readOr(file string, limit int64) ([]byte, bool) {
	data, err := l.read(file, limit)
	if err != nil {
		l.find(Finding{File: file, Message: "cannot be read: " + cause(err), Hint: "let the program's user read the file"})
	}
	return data, err == nil
}

func (l *loader) accounts() {
	for _, name := range l.yamlFiles("accounts") {
		file := "accounts/" + name + ".yaml"
		data, ok := l.readOr(file, maxConfig)
		if !ok {
			continue
		}
		a := &Account{Name: name, File: file}
		a.pos = decodeYAML(file, data, a, &l.findings)
		l.ws.fillAccount(a)
		l.ws.Accounts = append(l.ws.Accounts, a)
	}
}

// fillAccount sets what an account takes over from its mall and the workspace.
func (w *Workspace) fillAccount(a *Account) {
	mall, _ := LookupMall(a.Mall)
	or(&a.Title, a.Name)
	or(&a.Timezone, mall.Timezone, w.Settings.Timezone)
	or(&a.Country, mall.Country, countries[a.Timezone])
	or(&a.Currency, mall.Currency, currencies[a.Country])
	or(&a.Intake.Folder, Within(w.Settings.Inbox, a.Name))
	if len(a.Intake.Formats) == 0 {
		a.Intake.Formats = slices.Clone(mall.Formats)
	}
	or(&a.Report.Format, mall.Tracking, OwnTracking)
	if len(a.SKUFrom) == 0 {
		a.SKUFrom = slices.Clone(mall.SKUFrom)
	}
	a.carriers = w.ownCarriers(codes.SystemOf(a.Mall))
	a.Schedules.Extract = a.Schedules.Extract.Or(w.Settings.Schedules.Extract)
	a.Schedules.Plan = a.Schedules.Plan.Or(w.Settings.Schedules.Plan)
	a.Schedules.Report = a.Schedules.Report.Or(w.Settings.Schedules.Report)
	a.Schedules.Reconcile = a.Schedules.Reconcile.Or(w.Settings.Schedules.Reconcile)
	w.fillRetention(a)
	a.Schedules.Stock = a.Schedules.Stock.Or(w.Settings.Schedules.Stock)
	a.Schedules.Catalog = a.Schedules.Catalog.Or(w.Settings.Schedules.Catalog)
}

func or(s *string, values ...string) {
	for _, v := range values {
		if *s == "" {
			*s = v
		}
	}
}

func (l *loader) warehouses() {
	for _, name := range l.yamlFiles("warehouses") {
		file := "warehouses/" + name + ".yaml"
		data, ok := l.readOr(file, maxConfig)
		if !ok {
			continue
		}
		h := &Warehouse{Name: name, File: file}
		h.pos = decodeYAML(file, data, h, &l.findings)
		l.ws.fillWarehouse(h)
		l.ws.Warehouses = append(l.ws.Warehouses, h)
	}
}

func (w *Workspace) fillWarehouse(h *Warehouse) {
	or(&h.Title, h.Name)
	or(&h.Timezone, w.Settings.Timezone)
	or(&h.Country, countries[h.Timezone])
	for _, p := range h.Pickups() {
		or(&p.Done, path.Join(p.Folder, "done"))
	}
	h.Schedules.Instruct = h.Schedules.Instruct.Or(w.Settings.Schedules.Instruct)
	h.Schedules.Collect = h.Schedules.Collect.Or(w.Settings.Schedules.Collect)
	h.Schedules.Watch = h.Schedules.Watch.Or(w.Settings.Schedules.Watch)
}

// Pickups lists what is fetched from the warehouse, by kind of record: results,
// acks, stock, as far as they are configured.
func (h *Warehouse) Pickups() map[string]*Pickup {
	m := make(map[string]*Pickup, 3)
	if h.Results != nil {
		m["results"] = &h.Results.Pickup
	}
	if h.Acks != nil {
		m["acks"] = &h.Acks.Pickup
	}
	if h.Stock != nil {
		m["stock"] = &h.Stock.Pickup
	}
	return m
}

// CheckName says what is wrong with the name of an account, warehouse or format.
func CheckName(name string) error {
	if len(name) > maxNameLen || !fileName.MatchString(name) {
		return fmt.Errorf("%q cannot be a name", name)
	}
	return nil
}
