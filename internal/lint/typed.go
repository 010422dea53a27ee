package lint

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/build"
	"go/importer"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
)

// typedPackage is one of our packages with its types.
type typedPackage struct {
	files   []*goFile
	info    *types.Info
	checked *types.Package
}

// typed type-checks the packages that exist among roots, and all of ours that
// they import, in dependency order. Foreign packages come from the build cache.
func (t *Tree) typed(roots []string) ([]*typedPackage, error) {
	order, foreign := t.closure(roots)
	exports, err := exportData(t.root, foreign)
	if err != nil {
		return nil, err
	}
	done := map[string]*types.Package{}
	lookup := importer.ForCompiler(t.fset, "gc", func(p string) (io.ReadCloser, error) {
		file, ok := exports[p]
		if !ok {
			return nil, fmt.Errorf("find export data of %s", p)
		}
		return os.Open(file)
	})
	var packages []*typedPackage
	for _, dir := range order {
		p := &typedPackage{files: t.built(dir), info: &types.Info{Types: map[ast.Expr]types.TypeAndValue{},
			Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{},
			Selections: map[*ast.SelectorExpr]*types.Selection{}}}
		var syntax []*ast.File
		for _, file := range p.files {
			syntax = append(syntax, file.syntax)
		}
		config := types.Config{Importer: both{done, lookup}}
		checked, err := config.Check(Module+"/"+dir, t.fset, syntax, p.info)
		if err != nil {
			return nil, fmt.Errorf("check the types of %s: %w", dir, err)
		}
		p.checked, done[Module+"/"+dir] = checked, checked
		packages = append(packages, p)
	}
	return packages, nil
}

// both imports our packages from what is already checked, others from export data.
type both struct {
	ours   map[string]*types.Package
	others types.Importer
}

// Import is part of types.Importer.
func (b both) Import(p string) (*types.Package, error) {
	if ours, ok := b.ours[p]; ok {
		return ours, nil
	}
	return b.others.Import(p)
}

// closure returns roots and all of ours below them, imports first, and the
// foreign packages that they name.
func (t *Tree) closure(roots []string) (order, foreign []string) {
	seen := map[string]bool{}
	var visit func(dir string)
	visit = func(dir string) {
		files := t.built(dir)
		if seen[dir] || len(files) == 0 {
			return
		}
		seen[dir] = true
		for _, file := range files {
			for _, spec := range file.syntax.Imports {
				name := strings.Trim(spec.Path.Value, `"`)
				if ours, ok := strings.CutPrefix(name, Module+"/"); ok {
					visit(ours)
				} else if name != "unsafe" && name != "C" && !slices.Contains(foreign, name) {
					foreign = append(foreign, name)
				}
			}
		}
		order = append(order, dir)
	}
	for _, root := range roots {
		visit(root)
	}
	return order, foreign
}

// built returns the files of a package that the compiler takes on this platform.
func (t *Tree) built(dir string) []*goFile {
	context := build.Default
	context.CgoEnabled = false
	context.OpenFile = func(p string) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(t.texts[p])), nil
	}
	context.JoinPath = path.Join
	var files []*goFile
	for _, file := range t.files {
		if file.dir != dir || file.test {
			continue
		}
		if ok, err := context.MatchFile(dir, path.Base(file.path)); ok && err == nil {
			files = append(files, file)
		}
	}
	return files
}

// exportData asks the go command for the compiled form of packages and of all
// that they need: file by import path.
func exportData(root string, packages []string) (map[string]string, error) {
	files := map[string]string{}
	if len(packages) == 0 {
		return files, nil
	}
	list := exec.Command("go", append([]string{"list", "-export", "-deps", "-f", "{{.ImportPath}}\t{{.Export}}"},
		packages...)...)
	list.Dir = root
	list.Env = append(list.Environ(), "CGO_ENABLED=0")
	var stderr bytes.Buffer
	list.Stderr = &stderr
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("list export data: %w: %s", err, stderr.String())
	}
	for _, line := range strings.Split(string(out), "\n") {
		if name, file, ok := strings.Cut(line, "\t"); ok && file != "" {
			files[name] = file
		}
	}
	return files, nil
}
