package devclickhouse

import (
	"strings"

	"github.com/holdfast/holdfast/sinks/clickhouse/lexer"
)

// places follows where a table may be named, to find texts that are paths
// there: FROM a, 'x' reads the file x. Which comma belongs to a list of tables
// takes a parser to know, so every comma behind a FROM at its depth counts.
type places struct {
	tables []bool // of each bracket that is open, and of none: a FROM stood there
}

// see reports whether t is a text that names a file where a table may stand.
func (p *places) see(t, last, beforeLast lexer.Token) bool {
	if len(p.tables) == 0 {
		p.tables = []bool{false}
	}
	top := len(p.tables) - 1
	if beforeLast.Is("(") && last.Is("SELECT") && !continues(t) {
		p.tables[top] = false // a subquery, and not a table that is called select
	}
	next := last.Is("FROM") || last.Is("JOIN") || p.tables[top] && (last.Is(",") || last.Is("("))
	switch {
	case t.Is("FROM"):
		p.tables[top] = true
	case t.Is("("):
		p.tables = append(p.tables, next)
	case t.Is("["), t.Is("{"):
		p.tables = append(p.tables, false)
	case t.Is(")"), t.Is("]"), t.Is("}"):
		p.tables = p.tables[:max(top, 1)]
	case t.Kind == lexer.String:
		return next && strings.ContainsAny(t.Text, `/\`)
	}
	return false
}

// continues reports whether a token may follow a table's name in a list of tables.
func continues(t lexer.Token) bool {
	for _, word := range []string{",", ".", ")", "AS", "FINAL", "SAMPLE", "CROSS", "INNER", "LEFT", "RIGHT", "FULL", "ANY",
		"ALL", "ASOF", "SEMI", "ANTI", "PASTE", "GLOBAL", "ARRAY", "JOIN"} {
		if t.Is(word) {
			return true
		}
	}
	return false
}
