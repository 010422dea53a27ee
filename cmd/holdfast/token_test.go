package main

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	driver "github.com/ClickHouse/clickhouse-go/v2"
)

// The token of an engine goes to that engine alone: to this host, unencrypted, where
// nobody has configured a password, while the process that wrote it lives.
func TestTheTokenGoesToItsEngineAlone(t *testing.T) {
	dir := t.TempDir()
	c := placed(t, dir, &bytes.Buffer{})
	token := c.newToken()
	if err := c.writeToken("127.0.0.1:8123", token); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "holdfast", "engine-8123.token")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the file: %v, %v; want it for the user alone", info, err)
	}
	if other := c.newToken(); len(token) < 20 || other == token {
		t.Errorf("tokens %q, %q", token, other)
	}
	for name, test := range map[string]struct {
		options driver.Options
		gets    bool
	}{
		"this host":           {driver.Options{Addr: []string{"127.0.0.1:8123"}}, true},
		"by name":             {driver.Options{Addr: []string{"localhost:8123"}}, true},
		"by the other family": {driver.Options{Addr: []string{"[::1]:8123"}}, true},
		"another port":        {driver.Options{Addr: []string{"127.0.0.1:8124"}}, false},
		"another host":        {driver.Options{Addr: []string{"192.0.2.7:8123"}}, false},
		"a host named so":     {driver.Options{Addr: []string{"localhost.example.com:8123"}}, false},
		"two":                 {driver.Options{Addr: []string{"127.0.0.1:8123", "192.0.2.7:8123"}}, false},
		"none":                {driver.Options{}, false},
		"no port":             {driver.Options{Addr: []string{"127.0.0.1"}}, false},
		"encrypted":           {driver.Options{Addr: []string{"127.0.0.1:8123"}, TLS: &tls.Config{}}, false},
	} {
		c.addToken(&test.options)
		if got := test.options.Auth.Password; (got == token) != test.gets || got != "" && got != token {
			t.Errorf("%s: %q", name, got)
		}
	}
	own := driver.Options{Addr: []string{"127.0.0.1:8123"}, Auth: driver.Auth{Password: "own"}}
	if c.addToken(&own); own.Auth.Password != "own" {
		t.Errorf("a configured password was replaced by %q", own.Auth.Password)
	}
	c.addToken(nil)

	gone := exec.Command("true")
	if err := gone.Run(); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"a process that is gone": fmt.Sprintf("%d abc\n", gone.Process.Pid),
		"nothing": "", "no number": "abc def\n", "no token": fmt.Sprintf("%d\n", os.Getpid()), "zeros": "\x00\x00"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		options := driver.Options{Addr: []string{"127.0.0.1:8123"}}
		if c.addToken(&options); options.Auth.Password != "" {
			t.Errorf("%s: the token %q", name, options.Auth.Password)
		}
	}
	for range 2 { // also where it is gone already
		if err := c.removeToken("127.0.0.1:8123"); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("the file of a token that is removed: %v", err)
	}
}

// Without a cache folder there is no token, and no place either; a folder that
// cannot be written is told.
func TestWithoutACacheFolder(t *testing.T) {
	c := placed(t, "", &bytes.Buffer{})
	if token := c.newToken(); token != "" {
		t.Errorf("a token that nobody can be told: %q", token)
	}
	for _, err := range []error{c.writeToken("127.0.0.1:8123", "x"), c.removeToken("127.0.0.1:8123"),
		c.writePlace(enginePlace{PID: os.Getpid(), Kafka: "x"}), c.removePlace()} {
		if err != nil {
			t.Error(err)
		}
	}
	file := write(t, "file", "")
	c = placed(t, file, &bytes.Buffer{})
	if err := c.writeToken("127.0.0.1:8123", "x"); err == nil || !strings.HasPrefix(err.Error(),
		"keep the engine's token: ") {
		t.Errorf("a file in place of the folder: %v", err)
	}
	if err := c.writePlace(enginePlace{PID: 1}); err == nil || !strings.HasPrefix(err.Error(),
		"say where the engines listen: ") {
		t.Errorf("a file in place of the folder: %v", err)
	}
}

// A file that says nothing of engines, whatever it holds, leaves the usual ports.
func TestPlacesThatAreNone(t *testing.T) {
	for _, text := range []string{"", "{}", "[]", "null", "{\"pid\":", "\x00", `{"pid":0,"kafka":"127.0.0.1:1"}`,
		`{"pid":-1,"kafka":"127.0.0.1:1"}`, `{"pid":"1","kafka":"127.0.0.1:1"}`, `{"pid":99999999,"kafka":"127.0.0.1:1"}`,
		fmt.Sprintf(`{"pid":%d}`, os.Getpid())} {
		stderr := &bytes.Buffer{}
		c := placed(t, t.TempDir(), stderr)
		if err := os.MkdirAll(filepath.Dir(c.placePath()), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(c.placePath(), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		loaded, err := c.load()
		if err != nil || loaded.Kafka.Brokers[0] != "127.0.0.1:9092" || stderr.Len() > 0 {
			t.Errorf("%s: %v, %v, says %q", text, loaded, err, stderr)
		}
	}
	stderr := &bytes.Buffer{}
	c := placed(t, t.TempDir(), stderr)
	if err := c.writePlace(enginePlace{PID: os.Getpid(), Kafka: "127.0.0.1:40001"}); err != nil {
		t.Fatal(err)
	}
	c.quiet = true
	loaded, err := c.load()
	if err != nil || loaded.Kafka.Brokers[0] != "127.0.0.1:40001" || loaded.Sinks.ClickHouse.On() || stderr.Len() > 0 {
		t.Errorf("engines without ClickHouse: %+v, %v, says %q", loaded.Sinks, err, stderr)
	}
}
