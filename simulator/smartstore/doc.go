// Package smartstore is a stand-in for the Commerce API of Naver's Smart Store, as
// strict as its documentation is.
//
// A [Mall] keeps sellers with their applications, product orders, the log of their
// changes, claims and products. Its gateway checks what Naver's does: the bcrypt
// signature and its five minutes, the token and its three hours, the caller's address,
// a bucket of calls for each API, content types. Behind it the back end knows the
// documented calls, forms of times, spans of 24 hours, numbers of rows and codes, and
// refuses everything else: a request that works here uses nothing that is not
// documented.
//
// It covers tokens, last-changed-statuses, product-orders by condition, query,
// product-order-ids, confirm, dispatch, claim/cancel/approve, the product search,
// origin products, option-stock, multi-update of stock and change-status. Delays,
// returns, exchanges and wished days are not there and answer as an unknown address
// does.
//
// Nothing reads the machine's clock: what time does (a parcel is delivered, a purchase
// decided, a token ends) follows from [Options.Now]. What buyers and the seller in the
// Smart Store centre do is done by methods: [Mall.Place], [Mall.AskCancel],
// [Mall.Confirm], [Mall.Move] and others.
//
// The documentation leaves open how a refused signature and a group of APIs that is
// not ticked are answered, whether the log has every change of a product order or only
// the last ([Options.LastOnly]), and whether two orders may have one tracking number;
// here they may if the same person receives both. Such answers are this package's own.
//
// Source: the documentation of the Commerce API 2.73.0 (apicenter.commerce.naver.com) as
// of 13 March 2026. It shares no code with the connectors.
package smartstore
