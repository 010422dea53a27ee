package devclickhouse

import "strings"

// JudgesFunction reports whether the fence refuses a function's name wherever
// it stands, or before a parenthesis.
func JudgesFunction(name string) bool {
	name = strings.ToLower(name)
	return outsideFunctions[name] || outsideTables[name] || structured[name]
}

// KnowsTableFunction reports whether a table function stands in a list, and
// whether it may be called.
func KnowsTableFunction(name string) (known, allowed bool) {
	name = strings.ToLower(name)
	return tableFunctions[name] || outsideTables[name] || structured[name], tableFunctions[name]
}

// KnowsEngine reports whether an engine of tables or databases stands in a list.
func KnowsEngine(name string) bool {
	name = strings.ToLower(name)
	return engines[name] || outsideEngines[name] || JudgesFunction(name)
}

// RefusedBy is the code by which the fence refuses a statement; 0 where it
// lets it through.
var RefusedBy = refusedBy
