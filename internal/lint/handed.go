package lint

import (
	"go/ast"
	"slices"
)

// handed are the packages that are handed records and times: they read no clock
// and talk to nobody, so that a benchmark or a test drives what ships.
var handed = []string{"pipeline/lane"}

// outsideCalls are the functions by which they could.
var outsideCalls = map[string][]string{
	"time":       {"Now", "Since", "Until", "Sleep", "After", "NewTimer", "NewTicker"},
	"kgo":        {"NewClient", "NewGroupTransactSession"},
	"checkpoint": {"ReadRange", "EndOffsets", "StableOffsets"},
}

// checkHanded holds those packages to what they are handed.
func checkHanded(t *Tree) []Finding {
	f := &findings{tree: t}
	for _, file := range t.product() {
		if !slices.Contains(handed, file.dir) {
			continue
		}
		ast.Inspect(file.syntax, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			of, ok := sel.X.(*ast.Ident)
			if ok && slices.Contains(outsideCalls[of.Name], sel.Sel.Name) {
				f.at(sel.Pos(), "%s may not use %s.%s: let it be handed what it needs", file.dir, of.Name, sel.Sel.Name)
			}
			return true
		})
	}
	return f.sorted()
}
