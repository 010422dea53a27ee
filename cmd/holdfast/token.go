package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"

	driver "github.com/ClickHouse/clickhouse-go/v2"
)

// The embedded ClickHouse lets everybody on this host read, and takes changes
// from who bears a token alone: a web page or another user cannot know it. It is
// drawn at each start and lies in a file of the user's, by port, where our other
// commands find it.

// tokenPath is the token's file of an embedded engine; empty where the user has
// no cache folder. Engines have no token then.
func (c *cli) tokenPath(address string) string {
	_, port, err := net.SplitHostPort(address)
	if err != nil || c.cacheDir == "" {
		return ""
	}
	return filepath.Join(c.cacheDir, "holdfast", "engine-"+port+".token")
}

// newToken returns a token that nobody can guess; empty where it could not be
// told to anybody.
func (c *cli) newToken() string {
	if c.cacheDir == "" {
		return ""
	}
	return rand.Text()
}

// writeToken writes the token of an engine where our commands find it.
func (c *cli) writeToken(address, token string) error {
	path := c.tokenPath(address)
	if path == "" || token == "" {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("keep the engine's token: %w", err)
	}
	scratch := fmt.Sprintf("%s.%d", path, os.Getpid())
	if err := os.WriteFile(scratch, fmt.Appendf(nil, "%d %s\n", os.Getpid(), token), 0o600); err != nil {
		return fmt.Errorf("keep the engine's token: %w", err)
	}
	if err := os.Rename(scratch, path); err != nil {
		return fmt.Errorf("keep the engine's token: %w", err)
	}
	return nil
}

// removeToken removes the file of an engine that has ended.
func (c *cli) removeToken(address string) error {
	path := c.tokenPath(address)
	if path == "" {
		return nil
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("forget the engine's token: %w", err)
	}
	return nil
}

// addToken gives a client the token, where it goes to an engine on this host that
// has one and no password was configured.
func (c *cli) addToken(options *driver.Options) {
	if options == nil || options.Auth.Password != "" || len(options.Addr) != 1 || options.TLS != nil {
		return
	}
	host, _, err := net.SplitHostPort(options.Addr[0])
	if ip := net.ParseIP(host); err != nil || host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return
	}
	text, err := c.readFile(c.tokenPath(options.Addr[0]))
	if err != nil {
		return
	}
	// A process that was killed leaves its file behind.
	var pid int
	var token string
	if n, err := fmt.Sscanf(string(text), "%d %s", &pid, &token); err == nil && n == 2 && syscall.Kill(pid, 0) == nil {
		options.Auth.Password = token
	}
}
