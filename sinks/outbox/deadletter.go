package outbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// reasonRowRejected is the reject reason of everything that cannot be loaded.
const reasonRowRejected = "row_rejected"

// Sizes of dead letters: those of the process's own, which share the topic.
const (
	// largeBatchBytes is what the dead-letter topic takes (schemas/topics).
	largeBatchBytes = 8 << 20
	// wholeBytes is the largest value that is kept whole: with key and headers
	// it must fit into a batch.
	wholeBytes = 6 << 20
	// truncatedBytes is how much of a larger value, of a key and of the
	// original's headers is kept.
	truncatedBytes = 64 << 10
)

// letterForm is how much of a record its dead letter keeps.
type letterForm uint8

const (
	formWhole     letterForm = iota // the value, if it is of a usual size
	formTruncated                   // the value's beginning
	formBare                        // the reason and the position, nothing of the record
	letterFormEnd
)

// errLetterRefused says that Kafka does not take a dead letter for what it is.
var errLetterRefused = errors.New("dead letter refused")

// deadLetterPartitioner puts a letter on the partition that it names. What is
// set aside may name any shard, and one that the topic does not have must hold
// nothing up.
var deadLetterPartitioner = kgo.BasicConsistentPartitioner(func(string) func(*kgo.Record, int) int {
	return func(r *kgo.Record, n int) int { return int(uint32(r.Partition)) % n }
})

// letter is what cannot be loaded and why.
type letter struct {
	record    *kgo.Record // the outbox record that it came with
	value     []byte      // a block: the record's value, or one row of it
	partition int32       // of the dead-letter topic
	stage     string
	exception string // kind of error
	message   string // in words, without anything of the row
	attempts  int
	seen      time.Time
}

// deadLetter makes the record: the headers of Kafka Connect, our own, and then
// the original's. Where the original has one of those names already, it is left
// out: a reader must not take it for ours.
func deadLetter(topic, sink string, l letter, form letterForm) *kgo.Record {
	out := &kgo.Record{Topic: topic, Partition: l.partition}
	ours := map[string]bool{}
	add := func(key, value string) {
		ours[key] = true
		out.Headers = append(out.Headers, kgo.RecordHeader{Key: key, Value: []byte(value)})
	}
	add("__connect.errors.topic", l.record.Topic)
	add("__connect.errors.partition", strconv.Itoa(int(l.record.Partition)))
	add("__connect.errors.offset", strconv.FormatInt(l.record.Offset, 10))
	add("__connect.errors.connector.name", "holdfast")
	add("__connect.errors.stage", l.stage)
	add("__connect.errors.class.name", "sinks/"+sink)
	add("__connect.errors.exception.class.name", l.exception)
	add("__connect.errors.exception.message", l.message)
	add("holdfast.dlq.reason", reasonRowRejected)
	add("holdfast.dlq.attempts", strconv.Itoa(l.attempts))
	add("holdfast.dlq.first_seen", l.seen.UTC().Format(time.RFC3339Nano))
	add("holdfast.dlq.version", "1")
	if form != formWhole || len(l.value) > wholeBytes {
		sum := sha256.Sum256(l.value)
		add("holdfast.dlq.size", strconv.Itoa(len(l.value)))
		add("holdfast.dlq.sha256", hex.EncodeToString(sum[:]))
	}
	if form == formBare {
		add("holdfast.dlq.truncated", "true")
		return out
	}
	out.Key, out.Value = l.record.Key, l.value
	if form == formTruncated || len(l.value) > wholeBytes {
		add("holdfast.dlq.truncated", strconv.FormatBool(len(l.value) > truncatedBytes))
		out.Value = l.value[:min(len(l.value), truncatedBytes)]
	}
	if len(out.Key) > truncatedBytes {
		add("holdfast.dlq.key_truncated", "true")
		out.Key = out.Key[:truncatedBytes]
	}
	size, kept := 0, []kgo.RecordHeader(nil)
	for _, h := range l.record.Headers {
		if size += len(h.Key) + len(h.Value); size > truncatedBytes {
			add("holdfast.dlq.headers_truncated", "true")
			break
		}
		kept = append(kept, h)
	}
	for _, h := range kept {
		if !ours[h.Key] {
			out.Headers = append(out.Headers, h)
		}
	}
	return out
}

// setAside brings a letter to the dead-letter topic and returns when it is
// there. A letter may come twice. One that Kafka refuses for what it is goes
// with less of the record, and if not even its reason is taken, it is counted
// and logged: what cannot be loaded must not keep back what can. The record
// itself stays in the outbox for as long as the topic keeps it.
func (w *worker) setAside(ctx context.Context, l letter) error {
	var err error
	for form := range letterFormEnd {
		err = w.send(ctx, deadLetter(w.loader.config.DeadLetterTopic, w.loader.sink.Name(), l, form))
		if err == nil {
			w.loader.metrics.deadLetters.WithLabelValues(l.record.Topic, "load").Inc()
			return nil
		}
		if !errors.Is(err, errLetterRefused) {
			return err
		}
	}
	w.loader.metrics.lettersRefused.Inc()
	sum := sha256.Sum256(l.value)
	w.loader.log.Error("dead letter refused: going on without it",
		"partition", l.record.Partition, "offset", l.record.Offset,
		"bytes", len(l.value), "sha256", hex.EncodeToString(sum[:]), "problem", clip(err.Error()),
		"fix", "put max.message.bytes of the dead-letter topic right; the outbox keeps the record until its retention ends")
	return nil
}

// send produces until the record is there. It returns errLetterRefused where
// Kafka will never take this record; all else (no broker, no topic, no right) is
// waited for.
func (w *worker) send(ctx context.Context, record *kgo.Record) error {
	return w.persist(func() (*Failure, error) {
		err := w.client.ProduceSync(ctx, record).FirstErr()
		if err == nil {
			return nil, nil
		}
		err = fmt.Errorf("produce to %s: %w", record.Topic, err)
		for _, final := range []error{kerr.MessageTooLarge, kerr.RecordListTooLarge, kerr.InvalidRecord} {
			if errors.Is(err, final) {
				return nil, fmt.Errorf("%w: %w", errLetterRefused, err)
			}
		}
		return notWritten(err), nil
	})
}
