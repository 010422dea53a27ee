// Package topics plans, creates and checks the topics that a configuration
// needs. The list itself is schemas/topics.
package topics

import (
	"fmt"
	"strconv"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/holdfast/holdfast/internal/config"
	list "github.com/holdfast/holdfast/schemas/topics"
)

// Topic is one topic as the list states it, named as the configuration says.
type Topic struct {
	Role       string            `yaml:"role"`
	Name       string            `yaml:"name"`
	Direction  string            `yaml:"direction"`  // in, out, internal
	Partitions string            `yaml:"partitions"` // inputs, outbox
	Key        string            `yaml:"key"`
	Value      string            `yaml:"value"`
	Settings   map[string]string `yaml:"settings"` // resolved to Kafka's units
}

// Names of the internal topics, which the configuration does not name.
const (
	Checkpoint = "holdfast.checkpoint.v1"
	BatchLog   = "holdfast.batch-log.v1"
	Outbox     = "holdfast.outbox.v1"
)

// largestBatch is the size of the largest batch of records that the pipeline
// produces, with room: a topic must take it, whatever its records' sizes are.
const largestBatch = 10 << 20

// headerRoom is what a record needs beside its value: key, headers, framing.
const headerRoom = 64 << 10

// For gives the topics of a configuration. An input that is switched off is
// left out.
func For(cfg *config.Config) ([]Topic, error) {
	var topics []Topic
	if err := yaml.UnmarshalWithOptions(list.List, &topics, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("read the list of topics: %w", err)
	}
	named := map[string]string{
		"purchases": cfg.Kafka.Inputs.Purchases, "visits": cfg.Kafka.Inputs.Visits, "complaints": cfg.Kafka.Inputs.Complaints,
		"alert_feedback": cfg.Kafka.Inputs.AlertFeedback, "erasures": cfg.Kafka.Inputs.Erasures,
		"alerts": cfg.Sinks.Kafka.Alerts, "loyalty": cfg.Sinks.Kafka.Loyalty, "dlq": cfg.Sinks.Kafka.DLQ,
	}
	kept := topics[:0]
	for _, topic := range topics {
		if name, configured := named[topic.Role]; configured {
			topic.Name = name
		}
		if topic.Name == "" {
			continue
		}
		for key, text := range topic.Settings {
			resolved, err := resolve(text, cfg.Kafka.MaxRecordBytes)
			if err != nil {
				return nil, fmt.Errorf("read the list of topics: %s of %s: %w", key, topic.Role, err)
			}
			topic.Settings[key] = resolved
		}
		kept = append(kept, topic)
	}
	return kept, nil
}

// resolve turns 7d and 2MiB into milliseconds and bytes.
func resolve(text string, maxRecord config.Size) (string, error) {
	switch text {
	case "max_record":
		return strconv.FormatInt(int64(maxRecord)+headerRoom, 10), nil
	case "batch":
		return strconv.FormatInt(max(largestBatch, int64(maxRecord)+headerRoom), 10), nil
	}
	last := text[len(text)-1]
	switch {
	case (last == 'd' || last == 'h') && text[0] <= '9':
		length, err := config.ParseDuration(text)
		if err != nil {
			return "", err
		}
		return strconv.FormatInt(int64(length/time.Millisecond), 10), nil
	case last == 'B':
		var size config.Size
		if err := size.UnmarshalText([]byte(text)); err != nil {
			return "", err
		}
		return strconv.FormatInt(int64(size), 10), nil
	}
	return text, nil
}

// Inputs gives the input topics among them.
func Inputs(topics []Topic) []Topic {
	var inputs []Topic
	for _, topic := range topics {
		if topic.Direction == "in" {
			inputs = append(inputs, topic)
		}
	}
	return inputs
}
