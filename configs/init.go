package configs

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mallbridge/mallbridge/order"
)

// The sample workspaces run as they are: their warehouses are folders of this
// machine.
//
//go:embed all:samples
var samples embed.FS

// Countries lists the countries for which [Init] has a sample workspace.
func Countries() []string { return []string{"jp", "kr"} }

// InitOptions say what kind of workspace [Init] writes.
type InitOptions struct {
	// Country is JP or KR: where the company sits. Empty is JP. Both samples have
	// accounts and warehouses in both countries.
	Country string
}

// Init writes a commented workspace that passes [Load] into dir, which it makes
// if need be. It replaces nothing: if one of its files is there already it
// writes none and returns an error with code Conflict.
func Init(dir string, o InitOptions) error {
	country := strings.ToLower(o.Country)
	if country == "" {
		country = "jp"
	}
	if !slices.Contains(Countries(), country) {
		return order.Errorf(order.Invalid, "use JP or KR", "there is no sample workspace for %q", o.Country)
	}
	sample, err := fs.Sub(samples, path.Join("samples", country))
	if err != nil {
		return err
	}
	names, err := sampleFiles(sample)
	if err != nil {
		return err
	}
	if err := refuseExisting(dir, names); err != nil {
		return err
	}
	for _, name := range names {
		data, err := fs.ReadFile(sample, name)
		if err != nil {
			return err
		}
		if err := writeNew(filepath.Join(dir, filepath.FromSlash(name)), data); err != nil {
			return fmt.Errorf("init %s: %w", dir, err)
		}
	}
	return makeFolders(dir)
}

func sampleFiles(sample fs.FS) ([]string, error) {
	var names []string
	err := fs.WalkDir(sample, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, name)
		}
		return err
	})
	return names, err
}

func refuseExisting(dir string, names []string) error {
	var there []string
	for _, name := range names {
		if _, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(name))); err == nil {
			there = append(there, name)
		}
	}
	if len(there) > 0 {
		return order.Errorf(order.Conflict, "name an empty folder", "init %s: it has %s already", dir, strings.Join(there, ", "))
	}
	return nil
}

func writeNew(file string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

// makeFolders makes the folders that people and the sample warehouses use.
func makeFolders(dir string) error {
	ws, findings, err := Load(dir, nil)
	if err != nil {
		return err
	}
	if err := findings.Err(); err != nil {
		return fmt.Errorf("init %s: %w", dir, err)
	}
	return ws.MakeFolders()
}

// MakeFolders makes the folders that the configuration names on this machine:
// watch folders, archive, outbox, done, rejected, and those of local drops.
func (w *Workspace) MakeFolders() error {
	s := w.Settings
	folders := []string{s.Archive, s.Outbox, s.Uploads, s.Done, s.Rejected}
	for _, a := range w.Accounts {
		folders = append(folders, a.Intake.Folder)
	}
	for _, h := range w.Warehouses {
		if h.Drop.Kind != "local" {
			continue
		}
		folders = append(folders, path.Join(h.Drop.Root, h.Instructions.Folder))
		for _, p := range h.Pickups() {
			folders = append(folders, path.Join(h.Drop.Root, p.Folder))
		}
		if h.Stops != nil {
			folders = append(folders, path.Join(h.Drop.Root, h.Stops.Folder))
		}
	}
	for _, f := range folders {
		if Elsewhere(f) {
			continue
		}
		if err := os.MkdirAll(w.Path(f), 0o750); err != nil {
			return fmt.Errorf("make folders: %w", err)
		}
	}
	return nil
}
