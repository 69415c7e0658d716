package cli

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mallbridge/mallbridge/internal/folders"

	"golang.org/x/text/encoding/japanese"
)

// benchLines is how many lines the sheets of the benchmarks have.
const benchLines = 100_000

// benchSheet writes an order sheet of 60 columns in cp932 with the header of the
// format bench-orders-jp: one to three lines an order, half of them to ship.
func benchSheet(tb testing.TB, path string, lines int) (size int64) {
	tb.Helper()
	f, err := os.Create(path)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	w := csv.NewWriter(japanese.ShiftJIS.NewEncoder().Writer(f))
	w.UseCRLF = true
	head := strings.Fields("注文番号 ステータス 注文日時 支払方法名 配送方法 請求金額 送付先住所都道府県 送付先住所郡市区 送付先住所それ以降の住所 商品名 商品番号 単価 個数 お届け日指定 備考 送付先郵便番号1 送付先郵便番号2 送付先電話番号1 送付先電話番号2 送付先電話番号3 送付先姓 送付先名 送付先姓カナ 送付先名カナ")
	for len(head) < 60 {
		head = append(head, fmt.Sprintf("その他%d", len(head)))
	}
	rows := [][]string{head}
	row := make([]string, 60)
	for i := range row {
		row[i] = "その他の値"
	}
	for n, line := 0, 0; line < lines; n++ {
		for range 1 + n%3 {
			if line++; line > lines {
				break
			}
			r := append([]string(nil), row...)
			copy(r, []string{
				fmt.Sprintf("398765-20261120-%08d", n), []string{"300", "500"}[n%2], "2026-11-20 10:20:30", "クレジットカード", "宅配便", "12000", "東京都", "千代田区",
				fmt.Sprintf("表町%d-%d 見本ビル%d階", n%9+1, n%30+1, n%12+1), "【限定】便利な 電動歯ブラシ 4", fmt.Sprintf("SKU-%05d", n%20000), "1980", "2", "", "",
				"100", "0001", "03", "0000", fmt.Sprintf("%04d", n%10000), "髙橋", "見本", "タカハシ", "ミホン",
			})
			rows = append(rows, r)
		}
	}
	if err := w.WriteAll(rows); err != nil {
		tb.Fatal(err)
	}
	info, err := f.Stat()
	if err != nil {
		tb.Fatal(err)
	}
	return info.Size()
}

func benchWorkspace(tb testing.TB) string {
	tb.Helper()
	dir := tb.TempDir()
	format, err := os.ReadFile("../../mappers/format/testdata/bench/bench-orders-jp.yaml")
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
		"masters/payments.csv":          "account,name,code,payment\n,クレジットカード,,prepaid\n",
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
	if code := Run(context.Background(), args, strings.NewReader(""), io.Discard, &errs); code != Done {
		tb.Fatalf("%s ended with %d: %s", strings.Join(args, " "), code, errs.String())
	}
}

// BenchmarkWholePath reads a sheet, plans it, and drops the instruction file:
// durable ledger, fsynced file, safe drop.
func BenchmarkWholePath(b *testing.B) {
	sheet := filepath.Join(b.TempDir(), "sheet.csv")
	b.SetBytes(benchSheet(b, sheet, benchLines))
	for b.Loop() {
		b.StopTimer()
		dir := benchWorkspace(b)
		if err := copyFile(b.Context(), folders.Local(filepath.Dir(sheet)), filepath.Base(sheet), filepath.Join(dir, "inbox", "bench", "sheet.csv")); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		benchRun(b, "run", "--dir", dir)
	}
	b.ReportMetric(float64(benchLines)*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}

// BenchmarkConvert turns the same sheet into the comparison's instruction file
// without a ledger.
func BenchmarkConvert(b *testing.B) {
	dir := b.TempDir()
	sheet := filepath.Join(dir, "sheet.csv")
	b.SetBytes(benchSheet(b, sheet, benchLines))
	const formats = "../../mappers/format/testdata/bench/"
	for b.Loop() {
		benchRun(b, "convert", "--from", formats+"bench-orders-jp.yaml", "--to", formats+"bench-wms-jp.yaml", sheet, filepath.Join(dir, "out.csv"))
	}
	b.ReportMetric(float64(benchLines)*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}
