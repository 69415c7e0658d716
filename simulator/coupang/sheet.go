package coupang

import (
	"strconv"
	"time"
)

// A sheet is a bundle as ordersheets v5 shows it.
type sheet struct {
	Box         int64             `json:"shipmentBoxId"`
	Order       int64             `json:"orderId"`
	OrderedAt   string            `json:"orderedAt"`
	Orderer     orderer           `json:"orderer"`
	PaidAt      string            `json:"paidAt"`
	Status      string            `json:"status"`
	Shipping    money             `json:"shippingPrice"`
	Remote      *money            `json:"remotePrice"`
	RemoteArea  bool              `json:"remoteArea"`
	Message     *string           `json:"parcelPrintMessage"`
	Split       bool              `json:"splitShipping"`
	MaySplit    bool              `json:"ableSplitShipping"`
	Receiver    receiver          `json:"receiver"`
	Items       []sheetItem       `json:"orderItems"`
	Oversea     oversea           `json:"overseaShippingInfoDto"`
	Courier     string            `json:"deliveryCompanyName"`
	Invoice     string            `json:"invoiceNumber"`
	InTransit   string            `json:"inTrasitDateTime"` // the mall's own spelling
	Delivered   string            `json:"deliveredDate"`
	Refer       string            `json:"refer"`
	ShipmentBy  string            `json:"shipmentType"`
	CashOnDeliv bool              `json:"isCod"`
	Extra       map[string]string `json:"extraProperties"`
}

type orderer struct {
	Name   string  `json:"name"`
	Email  string  `json:"email"`
	Safe   *string `json:"safeNumber"`
	Number *string `json:"ordererNumber"`
}

type receiver struct {
	Name   string  `json:"name"`
	Safe   *string `json:"safeNumber"`
	Number *string `json:"receiverNumber"`
	Addr1  string  `json:"addr1"`
	Addr2  string  `json:"addr2"`
	Postal string  `json:"postCode"`
}

type oversea struct {
	Customs string `json:"personalCustomsClearanceCode"`
	SSN     string `json:"ordererSsn"`
	Phone   string `json:"ordererPhoneNumber"`
}

type money struct {
	Currency string `json:"currencyCode"`
	Units    int64  `json:"units"`
	Nanos    int32  `json:"nanos"`
}

func won(n int64) money { return money{"KRW", n, 0} }

type sheetItem struct {
	PackageID    int64             `json:"vendorItemPackageId"`
	PackageName  string            `json:"vendorItemPackageName"`
	Product      int64             `json:"productId"`
	VendorItem   int64             `json:"vendorItemId"`
	Name         string            `json:"vendorItemName"`
	Count        int64             `json:"shippingCount"`
	Sales        money             `json:"salesPrice"`
	Price        money             `json:"orderPrice"`
	Discount     *money            `json:"discountPrice"`
	Instant      money             `json:"instantCouponDiscount"`
	Downloadable money             `json:"downloadableCouponDiscount"`
	ByCoupang    money             `json:"coupangDiscount"`
	SKU          *string           `json:"externalVendorSkuCode"`
	Prompt       *string           `json:"etcInfoHeader"`
	Entry        *string           `json:"etcInfoValue"`
	Entries      []string          `json:"etcInfoValues"`
	SellerID     int64             `json:"sellerProductId"`
	SellerName   string            `json:"sellerProductName"`
	SellerItem   string            `json:"sellerProductItemName"`
	FirstItem    string            `json:"firstSellerProductItemName"`
	Cancelled    int64             `json:"cancelCount"`
	Held         int64             `json:"holdCountForCancel"`
	Estimated    string            `json:"estimatedShippingDate"`
	Planned      string            `json:"plannedShippingDate"`
	Uploaded     string            `json:"invoiceNumberUploadDate"`
	Extra        map[string]string `json:"extraProperties"`
	Badge        bool              `json:"pricingBadge"`
	Used         bool              `json:"usedProduct"`
	Confirmed    string            `json:"confirmDate"`
	Charge       string            `json:"deliveryChargeTypeName"`
	PackItem     *int64            `json:"upBundleVendorItemId"`
	PackName     *string           `json:"upBundleVendorItemName"`
	PackSize     *int64            `json:"upBundleSize"`
	Pack         bool              `json:"upBundleItem"`
	Canceled     bool              `json:"canceled"`
}

func some(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(Seoul).Format(longTime)
}

// sheet shows the bundle as it is. Of people only virtual numbers are shown, and
// the customs number not before the seller has acknowledged the order.
func (b *bundle) sheet() sheet {
	s := sheet{
		Box: b.id, Order: b.order, OrderedAt: instant(b.ordered), PaidAt: instant(b.paid), Status: b.status,
		Orderer: orderer{Name: b.buyer.name, Safe: some(b.buyer.phone)}, Shipping: won(b.fee), RemoteArea: b.island,
		Message: some(b.message), Split: b.split, MaySplit: !b.split && len(b.items) > 1,
		Receiver: receiver{Name: b.to.name, Safe: some(b.to.phone), Addr1: b.to.addr1, Addr2: b.to.addr2, Postal: b.to.postal},
		Invoice:  b.invoice, InTransit: instant(b.dispatched), Refer: "안드로이드앱", ShipmentBy: b.fulfilled,
		Extra: map[string]string{"sameDayShipping": "false", "cutOffTimeHour": "0"},
	}
	if b.island {
		m := won(b.remote)
		s.Remote = &m
	}
	if b.status != Accept {
		s.Oversea.Customs = b.customs
	}
	if c, ok := lookupCourier(b.courier); ok {
		s.Courier = c.name
	}
	if b.status == FinalDelivery {
		s.Delivered = instant(b.past[len(b.past)-1].at)
	}
	charge := "유료"
	if b.fee == 0 {
		charge = "무료"
	}
	for _, i := range b.items {
		s.Items = append(s.Items, i.sheet(b, charge))
	}
	return s
}

// lateFor is how long a number stays unseen with the fault Late.
const lateFor = 20 * time.Minute

// show is the bundle as the mall shows it, which may be late.
func (c *call) show(b *bundle) sheet {
	s := b.sheet()
	if c.m.faults.Late && b.invoice != "" && c.now.Sub(b.uploaded) < lateFor {
		s.Status, s.Invoice, s.Courier, s.InTransit = Instruct, "", "", ""
	}
	return s
}

func (i *item) sheet(b *bundle, charge string) sheetItem {
	x := sheetItem{
		PackageName: i.registered, Product: i.product, VendorItem: i.vendorItem, Name: i.name, Count: i.count,
		Sales: won(i.price), Price: won(i.price * i.count), Instant: won(i.discount), Downloadable: won(0), ByCoupang: won(0),
		SKU: some(i.sku), Prompt: some(i.prompt), Entries: i.entries, SellerID: i.sellerProduct, SellerName: i.registered,
		SellerItem: i.option, FirstItem: i.option, Cancelled: i.cancelled, Held: i.held, Estimated: i.promised, Planned: b.planned,
		Uploaded: instant(b.uploaded), Extra: map[string]string{}, Charge: charge, Canceled: i.cancelled >= i.count,
	}
	if i.discount > 0 {
		m := won(i.discount)
		x.Discount = &m
	}
	if i.pack > 1 {
		x.Pack, x.PackSize, x.PackItem = true, &i.pack, &i.base
		x.PackName = some(i.registered + " " + strconv.FormatInt(i.pack, 10) + "개 묶음")
	}
	return x
}
