package devclickhouse

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/holdfast/holdfast/internal/child"
)

// Process is an engine in a child process. Its methods are for one goroutine
// at a time, except Addr, DSN and Done.
type Process struct {
	options Options
	addr    string
	child   *child.Process // one life of the process
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
func (p *Process) PID() int { return p.child.PID() }

// Done is closed when the child that runs now has ended.
func (p *Process) Done() <-chan struct{} { return p.child.Done() }

// Kill ends the child with SIGKILL and waits for its end. Killing a child that
// has ended is no error.
func (p *Process) Kill() error {
	if err := p.child.Kill(); err != nil {
		return fmt.Errorf("kill the embedded ClickHouse: %w", err)
	}
	return nil
}

// Restart starts the child again on the same data and port, after Kill or
// after it died.
func (p *Process) Restart(ctx context.Context) error {
	select {
	case <-p.child.Done():
	default:
		return errors.New("restart the embedded ClickHouse: it is running")
	}
	p.options.Listen = p.addr
	if err := p.start(ctx); err != nil {
		return fmt.Errorf("restart the embedded ClickHouse: %w", err)
	}
	return nil
}

// ErrStopTimeout says that an engine had to be killed, as a busy machine may let it:
// its data may need a repair at the next start.
var ErrStopTimeout = errors.New("it did not end in time and was killed")

// Close asks the child to end, waits, and kills it when it takes longer than
// Options.StopTimeout and a little. Closing twice, or after the child died, is no error.
func (p *Process) Close() error {
	p.child.Stop()
	ctx, cancel := context.WithTimeout(context.Background(), p.options.StopTimeout+exitTime)
	defer cancel()
	select {
	case <-p.child.Done():
		return nil
	case <-ctx.Done():
		return errors.Join(fmt.Errorf("close the embedded ClickHouse: %w", ErrStopTimeout), p.Kill())
	}
}

// start starts a child and waits for its first message.
func (p *Process) start(ctx context.Context) error {
	started, err := child.Start(child.Options{
		Variable: childVariable, Task: p.task(), Env: []string{"TZ=UTC"}, Log: p.options.Log,
	})
	if err != nil {
		return err
	}
	p.child = started
	ctx, cancel := context.WithTimeout(ctx, p.options.StartTimeout)
	defer cancel()
	var word childReady
	if err := started.Ready(ctx, &word); err != nil {
		return err
	}
	if word.Error != "" {
		started.Stop()
		<-started.Done()
		return word.err()
	}
	if p.addr != word.Addr { // a restart keeps it, and others may be reading it
		p.addr = word.Addr
	}
	return nil
}

// task is what the child is told.
func (p *Process) task() childOptions {
	o := p.options
	return childOptions{
		Library: o.Library, DataDir: o.DataDir, Listen: o.Listen, MaxRequests: o.MaxRequests, MaxBodyBytes: o.MaxBodyBytes,
		MaxMemory: o.MaxMemoryBytes, Faults: o.Faults, Token: o.Token, RemoveData: o.RemoveData,
		StopTimeout: o.StopTimeout, Parent: os.Getpid(),
	}
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
