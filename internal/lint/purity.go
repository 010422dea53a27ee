package lint

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strconv"
	"strings"
)

// pureRoots are the packages that must be plain functions of their arguments;
// whatever of ours they import must be too. On that rest determinism, replay
// and the tests of the shard.
var pureRoots = []string{"pipeline/event", "pipeline/signal", "pipeline/window", "pipeline/state",
	"pipeline/score", "pipeline/score/btyd", "pipeline/policy", "pipeline/shard"}

// pureImports are the foreign packages that a pure package may import: they do
// no I/O, keep no state and give the same answer to the same question.
var pureImports = []string{
	"bytes", "cmp", "encoding", "encoding/base64", "encoding/binary", "encoding/hex", "encoding/json", "errors",
	"fmt", "hash", "hash/crc32", "hash/fnv", "io", "iter", "maps", "math", "math/big", "math/bits", "math/rand",
	"math/rand/v2",
	"reflect", "slices", "sort", "strconv", "strings", "time", "unicode", "unicode/utf16", "unicode/utf8", "unsafe",
	"crypto/sha256", "embed",
	"github.com/cespare/xxhash/v2", "github.com/klauspost/compress/s2", "github.com/klauspost/compress/zstd",
	"gonum.org/v1/gonum/mathext",
}

// impureCalls are functions of allowed packages that look outside, or whose
// order or seed differs from run to run.
var impureCalls = map[string][]string{
	"time": {"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker",
		"LoadLocation", "Local"},
	"fmt":  {"Print", "Printf", "Println", "Scan", "Scanf", "Scanln", "Fscan", "Fscanf", "Fscanln"},
	"maps": {"All", "Keys", "Values"},
	"math/rand": {"Int", "Intn", "Int31", "Int31n", "Int63", "Int63n", "Uint32", "Uint64", "Float32", "Float64",
		"NormFloat64", "ExpFloat64", "Perm", "Shuffle", "Read", "Seed"},
	"math/rand/v2": {"Int", "IntN", "Int32", "Int32N", "Int64", "Int64N", "Uint", "UintN", "Uint32", "Uint32N",
		"Uint64", "Uint64N", "Float32", "Float64", "NormFloat64", "ExpFloat64", "Perm", "Shuffle", "N"},
}

// checkPurity walks every pure package and says what makes it impure.
func checkPurity(t *Tree) []Finding {
	f := &findings{tree: t}
	packages, err := t.typed(pureRoots)
	if err != nil {
		f.in("pipeline", 0, "cannot check purity: %v", err)
		return f.list
	}
	for _, p := range packages {
		for _, file := range p.files {
			f.pureFile(file, p.info)
		}
	}
	return f.sorted()
}

// pureFile checks the imports and every node of one file.
func (f *findings) pureFile(file *goFile, info *types.Info) {
	for _, spec := range file.syntax.Imports {
		name := strings.Trim(spec.Path.Value, `"`)
		if !strings.HasPrefix(name, Module+"/") && !slices.Contains(pureImports, name) {
			f.at(spec.Pos(), "%s is pure and may not import %s", file.dir, name)
		}
	}
	ast.Inspect(file.syntax, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			f.at(n.Pos(), "%s is pure: no go statement", file.dir)
		case *ast.ChanType:
			f.at(n.Pos(), "%s is pure: no channel", file.dir)
		case *ast.SendStmt:
			f.at(n.Pos(), "%s is pure: nothing is sent on a channel", file.dir)
		case *ast.SelectStmt:
			f.at(n.Pos(), "%s is pure: no select", file.dir)
		case *ast.UnaryExpr:
			f.pureUnary(file, info, n)
		case *ast.RangeStmt:
			f.pureRange(file, info, n)
		case *ast.AssignStmt:
			if n.Tok != token.DEFINE {
				for _, target := range n.Lhs {
					f.pureTarget(file, info, target)
				}
			}
		case *ast.IncDecStmt:
			f.pureTarget(file, info, n.X)
		case *ast.CallExpr:
			f.pureCall(file, info, n)
		case *ast.SelectorExpr:
			f.pureSelector(file, info, n)
		}
		return true
	})
}

// pureUnary forbids receiving, and taking the address of a package variable,
// through which it could be assigned.
func (f *findings) pureUnary(file *goFile, info *types.Info, n *ast.UnaryExpr) {
	switch n.Op {
	case token.ARROW:
		f.at(n.Pos(), "%s is pure: nothing is received from a channel", file.dir)
	case token.AND:
		if _, literal := n.X.(*ast.CompositeLit); !literal {
			if v := packageVariable(info, n.X); v != nil && !readOnlyTable(v) {
				f.at(n.Pos(), "%s is pure: the address of package variable %s lets it be changed", file.dir, v.Name())
			}
		}
	}
}

// readOnlyTable reports whether a variable is a table of numbers, whose address is
// taken to index it without copying. Assignments to it are still found where
// they are written out.
func readOnlyTable(v *types.Var) bool {
	_, array := v.Type().Underlying().(*types.Array)
	return array
}

// pureRange forbids ranging over what has no order of its own.
func (f *findings) pureRange(file *goFile, info *types.Info, n *ast.RangeStmt) {
	if n.Tok == token.ASSIGN {
		for _, target := range []ast.Expr{n.Key, n.Value} {
			if target != nil {
				f.pureTarget(file, info, target)
			}
		}
	}
	of := info.TypeOf(n.X)
	if of == nil {
		return
	}
	switch of.Underlying().(type) {
	case *types.Map:
		f.at(n.Pos(), "%s is pure: no range over a map, its order differs from run to run", file.dir)
	case *types.Chan:
		f.at(n.Pos(), "%s is pure: no range over a channel", file.dir)
	}
}

// pureTarget forbids assigning to a package variable, or into one.
func (f *findings) pureTarget(file *goFile, info *types.Info, target ast.Expr) {
	if v := packageVariable(info, target); v != nil {
		f.at(target.Pos(), "%s is pure: package variable %s is assigned outside its declaration", file.dir, v.Name())
	}
}

// pureCall forbids the built-ins that print or that change a package variable,
// and methods that could change one through a pointer.
func (f *findings) pureCall(file *goFile, info *types.Info, n *ast.CallExpr) {
	switch fun := ast.Unparen(n.Fun).(type) {
	case *ast.Ident:
		builtin, ok := info.Uses[fun].(*types.Builtin)
		if !ok {
			return
		}
		switch builtin.Name() {
		case "print", "println":
			f.at(n.Pos(), "%s is pure: %s writes to standard error", file.dir, builtin.Name())
		case "copy", "clear", "delete":
			f.pureTarget(file, info, n.Args[0])
		}
	case *ast.SelectorExpr:
		selection := info.Selections[fun]
		if selection == nil || selection.Kind() != types.MethodVal {
			return
		}
		method := selection.Obj().(*types.Func)
		_, pointer := method.Signature().Recv().Type().(*types.Pointer)
		_, already := info.TypeOf(fun.X).Underlying().(*types.Pointer)
		if v := packageVariable(info, fun.X); v != nil && pointer && !already {
			f.at(n.Pos(), "%s is pure: %s may change package variable %s", file.dir, method.Name(), v.Name())
		}
	}
}

// pureSelector forbids the functions and variables of impureCalls.
func (f *findings) pureSelector(file *goFile, info *types.Info, n *ast.SelectorExpr) {
	object := info.Uses[n.Sel]
	if object == nil || object.Pkg() == nil {
		return
	}
	from := object.Pkg().Path()
	if !slices.Contains(impureCalls[from], object.Name()) {
		return
	}
	if method, ok := object.(*types.Func); ok && method.Signature().Recv() != nil && object.Name() != "Local" {
		return // (*rand.Rand).Intn is seeded by its owner, (time.Time).After compares
	}
	f.at(n.Pos(), "%s is pure: no %s", file.dir, strconv.Quote(from+"."+object.Name()))
}

// packageVariable finds the package-level variable that an expression is, or
// is a part of; nil where there is none.
func packageVariable(info *types.Info, e ast.Expr) *types.Var {
	for {
		switch x := e.(type) {
		case *ast.ParenExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.SliceExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.SelectorExpr:
			if info.Selections[x] == nil { // a qualified identifier
				e = x.Sel
			} else {
				e = x.X
			}
		case *ast.Ident:
			v, ok := info.Uses[x].(*types.Var)
			if ok && v.Pkg() != nil && v.Parent() == v.Pkg().Scope() {
				return v
			}
			return nil
		default:
			return nil
		}
	}
}
