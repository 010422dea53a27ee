package topics

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Problem is one difference between the list and the cluster.
type Problem struct {
	Topic string
	// Subject is what differs: "partitions", "replication", "access" or the
	// name of a setting.
	Subject    string
	Want, Have string
	// Reason says what the wanted value is for, Fix what to do.
	Reason, Fix string
	// Blocking says that a guarantee breaks on it.
	Blocking bool
}

// String returns the problem as one sentence with its fix.
func (p Problem) String() string {
	return fmt.Sprintf("topic %s: %s is %s, want %s (%s) → %s", p.Topic, p.Subject, p.Have, p.Want, p.Reason, p.Fix)
}

// Report is what Plan found and Ensure did. All lists are in the catalogue's
// order.
type Report struct {
	// Partitions is the partition count of the co-partitioned topics: that of
	// inputs that exist already, else the wanted one.
	Partitions int32
	// Missing topics are those to create; Ensure leaves those that it could
	// not create.
	Missing []Topic
	// Created topics are those that Ensure made, or that appeared meanwhile.
	Created []string
	// Existing topics were there before.
	Existing []string
	Problems []Problem
}

// Blocking returns the problems that break a guarantee.
func (r Report) Blocking() []Problem {
	return slices.DeleteFunc(slices.Clone(r.Problems), func(p Problem) bool { return !p.Blocking })
}

// found is an existing topic as the cluster describes it.
type found struct {
	partitions  int32
	replication int16
	// settings is nil where they may not be read.
	settings map[string]string
	refusal  error
}

// compare holds the catalogue against what exists.
func compare(catalogue []Topic, existing map[string]found, layout Layout) Report {
	report := Report{Partitions: layout.Partitions}
	if counts := inputCounts(catalogue, existing); len(counts) > 0 {
		report.Partitions = counts[0].partitions
		report.Problems = append(report.Problems, unequalInputs(counts)...)
	}
	for _, topic := range catalogue {
		have, there := existing[topic.Name]
		if !there {
			report.Missing = append(report.Missing, topic)
			continue
		}
		report.Existing = append(report.Existing, topic.Name)
		report.Problems = append(report.Problems, topic.compare(have, report.Partitions, layout)...)
	}
	return report
}

type inputCount struct {
	name       string
	partitions int32
}

// inputCounts lists the existing topics that others own: their count decides.
func inputCounts(catalogue []Topic, existing map[string]found) []inputCount {
	var counts []inputCount
	for _, topic := range catalogue {
		if have, there := existing[topic.Name]; there && topic.Direction == In && topic.CoPartitioned {
			counts = append(counts, inputCount{topic.Name, have.partitions})
		}
	}
	return counts
}

// unequalInputs is one problem naming all inputs, where their counts differ.
func unequalInputs(counts []inputCount) []Problem {
	different := slices.ContainsFunc(counts, func(c inputCount) bool { return c.partitions != counts[0].partitions })
	if !different {
		return nil
	}
	listed := make([]string, len(counts))
	for i, count := range counts {
		listed[i] = fmt.Sprintf("%s=%d", count.name, count.partitions)
	}
	return []Problem{{
		Topic: counts[0].name, Subject: "partitions", Blocking: true,
		Want: "the same count for all inputs", Have: strings.Join(listed, ", "),
		Reason: "a partition number is one shard across all inputs",
		Fix: "give all inputs one partition count (a count can be raised only, and raising it moves keys: do it before " +
			"any event is read)",
	}}
}

func (t Topic) compare(have found, inputs int32, layout Layout) []Problem {
	var problems []Problem
	want := t.Partitions.Count(inputs)
	// Inputs that differ are reported once, together; other counts that need
	// not follow the inputs may be chosen freely.
	if t.CoPartitioned && t.Direction != In && have.partitions != want {
		problems = append(problems, Problem{
			Topic: t.Name, Subject: "partitions", Blocking: true,
			Want: strconv.Itoa(int(want)), Have: strconv.Itoa(int(have.partitions)),
			Reason: "written and read by the inputs' partition number",
			Fix:    "delete it while nothing has been processed yet, give another name, or use inputs with its count",
		})
	}
	if have.replication < layout.Replication {
		problems = append(problems, Problem{
			Topic: t.Name, Subject: "replication",
			Want: strconv.Itoa(int(layout.Replication)), Have: strconv.Itoa(int(have.replication)),
			Reason: "an acknowledged record must survive the loss of a broker",
			Fix:    "reassign its partitions with more replicas",
		})
	}
	if have.refusal != nil {
		return append(problems, Problem{
			Topic: t.Name, Subject: "access", Want: "settings that may be read", Have: have.refusal.Error(),
			Reason: "settings that differ break guarantees silently",
			Fix:    "allow DescribeConfigs on it to whoever migrates",
		})
	}
	return append(append(problems, t.compareSettings(have.settings)...), t.looseGuard(have.settings)...)
}

// Settings that guard an input whose producers stamp its records.
const (
	timestampType  = "message.timestamp.type"
	timestampAhead = "message.timestamp.after.max.ms"
	mostAhead      = time.Hour // Kafka 4's own
)

// looseGuard is about inputs with their producers' stamps, where brokers take
// stamps from far in the future.
func (t Topic) looseGuard(have map[string]string) []Problem {
	ahead, err := strconv.ParseInt(have[timestampAhead], 10, 64)
	if t.Direction != In || have[timestampType] != "CreateTime" || err != nil || ahead >= 0 &&
		ahead <= mostAhead.Milliseconds() {
		return nil
	}
	return []Problem{{
		Topic: t.Name, Subject: timestampAhead, Want: "at most " + milliseconds(mostAhead), Have: have[timestampAhead],
		Reason: "a producer whose clock is ahead may stamp records of any time to come, and retention keeps them as long",
		Fix:    fmt.Sprintf("set %s=%s on the topic", timestampAhead, milliseconds(mostAhead)),
	}}
}

func (t Topic) compareSettings(have map[string]string) []Problem {
	var problems []Problem
	for _, setting := range t.Settings {
		value, known := have[setting.Name]
		if !known || setting.holds(value) {
			continue
		}
		problems = append(problems, Problem{
			Topic: t.Name, Subject: setting.Name, Want: setting.Value, Have: value,
			Reason: setting.Reason, Blocking: setting.Blocking,
			Fix: fmt.Sprintf("set %s=%s on the topic", setting.Name, setting.Value),
		})
	}
	return problems
}

// holds says whether a topic's value serves as well as the wanted one.
func (s Setting) holds(value string) bool {
	switch s.Match {
	case AsTuned:
		return true
	case AtLeast:
		want, wantErr := strconv.ParseInt(s.Value, 10, 64)
		have, haveErr := strconv.ParseInt(value, 10, 64)
		return wantErr == nil && haveErr == nil && (have < 0 || have >= want)
	default:
		return sameList(s.Value, value)
	}
}

// sameList compares comma-separated lists as sets.
func sameList(a, b string) bool {
	return maps.Equal(set(a), set(b))
}

func set(list string) map[string]bool {
	members := map[string]bool{}
	for member := range strings.SplitSeq(list, ",") {
		members[strings.TrimSpace(member)] = true
	}
	return members
}
