package outbox

import (
	"bytes"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// FuzzDeadLetter: whatever a record holds, its letter fits into what the topic
// takes and says where it came from, in each form.
func FuzzDeadLetter(f *testing.F) {
	f.Add([]byte("key"), []byte("value"), "holdfast.dlq.reason", []byte("fine"), 1)
	f.Add([]byte(nil), []byte(nil), "", []byte(nil), 0)
	f.Add([]byte("k"), []byte("v"), "trace", []byte("1"), 3<<20)
	f.Fuzz(func(t *testing.T, key, value []byte, header string, headerValue []byte, repeat int) {
		repeat = max(1, min(repeat, 8<<20/(1+len(value))))
		record := &kgo.Record{Topic: "outbox", Key: key, Value: bytes.Repeat(value, repeat), Offset: 7,
			Headers: []kgo.RecordHeader{{Key: header, Value: headerValue}, {Key: header, Value: headerValue}}}
		for form := range letterFormEnd {
			out := deadLetter("dead", "memory", letter{
				record: record, value: record.Value, message: "m", exception: "e", stage: "s", seen: time.Unix(1, 0),
			}, form)
			size, seen := len(out.Key)+len(out.Value), map[string]string{}
			for _, h := range out.Headers {
				size += len(h.Key) + len(h.Value)
				seen[h.Key] = string(h.Value)
			}
			if size > wholeBytes+3*truncatedBytes+4<<10 {
				t.Fatalf("form %d: %d bytes", form, size)
			}
			if seen["holdfast.dlq.reason"] != reasonRowRejected || seen["__connect.errors.offset"] != "7" {
				t.Fatalf("form %d: headers %v", form, out.Headers)
			}
		}
	})
}
