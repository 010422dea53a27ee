package config

import (
	"fmt"
	"strings"
	"testing"
)

const pageHead = `# Configuration

One YAML file, given by ` + "`-c`" + ` or ` + "`HOLDFAST_CONFIG`" + `; each key can be overridden by its variable, and some by a
flag: flag over variable over file over default. Nothing is ignored: an unknown key, a value of the wrong
form or a key whose capability is still to come is an error with its line. ` + "`holdfast validate FILE`" + ` reports all
of them at once, ` + "`holdfast config print --source`" + ` shows what is in force and where each value came from, and
` + "`holdfast config schema`" + ` writes the JSON Schema for editors:

    # yaml-language-server: $schema=./holdfast.schema.json

Without a file, the addresses are those of the embedded engines (` + "`127.0.0.1:9092`" + `, ` + "`http://127.0.0.1:8123`" + `).
With a file, brokers must be named, and ClickHouse is off until it is named.

Durations are Go's, plus ` + "`d`" + ` = 24 h (` + "`90d`, `1d12h`, `250ms`" + `); sizes are bytes or ` + "`KiB`, `MiB`, `GiB`" + `. A list in a
variable is separated by commas. Passwords stand in files, named by the keys that end in ` + "`_file`" + `; never in flags.
An unencrypted connection is accepted to this host only, unless ` + "`--insecure-dev`" + ` (or
` + "`HOLDFAST_INSECURE_DEV=true`" + `) allows it.

A key marked ● changes what the same events mean: state and alerts made under one set of such values should
not be continued under another, and the hash of these keys is kept with every batch. It changes by a restart only.

| key | default | variable | what it is |
|---|---|---|---|
`

const pageMiddle = `
## Planned keys

These keys of later releases are refused, so that nobody relies on what does not happen; where a value is
named, that value, which asks for nothing, is accepted.

| key | what is to come | accepted |
|---|---|---|
`

func TestThePageListsTheKeysOfTheStruct(t *testing.T) {
	config := Default()
	page := &strings.Builder{}
	page.WriteString(pageHead)
	for _, leaf := range leaves(&config) {
		mark, variable, value := "", "", leaf.text()
		if leaf.meaning {
			mark = " ●"
		}
		if leaf.env() != "" {
			variable = "`" + leaf.env() + "`"
		}
		if value == "map[]" {
			value = ""
		}
		if value != "" {
			value = "`" + value + "`"
		}
		fmt.Fprintf(page, "| `%s`%s | %s | %s | %s |\n", leaf.path, mark, value, variable, leaf.doc())
	}
	page.WriteString(pageMiddle)
	for _, path := range sortedKeys(notYet) {
		fmt.Fprintf(page, "| `%s` | %s | %s |\n", path, notYet[path].what, strings.Join(acceptedTexts(notYet[path]), ", "))
	}
	hold(t, pageFile, []byte(page.String()))
}

// acceptedTexts writes the accepted values as they stand in a file.
func acceptedTexts(key later) []string {
	var texts []string
	for _, text := range key.without {
		if strings.HasPrefix(text, "map[") {
			text = "{" + strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(text, "map["), "]"), ":", ": ") + "}"
		} else {
			text = strings.ReplaceAll(text, " ", ", ")
		}
		if text == "" {
			text = `""`
		}
		texts = append(texts, "`"+text+"`")
	}
	return texts
}
