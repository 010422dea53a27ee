// Package lint holds the rules of the house as programs: what may import what,
// which packages are pure, where goroutines may start, how long a function may
// be. The rules run as ordinary tests over the whole tree; each has a bad and a
// good snippet of its own, so that a rule that stopped biting is seen.
//
// To add a rule: write a func(*Tree) []Finding in a file of its own, list it in
// Rules, and add a bad and a good snippet to the table in rules_test.go.
package lint

import (
	"cmp"
	"fmt"
	"go/token"
	"slices"
)

// Finding is one violation.
type Finding struct {
	File    string // path from the root of the tree, with forward slashes
	Line    int    // 1-based; 0 where the finding is about the file as a whole
	Message string // what is wrong and what to do instead
}

// String returns the finding as path:line: message.
func (f Finding) String() string {
	if f.Line == 0 {
		return fmt.Sprintf("%s: %s", f.File, f.Message)
	}
	return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Message)
}

// Rule is one check over the whole tree.
type Rule struct {
	Name  string
	Check func(*Tree) []Finding
}

// Rules returns every rule of the house.
func Rules() []Rule {
	return []Rule{
		{"imports", checkImports},
		{"drivers", checkDrivers},
		{"purity", checkPurity},
		{"fused", checkFused},
		{"goroutines", checkGoroutines},
		{"handed", checkHanded},
		{"exits", checkExits},
		{"environment", checkEnvironment},
		{"init", checkInit},
		{"sizes", checkSizes},
		{"lines", checkLines},
		{"names", checkNames},
		{"comments", checkComments},
		{"error-texts", checkErrorTexts},
		{"skips", checkSkips},
		{"words", checkWords},
		{"idioms", checkIdioms},
		{"documents", checkDocuments},
		{"named-pages", checkNamedPages},
		{"readme-commands", checkReadmeCommands},
		{"dependencies", checkDependencies},
	}
}

// findings collects what one rule has to say, in the order of the tree.
type findings struct {
	tree *Tree
	list []Finding
}

// at adds a finding at a position of a parsed Go file.
func (f *findings) at(pos token.Pos, format string, args ...any) {
	p := f.tree.fset.Position(pos)
	f.list = append(f.list, Finding{p.Filename, p.Line, fmt.Sprintf(format, args...)})
}

// in adds a finding in any file.
func (f *findings) in(file string, line int, format string, args ...any) {
	f.list = append(f.list, Finding{file, line, fmt.Sprintf(format, args...)})
}

// sorted returns the findings by file and line.
func (f *findings) sorted() []Finding {
	slices.SortFunc(f.list, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Message, b.Message))
	})
	return f.list
}
