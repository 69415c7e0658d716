// Package elevenst is a stand-in for the seller API of 11st (11번가), as strict as
// its guide is.
//
// A [Mall] keeps sellers, their keys, orders, claims and products. Its gate checks
// what the mall's does: the header openapikey, its 180 days, the caller's address
// (HTTP 500 with an AuthMessage), the path to the last segment. Behind it the back
// end knows the documented calls, forms of times, spans of 7 and 30 days, 3,000
// rows and codes, and refuses everything else: a request that works here uses
// nothing that the guide does not name. Answers are XML in CP949, as the mall
// writes it: result code 0 for an empty list and for a success, null for a missing
// text, -- for a missing phone number.
//
// It covers the lists of orders by status, orders by number, 발주확인, dispatch of
// whole bundles, of some lines and of one line in several parcels, the lists of
// cancellations, returns and exchanges with the seller's answers to a cancellation,
// the product search, products by the seller's code and stock. Delay notices, the
// lists of what must go today, and changes of products are not there and answer as
// an unknown address does.
//
// Nothing reads the machine's clock: what time does (a parcel is delivered, a
// purchase decided, a key dies) follows from [Options.Now]. What buyers do is done
// by the methods [Mall.Place], [Mall.AskCancel], [Mall.AskReturn], [Mall.Withdraw]
// and others.
//
// The guide leaves open which time lists filter by, and whether the end of a span
// is inside. Here 결제완료 goes by payment, 배송준비중 by confirmation, claims by the
// time of their change; the end is outside unless [Options.EndInside] says
// otherwise. Codes of malformed numbers, of calls that miss what they name and the
// words of refusals without a recorded example are this package's own.
//
// Sources: the seller guide of 11st (openapi.11st.co.kr, OpenApiGuide) as of May
// 2026, and answers that sellers' programs recorded until July 2026. It shares no
// code with the connectors.
package elevenst
