// Package walk takes one long random walk through everything that happens to a shop:
// buyers who buy, cancel, come back and move; malls that accept and then fail, accept
// and forget, take one number only, lose answers and are silent; warehouses that
// answer late, refuse, stop in time, too late or never, and send their files late,
// twice and out of order; people who approve, upload and release; and the end of the
// program between any two durable steps. After each step what is true is compared
// with what malls and warehouses were told. The package has only its test; make walk
// takes a longer one.
package walk
