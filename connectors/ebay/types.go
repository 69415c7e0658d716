package ebay

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// text is a value that the contract has as text; a number in its place keeps its
// digits.
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

// An amount is a decimal with its currency.
type amount struct {
	Value    text `json:"value"`
	Currency text `json:"currency"`
}

// A list is an answer of getOrders.
type list struct {
	Total  json.Number       `json:"total"`
	Next   text              `json:"next"`
	Orders []json.RawMessage `json:"orders"`
}

// A sale is one order, as far as it is read.
type sale struct {
	ID       text `json:"orderId"`
	Created  text `json:"creationDate"`
	Modified text `json:"lastModifiedDate"`
	Shipping text `json:"orderFulfillmentStatus"`
	Payment  text `json:"orderPaymentStatus"`
	Note     text `json:"buyerCheckoutNotes"`
	Buyer    struct {
		Name       text  `json:"username"`
		Registered party `json:"buyerRegistrationAddress"`
		Tax        struct {
			ID text `json:"taxpayerId"`
		} `json:"taxIdentifier"`
	} `json:"buyer"`
	Cancel struct {
		State text `json:"cancelState"`
	} `json:"cancelStatus"`
	Start []struct {
		Type text `json:"fulfillmentInstructionsType"`
		Hub  bool `json:"ebaySupportedFulfillment"`
		Step struct {
			Reference text  `json:"shipToReferenceId"`
			Service   text  `json:"shippingServiceCode"`
			To        party `json:"shipTo"`
		} `json:"shippingStep"`
	} `json:"fulfillmentStartInstructions"`
	Paid struct {
		Payments []struct {
			Method text `json:"paymentMethod"`
		} `json:"payments"`
	} `json:"paymentSummary"`
	Price struct {
		Goods    *amount `json:"priceSubtotal"`
		Off      *amount `json:"priceDiscount"`
		Delivery *amount `json:"deliveryCost"`
		Less     *amount `json:"deliveryDiscount"`
		Fee      *amount `json:"fee"`
		Total    *amount `json:"total"`
	} `json:"pricingSummary"`
	Program struct {
		Fulfilment struct {
			By text `json:"fulfilledBy"`
		} `json:"fulfillmentProgram"`
	} `json:"program"`
	Lines []item `json:"lineItems"`
}

// A party is somebody with an address.
type party struct {
	Name    text `json:"fullName"`
	Company text `json:"companyName"`
	Email   text `json:"email"`
	Phone   struct {
		Number text `json:"phoneNumber"`
	} `json:"primaryPhone"`
	Address struct {
		Line1   text `json:"addressLine1"`
		Line2   text `json:"addressLine2"`
		City    text `json:"city"`
		County  text `json:"county"`
		State   text `json:"stateOrProvince"`
		Postal  text `json:"postalCode"`
		Country text `json:"countryCode"`
	} `json:"contactAddress"`
}

type item struct {
	ID        text        `json:"lineItemId"`
	Listing   text        `json:"legacyItemId"`
	Variation text        `json:"legacyVariationId"`
	SKU       text        `json:"sku"`
	Title     text        `json:"title"`
	Quantity  json.Number `json:"quantity"`
	Cost      *amount     `json:"lineItemCost"`
	Status    text        `json:"lineItemFulfillmentStatus"`
	Aspects   []struct {
		Name  text `json:"name"`
		Value text `json:"value"`
	} `json:"variationAspects"`
	Times struct {
		ShipBy text `json:"shipByDate"`
	} `json:"lineItemFulfillmentInstructions"`
	Collected []struct {
		Reference struct {
			Name  text `json:"name"`
			Value text `json:"value"`
		} `json:"ebayReference"`
	} `json:"ebayCollectAndRemitTaxes"`
}

// A parcel is one fulfilment of an order. The number has another name here than where
// it is sent.
type parcel struct {
	ID       text   `json:"fulfillmentId"`
	Tracking text   `json:"shipmentTrackingNumber"`
	Carrier  text   `json:"shippingCarrierCode"`
	Lines    []part `json:"lineItems"`
}

type part struct {
	Line     text        `json:"lineItemId"`
	Quantity json.Number `json:"quantity"`
}

// A fulfilment is what is sent for one parcel.
type fulfilment struct {
	Lines    []sent `json:"lineItems"`
	Shipped  string `json:"shippedDate,omitempty"`
	Carrier  string `json:"shippingCarrierCode"`
	Tracking string `json:"trackingNumber"`
}

type sent struct {
	Line     string `json:"lineItemId"`
	Quantity int64  `json:"quantity"`
}

// A stocked is an item of the Inventory API.
type stocked struct {
	SKU       text `json:"sku"`
	Available struct {
		Ship struct {
			Quantity *json.Number `json:"quantity"`
		} `json:"shipToLocationAvailability"`
	} `json:"availability"`
	Product struct {
		Title text   `json:"title"`
		EAN   []text `json:"ean"`
		UPC   []text `json:"upc"`
	} `json:"product"`
	Groups []text `json:"inventoryItemGroupKeys"`
}

// An offer is one listing of an item at one marketplace.
type offer struct {
	ID        text         `json:"offerId"`
	Status    text         `json:"status"`
	Available *json.Number `json:"availableQuantity"`
}
