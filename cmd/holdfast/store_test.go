package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	driver "github.com/ClickHouse/clickhouse-go/v2"

	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/connect"
	"github.com/holdfast/holdfast/internal/devclickhouse/enginetest"
	"github.com/holdfast/holdfast/sinks/clickhouse"
	"github.com/holdfast/holdfast/sinks/outbox"
)

// TestStoreTakesUpARotatedAddress: what the address file says is read again
// before each check, and the client that is in use stays where it cannot be.
func TestStoreTakesUpARotatedAddress(t *testing.T) {
	engine := enginetest.Start(t)
	file := filepath.Join(t.TempDir(), "dsn")
	write := func(dsn string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(dsn+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	settings := config.ClickHouse{DSNFile: file, Database: engine.Database()}
	write("http://127.0.0.1:1")
	s, err := newStore(func() (*driver.Options, error) { return connect.ClickHouse(settings, false, os.ReadFile) })
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	}()
	if err := s.Check(t.Context()); s.Classify(err).Class != outbox.Unreachable {
		t.Errorf("nobody listens there, and Check says %v", err)
	}
	conn := enginetest.Connect(t, engine.DSN(), "")
	if _, err := clickhouse.Migrate(t.Context(), conn, clickhouse.MigrateUp); err != nil {
		t.Fatal(err)
	}
	write("http://rotated:password@" + engine.Addr())
	for range 3 {
		if err := s.Check(t.Context()); err != nil {
			t.Errorf("after the file has changed: %v", err)
		}
	}
	if err := errors.Join(os.Remove(file), s.Check(t.Context())); err != nil {
		t.Errorf("while the file is gone: %v", err)
	}
	if len(s.conns) != 2 {
		t.Errorf("%d clients were made, want one for each address", len(s.conns))
	}
}
