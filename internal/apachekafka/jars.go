package apachekafka

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Version is the Apache Kafka that is run.
const Version = "4.4.0"

// cacheVariable overrides the user's cache directory.
const cacheVariable = "HOLDFAST_CACHE"

// ErrUnavailable says that Apache Kafka cannot be had here; the error that
// wraps it is a sentence that says why.
var ErrUnavailable = errors.New("no Apache Kafka to be had")

//go:embed pom.xml
var pom []byte

// CacheDir returns the directory that holds, or will hold, the jars.
func CacheDir() (string, error) {
	base := os.Getenv(cacheVariable)
	if base == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("find the user's cache directory: %w", err)
		}
		base = filepath.Join(user, "holdfast")
	}
	absolute, err := filepath.Abs(base)
	if err != nil {
		return "", fmt.Errorf("find the cache directory: %w", err)
	}
	return filepath.Join(absolute, "kafka-"+Version), nil
}

// Jars returns the directory of the broker's jars, fetching them from Maven
// Central (45 files, 45 MB) where they are not there yet. Several processes may
// call it at once. Errors wrap ErrUnavailable where a tool or the network is
// missing.
func Jars(ctx context.Context) (string, error) {
	if _, err := exec.LookPath("java"); err != nil {
		return "", fmt.Errorf("%w: there is no java on the PATH (17 or newer is needed)", ErrUnavailable)
	}
	cache, err := CacheDir()
	if err != nil {
		return "", err
	}
	jars := filepath.Join(cache, "libs")
	if _, err := os.Stat(jars); err == nil {
		return jars, nil
	}
	if _, err := exec.LookPath("mvn"); err != nil {
		return "", fmt.Errorf("%w: its jars are not in %s, and there is no mvn on the PATH to fetch them",
			ErrUnavailable, cache)
	}
	if err := fetch(ctx, cache, jars); err != nil {
		return "", err
	}
	return jars, nil
}

// fetch lets Maven copy the jars beside their place and then moves them there
// in one step: a directory that is there is complete.
func fetch(ctx context.Context, cache, jars string) error {
	if err := os.MkdirAll(cache, 0o750); err != nil {
		return fmt.Errorf("make the cache directory: %w", err)
	}
	work, err := os.MkdirTemp(cache, "fetch-")
	if err != nil {
		return fmt.Errorf("make a directory for the download: %w", err)
	}
	defer os.RemoveAll(work)
	pomFile := filepath.Join(work, "pom.xml")
	if err := os.WriteFile(pomFile, pom, 0o600); err != nil {
		return fmt.Errorf("write the list of jars: %w", err)
	}
	fetched := filepath.Join(work, "libs")
	maven := exec.CommandContext(ctx, "mvn", "-B", "-q", "-f", pomFile, "dependency:copy-dependencies",
		"-DoutputDirectory="+fetched, "-DincludeScope=runtime")
	maven.Dir = work
	if output, err := maven.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: Maven could not fetch its jars: %w: %s", ErrUnavailable, err, lastLines(string(output), 5))
	}
	err = os.Rename(fetched, jars)
	if _, there := os.Stat(jars); err != nil && there == nil {
		return nil // another process was quicker
	}
	if err != nil {
		return fmt.Errorf("put the jars in their place: %w", err)
	}
	return nil
}

// lastLines returns the last count lines of a text.
func lastLines(text string, count int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-count):], "\n")
}
