package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/holdfast/holdfast/internal/devclickhouse"
)

// binary is the program under test, built once for all tests.
var binary string

func TestMain(m *testing.M) {
	os.Exit(withBinary(m))
}

func withBinary(m *testing.M) int {
	dir, err := os.MkdirTemp("", "holdfast-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "holdfast")
	build := exec.Command("go", "build", "-o", binary, "../../cmd/holdfast")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build holdfast: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// world is a running pair of engines and the variables that lead to them.
type world struct {
	t          *testing.T
	dir        string
	kafka      string
	clickhouse string
	token      string // makes ClickHouse take changes
	environ    []string
	engines    *process
}

// newWorld starts the engines, or skips where ClickHouse cannot be had. Worlds
// share nothing, so their tests run beside each other: they mostly wait.
func newWorld(t *testing.T, variables ...string) *world {
	t.Helper()
	needEngine(t)
	t.Parallel()
	return newWorldAlone(t, variables...)
}

// newWorldAlone is a world of a test that has the machine for itself.
func newWorldAlone(t *testing.T, variables ...string) *world {
	t.Helper()
	needEngine(t)
	w := &world{t: t, dir: t.TempDir(), environ: os.Environ()}
	w.engines = w.start("engines", "--kafka-listen", "127.0.0.1:0", "--clickhouse-listen", "127.0.0.1:0", "--data",
		filepath.Join(w.dir, "data"))
	w.engines.says("Ready.", time.Minute)
	for line := range strings.Lines(w.engines.out.String()) {
		switch fields := strings.Fields(line); fields[0] {
		case "Kafka":
			w.kafka = fields[1]
		case "ClickHouse":
			w.clickhouse = strings.TrimPrefix(fields[1], "http://")
		case "Token":
			w.token = readToken(t, fields[1])
		}
	}
	w.environ = append(append(w.environ, "HOLDFAST_KAFKA_BROKERS="+w.kafka, "HOLDFAST_CLICKHOUSE_DSN=http://"+w.clickhouse,
		"HOLDFAST_OPS_LISTEN=127.0.0.1:0", "HOLDFAST_TIME_CLOCK=events",
		"HOLDFAST_ALERTS_PUBLISH_SUPPRESSED=true", // so that topics can be held to tables
		"HOLDFAST_SCORE_FIT=false"), variables...) // a fit after wait has returned writes rows of its own
	return w
}

// readToken returns what a file of a token says after the number of its process.
func readToken(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, token, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
	return token
}

// needEngine fetches the embedded ClickHouse where it is not there.
func needEngine(t *testing.T) {
	t.Helper()
	if _, ok := devclickhouse.Locate(); ok {
		return
	}
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	if _, err := devclickhouse.Fetch(ctx, nil); err != nil {
		if os.Getenv("HOLDFAST_MUST_RUN") != "" {
			t.Fatal(err)
		}
		t.Skipf("the embedded ClickHouse cannot be had: %v", err)
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// process is a holdfast command at work.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	out  lockedBuffer
	done chan struct{}
}

// start starts a command that goes on until it is stopped.
func (w *world) start(args ...string) *process {
	w.t.Helper()
	return w.startCommand(exec.Command(binary, args...), args)
}

// startCommand starts a prepared command; args are how it is named in the log.
func (w *world) startCommand(cmd *exec.Cmd, args []string) *process {
	w.t.Helper()
	p := &process{t: w.t, cmd: cmd, done: make(chan struct{})}
	p.cmd.Env, p.cmd.Dir = w.environ, w.dir
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.out
	if err := p.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	go func() {
		defer close(p.done)
		_ = p.cmd.Wait() // how it ended is asked of ProcessState
	}()
	w.t.Cleanup(func() {
		p.stop()
		if w.t.Failed() {
			w.t.Logf("%s said:\n%s", strings.Join(args, " "), p.out.String())
		}
	})
	return p
}

// says waits until the command has said something.
func (p *process) says(words string, patience time.Duration) {
	p.t.Helper()
	deadline := time.Now().Add(patience)
	for !strings.Contains(p.out.String(), words) {
		select {
		case <-p.done:
			p.t.Fatalf("it ended before saying %q:\n%s", words, p.out.String())
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("it did not say %q:\n%s", words, p.out.String())
		}
	}
}

// kill ends the process as a power cut would.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may be gone already
	<-p.done
}

// stop ends it politely, and at last not so.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may be gone already
	select {
	case <-p.done:
	case <-time.After(40 * time.Second):
		p.kill()
	}
}

// run runs a command to its end and wants an exit code.
func (w *world) run(code int, args ...string) string {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Env, cmd.Dir = w.environ, w.dir
	out, err := cmd.CombinedOutput()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) || cmd.ProcessState.ExitCode() != code {
		w.t.Fatalf("holdfast %s: %v, want code %d:\n%s", strings.Join(args, " "), err, code, out)
	}
	return string(out)
}

// client opens a connection for each question: one that is kept may lead to an
// engine that was killed meanwhile.
var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// ask asks ClickHouse as curl does.
func (w *world) ask(query string) string {
	w.t.Helper()
	return w.post("/?database=holdfast", query)
}

// askPlainly names no database, as whoever types a short command.
func (w *world) askPlainly(query string) string {
	w.t.Helper()
	return w.post("/", query)
}

func (w *world) post(path, query string) string {
	w.t.Helper()
	response, err := w.request(path, query)
	for deadline := time.Now().Add(20 * time.Second); err != nil && time.Now().Before(deadline); {
		time.Sleep(100 * time.Millisecond) // an engine that was killed is on its way back
		response, err = w.request(path, query)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		w.t.Fatalf("%s: %v %s", query, err, body)
	}
	return strings.TrimSpace(string(body))
}

func (w *world) request(path, query string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, "http://"+w.clickhouse+path,
		strings.NewReader(query))
	if err != nil {
		return nil, err
	}
	request.SetBasicAuth("default", w.token)
	return client.Do(request)
}

// write puts a file into the world's folder.
func (w *world) write(name string, content []byte) string {
	w.t.Helper()
	path := filepath.Join(w.dir, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		w.t.Fatal(err)
	}
	return path
}

// lockedBuffer is written by a process and read by a test.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
