package doctor

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/connectors/drop"
	"github.com/mallbridge/mallbridge/connectors/malls"
	"github.com/mallbridge/mallbridge/internal/standing"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/files"
	"github.com/mallbridge/mallbridge/pipeline/login"
)

// How far clocks may differ. A lease lasts 90 seconds, and some malls refuse
// signatures that are minutes old.
const (
	clockWarning = 5 * time.Second
	clockError   = 30 * time.Second
)

// patience is how long a mall, a drop or a database may take to answer.
const patience = 30 * time.Second

// ledger looks at the databases, and opens the ledger if that changes nothing. The
// caller calls what it returns at the end.
func (d *doctor) ledger(ctx context.Context) (closing func()) {
	nothing := func() {}
	if d.LedgerErr != nil {
		text, hint := because(d.LedgerErr)
		d.find("ledger_unreachable", d.ws.Settings.Ledger, text, hint)
		return nothing
	}
	name := "PostgreSQL"
	if !isPostgres(d.Ledger) {
		name = d.rel(d.Ledger)
	}
	h, err := ledger.Examine(ctx, d.Ledger, d.env.Now)
	if err != nil {
		text, hint := because(err)
		d.find("ledger_unreachable", name, text, hint)
		return nothing
	}
	well := d.healthy(name, h)
	if d.Queue != "" {
		d.queue(ctx)
	}
	if !well || h.Schema != h.Known {
		return nothing
	}
	l, err := ledger.Open(ctx, d.Ledger)
	if err != nil {
		text, hint := because(err)
		d.find("ledger_unreachable", name, text, hint)
		return nothing
	}
	d.env.Ledger = l
	d.past(ctx, name)
	return func() {
		if err := l.Close(); err != nil {
			d.env.Log.Warn("the ledger could not be closed", "err", err)
		}
	}
}

// healthy judges what a ledger says of itself.
func (d *doctor) healthy(name string, h ledger.Health) bool {
	for _, text := range h.Damage {
		d.find("ledger_damaged", name, text)
	}
	switch {
	case len(h.Damage) > 0:
		return false
	case !h.Exists || h.Schema == 0:
		d.find("ledger_none", name)
		return false
	case h.Schema > h.Known:
		d.find("schema_new", name, fmt.Sprint(h.Schema), fmt.Sprint(h.Known))
		return false
	case h.Schema < h.Known:
		d.find("schema_old", name, fmt.Sprint(h.Schema), fmt.Sprint(h.Known))
	default:
		server := "SQLite " + h.Server
		if h.Settings != nil {
			server = "PostgreSQL " + h.Server
		}
		d.find("ledger_ok", name, server, fmt.Sprint(h.Schema), size(uint64(h.Size)))
	}
	if h.Log > 512<<20 {
		d.find("log_large", name, size(uint64(h.Log)))
	}
	if h.Settings != nil {
		d.postgres(h)
	}
	return true
}

// postgres looks at what the promises rest on.
func (d *doctor) postgres(h ledger.Health) {
	for _, s := range []string{"fsync", "full_page_writes", "synchronous_commit"} {
		if h.Settings[s] == "off" {
			d.find("postgres_unsafe", s)
		}
	}
	if e := h.Settings["server_encoding"]; e != "UTF8" {
		d.find("postgres_charset", e)
	}
	if v := h.Settings["server_version_num"]; len(v) < 6 || v < "150000" {
		d.find("postgres_old", h.Server)
	}
	d.clock("PostgreSQL", h.Skew, 0)
}

// clock judges by how much a clock differs from ours, of which exactly is not known.
func (d *doctor) clock(of string, skew, about time.Duration) {
	skew = skew.Abs()
	text := skew.Round(time.Millisecond).String()
	switch {
	case skew > clockError+about:
		d.find("clock_wrong", of, text)
	case skew > clockWarning+about:
		d.find("clock_off", of, text)
	default:
		d.find("clock_ok", of, text)
	}
}

func (d *doctor) queue(ctx context.Context) {
	h, err := ledger.Examine(ctx, d.Queue, d.env.Now)
	name := d.rel(d.Queue)
	if err != nil {
		text, hint := because(err)
		d.find("ledger_unreachable", name, text, hint)
		return
	}
	for _, text := range h.Damage {
		d.find("queue_damaged", name, text)
	}
}

// past sees a clock that was set back: what was recorded lies in its future.
func (d *doctor) past(ctx context.Context, name string) {
	runs, err := d.env.Ledger.Runs(ctx, "", "", 1)
	if err != nil {
		text, hint := because(err)
		d.find("ledger_unreachable", name, text, hint)
		return
	}
	if len(runs) > 0 && runs[0].StartedAt.After(d.env.Now().Add(clockError)) {
		d.find("clock_back", "", d.ws.Local(d.env.Now()), d.ws.Local(runs[0].StartedAt))
	} else {
		d.find("clock_forward", "")
	}
}

func (d *doctor) backups(ctx context.Context) {
	if d.env.Ledger == nil {
		return // there is nothing to lose yet, or something worse was said
	}
	last, err := d.env.Ledger.DoneAt(ctx, ledger.BackedUp)
	if err != nil {
		text, hint := because(err)
		d.find("ledger_unreachable", "backup", text, hint)
		return
	}
	now := d.env.Now()
	runs, err := d.env.Ledger.LastOrder(ctx)
	switch {
	case isPostgres(d.Ledger) && last.IsZero():
		d.find("backup_elsewhere", "")
	case err == nil && runs == 0:
		d.find("backup_early", "")
	case last.IsZero():
		d.find("backup_none", "")
	case now.Sub(last) > oldBackup:
		d.find("backup_old", "", span(now.Sub(last)), d.ws.Local(last))
	default:
		d.find("backup_ok", "", d.ws.Local(last))
	}
}

// hostKeys looks whether the servers of the drops are known.
func (d *doctor) hostKeys() {
	for _, w := range d.ws.Warehouses {
		if !w.Enabled || w.Drop.Kind != drop.SFTP {
			continue
		}
		// Whether the secrets can be read was said; they are not needed here.
		p, _ := files.Profile(d.env, w)
		known, err := drop.KnownHostKeys(p)
		port := max(w.Drop.Port, 1)
		addr := fmt.Sprintf("%s:%d", w.Drop.Host, port)
		switch {
		case err != nil:
			d.find("hostkey_file", w.Name, err.Error())
		case !known:
			d.find("hostkey_none", w.Name, addr)
		default:
			d.find("hostkey_ok", w.Name, addr)
		}
	}
}

// keys looks how long the keys of malls work.
func (d *doctor) keys(ctx context.Context) {
	if d.env.Ledger == nil {
		return
	}
	for _, a := range d.ws.Accounts {
		if !a.Enabled || !a.UsesAPI() {
			continue
		}
		refused, err := d.env.Ledger.Alerts(ctx, ledger.AlertList{Kind: order.AlertReauth, Target: a.Name})
		if err == nil && len(refused) > 0 {
			d.find("key_refused", a.Name, d.ws.Local(refused[0].Since))
			continue
		}
		k, e := d.key(ctx, a)
		if err = errors.Join(err, e); err != nil {
			text, hint := because(err)
			d.find("key_unread", a.Name, text, hint)
			continue
		}
		d.keyEnds(a, k)
	}
}

// key asks the mall when the keys end, if it may, else the configuration and the
// ledger.
func (d *doctor) key(ctx context.Context, a *configs.Account) (standing.Key, error) {
	if !d.Online {
		return standing.Keys(ctx, d.env, a)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	c, err := login.Calendar(ctx, d.env, a)
	if err != nil || c.Ends.IsZero() {
		return standing.Key{}, err
	}
	return standing.Key{Known: true, Ends: c.Ends, Days: c.Left(d.env.Now())}, nil
}

func (d *doctor) keyEnds(a *configs.Account, k standing.Key) {
	warn := 30
	if spec, ok := malls.Lookup(a.Mall); ok && spec.About().Keys.Warn > 0 {
		warn = int(time.Duration(spec.About().Keys.Warn).Hours() / 24)
	}
	ends := k.Ends.In(a.Location).Format(time.DateOnly)
	switch {
	case !k.Known:
		d.find("key_unknown", a.Name)
	case k.Days < 0:
		d.find("key_ended", a.Name, ends)
	case k.Days <= warn:
		d.find("key_soon", a.Name, ends, fmt.Sprint(k.Days))
	default:
		d.find("key_ok", a.Name, ends, fmt.Sprint(k.Days))
	}
}

// restored looks whether a ledger that was read back waits to be compared.
func (d *doctor) restored(ctx context.Context) {
	if d.env.Ledger == nil {
		return
	}
	last, err := d.env.Ledger.LastRestore(ctx)
	if err != nil || last.At.IsZero() {
		return
	}
	for _, w := range d.ws.Warehouses {
		if done, err := d.env.Ledger.Compared(ctx, "warehouse/"+w.Name); err == nil && !done {
			d.find("restored", w.Name, d.ws.Local(last.At))
		}
	}
}

// elsewhere looks into the folders that lie in a bucket or on a server.
func (d *doctor) elsewhere(ctx context.Context) {
	for _, f := range d.settings() {
		if !configs.Elsewhere(f) {
			continue
		}
		ctx, cancel := context.WithTimeout(ctx, patience)
		kind, args := "place_ok", []string(nil)
		for _, err := range d.env.Folder(f).List(ctx) {
			if err != nil {
				text, hint := because(err)
				kind, args = "place_unreachable", []string{text, hint}
			}
			break
		}
		cancel()
		d.find(kind, f, args...)
	}
}

// malls compares the clock with those of the malls, each server once.
func (d *doctor) malls(ctx context.Context) {
	seen := map[string]bool{}
	for _, a := range d.ws.Accounts {
		if !a.Enabled || !a.UsesAPI() {
			continue
		}
		m, err := d.env.Malls.Open(d.env, a)
		if err != nil {
			text, hint := because(err)
			d.find("mall_unreachable", a.Name, text, hint)
			continue
		}
		if seen[m.BaseURL()] {
			continue
		}
		seen[m.BaseURL()] = true
		if err := d.mallClock(ctx, a.Name, m.Clock); err != nil {
			text, hint := because(err)
			d.find("mall_unreachable", a.Name, text, hint)
		}
	}
}

func (d *doctor) mallClock(ctx context.Context, name string, clock func(context.Context) (time.Time, error)) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	before := d.env.Now()
	at, err := clock(ctx)
	if err != nil {
		return err
	}
	took := d.env.Now().Sub(before)
	d.clock(name, before.Add(took/2).Sub(at), took/2+time.Second)
	return nil
}

// drops logs in to each drop, writes a test file, and looks when that was by its
// clock.
func (d *doctor) drops(ctx context.Context) {
	for _, w := range d.ws.Warehouses {
		if !w.Enabled {
			continue
		}
		if err := d.tryDrop(ctx, w); err != nil {
			d.dropFailed(w, err)
		}
	}
}

func (d *doctor) dropFailed(w *configs.Warehouse, err error) {
	var key *drop.HostKeyError
	hint := drop.Hint(err)
	if hint == "" {
		hint = order.HintOf(err)
	}
	if errors.As(err, &key) {
		d.find("hostkey_changed", w.Name, key.Error(), hint)
		return
	}
	d.find("drop_unreachable", w.Name, err.Error(), hint)
}

func (d *doctor) tryDrop(ctx context.Context, w *configs.Warehouse) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	p, err := files.Profile(d.env, w)
	if err != nil {
		return err
	}
	at, err := drop.Open(ctx, p)
	if err != nil {
		return err
	}
	defer at.Close()
	folders := []string{w.Instructions.Folder}
	for _, p := range w.Pickups() {
		folders = append(folders, p.Folder)
	}
	for _, f := range folders {
		if _, err := at.List(ctx, f); err != nil {
			return err
		}
	}
	probe := files.Probe(w)
	if err := at.Write(ctx, probe, strings.NewReader("test"), 4); err != nil {
		return err
	}
	now := d.env.Now()
	info, err := at.Stat(ctx, probe)
	if err = errors.Join(err, at.Remove(ctx, probe)); err != nil {
		return err
	}
	d.find("drop_ok", w.Name, filepath.ToSlash(w.Instructions.Folder))
	d.clock(w.Name, now.Sub(info.ModTime), time.Second)
	return nil
}
