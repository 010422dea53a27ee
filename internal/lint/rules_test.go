package lint

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// snippet is a small tree and what one rule says of it.
type snippet struct {
	rule  string
	name  string
	files map[string]string
	want  []string // a part of each finding, in order; none for a good snippet
}

// TestRulesBite shows each rule failing on a bad snippet and silent on a good one.
func TestRulesBite(t *testing.T) {
	snippets := slices.Concat(structureSnippets(), puritySnippets(), textSnippets())
	for _, s := range snippets {
		t.Run(s.rule+"/"+s.name, func(t *testing.T) {
			tree, err := parse("", bytesOf(s.files))
			if err != nil {
				t.Fatal(err)
			}
			rule := Rules()[slices.IndexFunc(Rules(), func(r Rule) bool { return r.Name == s.rule })]
			got := rule.Check(tree)
			if len(got) != len(s.want) {
				t.Fatalf("%d findings, want %d:\n%v", len(got), len(s.want), got)
			}
			for i, want := range s.want {
				if !strings.Contains(got[i].String(), want) {
					t.Errorf("finding %d is %q, want %q in it", i, got[i], want)
				}
			}
		})
	}
	for _, rule := range Rules() {
		bad := slices.ContainsFunc(snippets, func(s snippet) bool { return s.rule == rule.Name && len(s.want) > 0 })
		good := slices.ContainsFunc(snippets, func(s snippet) bool { return s.rule == rule.Name && len(s.want) == 0 })
		if !bad || !good {
			t.Errorf("rule %s needs a bad and a good snippet", rule.Name)
		}
	}
}

// bytesOf makes texts of strings.
func bytesOf(files map[string]string) map[string][]byte {
	texts := map[string][]byte{}
	for p, text := range files {
		texts[p] = []byte(text)
	}
	return texts
}

// one is a tree of one file.
func one(path, text string) map[string]string { return map[string]string{path: text} }

// with adds a file to a tree.
func with(files map[string]string, path, text string) map[string]string {
	files = maps.Clone(files)
	files[path] = text
	return files
}

func structureSnippets() []snippet {
	const ours = `"` + Module + `/`
	long := strings.Repeat("\tprintln()\n", maxFunctionLines)
	return []snippet{
		{"imports", "a leaf imports", one("pipeline/event/a.go", "package event\nimport _ "+ours+`pipeline/state"`),
			[]string{"a.go:2: pipeline/event may not import pipeline/state"}},
		{"imports", "the shard fits", one("pipeline/shard/a.go", "package shard\nimport _ "+ours+`pipeline/population/fit"`),
			[]string{"pipeline/shard may not import pipeline/population/fit"}},
		{"imports", "sinks import each other", one("sinks/outbox/a.go", "package outbox\nimport _ "+ours+`sinks/clickhouse"`),
			[]string{"sinks/outbox may not import sinks/clickhouse"}},
		{"imports", "a package nobody decided on", one("pipeline/new/a.go", "package fresh\n"),
			[]string{"package pipeline/new is not in the import table"}},
		{"imports", "the shard imports what it may", one("pipeline/shard/a.go",
			"package shard\nimport (\n_ "+ours+"pipeline/state\"\n_ "+ours+"pipeline/score/btyd\"\n_ \"math\"\n)"), nil},
		{"imports", "tests are free", one("pipeline/event/a_test.go", "package event\nimport _ "+ours+`pipeline/state"`),
			nil},
		{"imports", "cmd imports everything", one("cmd/holdfast/a.go", "package main\nimport _ "+ours+`sinks/clickhouse"`),
			nil},

		{"drivers", "the shell knows ClickHouse",
			one("pipeline/a.go", "package pipeline\nimport _ \"github.com/ClickHouse/clickhouse-go/v2\""),
			[]string{"a.go:2: pipeline may not import"}},
		{"drivers", "the state knows Kafka",
			one("pipeline/state/a.go", "package state\nimport _ \"github.com/twmb/franz-go/pkg/kgo\""),
			[]string{"the core does not know Kafka"}},
		{"drivers", "the shell embeds a broker",
			one("pipeline/a.go", "package pipeline\nimport _ \"github.com/twmb/franz-go/pkg/kfake\""),
			[]string{"internal/devkafka"}},
		{"drivers", "the log package", one("cmd/holdfast/a.go", "package main\nimport _ \"log\""), []string{"log/slog"}},
		{"drivers", "drivers in their place", with(one("sinks/clickhouse/a.go",
			"package clickhouse\nimport _ \"github.com/twmb/franz-go/pkg/kgo\"\nimport _ \"github.com/ClickHouse/ch-go\""),
			"pipeline/a.go", "package pipeline\nimport _ \"log/slog\""), nil},

		{"goroutines", "go in the core", one("pipeline/score/a.go", "package score\nfunc f() { go f() }"),
			[]string{"a.go:2: pipeline/score starts no goroutine"}},
		{"goroutines", "a group in a sink",
			one("sinks/clickhouse/lexer/a.go", "package lexer\nfunc f(g interface{ Go(func()) }) { g.Go(nil) }"),
			[]string{"Go starts one"}},
		{"goroutines", "go in the shell", one("pipeline/txn/a.go", "package txn\nfunc f() { go f() }"), nil},

		{"handed", "a lane with a clock", one("pipeline/lane/a.go", "package lane\nimport \"time\"\nvar now = time.Now"),
			[]string{"a.go:3: pipeline/lane may not use time.Now"}},
		{"handed", "a clock elsewhere", one("pipeline/txn/a.go", "package txn\nimport \"time\"\nvar now = time.Now"), nil},

		{"exits", "a library exits", one("pipeline/a.go", "package pipeline\nimport \"os\"\nfunc f() { os.Exit(1) }"),
			[]string{"a.go:3: only main ends the process"}},
		{"exits", "a library is fatal under another name",
			one("sinks/a.go", "package sinks\nimport x \"log\"\nfunc f() { x.Fatalf(\"\") }"),
			[]string{"only main ends"}},
		{"exits", "a subcommand exits", one("cmd/holdfast/a.go", "package main\nimport \"os\"\nfunc run() { os.Exit(1) }"),
			[]string{"only main ends"}},
		{"exits", "a child's main exits", one("internal/devkafka/child.go",
			"package devkafka\nimport \"os\"\nfunc f() { os.Exit(1) }"), nil},
		{"exits", "main exits", one("cmd/holdfast/main.go", "package main\nimport \"os\"\nfunc main() { os.Exit(1) }"), nil},

		{"environment", "the shell reads a variable",
			one("pipeline/a.go", "package pipeline\nimport \"os\"\nvar x = os.Getenv(\"X\")"),
			[]string{"does not read the environment"}},
		{"environment", "the configuration reads one",
			one("internal/config/a.go", "package config\nimport \"os\"\nvar x = os.Environ()"), nil},

		{"init", "an init function", one("sinks/a.go", "package sinks\nfunc init() {}"), []string{"no init function"}},
		{"init", "a method called init", one("sinks/a.go", "package sinks\ntype t int\nfunc (t) init() {}"), nil},

		{"sizes", "a long function", one("sinks/a.go", "package sinks\nfunc f() {\n"+long+"}\n"), []string{"f has 72 lines"}},
		{"sizes", "a long file", one("sinks/a.go", "package sinks\n"+strings.Repeat("\n", maxFileLines)),
			[]string{"401 lines"}},
		{"sizes", "a long file of tests", one("sinks/a_test.go", "package sinks\n"+strings.Repeat("\n", maxFileLines)),
			[]string{"401 lines"}},
		{"sizes", "a crowded constructor", one("sinks/a.go", "package sinks\nfunc NewSink(a, b, c, d, e, f int) {}"),
			[]string{"takes 6 arguments"}},
		{"sizes", "a long test, and functions at the limit",
			with(one("sinks/a_test.go", "package sinks\nfunc f() {\n"+long+"}\n"),
				"sinks/a.go", "package sinks\nfunc g() {\n"+long[:len("\tprintln()\n")*68]+"}\nfunc Newest(a, b, c, d, e, f int) "+
					"{}\n"), nil},

		{"names", "a package of nothing", one("pipeline/utils/a.go", "package utils"),
			[]string{"package utils is named after nothing"}},
		{"names", "a file of nothing", one("sinks/sink_helpers_test.go", "package sinks"),
			[]string{"file sink_helpers_test.go"}},
		{"names", "telling names", one("sinks/helpful.go", "package sinks"), nil},

		{"comments", "nothing is said",
			one("sinks/a.go", "package sinks\ntype T int\nfunc (T) M() {}\nconst C = 1\nvar V int\nfunc F() {}"),
			[]string{"exported T", "exported M", "exported C", "exported V", "exported F"}},
		{"comments", "everything is said", one("sinks/a.go", "// Package sinks is.\npackage sinks\n// T is.\ntype T int\n"+
			"type u int\n// M does, for both.\nfunc (T) M() {}\nfunc (U) M() {}\nfunc (u) X() {}\n// C and D are.\nconst "+
			"(\nC = 1\nD = 2\n)\n"+
			"var V int // V is.\n// U is.\ntype U int\n"), nil},
	}
}

func puritySnippets() []snippet {
	list := []snippet{}
	add := func(name, imports, body string, want ...string) {
		list = append(list, snippet{"purity", name,
			one("pipeline/state/a.go", fmt.Sprintf("package state\n%s\n%s\n", imports, body)), want})
	}
	add("a goroutine", "", "func f() { go f() }", "no go statement")
	add("channels", "", "func f(c chan int) { c <- 1; <-c; for range c {} }",
		"no channel", "no range over a channel", "nothing is received", "nothing is sent")
	add("select", "", "func f() { select {} }", "no select")
	add("the wall clock", `import "time"`, "func f() any { return []any{time.Now(), time.Since, time.Local} }",
		"time.Local", "time.Now", "time.Since")
	add("the wall clock under another name", `import x "time"`, "var f = x.Now", "time.Now")
	add("reading files and locks", "import _ \"os\"\nimport _ \"sync/atomic\"", "", "may not import os",
		"may not import sync/atomic")
	add("logs", "import _ \"log/slog\"", "", "may not import log/slog")
	add("printing", `import "fmt"`, `func f() { fmt.Println(); println() }`, "fmt.Println", "println writes")
	add("an unseeded generator", `import "math/rand/v2"`, `func f() int { return rand.IntN(3) }`, "rand/v2.IntN")
	add("a range over a map", "", "type m map[int]int\nfunc f(x m) { for range x {} }", "no range over a map")
	add("the keys of a map", `import "maps"`, "func f(x map[int]int) any { return maps.Keys(x) }", "maps.Keys")
	add("an assigned package variable", "",
		"var v struct{ a [2]int }\nvar n int\nfunc f() { v.a[1] = 2; n++; n, _ = 1, 2 }",
		"variable n is", "variable n is", "variable v is")
	add("a package variable through a pointer", "", "var v int\nfunc f() *int { return &v }",
		"address of package variable v")
	add("a package variable's method", "",
		"type t struct{ n int }\nfunc (x *t) add() { x.n++ }\nvar v t\nfunc f() { v.add() }", "add may change")
	add("a package variable copied into", "", "var v = make([]int, 3)\nfunc f() { copy(v, []int{1}) }",
		"variable v is assigned")
	add("nothing impure", "import (\n\"errors\"\n\"math/rand/v2\"\n\"time\"\n)",
		"var ErrFull = errors.New(\"slab is full\")\nvar table = [2]int{1, 2}\n"+
			"func f(t time.Time, m map[string]int) (n int, err error) {\n v := table\n v[0] = 3\n err = ErrFull\n m[\"a\"] = "+
			"1\n"+
			" for i := range 3 { n += table[i%2] }\n r := rand.New(rand.NewPCG(1, 2))\n"+
			" if t.After(t) { n = r.IntN(3) }\n return n, err\n}\n"+
			"func g() { var table int; table++; _ = table }")
	list = append(list,
		snippet{"fused", "sums of products", one("pipeline/state/a.go",
			"package state\nfunc f(a, b, c float64) float64 {\nc += a*b\nreturn c - (a*b)\n}"), []string{"a.go:3: write s +=",
			"a.go:4: write float64"}},
		snippet{"fused", "rounded products, integers and constants", with(one("pipeline/state/a.go",
			"package state\nfunc f(a, b, c float64, n int) float64 { return c + float64(a*b) + float64(n*n+1) + 2.*3 + "+
				"float64(a*(b+c)) }"),
			"pipeline/score/btyd/a.go", "package btyd\nfunc f(a, b, c float64) float64 { return a*b + c }"), nil},
		snippet{"purity", "what the shard imports", with(one("pipeline/shard/a.go",
			"package shard\nimport _ \""+Module+"/pipeline/other\"\n"), "pipeline/other/a.go",
			"package other\nfunc f() { go f() }\n"),
			[]string{"pipeline/other is pure: no go statement"}},
		snippet{"purity", "the shell may", one("pipeline/a.go", "package pipeline\nfunc f() { go f() }\n"), nil},
		snippet{"purity", "what does not compile", one("pipeline/state/a.go", "package state\nvar x = y\n"),
			[]string{"cannot check purity: check the types of pipeline/state"}})
	return list
}

func textSnippets() []snippet {
	const fence = "```"
	wide, sample := "// "+strings.Repeat("wide word ", 12)+".", strings.Repeat(`{"a":1},`, 20)
	mod := "module m\nrequire (\n\texample.com/a v1.2.3 // indirect\n\texample.com/a/b v0.1.0\n)\ntool " +
		"example.com/t/cmd/x\nrequire example.com/t v0.0.1\n"
	imports := "package sinks\nimport _ \"example.com/a/b/c\"\nimport _ \"example.com/a/x\"\nimport _ \"math\"\n"
	rows := "| `example.com/a` | v1.2.3 | because |\n| `example.com/a/b` | v0.1.0 | because |\n| `example.com/t` | " +
		"v0.0.1 | because |\n"
	return []snippet{
		{"lines", "too long", one("cmd/holdfast/a.go", "package main\n"+wide+"\n"),
			[]string{"a.go:2: 124 columns, above 120"}},
		{"lines", "what cannot be broken", one("cmd/holdfast/a.go",
			"package main\nvar a = `"+sample+"`\nvar b = `\n"+
				wide+"`\ntype c struct {\n\td int `"+strings.Repeat("a:\"b\" ", 30)+
				"`\n}\n"), nil},

		{"error-texts", "complaints", one("sinks/a.go", "package sinks\nimport (\n\"errors\"\n\"fmt\"\n)\n"+
			"var a = errors.New(\"failed to open\")\nvar b = fmt.Errorf(\"open: \"+\"Unable to %w\", a)\nvar c = "+
			"errors.New(\"open it.\")\n"),
			[]string{`without "failed to"`, `without "unable to"`, "without a stop"}},
		{"error-texts", "phrases",
			one("sinks/a.go", "package sinks\nimport \"fmt\"\nvar b = fmt.Errorf(\"open checkpoint: %w\", nil)\n"), nil},

		{"skips", "no reason", one("sinks/a_test.go", "package sinks\nfunc f(t T) "+
			"{\nt.Skip()\nt.SkipNow()\nt.Skip(\"slow\")\n}"),
			[]string{"Skip says why", "SkipNow says why", `"slow" is not one`}},
		{"skips", "a sentence", one("sinks/a_test.go", "package sinks\nfunc f(t T) { t.Skip(\"needs the real data, which "+
			"is not here\") }"), nil},

		{"words", "unfinished", one("sinks/a.go", "package sinks // TO"+"DO"), []string{"a.go:1: finish it"}},
		{"words", "a machine's path", one("docs/a.md", "look\nin /ro"+"ot/x"), []string{"a.md:2: a path of one machine"}},
		{"words", "a registry", one("Makefile", "curl https://registry.npm"+"js.org"), []string{"a registry's host"}},
		{"words", "a machine", one("docs/a.md", "On th"+"is machine it takes"), []string{"name the machine's class"}},
		{"words", "harmless words", one("docs/a.md", "todos, docs/work/, a workload at deploy/root/x"), nil},

		{"idioms", "a translation", one("cmd/holdfast/a.go", "package main\n\n// on says wh"+
			"ether it is.\nvar a = \"3 rows are no "+"events\"\n\n// b gi"+"ves the name\nvar c = \"it was made an"+"ew\"\n"),
			[]string{`a.go:3: plain English: for "says wh`, `a.go:4: plain English: for "are no `, "a.go:6", "a.go:7"}},
		{"idioms", "the idiom, and others' words", with(one("cmd/holdfast/a.go",
			"package main\n\n// on reports whether there are no events. It gives the memory back.\n"),
			"pipeline/a.go", "package pipeline\n\n// on says wh"+"ether it is.\n"), nil},

		{"documents", "line numbers and dead ends",
			one("docs/a.md", "see state.go:12\n[x](nowhere.md)\n`pipeline/gone/x.go`"),
			[]string{"cite the symbol", "leads nowhere: nowhere.md", "no such file or directory: pipeline/gone/x.go"}},
		{"documents", "what is there",
			with(one("docs/a.md", "[x](b.md#part), [y](https://example.com), `pipeline/x/`, `pipeline/x/a.go`"),
				"docs/b.md", ""), []string{"no such file or directory: pipeline/x/", "no such file or directory: pipeline/x/a.go"}},
		{"documents", "symbols that went", with(one("docs/a.md", "`Slab.Gone`, `Gone.Store` and `state.Gone`"),
			"pipeline/state/a.go", "package state\ntype Slab struct{ Pages int }\nfunc (Slab) Store() {}"),
			[]string{"no such symbol: Gone.Store", "no such symbol: Slab.Gone", "no such symbol: state.Gone"}},
		{"documents", "symbols that are there",
			with(one("docs/a.md", "`Slab.Store()`, `Slab.Pages`, `state.Slab`, `time.Now`, `score.params`"),
				"pipeline/state/a.go", "package state\ntype Slab struct{ Pages int }\nfunc (Slab) Store() {}"), nil},
		{"documents", "all is there", with(one("docs/a.md", "`pipeline/x/`, `pipeline/x/a.go`, holdfast.yml:12 is broken"),
			"pipeline/x/a.go", "package x"), nil},

		{"named-pages", "a page that is not there", one("cmd/holdfast/a.go",
			"package main\n\n// see docs/speed.md, docs/formats and\n/* pipeline/gone.go */"),
			[]string{"a.go:3: no such file or directory: docs/formats", "a.go:3: no such file or directory: docs/speed.md",
				"a.go:4: no such file or directory: pipeline/gone.go"}},
		{"named-pages", "a page that is there", with(one("cmd/holdfast/a.go",
			"package main\n\n// As docs/formats.md. says; example.com/docs/x, text/docs/y and docs/ alone are none.\n"),
			"docs/formats.md", ""), nil},

		{"readme-commands", "unmarked", one("README.md", "# x\n"+fence+"sh\nmake demo\n"+fence),
			[]string{"README.md:2: say above"}},
		{"readme-commands", "marked",
			one("README.md", "<!-- ci: run -->\n"+fence+"sh\nmake test\n"+fence+"\n\n"+fence+"\noutput\n"+fence), nil},

		{"dependencies", "drifted", map[string]string{"go.mod": mod, "sinks/a.go": imports,
			"docs/dependencies.md": "| `example.com/a` | v1.0.0 | because |\n| `example.com/gone` | v1.0.0 | because |\n"},
			[]string{"add a row with the reason for example.com/a/b v0.1.0",
				"add a row with the reason for example.com/t v0.0.1",
				"go.mod pins example.com/a at v1.2.3, not v1.0.0", "nothing imports example.com/gone"}},
		{"dependencies", "equal", map[string]string{"go.mod": mod, "sinks/a.go": imports, "docs/dependencies.md": rows}, nil},
	}
}
