package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/internal/disk"
	"github.com/mallbridge/mallbridge/internal/secrets"
	"github.com/mallbridge/mallbridge/order"
)

func (d *doctor) versions() {
	version := d.Version
	if version == "" {
		version = "development"
	}
	built := runtime.Version()
	if b, ok := debug.ReadBuildInfo(); ok && b.GoVersion != "" {
		built = b.GoVersion
	}
	d.find("versions", "", version, built, strings.TrimSpace(runtime.GOOS+"/"+runtime.GOARCH+" "+system()))
}

// system is what the machine calls itself.
func system() string {
	b, err := os.ReadFile("/etc/os-release")
	if err != nil {
		return ""
	}
	for _, l := range strings.Split(string(b), "\n") {
		if v, ok := strings.CutPrefix(l, "PRETTY_NAME="); ok {
			return strings.Trim(v, `"`)
		}
	}
	return ""
}

func (d *doctor) language() {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		v := d.Getenv(name)
		if v == "" {
			continue
		}
		lower := strings.ToLower(v)
		if _, set, ok := strings.Cut(lower, "."); ok && !strings.HasPrefix(set, "utf-8") && !strings.HasPrefix(set, "utf8") {
			d.find("charset", name, v)
			return
		}
		break
	}
	d.find("language", "", d.ws.Settings.Language)
}

// fixed are zones whose distance from UTC has not changed for decades. One that
// differs was read from a damaged file.
var fixed = map[string]int{"Asia/Tokyo": 9 * 3600, "Asia/Seoul": 9 * 3600}

func (d *doctor) zones() {
	names := []string{d.ws.Settings.Timezone}
	for _, a := range d.ws.Accounts {
		names = append(names, a.Timezone)
	}
	for _, h := range d.ws.Warehouses {
		names = append(names, h.Timezone)
	}
	slices.Sort(names)
	names = slices.DeleteFunc(slices.Compact(names), func(n string) bool { return n == "" })
	bad := false
	for _, name := range names {
		loc, err := time.LoadLocation(name)
		if err != nil {
			bad = true
			d.find("zone_missing", name, err.Error())
			continue
		}
		_, offset := d.env.Now().In(loc).Zone()
		if want, ok := fixed[name]; ok && offset != want {
			bad = true
			d.find("zone_wrong", name, d.env.Now().In(loc).Format("-07:00"))
		}
	}
	if !bad {
		d.find("zones_ok", "", strings.Join(names, ", "))
	}
}

// settings are the folders that the program writes into, as the settings name them.
func (d *doctor) settings() []string {
	s := d.ws.Settings
	out := []string{s.Inbox, s.Archive, s.Outbox, s.Uploads, s.Done, s.Rejected}
	for _, a := range d.ws.Accounts {
		if a.Enabled && a.Intake.Folder != "" {
			out = append(out, a.Intake.Folder)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// places are those folders that are of this machine, with the drops that are.
func (d *doctor) places() []string {
	var out []string
	for _, f := range d.settings() {
		if !configs.Elsewhere(f) {
			out = append(out, d.ws.Path(f))
		}
	}
	for _, h := range d.ws.Warehouses {
		if h.Enabled && h.Drop.Kind == "local" && h.Drop.Root != "" {
			out = append(out, d.ws.Path(h.Drop.Root, h.Instructions.Folder))
			for _, p := range h.Pickups() {
				out = append(out, d.ws.Path(h.Drop.Root, p.Folder))
			}
		}
	}
	if d.LedgerErr == nil && !isPostgres(d.Ledger) {
		out = append(out, filepath.Dir(d.Ledger))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// nearest is a folder, or the one above it that is there already.
func nearest(dir string) string {
	for {
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) || filepath.Dir(dir) == dir {
			return dir
		}
		dir = filepath.Dir(dir)
	}
}

func (d *doctor) folders() {
	me := who(os.Geteuid())
	if uid, err := disk.Owner(d.ws.Dir); err == nil && uid != os.Geteuid() {
		d.find("other_user", d.ws.Dir, who(uid), me)
	}
	if info, err := os.Stat(d.ws.Dir); err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o005 == 0o005 {
		d.find("open_to_all", d.ws.Dir)
	}
	good, told := 0, map[string]bool{}
	for _, dir := range d.places() {
		at := nearest(dir)
		info, err := os.Stat(at)
		kind := ""
		switch {
		case err != nil:
			kind = "folder_unreadable"
		case !info.IsDir():
			kind = "folder_is_file"
		default:
			if err = disk.Writable(at); err != nil {
				kind = "folder_unwritable"
			}
		}
		if kind == "" {
			good++
		} else if !told[at] {
			told[at] = true
			d.find(kind, d.rel(at), me)
		}
	}
	if len(told) == 0 {
		d.find("folders_ok", "", fmt.Sprint(good))
	}
}

// who is the name of a user.
func who(uid int) string {
	if u, err := user.LookupId(fmt.Sprint(uid)); err == nil {
		return u.Username
	}
	return fmt.Sprint(uid)
}

// How much room is too little.
const (
	roomError   = 100 << 20
	roomWarning = 1 << 30
)

// room judges the room on a file system.
func room(s disk.Space) string {
	full := s.Files > 0 && s.FreeFiles*100 < s.Files
	scarce := s.Files > 0 && s.FreeFiles*20 < s.Files
	switch {
	case s.Free < roomError || full:
		return "disk_full"
	case s.Free < roomWarning || s.Free*20 < s.Total && s.Free < 10*roomWarning || scarce:
		return "disk_low"
	}
	return "disk_ok"
}

// disks looks at each file system once.
func (d *doctor) disks() {
	seen := map[uint64]bool{}
	places := append([]string{d.ws.Dir, os.TempDir()}, d.places()...)
	for _, dir := range places {
		s, err := disk.At(nearest(dir))
		if err != nil || seen[s.Device] {
			continue
		}
		seen[s.Device] = true
		files := "-"
		if s.Files > 0 {
			files = fmt.Sprint(s.FreeFiles)
		}
		d.find(room(s), dir, size(s.Free), size(s.Total), files)
	}
}

func (d *doctor) secrets() {
	good, bad := 0, false
	for _, r := range d.ws.SecretRefs() {
		if r.Off {
			continue
		}
		_, err := d.env.Secrets.Resolve(r.Ref)
		if err == nil {
			good++
			continue
		}
		bad = true
		text, hint := because(err)
		kind := "secret_missing"
		if order.CodeOf(err) == order.Denied && r.Ref.Kind() == secrets.File {
			kind, hint = "secret_open", d.ws.Path(r.Ref.Name())
		}
		d.find(kind, r.Where, text, hint)
	}
	if !bad {
		d.find("secrets_ok", "", fmt.Sprint(good))
	}
}

// How old things are when people are told of them.
const (
	oldLeftover = 24 * time.Hour
	oldSchema   = 30 * 24 * time.Hour
	oldBackup   = 48 * time.Hour
)

// leftovers looks for what killed processes have left, and for copies of the ledger
// that an upgrade made.
func (d *doctor) leftovers() {
	dirs := append([]string{d.ws.Dir, filepath.Dir(d.ws.Dir), os.TempDir()}, d.places()...)
	for _, h := range d.ws.Warehouses {
		if out := d.ws.Settings.Outbox; !configs.Elsewhere(out) {
			dirs = append(dirs, d.ws.Path(out, h.Name))
		}
	}
	slices.Sort(dirs)
	any := false
	for _, dir := range slices.Compact(dirs) {
		es, err := os.ReadDir(dir)
		if err != nil {
			continue // folders said so
		}
		for _, e := range es {
			info, err := e.Info()
			if err != nil {
				continue
			}
			age := d.env.Now().Sub(info.ModTime())
			path := filepath.Join(dir, e.Name())
			switch {
			case schemaCopy(e.Name()):
				if any = true; age > oldSchema {
					d.find("schema_copy_old", d.rel(path), span(age), size(uint64(info.Size())))
				} else {
					d.find("schema_copy", d.rel(path), span(age), size(uint64(info.Size())))
				}
			case age > oldLeftover && leftover(dir, e.Name()):
				any = true
				d.find("leftover", d.rel(path), span(age))
			}
		}
	}
	if !any {
		d.find("leftovers_ok", "")
	}
}

// schemaCopy tells the copy of a ledger before an upgrade by its name.
func schemaCopy(name string) bool {
	_, n, ok := strings.Cut(name, ".schema-")
	return ok && n != "" && strings.Trim(n, "0123456789") == ""
}

// leftover tells by its name what the program removes itself unless it is killed.
func leftover(dir, name string) bool {
	switch {
	case strings.HasPrefix(name, ".backup-"), strings.HasPrefix(name, ".tmp-"), strings.HasPrefix(name, ".new-"), name == ".restored-ledger.db":
		return true
	case strings.Contains(name, ".schema-") && strings.Contains(name, ".part-"):
		return true
	case strings.HasSuffix(name, ".part"):
		return true
	case dir == os.TempDir():
		return strings.HasPrefix(name, "mallbridge-")
	}
	return false
}
