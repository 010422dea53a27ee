//go:build linux && amd64 && !holdfast_static

package devclickhouse

import (
	"fmt"
	"runtime"
	"slices"
	"unsafe"

	"github.com/ebitengine/purego"
	"golang.org/x/sys/cpu"
)

// library is the engine's C interface (chdb.h), by hand: the functions that
// the front end needs and no more. Strings go with their lengths, so bytes of
// any value are safe.
type library struct {
	connect    func(argc int32, argv unsafe.Pointer) *uintptr
	closeConn  func(conn *uintptr)
	setSignals func(enabled int32)
	query      func(conn uintptr, sql *byte, n uintptr, format *byte, fn uintptr, names, nameLens, values,
		valueLens unsafe.Pointer, count uintptr) uintptr
	destroy     func(result uintptr)
	failure     func(result uintptr) string
	buffer      func(result uintptr) unsafe.Pointer
	length      func(result uintptr) uintptr
	rowsRead    func(result uintptr) uint64
	bytesRead   func(result uintptr) uint64
	rowsWritten func(result uintptr) uint64
	insert      func(conn uintptr, sql *byte, n uintptr, format *byte, fn uintptr, names, nameLens, values,
		valueLens unsafe.Pointer, count uintptr) uintptr
	insertAppend func(stream uintptr, data *byte, n uintptr) int32
	insertDone   func(stream uintptr) uintptr
	insertCancel func(stream uintptr)
	insertError  func(stream uintptr) string
	insertFree   func(stream uintptr)
}

// supported reports whether the library can run on this processor.
func supported() error {
	return supportedWith(cpu.X86.HasAVX2, cpu.X86.HasBMI1, cpu.X86.HasBMI2, cpu.X86.HasFMA)
}

// supportedWith wants the instructions of x86-64-v3, all of them.
func supportedWith(instructions ...bool) error {
	if slices.Contains(instructions, false) {
		return fmt.Errorf("%w: the processor lacks AVX2 (x86-64-v3), which the engine's library needs; use a ClickHouse "+
			"server instead", ErrUnsupported)
	}
	return nil
}

func loadLibrary(path string) (lib *library, err error) {
	if err := supported(); err != nil {
		return nil, err
	}
	handle, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, fmt.Errorf("load the engine's library %s: %w", path, err)
	}
	lib = &library{}
	for name, function := range map[string]any{
		"chdb_connect":                     &lib.connect,
		"chdb_close_conn":                  &lib.closeConn,
		"chdb_set_signal_handlers_enabled": &lib.setSignals,
		"chdb_query_with_params_n":         &lib.query,
		"chdb_destroy_query_result":        &lib.destroy,
		"chdb_result_error":                &lib.failure,
		"chdb_result_buffer":               &lib.buffer,
		"chdb_result_length":               &lib.length,
		"chdb_result_rows_read":            &lib.rowsRead,
		"chdb_result_bytes_read":           &lib.bytesRead,
		"chdb_result_rows_written":         &lib.rowsWritten,
		"chdb_stream_insert_with_params_n": &lib.insert,
		"chdb_stream_append":               &lib.insertAppend,
		"chdb_stream_done":                 &lib.insertDone,
		"chdb_stream_cancel_insert":        &lib.insertCancel,
		"chdb_stream_insert_error":         &lib.insertError,
		"chdb_destroy_insert_stream":       &lib.insertFree,
	} {
		symbol, err := purego.Dlsym(handle, name)
		if err != nil {
			return nil, fmt.Errorf("find %s in %s, which is not the pinned release: %w", name, path, err)
		}
		purego.RegisterFunc(function, symbol)
	}
	return lib, nil
}

// dial opens a connection to the process's engine; the first one starts it on
// args' --path.
func (l *library) dial(args []string) (*connection, error) {
	argv := make([]*byte, len(args)+1)
	for i, a := range args {
		argv[i] = &append([]byte(a), 0)[0]
	}
	var conn *uintptr
	keepSignals(func() {
		l.setSignals(0)
		conn = l.connect(int32(len(args)), unsafe.Pointer(&argv[0]))
	})
	runtime.KeepAlive(argv)
	if conn == nil || *conn == 0 {
		return nil, fmt.Errorf("start the engine on %v: the library refused", args[1:])
	}
	return &connection{lib: l, handle: conn}, nil
}

// cBytes is s as C takes it: an address that is never nil, and a length.
func cBytes(s []byte) (*byte, uintptr) {
	if len(s) == 0 {
		return &[]byte{0}[0], 0
	}
	return &s[0], uintptr(len(s))
}

// cParameters holds statement parameters in the four arrays that C takes.
type cParameters struct {
	names, values       []*byte
	nameLens, valueLens []uintptr
}

func newCParameters(params []parameter) *cParameters {
	c := &cParameters{}
	for _, p := range params {
		name, nameLen := cBytes([]byte(p.name))
		value, valueLen := cBytes([]byte(p.value))
		c.names, c.nameLens = append(c.names, name), append(c.nameLens, nameLen)
		c.values, c.valueLens = append(c.values, value), append(c.valueLens, valueLen)
	}
	return c
}

func (c *cParameters) pointers() (names, nameLens, values, valueLens unsafe.Pointer, count uintptr) {
	if len(c.names) == 0 {
		return nil, nil, nil, nil, 0
	}
	return unsafe.Pointer(&c.names[0]), unsafe.Pointer(&c.nameLens[0]),
		unsafe.Pointer(&c.values[0]), unsafe.Pointer(&c.valueLens[0]), uintptr(len(c.names))
}
