package formats_test

import (
	"bytes"
	"slices"
	"strings"
)

// globalInputs are the sheets of the malls that sell across borders.
func globalInputs() []input {
	return slices.Concat(amazonUnshippedInputs(), amazonOrderInputs(), shopifyInputs(), ebayInputs())
}

var (
	amazonUnshippedHeader = strings.Fields("order-id order-item-id purchase-date payments-date reporting-date promise-date days-past-promise buyer-email buyer-name buyer-phone-number sku product-name quantity-purchased quantity-shipped quantity-to-ship ship-service-level recipient-name ship-address-1 ship-address-2 ship-address-3 ship-city ship-state ship-postal-code ship-country payment-method cod-collectible-amount already-paid payment-method-fee scheduled-delivery-start-date scheduled-delivery-end-date points-granted is-prime verge-of-cancellation verge-of-lateShipment")
	amazonOrderHeader     = strings.Fields("order-id order-item-id purchase-date payments-date buyer-email buyer-name buyer-phone-number sku product-name quantity-purchased currency item-price item-tax shipping-price shipping-tax ship-service-level recipient-name ship-address-1 ship-address-2 ship-address-3 ship-city ship-state ship-postal-code ship-country ship-phone-number delivery-start-date delivery-end-date delivery-time-zone delivery-Instructions sales-channel")
	amazonAllHeader       = strings.Fields("amazon-order-id merchant-order-id purchase-date last-updated-date order-status fulfillment-channel sales-channel order-channel ship-service-level product-name sku asin item-status quantity currency item-price item-tax shipping-price shipping-tax gift-wrap-price gift-wrap-tax item-promotion-discount ship-promotion-discount ship-city ship-state ship-postal-code ship-country promotion-ids is-business-order purchase-order-number price-designation")

	amazonRow = map[string]any{
		"order-id": "503-7654321-0000001", "order-item-id": "40000000000011", "purchase-date": "2026-11-18T11:11:09+09:00", "payments-date": "2026-11-18T11:12:00+09:00",
		"reporting-date": "2026-11-18T12:00:00+09:00", "promise-date": "2026-11-20T23:59:59+09:00", "days-past-promise": "-2", "buyer-email": "sample0001@marketplace.amazon.co.jp",
		"buyer-name": "架空 太郎", "buyer-phone-number": "03-0000-0101", "sku": "MUG-BL-01", "product-name": "見本マグカップ 青", "quantity-purchased": "2", "quantity-shipped": "0",
		"quantity-to-ship": "2", "ship-service-level": "Standard", "recipient-name": "架空 花子", "ship-address-1": "見本市中央区例示町1-2-3", "ship-address-2": "サンプルハイツ405",
		"ship-state": "東京都", "ship-postal-code": "100-0001", "ship-country": "JP", "payment-method": "Other", "is-prime": "false",
		"currency": "JPY", "item-price": "5600", "item-tax": "509", "shipping-price": "550", "shipping-tax": "50", "ship-phone-number": "0300000202", "delivery-time-zone": "Asia/Tokyo",
		"sales-channel": "Amazon.co.jp",
	}
)

func amazonUnshippedInputs() []input {
	in := func(name, about string, header []string, rows ...map[string]any) input {
		return input{format: "amazon-unshipped", name: name, about: about, file: "input.txt", charset: cp932, comma: "\t", raw: true, header: header, rows: rows}
	}
	utf := in("utf-8", "the same report of an account whose files are UTF-8", amazonUnshippedHeader, with(amazonRow, "recipient-name", "架空 𠮷江", "ship-address-2", "Café 見本 2F"))
	utf.charset = nil
	return []input{
		in("ordinary", "two items of one order, and an order paid on delivery: what is collected is its total", amazonUnshippedHeader, amazonRow,
			with(amazonRow, "order-item-id", "40000000000012", "sku", "TEA-50", "product-name", "ほうじ茶 50g", "quantity-purchased", "1", "quantity-to-ship", "1"),
			with(amazonRow, "order-id", "249-7654321-0000002", "order-item-id", "40000000000021", "payment-method", "COD", "cod-collectible-amount", "6480", "payment-method-fee", "330")),
		in("hard", "shipped in part, nothing left of an item, a wish of day and hours, characters of Windows, quotes that are no quotes, zeros that Excel dropped, an order of Amazon's own", append(slices.Clone(amazonUnshippedHeader), "fulfillment-channel"),
			with(amazonRow, "quantity-purchased", "5", "quantity-shipped", "2", "quantity-to-ship", "3", "product-name", `19"モニター "見本"`, "recipient-name", "髙﨑 ①郎", "ship-address-3", "㈱見本商事",
				"scheduled-delivery-start-date", "2026-11-21T14:00:00+09:00", "scheduled-delivery-end-date", "2026-11-21T16:00:00+09:00"),
			with(amazonRow, "order-item-id", "40000000000012", "quantity-shipped", "2", "quantity-to-ship", "0", "recipient-name", "髙﨑 ①郎", "ship-address-3", "㈱見本商事",
				"scheduled-delivery-start-date", "2026-11-21T14:00:00+09:00", "scheduled-delivery-end-date", "2026-11-21T16:00:00+09:00"),
			with(amazonRow, "order-id", "503-7654321-0000003", "order-item-id", "40000000000031", "sku", "0012-3", "ship-postal-code", "600001", "ship-state", "北海道",
				"scheduled-delivery-start-date", "2026-11-21T00:00:00+09:00", "scheduled-delivery-end-date", "2026-11-24T23:59:59+09:00", "payment-method", "CVS"),
			with(amazonRow, "order-id", "250-7654321-0000004", "order-item-id", "40000000000041", "fulfillment-channel", "Amazon")),
		utf,
		in("columns-older", "a report without the columns that came later", amazonUnshippedHeader[:24], amazonRow),
		in("refused-rows", "numbers that lost digits, quantities, a missing recipient", amazonUnshippedHeader,
			with(amazonRow, "order-id", "5.03E+17"),
			with(amazonRow, "order-id", "503-7654321-0000002", "order-item-id", "4E+13"),
			with(amazonRow, "order-id", "503-7654321-0000003", "quantity-to-ship", "二"),
			with(amazonRow, "order-id", "503-7654321-0000004", "recipient-name", ""),
			with(amazonRow, "order-id", "503-7654321-0000005", "order-item-id", "1"),
			with(amazonRow, "order-id", "503-7654321-0000005", "order-item-id", "2", "sku", "5月1日"),
			with(amazonRow, "order-id", "503-7654321-0000006")),
		in("refused-all-orders", "the report of all orders has no names", amazonAllHeader, map[string]any{"amazon-order-id": "503-7654321-0000001", "order-status": "Shipped", "fulfillment-channel": "Amazon", "sku": "FBA-LAMP", "quantity": "1"}),
		in("refused-missing-column", "a report without quantity-to-ship is refused", without(amazonUnshippedHeader, "quantity-to-ship"), amazonRow),
	}
}

func amazonOrderInputs() []input {
	in := func(name, about string, header []string, rows ...map[string]any) input {
		return input{format: "amazon-orders", name: name, about: about, file: "input.txt", charset: cp932, comma: "\t", raw: true, header: header, rows: rows}
	}
	utf := in("utf-8", "the same report in UTF-8", amazonOrderHeader, with(amazonRow, "recipient-name", "架空 𠮷江"))
	utf.charset = nil
	return []input{
		in("ordinary", "two items of one order, and another order", amazonOrderHeader, amazonRow,
			with(amazonRow, "order-item-id", "40000000000012", "sku", "TEA-50", "product-name", "ほうじ茶 50g", "quantity-purchased", "1"),
			with(amazonRow, "order-id", "249-7654321-0000002", "order-item-id", "40000000000021", "ship-phone-number", "")),
		in("hard", "a wish of day and hours, a note to the carrier, a city of its own, an order of Amazon's own", append(slices.Clone(amazonOrderHeader), "fulfillment-channel"),
			with(amazonRow, "delivery-start-date", "2026-11-21T08:00:00+09:00", "delivery-end-date", "2026-11-21T12:00:00+09:00", "delivery-Instructions", "玄関に置いてください ①", "ship-city", "見本市",
				"ship-address-1", "中央区例示町1-2-3", "ship-address-3", "髙﨑様方"),
			with(amazonRow, "order-id", "503-7654321-0000003", "order-item-id", "40000000000031", "ship-postal-code", "10001", "fulfillment-channel", "AFN")),
		utf,
		in("refused-rows", "an order number that Excel rewrote, a quantity of none, a code that became a date", amazonOrderHeader,
			with(amazonRow, "order-id", "5037654321"),
			with(amazonRow, "order-id", "503-7654321-0000002", "quantity-purchased", "0"),
			with(amazonRow, "order-id", "503-7654321-0000003", "sku", "1-May"),
			with(amazonRow, "order-id", "503-7654321-0000004")),
		in("refused-unshipped", "the report of unshipped orders is the other format's", amazonUnshippedHeader, amazonRow),
	}
}

var (
	shopifyHeader = split("Name | Email | Financial Status | Paid at | Fulfillment Status | Fulfilled at | Accepts Marketing | Currency | Subtotal | Shipping | Taxes | Total | Discount Code | Discount Amount | Shipping Method | Created at | Lineitem quantity | Lineitem name | Lineitem price | Lineitem compare at price | Lineitem sku | Lineitem requires shipping | Lineitem taxable | Lineitem fulfillment status | Billing Name | Billing Street | Billing Address1 | Billing Address2 | Billing Company | Billing City | Billing Zip | Billing Province | Billing Country | Billing Phone | Shipping Name | Shipping Street | Shipping Address1 | Shipping Address2 | Shipping Company | Shipping City | Shipping Zip | Shipping Province | Shipping Country | Shipping Phone | Notes | Note Attributes | Cancelled at | Payment Method | Payment Reference | Refunded Amount | Vendor | Outstanding Balance | Employee | Location | Device ID | Id | Tags | Risk Level | Source | Lineitem discount | Tax 1 Name | Tax 1 Value | Tax 2 Name | Tax 2 Value | Tax 3 Name | Tax 3 Value | Tax 4 Name | Tax 4 Value | Tax 5 Name | Tax 5 Value | Phone | Receipt Number | Duties | Billing Province Name | Shipping Province Name | Payment ID | Payment Terms Name | Next Payment Due At | Payment References")

	shopifyRow = map[string]any{
		"Name": "#1001", "Email": "hanako@example.com", "Financial Status": "paid", "Paid at": "2026-11-18 11:12:00 +0900", "Fulfillment Status": "unfulfilled", "Accepts Marketing": "no",
		"Currency": "JPY", "Subtotal": "5600", "Shipping": "550", "Taxes": "559", "Total": "6150", "Discount Amount": "0", "Shipping Method": "宅配便", "Created at": "2026-11-18 11:11:09 +0900",
		"Lineitem quantity": "2", "Lineitem name": "見本マグカップ - 青", "Lineitem price": "2800", "Lineitem sku": "MUG-BL-01", "Lineitem requires shipping": "true", "Lineitem taxable": "true",
		"Lineitem fulfillment status": "pending", "Billing Name": "架空 太郎", "Billing Street": "例示町1-2-3", "Billing Address1": "例示町1-2-3", "Billing City": "千代田区", "Billing Zip": "'1000001",
		"Billing Province": "JP-13", "Billing Country": "JP", "Billing Phone": "03-0000-0101", "Shipping Name": "架空 花子", "Shipping Street": "例示町1-2-3, 見本ハイツ405",
		"Shipping Address1": "例示町1-2-3", "Shipping Address2": "見本ハイツ405", "Shipping City": "千代田区", "Shipping Zip": "'1000001", "Shipping Province": "JP-13", "Shipping Country": "JP",
		"Shipping Phone": "+81 3-0000-0202", "Payment Method": "Shopify Payments", "Vendor": "見本商店", "Id": "5000000000001", "Risk Level": "Low", "Source": "web",
		"Billing Province Name": "Tōkyō", "Shipping Province Name": "Tōkyō",
	}
	// shopifyNext is a further row of an order.
	shopifyNext = map[string]any{
		"Name": "#1001", "Email": "hanako@example.com", "Created at": "", "Lineitem quantity": "1", "Lineitem name": "ほうじ茶 50g", "Lineitem price": "1080", "Lineitem sku": "TEA-50",
		"Lineitem requires shipping": "true", "Lineitem taxable": "true", "Lineitem fulfillment status": "pending", "Vendor": "見本商店",
	}
)

func shopifyInputs() []input {
	in := func(name, about string, header []string, rows ...map[string]any) input {
		return input{format: "shopify-orders", name: name, about: about, file: "input.csv", bare: true, header: header, rows: rows}
	}
	excel := in("excel", "saved as CSV UTF-8 in Excel: a byte order mark, postal codes without their zeros", shopifyHeader, with(shopifyRow, "Shipping Zip", "600001", "Shipping Province", "JP-01", "Billing Zip", "10001"))
	excel.edit = func(b []byte) []byte { return append([]byte("\xEF\xBB\xBF"), b...) }
	return []input{
		in("ordinary", "an order with two lines, whose second row has only the line, and an order to be paid on delivery", shopifyHeader, shopifyRow, shopifyNext,
			with(shopifyRow, "Name", "#1002", "Financial Status", "pending", "Paid at", "", "Payment Method", "代金引換", "Id", "5000000000002", "Notes", "玄関前に\n置いてください", "Note Attributes", "配達希望日: 2026/11/25\n時間: 午前中")),
		in("hard", "fulfilled in part, goods that are not shipped, cancelled, refunded, fulfilled, abroad, at risk, without phone at the address", shopifyHeader,
			with(shopifyRow, "Name", "#1003", "Fulfillment Status", "partial", "Lineitem fulfillment status", "fulfilled"),
			with(shopifyNext, "Name", "#1003"),
			with(shopifyRow, "Name", "#1004", "Lineitem sku", "EGIFT", "Lineitem requires shipping", "false"),
			with(shopifyNext, "Name", "#1004"),
			with(shopifyRow, "Name", "#1005", "Lineitem sku", "EGIFT", "Lineitem requires shipping", "false"),
			with(shopifyRow, "Name", "#1006", "Financial Status", "refunded", "Cancelled at", "2026-11-18 12:00:00 +0900"),
			with(shopifyRow, "Name", "#1007", "Financial Status", "partially_refunded"),
			with(shopifyRow, "Name", "#1008", "Fulfillment Status", "fulfilled", "Lineitem fulfillment status", "fulfilled"),
			with(shopifyNext, "Name", "#1008", "Lineitem fulfillment status", "fulfilled"),
			with(shopifyRow, "Name", "#1009", "Shipping Name", "Ana Sample", "Shipping Address1", `1 "Old" Sample St, Apt 2`, "Shipping Address2", "", "Shipping City", "Sampleton", "Shipping Zip", "02134",
				"Shipping Province", "MA", "Shipping Province Name", "Massachusetts", "Shipping Country", "US", "Shipping Phone", "", "Phone", "+1 555 0100", "Risk Level", "High", "Tags", "wholesale, 髙"),
			with(shopifyRow, "Name", "#1010", "Fulfillment Status", "on_hold"),
			with(shopifyRow, "Name", "#1011", "Fulfillment Status", "partial", "Lineitem fulfillment status", "partial")),
		excel,
		in("columns-older", "an export without the columns that came later", shopifyHeader[:58], shopifyRow, shopifyNext),
		in("refused-rows", "a quantity that is none, a code that became a date, another recipient in the same order, a row that belongs to no order", shopifyHeader,
			with(shopifyRow, "Name", "#1003", "Lineitem quantity", "0"), with(shopifyNext, "Name", "#1003"),
			with(shopifyRow, "Name", "#1004", "Lineitem sku", "1-May"),
			with(shopifyRow, "Name", "#1005"), with(shopifyNext, "Name", "#1005", "Shipping Name", "見本 次郎"),
			with(shopifyNext, "Name", ""),
			with(shopifyRow, "Name", "#1006", "Created at", "昨日"),
			with(shopifyRow, "Name", "#1007")),
		in("refused-missing-column", "an export without Lineitem sku is refused", without(shopifyHeader, "Lineitem sku"), shopifyRow),
	}
}

var (
	ebayHeader = split("Sales Record Number | Order Number | Buyer Username | Buyer Name | Buyer Email | Buyer Note | Buyer Address 1 | Buyer Address 2 | Buyer City | Buyer State | Buyer Zip | Buyer Country | Ship To Name | Ship To Phone | Ship To Address 1 | Ship To Address 2 | Ship To City | Ship To State | Ship To Zip | Ship To Country | Item Number | Item Title | Custom Label | Sold Via Promoted Listings | Quantity | Sold For | Shipping And Handling | Seller Collected Tax | eBay Collected Tax | Total Price | eBay Collected Tax Included in Total | Payment Method | Sale Date | Paid On Date | Ship By Date | Minimum Estimated Delivery Date | Maximum Estimated Delivery Date | Shipped On Date | Feedback Left | Feedback Received | My Item Note | PayPal Transaction ID | Shipping Service | Tracking Number | Transaction ID | Variation Details | Global Shipping Program | Global Shipping Reference ID | Click And Collect | Click And Collect Reference Number | eBay Plus")

	ebayRow = map[string]any{
		"Sales Record Number": "101", "Order Number": "12-00001-00001", "Buyer Username": "sample_buyer", "Buyer Name": "Ana Sample", "Buyer Email": "ana@example.com", "Buyer Address 1": "1 Sample St",
		"Buyer City": "Sampleton", "Buyer State": "MA", "Buyer Zip": "02134", "Buyer Country": "United States", "Ship To Name": "Ana Sample", "Ship To Phone": "+1 555 010 0100",
		"Ship To Address 1": "1 Sample St", "Ship To Address 2": "Apt 2", "Ship To City": "Sampleton", "Ship To State": "MA", "Ship To Zip": "02134", "Ship To Country": "United States",
		"Item Number": "110000000001", "Item Title": `Sample "Blue" mug, 300 ml`, "Custom Label": "MUG-BL-01", "Quantity": "1", "Sold For": "$40.00", "Shipping And Handling": "$12.00", "Total Price": "$1,052.00",
		"Payment Method": "Other", "Sale Date": "Nov-18-26", "Paid On Date": "Nov-18-26", "Ship By Date": "Nov-21-26", "Shipping Service": "Economy Shipping from outside US", "Transaction ID": "2000000000001",
	}
	ebayNotes = func(b []byte) []byte {
		head, rest, _ := bytes.Cut(b, []byte("\r\n"))
		empty := strings.Repeat(",", bytes.Count(head, []byte(",")))
		return slices.Concat([]byte(empty+"\r\n"), head, []byte("\r\n"+empty+"\r\n"), rest, []byte("\r\n4,record(s) downloaded\r\nSeller ID : sample_seller"))
	}
)

func ebayInputs() []input {
	in := func(name, about string, header []string, rows ...map[string]any) input {
		return input{format: "ebay-orders", name: name, about: about, file: "input.csv", header: header, rows: rows, edit: ebayNotes}
	}
	summary := with(ebayRow, "Order Number", "12-00002-00002", "Item Number", "", "Item Title", "", "Custom Label", "", "Quantity", "3", "Transaction ID", "", "Sold For", "")
	item := map[string]any{
		"Sales Record Number": "102", "Order Number": "12-00002-00002", "Item Number": "110000000001", "Item Title": "Sample mug", "Custom Label": "MUG-BL-01", "Quantity": "2", "Sold For": "$40.00",
		"Sale Date": "Nov-18-26", "Transaction ID": "2000000000002",
	}
	uk := slices.Clone(ebayHeader)
	for i, h := range uk {
		switch h {
		case "Ship To Zip":
			uk[i] = "Post To Postcode"
		case "Ship To State":
			uk[i] = "Post To County"
		case "Shipping And Handling":
			uk[i] = "Postage And Packaging"
		case "Shipped On Date":
			uk[i] = "Dispatched On Date"
		default:
			uk[i] = strings.NewReplacer("Ship To", "Post To", "Ship By", "Post By").Replace(h)
		}
	}
	british := in("columns-uk", "the wording of the UK, dates as that site writes them, a byte order mark", uk, map[string]any{
		"Order Number": "12-00005-00005", "Buyer Name": "Ben Example", "Post To Name": "Ben Example", "Post To Phone": "+44 20 7946 0000", "Post To Address 1": "2 Example Road", "Post To City": "Exampleford",
		"Post To Postcode": "EX1 1EX", "Post To Country": "United Kingdom", "Item Number": "110000000005", "Item Title": "Sample tea", "Custom Label": "0012", "Quantity": "1", "Sold For": "£9.00",
		"Payment Method": "PayPal", "Sale Date": "18-Nov-26", "Paid On Date": "18-Nov-26", "Transaction ID": "0",
	})
	british.edit = func(b []byte) []byte { return append([]byte("\xEF\xBB\xBF"), ebayNotes(b)...) }
	return []input{
		in("ordinary", "an order of one item, and an order of two items below the row with its address", ebayHeader, ebayRow, summary, item, with(item, "Item Number", "110000000002", "Custom Label", "TEA-50", "Quantity", "1")),
		in("hard", "unpaid, shipped, shipped in part, two variations of one listing, a hub of the shipping program, a pick-up, a country that the table lacks", ebayHeader,
			with(ebayRow, "Order Number", "12-00006-00006", "Paid On Date", ""),
			with(ebayRow, "Order Number", "12-00007-00007", "Shipped On Date", "Nov-19-26"),
			summary, with(item, "Shipped On Date", "Nov-19-26"), with(item, "Item Number", "110000000002", "Custom Label", "TEA-50", "Quantity", "1"),
			with(ebayRow, "Order Number", "12-00008-00008", "Item Number", "", "Custom Label", ""),
			with(item, "Order Number", "12-00008-00008", "Variation Details", "[Color:Blue]", "Transaction ID", ""), with(item, "Order Number", "12-00008-00008", "Variation Details", "[Color:Red]", "Transaction ID", ""),
			with(ebayRow, "Order Number", "12-00009-00009", "Global Shipping Program", "Yes", "Global Shipping Reference ID", "UPAAA000001", "Buyer Note", "ありがとう – please wrap"),
			with(ebayRow, "Order Number", "12-00010-00010", "Click And Collect", "Yes", "Ship To Country", "Freedonia")),
		british,
		in("refused-rows", "an order without items, items without an address, a quantity that is none, a number that Excel rewrote", ebayHeader,
			with(summary, "Order Number", "12-00011-00011"),
			with(item, "Order Number", "12-00012-00012"),
			with(ebayRow, "Order Number", "12-00013-00013", "Quantity", "0"),
			with(ebayRow, "Order Number", "12-00014-00014", "Item Number", "1.1E+11"),
			with(ebayRow, "Order Number", "12-00015-00015", "Sale Date", "18/11/26"),
			ebayRow),
		in("refused-missing-column", "a report without Custom Label is refused", without(ebayHeader, "Custom Label"), ebayRow),
	}
}
