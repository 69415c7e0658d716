package cli

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/internal/durable"
	"github.com/mallbridge/mallbridge/internal/phrase"
	"github.com/mallbridge/mallbridge/mappers/charset"
	"github.com/mallbridge/mallbridge/mappers/format"
	"github.com/mallbridge/mallbridge/mappers/master"
	"github.com/mallbridge/mallbridge/mappers/record"
	"github.com/mallbridge/mallbridge/order"
)

func (a *app) convertCmd() *cobra.Command {
	var v conversion
	c := &cobra.Command{
		Use:   "convert --from FORMAT --to FORMAT [IN [OUT]]",
		Short: "Turn a file of one format into one of another; without a ledger",
		Long: `Convert reads a file and writes it in another format. IN and OUT may be - for
standard input and output. A format is the name of a built-in one, of one in the
workspace, or a YAML file. Refused rows go to --report, as a file of the same
layout with the reasons beside them.

What an order sheet lacks or says in words of its own comes from --set, --codes and
--number: an instruction's service is the sheet's way of delivery, its payment that of
the order, its sender the buyer, unless they say otherwise.`,
		Args: cobra.MaximumNArgs(2),
		RunE: func(c *cobra.Command, args []string) error { return a.convert(c, args, &v) },
	}
	f := c.Flags()
	f.StringVar(&v.from, "from", "", "format of the input")
	f.StringVar(&v.to, "to", "", "format of the output")
	f.StringVar(&v.sku, "sku", "", "table of SKUs, CSV or Excel: listing, sku, and if wanted name, weight, temperature")
	f.StringVar(&v.listing, "listing", "line.item_code", "field that --sku is looked up by")
	f.BoolVar(&v.skip, "skip-unmapped", false, "leave out only the lines without a SKU, not their orders")
	f.StringVar(&v.with, "with", "", "the second file, of malls that give orders and lines as two")
	f.StringVar(&v.report, "report", "", "write refused rows to this file")
	f.StringVar(&v.password, "password", "", "of a protected Excel file")
	f.StringArrayVar(&v.set, "set", nil, "FIELD=VALUE where the input has none: instruction.service=takkyubin (may be repeated)")
	f.StringArrayVar(&v.codes, "codes", nil, "FIELD=FILE: a CSV of two columns, what the input says and what the output needs; * for all others (may be repeated)")
	f.StringVar(&v.number, "number", "", "number instructions by this prefix and six digits, instead of by their order")
	f.StringVar(&v.batch, "batch", "1", "batch number written into the file")
	f.StringVar(&v.replace, "replacements", "", "list of replacements that the reader of the file agreed to: standard, b2")
	return a.jsonFlag(c)
}

type conversion struct {
	from, to, with, sku, listing, report, password, batch, replace string
	number                                                         string
	set, codes                                                     []string
	skip                                                           bool
}

// fields reads what --set and --codes say.
func (v *conversion) fields(o *format.ConvertOptions) error {
	o.Set, o.Codes = map[record.Field]string{}, map[record.Field]map[string]string{}
	for _, s := range v.set {
		f, value, err := fieldFlag("--set", s)
		if err != nil {
			return err
		}
		o.Set[f] = value
	}
	for _, s := range v.codes {
		f, path, err := fieldFlag("--codes", s)
		if err != nil {
			return err
		}
		if o.Codes[f], err = codeTable(path); err != nil {
			return err
		}
	}
	return nil
}

func fieldFlag(flag, s string) (record.Field, string, error) {
	name, value, ok := strings.Cut(s, "=")
	f, known := record.Lookup(name)
	if !ok || !known {
		return 0, "", usage{order.Errorf(order.Invalid, `FIELD=…; "format show FORMAT" lists the fields of a format`, "%s %s: there is no field %q", flag, s, name)}
	}
	return f, value, nil
}

// codeTable reads a CSV of two columns without a header.
func codeTable(path string) (map[string]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.FieldsPerRecord = 2
	rows, err := r.ReadAll()
	if err != nil {
		return nil, order.Errorf(order.Invalid, "two columns in UTF-8: what the input says, what the output needs", "%s: %w", path, err)
	}
	out := map[string]string{}
	for i, row := range rows {
		from := strings.TrimPrefix(row[0], "\ufeff")
		if was, ok := out[from]; ok && was != row[1] {
			return nil, order.Errorf(order.Invalid, "keep one of the two", "%s: row %d: %q is there twice", path, i+1, from)
		}
		out[from] = row[1]
	}
	return out, nil
}

// format finds a format by name in the workspace, if there is one, and among the
// built-in ones, or reads it from a YAML file.
func (a *app) format(name string) (*format.Format, error) {
	if strings.HasSuffix(name, ".yaml") {
		if _, err := os.Stat(name); err != nil {
			return nil, err
		}
		f, err := format.ParseFS(os.DirFS(filepath.Dir(name)), filepath.Base(name)) // its tables may lie beside it
		if err != nil {
			return nil, order.Errorf(order.Invalid, "", "%w", err)
		}
		return f, nil
	}
	if name == "" {
		return nil, usage{order.Errorf(order.Invalid, `list them with "format list"`, "no format was named")}
	}
	f, ok := configs.BuiltinFormat(name)
	if _, err := os.Stat(a.workspaceDir() + "/" + configs.SettingsFile); err == nil {
		ws, _, err := configs.Load(a.workspaceDir(), a.getenv)
		if err != nil {
			return nil, err
		}
		f, ok = ws.Formats.Get(name)
	}
	if !ok {
		return nil, order.Errorf(order.NotFound, `list them with "format list"`, "no format %s", name)
	}
	return f, nil
}

// formats are the workspace's formats where there is a workspace, else the
// built-in ones.
func (a *app) formats() (map[string]*format.Format, error) {
	if _, err := os.Stat(a.workspaceDir() + "/" + configs.SettingsFile); err == nil {
		ws, _, err := configs.Load(a.workspaceDir(), a.getenv)
		if err != nil {
			return nil, err
		}
		out := map[string]*format.Format{}
		for _, n := range ws.Formats.Names() {
			out[n], _ = ws.Formats.Get(n)
		}
		return out, nil
	}
	return configs.Builtin()
}

func (a *app) convert(c *cobra.Command, args []string, v *conversion) error {
	from, err := a.format(v.from)
	if err != nil {
		return err
	}
	to, err := a.format(v.to)
	if err != nil {
		return err
	}
	in, out := "-", "-"
	if len(args) > 0 {
		in = args[0]
	}
	if len(args) > 1 {
		out = args[1]
	}
	src, done, err := a.source(in)
	if err != nil {
		return err
	}
	src, done, err = a.sheet(from, src, done, v.with)
	defer done()
	if err != nil {
		return err
	}
	o := format.ConvertOptions{SkipUnmapped: v.skip, Prefix: v.number}
	if err := v.fields(&o); err != nil {
		return err
	}
	o.Read.Password = v.password
	o.Write.Batch = format.Batch{Number: v.batch, Time: a.now()}
	if o.Write.Replacements, err = replacements(v.replace, to); err != nil {
		return err
	}
	if v.sku != "" {
		if o.SKU, err = skuTable(v.sku); err != nil {
			return err
		}
		field, ok := record.Lookup(v.listing)
		if !ok {
			return usage{fmt.Errorf("--listing: there is no field %q", v.listing)}
		}
		o.Listing = field
	}
	rep, err := a.report(from, src, v.report, &o.Read)
	if err != nil {
		return err
	}
	var stats format.ConvertStats
	write := func(w io.Writer) (err error) {
		stats, err = format.Convert(c.Context(), from, to, src, w, o)
		return err
	}
	if out == "-" {
		err = write(a.out)
	} else {
		err = durable.Write(out, write)
	}
	if err = errors.Join(err, rep()); err != nil {
		return withPassword(err)
	}
	if a.json {
		e := a.err
		fmt.Fprintf(e, `{"rows":%d,"taken":%d,"filtered":%d,"refused":%d,"written":%d,"sha256":%q}`+"\n", stats.Stats.Rows, stats.Taken, stats.Filtered, stats.Refused, stats.Summary.Rows, stats.SHA256)
	} else if stats.Refused > 0 || out != "-" {
		fmt.Fprintf(a.err, "%d rows read: %d taken, %d filtered, %d refused; %d rows written\n", stats.Stats.Rows, stats.Taken, stats.Filtered, stats.Refused, stats.Summary.Rows)
	}
	if stats.Refused > 0 {
		a.code = Waiting
	}
	return nil
}

func replacements(name string, to *format.Format) (*charset.Replacements, error) {
	var pairs []charset.Pair
	switch name {
	case "":
		return nil, nil
	case "standard":
		pairs = charset.Suggested(to.Charset())
	default:
		list, err := charset.List(name)
		if err != nil {
			return nil, usage{err}
		}
		pairs = append(charset.Suggested(to.Charset()), list...)
	}
	return charset.NewReplacements(pairs)
}

// report opens the file of refused rows when --report names one; otherwise the
// first refusals are printed.
func (a *app) report(f *format.Format, src format.Source, path string, o *format.ReadOptions) (done func() error, err error) {
	if path == "" {
		const most = 20
		n := 0
		o.Refuse = func(r format.Refusal) {
			if n++; n <= most {
				fmt.Fprintf(a.err, "%s\n", phrase.Say(a.said, fmt.Sprintf("refused: %s: %s", src.Name, r.String())))
			}
		}
		return func() error {
			if n > most {
				fmt.Fprintf(a.err, "refused: … and %d more; --report FILE writes all of them\n", n-most)
			}
			return nil
		}, nil
	}
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	w, err := f.NewRefusedWriter(file, src, a.language(nil))
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	var failed error
	o.Cells = true
	o.Refuse = func(r format.Refusal) {
		if failed == nil {
			failed = w.Write(r)
		}
	}
	return func() error { return errors.Join(failed, w.Close(), file.Close()) }, nil
}

// source opens a file for reading more than once; standard input is spooled.
func (a *app) source(name string) (format.Source, func(), error) {
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return format.Source{}, nil, order.Errorf(order.NotFound, "", "%w", err)
		}
		info, err := f.Stat()
		if err != nil {
			return format.Source{}, nil, errors.Join(err, f.Close())
		}
		return format.Source{Name: name, R: f, Size: info.Size()}, func() { f.Close() }, nil
	}
	var head bytes.Buffer
	const small = 8 << 20
	n, err := io.Copy(&head, io.LimitReader(a.in, small))
	if err != nil || n < small {
		return format.Bytes("standard input", head.Bytes()), func() {}, err
	}
	f, err := os.CreateTemp("", "mallbridge-stdin-*")
	if err != nil {
		return format.Source{}, nil, err
	}
	done := func() {
		f.Close()
		os.Remove(f.Name())
	}
	size, err := io.Copy(f, io.MultiReader(&head, a.in))
	if err != nil {
		done()
		return format.Source{}, nil, err
	}
	return format.Source{Name: "standard input", R: f, Size: size}, done, nil
}

// sheet is the file, or the file joined with the other one of two. A half alone is
// refused. The source is closed by what is returned.
func (a *app) sheet(f *format.Format, src format.Source, done func(), with string) (format.Source, func(), error) {
	if with == "" {
		return src, done, wholeSheet(f, src)
	}
	other, close, err := a.source(with)
	if err != nil {
		return src, done, err
	}
	defer close()
	orders, lines := src, other
	if f.Half(src) == format.LinesHalf {
		orders, lines = other, src
	}
	if f.Half(orders) != format.OrdersHalf || f.Half(lines) != format.LinesHalf {
		return src, done, order.Errorf(order.Invalid, "name a file of orders and a file of lines", "%s and %s are not the two files of a sheet of format %s", src.Name, with, f.Name())
	}
	joined, err := os.CreateTemp("", "mallbridge-joined-*")
	if err != nil {
		return src, done, err
	}
	all := func() {
		done()
		joined.Close()
		os.Remove(joined.Name())
	}
	err = f.Join(joined, orders, lines)
	size, e := joined.Seek(0, io.SeekEnd)
	return format.Source{Name: orders.Name + "+" + lines.Name, R: joined, Size: size}, all, errors.Join(err, e)
}

// wholeSheet refuses one of two files.
func wholeSheet(f *format.Format, src format.Source) error {
	if f.Half(src) == format.NoHalf {
		return nil
	}
	return order.Errorf(order.Invalid, "name the other file too: as a second file of preview and ingest, by --with for convert", "%s is one of the two files of a sheet of format %s", src.Name, f.Name())
}

// skuTable reads the table that --sku names.
func skuTable(path string) (func(string) (format.SKU, bool), error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	type row struct {
		Listing     string `csv:"listing"`
		SKU         string `csv:"sku"`
		Name        string `csv:"name"`
		Weight      string `csv:"weight"`
		Temperature string `csv:"temperature"`
	}
	rows, findings, err := master.Read[row](f, path, master.Options{Columns: []master.Column{
		{Name: "listing", Aliases: []string{"code", "商品コード", "판매자코드"}, Required: true},
		{Name: "sku", Aliases: []string{"倉庫SKU", "창고SKU"}, Required: true},
		{Name: "name", Aliases: []string{"商品名", "상품명"}},
		{Name: "weight", Aliases: []string{"重量", "중량"}},
		{Name: "temperature", Aliases: []string{"温度帯", "온도"}},
	}})
	if err != nil {
		return nil, err
	}
	if len(findings) > 0 {
		return nil, order.Errorf(order.Invalid, findings[0].Hint, "%s", findings[0].String())
	}
	table := make(map[string]format.SKU, len(rows))
	for _, r := range rows {
		table[r.Value.Listing] = format.SKU{Code: r.Value.SKU, Name: r.Value.Name, Weight: r.Value.Weight, Temperature: r.Value.Temperature}
	}
	return format.SKUs(table), nil
}
