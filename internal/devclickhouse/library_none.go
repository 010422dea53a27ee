//go:build !linux || !amd64 || holdfast_static

package devclickhouse

import (
	"fmt"
	"io"
	"runtime"
)

type library struct{}

func supported() error {
	return fmt.Errorf("%w: this binary for %s/%s has no loader for the engine's library (it is there in linux/amd64 "+
		"builds without the tag holdfast_static); use a ClickHouse server instead", ErrUnsupported, runtime.GOOS,
		runtime.GOARCH)
}

func loadLibrary(string) (*library, error) { return nil, supported() }

func (*library) dial([]string) (*connection, error) { return nil, supported() }

type connection struct{}

func (*connection) close() {}

func (*connection) query([]byte, string, []parameter) (*result, error) { return nil, supported() }

func (*connection) insert([]byte, string, []parameter, io.Reader, func() error) (*result, error) {
	return nil, supported()
}
