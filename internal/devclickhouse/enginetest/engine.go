// Package enginetest gives tests a real ClickHouse: one engine process per
// test binary, a database of its own per test.
//
//	func TestMain(m *testing.M) { enginetest.Main(m) }
//
//	func TestLoader(t *testing.T) {
//		engine := enginetest.Start(t)
//		options, err := clickhouse.ParseDSN(engine.DSN())
//		...
//	}
package enginetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/holdfast/holdfast/internal/devclickhouse"
)

// mustRunVariable turns the skip of a test that finds no engine into a failure.
const mustRunVariable = "HOLDFAST_MUST_RUN"

// fetchTimeout bounds the one download of the engine's library.
const fetchTimeout = 8 * time.Minute

// Engine is a database of a running engine.
type Engine struct {
	t        testing.TB
	process  *devclickhouse.Process
	database string
	alone    bool
}

// suite is what the tests of one binary share.
type suite struct {
	entered  atomic.Bool // Main ran
	once     sync.Once
	library  string
	err      error
	mutex    sync.Mutex
	process  *devclickhouse.Process
	dataDir  string
	database atomic.Int64
}

var shared suite

// Main runs the tests of a package that uses Start or StartAlone, and exits:
// with 1 where a goroutine outlives them and the shared engine. It also is what
// the engine's child process enters by.
func Main(m *testing.M) {
	goleak.VerifyTestMain(suiteRun{m})
}

// suiteRun is the run that goleak looks after.
type suiteRun struct{ m *testing.M }

// Run implements goleak.TestingM. Connections that are kept open for a next
// request are no leak.
func (s suiteRun) Run() int {
	defer http.DefaultClient.CloseIdleConnections()
	return Run(s.m)
}

// Run is Main for packages that do more around their tests: it runs them,
// stops the shared engine and returns the exit code. Like Main, it must be
// called before anything else happens in TestMain.
func Run(m *testing.M) (code int) {
	MaybeRunChild()
	shared.entered.Store(true)
	code = m.Run()
	if err := shared.stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	return code
}

// MaybeRunChild runs the engine, with faults, and exits where this process is
// the child of a test; otherwise it returns at once. Run does it by itself.
func MaybeRunChild() { devclickhouse.MaybeRunChildWith(&faults{}) }

// Start returns a fresh, empty database on the engine that all tests of the
// binary share; both go by themselves. Where no engine can be had the test is
// skipped, or fails with HOLDFAST_MUST_RUN=1.
//
// The shared process outlives the test: a test that looks for leaked
// goroutines takes stock (goleak.IgnoreCurrent) after Start.
func Start(t testing.TB) *Engine {
	t.Helper()
	process, err := shared.start(library(t))
	if err != nil {
		t.Fatalf("start the shared engine: %v", err)
	}
	e := &Engine{t: t, process: process}
	e.createDatabase()
	t.Cleanup(func() { _ = e.query("DROP DATABASE IF EXISTS " + e.database) })
	return e
}

// StartAlone is Start with an engine process and data folder of the test's
// own, which may be killed.
func StartAlone(t testing.TB) *Engine {
	t.Helper()
	process, err := devclickhouse.StartProcess(t.Context(), devclickhouse.Options{
		Library: library(t), DataDir: t.TempDir(), Faults: true, Log: os.Stderr,
	})
	if err != nil {
		t.Fatalf("start an engine: %v", err)
	}
	t.Cleanup(func() {
		if err := process.Close(); err != nil {
			t.Errorf("stop the engine: %v", err)
		}
	})
	e := &Engine{t: t, process: process, alone: true}
	e.createDatabase()
	return e
}

// library returns the engine's library, or ends the test.
func library(t testing.TB) string {
	t.Helper()
	if !shared.entered.Load() {
		t.Fatal("the package's TestMain must call enginetest.Main first")
	}
	shared.once.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
		defer cancel()
		shared.library, shared.err = devclickhouse.Fetch(ctx, nil)
	})
	switch {
	case shared.err == nil:
	case os.Getenv(mustRunVariable) == "1":
		t.Fatalf("%s=1, and there is no embedded ClickHouse to test with: %v", mustRunVariable, shared.err)
	default:
		t.Skipf("Skipped because there is no embedded ClickHouse to test with: %v", shared.err)
	}
	return shared.library
}

func (s *suite) start(library string) (*devclickhouse.Process, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.process != nil {
		return s.process, nil
	}
	dir, err := os.MkdirTemp("", "holdfast-engine-")
	if err != nil {
		return nil, fmt.Errorf("make a data folder: %w", err)
	}
	s.dataDir = dir
	s.process, err = devclickhouse.StartProcess(context.Background(), devclickhouse.Options{
		Library: library, DataDir: dir, Faults: true, RemoveData: true, Log: os.Stderr,
	})
	return s.process, err
}

func (s *suite) stop() error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.process == nil {
		return nil
	}
	err := s.process.Close()
	if errors.Is(err, devclickhouse.ErrStopTimeout) { // its data are of no use to anybody
		fmt.Fprintln(os.Stderr, err)
		err = nil
	}
	return errors.Join(err, os.RemoveAll(s.dataDir))
}

// DSN is for clickhouse.ParseDSN: HTTP, the test's own database.
func (e *Engine) DSN() string { return e.process.DSN(e.database) }

// Addr is the engine's host:port.
func (e *Engine) Addr() string { return e.process.Addr() }

// Database is the name of the test's own database.
func (e *Engine) Database() string { return e.database }

// Done is closed when the engine's process that runs now has ended, as by a
// fault that kills it.
func (e *Engine) Done() <-chan struct{} { return e.process.Done() }

// Kill ends the engine with SIGKILL. Only for StartAlone: it fails the test
// where others share the engine.
func (e *Engine) Kill() {
	e.t.Helper()
	e.requireAlone()
	if err := e.process.Kill(); err != nil {
		e.t.Fatal(err)
	}
}

// Restart starts the killed engine again: same data, same port. Only for
// StartAlone.
func (e *Engine) Restart() {
	e.t.Helper()
	e.requireAlone()
	<-e.process.Done()
	if err := e.process.Restart(context.WithoutCancel(e.t.Context())); err != nil {
		e.t.Fatal(err)
	}
}

// Fault puts a fault in force. On the shared engine its Match must name the
// test's own database or table, for other tests run statements too.
func (e *Engine) Fault(fault devclickhouse.Fault) {
	e.t.Helper()
	if err := send(e.t.Context(), e.Addr(), fault); err != nil {
		e.t.Fatal(err)
	}
}

func (e *Engine) requireAlone() {
	e.t.Helper()
	if !e.alone {
		e.t.Fatal("Kill and Restart need an engine of the test's own: use enginetest.StartAlone")
	}
}

func (e *Engine) createDatabase() {
	e.t.Helper()
	e.database = fmt.Sprintf("test_%d", shared.database.Add(1))
	if err := e.query("CREATE DATABASE " + e.database); err != nil {
		e.t.Fatal(err)
	}
}

// query runs a statement outside the test's database and time.
func (e *Engine) query(sql string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+e.Addr()+"/", strings.NewReader(sql))
	if err != nil {
		return fmt.Errorf("prepare %q: %w", sql, err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("run %q: %w", sql, err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", answer.Status, strings.TrimSpace(string(text)))
	}
	if err != nil {
		return fmt.Errorf("run %q: %w", sql, err)
	}
	return nil
}
