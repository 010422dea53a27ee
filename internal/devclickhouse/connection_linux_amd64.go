//go:build linux && amd64 && !holdfast_static

package devclickhouse

import (
	"errors"
	"io"
	"runtime"
	"unsafe"
)

// connection is one session with the engine; one statement at a time.
type connection struct {
	lib    *library
	handle *uintptr
}

func (c *connection) close() {
	if c.handle != nil {
		c.lib.closeConn(c.handle)
		c.handle = nil
	}
}

// query runs a statement whose answer comes in format unless it says another.
func (c *connection) query(sql []byte, format string, params []parameter) (*result, error) {
	text, n := cBytes(sql)
	name, fn := cBytes([]byte(format))
	p := newCParameters(params)
	a, b, d, e, count := p.pointers()
	handle := c.lib.query(*c.handle, text, n, name, fn, a, b, d, e, count)
	runtime.KeepAlive(p)
	return c.result(handle)
}

func (c *connection) result(handle uintptr) (*result, error) {
	if handle == 0 {
		return nil, newException("the engine gave no answer")
	}
	if text := c.lib.failure(handle); text != "" {
		c.lib.destroy(handle)
		return nil, newException(text)
	}
	r := &result{
		rowsRead:    c.lib.rowsRead(handle),
		bytesRead:   c.lib.bytesRead(handle),
		rowsWritten: c.lib.rowsWritten(handle),
		free:        func() { c.lib.destroy(handle) },
	}
	if n := c.lib.length(handle); n > 0 {
		r.data = unsafe.Slice((*byte)(c.lib.buffer(handle)), n)
	}
	return r, nil
}

// insert runs an INSERT (without FORMAT and data) over what body holds in
// format. midApply is called when all of body is handed over and nothing is
// confirmed yet. Nothing is inserted of a body or a midApply that ends in an
// error, unless the engine has written full blocks of it already.
func (c *connection) insert(sql []byte, format string, params []parameter, body io.Reader,
	midApply func() error) (*result, error) {
	text, n := cBytes(sql)
	name, fn := cBytes([]byte(format))
	p := newCParameters(params)
	a, b, d, e, count := p.pointers()
	stream := c.lib.insert(*c.handle, text, n, name, fn, a, b, d, e, count)
	runtime.KeepAlive(p)
	defer c.lib.insertFree(stream)
	if text := c.lib.insertError(stream); text != "" {
		return nil, newException(text)
	}
	if err := c.hand(stream, body); err != nil {
		return nil, err
	}
	if err := midApply(); err != nil {
		c.lib.insertCancel(stream)
		return nil, err
	}
	return c.result(c.lib.insertDone(stream))
}

// hand gives body to the stream in chunks. A chunk that the engine refuses is
// not an error here: its reason comes with the end of the stream.
func (c *connection) hand(stream uintptr, body io.Reader) error {
	chunk := make([]byte, 1<<20)
	for {
		n, err := io.ReadFull(body, chunk)
		if n > 0 && c.lib.insertAppend(stream, &chunk[0], uintptr(n)) != 0 {
			return nil
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return nil
		case err != nil:
			c.lib.insertCancel(stream)
			return err
		}
	}
}
