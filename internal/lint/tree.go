package lint

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Module is the module path that all our packages begin with.
const Module = "github.com/holdfast/holdfast"

// Tree is the source tree in memory: the text of every file, and the syntax of
// the Go files.
type Tree struct {
	root  string // directory in which the go command is run
	fset  *token.FileSet
	texts map[string][]byte // every text file by path
	files []*goFile         // every Go file, by path
}

// goFile is one parsed Go file.
type goFile struct {
	path      string // from the root, with forward slashes
	dir       string // the package's directory, "." for the root
	syntax    *ast.File
	test      bool // see supportsTests
	generated bool
}

// maxTextBytes bounds what is read of a file; larger files are data.
const maxTextBytes = 1 << 20

// Load reads the tree below root: the files that git tracks or would track, or
// where there is no git, all but hidden directories and bin.
func Load(root string) (*Tree, error) {
	paths, err := listFiles(root)
	if err != nil {
		return nil, fmt.Errorf("list the files of %s: %w", root, err)
	}
	texts := make(map[string][]byte, len(paths))
	for _, p := range paths {
		info, err := os.Stat(filepath.Join(root, p))
		if err != nil || !info.Mode().IsRegular() || info.Size() > maxTextBytes {
			continue // deleted in the working tree, a link, or data
		}
		text, err := os.ReadFile(filepath.Join(root, p))
		if err != nil {
			return nil, fmt.Errorf("read the tree: %w", err)
		}
		if !bytes.Contains(text[:min(len(text), 8000)], []byte{0}) {
			texts[p] = text
		}
	}
	return parse(root, texts)
}

// parse makes a tree of texts by path.
func parse(root string, texts map[string][]byte) (*Tree, error) {
	t := &Tree{root: root, fset: token.NewFileSet(), texts: texts}
	for _, p := range t.paths() {
		if !strings.HasSuffix(p, ".go") || strings.Contains(p, "testdata/") {
			continue
		}
		syntax, err := parser.ParseFile(t.fset, p, texts[p], parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("parse the tree: %w", err)
		}
		t.files = append(t.files, &goFile{path: p, dir: path.Dir(p), syntax: syntax,
			test: supportsTests(p), generated: ast.IsGenerated(syntax)})
	}
	return t, nil
}

// supportsTests reports whether a file is for tests alone: a _test.go file, or one
// of an internal package whose name ends in "test" (as httptest does).
func supportsTests(p string) bool {
	return strings.HasSuffix(p, "_test.go") ||
		strings.HasPrefix(p, "internal/") && strings.HasSuffix(path.Dir(p), "test")
}

// listFiles names the files of the tree, with forward slashes.
func listFiles(root string) ([]string, error) {
	git := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	git.Dir = root
	if out, err := git.Output(); err == nil && len(out) > 0 {
		names := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
		slices.Sort(names)
		return slices.Compact(names), nil
	}
	var names []string
	err := filepath.WalkDir(root, func(p string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && p != root && (entry.Name() == "bin" || entry.Name() == ".git") {
			return filepath.SkipDir
		}
		if !entry.IsDir() {
			rel, err := filepath.Rel(root, p)
			if err != nil {
				return err
			}
			names = append(names, filepath.ToSlash(rel))
		}
		return nil
	})
	return names, err
}

// paths returns the paths of all texts, sorted.
func (t *Tree) paths() []string {
	paths := make([]string, 0, len(t.texts))
	for p := range t.texts {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	return paths
}

// has reports whether a file or directory of that path is in the tree.
func (t *Tree) has(p string) bool {
	p = strings.TrimSuffix(p, "/")
	if _, ok := t.texts[p]; ok {
		return true
	}
	for other := range t.texts {
		if strings.HasPrefix(other, p+"/") {
			return true
		}
	}
	_, err := os.Stat(filepath.Join(t.root, filepath.FromSlash(p)))
	return t.root != "" && err == nil
}

// product returns the Go files that are neither tests nor generated.
func (t *Tree) product() []*goFile {
	var list []*goFile
	for _, f := range t.files {
		if !f.test && !f.generated {
			list = append(list, f)
		}
	}
	return list
}

// imported returns the local name under which a file imports a path, false where
// it does not.
func (f *goFile) imported(importPath string) (string, bool) {
	for _, spec := range f.syntax.Imports {
		if strings.Trim(spec.Path.Value, `"`) != importPath {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name, true
		}
		base := path.Base(importPath)
		if base == "v2" {
			base = path.Base(path.Dir(importPath))
		}
		return base, true
	}
	return "", false
}

// called names the function of a package that an expression refers to: for
// os.Exit with importPath "os", ("Exit", true).
func (f *goFile) called(n ast.Node, importPath string) (string, bool) {
	sel, ok := n.(*ast.SelectorExpr)
	if !ok {
		return "", false
	}
	x, ok := sel.X.(*ast.Ident)
	if !ok {
		return "", false
	}
	name, ok := f.imported(importPath)
	return sel.Sel.Name, ok && x.Name == name
}
