package topics

import (
	"strconv"
	"time"
)

// internals are the topics that Holdfast writes for itself.
func internals() []Topic {
	return []Topic{
		{
			Key: Internal, Direction: Own, Partitions: LikeInputs, CoPartitioned: true,
			Purpose: "what one customer does to another: referral credits, merges",
			Settings: []Setting{
				deleted("events are a log"),
				kept(7*day, "an input like the others, read again by a replay", true),
			},
		},
		{
			Key: Checkpoint, Direction: Own, Partitions: LikeInputs, CoPartitioned: true,
			Purpose:  "state pages, the newest of each key counts",
			Settings: checkpointSettings(),
		},
		{
			Key: BatchLog, Direction: Own, Partitions: LikeInputs, CoPartitioned: true,
			Purpose: "one entry for each committed batch",
			Settings: []Setting{
				deleted("every batch since the oldest page is needed: compaction would leave holes"),
				kept(7*day, "must outlast the longest stop after a crash: a replay needs its batches", true),
			},
		},
		{
			Key: Outbox, Direction: Own, Partitions: One,
			Purpose: "columnar blocks on their way to ClickHouse",
			Settings: []Setting{
				deleted("blocks are a log, loaded in order"),
				kept(7*day, "must outlast the longest outage of ClickHouse, or rows are lost", true),
				sized(pageBytes, "a block of many rows is one record"),
			},
		},
		{
			Key: Population, Direction: Own, Partitions: One,
			Purpose:  "histograms over all customers and the cut points made from them",
			Settings: []Setting{compacted("the newest value of each key counts; obsolete versions get tombstones")},
		},
		{
			Key: Model, Direction: Own, Partitions: One,
			Purpose:  "fitted parameters by model and version",
			Settings: []Setting{compacted("the newest value of each key counts; obsolete versions get tombstones")},
		},
	}
}

// checkpointSettings keep the log close to one copy of the state: the time of
// a restore is the time to read it. The active segment is never cleaned, so
// segments are small and roll by time too.
func checkpointSettings() []Setting {
	const (
		segment = 64 << 20
		roll    = 10 * time.Minute
	)
	return []Setting{
		compacted("deleting by age would lose customers that are rarely seen"),
		sized(pageBytes, "several pages of up to 1 MiB travel in one batch"),
		{Name: "segment.bytes", Value: strconv.Itoa(segment), Match: AsTuned,
			Reason: "the active segment is never cleaned: small ones leave less to read twice"},
		{Name: "segment.ms", Value: milliseconds(roll), Match: AsTuned,
			Reason: "a quiet partition rolls too, so that it can be cleaned"},
		{Name: "max.compaction.lag.ms", Value: milliseconds(roll), Match: AsTuned,
			Reason: "superseded pages leave the log soon, whatever the ratio of dirt"},
		{Name: "min.cleanable.dirty.ratio", Value: "0.2", Match: AsTuned,
			Reason: "at most about a fifth of what a restore reads is superseded"},
	}
}

// outputs are the topics that others read.
func outputs() []Topic {
	output := func(key Key, rule PartitionRule, retention time.Duration, purpose string) Topic {
		return Topic{
			Key: key, Direction: Out, Partitions: rule, Purpose: purpose,
			Settings: []Setting{
				deleted("messages are a log: each step of an alert counts"),
				kept(retention, "how long a consumer may be away", false),
			},
		}
	}
	deadLetters := output(DeadLetters, LikeInputs, 14*day,
		"rejected records with the reason, same partition as the original")
	deadLetters.CoPartitioned = true
	deadLetters.Settings = append(deadLetters.Settings,
		sized(deadLetterBytes, "the original bytes plus headers that say why"))
	return []Topic{
		output(Alerts, Few, 90*day, "churn alerts, in order per customer"),
		output(Loyalty, Few, 30*day, "loyalty signals, in order per customer"),
		deadLetters,
	}
}

// everywhere are the settings of all topics.
func everywhere(topic Topic, replication int16) []Setting {
	stamps := Setting{
		Name: "message.timestamp.type", Value: "LogAppendTime", Match: AsTuned,
		Reason: "retention counts from arrival: a backfill stamped years ago is not removed at once, nor a producer's " +
			"wrong clock refused",
	}
	switch {
	case topic.Direction == In:
		stamps.Match = Exactly
		stamps.Reason = "with CreateTime a record carries its producer's clock: retention goes by it, and an event is " +
			"held against " +
			"the very clock that stamped it, and against the processor's"
	case topic.Key == Checkpoint:
		stamps.Match = Exactly
		stamps.Reason = "the time at which the brokers append is the second witness that the host's clock is right; " +
			"without it a clock " +
			"that is wrong from the start is not noticed"
	}
	settings := []Setting{stamps}
	if replication >= 3 {
		settings = append(settings, Setting{
			Name: "min.insync.replicas", Value: "2", Match: AtLeast,
			Reason: "an acknowledged record survives the loss of one broker", Blocking: true,
		})
	}
	return settings
}

func deleted(reason string) Setting {
	return Setting{Name: "cleanup.policy", Value: "delete", Match: Exactly, Reason: reason, Blocking: true}
}

func compacted(reason string) Setting {
	return Setting{Name: "cleanup.policy", Value: "compact", Match: Exactly, Reason: reason, Blocking: true}
}

func kept(retention time.Duration, reason string, blocking bool) Setting {
	return Setting{Name: "retention.ms", Value: milliseconds(retention), Match: AtLeast, Reason: reason,
		Blocking: blocking}
}

func sized(bytes int, reason string) Setting {
	return Setting{Name: "max.message.bytes", Value: strconv.Itoa(bytes), Match: AtLeast, Reason: reason, Blocking: true}
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
