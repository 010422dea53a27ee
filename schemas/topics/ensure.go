package topics

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
)

// Layout is what the deployment chooses.
type Layout struct {
	// Partitions of the inputs and of what follows them, where no input
	// exists yet; at least 1.
	Partitions int32
	// Replication of new topics; -1 takes the broker's default.
	Replication int16
}

// visibleWait is how long a new topic may take to show a leader for each
// partition; brokers learn of it one after the other.
const visibleWait = 15 * time.Second

// Plan compares the cluster with the catalogue and changes nothing.
func Plan(ctx context.Context, admin *kadm.Client, names Names, layout Layout) (Report, error) {
	catalogue := Catalogue(names, layout.Replication)
	existing, err := describe(ctx, admin, catalogue)
	if err != nil {
		return Report{}, fmt.Errorf("plan topics: %w", err)
	}
	return compare(catalogue, existing, layout), nil
}

// Ensure creates the topics that are missing and compares the others. It never
// changes or deletes a topic that exists, and a second call creates nothing.
// Where inputs exist their partition count is taken for what follows them;
// while they differ among themselves nothing is created, and the report says
// so. It returns once every new topic shows its leaders. The report is valid
// with an error too.
func Ensure(ctx context.Context, admin *kadm.Client, names Names, layout Layout) (Report, error) {
	report, err := Plan(ctx, admin, names, layout)
	if err != nil {
		return report, err
	}
	for _, problem := range report.Problems {
		if problem.Blocking && problem.Subject == "partitions" {
			return report, nil
		}
	}
	var failures []error
	var remaining []Topic
	for _, topic := range report.Missing {
		if err := create(ctx, admin, topic, report.Partitions, layout.Replication); err != nil {
			failures = append(failures, err)
			remaining = append(remaining, topic)
			continue
		}
		report.Created = append(report.Created, topic.Name)
	}
	report.Missing = remaining
	if err := errors.Join(failures...); err != nil {
		return report, fmt.Errorf("create topics: %w", err)
	}
	return report, awaitLeaders(ctx, admin, report.Created)
}

// create makes one topic. One that another instance made meanwhile counts.
func create(ctx context.Context, admin *kadm.Client, topic Topic, inputs int32, replication int16) error {
	settings := make(map[string]*string, len(topic.Settings))
	for _, setting := range topic.Settings {
		settings[setting.Name] = kadm.StringPtr(setting.Value)
	}
	response, err := admin.CreateTopic(ctx, topic.Partitions.Count(inputs), replication, settings, topic.Name)
	if errors.Is(err, kerr.TopicAlreadyExists) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("create %s: %w%s", topic.Name, err, said(response.ErrMessage))
	}
	return nil
}

func said(message string) string {
	if message == "" {
		return ""
	}
	return " (" + strings.TrimSpace(message) + ")"
}

// describe asks for the catalogue's topics and their settings.
func describe(ctx context.Context, admin *kadm.Client, catalogue []Topic) (map[string]found, error) {
	if len(catalogue) == 0 {
		return nil, nil
	}
	wanted := make([]string, len(catalogue))
	for i, topic := range catalogue {
		wanted[i] = topic.Name
	}
	details, err := freshTopics(ctx, admin, wanted)
	if err != nil {
		return nil, fmt.Errorf("list topics: %w", err)
	}
	existing := make(map[string]found)
	var there []string
	for _, name := range wanted {
		detail := details[name]
		switch {
		case errors.Is(detail.Err, kerr.UnknownTopicOrPartition):
			continue
		case detail.Err != nil:
			return nil, fmt.Errorf("list topic %s: %w", name, detail.Err)
		}
		existing[name] = found{
			partitions:  int32(len(detail.Partitions)),
			replication: int16(detail.Partitions.NumReplicas()),
		}
		there = append(there, name)
	}
	return existing, describeSettings(ctx, admin, there, existing)
}

// freshTopics asks a broker, not the client's cache: the cache may be from
// before somebody created or deleted a topic.
func freshTopics(ctx context.Context, admin *kadm.Client, names []string) (kadm.TopicDetails, error) {
	return admin.ListTopics(kadm.WithAuthorizedOps(ctx), names...)
}

func describeSettings(ctx context.Context, admin *kadm.Client, there []string, existing map[string]found) error {
	if len(there) == 0 {
		return nil
	}
	configs, err := admin.DescribeTopicConfigs(ctx, there...)
	if err != nil && len(configs) == 0 && !errors.As(err, new(*kadm.AuthError)) {
		return fmt.Errorf("describe topic settings: %w", err)
	}
	for _, name := range there {
		topic := existing[name]
		topic.refusal = err
		if config, configErr := configs.On(name, nil); configErr == nil {
			topic.refusal = config.Err
			topic.settings = make(map[string]string, len(config.Configs))
			for _, setting := range config.Configs {
				topic.settings[setting.Key] = setting.MaybeValue()
			}
		}
		existing[name] = topic
	}
	return nil
}

// awaitLeaders waits until each new topic shows a leader for all partitions.
func awaitLeaders(ctx context.Context, admin *kadm.Client, names []string) error {
	if len(names) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, visibleWait)
	defer cancel()
	waiting, unanswered := names[0], error(nil)
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		details, err := freshTopics(ctx, admin, names)
		if unanswered = err; err != nil {
			return struct{}{}, err // it says nothing of the topics
		}
		if waiting = leaderless(details, names); waiting != "" {
			return struct{}{}, errors.New("a partition has no leader yet")
		}
		return struct{}{}, nil
	}, backoff.WithBackOff(backoff.NewConstantBackOff(50*time.Millisecond)), backoff.WithMaxElapsedTime(0))
	if err != nil {
		return errors.Join(fmt.Errorf("wait for the leaders of new topic %s: %w", waiting, err), unanswered)
	}
	return nil
}

// leaderless returns the first topic that still waits for a leader.
func leaderless(details kadm.TopicDetails, names []string) string {
	for _, name := range names {
		detail, there := details[name]
		if !there || detail.Err != nil || len(detail.Partitions) == 0 {
			return name
		}
		for _, partition := range detail.Partitions {
			if partition.Err != nil || partition.Leader < 0 {
				return name
			}
		}
	}
	return ""
}
