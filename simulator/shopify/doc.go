// Package shopify is a stand-in for the Admin GraphQL API of Shopify, version 2026-04:
// orders with their fulfillment orders and fulfillments, product variants, inventory,
// and the client credentials grant that gives access tokens.
//
// It is a GraphQL server over a part of the official schema (schema.graphql): what a
// query names beyond that part is refused as the mall refuses unknown fields. It also
// refuses what the mall refuses only at run time, or takes without a word and then does
// something else: connections without first, search terms that nobody documented,
// timestamps without quotes, changeFromQuantity left out, a missing or repeated
// @idempotent key. It counts the cost of every query and answers THROTTLED when the
// bucket is empty. It is stateful: fulfillments take from fulfillment orders, refunds and
// edits change what remains, stock is compared before it is set.
//
// Sources: the schema of 2026-04 and shopify.dev (limits, versioning, search syntax,
// client credentials grant, idempotency). Where they say nothing the behaviour is ours:
// what a query costs is 1 for each object that it asks for, times the size of the lists
// around it, and 10 for a mutation.
//
// It shares nothing with the connector: a mistake must not be made twice.
package shopify
