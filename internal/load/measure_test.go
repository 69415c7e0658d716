package load_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A moment is what was used and done until then.
type moment struct {
	at                       time.Time
	program, database, malls float64 // seconds of CPU
	memory, connections      int64   // bytes of the program; of everybody to the database
	size, wal, commits       int64   // of the database
	done, waiting            int64   // jobs
	orders, told             int64
}

// measure sells for the minutes that are asked for, and says what that took: all of
// it, and what came after the first wave, when everything is due at once.
func (w *world) measure() {
	ctx, stop := context.WithTimeout(w.Context(), time.Duration(w.minutes)*time.Minute)
	defer stop()
	w.waitFor(ctx, `SELECT to_regclass('river_job') IS NOT NULL AND to_regclass('reports') IS NOT NULL`)
	_, err := w.db.ExecContext(ctx, `CREATE EXTENSION IF NOT EXISTS pg_stat_statements`)
	w.check(err)
	go w.sell(ctx)
	t := time.NewTicker(15 * time.Second)
	defer t.Stop()
	first := w.now()
	calm := first
	last := first
	for over := false; !over; {
		select {
		case <-t.C:
		case <-ctx.Done():
			over = true
		case <-w.nodes[0].Done():
			w.ended()
		}
		m := w.now()
		w.Logf("%4.0f s: %s, %d wait, %d connections, %d MiB", m.at.Sub(first.at).Seconds(), m.since(last), m.waiting, m.connections, m.memory>>20)
		if calm == first && m.waiting < 50 {
			calm = m
			w.Logf("the first wave is over")
			_, err := w.db.ExecContext(w.Context(), `SELECT pg_stat_statements_reset()`)
			w.check(err)
		}
		last = m
	}
	w.Logf("in all: %s", last.since(first))
	if calm != first {
		w.Logf("after the first wave: %s", last.since(calm))
	}
	w.tell(calm)
}

// waitFor waits until a query says yes.
func (w *world) waitFor(ctx context.Context, text string) {
	t := time.NewTicker(200 * time.Millisecond)
	defer t.Stop()
	for yes := false; !yes; {
		w.check(w.db.QueryRowContext(ctx, text).Scan(&yes))
		select {
		case <-t.C:
		case <-ctx.Done():
			w.Fatal(ctx.Err())
		}
	}
}

func (m moment) since(x moment) string {
	s := m.at.Sub(x.at).Seconds()
	jobs, orders := float64(m.done-x.done), float64(m.told-x.told)
	text := fmt.Sprintf("%.1f jobs/s, %.1f orders in and %.1f told/s, CPU %.2f program %.2f PostgreSQL %.2f malls, %.0f commits/s, WAL %.0f KB/s, %+d MiB",
		jobs/s, float64(m.orders-x.orders)/s, orders/s, (m.program-x.program)/s, (m.database-x.database)/s, (m.malls-x.malls)/s,
		float64(m.commits-x.commits)/s, float64(m.wal-x.wal)/s/1000, (m.size-x.size)>>20)
	if jobs > 0 {
		text += fmt.Sprintf(", ms of CPU per job %.1f + %.1f", 1000*(m.program-x.program)/jobs, 1000*(m.database-x.database)/jobs)
	}
	return text
}

func (w *world) now() moment {
	m := moment{at: time.Now(), malls: cpuOf(os.Getpid())}
	for _, n := range w.nodes {
		m.program += cpuOf(n.Pid())
		m.memory += residentOf(n.Pid())
	}
	m.database = cpuOf(w.pg.Pid())
	for _, pid := range childrenOf(w.pg.Pid()) {
		m.database += cpuOf(pid)
	}
	m.connections = w.count(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()`)
	m.size = w.count(`SELECT pg_database_size(current_database())`)
	m.wal = w.count(`SELECT CAST(pg_current_wal_lsn() - '0/0' AS BIGINT)`)
	m.commits = w.count(`SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()`)
	m.done = w.count(`SELECT count(*) FROM river_job WHERE state = 'completed'`)
	m.waiting = w.count(`SELECT count(*) FROM river_job WHERE state = 'available'`)
	m.orders = w.count(`SELECT count(*) FROM orders`)
	m.told = w.count(`SELECT count(*) FROM reports WHERE sent_at > 0`)
	return m
}

// tell says more of what was done since a moment.
func (w *world) tell(since moment) {
	for _, q := range []struct{ what, text string }{
		{"jobs: stage, number, mean ms, begun after their slot in ms (half, 99 of 100, latest)", `SELECT args->>'stage', count(*),
			round(avg(extract(epoch FROM finalized_at - attempted_at)) * 1000),
			round((percentile_cont(0.5) WITHIN GROUP (ORDER BY late) FILTER (WHERE late IS NOT NULL))::numeric * 1000),
			round((percentile_cont(0.99) WITHIN GROUP (ORDER BY late) FILTER (WHERE late IS NOT NULL))::numeric * 1000), round(max(late) * 1000)
			FROM (SELECT *, CASE WHEN args->>'slot' LIKE '20%' THEN extract(epoch FROM attempted_at - CAST(args->>'slot' AS timestamptz)) END AS late FROM river_job) j
			WHERE state = 'completed' AND attempted_at > $1 GROUP BY 1 ORDER BY 2 DESC`},
		{"orders: from the buyer's click to the drop, and until the mall was told, in s (half, 99 of 100)", `SELECT
			round((percentile_cont(0.5) WITHIN GROUP (ORDER BY b.delivered_at - o.ordered_at))::numeric / 1000), round((percentile_cont(0.99) WITHIN GROUP (ORDER BY b.delivered_at - o.ordered_at))::numeric / 1000),
			round((percentile_cont(0.5) WITHIN GROUP (ORDER BY r.sent_at - o.ordered_at))::numeric / 1000), round((percentile_cont(0.99) WITHIN GROUP (ORDER BY r.sent_at - o.ordered_at))::numeric / 1000)
			FROM orders o JOIN reports r ON r.order_id = o.id JOIN batch_items i ON i.instruction_id = r.instruction_id JOIN batches b ON b.id = i.batch_id
			WHERE r.sent_at > 0 AND o.ordered_at > extract(epoch FROM CAST($1 AS timestamptz)) * 1000`},
		{"tables: rows, KB with indexes, rows inserted, updated, deleted, dead", `SELECT c.relname, CAST(c.reltuples AS BIGINT), pg_total_relation_size(c.oid) / 1024, s.n_tup_ins, s.n_tup_upd, s.n_tup_del, s.n_dead_tup
			FROM pg_class c JOIN pg_stat_user_tables s ON s.relid = c.oid WHERE now() > $1 ORDER BY 3 DESC LIMIT 20`},
		{"statements: total ms, calls, mean ms, rows, text", `SELECT round(total_exec_time), calls, round(mean_exec_time::numeric, 3), rows, left(regexp_replace(query, '\s+', ' ', 'g'), 150)
			FROM pg_stat_statements WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND now() > $1 ORDER BY total_exec_time DESC LIMIT 25`},
	} {
		_, err := w.db.ExecContext(w.Context(), `ANALYZE`)
		w.check(err)
		rows, err := w.db.QueryContext(w.Context(), q.text, since.at)
		w.check(err)
		columns, err := rows.Columns()
		w.check(err)
		values, to := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			to[i] = &values[i]
		}
		w.Logf("%s", q.what)
		for rows.Next() {
			w.check(rows.Scan(to...))
			var b strings.Builder
			for _, v := range values {
				fmt.Fprintf(&b, "  %v", v)
			}
			w.Log(b.String())
		}
		w.check(rows.Err())
		w.check(rows.Close())
	}
}

// ticks are those of Linux's clock in a second, as /proc counts.
const ticks = 100

// cpuOf is how many seconds of CPU a process has used, with its children that ended.
// It is 0 where there is no /proc.
func cpuOf(pid int) float64 {
	sum := 0
	for _, text := range statOf(pid)[11:15] {
		n, _ := strconv.Atoi(text)
		sum += n
	}
	return float64(sum) / ticks
}

// statOf are the fields of a process behind its name.
func statOf(pid int) []string {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := strings.Cut(string(text), ") ")
	return append(strings.Fields(rest), make([]string, 15)...)
}

func childrenOf(parent int) (out []int) {
	names, _ := filepath.Glob("/proc/[0-9]*")
	for _, name := range names {
		pid, _ := strconv.Atoi(filepath.Base(name))
		if statOf(pid)[1] == strconv.Itoa(parent) {
			out = append(out, pid)
		}
	}
	return out
}

// residentOf is the memory that a process holds, in bytes.
func residentOf(pid int) int64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	fields := append(strings.Fields(string(text)), "", "")
	pages, _ := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize())
}
