package conformance

import (
	"time"

	"github.com/holdfast/holdfast/sinks/outbox"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Await waits for a condition, half a minute at most.
func (r *Rig) Await(what string, condition func() bool) {
	r.T.Helper()
	for range 1500 {
		if condition() {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	r.T.Fatalf("not in time: %s; log:\n%s", what, r.Log)
}

// AwaitLoaded waits until the group has committed all that the outbox holds.
func (r *Rig) AwaitLoaded() {
	r.T.Helper()
	target := r.Lag()
	r.Await("the outbox is loaded", func() bool {
		now, err := outbox.Lag(r.T.Context(), r.Producer, Group, OutboxTopic)
		return err == nil && outbox.Loaded(now, target)
	})
}

// Lag returns how far the loaders have come, by partition.
func (r *Rig) Lag() map[int32]outbox.PartitionLag {
	r.T.Helper()
	lag, err := outbox.Lag(r.T.Context(), r.Producer, Group, OutboxTopic)
	if err != nil {
		r.T.Fatal(err)
	}
	return lag
}

// DeadLetters reads what was set aside so far.
func (r *Rig) DeadLetters() []*kgo.Record {
	r.T.Helper()
	client := r.Client(kgo.ConsumeTopics(DeadTopic))
	total := int64(0)
	ends, err := outbox.Lag(r.T.Context(), r.Producer, "none", DeadTopic)
	if err != nil {
		r.T.Fatal(err)
	}
	for _, p := range ends {
		total += p.End
	}
	var letters []*kgo.Record
	for deadline := time.Now().Add(10 * time.Second); int64(len(letters)) < total && time.Now().Before(deadline); {
		letters = append(letters, client.PollRecords(r.T.Context(), 100).Records()...)
	}
	return letters
}

// HeadersOf returns a record's headers by key.
func HeadersOf(r *kgo.Record) map[string]string {
	headers := map[string]string{}
	for _, h := range r.Headers {
		headers[h.Key] = string(h.Value)
	}
	return headers
}

// Metric adds up a counter or gauge over the series with the label.
func (r *Rig) Metric(name, label, value string) float64 {
	r.T.Helper()
	families, err := r.Registry.Gather()
	if err != nil {
		r.T.Fatal(err)
	}
	total := 0.0
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, m := range family.GetMetric() {
			for _, l := range m.GetLabel() {
				if l.GetName() == label && l.GetValue() == value {
					total += m.GetCounter().GetValue() + m.GetGauge().GetValue()
				}
			}
		}
	}
	return total
}

// RefuseCommits has the broker refuse offset commits while refuse returns true.
func (r *Rig) RefuseCommits(refuse func() bool) {
	r.Cluster.ControlKey(int16(kmsg.OffsetCommit), func(request kmsg.Request) (kmsg.Response, error, bool) {
		r.Cluster.KeepControl()
		if !refuse() {
			return nil, nil, false
		}
		response := request.ResponseKind().(*kmsg.OffsetCommitResponse)
		for _, topic := range request.(*kmsg.OffsetCommitRequest).Topics {
			answer := kmsg.OffsetCommitResponseTopic{Topic: topic.Topic, TopicID: topic.TopicID}
			for _, p := range topic.Partitions {
				answer.Partitions = append(answer.Partitions, kmsg.OffsetCommitResponseTopicPartition{
					Partition: p.Partition, ErrorCode: kerr.CoordinatorLoadInProgress.Code})
			}
			response.Topics = append(response.Topics, answer)
		}
		return response, nil, true
	})
}
