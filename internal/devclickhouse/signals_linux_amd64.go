//go:build linux && amd64 && !holdfast_static

package devclickhouse

import (
	"syscall"
	"unsafe"
)

// signalAction is the kernel's struct sigaction on amd64.
type signalAction struct{ handler, flags, restorer, mask uintptr }

const (
	signalCount   = 64
	signalSetSize = 8
)

// keepSignals calls start and then gives back to Go every signal that start
// took a handler of. The engine's crash handler sleeps for minutes before it
// lets the process die, and without SA_ONSTACK on a goroutine's stack it would
// be the crash itself. Signals that nobody had before (the engine asks its
// threads for their stacks by one) stay the engine's.
func keepSignals(start func()) {
	var before [signalCount + 1]signalAction
	for n := 1; n <= signalCount; n++ {
		before[n], _ = readSignal(n)
	}
	start()
	for n := 1; n <= signalCount; n++ {
		after, ok := readSignal(n)
		if ok && before[n].handler != 0 && after != before[n] {
			writeSignal(n, before[n])
		}
	}
}

func readSignal(n int) (action signalAction, ok bool) {
	_, _, errno := syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(n), 0,
		uintptr(unsafe.Pointer(&action)), signalSetSize, 0, 0)
	return action, errno == 0
}

// writeSignal cannot fail for a signal whose action was read before.
func writeSignal(n int, action signalAction) {
	_, _, _ = syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(n),
		uintptr(unsafe.Pointer(&action)), 0, signalSetSize, 0, 0)
}
