// Package secrets keeps passwords and keys out of configuration files, logs
// and reports.
//
// A configuration holds references, never secrets:
//
//	env:SMARTSTORE_PASSWORD   the environment variable of that name
//	file:keys/id_ed25519      the content of a file that only its owner can read
//	age:smartstore.password   an entry of the workspace's age file
//
// [ParseRef] checks the shape of a reference and touches nothing else; a
// [Resolver] reads what it names. What it returns is a [Secret], which prints as
// dots wherever it ends up, and [Resolver.Redact] takes every secret that was
// read out of a text.
package secrets
