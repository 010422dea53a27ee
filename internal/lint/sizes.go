package lint

import (
	"bytes"
	"go/ast"
	"strings"
)

// Limits on sizes. A file is one subject (aim 150 lines), a function one
// thought (aim 25).
const (
	maxFileLines            = 400
	maxFunctionLines        = 70
	maxConstructorArguments = 5
)

// checkSizes holds the limits on files, tests too, on functions and on constructors.
func checkSizes(t *Tree) []Finding {
	f := &findings{tree: t}
	for _, file := range t.files {
		if lines := bytes.Count(t.texts[file.path], []byte("\n")); lines > maxFileLines && !file.generated {
			f.in(file.path, 0, "%d lines, above %d: give the second subject a file of its own", lines, maxFileLines)
		}
	}
	for _, file := range t.product() {
		for _, decl := range file.syntax.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			lines := t.fset.Position(fn.End()).Line - t.fset.Position(fn.Pos()).Line + 1
			if lines > maxFunctionLines {
				f.at(fn.Pos(), "%s has %d lines, above %d: name its steps", fn.Name.Name, lines, maxFunctionLines)
			}
			if arguments := fn.Type.Params.NumFields(); constructs(fn) && arguments > maxConstructorArguments {
				f.at(fn.Pos(), "%s takes %d arguments, above %d: take a struct", fn.Name.Name, arguments, maxConstructorArguments)
			}
		}
	}
	return f.sorted()
}

// constructs reports whether a function is a constructor: New, Open, Start or a
// name that begins so.
func constructs(fn *ast.FuncDecl) bool {
	if fn.Recv != nil {
		return false
	}
	for _, verb := range []string{"New", "Open", "Start"} {
		rest, ok := strings.CutPrefix(fn.Name.Name, verb)
		if ok && (rest == "" || rest[0] < 'a' || rest[0] > 'z') {
			return true
		}
	}
	return false
}
