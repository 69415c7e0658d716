// Package cluster tries to break the promises of many machines: it runs three
// "mallbridge serve" over one PostgreSQL, kills one, lets one stand still, cuts
// one off from the database and starts the database anew, and then checks that
// each line of each order is at the warehouse exactly once, that no slot of a
// schedule was missed, and that no job was lost.
//
// The three run on one machine, under names of their own as if they were three
// (MALLBRIDGE_NODE). For root on Linux with ip, each is in a network namespace of its
// own, joined by a cable with a namespace where database, drop, mall and tests are; to
// cut a node off, its packets for the database go to nobody, or its cable is pulled.
// Else all is on loopback and each is behind a proxy to the database. Leases are some
// seconds long (MALLBRIDGE_LEASE), so that a standstill of some seconds is what one of
// minutes is else; the flags -cluster.lease=90s -cluster.pause=5m make it real.
//
// Worlds, warehouses and the truth are those of package torture.
package cluster
