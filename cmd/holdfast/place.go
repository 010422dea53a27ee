package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/holdfast/holdfast/internal/config"
)

// Where the usual ports are taken the embedded engines listen on others. They
// say where in a file of the user's, so that the commands that follow find them
// without being told.

// enginePlace is where embedded engines listen.
type enginePlace struct {
	PID        int    `json:"pid"`
	Kafka      string `json:"kafka"`
	ClickHouse string `json:"clickhouse,omitempty"` // empty where there is none
	Ops        string `json:"ops,omitempty"`        // where an instance beside them has its probes, if elsewhere than usual
}

const placeFile = "engines.json"

// placePath is the file's path; empty where the user has no cache folder.
func (c *cli) placePath() string {
	if c.cacheDir == "" {
		return ""
	}
	return filepath.Join(c.cacheDir, "holdfast", placeFile)
}

// writePlace writes the file. Engines that were started later stand in it.
func (c *cli) writePlace(p enginePlace) error {
	path := c.placePath()
	if path == "" {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("say where the engines listen: %w", err)
	}
	text, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("say where the engines listen: %w", err)
	}
	scratch := fmt.Sprintf("%s.%d", path, p.PID)
	if err := os.WriteFile(scratch, text, 0o600); err != nil {
		return fmt.Errorf("say where the engines listen: %w", err)
	}
	if err := os.Rename(scratch, path); err != nil {
		return fmt.Errorf("say where the engines listen: %w", err)
	}
	return nil
}

// removePlace removes the file, if it is that of this process.
func (c *cli) removePlace() error {
	p, ok := c.readPlace()
	if !ok || p.PID != os.Getpid() {
		return nil
	}
	if err := os.Remove(c.placePath()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("forget where the engines listened: %w", err)
	}
	return nil
}

// readPlace reads the file; ok is false where there is none, or where the
// process that wrote it is gone.
func (c *cli) readPlace() (p enginePlace, ok bool) {
	path := c.placePath()
	if path == "" {
		return p, false
	}
	text, err := c.readFile(path)
	if err != nil || json.Unmarshal(text, &p) != nil || p.PID <= 0 || p.Kafka == "" {
		return p, false
	}
	return p, syscall.Kill(p.PID, 0) == nil
}

// findEngines points what nobody has configured at embedded engines that listen
// elsewhere than usual. It reports whether it has, and says so once.
func (c *cli) findEngines(loaded *config.Loaded) bool {
	if loaded.Origin("kafka.brokers") != config.FromDefault || len(c.keys["kafka.brokers"]) > 0 {
		return false
	}
	p, ok := c.readPlace()
	if !ok {
		return false
	}
	c.keys["kafka.brokers"] = p.Kafka
	where := p.Kafka
	if loaded.Origin("sinks.clickhouse.dsn") == config.FromDefault {
		c.keys["sinks.clickhouse.dsn"] = p.ClickHouse
		where += ", " + orElse(p.ClickHouse, "no ClickHouse")
	}
	if !c.quiet {
		fmt.Fprintf(c.stderr, "the embedded engines of process %d are used: %s\n", p.PID, where)
	}
	return true
}

// opsPlace is where a running instance is asked: at ops.listen, or where one beside
// embedded engines says that it listens.
func (c *cli) opsPlace(loaded *config.Loaded) string {
	if loaded.Origin("ops.listen") == config.FromDefault && len(c.keys["ops.listen"]) == 0 {
		if p, ok := c.readPlace(); ok && p.Ops != "" {
			return p.Ops
		}
	}
	return loaded.Ops.Listen
}
