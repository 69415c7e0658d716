// Package coupang is a stand-in for the WING Open API of Coupang, as strict as
// its documents are.
//
// A [Mall] keeps vendors, their keys, bundles, claims, options and stock. It
// checks what the mall's gateway checks: the form and the five minutes of the
// HMAC signature, the access key and its 180 days, the caller's address, the
// pace of ten calls a second. Behind it the back end knows the documented
// parameters, fields, spans and page sizes and refuses every other with the
// mall's own error bodies: a request that works here uses nothing that Coupang
// does not document.
//
// It covers ordersheets (by day with pages, by minute, by bundle, by order,
// history), acknowledgement, invoices and their correction with split shipping,
// return and stop-shipment requests with the seller's answers, withdrawals,
// cancelling as the seller, and products with stock. Exchanges, the arrival and
// approval of returns, prices, products by time of registration and settlements
// are not there and answer as an unknown address does.
//
// Nothing reads the machine's clock: what time does (an order becomes visible in
// the list ten minutes after payment, a courier moves a parcel on, a key dies)
// follows from [Options.Now]. What buyers do is done by the methods [Mall.Place],
// [Mall.Move], [Mall.AskCancel], [Mall.Withdraw] and others.
//
// Sources: the articles of the Coupang developers' portal (developers.coupangcorp.com)
// on HMAC, ordersheets v5, invoices, returnRequests v6, products and the rate
// limit policy, as of May 2026. It shares no code with the connectors.
package coupang
