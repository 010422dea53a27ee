package lint

import (
	"go/ast"
	"slices"
	"strings"
)

// childMains are files that are the main of a process of their own: the
// embedded engines start this program again and take it over.
var childMains = []string{"internal/devclickhouse/child.go", "internal/devkafka/child.go"}

// checkExits lets nobody but main end the process: an exit elsewhere skips
// deferred calls and cannot be tested.
func checkExits(t *Tree) []Finding {
	f := &findings{tree: t}
	for _, file := range t.product() {
		if slices.Contains(childMains, file.path) {
			continue
		}
		for _, decl := range file.syntax.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Name.Name == "main" && file.syntax.Name.Name == "main" &&
				fn.Recv == nil {
				continue
			}
			ast.Inspect(decl, func(n ast.Node) bool {
				osName, isOS := file.called(n, "os")
				sysName, isSys := file.called(n, "syscall")
				runName, isRun := file.called(n, "runtime")
				logName, isLog := file.called(n, "log")
				switch {
				case isOS && osName == "Exit", isSys && sysName == "Exit", isRun && runName == "Goexit",
					isLog && (strings.HasPrefix(logName, "Fatal") || strings.HasPrefix(logName, "Panic")):
					f.at(n.Pos(), "only main ends the process: return an error")
				}
				return true
			})
		}
	}
	return f.sorted()
}

// readers are the packages that may look at the environment.
var readers = []string{"cmd/holdfast", "internal/config", "internal/devclickhouse", "internal/child",
	"internal/apachekafka", "bench/..."}

// checkEnvironment keeps the environment at the edge: configuration reaches a
// package as arguments.
func checkEnvironment(t *Tree) []Finding {
	f := &findings{tree: t}
	for _, file := range t.product() {
		if slices.ContainsFunc(readers, func(r string) bool { return matches(r, file.dir) }) {
			continue
		}
		ast.Inspect(file.syntax, func(n ast.Node) bool {
			name, ok := file.called(n, "os")
			if ok && slices.Contains([]string{"Getenv", "LookupEnv", "Environ", "ExpandEnv"}, name) {
				f.at(n.Pos(), "%s does not read the environment: take the value as an argument", file.dir)
			}
			return true
		})
	}
	return f.sorted()
}

// checkInit allows no init function: what registers itself cannot be left out.
func checkInit(t *Tree) []Finding {
	f := &findings{tree: t}
	for _, file := range t.product() {
		for _, decl := range file.syntax.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				f.at(fn.Pos(), "no init function: build the value in a constructor, or as a package-level literal")
			}
		}
	}
	return f.sorted()
}
