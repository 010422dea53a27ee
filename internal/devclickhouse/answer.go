package devclickhouse

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/ClickHouse/ch-go/compress"
	chproto "github.com/ClickHouse/ch-go/proto"
	"github.com/ClickHouse/clickhouse-go/v2/lib/column"
	"github.com/ClickHouse/clickhouse-go/v2/lib/proto"
)

// frameBytes is the most that one compressed frame of an answer holds.
const frameBytes = 1 << 20

// contentTypes of the formats that browsers and tools care about.
var contentTypes = map[string]string{
	"json": "application/json; charset=UTF-8", "jsoncompact": "application/json; charset=UTF-8",
	"jsoneachrow": "application/x-ndjson; charset=UTF-8", "csv": "text/csv; charset=UTF-8",
	"csvwithnames": "text/csv; charset=UTF-8", "native": "application/octet-stream",
	"rowbinary": "application/octet-stream", "parquet": "application/octet-stream",
}

// writeResult answers with r. Native blocks are written at the client's
// revision; the engine writes them at revision 0.
func writeResult(w http.ResponseWriter, q *request, stmt *statement, r *result) error {
	format := stmt.outputFormat
	if format == "" {
		format = q.format
	}
	h := w.Header()
	h.Set("X-ClickHouse-Format", format)
	h.Set("X-ClickHouse-Timezone", "UTC")
	if q.queryID != "" {
		h.Set("X-ClickHouse-Query-Id", q.queryID)
	}
	h.Set("X-ClickHouse-Summary", fmt.Sprintf(`{"read_rows":"%d","read_bytes":"%d","written_rows":"%d"}`, r.rowsRead,
		r.bytesRead, r.rowsWritten))
	contentType := contentTypes[strings.ToLower(format)]
	if contentType == "" {
		contentType = "text/plain; charset=UTF-8"
	}
	h.Set("Content-Type", contentType)
	if len(r.data) == 0 {
		h.Set("Content-Length", "0")
		w.WriteHeader(http.StatusOK)
		return nil
	}
	var out io.Writer = w
	if q.compress == "LZ4" || q.compress == "ZSTD" {
		out = newFrameWriter(w, q.compress)
	}
	if q.revision > 0 && strings.EqualFold(format, "Native") {
		return writeBlocks(out, r.data, q.revision)
	}
	if _, err := out.Write(r.data); err != nil {
		abort()
	}
	return nil
}

// abort drops the connection: the answer has begun and cannot become an error.
func abort() { panic(http.ErrAbortHandler) }

// writeBlocks writes the blocks of native, which are at revision 0, at
// revision. An error means that nothing was written.
func writeBlocks(w io.Writer, native []byte, revision uint64) error {
	reader := chproto.NewReader(bytes.NewReader(native))
	var buffer chproto.Buffer
	for first := true; ; first = false {
		block := proto.Block{ServerContext: &column.ServerContext{Revision: revision, Timezone: time.UTC}}
		err := block.Decode(reader, 0)
		var inside *proto.BlockError
		if errors.Is(err, io.EOF) && !errors.As(err, &inside) {
			return nil
		}
		if err == nil {
			buffer.Reset()
			err = block.Encode(&buffer, revision)
		}
		if err != nil && first {
			return refusal(50, "UNKNOWN_TYPE", "The embedded engine's front end cannot pass on this result as Native: %v", err)
		}
		if err != nil {
			abort()
		}
		if _, err := w.Write(buffer.Buf); err != nil {
			abort()
		}
	}
}

// frameWriter writes ClickHouse's compressed frames.
type frameWriter struct {
	out    io.Writer
	frames *compress.Writer
}

func newFrameWriter(out io.Writer, method string) *frameWriter {
	m := compress.LZ4
	if method == "ZSTD" {
		m = compress.ZSTD
	}
	return &frameWriter{out: out, frames: compress.NewWriter(compress.LevelZero, m)}
}

func (f *frameWriter) Write(p []byte) (int, error) {
	for at := 0; at < len(p); at += frameBytes {
		if err := f.frames.Compress(p[at:min(at+frameBytes, len(p))]); err != nil {
			return at, fmt.Errorf("compress the answer: %w", err)
		}
		if _, err := f.out.Write(f.frames.Data); err != nil {
			return at, fmt.Errorf("send the answer: %w", err)
		}
	}
	return len(p), nil
}
