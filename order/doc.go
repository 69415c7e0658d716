// Package order holds the words of the trade: what a mall sells, what a
// warehouse ships, what stands in the way, and why.
//
// It imports the standard library only and does no I/O. Everything else in
// Mallbridge speaks in these types: connectors and formats produce [Order],
// planning turns its packages into [Instruction], warehouses answer with
// [Shipment] and [Stock].
//
// Codes (order numbers, SKUs, postal codes, tracking numbers) are text here,
// always: leading zeros and long numbers are part of the code.
package order
