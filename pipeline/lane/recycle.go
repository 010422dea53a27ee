package lane

import (
	"bytes"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"
)

// recycle gives the records of the batch that was just applied back to the
// client: nothing of them is needed any more but what goes to the dead-letter
// topic, which is copied.
func (l *Lane) recycle() {
	for i := l.copied; i < len(l.rejected); i++ {
		r := l.rejected[i].record
		l.rejected[i].record = copyOf(r)
		l.rejectedBytes += RecordBytes(r)
		r.Recycle()
	}
	l.copied = len(l.rejected)
	for _, r := range l.sources {
		r.Recycle()
	}
	clear(l.sources)
	l.sources = l.sources[:0]
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
