package rakuten

import (
	"encoding/json"
	"strconv"
	"strings"
)

// text is a string that RMS also sends as a number or null.
type text string

func (t *text) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*t = text(s)
		return nil
	}
	if string(b) == "null" {
		*t = ""
		return nil
	}
	var n json.Number
	if err := json.Unmarshal(b, &n); err != nil {
		return err
	}
	*t = text(n)
	return nil
}

// number is an integer that RMS also sends as a string or null.
type number struct {
	N   int64
	Set bool
}

func (n *number) UnmarshalJSON(b []byte) error {
	s := strings.Trim(string(b), `"`)
	if s == "null" || s == "" {
		*n = number{}
		return nil
	}
	v, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		// 2200.0 is an integer too.
		whole, frac, _ := strings.Cut(s, ".")
		if v, err = strconv.ParseInt(whole, 10, 64); err != nil || strings.Trim(frac, "0") != "" {
			return &json.UnmarshalTypeError{Value: s, Type: int64Type}
		}
	}
	*n = number{v, true}
	return nil
}

func (n number) text() string {
	if !n.Set {
		return ""
	}
	return strconv.FormatInt(n.N, 10)
}

// message is an entry of MessageModelList.
type message struct {
	Type             text   `json:"messageType"`
	Code             text   `json:"messageCode"`
	Message          text   `json:"message"`
	OrderNumber      text   `json:"orderNumber"`
	RequestID        text   `json:"requestId"`
	DataNumber       number `json:"dataNumber"`
	ShippingDetailID number `json:"shippingDetailId"`
}

func (m message) error() bool { return strings.EqualFold(string(m.Type), "ERROR") }

// envelope is what any reply can have: the order API's messages, the item and
// inventory APIs' and the gateway's errors in both of its forms.
type envelope struct {
	Messages []message `json:"MessageModelList"`
	Errors   []struct {
		Code     text `json:"code"`
		Message  text `json:"message"`
		Metadata struct {
			Path text `json:"propertyPath"`
		} `json:"metadata"`
	} `json:"errors"`
	// The older gateway's error; items.search has a list of the same name.
	Results json.RawMessage `json:"results"`
}

type oldError struct {
	Code    text `json:"errorCode"`
	Message text `json:"message"`
}

func (e *envelope) old() (o oldError) {
	if json.Unmarshal(e.Results, &o) != nil {
		return oldError{}
	}
	return o
}

type searchRequest struct {
	Progress []int        `json:"orderProgressList,omitempty"`
	DateType int          `json:"dateType"`
	Start    string       `json:"startDatetime"`
	End      string       `json:"endDatetime"`
	Page     searchPaging `json:"PaginationRequestModel"`
}

type searchPaging struct {
	Amount int          `json:"requestRecordsAmount"`
	Page   int          `json:"requestPage"`
	Sort   []searchSort `json:"SortModelList"`
}

type searchSort struct {
	Column    int `json:"sortColumn"`
	Direction int `json:"sortDirection"`
}

type searchReply struct {
	Numbers []text `json:"orderNumberList"`
	Page    struct {
		Total number `json:"totalRecordsAmount"`
		Pages number `json:"totalPages"`
	} `json:"PaginationResponseModel"`
}

type orderReply struct {
	Messages []message         `json:"MessageModelList"`
	Orders   []json.RawMessage `json:"OrderModelList"`
}

type orderModel struct {
	Number       text   `json:"orderNumber"`
	Progress     number `json:"orderProgress"`
	SubStatus    text   `json:"subStatusName"`
	Ordered      text   `json:"orderDatetime"`
	DeliveryDate text   `json:"deliveryDate"`
	ShippingTerm number `json:"shippingTerm"`
	Remarks      text   `json:"remarks"`
	Memo         text   `json:"memo"`

	Gift           number `json:"giftCheckFlag"`
	SocialGift     number `json:"socialGiftFlag"`
	IsolatedIsland number `json:"isolatedIslandFlag"`
	OrderType      number `json:"orderType"`
	Caution        number `json:"cautionDisplayType"`
	RakutenConfirm number `json:"rakutenConfirmFlag"`
	Drug           number `json:"drugFlag"`

	Goods         number `json:"goodsPrice"`
	Postage       number `json:"postagePrice"`
	Delivery      number `json:"deliveryPrice"`
	PaymentCharge number `json:"paymentCharge"`
	Total         number `json:"totalPrice"`
	Request       number `json:"requestPrice"`
	Coupon        number `json:"couponAllTotalPrice"`

	Orderer    address `json:"OrdererModel"`
	Settlement struct {
		Code text `json:"settlementMethodCode"`
		Name text `json:"settlementMethod"`
	} `json:"SettlementModel"`
	DeliveryModel struct {
		Name  text   `json:"deliveryName"`
		Class number `json:"deliveryClass"`
	} `json:"DeliveryModel"`
	Point struct {
		Used number `json:"usedPoint"`
	} `json:"PointModel"`
	Wrapping1 *wrapping      `json:"WrappingModel1"`
	Wrapping2 *wrapping      `json:"WrappingModel2"`
	Packages  []packageModel `json:"PackageModelList"`
	Changes   []struct {
		Type      number `json:"changeType"`
		Completed text   `json:"changeCmplDatetime"`
	} `json:"ChangeReasonModelList"`
}

type address struct {
	Zip1       text `json:"zipCode1"`
	Zip2       text `json:"zipCode2"`
	Prefecture text `json:"prefecture"`
	City       text `json:"city"`
	Street     text `json:"subAddress"`
	Family     text `json:"familyName"`
	First      text `json:"firstName"`
	FamilyKana text `json:"familyNameKana"`
	FirstKana  text `json:"firstNameKana"`
	Phone1     text `json:"phoneNumber1"`
	Phone2     text `json:"phoneNumber2"`
	Phone3     text `json:"phoneNumber3"`
	Email      text `json:"emailAddress"`

	IsolatedIsland number `json:"isolatedIslandFlag"`
}

type wrapping struct {
	Name   text   `json:"name"`
	Delete number `json:"deleteWrappingFlag"`
}

type packageModel struct {
	BasketID text          `json:"basketId"`
	Postage  number        `json:"postagePrice"`
	Delivery number        `json:"deliveryPrice"`
	Goods    number        `json:"goodsPrice"`
	Total    number        `json:"totalPrice"`
	Noshi    text          `json:"noshi"`
	Delete   number        `json:"packageDeleteFlag"`
	Sender   address       `json:"SenderModel"`
	Items    []itemModel   `json:"ItemModelList"`
	Shipping []shippingRow `json:"ShippingModelList"`
	CVS      *struct {
		Code      text `json:"cvsCode"`
		StoreCode text `json:"storeCode"`
		StoreName text `json:"storeName"`
	} `json:"DeliveryCvsModel"`
	DropOff      number `json:"dropOffFlag"`
	DropOffPlace text   `json:"dropOffLocation"`
	SocialGift   *struct {
		Input number `json:"inputFlag"`
	} `json:"SocialGiftModel"`
}

type itemModel struct {
	DetailID     text   `json:"itemDetailId"`
	Name         text   `json:"itemName"`
	ItemNumber   text   `json:"itemNumber"`
	ManageNumber text   `json:"manageNumber"`
	Price        number `json:"price"`
	Units        number `json:"units"`
	Choice       text   `json:"selectedChoice"`
	Delete       number `json:"deleteItemFlag"`
	TaxRate      text   `json:"taxRate"`
	SKUs         []struct {
		VariantID text `json:"variantId"`
		SKU       text `json:"merchantDefinedSkuId"`
		Info      text `json:"skuInfo"`
	} `json:"SkuModelList"`
}

type shippingRow struct {
	DetailID text `json:"shippingDetailId"`
	Number   text `json:"shippingNumber"`
	Company  text `json:"deliveryCompany"`
	Date     text `json:"shippingDate"`
}

// What is written. Here the case of letters counts, BasketidModelList included.
type shipRequest struct {
	Orders []shipOrder `json:"OrderShippingModelList"`
}

type shipOrder struct {
	Number  string       `json:"orderNumber"`
	Baskets []shipBasket `json:"BasketidModelList"`
}

type shipBasket struct {
	ID   json.Number `json:"basketId"`
	Rows []shipRow   `json:"ShippingModelList"`
}

type shipRow struct {
	DetailID json.Number `json:"shippingDetailId,omitempty"`
	Company  string      `json:"deliveryCompany"`
	Number   string      `json:"shippingNumber"`
	Date     string      `json:"shippingDate"`
}

type shipResult struct {
	Orders []struct {
		Number   text      `json:"orderNumber"`
		Messages []message `json:"MessageModelList"`
	} `json:"ResultShippingModelList"`
}

type stockRow struct {
	ManageNumber string `json:"manageNumber"`
	VariantID    string `json:"variantId"`
	Mode         string `json:"mode"`
	Quantity     int64  `json:"quantity"`
}

type inventoriesReply struct {
	Inventories []struct {
		Manage   text   `json:"manageNumber"`
		Variant  text   `json:"variantId"`
		Quantity number `json:"quantity"`
	} `json:"inventories"`
}

type itemsReply struct {
	Found   number `json:"numFound"`
	Cursor  text   `json:"nextCursorMark"`
	Results []struct {
		Item json.RawMessage `json:"item"`
	} `json:"results"`
}

type catalogItem struct {
	ManageNumber text              `json:"manageNumber"`
	ItemNumber   text              `json:"itemNumber"`
	Title        text              `json:"title"`
	Genre        text              `json:"genreId"`
	Hidden       bool              `json:"hideItem"`
	Updated      text              `json:"updated"`
	Selectors    []catalogSelector `json:"variantSelectors"`
	Variants     map[string]struct {
		SKU      text            `json:"merchantDefinedSkuId"`
		Values   map[string]text `json:"selectorValues"`
		Hidden   bool            `json:"hidden"`
		Price    text            `json:"standardPrice"`
		Articles struct {
			Value text `json:"value"`
		} `json:"articleNumber"`
	} `json:"variants"`
}

type catalogSelector struct {
	Key  text `json:"key"`
	Name text `json:"displayName"`
}
