// Package record holds the flat rows between files and the trade's types: a
// [Record] is one row of an order sheet, an instruction file, a result or a
// stock file, with its values under the names of [Fields].
//
// Formats (package format) turn files into records and records into files;
// this package turns records into [order.Order], [order.Shipment] and so on, and
// instructions into records. All values are text: codes stay codes, integers are
// plain digits with an optional sign, amounts are whole smallest units, dates
// are 2006-01-02, instants are RFC 3339.
package record

import "sort"

// A Field is one value of a record.
type Field uint8

// A Record is one row. It is indexed by Field; an empty string is an absent value.
type Record []string

// New returns an empty record.
func New() Record { return make(Record, Count) }

// The fields. Names in formats are those of the names table below.
const (
	OrderNumber Field = iota
	OrderStatus
	OrderSubStatus
	OrderedAt
	OrderPayment
	OrderDelivery
	OrderCurrency
	OrderTotal
	OrderGoods
	OrderPostage
	OrderFee
	OrderDiscount
	OrderNote
	OrderMemo
	OrderFlags // space separated
	OrderLines // number of lines of the order or instruction
	OrderQuantity
	OrderAmount

	BuyerName
	BuyerKana
	BuyerCompany
	BuyerPhone
	BuyerEmail
	BuyerCountry
	BuyerPostal
	BuyerPrefecture
	BuyerCity
	BuyerStreet
	BuyerBuilding
	BuyerAddress // joined; written only

	PackageKey
	PackageDeliverOn
	PackageTimeBand
	PackageShipBy
	PackageDelivery
	PackageNote
	PackageCustomsID

	ToName
	ToKana
	ToCompany
	ToPhone
	ToPhone2
	ToEmail
	ToCountry
	ToPostal
	ToPrefecture
	ToCity
	ToStreet
	ToBuilding
	ToAddress // joined; written only

	LineKey
	LineItemID
	LineItemCode
	LineOptionID
	LineOptionCode
	LineSKUCode
	LineBarcode
	LineName
	LineOption
	LineQuantity
	LinePrice
	LineTaxRate
	LineNote
	LineNo // 1, 2, … inside its order or instruction
	LineSKU
	LineListing
	LineWeight // grams each
	LineTemperature

	InstructionNumber
	InstructionWarehouse
	InstructionService
	InstructionCarrier
	InstructionTemperature
	InstructionTimeBand
	InstructionDeliverOn
	InstructionShipOn
	InstructionNotBefore
	InstructionPayment
	InstructionCollect
	InstructionCollectTax
	InstructionNote
	InstructionInserts
	InstructionParcels
	InstructionItems // all lines folded into one text
	BatchNumber
	BatchDate
	BatchTime

	FromName
	FromKana
	FromCompany
	FromPhone
	FromPostal
	FromPrefecture
	FromCity
	FromStreet
	FromBuilding
	FromAddress // joined; written only

	ShipmentCarrier
	ShipmentTracking
	ShipmentShippedOn
	ShipmentParcels
	ShipmentQuantity
	ShipmentCancelled // not empty and not 0: the label was withdrawn
	ShipmentAccount
	ShipmentService   // our delivery service code
	ShipmentShippedAt // instant
	ShipmentFurther   // other numbers of what the row stands for, separated by spaces, those of another carrier as carrier:number
	ShipmentRaw       // the tracking number as the warehouse's file gave it
	ShipmentCorrect   // not empty: the mall was told before, under another number
	ShipmentWas       // that number
	ShipmentRef       // the mall's number of what it was told before

	AckResult // ok, error, stopped, too_late
	AckMessage

	StockSKU
	StockOnHand
	StockAllocated
	StockSellable
	StockLocation
	StockLot
	StockExpiry
	StockStatus
	StockAt

	// Texts that a warehouse's settings give to every row (values:).
	ValueBillingCode    // customer code that is billed: 請求先顧客コード, お客様コード
	ValueBillingClass   // 請求先分類コード
	ValueFreightCode    // 運賃管理番号
	ValueDepartmentCode // 部署ご担当者コード
	ValueSenderCode     // ご依頼主コード
	ValueTimeWindows    // which of a carrier's time tables is agreed: five, six
	ValueParcelType     // 荷姿
	ValueItemName       // what to print as contents instead of the goods' names
	ValueSlipKind       // 送り状種類, where it is not by service
	ValueShipperCode    // 荷主コード, 화주코드
	ValueDeliveryMethod // 배송방법, as a mall's upload file wants it
	ValueOrderID        // how a mall's upload file writes the order number, where it has two forms

	Extra1
	Extra2
	Extra3
	Extra4
	Extra5
	Extra6
	Extra7
	Extra8
	Extra9

	Count // how many fields there are
)

var names = [Count]string{
	OrderNumber: "order.number", OrderStatus: "order.status", OrderSubStatus: "order.substatus", OrderedAt: "order.ordered_at",
	OrderPayment: "order.payment", OrderDelivery: "order.delivery", OrderCurrency: "order.currency", OrderTotal: "order.total",
	OrderGoods: "order.goods", OrderPostage: "order.postage", OrderFee: "order.fee", OrderDiscount: "order.discount",
	OrderNote: "order.note", OrderMemo: "order.memo", OrderFlags: "order.flags", OrderLines: "order.lines",
	OrderQuantity: "order.quantity", OrderAmount: "order.amount",
	BuyerName: "buyer.name", BuyerKana: "buyer.kana", BuyerCompany: "buyer.company", BuyerPhone: "buyer.phone", BuyerEmail: "buyer.email",
	BuyerCountry: "buyer.country", BuyerPostal: "buyer.postal", BuyerPrefecture: "buyer.prefecture", BuyerCity: "buyer.city",
	BuyerStreet: "buyer.street", BuyerBuilding: "buyer.building", BuyerAddress: "buyer.address",
	PackageKey: "package.key", PackageDeliverOn: "package.deliver_on", PackageTimeBand: "package.time_band", PackageShipBy: "package.ship_by",
	PackageDelivery: "package.delivery", PackageNote: "package.note", PackageCustomsID: "package.customs_id",
	ToName: "to.name", ToKana: "to.kana", ToCompany: "to.company", ToPhone: "to.phone", ToPhone2: "to.phone2", ToEmail: "to.email",
	ToCountry: "to.country", ToPostal: "to.postal", ToPrefecture: "to.prefecture", ToCity: "to.city", ToStreet: "to.street",
	ToBuilding: "to.building", ToAddress: "to.address",
	LineKey: "line.key", LineItemID: "line.item_id", LineItemCode: "line.item_code", LineOptionID: "line.option_id",
	LineOptionCode: "line.option_code", LineSKUCode: "line.sku_code", LineBarcode: "line.barcode", LineName: "line.name",
	LineOption: "line.option", LineQuantity: "line.quantity", LinePrice: "line.price", LineTaxRate: "line.tax_rate",
	LineNote: "line.note", LineNo: "line.no", LineSKU: "line.sku", LineListing: "line.listing", LineWeight: "line.weight",
	LineTemperature:   "line.temperature",
	InstructionNumber: "instruction.number", InstructionWarehouse: "instruction.warehouse", InstructionService: "instruction.service",
	InstructionCarrier: "instruction.carrier", InstructionTemperature: "instruction.temperature", InstructionTimeBand: "instruction.time_band",
	InstructionDeliverOn: "instruction.deliver_on", InstructionShipOn: "instruction.ship_on", InstructionNotBefore: "instruction.not_before",
	InstructionPayment: "instruction.payment", InstructionCollect: "instruction.collect", InstructionCollectTax: "instruction.collect_tax",
	InstructionNote: "instruction.note", InstructionInserts: "instruction.inserts", InstructionParcels: "instruction.parcels",
	InstructionItems: "instruction.items",
	BatchNumber:      "batch.number", BatchDate: "batch.date", BatchTime: "batch.time",
	FromName: "from.name", FromKana: "from.kana", FromCompany: "from.company", FromPhone: "from.phone", FromPostal: "from.postal",
	FromPrefecture: "from.prefecture", FromCity: "from.city", FromStreet: "from.street", FromBuilding: "from.building", FromAddress: "from.address",
	ShipmentCarrier: "shipment.carrier", ShipmentTracking: "shipment.tracking", ShipmentShippedOn: "shipment.shipped_on",
	ShipmentParcels: "shipment.parcels", ShipmentQuantity: "shipment.quantity", ShipmentCancelled: "shipment.cancelled",
	ShipmentAccount: "shipment.account", ShipmentService: "shipment.service", ShipmentShippedAt: "shipment.shipped_at",
	ShipmentFurther: "shipment.further", ShipmentRaw: "shipment.raw", ShipmentCorrect: "shipment.correct", ShipmentWas: "shipment.was", ShipmentRef: "shipment.ref",
	AckResult: "ack.result", AckMessage: "ack.message",
	StockSKU: "stock.sku", StockOnHand: "stock.on_hand", StockAllocated: "stock.allocated", StockSellable: "stock.sellable",
	StockLocation: "stock.location", StockLot: "stock.lot", StockExpiry: "stock.expiry", StockStatus: "stock.status", StockAt: "stock.at",
	ValueBillingCode: "value.billing_code", ValueBillingClass: "value.billing_class", ValueFreightCode: "value.freight_code",
	ValueDepartmentCode: "value.department_code", ValueSenderCode: "value.sender_code", ValueTimeWindows: "value.time_windows",
	ValueParcelType: "value.parcel_type", ValueItemName: "value.item_name", ValueSlipKind: "value.slip_kind", ValueShipperCode: "value.shipper_code",
	ValueDeliveryMethod: "value.delivery_method", ValueOrderID: "value.order_id",
	Extra1: "extra.1", Extra2: "extra.2", Extra3: "extra.3", Extra4: "extra.4", Extra5: "extra.5", Extra6: "extra.6", Extra7: "extra.7",
	Extra8: "extra.8", Extra9: "extra.9",
}

var byName = func() map[string]Field {
	m := make(map[string]Field, Count)
	for f, n := range names {
		m[n] = Field(f)
	}
	return m
}()

// Lookup returns the field of that name.
func Lookup(name string) (Field, bool) {
	f, ok := byName[name]
	return f, ok
}

// Value returns the field of a text that a warehouse's settings give under a
// name: billing_code is the field value.billing_code, extra.1 the field extra.1.
func Value(name string) (Field, bool) {
	if f, ok := byName[name]; ok && f >= Extra1 {
		return f, true
	}
	f, ok := byName["value."+name]
	return f, ok
}

func (f Field) String() string {
	if f < Count {
		return names[f]
	}
	return "unknown"
}

// Names lists the names of all fields, sorted.
func Names() []string {
	out := make([]string, 0, Count)
	for _, n := range names {
		out = append(out, n)
	}
	sort.Strings(out)
	return out
}

// A Kind is what the rows of a file are.
type Kind string

// The kinds.
const (
	Orders       Kind = "orders"
	Instructions Kind = "instructions"
	Results      Kind = "results"
	Stock        Kind = "stock"
	Acks         Kind = "acks"
	Stops        Kind = "stops"    // stop requests to a warehouse
	Tracking     Kind = "tracking" // what a mall is told of shipped lines
)

// Level tells at which level of an order sheet a field stands: rows that repeat
// it must agree.
type Level uint8

// Levels.
const (
	LevelOrder Level = iota
	LevelPackage
	LevelLine
)

// Level returns the level of an orders field.
func (f Field) Level() Level {
	switch {
	case f <= BuyerAddress:
		return LevelOrder
	case f <= ToAddress:
		return LevelPackage
	}
	return LevelLine
}
