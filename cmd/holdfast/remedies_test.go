package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
)

// TestEachRemedyHelps brings the program into each state that it refuses, holds
// the refusal to its words, does what it says, and holds what is counted then.
func TestEachRemedyHelps(t *testing.T) {
	const checkpointTopic, batchLogTopic = "holdfast.checkpoint.v1", "holdfast.batch-log.v1"
	for _, test := range []struct {
		name   string
		spoil  func(p *place)
		words  []string
		remedy func(p *place, said string)
		// applied and repeated are what is counted in the end; ten orders and ten
		// visits are applied before, and five orders are sent after.
		applied, repeated uint64
	}{
		{"an input made anew", func(p *place) {
			p.deleteTopics(purchaseTopic)
			p.must("migrate", "up")
			p.orders(0, 50, 58)
		}, []string{"topic " + purchaseTopic + " was deleted and created anew"}, (*place).anew, 10 + 8 + 5, 0},
		{"an input renamed", func(p *place) {
			p.environ["HOLDFAST_KAFKA_INPUTS_PURCHASES"] = "retail.purchases.v2"
			p.must("migrate", "up")
		}, []string{"written for " + purchaseTopic + ", and retail.purchases.v2 is configured in its place",
			"configure it again"},
			func(p *place, _ string) { delete(p.environ, "HOLDFAST_KAFKA_INPUTS_PURCHASES") }, 25, 0},
		{"an input renamed, anew", func(p *place) {
			p.environ["HOLDFAST_KAFKA_INPUTS_VISITS"] = "retail.visits.v2"
			p.must("migrate", "up")
		}, []string{"retail.visits.v2 is configured in its place"}, (*place).anew, 15, 0},
		{"an input left out", func(p *place) {
			p.configure(`kafka: {inputs: {visits: ""}}`)
		}, []string{"written for " + visitTopic + ", which is not configured any more", "configure it again"},
			func(p *place, _ string) { p.configure("") }, 25, 0},
		{"an input added to what is still to be replayed", func(p *place) {
			p.environ["HOLDFAST_CHECKPOINT_MAX_REPLAY"] = "1h"
			p.configure(`kafka: {inputs: {visits: ""}}`)
			p.environ["HOLDFAST_KAFKA_GROUP"] = "other"
			p.deleteTopics(checkpointTopic, batchLogTopic)
			p.must("migrate", "up")
			p.orders(0, 1000, 7000)
			p.crash()
			p.configure("")
		}, []string{visitTopic + " is new among the inputs",
			"start once more without it until it is ready, stop, and add it then"},
			func(p *place, _ string) {
				p.configure(`kafka: {inputs: {visits: ""}}`)
				p.caughtUp()
				p.configure("")
			}, 10 + 10 + 6000 + 5, 0},
		{"the state of another group", func(p *place) {
			p.environ["HOLDFAST_KAFKA_GROUP"] = "other"
		}, []string{checkpointTopic + " holds the state of group holdfast, and this is other", "set kafka.group to holdfast"},
			func(p *place, said string) {
				p.environ["HOLDFAST_KAFKA_GROUP"] = regexp.MustCompile(`set kafka\.group to (\S+),`).FindStringSubmatch(said)[1]
			}, 25, 0},
		{"the batch log and the checkpoint emptied", func(p *place) {
			p.empty(checkpointTopic, batchLogTopic)
		}, []string{batchLogTopic + " holds nothing: it was deleted or emptied"}, (*place).anew, 25, 0},
		{"the checkpoint emptied", func(p *place) {
			p.empty(checkpointTopic)
		}, []string{"read pages: page is missing"}, (*place).anew, 25, 0},
		{"the checkpoint made anew", func(p *place) {
			p.deleteTopics(checkpointTopic)
			p.must("migrate", "up")
		}, []string{"read pages: page is missing"}, (*place).anew, 25, 0},
		{"the batch log made anew", func(p *place) {
			p.deleteTopics(batchLogTopic)
			p.must("migrate", "up")
		}, []string{"topic " + batchLogTopic + " was deleted and created anew"}, (*place).anew, 25, 0},
		{"a page damaged", func(p *place) {
			p.damage(checkpointTopic, 0)
		}, []string{checkpointTopic + "/0 offset", "damaged"}, (*place).anew, 25, 0},
		{"an entry damaged", func(p *place) {
			p.damage(batchLogTopic, 0)
		}, []string{batchLogTopic + "/0 offset", "damaged"}, (*place).anew, 25, 0},
		{"partitions added", func(p *place) {
			p.raise(3, purchaseTopic, visitTopic, "retail.complaints.v1", "holdfast.alert-feedback.v1", "holdfast.erasures.v1",
				"holdfast.internal.v1", checkpointTopic, batchLogTopic, "holdfast.dlq.v1")
			p.environ["HOLDFAST_KAFKA_PARTITIONS"] = "3"
		}, []string{"written for 2 partitions and the inputs have 3 now"}, (*place).anew, 25, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel() // each has brokers of its own, and mostly waits
			p := newPlace(t)
			p.orders(0, 0, 10)
			p.visits(1, 0, 10)
			p.caughtUp()
			test.spoil(p)
			said := p.refused(test.words...)
			p.refused(test.words...) // every time
			test.remedy(p, said)
			p.caughtUp()
			p.orders(0, 10, 15)
			p.caughtUp()
			p.wantCounts(test.applied, test.repeated, 0)
		})
	}
}

var topicsToDelete = regexp.MustCompile(`to count everything anew, delete the topics (\S+) and (\S+), run`)

// anew does what a refusal says of counting everything anew.
func (p *place) anew(said string) {
	p.t.Helper()
	m := topicsToDelete.FindStringSubmatch(said)
	if m == nil || !strings.Contains(said, "start under another kafka.group") {
		p.t.Fatalf("%q does not say how to count anew", said)
	}
	p.deleteTopics(m[1:]...)
	p.follow(said, "migrate up")
	p.environ["HOLDFAST_KAFKA_GROUP"] = "anew"
}

func (p *place) deleteTopics(names ...string) {
	p.t.Helper()
	answer, err := p.admin.DeleteTopics(p.t.Context(), names...)
	if err == nil {
		err = answer.Error()
	}
	if err != nil {
		p.t.Fatal(err)
	}
	p.connect() // a client that has seen a topic refuses one that is made anew in its place
}

// empty lets retention take all that a topic holds.
func (p *place) empty(names ...string) {
	p.t.Helper()
	for _, name := range names {
		for n := range int32(2) {
			p.deleteBefore(name, n, -1)
		}
	}
}

// raise adds partitions to topics.
func (p *place) raise(partitions int, names ...string) {
	p.t.Helper()
	answer, err := p.admin.UpdatePartitions(p.t.Context(), partitions, names...)
	if err == nil {
		err = answer.Error()
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// configure puts more into the configuration file.
func (p *place) configure(more string) {
	p.t.Helper()
	p.environ["HOLDFAST_CONFIG"] = write(p.t, "holdfast.yaml", "version: 1\nsinks: {clickhouse: {dsn: \"\"}}\n"+more+"\n")
}

// crash runs the program until everything is applied, and kills it.
func (p *place) crash() {
	p.t.Helper()
	running := startProcess(p.t, p.environ, "run")
	p.must("wait", "--caught-up", "--timeout", "60s")
	running.kill()
}

// damage writes the latest record of a partition once more, with a byte changed.
func (p *place) damage(topic string, partition int32) {
	p.t.Helper()
	var last *kgo.Record
	p.read(topic, partition, func(r *kgo.Record) error {
		if len(r.Value) > 0 {
			last = r
		}
		return nil
	})
	value := append([]byte{}, last.Value...)
	value[len(value)/2] ^= 0x55
	bad := &kgo.Record{Topic: topic, Partition: partition, Key: last.Key, Value: value}
	if err := p.client.ProduceSync(p.t.Context(), bad).FirstErr(); err != nil {
		p.t.Fatal(err)
	}
}
