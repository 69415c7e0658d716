package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/order"
)

// A Settled is an order that has its end, as far as its own row tells, with what
// decides whether its personal data may go.
type Settled struct {
	Row
	Parcels []SettledParcel
	Wants   []string // what is still to come: hold, confirmation, report, claim
}

// A SettledParcel is an instruction of a settled order.
type SettledParcel struct {
	Instruction int64
	Warehouse   string
	State       int64
	Batch       string // state of its batch; empty while no batch has claimed it
	DeliveredAt time.Time
	ShippedAt   time.Time // when its last result came
	Orders      []int64   // the orders that it serves, of which one is this
}

// Settled lists orders of an account that are outside or planned, did not change
// since before, and still have their personal data, by id after after. Orders that
// wait for their buyer or their mall are not among them.
func (l *Ledger) Settled(ctx context.Context, account int64, before time.Time, after int64, limit int) ([]Settled, error) {
	return l.settled(ctx, `WHERE o.account_id = $1 AND o.id > $2 AND o.purged_at = 0 AND o.changed_at < $3 AND (o.state = 3 OR o.state = 2 AND o.reason <> $4)
		ORDER BY o.id LIMIT $5`, account, after, instant(before), string(order.OutUnshipped), limit)
}

// SettledByID returns the orders with these ids that still have their personal
// data, whatever their state.
func (l *Ledger) SettledByID(ctx context.Context, ids []int64) ([]Settled, error) {
	var out []Settled
	for part := range slices.Chunk(ids, bulkRows) {
		some, err := l.settled(ctx, `WHERE o.purged_at = 0 AND o.id IN (`+numbersOf(part)+`) ORDER BY o.id`)
		if err != nil {
			return nil, err
		}
		out = append(out, some...)
	}
	return out, nil
}

// numbersOf writes ids for a text; they are numbers of our own.
func numbersOf(ids []int64) string {
	var b strings.Builder
	for i, id := range ids {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprint(&b, id)
	}
	return b.String()
}

func (l *Ledger) settled(ctx context.Context, where string, args ...any) ([]Settled, error) {
	rows, err := scanOrders(l.r.QueryContext(ctx, `SELECT `+orderColumns+` `+where, args...))
	if err != nil {
		return nil, explain("read settled orders", err)
	}
	out := make([]Settled, len(rows))
	at := make(map[int64]*Settled, len(rows))
	ids := make([]int64, len(rows))
	for i := range rows {
		out[i].Row, ids[i] = rows[i], rows[i].ID
		at[rows[i].ID] = &out[i]
	}
	for part := range slices.Chunk(ids, bulkRows) {
		if err := l.settledParcels(ctx, numbersOf(part), at); err != nil {
			return nil, explain("read settled orders", err)
		}
		if err := l.wants(ctx, numbersOf(part), at); err != nil {
			return nil, explain("read settled orders", err)
		}
	}
	return out, nil
}

// settledParcels adds the instructions of orders.
func (l *Ledger) settledParcels(ctx context.Context, ids string, at map[int64]*Settled) error {
	rows, err := l.r.QueryContext(ctx, `SELECT x.order_id, i.id, w.name, i.state, COALESCE(b.state, ''), COALESCE(b.delivered_at, 0),
		COALESCE((SELECT max(s.at) FROM shipments s WHERE s.instruction_id = i.id), 0)
		FROM (SELECT DISTINCT order_id, instruction_id FROM instruction_lines WHERE order_id IN (`+ids+`)) x
		JOIN instructions i ON i.id = x.instruction_id JOIN warehouses w ON w.id = i.warehouse_id
		LEFT JOIN batch_items t ON t.instruction_id = i.id LEFT JOIN batches b ON b.id = t.batch_id ORDER BY x.order_id, i.id`)
	if err != nil {
		return err
	}
	defer rows.Close()
	var last int64
	var list []int64
	for rows.Next() {
		var p SettledParcel
		var id, delivered, shipped int64
		if err := rows.Scan(&id, &p.Instruction, &p.Warehouse, &p.State, &p.Batch, &delivered, &shipped); err != nil {
			return err
		}
		p.DeliveredAt, p.ShippedAt = timeOf(delivered), timeOf(shipped)
		at[id].Parcels = append(at[id].Parcels, p)
		if p.Instruction != last {
			list, last = append(list, p.Instruction), p.Instruction
		}
	}
	if err := rows.Err(); err != nil || len(list) == 0 {
		return err
	}
	served := map[int64][]int64{}
	for part := range slices.Chunk(list, bulkRows) {
		if err := l.served(ctx, numbersOf(part), served); err != nil {
			return err
		}
	}
	for _, s := range at {
		for i := range s.Parcels {
			if s.Parcels[i].Orders == nil {
				s.Parcels[i].Orders = served[s.Parcels[i].Instruction]
			}
		}
	}
	return nil
}

func (l *Ledger) served(ctx context.Context, instructions string, by map[int64][]int64) error {
	rows, err := l.r.QueryContext(ctx, `SELECT DISTINCT instruction_id, order_id FROM instruction_lines WHERE instruction_id IN (`+instructions+`) ORDER BY instruction_id, order_id`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var in, id int64
		if err := rows.Scan(&in, &id); err != nil {
			return err
		}
		by[in] = append(by[in], id)
	}
	return rows.Err()
}

// wants adds what is still to come.
func (l *Ledger) wants(ctx context.Context, ids string, at map[int64]*Settled) error {
	for _, w := range []struct{ what, text string }{
		{"hold", `SELECT DISTINCT order_id FROM holds WHERE order_id IN (` + ids + `)`},
		{"confirmation", `SELECT order_id FROM confirms WHERE state = 'waiting' AND order_id IN (` + ids + `)`},
		{"report", `SELECT DISTINCT order_id FROM reports WHERE state IN ('waiting', 'held', 'sent', 'unknown', 'accepted', 'upload', 'rejected', 'revoked') AND order_id IN (` + ids + `)`},
		{"report", `SELECT DISTINCT x.order_id FROM report_todo t JOIN instruction_lines x ON x.instruction_id = t.instruction_id WHERE x.order_id IN (` + ids + `)`},
		{"claim", `SELECT DISTINCT o.id FROM orders o JOIN claims c ON c.account_id = o.account_id AND c.order_number = o.number WHERE c.state = 'requested' AND o.id IN (` + ids + `)`},
	} {
		rows, err := l.r.QueryContext(ctx, w.text)
		if err != nil {
			return err
		}
		found, err := column[int64](rows)
		if err != nil {
			return err
		}
		for _, id := range found {
			at[id].Wants = append(at[id].Wants, w.what)
		}
	}
	return nil
}

// StillOpen counts the orders of an account that came before an instant and have
// not come to their end: they keep their data.
func (l *Ledger) StillOpen(ctx context.Context, account int64, before time.Time) (n int64, err error) {
	err = l.r.QueryRowContext(ctx, `SELECT count(*) FROM orders WHERE account_id = $1 AND purged_at = 0 AND seen_at < $2 AND (state IN (0, 1, 4) OR state = 2 AND reason = $3)`,
		account, instant(before), string(order.OutUnshipped)).Scan(&n)
	return n, explain("count open orders", err)
}

// PurgeOrders takes the personal data out of settled orders and of the
// instructions that serve only orders without it: names, addresses, phones, mails,
// notes and customs ids in their documents, the key by which recipients are
// compared and orders are searched for, and what events, releases, confirmations and
// answers say in words. An
// order that changed since it was read is left alone. It returns how many orders,
// instructions and batches it changed; a batch counts when the first of its
// instructions goes, for its file cannot be made again from then on.
func (l *Ledger) PurgeOrders(ctx context.Context, ss []Settled, now time.Time) (orders, instructions, batches int64, err error) {
	err = l.write(ctx, "purge orders", func(t tx) error {
		orders, instructions, batches = 0, 0, 0
		var ids, docs []any
		touched := map[int64]bool{}
		for i := range ss {
			s := &ss[i]
			n, err := t.exec(ctx, `UPDATE orders SET purged_at = $4, recipient = 0 WHERE id = $1 AND version = $2 AND state = $3 AND purged_at = 0`,
				s.ID, s.Version, int64(s.State), instant(now))
			if err != nil {
				return err
			}
			if n == 0 {
				continue
			}
			orders++
			ids = append(ids, s.ID)
			doc, _ := packOrder(nil, bareOrder(s.Order))
			docs = append(docs, s.ID, doc)
			for _, p := range s.Parcels {
				touched[p.Instruction] = true
			}
		}
		for pair := range slices.Chunk(docs, 2) {
			if _, err := t.exec(ctx, `UPDATE order_docs SET doc = $2 WHERE order_id = $1`, pair...); err != nil {
				return err
			}
		}
		if err := t.silence(ctx, ids); err != nil {
			return err
		}
		instructions, batches, err = t.purgeParcels(ctx, touched, now)
		return err
	})
	return orders, instructions, batches, err
}

// silence empties what is said in words about orders.
func (t tx) silence(ctx context.Context, ids []any) error {
	for _, head := range []string{
		// What stays tells of statuses and files.
		`UPDATE events SET detail = '' WHERE order_id <> 0 AND detail <> '' AND kind NOT IN ('order.changed', 'stop.asked') AND order_id IN (`,
		`UPDATE releases SET note = '' WHERE note <> '' AND order_id IN (`,
		`UPDATE confirms SET detail = '' WHERE detail <> '' AND order_id IN (`,
		`UPDATE reports SET detail = '' WHERE detail <> '' AND order_id IN (`,
		`DELETE FROM corrections WHERE order_id IN (`,
		`DELETE FROM search_keys WHERE personal = 1 AND order_id IN (`,
	} {
		if _, err := t.bulk(ctx, head, `?`, `)`, ids); err != nil {
			return err
		}
	}
	return nil
}

// purgeParcels empties those of the instructions whose orders all have been
// purged.
func (t tx) purgeParcels(ctx context.Context, touched map[int64]bool, now time.Time) (instructions, batches int64, err error) {
	all := make([]int64, 0, len(touched))
	for id := range touched {
		all = append(all, id)
	}
	slices.Sort(all)
	for part := range slices.Chunk(all, bulkRows) {
		rows, err := t.QueryContext(ctx, `SELECT i.id FROM instructions i WHERE i.purged_at = 0 AND i.id IN (`+numbersOf(part)+`)
			AND NOT EXISTS (SELECT 1 FROM instruction_lines x JOIN orders o ON o.id = x.order_id WHERE x.instruction_id = i.id AND o.purged_at = 0) ORDER BY i.id`)
		if err != nil {
			return 0, 0, err
		}
		ids, err := column[int64](rows)
		if err != nil {
			return 0, 0, err
		}
		n, err := t.bareInstructions(ctx, ids, now)
		if err != nil {
			return 0, 0, err
		}
		instructions, batches = instructions+int64(len(ids)), batches+n
	}
	return instructions, batches, nil
}

// bareInstructions empties the documents of instructions, with what warehouses
// answered in words, and marks their batches.
func (t tx) bareInstructions(ctx context.Context, ids []int64, now time.Time) (batches int64, err error) {
	if len(ids) == 0 {
		return 0, nil
	}
	list := numbersOf(ids)
	ins, err := scanInstructions(t.QueryContext(ctx, `SELECT instruction_id, doc FROM instruction_docs WHERE instruction_id IN (`+list+`) ORDER BY instruction_id`))
	if err != nil {
		return 0, err
	}
	for _, in := range ins {
		_, doc := packInstruction(nil, bareInstruction(in))
		if _, err := t.exec(ctx, `UPDATE instruction_docs SET doc = $2 WHERE instruction_id = $1`, in.ID, doc); err != nil {
			return 0, err
		}
	}
	// The numbers are our own; the texts are run once.
	for _, text := range []string{
		fmt.Sprintf(`UPDATE instructions SET purged_at = %d WHERE id IN (%s)`, instant(now), list),
		`UPDATE acks SET message = '' WHERE message <> '' AND instruction_id IN (` + list + `)`,
	} {
		if _, err := t.ExecContext(ctx, text); err != nil {
			return 0, err
		}
	}
	res, err := t.ExecContext(ctx, fmt.Sprintf(`UPDATE batches SET purged_at = %d, message = '' WHERE purged_at = 0 AND id IN
		(SELECT batch_id FROM batch_items WHERE instruction_id IN (%s))`, instant(now), list))
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// PurgeWithdrawn empties instructions of an account that were taken back and were
// made before an instant: no order hangs on them any more.
func (l *Ledger) PurgeWithdrawn(ctx context.Context, account int64, before, now time.Time) (n int64, err error) {
	ids, err := l.withdrawn(ctx, account, before)
	if err != nil {
		return 0, err
	}
	for part := range slices.Chunk(ids, bulkRows) {
		if err := l.write(ctx, "purge withdrawn instructions", func(t tx) error {
			_, err := t.bareInstructions(ctx, part, now)
			return err
		}); err != nil {
			return n, err
		}
		n += int64(len(part))
	}
	return n, nil
}

// Withdrawn counts what [Ledger.PurgeWithdrawn] would empty.
func (l *Ledger) Withdrawn(ctx context.Context, account int64, before time.Time) (int64, error) {
	ids, err := l.withdrawn(ctx, account, before)
	return int64(len(ids)), err
}

func (l *Ledger) withdrawn(ctx context.Context, account int64, before time.Time) ([]int64, error) {
	rows, err := l.r.QueryContext(ctx, `SELECT id FROM instructions WHERE account_id = $1 AND state = 2 AND purged_at = 0 AND created_at < $2 ORDER BY id`, account, instant(before))
	if err != nil {
		return nil, explain("find withdrawn instructions", err)
	}
	ids, err := column[int64](rows)
	return ids, explain("find withdrawn instructions", err)
}

// PurgeWords empties what is said in words and hangs on no single order: reasons
// of an account's settled claims and, with an empty account name, notes and
// answers about batches. What came before an instant counts.
func (l *Ledger) PurgeWords(ctx context.Context, account string, before time.Time) error {
	return l.write(ctx, "purge notes", func(t tx) error {
		if account != "" {
			_, err := t.exec(ctx, `UPDATE claims SET reason = '' WHERE reason <> '' AND state <> 'requested' AND changed_at < $2
				AND account_id = (SELECT id FROM accounts WHERE name = $1)`, account, instant(before))
			return err
		}
		_, err := t.exec(ctx, `UPDATE events SET detail = '' WHERE batch_id <> 0 AND detail <> '' AND kind <> 'batch.approved' AND at < $1`, instant(before))
		return err
	})
}

// PurgeRuns keeps only the counts of runs of a target that ended before an instant;
// the lines below them may name people.
func (l *Ledger) PurgeRuns(ctx context.Context, target string, before time.Time) error {
	rows, err := l.r.QueryContext(ctx, `SELECT id, outcome, summary FROM runs WHERE target = $1 AND ended_at > 0 AND ended_at < $2 AND summary <> ''
		AND (outcome = 'failed' OR summary LIKE $3) ORDER BY id`, target, instant(before), "%\n%")
	if err != nil {
		return explain("read runs", err)
	}
	type run struct {
		id      int64
		summary string
	}
	var old []run
	for rows.Next() {
		var r run
		var outcome string
		if err := rows.Scan(&r.id, &outcome, &r.summary); err != nil {
			return explain("read runs", errors.Join(rows.Close(), err))
		}
		if r.summary, _, _ = strings.Cut(r.summary, "\n"); outcome == "failed" {
			r.summary = ""
		}
		old = append(old, r)
	}
	if err := errors.Join(rows.Close(), rows.Err()); err != nil {
		return explain("read runs", err)
	}
	for part := range slices.Chunk(old, bulkRows) {
		if err := l.write(ctx, "purge runs", func(t tx) error {
			for _, r := range part {
				if _, err := t.exec(ctx, `UPDATE runs SET summary = $2 WHERE id = $1`, r.id, r.summary); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// PurgeLogs removes the logs of runs that began before an instant, and what runs were
// at that have no end. On PostgreSQL, where they lie by months, a month goes when it was
// over before that instant, at once.
func (l *Ledger) PurgeLogs(ctx context.Context, before time.Time) error {
	lines := "run_lines"
	if l.dialect == "postgres" {
		lines = restOfLines
	}
	err := l.write(ctx, "purge logs of runs", func(t tx) error {
		for _, table := range []string{lines, "run_steps"} {
			if _, err := t.exec(ctx, `DELETE FROM `+table+` WHERE run_id <= (SELECT COALESCE(max(id), 0) FROM runs WHERE started_at < $1)`, instant(before)); err != nil {
				return err
			}
		}
		return nil
	})
	return errors.Join(err, l.dropMonths(ctx, before))
}

// FilesToPurge lists the files of an owner that came before an instant, whose bytes
// are still there, and that are read to their end; but not those of some kinds.
func (l *Ledger) FilesToPurge(ctx context.Context, owner string, but []string, before time.Time) ([]File, error) {
	return l.files(ctx, `WHERE owner = $1 AND purged_at = 0 AND state <> 'taken' AND received_at < $2
		AND kind NOT IN ('`+strings.Join(but, `', '`)+`') ORDER BY id`, owner, instant(before))
}

// FileOwners lists the accounts and warehouses of which files are still there.
func (l *Ledger) FileOwners(ctx context.Context) ([]string, error) {
	rows, err := l.r.QueryContext(ctx, `SELECT DISTINCT owner FROM files WHERE purged_at = 0 ORDER BY owner`)
	if err != nil {
		return nil, explain("read files", err)
	}
	out, err := column[string](rows)
	return out, explain("read files", err)
}

// Accounts lists the names of every account that was ever run.
func (l *Ledger) Accounts(ctx context.Context) ([]string, error) {
	rows, err := l.r.QueryContext(ctx, `SELECT name FROM accounts ORDER BY name`)
	if err != nil {
		return nil, explain("read accounts", err)
	}
	out, err := column[string](rows)
	return out, explain("read accounts", err)
}

// PurgeFile records that the bytes of a file are gone, with what was refused of it
// in words. Its hash, size and counts stay.
func (l *Ledger) PurgeFile(ctx context.Context, id int64, now time.Time) error {
	return l.write(ctx, "purge file", func(t tx) error {
		if _, err := t.exec(ctx, `UPDATE refusals SET value = '', detail = '' WHERE file_id = $1`, id); err != nil {
			return err
		}
		_, err := t.exec(ctx, `UPDATE files SET purged_at = $2, message = '', refused_path = '' WHERE id = $1`, id, instant(now))
		return err
	})
}

// KeptPaths counts, by path below the archive, the files that still need it.
func (l *Ledger) KeptPaths(ctx context.Context) (map[string]int, error) {
	rows, err := l.r.QueryContext(ctx, `SELECT path FROM files WHERE purged_at = 0`)
	if err != nil {
		return nil, explain("read files", err)
	}
	paths, err := column[string](rows)
	out := make(map[string]int, len(paths))
	for _, p := range paths {
		out[p]++
	}
	return out, explain("read files", err)
}

// BatchOfFile returns the batch of a warehouse whose file has that name, nil if
// there is none.
func (l *Ledger) BatchOfFile(ctx context.Context, warehouse, name string) (*Batch, error) {
	bs, err := l.batches(ctx, `WHERE w.name = $1 AND b.name = $2`, warehouse, name)
	if err != nil || len(bs) == 0 {
		return nil, err
	}
	return &bs[0], nil
}

// A Purge is one removal of personal data.
type Purge struct {
	ID           int64     `json:"-"`
	At           time.Time `json:"at"`
	Actor        string    `json:"actor,omitempty"` // a person's name, or empty for the program
	Orders       int64     `json:"orders"`
	Instructions int64     `json:"instructions"`
	Batches      int64     `json:"batches"`
	Files        int64     `json:"files"`
	Bytes        int64     `json:"bytes"`
	StillOpen    int64     `json:"still_open"` // older orders that keep their data, for they have no end yet
}

// PutPurge records a removal.
func (l *Ledger) PutPurge(ctx context.Context, p Purge) error {
	return l.write(ctx, "record purge", func(t tx) error {
		id, err := t.ids(ctx, "purges", 1)
		if err != nil {
			return err
		}
		_, err = t.exec(ctx, `INSERT INTO purges (id, at, actor, orders, instructions, batches, files, bytes, still_open) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			id, instant(p.At), p.Actor, p.Orders, p.Instructions, p.Batches, p.Files, p.Bytes, p.StillOpen)
		return err
	})
}

// Purges lists removals, newest first.
func (l *Ledger) Purges(ctx context.Context, limit int) ([]Purge, error) {
	rows, err := l.r.QueryContext(ctx, `SELECT id, at, actor, orders, instructions, batches, files, bytes, still_open FROM purges ORDER BY id DESC LIMIT $1`, limit)
	if err != nil {
		return nil, explain("read purges", err)
	}
	defer rows.Close()
	var out []Purge
	for rows.Next() {
		var p Purge
		var at int64
		if err := rows.Scan(&p.ID, &at, &p.Actor, &p.Orders, &p.Instructions, &p.Batches, &p.Files, &p.Bytes, &p.StillOpen); err != nil {
			return nil, explain("read purges", err)
		}
		p.At = timeOf(at)
		out = append(out, p)
	}
	return out, explain("read purges", rows.Err())
}

// Shrink sees to it that what was removed from a SQLite ledger is not left in its
// files: the write-ahead log is emptied, and a ledger of at most so many bytes (any,
// if most is 0) is rewritten, which gives its room back too. Deleted content is
// overwritten at once in any case; only what SQLite moved about inside its pages
// needs the rewriting. It fails while others read, and may be tried again. A
// PostgreSQL ledger does this by itself, in its own time.
func (l *Ledger) Shrink(ctx context.Context, most int64) error {
	if l.dialect != "sqlite" {
		return nil
	}
	var size int64
	if err := l.w.QueryRowContext(ctx, `SELECT c.page_count * s.page_size FROM pragma_page_count c, pragma_page_size s`).Scan(&size); err != nil {
		return explain("shrink", err)
	}
	if most == 0 || size <= most {
		if _, err := l.w.ExecContext(ctx, `VACUUM`); err != nil {
			return explain("shrink", err)
		}
	}
	_, err := l.w.ExecContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`)
	return explain("shrink", err)
}

// bareOrder returns o without what tells of a person. Country and prefecture
// stay.
func bareOrder(o *order.Order) *order.Order {
	b := *o
	b.Buyer, b.Note, b.Memo = bareParty(o.Buyer), "", ""
	b.Packages = slices.Clone(o.Packages)
	for i := range b.Packages {
		k := &b.Packages[i]
		k.To, k.Note, k.CustomsID = bareParty(k.To), "", ""
		k.Lines = slices.Clone(k.Lines)
		for j := range k.Lines {
			k.Lines[j].Note, k.Lines[j].Option = "", "" // buyers type names to be engraved into options
		}
	}
	return &b
}

func bareInstruction(in *order.Instruction) *order.Instruction {
	b := *in
	b.To, b.From, b.Note, b.CustomsID = bareParty(in.To), bareParty(in.From), "", ""
	b.Lines = slices.Clone(in.Lines)
	for i := range b.Lines {
		b.Lines[i].Option = ""
	}
	return &b
}

func bareParty(p order.Party) order.Party {
	return order.Party{Country: p.Country, Prefecture: p.Prefecture}
}
