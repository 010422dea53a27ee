// Package events holds the JSON Schemas (draft-07) of what comes in: one per
// event type, embedded. It is text and nothing else.
//
// The schemas are for producers and for whoever reads the data; the decoder
// has the same rules in code, and a test holds the two equal where JSON Schema
// can say it (the description of each schema names what it cannot).
package events

import (
	"embed"
	"fmt"
	"strings"
)

// FS holds the schema files: <event type>.v<version>.json.
//
//go:embed *.json
var FS embed.FS

// Version is the schema_version that the files describe.
const Version = 1

// Types gives the event types that have a schema, in alphabetical order.
func Types() []string {
	entries, err := FS.ReadDir(".")
	if err != nil {
		panic("schemas/events: " + err.Error())
	}
	types := make([]string, len(entries))
	for i, entry := range entries {
		types[i], _, _ = strings.Cut(entry.Name(), ".")
	}
	return types
}

// Schema gives the JSON Schema of an event type. It fails where there is none.
func Schema(eventType string) ([]byte, error) {
	text, err := FS.ReadFile(fmt.Sprintf("%s.v%d.json", eventType, Version))
	if err != nil {
		return nil, fmt.Errorf("read the schema of %q events: %w", eventType, err)
	}
	return text, nil
}
