package console

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/mappers/charset"
	"github.com/mallbridge/mallbridge/order"
)

type filesData struct {
	Batches []ledger.Batch
	Uploads []ledger.Upload
	Files   []ledger.File
	Kind    string
	Kinds   []string
}

func (c *Console) files(q *request) (string, any, error) {
	d := filesData{Kind: q.URL.Query().Get("kind"), Kinds: []string{ledger.FileOrders, ledger.FileAcks, ledger.FileResults, ledger.FileStock}}
	var err error
	if d.Batches, err = q.env.Ledger.Batches(q.Context(), "", 50); err != nil {
		return "", nil, err
	}
	if d.Uploads, err = q.env.Ledger.Uploads(q.Context(), "", true, 200); err != nil {
		return "", nil, err
	}
	d.Files, err = q.env.Ledger.Files(q.Context(), d.Kind, "", 50)
	return "files", d, err
}

type batchData struct {
	Batch    *ledger.Batch
	Orders   []batchOrder
	More     int // orders that the page does not show
	Lines    []string
	Table    [][]string // the lines by their columns; nil for other than delimited text
	Charset  string
	Last     *ledger.Batch // the warehouse's file before it
	Approval bool          // it waits for one
	Doubt    bool
	There    bool // our copy of the file is there
}

type orderKey struct{ Account, Number string }

type batchOrder struct {
	Instruction *order.Instruction
	Orders      []orderKey
}

// How much of a file its page shows.
const shownOrders, shownLines, shownBytes = 200, 60, 64 << 10

func (c *Console) batchOf(q *request) (*ledger.Batch, error) {
	return q.env.Ledger.BatchByNumber(q.Context(), q.PathValue("warehouse"), q.PathValue("batch"))
}

func (c *Console) batch(q *request) (string, any, error) {
	b, err := c.batchOf(q)
	if err != nil {
		return "", nil, err
	}
	d := batchData{Batch: b, Doubt: b.State == ledger.BatchInDoubt}
	if b.State == ledger.BatchBuilt && approval(q, b.Warehouse) {
		ok, err := q.env.Ledger.Approved(q.Context(), b.ID, b.SHA256)
		if err != nil {
			return "", nil, err
		}
		d.Approval = !ok
	}
	if err := q.env.Ledger.Instructions(q.Context(), b.ID, func(in *order.Instruction) error {
		if len(d.Orders) == shownOrders {
			d.More++
			return nil
		}
		x := batchOrder{Instruction: in}
		for _, l := range in.Lines {
			if key := (orderKey{l.Account, l.Order}); !slices.Contains(x.Orders, key) {
				x.Orders = append(x.Orders, key)
			}
		}
		d.Orders = append(d.Orders, x)
		return nil
	}); err != nil {
		return "", nil, err
	}
	if d.Lines, d.Charset, err = decoded(q, b); err != nil {
		return "", nil, err
	}
	d.There = d.Lines != nil
	d.Table = columns(q, b, d.Lines)
	all, err := q.env.Ledger.Batches(q.Context(), b.Warehouse, shownLast)
	if err != nil {
		return "", nil, err
	}
	if at := slices.IndexFunc(all, func(x ledger.Batch) bool { return x.ID < b.ID }); at >= 0 {
		d.Last = &all[at]
	}
	return "batch", d, nil
}

// shownLast is how many files back the one before is looked for.
const shownLast = 500

// columns takes the first lines of a delimited file apart, as its reader does.
func columns(q *request, b *ledger.Batch, lines []string) [][]string {
	f, ok := q.env.Workspace.Formats.Get(b.Format)
	if !ok || len(lines) == 0 || f.Spec.File.Kind != "csv" && f.Spec.File.Kind != "tsv" {
		return nil
	}
	r := csv.NewReader(strings.NewReader(strings.Join(lines, "\n")))
	r.LazyQuotes, r.FieldsPerRecord = true, -1
	if f.Spec.File.Kind == "tsv" {
		r.Comma = '\t'
	}
	var out [][]string
	for len(out) < shownColumns {
		row, err := r.Read()
		if err != nil {
			break // a value over several lines may be cut off at the end
		}
		out = append(out, row)
	}
	return out
}

// shownColumns is how many rows of a file are shown by their columns.
const shownColumns = 30

// decoded shows the first lines of a text file as its reader will see them; none of
// a workbook, nil if our copy or its format is gone.
func decoded(q *request, b *ledger.Batch) (lines []string, name string, err error) {
	f, ok := q.env.Workspace.Formats.Get(b.Format)
	if !ok || b.Path == "" {
		return nil, "", nil
	}
	in, err := os.Open(q.env.Workspace.Path(b.Path))
	if errors.Is(err, os.ErrNotExist) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	defer in.Close()
	lines = []string{}
	if strings.HasSuffix(b.Name, ".xlsx") {
		return lines, "", nil
	}
	cs := f.Charset()
	if w, ok := q.env.Workspace.Warehouse(b.Warehouse); ok && w.Charset != "" {
		if cs, err = charset.Lookup(w.Charset); err != nil {
			return nil, "", err
		}
	}
	head := make([]byte, shownBytes)
	n, err := io.ReadFull(in, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, "", err
	}
	head = cs.TrimBOM(head[:n])
	if n == shownBytes {
		head = head[:bytes.LastIndexByte(head, '\n')+1] // no half characters
	}
	text, err := cs.AppendDecode(nil, head)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", b.Name, err)
	}
	for l := range strings.Lines(string(text)) {
		if len(lines) == shownLines {
			break
		}
		lines = append(lines, strings.TrimRight(l, "\r\n"))
	}
	return lines, cs.Name(), nil
}

func (c *Console) batchFile(w http.ResponseWriter, r *http.Request) {
	env := c.o.Env()
	b, err := env.Ledger.BatchByNumber(r.Context(), r.PathValue("warehouse"), r.PathValue("batch"))
	if err == nil && b.Path == "" {
		err = order.Errorf(order.NotFound, "it is built in the next run", "%s is not built yet", b.Name)
	}
	if err != nil {
		c.fail(w, r, err)
		return
	}
	c.send(w, r, env.Workspace.Path(b.Path), filepath.Base(b.Name))
}

// sheet gives out a sheet of tracking numbers that a person uploads at a mall.
func (c *Console) sheet(w http.ResponseWriter, r *http.Request) {
	env := c.o.Env()
	u, err := env.Ledger.UploadByName(r.Context(), r.PathValue("account"), r.PathValue("name"))
	if err == nil && u.Path == "" {
		err = order.Errorf(order.NotFound, "it is written in the next run", "%s is not written yet", u.Name)
	}
	if err != nil {
		c.fail(w, r, err)
		return
	}
	c.send(w, r, env.Workspace.Path(u.Path), u.Name)
}

// uploaded takes a person's word that a sheet was uploaded.
func (c *Console) uploaded(q *request) (string, error) {
	u, err := q.env.Ledger.UploadByName(q.Context(), q.PathValue("account"), q.PathValue("name"))
	if err != nil {
		return "", err
	}
	why, err := note(q)
	if err == nil {
		err = q.env.Ledger.FinishUpload(q.Context(), ledger.Verdict{ID: u.ID, Note: why, Actor: q.user.Name, Now: q.env.Now()})
	}
	if err != nil {
		return "", err
	}
	c.tell(q, "%s was uploaded", u.Name)
	return "/files", nil
}

func (c *Console) approve(q *request) (string, error) {
	b, err := c.batchOf(q)
	if err != nil {
		return "", err
	}
	// The person saw these bytes; others may have been built since.
	if sum := q.FormValue("sha256"); sum != b.SHA256 {
		return "", order.Errorf(order.Conflict, "look at it again", "the file was built again since you looked at it")
	}
	if err := q.env.Ledger.Approve(q.Context(), b.ID, b.SHA256, strings.TrimSpace(q.FormValue("note")), q.user.Name, q.env.Now()); err != nil {
		return "", err
	}
	c.tell(q, "%s is approved; the next instruct run drops it", b.Name)
	return batchPath(b), c.ask(q, "instruct", b.Warehouse)
}

func batchPath(b *ledger.Batch) string { return fmt.Sprintf("/files/%s/%s", b.Warehouse, b.Number) }

func (c *Console) resolve(q *request) (string, error) {
	b, err := c.batchOf(q)
	if err != nil {
		return "", err
	}
	why, err := note(q)
	if err != nil {
		return "", err
	}
	switch q.FormValue("as") {
	case "delivered":
		err = q.env.Ledger.Delivered(q.Context(), b.ID, why, q.user.Name, q.env.Now())
	case "again":
		err = q.env.Ledger.Again(q.Context(), b.ID, why, q.user.Name, q.env.Now())
	default:
		err = order.Errorf(order.Invalid, "", "say whether the warehouse has it")
	}
	if err != nil {
		return "", err
	}
	return batchPath(b), c.ask(q, "instruct", b.Warehouse)
}
