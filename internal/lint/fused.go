package lint

import (
	"go/ast"
	"go/token"
	"go/types"
)

// modelFormulas are pure too, but full of sums of products; what they give is
// rounded to millionths before anything is decided by it.
const modelFormulas = "pipeline/score/btyd"

// checkFused wants a product to be rounded, by an explicit conversion, before
// it is added: some processors multiply and add in one step with one rounding,
// and the same batch would give other bytes there.
func checkFused(t *Tree) []Finding {
	f := &findings{tree: t}
	packages, err := t.typed(pureRoots)
	if err != nil {
		f.in("pipeline", 0, "cannot check sums of products: %v", err)
		return f.list
	}
	for _, p := range packages {
		for _, file := range p.files {
			if file.dir != modelFormulas {
				f.sumsOfProducts(file, p.info)
			}
		}
	}
	return f.sorted()
}

func (f *findings) sumsOfProducts(file *goFile, info *types.Info) {
	ast.Inspect(file.syntax, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BinaryExpr:
			if (n.Op == token.ADD || n.Op == token.SUB) && (isProduct(info, n.X) || isProduct(info, n.Y)) {
				f.at(n.Pos(), "write float64(a*b) + c: unrounded, the product may be fused with the sum")
			}
		case *ast.AssignStmt:
			if (n.Tok == token.ADD_ASSIGN || n.Tok == token.SUB_ASSIGN) && isProduct(info, n.Rhs[0]) {
				f.at(n.Pos(), "write s += float64(a*b): unrounded, the product may be fused with the sum")
			}
		}
		return true
	})
}

// isProduct reports whether an expression is a product of floats that is computed
// at run time.
func isProduct(info *types.Info, e ast.Expr) bool {
	product, ok := ast.Unparen(e).(*ast.BinaryExpr)
	if !ok || product.Op != token.MUL {
		return false
	}
	value := info.Types[product]
	basic, ok := value.Type.Underlying().(*types.Basic)
	return ok && basic.Info()&types.IsFloat != 0 && value.Value == nil
}
