package devclickhouse_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/holdfast/holdfast/internal/devclickhouse"
	"github.com/holdfast/holdfast/internal/devclickhouse/enginetest"
)

// hostVariable makes the test binary a program with an engine, for what
// cannot be tried inside a test: "child" has it in a child process, "inside"
// in its own.
const hostVariable = "HOLDFAST_TEST_HOST"

// runHost starts an engine on the folder that is its argument, says where, and
// ends in order at SIGINT or SIGTERM.
func runHost(role string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	options := devclickhouse.Options{DataDir: os.Args[1], RemoveData: true}
	var engine interface {
		Addr() string
		Close() error
	}
	pid := os.Getpid()
	if role == "inside" {
		server, err := devclickhouse.Open(ctx, options)
		if err != nil {
			fmt.Println(err)
			return 1
		}
		engine = server
		survivePanic()
	} else {
		process, err := devclickhouse.StartProcess(ctx, options)
		if err != nil {
			fmt.Println(err)
			return 1
		}
		engine, pid = process, process.PID()
	}
	fmt.Println(engine.Addr(), pid)
	<-ctx.Done()
	// What is still to be inserted after the signal must find the engine up.
	if answer, err := http.Get("http://" + engine.Addr() + "/?query=SELECT%201"); err != nil ||
		answer.StatusCode != http.StatusOK {
		fmt.Println("the engine was gone before its host closed it:", err)
		return 1
	}
	if err := engine.Close(); err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("closed in order")
	return 0
}

// host is a running host.
type host struct {
	command *exec.Cmd
	lines   *bufio.Scanner
	engine  int // process id
	addr    string
	dataDir string
}

func startHost(t *testing.T, role string) *host {
	t.Helper()
	enginetest.Start(t) // skips where there is no engine
	h := &host{dataDir: filepath.Join(t.TempDir(), "data")}
	h.command = exec.Command(os.Args[0], h.dataDir)
	h.command.Env = append(os.Environ(), hostVariable+"="+role)
	h.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := h.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := h.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Kill(-h.command.Process.Pid, syscall.SIGKILL) })
	h.lines = bufio.NewScanner(out)
	h.lines.Scan()
	if _, err := fmt.Sscan(h.lines.Text(), &h.addr, &h.engine); err != nil {
		t.Fatalf("the host said %q: %v", h.lines.Text(), err)
	}
	return h
}

// gone waits until no process has the id: the test ends in a time-out of the
// test run where one stays.
func gone(pid int) {
	for syscall.Kill(pid, 0) == nil && !zombie(pid) {
		time.Sleep(5 * time.Millisecond)
	}
}

// zombie: ended, and waiting for a parent that asks.
func zombie(pid int) bool {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	return err != nil || strings.Contains(string(status), "State:\tZ")
}

// Ctrl-C in a terminal and a service manager's stop reach every process of the
// group; the host alone decides when its engine ends.
func TestSignalsStopTheHostInOrder(t *testing.T) {
	for _, role := range []string{"child", "inside"} {
		for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
			h := startHost(t, role)
			if role == "child" {
				if err := syscall.Kill(h.engine, sig); err != nil {
					t.Fatal(err)
				}
			}
			if err := h.command.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			h.lines.Scan()
			if got := h.lines.Text(); got != "closed in order" {
				t.Errorf("%s, %v: the host said %q", role, sig, got)
			}
			if err := h.command.Wait(); err != nil {
				t.Errorf("%s, %v: %v", role, sig, err)
			}
			gone(h.engine)
			if _, err := os.Stat(h.dataDir); role == "child" && !os.IsNotExist(err) {
				t.Errorf("the data folder that was to be removed: %v", err)
			}
		}
	}
}

func TestEngineEndsWithItsHost(t *testing.T) {
	h := startHost(t, "child")
	if err := h.command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = h.command.Wait()
	gone(h.engine)
	if _, err := os.Stat(h.dataDir); !os.IsNotExist(err) {
		t.Errorf("the data folder that was to be removed: %v", err)
	}
}

// survivePanic makes a nil pointer's panic and recovers from it, which works
// only while Go has its SIGSEGV: the engine's own handler sleeps for minutes
// before it ends the process.
func survivePanic() {
	defer func() { _ = recover() }()
	var p *int
	*p = 1
}

// The engine inside its host must leave Go its other signals too: SIGQUIT ends
// the host at once. It ends with Go's code 2, or now and then by a fault, when
// Go prints the stacks of threads that are inside the engine.
func TestGoKeepsItsSignals(t *testing.T) {
	h := startHost(t, "inside")
	if err := h.command.Process.Signal(syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	err := h.command.Wait()
	status, known := h.command.ProcessState.Sys().(syscall.WaitStatus)
	faulted := known && status.Signaled() && status.Signal() == syscall.SIGSEGV
	if err == nil || h.command.ProcessState.ExitCode() != 2 && !faulted {
		t.Errorf("SIGQUIT did not end the host as Go does: %v", err)
	}
}
