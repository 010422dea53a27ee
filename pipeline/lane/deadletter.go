package lane

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline/decode"
)

// rejection is a record that could not be taken, with the reason.
type rejection struct {
	input       int
	record      *kgo.Record
	reject      decode.Reject
	undecodable bool // the record itself could not be read: position only
}

// Rejected says of a dead letter what is counted.
type Rejected struct {
	Input  int
	Reason decode.Reason
	Stage  string // "APPLY" or "VALUE_CONVERTER"
}

const (
	// truncatedBytes is how much of a record that is too large its dead letter
	// keeps.
	truncatedBytes = 64 << 10
	// wholeBytes is the largest value that is kept whole, whatever the reason:
	// with key and headers it must fit into what the dead-letter topic takes,
	// or the commit that carries it could never succeed.
	wholeBytes = 6 << 20
	// headerOverhead is what a header takes beside its name and value, in
	// bytes, at most: two lengths.
	headerOverhead = 10
	// maxAttempts bounds the count of attempts.
	maxAttempts = 1_000_000
)

// ownHeaders are the beginnings of the names that only we may give to headers
// of a dead letter. Whoever sends a record may have given them before.
var ownHeaders = []string{"holdfast.dlq.", "__connect.errors."}

// isOwn reports whether a header is of those that say why a record is a dead
// letter.
func isOwn(key string) bool {
	return slices.ContainsFunc(ownHeaders, func(prefix string) bool { return strings.HasPrefix(key, prefix) })
}

// deadLetter is the record of the dead-letter topic: the original's key, value
// and headers on the same partition number, with the reason in headers that
// Kafka Connect's tools read too. Where the original has such headers, as one
// that was a dead letter before, they are replaced: the attempts are counted
// on, and when it was first seen stays.
func (c *Commit) deadLetter(r *rejection) *kgo.Record {
	src := r.record
	out := &kgo.Record{Topic: c.topics.DeadLetters, Partition: c.Partition, Key: src.Key, Value: src.Value}
	out.Headers = append(out.Headers, c.reasonHeaders(r)...)
	if r.reject.Reason == decode.TooLarge || len(src.Value) > wholeBytes {
		sum := sha256.Sum256(src.Value)
		out.Headers = append(out.Headers, textHeader("holdfast.dlq.size", strconv.Itoa(len(src.Value))),
			textHeader("holdfast.dlq.sha256", hex.EncodeToString(sum[:])),
			textHeader("holdfast.dlq.truncated", strconv.FormatBool(len(src.Value) > truncatedBytes)))
		out.Value = src.Value[:min(len(src.Value), truncatedBytes)]
	}
	if len(out.Key) > truncatedBytes {
		out.Headers = append(out.Headers, textHeader("holdfast.dlq.key_truncated", "true"))
		out.Key = out.Key[:truncatedBytes]
	}
	originals, truncated := originalHeaders(src.Headers)
	if truncated {
		out.Headers = append(out.Headers, textHeader("holdfast.dlq.headers_truncated", "true"))
	}
	out.Headers = append(out.Headers, originals...)
	return out
}

func textHeader(key, value string) kgo.RecordHeader {
	return kgo.RecordHeader{Key: key, Value: []byte(value)}
}

// reasonHeaders say where a record comes from and why it was not taken.
func (c *Commit) reasonHeaders(r *rejection) []kgo.RecordHeader {
	src, reason, detail := r.record, r.reject.Reason.String(), r.reject.Detail
	if r.reject.Field != "" {
		detail = r.reject.Field + ": " + detail
	}
	now := time.UnixMicro(int64(c.wall))
	return []kgo.RecordHeader{
		textHeader("__connect.errors.topic", c.inputs[r.input].Topic),
		textHeader("__connect.errors.partition", strconv.Itoa(int(src.Partition))),
		textHeader("__connect.errors.offset", strconv.FormatInt(src.Offset, 10)),
		textHeader("__connect.errors.connector.name", "holdfast"),
		textHeader("__connect.errors.stage", stageOf(*r)),
		textHeader("__connect.errors.class.name", "holdfast."+reason),
		textHeader("__connect.errors.exception.class.name", "holdfast."+reason),
		textHeader("__connect.errors.exception.message", detail),
		textHeader("holdfast.dlq.reason", reason),
		textHeader("holdfast.dlq.attempts", strconv.Itoa(attempts(src.Headers))),
		textHeader("holdfast.dlq.first_seen", firstSeen(src.Headers, now).UTC().Format("2006-01-02T15:04:05.000000Z")),
		textHeader("holdfast.dlq.version", "1"),
	}
}

// originalHeaders are the headers that stay: all that are not ours, as far as
// there is room for them.
func originalHeaders(all []kgo.RecordHeader) (kept []kgo.RecordHeader, truncated bool) {
	size := 0
	for _, h := range all {
		if isOwn(h.Key) {
			continue
		}
		n := len(h.Key) + len(h.Value) + headerOverhead
		if size+n > truncatedBytes {
			truncated = true
			continue
		}
		size += n
		kept = append(kept, h)
	}
	return kept, truncated
}

// attempts counts how often a record was set aside, this time included.
func attempts(headers []kgo.RecordHeader) int {
	text := onlyHeader(headers, "holdfast.dlq.attempts")
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxAttempts || text != strconv.Itoa(n) {
		return 1
	}
	return min(n+1, maxAttempts)
}

// firstSeen is when a record was set aside for the first time: now, unless an
// earlier dead letter of it says otherwise.
func firstSeen(headers []kgo.RecordHeader, now time.Time) time.Time {
	before, ok := decode.ParseInstant([]byte(onlyHeader(headers, "holdfast.dlq.first_seen")))
	if !ok || before < decode.DefaultMinEventTime || int64(before) > now.UnixMicro() {
		return now
	}
	return time.UnixMicro(int64(before))
}

// onlyHeader is the value of a header that stands once. A dead letter never has
// two of a name.
func onlyHeader(headers []kgo.RecordHeader, key string) (value string) {
	found := 0
	for i := range headers {
		if headers[i].Key == key {
			value = string(headers[i].Value)
			found++
		}
	}
	if found != 1 || len(value) > 64 {
		return ""
	}
	return value
}

func stageOf(r rejection) string {
	if r.reject.Reason == decode.TooLate {
		return "APPLY"
	}
	return "VALUE_CONVERTER"
}
