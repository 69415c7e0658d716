package console

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/internal/phrase"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/mappers/charset"
	"github.com/mallbridge/mallbridge/mappers/format"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/files"
	"github.com/mallbridge/mallbridge/pipeline/instruct"
)

type filesData struct {
	Warehouses []string // that are enabled
	Batches    []ledger.Batch
	Uploads    []ledger.Upload
	Failed     []failedReport
	Files      []ledger.File
	Kind       string
	Kinds      []string
}

func (c *Console) files(q *request) (string, any, error) {
	d := filesData{Kind: q.URL.Query().Get("kind"), Kinds: []string{ledger.FileOrders, ledger.FileAcks, ledger.FileResults, ledger.FileStock}}
	for _, w := range q.env.Workspace.Warehouses {
		if w.Enabled {
			d.Warehouses = append(d.Warehouses, w.Name)
		}
	}
	var err error
	if d.Batches, err = q.env.Ledger.Batches(q.Context(), "", 50); err != nil {
		return "", nil, err
	}
	if d.Uploads, err = q.env.Ledger.Uploads(q.Context(), "", true, 200); err != nil {
		return "", nil, err
	}
	failed, err := q.env.Ledger.FailedReports(q.Context(), shownReports)
	if err != nil {
		return "", nil, err
	}
	d.Failed = failedReports(q, failed)
	d.Files, err = q.env.Ledger.Files(q.Context(), d.Kind, "", 50)
	return "files", d, err
}

// shownReports is how many reports that failed a page lists.
const shownReports = 200

// A failedReport is a tracking number that the mall was not told of, or refused.
type failedReport struct {
	ledger.Report
	Why  string
	Do   string
	Back string // the page on which it stands
}

// failedReports are those of rs on which a person must say something.
func failedReports(q *request, rs []ledger.Report) []failedReport {
	var out []failedReport
	for _, r := range rs {
		if !r.Failed() {
			continue
		}
		x := failedReport{Report: r, Back: q.URL.Path}
		why := []string{reasonText(q.lang, r.Reason), strings.TrimSpace(r.Code + " " + phrase.Say(q.lang, r.Detail))}
		if r.Late {
			why = append(why, say(q.lang, "the mall takes longer than it may"))
		}
		x.Why = strings.Join(slices.DeleteFunc(why, func(s string) bool { return s == "" }), " · ")
		if r.Reason != "" {
			x.Do = here(q.lang, string(r.Reason), r.Reason.Info().Do[q.lang])
		}
		out = append(out, x)
	}
	return out
}

// settleReport puts a person's word on a report that failed: it is sent again, or given up.
func (c *Console) settleReport(q *request) (string, error) {
	id, err := strconv.ParseInt(q.PathValue("id"), 10, 64)
	if err != nil {
		return "", order.Errorf(order.NotFound, "", "there is no report %s", q.PathValue("id"))
	}
	why, err := note(q)
	if err != nil {
		return "", err
	}
	rs, err := q.env.Ledger.ReportsByID(q.Context(), []ledger.Report{{ID: id}})
	if err == nil && len(rs) == 0 {
		err = order.Errorf(order.NotFound, "", "there is no report %d", id)
	}
	if err != nil {
		return "", err
	}
	r := &rs[0]
	v := ledger.Verdict{ID: id, Note: why, Actor: q.user.Name, Now: q.env.Now()}
	if q.FormValue("do") == "drop" {
		if err := q.env.Ledger.DropReport(q.Context(), v); err != nil {
			return "", err
		}
		c.tell(q, "%s: the mall is not told of %s", r.Order, r.Tracking)
		return back(q), nil
	}
	if err := q.env.Ledger.RetryReport(q.Context(), v); err != nil {
		return "", err
	}
	c.tell(q, "%s: %s is sent to the mall again by the next report run", r.Order, r.Tracking)
	return back(q), c.ask(q, "report", r.Account)
}

type batchData struct {
	Batch    *ledger.Batch
	Orders   []batchOrder
	More     int // orders that the page does not show
	View     *fileView
	Table    [][]string // the lines by their columns; nil for other than delimited text
	Last     *ledger.Batch
	Against  *files.Comparison // with Last
	Left     []ledger.Event    // what left the file since it was claimed
	Approval bool              // it waits for one
	Doubt    bool
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
	if err := c.look(q, b, &d); err != nil {
		return "", nil, err
	}
	events, err := q.env.Ledger.Events(q.Context(), 0, b.ID)
	if err != nil {
		return "", nil, err
	}
	d.Left = slices.DeleteFunc(events, func(e ledger.Event) bool { return e.Kind != "batch.left" })
	return "batch", d, nil
}

// view looks into a file whose path the ledger has.
func (c *Console) view(q *request, path string, cs *charset.Charset) (*fileView, error) {
	dir, name := q.env.File(path)
	f, err := dir.Open(q.Context(), name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return viewBytes(f, f.Info.Size, cs, "", "")
}

// look shows what lies in a batch's file, and how it differs from the last one.
func (c *Console) look(q *request, b *ledger.Batch, d *batchData) error {
	w, ok := q.env.Workspace.Warehouse(b.Warehouse)
	if !ok {
		return nil // it is no longer configured
	}
	if f, ok := q.env.Workspace.Formats.Get(b.Format); ok && b.Path != "" {
		cs, err := charsetOf(w, f)
		if err != nil {
			return err
		}
		if d.View, err = c.view(q, b.Path, cs); err != nil {
			return err
		}
		d.Table = columns(f, d.View)
	}
	out, err := files.NewOut(q.env, w, b.Number, b.ClaimedAt)
	if err != nil {
		return err
	}
	d.Last, d.Against, err = instruct.Against(q.Context(), q.env, out, b.Warehouse, b.ID, func(each func(*order.Instruction) error) error {
		return q.env.Ledger.Instructions(q.Context(), b.ID, each)
	})
	return err
}

type nextData struct {
	Warehouse string
	Next      *instruct.Next
	View      *fileView
	Table     [][]string
	Can       bool
}

// next shows the file that the next run would make for a warehouse.
func (c *Console) next(q *request) (string, any, error) {
	n, err := instruct.Preview(q.Context(), q.env, q.PathValue("warehouse"))
	if err != nil {
		return "", nil, err
	}
	w, _ := q.env.Workspace.Warehouse(q.PathValue("warehouse"))
	d := nextData{Warehouse: w.Name, Next: n, Can: c.o.Run != nil}
	if n.Written.Instructions == 0 {
		return "next", d, nil
	}
	f, err := files.Format(q.env, n.Format)
	if err != nil {
		return "", nil, err
	}
	cs, err := charsetOf(w, f)
	if err != nil {
		return "", nil, err
	}
	if d.View, err = viewBytes(bytes.NewReader(n.Bytes), int64(len(n.Bytes)), cs, "", ""); err != nil {
		return "", nil, err
	}
	d.Table = columns(f, d.View)
	return "next", d, nil
}

// charsetOf is the charset of a warehouse's files of a format.
func charsetOf(w *configs.Warehouse, f *format.Format) (*charset.Charset, error) {
	cs, _, err := w.Encoding(f)
	if cs == nil {
		cs = f.Charset()
	}
	return cs, err
}

// columns takes the first lines of a file apart, as its reader does.
func columns(f *format.Format, v *fileView) [][]string {
	if v == nil {
		return nil
	}
	if v.Book != nil {
		var out [][]string
		for _, r := range v.Book.Rows {
			out = append(out, r.texts())
		}
		return out
	}
	if f.Spec.File.Kind != "csv" && f.Spec.File.Kind != "tsv" {
		return nil
	}
	var text strings.Builder
	for _, l := range v.Lines {
		text.WriteString(l.text())
	}
	r := csv.NewReader(strings.NewReader(text.String()))
	r.LazyQuotes, r.FieldsPerRecord = true, -1
	if d := f.Spec.File.Delimiter; d == `\t` || d == "tab" || d == "" && f.Spec.File.Kind == "tsv" {
		r.Comma = '\t'
	} else if d != "" {
		r.Comma = rune(d[0])
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
	c.send(w, r, b.Path, filepath.Base(b.Name))
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
	c.send(w, r, u.Path, u.Name)
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
