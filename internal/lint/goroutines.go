package lint

import (
	"go/ast"
	"slices"
)

// starters are the packages that may start goroutines, as the table of
// goroutines in docs/design.md names them. The embedded engines serve their own
// connections; the tests' brokers and the benchmark are processes of their own; the
// conformance suite runs loaders.
var starters = []string{"pipeline/txn", "pipeline/restore", "sinks/outbox", "sinks/outbox/conformance", "cmd/holdfast",
	"internal/devkafka", "internal/devclickhouse", "internal/child", "internal/apachekafka", "bench/..."}

// checkGoroutines keeps every goroutine with an owner that awaits it.
func checkGoroutines(t *Tree) []Finding {
	f := &findings{tree: t}
	for _, file := range t.product() {
		if slices.ContainsFunc(starters, func(s string) bool { return matches(s, file.dir) }) {
			continue
		}
		ast.Inspect(file.syntax, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				f.at(n.Pos(), "%s starts no goroutine: do the work in the caller, or add an owner to the table of goroutines",
					file.dir)
			case *ast.CallExpr:
				sel, ok := n.Fun.(*ast.SelectorExpr)
				if ok && (sel.Sel.Name == "Go" || sel.Sel.Name == "AfterFunc") {
					f.at(n.Pos(), "%s starts no goroutine, and %s starts one: do the work in the caller", file.dir, sel.Sel.Name)
				}
			}
			return true
		})
	}
	return f.sorted()
}
