// Package topics embeds the list of topics that Holdfast reads and writes.
package topics

import _ "embed"

// List is topics.yaml: the one list of topics, with their settings.
//
//go:embed topics.yaml
var List []byte
