package pipeline

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"

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

const (
	// truncatedBytes is how much of a record that is too large its dead letter
	// keeps.
	truncatedBytes = 64 << 10
	// wholeBytes is the largest value that is kept whole, whatever the reason:
	// with key and headers it must fit into what the dead-letter topic takes,
	// or the commit that carries it could never succeed.
	wholeBytes = 6 << 20
)

// deadLetter is the record of the dead-letter topic: the original's key, value
// and headers on the same partition number, with the reason in headers that
// Kafka Connect's tools read too. Headers that are there already stay.
func (p *Pipeline) deadLetter(w *worker, r rejection) *kgo.Record {
	src := r.record
	out := &kgo.Record{Topic: p.cfg.Topics.DeadLetters, Partition: w.partition, Key: src.Key, Value: src.Value}
	add := func(key, value string) {
		for i := range src.Headers {
			if src.Headers[i].Key == key {
				return
			}
		}
		out.Headers = append(out.Headers, kgo.RecordHeader{Key: key, Value: []byte(value)})
	}
	topic := p.cfg.Inputs[r.input].Topic
	reason := r.reject.Reason.String()
	detail := r.reject.Detail
	if r.reject.Field != "" {
		detail = r.reject.Field + ": " + detail
	}
	add("__connect.errors.topic", topic)
	add("__connect.errors.partition", strconv.Itoa(int(src.Partition)))
	add("__connect.errors.offset", strconv.FormatInt(src.Offset, 10))
	add("__connect.errors.connector.name", "holdfast")
	add("__connect.errors.stage", stageOf(r))
	add("__connect.errors.class.name", "holdfast."+reason)
	add("__connect.errors.exception.class.name", "holdfast."+reason)
	add("__connect.errors.exception.message", detail)
	add("holdfast.dlq.reason", reason)
	add("holdfast.dlq.attempts", "1")
	add("holdfast.dlq.first_seen", p.cfg.Now().UTC().Format("2006-01-02T15:04:05.000000Z"))
	add("holdfast.dlq.version", "1")
	if r.reject.Reason == decode.TooLarge || len(src.Value) > wholeBytes {
		sum := sha256.Sum256(src.Value)
		add("holdfast.dlq.size", strconv.Itoa(len(src.Value)))
		add("holdfast.dlq.sha256", hex.EncodeToString(sum[:]))
		add("holdfast.dlq.truncated", strconv.FormatBool(len(src.Value) > truncatedBytes))
		out.Value = src.Value[:min(len(src.Value), truncatedBytes)]
	}
	size := 0
	for _, h := range src.Headers {
		if size += len(h.Key) + len(h.Value); size > truncatedBytes {
			add("holdfast.dlq.headers_truncated", "true")
			break
		}
		out.Headers = append(out.Headers, h)
	}
	if len(out.Key) > truncatedBytes {
		add("holdfast.dlq.key_truncated", "true")
		out.Key = out.Key[:truncatedBytes]
	}
	return out
}

func stageOf(r rejection) string {
	if r.reject.Reason == decode.TooLate {
		return "APPLY"
	}
	return "VALUE_CONVERTER"
}
