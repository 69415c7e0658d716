package shopify

// Sizes of lists inside lists: what they are multiplied with is what a query costs.
const (
	ordersOfPage       = 7
	linesInside        = 5
	fulfillmentsInside = 3
)

const addressFields = `
fragment Address on MailingAddress {
  name firstName lastName company address1 address2 city province provinceCode zip countryCodeV2 phone
}`

const lineFields = `
fragment Line on LineItem {
  id name sku quantity currentQuantity requiresShipping
  customAttributes { key value }
  originalUnitPriceSet { shopMoney { amount } }
  taxLines(first: 1) { rate }
  variant { id barcode }
  product { id }
}`

const fulfillmentOrderFields = `
fragment ToShip on FulfillmentOrder {
  id status requestStatus
  assignedLocation { name location { id } }
  deliveryMethod { methodType }
  fulfillmentHolds { reason }
  supportedActions { action }
}`

const parcelFields = `
fragment Parcel on Fulfillment {
  id status
  trackingInfo { company number }
}`

// ordersQuery lists orders. sortKey and query are what its cursors belong to.
const ordersQuery = `query Orders($first: Int!, $after: String, $query: String!) {
  orders(first: $first, after: $after, sortKey: UPDATED_AT, query: $query) {
    pageInfo { hasNextPage endCursor }
    nodes {
      id name createdAt updatedAt cancelledAt test note tags email phone currencyCode
      displayFinancialStatus displayFulfillmentStatus paymentGatewayNames requiresShipping
      customAttributes { key value }
      risk { recommendation }
      shippingAddress { ...Address }
      billingAddress { ...Address }
      shippingLine { title }
      currentSubtotalPriceSet { shopMoney { amount } }
      currentShippingPriceSet { shopMoney { amount } }
      currentTotalDiscountsSet { shopMoney { amount } }
      currentTotalPriceSet { shopMoney { amount } }
      totalOutstandingSet { shopMoney { amount } }
      lineItems(first: 5) { pageInfo { hasNextPage } nodes { ...Line } }
      fulfillmentOrders(first: 2) {
        pageInfo { hasNextPage }
        nodes { ...ToShip lineItems(first: 5) { pageInfo { hasNextPage } nodes { id remainingQuantity lineItem { id } } } }
      }
      fulfillments(first: 3) {
        ...Parcel
        fulfillmentLineItems(first: 5) { pageInfo { hasNextPage } nodes { quantity lineItem { id } } }
      }
    }
  }
}` + addressFields + lineFields + fulfillmentOrderFields + parcelFields

const linesQuery = `query OrderLines($id: ID!, $after: String) {
  order(id: $id) { lineItems(first: 50, after: $after) { pageInfo { hasNextPage endCursor } nodes { ...Line } } }
}` + lineFields

const fulfillmentOrdersQuery = `query OrderFulfillmentOrders($id: ID!, $after: String) {
  order(id: $id) {
    fulfillmentOrders(first: 10, after: $after) {
      pageInfo { hasNextPage endCursor }
      nodes { ...ToShip lineItems(first: 20) { pageInfo { hasNextPage } nodes { id remainingQuantity lineItem { id } } } }
    }
  }
}` + fulfillmentOrderFields

const fulfillmentOrderLinesQuery = `query FulfillmentOrderLines($id: ID!, $after: String) {
  fulfillmentOrder(id: $id) {
    lineItems(first: 100, after: $after) { pageInfo { hasNextPage endCursor } nodes { id remainingQuantity lineItem { id } } }
  }
}`

const fulfillmentsQuery = `query OrderFulfillments($id: ID!) {
  order(id: $id) { fulfillments(first: 200) { ...Parcel } }
}` + parcelFields

const fulfillmentLinesQuery = `query FulfillmentLines($id: ID!, $after: String) {
  fulfillment(id: $id) {
    fulfillmentLineItems(first: 100, after: $after) { pageInfo { hasNextPage endCursor } nodes { quantity lineItem { id } } }
  }
}`

const shipMutation = `mutation Ship($fulfillment: FulfillmentInput!) {
  fulfillmentCreate(fulfillment: $fulfillment) {
    fulfillment { id status trackingInfo { company number } }
    userErrors { field message }
  }
}`

const correctMutation = `mutation Correct($id: ID!, $tracking: FulfillmentTrackingInput!, $notify: Boolean) {
  fulfillmentTrackingInfoUpdate(fulfillmentId: $id, trackingInfoInput: $tracking, notifyCustomer: $notify) {
    fulfillment { id status trackingInfo { company number } }
    userErrors { field message }
  }
}`

const stockFields = `
fragment Stock on ProductVariant {
  id sku
  inventoryItem { id tracked inventoryLevel(locationId: $location) { quantities(names: $names) { name quantity } } }
}`

const stockQuery = `query Stock($ids: [ID!]!, $location: ID!, $names: [String!]!) {
  nodes(ids: $ids) { ...Stock }
}` + stockFields

const stockBySKUQuery = `query StockBySKU($query: String!, $after: String, $location: ID!, $names: [String!]!) {
  productVariants(first: 100, after: $after, sortKey: ID, query: $query) { pageInfo { hasNextPage endCursor } nodes { ...Stock } }
}` + stockFields

const setStockMutation = `mutation SetStock($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) {
    inventoryAdjustmentGroup { id }
    userErrors { code field message }
  }
}`

const catalogQuery = `query Catalog($after: String, $query: String) {
  shop { currencyCode }
  productVariants(first: 100, after: $after, sortKey: ID, query: $query) {
    pageInfo { hasNextPage endCursor }
    nodes { id sku barcode title price inventoryQuantity updatedAt product { id title status productType } }
  }
}`

const accessQuery = `query Access {
  shop { name myshopifyDomain currencyCode }
  currentAppInstallation { accessScopes { handle } }
}`

const locationsQuery = `query Locations($after: String) {
  locations(first: 100, after: $after) { pageInfo { hasNextPage endCursor } nodes { id name isActive } }
}`
