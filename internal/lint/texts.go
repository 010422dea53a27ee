package lint

import (
	"go/ast"
	"go/token"
	"strconv"
	"strings"
)

// complaints are words that an error text does without: it names what was
// tried, and the chain of %w says that it did not work.
var complaints = []string{"failed to", "unable to", "error while", "error when"}

// checkErrorTexts wants errors to be imperative phrases.
func checkErrorTexts(t *Tree) []Finding {
	f := &findings{tree: t}
	for _, file := range t.product() {
		ast.Inspect(file.syntax, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			errName, isErr := file.called(call.Fun, "errors")
			fmtName, isFmt := file.called(call.Fun, "fmt")
			if !(isErr && errName == "New") && !(isFmt && fmtName == "Errorf") {
				return true
			}
			text, ok := literal(call.Args[0])
			if !ok {
				return true
			}
			for _, complaint := range complaints {
				if strings.Contains(strings.ToLower(text), complaint) {
					f.at(call.Pos(), "an error names what was tried (\"open checkpoint: %%w\"), without %q", complaint)
				}
			}
			if strings.HasSuffix(text, ".") || strings.HasSuffix(text, "\n") {
				f.at(call.Pos(), "an error text is a phrase: it ends without a stop or a line end")
			}
			return true
		})
	}
	return f.sorted()
}

// literal returns the text of a string literal, or of literals joined by +.
func literal(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind != token.STRING {
			return "", false
		}
		text, err := strconv.Unquote(e.Value)
		return text, err == nil
	case *ast.BinaryExpr:
		left, okLeft := literal(e.X)
		right, okRight := literal(e.Y)
		return left + right, okLeft && okRight
	}
	return "", false
}

// minSkipWords is what makes a sentence of a reason to skip a test.
const minSkipWords = 4

// checkSkips wants a test that is left out to say why in a plain sentence.
func checkSkips(t *Tree) []Finding {
	f := &findings{tree: t}
	for _, file := range t.files {
		if !file.test {
			continue
		}
		ast.Inspect(file.syntax, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			sel, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || len(sel.Sel.Name) < 4 || !skips(sel.Sel.Name) {
				return true
			}
			if len(call.Args) == 0 {
				f.at(call.Pos(), "%s says why in a plain sentence", sel.Sel.Name)
			} else if text, ok := literal(call.Args[0]); ok && len(strings.Fields(text)) < minSkipWords {
				f.at(call.Pos(), "%s says why in a plain sentence, %q is not one", sel.Sel.Name, text)
			}
			return true
		})
	}
	return f.sorted()
}

// skips reports whether a method of testing.TB leaves the test out.
func skips(method string) bool {
	return method == "Skip" || method == "Skipf" || method == "SkipNow"
}
