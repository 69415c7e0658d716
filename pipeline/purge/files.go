package purge

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/internal/fault"
	"github.com/mallbridge/mallbridge/internal/folders"
	"github.com/mallbridge/mallbridge/ledger"
)

var folderNames = []string{"archive", "calls", "done", "rejected", "outbox", "uploads", "copies"}

// impersonal are kinds of files that hold nothing about people.
var impersonal = []string{ledger.FileStock}

func (p *purger) files(ctx context.Context) error {
	for _, f := range []func(context.Context) error{p.archive, p.unknown, p.calls, p.done, p.rejected, p.outbox, p.uploads, p.copies} {
		if err := f(ctx); err != nil {
			return err
		}
	}
	return nil
}

// remove takes a file away and counts it. One that is gone already counts for
// nothing.
func (p *purger) remove(ctx context.Context, what string, dir *folders.Folder, name string) error {
	path := dir.Path(name)
	if p.removed[path] {
		return nil
	}
	p.removed[path] = true
	info, err := dir.Stat(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if !p.o.DryRun {
		if err := dir.Remove(ctx, name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	p.count(what, info.Size)
	return nil
}

func (p *purger) count(what string, size int64) {
	f := p.folders[what]
	if f == nil {
		f = &Folder{Name: what}
		p.folders[what] = f
	}
	f.Files++
	f.Bytes += size
	if !p.o.DryRun {
		fault.At(atRemoved)
	}
}

// archive removes the copies of files that came in, by the ledger's list.
func (p *purger) archive(ctx context.Context) error {
	owners, err := p.env.Ledger.FileOwners(ctx)
	if err != nil {
		return err
	}
	kept, err := p.env.Ledger.KeptPaths(ctx)
	if err != nil {
		return err
	}
	for _, owner := range owners {
		limit := p.limitOf(owner)
		if limit.IsZero() {
			continue
		}
		old, err := p.env.Ledger.FilesToPurge(ctx, owner, impersonal, limit)
		if err != nil {
			return err
		}
		for i := range old {
			kept[old[i].Path]--
		}
		for i := range old {
			f := &old[i]
			if f.RefusedPath != "" {
				dir, name := p.env.File(f.RefusedPath)
				if err := p.remove(ctx, "rejected", dir, name); err != nil {
					return err
				}
			}
			if kept[f.Path] <= 0 { // no younger file has the same bytes
				if err := p.remove(ctx, "archive", p.env.Folder(p.env.Workspace.Settings.Archive), f.Path); err != nil {
					return err
				}
			}
			if p.o.DryRun {
				continue
			}
			if err := p.env.Ledger.PurgeFile(ctx, f.ID, p.now); err != nil {
				return err
			}
		}
	}
	return nil
}

var month = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}$`)

// unknown removes copies that the ledger does not know, which a crash left, and
// folders of months of which nothing is left.
func (p *purger) unknown(ctx context.Context) error {
	kept, err := p.env.Ledger.KeptPaths(ctx)
	if err != nil || p.shared.IsZero() {
		return err
	}
	root := p.env.Folder(p.env.Workspace.Settings.Archive)
	months, err := root.All(ctx)
	if err != nil {
		return err
	}
	for _, m := range months {
		if !m.Dir || !month.MatchString(m.Name) {
			continue
		}
		left := 0
		for e, err := range root.Sub(m.Name).List(ctx) {
			if err != nil {
				return err
			}
			if hidden(e) {
				continue
			}
			if left++; kept[m.Name+"/"+e.Name] > 0 || e.Dir || !e.ModTime.Before(p.shared) {
				continue
			}
			if err := p.remove(ctx, "archive", root.Sub(m.Name), e.Name); err != nil {
				return err
			}
			left--
		}
		if left == 0 && !p.o.DryRun && m.Name < p.now.UTC().Format("2006-01") {
			if err := root.RemoveDir(m.Name); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

// calls removes what was kept of calls of malls, by the day that its name begins with.
func (p *purger) calls(ctx context.Context) error {
	return p.each(ctx, p.env.Folder(p.env.Workspace.Settings.Archive, "calls"), "calls", func(_ string, e folders.Info, _ map[string]folders.Info) time.Time {
		day, err := time.Parse("2006-01-02", e.Name[:min(10, len(e.Name))])
		if err != nil {
			return e.ModTime
		}
		return day.AddDate(0, 0, 1)
	})
}

// done removes sheets that were read, by the time in the name.
func (p *purger) done(ctx context.Context) error {
	return p.each(ctx, p.env.Folder(p.env.Workspace.Settings.Done), "done", func(_ string, e folders.Info, _ map[string]folders.Info) time.Time {
		stamp, _, _ := strings.Cut(e.Name, "_")
		at, err := time.Parse("20060102T150405Z", stamp)
		if err != nil {
			return e.ModTime
		}
		return at
	})
}

// rejected removes sheets that could not be read, with the reasons beside them. A
// sheet keeps its own time when it is moved; the reason tells when that was.
func (p *purger) rejected(ctx context.Context) error {
	return p.each(ctx, p.env.Folder(p.env.Workspace.Settings.Rejected), "rejected", func(_ string, e folders.Info, beside map[string]folders.Info) time.Time {
		if reason, ok := beside[e.Name+".reason.txt"]; ok && reason.ModTime.After(e.ModTime) {
			return reason.ModTime
		}
		return e.ModTime
	})
}

// each removes the files of each owner's folder below root that are from before
// the owner's limit. at is given the owner, a file, and all of them by name.
func (p *purger) each(ctx context.Context, root *folders.Folder, what string, at func(owner string, e folders.Info, beside map[string]folders.Info) time.Time) error {
	owners, err := root.All(ctx)
	if err != nil {
		return err
	}
	for _, owner := range owners {
		limit := p.limitOf(owner.Name)
		if !owner.Dir || hidden(owner) || limit.IsZero() {
			continue
		}
		entries, err := root.Sub(owner.Name).All(ctx)
		if err != nil {
			return err
		}
		beside := map[string]folders.Info{}
		for _, e := range entries {
			beside[e.Name] = e
		}
		for _, e := range entries {
			if e.Dir || hidden(e) || !at(owner.Name, e, beside).Before(limit) {
				continue
			}
			if err := p.remove(ctx, what, root.Sub(owner.Name), e.Name); err != nil {
				return err
			}
		}
	}
	return nil
}

// outbox removes our copies of files that were delivered. Until then a copy is what is
// sent.
func (p *purger) outbox(ctx context.Context) error {
	if p.shared.IsZero() {
		return nil
	}
	root := p.env.Folder(p.env.Workspace.Settings.Outbox)
	owners, err := root.All(ctx)
	if err != nil {
		return err
	}
	for _, owner := range owners {
		if !owner.Dir || hidden(owner) {
			continue
		}
		entries, err := root.Sub(owner.Name).All(ctx)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if e.Dir || hidden(e) {
				continue
			}
			b, err := p.env.Ledger.BatchOfFile(ctx, owner.Name, e.Name)
			if err != nil {
				return err
			}
			var gone bool
			switch {
			case b == nil:
				gone = e.ModTime.Before(p.shared)
			case b.State == ledger.BatchDelivered:
				gone = b.DeliveredAt.Before(p.shared)
			case b.State == ledger.BatchDropped:
				gone = b.ClaimedAt.Before(p.shared)
			}
			if !gone {
				continue
			}
			if err := p.remove(ctx, "outbox", root.Sub(owner.Name), e.Name); err != nil {
				return err
			}
		}
	}
	return nil
}

// uploads removes sheets for malls that a person has uploaded, or given up.
func (p *purger) uploads(ctx context.Context) error {
	us, err := p.env.Ledger.Uploads(ctx, "", false, 1<<30)
	if err != nil {
		return err
	}
	ended := map[string]time.Time{}
	for i := range us {
		at := us[i].DoneAt
		if us[i].State == ledger.UploadClaimed || us[i].State == ledger.UploadBuilt || at.IsZero() {
			at = p.now
		}
		ended[us[i].Account+"/"+us[i].Name] = at
	}
	return p.each(ctx, p.env.Folder(p.env.Workspace.Settings.Uploads), "uploads", func(owner string, e folders.Info, _ map[string]folders.Info) time.Time {
		if at, ok := ended[owner+"/"+e.Name]; ok {
			return at
		}
		return e.ModTime
	})
}

// copiesStay is how long a copy stays that an upgrade made of the ledger: after that
// nobody goes back to it, for too much happened since.
const copiesStay = 14 * 24 * time.Hour

// copies removes the copies that upgrades made of the ledger. What is taken out of the
// ledger stays in them, so they go sooner than other files, also where retention keeps
// data for ever.
func (p *purger) copies(context.Context) error {
	limit := p.now.Add(-copiesStay)
	if p.shared.After(limit) {
		limit = p.shared
	}
	files, err := p.env.Ledger.OldCopies()
	if err != nil {
		return err
	}
	for _, path := range files {
		info, err := os.Lstat(path)
		if errors.Is(err, fs.ErrNotExist) || err == nil && !info.ModTime().Before(limit) {
			continue
		}
		if err != nil {
			return err
		}
		if !p.o.DryRun {
			if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		p.count("copies", info.Size())
	}
	return nil
}

// hidden files are nobody's.
func hidden(e folders.Info) bool { return strings.HasPrefix(e.Name, ".") }
