package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/japanese"

	"github.com/mallbridge/mallbridge/internal/folders"
)

// benchColumns are those of the sheets of the benchmarks: the header of the format
// bench-orders-jp, and others up to 60.
var benchColumns = func() []string {
	head := strings.Fields("注文番号 ステータス 注文日時 支払方法名 配送方法 請求金額 送付先住所都道府県 送付先住所郡市区 送付先住所それ以降の住所 商品名 商品番号 単価 個数 お届け日指定 備考 送付先郵便番号1 送付先郵便番号2 送付先電話番号1 送付先電話番号2 送付先電話番号3 送付先姓 送付先名 送付先姓カナ 送付先名カナ")
	for n := len(head); n < 60; n++ {
		head = append(head, fmt.Sprintf("その他%d", n))
	}
	return head
}()

// benchText reports whether a column's values stand in quotes.
func benchText(column int) bool {
	return column >= 24 && column%2 == 0 || slices.Contains([]int{0, 2, 3, 4, 6, 7, 8, 9, 10, 13, 14, 20, 21, 22, 23}, column)
}

// benchRows calls each for the rows of an order sheet as a mall writes one: one to four
// lines an order, of which one in fifty comes some hundred rows after the others; half of
// the orders to ship; one line in two hundred of goods that have no link; now and then a line
// break in a remark, a comma or a quote in a name. The same lines give the same rows.
func benchRows(lines int, each func(cells []string)) {
	r := rand.New(rand.NewPCG(1, 2))
	of := func(texts string) string {
		all := strings.Fields(texts)
		return all[r.IntN(len(all))]
	}
	type late struct {
		at    int
		cells []string
	}
	var later []late
	for n, line := 0, 0; line+len(later) < lines; n++ {
		order := make([]string, 60)
		copy(order, []string{
			fmt.Sprintf("398765-20261120-%08d", n), of("300 500"), fmt.Sprintf("2026-11-20 %02d:%02d:%02d", r.IntN(24), r.IntN(60), r.IntN(60)),
			of("クレジットカード クレジットカード 銀行振込 コンビニ決済"), of("宅配便 メール便 クール便(冷蔵)"), strconv.Itoa(1000 + r.IntN(20000)),
			of("東京都 大阪府 北海道 神奈川県 愛知県 沖縄県"), of("千代田区 港区 横浜市中区 名古屋市中村区 札幌市中央区 那覇市"),
			of("本町 栄町 緑が丘 大手町 表町") + fmt.Sprintf("%d-%d", r.IntN(9)+1, r.IntN(30)+1) + of("　 　 　見本ビル　 　メゾン表"), "", "", "", "", "",
			of("- - - 玄関前に置いてください。 午前中希望"), fmt.Sprintf("%03d", r.IntN(999)+1), fmt.Sprintf("%04d", r.IntN(10000)), "090", "0000", fmt.Sprintf("%04d", r.IntN(10000)),
			of("髙橋 佐藤 能勢 竹添 五十嵐"), of("見本 花子 さくら 健一"), of("タカハシ サトウ ノセ タケゾエ イガラシ"), of("ミホン ハナコ サクラ ケンイチ"),
		})
		if order[14] == "-" {
			order[14] = ""
		} else if r.IntN(4) == 0 {
			order[14] += "\nよろしくお願いします"
		}
		for i := 24; i < 60; i++ {
			if order[i] = strconv.Itoa(r.IntN(10000)); benchText(i) {
				order[i] = of("その他 通常 長岡市 2026-11-20 ヤマグチ 本町")
			}
		}
		for k := range min(1+r.IntN(4)*r.IntN(2), lines-line-len(later)) {
			cells := slices.Clone(order)
			cells[9] = "【" + of("限定 新色 送料無料") + "】" + of("便利な 国産 ㈱公式") + " " + of("電動歯ブラシ 掛け布団カバー 緑茶セット") + of(`, ・ "`) + strconv.Itoa(r.IntN(9))
			cells[10], cells[11], cells[12] = fmt.Sprintf("SKU-%05d", r.IntN(20100)), strconv.Itoa(100+r.IntN(5000)), strconv.Itoa(1+r.IntN(3))
			if k > 0 && r.IntN(50) == 0 {
				later = append(later, late{line + 200 + r.IntN(1000), cells})
				continue
			}
			each(cells)
			line++
		}
		later = slices.DeleteFunc(later, func(l late) bool {
			if l.at > line {
				return false
			}
			each(l.cells)
			line++
			return true
		})
	}
	for _, l := range later {
		each(l.cells)
	}
}

// benchSheet writes an order sheet: as CSV in cp932 of about 480 bytes a line, with texts in
// quotes and numbers without, or as a workbook of texts.
func benchSheet(tb testing.TB, path string, lines int) (size int64) {
	tb.Helper()
	f, err := os.Create(path)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	if filepath.Ext(path) == ".xlsx" {
		err = benchBook(f, lines)
	} else {
		err = benchCSV(f, lines)
	}
	if err != nil {
		tb.Fatal(err)
	}
	info, err := f.Stat()
	if err != nil {
		tb.Fatal(err)
	}
	return info.Size()
}

func benchCSV(f io.Writer, lines int) error {
	w := bufio.NewWriterSize(japanese.ShiftJIS.NewEncoder().Writer(f), 1<<16)
	var row []byte
	write := func(cells []string) {
		row = row[:0]
		for i, c := range cells {
			if i > 0 {
				row = append(row, ',')
			}
			if benchText(i) && c != "" {
				c = `"` + strings.ReplaceAll(c, `"`, `""`) + `"`
			}
			row = append(row, c...)
		}
		w.Write(append(row, "\r\n"...)) // Flush tells what went wrong
	}
	write(benchColumns)
	benchRows(lines, write)
	return w.Flush()
}

func benchBook(f io.Writer, lines int) error {
	book := excelize.NewFile()
	defer book.Close()
	w, err := book.NewStreamWriter("Sheet1")
	if err != nil {
		return err
	}
	n, row := 0, make([]any, len(benchColumns))
	write := func(cells []string) {
		for i, c := range cells {
			row[i] = c
		}
		n++
		if err == nil {
			err = w.SetRow(fmt.Sprintf("A%d", n), row)
		}
	}
	write(benchColumns)
	benchRows(lines, write)
	return errors.Join(err, w.Flush(), book.Write(f))
}

// benchEach runs a benchmark over sheets of several sizes and kinds, with the format that
// reads each.
func benchEach(b *testing.B, run func(b *testing.B, sheet, format string)) {
	const formats = "../../mappers/format/testdata/bench/"
	for _, x := range []struct {
		name  string
		lines int
	}{{"sheet.csv", 100_000}, {"sheet.csv", 1_000_000}, {"sheet.xlsx", 100_000}} {
		b.Run(fmt.Sprintf("%s/%d", filepath.Ext(x.name)[1:], x.lines), func(b *testing.B) {
			dir := b.TempDir()
			text, err := os.ReadFile(formats + "bench-orders-jp.yaml")
			if err != nil {
				b.Fatal(err)
			}
			if filepath.Ext(x.name) == ".xlsx" {
				text = bytes.Replace(text, []byte("{kind: csv, charset: cp932}"), []byte("{kind: xlsx}"), 1)
			}
			sheet, format := filepath.Join(dir, x.name), filepath.Join(dir, "bench-orders-jp.yaml")
			if err := os.WriteFile(format, text, 0o600); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(benchSheet(b, sheet, x.lines))
			peak := peakMemory()
			run(b, sheet, format)
			b.ReportMetric(peak(), "peak-MiB")
			b.ReportMetric(float64(x.lines)*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
		})
	}
}

// peakMemory begins to watch how much memory the process has at most, and returns what
// tells it in MiB: 0 where the system does not.
func peakMemory() func() float64 {
	debug.FreeOSMemory()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		return func() float64 { return 0 }
	}
	return func() float64 {
		text, err := os.ReadFile("/proc/self/status")
		if err != nil {
			return 0
		}
		_, rest, _ := strings.Cut(string(text), "VmHWM:")
		kib, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
		n, _ := strconv.Atoi(kib)
		return float64(n) / 1024
	}
}

// benchWorkspace makes a workspace whose account's sheets are read by a format.
func benchWorkspace(tb testing.TB, path string) string {
	tb.Helper()
	dir := tb.TempDir()
	format, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	var links strings.Builder
	links.WriteString("account,code,sku\n")
	for i := range 20000 {
		fmt.Fprintf(&links, ",SKU-%05d,W%08d\n", i, i*13)
	}
	for name, text := range map[string]string{
		"mallbridge.yaml": "timezone: Asia/Tokyo\nlanguage: en\n",
		"accounts/bench.yaml": `mall: plain
timezone: Asia/Tokyo
country: JP
currency: JPY
not_before: 2020-01-01
intake: {formats: [bench-orders-jp], looks: 1}
targets: {default: ready}
statuses: [{code: "300", same_as: ready}]
sku_from: [item_code]
warehouse: w
merge: {never: true}
sender: {name: 見本商店, phone: "03-0000-0000", postal: "100-0001", prefecture: 東京都, city: 千代田区, street: 千代田0-0}
`,
		"warehouses/w.yaml": `timezone: Asia/Tokyo
drop: {kind: local, root: drops/w}
instructions: {format: warehouse-instructions, folder: orders}
number: {prefix: W, width: 8}
`,
		"masters/payments.csv":          "account,name,code,payment\n,クレジットカード,,prepaid\n,銀行振込,,prepaid\n,コンビニ決済,,prepaid\n",
		"masters/delivery-services.csv": "account,name,service,carrier\n,*,takkyubin,yamato\n",
		"masters/sku-links.csv":         links.String(),
		"formats/bench-orders-jp.yaml":  string(format),
		"drops/w/orders/.keep":          "",
		"inbox/bench/.keep":             "",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			tb.Fatal(err)
		}
	}
	return dir
}

func benchRun(tb testing.TB, args ...string) {
	tb.Helper()
	var errs bytes.Buffer
	// Goods without a link wait for a person.
	if code := Run(context.Background(), args, strings.NewReader(""), io.Discard, &errs); code != Done && code != Waiting {
		tb.Fatalf("%s ended with %d: %s", strings.Join(args, " "), code, errs.String())
	}
}

// BenchmarkWholePath reads a sheet, plans it, and drops the instruction file:
// durable ledger, fsynced file, safe drop.
func BenchmarkWholePath(b *testing.B) {
	benchEach(b, func(b *testing.B, sheet, format string) {
		for b.Loop() {
			b.StopTimer()
			dir, name := benchWorkspace(b, format), filepath.Base(sheet)
			if err := copyFile(b.Context(), folders.Local(filepath.Dir(sheet)), name, filepath.Join(dir, "inbox", "bench", name)); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
			benchRun(b, "run", "--dir", dir)
		}
	})
}

// BenchmarkConvert turns the same sheets into the comparison's instruction file without
// a ledger.
func BenchmarkConvert(b *testing.B) {
	out := filepath.Join(b.TempDir(), "out.csv")
	benchEach(b, func(b *testing.B, sheet, format string) {
		for b.Loop() {
			benchRun(b, "convert", "--from", format, "--to", "../../mappers/format/testdata/bench/bench-wms-jp.yaml", sheet, out)
		}
	})
}
