//go:build !unix

package devkafka

import "os"

// lockFile does nothing where files cannot be locked portably.
func lockFile(*os.File) error { return nil }
