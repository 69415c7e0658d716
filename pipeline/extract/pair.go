package extract

import (
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/mallbridge/mallbridge/mappers/format"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/files"
)

// A sheet is what was dropped as one: a file, or the two files of a mall that gives
// orders and lines apart.
type sheet struct {
	paths []string
	pair  *format.Format // joins the two; nil for one file
}

func (s sheet) name() string {
	name := filepath.Base(s.paths[0])
	for _, p := range s.paths[1:] {
		name += "+" + filepath.Base(p)
	}
	return name
}

// open returns the sheet's bytes, joined where it is two files. What cannot be joined
// shows as a [*format.FileError] when they are read.
func (s sheet) open() (io.ReadCloser, error) {
	if s.pair == nil {
		return os.Open(s.paths[0])
	}
	orders, err := openSource(s.paths[0])
	if err != nil {
		return nil, err
	}
	lines, err := openSource(s.paths[1])
	if err != nil {
		orders.Close()
		return nil, err
	}
	r, w := io.Pipe()
	go func() {
		err := s.pair.Join(w, orders.Source, lines.Source)
		orders.Close()
		lines.Close()
		w.CloseWithError(err)
	}()
	return r, nil
}

type source struct {
	format.Source
	io.Closer
}

func openSource(path string) (source, error) {
	f, err := os.Open(path)
	if err != nil {
		return source{}, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return source{}, err
	}
	return source{format.Source{Name: filepath.Base(path), R: f, Size: info.Size()}, f}, nil
}

// A half is one of two files, with the orders that it is about.
type half struct {
	path   string
	is     format.Half
	pair   *format.Format
	keys   map[string]bool
	paired bool
}

// sheets puts the halves of sheets together. A half without its other stays where it
// is; halves are of one sheet where they are about the same orders, or where they are
// the only two and have orders in common. The order of the files is kept, that of two
// being the later one's.
func (x *extractor) sheets(paths []string) ([]sheet, error) {
	pairs, err := x.pairs()
	if err != nil {
		return nil, err
	}
	out := make([]sheet, 0, len(paths))
	if len(pairs) == 0 {
		for _, p := range paths {
			out = append(out, sheet{paths: []string{p}})
		}
		return out, nil
	}
	var halves []*half
	for _, p := range paths {
		h := &half{path: p}
		if err := h.look(pairs); err != nil {
			return nil, err
		}
		if h.is == format.NoHalf {
			out = append(out, sheet{paths: []string{p}})
			continue
		}
		halves = append(halves, h)
		for _, other := range halves[:len(halves)-1] {
			if h.fits(other, sameKeys) {
				out = append(out, join(h, other))
				break
			}
		}
	}
	open := halves[:0]
	for _, h := range halves {
		if !h.paired {
			open = append(open, h)
		}
	}
	if len(open) == 2 && open[1].fits(open[0], someKeys) {
		return append(out, join(open[1], open[0])), nil
	}
	for _, h := range open {
		other := "lines"
		if h.is == format.LinesHalf {
			other = "orders"
		}
		x.rep.Waiting++
		x.rep.Add("halves of sheets", 1)
		x.rep.Notef("%s: %s waits for the file of %s about the same orders: drop it too", x.account.Name, filepath.Base(h.path), other)
	}
	return out, nil
}

// pairs lists the account's formats whose sheets are two files.
func (x *extractor) pairs() ([]*format.Format, error) {
	var out []*format.Format
	for _, name := range x.intakeFormats() {
		f, err := files.Format(x.env, name)
		if err != nil {
			return nil, err
		}
		if f.Spec.Pair != nil {
			out = append(out, f)
		}
	}
	return out, nil
}

func (x *extractor) intakeFormats() []string {
	if len(x.formats) > 0 {
		return x.formats
	}
	return x.account.Intake.Formats
}

// whole refuses a half that was given alone.
func (x *extractor) whole(path string) error {
	pairs, err := x.pairs()
	if err != nil || len(pairs) == 0 {
		return err
	}
	h := half{path: path}
	if err := h.look(pairs); err != nil || h.is == format.NoHalf {
		return err
	}
	return order.Errorf(order.Invalid, "put both into "+x.account.Intake.Folder+"; they are joined there", "%s is one of the two files of a sheet", filepath.Base(path))
}

// look finds out which half the file is. One whose orders cannot be told is no half:
// reading it says why.
func (h *half) look(pairs []*format.Format) error {
	src, err := openSource(h.path)
	if err != nil {
		return err
	}
	defer src.Close()
	for _, f := range pairs {
		is := f.Half(src.Source)
		if is == format.NoHalf {
			continue
		}
		keys, err := f.Keys(src.Source)
		var bad *format.FileError
		if errors.As(err, &bad) {
			continue
		}
		if err != nil {
			return err
		}
		h.is, h.pair, h.keys = is, f, keys
		return nil
	}
	return nil
}

func (h *half) fits(other *half, same func(a, b map[string]bool) bool) bool {
	return !h.paired && !other.paired && h.pair == other.pair && h.is != other.is && same(h.keys, other.keys)
}

func join(a, b *half) sheet {
	a.paired, b.paired = true, true
	if a.is == format.LinesHalf {
		a, b = b, a
	}
	return sheet{paths: []string{a.path, b.path}, pair: a.pair}
}

func sameKeys(a, b map[string]bool) bool {
	if len(a) != len(b) {
		return false
	}
	for k := range a {
		if !b[k] {
			return false
		}
	}
	return true
}

func someKeys(a, b map[string]bool) bool {
	for k := range a {
		if b[k] {
			return true
		}
	}
	return false
}
