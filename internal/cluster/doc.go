// Package cluster tries to break the promises of many machines: it runs three
// "mallbridge serve" over one PostgreSQL, kills one, lets one stand still, cuts
// one off from the database and starts the database anew, and then checks that
// each line of each order is at the warehouse exactly once, that no slot of a
// schedule was missed, and that no job was lost.
//
// The three run on one machine, under names of their own as if they were three
// (MALLBRIDGE_NODE), each behind a proxy of its own to the database: network
// namespaces would need root. Leases are some seconds long (MALLBRIDGE_LEASE), so
// that a standstill of some seconds is what one of minutes is else.
//
// Worlds, warehouses and the truth are those of package torture.
package cluster
