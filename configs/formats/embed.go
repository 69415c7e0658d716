// Package formats holds the built-in formats: one YAML file for each layout of an
// order sheet, an instruction file or an answer, in the language of package
// mappers/format. Files of a workspace's formats folder go before them.
//
// Facts in them come from the public documents that each names under source;
// sureness says how well they are supported, and comments mark what is thin.
package formats

import "embed"

// FS holds the formats, each at its name with ".yaml".
//
//go:embed *.yaml
var FS embed.FS
