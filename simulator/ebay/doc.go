// Package ebay is a stand-in for eBay's sell APIs, as strict as their contracts are
// and, where those leave things open, stricter.
//
// A [Mall] keeps sellers with their application, consents, orders, fulfilments and
// items. Its gate checks what eBay's does: Basic login and grants of the token
// endpoint, tokens with their scopes and their two hours, content types, names of
// parameters, percent-encoding of filters, bodies field by field, calls of a day that
// begins at midnight Pacific time. Everything that the contracts do not name is
// refused: a request that works here uses nothing else.
//
// It covers the consent page, the token endpoint with its three grants, getOrders,
// getOrder, the fulfilments of an order, the inventory's items, offers and quantities,
// and the limits of calls. Listing, refunds, feeds and the older calls are not there.
//
// Nothing reads the machine's clock: what time does (an order is paid, a token or
// consent ends, a day of calls begins) follows from [Options.Now]. What buyers do is
// done by the methods [Mall.Place], [Mall.AskCancel], [Mall.Cancel] and others.
//
// Not documented, and so this package's own: lists are sorted by the time of the
// order, the newest first; an order number that is unknown is left out of a call by
// several numbers, unless [Options.OneSpoils] says otherwise; an unpaid order is paid
// after three hours; a fulfilment of a cancelled order is refused as invalid input.
//
// Sources: sell_fulfillment v1.20.7, sell_inventory 1.18.4, developer_analytics
// v1_beta, and developer.ebay.com on OAuth, as of November 2026. It shares no code
// with the connectors.
package ebay
