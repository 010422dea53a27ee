// Package topics is the list of Kafka topics that Holdfast reads and writes,
// as data: what each is for, how many partitions it needs, and which settings
// it must have and why; and the comparison of that list with a cluster.
package topics

import "time"

// Key names a topic's purpose; the topic's name comes from configuration.
type Key string

// The topics, by purpose.
const (
	Purchases     Key = "purchases"
	Visits        Key = "visits"
	Complaints    Key = "complaints"
	Erasures      Key = "erasures"
	AlertFeedback Key = "alert_feedback"
	Internal      Key = "internal"
	Checkpoint    Key = "checkpoint"
	BatchLog      Key = "batch_log"
	Outbox        Key = "outbox"
	Alerts        Key = "alerts"
	Loyalty       Key = "loyalty"
	DeadLetters   Key = "dead_letters"
	Population    Key = "population"
	Model         Key = "model"
)

// Names maps purposes to topic names. A purpose without a name, or with an
// empty one, is left out: that topic is off.
type Names map[Key]string

// DefaultNames returns the names that the product uses unless configured.
func DefaultNames() Names {
	return Names{
		Purchases:     "retail.purchases.v1",
		Visits:        "retail.visits.v1",
		Complaints:    "retail.complaints.v1",
		Erasures:      "holdfast.erasures.v1",
		AlertFeedback: "holdfast.alert-feedback.v1",
		Internal:      "holdfast.internal.v1",
		Checkpoint:    "holdfast.checkpoint.v1",
		BatchLog:      "holdfast.batch-log.v1",
		Outbox:        "holdfast.outbox.v1",
		Alerts:        "holdfast.alerts.v1",
		Loyalty:       "holdfast.loyalty.v1",
		DeadLetters:   "holdfast.dlq.v1",
		Population:    "holdfast.population.v1",
		Model:         "holdfast.model.v1",
	}
}

// Direction says who writes a topic, seen from Holdfast.
type Direction string

const (
	// In: others write, Holdfast reads.
	In Direction = "in"
	// Out: Holdfast writes for others.
	Out Direction = "out"
	// Own: Holdfast writes for itself.
	Own Direction = "internal"
)

// PartitionRule says how many partitions a topic needs.
type PartitionRule string

const (
	// LikeInputs: as many as the inputs, because a partition number is a shard.
	LikeInputs PartitionRule = "inputs"
	// One: a single, small, ordered log.
	One PartitionRule = "one"
	// Few: at most fewPartitions; read as a whole, order matters per key only.
	Few PartitionRule = "few"
)

const fewPartitions = 3

// Count returns the number of partitions, given the inputs' count.
func (r PartitionRule) Count(inputs int32) int32 {
	switch r {
	case One:
		return 1
	case Few:
		return min(fewPartitions, inputs)
	default:
		return inputs
	}
}

// Match says how a setting of an existing topic is held against the wanted one.
type Match string

const (
	// Exactly: another value changes what the topic does.
	Exactly Match = "exactly"
	// AtLeast: a larger number, or -1 for no limit, is as good.
	AtLeast Match = "at_least"
	// AsTuned: set at creation; operators may tune it.
	AsTuned Match = "as_tuned"
)

// Setting is one topic configuration with its reason.
type Setting struct {
	Name   string
	Value  string
	Match  Match
	Reason string
	// Blocking says that a mismatch breaks a guarantee, so that nothing should
	// start on it; others are advice.
	Blocking bool
}

// Topic is one entry of the list.
type Topic struct {
	Key        Key
	Name       string
	Direction  Direction
	Partitions PartitionRule
	// CoPartitioned topics are read by partition number: their counts must
	// equal each other's.
	CoPartitioned bool
	Settings      []Setting
	Purpose       string
}

const (
	day = 24 * time.Hour

	// pageBytes is room for several checkpoint pages (each at most 1 MiB), or
	// a columnar block, in one batch.
	pageBytes = 8 << 20
	// deadLetterBytes is room for a record of the largest accepted size with
	// its original headers and those that say why it was rejected.
	deadLetterBytes = 8 << 20
)

// Catalogue returns the topics under the given names, in a fixed order.
// replication decides the durability settings only.
func Catalogue(names Names, replication int16) []Topic {
	all := append(inputs(), append(internals(), outputs()...)...)
	named := make([]Topic, 0, len(all))
	for _, topic := range all {
		topic.Name = names[topic.Key]
		if topic.Name == "" {
			continue
		}
		topic.Settings = append(topic.Settings, everywhere(topic, replication)...)
		named = append(named, topic)
	}
	return named
}

func inputs() []Topic {
	input := func(key Key, retention time.Duration, purpose string) Topic {
		return Topic{
			Key: key, Direction: In, Partitions: LikeInputs, CoPartitioned: true, Purpose: purpose,
			Settings: []Setting{
				deleted("events are a log: compaction would drop all but a customer's last one"),
				kept(retention, "the inputs are the write-ahead log: a replay reads them again", false),
			},
		}
	}
	return []Topic{
		input(Purchases, 30*day, "purchases and refunds"),
		input(Visits, 30*day, "visits"),
		input(Complaints, 30*day, "complaints, their resolutions, ratings"),
		input(AlertFeedback, 365*day, "what retention teams answer to alerts"),
		input(Erasures, 30*day, "requests to forget a customer"),
	}
}
