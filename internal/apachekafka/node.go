package apachekafka

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
)

//go:embed log4j2.properties
var log4j []byte

// node is one broker, which is a controller too, and its files.
type node struct {
	dir                  string
	jars                 string
	port, controllerPort int

	process  *exec.Cmd
	watchdog *exec.Cmd
	lifeline io.Closer
	exited   chan struct{} // closed once process has been waited for
}

func (n *node) dataDir() string    { return filepath.Join(n.dir, "data") }
func (n *node) configFile() string { return filepath.Join(n.dir, "server.properties") }
func (n *node) logFile() string    { return filepath.Join(n.dir, "broker.log") }

// running reports whether the broker's process is alive.
func (n *node) running() bool {
	if n.process == nil {
		return false
	}
	select {
	case <-n.exited:
		return false
	default:
		return true
	}
}

// java returns a command of the broker's jars. The first compiler tier alone
// warms up sooner and uses less memory, which is what short tests need.
func (n *node) java(ctx context.Context, flags []string, arguments ...string) *exec.Cmd {
	command := append(flags, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC",
		"-Dlog4j2.configurationFile="+filepath.Join(n.dir, "log4j2.properties"),
		"-cp", filepath.Join(n.jars, "*"))
	return exec.CommandContext(ctx, "java", append(command, arguments...)...)
}

// prepare writes the configuration and formats an empty data directory.
func (n *node) prepare(ctx context.Context, properties string) error {
	if err := os.MkdirAll(n.dataDir(), 0o750); err != nil {
		return fmt.Errorf("make the data directory: %w", err)
	}
	if err := os.WriteFile(n.configFile(), []byte(properties), 0o600); err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	if err := os.WriteFile(filepath.Join(n.dir, "log4j2.properties"), log4j, 0o600); err != nil {
		return fmt.Errorf("write the log configuration: %w", err)
	}
	format := n.java(ctx, []string{"-Xmx128m"}, "kafka.tools.StorageTool", "format", "-t", formatID, "-c", n.configFile(),
		"--ignore-formatted")
	if output, err := format.CombinedOutput(); err != nil {
		return fmt.Errorf("format the data directory: %w: %s", err, lastLines(string(output), 5))
	}
	return nil
}

// start runs the broker; it does not wait until it answers.
func (n *node) start() error {
	if n.running() {
		return errors.New("the broker runs already")
	}
	log, err := os.OpenFile(n.logFile(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("open the broker's log: %w", err)
	}
	defer log.Close() // the process has its own copy
	process := n.java(context.Background(), []string{"-Xms128m", "-Xmx512m"}, "kafka.Kafka", n.configFile())
	process.Stdout, process.Stderr = log, log
	if err := process.Start(); err != nil {
		return fmt.Errorf("start the broker: %w", err)
	}
	n.process, n.exited = process, make(chan struct{})
	go func() {
		defer close(n.exited)
		// How a broker ends is the test's business; its log says why.
		_ = process.Wait()
	}()
	return n.guard()
}

// guard starts a shell that kills the broker when this process is gone: it
// holds the other end of a pipe that only this process keeps open.
func (n *node) guard() error {
	n.watchdog = exec.Command("sh", "-c", `read _; kill -9 "$0"`, strconv.Itoa(n.process.Process.Pid))
	lifeline, err := n.watchdog.StdinPipe()
	if err == nil {
		err = n.watchdog.Start()
	}
	if err != nil {
		return errors.Join(fmt.Errorf("guard the broker: %w", err), n.process.Process.Kill())
	}
	n.lifeline = lifeline
	return nil
}

// end sends the signal and waits until the broker is gone; when ctx ends first
// the broker is killed.
func (n *node) end(ctx context.Context, signal syscall.Signal) error {
	if n.process == nil {
		return nil
	}
	var err error
	if n.running() {
		err = n.process.Process.Signal(signal)
	}
	select {
	case <-n.exited:
	case <-ctx.Done():
		err = errors.Join(context.Cause(ctx), n.process.Process.Kill())
		<-n.exited
	}
	if n.watchdog != nil && n.watchdog.Process != nil {
		// The guard goes first and only then its pipe: the broker's process id
		// may belong to somebody else by now.
		err = errors.Join(err, n.watchdog.Process.Kill())
		_ = n.watchdog.Wait() // killed: the status says nothing
		n.lifeline.Close()
	}
	n.process, n.watchdog = nil, nil
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}

// said returns the last lines of the broker's log.
func (n *node) said() string {
	text, err := os.ReadFile(n.logFile())
	if err != nil {
		return err.Error()
	}
	return lastLines(string(text), 10)
}
