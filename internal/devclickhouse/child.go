package devclickhouse

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/holdfast/holdfast/internal/child"
)

// childVariable carries the child's options. Its presence makes a process the
// engine's child.
const childVariable = "HOLDFAST_CLICKHOUSE_CHILD"

// exitTime is what a child that was told to stop gets beyond StopTimeout.
const exitTime = 2 * time.Second

// childOptions is what the parent tells the child.
type childOptions struct {
	Library      string
	DataDir      string
	Listen       string
	MaxRequests  int
	MaxBodyBytes int64
	MaxMemory    int64 // bytes
	Faults       bool
	Token        string
	RemoveData   bool
	StopTimeout  time.Duration
	Parent       int // process id
}

// childReady is the child's one message to the parent.
type childReady struct {
	Addr  string
	Error string
	Kind  string // of Error: see kindOf
}

// MaybeRunChild runs the engine and exits, where this process was started by
// StartProcess; otherwise it returns at once. It is to be called first thing
// in main, before flags are read.
func MaybeRunChild() { MaybeRunChildWith(nil) }

// MaybeRunChildWith is MaybeRunChild for tests, with hooks for a child whose
// Options say Faults.
func MaybeRunChildWith(hooks Hooks) {
	var c childOptions
	if ran, err := child.Task(childVariable, &c); ran {
		os.Exit(runChild(c, hooks, err))
	}
}

// runChild is the child's main; err says why its options could not be read.
func runChild(c childOptions, hooks Hooks, err error) (code int) {
	if err != nil {
		return tell(childReady{Error: err.Error()})
	}
	if err := c.enterFolder(); err != nil {
		return tell(childReady{Error: err.Error()})
	}
	stop := stopSignal(c.Parent)
	if !c.Faults {
		hooks = nil
	}
	server, err := Open(context.Background(), Options{
		Library: c.Library, DataDir: c.DataDir, Listen: c.Listen, MaxRequests: c.MaxRequests,
		MaxBodyBytes: c.MaxBodyBytes, MaxMemoryBytes: c.MaxMemory, Hooks: hooks, Token: c.Token,
		StopTimeout: c.StopTimeout,
	})
	if err != nil {
		return tell(childReady{Error: err.Error(), Kind: kindOf(err)})
	}
	if tell(childReady{Addr: server.Addr()}) != 0 {
		return 1
	}
	<-stop
	// A statement that cannot be stopped must not keep the process.
	time.AfterFunc(c.StopTimeout+exitTime, func() { os.Exit(1) })
	if err := server.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	if c.RemoveData {
		if err := os.RemoveAll(c.DataDir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	return code
}

// stopSignal is closed when the parent closes the child's standard input or is
// gone. Ctrl-C in a terminal and a service manager's SIGTERM reach the whole
// group: they are the parent's to handle, which still has rows to insert.
func stopSignal(parent int) <-chan struct{} {
	stop := make(chan struct{})
	orphaned := child.Orphaned()
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGTERM)
	signal.Ignore(syscall.SIGINT, syscall.SIGHUP)
	go func() {
		defer close(stop)
		for {
			select {
			case <-orphaned:
				return
			case <-signals: // also what the kernel sends when the parent ends
				if os.Getppid() != parent {
					return
				}
			}
		}
	}()
	return stop
}

func tell(message childReady) (code int) {
	if err := child.Tell(message); err != nil || message.Error != "" {
		return 1
	}
	return 0
}
