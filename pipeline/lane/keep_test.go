package lane

import (
	"bytes"
	"context"
	"fmt"
	"hash/crc32"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/decode/json"
	"github.com/holdfast/holdfast/pipeline/event"
)

// TestWhatWaitsHoldsNoBatch: records that go on waiting are copied where they
// hold more than themselves, and what they held is given back.
func TestWhatWaitsHoldsNoBatch(t *testing.T) {
	for name, c := range map[string]struct {
		codec  kgo.CompressionCodec
		short  bool
		copies int
	}{
		"packed":                    {kgo.Lz4Compression(), false, 0},
		"packed, memory short":      {kgo.Lz4Compression(), true, 3},
		"never packed":              {kgo.NoCompression(), false, 3},
		"never packed, room enough": {kgo.NoCompression(), true, 3},
	} {
		pool := &pool{}
		records := pool.fetched(t, c.codec)
		q := &queue{}
		for _, r := range records {
			q.push(r, nil, time.Now())
		}
		q.pop(1) // applied
		records[0].Recycle()
		if got := q.keep(c.short, func(*event.Event) {}); got != c.copies {
			t.Errorf("%s: %d copies, want %d", name, got, c.copies)
		}
		if got := q.keep(c.short, func(*event.Event) {}); got != 0 {
			t.Errorf("%s: %d more copies of the same", name, got)
		}
		for i, item := range q.waiting() {
			r := item.record
			if want := fmt.Sprintf("value %d", i+1); string(r.Value) != want || r.Key != nil || r.Offset != int64(i+1) ||
				len(r.Headers) != 1 || string(r.Headers[0].Value) != "h" {
				t.Errorf("%s: record %d is %q, key %q, offset %d, headers %v", name, i, r.Value, r.Key, r.Offset, r.Headers)
			}
		}
		if used := pool.lent; (used == 0) != (c.copies > 0) {
			t.Errorf("%s: %d rooms are in use with %d copies", name, used, c.copies)
		}
	}
}

// pool lends a client memory, and counts what is not given back.
type pool struct{ lent int }

func (p *pool) GetDecompressBytes([]byte, kgo.CompressionCodecType) []byte {
	p.lent++
	return nil
}

func (p *pool) PutDecompressBytes([]byte) { p.lent-- }

func (p *pool) GetRecords(n int) []kgo.Record {
	p.lent++
	return make([]kgo.Record, 0, n)
}

func (p *pool) PutRecords([]kgo.Record) { p.lent-- }

// fetched are four records as the client makes them of an answer.
func (p *pool) fetched(t *testing.T, codec kgo.CompressionCodec) []*kgo.Record {
	t.Helper()
	batch := batchOf(t, codec, 4)
	processed, _ := kgo.ProcessFetchPartition(kgo.ProcessFetchPartitionOpts{Topic: "t", Pools: []kgo.Pool{p}},
		&kmsg.FetchResponseTopicPartition{RecordBatches: batch}, kgo.DefaultDecompressor(p), nil)
	if processed.Err != nil || len(processed.Records) != 4 {
		t.Fatal(processed.Err, len(processed.Records))
	}
	return processed.Records
}

// batchOf encodes a batch of n records without keys, "value 0" and so on.
func batchOf(t *testing.T, codec kgo.CompressionCodec, n int) []byte {
	t.Helper()
	var raw []byte
	for i := range n {
		record := kmsg.Record{OffsetDelta: int32(i), Key: nil, Value: fmt.Appendf(nil, "value %d", i),
			Headers: []kmsg.Header{{Key: "k", Value: []byte("h")}}}
		body := record.AppendTo(nil)
		record.Length = int32(len(body) - 1)
		raw = record.AppendTo(raw)
	}
	compressor, err := kgo.DefaultCompressor(codec)
	if err != nil {
		t.Fatal(err)
	}
	attributes := int16(0)
	if compressor != nil {
		packed, kind := compressor.Compress(&bytes.Buffer{}, raw)
		raw, attributes = slices.Clone(packed), int16(kind)
	}
	batch := kmsg.RecordBatch{Magic: 2, Attributes: attributes, LastOffsetDelta: int32(n - 1), ProducerID: -1,
		ProducerEpoch: -1,
		NumRecords:    int32(n), Records: raw}
	encoded := batch.AppendTo(nil)
	batch.Length = int32(len(encoded) - 12)
	batch.CRC = int32(crc32.Checksum(batch.AppendTo(nil)[21:], crc32.MakeTable(crc32.Castagnoli)))
	return batch.AppendTo(nil)
}

// TestEventsHoldNoMemory: where memory is short, what a client has dropped the rest of
// is held by nothing once it has been applied, copied or let go, also in a lane that
// has nothing more to do.
func TestEventsHoldNoMemory(t *testing.T) {
	const wall event.Instant = 1_800_000_000_000_000
	apply := func(l *Lane) {
		l.admit(0, len(l.queues[0].waiting()), wall)
		l.recycle()
	}
	for name, then := range map[string]func(l *Lane){
		"applied at once": func(l *Lane) { l.read(0, wall); apply(l) },
		"waits":           func(l *Lane) { decodedAhead(l, wall) },
		"waits, applied":  func(l *Lane) { decodedAhead(l, wall); apply(l) },
		"waits, applied by an earlier wall": func(l *Lane) {
			decodedAhead(l, wall)
			l.admit(0, 1, wall-2*event.Day24h)
			l.recycle()
		},
		"waits, read again": func(l *Lane) { decodedAhead(l, wall); l.Seek(time.Now()) },
	} {
		l := merging(1)
		decoder, err := json.New(decode.Config{Type: event.Visit, MaxFuture: event.Hour, MaxValueBytes: 1 << 20})
		if err != nil {
			t.Fatal(err)
		}
		l.inputs[0].decoder, l.inputs[1].decoder = decoder, decoder
		freed := make(chan struct{})
		l.Take(0, []*kgo.Record{fetchedVisit(wall-event.Day24h, freed)}, time.Now())
		then(l)
		l.KeepWaiting(true)
		if !isClosedByCollector(freed) {
			t.Errorf("%s: the bytes of the event are still held", name)
		}
		runtime.KeepAlive(l)
	}
}

// decodedAhead decodes what waits in the first input as it is done where more waits
// before it. Another event has room in the same memory, and stays.
func decodedAhead(l *Lane, wall event.Instant) {
	item := &l.queues[0].waiting()[0]
	l.decodeAhead(0, item, wall)
	if l.queues[0].timed++; item.event == nil {
		panic("it waits undecoded")
	}
}

// fetchedVisit is a record as fetched, whose bytes say when they are collected.
func fetchedVisit(at event.Instant, freed chan struct{}) *kgo.Record {
	value := []byte(`{"schema_version":1,"event_id":"e","event_type":"visit","kind":"session","customer_id":"anna",` +
		`"occurred_at":"2026-10-01T08:00:00Z"}`)
	runtime.AddCleanup(&value[0], func(freed chan struct{}) { close(freed) }, freed)
	return &kgo.Record{Topic: "t0", Key: []byte("anna"), Value: value, Timestamp: time.UnixMicro(int64(at)),
		Context: context.Background()}
}

func isClosedByCollector(freed chan struct{}) bool {
	for range 20 {
		runtime.GC()
		select {
		case <-freed:
			return true
		case <-time.After(10 * time.Millisecond):
		}
	}
	return false
}
