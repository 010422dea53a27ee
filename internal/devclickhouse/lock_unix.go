//go:build unix

package devclickhouse

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// errLocked: another process (or another file of this one) has the lock.
var errLocked = errors.New("locked by another process")

// lockFile takes the exclusive lock on path without waiting. Closing the file,
// or the end of the process, gives it back.
func lockFile(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock file: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errLocked
		}
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return file, nil
}
