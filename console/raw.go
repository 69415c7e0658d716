package console

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"regexp"
	"strings"
	"time"
	"unicode"

	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/mappers/charset"
	"github.com/mallbridge/mallbridge/mappers/workbook"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/files"
)

// How much of what a mall gave is looked through for an order, and shown around it.
const (
	rawMost   = 16 << 20
	rawAround = 2000 // bytes of a reply without lines
	rawLines  = 20
)

// unmaskedFor is how long what was unmasked with a reason stays so.
const unmaskedFor = 5 * time.Minute

type rawData struct {
	Account, Number string
	File            ledger.File
	Lines           []string
	Masked          bool
	Why             string // why nothing is shown
}

func rawKey(account, number string) string { return "raw " + account + " " + number }

// raw shows what the mall gave of an order, masked unless the person said why not.
func (c *Console) raw(q *request) (string, any, error) {
	row, err := one(q)
	if err != nil {
		return "", nil, err
	}
	if rank[q.user.Role] < rank[ledger.Operator] {
		return "", nil, order.Errorf(order.Denied, "ask somebody who administers the users", "this needs the role %s", ledger.Operator)
	}
	d := rawData{Account: row.Account, Number: row.Order.Number}
	if d.File, err = q.env.Ledger.FileByID(q.Context(), row.FileID); err != nil {
		return "", nil, err
	}
	at := time.Unix(c.sessions.GetInt64(q.Context(), rawKey(row.Account, row.Order.Number)), 0)
	d.Masked = q.env.Now().Sub(at) >= unmaskedFor || q.env.Now().Before(at)
	d.Lines, d.Why, err = rawOf(q, &d.File, row.Order.Number)
	if d.Masked {
		for i := range d.Lines {
			d.Lines[i] = masked(d.Lines[i], row.Order.Number)
		}
	}
	return "raw", d, err
}

// unmask lets a person see what is masked, and keeps why.
func (c *Console) unmask(q *request) (string, error) {
	row, why, err := asked(q)
	if err != nil {
		return "", err
	}
	if err := q.env.Ledger.Record(q.Context(), q.env.Now(), ledger.Event{Kind: "raw.shown", OrderID: row.ID, Detail: why, Actor: q.user.Name}); err != nil {
		return "", err
	}
	c.sessions.Put(q.Context(), rawKey(row.Account, row.Order.Number), q.env.Now().Unix())
	return orderPath(row.Account, row.Order.Number) + "/raw", nil
}

// rawOf finds an order in the copy of the file that it was read from.
func rawOf(q *request, f *ledger.File, number string) (lines []string, why string, err error) {
	if !f.PurgedAt.IsZero() || f.Path == "" {
		return nil, say(q.lang, "its bytes are gone, as the retention says"), nil
	}
	in, err := files.Kept(q.Context(), q.env, f)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, say(q.lang, "its bytes are gone, as the retention says"), nil
	}
	if err != nil {
		return nil, "", err
	}
	defer in.Close()
	data, err := io.ReadAll(io.LimitReader(in, rawMost))
	if err != nil {
		return nil, "", err
	}
	switch workbook.Sniff(data[:min(len(data), 4096)]) {
	case workbook.Text, workbook.Unknown:
	default:
		return nil, say(q.lang, "it is a workbook, which has no lines to show"), nil
	}
	cs, err := charset.Lookup("utf-8")
	if spec, ok := q.env.Workspace.Formats.Get(f.Format); ok {
		cs = spec.Charset()
	}
	if err != nil {
		return nil, "", err
	}
	return around(data, cs, number), "", nil
}

// around cuts the lines that hold a number out of a file; of a long line what stands
// near it.
func around(data []byte, cs *charset.Charset, number string) (out []string) {
	for line := range bytes.Lines(data) {
		at := bytes.Index(line, []byte(number))
		if at < 0 {
			continue
		}
		line = line[max(0, at-rawAround):min(len(line), at+2*rawAround)]
		text, err := cs.AppendDecode(nil, line)
		if err != nil { // cut inside a character
			text = bytes.ToValidUTF8(line, []byte("…"))
		}
		out = append(out, strings.TrimRight(string(text), "\r\n"))
		if len(out) == rawLines {
			break
		}
	}
	return out
}

var word = regexp.MustCompile(`[\p{L}\p{N}@.+_-]+`)

// masked keeps the shape of a text and the order's number, and of everything else only
// words in ASCII letters, which name fields and statuses. Each other letter and digit is
// a dot.
func masked(text, number string) string {
	return word.ReplaceAllStringFunc(text, func(w string) string {
		plain := strings.IndexFunc(w, func(r rune) bool { return r > unicode.MaxASCII || r >= '0' && r <= '9' || r == '@' }) < 0
		if w == number || plain {
			return w
		}
		return strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) || unicode.IsDigit(r) || r == '@' {
				return '•'
			}
			return r
		}, w)
	})
}
