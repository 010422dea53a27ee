package outbox_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"testing"

	"github.com/holdfast/holdfast/internal/rowtest"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/sinks/outbox"
	"github.com/holdfast/holdfast/sinks/outbox/conformance"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// blockOf is an encoded block of a customer's row.
func blockOf(shard uint16, seq uint64) []byte {
	block := score.NewCustomerBlock(conformance.Euros)
	block.Append(conformance.CustomerRow(shard, seq))
	return block.Encode(nil)
}

// TestUndecodableRecordsAreSetAside: whatever cannot be decoded goes to the dead
// letters, whole or its beginning, and what follows is loaded.
func TestUndecodableRecordsAreSetAside(t *testing.T) {
	valid := blockOf(9, 1)
	format := func(value string) []kgo.RecordHeader {
		return []kgo.RecordHeader{{Key: signal.FormatHeader, Value: []byte(value)}}
	}
	for name, c := range map[string]struct {
		record    kgo.Record
		truncated bool
		headers   map[string]string // of the letter, besides the usual
	}{
		"rubbish of 2 MB":       {record: kgo.Record{Value: conformance.Rubbish(2 << 20)}},
		"rubbish of 6 MB":       {record: kgo.Record{Value: conformance.Rubbish(outbox.WholeBytes)}},
		"rubbish of 7 MB":       {record: kgo.Record{Value: conformance.Rubbish(7 << 20)}, truncated: true},
		"a block, then rubbish": {record: kgo.Record{Value: append(bytes.Clone(valid), conformance.Rubbish(2<<20)...)}},
		"a block, then 7 MB": {record: kgo.Record{
			Value: append(bytes.Clone(valid), conformance.Rubbish(7<<20)...)}, truncated: true},
		"half a block":              {record: kgo.Record{Value: valid[:len(valid)/2]}},
		"an older format":           {record: kgo.Record{Value: conformance.Rubbish(100), Headers: format("0")}},
		"another's format":          {record: kgo.Record{Value: conformance.Rubbish(100), Headers: format("json")}},
		"another's numbered format": {record: kgo.Record{Value: conformance.Rubbish(100), Headers: format("avro/7")}},
		"our own format": {record: kgo.Record{
			Value: conformance.Rubbish(100), Headers: format(signal.FormatVersion)}},
		"a large key": {record: kgo.Record{Key: conformance.Rubbish(7 << 20), Value: []byte("x")},
			headers: map[string]string{"holdfast.dlq.key_truncated": "true"}},
		"large headers": {record: kgo.Record{Value: []byte("x"),
			Headers: []kgo.RecordHeader{{Key: "trace", Value: conformance.Rubbish(7 << 20)}}},
			headers: map[string]string{"holdfast.dlq.headers_truncated": "true"}},
		"a tombstone": {record: kgo.Record{Key: []byte("k")}},
		"with our headers, of theirs": {record: kgo.Record{Value: []byte("x"), Headers: []kgo.RecordHeader{
			{Key: "holdfast.dlq.reason", Value: []byte("fine")}, {Key: "trace", Value: []byte("1")}}},
			headers: map[string]string{"trace": "1"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			record := c.record
			record.Topic = conformance.OutboxTopic
			r.Customers(0, 0, 5, nil)
			r.Send(&record)
			r.Customers(0, 0, 5, nil)
			r.Running(r.loader(nil))
			r.AwaitLoaded()
			r.arrived()
			letters := r.DeadLetters()
			if len(letters) != 1 {
				t.Fatalf("%d dead letters, want 1; log:\n%s", len(letters), r.Log)
			}
			want := c.record.Value
			sum := sha256.Sum256(want)
			headers := conformance.HeadersOf(letters[0])
			told := map[string]string{"holdfast.dlq.reason": "row_rejected", "__connect.errors.offset": "1",
				"__connect.errors.topic": conformance.OutboxTopic}
			if c.truncated {
				told["holdfast.dlq.size"], told["holdfast.dlq.truncated"] = strconv.Itoa(len(want)), "true"
				told["holdfast.dlq.sha256"] = hex.EncodeToString(sum[:])
				want = want[:outbox.TruncatedBytes]
			}
			for key, value := range c.headers {
				told[key] = value
			}
			for key, value := range told {
				if headers[key] != value {
					t.Errorf("header %s is %q, want %q", key, headers[key], value)
				}
			}
			if !bytes.Equal(letters[0].Value, want) {
				t.Errorf("the letter has %d bytes, want %d of the record's", len(letters[0].Value), len(want))
			}
		})
	}
}

// refuseLetters has the broker refuse what comes to the dead-letter topic.
func (r *rig) refuseLetters(code int16, refuse func(size int) bool) {
	r.Cluster.ControlKey(int16(kmsg.Produce), func(request kmsg.Request) (kmsg.Response, error, bool) {
		r.Cluster.KeepControl()
		response := request.ResponseKind().(*kmsg.ProduceResponse)
		for _, topic := range request.(*kmsg.ProduceRequest).Topics {
			name := topic.Topic
			if name == "" {
				name = r.Cluster.TopicIDInfo(topic.TopicID).Topic
			}
			answer := kmsg.NewProduceResponseTopic()
			answer.Topic, answer.TopicID = topic.Topic, topic.TopicID
			for _, p := range topic.Partitions {
				if name != conformance.DeadTopic || !refuse(len(p.Records)) {
					return nil, nil, false
				}
				partition := kmsg.NewProduceResponseTopicPartition()
				partition.Partition, partition.ErrorCode, partition.BaseOffset = p.Partition, code, -1
				answer.Partitions = append(answer.Partitions, partition)
			}
			response.Topics = append(response.Topics, answer)
		}
		return response, nil, true
	})
}

// TestRefusedLettersHoldNothingUp: a letter that the topic does not take goes
// with less of the record; where not even its reason is taken, it is counted
// and the rows that follow are loaded.
func TestRefusedLettersHoldNothingUp(t *testing.T) {
	for name, c := range map[string]struct {
		code    int16
		most    int // bytes of a batch that are taken
		value   int // bytes of the letter's value; -1: no letter
		refused float64
	}{
		"a topic for smaller records": {kerr.MessageTooLarge.Code, 1 << 20, outbox.TruncatedBytes, 0},
		"a topic for tiny records":    {kerr.MessageTooLarge.Code, 4 << 10, 0, 0},
		"a topic that takes nothing":  {kerr.MessageTooLarge.Code, 0, -1, 1},
		"a broker that takes nothing": {kerr.InvalidRecord.Code, 0, -1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.Customers(0, 0, 5, nil)
			r.Send(&kgo.Record{Topic: conformance.OutboxTopic, Value: conformance.Rubbish(2 << 20)})
			r.Customers(0, 0, 5, nil)
			r.refuseLetters(c.code, func(size int) bool { return size > c.most })
			r.Running(r.loader(nil))
			r.AwaitLoaded()
			r.arrived()
			letters := r.DeadLetters()
			switch {
			case c.value < 0 && len(letters) != 0, c.value >= 0 && len(letters) != 1:
				t.Fatalf("%d dead letters; log:\n%s", len(letters), r.Log)
			case c.value >= 0 && len(letters[0].Value) != c.value:
				t.Errorf("the letter has %d bytes, want %d", len(letters[0].Value), c.value)
			case c.value >= 0 && conformance.HeadersOf(letters[0])["holdfast.dlq.size"] != strconv.Itoa(2<<20):
				t.Errorf("headers %v", conformance.HeadersOf(letters[0]))
			}
			if got := r.Metric("holdfast_sink_dead_letters_refused_total", "sink", "memory"); got != c.refused {
				t.Errorf("%v letters refused, want %v", got, c.refused)
			}
			if said := strings.Contains(r.Log.String(), "dead letter refused: going on without it"); said != (c.refused > 0) {
				t.Errorf("log:\n%s", r.Log)
			}
		})
	}
}

// TestLettersWaitForTheirTopic: a topic that is gone, or closed to this user, is
// said to be Kafka's, and the letter is written once it is there.
func TestLettersWaitForTheirTopic(t *testing.T) {
	r := newRig(t)
	var closed = true
	done := make(chan struct{})
	r.refuseLetters(kerr.TopicAuthorizationFailed.Code, func(int) bool {
		select {
		case <-done:
			closed = false
		default:
		}
		return closed
	})
	r.Produce(0, []byte("nonsense"))
	r.Customers(0, 0, 5, nil)
	l := r.loader(nil)
	r.Running(l)
	r.Await("it says whose fault it is", func() bool {
		p := l.Problems()[0]
		return p.Class == "kafka_write" && strings.Contains(p.Text, conformance.DeadTopic) &&
			strings.Contains(p.Text, "TOPIC_AUTHORIZATION_FAILED")
	})
	if !strings.Contains(r.Log.String(), "this user may write to the dead-letter topic") {
		t.Errorf("log:\n%s", r.Log)
	}
	close(done)
	r.AwaitLoaded()
	r.arrived()
	if letters := r.DeadLetters(); len(letters) != 1 {
		t.Errorf("%d dead letters", len(letters))
	}
}

// TestRowsOfAShardThatTheTopicDoesNotHave: a letter for a partition beyond the
// topic's is written to another.
func TestRowsOfAShardThatTheTopicDoesNotHave(t *testing.T) {
	r := newRig(t)
	r.store.Refuse(t, false)
	r.Customers(1, 40_000, 5, func(i int, row *signal.Row) {
		if i == 2 {
			rowtest.Set(row, "frequency_repeat", conformance.RefusedFrequency)
		}
	})
	r.Running(r.loader(nil))
	r.AwaitLoaded()
	if letters := r.DeadLetters(); len(letters) != 1 || letters[0].Partition != 40_000%conformance.DeadPartitions {
		t.Errorf("dead letters %v; log:\n%s", letters, r.Log)
	}
}
