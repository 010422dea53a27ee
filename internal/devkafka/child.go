package devkafka

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
)

// childVariable carries the options to a child and makes it one.
const childVariable = "HOLDFAST_DEVKAFKA_CHILD"

// Child is an engine in a process of its own: this program, started again.
type Child struct {
	command *exec.Cmd
	stdin   io.Closer
	stderr  *strings.Builder
	addrs   []string
}

// hello is the child's first line.
type hello struct {
	Addrs []string `json:"addrs"`
}

// StartChild starts this program again as an engine. Its main function (in
// tests: TestMain) must call MaybeRunChild first. The child ends gracefully on
// Stop, and by itself when this process is gone. ctx bounds the start only.
func StartChild(ctx context.Context, options Options) (*Child, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("start embedded Kafka as a child: %w", err)
	}
	encoded, err := json.Marshal(options)
	if err != nil {
		return nil, fmt.Errorf("start embedded Kafka as a child: %w", err)
	}
	child := &Child{command: exec.Command(program), stderr: &strings.Builder{}}
	child.command.Env = append(os.Environ(), childVariable+"="+string(encoded))
	child.command.Stderr = child.stderr
	if err := child.start(ctx); err != nil {
		return nil, fmt.Errorf("start embedded Kafka as a child: %w", err)
	}
	return child, nil
}

func (c *Child) start(ctx context.Context) error {
	stdin, err := c.command.StdinPipe()
	if err != nil {
		return err
	}
	c.stdin = stdin
	stdout, err := c.command.StdoutPipe()
	if err != nil {
		return err
	}
	if err := c.command.Start(); err != nil {
		return err
	}
	// A child that never says hello is ended with the context: without this
	// the read below could wait for ever.
	stopWatching := context.AfterFunc(ctx, func() { stdin.Close() })
	defer stopWatching()
	var first hello
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &first)
	}
	if err != nil {
		stdin.Close()
		return errors.Join(fmt.Errorf("wait for its addresses: %w", err), c.exit(c.command.Wait()))
	}
	c.addrs = first.Addrs
	return nil
}

// Addrs returns the brokers' addresses.
func (c *Child) Addrs() []string { return c.addrs }

// PID returns the child's process id.
func (c *Child) PID() int { return c.command.Process.Pid }

// Stop ends the child with SIGTERM and waits for it. When ctx ends first, the
// child is killed, and its data directory may hold torn transactions.
func (c *Child) Stop(ctx context.Context) error {
	kill := context.AfterFunc(ctx, func() { c.command.Process.Kill() })
	defer kill()
	err := c.command.Process.Signal(syscall.SIGTERM)
	if err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop embedded Kafka: %w", err)
	}
	c.stdin.Close()
	if err := c.exit(c.command.Wait()); err != nil {
		return fmt.Errorf("stop embedded Kafka: %w", err)
	}
	return nil
}

// exit adds what the child said to its exit status.
func (c *Child) exit(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %s", err, strings.TrimSpace(c.stderr.String()))
}

// MaybeRunChild runs the engine where this process was started by StartChild,
// until SIGTERM, SIGINT or the end of its parent. ran says whether it did; the
// caller then exits with exitCode and does nothing else.
func MaybeRunChild() (ran bool, exitCode int) {
	encoded, ran := os.LookupEnv(childVariable)
	if !ran {
		return false, 0
	}
	if err := runChild(encoded, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return true, 1
	}
	return true, 0
}

func runChild(encoded string, stdin io.Reader, stdout io.Writer) error {
	var options Options
	if err := json.Unmarshal([]byte(encoded), &options); err != nil {
		return fmt.Errorf("read %s: %w", childVariable, err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	cluster, err := Start(options)
	if err != nil {
		return err
	}
	if err := json.NewEncoder(stdout).Encode(hello{Addrs: cluster.Addrs()}); err != nil {
		return errors.Join(fmt.Errorf("say where it listens: %w", err), cluster.Close())
	}
	// The parent holds the other end of stdin and never writes: its end is
	// the parent's end. The goroutine ends with this process.
	orphaned := make(chan struct{})
	go func() {
		defer close(orphaned)
		io.Copy(io.Discard, stdin)
	}()
	select {
	case <-ctx.Done():
	case <-orphaned:
	}
	return cluster.Close()
}
