package devkafka

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// The engine keeps the producer's timestamps whatever a topic's
// message.timestamp.type says. So the batches of topics that ask for the
// broker's time get it on their way in: where a producer's times are not those
// of now, the batch is rewritten with them. The bit that says who stamped stays
// the producer's: the engine would stamp again, under a checksum that no longer
// holds.

const (
	timestampType = "message.timestamp.type"
	logAppendTime = "LogAppendTime"

	// stampTTL is after how long an altered topic is stamped as it says now.
	stampTTL = time.Second

	// usualDelay is how old a producer's stamp may be to stand for that of now.
	usualDelay = time.Second

	batchMagicAt      = 16 // in a record batch of format 2
	batchAttributesAt = 21 // from here on the checksum counts
	codecBits         = 0x07
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// stamper knows which topics are stamped by the broker.
type stamper struct {
	engine   *kfake.Cluster
	unpacker kgo.Decompressor
	mu       sync.Mutex
	known    map[stampKey]stampEntry
}

// stampKey is a topic by name, or by id where a request names ids.
type stampKey struct {
	name string
	id   [16]byte
}

type stampEntry struct {
	byBroker bool
	at       time.Time
}

// stampAsTopicsSay lets the engine stamp batches where their topics ask for it.
func stampAsTopicsSay(engine *kfake.Cluster) {
	s := &stamper{engine: engine, unpacker: kgo.DefaultDecompressor(), known: map[stampKey]stampEntry{}}
	engine.ControlKey(int16(kmsg.Produce), func(request kmsg.Request) (kmsg.Response, error, bool) {
		s.stamp(request.(*kmsg.ProduceRequest))
		return nil, nil, false // the engine goes on with it
	})
}

func (s *stamper) stamp(request *kmsg.ProduceRequest) {
	for _, topic := range request.Topics {
		if !s.byBroker(stampKey{topic.Topic, topic.TopicID}) {
			continue
		}
		for n := range topic.Partitions {
			partition := &topic.Partitions[n]
			// What is not a whole batch is left to the engine to refuse.
			if made, ok := s.restamp(partition.Records, time.Now()); ok {
				partition.Records = made
			}
		}
	}
}

// byBroker reports whether a topic's records are stamped by the broker.
func (s *stamper) byBroker(key stampKey) bool {
	s.mu.Lock()
	entry, known := s.known[key]
	s.mu.Unlock()
	if known && time.Since(entry.at) < stampTTL {
		return entry.byBroker
	}
	// The engine answers only while no request is being controlled.
	s.engine.SleepControl(func() {
		entry = stampEntry{byBroker: s.ask(key), at: time.Now()}
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.known) > 10_000 {
		clear(s.known)
	}
	s.known[key] = entry
	return entry.byBroker
}

func (s *stamper) ask(key stampKey) bool {
	var info *kfake.TopicInfo
	if key.name != "" {
		info = s.engine.TopicInfo(key.name)
	} else {
		info = s.engine.TopicIDInfo(key.id)
	}
	if info == nil {
		return false
	}
	value := info.Configs[timestampType]
	return value != nil && *value == logAppendTime
}

// restamp rewrites a batch whose records are all of one time. It reports
// false for one whose times stand for that already, and for what is not a whole batch.
func (s *stamper) restamp(raw []byte, now time.Time) ([]byte, bool) {
	var batch kmsg.RecordBatch
	if len(raw) < batchAttributesAt || raw[batchMagicAt] != 2 || batch.ReadFrom(raw) != nil ||
		uint32(batch.CRC) != crc32.Checksum(raw[batchAttributesAt:], castagnoli) {
		return nil, false
	}
	least, most := now.Add(-usualDelay).UnixMilli(), now.Add(usualDelay).UnixMilli()
	if batch.FirstTimestamp >= least && batch.MaxTimestamp >= least && batch.FirstTimestamp <= most &&
		batch.MaxTimestamp <= most {
		return nil, false
	}
	records, err := s.unpacker.Decompress(batch.Records, kgo.CompressionCodecType(batch.Attributes&codecBits))
	if err != nil {
		return nil, false
	}
	if batch.Records, err = ofOneTime(records, int(batch.NumRecords)); err != nil {
		return nil, false
	}
	batch.Attributes &^= codecBits
	batch.FirstTimestamp, batch.MaxTimestamp = now.UnixMilli(), now.UnixMilli()
	made := batch.AppendTo(nil)
	binary.BigEndian.PutUint32(made[8:], uint32(len(made)-12))
	binary.BigEndian.PutUint32(made[17:], crc32.Checksum(made[batchAttributesAt:], castagnoli))
	return made, true
}

// ofOneTime encodes records anew, all at the batch's own time.
func ofOneTime(records []byte, count int) (made []byte, err error) {
	for range count {
		length, read := binary.Varint(records)
		if read <= 0 || length < 0 || length > int64(len(records)-read) {
			return nil, errors.New("a record of a batch is cut short")
		}
		whole := records[:read+int(length)]
		records = records[len(whole):]
		var record kmsg.Record
		if err := record.ReadFrom(whole); err != nil {
			return nil, err
		}
		record.TimestampDelta64 = 0
		record.TimestampDelta = 0
		record.Length = 0
		body := record.AppendTo(nil)[1:] // behind the length of 0
		made = append(binary.AppendVarint(made, int64(len(body))), body...)
	}
	return made, nil
}
