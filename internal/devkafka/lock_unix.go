//go:build unix

package devkafka

import (
	"errors"
	"os"
	"syscall"
)

// lockFile takes the file's lock for this process; the kernel releases it when
// the process ends, however it ends.
func lockFile(file *os.File) error {
	err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return ErrDataDirInUse
	}
	return err
}
