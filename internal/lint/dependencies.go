package lint

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// dependencyRow is a row of the table in docs/dependencies.md: module, version, reason.
var dependencyRow = regexp.MustCompile("^\\| `([^`]+)` \\| (v[^ ]+) \\| (.+) \\|$")

// checkDependencies holds docs/dependencies.md equal to what the code imports
// and go.mod pins: every module that our code or a tool names stands there
// once, with the version in force and a reason.
func checkDependencies(t *Tree) []Finding {
	f := &findings{tree: t}
	const doc = "docs/dependencies.md"
	versions, tools := requirements(string(t.texts["go.mod"]))
	direct := map[string]bool{}
	for _, tool := range tools {
		direct[moduleOf(tool, versions)] = true
	}
	for _, file := range t.files {
		for _, spec := range file.syntax.Imports {
			direct[moduleOf(strings.Trim(spec.Path.Value, `"`), versions)] = true
		}
	}
	delete(direct, "") // the standard library, and our own
	listed := map[string]bool{}
	for i, line := range strings.Split(string(t.texts[doc]), "\n") {
		row := dependencyRow.FindStringSubmatch(line)
		switch {
		case row == nil:
		case listed[row[1]]:
			f.in(doc, i+1, "%s stands there twice", row[1])
		case !direct[row[1]]:
			f.in(doc, i+1, "nothing imports %s any more: drop the row and the requirement", row[1])
		case versions[row[1]] != row[2]:
			f.in(doc, i+1, "go.mod pins %s at %s, not %s", row[1], versions[row[1]], row[2])
		}
		if row != nil {
			listed[row[1]] = true
		}
	}
	for module := range direct {
		if !listed[module] {
			f.in(doc, 0, "add a row with the reason for %s %s", module, versions[module])
		}
	}
	return f.sorted()
}

// requirements reads a go.mod: version by module, and the tools.
func requirements(text string) (versions map[string]string, tools []string) {
	versions = map[string]string{}
	block := ""
	for _, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "//")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		if verb := words[0]; block == "" && len(words) > 1 {
			if words[1] == "(" {
				block = verb
				continue
			}
			words = words[1:]
			switch {
			case verb == "require" && len(words) == 2:
				versions[words[0]] = words[1]
			case verb == "tool":
				tools = append(tools, words[0])
			}
			continue
		}
		switch {
		case words[0] == ")":
			block = ""
		case block == "require" && len(words) == 2:
			versions[words[0]] = words[1]
		case block == "tool":
			tools = append(tools, words[0])
		}
	}
	return versions, tools
}

// moduleOf finds the required module that provides a package, "" where it is
// none of them.
func moduleOf(importPath string, versions map[string]string) string {
	var candidates []string
	for module := range versions {
		if importPath == module || strings.HasPrefix(importPath, module+"/") {
			candidates = append(candidates, module)
		}
	}
	if len(candidates) == 0 {
		return ""
	}
	return slices.MaxFunc(candidates, func(a, b string) int { return cmp.Compare(len(a), len(b)) })
}
