package lint

import (
	"go/ast"
	"go/token"
)

// checkComments wants a comment on everything exported. That packages have one,
// and how comments begin, is staticcheck's to check.
func checkComments(t *Tree) []Finding {
	f := &findings{tree: t}
	for _, file := range t.product() {
		f.declarations(file)
	}
	return f.sorted()
}

// declarations looks at one file's declarations in order.
func (f *findings) declarations(file *goFile) {
	var before *ast.FuncDecl // the last function that needs no comment, or has one
	for _, decl := range file.syntax.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			if decl.Doc == nil && public(decl) && !f.continues(before, decl) {
				f.at(decl.Pos(), "exported %s has no comment", decl.Name.Name)
			} else {
				before = decl
			}
		case *ast.GenDecl:
			f.specs(decl)
		}
	}
}

// continues reports whether a function stands in one block of lines with another
// of its name, so that the comment above the block is about both.
func (f *findings) continues(before, decl *ast.FuncDecl) bool {
	return before != nil && before.Name.Name == decl.Name.Name &&
		f.tree.fset.Position(before.End()).Line+1 == f.tree.fset.Position(decl.Pos()).Line
}

// specs looks at types, constants and variables. A group's comment is about
// all that is in it.
func (f *findings) specs(decl *ast.GenDecl) {
	if decl.Tok == token.IMPORT {
		return
	}
	for _, spec := range decl.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			if spec.Name.IsExported() && spec.Doc == nil && decl.Doc == nil {
				f.at(spec.Pos(), "exported %s has no comment", spec.Name.Name)
			}
		case *ast.ValueSpec:
			for _, name := range spec.Names {
				if name.IsExported() && spec.Doc == nil && spec.Comment == nil && decl.Doc == nil {
					f.at(name.Pos(), "exported %s has no comment", name.Name)
				}
			}
		}
	}
}

// public reports whether others can call a function: it is exported, and where it
// is a method its type is too.
func public(fn *ast.FuncDecl) bool {
	if !fn.Name.IsExported() {
		return false
	}
	if fn.Recv == nil {
		return true
	}
	receiver := fn.Recv.List[0].Type
	for {
		switch r := receiver.(type) {
		case *ast.StarExpr:
			receiver = r.X
		case *ast.IndexExpr:
			receiver = r.X
		case *ast.IndexListExpr:
			receiver = r.X
		case *ast.Ident:
			return r.IsExported()
		default:
			return true
		}
	}
}
