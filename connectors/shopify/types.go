package shopify

import "encoding/json"

// What is read of the mall's JSON. A null is the empty text.

type pageInfo struct {
	More bool   `json:"hasNextPage"`
	End  string `json:"endCursor"`
}

type connection[T any] struct {
	Page  pageInfo `json:"pageInfo"`
	Nodes []T      `json:"nodes"`
}

type ref struct {
	ID string `json:"id"`
}

type attribute struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

type moneyBag struct {
	Shop struct {
		Amount string `json:"amount"`
	} `json:"shopMoney"`
}

type address struct {
	Name         string `json:"name"`
	First        string `json:"firstName"`
	Last         string `json:"lastName"`
	Company      string `json:"company"`
	Address1     string `json:"address1"`
	Address2     string `json:"address2"`
	City         string `json:"city"`
	Province     string `json:"province"`
	ProvinceCode string `json:"provinceCode"`
	Zip          string `json:"zip"`
	Country      string `json:"countryCodeV2"`
	Phone        string `json:"phone"`
}

// An orderNode is one order with everything of it.
type orderNode struct {
	ID           string      `json:"id"`
	Name         string      `json:"name"`
	Created      string      `json:"createdAt"`
	Updated      string      `json:"updatedAt"`
	Cancelled    string      `json:"cancelledAt"`
	Test         bool        `json:"test"`
	Note         string      `json:"note"`
	Tags         []string    `json:"tags"`
	Email        string      `json:"email"`
	Phone        string      `json:"phone"`
	Currency     string      `json:"currencyCode"`
	Financial    string      `json:"displayFinancialStatus"`
	Display      string      `json:"displayFulfillmentStatus"`
	Gateways     []string    `json:"paymentGatewayNames"`
	Ships        bool        `json:"requiresShipping"`
	Attributes   []attribute `json:"customAttributes"`
	Shipping     *address    `json:"shippingAddress"`
	Billing      *address    `json:"billingAddress"`
	ShippingLine *struct {
		Title string `json:"title"`
	} `json:"shippingLine"`
	Risk struct {
		Recommendation string `json:"recommendation"`
	} `json:"risk"`
	Subtotal    moneyBag                     `json:"currentSubtotalPriceSet"`
	Postage     moneyBag                     `json:"currentShippingPriceSet"`
	Discounts   moneyBag                     `json:"currentTotalDiscountsSet"`
	Total       moneyBag                     `json:"currentTotalPriceSet"`
	Outstanding moneyBag                     `json:"totalOutstandingSet"`
	Lines       connection[lineNode]         `json:"lineItems"`
	ToShip      connection[fulfillmentOrder] `json:"fulfillmentOrders"`
	Parcels     []fulfillment                `json:"fulfillments"`
}

type lineNode struct {
	ID         string      `json:"id"`
	Name       string      `json:"name"`
	SKU        string      `json:"sku"`
	Quantity   int64       `json:"quantity"`
	Current    int64       `json:"currentQuantity"`
	Ships      bool        `json:"requiresShipping"`
	Attributes []attribute `json:"customAttributes"`
	Price      moneyBag    `json:"originalUnitPriceSet"`
	Taxes      []struct {
		Rate json.Number `json:"rate"`
	} `json:"taxLines"`
	Variant *struct {
		ID      string `json:"id"`
		Barcode string `json:"barcode"`
	} `json:"variant"`
	Product *ref `json:"product"`
}

type fulfillmentOrder struct {
	ID       string `json:"id"`
	Status   string `json:"status"`
	Request  string `json:"requestStatus"`
	Location struct {
		Name     string `json:"name"`
		Location *ref   `json:"location"`
	} `json:"assignedLocation"`
	Delivery *struct {
		Method string `json:"methodType"`
	} `json:"deliveryMethod"`
	Holds []struct {
		Reason string `json:"reason"`
	} `json:"fulfillmentHolds"`
	Actions []struct {
		Action string `json:"action"`
	} `json:"supportedActions"`
	Lines connection[toShip] `json:"lineItems"`
}

type toShip struct {
	ID        string `json:"id"`
	Remaining int64  `json:"remainingQuantity"`
	Line      ref    `json:"lineItem"`
}

type fulfillment struct {
	ID       string `json:"id"`
	Status   string `json:"status"`
	Tracking []struct {
		Company string `json:"company"`
		Number  string `json:"number"`
	} `json:"trackingInfo"`
	Lines connection[struct {
		Quantity int64 `json:"quantity"`
		Line     ref   `json:"lineItem"`
	}] `json:"fulfillmentLineItems"`
}

type userError struct {
	Code    string   `json:"code"`
	Field   []string `json:"field"`
	Message string   `json:"message"`
}

type variantNode struct {
	ID      string `json:"id"`
	SKU     string `json:"sku"`
	Barcode string `json:"barcode"`
	Title   string `json:"title"`
	Price   string `json:"price"`
	Stock   *int64 `json:"inventoryQuantity"`
	Updated string `json:"updatedAt"`
	Product struct {
		ID     string `json:"id"`
		Title  string `json:"title"`
		Status string `json:"status"`
		Type   string `json:"productType"`
	} `json:"product"`
	Item struct {
		ID      string `json:"id"`
		Tracked bool   `json:"tracked"`
		Level   *struct {
			Quantities []struct {
				Name     string `json:"name"`
				Quantity int64  `json:"quantity"`
			} `json:"quantities"`
		} `json:"inventoryLevel"`
	} `json:"inventoryItem"`
}
