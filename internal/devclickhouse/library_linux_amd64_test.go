//go:build linux && amd64 && !holdfast_static

package devclickhouse

import (
	"errors"
	"strings"
	"testing"
)

func TestOldProcessor(t *testing.T) {
	if err := supportedWith(true, true); err != nil {
		t.Error(err)
	}
	if err := supportedWith(true, false); !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), "AVX2") {
		t.Errorf("got %v, want ErrUnsupported with AVX2", err)
	}
}
