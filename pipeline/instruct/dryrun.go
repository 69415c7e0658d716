package instruct

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"

	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/files"
)

// dryRun writes the bytes that the next batch would have, and says how its rows
// differ from the last batch. It changes nothing.
func (r *runner) dryRun(ctx context.Context) error {
	now := r.env.Now()
	next, err := r.env.Ledger.NextBatch(ctx)
	if err != nil {
		return err
	}
	number, name, err := r.name(next, now)
	if err != nil {
		return err
	}
	out, err := files.NewOut(r.env, r.w, number, now)
	if err != nil {
		return err
	}
	var file bytes.Buffer
	sum, misfits, err := out.To(&file, func(each func(*order.Instruction) error) error {
		return r.env.Ledger.Ready(ctx, r.id, r.cal.NextShipDay(now), r.w.Instructions.MaxInstructions, each)
	})
	if err != nil {
		return err
	}
	for _, m := range misfits {
		r.rep.Notef("%s: %s would leave the batch: %s", r.w.Name, m.Instruction.Number, m.String())
	}
	if sum.Instructions == 0 {
		return nil
	}
	r.rep.Add("would instruct", sum.Instructions)
	r.rep.Notef("%s: %s, %d rows, %d bytes, SHA-256 %s", r.w.Name, name, sum.Rows, sum.Bytes, sum.SHA256)
	last, err := r.env.Ledger.Batches(ctx, r.w.Name, 1)
	if err != nil {
		return err
	}
	if len(last) > 0 {
		r.compare(last[0], file.Bytes())
	}
	_, err = file.WriteTo(r.env.DryRun)
	return err
}

// compare counts the lines that the last batch had and this one has not, and the
// other way round.
func (r *runner) compare(last ledger.Batch, file []byte) {
	old, err := os.ReadFile(r.env.Workspace.Path(last.Path))
	if err != nil {
		r.rep.Notef("%s: the last file %s cannot be compared: %v", r.w.Name, last.Name, err)
		return
	}
	was, is := lines(old), lines(file)
	gone, added := 0, 0
	for l, n := range was {
		gone += max(n-is[l], 0)
	}
	for l, n := range is {
		added += max(n-was[l], 0)
	}
	r.rep.Notef("%s: against %s: %s", r.w.Name, last.Name, fmt.Sprintf("%d lines new, %d lines of the last file not in this one", added, gone))
}

func lines(b []byte) map[string]int {
	m := map[string]int{}
	s := bufio.NewScanner(bytes.NewReader(b))
	s.Buffer(nil, len(b)+1)
	for s.Scan() {
		m[s.Text()]++
	}
	return m
}
