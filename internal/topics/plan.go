package topics

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/holdfast/holdfast/internal/config"
)

// Step is what is, or has to be, done about one topic.
type Step struct {
	Topic       Topic
	Partitions  int32
	Replication int16
	Exists      bool
	Created     bool   // by this run
	Problem     string // why the topic cannot serve as it is; empty where it can
	Fix         string
}

// Plan is what the brokers have beside what the configuration needs.
type Plan struct {
	Brokers    int
	Partitions int32 // of the inputs, and so of all that follows them
	Steps      []Step
}

// ErrUnequal says that the input topics do not have equal partition counts.
var ErrUnequal = errors.New("the input topics have unequal partition counts")

// Problems counts the topics that cannot serve.
func (p *Plan) Problems() int {
	count := 0
	for _, step := range p.Steps {
		if step.Problem != "" {
			count++
		}
	}
	return count
}

// Missing counts the topics that are not there.
func (p *Plan) Missing() int {
	count := 0
	for _, step := range p.Steps {
		if !step.Exists {
			count++
		}
	}
	return count
}

// Look asks the brokers and compares. Topics that exist keep their partition
// count; those that are missing get that of the existing inputs, or the
// configured one where there is no input yet.
func Look(ctx context.Context, client *kgo.Client, cfg *config.Config) (*Plan, error) {
	topics, err := For(cfg)
	if err != nil {
		return nil, err
	}
	brokers, counts, err := partitionCounts(ctx, client, topics)
	if err != nil {
		return nil, err
	}
	plan := &Plan{Brokers: brokers, Partitions: int32(cfg.Kafka.Partitions)}
	plan.Partitions = inputPartitions(topics, counts, plan.Partitions)
	replication := replicationOf(cfg.Kafka.Replication, plan.Brokers)
	for _, topic := range topics {
		plan.Steps = append(plan.Steps, plan.step(topic, counts[topic.Name], int32(cfg.Outbox.Partitions), replication))
	}
	return plan, nil
}

// partitionCounts asks anew each time: the client's own cache would show topics
// that were made just now as missing.
func partitionCounts(ctx context.Context, client *kgo.Client, topics []Topic) (int, map[string]int32, error) {
	request := kmsg.NewPtrMetadataRequest()
	for _, topic := range topics {
		asked := kmsg.NewMetadataRequestTopic()
		asked.Topic = kmsg.StringPtr(topic.Name)
		request.Topics = append(request.Topics, asked)
	}
	response, err := request.RequestWith(ctx, client)
	if err != nil {
		return 0, nil, fmt.Errorf("ask Kafka for topics: %w", err)
	}
	counts := map[string]int32{}
	for _, topic := range response.Topics {
		if topic.Topic == nil {
			continue
		}
		switch err := kerr.ErrorForCode(topic.ErrorCode); {
		case errors.Is(err, kerr.UnknownTopicOrPartition):
		case err != nil:
			return 0, nil, fmt.Errorf("ask Kafka for topic %s: %w", *topic.Topic, err)
		default:
			counts[*topic.Topic] = int32(len(topic.Partitions))
		}
	}
	return len(response.Brokers), counts, nil
}

// inputPartitions is the count most inputs have, the greater where two are
// equally frequent; configured where there is none.
func inputPartitions(topics []Topic, counts map[string]int32, configured int32) int32 {
	frequency := map[int32]int{}
	for _, topic := range Inputs(topics) {
		if count := counts[topic.Name]; count > 0 {
			frequency[count]++
		}
	}
	candidates := make([]int32, 0, len(frequency))
	for count := range frequency {
		candidates = append(candidates, count)
	}
	sort.Slice(candidates, func(i, j int) bool {
		if frequency[candidates[i]] != frequency[candidates[j]] {
			return frequency[candidates[i]] > frequency[candidates[j]]
		}
		return candidates[i] > candidates[j]
	})
	if len(candidates) == 0 {
		return configured
	}
	return candidates[0]
}

// replicationOf is 3 where nothing is configured, or as many as there are
// brokers: one broker is for trying out.
func replicationOf(configured, brokers int) int16 {
	if configured > 0 {
		return int16(configured)
	}
	return int16(max(1, min(3, brokers)))
}

func (p *Plan) step(topic Topic, count, outbox int32, replication int16) Step {
	step := Step{Topic: topic, Partitions: count, Exists: count > 0, Replication: replication}
	want := p.Partitions
	if topic.Partitions == "outbox" {
		want = outbox
	}
	if !step.Exists {
		step.Partitions = want
		return step
	}
	if topic.Partitions == "inputs" && count != want && topic.Direction != "out" {
		step.Problem = fmt.Sprintf("has %d partitions where the inputs have %d", count, want)
		step.Fix = "give all inputs one partition count and the same partitioner (murmur2 of the key); a new topic of the right count is the safe way, since adding partitions moves keys"
		if topic.Direction == "internal" {
			step.Fix = "the partition count of the inputs has changed since this topic was made; go back to the former count, or begin a new group with new internal topics"
		}
	}
	return step
}

// Create makes the missing topics. What another process has made in between
// counts as there. It refuses to make anything beside inputs that do not fit.
func Create(ctx context.Context, client *kgo.Client, plan *Plan) error {
	admin := kadm.NewClient(client)
	if plan.Problems() > 0 {
		return plan.err()
	}
	for i := range plan.Steps {
		step := &plan.Steps[i]
		if step.Exists {
			continue
		}
		settings := map[string]*string{}
		for key, text := range step.Topic.Settings {
			settings[key] = kadm.StringPtr(text)
		}
		if step.Replication >= 3 {
			settings["min.insync.replicas"] = kadm.StringPtr("2")
		}
		_, err := admin.CreateTopic(ctx, step.Partitions, step.Replication, settings, step.Topic.Name)
		switch {
		case errors.Is(err, kerr.TopicAlreadyExists):
			step.Exists = true
		case err != nil:
			return fmt.Errorf("create topic %s: %w", step.Topic.Name, err)
		default:
			step.Exists, step.Created = true, true
		}
	}
	return nil
}

func (p *Plan) err() error {
	var words []string
	for _, step := range p.Steps {
		if step.Problem != "" {
			words = append(words, fmt.Sprintf("%s %s", step.Topic.Name, step.Problem))
		}
	}
	return fmt.Errorf("%w: %s", ErrUnequal, strings.Join(words, "; "))
}
