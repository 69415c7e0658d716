package purge

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/internal/fault"
	"github.com/mallbridge/mallbridge/ledger"
)

var folderNames = []string{"archive", "calls", "done", "rejected", "outbox", "uploads"}

// impersonal are kinds of files that hold nothing about people.
var impersonal = []string{ledger.FileStock}

func (p *purger) files(ctx context.Context) error {
	for _, f := range []func(context.Context) error{p.archive, p.unknown, p.calls, p.done, p.rejected, p.outbox, p.uploads} {
		if err := f(ctx); err != nil {
			return err
		}
	}
	return nil
}

// remove takes a file away and counts it. One that is gone already counts for
// nothing.
func (p *purger) remove(folder, path string) error {
	if p.removed[path] {
		return nil
	}
	p.removed[path] = true
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if !p.o.DryRun {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	f := p.folders[folder]
	if f == nil {
		f = &Folder{Name: folder}
		p.folders[folder] = f
	}
	f.Files++
	f.Bytes += info.Size()
	if !p.o.DryRun {
		fault.At(atRemoved)
	}
	return nil
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
				if err := p.remove("rejected", p.env.Workspace.Path(f.RefusedPath)); err != nil {
					return err
				}
			}
			if kept[f.Path] <= 0 { // no younger file has the same bytes
				if err := p.remove("archive", p.env.Workspace.Path(p.env.Workspace.Settings.Archive, f.Path)); err != nil {
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
	root := p.env.Workspace.Path(p.env.Workspace.Settings.Archive)
	months, err := list(root)
	if err != nil {
		return err
	}
	for _, m := range months {
		if !m.IsDir() || !month.MatchString(m.Name()) {
			continue
		}
		entries, err := list(filepath.Join(root, m.Name()))
		if err != nil {
			return err
		}
		left := len(entries)
		for _, e := range entries {
			if kept[m.Name()+"/"+e.Name()] > 0 || !older(e, p.shared) {
				continue
			}
			if err := p.remove("archive", filepath.Join(root, m.Name(), e.Name())); err != nil {
				return err
			}
			left--
		}
		if left == 0 && !p.o.DryRun && m.Name() < p.now.UTC().Format("2006-01") {
			if err := os.Remove(filepath.Join(root, m.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

// calls removes what was kept of calls of malls, by the day in the name.
func (p *purger) calls(context.Context) error {
	root := p.env.Workspace.Path(p.env.Workspace.Settings.Archive, "calls")
	return p.each(root, "calls", func(owner string, e fs.DirEntry) time.Time {
		day, err := time.Parse("2006-01-02", strings.TrimSuffix(e.Name(), ".jsonl.gz"))
		if err != nil {
			return changed(e)
		}
		return day.AddDate(0, 0, 1)
	})
}

// done removes sheets that were read, by the time in the name.
func (p *purger) done(context.Context) error {
	return p.each(p.env.Workspace.Path(p.env.Workspace.Settings.Done), "done", func(_ string, e fs.DirEntry) time.Time {
		stamp, _, _ := strings.Cut(e.Name(), "_")
		at, err := time.Parse("20060102T150405Z", stamp)
		if err != nil {
			return changed(e)
		}
		return at
	})
}

// rejected removes sheets that could not be read, with the reasons beside them. A
// sheet keeps its own time when it is moved; the reason tells when that was.
func (p *purger) rejected(context.Context) error {
	root := p.env.Workspace.Path(p.env.Workspace.Settings.Rejected)
	return p.each(root, "rejected", func(owner string, e fs.DirEntry) time.Time {
		at := changed(e)
		if info, err := os.Stat(filepath.Join(root, owner, e.Name()+".reason.txt")); err == nil && info.ModTime().After(at) {
			at = info.ModTime()
		}
		return at
	})
}

// each removes the files of each owner's folder below root that are from before
// the owner's limit.
func (p *purger) each(root, folder string, at func(owner string, e fs.DirEntry) time.Time) error {
	owners, err := list(root)
	if err != nil {
		return err
	}
	for _, owner := range owners {
		limit := p.limitOf(owner.Name())
		if !owner.IsDir() || limit.IsZero() {
			continue
		}
		entries, err := list(filepath.Join(root, owner.Name()))
		if err != nil {
			return err
		}
		for _, e := range entries {
			if !e.Type().IsRegular() || !at(owner.Name(), e).Before(limit) {
				continue
			}
			if err := p.remove(folder, filepath.Join(root, owner.Name(), e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// outbox removes the local copies of files that were delivered. Until then a copy
// is what is sent.
func (p *purger) outbox(ctx context.Context) error {
	if p.shared.IsZero() {
		return nil
	}
	root := p.env.Workspace.Path(p.env.Workspace.Settings.Outbox)
	owners, err := list(root)
	if err != nil {
		return err
	}
	for _, owner := range owners {
		if !owner.IsDir() {
			continue
		}
		entries, err := list(filepath.Join(root, owner.Name()))
		if err != nil {
			return err
		}
		for _, e := range entries {
			if !e.Type().IsRegular() {
				continue
			}
			b, err := p.env.Ledger.BatchOfFile(ctx, owner.Name(), e.Name())
			if err != nil {
				return err
			}
			var gone bool
			switch {
			case b == nil:
				gone = older(e, p.shared)
			case b.State == ledger.BatchDelivered:
				gone = b.DeliveredAt.Before(p.shared)
			case b.State == ledger.BatchDropped:
				gone = b.ClaimedAt.Before(p.shared)
			}
			if !gone {
				continue
			}
			if err := p.remove("outbox", filepath.Join(root, owner.Name(), e.Name())); err != nil {
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
	return p.each(p.env.Workspace.Path(p.env.Workspace.Settings.Uploads), "uploads", func(owner string, e fs.DirEntry) time.Time {
		if at, ok := ended[owner+"/"+e.Name()]; ok {
			return at
		}
		return changed(e)
	})
}

// list reads a folder; one that is not there is empty. Hidden files are nobody's.
func list(dir string) ([]fs.DirEntry, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return strings.HasPrefix(e.Name(), ".") }), err
}

// changed is when a file was written; of one that is gone, the end of time.
func changed(e fs.DirEntry) time.Time {
	info, err := e.Info()
	if err != nil {
		return time.Unix(1<<40, 0)
	}
	return info.ModTime()
}

func older(e fs.DirEntry, limit time.Time) bool {
	return e.Type().IsRegular() && changed(e).Before(limit)
}
