package lane

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
)

// A rejected record outlives the memory that it came in.
func TestCopyOfARecordSharesNothing(t *testing.T) {
	value := []byte("value")
	r := &kgo.Record{Key: []byte("key"), Value: value, Topic: "t", Partition: 3, Offset: 7,
		Headers: []kgo.RecordHeader{{Key: "h", Value: []byte("x")}}}
	c := copyOf(r)
	clear(value)
	r.Key[0], r.Headers[0].Value[0] = 0, 0
	if string(c.Key) != "key" || string(c.Value) != "value" || string(c.Headers[0].Value) != "x" || c.Offset != 7 ||
		c.Partition != 3 {
		t.Errorf("the copy changed: %+v", c)
	}
	if n := copyOf(&kgo.Record{}); n.Key != nil || n.Value != nil {
		t.Error("a null key or value must stay null")
	}
}
