package state

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/holdfast/holdfast/pipeline/event"
)

// TestSpansComeBack: every span is read as it was written, and those of whole
// seconds and milliseconds are short.
func TestSpansComeBack(t *testing.T) {
	check := func(span event.Instant, longest int) {
		t.Helper()
		b := AppendSpan(nil, span)
		r := NewReader(b)
		if got := r.Span(); got != span || r.Bad() || r.More() || len(b) > longest {
			t.Errorf("span %d comes back as %d from %x", span, got, b)
		}
		for n := range b {
			if r := NewReader(b[:n]); r.Span() != 0 || !r.Bad() {
				t.Errorf("span %d cut to %d bytes is read", span, n)
			}
		}
	}
	check(0, 1)
	check(-30*event.Second, 1+1)
	check(14*event.Day24h, 4)
	check(14*event.Day24h+event.Millisecond, 5)
	check(-1<<63, 9)
	check(1<<63-1, 9)
	rapid.Check(t, func(t *rapid.T) {
		span := event.Instant(rapid.Int64().Draw(t, "span"))
		r := NewReader(AppendSpan(nil, span))
		if got := r.Span(); got != span {
			t.Fatalf("span %d comes back as %d", span, got)
		}
	})
}
