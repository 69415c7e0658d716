package ledger

import "context"

// ClaimsOf returns which instruction has claimed each piece of an order. The
// quantities of the pieces are 0.
func (l *Ledger) ClaimsOf(ctx context.Context, orderID int64) (map[Piece]int64, error) {
	rows, err := l.r.QueryContext(ctx, `SELECT package_no, line_no, part, instruction_id FROM instruction_lines WHERE order_id = $1`, orderID)
	if err != nil {
		return nil, explain("find claims", err)
	}
	defer rows.Close()
	out := map[Piece]int64{}
	for rows.Next() {
		p := Piece{OrderID: orderID}
		var id int64
		if err := rows.Scan(&p.Package, &p.Line, &p.Part, &id); err != nil {
			return nil, explain("find claims", err)
		}
		out[p] = id
	}
	return out, explain("find claims", rows.Err())
}

// Warned counts the orders of an account that have instructions and nevertheless
// a hold: changed, cancelled or refused after the instruction.
func (l *Ledger) Warned(ctx context.Context, account int64) (n int64, err error) {
	// CROSS JOIN makes SQLite begin with the few holds.
	err = l.r.QueryRowContext(ctx, `SELECT count(DISTINCT h.order_id) FROM holds h CROSS JOIN orders o WHERE o.id = h.order_id AND o.account_id = $1 AND o.state IN (3, 4)`, account).Scan(&n)
	return n, explain("count warnings", err)
}
