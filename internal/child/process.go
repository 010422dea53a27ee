// Package child starts this program again for one task, such as an embedded
// engine, and locks the folder that the task works on. Parent and child share
// one protocol: the task comes in an environment variable, the child's first
// message by a pipe of its own, and the end of the child's standard input says
// that the parent wants it to end, or is gone.
//
// What the task is, and which signals it heeds, is its owner's.
package child

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync"
)

// Options say what a child is started for.
type Options struct {
	Variable string    // environment variable that carries Task; it makes a process the child
	Task     any       // sent as JSON
	Env      []string  // NAME=value, beside this process's own
	Log      io.Writer // gets all that the child prints; nil = nobody
}

// Process is a child that was started. Its methods are safe for concurrent use,
// but for Ready, which is called once.
type Process struct {
	command *exec.Cmd
	input   *os.File // closing it asks the child to end
	ready   *os.File // the child's first message comes by it
	printed *tail
	done    chan struct{}
}

// Start starts the program again. The main function of it (in tests: TestMain)
// must call Task before it does anything else.
func Start(o Options) (*Process, error) {
	executable, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this executable: %w", err)
	}
	text, err := json.Marshal(o.Task)
	if err != nil {
		return nil, fmt.Errorf("encode the child's task: %w", err)
	}
	readyIn, readyOut, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("make a pipe: %w", err)
	}
	defer readyOut.Close()
	inputIn, inputOut, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make a pipe: %w", err), readyIn.Close())
	}
	defer inputIn.Close()
	p := &Process{input: inputOut, ready: readyIn, printed: &tail{next: o.Log}, done: make(chan struct{})}
	p.command = exec.Command(executable)
	p.command.Env = append(append(os.Environ(), o.Variable+"="+string(text)), o.Env...)
	p.command.Stdin, p.command.ExtraFiles = inputIn, []*os.File{readyOut}
	p.command.Stdout, p.command.Stderr = p.printed, p.printed
	p.command.SysProcAttr = attributes()
	if err := p.run(); err != nil {
		return nil, errors.Join(fmt.Errorf("start a process: %w", err), readyIn.Close(), inputOut.Close())
	}
	return p, nil
}

// run starts the command and waits for it on one thread that lives as long as
// the child does: the kernel tells a child of its parent's end when the
// *thread* that started it ends.
func (p *Process) run() error {
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.command.Start()
		started <- err
		if err != nil {
			return
		}
		_ = p.command.Wait() // how it ended is in ProcessState
		close(p.done)
	}()
	return <-started
}

// Ready waits for the child's first message and decodes it into word. Where
// there is none, because ctx ends or the child does, the child is killed.
func (p *Process) Ready(ctx context.Context, word any) error {
	defer p.ready.Close()
	unblock := context.AfterFunc(ctx, func() { _ = p.ready.Close() })
	defer unblock()
	err := json.NewDecoder(p.ready).Decode(word)
	if err == nil {
		return nil
	}
	p.Stop()
	if ctx.Err() != nil {
		return errors.Join(fmt.Errorf("wait for the child's first message: %w", ctx.Err()), p.Kill())
	}
	<-p.done
	return fmt.Errorf("the child ended (%s) before its first message (does main look for its task first?): %s",
		p.command.ProcessState, p.printed)
}

// PID returns the child's process id.
func (p *Process) PID() int { return p.command.Process.Pid }

// Done is closed when the child has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Stop asks the child to end. Doing so twice, or of one that has ended, changes nothing.
func (p *Process) Stop() { _ = p.input.Close() }

// Kill ends the child with SIGKILL and waits for its end. Killing a child that
// has ended is no error.
func (p *Process) Kill() error {
	if err := p.command.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill process %d: %w", p.PID(), err)
	}
	<-p.done
	return nil
}

// Failure waits for the child's end and returns nil where its exit code was 0,
// else how it ended and the last that it printed.
func (p *Process) Failure() error {
	<-p.done
	if p.command.ProcessState.Success() {
		return nil
	}
	return fmt.Errorf("%s: %s", p.command.ProcessState, p.printed)
}

// tail keeps the last that the child printed, and passes all on.
type tail struct {
	mutex sync.Mutex
	last  []byte
	next  io.Writer
}

const tailBytes = 2048

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.last = append(t.last, p...)
	if over := len(t.last) - tailBytes; over > 0 {
		t.last = append(t.last[:0], t.last[over:]...)
	}
	if t.next != nil {
		_, _ = t.next.Write(p) // a log that fails must not stop the child
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return string(bytes.TrimSpace(t.last))
}
