// Package format reads and writes the files of malls, warehouses and carriers as
// YAML files describe them: one [Format] for one layout.
//
// # A format
//
//	name: yamato-b2-basic            # as the file, [a-z0-9-]
//	title: {en: …, ja: …, ko: …}
//	record: instructions             # orders instructions results stock acks stops
//	direction: out                   # in out both
//	rows: parcel                     # out: line (default) = a row for each line, parcel = a row for each instruction
//	sureness: confirmed              # confirmed one-source inferred convention
//	source: the public document
//	country: JP                      # also sets currency and zone; each can be given
//	file:
//	  kind: csv                      # csv tsv fixed xlsx workbook (xlsx, xls, HTML or text, by the bytes)
//	  charset: cp932                 # see package charset; byte_form: ibm, bom: true
//	  delimiter: ","  newline: crlf  # or lf
//	  quote: needed                  # always, text (all but numbers and empty values), never
//	  header: names                  # none, skip: columns by position, with or without a first row
//	  header_within: 5               # the header is among the first 5 rows
//	  skip_after: 1                  # rows between header and data
//	  columns_exact: true            # no other number of columns
//	  sheet: 発送処理                # of a workbook
//	  name: '{{.Batch}}_{{.Time.Format "20060102150405"}}.csv'   # also .Warehouse .Account .Seq
//	  newline_in_value: space        # keep, hold
//	  delimiter_in_value: keep       # space, hold, wide
//	  neutralise: true               # put ' before = + - @; only for files that people open
//	  record_bytes: 120              # fixed: rows of so many bytes without line ends
//	group: [order.number]            # in: the rows of one order; the default for orders
//	may_differ: [order.memo]         # order and package fields that its rows need not share
//	refuse: {受注番号: this is the file of before 2018}   # in: columns by which another file is known
//	where: {order.status: ["300"]}   # in: other rows are left out and counted; or an expression
//	carry: {heads: {item: [""]}}     # in: rows of an order take over from each other what they leave empty
//	pair: {key: Id, orders: [ShipName], lines: [LineId]}   # in: the sheet comes as two files
//	columns: [ … ]                   # in: those to read; out: all, in order
//	fields: { … }                    # in: fields built from several columns
//	flags: {amount_open: {請求金額: ["-9999"]}}   # in: what is added to order.flags; or expressions
//	tables: {time_band: {"am": "0812"}, sizes: {file: sizes.csv}}
//	items: {text: "{line.name}×{line.quantity}", join: " ", more: "他{rest}点", cut: true}
//	replace: {"〜": "～"}            # out: before writing, on top of the warehouse's own list
//
// # Columns
//
// Every column may have name, aliases (other header texts), nth (of a repeated
// header), at (position from 1), width (bytes, of fixed-width files), optional
// (the file may lack it), note and example.
//
// A column takes its value from one of these, or stays empty:
//
//	field: order.number              # read into it, or written from it
//	const: "0"
//	text: "S-{order.number}"         # fields in braces
//	join: [to.prefecture, to.city]   # those that are not empty, with sep between
//	product: [line.weight, line.quantity]   # whole numbers multiplied
//	split: to.address  part: 1       # spread over the columns of all parts by their chars and bytes,
//	                                 # never inside a run of digits and hyphens; a list is joined first,
//	                                 # its last field with parts of its own where all fit so
//	item: 1                          # the text of the first line, see items
//	expr: 'num(line.weight) * num(line.quantity)'
//
// Rules of a value: type, layout (of dates: 2006/01/02; reading may list several),
// table, default, pattern (a regular expression for the whole value), required.
// When writing also: required_if, when (else the default), chars, bytes, cut (items
// only), min, max, pad: {side: left, with: "0"}, fold, replace, forbid (characters),
// quote.
//
// Types: text as it stands; code, text that Excel must not have changed; digits
// with digits: 7, whose lost zeros are put back; int; money in the currency;
// quantity, from 1; date; datetime, in the zone; flag, 1 or empty. Fields have
// their natural type, so that it is rarely said.
//
// A table maps what is read to our code, or our code to what is written; "*"
// stands for all others. In a format of direction both it is written from our code
// and read backwards.
//
// Folds: narrow wide hankaku zenkaku katakana hiragana nfc nfkc upper lower digits
// (drops all else) entities (&#12316; to 〜) nospace nohyphen oneline trim.
//
// Under fields: a field has one of join (with sep), column, const, text and expr,
// and type, layout, table, default, digits, fold, pattern, required.
//
// # Conditions and expressions
//
// A condition is a mapping whose every entry must hold — a field or column with
// the values it may have, or with "not " before the name those it may not — or an
// expression in the language of expr-lang.org. Expressions see fields by name
// (order.number, field("extra.1")), columns by col("注文番号"), all as text, and
// the functions num, cut(s, n), digits, hankaku, zenkaku, narrow, date(s, layout),
// glue(sep, [a, b]), code(table, key) and padLeft(s, n, with).
//
// # What is never done
//
// No row is lost: [Stats] add up. No value is repaired by guessing, no charset is
// guessed, nothing is cut short or replaced unless the format says so: what does
// not fit is refused on the way in ([Refusal], [FileError]) and held on the way
// out ([Format.Check]), with place, value and reason.
package format
