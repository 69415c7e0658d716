// Package shopserve is a stand-in for the API of Estore's Shopserve.
//
// Stock and items are as public programs use them, and as strictly: HTTP Basic with the
// shop's ID, the manager key at the management API, the open key at the open API (below
// /item here) and neither at the other; JSON with the right type; the words Yes and No
// for flags. Bodies of errors are opaque, for their shape is not public.
//
// The order API of Shopserve is not public. Orders are here by an API of this package's
// own invention, below /v2/rehearsal, whose addresses and names are nobody's but ours:
// it is there so that a set-up by settings ([Settings]) can be rehearsed and tested. It
// counts only the beginning of a span in.
//
// Nothing reads the machine's clock. It shares no code with the connectors.
package shopserve
