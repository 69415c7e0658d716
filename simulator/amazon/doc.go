// Package amazon is a stand-in for Amazon's Selling Partner API in Japan: Login with
// Amazon, Orders 2026-01-01, confirmShipment of Orders v0, feeds and reports
// 2021-06-30 with their addresses for upload and download, Listings Items 2021-08-01.
//
// It is strict: an operation, a parameter, a field, a header or a value that the
// models do not know is refused in Amazon's own error shape; each operation has its
// default usage plan for each seller, and calls beyond it get 429. It is stateful: pending
// orders are paid after half an hour, access tokens end after an hour and app secrets
// after 180 days, feeds and reports are worked off by the clock that it is given.
//
// Sources: the models orders_2026-01-01, ordersV0, feeds_2021-06-30,
// reports_2021-06-30 and listingsItems_2021-08-01 that Amazon publishes, and the
// guides of the Selling Partner API as of November 2026. Where they say nothing the
// behaviour is ours: how long a feed and a report take (two minutes and one), the
// texts of refusals, and that a whole confirmation of an order that has shipped is an
// error of its message.
//
// It shares nothing with the connector: a mistake must not be made twice.
package amazon
