package devclickhouse_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/holdfast/holdfast/internal/devclickhouse"
	"github.com/holdfast/holdfast/internal/devclickhouse/enginetest"
)

func TestProcessLife(t *testing.T) {
	enginetest.Start(t) // skips where there is no engine
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	dir := t.TempDir()
	process, err := devclickhouse.StartProcess(t.Context(), devclickhouse.Options{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Restart(t.Context()); err == nil {
		t.Error("a running process was restarted")
	}
	_, err = devclickhouse.StartProcess(t.Context(), devclickhouse.Options{DataDir: dir})
	if !errors.Is(err, devclickhouse.ErrInUse) || !strings.Contains(err.Error(), dir) {
		t.Errorf("a second engine on the same data: got %v, want ErrInUse with the folder", err)
	}
	_, err = devclickhouse.StartProcess(t.Context(), devclickhouse.Options{DataDir: t.TempDir(), Listen: process.Addr()})
	if !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("a second engine on the same port: got %v, want EADDRINUSE", err)
	}
	addr := process.Addr()
	for range 2 {
		if err := process.Kill(); err != nil {
			t.Error(err)
		}
	}
	if err := process.Restart(t.Context()); err != nil || process.Addr() != addr {
		t.Errorf("restart: %v, on %s instead of %s", err, process.Addr(), addr)
	}
	for range 2 {
		if err := process.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := net.DialTimeout("tcp", addr, time.Second); err == nil {
		t.Error("a closed engine listens")
	}
	if _, err := os.Stat(dir); err != nil {
		t.Errorf("data that was to stay: %v", err)
	}
}

func TestStartFails(t *testing.T) {
	enginetest.Start(t) // skips where there is no engine
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("no library"), 0o600); err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	f := func(ctx context.Context, o devclickhouse.Options, want string) {
		t.Helper()
		process, err := devclickhouse.StartProcess(ctx, o)
		if err == nil {
			err = errors.Join(errors.New("no error"), process.Close())
		}
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	f(t.Context(), devclickhouse.Options{}, "no data folder is given")
	f(t.Context(), devclickhouse.Options{DataDir: file}, "make the data folder")
	f(t.Context(), devclickhouse.Options{DataDir: t.TempDir(), Listen: "0.0.0.0:0"}, "loopback")
	f(t.Context(), devclickhouse.Options{DataDir: t.TempDir(), Listen: ":0"}, "loopback")
	f(t.Context(), devclickhouse.Options{DataDir: t.TempDir(), Listen: "127.0.0.1"}, "missing port")
	f(t.Context(), devclickhouse.Options{DataDir: t.TempDir(), Library: file}, "load the engine's library "+file)
	f(t.Context(), devclickhouse.Options{DataDir: t.TempDir(), Library: file + "x"}, "load the engine's library "+file)
	f(cancelled, devclickhouse.Options{DataDir: t.TempDir()}, "context canceled")
	t.Setenv("HOLDFAST_CHDB_LIB", file+"x")
	f(t.Context(), devclickhouse.Options{DataDir: t.TempDir()}, "not fetched yet")
}

// Close ends a child that does not listen any more.
func TestCloseKillsWhatHangs(t *testing.T) {
	enginetest.Start(t) // skips where there is no engine
	process, err := devclickhouse.StartProcess(t.Context(), devclickhouse.Options{DataDir: t.TempDir(),
		StopTimeout: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(process.PID(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if err := process.Close(); err == nil || !strings.Contains(err.Error(), "was killed") {
		t.Errorf("got %v, want that it was killed", err)
	}
	<-process.Done()
}

// A statement that would run for hours is cancelled when the engine closes.
func TestCloseCancelsStatements(t *testing.T) {
	enginetest.Start(t) // skips where there is no engine
	process, err := devclickhouse.StartProcess(t.Context(), devclickhouse.Options{DataDir: t.TempDir(),
		StopTimeout: 3 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	answer := make(chan string)
	go func() {
		const forHours = "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1"
		got, err := http.Post("http://"+process.Addr(), "text/plain", strings.NewReader(forHours))
		if err != nil {
			answer <- err.Error()
			return
		}
		defer got.Body.Close()
		text, _ := io.ReadAll(got.Body)
		answer <- string(text)
	}()
	for running := "0\n"; running != "1\n"; {
		_, running, _ = post(t, process.Addr(),
			"SELECT count() FROM system.processes WHERE query LIKE '%sipHash64%' AND query NOT LIKE '%processes%'")
	}
	if err := process.Close(); err != nil {
		t.Error(err)
	}
	if text := <-answer; !strings.HasPrefix(text, "Code: 394.") {
		t.Errorf("the statement's answer was %q, want code 394", text)
	}
}
