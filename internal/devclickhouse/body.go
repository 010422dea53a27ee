package devclickhouse

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/ClickHouse/ch-go/compress"
)

// memoryBodyBytes is how much of a body stays in memory; what follows goes to a
// temporary file.
const memoryBodyBytes = 8 << 20

// body is a request's whole body, decompressed. A body is read to its end
// before the engine sees any of it, so that a client that dies on the way has
// inserted nothing.
type body struct {
	memory []byte
	file   *os.File
	bytes  int64
}

// readBody reads r's body, of at most limit bytes. Temporary files go to dir.
func readBody(r *http.Request, framed bool, limit int64, dir string) (*body, error) {
	source, err := decodedBody(r, framed)
	if err != nil {
		return nil, err
	}
	source = io.LimitReader(source, limit+1)
	b := &body{}
	var memory bytes.Buffer
	n, err := io.CopyN(&memory, source, memoryBodyBytes)
	b.memory, b.bytes = memory.Bytes(), n
	if errors.Is(err, io.EOF) {
		err = nil
	} else if err == nil {
		err = b.spool(source, dir)
	}
	if err == nil && b.bytes > limit {
		err = refusal(307, "TOO_MANY_BYTES", "The request's body is longer than %d bytes", limit)
	}
	if err != nil {
		b.remove()
		return nil, fmt.Errorf("read the request's body: %w", err)
	}
	return b, nil
}

// spool puts the rest of source into a file that is removed when closed.
func (b *body) spool(source io.Reader, dir string) error {
	file, err := os.CreateTemp(dir, "body-")
	if err != nil {
		return fmt.Errorf("make a file for it: %w", err)
	}
	b.file = file
	if err := os.Remove(file.Name()); err != nil {
		return fmt.Errorf("unlink its file: %w", err)
	}
	n, err := io.Copy(file, source)
	b.bytes += n
	if err != nil {
		return err
	}
	_, err = file.Seek(0, io.SeekStart)
	return err
}

// remove frees the body's memory and removes its file.
func (b *body) remove() {
	if b.file != nil {
		_ = b.file.Close() // unlinked already
	}
	b.memory, b.file = nil, nil
}

// reader reads prefix and then the body, once.
func (b *body) reader(prefix []byte) io.Reader {
	parts := []io.Reader{bytes.NewReader(prefix), bytes.NewReader(b.memory)}
	if b.file != nil {
		parts = append(parts, b.file)
	}
	return io.MultiReader(parts...)
}

// all is the whole body in memory, for a statement's text.
func (b *body) all() ([]byte, error) {
	if b.file == nil {
		return b.memory, nil
	}
	rest, err := io.ReadAll(b.file)
	if err != nil {
		return nil, fmt.Errorf("read the body's file: %w", err)
	}
	return append(b.memory, rest...), nil
}

func decodedBody(r *http.Request, framed bool) (io.Reader, error) {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		return nil, refusal(48, "NOT_IMPLEMENTED",
			"External tables and other multipart bodies are not supported by the embedded engine")
	}
	var source io.Reader = r.Body
	switch encoding := r.Header.Get("Content-Encoding"); encoding {
	case "", "identity":
	case "gzip":
		unzipped, err := gzip.NewReader(source)
		if err != nil {
			return nil, refusal(354, "CANNOT_DECOMPRESS", "The body is not gzip: %v", err)
		}
		source = unzipped
	default:
		return nil, refusal(48, "NOT_IMPLEMENTED", "Content-Encoding %q is not one of gzip, identity", encoding)
	}
	if framed {
		source = newFrameReader(source)
	}
	return source, nil
}

// frameReader reads ClickHouse's compressed frames to the end of the source.
type frameReader struct {
	source *countingReader
	frames *compress.Reader
	whole  int64 // bytes of the source that were read as whole frames
}

func newFrameReader(source io.Reader) *frameReader {
	counted := &countingReader{source: bufio.NewReaderSize(source, 64<<10)}
	return &frameReader{source: counted, frames: compress.NewReader(counted)}
}

// Read ends with io.EOF between two frames only: the library under it reports
// a frame that is cut right after its header as a plain end.
func (f *frameReader) Read(p []byte) (int, error) {
	n, err := f.frames.Read(p)
	switch {
	case err == nil:
		f.whole = f.source.count
		return n, nil
	case errors.Is(err, io.EOF) && f.source.count == f.whole:
		return n, io.EOF
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return n, io.ErrUnexpectedEOF
	default:
		return n, refusal(271, "CANNOT_DECOMPRESS", "The body's compressed frames are broken: %v", err)
	}
}

type countingReader struct {
	source io.Reader
	count  int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.source.Read(p)
	c.count += int64(n)
	return n, err
}
