// Package connectors is the way to malls by their APIs: the small interface that
// a mall's author writes ([Driver] and the abilities), and the concrete type that
// callers use ([Mall]), which adds rate limit, retry, circuit breaker, capture of
// raw replies, counters and checks of what a driver returns, once for all malls.
//
// # For the author of a mall
//
// A mall is one folder, connectors/<mall>, with about.yaml ([About]), a Spec, a
// driver, its client and types, and testdata. A driver
//
//   - speaks HTTP only through the [Client] that it is given, names each call
//     ([Request.Kind]) and says which may be repeated ([Request.Safe]);
//   - signs in [Request.Sign], which is called again for each try;
//   - turns the mall's own errors, those inside a 200 too, into [Error]s of the
//     right [Class] in [Request.Judge];
//   - yields raw replies as [Page]s and reads them in Parse, which knows neither
//     clock nor network, so that stored pages can be read again;
//   - returns one [Result] for each thing it was asked to write, in the same
//     order, whatever happened.
//
// Package drivertest holds the cases that every driver passes.
//
// # For callers
//
// [Spec.Open] makes the [Mall] of an account. [Mall.Reads] says what is to be read
// in a run; [Mall.Read] reads one of these and tells at its end whether all of it
// came. A page is to be stored durably before [Mall.Parse] is called, and what
// was parsed before anything is confirmed at the mall.
package connectors
