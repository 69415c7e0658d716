// Package workbook reads rows of cells out of the files that people call
// Excel files, and writes .xlsx files that people open.
//
// Order sheets arrive as .xlsx, as .xlsx protected by a password, as .xls
// (BIFF8), as HTML tables or Excel 2003 XML named .xls and as plain text named
// either way.
// [SniffReader] says by the bytes which of these a file is, and [Open] reads
// all of them but plain text through one [Reader].
//
// # Cells
//
// A cell's Text is what a person would read as a code: text as it stands,
// whole numbers by all their digits, a number formatted 0000000 with its
// zeros. What a spreadsheet program has already spoilt (a long number, a text
// like 8.11E+11, #N/A, a formula without a stored result) is marked in
// [Cell.Damaged]; the reader never repairs a value.
//
// # Files from outside
//
// Every reader works under [Limits], counts the bytes it really unpacks, and
// refuses document type declarations. Only the table of shared strings of an
// .xlsx is held in memory; its rows are streamed.
package workbook
