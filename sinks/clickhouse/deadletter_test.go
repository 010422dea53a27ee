package clickhouse

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/holdfast/holdfast/internal/devclickhouse/enginetest"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// rubbish is what nobody can decode or compress.
func rubbish(size int) []byte {
	source := rand.NewChaCha8([32]byte{byte(size)})
	value := make([]byte, size)
	_, _ = source.Read(value) // never fails
	return value
}

// large lets topics and the rig's producer take records of some MiB, as ours do.
func (r *rig) large() {
	r.t.Helper()
	value := strconv.Itoa(largeBatchBytes)
	answers, err := kadm.NewClient(r.producer).AlterTopicConfigs(r.t.Context(),
		[]kadm.AlterConfig{{Op: kadm.SetConfig, Name: "max.message.bytes", Value: &value}}, outboxTopic, deadTopic)
	if err == nil {
		_, err = answers.On(outboxTopic, nil)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	r.producer = r.client(kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchMaxBytes(largeBatchBytes))
}

func (r *rig) send(record *kgo.Record) {
	r.t.Helper()
	if err := r.producer.ProduceSync(r.t.Context(), record).FirstErr(); err != nil {
		r.t.Fatal(err)
	}
}

// blockOf is an encoded block of a customer's row.
func blockOf(shard uint16, seq uint64) []byte {
	block := signal.NewCustomerBlock(euros)
	block.Append(customerRow(shard, seq))
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
		"rubbish of 2 MB":             {record: kgo.Record{Value: rubbish(2 << 20)}},
		"rubbish of 6 MB":             {record: kgo.Record{Value: rubbish(wholeBytes)}},
		"rubbish of 7 MB":             {record: kgo.Record{Value: rubbish(7 << 20)}, truncated: true},
		"a block, then rubbish":       {record: kgo.Record{Value: append(bytes.Clone(valid), rubbish(2<<20)...)}},
		"a block, then 7 MB":          {record: kgo.Record{Value: append(bytes.Clone(valid), rubbish(7<<20)...)}, truncated: true},
		"half a block":                {record: kgo.Record{Value: valid[:len(valid)/2]}},
		"an older format":             {record: kgo.Record{Value: rubbish(100), Headers: format("0")}},
		"another's format":            {record: kgo.Record{Value: rubbish(100), Headers: format("json")}},
		"another's numbered format":   {record: kgo.Record{Value: rubbish(100), Headers: format("avro/7")}},
		"our own format":              {record: kgo.Record{Value: rubbish(100), Headers: format(signal.FormatVersion)}},
		"a large key":                 {record: kgo.Record{Key: rubbish(7 << 20), Value: []byte("x")}, headers: map[string]string{"holdfast.dlq.key_truncated": "true"}},
		"large headers":               {record: kgo.Record{Value: []byte("x"), Headers: []kgo.RecordHeader{{Key: "trace", Value: rubbish(7 << 20)}}}, headers: map[string]string{"holdfast.dlq.headers_truncated": "true"}},
		"a tombstone":                 {record: kgo.Record{Key: []byte("k")}},
		"with our headers, of theirs": {record: kgo.Record{Value: []byte("x"), Headers: []kgo.RecordHeader{{Key: "holdfast.dlq.reason", Value: []byte("fine")}, {Key: "trace", Value: []byte("1")}}}, headers: map[string]string{"trace": "1"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, enginetest.Start(t))
			r.large()
			record := c.record
			record.Topic = outboxTopic
			r.customers(0, 0, 5, nil)
			r.send(&record)
			r.customers(0, 0, 5, nil)
			r.running(r.loader())
			r.awaitLoaded()
			r.checkAudit()
			letters := r.deadLetters()
			if len(letters) != 1 {
				t.Fatalf("%d dead letters, want 1; log:\n%s", len(letters), r.log)
			}
			want := c.record.Value
			sum := sha256.Sum256(want)
			headers := headersOf(letters[0])
			told := map[string]string{"holdfast.dlq.reason": "row_rejected", "__connect.errors.topic": outboxTopic, "__connect.errors.offset": "1"}
			if c.truncated {
				told["holdfast.dlq.size"], told["holdfast.dlq.truncated"] = strconv.Itoa(len(want)), "true"
				told["holdfast.dlq.sha256"] = hex.EncodeToString(sum[:])
				want = want[:truncatedBytes]
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

// TestNewerRecordsHoldTheirPartition: what a newer version wrote is not rubbish,
// decodable or not, and the words say what to do.
func TestNewerRecordsHoldTheirPartition(t *testing.T) {
	newer := blockOf(9, 1)
	newer[3]++
	for name, record := range map[string]kgo.Record{
		"by its header":  {Value: rubbish(2 << 20), Headers: []kgo.RecordHeader{{Key: signal.FormatHeader, Value: []byte("2")}}},
		"by its version": {Value: newer},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, enginetest.Start(t))
			r.large()
			record.Topic = outboxTopic
			r.customers(0, 0, 5, nil)
			r.send(&record)
			l := r.loader()
			r.running(l)
			r.await("it says so", func() bool {
				p := l.Problems()[0]
				return p.Class == "configuration" && strings.Contains(p.Text, "upgrade this instance") &&
					strings.Contains(p.Text, "holdfast offsets skip --loader")
			})
			r.await("what precedes it is committed", func() bool { return l.Position()[0] == 1 })
			if letters := r.deadLetters(); len(letters) != 0 {
				t.Errorf("%d dead letters", len(letters))
			}
		})
	}
}

// refuseLetters has the broker refuse what comes to the dead-letter topic.
func (r *rig) refuseLetters(code int16, refuse func(size int) bool) {
	r.cluster.ControlKey(int16(kmsg.Produce), func(request kmsg.Request) (kmsg.Response, error, bool) {
		r.cluster.KeepControl()
		response := request.ResponseKind().(*kmsg.ProduceResponse)
		for _, topic := range request.(*kmsg.ProduceRequest).Topics {
			name := topic.Topic
			if name == "" {
				name = r.cluster.TopicIDInfo(topic.TopicID).Topic
			}
			answer := kmsg.NewProduceResponseTopic()
			answer.Topic, answer.TopicID = topic.Topic, topic.TopicID
			for _, p := range topic.Partitions {
				if name != deadTopic || !refuse(len(p.Records)) {
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
		"a topic for smaller records": {kerr.MessageTooLarge.Code, 1 << 20, truncatedBytes, 0},
		"a topic for tiny records":    {kerr.MessageTooLarge.Code, 4 << 10, 0, 0},
		"a topic that takes nothing":  {kerr.MessageTooLarge.Code, 0, -1, 1},
		"a broker that takes nothing": {kerr.InvalidRecord.Code, 0, -1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, enginetest.Start(t))
			r.large()
			r.customers(0, 0, 5, nil)
			r.send(&kgo.Record{Topic: outboxTopic, Value: rubbish(2 << 20)})
			r.customers(0, 0, 5, nil)
			r.refuseLetters(c.code, func(size int) bool { return size > c.most })
			r.running(r.loader())
			r.awaitLoaded()
			r.checkAudit()
			letters := r.deadLetters()
			switch {
			case c.value < 0 && len(letters) != 0, c.value >= 0 && len(letters) != 1:
				t.Fatalf("%d dead letters; log:\n%s", len(letters), r.log)
			case c.value >= 0 && len(letters[0].Value) != c.value:
				t.Errorf("the letter has %d bytes, want %d", len(letters[0].Value), c.value)
			case c.value >= 0 && headersOf(letters[0])["holdfast.dlq.size"] != strconv.Itoa(2<<20):
				t.Errorf("headers %v", headersOf(letters[0]))
			}
			if got := r.metric("holdfast_sink_dead_letters_refused_total", "sink", "clickhouse"); got != c.refused {
				t.Errorf("%v letters refused, want %v", got, c.refused)
			}
			if said := strings.Contains(r.log.String(), "dead letter refused: going on without it"); said != (c.refused > 0) {
				t.Errorf("log:\n%s", r.log)
			}
		})
	}
}

// TestLettersWaitForTheirTopic: a topic that is gone, or closed to this user, is
// said to be Kafka's, and the letter is written once it is there.
func TestLettersWaitForTheirTopic(t *testing.T) {
	r := newRig(t, enginetest.Start(t))
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
	r.produce(0, []byte("nonsense"))
	r.customers(0, 0, 5, nil)
	l := r.loader()
	r.running(l)
	r.await("it says whose fault it is", func() bool {
		p := l.Problems()[0]
		return p.Class == "kafka_write" && strings.Contains(p.Text, deadTopic) && strings.Contains(p.Text, "TOPIC_AUTHORIZATION_FAILED")
	})
	if !strings.Contains(r.log.String(), "this user may write to the dead-letter topic") {
		t.Errorf("log:\n%s", r.log)
	}
	close(done)
	r.awaitLoaded()
	r.checkAudit()
	if letters := r.deadLetters(); len(letters) != 1 {
		t.Errorf("%d dead letters", len(letters))
	}
}

// TestRowsOfAShardThatTheTopicDoesNotHave: a letter for a partition beyond the
// topic's is written to another.
func TestRowsOfAShardThatTheTopicDoesNotHave(t *testing.T) {
	r := newRig(t, enginetest.Start(t))
	r.exec("ALTER TABLE score_history ADD CONSTRAINT sane CHECK frequency_repeat < 1000000")
	r.customers(1, 40_000, 5, func(i int, row *signal.CustomerRow) {
		if i == 2 {
			row.FrequencyRepeat = 2_000_000
		}
	})
	r.running(r.loader())
	r.awaitLoaded()
	if letters := r.deadLetters(); len(letters) != 1 || letters[0].Partition != 40_000%6 {
		t.Errorf("dead letters %v; log:\n%s", letters, r.log)
	}
}

// FuzzDeadLetter: whatever a record holds, its letter fits into what the topic
// takes and says where it came from, in each form.
func FuzzDeadLetter(f *testing.F) {
	f.Add([]byte("key"), []byte("value"), "holdfast.dlq.reason", []byte("fine"), 1)
	f.Add([]byte(nil), []byte(nil), "", []byte(nil), 0)
	f.Add([]byte("k"), []byte("v"), "trace", []byte("1"), 3<<20)
	f.Fuzz(func(t *testing.T, key, value []byte, header string, headerValue []byte, repeat int) {
		repeat = max(1, min(repeat, 8<<20/(1+len(value))))
		record := &kgo.Record{Topic: outboxTopic, Key: key, Value: bytes.Repeat(value, repeat), Offset: 7,
			Headers: []kgo.RecordHeader{{Key: header, Value: headerValue}, {Key: header, Value: headerValue}}}
		for form := range letterFormEnd {
			out := deadLetter(deadTopic, letter{record: record, value: record.Value, message: "m", exception: "e", stage: "s", seen: time.Unix(1, 0)}, form)
			size, seen := len(out.Key)+len(out.Value), map[string]int{}
			for _, h := range out.Headers {
				size += len(h.Key) + len(h.Value)
				seen[h.Key]++
			}
			if size > wholeBytes+3*truncatedBytes+4<<10 {
				t.Fatalf("form %d: %d bytes", form, size)
			}
			if headersOf(out)["holdfast.dlq.reason"] != reasonRowRejected || headersOf(out)["__connect.errors.offset"] != "7" {
				t.Fatalf("form %d: headers %v", form, out.Headers)
			}
		}
	})
}
