package clickhouse

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// reasonRowRejected is the reject reason of everything that cannot be loaded.
const reasonRowRejected = "row_rejected"

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

// deadLetter makes the record: the original's headers, then those of Kafka
// Connect and our own. A header that is there already is not overwritten.
func deadLetter(topic string, l letter) *kgo.Record {
	headers := append([]kgo.RecordHeader(nil), l.record.Headers...)
	add := func(key, value string) {
		for _, h := range headers {
			if h.Key == key {
				return
			}
		}
		headers = append(headers, kgo.RecordHeader{Key: key, Value: []byte(value)})
	}
	add("__connect.errors.topic", l.record.Topic)
	add("__connect.errors.partition", strconv.Itoa(int(l.record.Partition)))
	add("__connect.errors.offset", strconv.FormatInt(l.record.Offset, 10))
	add("__connect.errors.connector.name", "holdfast")
	add("__connect.errors.stage", l.stage)
	add("__connect.errors.class.name", "sinks/clickhouse")
	add("__connect.errors.exception.class.name", l.exception)
	add("__connect.errors.exception.message", l.message)
	add("holdfast.dlq.reason", reasonRowRejected)
	add("holdfast.dlq.attempts", strconv.Itoa(l.attempts))
	add("holdfast.dlq.first_seen", l.seen.UTC().Format(time.RFC3339Nano))
	add("holdfast.dlq.version", "1")
	return &kgo.Record{Topic: topic, Partition: l.partition, Key: l.record.Key, Value: l.value, Headers: headers}
}

// setAside brings a letter to the dead-letter topic and returns when it is
// there. A letter may come twice, never not at all.
func (w *worker) setAside(ctx context.Context, l letter) error {
	record := deadLetter(w.loader.config.DeadLetterTopic, l)
	for pace := w.loader.pace(); ; {
		err := w.client.ProduceSync(ctx, record).FirstErr()
		if err == nil {
			w.loader.metrics.deadLetters.WithLabelValues(l.record.Topic, "load").Inc()
			return nil
		}
		err = fmt.Errorf("produce to %s: %w", record.Topic, err)
		if err := w.retry(ctx, pace, unreachable, err); err != nil {
			return err
		}
	}
}
