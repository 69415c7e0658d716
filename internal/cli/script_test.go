package cli

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/binary"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/expr-lang/expr"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/xuri/excelize/v2"

	"github.com/mallbridge/mallbridge/internal/agile"
	"github.com/mallbridge/mallbridge/internal/s3test"
	"github.com/mallbridge/mallbridge/internal/sshtest"
	"github.com/mallbridge/mallbridge/mappers/charset"
	"github.com/mallbridge/mallbridge/simulator/malls"
)

// scriptCommands are the commands that scripts have beside those of testscript.
var scriptCommands = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	"code":      runCode,
	"workspace": copyWorkspace,
	"sheet":     makeSheet,
	"xlsx":      makeBook,
	"encode":    encodeFile,
	"decode":    decodeFile,
	"cut":       cutFile,
	"break":     breakFile,
	"bomb":      makeBomb,
	"declare":   declareBig,
	"expand":    expand,
	"lock":      lockLedger,
	"unlock":    unlockLedger,
	"json":      checkJSON,
	"snapshot":  snapshot,
	"list":      listFiles,
	"setcell":   setCell,
	"sshd":      startSSHD,
	"store":     runStore,
	"mall":      startMall,
	"append":    appendFile,
	"nosecrets": noSecrets,
	"redirect":  followOnce,
	"otlp":      startCollector,
	"traces":    printTraces,
}

// followOnce gets an address that sends the browser elsewhere, as a mall's page does on
// which a shop agreed, and writes the address, or one parameter of it, to a file:
// redirect URL FILE [PARAMETER].
func followOnce(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: redirect URL FILE [PARAMETER]")
	}
	c := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := c.Get(args[0])
	ts.Check(err)
	defer res.Body.Close()
	to, err := res.Location()
	ts.Check(err)
	text := to.String()
	if len(args) > 2 {
		text = to.Query().Get(args[2])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text+"\n"), 0o666))
}

// noSecrets looks for the secrets that lie in a folder in all other files, packed
// ones too: nosecrets KEYS FILE-OR-FOLDER…
func noSecrets(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: nosecrets KEYS FILE…")
	}
	keys := ts.MkAbs(args[0])
	var hidden [][]byte
	each := func(root string, f func(path string, data []byte)) {
		ts.Check(filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			data, err := os.ReadFile(path)
			if err == nil {
				f(path, data)
			}
			return err
		}))
	}
	each(keys, func(path string, data []byte) {
		if text := bytes.TrimSpace(data); !bytes.HasPrefix(text, []byte("-----")) && filepath.Base(path) != "known_hosts" {
			hidden = append(hidden, text, []byte(base64.StdEncoding.EncodeToString(text)))
		}
	})
	looked := 0
	look := func(path string, data []byte) {
		looked++
		for _, h := range hidden {
			if bytes.Contains(data, h) {
				ts.Fatalf("%s holds a secret", path)
			}
		}
	}
	for _, name := range args[1:] {
		if name == "stdout" || name == "stderr" {
			look(name, []byte(ts.ReadFile(name)))
			continue
		}
		each(ts.MkAbs(name), func(path string, data []byte) {
			if strings.HasPrefix(path, keys+string(filepath.Separator)) {
				return
			}
			look(path, data)
			if strings.HasSuffix(path, ".gz") {
				z, err := gzip.NewReader(bytes.NewReader(data))
				ts.Check(err)
				plain, err := io.ReadAll(z)
				ts.Check(err)
				look(path, plain)
			}
		})
	}
	if len(hidden) < 8 || looked < 20 {
		ts.Fatalf("%d secrets were looked for in %d files", len(hidden)/2, looked)
	}
}

// appendFile adds a file to the end of another: append FROM TO.
func appendFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: append FROM TO")
	}
	f, err := os.OpenFile(ts.MkAbs(args[1]), os.O_APPEND|os.O_WRONLY, 0)
	ts.Check(err)
	_, err = f.WriteString(ts.ReadFile(args[0]))
	ts.Check(errors.Join(err, f.Close()))
}

// startMall runs a simulated mall with a shop and orders of the last two days, and
// sets BASE and a variable for each setting and key: mall NAME ORDERS [fresh].
func startMall(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: mall NAME ORDERS [fresh]")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	now, err := time.Parse(time.RFC3339, ts.Getenv("NOW"))
	ts.Check(err)
	// A second passes with each look at the clock, so that no caller is too fast.
	var looks atomic.Int64
	stand, err := malls.Open(args[0], malls.Options{Now: func() time.Time { return now.Add(time.Duration(looks.Add(1)) * time.Second) }})
	ts.Check(err)
	_, err = stand.Place(n, slices.Contains(args, "fresh"))
	ts.Check(err)
	server := httptest.NewServer(stand)
	ts.Defer(server.Close)
	ts.Setenv("BASE", server.URL)
	for name, v := range stand.Shop.Settings {
		ts.Setenv(strings.ToUpper(name), v)
	}
	for name, v := range stand.Shop.Secrets {
		ts.Setenv(strings.ToUpper(name), v)
	}
}

var repoTestdata = func() string {
	dir, err := filepath.Abs(filepath.Join("..", "..", "testdata"))
	if err != nil {
		panic(err)
	}
	return dir
}()

// setup gives every script a clock (Tuesday, 24 November 2026, 10:00 in Tokyo),
// English messages, and the workspace in ws.
func setup(e *testscript.Env) error {
	e.Setenv("NOW", "2026-11-24T10:00:00+09:00")
	e.Setenv("LC_ALL", "C")
	e.Setenv("GOGC", "400") // hundreds of short runs
	e.Setenv("HOME", e.WorkDir)
	e.Setenv("MALLBRIDGE_DIR", filepath.Join(e.WorkDir, "ws"))
	e.Setenv("MALLBRIDGE_USER", "tester")
	e.Setenv("TESTDATA", repoTestdata)
	e.Values[locksKey{}] = new(func())
	e.Values[storeKey{}] = new(*s3test.Server)
	return nil
}

// runCode runs a command and compares its exit code: code 3 mallbridge run.
func runCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N command…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var ended *exec.ExitError
	switch {
	case errors.As(err, &ended):
		got = ended.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// copyWorkspace copies testdata/workspaces/NAME to ws (or to DIR), with the folders
// of its drop: workspace NAME [DIR].
func copyWorkspace(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: workspace NAME [DIR]")
	}
	to := "ws"
	if len(args) > 1 {
		to = args[1]
	}
	ts.Check(os.CopyFS(ts.MkAbs(to), os.DirFS(filepath.Join(repoTestdata, "workspaces", args[0]))))
	found, err := filepath.Glob(filepath.Join(ts.MkAbs(to), "warehouses", "*.yaml"))
	ts.Check(err)
	for _, w := range found {
		root := filepath.Join(ts.MkAbs(to), "drop", strings.TrimSuffix(filepath.Base(w), ".yaml"))
		for _, f := range []string{"orders", "results", "acks", "stock"} {
			ts.Check(os.MkdirAll(filepath.Join(root, f), 0o777))
		}
	}
}

// makeSheet writes a mall's order sheet: sheet BASE IN OUT. BASE is a file of
// testdata/sheets with the mall's header and one good row; IN is a CSV with the
// columns in which the rows differ from it. OUT is CSV, or a workbook by its name.
func makeSheet(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("unsupported: ! sheet")
	}
	f := bookFlags()
	cs := f.String("charset", "", "of a CSV")
	lf := f.Bool("lf", false, "end lines of a CSV by LF alone")
	ts.Check(f.Parse(args))
	if f.NArg() != 3 {
		ts.Fatalf("usage: sheet [flags] BASE IN OUT")
	}
	base := rowsOf(ts, filepath.Join(repoTestdata, "sheets", f.Arg(0)+".csv"))
	in := rowsOf(ts, f.Arg(1))
	rows := [][]string{base[0]}
	for _, r := range in[1:] {
		row := slices.Clone(base[1])
		for i, name := range in[0] {
			at := slices.Index(base[0], name)
			if at < 0 {
				ts.Fatalf("%s has no column %q", f.Arg(0), name)
			}
			row[at] = r[i]
		}
		rows = append(rows, row)
	}
	out := ts.MkAbs(f.Arg(2))
	ts.Check(os.MkdirAll(filepath.Dir(out), 0o777))
	if strings.HasSuffix(out, ".xlsx") {
		ts.Check(os.WriteFile(out, book(ts, f, rows), 0o666))
		return
	}
	if *cs == "" {
		*cs = map[string]string{"rakuten": "cp932"}[f.Arg(0)]
	}
	ts.Check(os.WriteFile(out, encoded(ts, *cs, csvText(ts, rows, !*lf)), 0o666))
}

// makeBook writes a workbook of a CSV: xlsx [flags] IN OUT.
func makeBook(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("unsupported: ! xlsx")
	}
	f := bookFlags()
	ts.Check(f.Parse(args))
	if f.NArg() != 2 {
		ts.Fatalf("usage: xlsx [flags] IN OUT")
	}
	out := ts.MkAbs(f.Arg(1))
	ts.Check(os.MkdirAll(filepath.Dir(out), 0o777))
	ts.Check(os.WriteFile(out, book(ts, f, rowsOf(ts, f.Arg(0))), 0o666))
}

func bookFlags() *flag.FlagSet {
	f := flag.NewFlagSet("sheet", flag.ContinueOnError)
	f.String("password", "", "protect the workbook")
	f.String("notice", "", "a row above the header")
	f.String("numbers", "", "columns that hold numbers, not text: 주문번호,수량")
	f.String("dates", "", "columns that hold dates (2026-11-24), not text")
	f.String("formulas", "", "columns that hold formulas with this number as their cached value")
	return f
}

// book is a workbook as a spreadsheet program writes it: excelize's, so that our
// own writer does not vouch for our own reader.
func book(ts *testscript.TestScript, f *flag.FlagSet, rows [][]string) []byte {
	x := excelize.NewFile()
	defer x.Close()
	get := func(name string) string { return f.Lookup(name).Value.String() }
	top := 1
	if n := get("notice"); n != "" {
		ts.Check(x.SetCellStr("Sheet1", "A1", n))
		top = 2
	}
	is := func(flag, column string) bool {
		return slices.Contains(strings.Split(get(flag), ","), column) && column != ""
	}
	for i, row := range rows {
		for j, text := range row {
			cell, err := excelize.CoordinatesToCellName(j+1, i+top)
			ts.Check(err)
			if i > 0 && text != "" {
				switch column := rows[0][j]; {
				case is("numbers", column):
					n, err := strconv.ParseFloat(text, 64)
					ts.Check(err)
					ts.Check(x.SetCellFloat("Sheet1", cell, n, -1, 64))
					continue
				case is("dates", column):
					day, err := time.Parse("2006-01-02", text)
					ts.Check(err)
					ts.Check(x.SetCellValue("Sheet1", cell, day))
					continue
				case is("formulas", column):
					n, err := strconv.ParseFloat(text, 64)
					ts.Check(err)
					ts.Check(x.SetCellFloat("Sheet1", cell, n, -1, 64))
					ts.Check(x.SetCellFormula("Sheet1", cell, text+"+0"))
					continue
				}
			}
			ts.Check(x.SetCellStr("Sheet1", cell, text))
		}
	}
	var b bytes.Buffer
	ts.Check(x.Write(&b))
	if p := get("password"); p != "" {
		locked, err := agile.Encrypt(b.Bytes(), p, rand.Reader)
		ts.Check(err)
		return locked
	}
	return b.Bytes()
}

// setCell changes one cell of a CSV file in place: setcell FILE ROW COLUMN VALUE,
// where row 1 is the first below the header.
func setCell(ts *testscript.TestScript, neg bool, args []string) {
	f := flag.NewFlagSet("setcell", flag.ContinueOnError)
	cs := f.String("charset", "utf-8", "of the file")
	ts.Check(f.Parse(args))
	if neg || f.NArg() != 4 {
		ts.Fatalf("usage: setcell [-charset C] FILE ROW COLUMN VALUE")
	}
	path := ts.MkAbs(f.Arg(0))
	rows := parseCSV(ts, decoded(ts, *cs, path))
	n, err := strconv.Atoi(f.Arg(1))
	ts.Check(err)
	at := slices.Index(rows[0], f.Arg(2))
	if at < 0 || n >= len(rows) {
		ts.Fatalf("%s has no row %d or column %q", f.Arg(0), n, f.Arg(2))
	}
	rows[n][at] = f.Arg(3)
	ts.Check(os.WriteFile(path, encoded(ts, *cs, csvText(ts, rows, true)), 0o666))
}

// encodeFile re-encodes a UTF-8 file of the archive: encode [flags] CHARSET IN OUT.
func encodeFile(ts *testscript.TestScript, neg bool, args []string) {
	f := flag.NewFlagSet("encode", flag.ContinueOnError)
	lf := f.Bool("lf", false, "keep LF; otherwise lines end in CR LF")
	end := f.Bool("no-final-newline", false, "leave the last line without an end")
	ts.Check(f.Parse(args))
	if neg || f.NArg() != 3 {
		ts.Fatalf("usage: encode [flags] CHARSET IN OUT")
	}
	text := ts.ReadFile(f.Arg(1))
	if *end {
		text = strings.TrimRight(text, "\n")
	}
	if !*lf {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	out := ts.MkAbs(f.Arg(2))
	ts.Check(os.MkdirAll(filepath.Dir(out), 0o777))
	ts.Check(os.WriteFile(out, encoded(ts, f.Arg(0), text), 0o666))
}

func encoded(ts *testscript.TestScript, name, text string) []byte {
	if name == "" {
		name = "utf-8"
	}
	c, err := charset.Lookup(name)
	ts.Check(err)
	b, err := c.Encode(text)
	ts.Check(err)
	return append(c.BOM(), b...)
}

// decodeFile prints a file: decode CHARSET FILE. CR LF becomes LF; other line ends
// are an error, so that nothing hides them.
func decodeFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: decode CHARSET FILE")
	}
	found, err := filepath.Glob(ts.MkAbs(args[1]))
	ts.Check(err)
	if len(found) != 1 {
		ts.Fatalf("%s: %d files", args[1], len(found))
	}
	text := decoded(ts, args[0], found[0])
	if strings.Count(text, "\n") != strings.Count(text, "\r\n") {
		ts.Fatalf("%s: lines end without CR", args[1])
	}
	fmt.Fprint(ts.Stdout(), strings.ReplaceAll(text, "\r\n", "\n"))
}

func decoded(ts *testscript.TestScript, name, path string) string {
	c, err := charset.Lookup(name)
	ts.Check(err)
	b, err := os.ReadFile(path)
	ts.Check(err)
	s, err := c.Decode(c.TrimBOM(b))
	ts.Check(err)
	return s
}

// cutFile shortens a file: cut FILE N removes its last N bytes.
func cutFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: cut FILE BYTES")
	}
	n, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	path := ts.MkAbs(args[0])
	info, err := os.Stat(path)
	ts.Check(err)
	ts.Check(os.Truncate(path, info.Size()-n))
}

// breakFile removes one byte of a cp932 file: break FILE TEXT N removes the Nth byte
// of the first place where TEXT stands.
func breakFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: break FILE TEXT BYTE")
	}
	path := ts.MkAbs(args[0])
	b, err := os.ReadFile(path)
	ts.Check(err)
	n, err := strconv.Atoi(args[2])
	ts.Check(err)
	at := bytes.Index(b, encoded(ts, "cp932", args[1]))
	if at < 0 {
		ts.Fatalf("%s has no %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(path, slices.Delete(b, at+n-1, at+n), 0o666))
}

// makeBomb writes a workbook whose sheet unpacks to 2 GiB of rows: bomb FILE.
func makeBomb(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: bomb FILE")
	}
	head := `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row>`
	for _, name := range rowsOf(ts, filepath.Join(repoTestdata, "sheets", "plain.csv"))[0] {
		head += `<c t="inlineStr"><is><t>` + name + `</t></is></c>`
	}
	head += `</row>`
	const row, rows, blocks = `<row><c t="inlineStr"><is><t>AAAAAAAA</t></is></c></row>`, 1 << 15, 1170
	// A block ends at a byte and looks back no further than its own start, so its
	// compressed form can be repeated.
	var body, block bytes.Buffer
	squeeze := func(to *bytes.Buffer, text string) {
		w, err := flate.NewWriter(to, flate.BestCompression)
		ts.Check(err)
		_, err = io.WriteString(w, text)
		ts.Check(errors.Join(err, w.Flush()))
	}
	squeeze(&body, head)
	squeeze(&block, strings.Repeat(row, rows))
	for range blocks {
		body.Write(block.Bytes())
	}
	ts.Check(os.MkdirAll(filepath.Dir(ts.MkAbs(args[0])), 0o777))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), withSheet(ts, func(w *zip.Writer, name string) error {
		h := &zip.FileHeader{Name: name, Method: zip.Deflate, CompressedSize64: uint64(body.Len()), UncompressedSize64: uint64(len(head) + len(row)*rows*blocks)}
		s, err := w.CreateRaw(h)
		if err != nil {
			return err
		}
		_, err = s.Write(body.Bytes())
		return err
	}), 0o666))
}

// declareBig writes a workbook whose folder says that its sheet unpacks to 2 GB:
// declare FILE.
func declareBig(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: declare FILE")
	}
	b := withSheet(ts, func(w *zip.Writer, name string) error {
		s, err := w.Create(name)
		if err != nil {
			return err
		}
		_, err = io.WriteString(s, `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData/></worksheet>`)
		return err
	})
	// The size stands 24 bytes into the entry of the zip folder, 46 before its name.
	at := bytes.LastIndex(b, []byte(firstSheet)) - 46
	binary.LittleEndian.PutUint32(b[at+24:], 2_000_000_000)
	ts.Check(os.MkdirAll(filepath.Dir(ts.MkAbs(args[0])), 0o777))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b, 0o666))
}

const firstSheet = "xl/worksheets/sheet1.xml"

// withSheet is a workbook with the first sheet that f writes.
func withSheet(ts *testscript.TestScript, f func(w *zip.Writer, name string) error) []byte {
	x := excelize.NewFile()
	defer x.Close()
	var plain, out bytes.Buffer
	ts.Check(x.Write(&plain))
	in, err := zip.NewReader(bytes.NewReader(plain.Bytes()), int64(plain.Len()))
	ts.Check(err)
	w := zip.NewWriter(&out)
	for _, e := range in.File {
		if e.Name != firstSheet {
			ts.Check(w.Copy(e))
		}
	}
	ts.Check(f(w, firstSheet))
	ts.Check(w.Close())
	return out.Bytes()
}

// expand replaces $NAME in a file by the script's variables: expand FILE.
func expand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: expand FILE")
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(os.Expand(ts.ReadFile(args[0]), ts.Getenv)), 0o666))
}

// lockLedger holds the writing lock of a SQLite file until unlock or the end of the
// script: lock FILE.
func lockLedger(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: lock FILE")
	}
	db, err := sql.Open("sqlite", "file:"+ts.MkAbs(args[0])+"?_txlock=immediate")
	ts.Check(err)
	tx, err := db.Begin()
	ts.Check(err)
	release := sync.OnceFunc(func() {
		tx.Rollback()
		db.Close()
	})
	ts.Defer(release)
	*ts.Value(locksKey{}).(*func()) = release
}

type locksKey struct{}

// unlockLedger ends what lock did.
func unlockLedger(ts *testscript.TestScript, _ bool, _ []string) {
	(*ts.Value(locksKey{}).(*func()))()
}

// checkJSON parses what was printed and evaluates expressions over it, which must
// be true: json 'len(it) == 1' 'it[0].state == "held"'.
func checkJSON(ts *testscript.TestScript, neg bool, args []string) {
	var it any
	if err := json.Unmarshal([]byte(ts.ReadFile("stdout")), &it); err != nil {
		ts.Fatalf("standard output is no JSON: %v", err)
	}
	for _, text := range args {
		got, err := expr.Eval(text, map[string]any{"it": it})
		ts.Check(err)
		if got != !neg {
			ts.Fatalf("%s is %v", text, got)
		}
	}
}

// snapshot writes path, mode, time and hash of everything below a folder:
// snapshot DIR FILE.
func snapshot(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: snapshot DIR FILE")
	}
	var b bytes.Buffer
	dir := ts.MkAbs(args[0])
	ts.Check(filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil || d.IsDir() {
			fmt.Fprintf(&b, "%s %s\n", rel, info.Mode())
			return err
		}
		data, err := os.ReadFile(path)
		fmt.Fprintf(&b, "%s %s %s %x\n", rel, info.Mode(), info.ModTime().UTC(), sha256.Sum256(data))
		return err
	}))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), b.Bytes(), 0o666))
}

// listFiles prints the files below a folder, in order: list DIR. A folder that is
// not there has none.
func listFiles(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: list DIR")
	}
	dir, out := ts.MkAbs(args[0]), ts.Stdout()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		fmt.Fprintln(out, filepath.ToSlash(rel))
		return err
	})
	if !errors.Is(err, fs.ErrNotExist) {
		ts.Check(err)
	}
}

// startSSHD starts OpenSSH's sshd with the folder DIR as what clients see, and sets
// SSH_HOST, SSH_PORT, SSH_USER, SSH_KEY, SSH_KNOWN_HOSTS, SSH_FINGERPRINT and
// SSH_ROOT: sshd DIR.
func startSSHD(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: sshd DIR")
	}
	s, err := sshtest.New(ts.MkAbs(args[0]), sshtest.Options{})
	ts.Check(err)
	ts.Defer(func() { s.Close() })
	for k, v := range map[string]string{
		"SSH_HOST": s.Host, "SSH_PORT": strconv.Itoa(s.Port), "SSH_USER": s.User, "SSH_KEY": s.UserKeyFile,
		"SSH_KNOWN_HOSTS": s.KnownHostsFile, "SSH_FINGERPRINT": s.HostKeyFingerprint, "SSH_ROOT": s.Root,
	} {
		ts.Setenv(k, v)
	}
}

type storeKey struct{}

// runStore starts an object store, ends it at once, or starts it again with what it had:
// store start DIR, store stop, store again. The bucket is a folder in DIR. It sets
// S3_ENDPOINT, S3_REGION, S3_BUCKET and the keys. store front TEXT sets S3_ENDPOINT to a
// proxy that breaks off what is put under a name with TEXT in it; store front takes it
// away.
func runStore(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 || (args[0] == "start") != (len(args) == 2) && args[0] != "front" {
		ts.Fatalf("usage: store start DIR, store stop, store again, store front [TEXT]")
	}
	s := ts.Value(storeKey{}).(**s3test.Server)
	switch args[0] {
	case "start":
		dir := ts.MkAbs(args[1])
		ts.Check(os.MkdirAll(dir, 0o755))
		var err error
		*s, err = s3test.New(dir)
		ts.Check(err)
		ts.Defer((*s).Stop)
		for k, v := range map[string]string{
			"S3_ENDPOINT": (*s).Endpoint, "S3_REGION": s3test.Region, "S3_BUCKET": s3test.Bucket,
			"S3_ACCESS_KEY": s3test.AccessKey, "S3_SECRET_KEY": s3test.SecretKey,
		} {
			ts.Setenv(k, v)
		}
	case "stop":
		(*s).Stop()
	case "again":
		ts.Check((*s).Run())
	case "front":
		ts.Setenv("S3_ENDPOINT", (*s).Endpoint)
		if len(args) > 1 {
			ts.Setenv("S3_ENDPOINT", breaking(ts, (*s).Endpoint, args[1]))
		}
	}
}

// breaking starts a proxy that passes on half of what is put under a name with text in
// it, and then hangs up.
func breaking(ts *testscript.TestScript, endpoint, text string) string {
	to, err := url.Parse(endpoint)
	ts.Check(err)
	pass := &httputil.ReverseProxy{
		Rewrite:      func(r *httputil.ProxyRequest) { r.SetURL(to); r.Out.Host = r.In.Host },
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut && strings.Contains(r.URL.Path, text) {
			r.Body = io.NopCloser(io.LimitReader(r.Body, r.ContentLength/2))
		}
		pass.ServeHTTP(w, r)
	}))
	ts.Defer(front.Close)
	return front.URL
}

func rowsOf(ts *testscript.TestScript, path string) [][]string {
	return parseCSV(ts, ts.ReadFile(path))
}

func parseCSV(ts *testscript.TestScript, text string) [][]string {
	r := csv.NewReader(strings.NewReader(text))
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	ts.Check(err)
	if len(rows) == 0 {
		ts.Fatalf("the CSV has no rows")
	}
	return rows
}

func csvText(ts *testscript.TestScript, rows [][]string, crlf bool) string {
	var b strings.Builder
	w := csv.NewWriter(&b)
	w.UseCRLF = crlf
	ts.Check(w.WriteAll(rows))
	return b.String()
}
