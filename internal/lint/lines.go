package lint

import (
	"bytes"
	"go/ast"
	"go/token"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxLineColumns is how wide a line of Go may be, a tab counted as one column.
const maxLineColumns = 120

// unbrokenBytes is the length of a word in a literal, such as a JSON sample,
// from which on it may stand on a line that is too long.
const unbrokenBytes = 60

// checkLines holds the limit on the width of lines in Go files, tests too. Free
// are lines that cannot be broken: struct tags, texts of several lines, and
// literals with a long word in them.
func checkLines(t *Tree) []Finding {
	f := &findings{tree: t}
	for _, file := range t.files {
		if file.generated {
			continue
		}
		unbroken := t.unbroken(file)
		for i, line := range bytes.Split(t.texts[file.path], []byte("\n")) {
			width := utf8.RuneCount(line)
			if width > maxLineColumns && !unbroken[i+1] && !bytes.HasPrefix(line, []byte("//go:")) {
				f.in(file.path, i+1, "%d columns, above %d: break the line", width, maxLineColumns)
			}
		}
	}
	return f.sorted()
}

// unbroken returns the numbers of the lines that cannot be broken.
func (t *Tree) unbroken(file *goFile) map[int]bool {
	lines := map[int]bool{}
	add := func(n ast.Node) {
		for l := t.fset.Position(n.Pos()).Line; l <= t.fset.Position(n.End()).Line; l++ {
			lines[l] = true
		}
	}
	ast.Inspect(file.syntax, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Field:
			if n.Tag != nil {
				add(n.Tag)
			}
		case *ast.BasicLit:
			unbroken := func(word string) bool { return len(word) >= unbrokenBytes }
			words := strings.Fields(n.Value)
			if n.Kind == token.STRING && (strings.Contains(n.Value, "\n") || slices.ContainsFunc(words, unbroken)) {
				add(n)
			}
		}
		return true
	})
	return lines
}
