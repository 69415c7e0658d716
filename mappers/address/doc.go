// Package address knows the addresses of Japan and Korea: postal codes, phone
// numbers, prefectures and cities, splitting a long address over a carrier's
// fields, and telling whether two parcels go to the same door.
//
// Nothing is repaired by guessing: what does not fit is reported, and the order
// waits.
package address
