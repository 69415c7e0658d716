// Package elevenst speaks to the seller API of 11st (11번가): the lists 결제완료 and
// 배송준비중, 발주확인, dispatch by delivery number, claims, products and stock. It is
// XML in CP949; most writes are GET calls.
//
// A delivery (dlvNo) is a package, a line of an order (ordPrdSeq) a line. The lists
// name single lines in one status. The driver reads both for a window, 배송준비중 after
// 결제완료 so that a line which moves on meanwhile is not missed, asks for all lines of
// the orders that it found (orderlistalladdr, 100 orders at a call) and puts each
// order together. Its pages hold the records byte for byte as they came.
//
// Codes are as in the order sheet: ItemID prdNo, ItemCode sellerPrdCd, OptionID
// prdStckNo, OptionCode sellerStockCd.
//
// Facts: the seller guide of 11st (openapi.11st.co.kr) as of May 2026, and answers
// that sellers' programs recorded until July 2026.
package elevenst

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/order"
)

//go:embed about.yaml
var about []byte

var described = connectors.Described(about)

// Spec is the mall.
var Spec = connectors.Spec{Name: "elevenst", About: described, New: New}

// A Driver speaks to one seller.
type Driver struct {
	client
	account   string
	issued    order.Date // of the key, or empty
	byProduct bool       // stock is set by the seller's product code
}

var (
	_ connectors.Driver      = (*Driver)(nil)
	_ connectors.Opener      = (*Driver)(nil)
	_ connectors.Rereader    = (*Driver)(nil)
	_ connectors.Confirmer   = (*Driver)(nil)
	_ connectors.Shipper     = (*Driver)(nil)
	_ connectors.Claimer     = (*Driver)(nil)
	_ connectors.Stocker     = (*Driver)(nil)
	_ connectors.StockReader = (*Driver)(nil)
	_ connectors.Cataloger   = (*Driver)(nil)
	_ connectors.Expirer     = (*Driver)(nil)
	_ connectors.Tester      = (*Driver)(nil)
)

// New makes the driver of an account.
func New(a connectors.Account, c *connectors.Client) (connectors.Driver, error) {
	issued := order.Date(a.Settings["key_issued"])
	if _, ok := issued.Time(seoul); issued != "" && !ok {
		return nil, fmt.Errorf("key_issued: %q is no day", issued)
	}
	return &Driver{client: client{c}, account: a.Name, issued: issued, byProduct: a.Settings["stock_by"] == "product_code"}, nil
}

// keyLife is for how many days a key works.
const keyLife = 180

// Expires returns the end of the key by its day of issue; 11st does not tell. The
// zero time if key_issued is not set.
func (d *Driver) Expires(context.Context) (time.Time, error) {
	if d.issued == "" {
		return time.Time{}, nil
	}
	t, ok := d.issued.AddDays(keyLife).Time(seoul)
	if !ok {
		return time.Time{}, fmt.Errorf("key_issued: %q is no day", d.issued)
	}
	return t.Add(-time.Second).UTC(), nil
}
