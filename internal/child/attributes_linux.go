package child

import "syscall"

// attributes put the child into a process group of its own (a terminal's Ctrl-C
// is not for it) and let the kernel send it SIGTERM when its parent ends, in
// case the pipe's end goes unseen.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
