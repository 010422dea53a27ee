//go:build !unix

package child

import "os"

// lockFile does nothing where files cannot be locked portably.
func lockFile(*os.File) error { return nil }
