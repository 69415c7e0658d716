// Package rakuten is a stand-in for Rakuten's RMS WEB SERVICE: the order API
// (rpay.order), inventories 2.0 and 2.1, item search and the licence key's expiry.
//
// It is strict: a request with a field, a form or a header that the documentation
// does not know is refused in the mall's own error shapes. It is stateful: orders
// move from 注文確認待ち to 発送済 by the clock that it is given, asynchronous
// shipping reports are worked off later, and licence keys die after 90 days.
//
// Sources: RMS WEB SERVICE documentation of searchOrder, getOrder (versions 3 to
// 10), confirmOrder, updateOrderShipping, updateOrderShippingAsync,
// getResultUpdateOrderShippingAsync, InventoryAPI 2.0 and 2.1, ItemAPI 2.0
// items.search. Where it says nothing the behaviour is ours and the comment says so:
// the 429 comes at the third request within a second, and an asynchronous report is
// worked off after ten seconds.
//
// It shares nothing with the connector: a mistake must not be made twice.
package rakuten
