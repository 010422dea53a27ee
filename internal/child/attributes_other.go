//go:build !unix

package child

import "syscall"

// attributes are none where there are no process groups.
func attributes() *syscall.SysProcAttr { return nil }
