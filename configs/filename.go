package configs

import (
	"bytes"
	"fmt"
	"strings"
	"text/template"
	"time"

	"github.com/mallbridge/mallbridge/mappers/format"
	"github.com/mallbridge/mallbridge/order"
)

// FileName returns the name of a batch's file, without a folder: by the
// warehouse's own template, or by the format's if that is empty.
func FileName(text string, f *format.Format, b format.Batch) (string, error) {
	if text == "" {
		return f.FileName(b)
	}
	t, err := template.New("name").Option("missingkey=error").Parse(text)
	if err != nil {
		return "", order.Errorf(order.Invalid, "see text/template of Go", "file name %q: %w", text, err)
	}
	if b.Zone == nil {
		b.Zone = time.UTC
	}
	shown := struct {
		Batch, Warehouse, Account string
		Seq                       int
		Time                      time.Time
	}{b.Number, b.Warehouse, b.Account, b.Seq, b.Time.In(b.Zone)}
	var out bytes.Buffer
	if err := t.Execute(&out, shown); err != nil {
		return "", order.Errorf(order.Invalid, "use Batch, Warehouse, Seq and Time", "file name %q: %w", text, err)
	}
	name := out.String()
	if name == "" || strings.ContainsAny(name, "/\\\x00\n\r") || name == "." || name == ".." {
		return "", order.Errorf(order.Invalid, "write a name without folders", "file name %q gives %q", text, name)
	}
	return name, nil
}

// checkName tries a file name template on two batches.
func (l *loader) checkName(h *Warehouse, key, text string) {
	if text == "" {
		return
	}
	batch := format.Batch{Number: "1001", Warehouse: h.Name, Seq: 1, Time: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC), Zone: h.Location}
	first, err := FileName(text, nil, batch)
	if err != nil {
		l.at(h.pos, key, key+": "+templateCause(err), "write order_{{.Batch}}.csv; Batch, Warehouse, Seq and Time are known")
		return
	}
	batch.Number, batch.Seq, batch.Time = "1002", 2, batch.Time.Add(time.Hour)
	second, err := FileName(text, nil, batch)
	if err == nil && first == second {
		l.warn(h.pos, key, fmt.Sprintf("%s gives %q to every file: a drop stops while the file before it is still there", key, first), "add {{.Batch}} or the time")
	}
}

func templateCause(err error) string {
	text := err.Error()
	if _, after, ok := strings.Cut(text, "template: name:"); ok {
		return after
	}
	return text
}
