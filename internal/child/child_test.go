package child

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

const testVariable = "HOLDFAST_TEST_CHILD"

// TestMain lets the test binary be a child.
func TestMain(m *testing.M) {
	var task string
	ran, err := Task(testVariable, &task)
	if !ran {
		goleak.VerifyTestMain(m)
	}
	os.Exit(play(task, err))
}

// play is what a child of these tests does.
func play(task string, err error) (code int) {
	fmt.Println("a child:", task, err)
	switch task {
	case "speak":
		if err := Tell(os.Getenv(testVariable) + os.Getenv("MORE")); err != nil {
			return 3
		}
		<-Orphaned()
		return 0
	case "be silent":
		<-Orphaned()
		time.Sleep(time.Hour)
	}
	return 7
}

func begin(t *testing.T, task any) *Process {
	t.Helper()
	p, err := Start(Options{Variable: testVariable, Task: task, Env: []string{"MORE=more"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Kill(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func TestAChildSpeaksAndStops(t *testing.T) {
	p, word := begin(t, "speak"), ""
	if err := p.Ready(t.Context(), &word); err != nil || word != "more" {
		t.Errorf("%q, %v; want what Env has, and the variable gone", word, err)
	}
	p.Stop()
	p.Stop()
	if err := p.Failure(); err != nil {
		t.Error(err)
	}
}

func TestAChildThatEndsIsToldWithItsLastWords(t *testing.T) {
	p, word := begin(t, "end"), ""
	err := p.Ready(t.Context(), &word)
	if err == nil || !strings.Contains(err.Error(), "exit status 7") ||
		!strings.Contains(err.Error(), "a child: end <nil>") {
		t.Error(err)
	}
	if err := p.Failure(); err == nil || !strings.Contains(err.Error(), "exit status 7") {
		t.Error(err)
	}
	p = begin(t, 7)
	if err := p.Ready(t.Context(), &word); err == nil || !strings.Contains(err.Error(), "read "+testVariable) {
		t.Errorf("a task that is none: %v", err)
	}
}

func TestASilentChildIsKilled(t *testing.T) {
	p, word := begin(t, "be silent"), ""
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := p.Ready(ctx, &word); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	select {
	case <-p.Done():
	default:
		t.Error("it lives on")
	}
}

func TestALockIsOneFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	first, err := Lock(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Lock(path); !errors.Is(err, ErrLocked) {
		t.Errorf("the second got %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Lock(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}
