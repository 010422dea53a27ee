package lint

import (
	"sync"
	"testing"
)

// project loads the tree once for all tests.
var project = sync.OnceValues(func() (*Tree, error) { return Load("../..") })

// TestProject holds the whole project to every rule.
func TestProject(t *testing.T) {
	tree, err := project()
	if err != nil {
		t.Fatal(err)
	}
	if len(tree.files) < 20 || !tree.has("go.mod") {
		t.Fatalf("the tree has %d Go files: it was not read from the project's root", len(tree.files))
	}
	for _, rule := range Rules() {
		t.Run(rule.Name, func(t *testing.T) {
			for _, found := range rule.Check(tree) {
				t.Error(found)
			}
		})
	}
}

// TestPureRootsExist keeps the purity rule from passing because a package moved.
func TestPureRootsExist(t *testing.T) {
	tree, err := project()
	if err != nil {
		t.Fatal(err)
	}
	for _, root := range pureRoots {
		if root != "pipeline/window" && len(tree.built(root)) == 0 {
			t.Errorf("package %s is not there: name the package that took its place in pureRoots", root)
		}
	}
	order, _ := tree.closure([]string{"pipeline/shard"})
	for _, dir := range order {
		if dir == "pipeline/population/fit" {
			t.Errorf("pipeline/shard imports pipeline/population/fit: fitting belongs to the owner of the population")
		}
	}
}
