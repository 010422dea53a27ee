package config

import (
	"fmt"
	"reflect"
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

const pageMapping = `
## Mapping an input

` + "`mapping.purchases`, `mapping.visits` and `mapping.complaints`" + ` say how the records of that input differ from
schemas/events:

| key | what it is |
|---|---|
`

const pageTimes = `
Without ` + "`times`" + `, a time is RFC 3339: ` + "`2026-03-01T10:15:30Z`" + `, with any offset up to 18:00 (` + "`+02:00`, `+0200`, `+02`" + `)
and 0 to 9 digits of a second, behind a point or a comma. A space for the ` + "`T`" + `, one before the offset, small
letters and ` + "`hh:mm`" + ` alone are read too; a time without an offset, the second 60, 24:00 and dates that do not
exist are not. Whatever the form, what is finer than a microsecond is cut off, never rounded up, so that a
time before 1970 is cut towards the past, too.

An epoch is a whole or decimal number, as text or JSON number, with an exponent or not. A layout is
2 January 2006 15:04:05 -0700 as the source would write it, in the elements of Go's package ` + "`time`" + `
(` + "`02.01.2006 15:04`, `1/2/2006 3:04 PM`, `20060102150405`" + `); it must tell year, month and day, and no zone by an
abbreviation. UTC, GMT, +0000 or a final Z as literal text of a layout mean UTC, whatever the time zone of the input.
A layout without a time of day means 12:00, as ` + "`date`" + ` does. Where a clock was put forward over
a time without an offset, the time moves with it; where it was put back, the first of the two is meant. Forms
of which one would read what is meant for a later one are refused.

    mapping:
      visits:
        fields: {occurred_at: ts}
        times: [epoch_ms, rfc3339]
      complaints:
        times: ["02.01.2006 15:04"]
        time_zone: Europe/Berlin
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
	page.WriteString(pageMapping)
	mapping := reflect.TypeFor[Mapping]()
	for i := range mapping.NumField() {
		tag := mapping.Field(i).Tag
		fmt.Fprintf(page, "| `%s` | %s |\n", tag.Get("yaml"), tag.Get("doc"))
	}
	page.WriteString(pageTimes)
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
