// Package yahoo is a stand-in for the store API of Yahoo! JAPAN Shopping and its login
// (Yahoo! ID federation), as strict as their pages are. Stores of Yahoo! Auctions use
// the same API.
//
// A [Mall] keeps stores, consents, orders and items. The login below /login/ knows the
// page on which a shop agrees, which agrees at once and sends the browser back, and
// the token endpoint. The gate before the API checks the access token and its hour,
// the caller's address (px-04306), the approval of the Client ID for the order API
// (px-04303), the signature and the pace of one call a second for each operation. A
// signature is decrypted with the store's private key; what is wrong with it does not
// refuse a call but shows in X-SWS-Authorize-Status, and the consent then ends after 12
// hours (px-04102) instead of 28 days. A client certificate counts as a signature.
//
// Behind it the documented operations take the documented elements, names of fields
// and forms of times, and refuse everything else: orderList, orderInfo,
// orderShipStatusChange, setStock, getStock, myItemList and getItem. Conditions of
// orderList that are documented and not built are refused too.
//
// Nothing reads the machine's clock: what time does (the buyer's ten minutes end, a
// parcel arrives, tokens and consents end) follows from [Options.Now]. What buyers and
// Yahoo do is done by the methods [Mall.Place], [Mall.Cancel], [Mall.Suspect] and others.
//
// The pages leave open what orderInfo answers for an order that is not there: here a
// ResultSet that counts 0. Codes od9000x and st-0900x, the tolerance of five minutes
// for the time in a signature, and that a PublicationTime is that of the order where
// nothing held it, are this package's own.
//
// Sources: developer.yahoo.co.jp, pages of the Shopping API as of October 2026, and
// what sellers' programs recorded until July 2026. It shares no code with the
// connectors.
package yahoo
