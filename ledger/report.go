package ledger

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/order"
)

// The states of a report.
const (
	ReportWaiting  = "waiting"  // to be sent at its time
	ReportHeld     = "held"     // cannot be sent, see its reason; judged again at each run
	ReportSent     = "sent"     // a call is under way, or the mall works on it under Ref
	ReportUnknown  = "unknown"  // no answer came: the mall is asked before it is sent again
	ReportAccepted = "accepted" // the mall says that it has it
	ReportSeen     = "seen"     // the mall shows it: the end
	ReportRejected = "rejected" // the mall refuses it; a person must act
	ReportUpload   = "upload"   // for a sheet that a person uploads
	ReportUploaded = "uploaded" // a person says that the sheet was uploaded
	ReportExtra    = "extra"    // a further number, for which the mall has no place
	ReportRevoked  = "revoked"  // the mall was told, and the warehouse took the number back; a person must act
	ReportDropped  = "dropped"  // not to be told: a person's word, a number taken back in time, or replaced by another
)

// ReportStates lists the states in the order in which people read them.
var ReportStates = []string{
	ReportWaiting, ReportHeld, ReportSent, ReportUnknown, ReportAccepted, ReportSeen, ReportRejected, ReportUpload, ReportUploaded,
	ReportExtra, ReportRevoked, ReportDropped,
}

// A Report is one parcel of one package, as its mall is told of it.
type Report struct {
	ID          int64        `json:"id"`
	AccountID   int64        `json:"-"`
	Account     string       `json:"account"`
	OrderID     int64        `json:"-"`
	Order       string       `json:"order"`
	Package     string       `json:"package"`
	Instruction int64        `json:"-"` // whose shipment it is
	Carrier     string       `json:"carrier"`
	Tracking    string       `json:"tracking"`
	ShippedOn   order.Date   `json:"shipped_on"`
	Lines       []string     `json:"lines,omitempty"` // keys of the lines that it carries; empty for the whole package
	Rest        []string     `json:"rest,omitempty"`  // keys of lines that go later
	Was         string       `json:"was,omitempty"`   // the number in whose place it comes
	State       string       `json:"state"`
	Reason      order.Reason `json:"reason,omitempty"` // of held
	Code        string       `json:"code,omitempty"`   // the mall's
	Detail      string       `json:"detail,omitempty"`
	Ref         string       `json:"ref,omitempty"`   // what the mall is asked with
	Tries       int64        `json:"tries"`           // times it was sent
	Freed       bool         `json:"freed,omitempty"` // a person wants it sent whatever our own checks say
	Late        bool         `json:"late,omitempty"`  // it takes longer than it may; people were told
	UploadID    int64        `json:"-"`
	Upload      string       `json:"upload,omitempty"` // file name of the sheet
	NextAt      time.Time    `json:"next_at,omitzero"`
	CreatedAt   time.Time    `json:"created_at"`
	SentAt      time.Time    `json:"sent_at,omitzero"` // the last time
	AcceptedAt  time.Time    `json:"accepted_at,omitzero"`
	SeenAt      time.Time    `json:"seen_at,omitzero"`
	ChangedAt   time.Time    `json:"changed_at"`
}

const reportColumns = `SELECT r.id, r.account_id, a.name, r.order_id, o.number, r.package, r.instruction_id, r.carrier, r.tracking, r.shipped_on, r.lines, r.rest, r.was,
	r.state, r.reason, r.code, r.detail, r.ref, r.tries, r.freed, r.late, r.upload_id, COALESCE(u.name, ''), r.next_at, r.created_at, r.sent_at, r.accepted_at,
	r.seen_at, r.changed_at FROM reports r JOIN accounts a ON a.id = r.account_id JOIN orders o ON o.id = r.order_id LEFT JOIN uploads u ON u.id = r.upload_id `

func (l *Ledger) reports(ctx context.Context, where string, args ...any) ([]Report, error) {
	rows, err := l.r.QueryContext(ctx, reportColumns+where, args...)
	if err != nil {
		return nil, explain("read reports", err)
	}
	defer rows.Close()
	var out []Report
	for rows.Next() {
		var r Report
		var lines, rest string
		var freed, late, next, created, sent, accepted, seen, changed int64
		if err := rows.Scan(&r.ID, &r.AccountID, &r.Account, &r.OrderID, &r.Order, &r.Package, &r.Instruction, &r.Carrier, &r.Tracking, &r.ShippedOn, &lines, &rest, &r.Was,
			&r.State, &r.Reason, &r.Code, &r.Detail, &r.Ref, &r.Tries, &freed, &late, &r.UploadID, &r.Upload, &next, &created, &sent, &accepted, &seen, &changed); err != nil {
			return nil, explain("read reports", err)
		}
		r.Lines, r.Rest, r.Freed, r.Late = keys(lines), keys(rest), freed != 0, late != 0
		r.NextAt, r.CreatedAt, r.SentAt = timeOf(next), timeOf(created), timeOf(sent)
		r.AcceptedAt, r.SeenAt, r.ChangedAt = timeOf(accepted), timeOf(seen), timeOf(changed)
		out = append(out, r)
	}
	return out, explain("read reports", rows.Err())
}

// keys undoes joining by line breaks, which no key has.
func keys(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, "\n")
}

// todo notes that results of an instruction are to be looked at.
func (t tx) todo(ctx context.Context, instruction, mark int64) error {
	_, err := t.exec(ctx, `INSERT INTO report_todo (instruction_id, account_id, mark) SELECT id, account_id, CAST($2 AS BIGINT) FROM instructions WHERE id = $1
		ON CONFLICT (instruction_id) DO UPDATE SET mark = excluded.mark`, instruction, mark)
	return err
}

// A Parcel is a result of a warehouse, with what the ledger knows of it. A result
// without a carrier went with the one that was instructed.
type Parcel struct {
	order.Shipment
	ID     int64
	FileID int64
	At     time.Time // when it came
}

// A Shipping is one instruction that serves an order, with the parcels that came
// of it.
type Shipping struct {
	Instruction int64
	State       int64
	Warehouse   string
	Acked       bool                    // the warehouse said that it takes it
	Lines       []order.InstructionLine // of the order at hand
	Parcels     []Parcel                // by id
}

// A Todo is an order of whose parcels its mall may have to be told: all its
// instructions, and what was told or is to be told already.
type Todo struct {
	OrderID  int64
	Order    string
	Shipping []Shipping
	Reports  []Report // by id
}

// A TodoPage is what is to be looked at of some instructions. Orders of one parcel
// are together.
type TodoPage struct {
	Orders []Todo
	Marks  map[int64]int64 // of the instructions, by id, for [NewReports.Settled]
	Last   int64           // the last instruction's id; 0 if there is none
}

// ReportTodo returns orders of an account with results that were not all looked at,
// for up to limit instructions with ids above after.
func (l *Ledger) ReportTodo(ctx context.Context, account, after int64, limit int) (TodoPage, error) {
	p := TodoPage{Marks: map[int64]int64{}}
	rows, err := l.r.QueryContext(ctx, `SELECT instruction_id, mark FROM report_todo WHERE account_id = $1 AND instruction_id > $2 ORDER BY instruction_id LIMIT $3`,
		account, after, limit)
	if err != nil {
		return p, explain("find parcels to report", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, mark int64
		if err := rows.Scan(&id, &mark); err != nil {
			return p, explain("find parcels to report", err)
		}
		p.Marks[id], p.Last = mark, id
	}
	if err := rows.Err(); err != nil || p.Last == 0 {
		return p, explain("find parcels to report", err)
	}
	rows.Close()
	p.Orders, err = l.todos(ctx, account, after, p.Last)
	return p, explain("find parcels to report", err)
}

// ofTodo are the orders of the instructions $2 < id <= $3 that are to be looked at.
// ToReport returns the accounts with results that were not all looked at yet, by name.
func (l *Ledger) ToReport(ctx context.Context) ([]string, error) {
	rows, err := l.r.QueryContext(ctx, `SELECT name FROM accounts WHERE id IN (SELECT account_id FROM report_todo) ORDER BY name`)
	if err != nil {
		return nil, explain("read what is to be reported", err)
	}
	names, err := column[string](rows)
	return names, explain("read what is to be reported", err)
}

const ofTodo = `(SELECT x.order_id FROM report_todo d JOIN instruction_lines x ON x.instruction_id = d.instruction_id
	WHERE d.account_id = $1 AND d.instruction_id > $2 AND d.instruction_id <= $3)`

func (l *Ledger) todos(ctx context.Context, account, after, last int64) ([]Todo, error) {
	pairs, err := l.r.QueryContext(ctx, `SELECT DISTINCT o.id, o.number, i.id, i.state, w.name,
		CASE WHEN EXISTS (SELECT 1 FROM acks k WHERE k.instruction_id = i.id AND k.stop = 0 AND k.ok = 1) THEN 1 ELSE 0 END
		FROM instruction_lines y JOIN orders o ON o.id = y.order_id JOIN instructions i ON i.id = y.instruction_id JOIN warehouses w ON w.id = i.warehouse_id
		WHERE y.order_id IN `+ofTodo+` ORDER BY o.id, i.id`, account, after, last)
	if err != nil {
		return nil, err
	}
	defer pairs.Close()
	var out []Todo
	need := map[int64]bool{}
	for pairs.Next() {
		var id, acked int64
		var number string
		var s Shipping
		if err := pairs.Scan(&id, &number, &s.Instruction, &s.State, &s.Warehouse, &acked); err != nil {
			return nil, err
		}
		s.Acked = acked != 0
		if n := len(out); n == 0 || out[n-1].OrderID != id {
			out = append(out, Todo{OrderID: id, Order: number})
		}
		t := &out[len(out)-1]
		t.Shipping = append(t.Shipping, s)
		need[s.Instruction] = true
	}
	if err := pairs.Err(); err != nil {
		return nil, err
	}
	pairs.Close()
	return out, l.fill(ctx, out, need, account, after, last)
}

// fill reads what the orders of a todo need, each kind in one go.
func (l *Ledger) fill(ctx context.Context, todos []Todo, need map[int64]bool, account, after, last int64) error {
	if len(todos) == 0 {
		return nil
	}
	lines, carriers := map[int64][]order.InstructionLine{}, map[int64]string{}
	parcels := map[int64][]Parcel{}
	ids := make([]int64, 0, len(need))
	for id := range need {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for part := range slices.Chunk(ids, bulkRows) {
		in := idList(part)
		ins, err := scanInstructions(l.r.QueryContext(ctx, `SELECT d.instruction_id, d.doc FROM instruction_docs d WHERE d.instruction_id IN `+in+` ORDER BY d.instruction_id`))
		if err != nil {
			return err
		}
		for _, i := range ins {
			lines[i.ID], carriers[i.ID] = i.Lines, i.Carrier
		}
		if err := l.parcels(ctx, in, parcels); err != nil {
			return err
		}
	}
	have, err := l.reports(ctx, `WHERE r.order_id IN `+ofTodo+` ORDER BY r.id`, account, after, last)
	if err != nil {
		return err
	}
	byOrder := map[int64][]Report{}
	for _, r := range have {
		byOrder[r.OrderID] = append(byOrder[r.OrderID], r)
	}
	for i := range todos {
		t := &todos[i]
		t.Reports = byOrder[t.OrderID]
		for j := range t.Shipping {
			s := &t.Shipping[j]
			s.Parcels = parcels[s.Instruction]
			for k := range s.Parcels {
				s.Parcels[k].Carrier = cmp.Or(s.Parcels[k].Carrier, carriers[s.Instruction])
			}
			for _, x := range lines[s.Instruction] {
				if x.OrderID == t.OrderID && x.Line != "" {
					s.Lines = append(s.Lines, x)
				}
			}
		}
	}
	return nil
}

func idList(ids []int64) string {
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = strconv.FormatInt(id, 10)
	}
	return "(" + strings.Join(list, ",") + ")"
}

// parcels reads the results of instructions.
func (l *Ledger) parcels(ctx context.Context, in string, into map[int64][]Parcel) error {
	rows, err := l.r.QueryContext(ctx, `SELECT id, instruction_id, carrier, tracking, shipped_on, cancelled, skus, file_id, at FROM shipments WHERE instruction_id IN `+in+` ORDER BY id`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var p Parcel
		var id, cancelled, at int64
		var skus string
		if err := rows.Scan(&p.ID, &id, &p.Carrier, &p.Tracking, &p.ShippedOn, &cancelled, &skus, &p.FileID, &at); err != nil {
			return err
		}
		p.Cancelled, p.At = cancelled != 0, timeOf(at)
		for _, line := range keys(strings.TrimSuffix(skus, "\n")) {
			if i := strings.LastIndex(line, "×"); i >= 0 {
				p.Lines = append(p.Lines, order.ShippedLine{SKU: line[:i]})
			}
		}
		into[id] = append(into[id], p)
	}
	return rows.Err()
}

// A ReportChange moves a report to another state.
type ReportChange struct {
	Report
	// Event is the kind of the event to record for the order; none if empty.
	Event string
	Actor string
}

// NewReports is what looking at results gave.
type NewReports struct {
	Add     []Report
	Change  []ReportChange
	Settled map[int64]int64 // instructions that need no further look, by id, with their marks
}

// PutReports stores what looking at results gave, in one transaction. A parcel that
// is there already is left as it is; an instruction of which more results came
// meanwhile stays to be looked at.
func (l *Ledger) PutReports(ctx context.Context, account int64, n NewReports, now time.Time) (added int64, err error) {
	if len(n.Add)+len(n.Change)+len(n.Settled) == 0 {
		return 0, nil
	}
	err = l.write(ctx, "store reports", func(t tx) error {
		added = 0
		next, err := t.ids(ctx, "reports", len(n.Add))
		if err != nil {
			return err
		}
		var events []Event
		for i := range n.Add {
			r := &n.Add[i]
			k, err := t.exec(ctx, `INSERT INTO reports (id, account_id, order_id, package, instruction_id, carrier, tracking, shipped_on, lines, rest, was, state, reason, code, detail,
				ref, tries, freed, late, upload_id, next_at, created_at, sent_at, accepted_at, seen_at, changed_at)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, '', $14, '', 0, 0, 0, 0, $15, $15, 0, 0, 0, $15)
				ON CONFLICT (order_id, package, carrier, tracking) DO NOTHING`, next+int64(i), account, r.OrderID, r.Package, r.Instruction, r.Carrier, r.Tracking, string(r.ShippedOn),
				strings.Join(r.Lines, "\n"), strings.Join(r.Rest, "\n"), r.Was, r.State, string(r.Reason), r.Detail, instant(now))
			if err != nil {
				return err
			}
			added += k
			if k > 0 {
				events = append(events, reportEvent("report."+r.State, r))
			}
		}
		if err := t.change(ctx, n.Change, now); err != nil {
			return err
		}
		for id, mark := range n.Settled {
			if _, err := t.exec(ctx, `DELETE FROM report_todo WHERE instruction_id = $1 AND mark = $2`, id, mark); err != nil {
				return err
			}
		}
		return t.record(ctx, events, now)
	})
	return added, err
}

func reportEvent(kind string, r *Report) Event {
	detail := strings.TrimSpace(r.Carrier + " " + r.Tracking)
	if r.Was != "" {
		detail += " in place of " + r.Was
	}
	if more := join(r.Code, r.Detail); more != "" {
		detail += ": " + more
	}
	return Event{Kind: kind, OrderID: r.OrderID, InstructionID: r.Instruction, Reason: r.Reason, Detail: detail}
}

// SendReports notes, before a mall is called, that reports are being sent, and
// returns those that still waited: a person may have dropped one meanwhile.
func (l *Ledger) SendReports(ctx context.Context, rs []Report, now time.Time) (sent []Report, err error) {
	err = l.write(ctx, "note reports to send", func(t tx) error {
		sent = nil
		for _, r := range rs {
			r.State, r.Ref, r.Code, r.Detail = ReportSent, "", "", ""
			r.Tries++
			r.SentAt = now
			n, err := t.exec(ctx, `UPDATE reports SET state = 'sent', ref = '', code = '', detail = '', tries = $2, sent_at = $3, next_at = $4, changed_at = $4
				WHERE id = $1 AND state = 'waiting'`, r.ID, r.Tries, instant(r.SentAt), instant(now))
			if err != nil {
				return err
			}
			if n == 1 {
				r.NextAt, r.ChangedAt = now, now
				sent = append(sent, r)
			}
		}
		return nil
	})
	return sent, err
}

// A Shown is a parcel that a mall shows for an order.
type Shown struct {
	Order    string // number
	Package  string // key, as the mall has it now
	Carrier  string // our code, empty if the mall shows none
	Tracking string // empty: the mall shows that the package was shipped, and no number
	Lines    []string
}

// proves reports whether what a mall shows is the parcel of a report.
func (s *Shown) proves(r *Report) bool {
	if s.Tracking == "" {
		told := r.State == ReportAccepted || r.State == ReportUploaded || r.State == ReportSent || r.State == ReportUnknown
		return told && (s.Package == r.Package || s.Package == "")
	}
	if s.Tracking != r.Tracking || s.Carrier != "" && s.Carrier != r.Carrier {
		return false
	}
	return s.Package == r.Package || s.Package == "" || slices.ContainsFunc(s.Lines, func(l string) bool { return slices.Contains(r.Lines, l) })
}

// Prove ends reports of an account whose parcels the mall shows, and returns how
// many these are. One that a person gave up or the warehouse took back stays as it
// is.
func (l *Ledger) Prove(ctx context.Context, account int64, shown []Shown, now time.Time) (n int64, err error) {
	byOrder := map[string][]*Shown{}
	var numbers []string
	for i := range shown {
		s := &shown[i]
		if byOrder[s.Order] == nil {
			numbers = append(numbers, s.Order)
		}
		byOrder[s.Order] = append(byOrder[s.Order], s)
	}
	slices.Sort(numbers)
	var cs []ReportChange
	for part := range slices.Chunk(numbers, bulkRows) {
		args := []any{account}
		list := make([]string, len(part))
		for i, number := range part {
			args = append(args, number)
			list[i] = "$" + strconv.Itoa(i+2)
		}
		rs, err := l.reports(ctx, `WHERE r.order_id IN (SELECT y.id FROM orders y WHERE y.account_id = $1 AND y.number IN (`+strings.Join(list, ",")+`))
			AND r.state NOT IN ('seen', 'extra', 'dropped', 'revoked') ORDER BY r.id`, args...)
		if err != nil {
			return 0, err
		}
		for _, r := range rs {
			i := slices.IndexFunc(byOrder[r.Order], func(s *Shown) bool { return s.proves(&r) })
			if i < 0 {
				continue
			}
			r.State, r.SeenAt, r.Late, r.Reason, r.Code, r.Detail = ReportSeen, now, false, "", "", ""
			if byOrder[r.Order][i].Tracking == "" {
				r.Detail = "the mall shows the package as shipped"
			}
			cs = append(cs, ReportChange{Report: r, Event: "report.seen"})
		}
	}
	return int64(len(cs)), l.ChangeReports(ctx, cs, now)
}

// ChangeReports records what became of reports, in one transaction.
func (l *Ledger) ChangeReports(ctx context.Context, cs []ReportChange, now time.Time) error {
	if len(cs) == 0 {
		return nil
	}
	return l.write(ctx, "record reports", func(t tx) error { return t.change(ctx, cs, now) })
}

func (t tx) change(ctx context.Context, cs []ReportChange, now time.Time) error {
	var events []Event
	for i := range cs {
		c := &cs[i]
		if _, err := t.exec(ctx, `UPDATE reports SET state = $2, reason = $3, code = $4, detail = $5, ref = $6, tries = $7, freed = $8, late = $9, next_at = $10,
			sent_at = $11, accepted_at = $12, seen_at = $13, shipped_on = $14, was = $15, upload_id = $16, changed_at = $17 WHERE id = $1`,
			c.ID, c.State, string(c.Reason), c.Code, c.Detail, c.Ref, c.Tries, bit(c.Freed), bit(c.Late), instant(c.NextAt), instant(c.SentAt), instant(c.AcceptedAt),
			instant(c.SeenAt), string(c.ShippedOn), c.Was, c.UploadID, instant(now)); err != nil {
			return err
		}
		if c.Event != "" {
			e := reportEvent(c.Event, &c.Report)
			e.Actor = c.Actor
			events = append(events, e)
		}
	}
	return t.record(ctx, events, now)
}

// DueReports returns reports of an account in a state whose time has come, by id,
// from the one after after.
func (l *Ledger) DueReports(ctx context.Context, account int64, state string, after int64, limit int, now time.Time) ([]Report, error) {
	// The states stand in the text so that the partial index is used.
	return l.reports(ctx, `WHERE r.account_id = $1 AND r.state = $2 AND r.state IN ('waiting', 'held', 'sent', 'unknown', 'accepted', 'upload', 'uploaded')
		AND r.next_at <= $3 AND r.id > $4 ORDER BY r.id LIMIT $5`, account, state, instant(now), after, limit)
}

// ReportsUnderWay returns the orders of an account with a report of which the mall
// has not said yet whether it has it.
func (l *Ledger) ReportsUnderWay(ctx context.Context, account int64) (map[int64]bool, error) {
	rows, err := l.r.QueryContext(ctx, `SELECT DISTINCT order_id FROM reports r WHERE r.account_id = $1 AND r.state IN ('sent', 'unknown')
		AND r.state IN ('waiting', 'held', 'sent', 'unknown', 'accepted', 'upload', 'uploaded')`, account)
	if err != nil {
		return nil, explain("find reports under way", err)
	}
	ids, err := column[int64](rows)
	out := make(map[int64]bool, len(ids))
	for _, id := range ids {
		out[id] = true
	}
	return out, explain("find reports under way", err)
}

// ReportList filters [Ledger.Reports]. Zero fields do not filter.
type ReportList struct {
	Account  string
	Order    string // order number
	Tracking string
	State    string
	Open     bool  // only those that are not at their end: seen, extra and dropped are left out
	After    int64 // only ids above it
	Limit    int
}

// Reports lists reports by id.
func (l *Ledger) Reports(ctx context.Context, q ReportList) ([]Report, error) {
	if q.State != "" && !slices.Contains(ReportStates, q.State) {
		return nil, order.Errorf(order.Invalid, "use "+strings.Join(ReportStates, ", "), "no such state: %s", q.State)
	}
	if q.Limit <= 0 {
		q.Limit = 100
	}
	return l.reports(ctx, `WHERE r.id > $1 AND ($2 = '' OR a.name = $2) AND ($3 = '' OR o.number = $3) AND ($4 = '' OR r.tracking = $4) AND ($5 = '' OR r.state = $5)
		AND ($6 = 0 OR r.state NOT IN ('seen', 'extra', 'dropped')) ORDER BY r.id LIMIT $7`, q.After, q.Account, q.Order, q.Tracking, q.State, bit(q.Open), q.Limit)
}

// FailedReports lists the oldest reports on which a person must say something: held,
// refused, taken back by the warehouse, or later than the mall may take.
func (l *Ledger) FailedReports(ctx context.Context, limit int) ([]Report, error) {
	return l.reports(ctx, `WHERE r.id IN (SELECT id FROM reports WHERE state IN ('rejected', 'revoked')
		UNION SELECT id FROM reports WHERE state IN ('waiting', 'held', 'sent', 'unknown', 'accepted', 'upload', 'uploaded')
			AND (state = 'held' OR late = 1 AND state IN ('waiting', 'unknown', 'accepted'))) ORDER BY r.id LIMIT $1`, limit)
}

// Failed reports whether a person must say something on a report, as FailedReports has it.
func (r *Report) Failed() bool {
	switch r.State {
	case ReportHeld, ReportRejected, ReportRevoked:
		return true
	case ReportWaiting, ReportUnknown, ReportAccepted:
		return r.Late
	}
	return false
}

// ReportsOf returns the reports of an order, by id.
func (l *Ledger) ReportsOf(ctx context.Context, orderID int64) ([]Report, error) {
	return l.reports(ctx, `WHERE r.order_id = $1 ORDER BY r.id`, orderID)
}

// A ReportCount says how many reports of an account are in a state.
type ReportCount struct {
	Account string
	State   string
	Late    int64
	Reports int64
	Oldest  time.Time // when the first of them was made
}

// ReportCounts counts all reports by account and state.
func (l *Ledger) ReportCounts(ctx context.Context) ([]ReportCount, error) {
	rows, err := l.r.QueryContext(ctx, `SELECT a.name, r.state, count(*), CAST(sum(r.late) AS BIGINT), min(r.created_at) FROM reports r JOIN accounts a ON a.id = r.account_id
		GROUP BY a.name, r.state ORDER BY a.name, r.state`)
	if err != nil {
		return nil, explain("count reports", err)
	}
	defer rows.Close()
	var out []ReportCount
	for rows.Next() {
		var c ReportCount
		var at int64
		if err := rows.Scan(&c.Account, &c.State, &c.Reports, &c.Late, &at); err != nil {
			return nil, explain("count reports", err)
		}
		c.Oldest = timeOf(at)
		out = append(out, c)
	}
	return out, explain("count reports", rows.Err())
}

// Told counts the reports that came into being in a span of time: what malls are
// to be told, and how far that came.
type Told struct {
	Reports  int64 `json:"reports"`  // parcels of packages that malls are to be told of
	Reported int64 `json:"reported"` // the mall said that it has them, or a person that the sheet was uploaded
	Proven   int64 `json:"proven"`   // the mall shows them
	Open     int64 `json:"open"`     // neither shown nor given up
	Stuck    int64 `json:"stuck"`    // of the open ones: held, refused, taken back, late, or in a sheet to upload
}

// ReportsBetween counts the reports of [from, to).
func (l *Ledger) ReportsBetween(ctx context.Context, from, to time.Time) (Told, error) {
	var n Told
	err := l.r.QueryRowContext(ctx, `SELECT count(*),
		COALESCE(sum(CASE WHEN state IN ('accepted', 'seen', 'uploaded', 'revoked') THEN 1 ELSE 0 END), 0),
		COALESCE(sum(CASE WHEN state = 'seen' THEN 1 ELSE 0 END), 0),
		COALESCE(sum(CASE WHEN state <> 'seen' THEN 1 ELSE 0 END), 0),
		COALESCE(sum(CASE WHEN state IN ('held', 'rejected', 'revoked') OR state = 'upload' AND upload_id <> 0 OR late = 1 AND state <> 'seen' THEN 1 ELSE 0 END), 0)
		FROM reports WHERE created_at >= $1 AND created_at < $2 AND state NOT IN ('extra', 'dropped')`, instant(from), instant(to)).
		Scan(&n.Reports, &n.Reported, &n.Proven, &n.Open, &n.Stuck)
	return n, explain("count reports", err)
}

// A Verdict is a person's word on a report.
type Verdict struct {
	ID    int64
	Note  string // why; required
	Actor string
	Now   time.Time
}

// RetryReport sends a report again that came to a halt, whatever our own checks
// say of it. One whose answer is not known is asked about first all the same; one
// that the mall said it has and does not show is sent again.
func (l *Ledger) RetryReport(ctx context.Context, v Verdict) error {
	return l.verdict(ctx, v, `UPDATE reports SET state = CASE WHEN state = 'unknown' THEN 'unknown' WHEN upload_id <> 0 THEN 'upload' ELSE 'waiting' END, freed = 1, late = 0, reason = '',
		upload_id = 0, next_at = $2, changed_at = $2 WHERE id = $1 AND state IN ('waiting', 'held', 'unknown', 'accepted', 'rejected', 'extra', 'dropped', 'revoked')`,
		"report.retried", "it is under way or shown already")
}

// DropReport gives a report up: the mall is not told.
func (l *Ledger) DropReport(ctx context.Context, v Verdict) error {
	return l.verdict(ctx, v, `UPDATE reports SET state = 'dropped', late = 0, reason = '', changed_at = $2 WHERE id = $1
		AND state IN ('waiting', 'held', 'unknown', 'accepted', 'rejected', 'upload', 'extra', 'revoked')`,
		"report.dropped", "the mall shows it, works on it, or it is in a sheet already")
}

func (l *Ledger) verdict(ctx context.Context, v Verdict, text, event, refused string) error {
	if strings.TrimSpace(v.Note) == "" {
		return order.Errorf(order.Invalid, "say why with --note", "a person's word on a report needs a reason")
	}
	return l.write(ctx, "change report", func(t tx) error {
		var r Report
		err := t.QueryRowContext(ctx, `SELECT order_id, instruction_id, carrier, tracking, state FROM reports WHERE id = $1`, v.ID).
			Scan(&r.OrderID, &r.Instruction, &r.Carrier, &r.Tracking, &r.State)
		if err == sql.ErrNoRows {
			return order.Errorf(order.NotFound, `list them with "reports"`, "no report %d", v.ID)
		}
		if err != nil {
			return err
		}
		n, err := t.exec(ctx, text, v.ID, instant(v.Now))
		if err != nil {
			return err
		}
		if n == 0 {
			return order.Errorf(order.Conflict, "", "report %d (%s %s) is %s: %s", v.ID, r.Carrier, r.Tracking, r.State, refused)
		}
		e := reportEvent(event, &r)
		e.Detail, e.Actor = fmt.Sprintf("%s (%s)", v.Note, e.Detail), v.Actor
		return t.record(ctx, []Event{e}, v.Now)
	})
}

// ReportsByID returns the present state of reports that were read before.
func (l *Ledger) ReportsByID(ctx context.Context, rs []Report) ([]Report, error) {
	if len(rs) == 0 {
		return nil, nil
	}
	ids := make([]int64, len(rs))
	for i := range rs {
		ids[i] = rs[i].ID
	}
	return l.reports(ctx, `WHERE r.id IN `+idList(ids)+` ORDER BY r.id`)
}

// ReportsDue reports whether there is anything for which an account's mall has to be
// called now.
func (l *Ledger) ReportsDue(ctx context.Context, account int64, now time.Time) (bool, error) {
	var n int64
	err := l.r.QueryRowContext(ctx, `SELECT count(*) FROM (SELECT 1 FROM reports WHERE account_id = $1 AND state IN ('waiting', 'sent', 'unknown', 'accepted')
		AND state IN ('waiting', 'held', 'sent', 'unknown', 'accepted', 'upload', 'uploaded') AND next_at <= $2 LIMIT 1) x`, account, instant(now)).Scan(&n)
	return n > 0, explain("find due reports", err)
}
