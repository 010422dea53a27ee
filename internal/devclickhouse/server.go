package devclickhouse

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/holdfast/holdfast/internal/child"
)

// opened is set while this process holds an engine: the library has one.
var opened atomic.Bool

// Server is an engine in this process behind its HTTP front end.
type Server struct {
	addr     string
	pool     *sessions
	http     *http.Server
	lock     *os.File
	served   chan error
	stopTime time.Duration
	closing  sync.Once
	closed   error
}

// Open loads the engine into this process and serves HTTP on o.Listen. A
// process holds at most one Server at a time. It fails with ErrUnsupported,
// ErrNotFetched or ErrInUse where that is the reason. The engine takes
// its rights from the process's working folder and shows the files in it as
// tables: only StartProcess sees to that.
func Open(ctx context.Context, o Options) (*Server, error) {
	o = o.withDefaults()
	if !opened.CompareAndSwap(false, true) {
		return nil, errors.New("open the embedded ClickHouse: this process has one open already")
	}
	s, err := open(ctx, o)
	if err != nil {
		opened.Store(false)
		return nil, fmt.Errorf("open the embedded ClickHouse: %w", err)
	}
	return s, nil
}

func open(ctx context.Context, o Options) (s *Server, err error) {
	listener, err := listen(ctx, o.Listen)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = listener.Close()
		}
	}()
	store, uploads, lock, err := prepareData(o.DataDir)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = lock.Close()
		}
	}()
	pool, err := startEngine(o, store)
	if err != nil {
		return nil, err
	}
	f := &front{pool: pool, hooks: o.Hooks, uploads: uploads, bodyBytes: o.MaxBodyBytes, token: o.Token}
	s = &Server{
		addr: listener.Addr().String(), pool: pool, lock: lock,
		served: make(chan error, 1), stopTime: o.StopTimeout,
		http: &http.Server{
			Handler: f.handler(), ReadHeaderTimeout: 10 * time.Second,
			IdleTimeout: 5 * time.Minute, MaxHeaderBytes: maxTextBytes + 1<<16,
		},
	}
	go func() { s.served <- s.http.Serve(listener) }()
	return s, nil
}

func listen(ctx context.Context, address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("read the listen address %q: %w", address, err)
	}
	if !loopbackHost(host) {
		return nil, fmt.Errorf("listen on %q: the engine has no users and no passwords and listens on a loopback address "+
			"only, such as 127.0.0.1:8123", address)
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for HTTP: %w", err)
	}
	return listener, nil
}

// prepareData makes and locks dir, and empties the folder of uploads.
func prepareData(dir string) (store, uploads string, lock *os.File, err error) {
	if dir == "" {
		return "", "", nil, errors.New("no data folder is given")
	}
	store, uploads = filepath.Join(dir, "store"), filepath.Join(dir, "uploads")
	if err := os.MkdirAll(store, 0o700); err != nil {
		return "", "", nil, fmt.Errorf("make the data folder: %w", err)
	}
	lock, err = child.Lock(filepath.Join(dir, "lock"))
	if err != nil {
		if errors.Is(err, child.ErrLocked) {
			err = fmt.Errorf("%w: %s", ErrInUse, dir)
		}
		return "", "", nil, err
	}
	err = os.RemoveAll(uploads)
	if err == nil {
		err = os.MkdirAll(uploads, 0o700)
	}
	if err != nil {
		_ = lock.Close()
		return "", "", nil, fmt.Errorf("empty the folder of uploads: %w", err)
	}
	return store, uploads, lock, nil
}

func startEngine(o Options, store string) (*sessions, error) {
	path, err := libraryPath(o.Library)
	if err != nil {
		return nil, err
	}
	lib, err := loadLibrary(path)
	if err != nil {
		return nil, err
	}
	return newSessions(lib, engineArguments(store, o.MaxMemoryBytes), o.MaxRequests)
}

// engineArguments are the engine's command line: its data, quiet, memory and
// answers bounded (the front end holds an answer whole), no profiler (its
// signals would hit Go's threads), no expressions in the data of an INSERT
// (which the fence does not see).
func engineArguments(store string, memoryBytes int64) []string {
	return []string{
		"clickhouse", "--path=" + store, "--log-level=none",
		fmt.Sprintf("--max_server_memory_usage=%d", memoryBytes),
		fmt.Sprintf("--max_memory_usage=%d", memoryBytes), // what GROUP BY and ORDER BY spill to disk by
		"--max_result_bytes=1073741824", "--result_overflow_mode=throw",
		"--query_profiler_real_time_period_ns=0", "--query_profiler_cpu_time_period_ns=0",
		"--input_format_values_interpret_expressions=0", "--input_format_values_deduce_templates_of_expressions=0",
	}
}

func libraryPath(given string) (string, error) {
	if given != "" {
		return given, nil
	}
	path, ok := Locate()
	if !ok {
		return "", ErrNotFetched
	}
	return path, nil
}

// Addr is the host:port that the front end listens on.
func (s *Server) Addr() string { return s.addr }

// DSN is what clickhouse.ParseDSN takes to reach database over HTTP;
// an empty name means default.
func (s *Server) DSN(database string) string { return dsn(s.addr, database) }

// Close stops serving, gives the statements that run half of
// Options.StopTimeout, cancels them, gives them the other half, and closes the
// engine. Where a statement outlasts that, the engine stays open until the
// process ends; its data is then as after a kill.
func (s *Server) Close() error {
	s.closing.Do(func() { s.closed = s.close() })
	return s.closed
}

func (s *Server) close() error {
	if err := s.shutdown(); err != nil {
		err = errors.Join(s.pool.cancelAll(), s.shutdown())
		if err != nil {
			_ = s.http.Close()
			return fmt.Errorf("close the embedded ClickHouse: statements still run: %w", err)
		}
	}
	<-s.served
	s.pool.close()
	err := s.lock.Close()
	opened.Store(false)
	if err != nil {
		return fmt.Errorf("close the embedded ClickHouse: %w", err)
	}
	return nil
}

// shutdown waits for the requests that run.
func (s *Server) shutdown() error {
	ctx, cancel := context.WithTimeout(context.Background(), s.stopTime/2)
	defer cancel()
	return s.http.Shutdown(ctx)
}

func dsn(addr, database string) string {
	if database == "" {
		database = "default"
	}
	return "http://" + addr + "/" + database
}
