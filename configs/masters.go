package configs

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mallbridge/mallbridge/mappers/charset"
	"github.com/mallbridge/mallbridge/mappers/delivery"
	"github.com/mallbridge/mallbridge/mappers/master"
	"github.com/mallbridge/mallbridge/mappers/payment"
	"github.com/mallbridge/mallbridge/mappers/sku"
	"github.com/mallbridge/mallbridge/order"
)

// The names of the masters, without .csv or .xlsx.
const (
	SKULinks         = "sku-links"
	SKUMaster        = "skus"
	PaymentMaster    = "payments"
	DeliveryServices = "delivery-services"
	TimeBands        = "time-bands"
)

var accountColumn = master.Column{Name: "account", Aliases: []string{"アカウント", "店舗", "モール", "스토어", "계정", "쇼핑몰"}}

var masterColumns = map[string][]master.Column{
	SKULinks: {
		accountColumn,
		{Name: "code", Aliases: []string{"商品コード", "販売コード", "판매자코드", "상품코드"}, Required: true},
		{Name: "sku", Aliases: []string{"SKUコード", "倉庫商品コード", "SKU코드", "창고상품코드"}, Required: true},
		{Name: "quantity", Aliases: []string{"数量", "個数", "수량"}, Number: true},
		{Name: "name", Aliases: []string{"商品名", "名称", "상품명"}},
		{Name: "temperature", Aliases: []string{"温度帯", "온도"}},
		{Name: "weight", Aliases: []string{"重量", "중량", "무게"}, Number: true},
		{Name: "from", Aliases: []string{"適用開始日", "적용시작일"}},
	},
	SKUMaster: {
		{Name: "sku", Aliases: []string{"SKUコード", "倉庫商品コード", "SKU코드", "창고상품코드"}, Required: true},
		{Name: "name", Aliases: []string{"商品名", "名称", "상품명"}},
		{Name: "barcode", Aliases: []string{"JAN", "JANコード", "バーコード", "바코드"}},
		{Name: "weight", Aliases: []string{"重量", "중량", "무게"}, Number: true},
		{Name: "temperature", Aliases: []string{"温度帯", "온도"}},
		{Name: "warehouse", Aliases: []string{"倉庫", "창고"}},
		{Name: "buffer", Aliases: []string{"安全在庫", "バッファ", "안전재고"}, Number: true},
	},
	PaymentMaster: {
		accountColumn,
		{Name: "name", Aliases: []string{"支払方法", "支払方法名", "결제수단"}},
		{Name: "code", Aliases: []string{"コード", "支払コード", "코드"}},
		{Name: "payment", Aliases: []string{"支払区分", "결제구분"}, Required: true},
	},
	DeliveryServices: {
		accountColumn,
		{Name: "name", Aliases: []string{"配送方法", "配送サービス名", "배송방법"}, Required: true},
		{Name: "payment", Aliases: []string{"支払区分", "결제구분"}},
		{Name: "temperature", Aliases: []string{"温度帯", "온도"}},
		{Name: "warehouse", Aliases: []string{"倉庫", "창고"}},
		{Name: "service", Aliases: []string{"配送サービス", "배송서비스"}, Required: true},
		{Name: "carrier", Aliases: []string{"配送会社", "運送会社", "택배사"}, Required: true},
	},
	TimeBands: {
		accountColumn,
		{Name: "carrier", Aliases: []string{"配送会社", "運送会社", "택배사"}},
		{Name: "code", Aliases: []string{"時間帯コード", "モール時間帯", "코드", "시간대코드"}, Required: true},
		{Name: "band", Aliases: []string{"時間帯", "시간대"}, Required: true},
	},
}

// masters reads the tables into the workspace.
func (l *loader) masters() {
	w := l.ws
	links, linkFile := readMaster(l, SKULinks, true, func(r *sku.Link, n int) { r.Line = n })
	skus, skuFile := readMaster(l, SKUMaster, false, func(r *sku.SKU, n int) { r.Line = n })
	var found []sku.Finding
	w.SKUs, found = sku.NewIndex(links, skus)
	for _, f := range found {
		file := linkFile
		if f.File == "skus" {
			file = skuFile
		}
		l.find(Finding{File: file, Line: f.Line, Name: f.Column, Message: valued(f.Value, f.Why), Hint: f.Hint, Warning: f.Warning})
	}
	payments, file := readMaster(l, PaymentMaster, true, func(r *payment.Row, n int) { r.Line = n })
	var wrongPayments []payment.Finding
	w.Payments, wrongPayments = payment.NewMap(payments)
	for _, f := range wrongPayments {
		l.find(Finding{File: file, Line: f.Line, Name: f.Column, Message: valued(f.Value, f.Why), Hint: f.Hint})
	}
	services, file := readMaster(l, DeliveryServices, true, func(r *delivery.ServiceRow, n int) { r.Line = n })
	var wrong []delivery.Finding
	w.Services, wrong = delivery.NewServices(services)
	l.deliveryFindings(file, wrong)
	bands, bandFile := readMaster(l, TimeBands, false, func(r *delivery.BandRow, n int) { r.Line = n })
	w.Bands, wrong = delivery.NewTimeBands(bands, w.Codes)
	l.deliveryFindings(bandFile, wrong)

	w.choices = choices{payments, services, bands}

	checkScope(l, linkFile, links, func(r sku.Link) (string, int) { return r.Account, r.Line })
	checkScope(l, l.masterFile(PaymentMaster), payments, func(r payment.Row) (string, int) { return r.Account, r.Line })
	checkScope(l, file, services, func(r delivery.ServiceRow) (string, int) { return r.Account, r.Line })
	checkScope(l, bandFile, bands, func(r delivery.BandRow) (string, int) { return r.Account, r.Line })
	l.checkTargetPayments(payments)
}

func (l *loader) deliveryFindings(file string, found []delivery.Finding) {
	for _, f := range found {
		l.find(Finding{File: file, Line: f.Line, Name: f.Column, Message: valued(f.Value, f.Why), Hint: f.Hint})
	}
}

func (l *loader) masterFile(name string) string {
	for _, m := range l.ws.Tables {
		if m.Name == name {
			return m.File
		}
	}
	return ""
}

// masterFiles lists the files of a master, which is one at most, and reports a second.
func (l *loader) masterFiles(name string) []string {
	var files []string
	for _, ending := range []string{".csv", ".xlsx"} {
		file := "masters/" + name + ending
		if _, err := os.Stat(filepath.Join(l.ws.Dir, filepath.FromSlash(file))); err == nil {
			files = append(files, file)
		}
	}
	if len(files) == 2 {
		l.find(Finding{File: files[1], Message: "is there beside " + files[0], Hint: "keep one of them"})
	}
	return files
}

// readMaster reads masters/<name>.csv or .xlsx. number gives a row its line.
func readMaster[T any](l *loader, name string, required bool, number func(row *T, line int)) (rows []T, file string) {
	files := l.masterFiles(name)
	if len(files) == 0 {
		file := "masters/" + name + ".csv"
		if required {
			l.find(Finding{File: file, Message: "is missing", Hint: "make it with the columns " + headerOf(masterColumns[name])})
		}
		l.ws.Tables = append(l.ws.Tables, Table{Name: name})
		return nil, file
	}
	file = files[0]
	if data, ok := l.readOr(file, master.MaxSize); ok {
		rows = tableRows(l, file, data, masterColumns[name], number)
	}
	l.ws.Tables = append(l.ws.Tables, Table{Name: name, File: file, Rows: len(rows)})
	return rows, file
}

func tableRows[T any](l *loader, file string, data []byte, columns []master.Column, number func(*T, int)) []T {
	read := placedRows[T](l, file, data, columns)
	rows := make([]T, len(read))
	for i, r := range read {
		rows[i] = r.Value
		number(&rows[i], r.Line)
	}
	return rows
}

// placedRows is tableRows with the places of the values.
func placedRows[T any](l *loader, file string, data []byte, columns []master.Column) []master.Row[T] {
	cs, err := charset.Lookup(l.ws.Settings.Masters.Charset)
	if err != nil {
		return nil // reported with mallbridge.yaml
	}
	read, found, err := master.Read[T](bytes.NewReader(data), file, master.Options{Columns: columns, Charset: cs})
	for _, f := range found {
		l.find(Finding{File: file, Line: f.Line, Column: f.Column, Name: f.Name, Message: valued(f.Value, f.Text), Hint: f.Hint})
	}
	if err != nil {
		l.unreadable(file, data, cs, err)
	}
	return read
}

// unreadable reports a table of which nothing could be read, at the first bad
// byte if its charset is the cause.
func (l *loader) unreadable(file string, data []byte, cs *charset.Charset, err error) {
	f := Finding{File: file, Message: strings.TrimPrefix(err.Error(), file+": "), Hint: order.HintOf(err)}
	var bad *charset.DecodeError
	if errors.As(err, &bad) {
		f.Line, f.Column = cs.Position(data, bad.Offset)
		f.Message = fmt.Sprintf("bytes % X are not %s", bad.Bytes, cs.Name())
		f.Hint = "save it as CSV UTF-8, or set masters.charset in mallbridge.yaml to cp932 or cp949"
	}
	l.find(f)
}

func headerOf(columns []master.Column) string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
		if c.Required {
			names[i] += " (required)"
		}
	}
	return strings.Join(names, ", ")
}

// checkScope reports rows for accounts that do not exist, once for each name.
func checkScope[T any](l *loader, file string, rows []T, scope func(T) (account string, line int)) {
	known := func(name string) bool {
		if _, ok := l.ws.Account(name); ok || name == "" {
			return true
		}
		_, ok := LookupMall(name)
		return ok
	}
	at, count := map[string]int{}, map[string]int{}
	for _, r := range rows {
		account, line := scope(r)
		if account = strings.TrimSpace(account); known(account) {
			continue
		}
		if count[account]++; count[account] > 1 {
			l.findings[at[account]].Message = fmt.Sprintf("%q is neither an account nor a mall; %d rows name it", account, count[account])
			continue
		}
		at[account] = len(l.findings)
		l.find(Finding{
			File: file, Line: line, Name: "account", noAccount: true, Message: fmt.Sprintf("%q is neither an account nor a mall", account),
			Hint: "write the name of a file in accounts/, a mall, or nothing for all; if the account is gone, delete its rows",
		})
	}
}

// checkTargetPayments reports targets for payments that no order can have.
func (l *loader) checkTargetPayments(rows []payment.Row) {
	for _, a := range l.ws.Accounts {
		for name := range a.Targets {
			if name == DefaultTarget || slices.Contains(payment.Kinds(), name) || slices.ContainsFunc(rows, func(r payment.Row) bool { return r.Name == name || r.Code == name }) {
				continue
			}
			l.atKey(a.pos, "targets."+name, fmt.Sprintf("targets: payment %q is not in masters/%s", name, PaymentMaster), "use "+orList(payment.Kinds())+", or a name of that master")
		}
	}
}
