package ledger

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/mallbridge/mallbridge/order"
)

// sample makes order k with as many lines as real sheets have: 1.7 on average,
// and a document of about 600 bytes.
func sample(k int) *order.Order {
	r := rand.New(rand.NewPCG(uint64(k), 22))
	at := time.Date(2026, 11, 1+r.IntN(28), r.IntN(24), r.IntN(60), r.IntN(60), 0, time.UTC)
	o := &order.Order{
		Account: "rakuten-main", Number: fmt.Sprintf("398765-%s-%08d", at.Format("20060102"), k),
		Status: "300", SubStatus: "発送待ち", Ordered: order.Instant{UTC: at, Text: at.Format("2006/01/02 15:04:05")},
		Payment: "クレジットカード", Delivery: "宅配便", Currency: "JPY",
		Postage: 550, Discount: int64(r.IntN(3) * 100),
		Buyer: order.Party{
			Name: "山田 " + given[r.IntN(len(given))], Kana: "ヤマダ ハナコ", Phone: fmt.Sprintf("090-0000-%04d", r.IntN(10000)),
			Email: fmt.Sprintf("buyer%08d@example.jp", k), Country: "JP", Postal: fmt.Sprintf("%03d-%04d", r.IntN(1000), r.IntN(10000)),
			Prefecture: "東京都", City: "千代田区", Street: fmt.Sprintf("架空町%d丁目%d-%d", 1+r.IntN(9), 1+r.IntN(30), 1+r.IntN(20)), Building: "サンプルマンション 101",
		},
		Note: "[配送日時指定:]\n午前中",
	}
	k0 := order.Package{Key: "1", To: o.Buyer, TimeBand: "1", DeliverOn: "2026-11-25"}
	if r.IntN(5) == 0 {
		k0.To.Name, k0.To.Email, k0.To.Street = "佐藤 "+given[r.IntN(len(given))], "", "見本通り2-3"
	}
	n := 1
	switch x := r.IntN(100); {
	case x >= 93:
		n = 4
	case x >= 80:
		n = 3
	case x >= 55:
		n = 2
	}
	for i := range n {
		l := order.Line{
			Key: fmt.Sprint(i + 1), Name: "【オーガニック】北海道産 電動歯ブラシ 4本セット 送料無料", Option: "カラー:ブルー", Quantity: int64(1 + r.IntN(3)),
			Price: int64(100 + 10*r.IntN(2000)), TaxRate: "0.1",
			Codes: order.Codes{ItemID: fmt.Sprint(10000000 + r.IntN(20000)), ItemCode: fmt.Sprintf("item-%06d", r.IntN(20000)), SKUCode: fmt.Sprintf("W%08d", r.IntN(20000)*13)},
		}
		o.Goods += l.Quantity * l.Price
		k0.Lines = append(k0.Lines, l)
	}
	o.Total = o.Goods + o.Postage - o.Discount
	o.Packages = []order.Package{k0}
	return o
}

var given = []string{"花子", "太郎", "一郎", "美咲", "健", "さくら", "髙志", "𠮷乃"}

func samples(from, n int) []Intake {
	in := make([]Intake, n)
	row := int64(1)
	for i := range in {
		in[i] = Intake{Order: sample(from + i), Row: row}
		row += int64(in[i].Order.Lines())
	}
	return in
}

// instructionFor makes the instruction that serves the whole of a stored order.
func instructionFor(id, account, warehouse int64, o *order.Order) NewInstruction {
	p := &o.Packages[0]
	in := &order.Instruction{
		Warehouse: "tokyo", Account: o.Account, To: p.To,
		From:    order.Party{Name: "架空商店", Phone: "03-0000-0000", Country: "JP", Postal: "100-0000", Prefecture: "東京都", City: "千代田区", Street: "架空町1-1"},
		Service: "normal", Carrier: "yamato", Temperature: order.Normal, TimeBand: "am", DeliverOn: p.DeliverOn, ShipOn: "2026-11-23",
		Payment: "prepaid", Currency: "JPY", Parcels: 1,
	}
	n := NewInstruction{Instruction: in, WarehouseID: warehouse, AccountID: account, Prefix: "M", Width: 10}
	for i := range o.Packages {
		for j := range o.Packages[i].Lines {
			l := &o.Packages[i].Lines[j]
			in.Lines = append(in.Lines, order.InstructionLine{
				OrderID: id, Account: o.Account, Order: o.Number, Package: o.Packages[i].Key, Line: l.Key, SKU: l.Codes.SKUCode, Name: l.Name,
				Option: l.Option, Quantity: l.Quantity, Price: l.Price, Listing: l.Codes.ItemCode, Ordered: o.Ordered.Text,
			})
			n.Pieces = append(n.Pieces, Piece{OrderID: id, Package: int64(i), Line: int64(j), Quantity: l.Quantity})
		}
	}
	return n
}
