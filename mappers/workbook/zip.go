package workbook

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxFolder bounds the bytes read while the folder of a zip is listed.
const maxFolder = 8 << 20

// A cappedReaderAt stops giving bytes after a number of them, so that a zip
// folder of millions of entries is refused before it is held in memory.
type cappedReaderAt struct {
	r    io.ReaderAt
	left int64
}

var errFolder = &LimitError{"bytes of the zip folder", maxFolder}

func (c *cappedReaderAt) ReadAt(p []byte, off int64) (int, error) {
	if c.left < int64(len(p)) {
		return 0, errFolder
	}
	c.left -= int64(len(p))
	return c.r.ReadAt(p, off)
}

// A switchReaderAt reads from r as long as it is capped, later without limit.
type switchReaderAt struct{ io.ReaderAt }

func openZip(r io.ReaderAt, size int64) (*zip.Reader, error) {
	src := &switchReaderAt{&cappedReaderAt{r, maxFolder}}
	zr, err := zip.NewReader(src, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, err
	}
	src.ReaderAt = r
	return zr, nil
}

// A container gives the parts of a zipped workbook under the limits.
type container struct {
	parts    map[string]*zip.File
	size     int64
	limits   Limits
	unpacked int64
}

func newContainer(r io.ReaderAt, size int64, limits Limits) (*container, error) {
	zr, err := openZip(r, size)
	var limit *LimitError
	switch {
	case errors.As(err, &limit):
		return nil, limit
	case err != nil:
		return nil, &CorruptError{Msg: "the zip folder at its end cannot be read, so the file is cut off or damaged", Err: err}
	case len(zr.File) > limits.Entries:
		return nil, &LimitError{"entries of the zip folder", int64(limits.Entries)}
	}
	c := &container{parts: make(map[string]*zip.File, len(zr.File)), size: size, limits: limits}
	for _, f := range zr.File {
		key := partKey(f.Name)
		if _, twice := c.parts[key]; twice {
			return nil, &CorruptError{Part: f.Name, Msg: "the part is in the file twice"}
		}
		c.parts[key] = f
	}
	return c, nil
}

// partKey is the form in which part names are compared: they are not case
// sensitive, and some programs write backslashes.
func partKey(name string) string {
	return strings.ToLower(strings.TrimPrefix(strings.ReplaceAll(name, `\`, "/"), "/"))
}

func (c *container) has(name string) bool { return c.parts[partKey(name)] != nil }

// open opens a part for reading.
func (c *container) open(name string) (*part, error) {
	f := c.parts[partKey(name)]
	if f == nil {
		return nil, &CorruptError{Part: name, Msg: "the part is missing"}
	}
	if f.Flags&1 != 0 {
		return nil, &CorruptError{Part: name, Msg: "the part is encrypted by a zip program, which no spreadsheet program can open"}
	}
	rc, err := f.Open()
	if err != nil {
		return nil, &CorruptError{Part: name, Msg: "the part cannot be unpacked", Err: err}
	}
	packed := int64(min(f.CompressedSize64, uint64(c.size)))
	return &part{name: name, rc: rc, c: c, ratioCap: max(packed, 1) * c.limits.Ratio}, nil
}

// ratioFloor is the size up to which a part may be packed as tightly as it
// likes.
const ratioFloor = 4 << 20

// A part reads one part and counts what really comes out of it.
type part struct {
	name     string
	rc       io.ReadCloser
	c        *container
	n        int64
	ratioCap int64
}

func (p *part) Read(b []byte) (int, error) {
	n, err := p.rc.Read(b)
	p.n += int64(n)
	p.c.unpacked += int64(n)
	switch {
	case p.c.unpacked > p.c.limits.UnzippedBytes:
		return 0, &LimitError{"unpacked bytes, reached in " + p.name, p.c.limits.UnzippedBytes}
	case p.n > ratioFloor && p.n > p.ratioCap:
		return 0, &LimitError{"times that " + p.name + " grows when it is unpacked", p.c.limits.Ratio}
	}
	return n, err
}

func (p *part) Close() error { return p.rc.Close() }

// xmlPart is a part with a scanner on it. Its errors name the part.
type xmlPart struct {
	*scanner
	part *part
}

func (c *container) openXML(name string) (*xmlPart, error) {
	p, err := c.open(name)
	if err != nil {
		return nil, err
	}
	return &xmlPart{newScanner(p), p}, nil
}

// fail turns an error of scanning into one that says where.
func (x *xmlPart) fail(cell string, err error) error {
	return failIn(x.part.name, cell, err)
}

func failIn(part, cell string, err error) error {
	var limit *LimitError
	var corrupt *CorruptError
	var sheet *SheetError
	var kind *KindError
	switch {
	case errors.As(err, &limit), errors.As(err, &corrupt), errors.As(err, &sheet), errors.As(err, &kind):
		return err
	case errors.Is(err, zip.ErrChecksum):
		return &CorruptError{Part: part, Cell: cell, Msg: "the checksum is wrong", Err: err}
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &CorruptError{Part: part, Cell: cell, Msg: "the part is cut off, or not of the size that the zip folder says", Err: err}
	}
	return &CorruptError{Part: part, Cell: cell, Msg: fmt.Sprint(err)}
}

// each calls f for the start tag of every element of the document and reads
// to its end.
func (x *xmlPart) each(f func(name []byte) error) error {
	for {
		t, err := x.next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return x.fail("", err)
		case t != startTag:
			continue
		}
		if err := f(x.name); err != nil {
			return x.fail("", err)
		}
	}
}
