package smartstore

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/order"
)

// text is a value that may come as text or as a number, whose digits stay as they are.
type text string

func (t *text) UnmarshalJSON(b []byte) error {
	switch {
	case bytes.Equal(b, []byte("null")):
		*t = ""
	case b[0] == '"':
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*t = text(s)
	case b[0] == '{' || b[0] == '[':
		return fmt.Errorf("text or number expected, %.20s found", b)
	default:
		*t = text(b)
	}
	return nil
}

// flag is a boolean that may be null, text or missing.
type flag bool

func (f *flag) UnmarshalJSON(b []byte) error {
	*f = flag(strings.EqualFold(strings.Trim(string(b), `"`), "true"))
	return nil
}

// A change is one row of last-changed-statuses.
type change struct {
	Order   text `json:"orderId"`
	Line    text `json:"productOrderId"`
	At      text `json:"lastChangedDate"`
	Paid    text `json:"paymentDate"`
	Status  text `json:"productOrderStatus"`
	Claimed text `json:"claimType"`
}

// A detail is one product order with the order that it belongs to.
type detail struct {
	Order    head     `json:"order"`
	Product  product  `json:"productOrder"`
	Delivery delivery `json:"delivery"`
	Claim    claims   `json:"currentClaim"`
	Before   []claims `json:"completedClaims"`
}

type head struct {
	Number  text `json:"orderId"`
	Ordered text `json:"orderDate"`
	Means   text `json:"paymentMeans"`
	Name    text `json:"ordererName"`
	Phone   text `json:"ordererTel"`
}

type product struct {
	ID        text `json:"productOrderId"`
	Status    text `json:"productOrderStatus"`
	Placed    text `json:"placeOrderStatus"`
	Claim     text `json:"claimStatus"`
	ClaimType text `json:"claimType"`
	ClaimID   text `json:"claimId"`
	Bundle    text `json:"packageNumber"`
	Product   text `json:"productId"`
	Name      text `json:"productName"`
	Option    text `json:"productOption"`
	OptionID  text `json:"optionCode"`
	OptionNo  text `json:"optionManageCode"`
	Code      text `json:"sellerProductCode"`
	Custom    text `json:"sellerCustomCode1"`
	Gift      text `json:"freeGift"`
	Quantity  text `json:"quantity"`
	Left      text `json:"remainQuantity"`
	Price     text `json:"unitPrice"`
	Extra     text `json:"optionPrice"`
	Discount  text `json:"productDiscountAmount"`
	Remaining text `json:"remainProductDiscountAmount"`
	Fee       text `json:"deliveryFeeAmount"`
	FeeOff    text `json:"deliveryDiscountAmount"`
	Island    text `json:"sectionDeliveryFee"`
	Memo      text `json:"shippingMemo"`
	Method    text `json:"expectedDeliveryMethod"`
	Due       text `json:"shippingDueDate"`
	Attribute text `json:"deliveryAttributeType"`
	Company   text `json:"logisticsCompanyId"`
	Contract  flag `json:"logisticsDirectContracted"`
	Receiving text `json:"giftReceivingStatus"`
	Customs   text `json:"individualCustomUniqueCode"`
	Hope      struct {
		Day text `json:"hopeDeliveryYmd"`
	} `json:"hopeDelivery"`
	To address `json:"shippingAddress"`
}

type address struct {
	Name     text `json:"name"`
	Phone    text `json:"tel1"`
	Phone2   text `json:"tel2"`
	Postal   text `json:"zipCode"`
	Base     text `json:"baseAddress"`
	Detailed text `json:"detailedAddress"`
	Type     text `json:"addressType"`
	City     text `json:"city"`
	State    text `json:"state"`
	Country  text `json:"country"`
}

type delivery struct {
	Company text `json:"deliveryCompany"`
	Number  text `json:"trackingNumber"`
}

// claims is what buyers and mall asked for about one product order.
type claims struct {
	Cancel   *claim `json:"cancel"`
	Return   *claim `json:"return"`
	Exchange *claim `json:"exchange"`
}

type claim struct {
	ID     text `json:"claimId"`
	Status text `json:"claimStatus"`
	At     text `json:"claimRequestDate"`
	Pieces text `json:"requestQuantity"`
	Cancel text `json:"cancelReason"`
	Words  text `json:"cancelDetailedReason"`
}

// instant reads a time with its offset; the zero value if there is none.
func instant(t text) (order.Instant, error) {
	if t == "" {
		return order.Instant{}, nil
	}
	at, err := time.Parse(time.RFC3339, string(t))
	if err != nil {
		return order.Instant{}, fmt.Errorf("a time such as 2026-07-15T09:41:07.000+09:00 is expected")
	}
	return order.Instant{UTC: at.UTC(), Text: string(t)}, nil
}

// day is the day of a time in Korea, or of a text that is only a day; empty if it
// cannot be read.
func day(t text) order.Date {
	if at, err := time.Parse(time.RFC3339, string(t)); err == nil {
		return order.DateOf(at.In(seoul))
	}
	for _, l := range []string{time.DateOnly, "20060102"} {
		if d, err := time.Parse(l, string(t)); err == nil {
			return order.DateOf(d)
		}
	}
	return ""
}

// A listed product is one of products/search with what origin-products says of it.
type listed struct {
	Shown  shown  `json:"channelProduct"`
	Origin origin `json:"originProduct"`
}

// A shown product is what buyers see in one channel.
type shown struct {
	Number text `json:"channelProductNo"`
	Name   text `json:"name"`
	Code   text `json:"sellerManagementCode"`
	Status text `json:"statusType"`
	Stock  text `json:"stockQuantity"`
	Price  text `json:"salePrice"`
}

type origin struct {
	Stock  text `json:"stockQuantity"`
	Price  text `json:"salePrice"`
	Detail struct {
		Seller struct {
			Code    text `json:"sellerManagementCode"`
			Barcode text `json:"sellerBarcode"`
			Custom  text `json:"sellerCustomCode1"`
		} `json:"sellerCodeInfo"`
		Options struct {
			Combinations []option `json:"optionCombinations"`
			Standards    []option `json:"optionStandards"`
			Managed      *bool    `json:"useStockManagement"`
		} `json:"optionInfo"`
		AddOns struct {
			Products []option `json:"supplementProducts"`
		} `json:"supplementProductInfo"`
	} `json:"detailAttribute"`
}

type option struct {
	ID         text  `json:"id"`
	Name1      text  `json:"optionName1"`
	Name2      text  `json:"optionName2"`
	Name3      text  `json:"optionName3"`
	Name4      text  `json:"optionName4"`
	Stock      text  `json:"stockQuantity"`
	Price      text  `json:"price"`
	Usable     *bool `json:"usable"`
	Code       text  `json:"sellerManagerCode"`    // of an option
	Management text  `json:"sellerManagementCode"` // of an add-on
}

// Statuses of products that the driver acts on.
const (
	statusSale    = "SALE"
	statusSoldOut = "OUTOFSTOCK"
	statusDeleted = "DELETE"
)
