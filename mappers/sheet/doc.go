// Package sheet splits the bytes of comma-, tab- and fixed-width files into rows
// and fields before anything is decoded, and writes such fields.
//
// Splitting works on bytes because comma, tab, quote and line feed never occur
// inside a character of the charsets used here (Windows-31J trail bytes begin at
// 40, those of UHC at 41), so only the fields that somebody asks for need to be
// decoded. A delimiter from 40 upward, such as the vertical bar, is safe only
// where the charset says so.
//
// A file is read as a run of [Chunk], each holding whole rows and about a
// megabyte long, which can be split into a [Block] by several goroutines.
//
// Quoting follows RFC 4180 with what real exports add: LF and CRLF may be mixed,
// quoted fields may hold both, a quote in the middle of an unquoted field stands
// for itself, and bytes between a closing quote and the delimiter mark the row as
// broken instead of ending the file.
package sheet
