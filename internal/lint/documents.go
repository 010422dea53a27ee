package lint

import (
	"go/ast"
	"path"
	"regexp"
	"slices"
	"strings"
)

var (
	lineCitation = regexp.MustCompile(`[A-Za-z0-9_]+\.(go|sql|sh|mod):[0-9]+|#L[0-9]+`)
	markdownLink = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	quotedPath   = regexp.MustCompile("`((?:cmd|pipeline|sinks|schemas|internal|deploy|bench|docs|\\.ci)(?:/[A-Za-z0-9_.-]+)+/?)`")
)

// quotedSymbol is Type.Method, Type.Field or package.Name in a document.
var quotedSymbol = regexp.MustCompile("`([A-Za-z][A-Za-z0-9]*)\\.([A-Z][A-Za-z0-9]*)(?:\\(\\))?`")

// checkDocuments holds the documents to the tree: links, paths and
// symbols lead somewhere, and nothing is cited by line number, which the next change moves.
func checkDocuments(t *Tree) []Finding {
	f := &findings{tree: t}
	packages, names := t.declared()
	for _, p := range t.paths() {
		if path.Ext(p) != ".md" {
			continue
		}
		for i, line := range strings.Split(string(t.texts[p]), "\n") {
			if cited := lineCitation.FindString(line); cited != "" {
				f.in(p, i+1, "cite the symbol, not the line: %s", cited)
			}
			for _, link := range markdownLink.FindAllStringSubmatch(line, -1) {
				target, _, _ := strings.Cut(link[1], "#")
				if target != "" && !strings.Contains(target, "://") && !t.has(path.Join(path.Dir(p), target)) {
					f.in(p, i+1, "the link leads nowhere: %s", target)
				}
			}
			for _, quoted := range quotedPath.FindAllStringSubmatch(line, -1) {
				if !t.has(quoted[1]) {
					f.in(p, i+1, "no such file or directory: %s", quoted[1])
				}
			}
			for _, symbol := range quotedSymbol.FindAllStringSubmatch(line, -1) {
				ours := packages[symbol[1]] || names[symbol[1]]
				if foreign := !ours && !ast.IsExported(symbol[1]); !foreign && !(ours && names[symbol[2]]) {
					f.in(p, i+1, "no such symbol: %s.%s", symbol[1], symbol[2])
				}
			}
		}
	}
	return f.sorted()
}

// namedPage is a path in a comment that begins as ours do: a page, or a file of Go.
var namedPage = regexp.MustCompile(`(?:^|[^A-Za-z0-9_./-])((?:docs|deploy|\.ci)/[A-Za-z0-9_./-]*[A-Za-z0-9]|` +
	`(?:cmd|pipeline|sinks|schemas|internal|bench)/[A-Za-z0-9_./-]+\.(?:go|md|sql|json))`)

// checkNamedPages wants what a comment of a Go file points to be there.
func checkNamedPages(t *Tree) []Finding {
	f := &findings{tree: t}
	for _, file := range t.files {
		for _, group := range file.syntax.Comments {
			for _, comment := range group.List {
				for _, named := range namedPage.FindAllStringSubmatch(comment.Text, -1) {
					if !t.has(named[1]) {
						f.at(comment.Pos(), "no such file or directory: %s", named[1])
					}
				}
			}
		}
	}
	return f.sorted()
}

// declared returns the names of our packages, and every name that they declare:
// types, functions, methods, fields, constants and variables.
func (t *Tree) declared() (packages, names map[string]bool) {
	packages, names = map[string]bool{}, map[string]bool{}
	for _, file := range t.files {
		packages[file.syntax.Name.Name] = true
		ast.Inspect(file.syntax, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				names[n.Name.Name] = true
			case *ast.TypeSpec:
				names[n.Name.Name] = true
			case *ast.ValueSpec:
				for _, name := range n.Names {
					names[name.Name] = true
				}
			case *ast.Field:
				for _, name := range n.Names {
					names[name.Name] = true
				}
			}
			return true
		})
	}
	return packages, names
}

// ciMarks are how a command of the README may be tried in CI; .ci/readme reads
// them. "run" takes the block as it stands, "instead:" a bounded variant,
// "beside:" runs the block while the named command serves.
var ciMarks = []string{"<!-- ci: run -->", "<!-- ci: instead: ", "<!-- ci: beside: ", "<!-- ci: docker -->"}

// checkReadmeCommands wants a mark above every block of commands in the README,
// so that none is left untried.
func checkReadmeCommands(t *Tree) []Finding {
	f := &findings{tree: t}
	lines := strings.Split(string(t.texts["README.md"]), "\n")
	for i, line := range lines {
		if line != "```sh" {
			continue
		}
		marked := i > 0 && slices.ContainsFunc(ciMarks, func(mark string) bool { return strings.HasPrefix(lines[i-1], mark) })
		if !marked {
			f.in("README.md", i+1, "say above the block how CI tries it: one of %s", strings.Join(ciMarks, " "))
		}
	}
	return f.sorted()
}
