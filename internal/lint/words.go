package lint

import (
	"bytes"
	"path"
	"regexp"
	"strings"
)

// Words that have no place in the tree. They are put together from pieces, so
// that this file does not offend against itself.
var (
	unfinished  = regexp.MustCompile(`\b(` + strings.Join([]string{"TO" + "DO", "FIX" + "ME", "XX" + "X"}, "|") + `)\b`)
	machinePath = regexp.MustCompile(`(^|[^A-Za-z0-9_.-])/(work|farm|root|home|Users)/`)
	registries  = regexp.MustCompile(strings.Join([]string{`registry\.npm` + `js`, `proxy\.go` + `lang`,
		`repo1\.mav` + `en`,
		`pypi\.o` + `rg`, `files\.pythonhos` + `ted`}, "|"))
	thisMachine = regexp.MustCompile(`(?i)\bth` + `is machine\b|\bon th` + `e machines here\b`)
)

// checkWords looks at every text but sums for what is unfinished, and for what
// is true on one machine only.
func checkWords(t *Tree) []Finding {
	f := &findings{tree: t}
	for _, p := range t.paths() {
		if path.Base(p) == "go.sum" {
			continue
		}
		for i, line := range bytes.Split(t.texts[p], []byte("\n")) {
			switch {
			case unfinished.Match(line):
				f.in(p, i+1, "finish it, or write the limit down in docs/design.md")
			case machinePath.Match(line):
				f.in(p, i+1, "a path of one machine: take it from the environment, or make it relative")
			case registries.Match(line):
				f.in(p, i+1, "a registry's host: use its ordinary client and its configuration")
			case thisMachine.Match(line):
				f.in(p, i+1, "name the machine's class (cores, memory), or leave it out")
			}
		}
	}
	return f.sorted()
}
