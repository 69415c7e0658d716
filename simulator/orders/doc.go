// Package orders makes streams of invented orders, and the sheets in which malls
// would hand them out.
//
// A stream comes from a seed: the same seed, day and count give the same orders.
// Most are ordinary; the others are what goes wrong in a real shop, each at least
// once in a stream of a hundred orders or so: names that charsets stumble over,
// addresses at the limit, sets, orders for several recipients or several orders
// for one, cash on delivery, frozen goods, wished days and times, islands, amounts
// that are not fixed yet, every status, codes that no master knows, quantities of
// zero and values that Excel has damaged. Each order carries what must become of
// it where the masters of this package are in force (see [Links], [Payments] …),
// so that a rehearsal can be checked.
//
// People, addresses and phone numbers do not exist: mail addresses end in
// .example, the exchange of every phone number is 0000.
package orders
