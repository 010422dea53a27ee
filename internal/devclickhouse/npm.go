package devclickhouse

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// download lets npm pack the release into work and returns the package's path.
// npm knows its registry, proxy and certificates by the user's configuration.
func download(ctx context.Context, a artifact, work string, progress Progress) (string, error) {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return "", fmt.Errorf("%w (%w)", ErrNoNPM, err)
	}
	cache := filepath.Join(work, "npm")
	var said bytes.Buffer
	command := exec.CommandContext(ctx, npm, "pack", "--ignore-scripts", "--no-audit", "--no-fund",
		"--no-update-notifier", "--loglevel=error", "--fetch-retries=2",
		"--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000", "--cache="+cache, a.name+"@"+a.version)
	command.Dir = work
	command.Stderr = &said
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	command.WaitDelay = 5 * time.Second
	progress(StepDownload, 0, a.packageBytes)
	if err := command.Start(); err != nil {
		return "", fmt.Errorf("run npm: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	if err := watch(ended, work, a, progress); err != nil {
		if ctx.Err() != nil {
			return "", fmt.Errorf("run npm: %w", ctx.Err())
		}
		return "", npmError(said.String(), err)
	}
	packed, err := filepath.Glob(filepath.Join(work, "*.tgz"))
	if err != nil || len(packed) != 1 {
		return "", fmt.Errorf("find the package that npm made: %d of them, want 1", len(packed))
	}
	if err := os.RemoveAll(cache); err != nil {
		return "", fmt.Errorf("remove npm's copy: %w", err)
	}
	return packed[0], nil
}

// watch reports the growing file until npm has ended.
func watch(ended <-chan error, work string, a artifact, progress Progress) error {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			return err
		case <-tick.C:
			progress(StepDownload, min(largestFile(work), a.packageBytes), a.packageBytes)
		}
	}
}

// largestFile is the size of the largest file under folder. Files come and go
// while npm works, so errors mean nothing.
func largestFile(folder string) (size int64) {
	_ = filepath.WalkDir(folder, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return nil //nolint:nilerr // see above
		}
		if info, err := entry.Info(); err == nil {
			size = max(size, info.Size())
		}
		return nil
	})
	return size
}

// npmError puts npm's words under the error that says what to do.
func npmError(said string, err error) error {
	reasons := []struct {
		words  []string
		reason error
	}{
		{[]string{"ENOSPC"}, ErrNoSpace},
		{[]string{"EINTEGRITY"}, ErrChecksum},
		{[]string{"ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH", "EHOSTUNREACH",
			"ERR_SOCKET_TIMEOUT", "ENOTCACHED", "EPIPE"}, ErrOffline},
	}
	detail := firstLines(said, 3)
	for _, r := range reasons {
		for _, word := range r.words {
			if strings.Contains(said, word) {
				return fmt.Errorf("%w (npm: %s)", r.reason, detail)
			}
		}
	}
	if strings.Contains(said, "E404") || strings.Contains(said, "ETARGET") {
		return fmt.Errorf("the registry that npm is set to does not have the package: check `npm config get registry` "+
			"(npm: %s)", detail)
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) && detail == "" {
		detail = "no word from it"
	}
	return fmt.Errorf("run npm: %w: %s", err, detail)
}

// firstLines are the first n lines of text that say something, in one.
func firstLines(text string, n int) string {
	var lines []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "npm error"))
		if line != "" && !strings.HasPrefix(line, "npm warn") && len(lines) < n {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "; ")
}
