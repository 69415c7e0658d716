package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/order"
)

// The states of an upload.
const (
	UploadClaimed = "claimed" // its parcels belong to it and no other
	UploadBuilt   = "built"   // the file is there; a person has to upload it
	UploadDone    = "done"    // a person says that it was uploaded
	UploadVoid    = "void"    // a person gave it up, or nothing fitted: its parcels come in another one
)

// An Upload is a sheet of tracking numbers that a person uploads at a mall.
type Upload struct {
	ID        int64     `json:"id"`
	AccountID int64     `json:"-"`
	Account   string    `json:"account"`
	Name      string    `json:"name"`
	Format    string    `json:"format"`
	Path      string    `json:"path"` // relative to the workspace
	SHA256    string    `json:"sha256"`
	Size      int64     `json:"size"`
	Parcels   int64     `json:"parcels"`
	State     string    `json:"state"`
	Note      string    `json:"note,omitempty"`
	Actor     string    `json:"actor,omitempty"`
	ClaimedAt time.Time `json:"claimed_at"`
	BuiltAt   time.Time `json:"built_at,omitzero"`
	DoneAt    time.Time `json:"done_at,omitzero"`
}

// ClaimUpload puts up to limit parcels of an account that wait for a sheet into a
// new one, in one transaction; nil if there are none. name gives its file name from
// the ledger's running number; it must be deterministic.
func (l *Ledger) ClaimUpload(ctx context.Context, account int64, format string, limit int, name func(id int64) (string, error), now time.Time) (*Upload, error) {
	var id int64
	err := l.write(ctx, "claim parcels for a sheet", func(t tx) error {
		id = 0
		const waiting = `SELECT id FROM reports WHERE account_id = $1 AND state = 'upload' AND upload_id = 0 ORDER BY id LIMIT $2`
		rows, err := t.QueryContext(ctx, waiting, account, limit)
		if err != nil {
			return err
		}
		ids, err := column[int64](rows)
		if err != nil || len(ids) == 0 {
			return err
		}
		next, err := t.ids(ctx, "uploads", 1)
		if err != nil {
			return err
		}
		file, err := name(next)
		if err != nil {
			return err
		}
		if _, err := t.exec(ctx, `INSERT INTO uploads (id, account_id, name, format, path, sha256, size, parcels, state, note, actor, claimed_at, built_at, done_at)
			VALUES ($1, $2, $3, $4, '', '', 0, 0, 'claimed', '', '', $5, 0, 0)`, next, account, file, format, instant(now)); err != nil {
			return fmt.Errorf("sheet %s: %w", file, err)
		}
		args := make([]any, len(ids))
		for i := range ids {
			args[i] = ids[i]
		}
		if _, err := t.bulk(ctx, fmt.Sprintf(`UPDATE reports SET upload_id = %d, changed_at = %d WHERE upload_id = 0 AND id IN (`, next, instant(now)), `?`, `)`, args); err != nil {
			return err
		}
		id = next
		return nil
	})
	if err != nil || id == 0 {
		return nil, err
	}
	us, err := l.uploads(ctx, `WHERE u.id = $1`, id)
	if err != nil {
		return nil, err
	}
	return &us[0], nil
}

func (l *Ledger) uploads(ctx context.Context, where string, args ...any) ([]Upload, error) {
	rows, err := l.r.QueryContext(ctx, `SELECT u.id, u.account_id, a.name, u.name, u.format, u.path, u.sha256, u.size, u.parcels, u.state, u.note, u.actor, u.claimed_at, u.built_at, u.done_at
		FROM uploads u JOIN accounts a ON a.id = u.account_id `+where, args...)
	if err != nil {
		return nil, explain("read sheets", err)
	}
	defer rows.Close()
	var out []Upload
	for rows.Next() {
		var u Upload
		var claimed, built, done int64
		if err := rows.Scan(&u.ID, &u.AccountID, &u.Account, &u.Name, &u.Format, &u.Path, &u.SHA256, &u.Size, &u.Parcels, &u.State, &u.Note, &u.Actor, &claimed, &built, &done); err != nil {
			return nil, explain("read sheets", err)
		}
		u.ClaimedAt, u.BuiltAt, u.DoneAt = timeOf(claimed), timeOf(built), timeOf(done)
		out = append(out, u)
	}
	return out, explain("read sheets", rows.Err())
}

// OpenUploads returns the sheets of an account that are claimed or built, oldest
// first.
func (l *Ledger) OpenUploads(ctx context.Context, account int64) ([]Upload, error) {
	return l.uploads(ctx, `WHERE u.account_id = $1 AND u.state IN ('claimed', 'built') ORDER BY u.id`, account)
}

// Uploads lists sheets, newest first; an empty account means every account. open
// leaves out those that are done or void.
func (l *Ledger) Uploads(ctx context.Context, account string, open bool, limit int) ([]Upload, error) {
	return l.uploads(ctx, `WHERE ($1 = '' OR a.name = $1) AND ($2 = 0 OR u.state IN ('claimed', 'built')) ORDER BY u.id DESC LIMIT $3`, account, bit(open), limit)
}

// UploadByName finds a sheet by its file name.
func (l *Ledger) UploadByName(ctx context.Context, account, name string) (*Upload, error) {
	us, err := l.uploads(ctx, `WHERE ($1 = '' OR a.name = $1) AND u.name = $2 ORDER BY u.id`, account, name)
	switch {
	case err != nil:
		return nil, err
	case len(us) == 0:
		return nil, order.Errorf(order.NotFound, `list them with "uploads"`, "no sheet %s", name)
	case len(us) > 1:
		return nil, order.Errorf(order.Invalid, "name one with --account", "%d accounts have a sheet %s", len(us), name)
	}
	return &us[0], nil
}

// UploadReports returns the parcels of a sheet, by id.
func (l *Ledger) UploadReports(ctx context.Context, upload int64) ([]Report, error) {
	return l.reports(ctx, `WHERE r.upload_id = $1 AND r.upload_id <> 0 ORDER BY r.id`, upload)
}

// UploadBuilt notes that the file of a sheet is on our disk. A sheet in which
// nothing is left is void.
func (l *Ledger) UploadBuilt(ctx context.Context, u *Upload, now time.Time) error {
	return l.write(ctx, "store sheet "+u.Name, func(t tx) error {
		u.State, u.BuiltAt = UploadBuilt, now
		if u.Parcels == 0 {
			u.State = UploadVoid
		}
		_, err := t.exec(ctx, `UPDATE uploads SET state = $2, path = $3, sha256 = $4, size = $5, parcels = $6, built_at = $7 WHERE id = $1 AND state IN ('claimed', 'built')`,
			u.ID, u.State, u.Path, u.SHA256, u.Size, u.Parcels, instant(now))
		return err
	})
}

// FinishUpload records a person's word that a sheet was uploaded.
func (l *Ledger) FinishUpload(ctx context.Context, v Verdict) error {
	return l.settleUpload(ctx, v, UploadBuilt, UploadDone, `UPDATE reports SET state = 'uploaded', sent_at = $2, next_at = 0, changed_at = $2 WHERE upload_id = $1 AND state = 'upload'`, "report.uploaded")
}

// UndoUpload takes such a word back: the sheet is to be uploaded still.
func (l *Ledger) UndoUpload(ctx context.Context, v Verdict) error {
	if strings.TrimSpace(v.Note) == "" {
		return order.Errorf(order.Invalid, "say why with --note", "a word that is taken back needs a reason")
	}
	return l.settleUpload(ctx, v, UploadDone, UploadBuilt, `UPDATE reports SET state = 'upload', late = 0, changed_at = $2 WHERE upload_id = $1 AND state = 'uploaded'`, "report.upload")
}

// AgainUpload gives a sheet up: what the mall does not show of it comes in another.
func (l *Ledger) AgainUpload(ctx context.Context, v Verdict) error {
	if strings.TrimSpace(v.Note) == "" {
		return order.Errorf(order.Invalid, "say why with --note", "a sheet that is given up needs a reason")
	}
	return l.settleUpload(ctx, v, "", UploadVoid, `UPDATE reports SET state = 'upload', upload_id = 0, late = 0, changed_at = $2 WHERE upload_id = $1 AND state IN ('upload', 'uploaded')`, "report.upload")
}

// settleUpload moves a sheet and its parcels. An empty from means every state but
// void.
func (l *Ledger) settleUpload(ctx context.Context, v Verdict, from, to, text, event string) error {
	return l.write(ctx, "settle sheet", func(t tx) error {
		var name, state string
		err := t.QueryRowContext(ctx, `SELECT name, state FROM uploads WHERE id = $1`, v.ID).Scan(&name, &state)
		if err == sql.ErrNoRows {
			return order.Errorf(order.NotFound, `list them with "uploads"`, "no sheet %d", v.ID)
		}
		if err != nil {
			return err
		}
		if state == UploadVoid || from != "" && state != from {
			return order.Errorf(order.Conflict, "", "sheet %s is %s", name, state)
		}
		rows, err := t.QueryContext(ctx, `SELECT DISTINCT order_id FROM reports WHERE upload_id = $1 AND state IN ('upload', 'uploaded') ORDER BY order_id`, v.ID)
		if err != nil {
			return err
		}
		orders, err := column[int64](rows)
		if err != nil {
			return err
		}
		done := int64(0)
		if to == UploadDone {
			done = instant(v.Now)
		}
		if _, err := t.exec(ctx, `UPDATE uploads SET state = $2, note = $3, actor = $4, done_at = $5 WHERE id = $1`, v.ID, to, v.Note, v.Actor, done); err != nil {
			return err
		}
		if _, err := t.exec(ctx, text, v.ID, instant(v.Now)); err != nil {
			return err
		}
		events := make([]Event, len(orders))
		for i, id := range orders {
			events[i] = Event{Kind: event, OrderID: id, Detail: join(name, v.Note), Actor: v.Actor}
		}
		return t.record(ctx, events, v.Now)
	})
}

// OrdersByID returns the orders with these ids, by id.
func (l *Ledger) OrdersByID(ctx context.Context, ids []int64) ([]Row, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	out, err := scanOrders(l.r.QueryContext(ctx, `SELECT `+orderColumns+` WHERE o.id IN `+idList(ids)+` ORDER BY o.id`))
	return out, explain("read orders", err)
}

// InstructionsByID returns the instructions with these ids, by id.
func (l *Ledger) InstructionsByID(ctx context.Context, ids []int64) ([]*order.Instruction, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	out, err := scanInstructions(l.r.QueryContext(ctx, `SELECT d.instruction_id, d.doc FROM instruction_docs d WHERE d.instruction_id IN `+idList(ids)+` ORDER BY d.instruction_id`))
	return out, explain("read instructions", err)
}
