package torture

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"
)

// findings collects what is wrong.
type findings []string

func (f *findings) add(format string, args ...any) { *f = append(*f, fmt.Sprintf(format, args...)) }

// Check compares a world at rest with the truth. code is the exit code of its
// last run.
func (w *World) Check(ctx context.Context, code int) error {
	var f findings
	w.warehouse(&f)
	err := w.read(ctx, func(db *sql.DB) error {
		for _, check := range []func(context.Context, *sql.DB, *findings) error{w.orders, w.sheets, w.stock, w.answers, w.told, w.sound} {
			if err := check(ctx, db, &f); err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(err, w.batches(ctx, &f), w.left(&f)); err != nil {
		return err
	}
	want := 0
	if w.Truth.Waits() {
		want = 3
	}
	if code != want {
		f.add("the last run ended with exit code %d, not %d", code, want)
	}
	if len(f) > 0 {
		return errors.New(strings.Join(f, "\n"))
	}
	return nil
}

// warehouse: each line is there exactly once, nothing else is, and no file was
// ever seen in parts.
func (w *World) warehouse(f *findings) {
	w.Warehouse.mu.Lock()
	if err := w.Warehouse.failed; err != nil {
		f.add("%v", err)
	}
	w.Warehouse.mu.Unlock()
	got, names := map[Pick]int{}, map[string]bool{}
	for _, t := range w.Warehouse.Taken() {
		if t.Bad != "" {
			f.add("%s had its final name before it was whole: %s", t.Name, t.Bad)
		}
		if names[t.Name] {
			f.add("%s came twice", t.Name)
		}
		names[t.Name] = true
		for _, p := range t.Picks {
			got[p]++
		}
	}
	want := w.Truth.Picks()
	for _, p := range slices.SortedFunc(maps.Keys(want), compare) {
		if got[p] != want[p] {
			f.add("order %s, %s × %d is at the warehouse %d times, not %d", p.Order, p.SKU, p.Quantity, got[p], want[p])
		}
	}
	for _, p := range slices.SortedFunc(maps.Keys(got), compare) {
		if want[p] == 0 {
			f.add("order %s, %s × %d is at the warehouse and should not be", p.Order, p.SKU, p.Quantity)
		}
	}
}

func compare(a, b Pick) int {
	return strings.Compare(a.Order+"\x00"+a.SKU, b.Order+"\x00"+b.SKU)
}

// ask calls a command that prints JSON.
func (w *World) ask(ctx context.Context, into any, args ...string) error {
	r, err := w.Call(ctx, append(args, "--json"))
	if err != nil {
		return err
	}
	if r.Code != 0 && args[0] != "prove" {
		return fmt.Errorf("%s", r)
	}
	if err := json.Unmarshal(r.Stdout, into); err != nil {
		return fmt.Errorf("%s: %w: %s", r.Args, err, r.Stderr)
	}
	return nil
}

// States counts the batches by state, read from the ledger.
func (w *World) States(ctx context.Context) (map[string]int, error) {
	out := map[string]int{}
	return out, w.read(ctx, func(db *sql.DB) error {
		return each(ctx, db, `SELECT state FROM batches`, func(scan func(...any) error) error {
			var state string
			err := scan(&state)
			out[state]++
			return err
		})
	})
}

// each calls row for every row of a query.
func each(ctx context.Context, db *sql.DB, text string, row func(scan func(...any) error) error) error {
	rows, err := db.QueryContext(ctx, text)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// batches: the manifest names the files that the warehouse saw, with their
// bytes, and the proof balances.
func (w *World) batches(ctx context.Context, f *findings) error {
	var bs []struct {
		Number, State, Name, Path, SHA256 string
		Lines                             int
	}
	if err := w.ask(ctx, &bs, "batches", "--limit", "10000"); err != nil {
		return err
	}
	seen := map[string]string{}
	for _, t := range w.Warehouse.Taken() {
		seen[t.Name] = t.SHA256
	}
	lines := 0
	for _, b := range bs {
		if b.State == "dropped" {
			continue
		}
		lines += b.Lines
		if b.State != "delivered" {
			f.add("batch %s is %s", b.Number, b.State)
		}
		if seen[b.Name] != b.SHA256 {
			f.add("the warehouse saw %s with SHA-256 %q, recorded is %s", b.Name, seen[b.Name], b.SHA256)
		}
		delete(seen, b.Name)
		data, err := os.ReadFile(filepath.Join(w.Dir, b.Path))
		if err != nil {
			return err
		}
		if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != b.SHA256 {
			f.add("our copy of %s has other bytes", b.Name)
		}
	}
	for name := range seen {
		f.add("the warehouse saw %s, which no batch names", name)
	}
	want := 0
	for _, n := range w.Truth.Picks() {
		want += n
	}
	var proof struct {
		Claimed     int `json:"lines_claimed"`
		InFiles     int `json:"lines_in_files"`
		Accepted    int `json:"lines_accepted"`
		Differences []string
		Balanced    bool
	}
	if err := w.ask(ctx, &proof, "prove"); err != nil {
		return err
	}
	if !proof.Balanced || len(proof.Differences) > 0 {
		f.add("the proof does not balance: %s", strings.Join(proof.Differences, "; "))
	}
	if lines != want || proof.Claimed != want || proof.InFiles != want || proof.Accepted != want {
		f.add("%d pieces of lines were to be instructed: %d in batches; the proof says %d claimed, %d in files, %d accepted", want, lines, proof.Claimed, proof.InFiles, proof.Accepted)
	}
	return nil
}

// The ledger's numbers for states of orders.
var orderStates = []string{"seen", Held, Outside, Ships, "recheck"}

// orders: each has the state that it should have, and none is missing.
func (w *World) orders(ctx context.Context, db *sql.DB, f *findings) error {
	got := map[[2]string]string{}
	err := each(ctx, db, `SELECT a.name, o.number, o.state FROM orders o JOIN accounts a ON a.id = o.account_id`, func(scan func(...any) error) error {
		var account, number string
		var state int
		err := scan(&account, &number, &state)
		got[[2]string{account, number}] = orderStates[state]
		return err
	})
	for _, o := range w.Truth.Orders {
		key := [2]string{o.Account, o.Number}
		if got[key] != o.Fate {
			f.add("order %s of %s is %q, not %q", o.Number, o.Account, got[key], o.Fate)
		}
		delete(got, key)
	}
	for key := range got {
		f.add("order %s of %s was never offered", key[1], key[0])
	}
	return err
}

// sheets: rows add up, for each and in all.
func (w *World) sheets(ctx context.Context, db *sql.DB, f *findings) error {
	rows, refused := 0, 0
	broken := map[string]bool{}
	for _, s := range w.Truth.Sheets {
		if !s.Broken {
			continue
		}
		broken[s.Account+"/"+s.Name] = true
		at := filepath.Join(w.Dir, "rejected", s.Account, s.Name)
		for _, part := range []string{"", ".reason.txt"} {
			if info, err := os.Stat(at + part); err != nil || info.Size() == 0 {
				f.add("sheet %s of %s was refused without the sheet or the reason: %v", s.Name, s.Account, err)
			}
		}
	}
	err := each(ctx, db, `SELECT owner || '/' || name, state, rows_read, taken, filtered, refused, refused_path FROM files WHERE kind = 'orders'`, func(scan func(...any) error) error {
		var name, state, path string
		var read, taken, filtered, bad int
		if err := scan(&name, &state, &read, &taken, &filtered, &bad, &path); err != nil {
			return err
		}
		want := "done"
		if broken[name] {
			want = "refused"
		}
		if state != want {
			f.add("sheet %s is %s, not %s", name, state, want)
		}
		if read != taken+filtered+bad {
			f.add("sheet %s: %d rows are not %d taken, %d filtered and %d refused", name, read, taken, filtered, bad)
		}
		if bad > 0 {
			if _, err := os.Stat(filepath.Join(w.Dir, path)); err != nil {
				f.add("sheet %s: the file of refused rows: %v", name, err)
			}
		}
		rows, refused = rows+read, refused+bad
		return nil
	})
	wantRows, wantRefused := 0, 0
	for _, s := range w.Truth.Sheets {
		if !s.Again {
			wantRows, wantRefused = wantRows+s.Rows, wantRefused+s.Refused
		}
	}
	if rows != wantRows || refused != wantRefused {
		f.add("%d rows and %d refused ones are recorded, %d and %d were offered", rows, refused, wantRows, wantRefused)
	}
	return err
}

// stock is that of the warehouse's last file.
func (w *World) stock(ctx context.Context, db *sql.DB, f *findings) error {
	w.Warehouse.mu.Lock()
	want := maps.Clone(w.Warehouse.stock)
	w.Warehouse.mu.Unlock()
	err := each(ctx, db, `SELECT sku, on_hand FROM stock`, func(scan func(...any) error) error {
		var sku string
		var n int
		err := scan(&sku, &n)
		if want[sku] != n {
			f.add("stock of %s is %d, the warehouse's last file says %d", sku, n, want[sku])
		}
		delete(want, sku)
		return err
	})
	if len(want) > 0 {
		f.add("%d SKUs have no stock", len(want))
	}
	return err
}

// answers: every instruction of every file was acknowledged and shipped, but for
// those that were stopped in time.
func (w *World) answers(ctx context.Context, db *sql.DB, f *findings) error {
	cancelled, stops := w.Truth.cancelled(), map[string]bool{}
	w.Warehouse.mu.Lock()
	for _, k := range w.Warehouse.stops {
		stops[k] = true // more than once after a crash, which does no harm
	}
	w.Warehouse.mu.Unlock()
	for _, t := range w.Warehouse.Taken() {
		for _, k := range t.Keys {
			stop := slices.ContainsFunc(t.orders[k], func(o string) bool { return cancelled[o] })
			if stop != stops[k] {
				f.add("instruction %s: a stop was asked for: %v, not %v", k, stops[k], stop)
			}
			state, want, number := 5, 1, Tracking(k)
			if stop {
				state, want, number = 4, 0, ""
			}
			var acks, shipments int
			var tracking string
			err := db.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM acks a WHERE a.instruction_id = i.id AND a.ok = 1 AND a.stop = 0),
				(SELECT count(*) FROM shipments s WHERE s.instruction_id = i.id), COALESCE((SELECT max(tracking) FROM shipments s WHERE s.instruction_id = i.id), '')
				FROM instructions i WHERE i.number = $1 AND i.state = $2`, k, state).Scan(&acks, &shipments, &tracking)
			if err != nil || acks != 1 || shipments != want || tracking != number {
				f.add("instruction %s has %d acks, %d shipments, tracking number %q (%v)", k, acks, shipments, tracking, err)
			}
		}
	}
	return nil
}

// sound: the database itself is.
func (w *World) sound(ctx context.Context, db *sql.DB, f *findings) error {
	if w.Settings.Ledger != "" {
		return nil // PostgreSQL keeps its constraints itself
	}
	for _, pragma := range []string{"integrity_check", "foreign_key_check"} {
		rows, err := db.QueryContext(ctx, "PRAGMA "+pragma)
		if err != nil {
			return err
		}
		text, err := dump(rows)
		if err != nil {
			return err
		}
		if text != "" && text != "ok\n" {
			f.add("%s: %s", pragma, text)
		}
	}
	return nil
}

// read opens the ledger read-only.
func (w *World) read(ctx context.Context, use func(*sql.DB) error) error {
	if at := w.Settings.Ledger; at != "" {
		db, err := sql.Open("pgx", at)
		if err != nil {
			return err
		}
		return errors.Join(use(db), db.Close())
	}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: filepath.Join(w.Dir, "ledger.db")}).EscapedPath()+"?mode=ro&_pragma=busy_timeout(10000)")
	if err != nil {
		return err
	}
	return errors.Join(use(db), db.Close())
}

func dump(rows *sql.Rows) (string, error) {
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return "", err
	}
	values := make([]any, len(names))
	for i := range values {
		values[i] = new(any)
	}
	var b strings.Builder
	for rows.Next() {
		if err := rows.Scan(values...); err != nil {
			return "", err
		}
		for i, v := range values {
			if i > 0 {
				b.WriteByte('|')
			}
			fmt.Fprint(&b, *v.(*any))
		}
		b.WriteByte('\n')
	}
	return b.String(), rows.Err()
}

// state is everything that a run without work must leave alone: every table of
// the ledger but those that record the runs themselves, and all files.
func (w *World) state(ctx context.Context) (string, error) {
	var b strings.Builder
	err := w.read(ctx, func(db *sql.DB) error {
		tables := `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN ('runs', 'leases', 'counters') AND name NOT LIKE 'run_%' AND name NOT LIKE 'sqlite_%' ORDER BY name`
		if w.Settings.Ledger != "" {
			tables = `SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT IN ('runs', 'leases', 'counters') AND tablename NOT LIKE 'run_%' AND tablename NOT LIKE 'river_%' ORDER BY 1`
		}
		rows, err := db.QueryContext(ctx, tables)
		if err != nil {
			return err
		}
		names, err := dump(rows)
		if err != nil {
			return err
		}
		for _, name := range strings.Fields(names) {
			columns := "*"
			where := ""
			switch name {
			case "listings": // when a listing was looked at last, which every look changes
				columns = "account_id, code, name, option, barcode, linked"
			case "windows": // each run reads the time since the last
				continue
			case "files": // replies of malls are kept whatever they say
				where = " WHERE kind <> 'pages'"
			}
			rows, err := db.QueryContext(ctx, `SELECT `+columns+` FROM `+name+where)
			if err != nil {
				return err
			}
			text, err := dump(rows)
			if err != nil {
				return err
			}
			lines := strings.SplitAfter(text, "\n")
			slices.Sort(lines)
			fmt.Fprintf(&b, "%s\n%s", name, strings.Join(lines, ""))
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	for _, root := range []string{w.Dir, w.DropDir()} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), "ledger.db") {
				return err
			}
			if w.Mall != nil && strings.HasPrefix(path, filepath.Join(w.Dir, "archive")) {
				return nil // replies, and what was said in calls
			}
			info, err := d.Info()
			if err == nil {
				fmt.Fprintln(&b, path, info.Size())
			}
			return err
		})
		if err != nil {
			return "", err
		}
	}
	sum := sha256.Sum256([]byte(b.String()))
	return hex.EncodeToString(sum[:]), nil
}

// left: no temporary file, no sheet and no answer stays behind.
func (w *World) left(f *findings) error {
	walk := func(root string, wrong func(name string) bool) error {
		return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err == nil && !d.IsDir() && wrong(d.Name()) {
				f.add("left behind: %s", strings.TrimPrefix(path, filepath.Dir(root)+"/"))
			}
			return err
		})
	}
	temporary := func(name string) bool {
		return strings.HasSuffix(name, ".part") || strings.HasSuffix(name, ".done") || strings.HasPrefix(name, ".tmp")
	}
	anything := func(string) bool { return true }
	if err := errors.Join(walk(w.Dir, temporary), walk(w.DropDir(), temporary), walk(filepath.Join(w.Dir, "inbox"), anything)); err != nil {
		return err
	}
	for _, dir := range []string{inFolder, outFolder, stopFolder} {
		entries, err := os.ReadDir(filepath.Join(w.DropDir(), dir))
		if err != nil {
			return err
		}
		for _, e := range entries {
			if !e.IsDir() {
				f.add("left behind at the drop: %s/%s", dir, e.Name())
			}
		}
	}
	return nil
}
