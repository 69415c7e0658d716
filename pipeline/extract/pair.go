package extract

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"path/filepath"
	"strings"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/internal/folders"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/mappers/format"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/files"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

// A sheet is what was dropped as one: a file, or the two files of a mall that gives
// orders and lines apart.
type sheet struct {
	files []file
	pair  *format.Format // joins the two; nil for one file
}

// A file lies in a watch folder, or where a person has it.
type file struct {
	dir  *folders.Folder
	name string
}

// local makes files of paths on this machine.
func local(paths []string) []file {
	out := make([]file, len(paths))
	for i, p := range paths {
		out[i] = file{folders.Local(filepath.Dir(p)), filepath.Base(p)}
	}
	return out
}

func (s sheet) name() string {
	name := s.files[0].name
	for _, f := range s.files[1:] {
		name += "+" + f.name
	}
	return name
}

// open returns the sheet's bytes, joined where it is two files. What cannot be joined
// shows as a [*format.FileError] when they are read.
func (s sheet) open(ctx context.Context) (io.ReadCloser, error) {
	if s.pair == nil {
		return s.files[0].dir.Open(ctx, s.files[0].name)
	}
	orders, err := s.files[0].source(ctx)
	if err != nil {
		return nil, err
	}
	lines, err := s.files[1].source(ctx)
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

func (f file) source(ctx context.Context) (source, error) {
	in, err := f.dir.Open(ctx, f.name)
	if err != nil {
		return source{}, err
	}
	return source{format.Source{Name: f.name, R: in, Size: in.Info.Size}, in}, nil
}

// A half is one of two files, with the orders that it is about.
type half struct {
	file
	is     format.Half
	pair   *format.Format
	keys   map[string]bool
	paired bool
}

// sheets puts the halves of sheets together; a half without its other stays where it
// is. The order of the files is kept, that of two being the later one's.
func (x *extractor) sheets(ctx context.Context, found []file) ([]sheet, error) {
	out, alone, err := x.pairUp(ctx, found)
	if err != nil {
		return nil, err
	}
	for _, h := range alone {
		late, err := x.leftover(ctx, h)
		if err != nil {
			return nil, err
		}
		if late {
			continue
		}
		x.rep.Waiting++
		x.rep.Add("halves of sheets", 1)
		x.rep.Notef("%s: %s waits for the file of %s about the same orders: drop it too", x.account.Name, h.name, h.other())
	}
	return out, nil
}

// pairUp puts the halves of sheets together and returns those that are left over.
// Halves are of one sheet where they are about the same orders, or where they are the
// only two and have orders in common.
func (x *extractor) pairUp(ctx context.Context, found []file) (out []sheet, alone []*half, err error) {
	pairs, err := x.pairs()
	if err != nil {
		return nil, nil, err
	}
	var halves []*half
	for _, f := range found {
		h := &half{file: f}
		if err := h.look(ctx, pairs); err != nil {
			return nil, nil, err
		}
		if h.is == format.NoHalf {
			out = append(out, sheet{files: []file{f}})
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
	for _, h := range halves {
		if !h.paired {
			alone = append(alone, h)
		}
	}
	if len(alone) == 2 && alone[1].fits(alone[0], someKeys) {
		return append(out, join(alone[1], alone[0])), nil, nil
	}
	return out, alone, nil
}

// leftover puts a half away whose other was put away when a run was cut off between
// the two: both were read as one sheet.
func (x *extractor) leftover(ctx context.Context, h *half) (bool, error) {
	const recent = 100
	seen, err := x.env.Ledger.Files(ctx, ledger.FileOrders, x.account.Name, recent)
	if err != nil {
		return false, err
	}
	for _, f := range seen {
		other, ok := strings.CutPrefix(f.Name, h.name+"+")
		if !ok {
			if other, ok = strings.CutSuffix(f.Name, "+"+h.name); !ok {
				continue
			}
		}
		found, err := x.putAway(ctx, other, f.State == ledger.FileRefused)
		if err != nil {
			return false, err
		}
		same, err := h.wasRead(ctx, f, found)
		if err != nil {
			return false, err
		}
		if same {
			return true, x.awayLate(ctx, h, f)
		}
	}
	return false, nil
}

// putAway lists the files of that name that were put away.
func (x *extractor) putAway(ctx context.Context, name string, rejected bool) ([]file, error) {
	dir := x.env.Folder(x.env.Workspace.Settings.Done, x.account.Name)
	is := func(s string) bool { return strings.HasSuffix(s, "_"+name) }
	if rejected {
		dir = x.env.Folder(x.env.Workspace.Settings.Rejected, x.account.Name)
		is = func(s string) bool { return s == name }
	}
	all, err := dir.All(ctx)
	if err != nil {
		return nil, err
	}
	var out []file
	for _, i := range all {
		if !i.Dir && is(i.Name) {
			out = append(out, file{dir, i.Name})
		}
	}
	return out, nil
}

// wasRead reports whether f was made of the half and one of those files.
func (h *half) wasRead(ctx context.Context, f ledger.File, others []file) (bool, error) {
	for _, other := range others {
		o := &half{file: other}
		if err := o.look(ctx, []*format.Format{h.pair}); err != nil {
			return false, err
		}
		if o.is == format.NoHalf || o.is == h.is {
			continue
		}
		in, err := join(&half{file: h.file, is: h.is, pair: h.pair}, o).open(ctx)
		if err != nil {
			return false, err
		}
		sum := sha256.New()
		_, err = io.Copy(sum, in)
		in.Close()
		var bad *format.FileError
		if err != nil && !errors.As(err, &bad) {
			return false, err
		}
		if err == nil && hex.EncodeToString(sum.Sum(nil)) == f.SHA256 {
			return true, nil
		}
	}
	return false, nil
}

func (x *extractor) awayLate(ctx context.Context, h *half, f ledger.File) error {
	if f.State == ledger.FileRefused {
		_, err := files.Reject(ctx, x.env, x.account.Name, h.dir, h.name, errors.New(f.Message))
		return err
	}
	return x.done(ctx, h.file)
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

// Sheets puts the files of each sheet together: one, or the two files of a mall that
// gives orders and lines apart. A half without its other is refused.
func Sheets(ctx context.Context, env *stage.Env, target string, paths, formats []string) ([][]string, error) {
	a, ok := env.Workspace.Account(target)
	if !ok {
		return nil, order.Errorf(order.NotFound, "look into accounts/", "no account %s", target)
	}
	x := &extractor{env: env, account: a, formats: formats}
	sheets, alone, err := x.pairUp(ctx, local(paths))
	if err != nil {
		return nil, err
	}
	if len(alone) > 0 {
		return nil, alone[0].refuse(a)
	}
	out := make([][]string, 0, len(sheets))
	for _, s := range sheets {
		var of []string
		for _, f := range s.files {
			of = append(of, f.dir.Path(f.name))
		}
		out = append(out, of)
	}
	return out, nil
}

// other says what the file that a half lacks has.
func (h *half) other() string {
	if h.is == format.LinesHalf {
		return "orders"
	}
	return "lines"
}

func (h *half) refuse(a *configs.Account) error {
	return order.Errorf(order.Invalid, "give both files, downloaded for the same orders, or put both into "+a.Intake.Folder, "%s is one of the two files of a sheet; the file of %s about the same orders is missing", h.name, h.other())
}

// look finds out which half the file is. One whose orders cannot be told is no half:
// reading it says why.
func (h *half) look(ctx context.Context, pairs []*format.Format) error {
	if len(pairs) == 0 {
		return nil
	}
	src, err := h.source(ctx)
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
	return sheet{files: []file{a.file, b.file}, pair: a.pair}
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
