package devclickhouse_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/holdfast/holdfast/internal/devclickhouse"
	"github.com/holdfast/holdfast/internal/devclickhouse/enginetest"
)

// harmlessFile holds the engine's functions, in small letters, that stay
// within the engine: they open no file, reach no host, start no program and take
// no text as an expression or a table's name. What a new release brings is
// looked at, one by one, before it is added there.
const harmlessFile = "functions.txt"

// TestEveryNameOfTheEngineIsJudged: what a newer release brings stands in a
// list, by somebody's decision.
func TestEveryNameOfTheEngineIsJudged(t *testing.T) {
	engine := enginetest.Start(t)
	list := func(sql string) []string {
		status, text, _ := post(t, engine.Addr(), sql)
		if status != 200 {
			t.Fatalf("%s: %s", sql, text)
		}
		return strings.Fields(text)
	}
	harmless := make(map[string]bool)
	text, err := os.ReadFile(filepath.Join("testdata", harmlessFile))
	if err != nil {
		t.Fatal(err)
	}
	for name := range strings.FieldsSeq(string(text)) {
		harmless[name] = true
	}
	functions := list("SELECT DISTINCT lower(name) FROM system.functions")
	if len(functions) < 1000 {
		t.Fatalf("the engine names %d functions only", len(functions))
	}
	for _, name := range functions {
		if refused := devclickhouse.JudgesFunction(name); refused == harmless[name] {
			t.Errorf("the function %s: refused %v, harmless %v: put it into one list", name, refused, harmless[name])
		}
	}
	for _, name := range list("SELECT name FROM system.table_functions") {
		known, allowed := devclickhouse.KnowsTableFunction(name)
		if !known {
			t.Errorf("the table function %s stands in no list", name)
		}
		if sql := "SELECT * FROM system.one, " + name + "('x')"; !allowed && devclickhouse.RefusedBy(sql) != 497 {
			t.Errorf("%s: refused by %d", sql, devclickhouse.RefusedBy(sql))
		}
	}
	for _, name := range list("SELECT name FROM system.table_engines UNION ALL SELECT name FROM system.database_engines") {
		if !devclickhouse.KnowsEngine(name) && name != "View" && name != "MaterializedView" {
			t.Errorf("the engine %s stands in no list", name)
		}
	}
}
