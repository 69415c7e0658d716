package ledger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/mallbridge/mallbridge/order"
)

// The tests that need a second process start their own binary again, with what
// it shall do in the environment.
const (
	childRole  = "LEDGER_TEST_CHILD"
	childDSN   = "LEDGER_TEST_DSN"
	childFirst = "LEDGER_TEST_FIRST" // first order of its own
)

const (
	childShare = 600 // orders that a working child stores
	childStep  = 40  // orders in a transaction
)

func startChild(t testing.TB, role, dsn string, first int) (*exec.Cmd, io.Reader) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), childRole+"="+role, childDSN+"="+dsn, childFirst+"="+strconv.Itoa(first))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	ok(t, err)
	ok(t, cmd.Start())
	return cmd, out
}

// child is the main function of such a process.
func child(role string) int {
	err := func() error {
		first, err := strconv.Atoi(os.Getenv(childFirst))
		if err != nil {
			return err
		}
		ctx := context.Background()
		l, err := Open(ctx, os.Getenv(childDSN))
		if err != nil {
			return err
		}
		defer l.Close()
		return work(ctx, l, first, os.Stdout)
	}()
	if err != nil {
		fmt.Fprintln(os.Stderr, role, "child:", err)
		return 1
	}
	return 0
}

// work stores orders, plans what is pending and claims what is ready, each in
// small steps that others may do at the same time. It prints a line for each
// step that it is sure of.
func work(ctx context.Context, l *Ledger, first int, out io.Writer) error {
	acc, _, err := l.Account(ctx, "rakuten-main", noon)
	if err != nil {
		return err
	}
	wh, err := l.Warehouse(ctx, "tokyo")
	if err != nil {
		return err
	}
	for next, idle := first, 0; idle < 2; {
		idle++
		if n := min(childStep, first+childShare-next); n > 0 {
			if _, err := l.PutOrders(ctx, acc, int64(first+1), samples(next, n), noon); retry(err) {
				idle = 0
			} else if err != nil {
				return err
			} else {
				next += n
				idle = 0
				fmt.Fprintln(out, "put", next)
			}
		}
		did, err := planSome(ctx, l, acc, wh)
		if retry(err) {
			idle = 0
		} else if err != nil {
			return err
		} else if did > 0 {
			idle = 0
			fmt.Fprintln(out, "planned", did)
		}
		b, err := l.Claim(ctx, Claim{WarehouseID: wh, Format: "plain", ShipOn: "2026-11-23", Limit: 30, Name: batchName}, noon)
		if retry(err) {
			idle = 0
		} else if err != nil {
			return err
		} else if b != nil {
			idle = 0
			fmt.Fprintln(out, "claimed", b.ID, b.Instructions)
		}
	}
	return nil
}

// retry reports whether someone else was faster or is at work.
func retry(err error) bool {
	return errors.Is(err, ErrChanged) || err != nil && (order.CodeOf(err) == order.Retry || order.CodeOf(err) == order.Conflict)
}

func planSome(ctx context.Context, l *Ledger, acc, wh int64) (int, error) {
	rows, err := l.Pending(ctx, acc, Seen, 0, childStep)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	p := &Plan{}
	for i := range rows {
		r := &rows[i]
		d := Disposition{ID: r.ID, Version: r.Version, Was: r.State, State: Planned}
		if r.ID%5 == 0 {
			d.State, d.Reason, d.Holds = Held, order.HoldSKU, []order.Hold{{Reason: order.HoldSKU, Detail: r.Order.Number}}
		} else {
			p.Instructions = append(p.Instructions, instructionFor(r.ID, acc, wh, r.Order))
		}
		p.Orders = append(p.Orders, d)
	}
	return len(rows), l.Apply(ctx, p, noon)
}

// checkWhole looks for what must always hold, whatever happened before.
func checkWhole(t testing.TB, l *Ledger) {
	t.Helper()
	ctx := context.Background()
	tally, err := l.Tally(ctx, "")
	ok(t, err)
	sum := tally.Seen + tally.Planned
	for _, n := range tally.Held {
		sum += n
	}
	for _, n := range tally.Outside {
		sum += n
	}
	if sum != tally.Orders {
		t.Errorf("%d orders, but the parts sum to %d: %+v", tally.Orders, sum, tally)
	}
	for what, text := range map[string]string{
		"orders without a document":                 `SELECT count(*) FROM orders o WHERE NOT EXISTS (SELECT 1 FROM order_docs d WHERE d.order_id = o.id)`,
		"documents without an order":                `SELECT count(*) FROM order_docs d WHERE NOT EXISTS (SELECT 1 FROM orders o WHERE o.id = d.order_id)`,
		"instructions without a document":           `SELECT count(*) FROM instructions i WHERE NOT EXISTS (SELECT 1 FROM instruction_docs d WHERE d.instruction_id = i.id)`,
		"planned orders without a piece":            `SELECT count(*) FROM orders o WHERE o.state IN (3, 4) AND NOT EXISTS (SELECT 1 FROM instruction_lines x WHERE x.order_id = o.id)`,
		"pieces of orders that are not planned":     `SELECT count(*) FROM instruction_lines x JOIN orders o ON o.id = x.order_id WHERE o.state NOT IN (3, 4)`,
		"pieces without an instruction":             `SELECT count(*) FROM instruction_lines x WHERE NOT EXISTS (SELECT 1 FROM instructions i WHERE i.id = x.instruction_id AND i.state <> 2)`,
		"instructions without pieces":               `SELECT count(*) FROM instructions i WHERE i.state <> 2 AND NOT EXISTS (SELECT 1 FROM instruction_lines x WHERE x.instruction_id = i.id)`,
		"ready instructions in a batch":             `SELECT count(*) FROM instructions i JOIN batch_items b ON b.instruction_id = i.id WHERE i.state = 0`,
		"claimed instructions outside any batch":    `SELECT count(*) FROM instructions i WHERE i.state NOT IN (0, 2) AND NOT EXISTS (SELECT 1 FROM batch_items b WHERE b.instruction_id = i.id)`,
		"held orders without a hold":                `SELECT count(*) FROM orders o WHERE o.state = 1 AND NOT EXISTS (SELECT 1 FROM holds h WHERE h.order_id = o.id)`,
		"batches that count their instructions ill": `SELECT count(*) FROM batches b WHERE b.instructions <> (SELECT count(*) FROM batch_items i WHERE i.batch_id = b.id)`,
		"batches that count their lines ill": `SELECT count(*) FROM batches b WHERE b.line_count - (SELECT count(*) FROM batch_items i
			JOIN instruction_lines x ON x.instruction_id = i.instruction_id WHERE i.batch_id = b.id)
			- (SELECT COALESCE(sum(n.line_count), 0) FROM batch_items i JOIN instructions n ON n.id = i.instruction_id WHERE i.batch_id = b.id AND n.state = 2) <> 0`,
		"open batches without instructions": `SELECT count(*) FROM batches b WHERE b.instructions = 0 AND b.state <> 'dropped'`,
	} {
		var n int64
		ok(t, l.r.QueryRowContext(ctx, text).Scan(&n))
		if n != 0 {
			t.Errorf("%d %s", n, what)
		}
	}
	if l.dialect == "sqlite" {
		for _, check := range []string{`PRAGMA integrity_check`, `PRAGMA foreign_key_check`} {
			rows, err := l.r.QueryContext(ctx, check)
			ok(t, err)
			said, err := rows.Columns()
			ok(t, err)
			var lines []string
			for rows.Next() {
				into := make([]any, len(said))
				for i := range into {
					into[i] = new(any)
				}
				ok(t, rows.Scan(into...))
				lines = append(lines, fmt.Sprint(*into[0].(*any)))
			}
			ok(t, rows.Close())
			if got := strings.Join(lines, "\n"); got != "" && got != "ok" {
				t.Errorf("%s: %s", check, got)
			}
		}
	}
}
