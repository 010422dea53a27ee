package devkafka_test

import (
	"context"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/internal/devkafka"
)

// TestRecordsAreStampedAsTheirTopicSays writes records with times of their own,
// plainly, packed and in transactions, and reads them back.
func TestRecordsAreStampedAsTheirTopicSays(t *testing.T) {
	cluster, err := devkafka.Start(devkafka.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	seed := kgo.SeedBrokers(cluster.Addrs()...)
	client, err := kgo.NewClient(seed)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	admin := kadm.NewClient(client)
	logAppendTime, createTime := "LogAppendTime", "CreateTime"
	for topic, configs := range map[string]map[string]*string{
		"plain": nil, "own": {"message.timestamp.type": &createTime}, "broker": {"message.timestamp.type": &logAppendTime},
	} {
		if _, err := admin.CreateTopic(ctx, 1, 1, configs, topic); err != nil {
			t.Fatal(err)
		}
	}
	past := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	check := func(topic string, byBroker, transactional bool, options ...kgo.Opt) {
		t.Helper()
		producer, err := kgo.NewClient(append(options, seed)...)
		if err != nil {
			t.Fatal(err)
		}
		defer producer.Close()
		if transactional {
			if err := producer.BeginTransaction(); err != nil {
				t.Fatal(err)
			}
		}
		written, err := producer.ProduceSync(ctx, &kgo.Record{Topic: topic, Value: []byte("some value, some value"),
			Timestamp: past}).First()
		if err != nil {
			t.Fatal(err)
		}
		if transactional {
			if err := producer.EndTransaction(ctx, kgo.TryCommit); err != nil {
				t.Fatal(err)
			}
		}
		r := at(ctx, t, cluster.Addrs(), topic, written.Offset)
		now := time.Since(r.Timestamp) < time.Minute && time.Until(r.Timestamp) < time.Minute
		if now != byBroker || !byBroker && !r.Timestamp.Equal(past) || string(r.Value) != "some value, some value" {
			t.Errorf("%s: %q stamped %s; by the broker: want %v", topic, r.Value, r.Timestamp, byBroker)
		}
	}
	for topic, byBroker := range map[string]bool{"plain": false, "own": false, "broker": true} {
		check(topic, byBroker, false, kgo.ProducerBatchCompression(kgo.NoCompression()))
		check(topic, byBroker, false, kgo.ProducerBatchCompression(kgo.ZstdCompression()))
		check(topic, byBroker, false, kgo.DisableIdempotentWrite())
		check(topic, byBroker, true, kgo.TransactionalID("t-"+topic))
	}
	// Altered later, a topic is stamped as it says then.
	if _, err := admin.AlterTopicConfigs(ctx, []kadm.AlterConfig{{Name: "message.timestamp.type", Value: &logAppendTime}},
		"own"); err != nil {
		t.Fatal(err)
	}
	time.Sleep(1200 * time.Millisecond)
	check("own", true, false)
}

// at reads the record at an offset.
func at(ctx context.Context, t *testing.T, addrs []string, topic string, offset int64) *kgo.Record {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(addrs...), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{
		topic: {0: kgo.NewOffset().At(offset)}}))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for ctx.Err() == nil {
		for _, r := range client.PollFetches(ctx).Records() {
			if r.Offset == offset {
				return r
			}
		}
	}
	t.Fatalf("no record at offset %d of %s", offset, topic)
	return nil
}
