// Package warehouse is a stand-in for the warehouse that takes our instruction
// files: it keeps state, reads strictly, answers, ships and counts.
//
// It watches a folder on disk; package sftpd beside it shows that folder by SFTP.
// A file that is complete is moved away at once, under its name, into the archive
// folder; then it is read by a parser of its own, which shares nothing with the
// programs it is there to test. What a real warehouse would refuse is refused:
// the whole file when its columns or bytes are wrong, one instruction when its
// values are. A number that was given before is refused too, whatever file it
// comes in.
//
// Nothing moves by itself: [Warehouse.Take], [Warehouse.Ship] and
// [Warehouse.Count] are the steps of its day, [Warehouse.Day] is all of them, and
// [Warehouse.Run] repeats them by real time. The clock is the caller's.
package warehouse
