package devkafka

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/holdfast/holdfast/internal/child"
)

func startChild(t *testing.T, options Options) *Child {
	t.Helper()
	child, err := StartChild(bounded(t), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// Stopped children answer that they are gone.
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = child.Stop(ctx)
	})
	return child
}

func TestAChildKeepsItsDataOverAStop(t *testing.T) {
	dir := t.TempDir()
	first := startChild(t, Options{DataDir: dir})
	fill(t, first.Addrs())
	if err := first.Stop(bounded(t)); err != nil {
		t.Fatal(err)
	}
	second := startChild(t, Options{DataDir: dir, Listen: first.Addrs()[0], ExactPort: true})
	if first.PID() == second.PID() {
		t.Error("one process twice")
	}
	check(t, second.Addrs())
	if err := second.Stop(bounded(t)); err != nil {
		t.Error(err)
	}
}

func TestAChildEndsWithItsParent(t *testing.T) {
	child := startChild(t, Options{})
	child.process.Stop() // what the kernel does when the parent is gone
	if err := child.process.Failure(); err != nil {
		t.Errorf("the orphan ended with %v", err)
	}
}

func TestAChildSaysWhyItCannotStart(t *testing.T) {
	taken := start(t, Options{})
	_, err := StartChild(bounded(t), Options{Listen: taken.Addrs()[0], ExactPort: true})
	if err == nil || !strings.Contains(err.Error(), ErrPortTaken.Error()) {
		t.Errorf("got %v, want the child's own words", err)
	}
}

func TestAChildRefusesBrokenOptions(t *testing.T) {
	process, err := child.Start(child.Options{Variable: childVariable, Task: "none"})
	if err != nil {
		t.Fatal(err)
	}
	var first hello
	if err := process.Ready(bounded(t), &first); err == nil || !strings.Contains(err.Error(), "read "+childVariable) {
		t.Errorf("got %v", err)
	}
}
