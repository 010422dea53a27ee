// Package alerts holds the JSON Schema (draft-07) of the messages on the alert
// topics, embedded. It is text and nothing else.
package alerts

import _ "embed"

// Version is the version of the payload that the schema describes.
const Version = 1

//go:embed alert.v1.json
var schema []byte

// Schema gives the JSON Schema of an alert. The bytes are the caller's own.
func Schema() []byte { return append([]byte(nil), schema...) }
