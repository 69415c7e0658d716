package configs

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mallbridge/mallbridge/mappers/delivery"
	"github.com/mallbridge/mallbridge/mappers/payment"
	"github.com/mallbridge/mallbridge/mappers/sku"
)

// The names of the masters, without .csv or .xlsx.
const (
	SKULinks         = "sku-links"
	SKUMaster        = "skus"
	PaymentMaster    = "payments"
	DeliveryServices = "delivery-services"
	TimeBands        = "time-bands"
)

var accountColumn = column{name: "account", aliases: []string{"アカウント", "店舗", "モール", "스토어", "계정", "쇼핑몰"}}

var masterColumns = map[string][]column{
	SKULinks: {
		accountColumn,
		{name: "code", aliases: []string{"商品コード", "販売コード", "판매자코드", "상품코드"}, required: true},
		{name: "sku", aliases: []string{"SKUコード", "倉庫商品コード", "SKU코드", "창고상품코드"}, required: true},
		{name: "quantity", aliases: []string{"数量", "個数", "수량"}},
		{name: "name", aliases: []string{"商品名", "名称", "상품명"}},
		{name: "temperature", aliases: []string{"温度帯", "온도"}},
		{name: "weight", aliases: []string{"重量", "중량", "무게"}},
		{name: "from", aliases: []string{"適用開始日", "적용시작일"}},
	},
	SKUMaster: {
		{name: "sku", aliases: []string{"SKUコード", "倉庫商品コード", "SKU코드", "창고상품코드"}, required: true},
		{name: "name", aliases: []string{"商品名", "名称", "상품명"}},
		{name: "barcode", aliases: []string{"JAN", "JANコード", "バーコード", "바코드"}},
		{name: "weight", aliases: []string{"重量", "중량", "무게"}},
		{name: "temperature", aliases: []string{"温度帯", "온도"}},
		{name: "warehouse", aliases: []string{"倉庫", "창고"}},
	},
	PaymentMaster: {
		accountColumn,
		{name: "name", aliases: []string{"支払方法", "支払方法名", "결제수단"}},
		{name: "code", aliases: []string{"コード", "支払コード", "코드"}},
		{name: "payment", aliases: []string{"支払区分", "결제구분"}, required: true},
	},
	DeliveryServices: {
		accountColumn,
		{name: "name", aliases: []string{"配送方法", "配送サービス名", "배송방법"}, required: true},
		{name: "payment", aliases: []string{"支払区分", "결제구분"}},
		{name: "temperature", aliases: []string{"温度帯", "온도"}},
		{name: "warehouse", aliases: []string{"倉庫", "창고"}},
		{name: "service", aliases: []string{"配送サービス", "배송서비스"}, required: true},
		{name: "carrier", aliases: []string{"配送会社", "運送会社", "택배사"}, required: true},
	},
	TimeBands: {
		accountColumn,
		{name: "carrier", aliases: []string{"配送会社", "運送会社", "택배사"}},
		{name: "code", aliases: []string{"時間帯コード", "モール時間帯", "코드", "시간대코드"}, required: true},
		{name: "band", aliases: []string{"時間帯", "시간대"}, required: true},
	},
}

// masters reads the tables into the workspace.
func (l *loader) masters() {
	w := &l.ws.Masters
	links, linkFile := master[sku.Link](l, SKULinks, true)
	skus, skuFile := master[sku.SKU](l, SKUMaster, false)
	var found []sku.Finding
	w.SKUs, found = sku.NewIndex(links, skus)
	for _, f := range found {
		file := linkFile
		if f.File == "skus" {
			file = skuFile
		}
		l.find(Finding{File: file, Line: f.Line, Name: f.Column, Message: valued(f.Value, f.Why), Hint: f.Hint, Warning: f.Warning})
	}
	payments, file := master[payment.Row](l, PaymentMaster, true)
	var wrongPayments []payment.Finding
	w.Payments, wrongPayments = payment.NewMap(payments)
	for _, f := range wrongPayments {
		l.find(Finding{File: file, Line: f.Line, Name: f.Column, Message: valued(f.Value, f.Why), Hint: f.Hint})
	}
	services, file := master[delivery.ServiceRow](l, DeliveryServices, true)
	var wrong []delivery.Finding
	w.Services, wrong = delivery.NewServices(services)
	l.deliveryFindings(file, wrong)
	bands, bandFile := master[delivery.BandRow](l, TimeBands, false)
	w.Bands, wrong = delivery.NewTimeBands(bands)
	l.deliveryFindings(bandFile, wrong)

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
	for _, m := range l.ws.Masters.Tables {
		if m.Name == name {
			return m.File
		}
	}
	return ""
}

// master reads masters/<name>.csv or .xlsx.
func master[T any](l *loader, name string, required bool) ([]T, string) {
	var files []string
	for _, ending := range []string{".csv", ".xlsx"} {
		file := "masters/" + name + ending
		if _, err := os.Stat(filepath.Join(l.ws.Dir, filepath.FromSlash(file))); err == nil {
			files = append(files, file)
		}
	}
	switch {
	case len(files) == 0:
		file := "masters/" + name + ".csv"
		if required {
			l.find(Finding{File: file, Message: "is missing", Hint: "make it with the columns " + headerOf(masterColumns[name])})
		}
		l.ws.Masters.Tables = append(l.ws.Masters.Tables, Table{Name: name})
		return nil, file
	case len(files) == 2:
		l.find(Finding{File: files[1], Message: "is there beside " + files[0], Hint: "keep one of them"})
	}
	data, ok := l.readOr(files[0], maxMaster)
	var rows []T
	if ok {
		rows = readTable[T](l, files[0], data, masterColumns[name])
	}
	l.ws.Masters.Tables = append(l.ws.Masters.Tables, Table{Name: name, File: files[0], Rows: len(rows)})
	return rows, files[0]
}

// checkScope reports rows for accounts that do not exist.
func checkScope[T any](l *loader, file string, rows []T, scope func(T) (account string, line int)) {
	known := func(name string) bool {
		if _, ok := l.ws.Account(name); ok || name == "" {
			return true
		}
		_, ok := LookupMall(name)
		return ok
	}
	for _, r := range rows {
		if account, line := scope(r); !known(strings.TrimSpace(account)) {
			l.find(Finding{File: file, Line: line, Name: "account", Message: fmt.Sprintf("%q is neither an account nor a mall", account), Hint: "write the name of a file in accounts/, a mall, or nothing for all"})
		}
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
