package ledger

import (
	"context"
	"time"

	"github.com/mallbridge/mallbridge/order"
)

// A Refusal is a row of a file that was refused.
type Refusal struct {
	FileID int64        `json:"file_id"`
	Owner  string       `json:"owner"` // account
	File   string       `json:"file"`
	At     time.Time    `json:"at"`
	Path   string       `json:"refused_path"` // of the file of refused rows
	Line   int64        `json:"line"`
	Order  string       `json:"order,omitempty"` // its order number, where it could be read
	Field  string       `json:"column,omitempty"`
	Value  string       `json:"value,omitempty"`
	Reason order.Reason `json:"reason"`
	Detail string       `json:"detail"`
}

// PutRefusals stores the refused rows of a file in place of those stored before.
func (l *Ledger) PutRefusals(ctx context.Context, file int64, rs []Refusal) error {
	return l.write(ctx, "store refused rows", func(t tx) error {
		if _, err := t.exec(ctx, `DELETE FROM refusals WHERE file_id = $1`, file); err != nil {
			return err
		}
		args := make([]any, 0, 7*len(rs))
		for i := range rs {
			r := &rs[i]
			args = append(args, file, r.Line, r.Order, r.Field, r.Value, string(r.Reason), r.Detail)
		}
		_, err := t.bulk(ctx, `INSERT INTO refusals (file_id, line, order_number, field, value, reason, detail) VALUES `, `(?,?,?,?,?,?,?)`,
			` ON CONFLICT (file_id, line) DO NOTHING`, args)
		return err
	})
}

// RefusalsOf returns the refused rows of an order number, newest file first; with
// an empty number those of a file.
func (l *Ledger) RefusalsOf(ctx context.Context, number string, file int64) ([]Refusal, error) {
	rows, err := l.r.QueryContext(ctx, `SELECT r.file_id, f.owner, f.name, f.received_at, f.refused_path, r.line, r.order_number, r.field, r.value, r.reason, r.detail
		FROM refusals r JOIN files f ON f.id = r.file_id
		WHERE ($1 <> '' AND r.order_number = $1) OR ($2 <> 0 AND r.file_id = $2) ORDER BY r.file_id DESC, r.line LIMIT 1000`, number, file)
	if err != nil {
		return nil, explain("read refused rows", err)
	}
	defer rows.Close()
	var out []Refusal
	for rows.Next() {
		var r Refusal
		var at int64
		if err := rows.Scan(&r.FileID, &r.Owner, &r.File, &at, &r.Path, &r.Line, &r.Order, &r.Field, &r.Value, &r.Reason, &r.Detail); err != nil {
			return nil, explain("read refused rows", err)
		}
		r.At = timeOf(at)
		out = append(out, r)
	}
	return out, explain("read refused rows", rows.Err())
}
