package pipeline

import (
	"bytes"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"
)

// recycle gives the records of the batch that was just applied back to the
// client: nothing of them is needed any more but what goes to the dead-letter
// topic, which is copied.
func (w *worker) recycle() {
	for i := w.copied; i < len(w.rejected); i++ {
		r := w.rejected[i].record
		w.rejected[i].record = copyOf(r)
		w.rejectedBytes += bytesOf(r)
		r.Recycle()
	}
	w.copied = len(w.rejected)
	for _, r := range w.sources {
		r.Recycle()
	}
	clear(w.sources)
	w.sources = w.sources[:0]
}

// copyOf is a record that shares no memory with the one given.
func copyOf(r *kgo.Record) *kgo.Record {
	c := *r
	c.Context = nil
	c.Key, c.Value = bytes.Clone(r.Key), bytes.Clone(r.Value)
	c.Headers = headersOf(r)
	return &c
}

// headersOf is a copy of a record's headers.
func headersOf(r *kgo.Record) []kgo.RecordHeader {
	if len(r.Headers) == 0 {
		return nil
	}
	headers := make([]kgo.RecordHeader, len(r.Headers))
	for i, h := range r.Headers {
		headers[i] = kgo.RecordHeader{Key: strings.Clone(h.Key), Value: bytes.Clone(h.Value)}
	}
	return headers
}
