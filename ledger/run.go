package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"time"

	"github.com/mallbridge/mallbridge/order"
)

// A Run is one pass of a stage over one target.
type Run struct {
	ID        int64     `json:"id"`
	Stage     string    `json:"stage"`
	Target    string    `json:"target"`
	Owner     string    `json:"owner"`
	StartedAt time.Time `json:"started_at"`
	EndedAt   time.Time `json:"ended_at,omitzero"`
	Outcome   string    `json:"outcome"` // ok, nothing, waiting, failed; empty while it runs or if it was killed
	Summary   string    `json:"summary"`
	Step      *RunStep  `json:"step,omitempty"` // what it is at; of one that was killed: was at
}

// StartRun records that a run begins.
func (l *Ledger) StartRun(ctx context.Context, stage, target, owner string, now time.Time) (id int64, err error) {
	if l.dialect == "postgres" && l.under == nil {
		// Every run takes a number of one counter, which others wait for: here for as
		// long as the server needs for one statement, not for a client that is slow.
		err = l.w.QueryRowContext(ctx, `WITH s AS (SELECT set_config('synchronous_commit', 'off', true) AS off),
			c AS (INSERT INTO counters (name, value) VALUES ('runs', 1) ON CONFLICT (name) DO UPDATE SET value = counters.value + 1 RETURNING value)
			INSERT INTO runs (id, stage, target, owner, started_at)
			SELECT c.value, CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS BIGINT) FROM c, s WHERE s.off = 'off' RETURNING id`,
			stage, target, owner, instant(now)).Scan(&id)
		return id, explain("start run", err)
	}
	err = l.jot(ctx, "start run", func(t tx) error {
		if id, err = t.ids(ctx, "runs", 1); err != nil {
			return err
		}
		_, err = t.exec(ctx, `INSERT INTO runs (id, stage, target, owner, started_at) VALUES ($1, $2, $3, $4, $5)`, id, stage, target, owner, instant(now))
		return err
	})
	return id, err
}

// A RunStep is what a run is at: 1,200 of 4,000 lines claimed.
type RunStep struct {
	What  string    `json:"what"`            // in English, as in "lines claimed"; package phrase has it in other languages
	Of    string    `json:"of,omitempty"`    // which of several: a batch, a span of time; never a person
	Done  int64     `json:"done,omitempty"`  // 0: nothing is counted
	Total int64     `json:"total,omitempty"` // 0: nobody knows
	At    time.Time `json:"at"`              // when it was told
}

// A RunLine is a line of the program's log that belongs to a run. It names nobody.
type RunLine struct {
	Seq   int64      `json:"-"` // 1, 2, 3 … in a run
	At    time.Time  `json:"at"`
	Level slog.Level `json:"level"`
	Text  string     `json:"text"` // the message and its values
}

// String writes the line as logs have it: its time in UTC, its level, its text.
func (x RunLine) String() string {
	return fmt.Sprintf("%s %-5s %s", x.At.UTC().Format("2006-01-02T15:04:05.000Z"), x.Level, x.Text)
}

// RunLines is how many lines of a run are kept: the last ones.
const RunLines = 500

// TellRun records what a run is at, and adds lines to its log.
func (l *Ledger) TellRun(ctx context.Context, id int64, step RunStep, lines []RunLine) error {
	return l.jot(ctx, "tell of a run", func(t tx) error {
		if step.What != "" {
			if _, err := t.exec(ctx, `INSERT INTO run_steps (run_id, what, of_what, done, total, at) VALUES ($1, $2, $3, $4, $5, $6)
				ON CONFLICT (run_id) DO UPDATE SET what = excluded.what, of_what = excluded.of_what, done = excluded.done, total = excluded.total, at = excluded.at`,
				id, step.What, step.Of, step.Done, step.Total, instant(step.At)); err != nil {
				return err
			}
		}
		return t.runLines(ctx, id, lines)
	})
}

func (t tx) runLines(ctx context.Context, id int64, lines []RunLine) error {
	if len(lines) == 0 {
		return nil
	}
	args := make([]any, 0, 5*len(lines))
	for _, x := range lines {
		args = append(args, id, x.Seq, instant(x.At), int64(x.Level), x.Text)
	}
	if _, err := t.bulk(ctx, `INSERT INTO run_lines (run_id, seq, at, level, line) VALUES `, `(?,?,?,?,?)`, ` ON CONFLICT DO NOTHING`, args); err != nil {
		return err
	}
	if last := lines[len(lines)-1].Seq; last > RunLines {
		_, err := t.exec(ctx, `DELETE FROM run_lines WHERE run_id = $1 AND seq <= $2`, id, last-RunLines)
		return err
	}
	return nil
}

// EndRun records how a run ended, with the lines of its log that were not told yet.
func (l *Ledger) EndRun(ctx context.Context, id int64, outcome, summary string, now time.Time, lines ...RunLine) error {
	return l.jot(ctx, "end run", func(t tx) error {
		if _, err := t.exec(ctx, `UPDATE runs SET ended_at = $2, outcome = $3, summary = $4 WHERE id = $1`, id, instant(now), outcome, summary); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `DELETE FROM run_steps WHERE run_id = $1`, id); err != nil {
			return err
		}
		return t.runLines(ctx, id, lines)
	})
}

const runColumns = `SELECT r.id, r.stage, r.target, r.owner, r.started_at, r.ended_at, r.outcome, r.summary,
	COALESCE(s.what, ''), COALESCE(s.of_what, ''), COALESCE(s.done, 0), COALESCE(s.total, 0), COALESCE(s.at, 0) FROM runs r LEFT JOIN run_steps s ON s.run_id = r.id `

// Runs lists runs, newest first.
func (l *Ledger) Runs(ctx context.Context, stage, target string, limit int) ([]Run, error) {
	return scanRuns(l.r.QueryContext(ctx, runColumns+`WHERE ($1 = '' OR r.stage = $1) AND ($2 = '' OR r.target = $2) ORDER BY r.id DESC LIMIT $3`, stage, target, limit))
}

// emptyCounts are what runs count that only looked: nothing was new, or moved.
var emptyCounts = []string{"replies", "windows", "known orders", "orders known newer", "still held"}

// emptyRun is true of a run that ended well and counted nothing else: without the names of
// those counts no letter is left of what it says.
var emptyRun = func() string {
	left := "r.summary"
	for _, name := range emptyCounts {
		left = "replace(" + left + ", ' " + name + "', '')"
	}
	return "(r.outcome = 'nothing' OR r.outcome IN ('ok', 'waiting') AND lower(" + left + ") = upper(" + left + "))"
}()

// RunsThatMoved is [Ledger.Runs] without those that found nothing new.
func (l *Ledger) RunsThatMoved(ctx context.Context, stage, target string, limit int) ([]Run, error) {
	return scanRuns(l.r.QueryContext(ctx, runColumns+`WHERE ($1 = '' OR r.stage = $1) AND ($2 = '' OR r.target = $2) AND NOT `+emptyRun+` ORDER BY r.id DESC LIMIT $3`, stage, target, limit))
}

// Run returns a run.
func (l *Ledger) Run(ctx context.Context, id int64) (Run, error) {
	rs, err := scanRuns(l.r.QueryContext(ctx, runColumns+`WHERE r.id = $1`, id))
	if err == nil && len(rs) == 0 {
		return Run{}, order.Errorf(order.NotFound, "list them with runs; one that found nothing to do is not kept", "there is no run %d", id)
	}
	if err != nil {
		return Run{}, err
	}
	return rs[0], nil
}

func scanRuns(rows *sql.Rows, err error) ([]Run, error) {
	if err != nil {
		return nil, explain("read runs", err)
	}
	defer rows.Close()
	var out []Run
	for rows.Next() {
		var r Run
		var x RunStep
		var s, e, at int64
		if err := rows.Scan(&r.ID, &r.Stage, &r.Target, &r.Owner, &s, &e, &r.Outcome, &r.Summary, &x.What, &x.Of, &x.Done, &x.Total, &at); err != nil {
			return nil, explain("read runs", err)
		}
		r.StartedAt, r.EndedAt = timeOf(s), timeOf(e)
		if x.What != "" {
			x.At = timeOf(at)
			r.Step = &x
		}
		out = append(out, r)
	}
	return out, explain("read runs", rows.Err())
}

// RunLog returns what is kept of the log of a run, oldest first: the lines of a level
// and the graver ones.
func (l *Ledger) RunLog(ctx context.Context, id int64, level slog.Level) ([]RunLine, error) {
	rows, err := l.r.QueryContext(ctx, `SELECT seq, at, level, line FROM run_lines WHERE run_id = $1 AND level >= $2 ORDER BY seq`, id, int64(level))
	if err != nil {
		return nil, explain("read the log of a run", err)
	}
	defer rows.Close()
	var out []RunLine
	for rows.Next() {
		var x RunLine
		var at, level int64
		if err := rows.Scan(&x.Seq, &at, &level, &x.Text); err != nil {
			return nil, explain("read the log of a run", err)
		}
		x.At, x.Level = timeOf(at), slog.Level(level)
		out = append(out, x)
	}
	return out, explain("read the log of a run", rows.Err())
}

// LastStep names the state of what runs are at: how many told it, and when one did
// last, in milliseconds.
func (l *Ledger) LastStep(ctx context.Context) (n, at int64, err error) {
	err = l.r.QueryRowContext(ctx, `SELECT count(*), COALESCE(max(at), 0) FROM run_steps`).Scan(&n, &at)
	return n, at, explain("look at what runs are at", err)
}

// A Tally counts the orders of an account, or of all, by what became of them.
type Tally struct {
	Orders     int64                  `json:"orders"`     // stored
	Seen       int64                  `json:"seen"`       // not planned yet
	Planned    int64                  `json:"planned"`    // has instructions
	Instructed int64                  `json:"instructed"` // planned, and every instruction of it is in a delivered batch
	Shipped    int64                  `json:"shipped"`    // every instruction of it has a tracking number
	Held       map[order.Reason]int64 `json:"held"`       // by the first reason
	Outside    map[order.Reason]int64 `json:"outside"`
	Warned     map[order.Reason]int64 `json:"warned"`  // planned orders with a hold: changed, cancelled or refused after the instruction
	Refused    int64                  `json:"refused"` // orders whose rows were refused
}

// Tally counts the orders of an account, or of all if it is empty. Orders = Seen +
// Planned + Σ Held + Σ Outside, always.
func (l *Ledger) Tally(ctx context.Context, account string) (Tally, error) {
	all, err := l.tallies(ctx, account)
	if account != "" {
		if t, ok := all[account]; ok {
			return *t, err
		}
		return newTally(), err
	}
	sum := newTally()
	for _, t := range all {
		sum.add(t)
	}
	return sum, err
}

// Tallies counts the orders of every account that has some, by name.
func (l *Ledger) Tallies(ctx context.Context) (map[string]*Tally, error) { return l.tallies(ctx, "") }

func newTally() Tally {
	return Tally{Held: map[order.Reason]int64{}, Outside: map[order.Reason]int64{}, Warned: map[order.Reason]int64{}}
}

func (t *Tally) add(x *Tally) {
	t.Orders += x.Orders
	t.Seen += x.Seen
	t.Planned += x.Planned
	t.Instructed += x.Instructed
	t.Shipped += x.Shipped
	t.Refused += x.Refused
	for _, m := range []struct{ to, of map[order.Reason]int64 }{{t.Held, x.Held}, {t.Outside, x.Outside}, {t.Warned, x.Warned}} {
		for r, n := range m.of {
			m.to[r] += n
		}
	}
}

func (l *Ledger) tallies(ctx context.Context, account string) (map[string]*Tally, error) {
	out := map[string]*Tally{}
	of := func(name string) *Tally {
		if out[name] == nil {
			t := newTally()
			out[name] = &t
		}
		return out[name]
	}
	err := l.byAccount(ctx, account, `SELECT a.name, o.state, o.reason, count(*) FROM orders o JOIN accounts a ON a.id = o.account_id
		WHERE ($1 = '' OR a.name = $1) GROUP BY a.name, o.state, o.reason`, func(name string, s int64, r order.Reason, n int64) {
		t := of(name)
		t.Orders += n
		switch State(s) {
		case Seen:
			t.Seen += n
		case Held:
			t.Held[r] += n
		case Outside:
			t.Outside[r] += n
		default:
			t.Planned += n
		}
	})
	if err != nil {
		return nil, explain("count orders", err)
	}
	err = l.byAccount(ctx, account, `SELECT a.name, CAST(COALESCE(sum(sent), 0) AS BIGINT), '', CAST(COALESCE(sum(shipped), 0) AS BIGINT) FROM (
		SELECT o.account_id, x.order_id, min(CASE WHEN b.state = 'delivered' THEN 1 ELSE 0 END) AS sent, min(CASE WHEN i.state = 5 THEN 1 ELSE 0 END) AS shipped
		FROM instruction_lines x JOIN instructions i ON i.id = x.instruction_id JOIN orders o ON o.id = x.order_id JOIN accounts n ON n.id = o.account_id
		LEFT JOIN batch_items t ON t.instruction_id = i.id LEFT JOIN batches b ON b.id = t.batch_id
		WHERE o.state IN (3, 4) AND ($1 = '' OR n.name = $1) GROUP BY o.account_id, x.order_id) y JOIN accounts a ON a.id = y.account_id GROUP BY a.name`,
		func(name string, sent int64, _ order.Reason, shipped int64) {
			of(name).Instructed, of(name).Shipped = sent, shipped
		})
	if err != nil {
		return nil, explain("count instructions", err)
	}
	err = l.byAccount(ctx, account, `SELECT owner, 0, '', CAST(COALESCE(sum(orders_refused), 0) AS BIGINT) FROM files WHERE kind IN ('orders', 'pages') AND ($1 = '' OR owner = $1) GROUP BY owner`,
		func(name string, _ int64, _ order.Reason, n int64) {
			if n > 0 {
				of(name).Refused = n
			}
		})
	if err != nil {
		return nil, explain("count refused orders", err)
	}
	err = l.byAccount(ctx, account, `SELECT a.name, 0, h.reason, count(DISTINCT h.order_id) FROM holds h JOIN orders o ON o.id = h.order_id JOIN accounts a ON a.id = o.account_id
		WHERE o.state IN (3, 4) AND ($1 = '' OR a.name = $1) GROUP BY a.name, h.reason`, func(name string, _ int64, r order.Reason, n int64) { of(name).Warned[r] = n })
	return out, explain("count warnings", err)
}

// byAccount calls each for rows of an account's name, a number, a reason and a
// number.
func (l *Ledger) byAccount(ctx context.Context, account, text string, each func(name string, a int64, r order.Reason, b int64)) error {
	rows, err := l.r.QueryContext(ctx, text, account)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var r order.Reason
		var a, b int64
		if err := rows.Scan(&name, &a, &r, &b); err != nil {
			return err
		}
		each(name, a, r, b)
	}
	return rows.Err()
}

// A Balance is the proof for one batch: what was claimed, what the file says,
// what the warehouse answered.
type Balance struct {
	Batch    Batch `json:"batch"`
	Claimed  int64 `json:"claimed"`  // pieces of order lines claimed by its instructions
	Numbers  int64 `json:"numbers"`  // its instructions
	Accepted int64 `json:"accepted"` // instructions acknowledged or shipped
	Refused  int64 `json:"refused"`  // instructions the warehouse refused
	Shipped  int64 `json:"shipped"`
	// The same in pieces of order lines.
	AcceptedLines int64 `json:"accepted_lines"`
	RefusedLines  int64 `json:"refused_lines"`
}

// An instruction that was refused and taken back has no pieces any more; it
// counts with as many as it had.
const balanceText = `SELECT count(*), COALESCE(sum(accepted), 0), COALESCE(sum(refused), 0), COALESCE(sum(shipped), 0),
	COALESCE(sum(pieces), 0), COALESCE(sum(accepted * pieces), 0), COALESCE(sum(refused * pieces), 0)
	FROM (SELECT CASE WHEN a.ok = 1 OR i.state = 5 THEN 1 ELSE 0 END AS accepted, CASE WHEN a.ok = 0 AND i.state <> 5 THEN 1 ELSE 0 END AS refused,
		CASE WHEN i.state = 5 THEN 1 ELSE 0 END AS shipped,
		CASE WHEN i.state = 2 THEN i.line_count ELSE (SELECT count(*) FROM instruction_lines x WHERE x.instruction_id = i.id) END AS pieces
		FROM batch_items t JOIN instructions i ON i.id = t.instruction_id LEFT JOIN acks a ON a.instruction_id = i.id AND a.stop = 0 WHERE t.batch_id = $1) y`

// Balances returns the proof rows of the batches claimed in [from, to).
func (l *Ledger) Balances(ctx context.Context, from, to time.Time) ([]Balance, error) {
	bs, err := l.batches(ctx, `WHERE b.claimed_at >= $1 AND b.claimed_at < $2 ORDER BY b.id`, instant(from), instant(to))
	if err != nil {
		return nil, err
	}
	out := make([]Balance, len(bs))
	for i := range bs {
		out[i].Batch = bs[i]
		o := &out[i]
		if err := l.r.QueryRowContext(ctx, balanceText, bs[i].ID).Scan(&o.Numbers, &o.Accepted, &o.Refused, &o.Shipped,
			&o.Claimed, &o.AcceptedLines, &o.RefusedLines); err != nil {
			return nil, explain("balance", err)
		}
	}
	return out, nil
}

// Unclaimed counts the planned orders that have no instruction at all, which
// must be none.
func (l *Ledger) Unclaimed(ctx context.Context) (n int64, err error) {
	err = l.r.QueryRowContext(ctx, `SELECT count(*) FROM orders o WHERE o.state IN (3, 4) AND NOT EXISTS (SELECT 1 FROM instruction_lines x WHERE x.order_id = o.id)`).Scan(&n)
	return n, explain("look for orders without instructions", err)
}

// ForgetRun removes the record of a run that found nothing to do.
func (l *Ledger) ForgetRun(ctx context.Context, id int64) error {
	return l.jot(ctx, "forget run", func(t tx) error {
		for _, text := range []string{`DELETE FROM runs WHERE id = $1`, `DELETE FROM run_steps WHERE run_id = $1`, `DELETE FROM run_lines WHERE run_id = $1`} {
			if _, err := t.exec(ctx, text, id); err != nil {
				return err
			}
		}
		return nil
	})
}
