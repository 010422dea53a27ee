package devclickhouse

import (
	"bytes"
	"errors"
	"io"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/ClickHouse/ch-go/compress"
)

func frames(t *testing.T, method compress.Method, parts ...[]byte) (out []byte, ends []int) {
	t.Helper()
	w := compress.NewWriter(compress.LevelZero, method)
	for _, part := range parts {
		if err := w.Compress(part); err != nil {
			t.Fatal(err)
		}
		out = append(out, w.Data...)
		ends = append(ends, len(out))
	}
	return out, ends
}

// A body cut anywhere but between two frames is an error and never a shorter
// body.
func TestCutFrames(t *testing.T) {
	parts := [][]byte{[]byte("first frame"), []byte("second frame"), bytes.Repeat([]byte("x"), 1000)}
	for _, method := range []compress.Method{compress.None, compress.LZ4, compress.ZSTD} {
		whole, ends := frames(t, method, parts...)
		want := map[int]string{0: ""}
		for i, end := range ends {
			want[end] = string(bytes.Join(parts[:i+1], nil))
		}
		for n := range len(whole) + 1 {
			got, err := io.ReadAll(newFrameReader(bytes.NewReader(whole[:n])))
			text, boundary := want[n]
			if boundary && (err != nil || string(got) != text) {
				t.Errorf("%s, %d bytes: got %q, error %v", method, n, got, err)
			}
			if !boundary && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%s, %d bytes: got error %v, want an unexpected end", method, n, err)
			}
		}
	}
}

func TestBrokenFrame(t *testing.T) {
	whole, _ := frames(t, compress.LZ4, []byte("a frame"))
	whole[len(whole)-1] ^= 1
	_, err := io.ReadAll(newFrameReader(bytes.NewReader(whole)))
	var e *exception
	if !errors.As(err, &e) || e.code != 271 {
		t.Errorf("got %v, want code 271", err)
	}
}

func TestBodySpillsAndIsBounded(t *testing.T) {
	dir := t.TempDir()
	f := func(n, limit int64) (read []byte, err error) {
		t.Helper()
		content := bytes.Repeat([]byte("0123456789abcdef"), int(n/16)+1)[:n]
		b, err := readBody(httptest.NewRequest("POST", "/", bytes.NewReader(content)), false, limit, dir)
		if err != nil {
			return nil, err
		}
		defer b.remove()
		if (b.file != nil) != (n >= memoryBodyBytes) || b.bytes != n {
			t.Errorf("%d bytes: counted %d, in a file: %v", n, b.bytes, b.file != nil)
		}
		read, err = io.ReadAll(b.reader([]byte("before ")))
		if !bytes.Equal(read, append([]byte("before "), content...)) {
			t.Errorf("%d bytes came back as %d others", n, len(read))
		}
		return read, err
	}
	for _, n := range []int64{0, 1, memoryBodyBytes - 1, memoryBodyBytes, memoryBodyBytes + 1, 3 * memoryBodyBytes} {
		if _, err := f(n, 3*memoryBodyBytes); err != nil {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	for _, n := range []int64{101, memoryBodyBytes + 1} {
		var e *exception
		if _, err := f(n, min(n-1, memoryBodyBytes)); !errors.As(err, &e) || e.code != 307 {
			t.Errorf("%d bytes over the limit: got %v, want code 307", n, err)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("files are left: %v, %v", left, err)
	}
}
