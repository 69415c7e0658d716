// Package smartstore speaks to the Commerce API of Naver's Smart Store: changed
// product orders, their details, 발주확인, dispatch, claims, products and stock.
//
// A product order (상품주문) is a line. An order has several; those that share a bundle
// number (packageNumber, 배송비 묶음번호) are a package. The log of changes names single
// product orders. The driver walks through it, then reads all product orders that were
// paid at the same time as those: the time of payment belongs to the order, so that
// its other lines come along. Orders that this does not give whole are read by number.
//
// Codes are as in the order sheet: ItemID productId, ItemCode sellerProductCode,
// OptionCode optionManageCode, SKUCode sellerCustomCode1; OptionID optionCode, which
// the sheet does not have.
//
// Facts: the documentation of the Commerce API 2.73.0 (apicenter.commerce.naver.com) as
// of 13 March 2026.
package smartstore

import (
	_ "embed"
	"fmt"

	"github.com/mallbridge/mallbridge/connectors"
)

//go:embed about.yaml
var about []byte

var described = connectors.Described(about)

// Spec is the mall.
var Spec = connectors.Spec{Name: "smartstore", About: described, New: New}

// A Driver speaks to one shop.
type Driver struct {
	client
	account   string
	method    string // deliveryMethod of dispatches
	byCompany bool   // a line with a logistics company is the mall's to ship, contract or not
	keepPrice bool   // salePrice and discount go back with the stock of options
	reopen    bool   // a sold-out product is put on sale again when it gets stock
	known     *memory
}

var (
	_ connectors.Driver         = (*Driver)(nil)
	_ connectors.Opener         = (*Driver)(nil)
	_ connectors.Rereader       = (*Driver)(nil)
	_ connectors.Confirmer      = (*Driver)(nil)
	_ connectors.Shipper        = (*Driver)(nil)
	_ connectors.Claimer        = (*Driver)(nil)
	_ connectors.Stocker        = (*Driver)(nil)
	_ connectors.StockReader    = (*Driver)(nil)
	_ connectors.Cataloger      = (*Driver)(nil)
	_ connectors.CatalogResumer = (*Driver)(nil)
	_ connectors.Tester         = (*Driver)(nil)
)

// New makes the driver of an account.
func New(a connectors.Account, c *connectors.Client) (connectors.Driver, error) {
	s := a.Settings
	if (s["token_type"] == typeSeller) != (s["account_id"] != "") {
		return nil, fmt.Errorf("account_id goes with token_type: SELLER, and only with it")
	}
	d := &Driver{
		client:  client{Client: c, id: s["client_id"], kind: s["token_type"], seller: s["account_id"], pace: newPace()},
		account: a.Name, method: s["delivery_method"], byCompany: s["fulfilled_by"] == "company",
		keepPrice: s["option_stock"] != "stock_only", reopen: s["reopen"] != "no",
		known: &memory{lines: map[string][]string{}},
	}
	d.token = c.NewToken("Authorization", "Bearer ", d.signIn)
	return d, nil
}
