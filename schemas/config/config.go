// Package config embeds the JSON Schema of the configuration file, for editors.
package config

import _ "embed"

// Schema is the JSON Schema (labelled draft-07, which editors read) of the
// configuration file. It is made from the struct in internal/config; a test
// there holds the two equal. Do not change it.
//
//go:embed holdfast.schema.json
var Schema []byte
