package devkafka

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/holdfast/holdfast/internal/child"
)

// childVariable carries the options to a child and makes it one.
const childVariable = "HOLDFAST_DEVKAFKA_CHILD"

// Child is an engine in a process of its own: this program, started again.
type Child struct {
	process *child.Process
	addrs   []string
}

// hello is the child's first message.
type hello struct {
	Addrs []string `json:"addrs,omitempty"`
	Error string   `json:"error,omitempty"`
}

// StartChild starts this program again as an engine. Its main function (in
// tests: TestMain) must call MaybeRunChild first. The child ends gracefully on
// Stop, and by itself when this process is gone. ctx bounds the start only.
func StartChild(ctx context.Context, options Options) (*Child, error) {
	process, err := child.Start(child.Options{Variable: childVariable, Task: options})
	if err != nil {
		return nil, fmt.Errorf("start embedded Kafka as a child: %w", err)
	}
	var first hello
	err = process.Ready(ctx, &first)
	if err == nil && first.Error != "" {
		<-process.Done()
		err = errors.New(first.Error)
	}
	if err != nil {
		return nil, fmt.Errorf("start embedded Kafka as a child: %w", err)
	}
	return &Child{process: process, addrs: first.Addrs}, nil
}

// Addrs returns the brokers' addresses.
func (c *Child) Addrs() []string { return c.addrs }

// PID returns the child's process id.
func (c *Child) PID() int { return c.process.PID() }

// Stop asks the child to end and waits for it. When ctx ends first, the child
// is killed, and its data directory may hold torn transactions.
func (c *Child) Stop(ctx context.Context) error {
	c.process.Stop()
	select {
	case <-c.process.Done():
	case <-ctx.Done():
		return errors.Join(fmt.Errorf("stop embedded Kafka: %w", ctx.Err()), c.process.Kill())
	}
	if err := c.process.Failure(); err != nil {
		return fmt.Errorf("stop embedded Kafka: %w", err)
	}
	return nil
}

// MaybeRunChild runs the engine where this process was started by StartChild,
// until SIGTERM, SIGINT or the end of its parent. ran reports whether it did;
// the caller then exits with exitCode and does nothing else.
func MaybeRunChild() (ran bool, exitCode int) {
	var options Options
	ran, err := child.Task(childVariable, &options)
	if !ran {
		return false, 0
	}
	if err == nil {
		err = runChild(options)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return true, 1
	}
	return true, 0
}

func runChild(options Options) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	cluster, err := Start(options)
	if err != nil {
		return errors.Join(err, child.Tell(hello{Error: err.Error()}))
	}
	if err := child.Tell(hello{Addrs: cluster.Addrs()}); err != nil {
		return errors.Join(err, cluster.Close())
	}
	select {
	case <-ctx.Done():
	case <-child.Orphaned():
	}
	return cluster.Close()
}
