package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mallbridge/mallbridge/pipeline"
	"github.com/mallbridge/mallbridge/pipeline/stage"
	"github.com/mallbridge/mallbridge/simulator/orders"
)

func (w *world) tellBegin() {
	p := w.paper
	p.line("%s", p.bold(p.say(wordTitle.with(len(accounts), len(w.sites)))))
	p.line("")
	p.line("  %s  %s", cell{p.say(wordWorkspace), 14}.pad(), w.o.Dir)
	for _, s := range w.sites {
		p.line("  %s  %s  sftp://%s@%s:%d  %s", cell{p.say(wordSites), 14}.pad(), cell{s.name, 6}.pad(), s.server.User, s.server.Host, s.server.Port, p.dim(s.server.Fingerprint))
	}
	p.line("  %s", fmt.Sprintf(p.say(wordSeed), w.start.Format(time.DateOnly), w.o.Seed))
}

func (w *world) tellEnd(s Summary, pages string) {
	p := w.paper
	p.line("")
	p.line("%s", p.bold(p.say(wordSum)))
	var held int64
	for _, n := range s.Held {
		held += n
	}
	for _, x := range []struct {
		text text
		n    int64
	}{{wordSeen, s.OrdersSeen}, {wordInstructed, s.Instructed}, {wordShipped, s.Shipped}, {wordHeld, held}, {wordOutside, s.Outside}, {wordRefused, s.Refused}, {wordBatches, s.Batches}} {
		p.row(cell{p.say(x.text), 24}, cell{number(x.n), -8})
	}
	p.line("")
	if w.o.removed() {
		return
	}
	if pages != "" {
		p.line("  %s  %s", cell{p.say(wordPages), 14}.pad(), p.bold(pages))
		p.line("")
	}
	if w.o.Once {
		p.line("%s", p.say(wordTry))
	} else {
		p.line("%s", p.say(wordGoesOn))
	}
	for _, c := range w.commands() {
		p.line("  mallbridge %s --dir %s", c, w.o.Dir)
	}
	p.line("")
}

// commands are worth trying on the workspace.
func (w *world) commands() []string {
	out := []string{"check", "holds", "batches", "prove", "sku unmapped"}
	for _, kind := range []string{"new listing", "dead listing", "two recipients"} {
		for _, o := range w.placed[orders.Rakuten] {
			if o.Kind == kind {
				out = append(out, "why "+o.Number)
				break
			}
		}
	}
	return out
}

// goOn lets new orders come in until ctx ends.
func (w *world) goOn(ctx context.Context) error {
	w.clock.set(time.Time{})
	for round := 0; ; round++ {
		if err := stage.Sleep(ctx, w.o.Every); err != nil {
			break
		}
		if err := w.round(ctx, round); err != nil {
			if ctx.Err() != nil {
				break
			}
			if !errors.Is(err, pipeline.ErrBusy) {
				return err
			}
		}
	}
	w.paper.line("")
	w.paper.line(w.paper.say(wordEnd), w.o.Dir)
	return nil
}

// arrive lets n orders come in at one shop.
func (w *world) arrive(account, mall string, now time.Time, n int) error {
	if s, ok := w.shops[account]; ok {
		_, err := s.stand.Put(w.stream.Ordinary(mall, now, n), false)
		return err
	}
	s, err := w.sheet(mall, w.stream.Mall(mall, now, n))
	if err != nil {
		return err
	}
	return w.drop(account, s)
}

// round is one drop of a few orders at one shop, and everything that follows.
func (w *world) round(ctx context.Context, n int) error {
	a := accounts[n%len(accounts)]
	now := w.clock.now().In(japan)
	if err := w.arrive(a.name, a.mall, now, 3+n%5); err != nil {
		return err
	}
	results, err := w.stagesOn(ctx, a.name, "extract", "plan", "instruct")
	if err != nil {
		return err
	}
	for _, x := range w.sites {
		if _, _, err := x.w.Day(); err != nil {
			return err
		}
	}
	more, err := w.stages(ctx, "collect")
	if err != nil {
		return err
	}
	sum := func(stage, what string) (n int64) {
		for _, r := range append(results, more...) {
			if r.Stage == stage {
				n += r.Report.Counts[what]
			}
		}
		return n
	}
	w.paper.line("%s  %s", w.paper.bold(now.Format("15:04:05")), fmt.Sprintf(w.paper.say(wordRound), a.name, sum("extract", "new orders"), sum("plan", "planned"), sum("plan", "held"),
		sum("instruct", "instructions"), sum("collect", "results")))
	return nil
}
