package devclickhouse

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// Process is an engine in a child process. Its methods are for one goroutine
// at a time, except Addr, DSN and Done.
type Process struct {
	options Options
	addr    string
	child   *child
}

// child is one life of the process.
type child struct {
	command *exec.Cmd
	input   *os.File // closing it tells the child to end
	said    *tail
	done    chan struct{}
}

// StartProcess starts this executable again as an engine and returns once it
// answers. The child ends when this process does, however that happens. It
// fails with ErrUnsupported, ErrNotFetched or ErrInUse where that is the
// reason.
func StartProcess(ctx context.Context, o Options) (*Process, error) {
	p := &Process{options: o.withDefaults()}
	if err := supported(); err != nil {
		return nil, fmt.Errorf("start the embedded ClickHouse: %w", err)
	}
	path, err := libraryPath(o.Library)
	if err == nil {
		p.options.Library = path
		err = p.start(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("start the embedded ClickHouse: %w", err)
	}
	return p, nil
}

// Addr is the host:port that the child listens on; a Restart keeps it.
func (p *Process) Addr() string { return p.addr }

// DSN is what clickhouse.ParseDSN takes to reach database over HTTP;
// an empty name means default.
func (p *Process) DSN(database string) string { return dsn(p.addr, database) }

// PID is the id of the child that runs now or ran last.
func (p *Process) PID() int { return p.child.command.Process.Pid }

// Done is closed when the child that runs now has ended.
func (p *Process) Done() <-chan struct{} { return p.child.done }

// Fault adds a fault for tests; Options.Faults must be set.
func (p *Process) Fault(ctx context.Context, fault Fault) error {
	_, err := faultClient{addr: p.addr}.call(ctx, http.MethodPost, &fault)
	return err
}

// Struck is how many statements faults have struck since the child started.
func (p *Process) Struck(ctx context.Context) (int, error) {
	report, err := faultClient{addr: p.addr}.call(ctx, http.MethodGet, nil)
	return report.Struck, err
}

// Kill ends the child with SIGKILL and waits for its end. Killing a child that
// has ended is no error.
func (p *Process) Kill() error {
	err := p.child.command.Process.Kill()
	if err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill the embedded ClickHouse: %w", err)
	}
	<-p.child.done
	return nil
}

// Restart starts the child again on the same data and port, after Kill or
// after it died.
func (p *Process) Restart(ctx context.Context) error {
	select {
	case <-p.child.done:
	default:
		return errors.New("restart the embedded ClickHouse: it is running")
	}
	p.options.Listen = p.addr
	if err := p.start(ctx); err != nil {
		return fmt.Errorf("restart the embedded ClickHouse: %w", err)
	}
	return nil
}

// Close asks the child to end, waits, and kills it when it takes longer than
// Options.StopTimeout and a little. Closing twice, or after the child died, is no error.
func (p *Process) Close() error {
	_ = p.child.input.Close() // a second close changes nothing
	ctx, cancel := context.WithTimeout(context.Background(), p.options.StopTimeout+exitTime)
	defer cancel()
	select {
	case <-p.child.done:
		return nil
	case <-ctx.Done():
		return errors.Join(errors.New("close the embedded ClickHouse: it did not end in time and was killed"), p.Kill())
	}
}

// start starts a child and waits for its word.
func (p *Process) start(ctx context.Context) error {
	c, ready, err := p.launch()
	if err != nil {
		return err
	}
	p.child = c
	defer ready.Close()
	ctx, cancel := context.WithTimeout(ctx, p.options.StartTimeout)
	defer cancel()
	unblock := context.AfterFunc(ctx, func() { _ = ready.Close() })
	defer unblock()
	var word childReady
	if err := json.NewDecoder(ready).Decode(&word); err != nil {
		_ = c.input.Close()
		return errors.Join(p.silent(ctx), p.Kill())
	}
	if word.Error != "" {
		_ = c.input.Close()
		<-c.done
		return word.err()
	}
	if p.addr != word.Addr { // a restart keeps it, and others may be reading it
		p.addr = word.Addr
	}
	return nil
}

// silent says why the child gave no word.
func (p *Process) silent(ctx context.Context) error {
	if ctx.Err() != nil {
		return fmt.Errorf("wait for its first word: %w", ctx.Err())
	}
	<-p.child.done
	return fmt.Errorf("the engine's process ended (%v) before it answered (does main call MaybeRunChild first?): %s",
		p.child.command.ProcessState, p.child.said)
}

// launch starts the executable again. ready is the pipe that childReady comes by.
func (p *Process) launch() (c *child, ready *os.File, err error) {
	executable, err := os.Executable()
	if err != nil {
		return nil, nil, fmt.Errorf("find this executable: %w", err)
	}
	o := p.options
	text, err := json.Marshal(childOptions{
		Library: o.Library, DataDir: o.DataDir, Listen: o.Listen, MaxRequests: o.MaxRequests, MaxBodyBytes: o.MaxBodyBytes,
		MaxMemory: o.MaxMemoryBytes,
		Faults:    o.Faults, Token: o.Token, RemoveData: o.RemoveData, StopTimeout: o.StopTimeout, Parent: os.Getpid(),
	})
	if err != nil {
		return nil, nil, fmt.Errorf("encode the child's options: %w", err)
	}
	readyIn, readyOut, err := os.Pipe()
	if err != nil {
		return nil, nil, fmt.Errorf("make a pipe: %w", err)
	}
	defer readyOut.Close()
	inputIn, inputOut, err := os.Pipe()
	if err != nil {
		_ = readyIn.Close()
		return nil, nil, fmt.Errorf("make a pipe: %w", err)
	}
	defer inputIn.Close()
	c = &child{input: inputOut, said: &tail{next: o.Log}, done: make(chan struct{})}
	c.command = exec.Command(executable)
	c.command.Env = append(os.Environ(), childVariable+"="+string(text), "TZ=UTC")
	c.command.Stdin, c.command.ExtraFiles = inputIn, []*os.File{readyOut}
	c.command.Stdout, c.command.Stderr = c.said, c.said
	c.command.SysProcAttr = childAttributes()
	if err := c.run(); err != nil {
		_ = readyIn.Close()
		_ = inputOut.Close()
		return nil, nil, fmt.Errorf("start a process: %w", err)
	}
	return c, readyIn, nil
}

// run starts the command and waits for it on one thread that lives as long as
// the child does: the kernel tells a child of its parent's end when the
// *thread* that started it ends.
func (c *child) run() error {
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := c.command.Start()
		started <- err
		if err != nil {
			return
		}
		_ = c.command.Wait() // how it ended is in ProcessState
		close(c.done)
	}()
	return <-started
}

// tail keeps the last words of the child, and passes all on.
type tail struct {
	mutex sync.Mutex
	last  []byte
	next  io.Writer
}

const tailBytes = 2048

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

// kindOf and err carry the errors that callers may ask for across the pipe.
func kindOf(err error) string {
	for kind, sentinel := range childErrors() {
		if errors.Is(err, sentinel) {
			return kind
		}
	}
	return ""
}

func childErrors() map[string]error {
	return map[string]error{
		"unsupported": ErrUnsupported, "in_use": ErrInUse, "not_fetched": ErrNotFetched,
		"address_in_use": syscall.EADDRINUSE, "no_space": syscall.ENOSPC,
	}
}

func (r childReady) err() error {
	if sentinel := childErrors()[r.Kind]; sentinel != nil {
		return &childError{text: r.Error, kind: sentinel}
	}
	return errors.New(r.Error)
}

type childError struct {
	text string
	kind error
}

func (e *childError) Error() string { return e.text }

func (e *childError) Unwrap() error { return e.kind }
