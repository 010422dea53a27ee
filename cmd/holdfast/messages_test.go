package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestEveryCommandThatATextNamesExists holds each "holdfast …" in a message of
// the program, in the documents and in the README to the command tree: command,
// subcommand and flags.
func TestEveryCommandThatATextNamesExists(t *testing.T) {
	c := &cli{keys: map[string]string{}}
	root := c.root()
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	checked := 0
	for _, text := range namingTexts(t) {
		for _, line := range commandLines(text.text) {
			checked++
			problem := lineProblem(root, line)
			if problem != "" {
				t.Errorf("%s: `holdfast %s`: %s", text.place, line, problem)
			}
		}
	}
	if checked < 80 {
		t.Errorf("%d command lines were found: the texts were not read", checked)
	}
}

// TestTheRuleOfCommandsBites tries the rule on texts that are right and wrong.
func TestTheRuleOfCommandsBites(t *testing.T) {
	root := (&cli{keys: map[string]string{}}).root()
	for text, want := range map[string]string{
		"run `holdfast migrate up`":                                        "",
		"run holdfast migrate up, or create it":                            "",
		"run `holdfast offsets skip --input %s/%d`, which counts":          "",
		"`holdfast offset skip`":                                           `no command "offset"`,
		"`holdfast offsets jump`":                                          `no command "jump" of offsets`,
		"`holdfast offsets skip --group load --loader` goes on":            "",
		"`holdfast offsets skip --all`":                                    "no flag --all",
		"run holdfast ofsets show":                                         `no command "ofsets"`,
		"`holdfast wait --caught-up=true`, and \"holdfast migrate down\"":  `no command "down" of migrate`,
		"`holdfast explain ID`, and holdfast starts at once":               "",
		"holdfast run --brokers %s --clickhouse %s\n holdfast run --nough": "no flag --nough",
		"`holdfast config print -o json`, `holdfast config print -x`":      "no flag -x",
		"$ holdfast backfill orders.csv --map orders.yaml | head -n 3":     "",
	} {
		got := ""
		for _, line := range commandLines(text) {
			if problem := lineProblem(root, line); problem != "" {
				got = problem
			}
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// namingText is a text that may name commands.
type namingText struct{ place, text string }

// namingTexts are the string literals of the program and the documents.
func namingTexts(t *testing.T) []namingText {
	t.Helper()
	var all []namingText
	err := filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		name := strings.TrimPrefix(filepath.ToSlash(path), "../../")
		switch {
		case err != nil:
			return err
		case entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && entry.Name() != "..":
			return filepath.SkipDir
		case strings.HasSuffix(name, ".md"), name == "Makefile", strings.HasSuffix(name, ".yml"):
			text, err := os.ReadFile(path)
			all = append(all, namingText{name, string(text)})
			return err
		case strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") &&
			!strings.HasPrefix(name, "internal/lint/"):
			return literals(path, name, &all)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// literals adds the string literals of a Go file; those that + joins are one.
func literals(path, name string, all *[]namingText) error {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec, *ast.StructType:
			return false
		case *ast.BinaryExpr, *ast.BasicLit:
			if text := joined(n.(ast.Expr)); strings.Contains(text, "holdfast ") {
				*all = append(*all, namingText{name + ":" + strconv.Itoa(set.Position(n.Pos()).Line), text})
			}
			return false
		}
		return true
	})
	return nil
}

// joined is the text of literals joined by +; what is not a literal stands as %s.
func joined(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind != token.STRING {
			return ""
		}
		text, _ := strconv.Unquote(e.Value)
		return text
	case *ast.BinaryExpr:
		if e.Op == token.ADD {
			return joined(e.X) + joined(e.Y)
		}
	}
	return "%s"
}

var (
	namedCommand = regexp.MustCompile("(^|[^A-Za-z0-9_./:@-])holdfast ([a-z][^`\"\n|;>)]*)")
	plainWord    = regexp.MustCompile(`^[a-z][a-z-]*$`)
)

// prose are words that follow the program's name in sentences.
var prose = []string{"starts", "at", "on", "and", "is", "itself", "run-time"}

// commandLines are the command lines that a text names, without the program's name.
func commandLines(text string) (lines []string) {
	for _, m := range namedCommand.FindAllStringSubmatch(text, -1) {
		if word, _, _ := strings.Cut(m[2], " "); !slices.Contains(prose, strings.TrimRight(word, ",.:")) {
			lines = append(lines, strings.TrimSpace(m[2]))
		}
	}
	return lines
}

// lineProblem says what of a command line does not exist.
func lineProblem(root *cobra.Command, line string) string {
	command := root
	for _, token := range strings.Fields(line) {
		sentenceEnds := strings.ContainsAny(token[len(token)-1:], ",.:")
		token = strings.TrimRight(token, ",.:")
		switch {
		case strings.HasPrefix(token, "-"):
			name, _, _ := strings.Cut(token, "=")
			if !hasFlag(command, name) {
				return "no flag " + name
			}
		case plainWord.MatchString(token) && command.HasSubCommands():
			next := slices.IndexFunc(command.Commands(), func(c *cobra.Command) bool { return c.Name() == token })
			switch {
			case next >= 0:
				command = command.Commands()[next]
			case command == root:
				return "no command " + strconv.Quote(token)
			default:
				return "no command " + strconv.Quote(token) + " of " + command.Name()
			}
		}
		if sentenceEnds {
			break
		}
	}
	return ""
}

func hasFlag(command *cobra.Command, name string) bool {
	command.InitDefaultHelpFlag()
	if long, ok := strings.CutPrefix(name, "--"); ok {
		return command.Flags().Lookup(long) != nil || command.InheritedFlags().Lookup(long) != nil
	}
	short := strings.TrimPrefix(name, "-")
	if len(short) != 1 {
		return false
	}
	return command.Flags().ShorthandLookup(short) != nil || command.InheritedFlags().ShorthandLookup(short) != nil
}
