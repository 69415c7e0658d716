// Package configs loads a workspace: the folder of plain files that says what
// Mallbridge does for a company.
//
//	mallbridge.yaml          [Settings]
//	accounts/<name>.yaml     [Account], one file each
//	warehouses/<name>.yaml   [Warehouse], one file each
//	masters/                 SKU links, SKUs, payments, delivery services, time bands
//	formats/*.yaml           own formats, beside the built-in ones
//	rules.yaml               hold, route and change rules
//
// [Load] reads all of it in three steps: defaults, checks, run. It touches no
// network and reads no secret, and it returns every [Finding] at once, each with
// file, line, column and a hint. [Init] writes a commented workspace that passes,
// [Explain] prints what a workspace will do.
//
// One description serves all readers: the doc comment of a field and its
// jsonschema tag (default, enum, minimum, maximum, required) make the JSON Schema
// for editors, the comments of the sample files, the defaults and the checks.
package configs
