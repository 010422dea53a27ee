package topics

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCatalogueIsComplete(t *testing.T) {
	catalogue := Catalogue(DefaultNames(), 3)
	if len(catalogue) != len(DefaultNames()) {
		t.Fatalf("%d topics for %d names", len(catalogue), len(DefaultNames()))
	}
	seen := map[string]bool{}
	for _, topic := range catalogue {
		if topic.Name == "" || topic.Purpose == "" || topic.Direction == "" || topic.Partitions == "" || seen[topic.Name] {
			t.Errorf("incomplete or double: %+v", topic)
		}
		seen[topic.Name] = true
		names := map[string]bool{}
		for _, setting := range topic.Settings {
			if setting.Reason == "" || setting.Value == "" || setting.Match == "" || names[setting.Name] {
				t.Errorf("topic %s: incomplete or double setting %+v", topic.Name, setting)
			}
			names[setting.Name] = true
		}
		for _, must := range []string{"cleanup.policy", "message.timestamp.type", "min.insync.replicas"} {
			if !names[must] {
				t.Errorf("topic %s has no %s", topic.Name, must)
			}
		}
	}
}

func TestCatalogueLeavesOutWhatHasNoName(t *testing.T) {
	got := Catalogue(Names{Purchases: "p", Visits: "", Model: "m"}, 1)
	var names []string
	for _, topic := range got {
		names = append(names, topic.Name)
		for _, setting := range topic.Settings {
			if setting.Name == "min.insync.replicas" {
				t.Errorf("one replica cannot have %s=%s", setting.Name, setting.Value)
			}
		}
	}
	if diff := cmp.Diff([]string{"p", "m"}, names); diff != "" {
		t.Errorf("topics (-want +got):\n%s", diff)
	}
}

func TestPartitionRules(t *testing.T) {
	for _, test := range []struct {
		rule         PartitionRule
		inputs, want int32
	}{{LikeInputs, 12, 12}, {One, 12, 1}, {Few, 12, 3}, {Few, 2, 2}} {
		if got := test.rule.Count(test.inputs); got != test.want {
			t.Errorf("%s of %d inputs: %d, want %d", test.rule, test.inputs, got, test.want)
		}
	}
}

// exactly returns a cluster that has just what the catalogue wants.
func exactly(catalogue []Topic, partitions int32, replication int16) map[string]found {
	existing := map[string]found{}
	for _, topic := range catalogue {
		settings := map[string]string{}
		for _, setting := range topic.Settings {
			settings[setting.Name] = setting.Value
		}
		existing[topic.Name] = found{partitions: topic.Partitions.Count(partitions), replication: replication,
			settings: settings}
	}
	return existing
}

func TestCompareReportsDrift(t *testing.T) {
	names := DefaultNames()
	for name, test := range map[string]struct {
		change func(map[string]found)
		want   []string // topic, subject, blocking
	}{
		"nothing differs":       {func(map[string]found) {}, nil},
		"unequal inputs":        {partitionsOf(names[Visits], 7), []string{"retail.purchases.v1 partitions !"}},
		"checkpoint count":      {partitionsOf(names[Checkpoint], 7), []string{"holdfast.checkpoint.v1 partitions !"}},
		"too few dead letters":  {partitionsOf(names[DeadLetters], 1), []string{"holdfast.dlq.v1 partitions !"}},
		"too many dead letters": {partitionsOf(names[DeadLetters], 7), []string{"holdfast.dlq.v1 partitions !"}},
		"internal count":        {partitionsOf(names[Internal], 3), []string{"holdfast.internal.v1 partitions !"}},
		"batch log count":       {partitionsOf(names[BatchLog], 9), []string{"holdfast.batch-log.v1 partitions !"}},
		"stamped by producers": {settingOf(names[Visits], "message.timestamp.type", "CreateTime"),
			[]string{"retail.visits.v1 message.timestamp.type"}},
		"stamped by us": {settingOf(names[Alerts], "message.timestamp.type", "CreateTime"), nil},
		"pages without a witness": {settingOf(names[Checkpoint], "message.timestamp.type", "CreateTime"),
			[]string{"holdfast.checkpoint.v1 message.timestamp.type"}},
		"stamped by producers, any time": {func(e map[string]found) {
			e[names[Visits]].settings["message.timestamp.type"] = "CreateTime"
			e[names[Visits]].settings["message.timestamp.after.max.ms"] = "9223372036854775807"
		}, []string{"retail.visits.v1 message.timestamp.type", "retail.visits.v1 message.timestamp.after.max.ms"}},
		"stamped by producers, guarded": {func(e map[string]found) {
			e[names[Visits]].settings["message.timestamp.type"] = "CreateTime"
			e[names[Visits]].settings["message.timestamp.after.max.ms"] = "3600000"
		}, []string{"retail.visits.v1 message.timestamp.type"}},
		"more alert partitions": {partitionsOf(names[Alerts], 9), nil},
		"checkpoint deletes": {settingOf(names[Checkpoint], "cleanup.policy", "compact,delete"),
			[]string{"holdfast.checkpoint.v1 cleanup.policy !"}},
		"purchases compacted": {settingOf(names[Purchases], "cleanup.policy", "compact"),
			[]string{"retail.purchases.v1 cleanup.policy !"}},
		"outbox too small": {settingOf(names[Outbox], "max.message.bytes", "1048588"),
			[]string{"holdfast.outbox.v1 max.message.bytes !"}},
		"outbox larger":        {settingOf(names[Outbox], "max.message.bytes", "99999999"), nil},
		"outbox kept for ever": {settingOf(names[Outbox], "retention.ms", "-1"), nil},
		"outbox kept a day": {settingOf(names[Outbox], "retention.ms", "86400000"),
			[]string{"holdfast.outbox.v1 retention.ms !"}},
		"alerts kept a day": {settingOf(names[Alerts], "retention.ms", "86400000"),
			[]string{"holdfast.alerts.v1 retention.ms"}},
		"checkpoint tuned":          {settingOf(names[Checkpoint], "segment.ms", "1000"), nil},
		"setting that is not shown": {func(e map[string]found) { delete(e[names[Outbox]].settings, "retention.ms") }, nil},
		"one replica": {func(e map[string]found) {
			topic := e[names[Model]]
			topic.replication = 1
			e[names[Model]] = topic
		}, []string{"holdfast.model.v1 replication"}},
		"settings refused": {func(e map[string]found) {
			topic := e[names[Model]]
			topic.refusal = errors.New("TOPIC_AUTHORIZATION_FAILED")
			e[names[Model]] = topic
		}, []string{"holdfast.model.v1 access"}},
	} {
		t.Run(name, func(t *testing.T) {
			catalogue := Catalogue(names, 3)
			existing := exactly(catalogue, 6, 3)
			test.change(existing)
			report := compare(catalogue, existing, Layout{Partitions: 6, Replication: 3})
			var got []string
			for _, problem := range report.Problems {
				line := problem.Topic + " " + problem.Subject
				if problem.Blocking {
					line += " !"
				}
				got = append(got, line)
				if problem.Fix == "" || problem.Reason == "" || problem.Want == "" || problem.Have == "" {
					t.Errorf("incomplete: %+v", problem)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			blocking := slices.ContainsFunc(test.want, func(line string) bool { return strings.HasSuffix(line, "!") })
			if (len(report.Blocking()) > 0) != blocking {
				t.Errorf("blocking problems: %v", report.Blocking())
			}
		})
	}
}

func partitionsOf(name string, partitions int32) func(map[string]found) {
	return func(existing map[string]found) {
		topic := existing[name]
		topic.partitions = partitions
		existing[name] = topic
	}
}

func settingOf(name, setting, value string) func(map[string]found) {
	return func(existing map[string]found) { existing[name].settings[setting] = value }
}

func TestProblemIsASentence(t *testing.T) {
	problem := Problem{Topic: "t", Subject: "cleanup.policy", Want: "compact", Have: "delete", Reason: "why",
		Fix: "do this"}
	if got, want := problem.String(), "topic t: cleanup.policy is delete, want compact (why) → do this"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSameList(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want bool
	}{{"compact,delete", "delete, compact", true}, {"compact", "compact,delete", false}, {"delete", "delete", true}} {
		if got := sameList(test.a, test.b); got != test.want {
			t.Errorf("%q and %q: %t", test.a, test.b, got)
		}
	}
}
