package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// placed is a command line whose user has a cache folder.
func placed(t *testing.T, dir string, stderr *bytes.Buffer) *cli {
	t.Helper()
	return &cli{surroundings: surroundings{stdout: &bytes.Buffer{}, stderr: stderr, environ: map[string]string{},
		hostName: "host",
		cacheDir: dir, readFile: os.ReadFile}, keys: map[string]string{}}
}

// TestCommandsFindEnginesThatListenElsewhere, unless they were told otherwise,
// and not those of a process that is gone.
func TestCommandsFindEnginesThatListenElsewhere(t *testing.T) {
	dir, stderr := t.TempDir(), &bytes.Buffer{}
	c := placed(t, dir, stderr)
	if err := c.writePlace(enginePlace{PID: os.Getpid(), Kafka: "127.0.0.1:40001",
		ClickHouse: "http://127.0.0.1:40002"}); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, "holdfast", placeFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v; want it for the user alone", info.Mode(), err)
	}
	loaded, err := c.load()
	if err != nil {
		t.Fatal(err)
	}
	if got := loaded.Kafka.Brokers; len(got) != 1 || got[0] != "127.0.0.1:40001" || !loaded.Sinks.ClickHouse.On() {
		t.Errorf("brokers %v, ClickHouse %v", got, loaded.Sinks.ClickHouse.On())
	}
	if _, err := c.load(); err != nil || strings.Count(stderr.String(), "127.0.0.1:40001") != 1 {
		t.Errorf("%v; says %q, want it once", err, stderr.String())
	}
	told := placed(t, dir, stderr)
	told.environ["HOLDFAST_KAFKA_BROKERS"] = "kafka.example.com:9092"
	told.insecureDev = true
	if loaded, err := told.load(); err != nil || loaded.Kafka.Brokers[0] != "kafka.example.com:9092" {
		t.Errorf("what is configured does not win: %v, %v", loaded.Kafka.Brokers, err)
	}
	if err := c.removePlace(); err != nil {
		t.Fatal(err)
	}
	if _, there := c.readPlace(); there {
		t.Error("the place is known after a clean stop")
	}
	gone := exec.Command("true")
	if err := gone.Run(); err != nil {
		t.Fatal(err)
	}
	if err := c.writePlace(enginePlace{PID: gone.Process.Pid, Kafka: "127.0.0.1:40001"}); err != nil {
		t.Fatal(err)
	}
	if p, there := c.readPlace(); there {
		t.Errorf("%+v of a process that is gone is believed", p)
	}
	if err := c.removePlace(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(c.placePath()); err != nil {
		t.Errorf("another process's file was removed: %v", err)
	}
}
