package amazon

import (
	"encoding/json"

	"github.com/mallbridge/mallbridge/order"
)

// money is an amount: a decimal as text, and its currency.
type money struct {
	Amount   string `json:"amount"`
	Currency string `json:"currencyCode"`
}

// units in the smallest unit of the currency; 0 where there is no amount.
func (m *money) units() (int64, error) {
	if m == nil || m.Amount == "" {
		return 0, nil
	}
	x, err := order.ParseMoney(m.Amount, m.Currency)
	return x.Units, err
}

// span is a window of time of an order.
type span struct {
	Earliest string `json:"earliestDateTime"`
	Latest   string `json:"latestDateTime"`
}

type searchReply struct {
	Orders     []json.RawMessage `json:"orders"`
	Pagination struct {
		Next string `json:"nextToken"`
	} `json:"pagination"`
}

type orderReply struct {
	Order json.RawMessage `json:"order"`
}

type breakdown struct {
	Type     string `json:"type"`
	Subtotal *money `json:"subtotal"`
}

type orderModel struct {
	ID       string   `json:"orderId"`
	Created  string   `json:"createdTime"`
	Programs []string `json:"programs"`
	Buyer    struct {
		Name    string `json:"buyerName"`
		Email   string `json:"buyerEmail"`
		Company string `json:"buyerCompanyName"`
	} `json:"buyer"`
	Recipient struct {
		Address    address `json:"deliveryAddress"`
		Preference struct {
			DropOff     string `json:"dropOffLocation"`
			Instruction string `json:"addressInstruction"`
		} `json:"deliveryPreference"`
	} `json:"recipient"`
	Proceeds struct {
		Total      *money      `json:"grandTotal"`
		Breakdowns []breakdown `json:"breakdowns"`
	} `json:"proceeds"`
	Payment struct {
		Executions []struct {
			Method string `json:"paymentMethod"`
			Amount *money `json:"paymentAmount"`
		} `json:"paymentExecutions"`
	} `json:"payment"`
	Fulfillment struct {
		Status string `json:"fulfillmentStatus"`
		By     string `json:"fulfilledBy"`
		Level  string `json:"fulfillmentServiceLevel"`
		ShipBy span   `json:"shipByWindow"`
	} `json:"fulfillment"`
	Items    []itemModel    `json:"orderItems"`
	Packages []packageModel `json:"packages"`
}

type address struct {
	Name         string `json:"name"`
	Company      string `json:"companyName"`
	Line1        string `json:"addressLine1"`
	Line2        string `json:"addressLine2"`
	Line3        string `json:"addressLine3"`
	City         string `json:"city"`
	District     string `json:"districtOrCounty"`
	State        string `json:"stateOrRegion"`
	Municipality string `json:"municipality"`
	Postal       string `json:"postalCode"`
	Country      string `json:"countryCode"`
	Phone        string `json:"phone"`
	Type         string `json:"addressType"`
}

type itemModel struct {
	ID       string   `json:"orderItemId"`
	Ordered  *int64   `json:"quantityOrdered"`
	Programs []string `json:"programs"`
	Product  struct {
		ASIN  string `json:"asin"`
		Title string `json:"title"`
		SKU   string `json:"sellerSku"`
		Price struct {
			Unit *money `json:"unitPrice"`
		} `json:"price"`
		Customization struct {
			URL string `json:"customizedUrl"`
		} `json:"customization"`
	} `json:"product"`
	Cancellation struct {
		Request *struct {
			Requester string `json:"requester"`
			Reason    string `json:"cancelReason"`
		} `json:"cancellationRequest"`
	} `json:"cancellation"`
	Fulfillment struct {
		Fulfilled int64  `json:"quantityFulfilled"`
		Left      *int64 `json:"quantityUnfulfilled"`
		Packing   struct {
			Gift *struct {
				Message string `json:"giftMessage"`
				Wrap    string `json:"giftWrapLevel"`
			} `json:"giftOption"`
			Serial struct {
				Type string `json:"requirementType"`
			} `json:"serialNumberRequirement"`
		} `json:"packing"`
		Shipping struct {
			Scheduled   span              `json:"scheduledDeliveryWindow"`
			Constraints map[string]string `json:"shippingConstraints"`
		} `json:"shipping"`
	} `json:"fulfillment"`
}

// left is how many pieces are still to be shipped.
func (it *itemModel) left() int64 {
	if it.Fulfillment.Left != nil {
		return *it.Fulfillment.Left
	}
	if it.Ordered == nil {
		return 0
	}
	return *it.Ordered - it.Fulfillment.Fulfilled
}

type packageModel struct {
	Reference string `json:"packageReferenceId"`
	Status    struct {
		Status string `json:"status"`
	} `json:"packageStatus"`
	Carrier  string `json:"carrier"`
	Tracking string `json:"trackingNumber"`
	Items    []struct {
		ID       string `json:"orderItemId"`
		Quantity int64  `json:"quantity"`
	} `json:"packageItems"`
}

// What is written.
type confirmation struct {
	Market  string        `json:"marketplaceId"`
	COD     string        `json:"codCollectionMethod,omitempty"`
	Package packageDetail `json:"packageDetail"`
}

type packageDetail struct {
	Reference string        `json:"packageReferenceId"`
	Carrier   string        `json:"carrierCode"`
	Name      string        `json:"carrierName,omitempty"`
	Method    string        `json:"shippingMethod,omitempty"`
	Tracking  string        `json:"trackingNumber"`
	Date      string        `json:"shipDate"`
	Items     []shippedItem `json:"orderItems"`
}

type shippedItem struct {
	ID       string `json:"orderItemId"`
	Quantity int64  `json:"quantity"`
}

type listingsReply struct {
	Results    *int64            `json:"numberOfResults"`
	Items      []json.RawMessage `json:"items"`
	Pagination struct {
		Next string `json:"nextToken"`
	} `json:"pagination"`
}

type listingModel struct {
	SKU       string `json:"sku"`
	Summaries []struct {
		Market  string   `json:"marketplaceId"`
		ASIN    string   `json:"asin"`
		Type    string   `json:"productType"`
		Status  []string `json:"status"`
		Name    string   `json:"itemName"`
		Updated string   `json:"lastUpdatedDate"`
	} `json:"summaries"`
	Offers []struct {
		Market string `json:"marketplaceId"`
		Type   string `json:"offerType"`
		Price  *money `json:"price"`
	} `json:"offers"`
	Availability []struct {
		Channel  string `json:"fulfillmentChannelCode"`
		Quantity *int64 `json:"quantity"`
	} `json:"fulfillmentAvailability"`
}

type submission struct {
	SKU    string `json:"sku"`
	Status string `json:"status"`
	Issues []struct {
		Code     string `json:"code"`
		Message  string `json:"message"`
		Severity string `json:"severity"`
	} `json:"issues"`
}
