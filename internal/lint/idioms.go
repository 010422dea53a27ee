package lint

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
)

// idiom is a turn of phrase that a stranger stumbles over, and what to say. The
// patterns are put together from pieces, so that this file does not offend
// against itself.
type idiom struct {
	pattern *regexp.Regexp
	instead string
}

var idioms = []idiom{
	{phrase(`says wh` + `ether`), "reports whether"},
	{phrase(`^[ \t]*// [A-Za-z]+ gi` + `ves (the|its|what)\b`), "returns"},
	{phrase(`does not belong i` + `nto`), "do not pass … in …"},
	{phrase(`\b(is|are) no (event|row|offset|page|file|literal|text|UTF-8|whole|key|JSON|CSV|mechanism)s?\b`),
		"is not a …, was rejected"},
	{phrase(`\bnone of Holdf` + `ast's\b`), "not an answer of Holdfast"},
	{phrase(`\b(made|write it) an` + `ew\b`), "created again, rewrite"},
	{phrase(`\b(ask|look)ings in a r` + `ow\b`), "consecutive attempts"},
	{phrase(`\bweat` + `her\b`), "transient errors"},
	{phrase(`\bof no further u` + `se\b`), "must be replaced"},
	{phrase(`\blies in wa` + `it\b`), "has weight 0"},
	{phrase(`\bthe [a-z]+'s? aff` + `air\b`), "say who does it"},
	{phrase(`\bat wo` + `rk: `), "is running"},
}

func phrase(pattern string) *regexp.Regexp { return regexp.MustCompile(pattern) }

// idiomDirs are the directories that are held to plain English so far.
var idiomDirs = []string{"cmd/...", "internal/..."}

// checkIdioms wants comments, messages and names in the idiom of Go's library:
// "reports whether", "returns", "waits for", "retries".
func checkIdioms(t *Tree) []Finding {
	f := &findings{tree: t}
	for _, file := range t.files {
		if !slices.ContainsFunc(idiomDirs, func(d string) bool { return matches(d, file.dir) }) ||
			strings.HasSuffix(file.path, "_test.go") {
			continue // tests quote what other packages say
		}
		for i, line := range bytes.Split(t.texts[file.path], []byte("\n")) {
			for _, idiom := range idioms {
				if found := idiom.pattern.Find(line); found != nil && !bytes.Contains(line, []byte("there "+string(found))) {
					f.in(file.path, i+1, "plain English: for %q say %q", bytes.TrimSpace(found), idiom.instead)
				}
			}
		}
	}
	return f.sorted()
}
