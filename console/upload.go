package console

import (
	"crypto/rand"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/mallbridge/mallbridge/internal/phrase"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/mappers/charset"
	"github.com/mallbridge/mallbridge/mappers/format"
	"github.com/mallbridge/mallbridge/mappers/workbook"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/extract"
)

// Bounds of uploads.
const (
	maxUpload = 256 << 20 // bytes of one file
	waitFor   = time.Hour // a file that nobody takes is forgotten
	mostWait  = 20        // files that wait at once
)

// uploads are files that wait for a person to look at them.
type uploads struct {
	max int64

	mu   sync.Mutex
	wait map[string]*pending
}

type pending struct {
	ID, User, Account, Name, Path, Password string
	Master                                  string // the table that it is; empty: an order sheet
	At                                      time.Time
}

func (u *uploads) add(p *pending) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.wait == nil {
		u.wait = map[string]*pending{}
	}
	for id, old := range u.wait {
		if p.At.Sub(old.At) > waitFor {
			delete(u.wait, id)
			os.RemoveAll(filepath.Dir(old.Path))
		}
	}
	if len(u.wait) >= mostWait {
		return order.Errorf(order.Conflict, "take or drop one of them first", "%d uploads wait already", mostWait)
	}
	u.wait[p.ID] = p
	return nil
}

// get returns a file of the user's own that waits, as it is now.
func (u *uploads) get(id, user string) (*pending, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	p := u.wait[id]
	if p == nil || p.User != user {
		return nil, order.Errorf(order.NotFound, "upload it again", "the upload is not there any more")
	}
	now := *p
	return &now, nil
}

// unlock keeps the password by which a file is looked at from now on.
func (u *uploads) unlock(p *pending, password string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if w := u.wait[p.ID]; w != nil {
		w.Password = password
	}
}

func (u *uploads) drop(p *pending) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.wait, p.ID)
	return os.RemoveAll(filepath.Dir(p.Path))
}

type uploadData struct {
	Accounts []string
	Account  string
	Files    []ledger.File
	MaxMiB   int64
}

func (c *Console) uploadPage(q *request) (string, any, error) {
	d := uploadData{Account: q.URL.Query().Get("account"), MaxMiB: c.uploads.max >> 20}
	for _, a := range q.env.Workspace.Accounts {
		if a.Enabled {
			d.Accounts = append(d.Accounts, a.Name)
		}
	}
	var err error
	d.Files, err = q.env.Ledger.Files(q.Context(), ledger.FileOrders, "", 20)
	return "upload", d, err
}

// upload keeps a file outside of the watch folders until somebody has looked at
// what would be read of it.
func (c *Console) upload(q *request) (string, error) {
	p, fields, err := c.receive(q, c.uploads.max)
	if err != nil {
		return "", err
	}
	p.Account = fields["account"]
	if a, ok := q.env.Workspace.Account(p.Account); !ok || !a.Enabled {
		return "", errors.Join(order.Errorf(order.Invalid, "choose one of the list", "no account %q takes orders", p.Account), os.RemoveAll(filepath.Dir(p.Path)))
	}
	return "/upload/" + p.ID, c.uploads.add(p)
}

// receive takes the file of a form, of at most so many bytes, and the form's fields.
func (c *Console) receive(q *request, most int64) (_ *pending, fields map[string]string, err error) {
	q.Body = http.MaxBytesReader(q.w, q.Body, most)
	parts, err := q.MultipartReader()
	if err != nil {
		return nil, nil, order.Errorf(order.Invalid, "use the form of the page", "upload: %w", err)
	}
	dir, err := os.MkdirTemp("", "mallbridge-upload-*")
	if err != nil {
		return nil, nil, err
	}
	p := &pending{ID: rand.Text(), User: q.user.Name, At: q.env.Now()}
	fields = map[string]string{}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, err
		}
		switch {
		case part.FormName() != "file":
			b, err := io.ReadAll(io.LimitReader(part, 200))
			if err != nil {
				return nil, nil, err
			}
			fields[part.FormName()] = string(b)
		case part.FileName() != "":
			p.Name = safeName(part.FileName())
			p.Path = filepath.Join(dir, p.Name)
			if err := keep(p.Path, part); err != nil {
				return nil, nil, err
			}
		}
	}
	if p.Path == "" {
		return nil, nil, order.Errorf(order.Invalid, "choose a CSV or Excel file", "no file came")
	}
	return p, fields, nil
}

func keep(path string, r io.Reader) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}

// safeName is the name of an uploaded file without folders and without what file
// systems and shells take amiss.
func safeName(name string) string {
	name = filepath.Base(strings.ReplaceAll(name, `\`, "/"))
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, name)
	name = strings.TrimLeft(name, ".")
	for len(name) > 180 {
		runes := []rune(name)
		name = string(slices.Delete(runes, 0, 1)) // the ending tells the kind
	}
	if name == "" {
		return "upload"
	}
	return name
}

type previewData struct {
	Upload   *pending
	Seen     *extract.Seen
	Title    string
	Wrong    string
	Hint     string
	Password bool // one is needed, or the one given is wrong
	View     *fileView
}

// sheetOf finds an uploaded order sheet of the person.
func (c *Console) sheetOf(q *request) (*pending, error) {
	p, err := c.uploads.get(q.PathValue("id"), q.user.Name)
	if err == nil && p.Master != "" {
		err = order.Errorf(order.NotFound, "upload it again", "the upload is not there any more")
	}
	return p, err
}

func (c *Console) preview(q *request) (string, any, error) {
	p, err := c.sheetOf(q)
	if err != nil {
		return "", nil, err
	}
	return c.lookAt(q, p)
}

func (c *Console) lookAt(q *request, p *pending) (string, any, error) {
	d := previewData{Upload: p}
	var err error
	d.Seen, err = extract.Preview(q.Context(), q.env, p.Account, p.Path, p.Password)
	var bad *format.FileError
	d.Password = errors.Is(err, workbook.ErrPassword) || errors.Is(err, workbook.ErrWrongPassword)
	sheet, cs := "", (*charset.Charset)(nil)
	switch {
	case err == nil:
		d.Title, sheet = d.Seen.Format.Title(q.lang), d.Seen.Format.Spec.File.Sheet
		if cs, err = charset.Lookup(d.Seen.Charset); err != nil {
			return "", nil, err
		}
	case d.Password, errors.As(err, &bad), order.CodeOf(err) == order.Invalid:
		d.Wrong, d.Hint = phrase.Say(q.lang, err.Error()), phrase.Say(q.lang, order.HintOf(err))
	default:
		return "", nil, err
	}
	if !d.Password {
		password, err := extract.Password(q.env, p.Account, p.Password)
		if err != nil {
			return "", nil, err
		}
		if d.View, err = viewFile(p.Path, cs, sheet, password); err != nil {
			return "", nil, err
		}
	}
	return "preview", d, nil
}

// take reads the file for good, or looks at it again with a password.
func (c *Console) take(q *request) (string, error) {
	p, err := c.sheetOf(q)
	if err != nil {
		return "", err
	}
	if w := q.FormValue("password"); w != "" {
		c.uploads.unlock(p, w)
		return "/upload/" + p.ID, nil
	}
	rep, err := extract.Ingest(q.Context(), q.env, p.Account, []string{p.Path}, p.Password, nil)
	if err != nil {
		return "", err
	}
	now := q.env.Now()
	if err := q.env.Ledger.Record(q.Context(), now, ledger.Event{Kind: "file.uploaded", Detail: p.Account + ": " + p.Name, Actor: q.user.Name}); err != nil {
		return "", err
	}
	c.tell(q, "%s was read: %s", p.Name, rep.In(func(what string) string { return phrase.Count(q.lang, what) }))
	if err := c.uploads.drop(p); err != nil {
		return "", err
	}
	if c.o.Run != nil {
		if _, err := c.o.Run(q.Context(), "plan", p.Account); err != nil {
			return "", err
		}
	}
	return query("/upload", "account", p.Account), nil
}

func (c *Console) forget(q *request) (string, error) {
	p, err := c.sheetOf(q)
	if err != nil {
		return "", err
	}
	return query("/upload", "account", p.Account), c.uploads.drop(p)
}

// refusedFile gives out the file of a sheet's refused rows, to be mended.
func (c *Console) refusedFile(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.ParseInt(r.PathValue("file"), 10, 64)
	var f ledger.File
	env := c.o.Env()
	if err == nil {
		f, err = env.Ledger.FileByID(r.Context(), id)
	}
	if err == nil && f.RefusedPath == "" {
		err = order.Errorf(order.NotFound, "", "no row of %s was refused", f.Name)
	}
	if err != nil {
		c.fail(w, r, err)
		return
	}
	c.send(w, r, f.RefusedPath, filepath.Base(f.RefusedPath))
}

// send gives out a file whose path the ledger has as a download.
func (c *Console) send(w http.ResponseWriter, r *http.Request, path, name string) {
	dir, base := c.o.Env().File(path)
	f, err := dir.Open(r.Context(), base)
	if errors.Is(err, os.ErrNotExist) {
		err = order.Errorf(order.NotFound, "it may have been put away", "%s is not there any more", name)
	}
	if err != nil {
		c.fail(w, r, err)
		return
	}
	defer f.Close()
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	http.ServeContent(w, r, "", f.Info.ModTime, f)
}
