package lint

import (
	"path"
	"slices"
	"strings"
)

// Names that say nothing about what is inside.
var (
	emptyPackageNames = []string{"util", "utils", "common", "manager", "managers", "helper", "helpers",
		"types", "model", "models", "core", "misc", "base", "shared", "lib"}
	emptyFileNames = []string{"util", "utils", "common", "manager", "managers", "helper", "helpers", "types", "misc"}
)

// checkNames lets no package or file be called after nothing.
func checkNames(t *Tree) []Finding {
	f := &findings{tree: t}
	for _, file := range t.files {
		name := strings.TrimSuffix(file.syntax.Name.Name, "_test")
		if slices.Contains(emptyPackageNames, name) || slices.Contains(emptyPackageNames, path.Base(file.dir)) {
			f.at(file.syntax.Name.Pos(), "package %s is named after nothing: name what it is", name)
		}
		stem := strings.TrimSuffix(strings.TrimSuffix(path.Base(file.path), ".go"), "_test")
		for _, word := range strings.Split(stem, "_") {
			if slices.Contains(emptyFileNames, word) {
				f.in(file.path, 0, "file %s is named after nothing: name its subject", path.Base(file.path))
				break
			}
		}
	}
	return f.sorted()
}
