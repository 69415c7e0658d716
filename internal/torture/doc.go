// Package torture tries to break the promises of the main job: it runs the real
// program against OpenSSH's sshd, kills it, cuts its connections, fills its disk
// and starts it twice, and then checks that each line of each order is at the
// warehouse exactly once.
//
// A World is a workspace with a plain account, a Rakuten account and a warehouse
// at an SFTP drop. Truth is what the harness put into it: the generator's own
// record of every order, line and sheet. A Warehouse takes every file away the
// moment it has its final name and keeps all bytes it ever saw. Check compares
// the three, the program's lists and, read-only, the ledger. Nothing in this
// package parses or plans with the program's own code.
//
// The program is built with -tags fault, so that MALLBRIDGE_FAULT=place:n kills
// it at a named point between two durable steps.
package torture
