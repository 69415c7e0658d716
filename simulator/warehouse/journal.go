package warehouse

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
)

// An entry is one line of the journal.
type entry struct {
	File     string              `json:"file,omitempty"` // that was taken
	Accepted []*Instruction      `json:"accepted,omitempty"`
	Shipped  map[string][]string `json:"shipped,omitempty"` // tracking numbers by instruction
	Stopped  []string            `json:"stopped,omitempty"`
	Seq      int64               `json:"seq,omitempty"`
}

// note writes an entry before anything follows from it.
func (w *Warehouse) note(e entry) error {
	if w.journal == nil {
		return nil
	}
	e.Seq = w.seq
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if _, err := w.journal.Write(append(line, '\n')); err != nil {
		return err
	}
	return w.journal.Sync()
}

// remember reads the journal and opens it for more. A last line without an end
// was cut off by a crash and does not count.
func (w *Warehouse) remember() error {
	f, err := os.OpenFile(w.c.Journal, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	whole := int64(0)
	r := bufio.NewReader(f)
	for {
		line, err := r.ReadBytes('\n')
		if err != nil {
			break
		}
		var e entry
		if err := json.Unmarshal(line, &e); err != nil {
			return errors.Join(fmt.Errorf("byte %d: %w", whole, err), f.Close())
		}
		whole += int64(len(line))
		w.replay(e)
	}
	if err := f.Truncate(whole); err != nil {
		return errors.Join(err, f.Close())
	}
	if _, err := f.Seek(whole, 0); err != nil {
		return errors.Join(err, f.Close())
	}
	w.journal = f
	return w.late()
}

func (w *Warehouse) replay(e entry) {
	w.seq = max(w.seq, e.Seq)
	if e.File != "" {
		w.files[e.File] = true
	}
	for _, in := range e.Accepted {
		for _, l := range in.Lines {
			w.offered[Key{in.Number, l.No}]++
		}
		w.accept(in)
		w.judged++
	}
	for number, t := range e.Shipped {
		if in := w.known[number]; in != nil {
			in.Tracking = t
		}
	}
	for _, number := range e.Stopped {
		if in := w.known[number]; in != nil {
			in.Stopped = true
		}
	}
}

// late reads files that were moved away before a crash and not read.
func (w *Warehouse) late() error {
	entries, err := os.ReadDir(w.path(w.c.Archive))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() && !w.files[e.Name()] {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	var t Taken
	for _, name := range names {
		if err := w.read(name, false, &t); err != nil {
			return err
		}
	}
	return nil
}
