package child

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
)

// Task reports whether this process was started as a child by that variable, and
// decodes its task. The variable is removed, so that processes which the child
// starts are not taken for such children.
func Task(variable string, task any) (ran bool, err error) {
	text, ran := os.LookupEnv(variable)
	if !ran {
		return false, nil
	}
	if err := os.Unsetenv(variable); err != nil {
		return true, fmt.Errorf("remove %s: %w", variable, err)
	}
	if err := json.Unmarshal([]byte(text), task); err != nil {
		return true, fmt.Errorf("read %s: %w", variable, err)
	}
	return true, nil
}

// Tell sends the child's first message to the parent. Only a child may call it,
// and only once.
func Tell(word any) error {
	ready := os.NewFile(3, "ready") // ExtraFiles begin there
	if err := json.NewEncoder(ready).Encode(word); err != nil {
		_ = ready.Close() // the other end is gone
		return fmt.Errorf("tell the parent: %w", err)
	}
	return ready.Close()
}

// Orphaned is closed when the parent asks the child to end, or is gone. Only a
// child may call it, and only once; its goroutine ends with the process.
func Orphaned() <-chan struct{} {
	orphaned := make(chan struct{})
	go func() {
		defer close(orphaned)
		_, _ = io.Copy(io.Discard, os.Stdin) // the parent never writes: the end is all there is to read
	}()
	return orphaned
}
