package drop_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/mallbridge/mallbridge/connectors/drop"
)

// memory is a drop in memory whose calls fail as drawn: before anything is done,
// after it was done (the answer is lost), or half-way through a write. Between
// two calls the warehouse may take the final file away.
type memory struct {
	t       *rapid.T
	files   map[string]string
	fail    func() string // "", "before", "after", "half"
	taken   []string      // what the warehouse took, in order
	archive bool          // the warehouse keeps it in done/
	mark    string        // take only when this file is there
	ever    map[string]bool
}

var errNet = &drop.Error{Op: "test", Place: "memory", Class: drop.ClassTemporary, Err: errors.New("connection lost")}

// warehouse may take the final file.
func (m *memory) warehouse() {
	text, ok := m.files[final]
	if ok {
		m.ever[text] = true
	}
	if _, marked := m.files[m.mark]; !ok || m.mark != "" && !marked || !rapid.Bool().Draw(m.t, "take") {
		return
	}
	m.taken = append(m.taken, text)
	delete(m.files, final)
	delete(m.files, m.mark)
	if m.archive {
		m.files["done/"+path.Base(final)] = text
	}
}

// call wraps one request in its fault.
func (m *memory) call(do func() error) error {
	m.warehouse()
	fault := m.fail()
	if fault == "before" {
		return errNet
	}
	err := do()
	m.warehouse()
	if fault == "after" {
		return errNet
	}
	return err
}

func (m *memory) Stat(_ context.Context, name string) (info drop.Info, err error) {
	err = m.call(func() error {
		text, ok := m.files[name]
		if !ok {
			return fs.ErrNotExist
		}
		info = drop.Info{Name: path.Base(name), Path: name, Size: int64(len(text))}
		return nil
	})
	return info, err
}

func (m *memory) List(_ context.Context, dir string) (files []drop.Info, err error) {
	err = m.call(func() error {
		files = nil
		for _, name := range slices.Sorted(maps.Keys(m.files)) {
			if path.Dir(name) == dir {
				files = append(files, drop.Info{Name: path.Base(name), Path: name, Size: int64(len(m.files[name]))})
			}
		}
		return nil
	})
	return files, err
}

func (m *memory) Read(_ context.Context, name string, w io.Writer, limit int64) (n int64, err error) {
	err = m.call(func() error {
		text, ok := m.files[name]
		if !ok {
			return fs.ErrNotExist
		}
		if int64(len(text)) > limit {
			return drop.ErrTooLarge
		}
		n, err = io.Copy(w, strings.NewReader(text))
		return err
	})
	return n, err
}

func (m *memory) Write(_ context.Context, name string, r io.Reader, size int64) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if int64(len(text)) != size {
		return drop.ErrSource
	}
	return m.call(func() error {
		if m.fail() == "half" {
			m.files[name] = string(text[:len(text)/2])
			return errNet
		}
		m.files[name] = string(text)
		return nil
	})
}

func (m *memory) Rename(_ context.Context, from, to string) error {
	err := m.call(func() error {
		text, ok := m.files[from]
		if !ok {
			return fs.ErrNotExist
		}
		if _, taken := m.files[to]; taken {
			return drop.ErrExists
		}
		delete(m.files, from)
		m.files[to] = text
		return nil
	})
	if errors.Is(err, errNet) {
		return &drop.UnknownError{Op: "rename", From: from, To: to, Err: err}
	}
	return err
}

func (m *memory) Remove(_ context.Context, name string) error {
	return m.call(func() error {
		if _, ok := m.files[name]; !ok {
			return fs.ErrNotExist
		}
		delete(m.files, name)
		return nil
	})
}

func (m *memory) Mkdir(context.Context, string) error { return nil }
func (m *memory) Close() error                        { return nil }

// batchState is what the ledger records of a batch.
type batchState int

const (
	built batchState = iota
	uploaded
	delivered
	inDoubt
)

// step is one run of the instruct stage over one batch, as the design has it.
func step(ctx context.Context, d drop.Drop, v drop.Delivery, state batchState) batchState {
	if state == built {
		if err := drop.Upload(ctx, d, v, source(order)); err != nil {
			return built
		}
		state = uploaded
	}
	err := drop.Commit(ctx, d, v)
	switch {
	case err == nil:
		return delivered
	case errors.Is(err, drop.ErrIncomplete):
		return built
	case errors.Is(err, drop.ErrUnknown):
		if found, err := drop.Inspect(ctx, d, v); err == nil && found == drop.Nothing {
			return inDoubt
		}
	}
	return state
}

// TestExactlyOnce drives one batch through any run of faults, with a warehouse
// that takes files at any moment, and expects that it gets the file exactly
// once and never anything else under the final name.
func TestExactlyOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		faults := rapid.SliceOfN(rapid.SampledFrom([]string{"", "", "", "before", "after", "half"}), 0, 40).Draw(t, "faults")
		m := &memory{t: t, files: map[string]string{}, ever: map[string]bool{}, archive: rapid.Bool().Draw(t, "archive")}
		m.fail = func() string {
			if len(faults) == 0 {
				return ""
			}
			f := faults[0]
			faults = faults[1:]
			return f
		}
		v := delivery(order)
		v.Readable = rapid.Bool().Draw(t, "readable")
		v.Verify = v.Readable && rapid.Bool().Draw(t, "verify")
		if rapid.Bool().Draw(t, "mark") {
			v.DoneMark = "END"
			m.mark = "in/END"
		}
		state := built
		for state != delivered && state != inDoubt {
			state = step(t.Context(), m, v, state)
		}
		got := len(m.taken)
		if _, there := m.files[final]; there {
			got++
		}
		if got != 1 {
			t.Fatalf("state %d: the warehouse got the file %d times; files %q", state, got, slices.Sorted(maps.Keys(m.files)))
		}
		if state == inDoubt && m.archive {
			t.Fatalf("in doubt although the archive has it")
		}
		for text := range m.ever {
			if text != order {
				t.Fatalf("under the final name: %q", text)
			}
		}
		if v.DoneMark != "" && state == delivered && len(m.taken) == 0 {
			if _, marked := m.files["in/END"]; !marked {
				t.Fatal("delivered without its done mark")
			}
		}
	})
}

// TestInspectIsPure puts any files there and compares Inspect with the rule in
// words: a final name decides, then an archived twin, then the temporary name.
func TestInspectIsPure(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		texts := []string{order, order[:5], strings.Repeat("x", len(order)), ""}
		m := &memory{t: t, files: map[string]string{}, ever: map[string]bool{}, mark: "never", fail: func() string { return "" }}
		for _, name := range []string{final, final + ".part", "done/" + path.Base(final), "done/old.csv"} {
			if rapid.Bool().Draw(t, name) {
				m.files[name] = rapid.SampledFrom(texts).Draw(t, "text")
			}
		}
		before := maps.Clone(m.files)
		v := delivery(order)
		found, err := drop.Inspect(t.Context(), m, v)
		if err != nil || !maps.Equal(before, m.files) {
			t.Fatalf("%v; files changed: %v", err, !maps.Equal(before, m.files))
		}
		text, there := m.files[final]
		_, temp := m.files[final+".part"]
		want := drop.Nothing
		switch {
		case there && text == order:
			want = drop.Final
		case there:
			want = drop.Foreign
		case m.files["done/"+path.Base(final)] == order:
			want = drop.Taken
		case temp:
			want = drop.Temporary
		}
		if found != want {
			t.Fatalf("found %s, want %s", found, want)
		}
	})
}
