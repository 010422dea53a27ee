package devclickhouse

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/holdfast/holdfast/internal/child"
)

// Errors of Fetch, each with what to do about it.
var (
	// ErrNoNPM: the client that fetches the package is not installed.
	ErrNoNPM = errors.New("npm is not installed: install Node.js with npm, or set " + libraryVariable + " to a libchdb.so")
	// ErrOffline: the package registry is out of reach.
	ErrOffline = errors.New("the package registry cannot be reached: connect and try again, set npm's registry or " +
		"proxy, or set " + libraryVariable + " to a libchdb.so")
	// ErrChecksum: what was fetched is not what was pinned. Nothing is kept.
	ErrChecksum = errors.New("the checksum is wrong, nothing was kept: try again, and if it happens again do not use " +
		"this package source")
	// ErrNoSpace: the cache's disk is full.
	ErrNoSpace = errors.New("the disk of the cache is full: free some space, or set " + cacheVariable +
		" to a folder on another disk")
)

// Steps of a fetch, as Progress hears them.
const (
	StepWait     = "wait for another process that fetches it"
	StepDownload = "download"
	StepVerify   = "verify"
	StepUnpack   = "unpack"
)

// Progress hears about a fetch: the step, bytes done and bytes in all (0 where
// not known). It is called from one goroutine at a time, and not after Fetch
// has returned.
type Progress func(step string, done, total int64)

// Fetch returns the library's path, getting it into the cache first where it
// is not there (178 MB to download, 566 MB on disk, another 178 MB while it
// unpacks). Two processes do not fetch at once. progress may be nil. It fails
// with ErrUnsupported, ErrNoNPM, ErrOffline, ErrChecksum or ErrNoSpace where
// that is the reason; a fetch that failed or was cancelled leaves nothing.
func Fetch(ctx context.Context, progress Progress) (path string, err error) {
	if progress == nil {
		progress = func(string, int64, int64) {}
	}
	if err := supported(); err != nil {
		return "", err
	}
	if given := os.Getenv(libraryVariable); given != "" {
		if _, ok := Locate(); !ok {
			return "", fmt.Errorf("use the library that %s names: %s is not a file", libraryVariable, given)
		}
		return given, nil
	}
	return fetch(ctx, pinned(), progress)
}

func fetch(ctx context.Context, a artifact, progress Progress) (string, error) {
	if path, ok := a.locate(); ok {
		return path, nil
	}
	folder, err := a.folder()
	if err != nil {
		return "", err
	}
	path, err := fetchInto(ctx, a, folder, progress)
	if errors.Is(err, syscall.ENOSPC) {
		err = fmt.Errorf("%w (%w)", ErrNoSpace, err)
	}
	if err != nil {
		return "", fmt.Errorf("fetch the embedded ClickHouse (%s %s) into %s: %w", a.name, a.version, folder, err)
	}
	return path, nil
}

func fetchInto(ctx context.Context, a artifact, folder string, progress Progress) (path string, err error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", fmt.Errorf("make the cache folder: %w", err)
	}
	lock, err := waitForLock(ctx, filepath.Join(folder, "lock"), progress)
	if err != nil {
		return "", err
	}
	defer func() {
		if closeErr := lock.Close(); err == nil && closeErr != nil {
			err = fmt.Errorf("release the lock: %w", closeErr)
		}
	}()
	if path, ok := a.locate(); ok { // the other process has done it
		return path, nil
	}
	if err := removeLeftovers(folder); err != nil {
		return "", err
	}
	if err := requireSpace(folder, a.packageBytes+a.libraryBytes); err != nil {
		return "", err
	}
	work, err := os.MkdirTemp(folder, "fetch-")
	if err != nil {
		return "", fmt.Errorf("make a working folder: %w", err)
	}
	defer func() {
		if removeErr := os.RemoveAll(work); err == nil && removeErr != nil {
			err = fmt.Errorf("remove the working folder: %w", removeErr)
		}
	}()
	packed, err := download(ctx, a, work, progress)
	if err != nil {
		return "", err
	}
	return unpack(ctx, a, packed, folder, progress)
}

func waitForLock(ctx context.Context, path string, progress Progress) (*os.File, error) {
	lock, err := backoff.Retry(ctx, func() (*os.File, error) {
		lock, err := child.Lock(path)
		if err != nil && !errors.Is(err, child.ErrLocked) {
			err = backoff.Permanent(err)
		}
		return lock, err
	}, backoff.WithBackOff(backoff.NewConstantBackOff(250*time.Millisecond)), backoff.WithMaxElapsedTime(0),
		backoff.WithNotify(func(error, time.Duration) { progress(StepWait, 0, 0) }))
	if err != nil {
		return nil, fmt.Errorf("wait for the lock %s: %w", path, err)
	}
	return lock, nil
}

// removeLeftovers removes what a killed fetch left. The lock is held.
func removeLeftovers(folder string) error {
	left, err := filepath.Glob(filepath.Join(folder, "fetch-*"))
	if err != nil {
		return fmt.Errorf("look for leftovers: %w", err)
	}
	for _, path := range left {
		if err := os.RemoveAll(path); err != nil {
			return fmt.Errorf("remove what an earlier fetch left: %w", err)
		}
	}
	return nil
}

// requireSpace refuses early, before minutes of download end in a full disk.
func requireSpace(folder string, need int64) error {
	var disk syscall.Statfs_t
	if err := syscall.Statfs(folder, &disk); err != nil {
		return nil //nolint:nilerr // unknown is not full; a write will tell
	}
	if free := int64(disk.Bavail) * int64(disk.Bsize); free < need {
		return fmt.Errorf("%w (%d MB are needed, %d MB are free)", ErrNoSpace, need/1_000_000, free/1_000_000)
	}
	return nil
}
