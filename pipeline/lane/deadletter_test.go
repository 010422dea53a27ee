package lane

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/event"
)

var letterTime = time.Date(2026, 3, 1, 10, 15, 30, 123456789, time.UTC)

// letterOf sets a record aside that came with the given headers, as bad_amount.
func letterOf(record kgo.Record, reason decode.Reason) *kgo.Record {
	c := &Commit{Partition: 3, topics: &Topics{DeadLetters: "dead"}, wall: event.Instant(letterTime.UnixMicro()),
		inputs: []Input{{Topic: strings.Repeat("t", 249)}}}
	record.Partition, record.Offset = 3, 7
	return c.deadLetter(&rejection{record: &record,
		reject: decode.Reject{Reason: reason, Field: "amount_net", Detail: "must not be negative"}})
}

// valuesOf are the values of all headers of a name.
func valuesOf(r *kgo.Record, key string) string {
	var values []string
	for _, h := range r.Headers {
		if h.Key == key {
			values = append(values, string(h.Value))
		}
	}
	return strings.Join(values, "|")
}

// TestHeadersOfOursAreReplaced sends a record with a complete set of forged
// headers: only what we say may stand in its dead letter.
func TestHeadersOfOursAreReplaced(t *testing.T) {
	var forged []kgo.RecordHeader
	for range 2 {
		for _, key := range []string{"topic", "partition", "offset", "connector.name", "stage", "class.name",
			"exception.class.name",
			"exception.message", "exception.stacktrace", "task.id", ""} {
			forged = append(forged, textHeader("__connect.errors."+key, "forged"))
		}
		for _, key := range []string{"reason", "attempts", "first_seen", "version", "size", "sha256", "truncated",
			"headers_truncated",
			"key_truncated", "of_later", ""} {
			forged = append(forged, textHeader("holdfast.dlq."+key, "forged"))
		}
	}
	kept := []kgo.RecordHeader{textHeader("trace", "1"), textHeader("trace", "2"), textHeader("ce_id", "e-1"),
		{Key: "null"},
		textHeader("", ""), textHeader("holdfast.dlq", "x"), textHeader("holdfast.dlqs.reason", "x"),
		textHeader("Holdfast.dlq.reason", "x"),
		textHeader("connect.errors.topic", "x")}
	letter := letterOf(kgo.Record{Value: []byte("{}"), Headers: append(append(forged, kept...), forged...)},
		decode.BadAmount)
	want := map[string]string{
		"__connect.errors.topic": strings.Repeat("t", 249), "__connect.errors.partition": "3", "__connect.errors.offset": "7",
		"__connect.errors.connector.name": "holdfast", "__connect.errors.stage": "VALUE_CONVERTER",
		"__connect.errors.class.name": "holdfast.bad_amount", "__connect.errors.exception.class.name": "holdfast.bad_amount",
		"__connect.errors.exception.message": "amount_net: must not be negative",
		"holdfast.dlq.reason":                "bad_amount", "holdfast.dlq.attempts": "1", "holdfast.dlq.version": "1",
		"holdfast.dlq.first_seen": "2026-03-01T10:15:30.123456Z",
	}
	for _, h := range letter.Headers {
		if isOwn(h.Key) && want[h.Key] == "" {
			t.Errorf("header %s: %q is kept", h.Key, h.Value)
		}
	}
	for key, value := range want {
		if got := valuesOf(letter, key); got != value {
			t.Errorf("%s: got %q, want %q", key, got, value)
		}
	}
	if got := letter.Headers[len(letter.Headers)-len(kept):]; fmt.Sprint(got) != fmt.Sprint(kept) {
		t.Errorf("other headers: got %v, want %v", got, kept)
	}
}

// TestAttemptsCountOn holds attempts and first_seen of a record that was a dead
// letter before, or says so.
func TestAttemptsCountOn(t *testing.T) {
	const now = "2026-03-01T10:15:30.123456Z"
	for _, c := range []struct{ attempts, firstSeen, wantAttempts, wantFirstSeen string }{
		{"1", "2026-02-01T00:00:00.000000Z", "2", "2026-02-01T00:00:00.000000Z"},
		{"41", now, "42", now},
		{"7", "2026-02-01T01:00:00.1234567+01:00", "8", "2026-02-01T00:00:00.123456Z"},
		{"999999", "1990-01-01T00:00:00Z", "1000000", "1990-01-01T00:00:00.000000Z"},
		{"1000000", "2026-03-01T10:15:30.123457Z", "1000000", now}, // the future
		{"1000001", "2026-03-01T10:15:30.123456999Z", "1", now},
		{"0", "2999-01-01T00:00:00Z", "1", now},
		{"-1", "1989-12-31T23:59:59Z", "1", now},
		{"+1", "0001-01-01T00:00:00Z", "1", now},
		{"01", "2026-02-30T00:00:00Z", "1", now},
		{" 1", "2026-02-01", "1", now},
		{"1.5", "yesterday", "1", now},
		{"9223372036854775807", "1769904000", "1", now},
		{"9223372036854775808", "", "1", now},
		{"", "2026-02-01T00:00:00.000000Z\x00", "1", now},
		{strings.Repeat("1", 1<<16), strings.Repeat("2026-02-01T00:00:00Z", 1<<12), "1", now},
	} {
		letter := letterOf(kgo.Record{Headers: []kgo.RecordHeader{textHeader("holdfast.dlq.attempts", c.attempts),
			textHeader("holdfast.dlq.first_seen", c.firstSeen)}}, decode.BadAmount)
		a, f := valuesOf(letter, "holdfast.dlq.attempts"), valuesOf(letter, "holdfast.dlq.first_seen")
		if a != c.wantAttempts || f != c.wantFirstSeen {
			t.Errorf("%.40q, %.40q: got %s, %s, want %s, %s", c.attempts, c.firstSeen, a, f, c.wantAttempts, c.wantFirstSeen)
		}
	}
	letter := letterOf(kgo.Record{}, decode.BadAmount)
	for times := 2; times < 5; times++ { // its own headers, sent again
		letter = letterOf(kgo.Record{Headers: letter.Headers}, decode.BadAmount)
		if got := valuesOf(letter, "holdfast.dlq.attempts"); got != fmt.Sprint(times) || len(letter.Headers) != 12 {
			t.Errorf("time %d: %s attempts in %d headers", times, got, len(letter.Headers))
		}
	}
}

// TestDeadLettersFitTheirTopic sends the largest records that there can be.
func TestDeadLettersFitTheirTopic(t *testing.T) {
	const topicBytes = 8 << 20 // max.message.bytes of the dead-letter topic
	const batchOverhead = 70
	many := func(n, key, value int) []kgo.RecordHeader {
		headers := make([]kgo.RecordHeader, n)
		for i := range headers {
			headers[i] = kgo.RecordHeader{Key: strings.Repeat("k", key), Value: bytes.Repeat([]byte("v"), value)}
		}
		return headers
	}
	ours := many(100_000, 0, 40)
	for i := range ours {
		ours[i].Key = fmt.Sprintf("holdfast.dlq.x%d", i)
	}
	for name, headers := range map[string][]kgo.RecordHeader{"none": nil, "a million empty": many(1_000_000, 0, 0),
		"a million small": many(1_000_000, 1, 1),
		"one huge name":   many(1, 20<<20, 0), "one huge value": many(1, 0, 20<<20), "some large": many(100, 10, 60<<10),
		"ours":             ours,
		"huge, then small": append(many(1, 0, 20<<20), textHeader("trace", "1"))} {
		for _, value := range []int{0, 1 << 20, wholeBytes, wholeBytes + 1, 9 << 20} {
			for _, key := range []int{0, 100, 2 << 20} {
				letter := letterOf(kgo.Record{Key: make([]byte, key), Value: make([]byte, value), Headers: headers},
					decode.BadAmount)
				if size := recordBytes(letter) + batchOverhead; size > topicBytes {
					t.Errorf("headers %s, value %d, key %d: %d bytes", name, value, key, size)
				}
				if value <= wholeBytes && len(letter.Value) != value || value > wholeBytes && len(letter.Value) != truncatedBytes {
					t.Errorf("value of %d bytes: %d are kept", value, len(letter.Value))
				}
				truncated := valuesOf(letter, "holdfast.dlq.headers_truncated") == "true"
				if truncated != (name != "none" && name != "ours") {
					t.Errorf("headers %s: truncated is %v", name, truncated)
				}
				if name == "huge, then small" && valuesOf(letter, "trace") != "1" {
					t.Error("a small header is gone with a large one")
				}
			}
		}
	}
}

// recordBytes is the size of a record as Kafka's protocol writes it.
func recordBytes(r *kgo.Record) int {
	wire := kmsg.Record{Key: r.Key, Value: r.Value}
	for _, h := range r.Headers {
		wire.Headers = append(wire.Headers, kmsg.Header{Key: h.Key, Value: h.Value})
	}
	return len(wire.AppendTo(nil))
}
