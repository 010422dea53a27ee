package child

import (
	"errors"
	"fmt"
	"os"
)

// ErrLocked says that another process, or another file of this one, has the lock.
var ErrLocked = errors.New("locked by another process")

// Lock takes the exclusive lock on a file, which it makes where it is missing,
// and does not wait: it fails with ErrLocked where others have it. Closing the
// file, or the end of the process, however it ends, gives the lock back.
func Lock(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock file: %w", err)
	}
	if err := lockFile(file); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), file.Close())
	}
	return file, nil
}
